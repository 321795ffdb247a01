"""What a bench found, for a terminal: a row for each load, its times as a bar.

Rules: a bar goes from the middle of the times to what 99 of a hundred do not exceed, on one axis
for all rows, of which each step to the right is as many times as long.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from rich.bar import Bar
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from .report import Bench
from .steps import Step
from .times import Times

WIDTH = 56
# How much slower calls are than alone before it is worth a line.
IN_THE_WAY = 1.3
# How late the load may begin, as a part of what is measured.
LATE = 0.1


def shown_s(time_s: float | None) -> str:
    """A time, in the unit that suits it."""
    if time_s is None or math.isinf(time_s):
        return "-" if time_s is None else "no end"
    return f"{time_s:.2f} s" if time_s >= 1 else f"{1000 * time_s:.3g} ms"


def draw(bench: Bench) -> RenderableType:
    """The figures, the bars, and what follows from them."""
    lines = (Text(line) for line in conclusions(bench))
    return Group(_figures(bench), "", _bars(bench), "", *lines)


def _figures(bench: Bench) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    for name in ("load", "calls/s", "p50", "p95", "p99", "by model", "failed"):
        table.add_column(name, justify="right")
    for step, modelled in zip(bench.steps, bench.model, strict=True):
        times = step.times[2:5] if step.times else (None,) * 3
        failed = str(sum(step.failed.values()) or "-")
        shown = (*map(shown_s, times), shown_s(modelled), failed)
        table.add_row(shown_load(step), f"{step.rate:.1f}", *shown)
    return table


def shown_load(step: Step) -> str:
    """The load in words."""
    if step.offered is not None:
        return f"{step.offered:.1f}/s"
    return "1 client" if step.clients == 1 else f"{step.clients} clients"


def _bars(bench: Bench) -> Table:
    """The rows of bars; a plot that lies on its side."""
    axis = Axis([step.times for step in bench.steps if step.times])
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("load", justify="right")
    table.add_column(axis.legend, width=WIDTH)
    table.add_column()
    for number, step in enumerate(bench.steps):
        mark = "knee" if number == bench.knee else ""
        table.add_row(shown_load(step), _bar(axis, step.times), mark)
    return table


class Axis:
    """From a time to a place in a row, of `WIDTH`; powers of ten lie at the ends."""

    def __init__(self, times: list[Times]) -> None:
        low, high = min(one.p50 for one in times), max(one.p99 for one in times)
        self.low = math.floor(math.log10(max(low, 1e-9)))
        self.high = max(math.floor(math.log10(max(high, 1e-9))) + 1, self.low + 1)

    def at(self, time_s: float) -> float:
        """The place."""
        part = (math.log10(max(time_s, 1e-9)) - self.low) / (self.high - self.low)
        return WIDTH * part

    @property
    def legend(self) -> str:
        """What lies at its ends, and between."""
        low, high = shown_s(10.0**self.low), shown_s(10.0**self.high)
        return f"{low}{'from p50 to p99':^{WIDTH - len(low) - len(high)}}{high}"


def _bar(axis: Axis, times: Times | None) -> RenderableType:
    if times is None:
        return Text("no answer")
    begin, end = axis.at(times.p50), axis.at(times.p99)
    return Bar(WIDTH, begin, max(end, begin + 0.5), width=WIDTH, color="cyan")


def conclusions(bench: Bench) -> Iterator[str]:
    """What follows from it, a line each."""
    room, knee = bench.room, bench.steps[bench.knee]
    yield (
        f"{_workers(room.workers)}, {room.places} calls at once: at most {bench.capacity:.1f} "
        f"calls/s; a call takes {shown_s(bench.services.p50)}, p99 {shown_s(bench.services.p99)}"
    )
    slower = bench.services.mean / max(bench.alone.mean, 1e-9)
    if slower > IN_THE_WAY:
        yield (
            f"with all busy a call takes {slower:.1f} times as long as alone: "
            "more workers on this machine help less than the model says"
        )
    yield f"the knee is at {shown_load(knee)}: above it, waiting grows faster than what is answered"
    late_s = max(step.late for step in bench.steps)
    if late_s > LATE * bench.services.p50:
        yield f"calls began up to {shown_s(late_s)} late: part of what is seen is the load's own"
    for need in bench.needs:
        if need.workers is None:
            yield (
                f"p99 of {shown_s(bench.target)}: no number of workers is enough, for calls take "
                f"{shown_s(bench.services.p99)} that need not wait"
            )
            return
        yield (
            f"p99 of {shown_s(bench.target)} at {need.rate:.1f} calls/s: {_workers(need.workers)}, "
            f"which make it {shown_s(need.p99)} by the model"
        )


def _workers(count: int) -> str:
    return "1 worker" if count == 1 else f"{count} workers"
