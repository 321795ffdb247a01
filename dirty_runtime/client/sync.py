"""Blocking calls: a pool of channels, each with one exchange at a time.

Rules: any thread may call; a thread that finds no idle channel opens one. A channel is kept when
its exchange has ended and closed when it has not, which cancels the exchange. A channel that the
arbiter closed, or that a parent process opened, is not used again. No request is sent twice that
may have begun. The answer to a call that follows a quick one is looked for awake, as `round_trip`
says.
"""

from __future__ import annotations

import errno
import itertools
import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from math import inf
from typing import TYPE_CHECKING, Any

import gdproto
from gdproto import MessageReceived, Response

from ..errors import DirtyConnectionError, DirtyError, DirtyProtocolError, from_message
from ..sockets.own import end, is_pythons, unix_socket
from ..sockets.passing import Incoming, receive_passed, send_passing
from ..sockets.round_trip import round_trip, round_trip_of_its_own
from ..sockets.transfer import RECEIVE_BYTES, receive, widen
from .answers import (
    Deadline,
    answer_in,
    broken,
    lost,
    may_ask_again,
    result_of,
    says_nothing_began,
    unreachable,
)
from .large import TAKES, TOO_LARGE, Large, Referring, answered, never, passing_in

if TYPE_CHECKING:
    from ..sockets.lent import Lent

# What a socket's buffer takes at once, or nearly.
SMALL_FRAME_BYTES = 64 * 1024
# How far a wait may outlast its deadline, so that not every wait has to be set anew.
SLACK_S = 0.01
# A call as quick as this lets the next one be waited for awake, for at most so long.
QUICK_S = 0.0002
AWAKE_S = 0.0001
# Likewise, where memory was passed: processes that have slept while it was filled wake up later.
QUICK_PASSED_S = AWAKE_PASSED_S = 0.0006
CONNECT_PAUSE_S = 0.005

# The number of forks that lie between this process and the one that imported this module.
_forks = itertools.count()
_generation = next(_forks)


def _forked() -> None:
    global _generation
    _generation = next(_forks)


os.register_at_fork(after_in_child=_forked)


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def timeval(seconds: float) -> bytes:
    """As the kernel takes a limit. At least a microsecond: zero would be for ever."""
    return struct.pack("@ll", int(seconds), int(seconds % 1 * 1_000_000) or 1)


