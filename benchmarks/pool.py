"""Beside ``concurrent.futures.ProcessPoolExecutor``: as many processes, as many calls at once."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

from dirty_runtime import DirtyClient

from . import crowd
from .app import APP_PATH
from .arbiter_process import CALL_LIMIT_S
from .calls import small_call, timed
from .clients import OURS
from .figures import Figure, Part
from .rounds import Side, measure
from .samples import percentile
from .stage import SIZE, Plan, Stage

KEY = "pool"
POOL = "ProcessPoolExecutor"
CALLS_AT_ONCE = crowd.CLIENTS
_WARM_UP_S = 0.3


def add(left: int, right: int) -> int:
    """The call of the pool, as small as the app's."""
    return left + right


def part(stage: Stage, plan: Plan) -> Part:
    """Measure both in turns, each from one process, as a pool cannot be shared by processes."""
    stage.progress(f"{KEY}: {POOL}")
    client, socket_path = stage.ours.client, stage.ours.socket_path
    with _pool() as pool:
        figures: list[Figure] = []

        def compare(figure: Figure, ours: Callable[..., Any], theirs: Callable[..., Any]) -> None:
            stage.progress(f"{KEY}: {figure.title}")
            amount, little = (plan.calls, 50) if figure.unit == "s" else (plan.window_s, _WARM_UP_S)
            sides = {
                OURS: Side(partial(ours, amount), partial(ours, little)),
                POOL: Side(partial(theirs, amount), partial(theirs, little)),
            }
            figures.extend(measure([figure], sides, plan.rounds))

        compare(
            Figure("round_trip_p50", "small call, p50", "s"),
            partial(_p50, partial(small_call, client)),
            partial(_p50, lambda: pool.submit(add, 1, 2).result()),
        )
        compare(
            Figure("threads", f"{CALLS_AT_ONCE} threads of one process, calls", "1/s"),
            partial(_in_threads, partial(client.execute, APP_PATH, "add", 1, 2)),
            partial(_in_threads, lambda: pool.submit(add, 1, 2).result()),
        )
        compare(
            Figure("tasks", f"{CALLS_AT_ONCE} tasks of one event loop, calls", "1/s"),
            partial(_in_our_tasks, socket_path),
            partial(_in_pool_tasks, pool),
        )
    return Part(KEY, f"Beside {POOL}: {SIZE.workers} processes each", OURS, (POOL,), figures)


@contextlib.contextmanager
def _pool() -> Iterator[ProcessPoolExecutor]:
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(SIZE.workers, mp_context=spawn) as pool:
        yield pool


def _p50(call: Callable[[], object], count: int) -> tuple[float, ...]:
    return (percentile(timed(count, call), 50),)


def _in_threads(call: Callable[[], object], window_s: float) -> tuple[float, ...]:
    return (crowd.in_threads([call] * CALLS_AT_ONCE, window_s) / window_s,)


def _in_our_tasks(socket_path: str, window_s: float) -> tuple[float, ...]:
    async def main() -> float:
        async with DirtyClient(socket_path, CALL_LIMIT_S) as client:
            return await _in_tasks(lambda: client.execute_async(APP_PATH, "add", 1, 2), window_s)

    return (asyncio.run(main()),)


def _in_pool_tasks(pool: ProcessPoolExecutor, window_s: float) -> tuple[float, ...]:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        return await _in_tasks(lambda: loop.run_in_executor(pool, add, 1, 2), window_s)

    return (asyncio.run(main()),)


async def _in_tasks(call: Callable[[], Awaitable[Any]], window_s: float) -> float:
    """Calls answered per second, each repeated by a task of its own."""
    stop_s = time.monotonic() + window_s

    async def repeat() -> int:
        count = 0
        while True:
            await call()
            if time.monotonic() > stop_s:
                return count
            count += 1

    return sum(await asyncio.gather(*(repeat() for _ in range(CALLS_AT_ONCE)))) / window_s
