"""Resources of the machine: who has which ids, by a model, and as workers see it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator, Mapping
from fractions import Fraction
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from rich.console import Console

from dirty_runtime.arbiter.policy.resources import Resources, exact
from dirty_runtime.cli.drawing import draw_status
from dirty_runtime.cli.serve import _resources
from dirty_runtime.settings import Config, ConfigError, load_config
from dirty_runtime.testing import Arbiter
from gdproto import ManageOp

from .processes import run_dirty, serving, wait_until, wait_until_logged

IDS = {"gpu": ("0", "1", "2"), "port": ("9000",)}
NEEDS = st.dictionaries(
    st.sampled_from(["gpu", "port"]), st.sampled_from([0, 0.25, 1 / 3, 0.5, 0.6, 1, 2])
)


class Slots(RuleBasedStateMachine):
    """Slots come, go and change; workers begin in them, beside others too, and end."""

    def __init__(self) -> None:
        super().__init__()
        self.resources = Resources(IDS)
        # Of each slot the path of its one app, which takes what its name stands for.
        self.homes: dict[int, tuple[str, ...]] = {}
        self.needs: dict[str, dict[str, float]] = {}
        self.living: dict[int, int] = {}
        self.held: dict[int, tuple[int, Mapping[str, Mapping[str, Fraction]]]] = {}
        self.ages = 0
        # Since an app has changed, a slot's workers may have what was given before.
        self.is_settled = True

    def allot(self, homes: dict[int, tuple[str, ...]]) -> bool:
        before = {slot: self.resources.of(slot) for slot in {*self.homes, *homes}}
        try:
            self.resources.allot(homes, self.needs.__getitem__)
        except ConfigError:
            assert before == {slot: self.resources.of(slot) for slot in before}
            return False
        for slot in self.homes.keys() & homes.keys():
            if self.wanted(slot) == _totals(before[slot]):
                assert self.resources.of(slot) == before[slot]
        self.homes = homes
        return True

    def wanted(self, slot: int) -> dict[str, Fraction]:
        return {name: exact(need) for name, need in self.needs[f"app{slot}"].items() if need}

    @rule(slot=st.integers(0, 5), needs=NEEDS)
    def add(self, slot: int, needs: dict[str, float]) -> None:
        if slot not in self.homes:
            self.needs[f"app{slot}"] = needs
            is_alone = not self.homes
            fits = self.allot(self.homes | {slot: (f"app{slot}",)})
            if is_alone:
                assert fits == all(need <= len(IDS[name]) for name, need in needs.items())

    @precondition(lambda self: self.homes)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        slot = data.draw(st.sampled_from(sorted(self.homes)))
        assert self.allot({one: paths for one, paths in self.homes.items() if one != slot})

    @precondition(lambda self: self.homes)
    @rule(data=st.data(), needs=NEEDS)
    def change(self, data: st.DataObject, needs: dict[str, float]) -> None:
        path = f"app{data.draw(st.sampled_from(sorted(self.homes)))}"
        before, self.needs[path] = self.needs[path], needs
        if not self.allot(dict(self.homes)):
            self.needs[path] = before
        elif needs != before:
            self.is_settled = False

    @precondition(lambda self: self.homes)
    @rule(data=st.data(), is_candidate=st.booleans())
    def begin(self, data: st.DataObject, is_candidate: bool) -> None:
        slot = data.draw(st.sampled_from(sorted(self.homes)))
        is_empty = slot not in self.living.values()
        if is_candidate != is_empty and (not is_empty or self.resources.may_begin(slot)):
            self.ages += 1
            self.living[self.ages] = slot
            self.held[self.ages] = (slot, self.resources.of(slot))
            self.resources.began(self.ages, slot)

    @precondition(lambda self: self.living)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        age = data.draw(st.sampled_from(sorted(self.living)))
        del self.living[age], self.held[age]
        self.resources.ended(age)

    @precondition(lambda self: self.living)
    @rule()
    def end_all(self) -> None:
        for age in self.living:
            self.resources.ended(age)
        self.living.clear()
        self.held.clear()
        self.is_settled = True
        assert all(map(self.resources.may_begin, self.homes))

    @invariant()
    def each_slot_has_what_it_takes(self) -> None:
        for slot in self.homes:
            given = self.resources.of(slot)
            assert _totals(given) == self.wanted(slot)
            for parts in given.values():
                assert sum(1 for part in parts.values() if part < 1) <= 1
                assert all(0 < part <= 1 for part in parts.values())

    @invariant()
    def nothing_is_given_twice(self) -> None:
        taken = self.resources.taken()
        assert {name: tuple(parts) for name, parts in taken.items()} == IDS
        for name, parts in taken.items():
            assert all(part <= 1 for part in parts.values())
            assert sum(parts.values()) == sum(self.wanted(s).get(name, 0) for s in self.homes)

    @invariant()
    def slots_do_not_meet_at_an_id(self) -> None:
        """What lives never has together more than an id, the workers of a slot taken as one."""
        if self.is_settled:
            for name, ids in IDS.items():
                for one in ids:
                    assert self.resources._in_use(name, one) <= 1

    @invariant()
    def an_empty_slot_waits_for_its_own(self) -> None:
        for slot in self.homes:
            given = self.resources.of(slot)
            if given and any((slot, given) == held for held in self.held.values()):
                assert not self.resources.may_begin(slot)
            if not given:
                assert self.resources.may_begin(slot)


def _totals(given: Mapping[str, Mapping[str, Fraction]]) -> dict[str, Fraction]:
    return {name: Fraction(sum(parts.values())) for name, parts in given.items()}


TestSlots = Slots.TestCase
TestSlots.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)


def given(ids: int, *needs: float) -> list[list[str]]:
    """The ids of each slot, of which the app takes so much."""
    resources = Resources({"gpu": [str(n) for n in range(ids)]})
    homes = {slot: (str(need),) for slot, need in enumerate(needs)}
    resources.allot(homes, lambda path: {"gpu": float(path)})
    return [list(resources.of(slot).get("gpu", ())) for slot in homes]


def test_whole_ids_and_parts() -> None:
    assert given(4, 1, 1, 1, 1) == [["0"], ["1"], ["2"], ["3"]]
    assert given(4, 2, 2) == [["0", "1"], ["2", "3"]]
    assert given(2, 0.5, 0.5, 0.5, 0.5) == [["0"], ["0"], ["1"], ["1"]]
    assert given(1, 1 / 3, 1 / 3, 1 / 3, 0) == [["0"], ["0"], ["0"], []]
    # The largest first, each where the least room suffices.
    assert given(2, 0.3, 0.3, 0.7, 0.7) == [["0"], ["1"], ["0"], ["1"]]
    assert given(2, 0.5, 1, 0.5) == [["1"], ["0"], ["1"]]


@pytest.mark.parametrize(
    ("ids", "needs", "reason"),
    [
        (2, (1, 1, 1), "app 1 takes 1 in each of 3 workers: 3 in all of 2 (0, 1); have fewer"),
        (1, (0.6, 0.6), "0.6 in each of 2 workers: 1.2 in all of 1 (0)"),
        (2, (0.6, 0.6, 0.6), "1.8 of 2 (0, 1), but parts of 0.6 do not fit"),
        (0, (1, 1), "takes 1 in each of 2 workers, and there is none; give --resource gpu=ID,ID"),
    ],
)
def test_what_does_not_fit_is_told_with_the_sum(
    ids: int, needs: tuple[float, ...], reason: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        given(ids, *needs)
    assert reason in str(caught.value)
    assert str(caught.value).startswith("gpu: ")
    assert caught.value.setting == "resources"


def test_a_slot_that_comes_takes_what_nobody_uses() -> None:
    resources, needs = Resources({"gpu": "012"}), lambda path: {"gpu": 1}
    resources.allot({0: ("a",), 1: ("a",)}, needs)
    for slot in (0, 1):
        resources.began(slot, slot)
    resources.allot({0: ("a",)}, needs)
    # The last of slot 1 is at 1 still.
    resources.allot({0: ("a",), 1: ("a",)}, needs)
    assert list(resources.of(1)["gpu"]) == ["2"]
    assert resources.may_begin(1)
    resources.allot({0: ("a",), 1: ("a",), 2: ("a",)}, needs)
    assert list(resources.of(2)["gpu"]) == ["1"]
    assert not resources.may_begin(2)
    resources.ended(1)
    assert resources.may_begin(2)


BAD_SETTINGS: list[tuple[dict[str, Any], str]] = [
    ({"resources": ["gpu"]}, "resources is a dict of ids by resources, not ['gpu']"),
    ({"resources": {"GPU": ["0"]}}, "has names that are identifiers in lower case, not 'GPU'"),
    ({"resources": {"gpu": []}}, "resources gpu has ids that are words or numbers, not []"),
    ({"resources": {"gpu": "01"}}, "resources gpu has ids that are words or numbers, not '01'"),
    ({"resources": {"gpu": ["a,b"]}}, "has ids that are words or numbers"),
    ({"resources": {"gpu": [""]}}, "has ids that are words or numbers"),
    ({"resources": {"gpu": [1.5]}}, "has ids that are words or numbers"),
    ({"resources": {"gpu": [-1]}}, "has ids that are words or numbers"),
    ({"resources": {"gpu": [True]}}, "has ids that are words or numbers"),
    ({"resources": {"gpu": ["0", 0]}}, "resources gpu has the id 0 twice"),
    ({"app_resources": {"m:B": {}}}, "app-resources names app m:B, which is not served"),
    ({"app_resources": {"m:A": 1}}, "app-resources of app m:A is a dict of numbers"),
    ({"app_resources": ["m:A"]}, "app-resources is a dict by paths of apps"),
    ({"app_resources": {"m:A": {"gpu": 1.5}}}, "a whole number, or a part of 1, not 1.5"),
    ({"app_resources": {"m:A": {"gpu": -1}}}, "a whole number, or a part of 1, not -1"),
    ({"app_resources": {"m:A": {"gpu": True}}}, "a whole number, or a part of 1, not True"),
    ({"app_resources": {"m:A": {"gpu": float("nan")}}}, "a part of 1, not nan"),
    ({"app_resources": {"m:A": {"gpu": float("inf")}}}, "a part of 1, not inf"),
    ({"app_resources": {"m:A": {"g-u": 1}}}, "identifiers in lower case, not 'g-u'"),
]


@pytest.mark.parametrize(("found", "reason"), BAD_SETTINGS, ids=lambda value: str(value)[:40])
def test_impossible_settings(found: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config("", {"apps": ("m:A",), "socket_path": "/s", **found})
    assert reason in str(caught.value)


def test_ids_are_words_in_the_end() -> None:
    config = load_config(
        "", {"apps": ("m:A",), "socket_path": "/s", "resources": {"gpu": [0, "b"]}}
    )
    assert isinstance(config, Config)
    assert config.resources == {"gpu": ("0", "b")}


# --- as workers see it ---

APP = """
import os, pathlib, time
from dirty_runtime import DirtyApp

