"""Routing by tables of its rules, and against a model made of lists: pure, no I/O."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
)

from dirty_runtime import DirtyNoWorkersAvailableError, DirtyOverloadedError
from dirty_runtime.arbiter.policy.lanes import TURN
from dirty_runtime.arbiter.policy.routing import Router

APPS = ("a", "b", "c")


@dataclass(eq=False)
class Job:
    app_path: str = "a"
    client: Hashable = "one"
    priority: int = 0
    arrived_s: float = 0.0
    size_bytes: int = 1
    number: int = 0


def busy_router(apps: Iterable[str] = APPS, **limits: int) -> Router[Job, str]:
    """A router whose only lane is busy: what is submitted waits."""
    router: Router[Job, str] = Router(apps, **limits)
    router.add("lane", "worker", apps, 0.0)
    assert router.submit(Job()) == "lane"
    return router


def submit(router: Router[Job, str], *jobs: Job) -> None:
    for job in jobs:
        assert router.submit(job) is None


def taken(router: Router[Job, str], now_s: float = 0.0) -> list[Job]:
    """What the lane pulls until nothing waits; it is busy again after."""
    found = []
    while (job := router.release("lane", now_s)) is not None:
        found.append(job)
    assert router.submit(Job()) == "lane"
    return found


def next_client(router: Router[Job, str], now_s: float) -> Hashable:
    """Whose request the lane pulls next."""
    job = router.release("lane", now_s)
    assert job is not None
    return job.client


def taken_of(router: Router[Job, str], now_s: float = 0.0) -> str:
    """Whose requests the lane pulls until nothing waits."""
    return "".join(str(job.client) for job in taken(router, now_s))


# --- lanes ---


def test_an_idle_lane_takes_a_request_at_once() -> None:
    router: Router[Job, str] = Router(["a"])
    assert router.add("lane", "worker", ["a"], 0.0) is None
    assert router.submit(Job("a")) == "lane"
    assert router.busy("worker") == 1
    assert router.is_busy("lane")
    assert router.release("lane", 0.0) is None
    assert router.busy("worker") == 0


def test_requests_wait_for_workers_that_boot() -> None:
    router: Router[Job, str] = Router(["a"])
    first, second = Job("a"), Job("a")
    assert router.submit(first) is None
    assert router.submit(second) is None
    assert router.depth("a") == router.waiting_count == router.waiting_bytes == 2
    assert router.add("lane", "worker", ["a"], 0.0) is first
    assert router.release("lane", 0.0) is second
    assert router.depth("a") == router.waiting_count == router.waiting_bytes == 0


def test_an_app_that_is_not_configured_is_refused() -> None:
    router: Router[Job, str] = Router(["a"])
    with pytest.raises(DirtyNoWorkersAvailableError, match="b: the app is not configured"):
        router.submit(Job("b"))
    assert not router.withdraw(Job("b"))


def test_a_worker_may_serve_an_app_that_is_not_configured() -> None:
    router: Router[Job, str] = Router(["a"])
    router.add("lane", "worker", ["gone", "a"], 0.0)
    assert router.submit(Job("a")) == "lane"


@pytest.mark.parametrize("lanes", [2, 3, 9])
def test_the_worker_with_the_fewest_busy_lanes_is_chosen(lanes: int) -> None:
    router: Router[Job, tuple[int, int]] = Router(["a"])
    for lane in range(lanes):
        for worker in range(3):
            router.add((worker, lane), worker, ["a"], 0.0)
    for round_ in range(1, lanes + 1):
        for _ in range(3):
            assert router.submit(Job("a")) is not None
        assert [router.busy(worker) for worker in range(3)] == [round_] * 3


def test_the_fewest_are_found_when_a_larger_worker_came_later() -> None:
    router: Router[Job, tuple[int, int]] = Router(["a"])
    for worker, lanes in ((0, 2), (1, 3)):
        for lane in range(lanes):
            router.add((worker, lane), worker, ["a"], 0.0)
        router.submit(Job("a"))
    router.submit(Job("a"))
    router.submit(Job("a"))
    assert [router.busy(worker) for worker in range(2)] == [2, 2]


def test_a_worker_is_filled_before_another_gets_any() -> None:
    router: Router[Job, tuple[int, int]] = Router(["a"])
    for worker in range(3):
        for place in range(4):
            router.add((worker, place), worker, ["a"], 0.0, fill=3)
    first = [router.submit(Job()) for _ in range(9)]
    assert all(first)
    assert [len({place[0] for place in first[at : at + 3] if place}) for at in (0, 3, 6)] == [1] * 3
    assert sorted(router.busy(worker) for worker in range(3)) == [3, 3, 3]
    # What is behind that is spread.
    assert all(router.submit(Job()) for _ in range(3))
    assert [router.busy(worker) for worker in range(3)] == [4, 4, 4]


def test_of_workers_that_are_being_filled_the_fullest_is_the_next() -> None:
    router: Router[Job, tuple[int, int]] = Router(["a"])
    for worker in range(2):
        for place in range(4):
            router.add((worker, place), worker, ["a"], 0.0, fill=4)
    places = [router.submit(Job()) for _ in range(7)]
    one, other = places[0], places[-1]
    assert one
    assert other
    for place in places[:2]:
        assert place
        router.release(place, 0.0)
    # Of one two are left, of the other three.
    assert router.submit(Job())[0] == other[0]  # type: ignore[index]
    assert router.submit(Job())[0] == one[0]  # type: ignore[index]


def test_the_lane_of_a_worker_that_worked_last_is_chosen() -> None:
    router: Router[Job, str] = Router(["a"])
    for lane in ("one", "two", "three"):
        router.add(lane, "worker", ["a"], 0.0)
    for _ in range(3):
        router.submit(Job("a"))
    for lane in ("two", "three", "one"):
        router.release(lane, 0.0)
    assert [router.submit(Job("a")) for _ in range(3)] == ["one", "three", "two"]


@pytest.mark.parametrize("threads", [1, 2])
def test_idle_workers_take_turns(threads: int) -> None:
    router: Router[Job, tuple[int, int]] = Router(["a"])
    for worker in range(3):
        for lane in range(threads):
            router.add((worker, lane), worker, ["a"], 0.0)
    order = []
    for _ in range(6 * TURN):
        lane = router.submit(Job("a"))
        assert lane is not None
        order.append(lane[0])
        router.release(lane, 0.0)
    turns = [order[start : start + TURN] for start in range(0, len(order), TURN)]
    assert all(len(set(turn)) == 1 for turn in turns)
    first = [turn[0] for turn in turns]
    assert set(first[:3]) == {0, 1, 2}
    assert first[3:] == first[:3]


def test_a_turn_goes_on_after_another_worker_helped_out() -> None:
    router: Router[Job, int] = Router(["a"])
    for worker in range(4):
        router.add(worker, worker, ["a"], 0.0)
    one, two = router.submit(Job("a")), router.submit(Job("a"))
    assert one is not None
    assert two is not None
    for lane in (one, two):
        router.release(lane, 0.0)
    rest = 2 * (TURN - 1)
    order = []
    for _ in range(rest + 1):
        lane = router.submit(Job("a"))
        assert lane is not None
        order.append(lane)
        router.release(lane, 0.0)
    assert set(order[:rest]) == {one, two}
    assert order[rest] not in {one, two}


def test_a_worker_that_comes_does_not_take_the_turn_of_one_that_left() -> None:
    router: Router[Job, int] = Router(["a"])
    for worker in range(2):
        router.add(worker, worker, ["a"], 0.0)
    first, second = router.submit(Job("a")), router.submit(Job("a"))
    assert first is not None
    assert second is not None
    router.remove(first)
    router.add(2, 2, ["a"], 0.0)
    router.release(second, 0.0)
    assert router.submit(Job("a")) == second


def test_a_worker_that_comes_takes_nobody_elses_place() -> None:
    router: Router[Job, int] = Router(["a"])
    for worker in range(3):
        router.add(worker, worker, ["a"], 0.0)
    router.remove(0)
    router.add(3, 3, ["a"], 0.0)
    assert {router.submit(Job("a")) for _ in range(4)} == {1, 2, 3, None}
    for lane in (1, 2, 3):
        assert router.busy(lane) == 1


def test_a_lane_that_retires_ends_what_it_runs() -> None:
    router: Router[Job, str] = Router(["a"])
    router.add("lane", "worker", ["a"], 0.0)
    router.submit(Job("a"))
    router.retire("lane")
    waiting = Job("a")
    assert router.submit(waiting) is None
    assert not router.is_spent("lane")
    assert router.release("lane", 0.0) is None
    assert router.is_spent("lane")
    assert router.remove("lane") is None
    assert router.is_spent("lane")
    assert list(router.waiting()) == [waiting]


def test_an_idle_lane_that_retires_takes_nothing() -> None:
    router: Router[Job, str] = Router(["a"])
    router.add("one", "worker", ["a"], 0.0)
    router.add("two", "worker", ["a"], 0.0)
    router.retire("two")
    assert router.is_spent("two")
    assert router.submit(Job("a")) == "one"
    assert router.submit(Job("a")) is None


def test_a_removed_lane_gives_back_its_request() -> None:
    router: Router[Job, str] = Router(["a"])
    router.add("lane", "worker", ["a"], 0.0)
    job = Job("a")
    router.submit(job)
    assert router.remove("lane") is job
    assert router.remove("lane") is None
    assert router.release("lane", 0.0) is None
    router.retire("lane")
    assert router.busy("worker") == 0
    assert router.submit(Job("a")) is None


def test_a_worker_that_comes_after_another_serves_its_own_apps() -> None:
    router: Router[Job, str] = Router(APPS)
    for round_ in range(3):
        app, other = APPS[round_], APPS[round_ - 1]
        router.add("lane", f"worker {round_}", [app], 0.0)
        waiting = Job(other)
        submit(router, waiting)
        assert router.submit(Job(app)) == "lane"
        assert router.release("lane", 0.0) is None
        router.remove("lane")
        assert router.withdraw(waiting)


# --- between connections ---


def test_connections_take_turns() -> None:
    router = busy_router()
    submit(router, *(Job(client=client) for client in "xxxxyzy"))
    assert taken_of(router) == "xyzxyxx"


def test_a_connection_keeps_the_order_of_its_requests() -> None:
    router = busy_router()
    jobs = [Job(client="x") for _ in range(5)]
    submit(router, *jobs)
    assert taken(router) == jobs


def test_a_connection_that_comes_goes_behind_the_others_once() -> None:
    router = busy_router()
    submit(router, *(Job(client=client) for client in "xxxyyy"))
    assert next_client(router, 0.0) == "x"
    submit(router, Job(client="z"))
    assert taken_of(router) == "yxzyxy"


@pytest.mark.parametrize("lanes", [1, 2, 8])
def test_a_second_client_beside_a_flood_waits_for_few_calls(lanes: int) -> None:
    """Calls take a second each, the lanes fall idle one after the other; the second client calls
    again once it is answered."""
    router: Router[Job, int] = Router(["a"])
    for lane in range(lanes):
        router.add(lane, lane, ["a"], 0.0)
    running = {router.submit(Job(client="flood")): (lane / lanes) for lane in range(lanes)}
    for _ in range(900):
        router.submit(Job(client="flood"))
    waits: list[float] = []
    mine = Job(client="second")
    router.submit(mine)
    now_s = 0.0
    while len(waits) < 50:
        lane = min(running, key=lambda one: running[one])
        assert lane is not None
        now_s = running[lane] = running[lane] + 1.0
        job = router.release(lane, now_s)
        if job is mine:
            waits.append(now_s - mine.arrived_s)
            mine = Job(client="second", arrived_s=now_s + 1.0)
            router.submit(mine)
    assert max(waits) <= lanes + 1


# --- between apps ---


def test_a_lane_pulls_for_its_apps_in_turn() -> None:
    router = busy_router()
    submit(router, *(Job(app) for app in "aaaaabbbc"))
    order = "".join(job.app_path for job in taken(router))
    assert sorted(order[:3]) == ["a", "b", "c"]
    assert sorted(order[3:5]) == ["a", "b"]
    assert sorted(order[5:7]) == ["a", "b"]
    assert order[7:] == "aa"


def test_a_flood_for_one_app_does_not_delay_another() -> None:
    router = busy_router()
    submit(router, *(Job("b") for _ in range(900)), Job("a"), Job("c"))
    order = [router.release("lane", 0.0) for _ in range(3)]
    assert {job.app_path for job in order if job} == {"a", "b", "c"}


def test_a_lane_pulls_for_its_own_apps_only() -> None:
    router = busy_router(["a", "b", "c"])
    router.add("other", "another", ["b"], 0.0)
    router.submit(Job("b"))
    jobs = [Job("c"), Job("a"), Job("b")]
    submit(router, *jobs)
    assert router.release("other", 0.0) is jobs[2]
    assert router.release("other", 0.0) is None
    assert router.add("third", "a third", ["c"], 0.0) is jobs[0]
    assert taken(router) == [jobs[1]]


# --- priority ---


def test_a_higher_priority_goes_first() -> None:
    router = busy_router()
    submit(router, *(Job(priority=priority) for priority in (0, -10, 5, 0, 10, 5)))
    assert [job.priority for job in taken(router)] == [10, 5, 5, 0, 0, -10]


@pytest.mark.proves("GD-MSG-042")
def test_connections_take_turns_within_a_priority() -> None:
    router = busy_router()
    submit(router, *(Job(client=client, priority=1) for client in "xxy"))
    submit(router, *(Job(client=client) for client in "vvw"))
    assert taken_of(router) == "xyxvwv"


@pytest.mark.proves("GD-MSG-042")
@pytest.mark.parametrize(
    ("waited_s", "first"), [(2.9, "high"), (3.0, "low"), (3.9, "low"), (100.0, "low")]
)
def test_a_priority_counts_one_more_for_each_second_of_waiting(waited_s: float, first: str) -> None:
    router = busy_router()
    submit(router, Job(client="low", priority=-1, arrived_s=10.0))
    submit(router, Job(client="high", priority=2, arrived_s=10.0 + waited_s))
    assert next_client(router, 10.0 + waited_s) == first


def test_what_counts_the_same_goes_by_the_longer_wait() -> None:
    router = busy_router()
    submit(router, Job(client="high", priority=1, arrived_s=1.0), Job(client="low", arrived_s=0.5))
    assert next_client(router, 1.5) == "low"


def test_a_flood_of_the_highest_priority_starves_nobody() -> None:
    router = busy_router()
    submit(router, Job(client="low", priority=-10))
    for tenth in range(1000):
        now_s = tenth / 10
        submit(router, Job(client="flood", priority=10, arrived_s=now_s))
        if next_client(router, now_s) == "low":
            assert now_s == 20
            return
    raise AssertionError("it starved")


def test_a_backlog_of_ones_own_does_not_age() -> None:
    """A flood that has waited for a minute does not outrank a higher priority."""
    router = busy_router()
    submit(router, *(Job(client="flood") for _ in range(100)))
    for second in range(60):
        router.release("lane", float(second))
    submit(router, Job(client="second", priority=1, arrived_s=59.5))
    assert next_client(router, 59.9) == "second"


def test_the_first_of_several_tells_how_long_a_connection_has_waited() -> None:
    router = busy_router()
    submit(router, Job(client="low"), Job(client="low", arrived_s=5.0))
    submit(router, Job(client="high", priority=3, arrived_s=5.0))
    assert next_client(router, 5.0) == "low"


def test_what_is_given_back_has_waited_since_it_came() -> None:
    router = busy_router()
    submit(router, *(Job(client="low") for _ in range(3)))
    lost = router.release("lane", 5.0)
    assert lost is not None
    router.give_back(lost)
    submit(router, Job(client="high", priority=3, arrived_s=5.0))
    assert next_client(router, 5.0) == "low"
    assert next_client(router, 5.0) == "high"


def test_a_clock_that_is_read_a_little_early_does_no_harm() -> None:
    router = busy_router()
    submit(router, Job(client="low", arrived_s=5.01), Job(client="high", priority=1, arrived_s=5.0))
    assert taken_of(router, 5.0) == "highlow"


# --- given back, withdrawn ---


def test_what_is_given_back_is_the_next() -> None:
    router = busy_router()
    submit(router, *(Job(client=client) for client in "xxy"))
    lost = router.release("lane", 0.0)
    assert lost is not None
    assert router.give_back(lost) is None
    assert router.depth("a") == router.waiting_bytes == 3
    assert router.release("lane", 0.0) is lost
    assert taken_of(router) == "yx"


def test_what_is_given_back_is_the_next_of_its_priority_only() -> None:
    router = busy_router()
    lost = Job(client="lost")
    submit(router, Job(client="high", priority=1), Job(client="x"))
    assert router.give_back(lost) is None
    assert taken_of(router) == "highlostx"


def test_what_is_given_back_goes_to_an_idle_lane() -> None:
    router: Router[Job, str] = Router(["a"])
    router.add("lane", "worker", ["a"], 0.0)
    assert router.give_back(Job()) == "lane"


def test_what_is_given_back_needs_no_room() -> None:
    router = busy_router(max_queue=1, max_queue_bytes=1)
    lost = router.remove("lane")
    assert lost is not None
    submit(router, Job())
    assert router.give_back(lost) is None
    assert router.depth("a") == 2


def test_a_request_is_withdrawn_once() -> None:
    router = busy_router()
    jobs = [Job(client=client, priority=priority) for client in "xxy" for priority in (0, 1)]
    submit(router, *jobs)
    for left, job in zip(range(5, -1, -1), jobs, strict=True):
        assert router.withdraw(job)
        assert not router.withdraw(job)
        assert router.depth("a") == router.waiting_count == router.waiting_bytes == left
    assert not router.withdraw(Job(client="never"))
    assert not router.withdraw(Job(priority=7))
    assert taken(router) == []


def test_a_connection_that_withdrew_all_is_passed_over() -> None:
    router = busy_router()
    withdrawn = [Job(client="x"), Job(client="x")]
    submit(router, *withdrawn, Job(client="y"))
    assert all(router.withdraw(job) for job in withdrawn)
    assert taken_of(router) == "y"


def test_the_oldest_is_what_came_first() -> None:
    router = busy_router()
    assert router.oldest("a") is None
    jobs = [
        Job(client="x", priority=1, arrived_s=2.0),
        Job(client="y", arrived_s=1.0),
        Job(client="y", arrived_s=3.0),
    ]
    submit(router, *jobs)
    assert router.oldest("a") is jobs[1]
    router.withdraw(jobs[1])
    assert router.oldest("a") is jobs[0]


# --- room ---


def refusal(router: Router[Job, str], job: Job) -> str:
    """Why the job may not wait; that leaves no trace."""
    before = (router.depth(job.app_path), router.waiting_count, router.waiting_bytes)
    with pytest.raises(DirtyOverloadedError) as caught:
        router.submit(job)
    assert caught.value.app_path == job.app_path
    assert (router.depth(job.app_path), router.waiting_count, router.waiting_bytes) == before
    return caught.value.message


def test_so_many_requests_of_an_app_may_wait() -> None:
    router = busy_router(max_queue=3)
    submit(router, *(Job(client=client) for client in "xyz"))
    assert refusal(router, Job(client="w")) == (
        "overloaded: 3 requests wait for app a, all of max-queue"
    )
    submit(router, Job("b"))
    taken(router)
    submit(router, Job(client="w"))


def test_so_many_bytes_may_wait_for_all_apps_together() -> None:
    router = busy_router(max_queue_bytes=10)
    submit(router, Job("a", "x", size_bytes=6), Job("b", "y", size_bytes=3))
    assert refusal(router, Job("c", "z", size_bytes=2)) == (
        "overloaded: requests of 9 bytes wait, max-queue-bytes has no room for this one"
    )
    submit(router, Job("c", "z", size_bytes=1))


def test_one_connection_has_a_share_of_a_queue() -> None:
    router = busy_router(max_queue=5, max_queue_share=50)
    submit(router, *(Job(client="x", priority=priority) for priority in (0, 1, 0)))
    assert refusal(router, Job(client="x")) == (
        "overloaded: 3 requests of this connection wait for app a, "
        "as many as max-queue-share lets it have"
    )
    submit(router, Job("b", "x"), Job("a", "y"))
    assert taken_of(router).count("x") == 4
    submit(router, Job(client="x"))


def test_one_connection_has_a_share_of_the_bytes() -> None:
    router = busy_router(max_queue_bytes=100, max_queue_share=30)
    submit(router, Job("a", "y", size_bytes=20))
    big = Job("b", "x", size_bytes=20)
    submit(router, Job("a", "x", size_bytes=10), big)
    assert refusal(router, Job("c", "x", size_bytes=1)) == (
        "overloaded: requests of 30 bytes of this connection wait, "
        "as many as max-queue-share lets it have"
    )
    submit(router, Job("c", "y", size_bytes=10))
    router.withdraw(big)
    submit(router, Job("c", "x", size_bytes=20))
    refusal(router, Job("c", "x", size_bytes=1))
    taken(router)
    submit(router, Job("c", "x", size_bytes=30))
    refusal(router, Job("c", "x", size_bytes=1))


def test_one_request_may_wait_whatever_the_share() -> None:
    router = busy_router(max_queue=1, max_queue_bytes=100, max_queue_share=1)
    submit(router, Job("a", "x", size_bytes=60))
    refusal(router, Job("a", "x", size_bytes=1))
    refusal(router, Job("b", "x", size_bytes=1))
    submit(router, Job("b", "y", size_bytes=40))


def test_a_whole_share_is_no_limit() -> None:
    router = busy_router(max_queue=3, max_queue_bytes=9, max_queue_share=100)
    submit(router, *(Job(client="x", size_bytes=3) for _ in range(3)))


def test_a_share_of_no_limit_is_none() -> None:
    router = busy_router(max_queue_share=1)
    submit(router, *(Job(client="x", size_bytes=1000) for _ in range(100)))


def test_what_is_behind_one_that_is_taken_when_it_is_held_no_more_waits_from_then_on() -> None:
    router: Router[Job, int] = Router(APPS)
    assert router.add(1, "worker", APPS, 0.0) is None
    router.hold("x")
    plain, first, second = (Job("a", "x", priority) for priority in (0, 3, 3))
    submit(router, plain, first, second)
    assert router.resume("x", 7.0) == [(first, 1)]
    # It counts for as long as it has waited, which the second has not.
    assert router.release(1, 7.0) is plain
    assert router.release(1, 7.0) is second


# --- whatever happens, in any order ---

MAX_QUEUE, MAX_BYTES, SHARE = 6, 24, 50
# How many requests each worker gets before others get any.
FILL = (0, 2, 3, 0)


class Model(RuleBasedStateMachine):
    """Nothing waits beside an idle lane, nothing is lost, and turns are kept."""

    jobs = Bundle("jobs")
    lanes = Bundle("lanes")

    @initialize()
    def start(self) -> None:
        self.router: Router[Job, int] = Router(APPS, MAX_QUEUE, MAX_BYTES, SHARE)
        self.now_s = 0.0
        self.count = 0
        self.waiting: list[Job] = []
        # Of the connections that wait for an app at a priority: their place, and since when.
        self.places: dict[tuple[str, int, Hashable], tuple[int, float]] = {}
        self.running: dict[int, Job | None] = {}
        self.retired: set[int] = set()
        self.workers: dict[int, int] = {}
        # Of a worker, and an app that waits for it: what was taken since it had its turn.
        self.passed: dict[tuple[int, str], set[str]] = {}
        # Connections whose requests are not to be taken, and which of theirs had their turn.
        self.held: set[Hashable] = set()
        self.aside: set[tuple[str, int, Hashable]] = set()

    def serves(self, worker: int) -> tuple[str, ...]:
        return (APPS, APPS[:1], APPS[1:], ("b", "else"))[worker]

    def next_number(self) -> int:
        self.count += 1
        return self.count

    def line(self, job: Job) -> tuple[str, int, Hashable]:
        return (job.app_path, job.priority, job.client)

    def line_of(self, key: tuple[str, int, Hashable]) -> list[Job]:
        return [job for job in self.waiting if self.line(job) == key]

    def stop_waiting(self, job: Job) -> None:
        self.waiting.remove(job)
        if not self.line_of(self.line(job)):
            del self.places[self.line(job)]
            self.aside.discard(self.line(job))
        for worker in range(4):
            if job.app_path not in self.apps_to_take():
                self.passed.pop((worker, job.app_path), None)

    def have_turn(self, job: Job) -> None:
        """It is taken; what its connection has behind it waits from now on."""
        key = self.line(job)
        self.stop_waiting(job)
        if key in self.places:
            self.places[key] = (self.next_number(), self.now_s)

    def forget(self, lane: int) -> None:
        """A worker without lanes is another one when it has some again."""
        worker = self.workers.pop(lane)
        if worker not in self.workers.values():
            for app in APPS:
                self.passed.pop((worker, app), None)

    def apps_to_take(self) -> set[str]:
        """The apps for which something waits that may be taken."""
        return {job.app_path for job in self.waiting if job.client not in self.held}

    def next_job(self, app: str) -> Job:
        """The next that may be taken; those before it have had their turn."""
        while (key := self.next_key(app))[2] in self.held:
            self.aside.add(key)
        return self.line_of(key)[0]

    def next_key(self, app: str) -> tuple[str, int, Hashable]:
        """The longest waiting of the connections that are next at their priorities."""
        nexts: dict[int, tuple[str, int, Hashable]] = {}
        for key in sorted(self.places, key=lambda key: self.places[key]):
            if key[0] == app and key not in self.aside:
                nexts.setdefault(key[1], key)

        def counts(key: tuple[str, int, Hashable]) -> tuple[int, float]:
            since_s = self.places[key][1]
            return key[1] + int(self.now_s - since_s), -since_s

        return max(nexts.values(), key=counts)

    def take(self, lane: int, job: Job | None) -> None:
        """`lane`, which fell idle, takes `job`: is it the right one?"""
        worker = self.workers[lane]
        self.running[lane] = job
        apps = self.apps_to_take() & {*self.serves(worker)}
        self.notice_passed()
        if lane in self.retired or not apps:
            assert job is None
            return
        assert job is not None
        assert job.app_path in apps
        assert job is self.next_job(job.app_path)
        for other in apps - {job.app_path}:
            passed = self.passed.setdefault((worker, other), set())
            assert job.app_path not in passed
            passed.add(job.app_path)
        self.passed.pop((worker, job.app_path), None)
        self.have_turn(job)

    def notice_passed(self) -> None:
        """A lane may look in vain where all are held, or not: who was passed over had its turn."""
        for app in APPS:
            for priority, ring in self.router._apps[app]._aside.items():
                for key in {(app, priority, client) for client in ring} - self.aside:
                    before = [
                        one
                        for one in self.places
                        if one[:2] == key[:2] and self.places[one] < self.places[key]
                    ]
                    assert {one[2] for one in [*before, key]} <= self.held
                    self.aside.add(key)

    def able(self, job: Job) -> list[int]:
        """The lanes that may take the job at once."""
        if job.client in self.held:
            return []
        idle = [lane for lane, ran in self.running.items() if ran is None]
        able = [lane for lane in idle if job.app_path in self.serves(self.workers[lane])]
        return [lane for lane in able if lane not in self.retired]

    def busy(self, lane: int) -> int:
        mine = [one for one in self.running if self.workers[one] == self.workers[lane]]
        return sum(self.running[one] is not None for one in mine)

    def start_at_once(self, job: Job, lane: int | None) -> bool:
        able = self.able(job)
        if able:
            assert lane in able
            filling = [one for one in able if 0 < self.busy(one) < FILL[self.workers[one]]]
            wanted = max(map(self.busy, filling)) if filling else min(map(self.busy, able))
            assert lane in (filling or able)
            assert self.busy(lane) == wanted
            self.running[lane] = job
        else:
            assert lane is None
        return bool(able)

    def may_wait(self, job: Job) -> bool:
        queue = [one for one in self.waiting if one.app_path == job.app_path]
        mine = [one for one in queue if one.client == job.client]
        all_bytes = sum(one.size_bytes for one in self.waiting)
        own_bytes = sum(one.size_bytes for one in self.waiting if one.client == job.client)
        return (
            len(queue) < MAX_QUEUE
            and len(mine) < MAX_QUEUE * SHARE / 100
            and all_bytes + job.size_bytes <= MAX_BYTES
            and (not own_bytes or own_bytes + job.size_bytes <= MAX_BYTES * SHARE / 100)
        )

    @rule(seconds=st.sampled_from((0.5, 1.0, 7.0)))
    def wait(self, seconds: float) -> None:
        self.now_s += seconds

    @rule(target=lanes, worker=st.integers(0, 3))
    def add(self, worker: int) -> int:
        lane = self.next_number()
        self.workers[lane] = worker
        apps, fill = self.serves(worker), FILL[worker]
        self.take(lane, self.router.add(lane, worker, apps, self.now_s, fill))
        return lane

    @rule(
        target=jobs,
        app=st.sampled_from(APPS),
        client=st.sampled_from("xyz"),
        priority=st.sampled_from((0, 0, -10, 3)),
        size=st.integers(1, 5),
    )
    def submit(self, app: str, client: str, priority: int, size: int) -> Job:
        job = Job(app, client, priority, self.now_s, size, self.next_number())
        self.see_who_gives_way(job)
        if not self.able(job) and not self.may_wait(job):
            with pytest.raises(DirtyOverloadedError):
                self.router.submit(job)
        elif not self.start_at_once(job, self.router.submit(job)):
            self.waiting.append(job)
            self.places.setdefault(self.line(job), (self.next_number(), self.now_s))
        return job

    def see_who_gives_way(self, job: Job) -> None:
        """Only who is held, only as far as room is lacking, and only where that suffices."""
        queue = [one for one in self.waiting if one.app_path == job.app_path]
        all_bytes = sum(one.size_bytes for one in self.waiting)
        has_room = len(queue) < MAX_QUEUE and all_bytes + job.size_bytes <= MAX_BYTES
        others, self.waiting = (
            self.waiting,
            [one for one in self.waiting if one.client not in self.held],
        )
        suffices, self.waiting = self.may_wait(job), others
        if self.able(job) or job.client in self.held or has_room or not suffices:
            assert list(self.router.in_the_way(job)) == []
            return
        for other in self.router.in_the_way(job):
            assert other.client in self.held
            assert self.router.withdraw(other)
            self.stop_waiting(other)
        assert self.may_wait(job)

    @rule(lane=lanes)
    def release(self, lane: int) -> None:
        if self.running.get(lane) is not None:
            self.take(lane, self.router.release(lane, self.now_s))

    @rule(lane=lanes)
    def retire(self, lane: int) -> None:
        self.router.retire(lane)
        self.retired.add(lane)
        assert self.router.is_spent(lane) is (self.running[lane] is None)

    @rule(lane=consumes(lanes))
    def remove(self, lane: int) -> None:
        assert self.router.remove(lane) is self.running.pop(lane)
        self.forget(lane)

    @rule(lane=consumes(lanes))
    def die(self, lane: int) -> None:
        """A lane ends before it has begun its request."""
        job = self.router.remove(lane)
        assert job is self.running.pop(lane)
        self.forget(lane)
        if job is not None and not self.start_at_once(job, self.router.give_back(job)):
            self.waiting.insert(0, job)
            self.places[self.line(job)] = (-self.next_number(), job.arrived_s)

    @rule(client=st.sampled_from("xyz"))
    def hold(self, client: str) -> None:
        self.held.add(client)
        self.router.hold(client)

    @rule(client=st.sampled_from("xyz"))
    def resume(self, client: str) -> None:
        self.held.discard(client)
        for key in sorted(self.aside, key=lambda key: self.places[key]):
            if key[2] == client:
                self.places[key] = (-self.next_number(), self.places[key][1])
                self.aside.discard(key)
        for job, lane in self.router.resume(client, self.now_s):
            assert job.client == client
            assert job is self.next_job(job.app_path)
            assert self.start_at_once(job, lane)
            self.have_turn(job)
        for job in self.waiting:
            assert not self.able(job)

    @rule(job=jobs)
    def withdraw(self, job: Job) -> None:
        assert self.router.withdraw(job) is (job in self.waiting)
        if job in self.waiting:
            self.stop_waiting(job)

    @invariant()
    def counts_agree(self) -> None:
        if not hasattr(self, "router"):
            return
        numbers = sorted(job.number for job in self.waiting)
        assert sorted(job.number for job in self.router.waiting()) == numbers
        assert self.router.waiting_count == len(self.waiting)
        assert self.router.waiting_bytes == sum(job.size_bytes for job in self.waiting)
        for app in APPS:
            assert self.router.depth(app) == sum(job.app_path == app for job in self.waiting)
        for worker in range(4):
            mine = [lane for lane in self.running if self.workers[lane] == worker]
            busy = [lane for lane in mine if self.running[lane] is not None]
            assert self.router.busy(worker) == len(busy)
            assert [lane for lane in mine if self.router.is_busy(lane)] == busy


TestModel = Model.TestCase
