"""A connected socket on the event loop: the arbiter's ends of lanes and of clients.

Rules: what is written goes to the kernel at once, and only what it does not take waits. What was
read goes into the `gdproto.Connection` before whoever listens is told, but for what nobody here
looks at: that goes on to a sink, if there is one, within the kernel. Who listens learns once, and
never from inside a call of its own, that the link is gone.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import gdproto

from .many import Watch
from .passing import (
    Account,
    Descriptors,
    Incoming,
    Parcel,
    Unasked,
    close_aside,
    close_socket,
    let_pass,
    receive_passed,
    receive_within,
    unread_bytes,
)
from .pipe import CAPACITY_BYTES, Pipe
from .small import SMALL_BYTES, receive_small, send_small
from .spool import READING, Spool
from .transfer import MORE_BYTES, RECEIVE_BYTES, receive, widen

log = logging.getLogger("dirty")

# Above the first the reader is asked to hold back; below the second it may go on.
HIGH_WATER_BYTES = 256 * 1024
LOW_WATER_BYTES = 64 * 1024

# Of memory that was passed and that the peer has not read: with more, what comes behind it waits.
MOST_PASSED = 16
MOST_PASSED_BYTES = 64 * 1024 * 1024
# How often it is looked whether the peer has.
LOOK_S = 0.005

Data = bytes | memoryview | Spool | Parcel


class Sink(Protocol):
    """Where bytes go that nobody here looks at."""

    @property
    def may_pour(self) -> bool:
        """Whether it takes some now, so that it is worth a pipe."""

    def pour(self, source: socket.socket, at_most: int, pipe: Pipe) -> int:
        """Take bytes out of `source`, through the pipe of their frame.

        Returns:
            How many; 0 where they are to be read and given to it.

        Raises:
            OSError: as of ``recv``.
        """


class LinkEvents(Protocol):
    """Whoever reads and writes the link."""

    def received(self) -> None:
        """The connection has taken new bytes."""

    def ended(self) -> None:
        """The peer sends no more, which the connection knows; the link closes by itself."""

    def lost(self, error: OSError | None) -> None:
        """The stream is closed; `error` says why, if nobody wished it."""

    def pause_writing(self) -> None:
        """More waits than should."""

    def resume_writing(self) -> None:
        """What waits is little again."""

    def waiting_changed(self) -> None:
        """`Link.waiting_bytes` is another."""


class Link:
    """A socket, the connection that its bytes belong to, and who is told of them.

    Args:
        watch: tells when the socket is ready; by default the running event loop.

    Attributes:
        waiting_bytes: what was written and not yet taken by the kernel.
        waiting_in_files: what of that is in files, in bytes.
        waiting_passed_bytes: what of that is in memory that is passed.
        incoming: the descriptors that have come; None where none are taken.
    """

    def __init__(
        self,
        connected: socket.socket,
        connection: gdproto.Connection,
        events: LinkEvents,
        watch: Watch | None = None,
    ) -> None:
        connected.setblocking(False)
        self.socket = connected
        self.is_closing = False
        # Where the frame goes that is handed out in parts, and through what, once it flows.
        self._sink: Sink | None = None
        self._pipe: Pipe | None = None
        self._pours = True
        self._connection = connection
        self._events = events
        self._loop = asyncio.get_running_loop()
        self._watch = watch or self._loop
        self._at_most = RECEIVE_BYTES
        # Whether little came last, and nothing is handed on: then little is looked for.
        self._is_quiet = True
        # What waits to be sent, and how much of the first of it has been.
        self._waiting: deque[Data | Pipe] = deque()
        self.waiting_bytes = 0
        self.waiting_in_files = self.waiting_passed_bytes = 0
        # Of the file that waits first, what was read and not sent yet.
        self._read_ahead = 0
        self._sent = 0
        self._is_full = False
        self._is_wide = False
        self._ends_writing = False
        # Whether what is written is not simply sent: it waits behind other things, or is in vain.
        self._takes_none = False
        self._error: OSError | None = None
        # Given the socket, uvloop would keep it open for a while after its close.
        self._number = connected.fileno()
        self.incoming: Incoming | None = None
        # Whether what waits first is held back until the peer has read more.
        self._waits_to_pass = False
        # What was passed, and may not have been read.
        self._passed: list[Descriptors] = []
        self._look: asyncio.TimerHandle | None = None
        self._watch.add_reader(self._number, self._read)

    # --- reading ---

    def _read(self) -> None:
        if self.incoming is not None:
            # It was said since this was asked for.
            self._read_with_descriptors()
            return
        try:
            if self._is_quiet:
                count = receive_small(self._number, self._connection)
                if count is None:
                    return
                if count == SMALL_BYTES:
                    self._is_quiet = False
            else:
                count = self._read_much()
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._fail(error)
            return
        if count:
            # As `attempt`, which would be one more step for each frame.
            try:
                self._events.received()
            except Exception:
                self._fault()
        else:
            self.attempt(self._end)

    def take_descriptors(
        self, accounts: Sequence[Account] = (), reads: bool = False, pours: bool = True
    ) -> None:
        """From now on, take the descriptors that come with frames, and count them.

        Args:
            reads: it is known that the link is read now.
            pours: whether large frames stay within the kernel, which closes what is passed there.
        """
        if self.incoming is None or isinstance(self.incoming, Unasked):
            let_pass(self.socket, True)
            self.incoming = Incoming(accounts)
            self._pours = pours
            if reads:
                self._watch.add_reader(self._number, self._read_with_descriptors)

    def take_none(self) -> None:
        """From now on, close the descriptors that come, whatever that takes."""
        self.incoming = Unasked()
        self._pours = False

    def _read_with_descriptors(self) -> None:
        """As `_read`; inside of a frame none are passed."""
        passed: list[int] = []
        incoming = self.incoming
        assert incoming is not None
        try:
            if self._is_quiet and self._connection.room is None:
                count = receive_small(self._number, self._connection, passed)
                if count is None:
                    return
                if count == SMALL_BYTES:
                    self._is_quiet = False
            else:
                count = self._read_much_with_descriptors(passed)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._fail(error)
            return
        incoming.received += count
        if passed:
            incoming.add(passed)
        if count:
            # As in `_read`.
            try:
                self._events.received()
            except Exception:
                self._fault()
        else:
            self.attempt(self._end)

    def _read_much_with_descriptors(self, passed: list[int]) -> int:
        """As `_read_much`: what is read beyond the frame that is under way may be another's
        beginning, with what is passed.
        """
        count = self._pour_on(self._sink) if self._sink is not None else 0
        if count:
            return count
        if self._connection.room:
            return self._receive_within()
        return self._receive_passed(passed)

    def _receive_within(self) -> int:
        """Read what is left of a frame. Returns how many bytes."""
        assert self._connection.room is not None
        count = receive_within(self.socket, self._connection.room)
        self._connection.filled(count)
        if not count:
            self._connection.receive_eof()
        return count

    def _receive_passed(self, passed: list[int]) -> int:
        """Read what may be much, and what is passed with it. Returns how many bytes."""
        data = receive_passed(self.socket, self._at_most, passed)
        if data:
            self._connection.receive_data(data)
        else:
            self._connection.receive_eof()
        self._at_most = MORE_BYTES if len(data) >= RECEIVE_BYTES else RECEIVE_BYTES
        self._is_quiet = len(data) < SMALL_BYTES and self._sink is None
        return len(data)

    def receive_left(self) -> int:
        """Take what is there of a peer that has ended. Returns how many bytes. Raises OSError."""
        if self.incoming is None:
            return receive(self.socket, self._connection)
        if self._connection.room:
            count = self._receive_within()
            self.incoming.fed(count, [])
            return count
        passed: list[int] = []
        data = receive_passed(self.socket, RECEIVE_BYTES, passed)
        self._connection.receive_data(data)
        if not data:
            self._connection.receive_eof()
        self.incoming.fed(len(data), passed)
        return len(data)

    def _read_much(self) -> int:
        """Read what may be much, or have the sink take it. Returns how many bytes."""
        count = self._pour_on(self._sink) if self._sink is not None else 0
        if not count:
            count = receive(self.socket, self._connection, 0, self._at_most)
        self._at_most = MORE_BYTES if count >= RECEIVE_BYTES else RECEIVE_BYTES
        self._is_quiet = count < SMALL_BYTES and self._sink is None
        return count

    def attempt(self, act: Callable[[], None]) -> None:
        """Do it; what it raises is logged, and ends this connection alone."""
        try:
            act()
        except Exception:
            self._fault()

    def _fault(self) -> None:
        log.exception("a connection fails")
        # Whoever listens is told that nobody wished it.
        self._fail(OSError("it fails"))

    def _end(self) -> None:
        self._events.ended()
        self.close()

    def pour_into(self, sink: Sink) -> None:
        """Have the sink take what nobody here looks at of the frame that is under way."""
        self._sink, self._pipe = sink if self._pours else None, None
        self._is_quiet = False

    def _pour_on(self, sink: Sink) -> int:
        """Have the sink take what it may. Returns how many bytes; 0 where they are to be read."""
        at_most = min(self._connection.passable, CAPACITY_BYTES)
        if at_most and not sink.may_pour:
            # Not yet, or no more.
            self._pipe = None
            return 0
        count = self._pour_some(sink, at_most) if at_most else 0
        if not count:
            self._sink = self._pipe = None
        return count

    def _pour_some(self, sink: Sink, at_most: int) -> int:
        if self._pipe is None:
            self._pipe = Pipe.made()
        count = sink.pour(self.socket, at_most, self._pipe) if self._pipe is not None else 0
        if count:
            self._connection.passed(count)
        return count

    def pause_reading(self) -> None:
        """Read nothing for now. The end of the link is not seen either."""
        if not self.is_closing:
            self._watch.remove_reader(self._number)

    def resume_reading(self) -> None:
        """Read on."""
        if not self.is_closing:
            takes = self.incoming is not None
            self._watch.add_reader(
                self._number, self._read_with_descriptors if takes else self._read
            )

    def read_in_vain(self) -> None:
        """Forget whatever is read from now on."""
        self._sink = self._pipe = None
        self.incoming = None
        if not self.is_closing:
            self._watch.add_reader(self._number, self._discard)

    def _discard(self) -> None:
        passed: list[int] = []
        try:
            if not receive_passed(self.socket, RECEIVE_BYTES, passed):
                self.close()
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._fail(error)
        if passed:
            close_aside(passed)

    # --- writing ---

    def write(self, data: Data) -> None:
        """Send, now or as soon as the kernel takes it; after `write_eof` nothing."""
        if self._takes_none or type(data) is not bytes:
            self._write_else(data)
            return
        try:
            sent = send_small(self._number, data)
        except OSError as error:
            self._fail(error)
            return
        if sent < len(data):
            self._keep(data, sent)

    def _write_else(self, data: Data) -> None:
        """As `write`, what is not just sent."""
        if self.is_closing or self._ends_writing:
            return
        must_wait = isinstance(data, Parcel) and not self._may_pass()
        if self._waiting or must_wait or isinstance(data, Spool):
            self._keep(data, 0)
            return
        try:
            sent = self._pass(data) if isinstance(data, Parcel) else self.socket.send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError as error:
            self._fail(error)
            return
        if sent < len(data):
            self._keep(data, sent)

    # --- passing ---

    def _pass(self, parcel: Parcel) -> int:
        """Send the beginning of a frame, and its descriptors. Returns how many bytes.

        Raises:
            OSError: as of ``sendmsg``.
        """
        sent = parcel.send(self.socket, 0)
        self._passed.append(parcel.descriptors)
        if self._look is None:
            self._look = self._loop.call_later(LOOK_S, self._look_whether_read)
        return sent

    def _may_pass(self) -> bool:
        """Whether so little is unread of what was passed that there may be more."""
        count = sum(len(one.numbers) or 1 for one in self._passed)
        if count < MOST_PASSED and sum(one.bytes for one in self._passed) < MOST_PASSED_BYTES:
            return True
        return not self._is_unread()

    def _is_unread(self) -> bool:
        if self._passed and not unread_bytes(self.socket):
            self._passed.clear()
        return bool(self._passed)

    def _look_whether_read(self) -> None:
        self._look = None
        if self.socket.fileno() < 0:
            self._passed.clear()
        elif self._is_unread():
            self._look = self._loop.call_later(LOOK_S, self._look_whether_read)
        if self._waiting and self._waits_to_pass and self._may_pass():
            self._waits_to_pass = False
            self._watch.add_writer(self._number, self._flush)

    @property
    def may_pour(self) -> bool:
        """Whether something may still be written."""
        return not (self.is_closing or self._ends_writing)

    def pour(self, source: socket.socket, at_most: int, pipe: Pipe) -> int:
        """As `write`, with what it takes out of `source` by itself: see `Sink`."""
        if self.is_closing or self._ends_writing:
            return 0
        waited = len(pipe)
        try:
            count = pipe.fill(source, at_most)
        except BlockingIOError:
            if waited:
                # It may be the pipe that is full.
                self._hold_back()
            raise
        if waited:
            self._grow(count)
            return count
        try:
            if not self._waiting:
                pipe.send(self.socket)
        except (BlockingIOError, InterruptedError):
            pass
        except OSError as error:
            self._fail(error)
        if pipe and not self.is_closing:
            self._keep(pipe, 0)
        return count

    def _keep(self, data: Data | Pipe, sent: int) -> None:
        if not self._waiting:
            if not self._is_wide:
                # Most peers never need it.
                self._is_wide = True
                widen(self.socket)
            self._sent = sent
            self._watch.add_writer(self._number, self._flush)
        self._takes_none = True
        self._waiting.append(data)
        if type(data) is Spool:
            self.waiting_in_files += len(data)
        if type(data) is Parcel and not sent:
            # Who does not take it is to be held back by what it holds.
            self.waiting_passed_bytes += data.descriptors.bytes
            self.waiting_bytes += data.descriptors.bytes
        self._grow(len(data) - sent)

    def _grow(self, count: int) -> None:
        self.waiting_bytes += count
        if self.waiting_bytes > HIGH_WATER_BYTES:
            self._hold_back()
        self._events.waiting_changed()

    def _hold_back(self) -> None:
        if not self._is_full:
            self._is_full = True
            self._events.pause_writing()

    def _flush(self) -> None:
        self.attempt(self._flush_first)

    def _flush_first(self) -> None:
        """Send what waits, a turn of the loop for each of it: others have their turns too."""
        data = self._waiting[0]
        if isinstance(data, Parcel) and not self._sent and not self._may_pass():
            self._waits_to_pass = True
            self._watch.remove_writer(self._number)
            return
        try:
            if isinstance(data, Pipe):
                sent = data.send(self.socket)
            elif isinstance(data, Parcel):
                if self._sent:
                    sent = data.send(self.socket, self._sent)
                else:
                    sent = self._pass(data)
                    self.waiting_passed_bytes -= data.descriptors.bytes
                    self.waiting_bytes -= data.descriptors.bytes
            elif isinstance(data, Spool):
                sent = data.send(self.socket, self._sent)
            else:
                sent = self.socket.send(memoryview(data)[self._sent :])
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._fail(error)
            return
        if not sent and (spool := spool_of(data)) is not None:
            self._read_first(spool)
            return
        self.waiting_bytes -= sent
        if type(data) is Spool:
            from_memory = min(sent, self._read_ahead)
            self._read_ahead -= from_memory
            self.waiting_in_files -= sent - from_memory
        if not isinstance(data, Pipe):
            self._sent += sent
        if self._sent == len(data):
            self._waiting.popleft()
            self._sent = 0
        if not self._waiting:
            self._watch.remove_writer(self._number)
            self._takes_none = self.is_closing or self._ends_writing
            if self.is_closing:
                self._lose()
            elif self._ends_writing:
                self._shut()
        if self._is_full and self.waiting_bytes <= LOW_WATER_BYTES:
            self._is_full = False
            self._events.resume_writing()
        self._events.waiting_changed()

    def _read_first(self, spool: Spool) -> None:
        """Have a thread read what is to be sent next."""
        self._watch.remove_writer(self._number)
        reading = self._loop.run_in_executor(READING, spool.read, self._sent)
        reading.add_done_callback(lambda _: self.attempt(partial(self._was_read, spool, reading)))

    def _was_read(self, spool: Spool, reading: asyncio.Future[int]) -> None:
        error = reading.exception()
        if self.socket.fileno() < 0:
            return
        if isinstance(error, OSError):
            self._fail(error)
            return
        if self._waiting[0] is spool:
            self._read_ahead = reading.result()
            self.waiting_in_files -= self._read_ahead
            self._events.waiting_changed()
        self._watch.add_writer(self._number, self._flush)

    def write_eof(self) -> None:
        """Send nothing more after what was written; what the peer sends is still read."""
        self._ends_writing = self._takes_none = True
        if not self._waiting and not self.is_closing:
            self._shut()

    def _shut(self) -> None:
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError as error:
            self._fail(error)

    # --- the end ---

    def hand_over(self, events: LinkEvents) -> None:
        """Have somebody else be told, from the next event on."""
        self._events = events

    def forget(self, connection: gdproto.Connection) -> None:
        """It is lost. Have an empty connection, and nobody to tell: nothing is to wait for the
        collector, neither what came of a frame nor whoever knows this link.
        """
        self._connection = connection
        del self._events

    def close(self) -> None:
        """Read no more; close when what was written has been taken."""
        if self.is_closing:
            return
        self.is_closing = self._takes_none = True
        self._watch.remove_reader(self._number)
        if not self._waiting:
            self._lose()

    def abort(self) -> None:
        """Close at once."""
        if self.socket.fileno() < 0:
            return
        self.is_closing = self._takes_none = True
        self._waiting.clear()
        self._lose()

    def _fail(self, error: OSError) -> None:
        # The frames that it passed, and another that it came of, hold what waits.
        self._error = error.with_traceback(None)
        error.__context__ = None
        self.abort()

    def _lose(self) -> None:
        if self.socket.fileno() < 0:
            return
        self._watch.remove_reader(self._number)
        self._watch.remove_writer(self._number)
        close_socket(self.socket)
        # Descriptors, and what refers to this, are not to wait for the collector.
        self._sink = self._pipe = None
        self._waiting.clear()
        self._passed.clear()
        self.incoming = None
        self._loop.call_soon(self._events.lost, self._error)


def spool_of(data: Data | Pipe) -> Spool | None:
    """The file in which it is; None where it is in none."""
    if isinstance(data, Parcel):
        return spool_of(data.frame)
    return data if isinstance(data, Spool) else None
