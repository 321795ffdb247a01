"""A relay: stands between two ends of a connection, and passes each frame on as it likes.

Rules: what is passed on unchanged is passed byte for byte. Bytes that are no frame, and all that
follows them, go through as they are. A broken peer is a sound one behind a relay that breaks one
thing, so that nothing else can give it away.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import gdproto

RECEIVE_BYTES = 256 * 1024


@dataclass
class Passage:
    """One connection through the relay; `opener` is the end that opens exchanges.

    The methods return what is passed on in place of a frame. By default that is the frame.

    Attributes:
        told_by: a glob of the scripts of which one must tell that something is broken.
        most_held_bytes: of a frame; a larger one is passed on as it comes, unseen.
    """

    told_by: ClassVar[str] = ""
    most_held_bytes: ClassVar[int] = 2**32
    opener: socket.socket
    answerer: socket.socket

    def came(self, by_opener: bool, data: bytes) -> None:
        """Bytes came from one end; they are still to be cut into frames."""

    def asked(self, frame: bytes, header: gdproto.Header) -> Iterator[bytes]:
        """A frame from the opener."""
        yield frame

    def answered(self, frame: bytes, header: gdproto.Header) -> Iterator[bytes]:
        """A frame from the answerer."""
        yield frame

    def asking_ended(self) -> bool:
        """The opener sends nothing more; whether that is passed on."""
        return True

    def answering_ended(self) -> bool:
        """The answerer sends nothing more; whether that is passed on."""
        return True

    # --- running ---

    def run(self) -> None:
        """Pass on what comes, until both ends have ended."""
        threads = [
            threading.Thread(
                target=self._pass,
                args=(self.opener, self.answerer, self.asked, self.asking_ended),
                daemon=True,
            ),
            threading.Thread(
                target=self._pass,
                args=(self.answerer, self.opener, self.answered, self.answering_ended),
                daemon=True,
            ),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.opener.close()
        self.answerer.close()

    def _pass(
        self,
        source: socket.socket,
        target: socket.socket,
        bend: Callable[[bytes, gdproto.Header], Iterator[bytes]],
        ended: Callable[[], bool],
    ) -> None:
        frames = Frames(self.most_held_bytes)
        # An end that is gone ends the other one, below.
        with contextlib.suppress(OSError):
            while data := source.recv(RECEIVE_BYTES):
                self.came(source is self.opener, data)
                parts: list[bytes] = []
                for frame, header in frames.cut(data):
                    parts += bend(frame, header) if header else [frame]
                target.sendall(b"".join(parts))
            target.sendall(frames.rest())
        with contextlib.suppress(OSError):
            if ended():
                target.shutdown(socket.SHUT_WR)


class Frames:
    """Cuts a stream into frames; of one larger than `most_held_bytes` come parts."""

    def __init__(self, most_held_bytes: int) -> None:
        self._buffer = bytearray()
        self._is_lost = False
        self._most_held_bytes = most_held_bytes
        # Of a large frame, how much is still to come.
        self._left_bytes = 0

    def cut(self, data: bytes) -> Iterator[tuple[bytes, gdproto.Header | None]]:
        """The frames that are there now; parts, and bytes that are none, come without a header."""
        self._buffer += data
        if self._left_bytes:
            yield self._take(self._left_bytes), None
        while not self._is_lost and len(self._buffer) >= gdproto.HEADER_BYTES:
            try:
                header = gdproto.parse_header(self._buffer)
            except gdproto.ProtocolError:
                self._is_lost = True
                break
            stop = gdproto.HEADER_BYTES + header.length
            if stop > self._most_held_bytes:
                yield self._take(stop), None
                continue
            if len(self._buffer) < stop:
                return
            yield self._take(stop), header
        if self._is_lost:
            yield self.rest(), None

    def _take(self, count: int) -> bytes:
        """As much of so many bytes as is there; the rest is still to come."""
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        self._left_bytes = count - len(taken)
        return taken

    def rest(self) -> bytes:
        """What is there and is no whole frame; it is taken."""
        data = bytes(self._buffer)
        self._buffer.clear()
        return data


def serve(
    path: str,
    behind: str,
    passage: Callable[[socket.socket, socket.socket], Passage],
    ready: threading.Event | None = None,
) -> None:
    """Relay every connection at the socket `path` to the socket `behind`, for ever.

    Where nobody serves behind, the connection ends.

    Args:
        passage: makes the passage of a connection, from the opener's end and the answerer's.
        ready: is set when it listens.

    Raises:
        OSError: nothing can be served at `path`.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o077)
    listener.bind(path)
    os.umask(mask)
    listener.listen(128)
    if ready is not None:
        ready.set()
    while True:
        opener, _ = listener.accept()
        answerer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            answerer.connect(behind)
        except OSError:
            opener.close()
            answerer.close()
            continue
        threading.Thread(target=passage(opener, answerer).run, daemon=True).start()


def under(request_id: int, frame: bytes) -> bytes:
    """The frame under another request id."""
    header = gdproto.parse_header(frame)._replace(request_id=request_id)
    return header.to_bytes() + frame[gdproto.HEADER_BYTES :]
