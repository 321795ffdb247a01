"""DirtyClient: calls an arbiter's apps, from threads and from event loops."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Generator, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, Self

import gdproto
from gdproto import Request

from ..printable import shown
from ..seconds import ValueRefused, seconds
from .answers import Deadline, of_form
from .base import request_ids
from .faces import Faces
from .large import Large
from .on_loops import OnLoops
from .sync import Channels
from .tracing import API, checked_trace, told

if TYPE_CHECKING:
    from ..converters import Converters

READY_S = 60.0
# What an arbiter that is there gets for its answer.
SOON_S = 0.1
_modules = sys.modules


class As(Enum):
    """What an option is that is not given."""

    BEFORE = "as before"


class DirtyClient(Faces):
    """Calls the apps that an arbiter serves.

    One client may be shared by threads and by event loops. It connects when it is first used,
    and again after the arbiter was restarted; a request that may have started is not repeated.

    A copy, and one that was pickled, has the same settings and connections of its own.

    Args:
        socket_path: the arbiter's socket.
        timeout: seconds for a call as a whole; for a stream, from its start to its end. The
            arbiter is told, and cancels what is not done by then; its answer is waited for a
            tenth longer, at most 0.25 s. At most a year, which None and infinity stand for.
        idle_timeout: the longest gap between two chunks of a stream, in seconds; None for any.
        priority: of calls that wait for an app, the higher goes first: from -10 to 10, and one
            more for each second of waiting. 0 is usual.
        converters: for values that no type of the wire holds; see `dirty_runtime.Converters`.
        memfd_min_bytes: from how many on bytes go by reference, there and back, where the arbiter
            takes that; 0 for never. None for what is usual: from 2 MiB on by memory that is used
            again, where it takes such, and else from 64 MiB on.

    Raises:
        ValueRefused: a DirtyError and a ValueError: a timeout is not above 0, or the priority is
            out of its range.
    """

    def __init__(
        self,
        socket_path: str,
        timeout: float | None = 30.0,
        *,
        idle_timeout: float | None = None,
        priority: int = 0,
        converters: Converters | None = None,
        memfd_min_bytes: int | None = None,
    ) -> None:
        self.converters = converters
        self.memfd_min_bytes = memfd_min_bytes
        super().__init__(socket_path, timeout)
        self.idle_timeout = idle_timeout
        self.priority = checked(priority)
        self._trace: Mapping[str, str] | None = None

    def _begin(self) -> None:
        self._ids = request_ids()
        self._large = Large(self._ids, self.memfd_min_bytes)
        self._channels = Channels(self.socket_path, self._large)
        self._on_loops = OnLoops(self.socket_path, self._ids, self._large)
        self._loops = set()
        self._bare = (self._channels, self._on_loops)
        if self.converters is not None:
            self._convert(self.converters)

    def _convert(self, converters: Converters) -> None:
        """Have converters between the calls and the channels."""
        from .converting import ConvertingChannels, ConvertingOnLoops

        channels, on_loops = self._bare
        self._large.views = converters.has_arrays
        between: Any = ConvertingChannels(channels, converters)
        self._channels = between
        between = ConvertingOnLoops(on_loops, converters)
        self._on_loops = between

    @property
    def idle_timeout(self) -> float | None:
        """The longest gap between two chunks, in seconds; None for any."""
        return self._idle_s

    @idle_timeout.setter
    def idle_timeout(self, value: float | None) -> None:
        self._idle_s = None if value is None else seconds(value, "idle_timeout")

    def with_options(
        self,
        *,
        timeout: float | As | None = As.BEFORE,
        idle_timeout: float | As | None = As.BEFORE,
        priority: int | As = As.BEFORE,
        converters: Converters | As | None = As.BEFORE,
        trace: Mapping[str, str] | As | None = As.BEFORE,
    ) -> Self:
        """This client with other options: it uses the same connections, and closes them.

        So the options of one call never meet the arguments of its action.

        Args:
            timeout: as of the client; so are the others. What is not given stays as it is.
            trace: the trace that calls take part in, by the names of W3C's headers: `traceparent`
                and, if there is one, `tracestate`. An empty dict is for none; None, as it is at
                first, for that of OpenTelemetry's current span.

        Raises:
            ValueRefused: one of them cannot be used.
        """
        view = object.__new__(type(self))
        vars(view).update(vars(self))
        if timeout is not As.BEFORE:
            view.timeout = timeout
        if idle_timeout is not As.BEFORE:
            view.idle_timeout = idle_timeout
        if priority is not As.BEFORE:
            view.priority = checked(priority)
        if trace is not As.BEFORE:
            view._trace = checked_trace(trace)
        if converters is not As.BEFORE:
            view.converters = converters
            view._channels, view._on_loops = self._bare
            if converters is not None:
                view._convert(converters)
        return view

    def with_priority(self, priority: int) -> Self:
        """As `with_options`, of the priority alone. Raises ValueRefused."""
        return self.with_options(priority=priority)

    def execute(self, app_path: str, action: str, /, *args: Any, **kwargs: Any) -> Any:
        """Call an action and return its result.

        Args:
            app_path: ``module:Class``.
            action: the method's name.

        Raises:
            DirtyError: what went wrong; see `dirty_runtime.errors`.
        """
        number, timeout = next(self._ids), self._timeout_s
        request = Request(number, app_path, action, args, kwargs, timeout, self.priority)
        if API in _modules or self._trace is not None:
            request.trace = told(self._trace)
        return self._channels.ask(request, Deadline(timeout, request))

    def stream(
        self, app_path: str, action: str, /, *args: Any, **kwargs: Any
    ) -> Generator[Any, None, None]:
        """Call an action and iterate over its chunks; a plain result is the only one.

        The call starts with the first `next`; closing the iterator cancels it.

        Raises:
            DirtyError: what went wrong, from the iterator.
        """
        request = self._request(app_path, action, args, kwargs)
        deadline = Deadline(self._timeout_s, request)
        yield from self._channels.stream(request, deadline, self._idle_s)

    async def execute_async(self, app_path: str, action: str, /, *args: Any, **kwargs: Any) -> Any:
        """As `execute`; any number of calls may be under way at once."""
        request = self._request(app_path, action, args, kwargs)
        return await self._on_loops.channels.ask(request, Deadline(self._timeout_s, request))

    async def stream_async(
        self, app_path: str, action: str, /, *args: Any, **kwargs: Any
    ) -> AsyncGenerator[Any, None]:
        """As `stream`, for ``async for``."""
        request = self._request(app_path, action, args, kwargs)
        deadline = Deadline(self._timeout_s, request)
        chunks = self._on_loops.channels.stream(request, deadline, self._idle_s)
        try:
            async for chunk in chunks:
                yield chunk
        finally:
            await chunks.aclose()

    def wait_ready(self, timeout: float = READY_S) -> None:
        """Return when an arbiter is there and all its workers are ready.

        Raises:
            DirtyError: they are not within `timeout` seconds, with what is missing.
            ValueRefused: the timeout is no number of seconds.
        """
        from .readiness import come, is_ready, not_ready, wait

        wait(self._within(timeout), timeout, is_ready, not_ready, come)

    async def wait_ready_async(self, timeout: float = READY_S) -> None:
        """As `wait_ready`."""
        from .readiness import wait_async

        await wait_async(self._within(timeout), timeout)

    def _within(self, timeout: float) -> Self:
        """This client, which asks no longer than so many seconds; at least a moment."""
        return self.with_options(timeout=max(seconds(timeout, "timeout", 0), SOON_S))

    def execute_or_stream(self, app_path: str, action: str, /, *args: Any, **kwargs: Any) -> Any:
        """Call an action: return its result, or an iterator over its chunks if it streams.

        It returns when the first of them has come. Raises DirtyError.
        """
        request = self._request(app_path, action, args, kwargs)
        deadline = Deadline(self._timeout_s, request)
        return self._channels.ask_or_stream(request, deadline, self._idle_s)

    def status(self) -> dict[str, Any]:
        """The arbiter's state, as STATUS answers it. Raises DirtyError."""
        answer = self._channels.ask(self._status(), self._deadline())
        status: dict[str, Any] = of_form(answer, "StatusAnswer")
        return status

    async def status_async(self) -> dict[str, Any]:
        """As `status`."""
        answer = await self._on_loops.channels.ask(self._status(), self._deadline())
        status: dict[str, Any] = of_form(answer, "StatusAnswer")
        return status

    def manage(
        self,
        op: gdproto.ManageOp,
        count: int = 1,
        *,
        slot: int | None = None,
        call: int | None = None,
    ) -> dict[str, Any]:
        """Change the workers, or look at what they do, as MANAGE says.

        Args:
            op: the operation.
            count: how many workers.
            slot: the place of one worker.
            call: the arbiter's number of one call, as CALLS lists it.

        Raises:
            DirtyError: it cannot be done.
        """
        message = gdproto.Manage(next(self._ids), int(op), count, slot, call)
        answer = self._channels.ask(message, self._deadline())
        done: dict[str, Any] = of_form(answer, "ManageAnswer")
        return done

    def connect(self) -> None:
        """Connect now. Raises DirtyConnectionError."""
        self._channels.open(self._deadline())

    async def connect_async(self) -> None:
        """Connect the running loop now. Raises DirtyConnectionError."""
        await self._on_loops.channels.open(self._deadline())

    def close(self) -> None:
        """Close the connections of threads; a later call opens one again."""
        self._channels.close()
        self._large.close()
        for loop in self._loops:
            self._on_loops.channels.close_on(loop)

    async def close_async(self) -> None:
        """Close the connections of the running loop and of threads."""
        await self._on_loops.channels.close()
        self.close()

    def __enter__(self) -> Self:
        self.connect()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        await self.connect_async()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close_async()

    def _deadline(self) -> Deadline:
        return Deadline(self._timeout_s)

    def _request(
        self, app_path: str, action: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> gdproto.Request:
        number, timeout = next(self._ids), self._timeout_s
        request = Request(number, app_path, action, args, kwargs, timeout, self.priority)
        if API in _modules or self._trace is not None:
            request.trace = told(self._trace)
        return request

    def _status(self) -> gdproto.Status:
        return gdproto.Status(next(self._ids))


def checked(priority: int) -> int:
    """The priority. Raises ValueRefused when a REQUEST cannot have it."""
    lowest, highest = gdproto.PRIORITY_RANGE
    if type(priority) is not int or not lowest <= priority <= highest:
        told = f"priority is an int from {lowest} to {highest}, not {shown(priority)}"
        raise ValueRefused(told)
    return priority
