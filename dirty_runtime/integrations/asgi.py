"""Any ASGI application: a lifespan that keeps the client, and a middleware that answers errors.

    app = FastAPI(lifespan=dirty_lifespan())
    app.add_middleware(DirtyErrors, bad_request=[ValueError])

Rules: the client is in the lifespan's state as `dirty`, from before the first request until after
the last. An error of a call is answered as `replies` says, unless an answer has begun.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterator,
    MutableMapping,
    Sequence,
)
from typing import Any, TypedDict

from ..client import DirtyClient
from ..client.current import get_dirty_socket_path
from ..errors import DirtyError
from .beside import arbiter_beside
from .replies import Kind, Reply, reply_to

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

READY_S = 30.0


class DirtyState(TypedDict):
    """What the lifespan adds to the state of each request."""

    dirty: DirtyClient


Lifespan = Callable[[Any], contextlib.AbstractAsyncContextManager[DirtyState]]


def dirty_lifespan(
    socket_path: str | None = None,
    *,
    timeout: float | None = 30.0,
    ready_s: float = READY_S,
    freeze: bool = True,
    serve: Sequence[str] = (),
) -> Lifespan:
    """A lifespan that opens a client, waits until workers are ready, and closes it at the end.

    Args:
        socket_path: the arbiter's; by default that of DIRTY_SOCKET.
        timeout: seconds of a call that names none.
        ready_s: seconds to wait for workers; 0 does not wait.
        freeze: have what was made until then, modules above all, left out by the collector of
            garbage: it would go through it in the middle of requests.
        serve: words of ``dirty serve``, such as ``["--app", "m:Model"]``: an arbiter that is a
            child of this process. Empty where one runs already.

    The lifespan raises DirtyError where workers are not ready in time.
    """

    @contextlib.asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[DirtyState]:
        async with _client(socket_path, timeout, ready_s, serve) as client:
            with _frozen() if freeze else contextlib.nullcontext():
                yield {"dirty": client}

    return lifespan


@contextlib.asynccontextmanager
async def _client(
    socket_path: str | None, timeout: float | None, ready_s: float, serve: Sequence[str]
) -> AsyncIterator[DirtyClient]:
    with contextlib.ExitStack() as stack:
        if serve:
            path = stack.enter_context(arbiter_beside(serve, socket_path or ""))
        else:
            path = socket_path or get_dirty_socket_path()
        client = DirtyClient(path, timeout)
        try:
            if ready_s:
                await client.wait_ready_async(ready_s)
            yield client
        finally:
            await client.close_async()


@contextlib.contextmanager
def _frozen() -> Iterator[None]:
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


class DirtyErrors:
    """A middleware that answers errors of calls.

    Args:
        app: the application.
        bad_request: exceptions of apps that are answered by 400, as `reply_to` takes them.
    """

    def __init__(self, app: App, bad_request: Sequence[Kind] = ()) -> None:
        self._app = app
        self._bad_request = bad_request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection. Raises what the application raises, where it is to be."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def noting(message: MutableMapping[str, Any]) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except DirtyError as error:
            if has_begun:
                raise
            await _answer(send, reply_to(error, self._bad_request))


async def _answer(send: Send, reply: Reply) -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in reply.headers.items()]
    headers.append((b"content-length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
