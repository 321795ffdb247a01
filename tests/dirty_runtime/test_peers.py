"""Both arbiters, four clients, and the same app: every combination gives the same answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import gunicorn.dirty.client
import pytest

import dirty_runtime

from .processes import LIMIT_S, OURS, THEIRS, Arbiter, gunicorn_serving, serving

ARBITERS = ("gdproto", "gunicorn")
CLIENT_CLASSES = {
    "gdproto": dirty_runtime.DirtyClient,
    "gunicorn": gunicorn.dirty.client.DirtyClient,
}
CLIENTS = [(project, style) for project in CLIENT_CLASSES for style in ("sync", "async")]
NAN_FREE = [None, True, False, 0, -1, 2**63 - 1, -(2**63), 1.5, "", "héllo", b"", b"\x00\xff"]


class Caller:
    """A client of one project, used from a thread or from an event loop."""

    def __init__(self, project: str, style: str, socket_path: str) -> None:
        self._make: Callable[[], Any] = lambda: CLIENT_CLASSES[project](
            socket_path, timeout=LIMIT_S
        )
        self._is_async = style == "async"

    def execute(self, *call: Any, **kwargs: Any) -> Any:
        if self._is_async:
            return asyncio.run(self._execute_async(call, kwargs))
        with self._make() as client:
            return client.execute(*call, **kwargs)

    def stream(self, *call: Any, into: list[Any]) -> None:
        """Append each chunk to `into`."""
        if self._is_async:
            asyncio.run(self._stream_async(call, into))
            return
        with self._make() as client:
            for chunk in client.stream(*call):
                into.append(chunk)

    async def _execute_async(self, call: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        async with self._make() as client:
            return await client.execute_async(*call, **kwargs)

    async def _stream_async(self, call: tuple[Any, ...], into: list[Any]) -> None:
        async with self._make() as client:
            async for chunk in client.stream_async(*call):
                into.append(chunk)


@pytest.fixture(scope="module")
def arbiters() -> Iterator[dict[str, Arbiter]]:
    with ExitStack() as stack:
        yield {
            "gdproto": stack.enter_context(serving(OURS, THEIRS)),
            "gunicorn": stack.enter_context(gunicorn_serving(OURS, THEIRS)),
        }


@pytest.fixture(params=ARBITERS, ids=lambda name: f"{name}-arbiter")
def arbiter(request: pytest.FixtureRequest, arbiters: dict[str, Arbiter]) -> Arbiter:
    return arbiters[request.param]


@pytest.fixture(params=CLIENTS, ids="-".join)
def caller(request: pytest.FixtureRequest, arbiter: Arbiter) -> Caller:
    return Caller(*request.param, arbiter.socket_path)


@pytest.fixture(params=[OURS, THEIRS], ids=["our-app", "their-app"])
def app(request: pytest.FixtureRequest) -> str:
    path: str = request.param
    return path


def test_values_and_names(caller: Caller, app: str) -> None:
    nested = {"list": NAN_FREE, "deep": [[[{"a": [1]}]]], "empty": [[], {}]}
    result = caller.execute(app, "echo", *NAN_FREE, nested, key=nested, other=NAN_FREE)
    assert result == {"args": [*NAN_FREE, nested], "kwargs": {"key": nested, "other": NAN_FREE}}


# gunicorn's worker does not await what an action returns.
@pytest.mark.parametrize("arbiter", ["gdproto"], indirect=True)
def test_a_coroutine(caller: Caller, app: str) -> None:
    assert caller.execute(app, "add_later", 2, b=3) == 5
    with pytest.raises(Exception, match="it burns later") as caught:
        caller.execute(app, "fail_later", "it burns later")
    assert type(caught.value).__name__ == "DirtyAppError"
    assert "raise ValueError(text)" in caught.value.traceback


@pytest.mark.parametrize("action", ["count", "count_later"])
@pytest.mark.parametrize("stop", [0, 1, 1000])
def test_a_stream(caller: Caller, app: str, action: str, stop: int) -> None:
    chunks: list[int] = []
    caller.stream(app, action, stop, into=chunks)
    assert chunks == list(range(stop))


def test_a_stream_larger_than_any_buffer(caller: Caller, app: str) -> None:
    chunks: list[bytes] = []
    caller.stream(app, "burst", 200, into=chunks)
    assert chunks == [bytes([number]) * 50_000 for number in range(200)]


def test_an_exception_carries_its_traceback(caller: Caller, app: str) -> None:
    with pytest.raises(Exception, match="it burns") as caught:
        caller.execute(app, "fail", "it burns")
    assert type(caught.value).__name__ == "DirtyAppError"
    assert "raise ValueError(text)" in caught.value.traceback


@pytest.mark.parametrize("action", ["count_and_fail", "count_and_fail_later"])
def test_an_exception_within_a_stream(caller: Caller, app: str, action: str) -> None:
    chunks: list[int] = []
    with pytest.raises(Exception, match="after the items") as caught:
        caller.stream(app, action, 3, into=chunks)
    assert type(caught.value).__name__ == "DirtyAppError"
    assert chunks == [0, 1, 2]


def test_an_unknown_action(caller: Caller, app: str) -> None:
    with pytest.raises(Exception, match="no_such_action") as caught:
        caller.execute(app, "no_such_action")
    assert type(caught.value).__name__ == "DirtyAppError"


def test_an_unknown_app(caller: Caller) -> None:
    with pytest.raises(Exception, match="nowhere:App") as caught:
        caller.execute("nowhere:App", "action")
    assert type(caught.value).__name__ == "DirtyNoWorkersAvailableError"


def test_the_status(arbiter: Arbiter) -> None:
    status = arbiter.status()
    assert status["worker_count"] == 1 == len(status["workers"])
    assert set(status["apps"]) == {OURS, THEIRS}
    (worker,) = status["workers"]
    assert set(worker["apps"]) == {OURS, THEIRS}
    with arbiter.client() as client:
        assert client.execute(OURS, "pid") == worker["pid"] != status["arbiter_pid"]
