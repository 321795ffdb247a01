"""What has been answered is kept: a stash in a file, whose process is killed again and again.

    python -m tests.acceptance.stash_crashes [ROUNDS]

Rules: a process puts numbers, many at once, and says which are answered. It is killed by SIGKILL in
the middle, at a place that differs from round to round. Whoever opens the file then finds each
number that was answered. It prints how many were, and exits with 1 where one is missing.
"""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import gdproto
from dirty_runtime.arbiter.stash.sqlite import SqliteStash

ROUNDS = 200
AT_ONCE = 20
# Killed after so many answers, at most.
MOST = 400


async def put_for_ever(path: str) -> None:
    """Put one number after the other, in several tasks, and print each that is answered."""
    tables = SqliteStash(path)
    first = await _next(tables)

    async def put(number: int) -> None:
        while True:
            await tables.put("t", number, gdproto.encode(number))
            await tables.incr("t", "sum", gdproto.encode(1))
            print(number, flush=True)
            number += AT_ONCE

    await asyncio.gather(*(put(first + number) for number in range(AT_ONCE)))


async def _next(tables: SqliteStash) -> int:
    kept = [key for key in await _keys(tables) if isinstance(key, int)]
    return max(kept, default=-1) + 1


async def _keys(tables: SqliteStash) -> list[object]:
    keys: list[object] = gdproto.decode(bytes(await tables.keys("t")))
    return keys


async def missing(path: str, answered: set[int]) -> list[str]:
    """What of the answered numbers is not there."""
    tables = SqliteStash(path)
    try:
        keys = set(await _keys(tables))
        lost = [f"{number} is lost" for number in sorted(answered - keys)]
        count = gdproto.decode(bytes(await tables.get("t", "sum"))) if answered else 0
        if count < len(answered):
            lost.append(f"{len(answered)} additions were answered, and {count} are there")
        return lost
    finally:
        tables.close()


def killed(path: str, after: int) -> set[int]:
    """What a process was answered before it was killed, after so many answers."""
    command = [sys.executable, "-m", __spec__.name if __spec__ else __name__, "put", path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        answered = {int(process.stdout.readline()) for _ in range(after)}
        process.send_signal(signal.SIGKILL)
        # What it wrote last was answered as well; a line that it did not end was not.
        rest = process.stdout.read().splitlines(keepends=True)
    return answered | {int(line) for line in rest if line.endswith("\n")}


def rounds(path: str, count: int, most: int = MOST, seed: int = 1) -> tuple[int, list[str]]:
    """Kill it so many times. Returns how many numbers were answered, and what is missing."""
    chance, answered = random.Random(seed), set[int]()
    for _ in range(count):
        answered |= killed(path, chance.randint(1, most))
        if lost := asyncio.run(missing(path, answered)):
            return len(answered), lost
    return len(answered), []


def main(words: list[str]) -> int:
    if words[:1] == ["put"]:
        asyncio.run(put_for_ever(words[1]))
    count = int(words[0]) if words else ROUNDS
    with tempfile.TemporaryDirectory() as folder:
        answered, lost = rounds(str(Path(folder, "stash")), count)
    print(f"{count} kills, {answered} numbers answered, {len(lost)} missing")
    for line in lost[:10]:
        print(line)
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
