"""The arbiter's end of a client's connection.

Rules: a fault inside a frame is answered by an ERROR and the connection lives on; a fault of the
stream itself is answered by one ERROR, after which the client is heard no more and the
connection closes. A client that closes, even by half, gives up all its calls, whatever it has not
read yet. A frame that has begun is finished before another begins; if its worker dies meanwhile,
the connection closes. Of a client that has sent many frames a few are taken at once, the others in
turns; of one that has so many answers to read none are taken at all, and what it has asked waits. A
large frame, and one of many parts, is looked into by a thread. Of a client that does not read, no
call is started; a RESPONSE that is on its way is kept for it, so that it holds no lane; a stream
does.
"""

from __future__ import annotations

import asyncio
import logging
import os
import select
import socket
import struct
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from random import randrange
from typing import Any, Protocol, TypeVar

import gdproto
from gdproto import HEADER_BYTES, NEED_DATA, FrameReceived, peek_request
from gdproto.answers import STASH_OPERATIONS

from ...errors import (
    MAX_RAW_BYTES,
    DirtyCancelledError,
    DirtyError,
    DirtyProtocolError,
    to_message,
)
from ...sockets.aside import WRITING, aside
from ...sockets.inbox import Inbox
from ...sockets.link import Data, Link
from ...sockets.passing import AVAILABLE, Account, Descriptors, Parcel, let_pass
from ...sockets.spool import KEPT_IN_MEMORY_BYTES, Spool
from ..calls import Call
from ..policy.crowd import Rest
from ..turns import SLICE_S, Turns
from ..workers.lane import Answer
from ..workers.places import Place

log = logging.getLogger("dirty")

T = TypeVar("T")

REQUEST = int(gdproto.MessageCode.REQUEST)
CANCEL = int(gdproto.MessageCode.CANCEL)
# Of an extension that it does not list: each stream is held back by its client's socket.
PACE = (int(gdproto.MessageCode.PAUSE), int(gdproto.MessageCode.RESUME))
CREDENTIALS = struct.Struct("3i")
DISCARD_S = 1.0
# Frames of one connection that are taken before others have their turns.
FRAMES_AT_ONCE = 16
# Questions that are given up at once when their client leaves.
FEW_QUESTIONS = 50
# A question is checked to its last byte: a larger one by a thread.
CHECKED_AT_ONCE_BYTES = 64 * 1024
# A REQUEST is stepped over, which of most takes no time. One of more bytes may take some, so it
# waits for its turn where others have had their time; of one that is too large to be checked at
# once, so many lists, dicts and texts are left to a thread.
QUICK_BYTES = 4096
MOST_STEPS = 8000
STEPS = b"".join(gdproto.encode(one)[:1] for one in (list[int](), dict[str, int](), "", b""))
SLICES, SLICE_BYTES = 64, 64
# Of apps, actions, tables and keys. To decode a text keeps all from running: what is longer is not.
LONGEST_NAME_BYTES = max(one.max_bytes for op in STASH_OPERATIONS.values() for one in op.parameters)
STEP_BYTES = 1024 * 1024
# Of answers that a client has not read, in bytes: with more it is not heard.
MOST_UNREAD_BYTES = 4 * 1024 * 1024
# Of what a client has us keep, in memory and in files.
NOTHING = (0, 0)
# How long a RESPONSE may hold its lane from when its client did not take it as it came.
PASSING_S = 0.02


# Looks into large frames, one after the other: what that does, it does without Python's lock.
LOOKING = ThreadPoolExecutor(1, "looking")
Understood = gdproto.RequestPeek | gdproto.Message

CallOf = Call["ClientConnection", Place]
"""A call that a client waits for, and that a lane runs."""


