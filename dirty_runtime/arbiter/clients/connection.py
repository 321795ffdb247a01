"""The arbiter's end of a client's connection.

Rules: a fault inside a frame is answered by an ERROR and the connection lives on; a fault of the
stream itself is answered by one ERROR, after which the client is heard no more and the
connection closes. A client that closes, even by half, gives up all its calls. A frame that has
begun is finished before another begins; if its worker dies meanwhile, the connection closes.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any, Protocol

import gdproto
from gdproto import HEADER_BYTES, FrameReceived, peek_request

from ...errors import MAX_RAW_BYTES, DirtyError, DirtyProtocolError, to_message
from ...sockets.link import Data, Link
from ...sockets.spool import KEPT_IN_MEMORY_BYTES, Spool, Spooler
from ..workers.lane import Answer, Lane

REQUEST = int(gdproto.MessageCode.REQUEST)
CANCEL = int(gdproto.MessageCode.CANCEL)
CREDENTIALS = struct.Struct("3i")
DISCARD_S = 1.0


class Call:
    """A REQUEST that a client waits for.

    Attributes:
        app_path: the app it is for.
        action: what is called on it.
        request_id: the client's id for it.
        header: that of the REQUEST.
        frame: the whole REQUEST, undecoded.
        size_bytes: of the REQUEST.
        timeout_s: from arrival; None for none.
        arrived_s: when it came, on the arbiter's clock.
        client: who waits.
        started_s: when it was handed to a worker.
        lane: where it runs; None while it waits.
    """

    __slots__ = (
        "action",
        "app_path",
        "arrived_s",
        "client",
        "frame",
        "header",
        "lane",
        "request_id",
        "size_bytes",
        "started_s",
        "timeout_s",
    )

    def __init__(
        self,
        request: gdproto.RequestPeek,
        header: gdproto.Header,
        frame: Data,
        client: ClientConnection,
        now_s: float,
    ) -> None:
        self.app_path, self.action, self.timeout_s = request
        self.request_id = header.request_id
        self.header = header
        self.frame = frame
        self.size_bytes = len(frame)
        self.client = client
        self.arrived_s = self.started_s = now_s
        self.lane: Lane | None = None


class ClientEvents(Protocol):
    """Whoever serves the clients."""

    def clock(self) -> float:
        """Monotonic seconds."""

    def client_came(self, client: ClientConnection) -> None:
        """A client connected."""

    def client_left(self, client: ClientConnection) -> None:
        """A client is gone, or will not be heard any more: its calls are given up."""

    def called(self, call: Call) -> None:
        """A client calls. Raises DirtyError to refuse."""

    def refused(self, call: Call, error: DirtyError) -> None:
        """A call was answered by the error that `called` raised."""

    def cancelled(self, call: Call) -> None:
        """A client gave up a call, and waits for its end."""

    def asked(self, question: gdproto.Message, client: ClientConnection) -> Any:
        """The answer to a STATUS, STASH or MANAGE. Raises DirtyError to refuse."""


class ClientConnection:
    """One client; `uid` is its user."""

    def __init__(self, connected: socket.socket, events: ClientEvents) -> None:
        self.calls: dict[int, Call] = {}
        self.paused = False
        self.uid = uid_of(connected)
        self._events = events
        self._clock = events.clock
        self._connection = gdproto.Connection("arbiter", raw=True, whole_bytes=KEPT_IN_MEMORY_BYTES)
        # Of a large frame that is under way.
        self._spooler: Spooler | None = None
        # The call whose RESPONSE is on its way in parts, and what has to wait for its end.
        self._passing: Call | None = None
        self._held: list[Data] = []
        self._failed = False
        self._link = Link(connected, self._connection, self)
        events.client_came(self)

    def forward(self, call: Call, answers: list[Answer]) -> None:
        """Hand frames of the call's exchange to the client."""
        for header, _, _ in answers:
            self._connection.send_frame(b"", header)
        _, frame, ended = answers[-1]
        if ended:
            del self.calls[call.request_id]
        if self._passing is not None:
            self._forward_in_turn(call, answers)
        elif len(answers) == 1:
            self._link.write(frame)
        else:
            for data in joined(answers):
                self._link.write(data)

    def onward(self, call: Call) -> Link | None:
        """Where a RESPONSE may go as it comes, if it may: one at a time may."""
        if self._passing is None:
            self._passing = call
        return self._link if self._passing is call else None

    def is_passing(self, call: Call) -> bool:
        """Whether the call's RESPONSE has begun."""
        return self._passing is call

    def _forward_in_turn(self, call: Call, answers: list[Answer]) -> None:
        if self._passing is not call:
            self._held += joined(answers)
            if call.lane is not None:
                call.lane.pause()
            return
        held, self._held, self._passing = self._held, [], None
        for data in [*joined(answers), *held]:
            self._link.write(data)
        if not self.paused:
            self.resume_writing()

    def fail(self, call: Call, error: DirtyError) -> None:
        """End the call's exchange by an ERROR, or the connection if the answer has begun."""
        del self.calls[call.request_id]
        if self._passing is call:
            self.abort()
            return
        self._write(self._connection.send(to_message(error, call.request_id)))

    def refuse(self, error: DirtyError) -> None:
        """Tell the client why it is not served, and hear it no more."""
        self._write(to_message(error, 0).to_bytes())
        self._hear_no_more()

    def close(self) -> None:
        """Close when what was written has been taken."""
        self._link.close()

    def abort(self) -> None:
        """Close at once."""
        self._link.abort()

    def _write(self, data: bytes) -> None:
        if self._passing is None:
            self._link.write(data)
        else:
            self._held.append(data)

    # --- frames ---

    def _take(self, header: gdproto.Header, frame: Data) -> None:
        code, _, request_id = header
        if code == CANCEL:
            self._events.cancelled(self.calls[request_id])
            return
        try:
            seen = frame.view() if isinstance(frame, Spool) else frame
            if code == REQUEST:
                request = peek_request(seen, HEADER_BYTES)
                call = self.calls[request_id] = Call(request, header, frame, self, self._clock())
                self._events.called(call)
            else:
                answer = self._events.asked(gdproto.parse(seen), self)
                self._write(self._connection.send(gdproto.Response(request_id, answer)))
        except gdproto.ProtocolError as error:
            self._decline(header, DirtyProtocolError.of(error, bytes(seen[:MAX_RAW_BYTES])))
        except DirtyError as error:
            self._decline(header, error)

    def _take_large(self, event: gdproto.FrameReceived) -> None:
        header, rest, _ = event
        spooler, self._spooler = self._spooler, None
        assert spooler is not None
        try:
            self._take(header, spooler.whole(rest))
        except OSError as error:
            reason = f"no room for a large request: {error.strerror or error}"
            self._decline(header, DirtyError(reason))

    def _decline(self, header: gdproto.Header, error: DirtyError) -> None:
        call = self.calls.pop(header.request_id, None)
        self._write(self._connection.send(to_message(error, header.request_id)))
        if call is not None:
            self._events.refused(call, error)

    def _faulty(self, error: gdproto.ProtocolError) -> None:
        """Answer what the connection itself found at fault."""
        call = self.calls.get(error.request_id)
        if call is not None and self._passing is call:
            # Nothing can stand inside its RESPONSE, and nobody may be trusted to wait for the end.
            self._failed = True
            self.abort()
            return
        if call is not None and error.scope == "exchange":
            del self.calls[error.request_id]
            self._events.cancelled(call)
        answer = to_message(DirtyProtocolError.of(error), error.request_id)
        # The state of the exchange, if there is one, no longer permits an answer.
        self._write(answer.to_bytes())
        if error.scope == "connection":
            self._hear_no_more()

    def _hear_no_more(self) -> None:
        self._failed = True
        self._events.client_left(self)
        self._link.read_in_vain()
        self._link.write_eof()
        asyncio.get_running_loop().call_later(DISCARD_S, self._link.abort)

    # --- what the link tells ---

    def received(self) -> None:
        while not self._failed:
            try:
                event = self._connection.next_event()
            except gdproto.ProtocolError as error:
                self._faulty(error)
                continue
            if type(event) is FrameReceived:
                if self._spooler is None:
                    self._take(event.header, event.frame)
                else:
                    self._take_large(event)
            elif type(event) is gdproto.PartReceived:
                if self._spooler is None:
                    self._spooler = Spooler()
                    self._link.pour_into(self._spooler)
                self._spooler.add(event.part)
            else:
                return

    def ended(self) -> None:
        self.received()

    def pause_writing(self) -> None:
        self.paused = True
        for call in self.calls.values():
            if call.lane is not None:
                call.lane.pause()

    def resume_writing(self) -> None:
        self.paused = False
        for call in self.calls.values():
            if call.lane is not None:
                call.lane.resume()

    def lost(self, error: OSError | None) -> None:
        self._failed = True
        self._spooler = None
        self._held.clear()
        self._events.client_left(self)


def joined(answers: list[Answer]) -> list[Data]:
    """What is to be written: small frames in one piece."""
    pieces: list[Data] = []
    small: list[bytes] = []
    for _, frame, _ in answers:
        if isinstance(frame, bytes):
            small.append(frame)
        else:
            pieces += [b"".join(small), frame]
            small = []
    return [*pieces, b"".join(small)]


def uid_of(peer: socket.socket) -> int:
    """The user at the other end of a Unix socket."""
    credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    _, uid, _ = CREDENTIALS.unpack(credentials)
    return int(uid)
