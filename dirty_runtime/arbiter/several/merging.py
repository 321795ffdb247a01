"""What several arbiters answer, told as one: pure.

Rules: what is counted is added up, what is listed is put together. Of what each can only tell for
itself, such as percentiles, the worst is told. What fails in one has failed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from gdproto.answers import (
    ActionStatus,
    CallStatus,
    Draining,
    Histogram,
    ManageAnswer,
    Percentiles,
    StatusAnswer,
)

SUMS = (
    "worker_count", "target_workers", "clients", "restarts",
    "waiting_bytes", "passed_bytes", "log_dropped",
)  # fmt: skip
SUMS_BY_NAME = ("restart_reasons", "queues")
REASONS = ("last_boot_error", "reload_failure")


def status(answers: Sequence[StatusAnswer]) -> StatusAnswer:
    """The state of all, at least one; what the head knows by itself is still that of the first."""
    told = cast(list[Mapping[str, Any]], answers)
    merged: dict[str, Any] = dict(told[0])
    workers = [worker for one in answers for worker in one["workers"]]
    merged["workers"] = sorted(workers, key=lambda worker: worker["age"])
    for name in SUMS:
        merged[name] = sum(one[name] for one in told)
    for name in SUMS_BY_NAME:
        merged[name] = added(one[name] for one in told)
    for name in REASONS:
        merged[name] = next((one[name] for one in told if one[name]), "")
    merged["waits"] = {
        path: max(one["waits"].get(path, 0.0) for one in told) for path in told[0]["waits"]
    }
    merged["lately"] = max(one["lately"] for one in told)
    merged["actions"] = actions(one["actions"] for one in told)
    merged["resources"] = {
        name: {of: part for one in told for of, part in one["resources"].get(name, {}).items()}
        for name in {name: None for one in told for name in one["resources"]}
    }
    merged["down"] = {path: why for one in told for path, why in one["down"].items()}
    merged["reloading"] = any(one["reloading"] for one in told)
    return cast(StatusAnswer, merged)


def added(counted: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """What is counted by names, together."""
    found: Counter[str] = Counter()
    for one in counted:
        found.update(one)
    return dict(found)


def draining(answers: Sequence[StatusAnswer], left_s: float | None) -> Draining | None:
    """What those wait for that stop; None where none does.

    Args:
        left_s: how long all may still run, in seconds, also those that have not heard of the end
            yet; None where they go on.
    """
    told = [one["draining"] for one in answers if one["draining"]]
    if left_s is not None:
        told += [_unheard(one, left_s) for one in answers if not one["draining"]]
    if not told:
        return None
    return {
        "running": sum(one["running"] for one in told),
        "waiting": sum(one["waiting"] for one in told),
        "left": max(one["left"] for one in told),
    }


def _unheard(one: StatusAnswer, left_s: float) -> Draining:
    """What one waits for that has not heard of the end."""
    return {
        "running": sum(worker["busy"] for worker in one["workers"]),
        "waiting": sum(one["queues"].values()),
        "left": round(left_s, 1),
    }


def actions(lists: Iterable[Iterable[ActionStatus]]) -> list[ActionStatus]:
    """What is counted of actions, each once."""
    found: dict[tuple[str, str], list[ActionStatus]] = {}
    for told in lists:
        for one in told:
            found.setdefault((one["app"], one["action"]), []).append(one)
    return [_action(several) for several in found.values()]


def _action(told: Sequence[ActionStatus]) -> ActionStatus:
    rate = sum(one["rate"] for one in told)
    failing = sum(one["rate"] * one["errors"] for one in told)
    return {
        "app": told[0]["app"],
        "action": told[0]["action"],
        "outcomes": added(one["outcomes"] for one in told),
        "running": sum(one["running"] for one in told),
        "rate": round(rate, 3),
        "errors": round(failing / rate, 4) if rate else max(one["errors"] for one in told),
        "run": worst(one["run"] for one in told),
        "wait": worst(one["wait"] for one in told),
        "runs": together([one["runs"] for one in told]),
        "waits": together([one["waits"] for one in told]),
        "sizes": together([one["sizes"] for one in told]),
    }


def worst(told: Iterable[Percentiles | None]) -> Percentiles | None:
    """What none of them exceeds; None where nothing is known."""
    known = [one for one in told if one]
    if not known:
        return None
    return {
        "p50": max(one["p50"] for one in known),
        "p95": max(one["p95"] for one in known),
        "p99": max(one["p99"] for one in known),
    }


def together(told: Sequence[Histogram]) -> Histogram:
    """All that they have counted."""
    counts = [sum(bucket) for bucket in zip(*(one["counts"] for one in told), strict=True)]
    return {"counts": counts, "sum": sum(one["sum"] for one in told)}


def calls(told: Sequence[ManageAnswer]) -> tuple[list[CallStatus], int]:
    """The calls of all, those that arrived first first; and how many are left out."""
    found = [call for one in told for call in one["calls"]]
    left_out = sum(one["left_out"] for one in told)
    return sorted(found, key=lambda call: -call["age"]), left_out


def spread_more(targets: Mapping[int, int], count: int) -> dict[int, int]:
    """How many workers more each is to have: those get them first that have the fewest."""
    return _spread(targets, count, 1)


def spread_less(targets: Mapping[int, int], count: int) -> dict[int, int]:
    """How many workers fewer: those lose them first that have the most, and each keeps one."""
    return _spread(targets, min(count, sum(targets.values()) - len(targets)), -1)


def _spread(targets: Mapping[int, int], count: int, by: int) -> dict[int, int]:
    left = dict(targets)
    for _ in range(max(0, count) if left else 0):
        next_one = min(left, key=lambda index: (by * left[index], by * index))
        left[next_one] += by
    return {
        index: abs(left[index] - targets[index]) for index in left if left[index] != targets[index]
    }