class Seeing(DirtyApp):
    resources = {"gpu": 1}
    def sees(self):
        found = {name: os.environ.get(name) for name in NAMES}
        return found | {"slot": int(os.environ["DIRTY_WORKER_SLOT"]), "pid": os.getpid()}
    def hold(self, path):
        pathlib.Path(path + ".begun").touch()
        while not os.path.exists(path):
            time.sleep(0.01)
    def exit(self):
        os._exit(7)

class Blind(Seeing):
    resources = {}

NAMES = ("CUDA_VISIBLE_DEVICES", "DIRTY_RESOURCE_GPU", "DIRTY_RESOURCE_PORT")
"""
SEEING, BLIND = "resources_app:Seeing", "resources_app:Blind"
OPTIONS = ("--resource", "gpu=a,b,c", "--resource", "port=90,91", "--max-crashes", "1000")


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("resources")
    (directory / "resources_app.py").write_text(APP)
    return directory


@pytest.fixture(scope="module")
def arbiter(directory: Path) -> Iterator[Arbiter]:
    with serving(SEEING, workers=2, options=OPTIONS, directory=directory) as arbiter:
        yield arbiter


def told(arbiter: Arbiter) -> dict[int, list[str]]:
    """The GPUs of each worker that serves, by its slot, as STATUS has it."""
    workers = [one for one in arbiter.status()["workers"] if one["booted"]]
    assert all(set(one["resources"]["gpu"].values()) == {1} for one in workers)
    return {one["slot"]: list(one["resources"]["gpu"]) for one in workers}


def sees(arbiter: Arbiter, app: str = SEEING, count: int = 2) -> dict[int, dict[str, Any]]:
    """What each worker that there is now sees, by its slot."""
    found: dict[int, dict[str, Any]] = {}

    def is_complete() -> bool:
        with arbiter.client() as client:
            one = client.execute(app, "sees")
        found[one["slot"]] = one
        return {one["pid"] for one in found.values()} == arbiter.pids() and len(found) == count

    wait_until(is_complete)
    return found


def in_all(arbiter: Arbiter, count: int) -> bool:
    """Whether so many serve, and nobody else is there."""
    state = arbiter.status()
    return count == state["worker_count"] == sum(one["booted"] for one in state["workers"])


def shown(state: dict[str, Any]) -> str:
    """What `dirty status` prints, on a wide screen."""
    console = Console(width=200, file=StringIO())
    console.print(draw_status(state))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def manage(arbiter: Arbiter, op: ManageOp, count: int = 0) -> dict[str, Any]:
    with arbiter.client() as client:
        return client.manage(op, count)


def test_each_worker_has_an_id_of_its_own(arbiter: Arbiter) -> None:
    state = arbiter.status()
    assert told(arbiter) == {0: ["a"], 1: ["b"]}
    assert state["resources"] == {
        "gpu": {"a": 1, "b": 1, "c": 0},
        "port": {"90": 0, "91": 0},
    }
    for slot, one in sees(arbiter).items():
        mine = "ab"[slot]
        assert one["CUDA_VISIBLE_DEVICES"] == one["DIRTY_RESOURCE_GPU"] == mine
        # A resource that there is, and of which it takes nothing.
        assert one["DIRTY_RESOURCE_PORT"] == ""


def test_status_shows_them(arbiter: Arbiter) -> None:
    wait_until(lambda: all(one["pss_bytes"] for one in arbiter.status()["workers"]))
    table = shown(arbiter.status())
    assert "gpu a" in table
    assert "gpu b" in table
    assert " MiB" in table
    assert "template" not in table
    told = run_dirty("status", "--socket", arbiter.socket_path, "--json").stdout
    workers = json.loads(told)["workers"]
    assert [one["resources"] for one in workers] == [{"gpu": {"a": 1}}, {"gpu": {"b": 1}}]


def test_crashes_and_reloads_keep_a_slot_its_id(arbiter: Arbiter) -> None:
    before = arbiter.pids()
    os.kill(min(before), signal.SIGKILL)
    wait_until(lambda: len(arbiter.pids() - before) == 1 and in_all(arbiter, 2))
    assert told(arbiter) == {0: ["a"], 1: ["b"]}
    before = arbiter.pids()
    manage(arbiter, ManageOp.RELOAD)
    wait_until(lambda: not arbiter.pids() & before and in_all(arbiter, 2))
    assert told(arbiter) == {0: ["a"], 1: ["b"]}
    assert {slot: one["DIRTY_RESOURCE_GPU"] for slot, one in sees(arbiter).items()} == {
        0: "a",
        1: "b",
    }


def test_scaling_ends_where_ids_do(arbiter: Arbiter) -> None:
    added = manage(arbiter, ManageOp.ADD, 2)
    assert added["spawned"] == 1
    assert "takes 1 in each of 4 workers: 4 in all of 3 (a, b, c)" in added["reason"]
    wait_until(lambda: in_all(arbiter, 3))
    assert told(arbiter) == {0: ["a"], 1: ["b"], 2: ["c"]}
    manage(arbiter, ManageOp.SET, 2)
    wait_until(lambda: in_all(arbiter, 2))
    assert arbiter.status()["resources"]["gpu"] == {"a": 1, "b": 1, "c": 0}


def test_a_new_slot_waits_for_who_leaves(arbiter: Arbiter, tmp_path: Path) -> None:
    """Its id is free when the process is gone, and not before: a GPU's memory is."""
    manage(arbiter, ManageOp.SET, 3)
    wait_until(lambda: in_all(arbiter, 3))
    go = tmp_path / "go"
    with arbiter.client() as client:
        holds = [client.submit(SEEING, "hold", f"{go}") for _ in range(3)]
        wait_until(lambda: sum(one["busy"] for one in arbiter.status()["workers"]) == 3)
        pid = next(one["pid"] for one in arbiter.status()["workers"] if one["slot"] == 2)
        assert manage(arbiter, ManageOp.SET, 2)["removed"] == 1
        assert manage(arbiter, ManageOp.SET, 3)["spawned"] == 1
        state = arbiter.status()
        assert state["target_workers"] == 3
        assert [one["pid"] for one in state["workers"] if one["slot"] == 2] == [pid]
        go.touch()
        for one in holds:
            one.result(30)
    wait_until(lambda: pid not in arbiter.pids() and in_all(arbiter, 3))
    assert told(arbiter) == {0: ["a"], 1: ["b"], 2: ["c"]}
    manage(arbiter, ManageOp.SET, 2)
    wait_until(lambda: in_all(arbiter, 2))


