"""A worker's lane in this process, and who calls through it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import gdproto
from dirty_runtime.line_writer import LineWriter
from dirty_runtime.worker.call_threads import CallThreads
from dirty_runtime.worker.lane import ArbiterGone, LaneServer
from dirty_runtime.worker.log import LOG
from dirty_runtime.worker.loop import EventLoop, Stuck
from dirty_runtime.worker.loop_lane import LoopLane
from tests.dirty_runtime.processes import LIMIT_S

APP = "app:App"


class Caller:
    """The arbiter's end of a lane.

    Attributes:
        wire: its socket.
        thread: serves the other end.
    """

    def __init__(self, wire: socket.socket, thread: threading.Thread) -> None:
        self.wire = wire
        self.thread = thread
        self._connection = gdproto.Connection("client")
        self._count = 0

    def send(self, action: str, *args: object) -> int:
        """Call an action. Returns the number of the call."""
        self._count += 1
        request = gdproto.Request(self._count, APP, action, args)
        self.wire.sendall(self._connection.send(request))
        return self._count

    def cancel(self, number: int) -> None:
        """Give the call up."""
        self.wire.sendall(gdproto.Cancel(number).to_bytes())

    def answers(self) -> list[gdproto.Message]:
        """All messages of the call, the terminal one included."""
        found: list[gdproto.Message] = []
        while True:
            event = self._connection.next_event()
            if event is gdproto.NEED_DATA:
                self._connection.receive_data(self.wire.recv(65536))
            elif isinstance(event, gdproto.MessageReceived):
                found.append(event.message)
                if event.ended:
                    return found

    def call(self, action: str, *args: object) -> object:
        """The result of a call. Fails where there is none."""
        self.send(action, *args)
        (answer,) = self.answers()
        assert isinstance(answer, gdproto.Response), answer
        return answer.result

    def items(self, action: str, *args: object) -> list[object]:
        """The items of a stream. Fails where it is none."""
        self.send(action, *args)
        *chunks, last = self.answers()
        assert isinstance(last, gdproto.End), last
        return [chunk.data for chunk in chunks if isinstance(chunk, gdproto.Chunk)]

    def error(self, action: str, *args: object) -> gdproto.Error:
        """How a call failed. Fails where it did not."""
        self.send(action, *args)
        last = self.answers()[-1]
        assert isinstance(last, gdproto.Error), last
        return last


class Said:
    """Where the worker's log goes meanwhile.

    Attributes:
        text: all that was said.
    """

    def __init__(self) -> None:
        self.text = ""

    def follow(self) -> bool:
        return False

    def write(self, data: memoryview) -> int:
        self.text += bytes(data).decode()
        return len(data)


@contextlib.contextmanager
def said() -> Iterator[Said]:
    """What the worker says in the block; all of it, when the block is left."""
    kept, writer = Said(), LOG._writer
    LOG._writer = LineWriter(kept, lambda count: b"")
    try:
        yield kept
    finally:
        LOG._writer.close(LIMIT_S)
        LOG._writer = writer


@contextlib.contextmanager
def lane_to(
    app: object, loop: EventLoop | None = None, *, tracebacks: bool = True
) -> Iterator[Caller]:
    """A lane to the app, which is served by a thread."""
    ours, theirs = socket.socketpair()
    ours.settimeout(LIMIT_S)
    lane = LaneServer(theirs.detach(), {APP: app}, loop or EventLoop(), tracebacks)  # type: ignore[dict-item]

    def serve() -> None:
        with contextlib.closing(lane), contextlib.suppress(ArbiterGone, Stuck):
            lane.serve()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with said(), ours:
        yield Caller(ours, thread)
    thread.join(LIMIT_S)
    assert not thread.is_alive()


@contextlib.contextmanager
def wide_lane_to(app: object, loop: EventLoop, threads: int) -> Iterator[Caller]:
    """A lane of two exchanges to the app, which is served on the loop and by so many threads."""
    ours, theirs = socket.socketpair()
    ours.settimeout(LIMIT_S)
    lane, over = LaneServer(theirs.detach(), {}, loop), threading.Event()
    caller = Caller(ours, threading.current_thread())
    ours.sendall(gdproto.Status(1).to_bytes())
    lane.answer_status({}, None)
    assert ours.recv(4096)
    pool = CallThreads(threads)
    with said(), ours, pool:
        LoopLane(lane, app, 2, loop, pool, LIMIT_S, print, end=print).serve(over)  # type: ignore[arg-type]
        yield caller
        ours.close()
        assert over.wait(LIMIT_S)
