"""How soon a real arbiter is ready for a test: one worker, started, asked and waited for."""

from __future__ import annotations

import time

from dirty_runtime.testing import running

from .app import APP_PATH
from .clients import OURS
from .figures import Figure, Part
from .samples import Series
from .stage import Plan, Stage

KEY = "start"


def part(stage: Stage, plan: Plan) -> Part:
    """Measure from the first word to the worker that serves; the end is not counted."""
    figure = Figure("ready", "an arbiter for a test, ready", "s", {OURS: Series()})
    for number in range(plan.rounds):
        stage.progress(f"{KEY}: {number + 1} of {plan.rounds}")
        begun_s = time.perf_counter()
        with running(APP_PATH, workers=1):
            figure.series[OURS].add(time.perf_counter() - begun_s)
    return Part(KEY, "Start", OURS, (), [figure])
