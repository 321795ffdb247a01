"""What is known of cgroups by their files; `tests/machine` has them made by a kernel."""

from __future__ import annotations

import logging
import os
import socket
import time
from pathlib import Path

import pytest

from dirty_runtime import divided
from dirty_runtime.arbiter.workers.cgroup import (
    NONE_LEFT,
    Cgroups,
    NotToBeHad,
    Shared,
    death_of,
    of_arbiters,
    own_cgroup,
    remove,
)
from dirty_runtime.arbiter.workers.template import PROGRAM, begin
from dirty_runtime.divided import ARBITER

from .processes import LIMIT_S

V1 = "30 25 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
V2 = "31 25 0:27 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n"


@pytest.mark.parametrize(
    ("membership", "mounts", "place"),
    [
        ("0::/\n", V2, "/sys/fs/cgroup"),
        ("4:memory:/a\n0::/system.slice/dirty.service\n", V1 + V2, None),
        # A container that sees only its own part, without a namespace for it.
        (
            "0::/docker/1/a\n",
            "31 25 0:27 /docker/1 /my\\040own rw - cgroup2 none rw\n",
            "/my own/a",
        ),
    ],
)
def test_the_files_of_the_own_cgroup_are_found(
    membership: str, mounts: str, place: str | None
) -> None:
    place = place or "/sys/fs/cgroup/system.slice/dirty.service"
    assert own_cgroup(membership, mounts) == Path(place)


@pytest.mark.parametrize(
    ("membership", "mounts"),
    [
        ("4:memory:/a\n0::/\n", V1),
        ("4:memory:/a\n", V1 + V2),
        # What is mounted is another's part, or we are outside of our namespace.
        ("0::/docker/2\n", "31 25 0:27 /docker/1 /sys/fs/cgroup rw - cgroup2 none rw\n"),
        ("0::/../2\n", V2),
    ],
)
def test_where_there_is_none_that_is_said(membership: str, mounts: str) -> None:
    with pytest.raises(NotToBeHad, match=r"no cgroup v2 is mounted"):
        own_cgroup(membership, mounts)


@pytest.mark.parametrize(
    ("events", "limit", "told"),
    [
        ("low 0\nhigh 0\nmax 8\noom 0\noom_kill 0\noom_group_kill 0\n", 5, ""),
        ("", 5, ""),
        ("max 8\noom 1\noom_kill 2\n", 5, "it met its limit of memory, 5 bytes"),
        ("max 0\noom 0\noom_kill 1\n", 5, "the machine, or what limits all together, had no"),
        ("max 0\noom 1\noom_kill 1\n", 0, "the machine, or what limits all together, had no"),
    ],
)
def test_the_kernel_tells_for_want_of_which_memory_it_has_killed(
    events: str, limit: int, told: str
) -> None:
    found = death_of(events, limit)
    assert found.startswith(told)
    assert bool(found) == bool(told)


def test_one_that_is_killed_while_the_kernel_kills_is_taken_to_be_killed_by_it(
    tmp_path: Path,
) -> None:
    events = tmp_path / "memory.events"
    events.write_text("oom 0\noom_kill 3\n")
    shared = Shared(tmp_path)
    assert shared.death(was_killed=True) == ""
    events.write_text("oom 1\noom_kill 4\n")
    # Whatever it was, this one ended by itself.
    assert shared.death(was_killed=False) == ""
    assert shared.death(was_killed=True) == ""
    events.write_text("oom 1\noom_kill 5\n")
    assert shared.death(was_killed=True) == NONE_LEFT
    events.unlink()
    assert shared.death(was_killed=True) == ""


def test_an_arbiter_knows_its_own_cgroups_and_those_of_one_that_is_gone() -> None:
    names = [ARBITER, "dirty-1-7", "dirty-12-3", "dirty-12-x", "system.slice", "dirty-1-"]
    assert of_arbiters(names, lambda pid: pid == 12) == ["dirty-12-3"]
    assert of_arbiters(names, lambda pid: True) == ["dirty-1-7", "dirty-12-3"]