class ClientEvents(Protocol):
    """Whoever serves the clients.

    Attributes:
        passed: counts the memory that is passed.
        limits_of_passed: how much of it, and of how many descriptors, one client may have us keep.
    """

    passed: Account
    limits_of_passed: tuple[int, int]

    def client_came(self, client: ClientConnection) -> None:
        """A client connected."""

    def client_left(self, client: ClientConnection) -> None:
        """A client is gone, or will not be heard any more: its calls are given up."""

    def client_gone(self, client: ClientConnection) -> None:
        """The connection is closed."""

    def client_moved(self, client: ClientConnection) -> None:
        """A client may rest otherwise than before, or begin to rest anew.

        It is told once, until `awaits_look` is false again.
        """

    def client_holds_back(self, client: ClientConnection) -> None:
        """A client has more to read than it should."""

    def client_reads_on(self, client: ClientConnection) -> None:
        """A client has read it."""

    def client_keeps(self, client: ClientConnection, memory: int, files: int) -> None:
        """A client has us keep so many bytes of what is unfinished or unread."""

    def called(self, call: CallOf) -> None:
        """A client calls."""

    def cancelled(self, call: CallOf) -> None:
        """A client gave up a call, and waits for its end."""

    def abandoned(self, call: CallOf) -> None:
        """A client gave up a call, of which it may not be told any more."""

    def asked(
        self, question: gdproto.Message, client: ClientConnection
    ) -> asyncio.Task[None] | None:
        """A client asks a STATUS, STASH or MANAGE.

        Returns:
            What answers it in its time; None where it has been answered.

        Raises:
            DirtyError: it is refused.
        """


