"""A connected socket on an event loop, with the connection that its bytes belong to.

Rules: a wire ends with its loop. It keeps no loop alive, and when its loop has ended, or is gone,
it closes without one, and without a word: nothing of asyncio's own is left open that could
complain. What is written goes to the kernel at once, and only what it does not take waits: a frame
once begun is finished, whoever gave up the call. A peer that reads no more may still have said why.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING
from weakref import ref

import gdproto

from ..sockets.own import end
from ..sockets.passing import Incoming, Parcel, receive_passed
from ..sockets.transfer import RECEIVE_BYTES, receive
from .large import Large, Referring, answered, never

if TYPE_CHECKING:
    from ..sockets.lent import Lent


class Wire:
    """One connection of the running loop.

    Args:
        connected: a socket that does not block.

    Attributes:
        connection: takes what is read.
        pid: the process that opened it; a child's copy is not to be used.
        incoming: the descriptors that come; None where none are taken.
        lent: what is lent for the exchanges that are open, by their ids.
    """

    def __init__(self, connected: socket.socket, large: Large | None = None) -> None:
        self.large = large or never()
        self.incoming: Incoming | None = None
        self.lent: dict[int, Lent] = {}
        self.connection = gdproto.Connection("client")
        self.pid = os.getpid()
        self._socket = connected
        self._loop = ref(asyncio.get_running_loop())
        self._waiting: deque[memoryview | Parcel] = deque()
        self._is_reading = False
        self.resume_reading()

    def received(self) -> None:
        """The connection has taken new bytes, or knows that no more will come."""
        raise NotImplementedError

    # --- reading ---

    def resume_reading(self) -> None:
        """Read whatever comes."""
        loop = self._usable_loop()
        if loop is not None and not self._is_reading:
            self._is_reading = True
            # As a number: uvloop would keep a socket open that it is given.
            loop.add_reader(self._socket.fileno(), self._read)

    def pause_reading(self) -> None:
        """Leave what comes to the kernel for now."""
        loop = self._usable_loop()
        if loop is not None and self._is_reading:
            self._is_reading = False
            loop.remove_reader(self._socket.fileno())

    def _read(self) -> None:
        try:
            if self.incoming is None:
                count = receive(self._socket, self.connection)
            else:
                count = self._receive_passed(self.incoming)
            if count >= RECEIVE_BYTES:
                self.large.sees(self.connection.kept_bytes)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            count = 0
            self.connection.receive_eof()
        if not count:
            self.pause_reading()
        self.received()

    def _receive_passed(self, incoming: Incoming) -> int:
        passed: list[int] = []
        if self.connection.room:
            count = receive(self._socket, self.connection)
        elif data := receive_passed(self._socket, RECEIVE_BYTES, passed):
            count = len(data)
            self.connection.receive_data(data)
        else:
            count = 0
            self.connection.receive_eof()
        incoming.fed(count, passed)
        return count

    def resolved(self, message: gdproto.Message) -> gdproto.Message:
        """The answer, with bytes in the place of references. Raises DirtyError."""
        if self.incoming is None or not self.incoming.came:
            return message
        descriptors = self.incoming.last(self.connection.untaken_bytes)
        return message if descriptors is None else self.large.resolved(message, descriptors)

    # --- writing ---

    def parcel(self, frame: bytes, found: Referring) -> Parcel:
        """The frame of the request, with what is passed with it."""
        if found.lent is not None:
            self.lent[found.request.request_id] = found.lent
        return Parcel(frame, found.descriptors)

    def answered(self, answer: gdproto.Message) -> None:
        """It has come: with the last one, what was lent may be used again."""
        if not isinstance(answer, gdproto.Chunk):
            lent = self.lent.pop(answer.request_id, None)
            if lent is not None:
                answered(lent, answer)

    def send_parcel(self, parcel: Parcel) -> bool:
        """As `send`, of a frame with descriptors."""
        return self._send(parcel)

    def send(self, parts: Sequence[bytes]) -> bool:
        """Send a frame, now or as soon as the kernel takes it.

        Returns:
            False when the peer has closed, and did not get all of the frame.
        """
        if len(parts) == 1:
            return self._send(parts[0])
        return all(self._send(part) for part in parts)

    def _send(self, part: bytes | Parcel) -> bool:
        sent = 0
        if not self._waiting:
            try:
                if isinstance(part, Parcel):
                    sent = part.send(self._socket, 0)
                else:
                    sent = self._socket.send(part)
            except (BlockingIOError, InterruptedError):
                pass
            except OSError:
                return False
        if sent < len(part):
            if isinstance(part, Parcel):
                self._waiting.append(memoryview(part.beginning)[sent:] if sent else part)
            else:
                self._waiting.append(memoryview(part)[sent:])
            if (loop := self._usable_loop()) is not None and len(self._waiting) == 1:
                loop.add_writer(self._socket.fileno(), self._flush)
        return True

    def _flush(self) -> None:
        """Send what waits, a turn of the loop for each part of it."""
        rest = self._waiting[0]
        try:
            if isinstance(rest, Parcel):
                self._waiting[0] = memoryview(rest.beginning)[rest.send(self._socket, 0) :]
            else:
                self._waiting[0] = rest[self._socket.send(rest) :]
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            # The end of the stream is read, and what was said before it.
            self._waiting.clear()
        if self._waiting and not self._waiting[0]:
            self._waiting.popleft()
        if not self._waiting and (loop := self._usable_loop()) is not None:
            loop.remove_writer(self._socket.fileno())

    # --- the end ---

    def close(self) -> None:
        """Close at once, from whichever thread if the loop has ended."""
        loop = self._usable_loop()
        if loop is not None:
            loop.remove_reader(self._socket.fileno())
            loop.remove_writer(self._socket.fileno())
        self._waiting.clear()
        self.lent.clear()
        end(self._socket, self.pid)

    def _usable_loop(self) -> asyncio.AbstractEventLoop | None:
        """The loop; None where this is closed, the loop has ended, or it is a parent process's.

        A child that told its copy of the loop would tell the parent's kernel.
        """
        loop = self._loop()
        is_usable = loop is not None and not loop.is_closed() and self.pid == os.getpid()
        return loop if is_usable and self._socket.fileno() >= 0 else None
