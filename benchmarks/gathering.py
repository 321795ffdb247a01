"""Many calls in one worker, and batches: ours, and beside mosec's where it is installed.

Rules: rounds are taken in turns. A model takes 5 ms and 0.1 ms an
item; 64 callers ask it one item after the other. A perfect batcher has full batches without a
pause between them: what it would reach is computed, not measured. The callers of both are tasks of
one process: ours use the async client, those of mosec a connection of HTTP each, kept open, with
the least of a client that can be written.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from dirty_runtime import DirtyClient
from dirty_runtime.testing import Arbiter, running

from .clients import OURS
from .figures import Figure, Part
from .samples import Series
from .stage import Plan, Stage

KEY = "gathering"
MOSEC, PERFECT = "mosec", "perfect batches"
HERE = Path(__file__).parent
NAPS, MODEL = "gathering_app:Naps", "gathering_app:Model"
COROUTINES, NAP_S = 1000, 0.1
CALLERS, BATCH, BASE_S, ITEM_S = 64, 32, 0.005, 0.0001
FULL_S = BASE_S + BATCH * ITEM_S
PERFECT_PER_S = BATCH / FULL_S
HEAD = "POST /inference HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n"


class Flow(NamedTuple):
    """How one round went: calls a second, and the time that 99 of 100 calls did not exceed."""

    per_s: float
    p99_s: float


Ask = Callable[[int], Awaitable[object]]


async def asked(asks: list[Ask], seconds: float) -> Flow:
    """What callers reach who ask one after the other, each by its own function."""
    took: list[float] = []
    until_s = time.perf_counter() + seconds

    async def caller(ask: Ask) -> None:
        item = 0
        while (begun_s := time.perf_counter()) < until_s:
            await ask(item)
            took.append(time.perf_counter() - begun_s)
            item += 1

    begun_s = time.perf_counter()
    await asyncio.gather(*map(caller, asks))
    total_s = time.perf_counter() - begun_s
    return Flow(len(took) / total_s, sorted(took)[int(len(took) * 0.99)])


async def ours(arbiter: Arbiter, seconds: float) -> Flow:
    """Our own."""
    async with DirtyClient(arbiter.socket_path) as client:

        async def ask(item: int) -> object:
            return await client.execute_async(MODEL, "predict", item)

        await asyncio.gather(*map(ask, range(CALLERS)))
        return await asked([ask] * CALLERS, seconds)


async def mosecs(port: int, seconds: float) -> Flow:
    """Mosec's."""
    asks, writers = [], []
    for _ in range(CALLERS):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writers.append(writer)
        asks.append(asking(reader, writer))
    await asyncio.gather(*(ask(0) for ask in asks))
    flow = await asked(asks, seconds)
    for writer in writers:
        writer.close()
    return flow


def asking(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Ask:
    """Asks on one connection."""

    async def ask(item: int) -> object:
        body = f"{item}".encode()
        writer.write(HEAD.format(len(body)).encode() + body)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if b" 200 " not in head.split(b"\r\n", 1)[0]:
            raise RuntimeError(f"mosec answers {head!r}")
        size = int(head.split(b"content-length: ", 1)[1].split(b"\r\n", 1)[0])
        return await reader.readexactly(size)

    return ask


@contextmanager
def mosec_server(program: str = "gathering_mosec.py", redis: str = "") -> Iterator[int]:
    """Mosec with the same model, or with another program, which may need Redis; gives its port."""
    with tempfile.TemporaryDirectory() as directory:
        port = 20000 + os.getpid() % 20000
        words = [sys.executable, str(HERE / program), "--port", str(port)]
        process = subprocess.Popen(
            [*words, "--log-level", "error"],
            cwd=directory,
            env=os.environ | {"BENCHMARK_REDIS": redis},
            stdout=subprocess.DEVNULL,
        )
        try:
            asyncio.run(_until_it_listens(port))
            yield port
        finally:
            process.terminate()
            process.wait()


async def _until_it_listens(port: int) -> None:
    until_s = time.monotonic() + 60
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            await asking(reader, writer)(0)
        except (OSError, RuntimeError, asyncio.IncompleteReadError):
            if time.monotonic() > until_s:
                raise
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return


async def napped(arbiter: Arbiter) -> float:
    """How long it takes until so many coroutines of one worker have slept, in seconds."""
    async with DirtyClient(arbiter.socket_path) as client:
        await client.execute_async(NAPS, "nap", 0)
        begun_s = time.perf_counter()
        calls = [client.execute_async(NAPS, "nap", NAP_S) for _ in range(COROUTINES)]
        await asyncio.gather(*calls)
        return time.perf_counter() - begun_s


async def kept(arbiter: Arbiter) -> tuple[float, float]:
    """What arbiter and worker keep for each waiting call, in bytes."""
    (worker,) = arbiter.status()["workers"]
    pids = (arbiter.status()["arbiter_pid"], worker["pid"])
    async with DirtyClient(arbiter.socket_path) as client:
        # Nothing has grown yet that could be used again.
        await client.execute_async(NAPS, "close_gate")
        before = [private_bytes(pid) for pid in pids]
        waiting = [
            asyncio.ensure_future(client.execute_async(NAPS, "wait")) for _ in range(COROUTINES - 1)
        ]
        while (await client.execute_async(NAPS, "waiting")) < COROUTINES - 1:
            await asyncio.sleep(0.01)
        after = [private_bytes(pid) for pid in pids]
        await client.execute_async(NAPS, "open_gate")
        await asyncio.gather(*waiting)
    arbiters, workers = (max(0, b - a) / COROUTINES for a, b in zip(before, after, strict=True))
    return arbiters, workers


def private_bytes(pid: int) -> int:
    """The memory of a process that is its own."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Private"))


def part(stage: Stage, plan: Plan) -> Part:
    """Measure ours and mosec's in turns; what perfect batches reach is computed."""
    calls = Figure("calls", f"{CALLERS} callers of a batched model, calls", "1/s")
    p99 = Figure("p99", "the same, p99", "s")
    naps = Figure("naps", f"{COROUTINES} coroutines of 100 ms in one worker", "s")
    waits = Figure("waits", "memory of a call that waits in a worker", "B")
    with running(NAPS, MODEL, directory=HERE) as arbiter:
        stage.progress(f"{KEY}: {COROUTINES} coroutines")
        waits.series[OURS] = Series([max(asyncio.run(kept(arbiter)))])
        naps.series[OURS] = Series([asyncio.run(napped(arbiter)) for _ in range(2 * plan.rounds)])
        for number in range(plan.rounds):
            stage.progress(f"{KEY}: {number + 1} of {plan.rounds}")
            flows = {OURS: asyncio.run(ours(arbiter, plan.window_s))}
            if importlib.util.find_spec("mosec") is not None:
                with mosec_server() as port:
                    flows[MOSEC] = asyncio.run(mosecs(port, plan.window_s))
            flows[PERFECT] = Flow(PERFECT_PER_S, FULL_S)
            for side, flow in flows.items():
                calls.series.setdefault(side, Series()).add(flow.per_s)
                p99.series.setdefault(side, Series()).add(flow.p99_s)
    return Part(KEY, "Batches and coroutines", OURS, (MOSEC, PERFECT), [calls, p99, naps, waits])
