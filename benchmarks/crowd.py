"""Many clients at once: processes of threads, each thread with a connection of its own."""

from __future__ import annotations

import contextlib
import multiprocessing
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Barrier
from queue import SimpleQueue

from . import clients
from .app import APP_PATH
from .samples import BenchmarkError

PROCESSES = 4
THREADS = 8
CLIENTS = PROCESSES * THREADS

_START_LIMIT_S = 60.0
_END_LIMIT_S = 30.0


@dataclass(frozen=True)
class Task:
    """Where to call, and for how long."""

    side: str
    socket_path: str
    window_s: float


def calls_per_s(task: Task) -> float:
    """Small calls answered per second, over all clients, within the window."""
    spawn = multiprocessing.get_context("spawn")
    start = spawn.Barrier(PROCESSES)
    pipes = [spawn.Pipe(duplex=False) for _ in range(PROCESSES)]
    processes = [
        spawn.Process(target=_process, args=(task, start, sender), daemon=True)
        for _, sender in pipes
    ]
    try:
        for process, (_, sender) in zip(processes, pipes, strict=True):
            process.start()
            sender.close()
        limit_s = time.monotonic() + _START_LIMIT_S + task.window_s + _END_LIMIT_S
        total = sum(_receive(receiver, limit_s) for receiver, _ in pipes)
    finally:
        _end(processes)
    return total / task.window_s


def _receive(receiver: Connection, limit_s: float) -> int:
    """The calls one process counted, or its failure."""
    if not receiver.poll(max(limit_s - time.monotonic(), 0.0)):
        raise BenchmarkError("parallel clients: a process of clients did not report in time")
    try:
        outcome = receiver.recv()
    except EOFError:
        outcome = "a process of clients ended without a word"
    if isinstance(outcome, str):
        raise BenchmarkError(f"parallel clients: {outcome}")
    return int(outcome)


def _end(processes: list[SpawnProcess]) -> None:
    for process in processes:
        if process.pid is not None:
            process.join(0.5)
            process.kill()
            process.join(_END_LIMIT_S)


def _process(task: Task, start: Barrier, report: Connection) -> None:
    """One process of clients: connect them all, start with the other processes, count."""
    try:
        with contextlib.ExitStack() as connected:
            callers = [_caller(task, connected) for _ in range(THREADS)]
            start.wait(_START_LIMIT_S)
            outcome: int | str = _count(callers, task.window_s)
    except Exception as error:
        start.abort()
        outcome = f"{type(error).__name__}: {error}"
    report.send(outcome)


def _caller(task: Task, connected: contextlib.ExitStack) -> clients.Client:
    client = connected.enter_context(clients.connect(task.side, task.socket_path))
    client.execute(APP_PATH, "add", 1, 2)
    return client


def _count(callers: list[clients.Client], window_s: float) -> int:
    return in_threads([partial(_add, client) for client in callers], window_s)


def _add(client: clients.Client) -> None:
    client.execute(APP_PATH, "add", 1, 2)


def in_threads(calls: Sequence[Callable[[], object]], window_s: float) -> int:
    """How often the calls returned within the window, each repeated by a thread of its own."""
    stop_s = time.monotonic() + window_s
    outcomes: SimpleQueue[int | Exception] = SimpleQueue()
    threads = [
        threading.Thread(target=_call_until, args=(call, stop_s, outcomes), daemon=True)
        for call in calls
    ]
    for thread in threads:
        thread.start()
    total = 0
    for _ in threads:
        outcome = outcomes.get(timeout=window_s + _END_LIMIT_S)
        if isinstance(outcome, Exception):
            raise outcome
        total += outcome
    return total


def _call_until(
    call: Callable[[], object], stop_s: float, outcomes: SimpleQueue[int | Exception]
) -> None:
    count = 0
    try:
        while True:
            call()
            if time.monotonic() > stop_s:
                break
            count += 1
    except Exception as error:
        outcomes.put(error)
    else:
        outcomes.put(count)
