"""The arbiter's end of a lane: one exchange at a time with one thread of a worker.

Rules: whole frames go through undecoded, the answer under the request's own id. A frame is
handed on when all of it is there; only a large RESPONSE goes on as it comes, if its client can
take it so: where the client is too slow for that, what is left of it is kept. Of a stream, what is
read faster than the client takes it is not read at all. What is kept in a file is written by a
thread.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Protocol

import gdproto
from gdproto import NEED_DATA, FrameReceived

from ...app import MOST_AT_ONCE
from ...errors import DirtyError
from ...sockets.inbox import Inbox
from ...sockets.link import Data, Link
from ...sockets.passing import AVAILABLE, MEMFD, MEMFD_LENT, Account, Descriptors, Parcel
from ...sockets.spool import KEPT_IN_MEMORY_BYTES
from ..policy.life import State
from ..policy.restarts import Cause
from .intake import Intake
from .places import ManyExchanges, Place, lacking

STATUS_ID = 1

Answer = tuple[gdproto.Header, Data, bool]
"""The header of a frame, the frame, and whether it ends its exchange."""


class AnswerEvents(Protocol):
    """Whoever hands the answers of a lane on.

    Attributes:
        passed: counts the memory that is passed.
    """

    passed: Account

    def lane_answered(self, lane: Place, answers: list[Answer]) -> None:
        """Frames of the exchange that runs, for its client; the terminal one is the last."""

    def lane_passes(self, lane: Place) -> Link | None:
        """Where a RESPONSE that has begun may go in parts, but for the last, which comes as an
        answer; None where it has to wait until it is whole.
        """

    def lane_keeps(self, lane: Place, count: int) -> None:
        """So many bytes are kept of a frame of the exchange that runs."""

    def lane_kept(self, lane: Place, answer: Answer) -> None:
        """As `lane_answered`, of a frame that was kept; meanwhile its exchange may have been
        given up.
        """

    def lane_failed(self, lane: Place, error: DirtyError) -> None:
        """A frame of the exchange that runs could not be kept: give the exchange up."""

    def lane_discarded(self, lane: Place) -> None:
        """The exchange that was given up has ended."""


class LaneWorker(Protocol):
    """The worker that a lane belongs to: see `Worker`."""

    @property
    def pid(self) -> int: ...
    @property
    def age(self) -> int: ...
    @property
    def state(self) -> State: ...
    @property
    def apps(self) -> tuple[str, ...]: ...
    @property
    def places(self) -> Sequence[Place]: ...

    def condemn(self, reason: str, grace_s: float, cause: Cause) -> None:
        """It is at fault."""

    def lane_let_go(self) -> None:
        """A lane of the worker has been closed: it takes no calls, and runs none."""

    @property
    def slot(self) -> int: ...
    def call_answered(self, failed: bool) -> None:
        """It has answered a call, by an ERROR if that failed."""

    def status_answered(self, lane: Lane, answer: gdproto.Message) -> None:
        """The worker has answered the STATUS that opens the lane."""

    def lane_broke(self, lane: Place, reason: str, answers: list[Answer]) -> None:
        """The worker broke the protocol, after frames as those of `lane_answered`."""

    def lane_closed(self, lane: Lane) -> None:
        """The worker has closed its end; most often it is about to die."""


class Lane:
    """One stream to a worker.

    Args:
        worker: the one that it belongs to; is told how the lane is.
        events: is told what comes on it.
        clock: monotonic seconds.
    """

    def __init__(
        self, worker: LaneWorker, events: AnswerEvents, clock: Callable[[], float]
    ) -> None:
        ours, theirs = socket.socketpair()
        self.worker_end = theirs
        self.heard_s = clock()
        self.ready = False
        # Whether reading has been paused.
        self.paused = False
        self.worker = worker
        self._events = events
        # Whether the worker's STATUS lists the extension.
        self._takes_cancel = False
        self._is_passed_to = self._is_lent_to = False
        self._clock = clock
        self._socket = ours
        self._connection = gdproto.Connection(
            "lane", raw=True, whole_bytes=KEPT_IN_MEMORY_BYTES, runs=True
        )
        # Of a large frame that is under way.
        self._inbox: Inbox | None = None
        self._link: Link | None = None
        self._intake: Intake | None = None
        # What serves it, where its worker takes more than one exchange.
        self._many: ManyExchanges | None = None
        # The apps that are called on it, where its worker says so.
        self.apps: tuple[str, ...] | None = None

    @property
    def places(self) -> Sequence[Place]:
        """What calls run on: the lane itself, or where it takes several exchanges one for each."""
        return self._many.places if self._many is not None else (self,)

    @property
    def silent_since_s(self) -> float:
        """Since when nothing has come of what is silent for longest."""
        return self.heard_s if self._many is None else self._many.silent_since_s

    def refuses(self, descriptors: Descriptors) -> str:
        """What the worker's STATUS does not list of what these need; empty where it lists all."""
        return lacking(descriptors, self._is_passed_to, self._is_lent_to)

    @property
    def is_held(self) -> bool:
        """Whether nothing is taken of it, for what came is written to a disk."""
        return self._intake is not None and self._intake.is_held

    @property
    def was_unread(self) -> bool:
        """Whether the worker ended with bytes unread: what was sent last was never begun."""
        return self._intake is not None and self._intake.was_unread

    @property
    def group(self) -> Hashable:
        """Lanes with the same serve the same apps, side by side."""
        if self._many is not None:
            return self
        return (self.worker, self.apps)

    def open(self) -> None:
        """Connect the arbiter's end, and ask the worker whether it is ready."""
        self._link = Link(self._socket, self._connection, self)
        self._intake = Intake(self._link, self.received, self._read_on)
        self._write(self._connection.send(gdproto.Status(STATUS_ID)))

    def request(self, frame: Data, header: gdproto.Header, now_s: float) -> None:
        """Start an exchange with a whole REQUEST frame."""
        assert self._link is not None
        self.heard_s = now_s
        self._connection.send_frame(b"", header)
        self._link.write(frame)

    def cancel(self) -> None:
        """Give up the exchange that runs; its frames are discarded until the terminal one."""
        for request_id in list(self._connection.open_exchanges):
            if self._takes_cancel:
                self._write(self._connection.send(gdproto.Cancel(request_id)))
            else:
                self._connection.abandon(request_id)
        self.resume()

    def pause(self) -> None:
        """Read nothing for now: the client does not keep up."""
        self.paused = True
        if self._link is not None:
            self._link.pause_reading()

    def keep(self) -> None:
        """Keep what is still to come of the RESPONSE that goes on as it comes, and read on."""
        if self._inbox is not None:
            self._inbox.keep()
        self.resume()

    def resume(self) -> None:
        """Read on."""
        if self.paused:
            # Silence that the client caused is not the worker's.
            self.heard_s = self._clock()
            self.paused = False
            if not self.is_held:
                self._read_on()

    def _read_on(self) -> None:
        if self._link is not None and not self.paused:
            self._link.resume_reading()

    def close(self) -> None:
        """End the lane: an idle worker thread retires."""
        if self._link is not None:
            self._link.close()
        else:
            self._socket.close()

    def drain(self, drained: Callable[[], None]) -> None:
        """Take in what the worker left behind when it died, close, and call `drained`."""
        if self._many is not None:
            self._many.drain(drained)
        elif self._intake is not None:
            self._intake.drain(drained)
        else:
            self.close()
            drained()

    def _write(self, data: Data) -> None:
        assert self._link is not None
        self._link.write(data)

    # --- what the link tells ---

    def received(self) -> None:
        self.heard_s = self._clock()
        answers: list[Answer] = []
        incoming = self._link.incoming if self._link is not None else None
        try:
            while (event := self._connection.next_event()) is not NEED_DATA:
                if type(event) is FrameReceived:
                    if self.ready and self._inbox is None:
                        if incoming is not None and incoming.came:
                            self._add_parcels(event, answers)
                        else:
                            answers.append(event)
                        continue
                    self._take(event)
                elif isinstance(event, gdproto.PartReceived):
                    if answers:
                        # They come before what goes on in parts.
                        self._events.lane_answered(self, answers)
                        answers = []
                    self._take_part(event)
                elif isinstance(event, gdproto.ExchangeEnded):
                    self._inbox = None
                    self._events.lane_discarded(self)
                else:
                    continue
                if self._intake is not None and self._intake.is_held:
                    break
        except gdproto.ProtocolError as error:
            self.worker.lane_broke(self, str(error), answers)
            return
        if answers:
            self._events.lane_answered(self, answers)
        if incoming is not None and incoming.came:
            incoming.settle(self._connection)
        if self._inbox is not None:
            self._events.lane_keeps(self, self._inbox.spooled_bytes)

    def _add_parcels(self, event: gdproto.FrameReceived, answers: list[Answer]) -> None:
        """Add frames of which one came with descriptors, or the error in their place."""
        assert self._link is not None
        assert self._link.incoming is not None
        header, frames, ended = event
        taken = self._link.incoming.parcels(frames, self._connection.untaken_bytes)
        for frame in taken:
            is_last = frame is taken[-1]
            if isinstance(frame, Parcel) and frame.descriptors.refusal:
                if answers:
                    self._events.lane_answered(self, answers)
                    answers.clear()
                self._refuse(frame.descriptors, ended and is_last)
                return
            answers.append((header, frame, ended and is_last))

    def _refuse(self, descriptors: Descriptors, ended: bool) -> None:
        """What came with an answer cannot be had: give its exchange up."""
        self._events.lane_failed(self, descriptors.error())
        if ended:
            self._events.lane_discarded(self)

    def _take_part(self, event: gdproto.PartReceived) -> None:
        assert self._link is not None
        assert self._intake is not None
        if self._inbox is None:
            descriptors = None
            if (incoming := self._link.incoming) is not None and incoming.came:
                untaken = self._connection.untaken_bytes
                descriptors = incoming.of(len(event.part), untaken)
            passes = event.header.code == gdproto.MessageCode.RESPONSE and (
                descriptors is None or not descriptors.refusal
            )
            onward = self._events.lane_passes(self) if passes else None
            self._inbox = Inbox(self._link, onward, self._intake.write)
            self._inbox.descriptors = descriptors
        self._inbox.add(event.part)

    def _take(self, event: gdproto.FrameReceived) -> None:
        """Take a frame that is no common answer, and the next one of its exchange."""
        header, rest, ended = event
        if not self.ready:
            self._take_status(gdproto.parse(rest))
            return
        inbox, self._inbox = self._inbox, None
        assert inbox is not None
        assert self._intake is not None
        if inbox.is_passed_on:
            self._events.lane_answered(self, [(header, rest, ended)])
        else:
            self._intake.write(partial(inbox.whole, rest), partial(self._take_whole, header, ended))

    def _take_whole(self, header: gdproto.Header, ended: bool, whole: Callable[[], Data]) -> None:
        # What the disk took is not the worker's silence.
        self.heard_s = self._clock()
        try:
            frame = whole()
        except OSError as error:
            reason = f"no room for a large answer: {error.strerror or error}"
            self._events.lane_failed(self, DirtyError(reason))
            if ended:
                self._events.lane_discarded(self)
        else:
            if isinstance(frame, Parcel) and frame.descriptors.refusal:
                self._refuse(frame.descriptors, ended)
            else:
                self._events.lane_kept(self, (header, frame, ended))

    def _take_status(self, answer: gdproto.Message) -> None:
        if isinstance(answer, gdproto.Response):
            self.ready = True
            told = answer.result if isinstance(answer.result, dict) else {}
            extensions = told.get("extensions")
            known = extensions if isinstance(extensions, list) else []
            self._takes_cancel = "cancel" in known
            self._is_passed_to = AVAILABLE and MEMFD in known
            self._is_lent_to = MEMFD_LENT in known
            if self._is_passed_to and self._link is not None:
                self._link.take_descriptors((self._events.passed,), reads=True)
            apps = told.get("lane_apps")
            if isinstance(apps, list):
                self.apps = tuple(path for path in self.worker.apps if path in apps)
            count = told.get("exchanges")
            if type(count) is int and count > 1 and {"cancel", "flow"} <= set(known):
                self._take_many(min(count, MOST_AT_ONCE))
        self.worker.status_answered(self, answer)

    def _take_many(self, count: int) -> None:
        assert self._link is not None
        # It has one of its own.
        self._intake = None
        self._many = ManyExchanges(
            self.worker,
            self._link,
            self._connection,
            self._events,
            self._clock,
            count,
            self._is_lent_to,
            partial(self.worker.lane_closed, self),
        )

    def ended(self) -> None:
        self.worker.lane_closed(self)

    def lost(self, error: OSError | None) -> None:
        assert self._link is not None
        self._link.forget(self._connection)
        if self._intake is not None:
            self._intake.lost(error)
        if error is not None:
            self.worker.lane_closed(self)

    def pause_writing(self) -> None:
        """A lane has one request at a time, which is there as a whole."""

    def resume_writing(self) -> None:
        """See `pause_writing`."""

    def waiting_changed(self) -> None:
        """See `pause_writing`."""
