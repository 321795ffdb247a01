"""The metrics: made of one STATUS answer, by the names that dashboards know.

Rules: a name once given stays. What the arbiter does not tell is left out. Labels are bounded, as
what the arbiter counts is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from ..client.readiness import State, count_states

# Of the arbiter's buckets each second one is told: they double.
EACH = 2

ACTION = ("app", "action")
Told = tuple[Sequence[str], float]


class Families(Collector):
    """The metrics of one answer."""

    def __init__(self, state: State) -> None:
        self._state = state

    def collect(self) -> Iterator[Metric]:
        yield from _of_calls(self._state)
        yield from _of_apps(self._state)
        yield from _of_workers(self._state)
        yield from _of_the_arbiter(self._state)


def _of_calls(state: State) -> Iterator[Metric]:
    actions = state.get("actions", ())
    calls = CounterMetricFamily(
        "dirty_calls", "Calls that have ended, by how they did.", labels=(*ACTION, "outcome")
    )
    for one in actions:
        for outcome, count in one["outcomes"].items():
            calls.add_metric((one["app"], one["action"], outcome), count)
    yield calls
    yield _gauge(
        "dirty_calls_running",
        "Calls that a worker has.",
        ACTION,
        [((one["app"], one["action"]), one["running"]) for one in actions],
    )
    if actions:
        bounds = state["buckets"]
        yield _histogram("dirty_call_run_seconds", "How long calls ran.", actions, "runs",
                         bounds["seconds"], EACH)  # fmt: skip
        yield _histogram("dirty_call_wait_seconds", "How long calls waited for a worker.", actions,
                         "waits", bounds["seconds"], EACH)  # fmt: skip
        yield _histogram("dirty_request_bytes", "How large requests were.", actions, "sizes",
                         bounds["bytes"], 1)  # fmt: skip


def _histogram(
    name: str, text: str, actions: Sequence[State], field: str, bounds: Sequence[float], each: int
) -> Metric:
    family = HistogramMetricFamily(name, text, labels=ACTION)
    for one in actions:
        counted = one[field]
        family.add_metric(
            (one["app"], one["action"]), _buckets(counted["counts"], bounds, each), counted["sum"]
        )
    return family


def _buckets(counts: Sequence[int], bounds: Sequence[float], each: int) -> list[tuple[str, float]]:
    """How many are at most each bound, with the bound as it is written."""
    passed, found = 0, []
    for number, (count, bound) in enumerate(zip(counts, bounds, strict=False)):
        passed += count
        if number % each == 0:
            found.append((f"{bound:.6g}", float(passed)))
    return [*found, ("+Inf", float(sum(counts)))]


def _of_apps(state: State) -> Iterator[Metric]:
    yield _gauge("dirty_calls_waiting", "Calls that wait for a worker.", ("app",),
                 [((app,), count) for app, count in state.get("queues", {}).items()])  # fmt: skip
    yield _gauge("dirty_oldest_wait_seconds", "How long the oldest call waits.", ("app",),
                 [((app,), wait_s) for app, wait_s in state.get("waits", {}).items()])  # fmt: skip
    down = state.get("down", {})
    yield _gauge("dirty_app_down", "Whether the app is put aside and nobody serves it.", ("app",),
                 [((app,), int(app in down)) for app in state["apps"]])  # fmt: skip
    serving = Counter(
        app for worker in state["workers"] if worker["booted"] for app in worker["apps"]
    )
    yield _gauge("dirty_app_workers", "Workers that serve the app.", ("app",),
                 [((app,), serving[app]) for app in state["apps"]])  # fmt: skip


def _of_workers(state: State) -> Iterator[Metric]:
    yield _gauge("dirty_workers", "Workers, by what they do.", ("state",),
                 [((name,), count) for name, count in count_states(state).items()])  # fmt: skip
    ready = [worker for worker in state["workers"] if worker["booted"] and "slot" in worker]
    for fields, kind, name, text in WORKERS:
        family = kind(name, text, labels=("slot",))
        for worker in ready:
            values = [worker.get(field) for field in fields.split("+")]
            if all(isinstance(value, int | float) for value in values):
                family.add_metric((str(worker["slot"]),), sum(values))
        yield family


# What is told of each worker: fields of its STATUS, where there are several their sum.
WORKERS: tuple[tuple[str, Any, str, str], ...] = (
    ("calls", CounterMetricFamily, "dirty_worker_calls", "Calls that the worker has answered."),
    ("errors", CounterMetricFamily, "dirty_worker_errors", "Calls that it answered by an ERROR."),
    ("busy", GaugeMetricFamily, "dirty_worker_busy", "Calls that the worker runs."),
    ("lanes", GaugeMetricFamily, "dirty_worker_lanes", "Calls that it can run at once."),
    ("uptime", GaugeMetricFamily, "dirty_worker_uptime_seconds", "How long the worker lives."),
    (
        "last_heartbeat",
        GaugeMetricFamily,
        "dirty_worker_silent_seconds",
        "How long the worker is silent; where it is busy, its most silent lane that is.",
    ),
    (
        "private_bytes+shared_bytes",
        GaugeMetricFamily,
        "dirty_worker_rss_bytes",
        "Memory that the worker has.",
    ),
    (
        "pss_bytes",
        GaugeMetricFamily,
        "dirty_worker_pss_bytes",
        "The same, its share of what is shared.",
    ),
)
# What STATUS tells in one number.
ARBITER: tuple[tuple[str, Any, str, str], ...] = (
    ("target_workers", GaugeMetricFamily, "dirty_workers_wanted", "How many workers should be."),
    ("clients", GaugeMetricFamily, "dirty_clients", "Connections of clients."),
    ("uptime", GaugeMetricFamily, "dirty_uptime_seconds", "How long the arbiter serves."),
    ("waiting_bytes", GaugeMetricFamily, "dirty_waiting_bytes", "What waiting calls take."),
    ("passed_bytes", GaugeMetricFamily, "dirty_passed_bytes", "Memory by reference under way."),
    ("stash_bytes", GaugeMetricFamily, "dirty_stash_bytes", "What the stash takes."),
    ("reloading", GaugeMetricFamily, "dirty_reloading", "Whether a reload is under way."),
    ("log_dropped", CounterMetricFamily, "dirty_log_dropped_lines", "Log lines nobody took."),
)


def _of_the_arbiter(state: State) -> Iterator[Metric]:
    for field, kind, name, text in ARBITER:
        if state.get(field) is not None:
            yield kind(name, text, value=float(state[field]))
    yield _gauge("dirty_draining", "Whether the arbiter stops.", (), [
        ((), int(bool(state.get("draining"))))])  # fmt: skip
    restarts = CounterMetricFamily(
        "dirty_worker_restarts", "Workers that were replaced, by why.", labels=("reason",)
    )
    for reason, count in state.get("restart_reasons", {}).items():
        restarts.add_metric((reason,), count)
    yield restarts
    yield _gauge("dirty_build_info", "What serves.", ("version", "protocol"), [
        ((str(state.get("version", "")), str(state.get("protocol", ""))), 1)])  # fmt: skip


def _gauge(name: str, text: str, labels: Sequence[str], told: Sequence[Told]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, value in told:
        family.add_metric(values, value)
    return family