class ClientConnection:
    """One client.

    Args:
        connected: its socket.
        events: is told what it does.
        clock: monotonic seconds.
        turns: of all clients, for what one sends too much of.

    Attributes:
        uid: its user.
        pid: its process, when it connected.
        peer: both: who holds more connections than others is told by it.
        descriptor: the number of its socket.
        moved_s: when it did something last, by the clock.
        awaits_look: whether it is to be looked at how it rests.
        calls: the calls that it waits for, by their ids.
        turns: of each kind of question, who asks it one after the other.
        paused: whether it has more to read than it should.
    """

    def __init__(
        self,
        connected: socket.socket,
        events: ClientEvents,
        clock: Callable[[], float],
        turns: Turns,
    ) -> None:
        self.calls: dict[int, CallOf] = {}
        self.turns: dict[type[gdproto.Message], asyncio.Lock] = {}
        self.paused = False
        self.moved_s = 0.0
        self.awaits_look = False
        self.peer = self.pid, self.uid = peer_of(connected)
        self.descriptor = connected.fileno()
        # How it rested when that was asked last.
        self._rest = Rest.IDLE
        # Whether it has asked something since then, or is about to be closed.
        self._has_asked = self._is_leaving = False
        self._kept = NOTHING
        # When it is closed that is heard no more.
        self._end: asyncio.TimerHandle | None = None
        self._events = events
        self._clock = clock
        self._turns = turns
        self._questions: dict[int, asyncio.Task[None]] = {}
        self._connection = gdproto.Connection("arbiter", raw=True, whole_bytes=KEPT_IN_MEMORY_BYTES)
        # Of a large frame that is under way.
        self._inbox: Inbox | None = None
        # The call whose RESPONSE is on its way in parts, and what has to wait for its end.
        self._passing: CallOf | None = None
        self._held: list[Data] = []
        self._held_bytes = self._held_in_files = 0
        # When what is left of it is kept, and how much is kept of whose RESPONSE.
        self._patience: asyncio.TimerHandle | None = None
        self._kept_of: dict[CallOf, int] = {}
        # Whether it has more to read than may be, and is not heard.
        self._is_unheard = False
        self._is_heard = asyncio.Event()
        self._is_heard.set()
        # While a large frame is looked into, what comes behind it waits. It is here alone: where
        # nobody waits for it any more, it is not to wait for the thread.
        self._is_held = False
        self._looked_into: tuple[gdproto.Header, Data, bytes | memoryview] | None = None
        self._failed = False
        self._link = Link(connected, self._connection, self, turns.watch())
        if self.uid != os.geteuid() and not let_pass(connected, False):
            self._link.take_none()
        turns.clients += 1
        events.client_came(self)

    def forward(self, call: CallOf, answers: list[Answer]) -> None:
        """Hand frames of the call's exchange to the client."""
        send_frame, lane = self._connection.send_frame, call.lane
        for header, frame, ended in answers:  # noqa: B007
            send_frame(b"", header)
        if ended:
            del self.calls[call.request_id]
        if self._kept_of:
            self.keep(call, 0)
        if self._passing is not None:
            self._forward_in_turn(call, answers)
        elif len(answers) == 1:
            self._link.write(frame)
        else:
            for data in joined(answers):
                self._link.write(data)
        if ended:
            self._moved(self._clock() if lane is None else lane.heard_s)
        elif self.paused and lane is not None:
            # Of a stream the next frames may wait in its worker.
            lane.pause()

    def onward(self, call: CallOf) -> Link | None:
        """Where a RESPONSE may go as it comes, if it may: one at a time may."""
        if self._passing is None and not self.paused:
            self._passing = call
        return self._link if self._passing is call else None

    def is_passing(self, call: CallOf) -> bool:
        """Whether the call's RESPONSE has begun."""
        return self._passing is call

    def _forward_in_turn(self, call: CallOf, answers: list[Answer]) -> None:
        if self._passing is not call:
            for data in joined(answers):
                self._hold(data)
            if call.lane is not None:
                call.lane.pause()
            return
        held, self._held, self._passing = self._held, [], None
        self._held_bytes = self._held_in_files = 0
        self._stop_patience()
        for data in [*joined(answers), *held]:
            self._link.write(data)
        if not self.paused:
            self._resume_lanes()
        self.waiting_changed()

    def keep(self, call: CallOf, count: int) -> None:
        """So many bytes are kept of a large frame of the call's answer, until it is whole."""
        if count:
            self._kept_of[call] = count
        else:
            self._kept_of.pop(call, None)
        self._count()

    def _keep_passing(self) -> None:
        """Have the rest of the RESPONSE kept that is on its way: its lane has waited for long."""
        self._patience = None
        if self._passing is not None and self._passing.lane is not None:
            self._passing.lane.keep()

    def _stop_patience(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def fail(self, call: CallOf, error: DirtyError) -> None:
        """End the call's exchange by an ERROR, or the connection if the answer has begun."""
        if self.calls.get(call.request_id) is not call:
            # It has had its answer, or may not be told; its id may be another's now.
            return
        del self.calls[call.request_id]
        self.keep(call, 0)
        if self._passing is call:
            self.abort()
            return
        self.decline(call.request_id, error)
        self._moved(self._clock())

    @property
    def has_left(self) -> bool:
        """Whether nothing that it asked is answered any more."""
        return self._is_leaving

    @property
    def is_there(self) -> bool:
        """Whether somebody reads what it is answered, as far as the kernel knows by now."""
        return not self._is_leaving and not hung_up(self.descriptor)

    @property
    def question_count(self) -> int:
        """How many questions wait for their answers."""
        return len(self._questions)

    async def heard(self) -> None:
        """Wait until it has no more to read than may be."""
        await self._is_heard.wait()

    def answer(self, request_id: int, result: Any) -> None:
        """Answer a question. Raises gdproto.ProtocolError where the result cannot be sent."""
        if isinstance(result, gdproto.Pieces):
            header, pieces = result.response(request_id)
            self._connection.send_frame(b"", header)
        else:
            pieces = [self._connection.send(gdproto.Response(request_id, result))]
        for piece in pieces:
            self._write(piece)
        self._answered(request_id)

    def decline(self, request_id: int, error: DirtyError) -> None:
        """Answer a call or a question by an ERROR."""
        self._write(self._connection.send(to_message(error, request_id)))
        self._answered(request_id)

    def _answered(self, request_id: int) -> None:
        if self._questions.pop(request_id, None) is not None:
            self._moved(self._clock())

    def let_go(self, error: DirtyError) -> None:
        """Close, and tell the client why, unless a frame that it is sent has begun."""
        if self._link.waiting_bytes or self._passing is not None:
            self.abort()
        elif not self._failed:
            self.refuse(error)

    @property
    def waits(self) -> bool:
        """Whether something that it asked has begun, and is to be answered."""
        return bool(self.calls or self._questions)

    @property
    def has_unsent(self) -> bool:
        """Whether the kernel has not taken yet all that is to be sent."""
        return self._link.waiting_bytes > 0

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
            self._hold(data)

    def _hold(self, data: Data) -> None:
        """Keep it until the RESPONSE is whole that is on its way in parts."""
        self._held.append(data)
        self._held_bytes += len(data)
        if isinstance(data, Spool):
            self._held_in_files += len(data)
        self.waiting_changed()

    # --- frames ---

    def _take_descriptors(self) -> None:
        """Take descriptors from now on: our answer to STATUS says that we do."""
        if AVAILABLE:
            own = Account(*self._events.limits_of_passed, one_may=True)
            self._link.take_descriptors((self._events.passed, own), pours=False)

    def _take_with(
        self, header: gdproto.Header, frame: bytes | memoryview, descriptors: Descriptors
    ) -> None:
        """As `_take`, of a REQUEST that came with descriptors."""
        if descriptors.refusal:
            self._refuse(header, frame, descriptors.error())
        elif header.length > CHECKED_AT_ONCE_BYTES:
            self._look_into(header, Parcel(frame, descriptors), frame)
        else:
            understand = partial(understood, header.code, frame)
            self._act(header, Parcel(frame, descriptors), frame, understand)

    def _take(self, header: gdproto.Header, frame: bytes | memoryview) -> None:
        if header.code == CANCEL:
            self._cancel(header.request_id)
        elif header.code in PACE:
            return
        elif header.length > CHECKED_AT_ONCE_BYTES:
            self._look_into(header, frame, frame)
        else:
            self._act(header, frame, frame, partial(understood, header.code, frame))

    def _act(
        self,
        header: gdproto.Header,
        frame: Data,
        seen: bytes | memoryview,
        understand: Callable[[], Understood],
    ) -> None:
        """Do what a frame says, or tell why not."""
        try:
            what = understand()
            if type(what) is gdproto.Status:
                # Before it is told so.
                self._take_descriptors()
            if isinstance(what, gdproto.RequestPeek):
                self._call(header, frame, what)
            elif (task := self._events.asked(what, self)) is not None:
                self._questions[header.request_id] = task
        except (gdproto.ProtocolError, DirtyError) as error:
            self._refuse(header, seen, error)

    def _call(self, header: gdproto.Header, frame: Data, peeked: gdproto.RequestPeek) -> None:
        call: CallOf = Call(peeked, header, frame, self, self._clock())
        self.calls[header.request_id] = call
        self._events.called(call)

    def _refuse(
        self,
        header: gdproto.Header,
        seen: bytes | memoryview,
        error: gdproto.ProtocolError | DirtyError,
    ) -> None:
        if isinstance(error, gdproto.ProtocolError):
            error = DirtyProtocolError.of(error, bytes(seen[:MAX_RAW_BYTES]))
        self.decline(header.request_id, error)

    def _cancel(self, request_id: int) -> None:
        question = self._questions.get(request_id)
        if question is not None:
            question.cancel()
            self.decline(request_id, DirtyCancelledError("cancelled by the caller"))
        elif not self.is_passing(self.calls[request_id]):
            # Else its terminal frame is under way.
            self._events.cancelled(self.calls[request_id])

    def _take_large(self, event: gdproto.FrameReceived) -> None:
        header, rest, _ = event
        inbox, self._inbox = self._inbox, None
        assert inbox is not None
        self._aside(WRITING, partial(inbox.whole, rest), partial(self._take_whole, header))

    def _take_whole(self, header: gdproto.Header, whole: Callable[[], Data]) -> None:
        """Take a large frame, or tell why it could not be kept."""
        try:
            frame = whole()
            spool = frame.frame if isinstance(frame, Parcel) else frame
            assert isinstance(spool, Spool)
            if isinstance(frame, Parcel) and frame.descriptors.refusal:
                self._refuse(header, spool.beginning, frame.descriptors.error())
            else:
                self._look_into(header, frame, spool.view())
        except OSError as error:
            reason = f"no room for a large request: {error.strerror or error}"
            log.warning("%s (TMPDIR)", reason)
            self.decline(header.request_id, DirtyError(reason))

    def _is_for_later(self, header: gdproto.Header, frame: bytes | memoryview) -> bool:
        """Whether a REQUEST that is not small has to wait, for a thread or for its turn."""
        if takes_long(header, frame):
            self._look_into(header, frame, frame)
            return True
        if not self._turns.is_spent:
            return False
        self._is_held = True
        self._link.pause_reading()
        self._turns.take(partial(self._link.attempt, partial(self._take_in_turn, header, frame)))
        return True

    def _take_in_turn(self, header: gdproto.Header, frame: bytes | memoryview) -> None:
        self._is_held = False
        if not self._failed:
            self._act(header, frame, frame, partial(peek_request, frame, HEADER_BYTES))
            self._take_more()

    def _look_into(self, header: gdproto.Header, frame: Data, seen: bytes | memoryview) -> None:
        """Have a thread look into a large frame, and take what comes behind it afterwards."""
        self._looked_into = header, frame, seen
        self._count()
        self._aside(LOOKING, self._understood, self._act_on_it)

    def _understood(self) -> Understood:
        """In a thread, look into the frame that is there for it. Raises gdproto.ProtocolError."""
        if self._looked_into is None:
            raise RuntimeError("nobody waits for it any more")
        header, _, seen = self._looked_into
        return understood(header.code, seen)

    def _act_on_it(self, understand: Callable[[], Understood]) -> None:
        assert self._looked_into is not None
        (header, frame, seen), self._looked_into = self._looked_into, None
        self._act(header, frame, seen, understand)

    def _write_aside(self, act: Callable[[], None]) -> None:
        """Have a thread write a file."""
        self._aside(WRITING, act, lambda _: None)

    def _aside(
        self,
        threads: ThreadPoolExecutor,
        act: Callable[[], T],
        then: Callable[[Callable[[], T]], None],
    ) -> None:
        """Have a thread do what may take long, and take nothing more until then.

        Args:
            then: is called with what returns or raises the outcome.
        """
        self._is_held = True

        def done(outcome: Callable[[], T]) -> None:
            self._is_held = False
            if not self._failed:
                then(outcome)
            if not self._failed:
                self._take_more()

        aside(self._link, threads, act, done)

    def _faulty(self, error: gdproto.ProtocolError) -> None:
        """Answer what the connection itself found at fault."""
        call = self.calls.get(error.request_id)
        if call is not None and self._passing is call:
            # Nothing can stand inside its RESPONSE, and nobody may be trusted to wait for the end.
            self._failed = True
            self.abort()
            return
        if error.scope == "exchange":
            self._abandon(error.request_id)
        answer = to_message(DirtyProtocolError.of(error), error.request_id)
        # The state of the exchange, if there is one, no longer permits an answer.
        self._write(answer.to_bytes())
        if error.scope == "connection":
            self._hear_no_more()

    def _abandon(self, request_id: int) -> None:
        """Give up the exchange, if there is one, without a word to the client."""
        if (call := self.calls.pop(request_id, None)) is not None:
            self._events.abandoned(call)
        elif (question := self._questions.pop(request_id, None)) is not None:
            question.cancel()

    def _leave(self) -> None:
        if len(self._questions) > FEW_QUESTIONS:
            # Of several who leave at one moment, one after the other.
            self._turns.take(self._cancel_questions)
        else:
            self._cancel_questions()
        self._events.client_left(self)
        self._is_leaving = True
        self._moved(self._clock())

    def _cancel_questions(self) -> None:
        for question in self._questions.values():
            question.cancel()
        self._questions.clear()

    def _hear_no_more(self) -> None:
        self._failed = True
        self._inbox = self._looked_into = None
        self._leave()
        self._link.read_in_vain()
        self._link.write_eof()
        self._end = asyncio.get_running_loop().call_later(DISCARD_S, self._stop_discarding)

    def _stop_discarding(self) -> None:
        """Close; who has not read yet why, and what stands before it, has his time for that."""
        self._link.close()
        self._moved(self._clock())

    # --- how it rests ---

    def _moved(self, now_s: float) -> None:
        self.moved_s = now_s
        if not self.awaits_look:
            self.awaits_look = True
            self._events.client_moved(self)

    def rests_now(self) -> tuple[Rest, bool]:
        """How it rests, and whether that has begun anew since this was asked last."""
        rest = self._rest_now()
        if rest is self._rest and not self._has_asked:
            return rest, False
        self._rest, self._has_asked = rest, False
        return rest, True

    def _rest_now(self) -> Rest:
        if self._is_leaving:
            has_time = self._link.is_closing and self._link.waiting_bytes
            return Rest.UNREAD if has_time else Rest.LEAVING
        if self._is_held and not self._connection.is_inside_frame:
            # What it asks for is whole, and looked into.
            return Rest.BUSY
        if self._questions or (self.calls and not (self.paused and self._starts_nothing)):
            return Rest.BUSY
        if self._link.waiting_bytes:
            return Rest.UNREAD
        return Rest.SENDING if self._connection.is_inside_frame else Rest.IDLE

    @property
    def _starts_nothing(self) -> bool:
        """Whether none of its calls runs: while it does not read, none will."""
        return all(call.lane is None for call in self.calls.values())

    @property
    def _unread_bytes(self) -> int:
        """What is in memory of the answers that it has not read."""
        in_files = self._link.waiting_in_files + self._held_in_files
        in_files += self._link.waiting_passed_bytes
        return self._link.waiting_bytes + self._held_bytes - in_files

    def _count(self) -> None:
        """Tell what it has us keep, where that is another amount."""
        memory = self._unread_bytes + self._connection.kept_bytes
        if self._looked_into is not None and self._looked_into[1] is self._looked_into[2]:
            memory += len(self._looked_into[1])
        in_files = self._link.waiting_in_files + self._held_in_files
        if self._inbox is not None:
            in_files += self._inbox.spooled_bytes
            memory += self._inbox.held_bytes
        if self._kept_of:
            in_files += sum(self._kept_of.values())
        kept = (memory, in_files)
        if kept != self._kept:
            self._kept = kept if any(kept) else NOTHING
            self._events.client_keeps(self, *kept)

    # --- what the link tells ---

    def received(self) -> None:
        now_s = self._clock()
        if self._take_some(now_s):
            self._link.pause_reading()
            self._turns.take(self._take_turn)
        self._moved(now_s)
        # What it keeps otherwise is counted where that changes.
        if self._connection.kept_bytes or self._inbox is not None or self._kept is not NOTHING:
            self._count()

    def _take_turn(self) -> None:
        self._link.attempt(self._take_more)

    def _take_more(self) -> None:
        """In its turn, take frames that were not taken at once."""
        until_s = time.monotonic() + SLICE_S
        while self._take_some(self._clock()):
            if time.monotonic() >= until_s:
                self._turns.take(self._take_turn)
                return
        if not (self._failed or self._is_unheard or self._is_held):
            self._link.resume_reading()
        self._moved(self._clock())
        self._count()

    def _take_some(self, now_s: float) -> bool:
        """Take a few of the frames that are there. Returns whether there may be more."""
        for _ in range(FRAMES_AT_ONCE):
            if self._failed or self._is_unheard or self._is_held:
                return False
            try:
                event = self._connection.next_event()
            except gdproto.ProtocolError as error:
                self._faulty(error)
                continue
            if event is NEED_DATA:
                if (incoming := self._link.incoming) is not None and incoming.came:
                    incoming.settle(self._connection)
                return False
            if type(event) is FrameReceived:
                self._has_asked = True
                header, frame, _ = event
                descriptors = None
                incoming = self._link.incoming
                if incoming is not None and incoming.came:
                    descriptors = incoming.of(len(frame), self._connection.untaken_bytes)
                if self._inbox is not None:
                    self._take_large(event)
                elif descriptors is not None and header.code == REQUEST:
                    self._take_with(header, frame, descriptors)
                elif header.code != REQUEST:
                    self._take(header, frame)
                    if self._turns.is_spent:
                        # Others may ask as much in this turn.
                        return True
                else:
                    if header.length > QUICK_BYTES and self._is_for_later(header, frame):
                        return False
                    # As `_act`, in fewer steps.
                    try:
                        peeked = peek_request(frame, HEADER_BYTES)
                        call: CallOf = Call(peeked, header, frame, self, now_s)
                        self.calls[call.request_id] = call
                        self._events.called(call)
                    except (gdproto.ProtocolError, DirtyError) as error:
                        self._refuse(header, frame, error)
            elif type(event) is gdproto.PartReceived:
                if self._inbox is None:
                    self._inbox = Inbox(self._link, elsewhere=self._write_aside)
                    if (incoming := self._link.incoming) is not None:
                        untaken = self._connection.untaken_bytes
                        self._inbox.descriptors = incoming.of(len(event.part), untaken)
                self._inbox.add(event.part)
            else:
                return False
        return True

    def ended(self) -> None:
        self.received()
        self._leave()

    def waiting_changed(self) -> None:
        self._has_asked = self._has_asked or self._rest is Rest.UNREAD
        self._moved(self._clock())
        self._count()
        is_unheard = self._unread_bytes > MOST_UNREAD_BYTES
        if is_unheard == self._is_unheard or self._failed:
            return
        self._is_unheard = is_unheard
        self._link.pause_reading()
        if is_unheard:
            self._is_heard.clear()
        else:
            self._is_heard.set()
            self._turns.take(self._take_turn)

    def pause_writing(self) -> None:
        self.paused = True
        self._events.client_holds_back(self)
        if self._passing is None or self._passing.lane is None:
            return
        self._passing.lane.pause()
        if self._patience is None:
            loop = asyncio.get_running_loop()
            self._patience = loop.call_later(PASSING_S, self._keep_passing)

    def resume_writing(self) -> None:
        self.paused = False
        self._resume_lanes()
        self._events.client_reads_on(self)

    def _resume_lanes(self) -> None:
        for call in self.calls.values():
            if call.lane is not None:
                call.lane.resume()

    def lost(self, error: OSError | None) -> None:
        self._turns.clients -= 1
        self._failed = True
        self._inbox = self._looked_into = None
        self._held, self._held_bytes, self._held_in_files = [], 0, 0
        self._passing = None
        self._kept_of.clear()
        self._stop_patience()
        self._leave()
        self._events.client_gone(self)
        self._connection = gdproto.Connection("arbiter", raw=True)
        self._link.forget(self._connection)
        if self._end is not None:
            # It would keep all this until then.
            self._end.cancel()


def takes_long(header: gdproto.Header, frame: bytes | memoryview) -> bool:
    """Whether stepping over a REQUEST may take long: it seems to have more steps than are done at
    once. Slices of it are looked at, from where nobody can foresee: to look at all would take long.
    """
    if header.length <= CHECKED_AT_ONCE_BYTES:
        return False
    view = memoryview(frame)
    apart = len(view) // SLICES
    places = range(randrange(apart), len(view), apart)
    seen = b"".join([view[at : at + SLICE_BYTES] for at in places])
    steps = len(seen) - len(seen.translate(None, STEPS))
    return steps * len(view) > MOST_STEPS * len(seen)


def understood(code: int, frame: bytes | memoryview) -> Understood:
    """What an arbiter needs to know of a frame. Raises gdproto.ProtocolError."""
    if code == REQUEST:
        return peek_request(frame, HEADER_BYTES, LONGEST_NAME_BYTES)
    if len(frame) <= CHECKED_AT_ONCE_BYTES:
        return gdproto.parse_question(frame)
    message = gdproto.parse_question(frame, zero_copy=True, max_bytes=LONGEST_NAME_BYTES)
    if isinstance(message, gdproto.Stash) and message.value is not None:
        message.value = copied(message.value)
    return message


def copied(data: memoryview) -> bytes:
    """The bytes, copied so that other threads may run: a step is short, the last holds no lock."""
    steps = range(0, len(data), STEP_BYTES)
    return b"".join([bytes(data[start : start + STEP_BYTES]) for start in steps])


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


def hung_up(number: int) -> bool:
    """Whether the other end of the socket has closed, though that may not have been read yet."""
    looking = select.poll()
    looking.register(number, getattr(select, "POLLRDHUP", 0))
    return bool(looking.poll(0))


def peer_of(connected: socket.socket) -> tuple[int, int]:
    """The process and the user at the other end of a Unix socket."""
    credentials = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    pid, uid, _ = CREDENTIALS.unpack(credentials)
    return pid, uid
