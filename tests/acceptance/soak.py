"""Everything at once for minutes, and a balance: each call ended as a result or a typed error.

    python -m tests.acceptance.soak [SECONDS]

Rules: a result is compared with what it must be. A call that ends in any other way than a result
or a DirtyError is unexplained. At the end the arbiter must be idle, hold no more memory and
descriptors than after the first part, serve, and stop cleanly.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from dirty_runtime import DirtyError, StashClient
from dirty_runtime.client.readiness import is_ready
from tests.dirty_runtime.processes import run_dirty, serving, wait_until

from .disturbances import DISTURBANCES, Disturbance, Victim, small_disk
from .facts import Held
from .situations import APP

CALLERS = 3
WORKERS = 3
# The largest are spooled.
SIZES_BYTES = (10, 10, 10, 1000, 1000, 200_000, 200_000, 5_000_000)
# What it holds is compared after the first part and after the last.
PARTS = 5
MAX_GROWN = Held(2.0, 0)
OPTIONS = (
    *("--max-crashes", "1000000", "--max-workers", "4", "--max-requests", "5000"),
    *("--timeout", "2", "--graceful-timeout", "5"),
)
CANCELLED = "CancelledError"


class Balance:
    """How many calls of each kind began, how they ended, and what the arbiter held more then."""

    def __init__(self) -> None:
        self.grown = Held()
        self.begun: Counter[str] = Counter()
        self.ended: Counter[tuple[str, str]] = Counter()
        self.unexplained: list[str] = []
        self._lock = threading.Lock()

    def begin(self, kind: str) -> None:
        with self._lock:
            self.begun[kind] += 1

    def end(self, kind: str, error: BaseException | None = None) -> None:
        outcome = "result" if error is None else type(error).__name__
        with self._lock:
            self.ended[kind, outcome] += 1
            if error is not None and outcome != CANCELLED and not isinstance(error, DirtyError):
                self.unexplained.append(f"{kind}: {outcome}: {error}")

    @property
    def is_good(self) -> bool:
        """Whether each call is accounted for, and nothing is held that was not before."""
        grown = self.grown
        is_small = grown.memory_mb <= MAX_GROWN.memory_mb and grown.files <= MAX_GROWN.files
        return is_small and not self.missing() and not self.unexplained

    def missing(self) -> int:
        """Calls that began and of whose end nothing is known."""
        return self.begun.total() - self.ended.total()


class Soak:
    """Calls of every kind against one arbiter, which is disturbed all the while."""

    def __init__(self, victim: Victim, balance: Balance, seed: int) -> None:
        self.balance = balance
        self._victim = victim
        self._arbiter = victim.arbiter
        self._seed = seed
        self._stop = threading.Event()

    def run(self, seconds: float) -> None:
        """Returns when all calls have ended."""
        loops: list[Callable[[random.Random], None]] = [self._call, self._stream, self._stash]
        loops = [*loops * CALLERS, self._call_async]
        loops += [partial(self._disturb, one, pause_s) for one, pause_s in DISTURBANCES.items()]
        with ThreadPoolExecutor(len(loops)) as pool:
            done = [
                pool.submit(loop, random.Random(self._seed + number))
                for number, loop in enumerate(loops)
            ]
            self._stop.wait(seconds)
            self._stop.set()
            for one in done:
                one.result()

    # --- calls ---

    def _counted(self, kind: str, call: Callable[[], None]) -> None:
        self.balance.begin(kind)
        try:
            call()
        except Exception as error:
            self.balance.end(kind, error)
        else:
            self.balance.end(kind)

    def _call(self, rng: random.Random) -> None:
        with self._arbiter.client() as patient, self._arbiter.client(0.02) as hasty:
            while not self._stop.is_set():
                client = hasty if rng.random() < 0.1 else patient
                size = rng.choice(SIZES_BYTES)

                def call(client=client, size=size) -> None:  # type: ignore[no-untyped-def]
                    assert client.execute(APP, "size", bytes(size)) == size

                self._counted("call", call)

    def _stream(self, rng: random.Random) -> None:
        with self._arbiter.client() as client:
            while not self._stop.is_set():
                length, taken = rng.randrange(1, 300), rng.randrange(1, 600)

                def stream(length=length, taken=taken) -> None:  # type: ignore[no-untyped-def]
                    chunks = client.stream(APP, "count", length)
                    read = [chunk for _, chunk in zip(range(taken), chunks, strict=False)]
                    chunks.close()
                    assert read == list(range(min(length, taken)))

                self._counted("stream", stream)

    def _stash(self, rng: random.Random) -> None:
        with StashClient(self._arbiter.socket_path) as stash:
            key, value = rng.random(), 0
            while not self._stop.is_set():
                value += 1

                def write(value=value) -> None:  # type: ignore[no-untyped-def]
                    stash.put("soak", key, [value])
                    assert stash.get("soak", key) == [value]

                self._counted("stash", write)

    def _call_async(self, rng: random.Random) -> None:
        async def one(client, cancel_s: float) -> None:  # type: ignore[no-untyped-def]
            self.balance.begin("async call")
            try:
                async with asyncio.timeout(cancel_s):
                    assert await client.execute_async(APP, "size", bytes(100)) == 100
            except TimeoutError:
                self.balance.end("async call", asyncio.CancelledError())
            except Exception as error:
                self.balance.end("async call", error)
            else:
                self.balance.end("async call")

        async def run() -> None:
            async with self._arbiter.client() as client:
                while not self._stop.is_set():
                    waits = [rng.choice((0.001, 10)) for _ in range(20)]
                    await asyncio.gather(*(one(client, wait_s) for wait_s in waits))

        asyncio.run(run())

    def _disturb(self, disturbance: Disturbance, pause_s: float, rng: random.Random) -> None:
        while not self._stop.wait(rng.uniform(0.1, pause_s)):
            disturbance(self._victim, rng)


def soak(seconds: float, seed: int = 1) -> Balance:
    """Run for so long; the arbiter is idle, serves and stops cleanly after it, or it fails."""
    with small_disk() as disk, disturbed(disk) as victim:
        balance = Balance()
        Soak(victim, balance, seed).run(seconds / PARTS)
        before = _at_rest(victim)
        Soak(victim, balance, seed + 1000).run(seconds - seconds / PARTS)
        balance.grown = _at_rest(victim) - before
        victim.arbiter.signal(signal.SIGTERM)
        assert victim.arbiter.wait() == 0
    return balance


@contextlib.contextmanager
def disturbed(disk: Path | None) -> Iterator[Victim]:
    """An arbiter to be disturbed, with its temporary files at `disk`."""
    environment = {} if disk is None else {"TMPDIR": str(disk)}
    with serving(
        APP, workers=WORKERS, threads=2, options=OPTIONS, environment=environment
    ) as arbiter:
        yield Victim(arbiter, APP, disk)


def _at_rest(victim: Victim) -> Held:
    """What the arbiter holds when nothing runs; it still serves."""
    arbiter = victim.arbiter
    run_dirty("scale", "--socket", arbiter.socket_path, str(WORKERS)).check_returncode()
    wait_until(lambda: _is_at_rest(arbiter.status()))
    with arbiter.client() as client:
        assert isinstance(client.execute(APP, "pid"), int)
    return Held.by(arbiter.process.pid)


def _is_at_rest(status: dict[str, Any]) -> bool:
    """No call, no client but the one that asks, and the workers that there should be, no more."""
    workers = status["workers"]
    is_idle = not any(worker["busy"] for worker in workers) and not any(status["queues"].values())
    is_whole = is_ready(status) and len(workers) == WORKERS and not status["reloading"]
    return is_idle and is_whole and status["clients"] <= 1


def main(seconds: str = "600") -> int:
    """Returns 1 if a call is missing or unexplained."""
    console = Console(width=100)
    seed = int(time.time())
    with console.status(f"soaking for {seconds} s, seed {seed}"):
        balance = soak(float(seconds), seed)
    table = Table("kind", "began", "ended as", "", box=None)
    for kind, begun in balance.begun.items():
        outcomes = sorted((name, n) for (of, name), n in balance.ended.items() if of == kind)
        for number, (outcome, count) in enumerate(outcomes):
            table.add_row("" if number else kind, "" if number else str(begun), outcome, str(count))
    console.print(table)
    console.print(f"missing {balance.missing()}, unexplained {len(balance.unexplained)}")
    grown = balance.grown
    console.print(f"grown by {grown.memory_mb:.1f} MB and {grown.files} descriptors")
    for text in balance.unexplained[:20]:
        console.print(text, style="red")
    return int(not balance.is_good)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
