"""What the arbiter's decisions cost, however many lanes, apps, connections and requests there are.

Rules: what is to cost the same is judged twice: by instructions of Python, which are as many at
every run, and by time, with room for caches, since one instruction may stand for any work.
"""

from __future__ import annotations

import contextlib
import random
import sys
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from types import FrameType
from typing import Any, NamedTuple

import pytest

from dirty_runtime import DirtyOverloadedError
from dirty_runtime.app import AppSpec
from dirty_runtime.arbiter.policy.allocation import (
    allocate,
    reallocate,
    slot_to_add,
    slot_to_remove,
)
from dirty_runtime.arbiter.policy.health import Health
from dirty_runtime.arbiter.policy.lanes import Lanes
from dirty_runtime.arbiter.policy.routing import Router
from dirty_runtime.deadlines import Deadlines

from ..gdproto.growth import CONSTANT, FACTOR, MOST, Work, grows_at_most

# How many times as many instructions may be taken for what costs the same.
SAME = 1.3


def instructions(call: Callable[[], object]) -> int:
    """How many instructions of Python the call takes."""
    count = 0

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return count


def costs_the_same(work: Work, size: int) -> bool:
    """Whether work does not depend on its size."""
    small, large = instructions(work(size)), instructions(work(size * FACTOR))
    assert small
    return large <= SAME * small and grows_at_most(CONSTANT, work, size)


# --- routing, in fleets of two sizes ---


@dataclass(eq=False)
class Job:
    app_path: str = "a"
    client: Hashable = 0
    priority: int = 0
    arrived_s: float = 0.0
    size_bytes: int = 1


# The apps of a worker, by its number, of all apps, where there are so many workers.
Serves = Callable[[int, list[str], int], list[str]]


def every_worker_serves_every_app(worker: int, apps: list[str], workers: int) -> list[str]:
    return apps


def four_workers_serve_an_app(worker: int, apps: list[str], workers: int) -> list[str]:
    return [path for number, path in enumerate(apps) if (worker - 4 * number) % workers < 4]


