"""A process that times codecs on request, so that one run holds gdproto in C and in Python.

Rules: only one of these processes works at a time, for the others wait on their pipe. The cyclic
garbage collector is off inside a sample, and a collection runs before it. What is timed is the
processor time of the thread, which knows nothing of other programs that had the core meanwhile:
codecs wait for nothing.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any

import gdproto

from . import subjects
from .samples import BenchmarkError
from .subjects import Name, Subject

_PURE = "GDPROTO_PURE"
_REPLY_LIMIT_S = 120.0
_END_LIMIT_S = 10.0
_MAX_CALLS = 200_000


class CodecProcess:
    """A running process. `implementation` is that of its gdproto, `names` what it can time."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self.implementation: str = self._receive()
        self.names: list[Name] = self._receive()

    def calls_in(self, name: Name, sample_s: float) -> int:
        """How many calls take at least about `sample_s`; finding out is the warm-up."""
        self._pipe.send(("calls", name, sample_s))
        return int(self._receive())

    def seconds_per_call(self, name: Name, calls: int) -> float:
        """One sample."""
        self._pipe.send(("time", name, calls))
        return float(self._receive()) / calls

    def _receive(self) -> Any:
        if not self._pipe.poll(_REPLY_LIMIT_S):
            raise BenchmarkError("codec: the timing process did not answer in time")
        try:
            answer = self._pipe.recv()
        except EOFError:
            raise BenchmarkError("codec: the timing process ended without a word") from None
        if isinstance(answer, Exception):
            raise BenchmarkError(f"codec: {answer}")
        return answer


@contextlib.contextmanager
def running(*, pure: bool) -> Iterator[CodecProcess]:
    """The process, with gdproto's Python codec alone if `pure`, else with the rivals.

    Raises:
        BenchmarkError: it does not come up.
    """
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(theirs, pure), daemon=True)
    before = os.environ.get(_PURE)
    if pure:
        os.environ[_PURE] = "1"
    try:
        process.start()
    finally:
        if pure:
            os.environ.pop(_PURE)
            os.environ |= {} if before is None else {_PURE: before}
    theirs.close()
    try:
        yield CodecProcess(ours)
    finally:
        ours.close()
        process.join(_END_LIMIT_S)
        process.kill()


def _serve(pipe: Connection, pure: bool) -> None:
    try:
        offered = subjects.offered(rivals=not pure)
        pipe.send(gdproto.IMPLEMENTATION)
        pipe.send(list(offered))
        with contextlib.suppress(EOFError, KeyboardInterrupt):
            while True:
                order, name, number = pipe.recv()
                subject = offered[name]
                pipe.send(
                    calls_in(subject, number) if order == "calls" else seconds(subject, number)
                )
    except Exception as error:
        pipe.send(error if isinstance(error, BenchmarkError) else RuntimeError(repr(error)))


def seconds(subject: Subject, calls: int) -> float:
    """The time that `calls` calls take together, in a bare loop."""
    call, operands = subject.call, subject.operands(calls)
    gc.collect()
    was_on = gc.isenabled()
    gc.disable()
    try:
        start_s = time.thread_time()
        for operand in operands:
            call(operand)
        return time.thread_time() - start_s
    finally:
        if was_on:
            gc.enable()


def calls_in(subject: Subject, sample_s: float) -> int:
    """How many calls take at least about `sample_s`."""
    calls = 1
    while True:
        taken_s = seconds(subject, calls)
        if taken_s >= sample_s or calls >= _MAX_CALLS:
            return calls
        growth = 1.2 * sample_s / max(taken_s, 1e-9)
        calls = int(calls * min(max(growth, 1.5), 10.0)) + 1
