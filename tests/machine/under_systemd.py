"""The units of `deploy/` under a real systemd, and cgroups of a real kernel: `make machine`."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from . import run

# Of a machine that others use, too.
LIMIT_S = 400.0
MEMORY = 64 * 2**20
MET = f"killed by SIGKILL: it met its limit of memory, {MEMORY} bytes"

pytestmark = pytest.mark.timeout(LIMIT_S + 20)


@pytest.fixture(scope="module")
def told() -> Iterator[dict[str, Any]]:
    """What `checks.py` has seen, and what the machine said."""
    # Its sockets have long names.
    folder = Path(tempfile.mkdtemp(prefix="gd-"))
    try:
        said = run(folder, LIMIT_S)
        found = folder / "told.json"
        assert found.exists(), said
        told = json.loads(found.read_text())
        assert "failure" not in told, f"{told['failure']}\n{told}\n{said}"
        yield told | {"said": said}
    finally:
        shutil.rmtree(folder)


def test_it_is_started_when_it_is_ready_and_says_how_it_is(told: dict[str, Any]) -> None:
    assert (told["socket"], told["start"]) == ("", "")
    started = told["started"]
    assert started["ActiveState"] == "active"
    assert started["StatusText"] == "1 of 1 workers serve"
    assert started["unit"] == told["status"]["pid"]


def test_a_reload_is_told_from_its_beginning_to_its_end(told: dict[str, Any]) -> None:
    assert (told["reloading"], told["reloaded"]) == ("reloading reload", "active running")
    assert told["reloaded anew"]


def test_an_upgrade_goes_on_as_the_service(told: dict[str, Any]) -> None:
    assert (told["upgraded"], told["served by"]) == ("active running", True)
    assert told["restarts of upgrade"] == "0"
    # Nobody is told anything by who is not the service yet.
    assert "reception only permitted" not in told["said"]


def test_one_that_hangs_is_started_again_and_who_calls_waits(told: dict[str, Any]) -> None:
    assert "dirty.service: Failed with result 'watchdog'" in told["said"]
    assert told["restarts"] == "1"
    assert told["after watchdog"] == 1000


def test_its_end_is_told_when_it_begins_and_calls_end(told: dict[str, Any]) -> None:
    assert told["stopping"] == "deactivating stop-sigterm"
    assert told["answered"] == ["waited"]
    assert (told["stopped"], told["result"]) == ("inactive dead", "success")


def test_a_worker_has_a_cgroup_with_a_limit_that_it_dies_of_alone(told: dict[str, Any]) -> None:
    limits = told["status"]["limits"]
    assert (limits["memory"], limits["memory_by"]) == (MEMORY, "cgroup")
    pid = told["status"]["pid"]
    assert told["cgroup"] == f"0::/system.slice/dirty.service/dirty-{pid}-1\n"
    assert told["oom"] == f"the worker died: {MET}"
    assert f") died: {MET}\n" in told["service log"]
    assert told["reasons"] == {"reload": 1, "oom": 1}
    assert (told["served after"], told["after oom"]) == (1000, "active running")
    assert not told["left of the unit"]


def test_workers_that_are_forked_with_their_app_have_cgroups_too(told: dict[str, Any]) -> None:
    forked = told["forked"]
    assert [one["by"] for one in forked] == ["cgroup"] * 2
    assert [one["named"] for one in forked] == ["dirty-worker"] * 2
    assert len({one["in"] for one in forked}) == 2
    assert all(one["in"].startswith("0::/forked/dirty-") for one in forked)
    # What it has loaded is no worker's.
    assert told["template"] == "0::/forked/dirty-arbiter"
    assert told["oom of one forked"] == f"the worker died: {MET}"
    # Neither another worker nor the template was killed with it.
    assert (told["others of the forked"], told["templates"]) == (1, 1), told["log of the forked"]
    assert told["forked anew"] == ["cgroup"] * 2
    assert (told["forked ended"], told["left of the forked"]) == (0, [])


def test_no_cgroup_is_left_behind(told: dict[str, Any]) -> None:
    # The arbiter's own, and its worker's.
    assert told["left by one that was killed"] == 2
    assert told["left of it"] == []
    # The head and both arbiters share one.
    assert told["of two arbiters"] == 3
    assert (told["ended"], told["left"]) == (0, [])


def test_beside_others_workers_are_limited_by_addresses(told: dict[str, Any]) -> None:
    assert told["memory by"] == "addresses"
    assert told["left beside others"] == []
    met = "the machine, or what limits all together, had no memory left"
    assert told["oom of all"] == f"the worker died: killed by SIGKILL: {met}", told["log"]
    line = "no cgroups, max-memory-bytes counts addresses: others are in /sys/fs/cgroup/own"
    assert told["log"].count(line) == 1
