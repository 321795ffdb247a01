"""Calls from an event loop: one channel that all calls share, and a wire for each stream.

Rules: each loop has a channel of its own, which ends with it. An answer finds its call by its
request id. A call that is given up is cancelled where the arbiter says that it can; where it
cannot, the channel takes no new calls and closes with its last one, which cancels what was given
up. A stream that is not read leaves what comes to the kernel; one whose chunks are there already
lets the loop run now and then, or nobody could cancel it.
"""

from __future__ import annotations

import asyncio
import math
import os
import socket
import threading
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from copy import copy
from typing import Any, TypeVar
from weakref import WeakKeyDictionary, ref

import gdproto
from gdproto import NEED_DATA

from ..deadlines import Deadlines
from ..errors import (
    DirtyConnectionError,
    DirtyError,
    DirtyProtocolError,
    DirtyWorkerError,
    from_message,
)
from ..sockets.own import unix_socket
from ..sockets.passing import Incoming, Parcel
from ..sockets.transfer import widen
from .answers import (
    Deadline,
    answer_in,
    broken,
    closed,
    encoded,
    may_ask_again,
    result_of,
    says_nothing_began,
    unreachable,
)
from .large import TAKES, TOO_LARGE, Large, Referring, passing_in
from .wire import Wire

CONNECT_PAUSE_S = 0.005
LARGE_FRAME_BYTES = 64 * 1024
# How long a stream may keep the loop to itself.
TURN_S = 0.005