class Channel:
    """One connection to the arbiter.

    Attributes:
        connection: what its bytes belong to.
        is_clean: whether no exchange is open.
        thread: the only one that may use it; None for any.

    Raises:
        DirtyConnectionError: the arbiter cannot be reached.
        DirtyTimeoutError: the time is over.
    """

    def __init__(self, socket_path: str, deadline: Deadline, large: Large | None = None) -> None:
        self._path = socket_path
        self._pid = os.getpid()
        # Whether it was asked, and what comes if descriptors may be passed.
        self._was_asked = self._may_lend = False
        self._incoming: Incoming | None = None
        # What is lent for the exchange that is open.
        self._lent: Lent | None = None
        self.connection = gdproto.Connection("client")
        self._limit_s = 0.0
        self.is_clean = True
        # Where there is one processor, who stays awake keeps the arbiter from it.
        self._has_processors = processors() > 1
        # How long the last answer was waited for.
        self._took_s = inf
        try:
            self._socket = unix_socket()
        except OSError as error:
            raise unreachable(socket_path, error) from None
        self._is_pythons = is_pythons(self._socket)
        # What waits its own way has no call for descriptors.
        self._large = large if large is not None and self._is_pythons else never()
        # A socket of gevent serves only the thread that made it.
        self.thread = None if self._is_pythons else threading.get_native_id()
        self._there_and_back = round_trip if self._is_pythons else round_trip_of_its_own
        try:
            widen(self._socket)
            connect = self._connect if self._is_pythons else self._connect_in_turn
            connect(socket_path, deadline)
        except BaseException as error:
            self._socket.close()
            if isinstance(error, TimeoutError):
                raise deadline.passed() from None
            if isinstance(error, OSError | ValueError):
                raise unreachable(socket_path, error) from None
            raise

    def _connect(self, socket_path: str, deadline: Deadline) -> None:
        """Connect, waiting in the kernel while the arbiter's backlog is full. Raises OSError."""
        # A socket with a timeout, of the process's default say, would not wait but fail.
        self._socket.settimeout(None)
        while True:
            limit = timeval(deadline.left_s())
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
            try:
                self._socket.connect(socket_path)
            except BlockingIOError:
                raise TimeoutError from None
            try:
                self._socket.getpeername()
                return
            except OSError as error:
                # Python takes it for connected when a signal was handled meanwhile.
                if error.errno != errno.ENOTCONN:
                    raise

    def _connect_in_turn(self, socket_path: str, deadline: Deadline) -> None:
        """Connect, letting others run while the arbiter's backlog is full. Raises OSError."""
        self._socket.settimeout(0.0)
        while True:
            try:
                self._socket.connect(socket_path)
                return
            except BlockingIOError:
                time.sleep(min(CONNECT_PAUSE_S, deadline.left_s()))

    def send(self, message: gdproto.Message, limit: Deadline) -> bool:
        """Open an exchange; when it returns, the answer has begun to come or is to be received.

        Returns:
            False when the arbiter has closed the connection: no call that has not been sent
            as a whole has begun.

        Raises:
            DirtyError: the message cannot be encoded, the time is over, or the connection
                broke.
        """
        try:
            if self._large.was_seen and not self._was_asked:
                self._ask(limit)
            if self._incoming is not None and isinstance(message, gdproto.Request):
                message.extensions = TAKES
                found = self._large.referring(message, self._may_lend)
                if found is not None:
                    return self._send_referring(found, limit)
            parts = self.connection.send_parts(message)
        except gdproto.ProtocolError as error:
            return self._send_too_large(message, error, limit)
        except BrokenPipeError:
            return False
        except OSError as error:
            raise lost(self._path, error) from None
        self.is_clean = False
        try:
            if len(parts) == 1 and len(parts[0]) <= SMALL_FRAME_BYTES:
                self._round_trip(parts[0], limit)
            elif not self._send_by_reference(message, limit, sum(map(len, parts))):
                self._send_large(parts, limit)
        except TimeoutError:
            raise limit.passed() from None
        except BrokenPipeError:
            return False
        except OSError as error:
            raise lost(self._path, error) from None
        return True

    # --- what goes by reference ---

    def _ask(self, limit: Deadline) -> None:
        """Ask whether descriptors may be passed.

        Raises:
            BrokenPipeError: the arbiter has closed the connection.
            DirtyError: the time is over, or what came broke the protocol.
            OSError: the connection fails.
        """
        self._was_asked = True
        was_clean, self.is_clean = self.is_clean, False
        number = next(self._large.ids)
        # So little does not wait.
        self._socket.sendall(self.connection.send(gdproto.Status(number)))
        while True:
            event = self.connection.next_event()
            if type(event) is MessageReceived and event.message.request_id == number:
                break
            if isinstance(event, gdproto.ConnectionClosed):
                raise BrokenPipeError
            if event is gdproto.NEED_DATA:
                self._wait_at_most(limit.left_s())
                self._receive()
            elif type(event) is MessageReceived:
                answer_in(event, self._path)
        self.is_clean = was_clean
        may_pass, self._may_lend = passing_in(event.message)
        if may_pass:
            self._incoming = Incoming()

    def _may_pass(self, message: gdproto.Message, limit: Deadline) -> bool:
        if type(message) is not gdproto.Request:
            return False
        if not self._was_asked:
            self._ask(limit)
        return self._incoming is not None

    def _send_by_reference(self, message: gdproto.Message, limit: Deadline, size: int) -> bool:
        """Send a frame whose exchange is open; False where nothing of it may be passed."""
        if not self._large.sees(size) or not self._may_pass(message, limit):
            return False
        assert isinstance(message, gdproto.Request)
        found = self._large.referring(message, self._may_lend)
        if found is None:
            return False
        message.extensions = TAKES
        self._pass(found.request.to_bytes(), found, limit)
        return True

    def _send_too_large(
        self, message: gdproto.Message, error: gdproto.ProtocolError, limit: Deadline
    ) -> bool:
        """As `send`, what no frame carries. Raises DirtyError."""
        found = None
        try:
            if (
                error.code in TOO_LARGE
                and self._large.sees_too_large()
                and self._may_pass(message, limit)
            ):
                assert isinstance(message, gdproto.Request)
                found = self._large.referring(message, self._may_lend, is_too_large=True)
            if found is None:
                raise DirtyProtocolError.of(error) from None
        except BrokenPipeError:
            return False
        except OSError as fault:
            raise lost(self._path, fault) from None
        return self._send_referring(found, limit)

    def _send_referring(self, found: Referring, limit: Deadline) -> bool:
        """As `send`. Raises DirtyError."""
        try:
            frame = self.connection.send(found.request)
            self.is_clean = False
            self._pass(frame, found, limit)
        except gdproto.ProtocolError as error:
            raise DirtyProtocolError.of(error) from None
        except TimeoutError:
            raise limit.passed() from None
        except BrokenPipeError:
            return False
        except OSError as error:
            raise lost(self._path, error) from None
        return True

    def _pass(self, frame: bytes, found: Referring, limit: Deadline) -> None:
        self._lent = found.lent
        with closing(found.descriptors):
            self._wait_at_most(limit.left_s())
            sent = send_passing(self._socket, frame, found.descriptors.numbers)
            if sent < len(frame):
                self._send_large([frame[sent:]], limit)
        self._round_trip(b"", limit, QUICK_PASSED_S, AWAKE_PASSED_S)

    def _answered(self, answer: gdproto.Message) -> None:
        lent, self._lent = self._lent, None
        if lent is not None:
            answered(lent, answer)

    def _receive_passed(self, at_most: int) -> None:
        assert self._incoming is not None
        passed: list[int] = []
        data = receive_passed(self._socket, at_most, passed)
        self.connection.receive_data(data)
        if not data:
            self.connection.receive_eof()
        self._incoming.fed(len(data), passed)

    def _resolved(self, message: gdproto.Message) -> gdproto.Message:
        assert self._incoming is not None
        descriptors = self._incoming.last(self.connection.untaken_bytes)
        return message if descriptors is None else self._large.resolved(message, descriptors)

    def _round_trip(
        self, frame: bytes, limit: Deadline, quick_s: float = QUICK_S, awake_s: float = AWAKE_S
    ) -> None:
        started_s = time.monotonic()
        # As `_wait_at_most`, which is seldom needed.
        if not 0 <= self._limit_s - limit.due_s + started_s < SLACK_S:
            self._wait_at_most(limit.left_s())
        if self._took_s >= quick_s or not self._has_processors:
            awake_s = 0.0
        if self._incoming is None:
            data = self._there_and_back(self._socket, frame, awake_s)
        else:
            passed: list[int] = []
            data = self._there_and_back(self._socket, frame, awake_s, passed)
            self._incoming.fed(len(data), passed)
        self._took_s = time.monotonic() - started_s
        if data:
            self.connection.receive_data(data)
        else:
            self.connection.receive_eof()

    def _send_large(self, parts: list[bytes], limit: Deadline) -> None:
        for part in parts:
            self._wait_at_most(limit.left_s())
            try:
                self._socket.sendall(part)
            except ConnectionError:
                # The arbiter has not got all of it.
                raise BrokenPipeError from None

    def _wait_at_most(self, seconds: float) -> None:
        if not 0 <= self._limit_s - seconds < SLACK_S:
            # The next call of as many seconds has some microseconds more, or less, left by then.
            self._limit_s = seconds + SLACK_S / 10
            self._socket.settimeout(self._limit_s)

    def receive(self, deadline: Deadline, idle_s: float | None = None) -> gdproto.Message:
        """The next answer, waited for until the deadline, or for `idle_s` seconds if given.

        Raises:
            DirtyError: nothing came, or what came broke the protocol.
        """
        limit = deadline if idle_s is None else deadline.within(idle_s)
        try:
            while True:
                event = self.connection.next_event()
                if type(event) is MessageReceived and event.message.request_id:
                    self.is_clean = event.ended
                    if self._lent is not None and event.ended:
                        self._answered(event.message)
                    if self._incoming is not None and self._incoming.came:
                        return self._resolved(event.message)
                    return event.message
                if event is gdproto.NEED_DATA:
                    self._wait_at_most(limit.left_s())
                    self._receive()
                elif (answer := answer_in(event, self._path)) is not None:
                    self.is_clean = answer.ended
                    return answer.message
        except gdproto.ProtocolError as error:
            self.is_clean = not self.connection.open_exchanges
            raise broken(error) from None
        except TimeoutError:
            raise limit.passed() from None
        except OSError as error:
            raise lost(self._path, error) from None

    def _receive(self) -> None:
        """Read once. Raises OSError."""
        try:
            if self._incoming is None:
                receive(self._socket, self.connection)
            elif self.connection.room:
                self._incoming.fed(receive(self._socket, self.connection), [])
            else:
                self._receive_passed(RECEIVE_BYTES)
            self._large.sees(self.connection.kept_bytes)
        except ConnectionResetError:
            # Whether something was under way, the connection knows.
            self.connection.receive_eof()

    def close(self) -> None:
        """Close; an exchange that is still open is cancelled by it, but for a parent's."""
        self._lent = None
        end(self._socket, self._pid)