def test_a_reload_that_takes_too_much_is_refused(arbiter: Arbiter, directory: Path) -> None:
    before, path = arbiter.pids(), directory / "resources_app.py"
    path.write_text(APP.replace('"gpu": 1', '"gpu": 2.0'))
    try:
        arbiter.signal(signal.SIGHUP)
        wait_until_logged(arbiter, "takes 2 in each of 2 workers: 4 in all of 3")
        wait_until(lambda: not arbiter.status()["reloading"])
        assert arbiter.pids() == before
        assert "4 in all of 3" in arbiter.status()["reload_failure"]
    finally:
        path.write_text(APP)
    manage(arbiter, ManageOp.RELOAD)
    wait_until(lambda: not arbiter.pids() & before and in_all(arbiter, 2))
    assert told(arbiter) == {0: ["a"], 1: ["b"]}


def test_parts_and_the_config_file(directory: Path) -> None:
    """Two workers a GPU, and one app that takes none; the file beats what the class says."""
    (directory / "conf.py").write_text(
        f"dirty_resources = {{'gpu': [0]}}\ndirty_app_resources = {{'{SEEING}': {{'gpu': 0.5}}}}\n"
        "dirty_preload = True\n"
    )
    options = ("-c", str(directory / "conf.py"))
    with serving(SEEING, workers=2, options=options, directory=directory) as arbiter:
        found = sees(arbiter)
        assert {one["CUDA_VISIBLE_DEVICES"] for one in found.values()} == {"0"}
        state = arbiter.status()
        assert [one["resources"] for one in state["workers"]] == [{"gpu": {"0": 0.5}}] * 2
        assert state["resources"] == {"gpu": {"0": 1}}
        template = {one["template"] for one in state["workers"]}
        assert len(template) == 1
        table = shown(state)
        assert "gpu 0 (0.5)" in table
        assert f"pid {template.pop()}" in table


def test_an_app_that_does_not_fit_is_refused_at_the_start(directory: Path) -> None:
    words = ("serve", "--app", SEEING, "--socket", "s", "--chdir", str(directory))
    refused = run_dirty(*words, *OPTIONS, "--workers", "4")
    assert refused.returncode == 1
    line = f"Error: gpu: app {SEEING} takes 1 in each of 4 workers: 4 in all of 3 (a, b, c); "
    assert refused.stderr.splitlines()[-1].startswith(line)
    assert not (directory / "s").exists()


def test_what_would_run_shows_them(directory: Path) -> None:
    words = ("serve", "--app", SEEING, "--socket", "s", "--chdir", str(directory))
    told = run_dirty(*words, *OPTIONS, "--check-config").stdout
    assert f"worker 1: {SEEING}, gpu b" in told
    assert "resource port: 90,91" in told


def test_words_of_the_command_line() -> None:
    assert _resources(["gpu=0,1", "port=90", "gpu=2"]) == {"gpu": ["0", "1", "2"], "port": ["90"]}
    for word in ("gpu", "gpu="):
        with pytest.raises(ConfigError, match="is not of the form NAME=ID,ID"):
            _resources([word])