def running_loop() -> asyncio.AbstractEventLoop:
    """The loop that runs here. Raises DirtyError when none of asyncio's does."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        ways = "call from a coroutine of asyncio, or without _async from a thread"
        raise DirtyError(f"no asyncio event loop runs here: {ways}") from None


class AsyncChannel(Wire):
    """One connection, on which any number of calls wait for their answers."""

    def __init__(
        self, connected: socket.socket, socket_path: str, ids: Iterator[int], large: Large
    ) -> None:
        super().__init__(connected, large)
        # Whether it was told that descriptors may be passed; known when the STATUS was answered.
        self._may_pass = self._may_lend = False
        # Whether that is known, and what waits for it: a future would keep the loop.
        self.is_known = False
        self._awaiting: asyncio.Future[None] | None = None
        self._path = socket_path
        self._calls: dict[int, asyncio.Future[gdproto.Message]] = {}
        # When they are late, and the timer that looks after that: one for all, which is the loop's
        # and refers to it.
        self._deadlines: Deadlines[int] = Deadlines()
        self._alarm: ref[asyncio.TimerHandle] | None = None
        self._alarm_s = math.inf
        self._can_cancel = False
        # What was given up before that is known.
        self._given_up: list[int] = []
        self._was_heard = False
        self.is_open = True
        # Nobody waits for it: when it is answered, calls can be cancelled.
        self._status_id = next(ids)
        self.send([self.connection.send(gdproto.Status(self._status_id))])

    @property
    def is_usable(self) -> bool:
        """Whether new calls may be made on it, here."""
        return self.is_open and self.pid == os.getpid()

    def begin(
        self, message: gdproto.Message, deadline: Deadline
    ) -> asyncio.Future[gdproto.Message] | None:
        """Send `message`. Whoever does calls `end` afterwards, whatever comes of it.

        Returns:
            The first message that answers, to be awaited, which raises DirtyError where there is
            none, and TimeoutError at the deadline; None when the arbiter did not get all of
            `message`.

        Raises:
            DirtyError: it cannot be sent.
        """
        now_s, number, loop = time.monotonic(), message.request_id, asyncio.get_running_loop()
        if deadline.due_s <= now_s:
            raise deadline.passed()
        if self.large.was_seen:
            self._say_what_is_taken(message)
        parts = self._encoded(message)
        call = self._calls[number] = loop.create_future()
        self._deadlines.set(number, deadline.due_s)
        if deadline.due_s < self._alarm_s:
            self._set_alarm(deadline.due_s - now_s)
        if not self._sent(message, parts):
            self.is_open = False
            # Of a new one that the arbiter closed, the reason may be to come.
            if self._was_heard:
                return None
        return call

    # --- what goes by reference ---

    def _say_what_is_taken(self, message: gdproto.Message) -> None:
        if isinstance(message, gdproto.Request):
            message.extensions = TAKES if self._may_pass else None
        if self._may_pass and self.incoming is None:
            self.incoming = Incoming()

    def _encoded(self, message: gdproto.Message) -> list[bytes] | Parcel:
        """The frame; with descriptors where no frame carries the message without them.

        Raises:
            DirtyProtocolError: there is none.
        """
        found = self._referring(message) if self.large.was_seen else None
        if found is None:
            try:
                return encoded(self.connection, message)
            except DirtyProtocolError as error:
                if error.code not in TOO_LARGE or not self.large.sees_too_large():
                    raise
                self._say_what_is_taken(message)
                found = self._referring(message, is_too_large=True)
                if found is None:
                    raise
        try:
            return self.parcel(self.connection.send(found.request), found)
        except gdproto.ProtocolError as error:
            raise DirtyProtocolError.of(error) from None

    def _referring(self, message: gdproto.Message, is_too_large: bool = False) -> Referring | None:
        if not self._may_pass or not isinstance(message, gdproto.Request):
            return None
        return self.large.referring(message, self._may_lend, is_too_large)

    def _sent(self, message: gdproto.Message, parts: list[bytes] | Parcel) -> bool:
        """Send the frame, with large bytes by reference. Returns as `Wire.send`."""
        if isinstance(parts, Parcel):
            return self.send_parcel(parts)
        if (len(parts) > 1 or len(parts[0]) > LARGE_FRAME_BYTES) and self.large.sees(
            sum(map(len, parts))
        ):
            self._say_what_is_taken(message)
            if (found := self._referring(message)) is not None:
                return self.send_parcel(self.parcel(found.request.to_bytes(), found))
        return self.send(parts)

    async def known(self, deadline: Deadline) -> None:
        """Wait until it is known what may be passed. Raises DirtyError."""
        try:
            async with asyncio.timeout(deadline.left_s()):
                if self._awaiting is None:
                    self._awaiting = asyncio.get_running_loop().create_future()
                await asyncio.shield(self._awaiting)
        except TimeoutError:
            raise deadline.passed() from None

    def _now_known(self) -> None:
        self.is_known = True
        awaiting, self._awaiting = self._awaiting, None
        if awaiting is not None and not awaiting.get_loop().is_closed():
            awaiting.set_result(None)

    def end(self, request_id: int) -> None:
        """Nobody awaits the answer any more."""
        self.lent.pop(request_id, None)
        if self._calls.pop(request_id, None) is None:
            return
        self._deadlines.drop(request_id)
        if request_id in self.connection.open_exchanges:
            self._give_up(request_id)
        self._close_if_spent()

    def _close_if_spent(self) -> None:
        if not self.is_open and not self._calls:
            self.close()

    def _set_alarm(self, wait_s: float) -> None:
        self._stop_alarm()
        self._alarm_s = time.monotonic() + wait_s
        self._alarm = ref(asyncio.get_running_loop().call_later(wait_s, self._ring))

    def _stop_alarm(self) -> None:
        alarm = self._alarm() if self._alarm is not None else None
        if alarm is not None:
            alarm.cancel()
        self._alarm = None

    def _ring(self) -> None:
        self._alarm, self._alarm_s = None, math.inf
        now_s = time.monotonic()
        for number in self._deadlines.pop_due(now_s):
            call = self._calls.get(number)
            if call is not None and not call.done():
                call.set_exception(TimeoutError())
        if (next_s := self._deadlines.next_s()) is not None:
            self._set_alarm(next_s - now_s)

    def close(self) -> None:
        """Close; calls that still wait fail."""
        self._fail(closed(self._path))
        if self._usable_loop() is not None:
            self._stop_alarm()
        super().close()

    def _give_up(self, request_id: int) -> None:
        if self._can_cancel:
            self.send([self.connection.send(gdproto.Cancel(request_id))])
            return
        # What is asked from now on must not wait behind what was given up.
        self.is_open = False
        if self.is_known:
            self.connection.abandon(request_id)
        else:
            self._given_up.append(request_id)

    def _fail(self, error: DirtyError) -> None:
        self.is_open = False
        self._now_known()
        for call in self._calls.values():
            if not call.done() and not call.get_loop().is_closed():
                call.set_exception(copy(error))

    def received(self) -> None:
        self._was_heard = True
        try:
            while (fault := self._take_all()) is not None:
                answered = self._calls.get(fault.request_id)
                if answered is not None and not answered.done():
                    answered.set_exception(broken(fault))
                if fault.scope == "connection":
                    breaks_off = isinstance(broken(fault), DirtyWorkerError)
                    self._broken(closed(self._path) if breaks_off else broken(fault))
                    return
        except DirtyError as error:
            self._broken(error)

    def _take_all(self) -> gdproto.ProtocolError | None:
        """Take what has come, up to a fault; None without one."""
        next_event = self.connection.next_event
        try:
            while (event := next_event()) is not NEED_DATA:
                answer = answer_in(event, self._path)
                if answer is not None:
                    self._take(answer.message)
        except gdproto.ProtocolError as error:
            return error
        if self.incoming is not None:
            self.incoming.settle(self.connection)
        return None

    def _take(self, message: gdproto.Message) -> None:
        call = self._calls.get(message.request_id)
        if self.lent:
            self.answered(message)
        if self.incoming is not None:
            try:
                message = self.resolved(message)
            except DirtyError as error:
                if call is not None and not call.done():
                    call.set_exception(error)
                return
        if says_nothing_began(message):
            # New calls go where this one may be made.
            self.is_open = False
        if call is not None:
            if not call.done():
                call.set_result(message)
        elif message.request_id == self._status_id:
            self._learn(message)

    def _learn(self, status: gdproto.Message) -> None:
        """Take what the arbiter says that it can, and cancel what was given up before."""
        if isinstance(status, gdproto.Response):
            extensions = (
                status.result.get("extensions") if isinstance(status.result, dict) else None
            )
            self._can_cancel = isinstance(extensions, list) and "cancel" in extensions
            if self.large.is_passed:
                self._may_pass, self._may_lend = passing_in(status)
        self._now_known()
        given_up, self._given_up = self._given_up, []
        for number in given_up:
            if number in self.connection.open_exchanges:
                self._give_up(number)
        self._close_if_spent()

    def _broken(self, error: DirtyError) -> None:
        self._fail(error)
        self.close()


class AsyncStream(Wire):
    """A connection for one exchange, which is read as it is asked for."""

    _reader: asyncio.Future[None] | None = None
    may_lend = False

    async def more(self) -> None:
        """Return when the connection has taken more bytes, or knows of its end."""
        self._reader = asyncio.get_running_loop().create_future()
        self.resume_reading()
        try:
            await self._reader
        finally:
            self._reader = None

    def received(self) -> None:
        if self._reader is None:
            self.pause_reading()
        elif not self._reader.done():
            self._reader.set_result(None)


class AsyncChannels:
    """The channels of one client, and its streams."""

    def __init__(self, socket_path: str, ids: Iterator[int], large: Large) -> None:
        self._path = socket_path
        self._ids = ids
        self._large = large
        self._channels: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncChannel] = (
            WeakKeyDictionary()
        )

    async def open(self, deadline: Deadline) -> None:
        """Have a channel ready. Raises DirtyError."""
        await self._channel(deadline)

    async def ask(self, message: gdproto.Message, deadline: Deadline) -> Any:
        """The result that answers `message`. Raises DirtyError."""
        failure: DirtyError | None = None
        while True:
            channel = self._here() or await self._another(deadline, failure)
            try:
                call = channel.begin(message, deadline)
                if call is not None:
                    return result_of(await call)
            except DirtyError as error:
                if getattr(error, "code", None) in TOO_LARGE and not channel.is_known:
                    await channel.known(deadline)
                    continue
                if failure is not None or not may_ask_again(error, message):
                    raise
                if isinstance(message, gdproto.Request):
                    self._large.failed(message.app_path, error)
                failure = error
            except TimeoutError:
                raise deadline.passed() from None
            finally:
                channel.end(message.request_id)

    async def _another(self, deadline: Deadline, failure: DirtyError | None) -> AsyncChannel:
        """A channel, after `failure`, which is raised where nobody is to be reached."""
        if failure is None:
            return await self._channel(deadline)
        with instead(failure):
            return await self._channel(deadline)

    async def stream(
        self, message: gdproto.Message, deadline: Deadline, idle_s: float | None
    ) -> AsyncGenerator[Any, None]:
        """The chunks that answer `message`, or its one result. Raises DirtyError."""
        running_loop()
        stream = AsyncStream(await connect(self._path, deadline), self._large)
        try:
            answer = await self._first(stream, message, deadline.within(idle_s))
            if isinstance(answer, DirtyError):
                stream.close()
                if isinstance(message, gdproto.Request):
                    self._large.failed(message.app_path, answer)
                with instead(answer):
                    stream = AsyncStream(await connect(self._path, deadline), self._large)
                answer = await self._first(stream, message, deadline.within(idle_s))
            turn_ends_s = time.monotonic() + TURN_S
            while isinstance(answer, gdproto.Chunk):
                if time.monotonic() >= turn_ends_s:
                    await asyncio.sleep(0)
                    turn_ends_s = time.monotonic() + TURN_S
                yield answer.data
                answer = await self._next(stream, deadline.within(idle_s))
            if isinstance(answer, DirtyError):
                raise answer
            if not isinstance(answer, gdproto.End):
                yield result_of(answer)
        finally:
            stream.close()

    async def _first(
        self, stream: AsyncStream, message: gdproto.Message, limit: Deadline
    ) -> gdproto.Message | DirtyError:
        """The first answer to `message`; the error by which nothing of it has begun.

        Raises:
            DirtyError: there is no answer.
        """
        if self._large.was_seen:
            await self._agree(stream, message, limit)
        self._begin(stream, message)
        try:
            answer = await self._next(stream, limit)
        except DirtyError as error:
            if not says_nothing_began(error):
                raise
            return error
        if isinstance(answer, gdproto.Error) and says_nothing_began(answer):
            return from_message(answer)
        return answer

    async def _agree(self, stream: AsyncStream, message: gdproto.Message, limit: Deadline) -> None:
        """Ask whether descriptors may be passed. Raises DirtyError."""
        stream.send([stream.connection.send(gdproto.Status(next(self._ids)))])
        may_pass, stream.may_lend = passing_in(await self._next(stream, limit))
        if may_pass and isinstance(message, gdproto.Request):
            stream.incoming = Incoming()
            message.extensions = TAKES

    def _begin(self, stream: AsyncStream, message: gdproto.Message) -> None:
        """Send what opens the exchange. Raises DirtyError."""
        if stream.incoming is not None and isinstance(message, gdproto.Request):
            found = self._large.referring(message, stream.may_lend)
            if found is not None:
                stream.send_parcel(stream.parcel(stream.connection.send(found.request), found))
                return
        parts = encoded(stream.connection, message)
        self._large.sees(sum(map(len, parts)))
        stream.send(parts)

    async def close(self) -> None:
        """Close the running loop's channel."""
        channel = self._channels.pop(running_loop(), None)
        if channel is not None:
            channel.close()

    def close_on(self, loop: asyncio.AbstractEventLoop) -> None:
        """Close the channel of a loop that runs in another thread."""
        channel = self._channels.pop(loop, None)
        if channel is not None:
            loop.call_soon_threadsafe(channel.close)

    def __del__(self) -> None:
        # A client that nobody has any more, on a loop that goes on.
        for loop, channel in list(self._channels.items()):
            if channel.pid == os.getpid():
                try:
                    loop.call_soon_threadsafe(channel.close)
                except RuntimeError:
                    channel.close()

    async def _next(self, stream: AsyncStream, limit: Deadline) -> gdproto.Message:
        while True:
            try:
                event = stream.connection.next_event()
            except gdproto.ProtocolError as error:
                raise broken(error) from None
            answer = answer_in(event, self._path)
            if answer is not None:
                if stream.lent:
                    stream.answered(answer.message)
                return stream.resolved(answer.message)
            if event is gdproto.NEED_DATA:
                try:
                    async with asyncio.timeout(limit.left_s()):
                        await stream.more()
                except TimeoutError:
                    raise limit.passed() from None

    def _here(self) -> AsyncChannel | None:
        """The running loop's channel, if there is one that may be used."""
        channel = self._channels.get(running_loop())
        return channel if channel is not None and channel.is_usable else None

    async def _channel(self, deadline: Deadline) -> AsyncChannel:
        loop = running_loop()
        while True:
            if (channel := self._here()) is not None:
                return channel
            # Without a pause between, so that nobody else opens one.
            connected = try_to_connect(self._path)
            if connected is not None:
                channel = AsyncChannel(connected, self._path, self._ids, self._large)
                for ended in keep_for(loop, channel, self._channels):
                    # Its frames may have stopped half way: the arbiter would wait for the rest.
                    ended.close()
                return channel
            await asyncio.sleep(min(CONNECT_PAUSE_S, deadline.left_s()))


