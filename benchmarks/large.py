"""Echoes of 60 MiB: how long they take, what memory the arbiter takes, what else goes on beside."""

from __future__ import annotations

import contextlib
import multiprocessing
import random
import time
from functools import partial
from multiprocessing.connection import Connection

from . import clients
from .app import APP_PATH
from .calls import small_call, timed
from .clients import GUNICORN, OURS, Client
from .figures import Figure, Part
from .rounds import Side, measure
from .samples import BenchmarkError, percentile
from .stage import Plan, Stage, Target

KEY = "large"
BYTES = 60 * 1024 * 1024
_LIMIT_S = 120.0


def part(stage: Stage, plan: Plan) -> Part:
    """Measure both arbiters in turns; gunicorn's takes seconds, so one echo is a round of it."""
    stage.progress(f"{KEY}: 60 MiB echoes")
    counts = {OURS: plan.large_echoes, GUNICORN: 1}
    data = random.Random(0).randbytes(BYTES)
    sides = {
        name: Side(partial(_echoes, target, data, counts[name]))
        for name, target in stage.targets.items()
    }
    figures = [
        Figure("echo_60mib", "60 MiB echo", "s"),
        Figure("arbiter_memory", "arbiter's memory above idle meanwhile", "B"),
    ]
    measure(figures, sides, plan.large_rounds)
    if OURS in sides:
        stage.progress(f"{KEY}: small calls beside 60 MiB echoes")
        beside = Figure("beside_p99", "small call beside 60 MiB echoes, p99", "s")
        side = Side(partial(_beside, stage.ours, plan.beside_s))
        figures += measure([beside], {OURS: side}, plan.large_rounds)
    return Part(KEY, "60 MiB echoes", OURS, (GUNICORN,), figures)


def _echoes(target: Target, data: bytes, count: int) -> tuple[float, ...]:
    """The median echo, and what the arbiter took above what it has when idle."""
    arbiter, client = target.arbiter, target.client
    idle_bytes = arbiter.resident_bytes()
    arbiter.reset_peak()
    taken_s = [_echo(client, data) for _ in range(count)]
    return percentile(taken_s, 50), float(arbiter.peak_bytes() - idle_bytes)


def _echo(client: Client, data: bytes) -> float:
    """The seconds that the call took; to compare what came takes some of its own."""
    start_s = time.perf_counter()
    came = client.execute(APP_PATH, "echo", data)
    taken_s = time.perf_counter() - start_s
    if came != data:
        raise BenchmarkError("the echo differs from what was sent")
    return taken_s


def _beside(target: Target, window_s: float) -> tuple[float, ...]:
    """The p99 of small calls while another process has 60 MiB echoed without a pause."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(
        target=_echo_until_told, args=(target.side, target.socket_path, theirs), daemon=True
    )
    process.start()
    theirs.close()
    try:
        _expect(ours, "started")
        taken_s: list[float] = []
        stop_s = time.monotonic() + window_s
        while time.monotonic() < stop_s:
            taken_s += timed(1, lambda: small_call(target.client))
            time.sleep(0.001)
        ours.send("stop")
        _expect(ours, "stopped")
        return (percentile(taken_s, 99),)
    finally:
        ours.close()
        process.join(_LIMIT_S)
        process.kill()


def _expect(pipe: Connection, word: str) -> None:
    if not pipe.poll(_LIMIT_S):
        raise BenchmarkError("the process of echoes did not answer in time")
    with contextlib.suppress(EOFError):
        if (said := pipe.recv()) == word:
            return
        raise BenchmarkError(f"the process of echoes: {said}")
    raise BenchmarkError("the process of echoes ended without a word")


def _echo_until_told(side: str, socket_path: str, pipe: Connection) -> None:
    """Echo until the pipe says stop; at least twice, so that there is something to be beside."""
    try:
        data = bytes(BYTES)
        with clients.connect(side, socket_path) as client:
            _echo(client, data)
            pipe.send("started")
            while not pipe.poll():
                _echo(client, data)
        pipe.send("stopped")
    except Exception as error:
        pipe.send(f"{type(error).__name__}: {error}")
