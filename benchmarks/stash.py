"""The stash beside what it is made of, doing the same in the same run, in turns.

    python -m benchmarks.stash [--before COMMIT]

Rules: three ratios, each with an A/A: the stash beside itself, which tells what a difference
means. Each figure is the best of several turns.

* In a file: beside plain sqlite3, both durable. That has a transaction for each group of as many
  puts as the stash is asked for at once, which is the most that it could share.
* On a server: beside pipelines of redis-py, of as many commands as the stash is asked for at once:
  the same scripts, and plain HSETs, which know no versions, times, limits and watchers.
* In memory: beside the stash of a commit, by default that before it had ten more operations.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import gdproto
from dirty_runtime.arbiter.stash.backend import Backend
from dirty_runtime.arbiter.stash.sqlite import SqliteStash

TURNS = 10
BEFORE = "955e30b^"
GROUPS, ON_SERVER, IN_MEMORY = 100, 10_000, 50_000
VALUE = gdproto.Encoded(gdproto.encode({"name": "x" * 100, "n": 1}))
# What is done in memory, by a stash of this or of another version.
MEMORY = f"""
import asyncio, sys, time
import gdproto
from dirty_runtime.arbiter.stash.memory import MemoryStash
value = gdproto.encode({{"name": "x" * 100, "n": 1}})

async def run():
    stash = MemoryStash()
    for number in range({IN_MEMORY}):
        await stash.put("t", number % 1000, value)
        await stash.get("t", number % 1000)

best = float("inf")
for _ in range(3):
    start_s = time.perf_counter()
    asyncio.run(run())
    best = min(best, time.perf_counter() - start_s)
print(best)
"""
Run = Callable[[], float]


def timed(run: Callable[[], object]) -> float:
    start_s = time.perf_counter()
    run()
    return time.perf_counter() - start_s


def best_of(runs: dict[str, Run]) -> dict[str, float]:
    """The shortest time of each, in turns."""
    best = dict.fromkeys(runs, float("inf"))
    for _ in range(TURNS):
        for name, run in runs.items():
            best[name] = min(best[name], run())
    return best


def tell(what: str, count: int, best: dict[str, float]) -> None:
    """A line: the rate of the first, and its ratio to each other one."""
    (_, ours), *others = best.items()
    ratios = ", ".join(f"{seconds / ours:.2f} of {name}" for name, seconds in others)
    print(f"{what:24} {count / ours:9,.0f}/s, {ratios}", flush=True)


async def put_all(stash: Backend, count: int, at_once: int) -> None:
    """So many puts, by so many tasks at once."""

    async def put(first: int) -> None:
        for number in range(first, count, at_once):
            await stash.put("t", number, VALUE)

    await asyncio.gather(*(put(first) for first in range(at_once)))


def plain_sqlite(path: str, at_once: int) -> Run:
    """Puts into a table of plain sqlite3."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE entries (key BLOB PRIMARY KEY, value BLOB)")

    def put_groups() -> None:
        for start in range(0, GROUPS * at_once, at_once):
            db.execute("BEGIN IMMEDIATE")
            for number in range(start, start + at_once):
                row = [gdproto.encode(number), VALUE]
                db.execute("INSERT OR REPLACE INTO entries VALUES (?, ?)", row)
            db.execute("COMMIT")

    return lambda: timed(put_groups)


def in_a_file(at_once: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        stashes = [SqliteStash(f"{folder}/{name}") for name in ("one", "other")]
        puts = GROUPS * at_once

        def ours(place: int) -> Run:
            return lambda: timed(lambda: asyncio.run(put_all(stashes[place], puts, at_once)))

        plain = plain_sqlite(f"{folder}/plain", at_once)
        tell(
            f"in a file, {at_once} at once",
            puts,
            best_of({"": ours(0), "sqlite3": plain, "itself": ours(1)}),
        )
        for one in stashes:
            one.close()


def on_a_server(at_once: int) -> None:
    from redis.asyncio import Redis

    from dirty_runtime.arbiter.stash.scripts import DIGESTS
    from dirty_runtime.arbiter.stash.valkey import ValkeyStash
    from tests.valkey_server import served

    with served() as server, asyncio.Runner() as runner:
        stashes = [ValkeyStash(server.url) for _ in range(2)]
        client: Redis = Redis.from_url(server.url)

        async def pipelined(*command: object) -> None:
            for start in range(0, ON_SERVER, at_once):
                pipeline = client.pipeline(transaction=False)
                for number in range(start, start + at_once):
                    name = gdproto.encode(number)
                    pipeline.execute_command(*(name if one is None else one for one in command))
                await pipeline.execute()

        def ours(place: int) -> Run:
            asked = stashes[place]
            return lambda: timed(lambda: runner.run(put_all(asked, ON_SERVER, at_once)))

        def theirs(*command: object) -> Run:
            return lambda: timed(lambda: runner.run(pipelined(*command)))

        same = theirs("EVALSHA", DIGESTS["put"], 0, "t", 0, None, VALUE, "")
        runs = {
            "": ours(0),
            "redis-py, the same scripts": same,
            "redis-py, plain HSETs": theirs("HSET", "plain", None, VALUE),
            "itself": ours(1),
        }
        tell(f"on a server, {at_once} at once", ON_SERVER, best_of(runs))
        for one in stashes:
            one.close()
        runner.run(client.aclose())


@contextmanager
def sources(commit: str) -> Iterator[str]:
    """The runtime of a commit, in a folder."""
    packed = subprocess.run(["git", "archive", commit, "dirty_runtime"], capture_output=True)
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
            archive.extractall(folder, filter="data")
        # The codec is that of now for both.
        Path(folder, "gdproto").symlink_to(Path(gdproto.__file__).parent)
        yield folder


def in_memory(commit: str) -> None:
    here = str(Path(__file__).parents[1])
    with sources(commit) as there:

        def run(folder: str) -> Run:
            command = [sys.executable, "-c", MEMORY]
            return lambda: float(subprocess.check_output(command, cwd=folder))

        runs = {"": run(here), f"that of {commit}": run(there), "itself": run(here)}
        tell("in memory", 2 * IN_MEMORY, best_of(runs))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stash")
    parser.add_argument("--before", default=BEFORE, metavar="COMMIT")
    before = parser.parse_args().before
    for at_once in (1, 10, 100):
        in_a_file(at_once)
    for at_once in (10, 100):
        on_a_server(at_once)
    in_memory(before)


if __name__ == "__main__":
    main()