def every_worker_serves_another_set(worker: int, apps: list[str], workers: int) -> list[str]:
    some = random.Random(worker).sample(apps, len(apps) // 4)
    return sorted({*some, *apps[worker % len(apps) :: workers]})


DISTRIBUTIONS = (
    every_worker_serves_every_app,
    four_workers_serve_an_app,
    every_worker_serves_another_set,
)


class Fleet(NamedTuple):
    """So many apps, workers, and lanes of each worker."""

    apps: int
    workers: int
    threads: int


FLEETS = (
    (Fleet(1, 2, 1), Fleet(256, 1024, 1)),
    (Fleet(1, 2, 16), Fleet(256, 64, 16)),
    (Fleet(1, 2, 64), Fleet(256, 16, 64)),
)
REQUESTS = 256


class Routing:
    """A router with the lanes of a fleet, a part of them busy, and requests for all its apps."""

    def __init__(self, fleet: Fleet, serves: Serves, busy: float) -> None:
        paths = [f"m:A{number}" for number in range(fleet.apps)]
        self.router: Router[Job, tuple[int, int]] = Router(paths, 10**6, 10**9, 50)
        self.lane_for: dict[str, tuple[int, int]] = {}
        for worker in range(fleet.workers):
            apps = serves(worker, paths, fleet.workers)
            self.lane_for |= dict.fromkeys(apps, (worker, 0))
            for lane in range(fleet.threads):
                self.router.add((worker, lane), worker, apps, 0.0)
        self.jobs = [Job(paths[number % fleet.apps], number % 10) for number in range(REQUESTS)]
        left = int(busy * self.router.lane_count)
        for job in cycle([Job(path) for path in paths]):
            if left == 0:
                break
            left -= self.router.submit(job) is not None
            self.router.withdraw(job)

    def choose(self) -> None:
        """A lane is idle for each request."""
        for job in self.jobs:
            lane = self.router.submit(job)
            assert lane is not None
            self.router.release(lane, 0.0)

    def wait(self) -> None:
        """No lane is idle, and of each app a few requests wait."""
        for path in self.lane_for:
            for client in range(4):
                assert self.router.submit(Job(path, client, client % 2)) is None

    def pull(self) -> None:
        """A request comes to wait, and a lane that serves its app takes what is next."""
        taken = []
        for job in self.jobs:
            assert self.router.submit(job) is None
            other = self.router.release(self.lane_for[job.app_path], 0.0)
            assert other is not None
            taken.append(other)
        self.jobs = taken

    def lose(self) -> None:
        """A request that came to wait is withdrawn; one that was taken is given back."""
        for job in self.jobs:
            assert self.router.submit(job) is None
            assert self.router.withdraw(job)
            assert self.router.give_back(job) is None
            assert self.router.withdraw(job)


FLEET = pytest.mark.parametrize("fleets", FLEETS)
SERVES = pytest.mark.parametrize("serves", DISTRIBUTIONS)


@pytest.mark.parametrize("busy", [0.0, 0.4])
@SERVES
@FLEET
def test_to_choose_a_lane(fleets: tuple[Fleet, Fleet], serves: Serves, busy: float) -> None:
    def work(size: int) -> Callable[[], object]:
        return Routing(fleets[size > 1], serves, busy).choose

    assert costs_the_same(work, 1)


def test_to_choose_among_the_lanes_of_a_worker() -> None:
    """The count of busy lanes takes a step for each binary digit: six for 64 lanes."""

    def work(size: int) -> Callable[[], object]:
        return Routing(Fleet(1, 2, 4 * size), every_worker_serves_every_app, 0.5).choose

    assert instructions(work(FACTOR)) < 2 * instructions(work(1))


@pytest.mark.parametrize("act", [Routing.pull, Routing.lose])
@SERVES
@FLEET
def test_requests_that_wait(
    fleets: tuple[Fleet, Fleet], serves: Serves, act: Callable[[Routing], None]
) -> None:
    def work(size: int) -> Callable[[], object]:
        routing = Routing(fleets[size > 1], serves, 1.0)
        routing.wait()
        return partial(act, routing)

    assert costs_the_same(work, 1)


def test_lanes_that_come_and_go_among_others() -> None:
    def work(size: int) -> Callable[[], object]:
        router = Routing(Fleet(16, 4 * size, 16), every_worker_serves_every_app, 0.5).router

        def come_and_go() -> None:
            for lane in range(16):
                router.add(("new", lane), "new", router.apps, 0.0)
            for lane in range(16):
                router.retire(("new", lane))
                router.remove(("new", lane))

        return come_and_go

    assert costs_the_same(work, 4)


def test_the_apps_of_a_worker_that_comes() -> None:
    def work(size: int) -> Callable[[], object]:
        router = Routing(Fleet(16 * size, 2, 1), every_worker_serves_every_app, 0.0).router

        def come_and_go() -> None:
            router.add(("new", 0), "new", router.apps, 0.0)
            router.remove(("new", 0))

        return come_and_go

    assert grows_at_most(MOST, work, 4)


def test_the_apps_of_a_worker_that_has_a_lane() -> None:
    def work(size: int) -> Callable[[], object]:
        router = Routing(Fleet(16 * size, 2, 1), every_worker_serves_every_app, 0.0).router
        apps = router.apps

        def come_and_go() -> None:
            router.add((0, 1), 0, apps, 0.0)
            router.remove((0, 1))

        return come_and_go

    assert costs_the_same(work, 4)


def test_workers_that_were_replaced_are_forgotten() -> None:
    lanes: Lanes[Job, int] = Lanes()
    kept = lanes.add(0, "kept")
    for number in range(1, 1000):
        new = lanes.add(number, f"new {number}")
        lanes.rest(new)
        lanes.remove(new)
    assert new.group.bit <= 2 * kept.group.bit
    assert list(lanes.seats) == [0]
    assert list(lanes.groups) == ["kept"]


# --- a queue ---


def waiting(requests: int, connections: int) -> Router[Job, str]:
    """A router with a busy lane, for which so many requests of so many connections wait."""
    router: Router[Job, str] = Router(["a"], 10**7, 10**9, 50)
    router.add("lane", "worker", ["a"], 0.0)
    for number in range(requests + 1):
        router.submit(Job("a", number % connections))
    return router


@pytest.mark.parametrize("requests", [1, 50])
def test_a_request_behind_others(requests: int) -> None:
    """Whether they are of many connections, or many of a few."""

    def work(size: int) -> Callable[[], object]:
        connections = size if requests == 1 else 10
        router = waiting(requests * size, connections)
        middle = next(islice(router.waiting(), requests * size // 2, None))

        def pass_by() -> None:
            assert router.withdraw(middle)
            assert router.submit(middle) is None
            job = router.release("lane", 0.0)
            assert job is not None
            assert router.give_back(job) is None

        return pass_by

    assert costs_the_same(work, 100)


def test_the_oldest_is_sought_among_connections() -> None:
    def work(size: int) -> Callable[[], object]:
        return partial(waiting(10 * size, size).oldest, "a")

    assert grows_at_most(MOST, work, 100)


def test_a_flood_is_drained() -> None:
    def work(size: int) -> Callable[[], object]:
        def drain() -> None:
            router = waiting(size, 1)
            while router.release("lane", 0.0) is not None:
                pass

        return drain

    assert grows_at_most(MOST, work, 1000)


def test_the_bytes_of_a_connection_are_counted_once() -> None:
    """Where they matter, and all requests that wait are looked at: that is not for each one."""

    def work(size: int) -> Callable[[], object]:
        router: Router[Job, str] = Router(["a"], 0, 2 * size, 50)
        for number in range(size):
            router.submit(Job("a", number))

        def refuse() -> None:
            with contextlib.suppress(DirtyOverloadedError):
                router.submit(Job("a", 0, size_bytes=size))

        refuse()
        return refuse

    assert costs_the_same(work, 1000)


def test_the_bytes_of_a_connection_are_counted_only_while_they_matter() -> None:
    router: Router[Job, str] = Router(["a"], 0, 100, 50)
    router.add("lane", "worker", ["a"], 0.0)
    router.submit(Job())

    def pass_by() -> None:
        router.submit(Job())
        router.release("lane", 0.0)

    pass_by()
    before = instructions(pass_by)
    router.submit(Job("a", 1, size_bytes=50))
    with pytest.raises(DirtyOverloadedError):
        router.submit(Job("a", 1))
    assert instructions(pass_by) > before
    router.submit(Job())
    while router.waiting_count:
        router.release("lane", 0.0)
    assert instructions(pass_by) == before


# --- deadlines ---


def deadlines(count: int) -> Deadlines[int]:
    found: Deadlines[int] = Deadlines()
    for number in range(count):
        found.set(number, float(number * 7919 % count))
    return found


def test_a_deadline_among_others() -> None:
    """It goes to its place in a heap: the logarithm hides in the time."""

    def work(size: int) -> Callable[[], object]:
        found = deadlines(size)

        def set_and_drop() -> None:
            for number in range(-100, 0):
                found.set(number, size / 2)
                found.drop(number)
            found.next_s()

        return set_and_drop

    assert grows_at_most(CONSTANT, work, 1000)


def test_deadlines_that_come_due() -> None:
    def work(size: int) -> Callable[[], object]:
        def pop() -> None:
            assert sum(1 for _ in deadlines(size).pop_due(size)) == size

        return pop

    assert grows_at_most(MOST, work, 500)


def test_deadlines_that_are_dropped() -> None:
    def work(size: int) -> Callable[[], object]:
        def drop() -> None:
            found = deadlines(size)
            for number in range(size):
                found.drop(number)

        return drop

    assert grows_at_most(MOST, work, 500)


# --- slots ---

# Of apps: no limit, in one slot alone, and in a few.
LIMITS = (None, 1, 4)


def specs(count: int) -> list[AppSpec]:
    return [AppSpec(f"m:A{number}", LIMITS[number % 3]) for number in range(count)]


@pytest.mark.parametrize("act", ["allocate", "reallocate", "slot_to_add", "slot_to_remove"])
def test_slots(act: str) -> None:
    """As many apps, and more slots."""

    def work(size: int) -> Callable[[], object]:
        apps = specs(48)
        homes = allocate(apps, size)
        return {
            "allocate": partial(allocate, apps, size),
            "reallocate": partial(reallocate, apps, dict.fromkeys(homes, "")),
            "slot_to_add": partial(slot_to_add, apps, homes),
            "slot_to_remove": partial(slot_to_remove, apps, homes),
        }[act]

    assert grows_at_most(MOST, work, 64)


@pytest.mark.parametrize("act", [slot_to_add, slot_to_remove])
def test_apps_of_which_each_needs_its_slot(act: Callable[..., object]) -> None:
    """No slot can be removed: each is looked at."""

    def work(size: int) -> Callable[[], object]:
        apps = [AppSpec(f"m:A{number}", 1) for number in range(size)]
        return partial(act, apps, allocate(apps, size))

    assert grows_at_most(MOST, work, 16)


# --- health ---


def test_apps_that_are_healthy_cost_nothing() -> None:
    def work(size: int) -> Callable[[], object]:
        health = Health([f"m:A{number}" for number in range(size)], 5, 30.0)
        health.init_failed("m:A0", "why", 0.0)

        def ask() -> None:
            assert health.next_retry_s(0.0) == 1.0
            assert health.due(2.0) == ["m:A0"]
            assert list(health.reasons()) == ["m:A0"]

        return ask

    assert costs_the_same(work, 16)
