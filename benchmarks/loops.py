"""What one arbiter's loop can carry, and what several can: the model, and the queues gone through.

    python -m benchmarks.loops [--loop 20e-6] [--json FILE]

Rules: pure, and the random numbers are handed in. A call visits its arbiter's loop twice, on its
way in and on its way out, each for half of what it costs the loop; the loop takes visits in their
order. A worker is free again when the loop has taken what it answered. Several arbiters have as
many workers each; who calls is dealt to them, so that each has its part of what arrives and nobody
helps another out. Times are in seconds, loads in calls a second.

The model: the loop is a queue of visits of constant length (M/D/1). The workers are one of places
(M/G/c, `dirty_runtime.bench.model`), where a call takes its time and that of its visit out. A call
takes what these take together.
"""

from __future__ import annotations

import json
import math
from collections import deque
from heapq import heappop, heappush
from pathlib import Path
from random import Random
from typing import NamedTuple

import click
from rich.console import Console
from rich.table import Table

from dirty_runtime.bench import model
from dirty_runtime.bench.arrivals import poisson
from dirty_runtime.bench.times import percentile

# How busy a loop may be: beyond it, it makes calls wait for more than it takes itself.
BUSY = 0.7
# Of the workers, in the tables.
WORKERS_BUSY = 0.8
CALLS = 20_000
# The first of them find everything idle.
WARM = 0.1


class Machine(NamedTuple):
    """Arbiters that share workers, and what is asked of them.

    Attributes:
        loop_s: what a call costs the loop of its arbiter.
        arbiters: how many there are.
        workers: how many, in all; a multiple of the arbiters.
        services: what calls take in a worker; each as likely as another.
        rate: calls a second, in all.
    """

    loop_s: float
    arbiters: int
    workers: int
    services: tuple[float, ...]
    rate: float

    @property
    def busy(self) -> float:
        """The part of its time that a loop is busy."""
        return self.rate * self.loop_s / self.arbiters


def arbiters_needed(loop_s: float, rate: float) -> int:
    """The fewest whose loops are busy for `BUSY` of their time at most."""
    return max(1, math.ceil(rate * loop_s / BUSY - 1e-9))


def most(loop_s: float, workers: int, service_s: float) -> float:
    """The calls a second that one arbiter can carry: its loop's, or its workers'."""
    return min(1 / loop_s, workers / (service_s + loop_s / 2))


def visit_s(machine: Machine) -> float:
    """What a visit takes with its wait; infinite where more comes than the loop can do."""
    if machine.busy >= 1:
        return math.inf
    alone_s = machine.loop_s / 2
    return alone_s * (1 + machine.busy / (2 * (1 - machine.busy)))


def modelled_p99(machine: Machine) -> float:
    """What 99 of a hundred calls do not exceed, by the model."""
    each_s = visit_s(machine)
    if math.isinf(each_s):
        return math.inf
    held = [service_s + each_s for service_s in machine.services]
    places = machine.workers // machine.arbiters
    return each_s + model.p99(held, machine.rate / machine.arbiters, places)


def simulated_p99(machine: Machine, random: Random, calls: int = CALLS) -> float:
    """What 99 of a hundred calls do not exceed where queues are gone through visit by visit."""
    took: list[float] = []
    for _ in range(machine.arbiters):
        took += _gone_through(machine, random, max(1, calls // machine.arbiters))
    return percentile(sorted(took), 99)


def _gone_through(machine: Machine, random: Random, calls: int) -> list[float]:
    """How long calls took with one of the arbiters, those of the beginning left out."""
    rate = machine.rate / machine.arbiters
    free, visit = machine.workers // machine.arbiters, machine.loop_s / 2
    # When a visit is due; in or out; when its call arrived.
    due = [(at_s, False, at_s) for at_s in poisson(rate, calls / rate, random)]
    waiting: deque[float] = deque()
    now_s, took = 0.0, []
    while due:
        due_s, is_out, arrived_s = heappop(due)
        now_s = max(now_s, due_s) + visit
        if is_out:
            took.append((arrived_s, now_s - arrived_s))
            free += 1
        else:
            waiting.append(arrived_s)
        if free and waiting:
            free -= 1
            service_s = machine.services[int(random.random() * len(machine.services))]
            heappush(due, (now_s + service_s, True, waiting.popleft()))
    took.sort()
    return [time_s for _, time_s in took[int(len(took) * WARM) :]]


def rows(loop_s: float) -> list[dict[str, float]]:
    """For workers and times of calls, with one arbiter and as many as are needed: what comes."""
    found = []
    for workers in (16, 64, 256, 1000):
        for service_s in (0.001, 0.01, 0.1):
            rate = WORKERS_BUSY * workers / service_s
            needed = arbiters_needed(loop_s, rate)
            for arbiters in sorted({1, _dividing(workers, needed)}):
                one = Machine(loop_s, arbiters, workers, _exponential(service_s), rate)
                simulated_s = simulated_p99(one, Random(1)) if one.busy < 1 else math.inf
                found.append(
                    {
                        "workers": workers,
                        "service": service_s,
                        "rate": rate,
                        "arbiters": arbiters,
                        "busy": one.busy,
                        "p99_modelled": modelled_p99(one),
                        "p99_simulated": simulated_s,
                    }
                )
    return found


def _dividing(workers: int, least: int) -> int:
    """The fewest arbiters, `least` or more, that can have as many workers each."""
    return next(count for count in range(least, workers + 1) if workers % count == 0)


def _exponential(mean_s: float, parts: int = 200) -> tuple[float, ...]:
    """Times of that mean, distributed exponentially."""
    return tuple(-mean_s * math.log(1 - (part + 0.5) / parts) for part in range(parts))


@click.command()
@click.option("--loop", "loop_s", type=float, default=20e-6, help="A call's cost to the loop, s.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path))
def main(loop_s: float, json_file: Path | None) -> None:
    """Tell what arbiters carry whose loops a call costs so much."""
    found = rows(loop_s)
    if json_file is not None:
        finite = [{k: v if math.isfinite(v) else None for k, v in row.items()} for row in found]
        json_file.write_text(json.dumps({"loop": loop_s, "rows": finite}, indent=1) + "\n")
    table = Table(
        *("workers", "a call, ms", "calls/s", "arbiters", "busy", "p99 ms", "gone through")
    )
    for row in found:
        table.add_row(
            f"{row['workers']:.0f}",
            f"{1e3 * row['service']:g}",
            f"{row['rate']:,.0f}",
            f"{row['arbiters']:.0f}",
            f"{row['busy']:.0%}",
            *(f"{1e3 * row[name]:.2f}" for name in ("p99_modelled", "p99_simulated")),
        )
    Console().print(table)


if __name__ == "__main__":
    main()
