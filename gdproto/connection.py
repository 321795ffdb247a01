"""One end of a connection, without I/O: bytes in, events out; messages in, bytes out.

Rules:

* `receive_data` takes whatever the transport delivered, `next_event` then returns events until
  it returns NEED_DATA. Incompleteness is never an error.
* Every frame, sent or received, runs the transition table of the specification. A frame for an
  exchange that was given up is discarded; when it was the last one, ExchangeEnded says so.
* `next_event` raises ProtocolError for what the peer may not do. After one of scope "exchange"
  the connection goes on. After one of scope "connection" nothing more can be read.
* With ``raw=True`` payloads are handed through undecoded, as `FrameReceived`.
* A large frame is collected where it stays: in a buffer of its own, which a transport may fill
  itself (`room`, `filled`). So is, with the C codec, a large bytes value in it that has begun when
  the frame gets its buffer. Memory follows what came, not what a header claims.
"""

from __future__ import annotations

import mmap
from collections.abc import Collection, Iterator, KeysView
from contextlib import suppress
from copy import copy
from typing import NamedTuple

from ._generated.tables import (
    AFTER_FAULT,
    CONNECTION_REQUEST_ID,
    HEADER,
    HEADER_BYTES,
    MAGIC,
    MAX_PAYLOAD_BYTES,
    NOT_OPENED,
    NOTICE_CODE,
    RAW_DATA_BYTES,
    ROLES,
    STATES,
    TRANSITIONS,
    VERSION,
    MessageCode,
)
from .errors import ProtocolError
from .events import (
    NEED_DATA,
    ConnectionClosed,
    Event,
    ExchangeEnded,
    FrameReceived,
    MessageReceived,
    NeedData,
    PartReceived,
)
from .fast import PART_BYTES
from .frames import (
    BARE,
    RULES,
    Header,
    Message,
    check_presence,
    serialize_parts,
)
from .implementation import codec, doubtful, parse, parse_header, parse_payload
from .rows import Transition

IDLE = "idle"
ABANDONED = "abandoned"
CHUNK = int(MessageCode.CHUNK)
# A frame of more bytes is collected in a buffer of its own, exactly as large, as soon as so much of
# it has come that the buffer is at most so many times as large.
LARGE_BYTES = 64 * 1024
MOST_PROMISED = 32
# From here on, memory comes from the system, which gives a page when something is written there.
MAPPED_BYTES = 4 * 1024 * 1024

Moves = dict[str, dict[int, Transition]]


def _moves_of(opens: Collection[int], side: str) -> Moves:
    """What the frames of a side do, by state and message code; only `opens` open an exchange."""
    moves: Moves = {}
    for (state, sender, code), move in TRANSITIONS.items():
        if sender == side:
            is_refused = state == IDLE and move.next != IDLE and code not in opens
            moves.setdefault(state, {})[code] = NOT_OPENED if is_refused else move
    return moves


MOVES = {
    name: {side: _moves_of(role.opens, side) for side in ("opener", "answerer")}
    for name, role in ROLES.items()
}


class Apart(NamedTuple):
    """A frame without a bytes value, which belongs at the place `at` in it."""

    frame: memoryview
    at: int
    value: bytes


