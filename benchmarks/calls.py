"""Small calls, streams and echoes of 1 MiB: our arbiter and gunicorn's, each by its own client."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from . import crowd
from .app import APP_PATH, TOKEN
from .clients import GUNICORN, OURS, Client
from .figures import Figure, Part
from .payloads import blob
from .rounds import Side, measure
from .samples import BenchmarkError, percentile
from .stage import Plan, Stage, Target

KEY = "runtime"
_WARM_UP_S = 0.3


def part(stage: Stage, plan: Plan) -> Part:
    """Measure both arbiters in turns."""
    figures: list[Figure] = []
    for measurement in _measurements(plan):
        stage.progress(f"{KEY}: {measurement.figures[0].title}")
        sides = {
            name: Side(
                partial(measurement.take, target, measurement.amount),
                partial(measurement.take, target, measurement.little),
            )
            for name, target in stage.targets.items()
        }
        figures += measure(list(measurement.figures), sides, plan.rounds)
    title = "Runtime: times as good, each arbiter by its own client"
    return Part(KEY, title, OURS, (GUNICORN,), figures)


@dataclass(frozen=True)
class _Measurement:
    """`take` measures with an amount, of calls or seconds or chunks; a little one warms up."""

    figures: tuple[Figure, ...]
    take: Callable[[Target, Any], tuple[float, ...]]
    amount: float
    little: float


def _measurements(plan: Plan) -> list[_Measurement]:
    small = (
        Figure("round_trip_p50", "small call, p50", "s"),
        Figure("round_trip_p99", "small call, p99", "s"),
    )
    parallel = Figure("parallel_calls", f"{crowd.CLIENTS} parallel clients, calls", "1/s")
    def_stream = Figure("stream_def", "stream of a generator, chunks", "1/s")
    async_stream = Figure("stream_async", "stream of an async generator, chunks", "1/s")
    echo = Figure("echo_1mib_p50", "1 MiB echo, p50", "s")
    tenth = plan.chunks // 10
    return [
        _Measurement(small, _round_trips, plan.calls, plan.calls // 4),
        _Measurement((parallel,), _parallel, plan.window_s, _WARM_UP_S),
        _Measurement((def_stream,), partial(_stream, "tokens"), plan.chunks, tenth),
        _Measurement((async_stream,), partial(_stream, "tokens_async"), plan.chunks, tenth),
        _Measurement((echo,), _echoes, plan.echoes, plan.echoes // 4),
    ]


def timed(count: int, call: Callable[[], object]) -> list[float]:
    """Seconds each of `count` calls took, one after another."""
    taken_s = []
    clock = time.perf_counter
    for _ in range(count):
        start_s = clock()
        call()
        taken_s.append(clock() - start_s)
    return taken_s


def small_call(client: Client) -> None:
    """The call of which there are most."""
    client.execute(APP_PATH, "add", 1, 2)


def _round_trips(target: Target, count: int) -> tuple[float, ...]:
    taken_s = timed(count, partial(small_call, target.client))
    return percentile(taken_s, 50), percentile(taken_s, 99)


def _echoes(target: Target, count: int) -> tuple[float, ...]:
    data = blob()
    echo = partial(target.client.execute, APP_PATH, "echo", data)
    if echo() != data:
        raise BenchmarkError("the echo differs from what was sent")
    return (percentile(timed(count, echo), 50),)


def _parallel(target: Target, window_s: float) -> tuple[float, ...]:
    return (crowd.calls_per_s(crowd.Task(target.side, target.socket_path, window_s)),)


def _stream(action: str, target: Target, chunks: int) -> tuple[float, ...]:
    start_s = time.perf_counter()
    right = sum(chunk == TOKEN for chunk in target.client.stream(APP_PATH, action, chunks))
    taken_s = time.perf_counter() - start_s
    if right != chunks:
        raise BenchmarkError(f"{right} of {chunks} chunks came right")
    return (chunks / taken_s,)