@contextmanager
def instead(failure: DirtyError) -> Iterator[None]:
    """Raise `failure` where nobody is to be reached."""
    try:
        yield
    except DirtyConnectionError:
        raise failure from None


Kept = TypeVar("Kept")
# Loops of several threads may come and go.
_keeping = threading.Lock()


def keep_for(
    loop: asyncio.AbstractEventLoop,
    one: Kept,
    kept: WeakKeyDictionary[asyncio.AbstractEventLoop, Kept],
) -> list[Kept]:
    """Have `one` for the loop among those that are kept, and none of loops that have ended.

    Returns:
        Those that are kept no more.
    """
    with _keeping:
        ended = [kept.pop(other) for other in list(kept) if other.is_closed()]
        kept[loop] = one
    return ended


async def connect(socket_path: str, deadline: Deadline) -> socket.socket:
    """A socket that is connected to the arbiter. Raises DirtyError."""
    while (connected := try_to_connect(socket_path)) is None:
        await asyncio.sleep(min(CONNECT_PAUSE_S, deadline.left_s()))
    return connected


def try_to_connect(socket_path: str) -> socket.socket | None:
    """A socket that is connected to the arbiter and does not block; None to try again later.

    Its backlog may be full, and the kernel does not tell when it has room.

    Raises:
        DirtyConnectionError: no arbiter is there.
    """
    try:
        connected = unix_socket()
    except OSError as error:
        raise unreachable(socket_path, error) from None
    try:
        connected.setblocking(False)
        widen(connected)
        connected.connect(socket_path)
    except (OSError, ValueError) as error:
        # The error's traceback would hold it open.
        connected.close()
        if isinstance(error, BlockingIOError):
            return None
        raise unreachable(socket_path, error) from None
    return connected
