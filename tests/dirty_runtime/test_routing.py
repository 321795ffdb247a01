"""Routing against a model that only counts: pure, no I/O."""

from __future__ import annotations

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

from dirty_runtime import DirtyNoWorkersAvailableError
from dirty_runtime.arbiter.policy.routing import TURN, Router

APPS = ("a", "b", "c")


@dataclass(eq=False)
class Job:
    app_path: str
    number: int = 0
    size_bytes: int = 1


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
    assert router.depth("a") == 2
    assert router.add("lane", "worker", ["a"], 0.0) is first
    assert router.release("lane", 0.0) is second
    assert router.depth("a") == 0


def test_an_app_that_is_not_configured_is_refused() -> None:
    router: Router[Job, str] = Router(["a"])
    with pytest.raises(DirtyNoWorkersAvailableError, match="b: the app is not configured"):
        router.submit(Job("b"))


def test_the_worker_with_the_fewest_busy_lanes_is_chosen() -> None:
    router: Router[Job, str] = Router(["a"])
    for lane, worker in (("1a", 1), ("1b", 1), ("2a", 2), ("2b", 2)):
        router.add(lane, worker, ["a"], 0.0)
    assert [router.submit(Job("a")) for _ in range(4)] == ["1a", "2a", "1b", "2b"]


def test_idle_workers_take_turns() -> None:
    router: Router[Job, str] = Router(["a"])
    router.add("one", 1, ["a"], 0.0)
    router.add("two", 2, ["a"], 0.0)
    taken = []
    for _ in range(3 * TURN):
        lane = router.submit(Job("a"))
        assert lane is not None
        taken.append(lane)
        router.release(lane, 0.0)
    assert taken == ["one"] * TURN + ["two"] * TURN + ["one"] * TURN


def test_a_lane_pulls_what_has_waited_longest_among_its_apps() -> None:
    router: Router[Job, str] = Router(APPS)
    jobs = [Job("b"), Job("c"), Job("a"), Job("b")]
    for job in jobs:
        router.submit(job)
    assert router.add("lane", "worker", ["a", "b"], 0.0) is jobs[0]
    assert router.release("lane", 0.0) is jobs[2]
    assert router.release("lane", 0.0) is jobs[3]
    assert router.release("lane", 0.0) is None
    assert list(router.waiting()) == [jobs[1]]


def test_a_removed_lane_gives_back_its_request() -> None:
    router: Router[Job, str] = Router(["a"])
    router.add("lane", "worker", ["a"], 0.0)
    job = Job("a")
    router.submit(job)
    assert router.remove("lane") is job
    assert router.remove("lane") is None
    assert router.release("lane", 0.0) is None
    assert router.busy("worker") == 0
    assert router.submit(Job("a")) is None


class Model(RuleBasedStateMachine):
    """Whatever happens, in any order: nothing waits beside an idle lane, nothing is lost."""

    jobs = Bundle("jobs")
    lanes = Bundle("lanes")

    @initialize()
    def start(self) -> None:
        self.router: Router[Job, int] = Router(APPS)
        self.waiting: list[Job] = []
        self.running: dict[int, Job | None] = {}
        self.apps: dict[int, list[str]] = {}
        self.workers: dict[int, int] = {}
        self.arrivals = 0

    def take(self, lane: int, job: Job | None) -> None:
        """`lane` takes `job`: it must be what has waited longest among the lane's apps."""
        mine = [one for one in self.waiting if one.app_path in self.apps[lane]]
        assert job is (mine[0] if mine else None)
        if job is not None:
            self.waiting.remove(job)
        self.running[lane] = job

    @rule(
        target=lanes,
        worker=st.integers(0, 2),
        apps=st.lists(st.sampled_from(APPS), min_size=1, max_size=3, unique=True),
    )
    def add(self, worker: int, apps: list[str]) -> int:
        lane = len(self.apps)
        self.apps[lane], self.workers[lane] = apps, worker
        self.take(lane, self.router.add(lane, worker, apps, 0.0))
        return lane

    @rule(target=jobs, app=st.sampled_from(APPS))
    def submit(self, app: str) -> Job:
        self.arrivals += 1
        job = Job(app, self.arrivals)
        idle = [lane for lane, ran in self.running.items() if ran is None]
        able = [lane for lane in idle if app in self.apps[lane]]
        busy = {lane: self.router.busy(self.workers[lane]) for lane in able}
        lane = self.router.submit(job)
        if able:
            assert lane in able
            assert busy[lane] == min(busy.values())
            self.running[lane] = job
        else:
            assert lane is None
            self.waiting.append(job)
        return job

    @rule(lane=lanes)
    def release(self, lane: int) -> None:
        if self.running.get(lane) is not None:
            self.take(lane, self.router.release(lane, 0.0))

    @rule(lane=consumes(lanes))
    def remove(self, lane: int) -> None:
        assert self.router.remove(lane) is self.running.pop(lane)

    @rule(job=jobs)
    def withdraw(self, job: Job) -> None:
        assert self.router.withdraw(job) is (job in self.waiting)
        if job in self.waiting:
            self.waiting.remove(job)

    @invariant()
    def counts_agree(self) -> None:
        if not hasattr(self, "router"):
            return
        assert sorted(job.number for job in self.router.waiting()) == [
            job.number for job in self.waiting
        ]
        for app in APPS:
            assert self.router.depth(app) == sum(job.app_path == app for job in self.waiting)
        for worker in range(3):
            mine = [lane for lane in self.running if self.workers[lane] == worker]
            busy = [lane for lane in mine if self.running[lane] is not None]
            assert self.router.busy(worker) == len(busy)
            assert [lane for lane in mine if self.router.is_busy(lane)] == busy


TestModel = Model.TestCase
