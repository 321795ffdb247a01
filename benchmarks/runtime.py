"""Round trips, parallel calls and streams: our arbiter and gunicorn's, each by its own client."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from . import clients, crowd
from .app import APP_PATH, TOKEN
from .arbiter_process import Size
from .clients import GUNICORN, OURS, Client
from .payloads import blob
from .samples import BenchmarkError, Ratio, Series, percentile, times_as_fast, times_as_many

Progress = Callable[[str], None]


@dataclass(frozen=True)
class RuntimePlan:
    """How much to measure in each round, and how many rounds."""

    rounds: int
    calls: int
    parallel_s: float
    chunks: int
    echoes: int
    size: Size = field(default_factory=Size)


FULL = RuntimePlan(rounds=7, calls=2000, parallel_s=3.0, chunks=20_000, echoes=100)
QUICK = RuntimePlan(rounds=3, calls=500, parallel_s=1.0, chunks=5_000, echoes=20)


@dataclass
class RuntimeFigure:
    """One figure, with a series for each side; `unit` is s or 1/s."""

    key: str
    title: str
    unit: str
    series: dict[str, Series]

    def ratio(self) -> Ratio | None:
        """How many times better our side is; None unless both were measured."""
        if OURS not in self.series or GUNICORN not in self.series:
            return None
        compare = times_as_fast if self.unit == "s" else times_as_many
        return compare(self.series[OURS], self.series[GUNICORN])


@dataclass(frozen=True)
class Target:
    """A side under measurement."""

    side: str
    socket_path: str
    client: Client


@dataclass(frozen=True)
class Measurement:
    """One thing to measure; `take` returns a value for each of `figures`."""

    figures: tuple[tuple[str, str, str], ...]
    take: Callable[[Target, RuntimePlan], tuple[float, ...]]


def measure(plan: RuntimePlan, sides: tuple[str, ...], progress: Progress) -> list[RuntimeFigure]:
    """Start the arbiters of `sides`, take every measurement in alternating rounds, end them."""
    with contextlib.ExitStack() as running:
        targets = [_target(side, plan, running, progress) for side in sides]
        figures: list[RuntimeFigure] = []
        for measurement in MEASUREMENTS:
            progress(f"runtime: {measurement.figures[0][1]}")
            figures += _in_rounds(measurement, targets, plan)
        return figures


def _target(
    side: str, plan: RuntimePlan, running: contextlib.ExitStack, progress: Progress
) -> Target:
    progress(f"runtime: starting {side}")
    socket_path = running.enter_context(clients.serving(side, plan.size))
    client = running.enter_context(clients.connect(side, socket_path))
    return Target(side, socket_path, client)


def _in_rounds(
    measurement: Measurement, targets: list[Target], plan: RuntimePlan
) -> list[RuntimeFigure]:
    """Warm up, then measure each side once per round; every other round runs backwards."""
    figures = [
        RuntimeFigure(*names, {target.side: Series() for target in targets})
        for names in measurement.figures
    ]
    for target in targets:
        _attempt(measurement, target, _warm_up(plan))
    for target in _alternating(targets, plan.rounds):
        values = _attempt(measurement, target, plan)
        for figure, value in zip(figures, values, strict=True):
            figure.series[target.side].add(value)
    return figures


def _warm_up(plan: RuntimePlan) -> RuntimePlan:
    return RuntimePlan(1, plan.calls // 4, 0.3, plan.chunks // 10, plan.echoes // 4, plan.size)


def _alternating(targets: list[Target], rounds: int) -> Iterator[Target]:
    for index in range(rounds):
        yield from targets if index % 2 == 0 else reversed(targets)


def _attempt(measurement: Measurement, target: Target, plan: RuntimePlan) -> tuple[float, ...]:
    try:
        return measurement.take(target, plan)
    except BenchmarkError as error:
        raise BenchmarkError(f"{target.side}: {error}") from error
    except Exception as error:
        title = measurement.figures[0][1]
        raise BenchmarkError(f"{target.side}: {title}: {type(error).__name__}: {error}") from error


def _round_trips(target: Target, plan: RuntimePlan) -> tuple[float, ...]:
    taken_s = _timed_calls(plan.calls, lambda: target.client.execute(APP_PATH, "add", 1, 2))
    return percentile(taken_s, 50), percentile(taken_s, 99)


def _large_echoes(target: Target, plan: RuntimePlan) -> tuple[float, ...]:
    data = blob()
    if target.client.execute(APP_PATH, "echo", data) != data:
        raise BenchmarkError("the echo differs from what was sent")
    taken_s = _timed_calls(plan.echoes, lambda: target.client.execute(APP_PATH, "echo", data))
    return (percentile(taken_s, 50),)


def _timed_calls(count: int, call: Callable[[], object]) -> list[float]:
    """Seconds each of `count` calls took, one after another."""
    taken_s = []
    clock = time.perf_counter
    for _ in range(count):
        start_s = clock()
        call()
        taken_s.append(clock() - start_s)
    return taken_s


def _parallel_calls(target: Target, plan: RuntimePlan) -> tuple[float, ...]:
    return (crowd.calls_per_s(crowd.Task(target.side, target.socket_path, plan.parallel_s)),)


def _streamed(action: str) -> Callable[[Target, RuntimePlan], tuple[float, ...]]:
    def take(target: Target, plan: RuntimePlan) -> tuple[float, ...]:
        start_s = time.perf_counter()
        stream = target.client.stream(APP_PATH, action, plan.chunks)
        right = sum(chunk == TOKEN for chunk in stream)
        taken_s = time.perf_counter() - start_s
        if right != plan.chunks:
            raise BenchmarkError(f"{right} of {plan.chunks} chunks came right")
        return (plan.chunks / taken_s,)

    return take


MEASUREMENTS = (
    Measurement(
        (
            ("round_trip_p50", "small call, p50", "s"),
            ("round_trip_p99", "small call, p99", "s"),
        ),
        _round_trips,
    ),
    Measurement(
        (("parallel_calls", f"{crowd.CLIENTS} parallel clients, calls", "1/s"),), _parallel_calls
    ),
    Measurement((("stream_def", "stream of a generator, chunks", "1/s"),), _streamed("tokens")),
    Measurement(
        (("stream_async", "stream of an async generator, chunks", "1/s"),),
        _streamed("tokens_async"),
    ),
    Measurement((("large_echo_p50", "1 MiB echo, p50", "s"),), _large_echoes),
)