class Channels:
    """The channels of one client."""

    def __init__(self, socket_path: str, large: Large | None = None) -> None:
        self.large = large or never()
        self._idle: list[Channel] = []
        self._path = socket_path
        self._generation = _generation

    def open(self, deadline: Deadline) -> None:
        """Have a channel ready. Raises DirtyConnectionError."""
        self._keep(self._idle_channel() or Channel(self._path, deadline, self.large))

    def ask(self, message: gdproto.Message, deadline: Deadline) -> Any:
        """The result that answers `message`. Raises DirtyError."""
        channel, answer = self._first(message, deadline)
        self._keep(channel)
        return answer.result if type(answer) is Response else result_of(answer)

    def ask_or_stream(
        self, message: gdproto.Message, deadline: Deadline, idle_s: float | None
    ) -> Any:
        """The result that answers `message`, or an iterator over its chunks. Raises DirtyError."""
        channel, answer = self._first(message, deadline)
        if type(answer) is gdproto.Chunk or type(answer) is gdproto.End:
            return self._rest(channel, answer, deadline, idle_s)
        self._keep(channel)
        return result_of(answer)

    def stream(
        self, message: gdproto.Message, deadline: Deadline, idle_s: float | None
    ) -> Iterator[Any]:
        """The chunks that answer `message`, or its one result. Raises DirtyError."""
        channel, answer = self._first(message, deadline, idle_s)
        return self._rest(channel, answer, deadline, idle_s)

    def _rest(
        self, channel: Channel, first: gdproto.Message, deadline: Deadline, idle_s: float | None
    ) -> Iterator[Any]:
        """The chunks from the first answer on; it is closed, too, where nobody reads it."""

        def chunks(answer: gdproto.Message) -> Iterator[Any]:
            try:
                yield None
                while type(answer) is gdproto.Chunk:
                    yield answer.data
                    answer = channel.receive(deadline, idle_s)
                if not isinstance(answer, gdproto.End):
                    yield result_of(answer)
            finally:
                self._keep(channel)

        begun = chunks(first)
        # What has not begun has no end either.
        next(begun)
        return begun

    def close(self) -> None:
        """Close the channels that are idle."""
        while self._idle:
            self._idle.pop().close()

    def __del__(self) -> None:
        # The clients of threads have nobody else to close them.
        self.close()

    def _first(
        self, message: gdproto.Message, deadline: Deadline, idle_s: float | None = None
    ) -> tuple[Channel, gdproto.Message]:
        """The first answer, and the channel on which it came: a new one if nothing had begun.

        Raises:
            DirtyError: there is no answer.
        """
        channel = self._begin(message, deadline if idle_s is None else deadline.within(idle_s))
        try:
            answer = channel.receive(deadline, idle_s)
        except BaseException as error:
            self._keep(channel)
            if not may_ask_again(error, message):
                raise
            failure = error
        else:
            if type(answer) is not gdproto.Error or not says_nothing_began(answer):
                return channel, answer
            channel.close()
            failure = from_message(answer)
        return self._elsewhere(message, deadline, idle_s, failure)

    def _elsewhere(
        self,
        message: gdproto.Message,
        deadline: Deadline,
        idle_s: float | None,
        failure: DirtyError,
    ) -> tuple[Channel, gdproto.Message]:
        """As `_first`, once more. Raises `failure` where nobody is to be reached."""
        self.close()
        if isinstance(message, gdproto.Request):
            self.large.failed(message.app_path, failure)
            message.extensions = None
        try:
            # What an app takes no references for is sent as it is.
            channel = Channel(self._path, deadline, self.large)
        except DirtyConnectionError:
            raise failure from None
        try:
            channel.send(message, deadline.within(idle_s))
            return channel, channel.receive(deadline, idle_s)
        except BaseException:
            self._keep(channel)
            raise

    def _begin(self, message: gdproto.Message, deadline: Deadline) -> Channel:
        """A channel on which `message` was sent."""
        while True:
            idle = self._idle_channel()
            channel = idle or Channel(self._path, deadline, self.large)
            try:
                # A new one that the arbiter closed may hold the reason, for whoever reads it.
                if channel.send(message, deadline) or idle is None:
                    return channel
            except BaseException as error:
                is_left = isinstance(error, DirtyError) and says_nothing_began(error)
                if idle is None or not is_left:
                    self._keep(channel)
                    raise
            channel.close()

    def _idle_channel(self) -> Channel | None:
        if self._generation != _generation:
            # Copies of the parent's: closing them leaves the parent's open.
            self.close()
            self._generation = _generation
        try:
            channel = self._idle.pop()
        except IndexError:
            return None
        if channel.thread is None or channel.thread == threading.get_native_id():
            return channel
        self._idle.insert(0, channel)
        return None

    def _keep(self, channel: Channel) -> None:
        # What came behind the end of an exchange is about the connection.
        has_more = channel.connection.untaken_bytes
        if channel.is_clean and not has_more and self._generation == _generation:
            self._idle.append(channel)
        else:
            channel.close()
