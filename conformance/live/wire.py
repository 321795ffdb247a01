"""Wires: a script's end of a connection, which writes any bytes and judges what comes.

Rules: every wait is bounded. Whatever happens is noted in the transcript. A frame that is not
one of GD/1, or bytes where none are allowed, fail the script.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

import gdproto

from .expectations import CLOSED, Closed, Expected, Outcome, chunk, shown
from .transcript import CLOSED as CLOSED_BY_PEER
from .transcript import CONNECTED, DROPPED, HALF_CLOSED, RECEIVED, SENT, Transcript

RECEIVE_BYTES = 256 * 1024


class Mismatch(Exception):
    """Something came that is not allowed."""

    def __init__(self, expected: str, got: str) -> None:
        super().__init__(f"expected {expected}, got {got}")
        self.expected = expected
        self.got = got


class NothingCame(Mismatch):
    """Nothing came, for as long as the script waits."""

    def __init__(self, expected: str, waited_s: float) -> None:
        super().__init__(expected, f"nothing within {waited_s:g} s")


class Wire:
    """One connection, from the script's end.

    Args:
        connected: the socket; the wire owns it.
        name: for the transcript.
        limit_s: the longest wait for something that must come.

    Attributes:
        lapses: what the peer did otherwise than it is recommended.
        last_frame: the bytes of the message that was taken last.
    """

    def __init__(
        self, connected: socket.socket, name: str, transcript: Transcript, limit_s: float
    ) -> None:
        self.name = name
        self.limit_s = limit_s
        self.lapses: list[str] = []
        self.last_frame = b""
        self._socket = connected
        self._transcript = transcript
        self._buffer = bytearray()
        self._ended = False
        connected.settimeout(limit_s)
        transcript.note(name, CONNECTED)

    def fileno(self) -> int:
        return self._socket.fileno()

    # --- sending ---

    def send(self, *data: bytes | gdproto.Message) -> None:
        """Write frames, or any bytes, at once. A peer that no longer listens is no fault."""
        joined = b"".join(one if isinstance(one, bytes) else one.to_bytes() for one in data)
        self._transcript.note(self.name, SENT, joined)
        try:
            self._socket.sendall(joined)
        except TimeoutError:
            raise NothingCame("the peer to read what is sent", self.limit_s) from None
        except ConnectionError:
            pass

    def send_with(self, descriptors: list[int], message: gdproto.Message) -> None:
        """Write a frame, and pass descriptors with its first byte.

        Raises:
            PermissionError: the peer's system lets none in; nothing is written.
        """
        frame = message.to_bytes()
        sent = socket.send_fds(self._socket, [frame], descriptors)
        self._transcript.note(self.name, SENT, frame)
        self._socket.sendall(frame[sent:])

    def send_apart(self, parts: Iterable[bytes]) -> None:
        """Write each part by itself, so that the peer may see them apart."""
        for part in parts:
            self.send(part)

    def send_some(self, data: bytes, still_s: float) -> int:
        """Write what the peer takes, until it has taken nothing for so long.

        Returns:
            How many bytes it took.
        """
        sent = 0
        while sent < len(data) and select.select([], [self._socket], [], still_s)[1]:
            try:
                sent += self._socket.send(data[sent : sent + RECEIVE_BYTES], socket.MSG_DONTWAIT)
            except BlockingIOError:
                continue
            except ConnectionError:
                break
        self._transcript.note(self.name, SENT, data[:sent])
        return sent

    def is_refused(self, data: bytes) -> bool:
        """Write; whether the peer has closed, so that nothing can be written."""
        self._transcript.note(self.name, SENT, data)
        try:
            self._socket.sendall(data)
        except ConnectionError:
            return True
        except TimeoutError:
            return False
        return False

    def half_close(self) -> None:
        """Send nothing more."""
        self._transcript.note(self.name, HALF_CLOSED)
        self._socket.shutdown(socket.SHUT_WR)

    def drop(self) -> None:
        """Close."""
        if self._socket.fileno() >= 0:
            self._transcript.note(self.name, DROPPED)
            # A process that another thread has just forked may have the socket, too.
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()

    # --- receiving ---

    def expect(self, *allowed: Expected, within_s: float | None = None) -> gdproto.Message:
        """The next outcome, which is one of those allowed.

        Returns:
            the message; an ERROR of id 0 that stands for nothing when the peer closed.

        Raises:
            Mismatch: it is another one, or nothing came.
        """
        text = " or ".join(one.text for one in allowed)
        outcome = self.next_outcome(text, self.limit_s if within_s is None else within_s)
        for one in allowed:
            lapses = one.judge(outcome)
            if lapses is not None:
                self.lapses += lapses
                return NOTHING if isinstance(outcome, Closed) else outcome
        raise Mismatch(text, shown(outcome))

    def expect_all(self, *wanted: Expected) -> list[gdproto.Message]:
        """As many messages as are wanted, in any order, each as one of them wants it."""
        left = list(wanted)
        found = []
        while left:
            text = " and ".join(one.text for one in left)
            outcome = self.next_outcome(text, self.limit_s)
            for one in left:
                lapses = one.judge(outcome)
                if lapses is not None:
                    self.lapses += lapses
                    left.remove(one)
                    break
            else:
                raise Mismatch(text, shown(outcome))
            assert not isinstance(outcome, Closed)
            found.append(outcome)
        return found

    def expect_stream(self, request_id: int, *last: Expected) -> list[object]:
        """The items of a stream's chunks until one of `last`."""
        items: list[object] = []
        while isinstance(message := self.expect(chunk(request_id), *last), gdproto.Chunk):
            items.append(message.data)
        return items

    def expect_among(self, request_id: int, *wanted: Expected) -> list[object]:
        """The items of a stream's chunks until each of `wanted` has come, in any order."""
        items: list[object] = []
        more = replace(chunk(request_id), text=f"more CHUNKs under id {request_id}")
        left = [*wanted]
        while left:
            message = self.expect(more, *left)
            if isinstance(message, gdproto.Chunk):
                items.append(message.data)
            else:
                left = [one for one in left if one.judge(message) is None]
        return items

    def expect_closed(self, within_s: float | None = None) -> None:
        """The peer closes, and sends nothing before."""
        outcome = self.next_outcome("a close", self.limit_s if within_s is None else within_s)
        if outcome is not CLOSED:
            raise Mismatch("a close", shown(outcome))

    def expect_silence(self, seconds: float, instead_of: str) -> None:
        """Nothing comes, for so long."""
        if self._buffer or self._wait(seconds):
            outcome = self.next_outcome("nothing", self.limit_s)
            raise Mismatch(f"nothing, {instead_of}", shown(outcome))

    def next_outcome(self, expected: str, within_s: float) -> Outcome:
        """The next message, or that the peer closed. Raises Mismatch when nothing came."""
        due_s = time.monotonic() + within_s
        while True:
            outcome = self.take()
            if outcome is not None:
                return outcome
            if not self._wait(due_s - time.monotonic()):
                raise NothingCame(expected, within_s)
            self.fill()

    def wait(self, expected: str) -> None:
        """Return when something has come, or the peer closed. Raises NothingCame."""
        if not self._buffer and not self._wait(self.limit_s):
            raise NothingCame(expected, self.limit_s)

    def next_bytes(self, expected: str) -> bytes:
        """The next frame, or all that came where the peer closed before its end.

        Raises:
            Mismatch: the connection stays open without the rest.
        """
        due_s = time.monotonic() + self.limit_s
        while not self._ended and not self._has_frame():
            if not self._wait(due_s - time.monotonic()):
                raise NothingCame(expected, self.limit_s)
            self.fill()
        data = bytes(self._buffer)
        self._buffer.clear()
        return data

    def _has_frame(self) -> bool:
        if len(self._buffer) < gdproto.HEADER_BYTES:
            return False
        _, length, _ = gdproto.parse_header(self._buffer)
        return len(self._buffer) >= gdproto.HEADER_BYTES + length

    def fill(self) -> None:
        """Read what is there; blocks when nothing is."""
        try:
            data = self._socket.recv(RECEIVE_BYTES)
        except ConnectionError:
            data = b""
        if data:
            self._transcript.note(self.name, RECEIVED, data)
            self._buffer += data
        elif not self._ended:
            self._ended = True
            self._transcript.note(self.name, CLOSED_BY_PEER)

    def take(self) -> Outcome | None:
        """The next outcome among what has been read; None when it is not all there."""
        if len(self._buffer) >= gdproto.HEADER_BYTES:
            try:
                header = gdproto.parse_header(self._buffer)
                stop = gdproto.HEADER_BYTES + header.length
                if len(self._buffer) >= stop:
                    self.last_frame = bytes(self._buffer[:stop])
                    del self._buffer[:stop]
                    return gdproto.parse(self.last_frame)
            except gdproto.ProtocolError as error:
                start = bytes(self._buffer[:64]).hex()
                raise Mismatch("a frame of GD/1", f"{error} in {start}") from None
        if not self._ended:
            return None
        if self._buffer:
            left = bytes(self._buffer[:64]).hex()
            raise Mismatch("whole frames", f"a close inside of a frame, after {left}")
        return CLOSED

    def _wait(self, seconds: float) -> bool:
        if self._ended:
            return True
        ready, _, _ = select.select([self._socket], [], [], max(0.0, seconds))
        return bool(ready)


NOTHING = gdproto.Error(0, "DirtyConnectionError", "the peer closed")
