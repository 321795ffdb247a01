"""How what is counted of actions is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from gdproto.answers import ActionStatus, Buckets, Histogram, Percentiles

from ..clients.connection import CallOf
from ..telemetry import tally
from ..telemetry.counters import ActionCounts, Counters, Mark
from ..telemetry.histogram import BYTES, SECONDS, percentiles
from ..telemetry.histogram import Histogram as Counted
from ..turns import Pace

BUCKETS: Buckets = {"seconds": list(SECONDS), "bytes": list(BYTES)}


async def action_statuses(
    counters: Counters, running: Iterable[CallOf], now_s: float, pace: Pace
) -> list[ActionStatus]:
    """What is counted of every action; it takes turns with others."""
    lately_s = counters.lately_s(now_s)
    run = Counter((call.app_path, call.action) for call in running)
    found: list[ActionStatus] = []
    for path, app in list(counters.apps.items()):
        for action, counts in list(app.actions.items()):
            await pace()
            lately = counters.lately(path, action, counts)
            found.append(_status(path, action, counts, lately, lately_s, run[path, action]))
    return found


def _status(
    path: str, action: str, counts: ActionCounts, lately: Mark, lately_s: float, running: int
) -> ActionStatus:
    return {
        "app": path,
        "action": action,
        "outcomes": dict(counts.outcomes),
        "running": running,
        "rate": round(lately.calls / lately_s, 3) if lately_s > 0 else 0.0,
        "errors": round(lately.failed / lately.calls, 4) if lately.calls else 0.0,
        "run": _percentiles(tally.runs(lately.numbers)),
        "wait": _percentiles(tally.waits(lately.numbers)),
        "runs": _histogram(tally.runs(counts.numbers)),
        "waits": _histogram(tally.waits(counts.numbers)),
        "sizes": _histogram(tally.sizes(counts.numbers)),
    }


def _percentiles(counted: Counted) -> Percentiles | None:
    found = percentiles(counted.counts, counted.bounds, (0.5, 0.95, 0.99))
    if found is None:
        return None
    p50, p95, p99 = (round(one, 6) for one in found)
    return {"p50": p50, "p95": p95, "p99": p99}


def _histogram(counted: Counted) -> Histogram:
    return {"counts": counted.counts, "sum": counted.sum}
