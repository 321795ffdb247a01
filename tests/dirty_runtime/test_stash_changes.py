"""The changes that are kept for watchers: bounded, and nobody is told at the cost of others."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest

import gdproto
from dirty_runtime import StashError
from dirty_runtime.arbiter.clock import Clock
from dirty_runtime.arbiter.stash import changes
from dirty_runtime.arbiter.stash.changes import MOST_TABLES, PUT, Changes
from dirty_runtime.arbiter.stash.glob import Glob
from dirty_runtime.arbiter.turns import TOLD_AT_ONCE, Turns

KEY = gdproto.encode("k")
LONG_S = 60


class At:
    """Seconds, as the test says."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_a_table_that_nobody_asks_about_is_forgotten() -> None:
    now, gone = At(), list[str]()
    kept = Changes(Turns(), Clock(now), gone.append)
    kept.begin("t")
    now.now_s += changes.FORGOTTEN_S / 2
    kept.note("t", PUT, KEY)
    assert "t" in kept.logs
    now.now_s += changes.FORGOTTEN_S
    kept.note("t", PUT, KEY)
    assert (dict(kept.logs), gone) == ({}, ["t"])


def test_so_many_tables_are_watched_and_no_more() -> None:
    now = At()
    kept = Changes(Turns(), Clock(now))
    for number in range(MOST_TABLES):
        kept.begin(f"t{number}")
    with pytest.raises(StashError, match="tables are watched"):
        kept.begin("t")
    now.now_s += changes.FORGOTTEN_S + 1
    kept.begin("t")
    assert list(kept.logs) == ["t"]


def test_large_keys_are_bounded_too() -> None:
    kept = Changes(Turns())
    log = kept.begin("t")
    large = gdproto.encode("x" * 100_000)
    for _ in range(10):
        kept.note("t", PUT, large)
    assert len(log.since(0)) == 2
    assert log.first == 8
    kept.note("t", PUT, gdproto.encode("x" * changes.MOST_BYTES))
    assert log.since(0) == []


def test_who_has_waited_leaves_nothing() -> None:
    async def wait() -> None:
        kept = Changes(Turns())
        log = kept.begin("t")
        after = gdproto.decode(bytes(await kept.since(log, None, None, None, 0)))["next"]
        for _ in range(20):
            await kept.since(log, None, after, None, 0.001)
        cancelled = asyncio.ensure_future(kept.since(log, None, after, None, LONG_S))
        await asyncio.sleep(0)
        cancelled.cancel()
        await asyncio.wait([cancelled])
        assert (log.waiting, log._waiting, log._told) == (0, {}, {})

    asyncio.run(wait())


def test_many_who_watch_are_told_in_turns_and_once() -> None:
    """Those for whom a change is none wait on: nobody is told again for that."""

    async def wait() -> list[Any]:
        kept = Changes(Turns())
        log = kept.begin("t")
        after = gdproto.decode(bytes(await kept.since(log, None, None, None, 0)))["next"]
        globs = [Glob("k"), Glob("other")]
        watching = [
            asyncio.ensure_future(kept.since(log, globs[n % 2], after, None, LONG_S))
            for n in range(6 * TOLD_AT_ONCE)
        ]
        while log.waiting < len(watching):
            await asyncio.sleep(0)
        kept.note("t", PUT, KEY)
        seen = []
        while log._is_telling:
            seen.append(sum(one.done() for one in watching))
            await asyncio.sleep(0)
        kept.note("t", PUT, gdproto.encode("other"))
        await asyncio.gather(*watching)
        return seen

    done = asyncio.run(wait())
    steps = [later - earlier for earlier, later in pairwise(done)]
    assert max(steps) <= TOLD_AT_ONCE
    assert len(done) >= 6
