"""Descriptors that are passed with frames, and kept beside them.

Rules: a frame's descriptors are passed with its first byte. The kernel gives them with bytes that
may begin before the frame and end in it or with it, so they are those of the last frame that begins
there. What is kept is counted, of each connection and of all, and closed when nobody has it any
more: who drops a frame need not think of them. Only memory that is sealed is kept: nobody can make
it larger than it was counted, and only who lends it can write to it. Who counts has others to
serve: threads close for it, as `closing` says, and what the kernel would close while it reads or
closes a socket is not let in, or taken out.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import termios
from array import array
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import gdproto
from gdproto import HEADER_BYTES

from ..errors import DirtyError, DirtyOverloadedError, DirtyProtocolError

if TYPE_CHECKING:
    from types import ModuleType

    from .spool import Spool

AVAILABLE = hasattr(os, "memfd_create") and hasattr(fcntl, "F_ADD_SEALS")
# The extensions.
MEMFD, MEMFD_LENT = "memfd", "memfd-lent"
# Of one frame.
MOST = 64
# Of less, a copy through the socket is as quick.
MIN_BYTES = 1024 * 1024
# What is less in all goes through the socket, unless somebody says otherwise: to fill and to map
# fresh memory takes longer, where the system gives it in pages of 4 KiB. What is lent is not fresh.
USUAL_BYTES = 64 * 1024 * 1024
USUAL_LENT_BYTES = 2 * 1024 * 1024
SPACE = socket.CMSG_SPACE(MOST * array("i").itemsize)
CLOSED_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)
# Of Linux 6.16 and later; Python has no name for it.
SO_PASSRIGHTS = 83
# In the place of descriptors that the kernel could not give.
CUT = -1
SEALS = LENT_SEALS = 0
if AVAILABLE:
    OF_ALL = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW
    SEALS = OF_ALL | fcntl.F_SEAL_WRITE
    # F_SEAL_FUTURE_WRITE, of Linux 5.1 and later: older Pythons have no name for it.
    LENT_SEALS = OF_ALL | 0x10


def receive_passed(source: socket.socket, at_most: int, passed: list[int], flags: int = 0) -> bytes:
    """As ``recv``, with the descriptors that come: they are put into `passed`. Raises OSError."""
    data, ancillary, told, _ = source.recvmsg(at_most, SPACE, flags | CLOSED_ON_EXEC)
    passed += _numbers(ancillary, told)
    return data


def receive_within(source: socket.socket, room: memoryview) -> int:
    """As ``recv_into``, within a frame, where none may come: they are closed. Raises OSError."""
    count, ancillary, told, _ = source.recvmsg_into([room], SPACE, CLOSED_ON_EXEC)
    if ancillary:
        close_aside(_numbers(ancillary, told))
    return count


def close_aside(passed: Iterable[int]) -> None:
    """Have threads close what came."""
    # A client that passes nothing does without.
    from . import closing

    closing.OTHERS.close(one for one in passed if one != CUT)


def _numbers(ancillary: Sequence[tuple[int, int, bytes]], told: int) -> list[int]:
    passed: list[int] = []
    for level, kind, numbers in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            whole = len(numbers) - len(numbers) % 4
            passed.extend(struct.unpack(f"@{whole // 4}i", numbers[:whole]))
    if told & socket.MSG_CTRUNC:
        passed.append(CUT)
    return passed


def let_pass(connected: socket.socket, may: bool) -> bool:
    """Say whether peers can pass anything. Returns whether the system can be told.

    Of a socket that listens, those have it that come.
    """
    try:
        connected.setsockopt(socket.SOL_SOCKET, SO_PASSRIGHTS, may)
    except OSError:
        return False
    return True


def close_socket(connected: socket.socket) -> None:
    """Close it; what was passed and never read is closed with it, by a thread."""
    with suppress(OSError):
        # From now on nothing comes.
        connected.shutdown(socket.SHUT_RD)
        if _may_be_passed(connected) and _has_unread(connected):
            close_aside([connected.detach()])
    connected.close()


def _may_be_passed(connected: socket.socket) -> bool:
    """Whether peers could pass anything; so it is taken where the system does not say."""
    try:
        return bool(connected.getsockopt(socket.SOL_SOCKET, SO_PASSRIGHTS))
    except OSError:
        return connected.family == socket.AF_UNIX


def _has_unread(connected: socket.socket) -> bool:
    return fcntl.ioctl(connected.fileno(), termios.FIONREAD, bytes(4)) != bytes(4)


def send_passing(target: socket.socket, data: bytes | memoryview, numbers: Sequence[int]) -> int:
    """Send the beginning of a frame, with its descriptors.

    Returns:
        How many bytes.

    Raises:
        OSError: as of ``sendmsg``.
    """
    rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", numbers))
    return target.sendmsg([data], [rights])


class Passed:
    """Memory that was passed: its bytes, and whether who passed it can write to it."""

    __slots__ = ("is_lent", "size")

    def __init__(self, size: int, is_lent: bool) -> None:
        self.size = size
        self.is_lent = is_lent


def judged(number: int) -> Passed:
    """What memory it is. Raises ValueError where it is none, or not sealed."""
    try:
        seals = fcntl.fcntl(number, fcntl.F_GET_SEALS)
        size = os.fstat(number).st_size
    except OSError:
        seals = size = 0
    if seals & SEALS == SEALS:
        return Passed(size, False)
    if seals & LENT_SEALS == LENT_SEALS and LENT_SEALS:
        return Passed(size, True)
    raise ValueError("what was passed is no sealed memory")


def unread_bytes(connected: socket.socket) -> int:
    """What was sent and not read yet, as the kernel counts it; 0 where it does not say."""
    with suppress(OSError):
        told = fcntl.ioctl(connected.fileno(), termios.TIOCOUTQ, bytes(4))
        return int.from_bytes(told, "little")
    return 0


class Account:
    """What is kept of memory that was passed, of one or of all.

    Args:
        max_bytes: how much may be; 0 for any.
        max_count: of how many descriptors; 0 for any.
        one_may: whether one frame may have more than `max_bytes`, if nothing else is kept.
    """

    def __init__(self, max_bytes: int = 0, max_count: int = 0, one_may: bool = False) -> None:
        self.bytes = self.count = 0
        self._one_may = one_may
        self.limit(max_bytes, max_count)

    def limit(self, max_bytes: int, max_count: int) -> None:
        """Have these limits from now on."""
        self._max_bytes, self._max_count = max_bytes, max_count

    def has_room(self, size: int, count: int) -> bool:
        """Whether so much more may be kept."""
        is_small = not self._max_bytes or self.bytes + size <= self._max_bytes
        is_small = is_small or (self._one_may and not self.bytes)
        return is_small and (not self._max_count or self.count + count <= self._max_count)

    def change(self, size: int, count: int) -> None:
        """So much more is kept."""
        self.bytes += size
        self.count += count


class Descriptors:
    """Those of one frame.

    Args:
        accounts: what they are counted in.
        memories: what memory they are, where that is known.

    Attributes:
        numbers: the open ones.
        memories: what memory they are.
        bytes: what it takes.
        refusal: why they cannot be had; empty where they can.
        is_at_fault: whether that is the sender's fault.
    """

    __slots__ = (
        "_accounts",
        "_closing",
        "_count",
        "bytes",
        "is_at_fault",
        "memories",
        "numbers",
        "refusal",
    )

    def __init__(
        self,
        numbers: list[int],
        accounts: Sequence[Account] = (),
        memories: Sequence[Passed] | None = None,
    ) -> None:
        self.numbers = numbers
        self.memories = memories or ()
        self.bytes = self._count = 0
        self.refusal = ""
        self.is_at_fault = False
        self._accounts: Sequence[Account] = ()
        self._closing: ModuleType | None = None
        if accounts:
            from . import closing

            self._closing = closing
        if memories is None:
            self._judge()
        if not self.refusal:
            self._count_in(accounts)

    @property
    def has_lent(self) -> bool:
        """Whether the sender can write to some of it."""
        return any(memory.is_lent for memory in self.memories)

    def _judge(self) -> None:
        # A client that passes nothing does without.
        from . import descriptors

        count = len(self.numbers)
        if CUT in self.numbers or any(map(descriptors.is_scarce, self.numbers)):
            self._refuse("no descriptors are left")
            return
        try:
            if count > MOST:
                raise ValueError(f"{count} descriptors came with a frame, which has {MOST} at most")
            self.memories = [judged(number) for number in self.numbers]
        except ValueError as error:
            self.is_at_fault = True
            self._refuse(str(error))

    def _count_in(self, accounts: Sequence[Account]) -> None:
        size, count = sum(memory.size for memory in self.memories), len(self.numbers)
        if not all(account.has_room(size, count) for account in accounts):
            self._refuse("no room for memory by reference (max-memfd-bytes, max-memfds)")
            return
        self._accounts, self.bytes, self._count = accounts, size, count
        for account in accounts:
            account.change(size, count)

    def error(self) -> DirtyError:
        """What is told of their frame, where they cannot be had."""
        if self.is_at_fault:
            return DirtyProtocolError(self.refusal, code="invalid_field_value")
        return DirtyOverloadedError(f"overloaded: {self.refusal}")

    def _refuse(self, reason: str) -> None:
        self.refusal = reason
        self.close_numbers()

    def close_numbers(self) -> None:
        """Close them; what they hold is kept elsewhere, and still counted."""
        numbers, self.numbers = self.numbers, []
        opened = (number for number in numbers if number != CUT)
        if self._closing is not None:
            (self._closing.OTHERS if self.refusal else self._closing.MEMORY).close(opened)
            return
        for number in opened:
            os.close(number)

    def close(self) -> None:
        """Close them."""
        self.close_numbers()
        accounts, self._accounts = self._accounts, ()
        for account in accounts:
            account.change(-self.bytes, -self._count)

    __del__ = close


class Parcel:
    """A frame with its descriptors, or its beginning with them; its length is that of the bytes."""

    __slots__ = ("descriptors", "frame")

    def __init__(self, frame: bytes | memoryview | Spool, descriptors: Descriptors) -> None:
        self.frame = frame
        self.descriptors = descriptors

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def beginning(self) -> bytes | memoryview:
        """The first bytes of the frame, or all."""
        frame = self.frame
        return frame if isinstance(frame, bytes | memoryview) else frame.beginning

    def send(self, target: socket.socket, start: int) -> int:
        """Send from `start` on as much as the socket takes. Raises OSError."""
        if not start:
            return send_passing(target, self.beginning, self.descriptors.numbers)
        if isinstance(self.frame, bytes | memoryview):
            return target.send(memoryview(self.frame)[start:])
        return self.frame.send(target, start)


class Incoming:
    """Descriptors that have come on a connection, until the frame is taken that they belong to.

    Args:
        accounts: what they are counted in.

    Attributes:
        came: those that wait for their frame, each behind where the bytes end that it came with.
        received: how many bytes came; whoever reads adds to it.
    """

    def __init__(self, accounts: Sequence[Account] = ()) -> None:
        self.came: deque[tuple[int, Descriptors]] = deque()
        self._accounts = accounts
        self.received = 0

    def fed(self, count: int, passed: list[int]) -> None:
        """So many bytes were received, and these descriptors with them."""
        self.received += count
        if passed:
            self.add(passed)

    def add(self, passed: list[int]) -> None:
        """These came with the bytes that were received last."""
        self.came.append((self.received, Descriptors(passed, self._accounts)))

    def settle(self, connection: gdproto.Connection) -> None:
        """Close those whose frames were discarded, when all that came has been taken."""
        if self.came and not connection.is_inside_frame:
            self.came.clear()

    def of(self, size: int, unread: int) -> Descriptors | None:
        """Those of a frame of `size` bytes, behind which `unread` bytes are not taken yet."""
        end = self.received - unread
        return self._between(end - size, end)

    def _between(self, begin: int, end: int) -> Descriptors | None:
        found = None
        while self.came and self.came[0][0] <= end:
            upto, one = self.came.popleft()
            # Else its frame was none that is handed out.
            found = one if upto > begin else None
        return found

    def last(self, unread: int) -> Descriptors | None:
        """As `of`, of a frame whose size is not known: those that came last until its end."""
        return self._between(-1, self.received - unread)

    def parcels(self, frames: bytes | memoryview, unread: int) -> list[bytes | memoryview | Parcel]:
        """Whole frames that came together, parted where one has descriptors."""
        at = self.received - unread - len(frames)
        pieces: list[bytes | memoryview | Parcel] = []
        begin = plain = 0
        while begin < len(frames) and self.came:
            size = HEADER_BYTES + int.from_bytes(frames[begin + 4 : begin + 8], "big")
            found = self._between(at + begin, at + begin + size)
            if found is not None:
                if plain < begin:
                    pieces.append(frames[plain:begin])
                plain = begin + size
                pieces.append(Parcel(frames[begin:plain], found))
            begin += size
        if plain < len(frames):
            pieces.append(frames[plain:])
        return pieces


class Unasked(Incoming):
    """What comes where nothing was agreed to be passed: it is closed."""

    def add(self, passed: list[int]) -> None:
        """Close them."""
        close_aside(passed)