class Connection:
    """The state of one connection, seen from one end.

    Args:
        role: client, arbiter (facing clients), lane (facing a worker) or worker.
        raw: hand payloads through undecoded.
        whole_bytes: with `raw`, hand frames of more bytes through in parts; 0 for none.
        runs: with `raw`, hand CHUNKs of one exchange that came together through as one event.

    Attributes:
        room: where the transport may put the bytes that come next, in place of `receive_data`:
            the rest of a large frame's buffer; None when no such frame is under way.

    Raises:
        ValueError: no such role.
    """

    __slots__ = (
        "_buffer",
        "_closed",
        "_eof",
        "_header",
        "_is_doubtful",
        "_large",
        "_max_open",
        "_next_room",
        "_number",
        "_peer_side",
        "_received",
        "_runs",
        "_sent",
        "_skip",
        "_skipped",
        "_start",
        "_states",
        "_to_come",
        "_whole_bytes",
        "raw",
        "role",
        "room",
    )

    def __init__(
        self, role: str, *, raw: bool = False, whole_bytes: int = 0, runs: bool = False
    ) -> None:
        if role not in ROLES:
            raise ValueError(f"role {role!r} is none of {', '.join(ROLES)}")
        self.role = ROLES[role]
        self.raw = raw
        self._number = list(ROLES).index(role)
        # How many exchanges may be open at once; 0 for any number.
        self._max_open = self.role.max_open
        self.room: memoryview | None = None
        self._whole_bytes = whole_bytes
        self._runs = raw and runs
        self._peer_side = ROLES[self.role.peer].side
        self._sent = MOVES[role][self.role.side]
        self._received = MOVES[role][self._peer_side]
        self._states: dict[int, str] = {}
        self._buffer: bytes | bytearray = b""
        self._start = 0
        # Bytes still to be dropped of the frame that `_skipped` heads.
        self._skip = 0
        self._skipped: Header | None = None
        # Of the frame that is under way: its header, its own buffer if it is large, and where to go
        # on when `room` is full.
        self._header: Header | None = None
        self._large: memoryview | Apart | None = None
        self._next_room: memoryview | None = None
        # Of one that is handed out in parts: what is still to come.
        self._to_come = 0
        # Whether the C codec could not read the frame that comes next, or write the message.
        self._is_doubtful = False
        self._eof = False
        self._closed: ConnectionClosed | ProtocolError | None = None

    @property
    def open_exchanges(self) -> KeysView[int]:
        """Ids whose terminal frame is still to come, given up or not: a view, not a copy."""
        return self._states.keys()

    @property
    def is_inside_frame(self) -> bool:
        """Whether a part has come of what `next_event` would return next, or drop."""
        return self._header is not None or self._skip > 0 or self._start < len(self._buffer)

    @property
    def kept_bytes(self) -> int:
        """What is kept of received bytes, with the room that is kept for more of a large frame."""
        large = self._large
        if large is None:
            return len(self._buffer)
        return len(self._buffer) + len(large.frame if isinstance(large, Apart) else large)

    @property
    def untaken_bytes(self) -> int:
        """What was received behind the last event that was handed out, but of a large frame."""
        return len(self._buffer) - self._start

    def unread(self, limit: int) -> bytes:
        """At most `limit` of the received bytes from the frame on that is read next.

        After a ProtocolError with an offset these are the bytes that were at fault.
        """
        return bytes(self._buffer[self._start : self._start + limit])

    def receive_data(self, data: bytes | bytearray | memoryview) -> None:
        """Take bytes from the transport, in any portions."""
        while self.room and data:
            data = self._fill(self.room, data)
        if self._start == len(self._buffer):
            # What cannot change need not be copied.
            self._buffer = data if type(data) is bytes else bytearray(memoryview(data))
            self._start = 0
            return
        if type(self._buffer) is bytes or self._start * 2 > len(self._buffer):
            # Moving what is left costs its size: only when most of the buffer is spent.
            self._buffer = bytearray(memoryview(self._buffer)[self._start :])
            self._start = 0
        self._buffer += data

    def filled(self, count: int) -> None:
        """Take the first `count` bytes of `room` as received."""
        assert self.room is not None
        self.room = self.room[count:]
        if not self.room and self._next_room is not None:
            self.room, self._next_room = self._next_room, None

    @property
    def passable(self) -> int:
        """How many bytes that come next nobody here looks at: of a frame that PartReceived hands
        out, all but the last one. The transport may pass them on by itself.
        """
        return self._to_come - 1 if self._to_come and self._start == len(self._buffer) else 0

    def passed(self, count: int) -> None:
        """Take `count` of the `passable` bytes as received and handed out."""
        self._to_come -= count

    def receive_eof(self) -> None:
        """The transport delivers nothing more."""
        self._eof = True

    def next_event(self) -> Event | NeedData:
        """The next event, or NEED_DATA.

        Raises:
            ProtocolError: the peer broke the protocol; `scope` says how much dies with it.
        """
        if self._closed is not None:
            if isinstance(self._closed, ProtocolError):
                raise copy(self._closed)
            return self._closed
        try:
            # Every frame passes here, most of them whole: few calls.
            while True:
                if self._header is not None or self._skip:
                    event = self._go_on()
                    if event is NEED_DATA and self._eof:
                        return self._over()
                else:
                    buffer, start = self._buffer, self._start
                    there = len(buffer) - start
                    if there < HEADER_BYTES:
                        return NEED_DATA if not self._eof else self._over()
                    header = parse_header(buffer, start)
                    code, length, _ = header
                    if length and code in BARE:
                        self._refuse_payload(header)
                    size = HEADER_BYTES + length
                    if size > there:
                        self._begin(header, size)
                        continue
                    if code == CHUNK and size < there and self._runs:
                        size = self._run(buffer, start, header)
                    if size == there and not start and type(buffer) is bytes:
                        # Most often a read brings one frame.
                        self._buffer = b""
                        event = self._receive(header, buffer)
                    else:
                        event = self._receive(header, self._cut(start + size))
                if event is not None:
                    return event
        except ProtocolError as error:
            if error.offset is not None and not error.raw_data:
                error.raw_data = self.unread(RAW_DATA_BYTES)
            if error.scope == "connection":
                # Not the one that has a traceback, by which it would keep this connection.
                self._closed = copy(error)
            raise

    def events(self) -> Iterator[Event]:
        """The events that the received bytes hold. Raises as `next_event` does."""
        while (event := self.next_event()) is not NEED_DATA:
            yield event
            if isinstance(event, ConnectionClosed):
                return

    def send(self, message: Message) -> bytes:
        """The bytes of `message`, which become part of its exchange.

        Raises:
            ProtocolError: the message is not legal now, or cannot be encoded. The connection is
                as it was.
        """
        state = self._sendable(message.CODE, message.request_id)
        data = self._serialized(message) or message.to_bytes()
        self._enter(message.request_id, state)
        return data

    def send_parts(self, message: Message) -> list[bytes]:
        """As `send`, in parts: bytes values of 64 KiB and more are not copied into a frame.

        Returns:
            What makes the frame when it is put together; a small frame is one part.
        """
        state = self._sendable(message.CODE, message.request_id)
        data = self._serialized(message)
        parts = serialize_parts(message) if data is None else [data]
        self._enter(message.request_id, state)
        return parts

    def _serialized(self, message: Message) -> bytes | None:
        """The frame of a message that the C codec could not write. Raises ProtocolError."""
        if not self._is_doubtful or doubtful is None:
            return None
        self._is_doubtful = False
        return doubtful.serialize(message)

    def send_frame(self, frame: bytes, header: Header | None = None) -> bytes:
        """As `send`, for one whole frame that is handed through undecoded.

        Args:
            frame: only looked at without `header`.
            header: that of the frame, where it has been judged already.
        """
        code, _, request_id = header or parse_header(frame)
        self._enter(request_id, self._sendable(code, request_id))
        return frame

    def permit(self, count: int) -> None:
        """Have up to `count` exchanges open at once, where the worker's STATUS told so many."""
        if self._max_open:
            self._max_open = max(count, self.role.max_open)

    def abandon(self, request_id: int) -> None:
        """Give up an exchange that this side opened: discard its frames until the last one."""
        if request_id in self._states:
            self._states[request_id] = ABANDONED

    # --- receiving ---

    def _run(self, buffer: bytes | bytearray, start: int, first: Header) -> int:
        """How many bytes a CHUNK and those of its exchange that follow at once take."""
        stop, end = start + HEADER_BYTES + first.length, len(buffer)
        if self._peer_side == "opener":
            # It may send none: each is refused.
            return stop - start
        same = (MAGIC, VERSION, first.code, first.request_id)
        while stop + HEADER_BYTES <= end:
            magic, version, code, length, request_id = HEADER.unpack_from(buffer, stop)
            after = stop + HEADER_BYTES + length
            if (magic, version, code, request_id) != same or length > MAX_PAYLOAD_BYTES:
                break
            if after > end:
                break
            stop = after
        return stop - start

    def _refuse_payload(self, header: Header) -> None:
        try:
            check_presence(header)
        except ProtocolError:
            self._fail(header.request_id)
            self._skip = HEADER_BYTES + header.length
            self._skipped = header
            raise

    def _begin(self, header: Header, size: int) -> None:
        """A frame of `size` bytes has begun, and is not whole yet."""
        self._header = header
        if self._whole_bytes and size > self._whole_bytes:
            self._to_come = size

    def _make_room(self, size: int) -> None:
        """Give a large frame, of which some has come, its own buffer."""
        begun = None
        if codec is not None and not self.raw:
            begun = codec.begin_value(self._buffer, self._start, PART_BYTES)
        data: bytes = self._cut(len(self._buffer))
        if begun is None:
            self._large = self.room = memoryview(buffer_for(size, self.raw))[:size]
        else:
            at, value, self.room = begun
            rest = size - len(value)
            frame = memoryview(buffer_for(rest, self.raw))[:rest]
            frame[:at], data = data[:at], data[at:]
            self._large, self._next_room = Apart(frame, at, value), frame[at:]
        # The value may be whole, where it is the number of those after it that is in doubt.
        while self.room and data:
            data = self._fill(self.room, data)

    def _fill(self, room: memoryview, data: bytes | bytearray | memoryview) -> bytes:
        """Put what belongs to the large frame there; returns what follows it."""
        count = min(len(data), len(room))
        with memoryview(data) as view:
            room[:count] = view[:count]
            self.filled(count)
            return bytes(view[count:])

    def _go_on(self) -> Event | NeedData | None:
        """Take what has come of the frame that is under way; None when it is past."""
        header, large, there = self._header, self._large, len(self._buffer) - self._start
        if header is None:
            dropped = min(self._skip, there)
            self._skip -= dropped
            self._start += dropped
            return None if not self._skip else NEED_DATA
        if large is not None:
            if self.room:
                return NEED_DATA
            self._header = self._large = self.room = None
            return self._receive(header, large)
        if not self._to_come:
            size = HEADER_BYTES + header.length
            if size > there:
                if LARGE_BYTES < size <= there * MOST_PROMISED:
                    self._make_room(size)
                return NEED_DATA
            self._header = None
            return self._receive(header, self._cut(self._start + size))
        if not there:
            return NEED_DATA
        part = self._cut(self._start + min(there, self._to_come))
        self._to_come -= len(part)
        if self._to_come:
            return PartReceived(header, part)
        self._header = None
        return self._receive(header, part)

    def _cut(self, stop: int) -> bytes:
        """The bytes up to `stop`, copied at most once."""
        buffer, start = self._buffer, self._start
        if stop == len(buffer):
            # An idle connection keeps nothing alive.
            self._buffer, self._start = b"", 0
        else:
            self._start = stop
        if type(buffer) is bytes:
            return buffer[start:stop]
        with memoryview(buffer) as view:
            return bytes(view[start:stop])

    def _over(self) -> ConnectionClosed:
        """The stream has ended. Raises ProtocolError when it did so inside a frame."""
        header, there = self._header, len(self._buffer) - self._start
        if self._skip and self._skipped:
            header, there = self._skipped, HEADER_BYTES + self._skipped.length - self._skip
        elif self._to_come and header:
            there = HEADER_BYTES + header.length - self._to_come
        elif self.room is not None and header:
            left = len(self.room) + len(self._next_room or b"")
            there = HEADER_BYTES + header.length - left
        if there:
            raise ProtocolError(
                "truncated",
                "the stream ends inside a frame",
                phase="stream",
                offset=there,
                request_id=header.request_id if header else 0,
            )
        self._closed = ConnectionClosed()
        return self._closed

    def _receive(self, header: Header, frame: bytes | memoryview | Apart) -> Event | None:
        code, _, request_id = header
        states = self._states
        state = states.get(request_id, IDLE)
        next_state, outcome, scope = move = self._received[state][code]
        if state == IDLE and (self._max_open or not request_id):
            if not request_id and self._is_notice(code):
                return self._event(header, frame, False)
            if next_state != IDLE and self._is_full():
                next_state, outcome, scope = move = NOT_OPENED
        if outcome == "deliver":
            ended = next_state == IDLE
            event = self._event(header, frame, ended)
            if not ended:
                states[request_id] = next_state
            else:
                states.pop(request_id, None)
            return event
        self._enter(request_id, next_state)
        if scope:
            raise _refusal(move, code, request_id)
        return ExchangeEnded(request_id) if state != next_state == IDLE else None

    def _event(self, header: Header, frame: bytes | memoryview | Apart, ended: bool) -> Event:
        if self.raw and not isinstance(frame, Apart):
            return FrameReceived(header, frame, ended)
        try:
            if isinstance(frame, Apart):
                message = parse_apart(frame)
            elif isinstance(frame, bytes):
                read = parse_payload
                if self._is_doubtful and doubtful is not None:
                    self._is_doubtful, read = False, doubtful.parse_payload
                message = read(header, frame, HEADER_BYTES)
            else:
                message = parse(frame)
        except ProtocolError as error:
            error.raw_data = beginning(frame)
            self._fail(header.request_id, terminal=ended)
            raise
        finally:
            if not isinstance(frame, bytes):
                keep_buffer(frame.frame if isinstance(frame, Apart) else frame)
        return MessageReceived(message, ended)

    def _is_notice(self, code: int) -> bool:
        """Whether this is an ERROR about the connection, not about an exchange."""
        return (
            code == NOTICE_CODE
            and self._peer_side == "answerer"
            and CONNECTION_REQUEST_ID not in self._states
        )

    # --- exchanges ---

    def _sendable(self, code: int, request_id: int) -> str:
        """The state that the exchange enters with this frame. Raises ProtocolError."""
        state = self._states.get(request_id, IDLE)
        move = self._sent[state][code]
        if state == IDLE and move.next != IDLE and self._is_full():
            move = NOT_OPENED
        if move.scope:
            raise _refusal(move, code, request_id)
        return move.next

    def _is_full(self) -> bool:
        """Whether no other exchange may be opened."""
        return 0 < self._max_open <= len(self._states)

    def _enter(self, request_id: int, state: str) -> None:
        if state != IDLE:
            self._states[request_id] = state
        else:
            self._states.pop(request_id, None)

    def _fail(self, request_id: int, terminal: bool = True) -> None:
        """An exchange dies of a frame that cannot be read."""
        if request_id in self._states:
            self._enter(request_id, AFTER_FAULT[self._peer_side, terminal])


