"""Arrays by reference, beside copies of them and beside what others pass through shared memory.

Rules: all sides take turns within each round, ours twice, which tells what a difference means. An
image of 6 MB goes to a worker, and 6 KB come back; of 1 GiB comes the sum of every 65,536th byte.
The worker reads a view of the memory where there is one.

* gdproto: by reference, in memory that the client lends and uses again; and over the socket.
* shared_array: new memory for each call, filled by a copy of the array.
* A copy and a call: memcpy into memory that has been used, and a small call of the same client.
  With fresh memory: the copy is that of `numpy.copy`. The array goes nowhere.
* shared_memory: that of multiprocessing, new for each call or the same one for all; its name goes
  through a pipe to a child, which may see what is changed meanwhile.
* mosec: two stages, of which the first passes on through Redis what came by HTTP, by the mixin for
  that. Its other mixin needs pyarrow's plasma, which is gone since pyarrow 12.
"""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import multiprocessing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.shared_memory import SharedMemory
from typing import Any

import numpy

from dirty_runtime import Converters, DirtyClient
from dirty_runtime.references import shared_array
from dirty_runtime.testing import running

from .byreference_app import ACTIONS
from .calls import timed
from .clients import OURS
from .figures import Figure, Part
from .gathering import mosec_server
from .process import Process
from .rounds import Side, measure
from .samples import BenchmarkError, percentile
from .stage import Plan, Stage

KEY = "byreference"
APP = "benchmarks.byreference_app:Arrays"
AGAIN, SOCKET, FILLED = "gdproto, again", "over the socket", "shared_array"
COPY, FRESH = "a copy and a call", "with fresh memory"
NEW, KEPT, MOSEC = "shared_memory", "the same one", "mosec, Redis"
ARRAYS = Converters(arrays=True)

Call = Callable[[], Any]


@dataclass(frozen=True)
class Reading:
    """An array of so many bytes, and how a worker reads it."""

    size: int
    action: str
    is_large: bool = False


IMAGE, LARGE = Reading(6_000_000, "sample"), Reading(2**30, "total", is_large=True)


def part(stage: Stage, plan: Plan) -> Part:
    """Measure all of them in turns."""
    figures: list[Figure] = []
    with running(APP) as arbiter, _clients(arbiter.socket_path) as clients, _child() as pipe:
        process = Process(arbiter.status()["arbiter_pid"])
        for key, title, reading, rounds, count in (
            ("image", "6 MB to a worker, 6 KB back", IMAGE, plan.rounds, plan.echoes),
            ("large", "1 GiB to a worker, a sum back", LARGE, plan.large_rounds, 1),
        ):
            stage.progress(f"{KEY}: {title}")
            figure = Figure(key, title, "s")
            memory = Figure(f"{key}_memory", "arbiter's memory above idle meanwhile", "B")
            with _calls(reading, clients, pipe) as calls:
                sides = {name: _side(call, count, process) for name, call in calls.items()}
                figures += measure([figure, memory], sides, rounds)
            memory.series = {side: memory.series[side] for side in (OURS, AGAIN)}
    return Part(KEY, "By reference", OURS, (COPY, FRESH), figures)


def _side(call: Call, count: int, arbiter: Process) -> Side:
    def take() -> tuple[float, ...]:
        idle_bytes = arbiter.resident_bytes()
        arbiter.reset_peak()
        taken_s = percentile(timed(count, call), 50)
        return taken_s, float(arbiter.peak_bytes() - idle_bytes)

    return Side(take, call)


@contextlib.contextmanager
def _clients(path: str) -> Iterator[tuple[DirtyClient, DirtyClient]]:
    """One that passes by reference, and one that never does."""
    with (
        DirtyClient(path, converters=ARRAYS) as ours,
        DirtyClient(path, converters=ARRAYS, memfd_min_bytes=0) as usual,
    ):
        yield ours, usual


@contextlib.contextmanager
def _calls(
    reading: Reading, clients: tuple[DirtyClient, DirtyClient], pipe: Connection
) -> Iterator[dict[str, Call]]:
    """What each side does, by name; each has been found to give what is to be read."""
    array = numpy.resize(numpy.arange(251, dtype=numpy.uint8), reading.size)
    expected = ACTIONS[reading.action](array)
    with contextlib.ExitStack() as held:
        calls = _ours(reading, array, *clients)
        kept = SharedMemory(create=True, size=reading.size)
        held.callback(kept.unlink)
        held.callback(kept.close)
        calls |= {
            NEW: partial(_through_new, pipe, reading, array),
            KEPT: partial(_through, kept, pipe, reading, array),
        }
        if not reading.is_large:
            calls |= held.enter_context(_mosecs(array))
        for name, call in calls.items():
            came = call()
            if came is not None and not numpy.array_equal(came, expected):
                raise BenchmarkError(f"{name} gives something else")
        yield calls


def _ours(reading: Reading, array: Any, client: DirtyClient, usual: DirtyClient) -> dict[str, Call]:
    room = array.copy()

    def send(asked: DirtyClient, sent: Any) -> Any:
        return asked.execute(APP, reading.action, sent)

    def fill() -> Any:
        sent = shared_array(array.shape, array.dtype)
        sent[:] = array
        return send(client, sent)

    def copy() -> None:
        room[:] = array
        client.execute(APP, "add", 1, 2)

    def copy_fresh() -> None:
        array.copy()
        client.execute(APP, "add", 1, 2)

    calls: dict[str, Call] = {OURS: partial(send, client, array)}
    if not reading.is_large:
        calls[SOCKET] = partial(send, usual, array)
    return calls | {
        FILLED: fill,
        COPY: copy,
        FRESH: copy_fresh,
        AGAIN: partial(send, client, array),
    }


def _bytes(memory: SharedMemory, reading: Reading) -> Any:
    return numpy.ndarray(reading.size, numpy.uint8, memory.buf)


def _through(memory: SharedMemory, pipe: Connection, reading: Reading, array: Any) -> Any:
    _bytes(memory, reading)[:] = array
    pipe.send((memory.name, reading))
    return pipe.recv()


def _through_new(pipe: Connection, reading: Reading, array: Any) -> Any:
    memory = SharedMemory(create=True, size=reading.size)
    try:
        return _through(memory, pipe, reading, array)
    finally:
        memory.close()
        memory.unlink()


@contextlib.contextmanager
def _child() -> Iterator[Connection]:
    """A child that reads arrays in shared memory, until its pipe is closed."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_read, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        process.join()


def _read(pipe: Connection) -> None:
    with contextlib.suppress(EOFError):
        while True:
            name, reading = pipe.recv()
            memory = SharedMemory(name)
            array = _bytes(memory, reading)
            came = ACTIONS[reading.action](array)
            del array
            memory.close()
            pipe.send(came)


def find_mosec() -> bool:
    """Whether it is installed."""
    return importlib.util.find_spec("mosec") is not None


@contextlib.contextmanager
def _mosecs(array: Any) -> Iterator[dict[str, Call]]:
    """Mosec's, where it and a server are installed."""
    from tests.valkey_server import program, served

    if not find_mosec() or program() is None:
        yield {}
        return
    with served() as server, mosec_server("byreference_mosec.py", server.url) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port)

        def send() -> Any:
            connection.request("POST", "/inference", array.data)
            answer = connection.getresponse()
            came = answer.read()
            if answer.status != 200:
                raise BenchmarkError(f"mosec answers {answer.status}")
            return numpy.frombuffer(came, numpy.uint8)

        yield {MOSEC: send}
        connection.close()
