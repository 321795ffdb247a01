"""One end of a connection, without I/O: bytes in, events out; messages in, bytes out.

Rules:

* `receive_data` takes whatever the transport delivered, `next_event` then returns events until
  it returns NEED_DATA. Incompleteness is never an error.
* Every frame, sent or received, runs the transition table of the specification. A frame for an
  exchange that was given up is discarded; when it was the last one, ExchangeEnded says so.
* `next_event` raises ProtocolError for what the peer may not do. After one of scope "exchange"
  the connection goes on. After one of scope "connection" nothing more can be read.
* With ``raw=True`` payloads are handed through undecoded, as `FrameReceived`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, KeysView
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from ._generated.tables import (
    CONNECTION_REQUEST_ID,
    HEADER_BYTES,
    ROLES,
    STATES,
    TRANSITIONS,
    MessageCode,
    Transition,
)
from .errors import ProtocolError
from .frames import RULES, Header, Message, check_presence
from .implementation import codec, parse_header, parse_payload

IDLE = "idle"
ABANDONED = "abandoned"
NOT_OPENED = Transition(IDLE, "unexpected_message", "exchange")


def _moves_of(opens: Collection[int]) -> dict[tuple[str, str, int], Transition]:
    """The transitions where only messages with codes in `opens` may open an exchange."""
    return {
        (state, sender, code): NOT_OPENED
        if state == IDLE and move.next != IDLE and code not in opens
        else move
        for (state, sender, code), move in TRANSITIONS.items()
    }


MOVES = {name: _moves_of(role.opens) for name, role in ROLES.items()}


class NeedData(Enum):
    """The type of NEED_DATA."""

    NEED_DATA = "need more data"


NEED_DATA = NeedData.NEED_DATA


class MessageReceived(NamedTuple):
    """A message arrived; `ended` when it ended its exchange."""

    message: Message
    ended: bool

    @property
    def request_id(self) -> int:
        return self.message.request_id


class FrameReceived(NamedTuple):
    """A frame arrived, its payload undecoded; `ended` when it ended its exchange."""

    header: Header
    frame: bytes
    ended: bool

    @property
    def request_id(self) -> int:
        return self.header.request_id


class ExchangeEnded(NamedTuple):
    """The terminal frame of an exchange that was given up has arrived and was discarded."""

    request_id: int


@dataclass(frozen=True, slots=True)
class ConnectionClosed:
    """The peer sends nothing more. Exchanges that are still open get no answer."""


Event = MessageReceived | FrameReceived | ExchangeEnded | ConnectionClosed


class Connection:
    """The state of one connection, seen from one end.

    Args:
        role: client, arbiter (facing clients), lane (facing a worker) or worker.
        raw: hand payloads through undecoded.

    Raises:
        ValueError: no such role.
    """

    __slots__ = (
        "_buffer",
        "_closed",
        "_eof",
        "_header",
        "_moves",
        "_number",
        "_peer_side",
        "_skip",
        "_skipped",
        "_start",
        "_states",
        "raw",
        "role",
    )

    def __init__(self, role: str, *, raw: bool = False) -> None:
        if role not in ROLES:
            raise ValueError(f"role {role!r} is none of {', '.join(ROLES)}")
        self.role = ROLES[role]
        self.raw = raw
        self._number = list(ROLES).index(role)
        self._peer_side = ROLES[self.role.peer].side
        self._moves = MOVES[role]
        self._states: dict[int, str] = {}
        self._buffer: bytes | bytearray = b""
        self._start = 0
        # Bytes still to be dropped of the frame that `_skipped` heads.
        self._skip = 0
        self._skipped: Header | None = None
        self._header: Header | None = None
        self._eof = False
        self._closed: ConnectionClosed | ProtocolError | None = None

    @property
    def open_exchanges(self) -> KeysView[int]:
        """Ids whose terminal frame is still to come, given up or not: a view, not a copy."""
        return self._states.keys()

    def unread(self, limit: int) -> bytes:
        """At most `limit` of the received bytes from the frame on that is read next.

        After a ProtocolError with an offset these are the bytes that were at fault.
        """
        return bytes(self._buffer[self._start : self._start + limit])

    def receive_data(self, data: bytes | bytearray | memoryview) -> None:
        """Take bytes from the transport, in any portions."""
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
                raise self._closed
            return self._closed
        try:
            return self._next()
        except ProtocolError as error:
            if error.scope == "connection":
                self._closed = error
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
        move = self._move(self.role.side, message.CODE, message.request_id)
        if move.scope:
            raise _refusal(move, message.CODE, message.request_id)
        data = message.to_bytes()
        self._apply(message.request_id, move)
        return data

    def send_frame(self, frame: bytes, header: Header | None = None) -> bytes:
        """As `send`, for one whole frame that is handed through undecoded.

        Args:
            header: that of the frame, where it has been judged already.
        """
        code, _, request_id = header or parse_header(frame)
        move = self._move(self.role.side, code, request_id)
        if move.scope:
            raise _refusal(move, code, request_id)
        self._apply(request_id, move)
        return frame

    def abandon(self, request_id: int) -> None:
        """Give up an exchange that this side opened: discard its frames until the last one."""
        if request_id in self._states:
            self._states[request_id] = ABANDONED

    # --- receiving ---

    def _next(self) -> Event | NeedData:
        while True:
            if self._skip:
                self._drop_skipped()
            header = self._header or self._read_header()
            if header is None:
                return self._starved()
            stop = self._start + HEADER_BYTES + header.length
            if stop > len(self._buffer):
                self._header = header
                return self._starved()
            event = self._receive(header, self._cut(stop))
            if event is not None:
                return event

    def _drop_skipped(self) -> None:
        dropped = min(self._skip, len(self._buffer) - self._start)
        self._skip -= dropped
        self._start += dropped

    def _read_header(self) -> Header | None:
        """The next frame's header; None when it is not there yet."""
        if len(self._buffer) - self._start < HEADER_BYTES:
            return None
        header = parse_header(self._buffer, self._start)
        try:
            check_presence(header)
        except ProtocolError:
            self._fail(header.request_id)
            self._skip = HEADER_BYTES + header.length
            self._skipped = header
            raise
        return header

    def _cut(self, stop: int) -> bytes:
        """The frame that ends at `stop`, copied at most once."""
        buffer, start = self._buffer, self._start
        self._header = None
        if stop == len(buffer):
            # An idle connection keeps nothing alive.
            self._buffer, self._start = b"", 0
        else:
            self._start = stop
        if type(buffer) is bytes:
            return buffer[start:stop]
        with memoryview(buffer) as view:
            return bytes(view[start:stop])

    def _starved(self) -> Event | NeedData:
        if not self._eof:
            return NEED_DATA
        header, there = self._header, len(self._buffer) - self._start
        if self._skip and self._skipped:
            header, there = self._skipped, HEADER_BYTES + self._skipped.length - self._skip
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

    def _receive(self, header: Header, frame: bytes) -> Event | None:
        code, _, request_id = header
        if request_id == CONNECTION_REQUEST_ID and self._is_notice(code):
            return self._event(header, frame, False)
        move = self._move(self._peer_side, code, request_id)
        if move.outcome == "deliver":
            event = self._event(header, frame, move.next == IDLE)
            self._apply(request_id, move)
            return event
        was_open = request_id in self._states
        self._apply(request_id, move)
        if move.scope:
            raise _refusal(move, code, request_id)
        ended = was_open and request_id not in self._states
        return ExchangeEnded(request_id) if ended else None

    def _event(self, header: Header, frame: bytes, ended: bool) -> Event:
        if self.raw:
            return FrameReceived(header, frame, ended)
        try:
            return MessageReceived(parse_payload(header, frame, HEADER_BYTES), ended)
        except ProtocolError:
            self._fail(header.request_id, terminal=ended)
            raise

    def _is_notice(self, code: int) -> bool:
        """Whether this is an ERROR about the connection, not about an exchange."""
        return (
            code == MessageCode.ERROR
            and self._peer_side == "answerer"
            and CONNECTION_REQUEST_ID not in self._states
        )

    # --- exchanges ---

    def _move(self, sender: str, code: int, request_id: int) -> Transition:
        state = self._states.get(request_id, IDLE)
        move = self._moves[state, sender, code]
        if state == IDLE and self.role.max_open and self._is_one_too_many(move):
            return NOT_OPENED
        return move

    def _is_one_too_many(self, move: Transition) -> bool:
        return move.next != IDLE and len(self._states) >= self.role.max_open

    def _apply(self, request_id: int, move: Transition) -> None:
        if move.next == IDLE:
            self._states.pop(request_id, None)
        else:
            self._states[request_id] = move.next

    def _fail(self, request_id: int, terminal: bool = True) -> None:
        """An exchange dies of a frame that cannot be read."""
        if terminal or self._peer_side == "opener":
            self._states.pop(request_id, None)
        else:
            self.abandon(request_id)


def _refusal(move: Transition, code: int, request_id: int) -> ProtocolError:
    return ProtocolError(
        move.outcome,
        f"{RULES[code].name} is not legal here",
        phase="state",
        scope=move.scope,
        request_id=request_id,
    )


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
            "send_frame": Connection.send_frame,
        },
    )
    Connection.next_event = codec.next_event  # type: ignore[method-assign]
    Connection.receive_data = codec.receive_data  # type: ignore[method-assign]
    Connection.send = codec.send  # type: ignore[method-assign]
    Connection.send_frame = codec.send_frame  # type: ignore[method-assign]
