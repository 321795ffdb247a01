"""The arbiter's end of a lane that takes several exchanges at once: a place for each.

Rules: a place is to calls what a lane of one exchange is. Its exchanges have a request id of its
own on the lane, and all frames are handed on under that of their clients. A frame is handed on when
all of it is there, however large: no client can keep the lane from others. A stream that its client
does not take is held back by a PAUSE, and no other with it. What is kept in a file is written by a
thread, for which the lane waits.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

import gdproto
from gdproto import NEED_DATA, FrameReceived

from ...errors import DirtyError
from ...sockets.inbox import Inbox
from ...sockets.link import Data, Link
from ...sockets.passing import Descriptors, Parcel
from ...sockets.spool import Spool
from .intake import Intake, nothing

if TYPE_CHECKING:
    from .lane import Answer, LaneWorker

# Of the places of a lane; STATUS had 1.
FIRST_ID = 2

T = TypeVar("T")


class Place(Hashable, Protocol):
    """Where one call runs: a lane that takes one exchange, or a place on one that takes several.

    Attributes:
        worker: whose it is.
        heard_s: when something came last of what runs there.
        paused: whether nothing is taken of it for now.
        was_unread: whether the worker ended without having read the REQUEST.
        is_held: whether nothing is taken of it, for what came is written to a disk.
    """

    worker: LaneWorker
    heard_s: float
    paused: bool

    @property
    def was_unread(self) -> bool: ...

    @property
    def is_held(self) -> bool: ...

    def refuses(self, descriptors: Descriptors) -> str:
        """Why a REQUEST may not come with these; empty where it may."""

    def request(self, frame: Data, header: gdproto.Header, now_s: float) -> None:
        """Start an exchange with a whole REQUEST frame."""

    def cancel(self) -> None:
        """Give up the exchange that runs; its frames are discarded until the terminal one."""

    def pause(self) -> None:
        """Take nothing for now: the client does not keep up."""

    def keep(self) -> None:
        """Keep what is still to come of a RESPONSE that goes on as it comes, and read on."""

    def resume(self) -> None:
        """Take more."""

    def close(self) -> None:
        """It takes no call any more."""


class PlaceEvents(Protocol):
    """Whoever hands the answers on: see `AnswerEvents`."""

    def lane_answered(self, lane: Place, answers: list[Answer]) -> None: ...
    def lane_keeps(self, lane: Place, count: int) -> None: ...
    def lane_kept(self, lane: Place, answer: Answer) -> None: ...
    def lane_failed(self, lane: Place, error: DirtyError) -> None: ...
    def lane_discarded(self, lane: Place) -> None: ...


def lacking(descriptors: Descriptors, takes_some: bool, takes_lent: bool) -> str:
    """What a worker lacks for these; empty where it lacks nothing."""
    if not takes_some:
        return "its worker takes no bytes by reference"
    if descriptors.has_lent and not takes_lent:
        return "its worker takes no bytes by reference in memory that is lent"
    return ""


class LanePlace:
    """Room for one exchange on a lane of several.

    Attributes:
        request_id: of its exchanges, on the lane.
        client_id: what the client calls the one that runs.
        paused: whether the exchange is held back.
    """

    __slots__ = ("_lane", "client_id", "heard_s", "paused", "request_id", "worker")

    def __init__(self, lane: ManyExchanges, request_id: int) -> None:
        self._lane = lane
        self.worker = lane.worker
        self.request_id = request_id
        self.client_id = 0
        self.heard_s = 0.0
        self.paused = False

    @property
    def was_unread(self) -> bool:
        return self._lane.intake.was_unread and self._lane.asked_last is self

    @property
    def is_held(self) -> bool:
        return self._lane.intake.is_held

    def refuses(self, descriptors: Descriptors) -> str:
        return self._lane.refuses(descriptors)

    def request(self, frame: Data, header: gdproto.Header, now_s: float) -> None:
        self.client_id = header.request_id
        self.heard_s = now_s
        self.paused = False
        self._lane.request(self, frame, header)

    def cancel(self) -> None:
        self.paused = False
        self._lane.tell(gdproto.Cancel(self.request_id))

    def pause(self) -> None:
        if not self.paused:
            self.paused = True
            self._lane.tell(gdproto.Pause(self.request_id))

    def keep(self) -> None:
        """Nothing goes on before it is whole."""

    def resume(self) -> None:
        if self.paused:
            # Silence that the client caused is not the worker's.
            self.heard_s = self._lane.clock()
            self.paused = False
            self._lane.tell(gdproto.Resume(self.request_id))

    def close(self) -> None:
        self._lane.place_closed()


class ManyExchanges:
    """Serves a lane whose worker has said that it takes several exchanges.

    Args:
        link: the lane's; this is told of it from now on.
        count: how many it takes.
        is_lent_to: whether it takes memory that is lent.
        closed: is called when the worker has closed its end.

    Attributes:
        places: one for each.
        intake: what comes.
        asked_last: the place of the REQUEST that was sent, if nothing was after it.
    """

    def __init__(
        self,
        worker: LaneWorker,
        link: Link,
        connection: gdproto.Connection,
        events: PlaceEvents,
        clock: Callable[[], float],
        count: int,
        is_lent_to: bool,
        closed: Callable[[], None],
    ) -> None:
        self.worker = worker
        self.clock = clock
        self._link = link
        self._connection = connection
        self.intake = Intake(link, self.received, link.resume_reading)
        self._events = events
        self._closed = closed
        self._is_lent_to = is_lent_to
        self.asked_last: LanePlace | None = None
        self._places_closed = 0
        self._heard_s = clock()
        connection.permit(count)
        self.places = [LanePlace(self, FIRST_ID + number) for number in range(count)]
        # Of a large frame that is under way, and of which place.
        self._inbox: Inbox | None = None
        self._inbox_of: LanePlace | None = None
        link.hand_over(self)

    @property
    def silent_since_s(self) -> float:
        """Since when nothing has come of the exchange that is silent for longest."""
        opened = (self._place(number) for number in self._connection.open_exchanges)
        return min((place.heard_s for place in opened), default=self._heard_s)

    def refuses(self, descriptors: Descriptors) -> str:
        """Why its worker does not take these with a REQUEST; empty where it does."""
        return lacking(descriptors, self._link.incoming is not None, self._is_lent_to)

    def request(self, place: LanePlace, frame: Data, header: gdproto.Header) -> None:
        """Start the place's exchange."""
        own = gdproto.Header(header.code, header.length, place.request_id)
        self._connection.send_frame(b"", own)
        self._link.write(readdressed(frame, own.request_id))
        self.asked_last = place

    def tell(self, message: gdproto.Cancel | gdproto.Pause | gdproto.Resume) -> None:
        """Say something of an exchange, if it is open."""
        if message.request_id in self._connection.open_exchanges:
            self._link.write(self._connection.send(message))
            self.asked_last = None

    def place_closed(self) -> None:
        """One of the places takes nothing any more; with the last one the lane ends."""
        self._places_closed += 1
        if self._places_closed == len(self.places):
            self._link.close()

    def drain(self, drained: Callable[[], None]) -> None:
        """Take in what the worker left behind when it died, close, and call `drained`."""

        def over() -> None:
            drained()
            # What knows each other is not to wait for the collector.
            self.places.clear()
            self._inbox = self._inbox_of = self.asked_last = None
            self._closed = nothing

        self.intake.drain(over)

    # --- what the link tells ---

    def received(self) -> None:
        answers: list[Answer] = []
        place: LanePlace | None = None
        try:
            while (event := self._connection.next_event()) is not NEED_DATA:
                if isinstance(event, gdproto.ConnectionClosed):
                    break
                if isinstance(event, gdproto.MessageReceived):
                    continue
                if (other := self._place(event.request_id)) is not place:
                    self._hand_on(place, answers)
                    answers, place = [], other
                if type(event) is FrameReceived:
                    self._take(place, event, answers)
                    if event.ended:
                        # The place may have another exchange at once.
                        self._hand_on(place, answers)
                        answers = []
                elif isinstance(event, gdproto.PartReceived):
                    self._hand_on(place, answers)
                    answers = []
                    self._take_part(place, event)
                elif isinstance(event, gdproto.ExchangeEnded):
                    self._inbox = None
                    self._events.lane_discarded(place)
                if self.intake.is_held:
                    break
        except gdproto.ProtocolError as error:
            self._hand_on(place, answers)
            for one in self.places:
                self.worker.lane_broke(one, str(error), [])
            return
        self._hand_on(place, answers)
        if self._link.incoming is not None and self._link.incoming.came:
            self._link.incoming.settle(self._connection)
        if self._inbox is not None and self._inbox_of is not None:
            self._events.lane_keeps(self._inbox_of, self._inbox.spooled_bytes)

    def _place(self, request_id: int) -> LanePlace:
        return self.places[request_id - FIRST_ID]

    def _hand_on(self, place: LanePlace | None, answers: list[Answer]) -> None:
        if answers and place is not None:
            place.heard_s = self._heard_s = self.clock()
            self._events.lane_answered(place, answers)

    def _take_part(self, place: LanePlace, event: gdproto.PartReceived) -> None:
        part = event.part
        if self._inbox is None or self._inbox_of is not place:
            self._inbox, self._inbox_of = Inbox(self._link, None, self._write), place
            if self._link.incoming is not None:
                untaken = self._connection.untaken_bytes
                self._inbox.descriptors = self._link.incoming.of(len(part), untaken)
            part = gdproto.readdressed(part, place.client_id)
        place.heard_s = self.clock()
        self._inbox.add(part)

    def _take(self, place: LanePlace, event: FrameReceived, answers: list[Answer]) -> None:
        header, frame, ended = event
        own = gdproto.Header(header.code, header.length, place.client_id)
        inbox, self._inbox = self._inbox, None
        if inbox is None or self._inbox_of is not place:
            # Else a large frame was for an exchange that was given up.
            incoming = self._link.incoming
            if incoming is not None and incoming.came:
                self._add_parcels(place, event, answers)
            else:
                answers.append((own, gdproto.readdressed(frame, place.client_id), ended))
            return
        self._write(partial(inbox.whole, frame), partial(self._take_whole, place, own, ended))

    def _add_parcels(self, place: LanePlace, event: FrameReceived, answers: list[Answer]) -> None:
        """Add frames of which one came with descriptors, or the error in their place."""
        assert self._link.incoming is not None
        header, frames, ended = event
        own = gdproto.Header(header.code, header.length, place.client_id)
        taken = self._link.incoming.parcels(frames, self._connection.untaken_bytes)
        for frame in taken:
            is_last = frame is taken[-1]
            if isinstance(frame, Parcel) and frame.descriptors.refusal:
                self._hand_on(place, answers)
                answers.clear()
                self._refuse(place, frame, ended and is_last)
                return
            answers.append((own, readdressed(frame, place.client_id), ended and is_last))

    def _refuse(self, place: LanePlace, parcel: Parcel, ended: bool) -> None:
        """What came with an answer cannot be had: give its exchange up."""
        self._events.lane_failed(place, parcel.descriptors.error())
        if ended:
            self._events.lane_discarded(place)

    def _write(
        self,
        act: Callable[[], T],
        then: Callable[[Callable[[], T]], None] = lambda outcome: None,
    ) -> None:
        """Have a thread write: what that takes is no silence of the exchanges that are open."""
        began_s = self.clock()

        def written(outcome: Callable[[], T]) -> None:
            took_s = self.clock() - began_s
            for number in self._connection.open_exchanges:
                self._place(number).heard_s += took_s
            then(outcome)

        self.intake.write(act, written)

    def _take_whole(
        self, place: LanePlace, header: gdproto.Header, ended: bool, whole: Callable[[], Data]
    ) -> None:
        place.heard_s = self._heard_s = self.clock()
        try:
            frame = whole()
        except OSError as error:
            reason = f"no room for a large answer: {error.strerror or error}"
            self._events.lane_failed(place, DirtyError(reason))
            if ended:
                self._events.lane_discarded(place)
        else:
            if isinstance(frame, Parcel) and frame.descriptors.refusal:
                self._refuse(place, frame, ended)
            else:
                self._events.lane_kept(place, (header, frame, ended))

    def ended(self) -> None:
        self._closed()

    def lost(self, error: OSError | None) -> None:
        self._link.forget(self._connection)
        self.intake.lost(error)
        if error is not None:
            self._closed()

    def pause_writing(self) -> None:
        """What waits is at most a request for each place."""

    def resume_writing(self) -> None:
        """See `pause_writing`."""

    def waiting_changed(self) -> None:
        """See `pause_writing`."""


def readdressed(data: Data, request_id: int) -> Data:
    """A frame under another request id."""
    if isinstance(data, Parcel):
        frame = readdressed(data.frame, request_id)
        assert not isinstance(frame, Parcel)
        return Parcel(frame, data.descriptors)
    if isinstance(data, Spool):
        data.replace(gdproto.readdressed(data.beginning, request_id))
        return data
    return gdproto.readdressed(data, request_id)