def _refusal(move: Transition, code: int, request_id: int) -> ProtocolError:
    return ProtocolError(
        move.outcome,
        f"{RULES[code].name} is not legal here",
        phase="state",
        scope=move.scope,
        request_id=request_id,
    )


# The last buffer of a frame that was decoded, for the next one: most of what a fresh one costs is
# the system's work for each page of it. A process keeps one, whatever it has of connections.
_spare: list[bytearray] = []


def buffer_for(size: int, raw: bool) -> bytearray | mmap.mmap:
    """At least `size` bytes; `raw` when they are handed out and not only decoded."""
    if size >= MAPPED_BYTES:
        return mapped(size)
    if raw:
        return bytearray(size)
    try:
        buffer = _spare.pop()
    except IndexError:
        buffer = bytearray()
    return buffer if len(buffer) >= size else bytearray(1 << (size - 1).bit_length())


def keep_buffer(frame: memoryview) -> None:
    """Keep the buffer of a frame to which what was decoded from it does not refer."""
    buffer = frame.obj
    frame.release()
    if isinstance(buffer, bytearray) and not _spare:
        _spare.append(buffer)


def beginning(frame: bytes | memoryview | Apart) -> bytes:
    """The first bytes of a frame."""
    if isinstance(frame, Apart):
        # The value is large: there is nothing to see behind it.
        head = frame.frame[: frame.at]
        return b"".join((head, frame.value[:RAW_DATA_BYTES]))[:RAW_DATA_BYTES]
    return bytes(frame[:RAW_DATA_BYTES])


