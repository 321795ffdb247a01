"""Everything at once for minutes, and a balance: each call ended as a result or a typed error.

    python -m tests.acceptance.soak [SECONDS]

Rules: a result is compared with what it must be. A call that ends in any other way than a result
or a DirtyError is unexplained. At the end the arbiter must be idle, serve, and stop cleanly.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from rich.console import Console
from rich.table import Table

from dirty_runtime import DirtyError, StashClient
from tests.dirty_runtime.processes import Arbiter, serving, wait_until

from .situations import APP, busy

CALLERS = 3
CANCELLED = "CancelledError"


class Balance:
    """How many calls of each kind began, and how they ended."""

    def __init__(self) -> None:
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

    def missing(self) -> int:
        """Calls that began and of whose end nothing is known."""
        return self.begun.total() - self.ended.total()


class Soak:
    """Calls of every kind against one arbiter, while its workers are killed and replaced."""

    def __init__(self, arbiter: Arbiter, seed: int) -> None:
        self.balance = Balance()
        self._arbiter = arbiter
        self._seed = seed
        self._stop = threading.Event()

    def run(self, seconds: float) -> Balance:
        """Returns when all calls have ended."""
        loops = [self._call, self._stream, self._stash] * CALLERS
        loops += [self._call_async, self._kill, self._reload, self._scale]
        with ThreadPoolExecutor(len(loops)) as pool:
            done = [
                pool.submit(loop, random.Random(self._seed + number))
                for number, loop in enumerate(loops)
            ]
            self._stop.wait(seconds)
            self._stop.set()
            for one in done:
                one.result()
        return self.balance

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
                size = rng.choice((10, 1000, 200_000))

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

    # --- faults ---

    def _kill(self, rng: random.Random) -> None:
        while not self._stop.wait(rng.uniform(0.1, 0.5)):
            pids = sorted(self._arbiter.pids())
            if pids:
                os.kill(rng.choice(pids), signal.SIGKILL)

    def _reload(self, rng: random.Random) -> None:
        while not self._stop.wait(rng.uniform(0.5, 2)):
            self._arbiter.signal(signal.SIGHUP)

    def _scale(self, rng: random.Random) -> None:
        while not self._stop.wait(rng.uniform(0.2, 1)):
            self._arbiter.signal(rng.choice((signal.SIGTTIN, signal.SIGTTOU)))


def soak(seconds: float, seed: int = 1) -> Balance:
    """Run for so long; the arbiter is idle, serves and stops cleanly after it, or it fails."""
    options = ("--max-crashes", "1000000", "--max-workers", "4", "--max-requests", "5000")
    with serving(APP, workers=3, threads=2, options=options) as arbiter:
        balance = Soak(arbiter, seed).run(seconds)
        with arbiter.client() as client:
            assert isinstance(client.execute(APP, "pid"), int)
        wait_until(lambda: busy(arbiter) == 0)
        assert arbiter.status()["queues"][APP] == 0
        arbiter.signal(signal.SIGTERM)
        assert arbiter.wait() == 0
    return balance


def main(seconds: str = "120") -> int:
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
    for text in balance.unexplained[:20]:
        console.print(text, style="red")
    return int(balance.missing() != 0 or bool(balance.unexplained))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
