"""The life of a call against a model that keeps each call's state by itself: pure, no I/O."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import gdproto
from dirty_runtime import (
    DirtyCancelledError,
    DirtyError,
    DirtyNoWorkersAvailableError,
    DirtyOverloadedError,
    DirtyTimeoutError,
    DirtyWorkerError,
)
from dirty_runtime.arbiter.calls import KEPT_BYTES, Call, Calls, Close, Fail, GiveUp, Start
from dirty_runtime.arbiter.policy.routing import Router

APPS = ("a", "b")
Called = Call[str, int]
LOST = DirtyWorkerError("the worker died", 7)


def made(
    app: str = "a",
    *,
    client: str = "client",
    now_s: float = 0,
    timeout_s: float | None = None,
    size_bytes: int = 100,
) -> Called:
    request = gdproto.Request(1, app, "act", timeout=timeout_s).to_bytes()
    peeked = gdproto.peek_request(request, gdproto.HEADER_BYTES)
    header = gdproto.Header(int(gdproto.MessageCode.REQUEST), size_bytes, 1)
    return Call(peeked, header, bytes(size_bytes), client, now_s)


def calls_of(**limits: int) -> Calls[str, int]:
    return Calls(Router(APPS, **limits))


def with_lanes(*lanes: int) -> Calls[str, int]:
    calls = calls_of()
    assert calls.lanes_ready(lanes, "worker", APPS, 0) == []
    return calls


def test_a_call_starts_on_an_idle_lane_and_the_next_when_it_is_answered() -> None:
    calls, first, second = with_lanes(1), made(now_s=1), made(now_s=2)
    assert calls.called(first) == (Start(first, 1),)
    assert calls.called(second) == ()
    assert (first.lane, first.started_s, second.lane) == (1, 1, None)
    assert calls.answered(1, 5) == (Start(second, 1),)
    assert second.started_s == 5
    assert calls.answered(1, 6) == ()
    assert calls.is_quiet


def test_what_is_given_up_keeps_its_lane_until_the_worker_has_ended_it() -> None:
    calls, first, second = with_lanes(1), made(), made()
    calls.called(first)
    calls.called(second)
    given_up, failed = calls.cancelled(first)
    assert given_up == GiveUp(first, 1)
    assert isinstance(failed, Fail)
    assert isinstance(failed.error, DirtyCancelledError)
    assert calls.running == {}
    assert calls.discarded(1, 3) == (Start(second, 1),)


def test_a_call_that_waits_is_cancelled_without_a_word_to_a_worker() -> None:
    calls, call = calls_of(), made()
    assert calls.called(call) == ()
    (failed,) = calls.cancelled(call)
    assert isinstance(failed, Fail)
    assert calls.is_quiet


def test_a_deadline_counts_from_arrival_and_goes_with_the_call() -> None:
    calls, late, quick = with_lanes(1), made(timeout_s=5, now_s=10), made(timeout_s=3, now_s=10)
    calls.called(late)
    calls.called(quick)
    assert calls.next_deadline_s() == 13
    assert calls.expired(12.9) == []
    (failed,) = calls.expired(13)
    assert isinstance(failed, Fail)
    assert failed.call is quick
    assert isinstance(failed.error, DirtyTimeoutError)
    assert failed.error.timeout == 3
    assert calls.next_deadline_s() == 15
    calls.answered(1, 14)
    assert calls.next_deadline_s() is None
    assert calls.expired(99) == []


@pytest.mark.parametrize("has_begun", [False, True])
@pytest.mark.parametrize("size_bytes", [KEPT_BYTES, KEPT_BYTES + 1])
def test_a_call_goes_to_another_worker_if_the_first_has_not_begun_it(
    has_begun: bool, size_bytes: int
) -> None:
    calls, call = with_lanes(1), made(size_bytes=size_bytes, timeout_s=9)
    assert calls.called(call) == (Start(call, 1),)
    calls.lanes_ready((2,), "other", APPS, 3)
    actions = calls.lane_lost(1, LOST, has_begun, 4)
    if has_begun or size_bytes > KEPT_BYTES:
        assert actions == (Fail(call, LOST),)
        assert calls.next_deadline_s() is None
    else:
        assert actions == (Start(call, 2),)
        assert calls.next_deadline_s() == 9


def test_a_call_that_another_worker_is_to_take_waits_for_one() -> None:
    calls, call, other = with_lanes(1), made(), made()
    calls.called(call)
    calls.called(other)
    assert calls.lane_lost(1, LOST, False, 1) == ()
    assert list(calls) == [call, other]
    assert calls.lanes_ready((2,), "new", APPS, 2) == [Start(call, 2)]
    calls.lane_lost(2, LOST, False, 3)
    calls.cancelled(call)
    assert list(calls) == [other]


def test_a_call_that_has_ended_is_not_ended_again() -> None:
    calls, answered, failed = with_lanes(1), made(), made()
    calls.called(answered)
    calls.called(failed)
    calls.cancelled(failed)
    calls.answered(1, 1)
    for call in (answered, failed):
        assert calls.cancelled(call) == ()
        assert calls.client_gone([call]) == []


def test_a_client_that_is_gone_is_told_nothing() -> None:
    calls, runs, waits = with_lanes(1), made(), made()
    calls.called(runs)
    calls.called(waits)
    assert calls.client_gone([runs, waits]) == [GiveUp(runs, 1)]
    assert calls.is_quiet
    assert calls.discarded(1, 1) == ()


def test_a_lane_that_retires_is_closed_when_it_is_idle() -> None:
    router: Router[Called, int] = Router(APPS)
    calls, call = Calls(router), made()
    calls.lanes_ready((1,), "worker", APPS, 0)
    calls.called(call)
    calls.lanes_ready((2,), "worker", APPS, 0)
    assert calls.lane_retired(2) == (Close(2),)
    assert calls.lane_retired(1) == ()
    assert calls.answered(1, 1) == (Close(1),)
    assert router.lane_count == 0


def test_a_draining_arbiter_ends_what_it_has_and_takes_nothing_new() -> None:
    calls, runs, waits, late = with_lanes(1), made(), made(), made()
    calls.called(runs)
    calls.called(waits)
    calls.drained()
    (failed,) = calls.called(late)
    assert isinstance(failed, Fail)
    assert isinstance(failed.error, DirtyNoWorkersAvailableError)
    assert not calls.is_quiet
    assert calls.answered(1, 1) == (Start(waits, 1),)
    assert calls.answered(1, 2) == ()
    assert calls.is_quiet


def test_an_app_that_is_down_is_not_waited_for() -> None:
    calls = calls_of()
    waits, other = made("a"), made("b")
    calls.called(waits)
    calls.called(other)
    (failed,) = calls.app_down("a", "the app is down: it cannot be imported")
    assert isinstance(failed, Fail)
    assert failed.call is waits
    assert isinstance(failed.error, DirtyNoWorkersAvailableError)
    assert failed.error.details["reason"] == "the app is down: it cannot be imported"
    (refused,) = calls.called(made("a"))
    assert isinstance(refused, Fail)
    assert isinstance(refused.error, DirtyNoWorkersAvailableError)
    assert refused.error.details["reason"] == "the app is down: it cannot be imported"
    calls.apps_expected(["a"])
    assert calls.called(again := made("a")) == ()
    assert list(calls) == [again, other]


def test_nothing_is_started_for_a_client_that_does_not_read() -> None:
    calls = with_lanes(1)
    runs, waits, other = made(client="one"), made(client="one"), made(client="two")
    calls.called(runs)
    calls.called(waits)
    calls.client_holds_back("one")
    calls.called(other)
    assert calls.answered(1, 1) == (Start(other, 1),)
    assert calls.answered(1, 2) == ()
    assert calls.called(late := made(client="one")) == ()
    assert calls.client_reads_on("one", 3) == [Start(waits, 1)]
    assert calls.answered(1, 4) == (Start(late, 1),)


def test_a_full_queue_refuses() -> None:
    calls = calls_of(max_queue=2)
    calls.called(made(client="one"))
    calls.called(made(client="two"))
    (failed,) = calls.called(made(client="three", timeout_s=1))
    assert isinstance(failed, Fail)
    assert isinstance(failed.error, DirtyOverloadedError)
    assert calls.next_deadline_s() is None


def test_what_waits_for_a_client_that_does_not_read_keeps_no_room_from_others() -> None:
    calls = calls_of(max_queue=2)
    unread = [made(client="one"), made(client="one")]
    for call in unread:
        assert calls.called(call) == ()
    (refused,) = calls.called(made(client="two"))
    assert isinstance(refused, Fail)
    calls.client_holds_back("one")
    # Its own calls find no room as before.
    own = made(client="one")
    (refused,) = calls.called(own)
    assert isinstance(refused, Fail)
    assert refused.call is own
    (gave_way,) = calls.called(reads := made(client="two"))
    assert isinstance(gave_way, Fail)
    assert gave_way.call is unread[1]
    assert isinstance(gave_way.error, DirtyOverloadedError)
    assert "does not read" in str(gave_way.error)
    assert list(calls) == [unread[0], reads]


def test_as_many_give_way_as_the_bytes_need() -> None:
    calls = calls_of(max_queue_bytes=1000)
    unread = [made(client="one", size_bytes=300) for _ in range(3)]
    for call in unread:
        calls.called(call)
    calls.client_holds_back("one")
    gone = calls.called(reads := made(client="two", size_bytes=500))
    assert [action.call for action in gone if isinstance(action, Fail)] == unread[:0:-1]
    assert list(calls) == [unread[0], reads]


def full_of_unread(share: int = 100) -> tuple[Calls[str, int], Called]:
    """Calls of which all room is taken, most by one whose client does not read."""
    calls = calls_of(max_queue=3, max_queue_bytes=1000, max_queue_share=share)
    calls.called(unread := made(client="one", size_bytes=300))
    calls.called(made(client="two", size_bytes=300))
    calls.called(made("b", client="two", size_bytes=300))
    calls.client_holds_back("one")
    return calls, unread


@pytest.mark.parametrize(
    ("late", "share"),
    [
        (made(client="three", size_bytes=2000), 100),
        (made(client="three", size_bytes=500), 100),
        (made(client="two", size_bytes=200), 70),
        (made("no such app", client="three", size_bytes=200), 100),
    ],
    ids=["larger than all room", "larger than what is in the way", "beyond its share", "unknown"],
)
def test_nothing_gives_way_to_a_call_that_is_refused_all_the_same(late: Called, share: int) -> None:
    calls, unread = full_of_unread(share)
    (refused,) = calls.called(late)
    assert isinstance(refused, Fail)
    assert refused.call is late
    assert unread in list(calls)


def test_nothing_gives_way_to_a_call_of_an_app_that_is_down() -> None:
    calls, unread = full_of_unread()
    calls.called(third := made("b", client="three", size_bytes=100))
    calls.app_down("b", "it cannot be imported")
    assert third not in list(calls)
    (refused,) = calls.called(late := made("b", client="three", size_bytes=600))
    assert isinstance(refused, Fail)
    assert refused.call is late
    assert isinstance(refused.error, DirtyNoWorkersAvailableError)
    assert unread in list(calls)


class Model(RuleBasedStateMachine):
    """Whatever happens, in any order: each call has one end, and no lane idles beside its work."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        self.calls = calls_of()
        self.waiting: list[Called] = []
        self.running: dict[int, Called] = {}
        # Lanes whose worker still works for nobody.
        self.held: set[int] = set()
        self.idle: set[int] = set()
        self.retired: set[int] = set()
        self.apps: dict[int, tuple[str, ...]] = {}
        self.ended: list[Called] = []
        self.drains = False
        self.down: set[str] = set()
        # Clients that do not read.
        self.unread: set[str] = set()
        self.workers = 0

    def ends(self, call: Called) -> None:
        assert call not in self.ended, "a call has two ends"
        self.ended.append(call)

    def free(self, lane: int) -> None:
        if lane not in self.retired:
            self.idle.add(lane)

    def perform(self, actions: Any) -> list[Called]:
        """Do what is said; returns the calls that failed, in their order."""
        failed = []
        for action in actions:
            if isinstance(action, Start):
                assert action.lane in self.idle
                assert action.call in self.waiting
                assert action.call.client not in self.unread
                assert action.call.app_path in self.apps[action.lane]
                assert action.call.lane == action.lane
                self.idle.remove(action.lane)
                self.waiting.remove(action.call)
                self.running[action.lane] = action.call
            elif isinstance(action, GiveUp):
                assert self.running.pop(action.lane) is action.call
                self.held.add(action.lane)
            elif isinstance(action, Fail):
                if action.call in self.waiting:
                    self.waiting.remove(action.call)
                assert action.call not in self.running.values()
                self.ends(action.call)
                failed.append(action.call)
            else:
                assert action.lane in self.retired
                assert action.lane not in self.running
                assert action.lane not in self.held
                del self.apps[action.lane]
        return failed

    @rule(
        app=st.sampled_from(APPS),
        client=st.sampled_from(["x", "y"]),
        timeout_s=st.sampled_from([None, 1, 2, 5]),
        size_bytes=st.sampled_from([100, KEPT_BYTES + 1]),
    )
    def call(self, app: str, client: str, timeout_s: float | None, size_bytes: int) -> None:
        call = made(
            app, client=client, now_s=self.now_s, timeout_s=timeout_s, size_bytes=size_bytes
        )
        self.waiting.append(call)
        failed = self.perform(self.calls.called(call))
        refused = app in self.down and call.lane is None
        assert failed == ([call] if self.drains or refused else [])

    @rule(count=st.integers(1, 2), apps=st.sampled_from([("a",), ("b",), APPS]))
    def add(self, count: int, apps: tuple[str, ...]) -> None:
        first = len(self.apps) + len(self.retired) + 1000 * len(self.ended)
        lanes = [number for number in range(first, first + 50) if number not in self.apps][:count]
        for lane in lanes:
            self.apps[lane] = apps
            self.retired.discard(lane)
            self.idle.add(lane)
        self.workers += 1
        self.perform(self.calls.lanes_ready(lanes, self.workers, apps, self.now_s))

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        lane = data.draw(st.sampled_from(sorted(self.running)))
        self.ends(self.running.pop(lane))
        self.free(lane)
        self.perform(self.calls.answered(lane, self.now_s))

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def discard(self, data: st.DataObject) -> None:
        lane = data.draw(st.sampled_from(sorted(self.held)))
        self.held.remove(lane)
        self.free(lane)
        self.perform(self.calls.discarded(lane, self.now_s))

    @precondition(lambda self: self.running or self.waiting)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        call = data.draw(st.sampled_from([*self.running.values(), *self.waiting]))
        assert self.perform(self.calls.cancelled(call)) == [call]

    @rule(client=st.sampled_from(["x", "y"]))
    def leave(self, client: str) -> None:
        gone = [c for c in [*self.running.values(), *self.waiting] if c.client == client]
        self.waiting = [call for call in self.waiting if call not in gone]
        assert self.perform(self.calls.client_gone(gone)) == []
        self.ended += gone
        self.read(client)

    @rule(client=st.sampled_from(["x", "y"]))
    def hold_back(self, client: str) -> None:
        self.unread.add(client)
        self.calls.client_holds_back(client)

    @rule(client=st.sampled_from(["x", "y"]))
    def read(self, client: str) -> None:
        self.unread.discard(client)
        assert self.perform(self.calls.client_reads_on(client, self.now_s)) == []

    @rule(passes_s=st.sampled_from([0.5, 1, 3]))
    def wait(self, passes_s: float) -> None:
        self.now_s += passes_s
        due = [
            call
            for call in [*self.running.values(), *self.waiting]
            if call.timeout_s is not None and call.arrived_s + call.timeout_s <= self.now_s
        ]
        failed = self.perform(self.calls.expired(self.now_s))
        assert sorted(map(id, failed)) == sorted(map(id, due))

    @precondition(lambda self: self.apps)
    @rule(data=st.data())
    def retire(self, data: st.DataObject) -> None:
        lane = data.draw(st.sampled_from(sorted(self.apps)))
        self.retired.add(lane)
        self.idle.discard(lane)
        self.perform(self.calls.lane_retired(lane))

    @precondition(lambda self: self.apps)
    @rule(data=st.data(), has_begun=st.booleans())
    def lose(self, data: st.DataObject, has_begun: bool) -> None:
        lane = data.draw(st.sampled_from(sorted(self.apps)))
        call = self.running.pop(lane, None)
        del self.apps[lane]
        self.idle.discard(lane)
        self.held.discard(lane)
        repeats = call is not None and not has_begun and call.size_bytes <= KEPT_BYTES
        if call is not None and repeats:
            self.waiting.append(call)
        failed = self.perform(self.calls.lane_lost(lane, LOST, has_begun, self.now_s))
        assert failed == ([call] if call is not None and not repeats else [])

    @rule(app=st.sampled_from(APPS))
    def put_aside(self, app: str) -> None:
        waiting = [call for call in self.waiting if call.app_path == app]
        self.down.add(app)
        failed = self.perform(self.calls.app_down(app, "it failed"))
        assert sorted(map(id, failed)) == sorted(map(id, waiting))

    @rule(app=st.sampled_from(APPS))
    def expect(self, app: str) -> None:
        self.down.discard(app)
        self.calls.apps_expected([app])

    @rule(error=st.just(DirtyError("no room")), data=st.data())
    def fail(self, error: DirtyError, data: st.DataObject) -> None:
        lane = data.draw(st.sampled_from(sorted(self.apps) or [0]))
        call = self.running.get(lane)
        assert self.perform(self.calls.failed(lane, error)) == ([call] if call else [])

    @rule()
    def drain(self) -> None:
        self.drains = True
        self.calls.drained()

    @invariant()
    def they_agree(self) -> None:
        assert self.calls.running == self.running
        assert self.calls.is_quiet is not bool(self.running or self.waiting)
        assert self.calls.waiting_count == len(self.waiting)
        live = [*self.running.values(), *self.waiting]
        assert sorted(map(id, self.calls)) == sorted(map(id, live))
        due = [call.arrived_s + call.timeout_s for call in live if call.timeout_s is not None]
        assert self.calls.next_deadline_s() == min(due, default=None)

    @invariant()
    def nothing_waits_beside_an_idle_lane(self) -> None:
        for call in (one for one in self.waiting if one.client not in self.unread):
            assert not [lane for lane in self.idle if call.app_path in self.apps[lane]]

    def teardown(self) -> None:
        live = [*self.running.values(), *self.waiting]
        self.waiting_before = self.waiting
        failed = self.perform(self.calls.stopped())
        assert sorted(map(id, failed)) == sorted(map(id, live))
        assert self.calls.is_quiet


TestModel = Model.TestCase