def parse_apart(parts: Apart) -> Message:
    """The message of a frame and its value. Raises ProtocolError."""
    frame, at, value = parts
    if codec is not None:
        message: Message | None = codec.parse_around(frame, at, value)
        if message is not None:
            return message
    # In doubt, the fault is to be found where it is in the frame as it came.
    judge = parse if doubtful is None else doubtful.parse
    return judge(b"".join((frame[:at], value, frame[at:])))


def mapped(size: int) -> mmap.mmap:
    """Memory of its own, in large pages where the system has them: a fault for each small one
    takes longer than copying what it holds.
    """
    if not hasattr(mmap, "MAP_PRIVATE"):
        return mmap.mmap(-1, size)
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):
            memory.madvise(mmap.MADV_HUGEPAGE)
    return memory


if codec is not None:
    # The plain course of a connection in C, on the same state; all else is done above.
    codec.bind_connection(
        Connection,
        FrameReceived,
        MessageReceived,
        NEED_DATA,
        tuple(STATES),
        {
            "next_event": Connection.next_event,
            "receive_data": Connection.receive_data,
            "send": Connection.send,
            "send_parts": Connection.send_parts,
            "send_frame": Connection.send_frame,
        },
    )
    Connection.next_event = codec.next_event  # type: ignore[method-assign]
    Connection.receive_data = codec.receive_data  # type: ignore[method-assign]
    Connection.send = codec.send  # type: ignore[method-assign]
    Connection.send_parts = codec.send_parts  # type: ignore[method-assign]
    Connection.send_frame = codec.send_frame  # type: ignore[method-assign]
