"""What the head and a branch have between them: descriptors go over it, with who is behind them.

Rules: each message is whole, and of a kind. Nobody waits: what the other end does not take now is
told so, and kept by whoever has it. Who reads takes a few at once, then others have their turns.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import struct
from collections.abc import Callable

log = logging.getLogger("dirty")

# Which of how many a branch is; and the number of its end of the channel.
SHARE, CHANNEL = "GD_BRANCH", "GD_BRANCH_FD"
# A connection of somebody who calls; one on which the other end is asked; and what a branch says.
CALLER, ASKS, READY, FAILED, LEAVES = b"C", b"A", b"R", b"F", b"L"
# With how many callers have been dealt: it comes back when they have been taken, and comes with
# each of them that is.
BEAT = b"B"
PEER = struct.Struct("=qq")
MOST_BYTES = 8192
AT_ONCE = 64
# It has too much to take, or too many descriptors are on their way.
NOT_NOW = (errno.EAGAIN, errno.ETOOMANYREFS, errno.ENOBUFS, errno.EINTR)

Peer = tuple[int, int]
"""The process and the user behind a connection."""
Taken = Callable[[bytes, bytes, socket.socket | None], object]


def pair() -> tuple[socket.socket, socket.socket]:
    """The sockets of both ends. Raises OSError."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def peer_in(data: bytes) -> Peer:
    """Who is behind what came with the message."""
    pid, uid = PEER.unpack(data)
    return pid, uid


class Channel:
    """One end.

    Attributes:
        is_open: whether the other end is there, as far as is known.
    """

    def __init__(self, connected: socket.socket) -> None:
        connected.setblocking(False)
        self._socket = connected
        self._taken: Taken | None = None
        self._ended: Callable[[], object] = lambda: None
        self.is_open = True

    def give(self, kind: bytes, one: socket.socket, peer: Peer = (0, 0)) -> bool:
        """Hand over a connection; it is to be closed here. Returns False where it is not taken."""
        return self._send(kind + PEER.pack(*peer), [one.fileno()])

    def tell(self, kind: bytes, text: str = "") -> bool:
        """Say something. Returns False where it is not taken."""
        return self._send(kind + text.encode(errors="replace")[: MOST_BYTES - 1], [])

    def _send(self, data: bytes, fds: list[int]) -> bool:
        try:
            socket.send_fds(self._socket, (data,), fds)
        except OSError as error:
            self.is_open = self.is_open and error.errno in NOT_NOW
            return False
        return True

    def listen(self, taken: Taken, ended: Callable[[], object]) -> None:
        """Have the running loop call `taken` with each kind, its data and what came with it.

        Args:
            ended: is called once, when the other end is gone.
        """
        self._taken, self._ended = taken, ended
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._read)

    def take(self) -> None:
        """Take what is there."""
        if self._taken is not None and self._socket.fileno() >= 0:
            self._read()

    def _read(self) -> None:
        for _ in range(AT_ONCE):
            try:
                data, fds, _, _ = socket.recv_fds(
                    self._socket, MOST_BYTES, 1, socket.MSG_CMSG_CLOEXEC
                )
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                data, fds = b"", []
            if not data:
                self._end()
                return
            self._hand_on(data, fds)

    def _hand_on(self, data: bytes, fds: list[int]) -> None:
        assert self._taken is not None
        kind, rest = data[:1], data[1:]
        if kind in (CALLER, ASKS) and not fds:
            log.error("no connection can be taken for now: no file descriptors are left")
            return
        one = socket.socket(fileno=fds[0]) if fds else None
        try:
            self._taken(kind, rest, one)
        except Exception:
            log.exception("a connection fails as it comes")
            if one is not None:
                one.close()

    def _end(self) -> None:
        self.is_open = False
        self.close()
        self._ended()

    def close(self) -> None:
        """Hear and say nothing more."""
        self.is_open = False
        if self._socket.fileno() >= 0:
            if self._taken is not None:
                asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._socket.close()


def inherited(variable: str) -> Channel:
    """The end that this process was started with, whose number the variable has."""
    number = int(os.environ.pop(variable))
    os.set_inheritable(number, False)
    return Channel(socket.socket(fileno=number))
