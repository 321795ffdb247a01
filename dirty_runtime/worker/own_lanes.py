"""Which lane of a worker is whose: those of its threads, and one for each app that asks for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from ..app import App, concurrency_of
from ..errors import DirtyError
from .call_threads import CallThreads
from .converted import bare
from .lane import LaneServer
from .leaving import leave
from .loop import EventLoop
from .loop_lane import LoopLane

if TYPE_CHECKING:
    from gdproto.answers import WorkerAnswer


def parted(
    lanes: Sequence[LaneServer], own: Sequence[str]
) -> tuple[Sequence[LaneServer], dict[str, LaneServer]]:
    """The lanes of the threads, and behind them those of the apps that have one of their own."""
    count = len(lanes) - len(own)
    return lanes[:count], dict(zip(own, lanes[count:], strict=True))


def answer_status(
    shared: Sequence[LaneServer],
    own: Mapping[str, LaneServer],
    status: WorkerAnswer,
    failure: DirtyError | None,
) -> None:
    """Answer the STATUS of each lane: which apps are called on it, and how often at once.

    Raises:
        ArbiterGone: a lane ended before.
    """
    counts = {path: _count(status, path) for path in own}
    status["concurrency"] = len(shared) + sum(counts.values())
    for lane in shared:
        others = [path for path in status["apps"] if path not in own]
        lane.answer_status({**status, "lane_apps": others} if own else status, failure)
    for path, lane in own.items():
        extensions = [*status["extensions"], "flow"]
        told = {"lane_apps": [path], "exchanges": counts[path], "extensions": extensions}
        lane.answer_status({**status, **told}, failure)


def _count(status: WorkerAnswer, path: str) -> int:
    return max(1, status.get("attributes", {}).get(path, {}).get("concurrency", 1))


def loop_lanes(
    own: Mapping[str, LaneServer],
    apps: Mapping[str, App],
    loop: EventLoop,
    threads: int,
    grace_s: float,
    stuck: Callable[[str], None],
    tracebacks: bool = True,
    end: Callable[[int], object] = leave,
) -> list[LoopLane]:
    """Whoever serves the lanes of single apps, which share `threads` for what is not async."""
    pool = CallThreads(threads)
    return [
        LoopLane(
            lane,
            apps[path],
            max(1, concurrency_of(type(bare(apps[path])))),
            loop,
            pool,
            grace_s,
            stuck,
            tracebacks,
            end,
        )
        for path, lane in own.items()
    ]
