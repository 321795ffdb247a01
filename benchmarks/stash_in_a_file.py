"""Writes of a stash in a file beside plain sqlite3, doing the same in the same run, in turns.

    python -m benchmarks.stash_in_a_file

Rules: both are durable: what is answered has been waited for by the disk. Plain sqlite3 has a
transaction for each group of as many puts as the stash is asked for at once, which is the most that
it could share. Each figure is the best of several turns.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Callable

import gdproto
from dirty_runtime.arbiter.stash.sqlite import SqliteStash

PUTS, TURNS = 500, 4
VALUE = gdproto.Encoded(gdproto.encode({"name": "x" * 100, "n": 1}))


def plain(path: str, at_once: int) -> Callable[[], None]:
    """Puts into a table of plain sqlite3."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE entries (key BLOB PRIMARY KEY, value BLOB)")

    def put_all() -> None:
        for start in range(0, PUTS, at_once):
            db.execute("BEGIN IMMEDIATE")
            for number in range(start, start + at_once):
                row = [gdproto.encode(number), VALUE]
                db.execute("INSERT OR REPLACE INTO entries VALUES (?, ?)", row)
            db.execute("COMMIT")

    return put_all


def ours(path: str, at_once: int) -> Callable[[], None]:
    """Puts into our stash, by so many tasks at once."""
    tables = SqliteStash(path)

    async def put(first: int) -> None:
        for number in range(first, PUTS, at_once):
            await tables.put("t", number, VALUE)

    async def put_all() -> None:
        await asyncio.gather(*(put(first) for first in range(at_once)))

    return lambda: asyncio.run(put_all())


def main() -> None:
    for at_once in (1, 10, 100):
        with tempfile.TemporaryDirectory() as folder:
            both = [plain(f"{folder}/plain", at_once), ours(f"{folder}/ours", at_once)]
            best = [float("inf"), float("inf")]
            for _ in range(TURNS):
                for place, put_all in enumerate(both):
                    start_s = time.perf_counter()
                    put_all()
                    best[place] = min(best[place], time.perf_counter() - start_s)
        theirs, our = (PUTS / seconds for seconds in best)
        print(
            f"{at_once:4} at once: sqlite3 {theirs:8,.0f}/s, stash {our:8,.0f}/s, "
            f"{our / theirs:.2f} of it"
        )


if __name__ == "__main__":
    main()
