"""Blocking calls: a pool of channels, each with one exchange at a time.

Rules: any thread may call; a thread that finds no idle channel opens one. A channel is kept when
its exchange has ended and closed when it has not, which cancels the exchange. A channel that the
arbiter closed, or that a parent process opened, is not used again. No request is sent twice.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from typing import Any

import gdproto

from ..errors import DirtyProtocolError
from .answers import Deadline, answer_in, closed, encoded, result_of, unreachable

RECEIVE_BYTES = 256 * 1024


class Channel:
    """One connection to the arbiter.

    Raises:
        DirtyConnectionError: the arbiter cannot be reached.
    """

    def __init__(self, socket_path: str, deadline: Deadline) -> None:
        self._path = socket_path
        self._connection = gdproto.Connection("client")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # A full backlog is waited for only by a blocking socket, which has this limit.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(deadline))
            self._socket.connect(socket_path)
        except OSError as error:
            self._socket.close()
            raise unreachable(socket_path, error) from None

    @property
    def is_clean(self) -> bool:
        """Whether another exchange may begin."""
        return not self._connection.open_exchanges

    def is_alive(self) -> bool:
        """Whether the arbiter still holds the other end, as far as it is known by now."""
        self._socket.settimeout(0)
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        # The end of the stream, or bytes that nobody asked for.
        return False

    def send(self, message: gdproto.Message, deadline: Deadline) -> None:
        """Open an exchange. Raises DirtyError."""
        frame = encoded(self._connection, message)
        self._socket.settimeout(deadline.left_s())
        try:
            self._socket.sendall(frame)
        except TimeoutError:
            raise deadline.passed() from None
        except (BrokenPipeError, ConnectionResetError):
            # The arbiter may have said why, before it closed.
            return
        except OSError as error:
            raise unreachable(self._path, error) from None

    def receive(self, deadline: Deadline, idle_s: float | None = None) -> gdproto.MessageReceived:
        """The next answer, waited for until the deadline, or for `idle_s` seconds if given.

        Raises:
            DirtyError: nothing came, or what came broke the protocol.
        """
        limit = deadline if idle_s is None else Deadline(min(idle_s, deadline.left_s()))
        while True:
            try:
                event = self._connection.next_event()
            except gdproto.ProtocolError as error:
                raise DirtyProtocolError.of(error) from None
            answer = answer_in(event, self._path)
            if answer is not None:
                return answer
            if event is gdproto.NEED_DATA:
                self._read(limit)

    def _read(self, limit: Deadline) -> None:
        self._socket.settimeout(limit.left_s())
        try:
            data = self._socket.recv(RECEIVE_BYTES)
        except TimeoutError:
            raise limit.passed() from None
        except ConnectionError:
            raise closed(self._path) from None
        if data:
            self._connection.receive_data(data)
        else:
            self._connection.receive_eof()

    def close(self) -> None:
        """Close; an exchange that is still open is cancelled by it."""
        self._socket.close()


class Channels:
    """The channels of one client."""

    def __init__(self, socket_path: str) -> None:
        self._path = socket_path
        self._idle: list[Channel] = []
        self._pid = os.getpid()

    def open(self, deadline: Deadline) -> None:
        """Have a channel ready. Raises DirtyConnectionError."""
        self._keep(self._take(deadline))

    def ask(self, message: gdproto.Message, deadline: Deadline) -> Any:
        """The result that answers `message`. Raises DirtyError."""
        channel = self._take(deadline)
        try:
            channel.send(message, deadline)
            return result_of(channel.receive(deadline).message)
        finally:
            self._keep(channel)

    def stream(
        self, message: gdproto.Message, deadline: Deadline, idle_s: float | None
    ) -> Iterator[Any]:
        """The chunks that answer `message`, or its one result. Raises DirtyError."""
        channel = self._take(deadline)
        try:
            channel.send(message, deadline)
            while isinstance(answer := channel.receive(deadline, idle_s).message, gdproto.Chunk):
                yield answer.data
            if not isinstance(answer, gdproto.End):
                yield result_of(answer)
        finally:
            self._keep(channel)

    def close(self) -> None:
        """Close the channels that are idle."""
        while self._idle:
            self._idle.pop().close()

    def _take(self, deadline: Deadline) -> Channel:
        if self._pid != os.getpid():
            # Copies of the parent's: closing them leaves the parent's open.
            self.close()
            self._pid = os.getpid()
        while True:
            try:
                channel = self._idle.pop()
            except IndexError:
                return Channel(self._path, deadline)
            if channel.is_alive():
                return channel
            channel.close()

    def _keep(self, channel: Channel) -> None:
        if channel.is_clean and self._pid == os.getpid():
            self._idle.append(channel)
        else:
            channel.close()


def _timeval(deadline: Deadline) -> bytes:
    seconds = deadline.left_s()
    return struct.pack("@ll", int(seconds), int(seconds % 1 * 1_000_000))
