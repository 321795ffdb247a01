"""One lane of a worker: a blocking loop that reads a request, runs it, and writes the answer.

Rules: an iterator's items are sent as they come, and between two of them the lane looks for a
CANCEL; so it does while a coroutine or an async iterator runs, which is then cancelled. A plain
call is not interrupted: it may ask. Whatever the app does, the exchange ends with exactly one
terminal frame, or with its lane where what was cancelled does not end. Each call has a context of
its own, empty at its beginning.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from contextvars import Context
from time import monotonic
from typing import Any

import gdproto
from gdproto import NEED_DATA, MessageReceived, Request, Response

from ..app import App, by_position, is_forbidden
from ..errors import (
    DirtyAppNotFoundError,
    DirtyCancelledError,
    DirtyError,
    DirtyProtocolError,
    to_message,
)
from ..references import referring, resolved_message, takes_references
from ..sockets.borrowed import Borrowed
from ..sockets.passing import Descriptors, receive_passed, send_passing, unread_bytes
from ..sockets.round_trip import round_trip
from ..sockets.transfer import RECEIVE_BYTES, receive, widen
from . import spans
from .chunks import ChunkWriter
from .converted import has_arrays
from .faults import app_error, facts_of, forbidden, head_of, name_of, unencodable
from .forks import end_copy, is_worker
from .log import LOG
from .loop import AsyncItems, Cancelled, EventLoop, Stuck
from .request import RUNNING
from .results import COMMON, is_async_iterator, is_iterator, is_result

CHECK_S = 0.005
# Of memory that was passed and is not read, in bytes; and how often that is looked at.
MOST_UNREAD_BYTES = 64 * 1024 * 1024
UNREAD_S = 0.001
# What the parameters before an app's own are called: gunicorn's base takes them by name too.
OUR_NAMES = ("self", "action")


class ArbiterGone(Exception):
    """The lane ended in the middle of an exchange."""


class ArbiterAtFault(Exception):
    """The arbiter broke the protocol, and the lane makes no sense any more."""


class LaneServer:
    """A stream to the arbiter, and the apps that are called through it."""

    def __init__(
        self,
        fd: int,
        apps: Mapping[str, App],
        loop: EventLoop,
        tracebacks: bool = True,
        memfd_min_bytes: int = 0,
    ) -> None:
        self._socket = socket.socket(fileno=fd)
        widen(self._socket)
        self._connection = gdproto.Connection("worker")
        self._apps = apps
        self._loop = loop
        self._tracebacks = tracebacks
        # From how many bytes on answers go by reference; 0 for never.
        self.memfd_min_bytes = memfd_min_bytes
        # The descriptors that came since the last request.
        self._passed: list[int] = []
        # What the call has been lent, if anything.
        self._borrowed: Borrowed | None = None
        # What was passed since all was read, as far as that is known.
        self._unread_bytes = 0
        self._chunks = ChunkWriter(self._write)
        # An app may ask whether it is cancelled from any thread.
        self._checking = threading.Lock()
        self._asks = self.is_cancelled
        self._is_cancelled = False
        self._running = 0
        self._status: Any = None
        # Of the request that runs, where it is traced.
        self._span: spans.RunSpan | None = None
        # Frames that go out before the next wait: the answer to a request, and after it those to
        # what the arbiter may not send, or has not looked for: payloads that cannot be decoded.
        self._unsent = b""

    def answer_status(self, result: Any, failure: DirtyError | None) -> None:
        """Answer the STATUS that opens the lane, with `result` or with `failure`.

        Raises:
            ArbiterGone: the lane ended before.
        """
        message = self._next()
        if message is None:
            raise ArbiterGone
        self._status = result
        answer = (
            to_message(failure, message.request_id)
            if failure
            else gdproto.Response(message.request_id, result)
        )
        self._write(self._connection.send(answer))

    def serve(self) -> None:
        """Answer requests until the lane ends.

        Raises:
            ArbiterGone: it ended in the middle of one.
            Stuck: a call that was given up does not end, and the lane with it.
            ArbiterAtFault: the arbiter broke the protocol.
        """
        while (message := self._next()) is not None:
            if type(message) is Request:
                if self._passed and not self._resolve(message):
                    continue
                answer = self._answer if message.trace is None else self._answer_traced
                Context().run(answer, message)
            elif isinstance(message, gdproto.Status):
                status = gdproto.Response(message.request_id, self._status)
                self._write(self._connection.send(status))

    def _resolve(self, request: gdproto.Request) -> bool:
        """Have bytes in the place of what came by reference; False where that failed."""
        passed, self._passed = self._passed, []
        try:
            views = has_arrays(self._apps.get(request.app_path))
            self._borrowed = Borrowed()
            resolved_message(request, Descriptors(passed), views, self._borrowed)
        except DirtyError as error:
            self._finish(request, failure=error)
            return False
        return True

    def hand_over(self) -> tuple[socket.socket, gdproto.Connection]:
        """What the lane is made of, for whoever serves it in another way."""
        return self._socket, self._connection

    @property
    def status(self) -> Any:
        """What STATUS was answered with."""
        return self._status

    def close(self) -> None:
        """Close the lane's end; it is not served any more."""
        self._socket.close()
        self._chunks.close()

    def leave_copy(self) -> None:
        """In a copy of this process: hold nothing of the lane."""
        self._socket.close()
        self._chunks.leave_copy()

    def _next(self) -> gdproto.Message | None:
        """The next message; None when the lane has ended."""
        while True:
            event = self._next_event()
            if event is NEED_DATA:
                self._receive()
                continue
            if self._unsent:
                self._flush()
            if type(event) is MessageReceived:
                return event.message
            if isinstance(event, gdproto.ConnectionClosed):
                return None

    def _receive(self) -> None:
        """Send what has not been sent, and wait for more from the arbiter."""
        frames, self._unsent = self._unsent, b""
        try:
            if not frames and self._connection.room:
                receive(self._socket, self._connection)
                return
            if frames:
                data = round_trip(self._socket, frames, 0.0, self._passed)
            else:
                data = receive_passed(self._socket, RECEIVE_BYTES, self._passed)
            if data:
                self._connection.receive_data(data)
            else:
                self._connection.receive_eof()
        except OSError:
            raise ArbiterGone from None

    def _flush(self) -> None:
        """Send what has not been sent."""
        frames, self._unsent = self._unsent, b""
        self._write(frames)

    def _next_event(self) -> Any:
        """The next event. Raises ArbiterAtFault when the lane as a whole is at fault."""
        while True:
            try:
                return self._connection.next_event()
            except gdproto.ProtocolError as error:
                if error.scope == "connection":
                    if self._unsent:
                        self._flush()
                    raise ArbiterAtFault(str(error)) from error
                refusal = to_message(DirtyProtocolError.of(error), error.request_id)
                self._unsent += refusal.to_bytes()

    def is_cancelled(self) -> bool:
        """Whether the arbiter has given up the request that runs.

        Raises:
            ArbiterGone: the lane has ended.
        """
        with self._checking:
            if not self._is_cancelled:
                self._look_for_cancel()
            return self._is_cancelled

    def _look_for_cancel(self) -> None:
        # It may have come together with its request.
        event = self._next_event()
        if event is gdproto.NEED_DATA and self._is_open(self._running):
            try:
                receive(self._socket, self._connection, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            event = self._next_event()
        if isinstance(event, gdproto.ConnectionClosed):
            raise ArbiterGone
        is_told = isinstance(event, gdproto.MessageReceived) and isinstance(
            event.message, gdproto.Cancel
        )
        self._is_cancelled = is_told or not self._is_open(self._running)

    def _is_open(self, request_id: int) -> bool:
        """Whether an answer may be sent: a fault in one of its frames ends an exchange, too."""
        return request_id in self._connection.open_exchanges

    def _check(self) -> None:
        """Raises Cancelled when the arbiter has given up the request, ArbiterGone at its end."""
        if self.is_cancelled():
            raise Cancelled

    # --- one request ---

    def _answer_traced(self, request: gdproto.Request) -> None:
        self._span = spans.begin(request)
        try:
            self._answer(request)
        finally:
            if self._span is not None:
                self._span.end()
                self._span = None

    def _answer(self, request: gdproto.Request) -> None:
        app = self._apps.get(request.app_path)
        if app is None:
            reason = f"this worker does not serve app {request.app_path}"
            self._finish(request, failure=DirtyAppNotFoundError(request.app_path, reason))
            return
        self._is_cancelled = False
        self._running = request.request_id
        try:
            result = self._call(app, request)
            if type(result) not in COMMON:
                result = self._loop.settle(result, self._check)
            if not is_worker():
                end_copy(name_of(request))
            if type(result) in COMMON or is_result(result):
                self._finish(request, result)
            elif is_iterator(result):
                self._stream(request, result, result)
            elif is_async_iterator(result):
                items = AsyncItems(self._loop, result, self._check)
                self._stream(request, items, items)
            else:
                self._finish(request, result)
        except (ArbiterGone, ArbiterAtFault):
            end_copy(name_of(request))
            raise
        except Stuck:
            text = f"{head_of(request)} was given up and has not ended since: its lane closes"
            LOG.say("ERROR", text, facts_of(request))
            raise
        except Cancelled:
            self._finish(request, failure=DirtyCancelledError("the caller gave up"))
        except BaseException as error:
            end_copy(name_of(request), error)
            self._finish(request, failure=app_error(error, request, self._tracebacks))

    def _call(self, app: App, request: gdproto.Request) -> Any:
        action, kwargs = request.action, request.kwargs
        if is_forbidden(action):
            raise forbidden(action)
        RUNNING.set((request.app_path, action, self._asks, request.request_id, request.trace))
        if not kwargs:
            return app(action, *request.args)
        called: Callable[..., Any] = app
        if not kwargs.keys().isdisjoint(OUR_NAMES):
            called = by_position(app.__call__, 2)
        return called(action, *request.args, **kwargs)

    def _stream(self, request: gdproto.Request, items: Iterable[Any], source: object) -> None:
        connection, chunks, request_id = self._connection, self._chunks, request.request_id
        next_check_s = monotonic() + CHECK_S
        may_refer = self._may_refer(request)
        with _closed(source):
            try:
                for item in items:
                    if may_refer and self._refer(gdproto.Chunk(request_id, item), item):
                        continue
                    chunks.add(connection.send(gdproto.Chunk(request_id, item)))
                    # Looking costs more than many an item.
                    if (now_s := monotonic()) >= next_check_s:
                        next_check_s = now_s + CHECK_S
                        self._check()
            finally:
                # What stands before an item that cannot be sent is sent all the same.
                chunks.flush()
        end_copy(name_of(request))
        if self._borrowed is not None:
            self._give_back(request)
        self._write(connection.send(gdproto.End(request_id)))

    def _finish(
        self, request: gdproto.Request, result: Any = None, failure: DirtyError | None = None
    ) -> None:
        """Send the one terminal frame; a result that cannot be encoded becomes an ERROR.

        Nothing is sent where the ERROR that answers a fault was that frame.
        """
        if failure is None:
            try:
                if self._borrowed is not None:
                    self._give_back(request)
                if request.extensions and self._may_refer(request):
                    answer = Response(request.request_id, result)
                    if self._refer(answer, result):
                        return
                parts = self._connection.send_parts(Response(request.request_id, result))
            except (gdproto.ProtocolError, TypeError) as error:
                if not self._is_open(request.request_id):
                    return
                failure = unencodable(error, request, self._tracebacks)
        if failure is not None:
            # Nobody writes to it any more.
            self._borrowed = None
            if self._span is not None:
                self._span.failed(failure)
            if not self._is_open(request.request_id):
                return
            parts = self._connection.send_parts(to_message(failure, request.request_id))
        if len(parts) == 1:
            self._unsent = parts[0] + self._unsent if self._unsent else parts[0]
        else:
            for part in parts:
                self._write(part)

    def _give_back(self, request: gdproto.Request) -> None:
        """Read nothing any more of what the client has lent. Raises DirtyError."""
        borrowed, self._borrowed = self._borrowed, None
        if borrowed is not None:
            request.args, request.kwargs = (), {}
            borrowed.give_back()

    def _may_refer(self, request: gdproto.Request) -> bool:
        return self.memfd_min_bytes > 0 and takes_references(request.extensions)

    def _refer(self, answer: gdproto.Response | gdproto.Chunk, value: Any) -> bool:
        """Send an answer of which large bytes go by reference; False where it has none.

        Raises:
            gdproto.ProtocolError: it cannot be encoded.
        """
        found = referring([value], self.memfd_min_bytes)
        if found is None:
            return False
        (taken,), descriptors, _ = found
        with closing(descriptors):
            self._wait_until_read(descriptors.bytes)
            frame = self._connection.send(type(answer)(answer.request_id, taken))
            self._chunks.flush()
            try:
                sent = send_passing(self._socket, frame, descriptors.numbers)
            except OSError:
                raise ArbiterGone from None
            self._write(frame[sent:])
        return True

    def _wait_until_read(self, size: int) -> None:
        """Have the arbiter take what was passed: nobody else would bound what it holds."""
        self._unread_bytes += size
        while self._unread_bytes > MOST_UNREAD_BYTES and unread_bytes(self._socket):
            time.sleep(UNREAD_S)
            self._check()
        if self._unread_bytes > MOST_UNREAD_BYTES:
            self._unread_bytes = size

    def _write(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError:
            raise ArbiterGone from None


@contextmanager
def _closed(source: object) -> Iterator[None]:
    """Closes what items come from, if it can be closed."""
    try:
        yield
    finally:
        close = getattr(source, "close", None)
        if close is not None:
            close()
