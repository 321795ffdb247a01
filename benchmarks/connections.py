"""Throughput with many connections beside that with few, each with one call under way.

Rules: the callers are as thrifty as Python allows, since it is the arbiter that is measured: a
frame made beforehand, one wait for all sockets of a process, answers compared as bytes. Few and
many connections have the same callers.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import resource
import selectors
import socket
import time
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from typing import Any

import gdproto

from .app import APP_PATH
from .arbiter_process import CALL_LIMIT_S
from .figures import Figure, Part
from .rounds import Side, measure
from .samples import BenchmarkError
from .stage import Plan, Stage

KEY = "connections"
FEW, MANY = 32, 1000
PROCESSES = 2
_SPARE_FILES = 100
_RECEIVE_BYTES = 4096
_LIMIT_S = 60.0
_REQUEST = gdproto.Request(1, APP_PATH, "add", (1, 2), {}, CALL_LIMIT_S).to_bytes()
_RESPONSE = gdproto.Response(1, 3).to_bytes()


def allow_many_files() -> None:
    """Raise the limit of open files, for this process and those it starts, as far as needed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MANY + _SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def part(stage: Stage, plan: Plan) -> Part:
    """Measure our arbiter with many and with few connections in turns."""
    figure = Figure("calls", "small calls", "1/s")
    stage.progress(f"{KEY}: {MANY} and {FEW}")
    sides = {
        _side(count): Side(
            partial(_calls_per_s, stage.ours.socket_path, count, plan.window_s),
        )
        for count in (MANY, FEW)
    }
    measure([figure], sides, plan.connection_rounds)
    return Part(KEY, "Many connections", _side(MANY), (_side(FEW),), [figure])


def _side(count: int) -> str:
    return f"{count:,} connections"


@dataclass(frozen=True)
class _Task:
    socket_path: str
    connections: int
    window_s: float


def _calls_per_s(socket_path: str, count: int, window_s: float) -> tuple[float, ...]:
    spawn = multiprocessing.get_context("spawn")
    start = spawn.Barrier(PROCESSES)
    task = _Task(socket_path, count // PROCESSES, window_s)
    running: list[tuple[Any, Connection]] = []
    try:
        for _ in range(PROCESSES):
            receiver, sender = spawn.Pipe(duplex=False)
            process = spawn.Process(target=_process, args=(task, start, sender), daemon=True)
            process.start()
            sender.close()
            running.append((process, receiver))
        total = sum(_received(receiver, window_s) for _, receiver in running)
    finally:
        for process, receiver in running:
            receiver.close()
            process.kill()
            process.join(_LIMIT_S)
    return (total / window_s,)


def _received(receiver: Connection, window_s: float) -> int:
    if not receiver.poll(window_s + _LIMIT_S):
        raise BenchmarkError("a process of connections did not report in time")
    try:
        outcome = receiver.recv()
    except EOFError:
        outcome = "a process of connections ended without a word"
    if isinstance(outcome, str):
        raise BenchmarkError(outcome)
    return int(outcome)


def _process(task: _Task, start: Barrier, report: Connection) -> None:
    try:
        with contextlib.ExitStack() as stack:
            selector = stack.enter_context(selectors.DefaultSelector())
            for _ in range(task.connections):
                one = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
                # Blocking waits for a place in the backlog; who started this process sets a limit.
                one.connect(task.socket_path)
                selector.register(one, selectors.EVENT_READ, bytearray())
            start.wait(_LIMIT_S)
            outcome: int | str = _answered(selector, task.window_s)
    except Exception as error:
        start.abort()
        outcome = f"{type(error).__name__}: {error}"
    report.send(outcome)


def _answered(selector: selectors.BaseSelector, window_s: float) -> int:
    """The calls answered within the window, one at a time on each connection."""
    for key in selector.get_map().values():
        _socket_of(key).sendall(_REQUEST)
    count = 0
    stop_s = time.monotonic() + window_s
    while (left_s := stop_s - time.monotonic()) > 0:
        for key, _ in selector.select(left_s):
            one = _socket_of(key)
            key.data.extend(one.recv(_RECEIVE_BYTES))
            if len(key.data) < len(_RESPONSE):
                continue
            if key.data != _RESPONSE:
                raise BenchmarkError(f"not the answer: {bytes(key.data[:40])!r}")
            key.data.clear()
            count += 1
            one.sendall(_REQUEST)
    return count


def _socket_of(key: selectors.SelectorKey) -> socket.socket:
    assert isinstance(key.fileobj, socket.socket)
    return key.fileobj
