"""What an arbiter costs when nobody calls: a client is connected, and silent."""

from __future__ import annotations

import time

from .clients import GUNICORN, OURS
from .figures import Figure, Part
from .samples import Series
from .stage import Plan, Stage

KEY = "idle"


def part(stage: Stage, plan: Plan) -> Part:
    """Measure all arbiters over the same time; the workers are not counted."""
    targets = stage.targets
    stage.progress(f"{KEY}: {plan.idle_s:.0f} s of silence")
    before_s = {side: target.arbiter.cpu_s() for side, target in targets.items()}
    start_s = time.monotonic()
    time.sleep(plan.idle_s)
    passed_s = time.monotonic() - start_s
    figure = Figure("cpu", "processor time of an idle arbiter", "%")
    for side, target in targets.items():
        used_s = target.arbiter.cpu_s() - before_s[side]
        figure.series[side] = Series([100.0 * used_s / passed_s])
    return Part(KEY, "Idle", OURS, (GUNICORN,), [figure])
