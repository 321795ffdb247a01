"""What a worker may take of the machine, how long a call may run, and what becomes of others."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from dirty_runtime import DirtyAppError, DirtyTimeoutError
from dirty_runtime.app import AppSpec
from dirty_runtime.arbiter.system import check_cpus
from dirty_runtime.arbiter.watch import RunWatch
from dirty_runtime.arbiter.workers.launch import limits_of
from dirty_runtime.cpus import cpu_lists
from dirty_runtime.settings import Config, ConfigError

from .processes import run_dirty, serving, wait_until, wait_until_logged
from .test_watch import Clock, Lane

APP = "limited:Limited"
MIB = 2**20
CPU = min(os.sched_getaffinity(0))


HERE = Path(__file__).parent


def test_a_worker_and_what_it_starts_are_limited() -> None:
    options = ("--max-memory-bytes", str(512 * MIB), "--nice", "3", "--cpu-affinity", str(CPU))
    with serving(APP, directory=HERE, options=options) as arbiter, arbiter.client() as client:
        nice, cpus, *of_child = client.execute(APP, "has")
        assert (nice, cpus) == (min(19, os.nice(0) + 3), [CPU])
        assert of_child == [str(nice), str(CPU)]
        worker = client.execute(APP, "pid")
        # A call without memory fails as itself, and costs no worker.
        with pytest.raises(DirtyAppError) as failed:
            client.execute(APP, "allocate", 1024 * MIB)
        assert failed.value.exception_type == "builtins.MemoryError"
        assert client.execute(APP, "allocate", MIB) == MIB
        assert client.execute(APP, "pid") == worker
        told = {"memory": 512 * MIB, "memory_by": "addresses", "nice": 3, "cpus": [CPU]}
        status = client.status()
        assert [one["limits"] for one in status["workers"]] == [told]
        assert status["limits"] == {APP: {"timeout": 300.0, "max_run": None}}
        shown = run_dirty("status", "--socket", arbiter.socket_path).stdout
        assert f"limits: timeout 300 s: {APP}\n" in shown
        assert f"limits: 512 MiB by addresses, nice 3, cpus {CPU}: slot 0\n" in shown


def test_a_call_that_runs_too_long_fails_and_only_one_that_runs_on_costs_its_worker() -> None:
    with serving(APP, directory=HERE, options=("--max-run", "0.5")) as arbiter:
        with arbiter.client() as client:
            begun_s = time.monotonic()
            with pytest.raises(DirtyTimeoutError, match=r"it ran for 0.5 s, all of max-run"):
                client.execute(APP, "doze")
            assert time.monotonic() - begun_s >= 0.5
            # It is never silent.
            with pytest.raises(DirtyTimeoutError, match="max-run"):
                list(client.stream(APP, "speak"))
            with pytest.raises(DirtyTimeoutError, match="max-run"):
                client.execute(APP, "hang")
        wait_until(lambda: bool(arbiter.status()["restart_reasons"]))
        # By then the others would have cost theirs.
        assert arbiter.status()["restart_reasons"] == {"ran": 1}
        wait_until_logged(arbiter, ") ran on after max-run")
        assert f"is killed: {APP} hang (request " in arbiter.log.read_text()
        wait_until_logged(arbiter, "in hang")


def test_one_app_has_a_time_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "conf.py"
    file.write_text(f"dirty_max_run = 30\ndirty_app_max_run = {{{APP!r}: 0.2}}\n")
    with serving(APP, directory=HERE, options=("-c", str(file))) as arbiter:
        told = pytest.raises(DirtyTimeoutError, match=r"it ran for 0.2 s, all of max-run")
        with arbiter.client() as client, told:
            client.execute(APP, "doze")
        assert arbiter.status()["limits"] == {APP: {"timeout": 300.0, "max_run": 0.2}}
        file.write_text("dirty_max_run = 30\n")
        arbiter.signal(signal.SIGHUP)
        wait_until_logged(arbiter, "app-max-run is another now")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"m:B": 1}, "app-max-run names app m:B, which is not served"),
        ({"m:A": -1}, "app-max-run of app m:A is at least 0"),
        ([], "app-max-run is a dict by paths of apps"),
    ],
)
def test_what_is_no_time_of_an_app_is_refused(given: Any, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        config(app_max_run=given)


def config(**settings: Any) -> Config:
    return Config(apps=(AppSpec("m:A", None),), socket_path="/s", **settings)


def test_slots_take_lists_of_cpus_in_turns() -> None:
    of = config(cpu_affinity="0-1,4; 2", nice=1)
    assert [limits_of(of, slot)["cpus"] for slot in range(3)] == [[0, 1, 4], [2], [0, 1, 4]]
    assert limits_of(config(), 0) == {"memory": 0, "nice": 0, "cpus": []}
    assert cpu_lists(" ") == []


@pytest.mark.parametrize("text", ["a", "1-", "3-1", "-1", "1;", "0,", "99999999", "\u0661"])
def test_what_is_no_list_of_cpus_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="cpu-affinity has"):
        config(cpu_affinity=text)


def test_a_worker_without_a_cpu_is_refused_at_the_start() -> None:
    check_cpus(f"{CPU}")
    with pytest.raises(ConfigError, match=r"cpu-affinity .*: of 65535, none is among"):
        check_cpus(f"{CPU};65535")


class Runs:
    """A lane, by whose calls the watch is told."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.due_s: float | None = None
        self.told: list[float] = []

    def run_due_s(self, lane: Any) -> float | None:
        return self.due_s

    def ran_too_long(self, lane: Any) -> None:
        self.due_s = None
        self.told.append(self.clock.now_s)


def test_each_call_has_its_time_from_its_own_beginning() -> None:
    clock = Clock()
    runs, lane = Runs(clock), Lane()
    watch = RunWatch(runs, clock)  # type: ignore[arg-type]
    begun_s = clock.now_s

    def begins(limit_s: float) -> None:
        runs.due_s = clock.now_s + limit_s
        watch.watch(lane, runs.due_s)  # type: ignore[arg-type]

    for seconds in (3.0, 6.0, 7.9):
        begins(8.0)
        clock.pass_s(seconds)
    # This one follows at once, and does not end.
    begins(8.0)
    clock.pass_s(60)
    assert runs.told == [begun_s + 3.0 + 6.0 + 7.9 + 8.0]
    # One with less time is not looked at when the one before would have been.
    begins(60.0)
    clock.pass_s(1)
    begins(2.0)
    short_s = clock.now_s
    clock.pass_s(60)
    assert runs.told[1:] == [short_s + 2.0]
    # Nothing ran, or what ran may run on.
    begins(8.0)
    runs.due_s = None
    clock.pass_s(60)
    assert len(runs.told) == 2
