"""The life of a call: pure, no I/O, no clock but the one handed in.

    called ──▶ waits ──▶ runs ──▶ answered
       │         │  ▲      │
       │         │  └──────┤ its lane is lost before it began
       ▼         ▼         ▼
    refused    given up: cancelled, too late, its client gone, its worker lost or stopped

Rules:

* Each event returns what is to be done about it, in that order, and changes nothing else.
* A call whose client is there gets one end: its worker's answer, or one `Fail`.
* What is given up while it runs keeps its lane until the worker has ended the exchange.
* A call goes to another worker only if the first has not begun it.
* While a client does not read its answers, no call of it is started; what runs goes on, and what
  waits gives way where others find no room, and would with it.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

import gdproto

from ..deadlines import Deadlines
from ..errors import (
    DirtyCancelledError,
    DirtyError,
    DirtyNoWorkersAvailableError,
    DirtyOverloadedError,
    DirtyTimeoutError,
    DirtyWorkerError,
)
from .lifetime import STOPS
from .policy.division import ALONE, Share
from .policy.routing import Router

if TYPE_CHECKING:
    from ..sockets.link import Data

# A request that its worker may leave unread is kept this large, to be handed on.
KEPT_BYTES = 64 * 1024
# Calls that are given up at one time for being too late.
MOST_AT_ONCE = 500

C = TypeVar("C", bound=Hashable)
L = TypeVar("L", bound=Hashable)


class Call(Generic[C, L]):
    """A REQUEST that a client waits for.

    Attributes:
        number: by which people know it; 0 until somebody asks.
        app_path: the app it is for.
        action: what is called on it.
        request_id: the client's id for it.
        header: that of the REQUEST.
        frame: the REQUEST, which nobody looks into here; of a large one that has started, the
            beginning.
        size_bytes: of the REQUEST.
        timeout_s: from arrival; None for none.
        priority: who waits before whom, from -10 to 10.
        arrived_s: when it came, on the arbiter's clock.
        client: who waits.
        started_s: when it was handed to a worker.
        lane: where it runs, or ran; None while it waits.
    """

    __slots__ = (
        "action",
        "app_path",
        "arrived_s",
        "client",
        "frame",
        "header",
        "lane",
        "number",
        "priority",
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
        client: C,
        now_s: float,
    ) -> None:
        self.app_path, self.action, self.timeout_s, self.priority = request
        self.request_id = header.request_id
        self.header = header
        self.frame = frame
        self.size_bytes = len(frame)
        self.client = client
        self.arrived_s = self.started_s = now_s
        self.lane: L | None = None
        self.number = 0

    @property
    def can_be_repeated(self) -> bool:
        """Whether it is kept while it runs, for another worker if the first does not begin it."""
        return self.size_bytes <= KEPT_BYTES


def too_late(call: Call[C, L], reason: str, timeout_s: float | None, now_s: float) -> DirtyError:
    """What the client is told of a call whose time is over, and where that went."""
    where, until_s = ("queue", now_s) if call.lane is None else ("run", call.started_s)
    waited_s = round(until_s - call.arrived_s, 6)
    spent = "all of it in the queue" if call.lane is None else f"{waited_s:.3g} s in the queue"
    said = f"{call.app_path} {call.action}: {reason}, {spent}"
    return DirtyTimeoutError(said, timeout_s, call.app_path, call.action, where, waited_s)


class Start(Generic[C, L]):
    """Hand the call to the worker at the other end of its lane."""

    # Made for each call, so it is no tuple, which takes twice as long to make.
    __slots__ = ("call", "lane")

    def __init__(self, call: Call[C, L], lane: L) -> None:
        self.call = call
        self.lane = lane

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Start) and self.call is other.call and bool(self.lane == other.lane)
        )

    __hash__ = None  # type: ignore[assignment]


class Fail(NamedTuple, Generic[C, L]):
    """Tell the client that the call has failed."""

    call: Call[C, L]
    error: DirtyError


class GiveUp(NamedTuple, Generic[C, L]):
    """Tell the worker that nobody waits for the call any more."""

    call: Call[C, L]
    lane: L


class Close(NamedTuple, Generic[L]):
    """Close the lane, which takes no call any more."""

    lane: L


Action = Start[C, L] | Fail[C, L] | GiveUp[C, L] | Close[L]
Actions = Sequence[Action[C, L]]


class Calls(Generic[C, L]):
    """The calls of one arbiter.

    Args:
        router: says which call goes where.
        share: which of several arbiters has these calls.

    Attributes:
        running: the calls that are answered by a worker, by their lanes.
    """

    def __init__(self, router: Router[Call[C, L], L], share: Share = ALONE) -> None:
        self.running: dict[L, Call[C, L]] = {}
        self._router = router
        # Why each app is not to be waited for, of those that are not.
        self._down: dict[str, str] = {}
        self._deadlines: Deadlines[Call[C, L]] = Deadlines()
        # Lanes that are to be closed when they have ended what they run.
        self._retiring: set[L] = set()
        self._is_draining = False
        self._numbered = share.index + 1 - share.count
        self._step = share.count

    # --- what is known ---

    def number(self, call: Call[C, L]) -> int:
        """The number by which people know the call, from 1; no other arbiter beside us has it."""
        if not call.number:
            self._numbered += self._step
            call.number = self._numbered
        return call.number

    @property
    def is_quiet(self) -> bool:
        """Whether no call runs or waits."""
        return not self.running and not self._router.waiting_count

    @property
    def waiting_count(self) -> int:
        return self._router.waiting_count

    def next_deadline_s(self) -> float | None:
        """When the next call is too late; None for never."""
        return self._deadlines.next_s()

    def on(self, lanes: Iterable[L]) -> list[Call[C, L]]:
        """The calls that run on the lanes."""
        return [self.running[lane] for lane in lanes if lane in self.running]

    def waiting(self) -> Iterator[Call[C, L]]:
        """The calls that wait."""
        return self._router.waiting()

    def __iter__(self) -> Iterator[Call[C, L]]:
        """Every call that runs or waits."""
        yield from list(self.running.values())
        yield from list(self._router.waiting())

    # --- what clients do ---

    def called(self, call: Call[C, L]) -> Actions[C, L]:
        """A client calls."""
        if self._is_draining:
            return (Fail(call, _not_begun(call)),)
        if self._router.held and (gone := self._given_way(call)):
            return [*gone, *self._admitted(call)]
        return self._admitted(call)

    def _given_way(self, call: Call[C, L]) -> list[Action[C, L]]:
        """End what waits for clients that do not read, as far as the call needs the room."""
        if call.app_path in self._down:
            return []
        in_the_way = self._router.in_the_way(call)
        return [action for other in in_the_way for action in self._failed(other, _unread(other))]

    def _admitted(self, call: Call[C, L]) -> Actions[C, L]:
        try:
            lane = self._router.submit(call)
        except DirtyError as error:
            return (Fail(call, self._why_down(call) or error.with_traceback(None)),)
        if lane is None and (down := self._why_down(call)) is not None:
            self._router.withdraw(call)
            return (Fail(call, down),)
        if call.timeout_s is not None:
            self._deadlines.set(call, call.arrived_s + call.timeout_s)
        if lane is None:
            return ()
        # As `_started`; it has been so since it came.
        call.lane = lane
        self.running[lane] = call
        return (Start(call, lane),)

    def _why_down(self, call: Call[C, L]) -> DirtyError | None:
        """What is told of a call for which nobody is to wait; None where it may wait."""
        reason = self._down.get(call.app_path)
        if reason is None:
            return None
        return DirtyNoWorkersAvailableError(call.app_path, reason=reason)

    def cancelled(self, call: Call[C, L]) -> Actions[C, L]:
        """The client gives up the call, and waits for its end."""
        return self._failed(call, DirtyCancelledError("cancelled by the caller"))

    def client_gone(self, calls: Iterable[Call[C, L]]) -> Actions[C, L]:
        """The client of these calls waits for nothing any more."""
        return [action for call in calls for action in self._given_up(call) or ()]

    def client_holds_back(self, client: C) -> None:
        """The client has more answers to read than it should."""
        self._router.hold(client)

    def client_reads_on(self, client: C, now_s: float) -> Actions[C, L]:
        """The client has read them, or is gone."""
        return [
            action
            for call, lane in self._router.resume(client, now_s)
            for action in self._started(call, lane, now_s)
        ]

    # --- what time does ---

    def expired(self, now_s: float) -> Actions[C, L]:
        """The calls that are too late by `now_s` are given up; of many, the others next time."""
        actions: list[Action[C, L]] = []
        for call in list(islice(self._deadlines.pop_due(now_s), MOST_AT_ONCE)):
            reason = f"no answer within {call.timeout_s:g} s"
            actions += self._failed(call, too_late(call, reason, call.timeout_s, now_s))
        return actions

    def drained(self) -> None:
        """The arbiter takes no new calls."""
        self._is_draining = True

    def stopped(self) -> Actions[C, L]:
        """The arbiter waits no longer."""
        reason = "the arbiter stopped before the call ended"
        return [
            action
            for call in self
            for action in self._failed(
                call, _not_begun(call) if call.lane is None else DirtyWorkerError(reason)
            )
        ]

    # --- what workers do ---

    def lanes_ready(
        self,
        lanes: Iterable[L],
        worker: Hashable,
        apps: Collection[str],
        now_s: float,
        fill: int = 0,
    ) -> Actions[C, L]:
        """The lanes of a worker take calls for `apps`: see `Router.add`."""
        actions: list[Action[C, L]] = []
        for lane in lanes:
            call = self._router.add(lane, worker, apps, now_s, fill)
            if call is not None:
                actions += self._started(call, lane, now_s)
        return actions

    def answered(self, lane: L, now_s: float) -> Actions[C, L]:
        """The worker has ended the exchange of the call that runs on the lane."""
        call = self.running.pop(lane)
        if call.timeout_s is not None:
            self._deadlines.drop(call)
        # As `_next`, which most often finds nothing.
        following = self._router.release(lane, now_s)
        if following is not None:
            return self._started(following, lane, now_s)
        return self._spent(lane) if self._retiring else ()

    def discarded(self, lane: L, now_s: float) -> Actions[C, L]:
        """The worker has ended the exchange of a call that was given up."""
        return self._next(lane, now_s)

    def unstarted(self, lane: L, error: DirtyError, now_s: float) -> Actions[C, L]:
        """The lane cannot take the call that was to start on it, and takes another."""
        call = self.running.pop(lane)
        self._deadlines.drop(call)
        return (Fail(call, error), *self._next(lane, now_s))

    def failed(self, lane: L, error: DirtyError) -> Actions[C, L]:
        """The call that runs on the lane, if one does, cannot be answered."""
        call = self.running.get(lane)
        return self._failed(call, error) if call is not None else ()

    def ended(self, call: Call[C, L], error: DirtyError) -> Actions[C, L]:
        """Somebody else than its client ends the call, if it has not ended."""
        return self._failed(call, error)

    def late(self, lane: L, reason: str, limit_s: float, now_s: float) -> Actions[C, L]:
        """The call that runs on the lane, if one does, has taken `limit_s` of that too much."""
        call = self.running.get(lane)
        return self._failed(call, too_late(call, reason, limit_s, now_s)) if call else ()

    def lane_retired(self, lane: L) -> Actions[C, L]:
        """The lane takes no new call."""
        self._router.retire(lane)
        self._retiring.add(lane)
        return self._spent(lane)

    def lane_lost(self, lane: L, error: DirtyError, has_begun: bool, now_s: float) -> Actions[C, L]:
        """Nothing comes on the lane any more.

        Args:
            error: what the caller is told.
            has_begun: whether the worker may have begun the call.
        """
        self._router.remove(lane)
        self._retiring.discard(lane)
        call = self.running.pop(lane, None)
        if call is None:
            return ()
        if has_begun or not call.can_be_repeated:
            self._deadlines.drop(call)
            return (Fail(call, error),)
        call.lane = None
        other = self._router.give_back(call)
        return () if other is None else self._started(call, other, now_s)

    def app_down(self, app_path: str, reason: str) -> Actions[C, L]:
        """No worker serves the app, nor will one soon: nobody is to wait for it."""
        self._down[app_path] = reason
        waiting = [call for call in self._router.waiting() if call.app_path == app_path]
        return [
            action
            for call in waiting
            for action in self._failed(call, DirtyNoWorkersAvailableError(app_path, reason=reason))
        ]

    def apps_expected(self, apps: Iterable[str]) -> None:
        """A worker is started that is to serve the apps."""
        for path in apps:
            self._down.pop(path, None)

    # --- one call ---

    def _started(self, call: Call[C, L], lane: L, now_s: float) -> Actions[C, L]:
        call.lane = lane
        call.started_s = now_s
        self.running[lane] = call
        return (Start(call, lane),)

    def _failed(self, call: Call[C, L], error: DirtyError) -> Actions[C, L]:
        actions = self._given_up(call)
        return () if actions is None else (*actions, Fail(call, error))

    def _given_up(self, call: Call[C, L]) -> Actions[C, L] | None:
        """What ends the call, of which nobody is to be told; None when it has ended already."""
        lane = call.lane
        if lane is None:
            if not self._router.withdraw(call):
                return None
        elif self.running.get(lane) is not call:
            return None
        self._deadlines.drop(call)
        if lane is None:
            return ()
        del self.running[lane]
        return (GiveUp(call, lane),)

    def _next(self, lane: L, now_s: float) -> Actions[C, L]:
        call = self._router.release(lane, now_s)
        if call is not None:
            return self._started(call, lane, now_s)
        return self._spent(lane) if lane in self._retiring else ()

    def _spent(self, lane: L) -> Actions[C, L]:
        if not self._router.is_spent(lane):
            return ()
        self._router.remove(lane)
        self._retiring.discard(lane)
        return (Close(lane),)


def _unread(call: Call[C, L]) -> DirtyError:
    """What is told of a call that waited behind answers which its client does not read."""
    reason = "overloaded: others need its room, and this connection does not read its answers"
    return DirtyOverloadedError(reason, call.app_path)


def _not_begun(call: Call[C, L]) -> DirtyError:
    """What is told of a call that another arbiter may take."""
    return DirtyNoWorkersAvailableError(call.app_path, reason=STOPS, begun=False)
