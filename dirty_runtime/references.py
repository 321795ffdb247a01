"""Large bytes that travel beside their frame, in memory that is passed: the extension `memfd`.

Rules: the bytes of a frame go into one memory, which is sealed before it is passed, or is lent;
what is sealed already is passed as it is. Who receives looks for the seals and the size before
reading: nobody can take away what is read, and nobody but who lends it can change it. Bytes come
out as bytes; those of an array, where arrays are converted, as a read-only view of the memory,
which stays mapped as long as somebody has it.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import gdproto

from .converters import ARRAY, PLAIN
from .errors import DirtyError, DirtyProtocolError
from .sockets.borrowed import Borrowed
from .sockets.lent import Lent
from .sockets.mapping import map_at, unmap
from .sockets.passing import AVAILABLE, MEMFD, MIN_BYTES, MOST, SEALS, Descriptors, Passed

MARK = "gd:memfd"
FORM = [MARK, "offset", "size"]
# Where the parts of one memory begin.
ALIGNED = 64
SCALARS = PLAIN - {bytes}
BYTES = (bytes, bytearray, memoryview)
MOST_AT_ONCE = 1 << 30
TOO_LARGE = ("length_too_large", "payload_too_large")
Lend = Callable[[int], Lent]


class Outgoing:
    """The large bytes of one frame.

    Args:
        least: from how many bytes on they are large.
        lend: gives memory of so many bytes that is lent; None where it is to be the receiver's.

    Attributes:
        lent: what it gave.
    """

    def __init__(self, least: int, lend: Lend | None = None) -> None:
        self._least = least
        self._lend = lend
        self.lent: Lent | None = None
        # What is to be copied, and where to; and memory that is passed as it is.
        self._parts: list[tuple[int, memoryview]] = []
        self._size = 0
        self._shared: list[SharedMemory] = []
        # What refers to such memory, by its place among them.
        self._referring: list[dict[str, int]] = []

    def is_worth(self, least: int) -> bool:
        """Whether there is so much to be copied, or anything that is not copied."""
        return bool(self._shared) or 0 < least <= self._size

    def taken(self, value: Any) -> Any:
        """The value, with references in the place of large bytes; itself where it has none."""
        kind = type(value)
        if kind is list or kind is tuple:
            return self._list(value)
        if kind is dict:
            return self._dict(value)
        if kind in BYTES:
            return self._bytes(value)
        return value

    def _list(self, value: Sequence[Any]) -> Any:
        if SCALARS.issuperset(map(type, value)):
            return value
        items = [self.taken(item) for item in value]
        return items if self else value

    def _dict(self, value: dict[Any, Any]) -> Any:
        if SCALARS.issuperset(map(type, value.values())):
            return value
        items = [self.taken(item) for item in value.values()]
        return dict(zip(value, items, strict=True)) if self else value

    def _bytes(self, value: bytes | bytearray | memoryview) -> Any:
        size = value.nbytes if isinstance(value, memoryview) else len(value)
        if size < self._least:
            return value
        view = memoryview(value).cast("B")
        memory = memory_of(view)
        if memory is not None and not memory.is_sealed and len(self._shared) < MOST - 1:
            return self._as_it_is(view, memory)
        at = -(-self._size // ALIGNED) * ALIGNED
        self._parts.append((at, view))
        self._size = at + size
        return {MARK: 0, "offset": at, "size": size}

    def _as_it_is(self, view: memoryview, memory: SharedMemory) -> Any:
        if memory not in self._shared:
            self._shared.append(memory)
        offset = address_of(view) - memory.address
        place = {MARK: self._shared.index(memory), "offset": offset, "size": len(view)}
        self._referring.append(place)
        return place

    def descriptors(self) -> Descriptors:
        """What is to be passed. Raises OSError where there is no memory for it."""
        numbers: list[int] = []
        memories: list[Passed] = []
        try:
            if self._parts:
                numbers.append(self._written())
                size = self._size if self.lent is None else self.lent.size
                memories.append(Passed(size, self.lent is not None))
                for place in self._referring:
                    place[MARK] += 1
            for memory in self._shared:
                numbers.append(memory.seal())
                memories.append(Passed(len(memory), False))
        except BaseException:
            for number in numbers:
                os.close(number)
            raise
        return Descriptors(numbers, memories=memories)

    def _copied_into(self, lent: Lent) -> int:
        for at, view in self._parts:
            lent.write(at, view)
        number, self.lent = os.dup(lent.number), lent
        return number

    def _written(self) -> int:
        if self._lend is not None:
            # Where the system has none that can be lent, it may have some that is sealed.
            with suppress(OSError):
                return self._copied_into(self._lend(self._size))
        number = os.memfd_create("gd", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.ftruncate(number, self._size)
            for at, view in self._parts:
                # The kernel zeroes no page that is written as a whole, as it would for a mapping.
                while view:
                    count = os.pwrite(number, view[:MOST_AT_ONCE], at)
                    view, at = view[count:], at + count
            fcntl.fcntl(number, fcntl.F_ADD_SEALS, SEALS)
        except BaseException:
            os.close(number)
            raise
        return number


class Referred(NamedTuple):
    """Values with references in the place of large bytes, and what is to be passed.

    Attributes:
        lent: what is lent of that.
    """

    values: list[Any]
    descriptors: Descriptors
    lent: Lent | None


def referring(values: Sequence[Any], least: int, lend: Lend | None = None) -> Referred | None:
    """The values with references in the place of large bytes.

    Args:
        least: how much it is to be in all, in bytes; memory that is passed as it is always is.
        lend: gives memory that is lent; None for such as is the receiver's.

    Returns:
        None where it is less, or there is no memory: they are sent as they are.
    """
    outgoing = Outgoing(min(least, MIN_BYTES), lend)
    taken = [outgoing.taken(value) for value in values]
    if not outgoing.is_worth(least):
        return None
    try:
        descriptors = outgoing.descriptors()
    except OSError:
        return None
    return Referred(taken, descriptors, outgoing.lent)


def copied(value: Any) -> Any:
    """The value, with bytes in the place of views of what others may change."""
    kind = type(value)
    if kind is memoryview:
        return bytes(value)
    if kind is list:
        return [copied(one) for one in value]
    if kind is dict:
        return {key: copied(one) for key, one in value.items()}
    return value


# --- in ---


class Memories:
    """The memory that came with one frame.

    Args:
        descriptors: its own; they can be had.
        views: whether arrays are views of the memory.
        borrowed: has what is mapped of memory that is lent; None where none may be.

    Raises:
        DirtyProtocolError: it is lent and may not be; or, from `resolved`, a reference is to what
            is not there.
    """

    def __init__(
        self, descriptors: Descriptors, views: bool, borrowed: Borrowed | None = None
    ) -> None:
        self._numbers = descriptors.numbers
        self._passed = descriptors.memories
        self._views = views
        self._borrowed = borrowed
        if borrowed is None and descriptors.has_lent:
            reason = "what was passed may still be changed by who passed it"
            raise DirtyProtocolError(reason, code="invalid_field_value")
        self._mapped: dict[int, memoryview] = {}

    def resolved(self, value: Any) -> Any:
        """The value, with bytes in the place of references."""
        kind = type(value)
        if kind is list:
            if SCALARS.issuperset(map(type, value)):
                return value
            return [self.resolved(one) for one in value]
        if kind is not dict or not value:
            return value
        mark = next(iter(value))
        if mark == MARK and is_reference(value):
            return self._bytes(**{"number": value[MARK], **_place(value)})
        if SCALARS.issuperset(map(type, value.values())):
            return value
        if mark == ARRAY and self._views and is_reference(data := value.get("data")):
            value = value | {"data": self._view(**{"number": data[MARK], **_place(data)})}
        return {key: self.resolved(one) for key, one in value.items()}

    def _check(self, number: int, offset: int, size: int) -> None:
        if number >= len(self._numbers) or offset + size > self._passed[number].size:
            reason = "a reference is to memory that was not passed with its frame"
            raise DirtyProtocolError(reason, code="invalid_field_value")

    def _bytes(self, number: int, offset: int, size: int) -> bytes:
        self._check(number, offset, size)
        parts = []
        while size:
            part = os.pread(self._numbers[number], min(size, MOST_AT_ONCE), offset)
            parts.append(part)
            size, offset = size - len(part), offset + len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _view(self, number: int, offset: int, size: int) -> memoryview:
        self._check(number, offset, size)
        if not size:
            return memoryview(b"")
        if number not in self._mapped:
            told, found = self._passed[number], self._numbers[number]
            mapped = self._borrowed.view if told.is_lent and self._borrowed else _mapped
            try:
                self._mapped[number] = mapped(found, told.size)
            except OSError as error:
                reason = f"memory that was passed cannot be mapped: {error.strerror}"
                raise DirtyError(reason) from None
        return self._mapped[number][offset : offset + size]


def is_reference(value: Any) -> bool:
    """Whether it has the form of one."""
    return (
        type(value) is dict
        and list(value) == FORM
        and all(type(one) is int and one >= 0 for one in value.values())
    )


def _place(value: dict[str, int]) -> dict[str, int]:
    return {"offset": value["offset"], "size": value["size"]}


def _mapped(number: int, size: int) -> memoryview:
    """The memory, read-only; it is let go of with the last view. Raises OSError.

    Python's own mapping would hold a descriptor for as long.
    """
    import ctypes

    # Private: systems before Linux 6.7 share nothing that is sealed, though nobody writes here.
    # Pages come as they are read: to have all of them at once takes longer, even where all are.
    place = map_at(None, size, mmap.PROT_READ, mmap.MAP_PRIVATE, number)
    mapped = (ctypes.c_ubyte * size).from_address(place)
    letting_go = weakref.finalize(mapped, unmap, place, size)
    letting_go.atexit = False
    return memoryview(mapped).cast("B").toreadonly()


def takes_references(extensions: Any) -> bool:
    """Whether the caller takes bytes by reference, as the `extensions` of its REQUEST say."""
    return isinstance(extensions, list | tuple) and MEMFD in extensions


def resolved_message(
    message: gdproto.Message,
    descriptors: Descriptors,
    views: bool,
    borrowed: Borrowed | None = None,
) -> gdproto.Message:
    """The message, with bytes in the place of references; the descriptors are closed.

    Args:
        borrowed: has what is lent of their memory; None where none may be.

    Raises:
        DirtyError: they cannot be had, or a reference is to what is not there.
    """
    try:
        if descriptors.refusal:
            raise descriptors.error()
        return _resolved(message, Memories(descriptors, views, borrowed))
    finally:
        descriptors.close()


def _resolved(message: gdproto.Message, memories: Memories) -> gdproto.Message:
    if isinstance(message, gdproto.Request):
        message.args = memories.resolved(list(message.args))
        message.kwargs = memories.resolved(message.kwargs)
    elif isinstance(message, gdproto.Response):
        message.result = memories.resolved(message.result)
    elif isinstance(message, gdproto.Chunk):
        message.data = memories.resolved(message.data)
    return message


# --- memory that is filled in place ---


class SharedMemory(mmap.mmap):
    """Memory that is filled in place, and sealed when it is sent: from then on, what is written
    there stays here.

    Attributes:
        address: where it is.
        is_sealed: whether it has been sent, so that it can be sent no more but as a copy.
    """

    address: int
    _number: int
    is_sealed: bool

    @classmethod
    def of(cls, size: int) -> SharedMemory:
        """New memory of zeros. Raises OSError."""
        number = os.memfd_create("gd", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.ftruncate(number, max(size, 1))
            memory = cls(number, max(size, 1))
        except BaseException:
            os.close(number)
            raise
        memory._number = number
        memory.is_sealed = False
        memory.address = address_of(memoryview(memory))
        return memory

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    def seal(self) -> int:
        """A descriptor of it, sealed. Raises OSError."""
        if not self.is_sealed:
            self._part_from()
            fcntl.fcntl(self._number, fcntl.F_ADD_SEALS, SEALS)
            self.is_sealed = True
        return os.dup(self._number)

    def _part_from(self) -> None:
        """Have a private copy in this place, of pages that are copied when they are written: what
        is mapped to be shared cannot be sealed.
        """
        fixed, both = 0x10, mmap.PROT_READ | mmap.PROT_WRITE
        map_at(self.address, len(self), both, mmap.MAP_PRIVATE | fixed, self._number)

    def __del__(self) -> None:
        if hasattr(self, "_number"):
            os.close(self._number)


def memory_of(view: memoryview) -> SharedMemory | None:
    """The memory that the view, or the array that it is of, is a part of."""
    source: Any = view.obj
    while source is not None and not isinstance(source, SharedMemory):
        source = source.obj if isinstance(source, memoryview) else getattr(source, "base", None)
    return source


def address_of(view: memoryview) -> int:
    """Where it begins."""
    import numpy

    return int(numpy.frombuffer(view, numpy.uint8).ctypes.data) if len(view) else 0


def shared_array(shape: int | Sequence[int], dtype: Any = "float32") -> Any:
    """An array of zeros of numpy's that is sent without being copied, where the peer takes that.

    It is filled in place. Once it has been sent, what is written to it is not seen by who has it.

    Raises:
        OSError: there is no memory.
    """
    import numpy

    kind = numpy.dtype(dtype)
    lengths = (shape,) if isinstance(shape, int) else tuple(shape)
    size = int(numpy.prod(lengths, dtype=numpy.int64)) * kind.itemsize
    if not AVAILABLE:
        return numpy.zeros(lengths, kind)
    return numpy.ndarray(lengths, kind, SharedMemory.of(size))
