"""``python -m benchmarks.ray``: what the bridge costs beside a bare call of an actor.

Rules: one cluster of three nodes on this machine, one run, in turns: a bare Ray program, then the
same by client, arbiter, bridge and actor, again and again. Told are the medians of both, and their
ratio, with the load of the machine before and after.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from dirty_runtime import DirtyClient
from dirty_runtime.testing import running

APPS = Path(__file__).parents[1] / "tests" / "ray"
ONE, MANY = "apps:OnA", "apps:Many"
ROUNDS, CALLS, PIPELINED, ITEMS = 5, 300, 1000, 4000
LARGE = bytes(60 * 2**20)
# Stores in which all has room: what Ray writes to a disk would be measured else.
PROGRAM = "from tests.ray import cluster; cluster.MEMORY_BYTES = 2**30; cluster.main()"


class Bare:
    """A Ray program as anybody would write it; the actor is where the apps are."""

    def __init__(self, address: str) -> None:
        import ray

        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
        self._get = ray.get

        class Actor:
            def echo(self, value: Any) -> Any:
                return value

            def count(self, number: int) -> Iterator[int]:
                # Ray sends into it, which a range does not take.
                for one in range(number):  # noqa: UP028
                    yield one

        self._actor = ray.remote(Actor).options(resources={"a": 1}).remote()

    def echo(self, value: Any) -> Any:
        return self._get(self._actor.echo.remote(value))

    def pipelined(self) -> None:
        self._get([self._actor.echo.remote(one) for one in range(PIPELINED)])

    def streamed(self) -> None:
        for one in self._actor.count.options(num_returns="streaming").remote(ITEMS):
            self._get(one)


class Ours:
    """The same, by our client."""

    def __init__(self, client: DirtyClient) -> None:
        self._client = client

    def echo(self, value: Any) -> Any:
        return self._client.execute(ONE, "echo", value)

    def pipelined(self) -> None:
        with ThreadPoolExecutor(32) as pool:
            list(pool.map(lambda one: self._client.execute(MANY, "echo", one), range(PIPELINED)))

    def streamed(self) -> None:
        for _ in self._client.stream(ONE, "count", ITEMS):
            pass


def timed(act: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    act()
    return time.perf_counter() - began_s


def small_s(side: Bare | Ours) -> float:
    """The median of calls, one after the other."""
    return statistics.median(timed(lambda: side.echo(1)) for _ in range(CALLS))


MEASURES: dict[str, Callable[[Bare | Ours], float]] = {
    "a small call, p50": small_s,
    f"{PIPELINED} small calls at once": lambda side: timed(side.pipelined),
    f"a stream of {ITEMS} items": lambda side: timed(side.streamed),
    "60 MiB there and back": lambda side: timed(lambda: side.echo(LARGE)),
}


def main() -> None:
    """Measure, and print a line for each."""
    cluster = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert cluster.stdout is not None
    line = next(line for line in cluster.stdout if line.startswith("{"))
    address = line.split('"')[3]
    options = ("--launcher", "ray", "--ray-address", address)
    served = running(ONE, MANY, options=options, directory=APPS)
    with served as arbiter, arbiter.client(timeout=60) as client:
        report(Bare(address), Ours(client))
    cluster.communicate()


def report(bare: Bare, ours: Ours) -> None:
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    found: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in MEASURES}
    for number in range(ROUNDS + 1):
        for name, measure in MEASURES.items():
            pair = measure(bare), measure(ours)
            if number:
                # The first round warms both.
                for times, took_s in zip(found[name], pair, strict=True):
                    times.append(took_s)
    for name, (theirs, own) in found.items():
        bare_s, ours_s = statistics.median(theirs), statistics.median(own)
        print(f"{name}: bare {bare_s * 1000:.2f} ms, ours {ours_s * 1000:.2f} ms", end="")
        print(f", {ours_s / bare_s:.2f} times")
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