@pytest.mark.parametrize(
    ("others", "is_opened"),
    [
        ([], True),
        # Whoever comes last, or will do it, is another.
        ([os.getpid() + 1], False),
        # It does not go.
        ([1], False),
    ],
)
def test_the_last_that_was_forked_for_one_that_was_killed_opens_its_cgroup_again(
    tmp_path: Path, others: list[int], is_opened: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(divided, "EMPTY_S", 0.0)
    (tmp_path / ARBITER).mkdir()
    pids = [os.getpid(), *others]
    (tmp_path / ARBITER / "cgroup.procs").write_text("".join(f"{pid}\n" for pid in pids))
    divided.open_again(str(tmp_path))
    control = tmp_path / "cgroup.subtree_control"
    assert control.exists() == is_opened
    assert not is_opened or control.read_text() == "-memory"


@pytest.mark.parametrize(
    ("is_divided", "is_gone"),
    [(True, True), (True, False), (False, True)],
    ids=["gone", "stopped", "gone, nothing divided"],
)
def test_a_template_that_outlives_its_arbiter_opens_what_that_has_divided(
    is_divided: bool, is_gone: bool, tmp_path: Path
) -> None:
    (tmp_path / ARBITER).mkdir()
    control, theirs = socket.socketpair()
    arbiter, lives = os.pipe()
    words = [str(theirs.fileno()), str(arbiter), str(tmp_path) if is_divided else ""]
    with open(arbiter), open(lives, "w") as living, control, theirs:
        template = begin([*PROGRAM, *words], (theirs.fileno(), arbiter), str(tmp_path))
        (tmp_path / ARBITER / "cgroup.procs").write_text(f"{template.pid}\n")
        if is_gone:
            living.close()
        theirs.close()
        control.close()
        try:
            assert template.wait(LIMIT_S / 3) == 0
        finally:
            template.kill()
            template.wait()
    assert (tmp_path / "cgroup.subtree_control").exists() == (is_divided and is_gone)


@pytest.mark.parametrize(
    ("controllers", "told"),
    [
        (None, r"cgroup.controllers: No such file or directory"),
        ("cpu hugetlb\n", "mine has no memory controller"),
        # Where this is no directory, nothing can be made in it.
        ("memory\n", "dirty-arbiter"),
    ],
)
def test_where_none_can_be_made_workers_are_limited_by_addresses(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, controllers: str | None, told: str
) -> None:
    proc, own = tmp_path / "proc" / "self", tmp_path / "mine"
    proc.mkdir(parents=True)
    own.mkdir()
    (proc / "cgroup").write_text("0::/\n")
    (proc / "mountinfo").write_text(f"31 25 0:27 / {own} rw - cgroup2 none rw\n")
    if controllers:
        (own / "cgroup.controllers").write_text(controllers)
        (own / ARBITER).write_text("")
    cgroups = Cgroups(tmp_path)
    with caplog.at_level(logging.WARNING):
        cgroups.begin(is_wanted=True)
    (record,) = caplog.records
    assert "no cgroups, max-memory-bytes counts addresses: " in record.getMessage()
    assert told in record.getMessage()
    assert cgroups.leaf(1, 5) is None
    cgroups.end()
    assert sorted(os.listdir(own)) == sorted((ARBITER, "cgroup.controllers") if controllers else ())


def test_what_is_gone_at_once_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    (tmp_path / "one").mkdir()
    remove([tmp_path / "one", tmp_path / "never there"], 0.05)
    assert (list(tmp_path.iterdir()), waits) == ([], [])
    (tmp_path / "other" / "below").mkdir(parents=True)
    # What cannot be removed is tried for so long, and no longer.
    remove([tmp_path / "other"], 0.05)
    assert waits
