"""A lane of one app that is served on the event loop: many exchanges at once.

Rules: what is declared ``async`` runs as a task of the loop. Anything else is called by one of few
threads, for which it may have to wait; one whose stream is held back does not count. A CANCEL
cancels a task, and is told to a plain call that asks. An exchange that is held back, and each while
the arbiter takes nothing, has no more items taken from it. Whatever the app does, an exchange ends
with exactly one terminal frame. Each call has a context of its own, empty at its beginning.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from contextvars import Context, copy_context
from functools import partial
from itertools import islice, takewhile
from time import monotonic
from typing import Any

import gdproto

from ..app import App, by_position, is_forbidden
from ..batches import batch_of
from ..errors import (
    DirtyCancelledError,
    DirtyError,
    DirtyProtocolError,
    DirtyWorkerError,
    to_message,
)
from ..failure import describe, tell
from ..references import copied, referring, resolved_message, takes_references
from ..sockets.borrowed import Borrowed
from ..sockets.passing import Incoming, Parcel, receive_passed
from ..sockets.transfer import MORE_BYTES, receive
from . import spans
from .call_threads import CallThreads
from .converted import Converted, bare, has_arrays
from .faults import app_error, facts_of, forbidden, head_of, name_of, unencodable
from .forks import end_copy, in_worker
from .gatherer import Gatherer
from .lane import OUR_NAMES, LaneServer
from .leaving import leave
from .log import LOG
from .loop import EventLoop
from .request import RUNNING
from .results import COMMON, is_async_iterator, is_awaitable, is_iterator

# How long a stream may run before others of the loop have their turn.
TURN_S = 0.002
# Frames that go out at once, as the system takes them, and what may wait to go.
AT_ONCE = 256
FULL_BYTES = 256 * 1024
# Items of a plain generator that may wait for the loop.
MAX_WAITING_ITEMS = 64
# How often a batch of streams looks whether the arbiter takes more.
ROOM_S = 0.005
ARBITER_GONE = 4


class Exchange:
    """One call that is under way.

    Attributes:
        request: what was asked.
        borrowed: what it has been lent, if anything.
        task: runs it.
        call: where a thread runs it, or is to.
        has_begun: whether its task has.
        is_cancelled: whether the arbiter has given it up.
        is_paused: whether the arbiter holds it back.
        waiter: is set when it may go on.
        held: items of a plain generator that are held back.
        room: of such items, how many more may come.
        gatherer: what runs it with others.
        ends: whether its stream is over when what is held back has been sent.
        span: that of its run, where it is traced.
    """

    __slots__ = (
        "borrowed",
        "call",
        "ends",
        "gatherer",
        "has_begun",
        "held",
        "is_cancelled",
        "is_paused",
        "request",
        "room",
        "span",
        "task",
        "waiter",
    )

    def __init__(self, request: gdproto.Request, borrowed: Borrowed | None = None) -> None:
        self.request = request
        self.borrowed = borrowed
        self.task: asyncio.Task[None] | None = None
        self.call: Future[Any] | None = None
        self.has_begun = self.is_cancelled = self.is_paused = self.ends = False
        self.gatherer: Gatherer | None = None
        self.waiter: asyncio.Future[None] | None = None
        self.held: deque[Any] | None = None
        self.room: threading.Semaphore | None = None
        self.span: spans.RunSpan | None = None

    def give_back(self) -> None:
        """Read nothing any more of what the client has lent. Raises DirtyError."""
        borrowed, self.borrowed = self.borrowed, None
        if borrowed is not None:
            self.request.args, self.request.kwargs = (), {}
            borrowed.give_back()

    def asks(self) -> bool:
        """Whether the caller gave up."""
        return self.is_cancelled

    def go_on(self) -> None:
        """Have it look whether it may."""
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)


class LoopLane:
    """A stream to the arbiter, and the app that is called through it.

    Args:
        lane: the lane, whose STATUS has been answered.
        app: what is called.
        count: how many exchanges it takes at once.
        loop: runs what is async, and reads and writes.
        threads: run what is not.
        grace_s: what is cancelled gets so long to end.
        stuck: is told of what does not, after which the worker is to be replaced.
        tracebacks: whether callers see them.
        end: is called with an exit code when the arbiter is gone, or cannot be understood.
    """

    def __init__(
        self,
        lane: LaneServer,
        app: App,
        count: int,
        loop: EventLoop,
        threads: CallThreads,
        grace_s: float,
        stuck: Callable[[str], None],
        tracebacks: bool = True,
        end: Callable[[int], object] = leave,
    ) -> None:
        self._socket, self._connection = lane.hand_over()
        self._socket.setblocking(False)
        self._connection.permit(count)
        self._lane = lane
        self._incoming = Incoming()
        self._least = lane.memfd_min_bytes
        self._app = app
        self._event_loop = loop
        self._threads = threads
        self._grace_s = grace_s
        self._stuck = stuck
        self._tracebacks = tracebacks
        self._leave = end
        self._open: dict[int, Exchange] = {}
        # Of the batched methods, those that were called.
        self._gatherers: dict[str, Gatherer] = {}
        # Which actions are declared async, as far as it was asked.
        self._is_async: dict[str, bool] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over = threading.Event()
        self._ends: asyncio.Future[None] | None = None
        # What waits to be sent.
        self._out: deque[bytes | memoryview | Parcel] = deque()
        self._out_bytes = 0
        self._is_flushing = False
        self.is_full = False

    def serve(self, over: threading.Event) -> None:
        """Answer requests until the lane ends, which sets `over`; returns at once."""
        self._over = over
        self._event_loop.start(self._serve(), self._ended)

    def _ended(self) -> None:
        """The task that serves is over: so is the lane, or else its event loop."""
        if not self._over.is_set():
            self._event_loop.start(self._serve(), self._ended)

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            left, self._open = self._open, {}
            self._loop, self._is_flushing = loop, False
            self._gatherers.clear()
            for exchange in left.values():
                exchange.is_cancelled = True
                if exchange.room is not None:
                    # Its thread is to find that out.
                    exchange.room.release()
                self.finish(exchange, failure=DirtyWorkerError("the event loop has ended"))
        number = self._socket.fileno()
        loop.add_reader(number, self._readable)
        if self._out:
            loop.add_writer(number, self._flush)
        self._ends = loop.create_future()
        try:
            self._take()
            await self._ends
        finally:
            loop.remove_reader(number)
            loop.remove_writer(number)
            if self._over.is_set():
                self._lane.close()

    # --- frames that come ---

    def _readable(self) -> None:
        try:
            passed: list[int] = []
            if self._connection.room:
                count = receive(self._socket, self._connection, 0, MORE_BYTES)
            elif data := receive_passed(self._socket, MORE_BYTES, passed):
                count = len(data)
                self._connection.receive_data(data)
            else:
                count = 0
                self._connection.receive_eof()
            self._incoming.fed(count, passed)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._connection.receive_eof()
        self._take()

    def _take(self) -> None:
        try:
            while (event := self._next_event()) is not gdproto.NEED_DATA:
                if isinstance(event, gdproto.MessageReceived):
                    if self._incoming.came and self._has_descriptors(event.message):
                        continue
                    self._told(event.message)
                elif isinstance(event, gdproto.ConnectionClosed):
                    self._end()
                    return
        except gdproto.ProtocolError as error:
            LOG.say("ERROR", f"a lane failed: {describe(error)}", traceback=tell(error).traceback)
            self._leave(1)
            self._end()
        self._incoming.settle(self._connection)

    def _next_event(self) -> Any:
        """The next event. Raises gdproto.ProtocolError when the lane as a whole is at fault."""
        while True:
            try:
                return self._connection.next_event()
            except gdproto.ProtocolError as error:
                if error.scope == "connection":
                    raise
                self._write(to_message(DirtyProtocolError.of(error), error.request_id).to_bytes())
                if error.request_id not in self._connection.open_exchanges:
                    self._cancel(error.request_id)

    def _end(self) -> None:
        """The arbiter has closed the lane, or is gone."""
        if self._open:
            self._leave(ARBITER_GONE)
        self._over.set()
        if self._ends is not None and not self._ends.done():
            self._ends.set_result(None)

    def _has_descriptors(self, message: gdproto.Message) -> bool:
        """Begin what came with some, with bytes in the place of references; False for others."""
        descriptors = self._incoming.last(self._connection.untaken_bytes)
        if descriptors is None or type(message) is not gdproto.Request:
            return False
        borrowed = Borrowed()
        try:
            resolved_message(message, descriptors, has_arrays(self._app), borrowed)
        except DirtyError as error:
            exchange = self._open[message.request_id] = Exchange(message)
            self.finish(exchange, failure=error)
        else:
            self._begin(message, borrowed)
        return True

    def _told(self, message: gdproto.Message) -> None:
        if type(message) is gdproto.Request:
            self._begin(message)
        elif type(message) is gdproto.Cancel:
            self._cancel(message.request_id)
        elif type(message) is gdproto.Status:
            answer = gdproto.Response(message.request_id, self._lane.status)
            self._write(self._connection.send(answer))
        elif (exchange := self._open.get(message.request_id)) is not None:
            exchange.is_paused = type(message) is gdproto.Pause
            self._go_on(exchange)

    def _cancel(self, request_id: int) -> None:
        exchange = self._open.get(request_id)
        if exchange is None or exchange.is_cancelled or self._loop is None:
            return
        exchange.is_cancelled = True
        if exchange.gatherer is not None:
            exchange.gatherer.cancel(exchange)
            return
        if exchange.call is not None:
            # A thread that runs it may ask; one that waits for room is let on.
            exchange.call.cancel()
            if exchange.room is not None:
                exchange.room.release()
            return
        assert exchange.task is not None
        exchange.task.cancel()
        if exchange.has_begun:
            self._loop.call_later(self._grace_s, self._look_whether_stuck, exchange)
        else:
            # A task that is cancelled before it began does not run at all.
            self.finish(exchange, failure=DirtyCancelledError("the caller gave up"))

    def _look_whether_stuck(self, exchange: Exchange) -> None:
        request = exchange.request
        if self._open.get(request.request_id) is exchange:
            text = f"{head_of(request)} was given up and has not ended since"
            LOG.say("ERROR", f"{text}: the worker is replaced", facts_of(request))
            self._stuck(text)

    # --- one exchange ---

    def _begin(self, request: gdproto.Request, borrowed: Borrowed | None = None) -> None:
        assert self._loop is not None
        exchange = self._open[request.request_id] = Exchange(request, borrowed)
        if (gatherer := self._gatherer_of(request.action)) is not None:
            exchange.gatherer = gatherer
            gatherer.put(exchange)
            return
        exchange.task = self._loop.create_task(self._run(exchange), context=Context())

    async def _run(self, exchange: Exchange) -> None:
        request, exchange.has_begun = exchange.request, True
        try:
            if request.trace is not None:
                exchange.span = spans.begin(request)
            number, trace = request.request_id, request.trace
            RUNNING.set((request.app_path, request.action, exchange.asks, number, trace))
            if self._runs_here(request.action):
                result = self._called(request)
            else:
                result = await self._in_thread(exchange, partial(self._called, request))
            if type(result) not in COMMON:
                if is_awaitable(result):
                    result = await result
                end_copy(name_of(request))
                if is_async_iterator(result):
                    await self._stream(exchange, result)
                    return
                if is_iterator(result):
                    await self._stream_by_thread(exchange, result)
                    return
            self.finish(exchange, result)
        except BaseException as error:
            end_copy(name_of(request), error)
            self.fail(exchange, error)

    def fail(self, exchange: Exchange, error: BaseException) -> None:
        if exchange.is_cancelled:
            self.finish(exchange, failure=DirtyCancelledError("the caller gave up"))
        else:
            failure = app_error(error, exchange.request, self._tracebacks)
            self.finish(exchange, failure=failure)

    def _gatherer_of(self, action: str) -> Gatherer | None:
        """What gathers the calls of the action, if it is batched."""
        gatherer = self._gatherers.get(action)
        app = bare(self._app)
        if gatherer is None and (batch := batch_of(type(app), action)) and not is_forbidden(action):
            converts = self._app if isinstance(self._app, Converted) else None
            taken, given = (converts.taken, converts.given) if converts else (_as_is, _as_is)
            method = partial(batch.function, app)
            gatherer = self._gatherers[action] = Gatherer(self, batch, method, taken, given)
        return gatherer

    def _runs_here(self, action: str) -> bool:
        """Whether the action is declared async, so that calling it takes no time."""
        known = self._is_async.get(action)
        if known is None:
            known = is_declared_async(bare(self._app), action)
            if known:
                # Those are no more than the app has.
                self._is_async[action] = known
        return known

    def _called(self, request: gdproto.Request) -> Any:
        action, kwargs = request.action, request.kwargs
        if is_forbidden(action):
            raise forbidden(action)
        called: Callable[..., Any] = self._app
        if not kwargs.keys().isdisjoint(OUR_NAMES):
            called = by_position(self._app.__call__, 2)
        return called(action, *request.args, **kwargs)

    async def _in_thread(self, exchange: Exchange, call: Callable[[], Any]) -> Any:
        """What the call gives in one of the threads; it is not interrupted."""
        inside = partial(in_worker, name_of(exchange.request), call)
        exchange.call = self._threads.submit(copy_context().run, inside)
        try:
            return await asyncio.wrap_future(exchange.call)
        finally:
            exchange.call = None

    async def in_thread(self, call: Callable[[], Any]) -> Any:
        """What the call, which is several exchanges', gives in one of the threads."""
        assert self._loop is not None
        return await self._loop.run_in_executor(self._threads, in_worker, "a batch", call)

    # --- streams ---

    async def room(self) -> None:
        """Wait until the arbiter takes more."""
        while self.is_full:
            await asyncio.sleep(ROOM_S)

    def end_when_read(self, exchange: Exchange) -> None:
        """End the stream behind what of it is held back."""
        exchange.ends = True
        if not exchange.held:
            self._end_stream(exchange)

    async def _stream(self, exchange: Exchange, items: AsyncIterator[Any]) -> None:
        until_s = monotonic() + TURN_S
        try:
            async for item in items:
                if exchange.is_paused:
                    # It was held back while the item was made.
                    await self._wait(exchange)
                self._send_item(exchange, item)
                if exchange.is_paused or self.is_full:
                    await self._wait(exchange)
                elif monotonic() >= until_s:
                    await asyncio.sleep(0)
                    until_s = monotonic() + TURN_S
        finally:
            close = getattr(items, "aclose", None)
            if close is not None:
                await close()
        self._end_stream(exchange)

    def _send_item(self, exchange: Exchange, item: Any) -> None:
        request = exchange.request
        chunk = gdproto.Chunk(request.request_id, item)
        if not (request.extensions and self._refer(request, chunk, item)):
            self._write(self._connection.send(chunk))

    def _refer(
        self, request: gdproto.Request, answer: gdproto.Chunk | gdproto.Response, value: Any
    ) -> bool:
        """Send an answer of which large bytes go by reference; False where it has none.

        Raises:
            gdproto.ProtocolError: it cannot be encoded.
        """
        if not self._least or not takes_references(request.extensions):
            return False
        found = referring([value], self._least)
        if found is None:
            return False
        (taken,), descriptors, _ = found
        frame = self._connection.send(type(answer)(answer.request_id, taken))
        self._write(Parcel(frame, descriptors))
        return True

    def _end_stream(self, exchange: Exchange) -> None:
        if self.is_open(exchange):
            try:
                exchange.give_back()
            except DirtyError as error:
                self.finish(exchange, failure=error)
                return
            self._write(self._connection.send(gdproto.End(exchange.request.request_id)))
        self._forget(exchange)

    async def _wait(self, exchange: Exchange) -> None:
        """Wait until the exchange may go on."""
        assert self._loop is not None
        while exchange.is_paused or self.is_full:
            exchange.waiter = self._loop.create_future()
            await exchange.waiter
        exchange.waiter = None

    def _go_on(self, exchange: Exchange) -> None:
        """It is held back no more, if it is not."""
        if exchange.is_paused or self.is_full:
            return
        exchange.go_on()
        while exchange.held and not (exchange.is_paused or self.is_full):
            self.put(exchange, exchange.held.popleft())
        if exchange.ends and not exchange.held:
            self._end_stream(exchange)

    async def _stream_by_thread(self, exchange: Exchange, items: Iterator[Any]) -> None:
        assert self._loop is not None
        exchange.held, exchange.room = deque(), threading.Semaphore(MAX_WAITING_ITEMS)
        loop = self._loop

        def put(item: Any) -> None:
            loop.call_soon_threadsafe(self.put, exchange, item)

        error: BaseException | None = None
        try:
            await self._in_thread(exchange, partial(_pump, exchange, items, put, self._threads))
        except BaseException as raised:
            error = raised
        # What stands before it is sent all the same.
        while exchange.held and not exchange.is_cancelled:
            await self._wait(exchange)
        if error is not None:
            try:
                raise error
            finally:
                # Its traceback has this frame.
                del error
        if exchange.is_cancelled:
            raise asyncio.CancelledError
        self._end_stream(exchange)

    def put(self, exchange: Exchange, item: Any) -> None:
        """An item of a plain generator, or of a batch, has come."""
        assert exchange.held is not None
        if exchange.is_paused or self.is_full:
            exchange.held.append(item)
            return
        try:
            if self.is_open(exchange):
                self._send_item(exchange, item)
        except (gdproto.ProtocolError, TypeError) as error:
            # The thread learns of it as of a CANCEL; the caller has been told.
            self.finish(exchange, failure=app_error(error, exchange.request, self._tracebacks))
            exchange.is_cancelled = True
        if exchange.room is not None:
            exchange.room.release()

    # --- what is sent ---

    def is_open(self, exchange: Exchange) -> bool:
        """Whether an answer may be sent: a fault in one of its frames ends an exchange, too."""
        request_id = exchange.request.request_id
        return (
            self._open.get(request_id) is exchange and request_id in self._connection.open_exchanges
        )

    def finish(
        self, exchange: Exchange, result: Any = None, failure: DirtyError | None = None
    ) -> None:
        """Send the one terminal frame; a result that cannot be encoded becomes an ERROR.

        Nothing is sent where the ERROR that answers a fault was that frame.
        """
        request = exchange.request
        request_id = request.request_id
        parts: list[bytes] = []
        if request_id in self._connection.open_exchanges:
            if failure is None:
                try:
                    exchange.give_back()
                    answer = gdproto.Response(request_id, result)
                    if not (request.extensions and self._refer(request, answer, result)):
                        parts = self._connection.send_parts(answer)
                except (gdproto.ProtocolError, TypeError) as error:
                    failure = unencodable(error, request, self._tracebacks)
                except DirtyError as error:
                    failure = error
            if failure is not None:
                parts = self._connection.send_parts(to_message(failure, request_id))
        for part in parts:
            self._write(part)
        if failure is not None and exchange.span is not None:
            exchange.span.failed(failure)
        self._forget(exchange)

    def _forget(self, exchange: Exchange) -> None:
        if self._open.get(exchange.request.request_id) is exchange:
            del self._open[exchange.request.request_id]
        # It may stand in a traceback, or in a context that others keep.
        exchange.task = None
        if exchange.span is not None:
            exchange.span.end()
            exchange.span = None

    def _write(self, data: bytes | Parcel) -> None:
        """Send it with what else the loop's turn brings about."""
        self._out.append(data)
        self._out_bytes += len(data)
        if not self._is_flushing:
            self._is_flushing = True
            assert self._loop is not None
            self._loop.call_soon(self._flush)
        if self._out_bytes >= FULL_BYTES:
            self.is_full = True

    def _flush(self) -> None:
        assert self._loop is not None
        try:
            while self._out:
                sent = self._send_first()
                self._out_bytes -= sent
                self._sent(sent)
        except (BlockingIOError, InterruptedError):
            self._loop.add_writer(self._socket.fileno(), self._flush)
        except OSError:
            # Its end is read, too.
            self._out.clear()
            self._out_bytes = 0
        if not self._out:
            self._is_flushing = False
            self._loop.remove_writer(self._socket.fileno())
        if self.is_full and self._out_bytes < FULL_BYTES // 2:
            self.is_full = False
            for exchange in list(self._open.values()):
                self._go_on(exchange)

    def _send_first(self) -> int:
        """Send what is first, and what can go with it. Returns how many bytes. Raises OSError."""
        first = self._out[0]
        if isinstance(first, Parcel):
            sent = first.send(self._socket, 0)
            self._out[0] = memoryview(first.beginning)
            return sent
        plain = takewhile(lambda one: not isinstance(one, Parcel), islice(self._out, AT_ONCE))
        return self._socket.sendmsg(list(plain))  # type: ignore[arg-type]

    def _sent(self, count: int) -> None:
        out = self._out
        while out and count >= len(out[0]):
            count -= len(out.popleft())
        if count:
            out[0] = memoryview(out[0])[count:]  # type: ignore[arg-type]


def _as_is(value: Any) -> Any:
    return value


def is_declared_async(app: App, action: str) -> bool:
    """Whether the app says that calling the action gives something to be awaited."""
    kind = type(bare(app))
    found = (kind.__call__, getattr(kind, action, None))
    return any(inspect.iscoroutinefunction(one) or inspect.isasyncgenfunction(one) for one in found)


def _pump(
    exchange: Exchange, items: Iterator[Any], put: Callable[[Any], object], threads: CallThreads
) -> None:
    """In a thread, have the items sent as there is room, until the caller gives up."""
    room = exchange.room
    assert room is not None
    try:
        while True:
            if not room.acquire(blocking=False):
                with threads.aside():
                    room.acquire()
            if exchange.is_cancelled:
                return
            try:
                item = next(items)
            except StopIteration:
                return
            end_copy(name_of(exchange.request))
            with suppress(RuntimeError):
                # It may be sent when the generator has changed what it is a view of.
                put(copied(item))
    finally:
        close = getattr(items, "close", None)
        if close is not None:
            close()
