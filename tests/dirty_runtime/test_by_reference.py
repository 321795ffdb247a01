"""Large bytes by reference: both faces of a client, both kinds of lanes, and those who lie."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import gdproto
from dirty_runtime import Converters, DirtyClient
from dirty_runtime.client import large
from dirty_runtime.errors import (
    DirtyAppError,
    DirtyOverloadedError,
    DirtyProtocolError,
    DirtyTimeoutError,
    DirtyWorkerError,
)
from dirty_runtime.references import referring, shared_array
from dirty_runtime.sockets.passing import MIN_BYTES, MOST, USUAL_LENT_BYTES, send_passing
from dirty_runtime.testing import Arbiter, running

from .processes import run_dirty
from .reference_apps import targets

APPS = "tests.dirty_runtime.reference_apps"
ARRAYS, WIDE, PLAIN = f"{APPS}:Arrays", f"{APPS}:Wide", f"{APPS}:Plain"
BOTH = pytest.mark.parametrize("app", [ARRAYS, WIDE])
LARGE, BEYOND = 2 * 1024 * 1024, 70 * 1024 * 1024
WAIT_S = 20.0


@pytest.fixture(scope="module")
def arbiter() -> Iterator[Arbiter]:
    limits = ("--max-memfds", "100", "--max-memfd-bytes", str(300 * 2**20))
    options = (*limits, "--memfd-min-bytes", str(MIN_BYTES))
    with running(ARRAYS, WIDE, PLAIN, workers=1, options=options) as arbiter:
        yield arbiter


@pytest.fixture
def client(arbiter: Arbiter) -> Iterator[DirtyClient]:
    arrays = Converters(arrays=True)
    with DirtyClient(arbiter.socket_path, converters=arrays, memfd_min_bytes=MIN_BYTES) as client:
        yield client


def test_by_default_what_is_large_goes_in_memory_that_is_lent(arbiter: Arbiter) -> None:
    with DirtyClient(arbiter.socket_path) as client:
        small, large = bytes(USUAL_LENT_BYTES - 1000), bytes(40 * 2**20)
        assert client.execute(ARRAYS, "told", small) == ["bytes", len(small), 0]
        assert not client._large.was_seen
        assert client.execute(ARRAYS, "told", large) == ["bytes", len(large), 0]
        assert client._large.was_seen
        # No frame carries so much.
        assert client.execute(ARRAYS, "told", [large, large]) == ["list", 2, large]


def test_who_lends_nothing_passes_by_default_what_no_frame_carries(
    arbiter: Arbiter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large, "MEMFD_LENT", "x-none")
    with DirtyClient(arbiter.socket_path) as client:
        half = bytes(40 * 2**20)
        assert client.execute(ARRAYS, "told", half) == ["bytes", len(half), 0]
        assert client.execute(ARRAYS, "told", [half, half]) == ["list", 2, half]


def memories(pid: int) -> int:
    """How many descriptors of passed memory a process has, but for such as it lends."""
    names = ("memfd:gd",) if pid == os.getpid() else ("memfd:gd", "memfd:lent")
    return sum(name in where for where in targets(pid) for name in names)


def within(limit_s: float, holds: Callable[[], bool]) -> bool:
    """Whether it comes to hold."""
    until_s = time.monotonic() + limit_s
    while not holds():
        if time.monotonic() >= until_s:
            return False
        time.sleep(0.005)
    return True


def nothing_is_left(client: DirtyClient) -> bool:
    """Whether arbiter, worker and this process have no descriptors of memory any more."""
    pids = [client.status()["arbiter_pid"], os.getpid()]
    pids += [one["pid"] for one in client.status()["workers"]]
    return within(WAIT_S, lambda: not any(map(memories, pids)))


@pytest.mark.proves("GD-EXT-013", "GD-EXT-017")
@BOTH
def test_arrays_and_bytes_go_there_and_back(client: DirtyClient, app: str) -> None:
    array = np.arange(LARGE, dtype="u1")
    assert client.execute(app, "first", array) == [0, 255, LARGE, False]
    assert client.execute(app, "told", b"a" * LARGE) == ["bytes", LARGE, 97]
    back = client.execute(app, "zeros", LARGE)
    assert (back.shape, back.flags.writeable) == ((LARGE,), False)
    assert client.execute(app, "blob", LARGE) == b"x" * LARGE
    assert [int(one[-1]) for one in client.stream(app, "counted", LARGE, 4)] == [0, 1, 2, 3]
    assert [int(one[-1]) for one in client.stream(app, "reused", LARGE, 4)] == [0, 1, 2, 3]
    del back
    assert nothing_is_left(client)


@BOTH
def test_more_than_a_frame_carries_goes_there_and_back(client: DirtyClient, app: str) -> None:
    assert client.execute(app, "first", np.ones(BEYOND, "u1")) == [1, 1, BEYOND, False]
    assert client.execute(app, "zeros", BEYOND).shape == (BEYOND,)


def test_what_stands_beside_it_may_be_more_than_is_sent_at_once(client: DirtyClient) -> None:
    beside = ["a" * 1000] * 3000
    assert client.execute(PLAIN, "echo", [b"b" * LARGE, beside]) == [b"b" * LARGE, beside]


def test_calls_of_an_event_loop_go_by_reference(client: DirtyClient) -> None:
    async def calls() -> list[Any]:
        first = await client.execute_async(ARRAYS, "first", np.ones(BEYOND, "u1"))
        many = [client.execute_async(WIDE, "told", b"a" * (LARGE + n)) for n in range(5)]
        told = [one[1] - LARGE for one in await asyncio.gather(*many)]
        stream = client.stream_async(WIDE, "streamed", LARGE, 3)
        items = [int(one[-1]) async for one in stream]
        await client.close_async()
        return [first, told, items]

    assert asyncio.run(calls()) == [[1, 1, BEYOND, False], [0, 1, 2, 3, 4], [0, 1, 2]]
    assert nothing_is_left(client)


def test_who_converts_nothing_gets_the_same_as_in_the_frame(arbiter: Arbiter) -> None:
    array = {"gd:array": "|u1", "shape": [LARGE], "data": bytes(LARGE)}
    with DirtyClient(arbiter.socket_path, memfd_min_bytes=MIN_BYTES) as client:
        assert client.execute(PLAIN, "echo", [{"a": b"b" * LARGE}, array]) == [
            {"a": b"b" * LARGE},
            array,
        ]


def test_an_array_that_was_made_for_it_is_not_copied(client: DirtyClient) -> None:
    array = shared_array(LARGE, "u1")
    array[:] = 7
    found = referring([Converters(arrays=True).to_wire(array)], 1)
    assert found is not None
    ((value,), descriptors, _) = found
    assert os.pread(descriptors.numbers[0], 3, value["data"]["offset"]) == b"\7\7\7"
    # Sealed, it is written here alone, and goes as a copy.
    array[0] = 9
    assert os.pread(descriptors.numbers[0], 3, 0) == b"\7\7\7"
    assert client.execute(ARRAYS, "first", array)[0] == 9
    another = shared_array(LARGE, "u1")
    another[0] = 1
    assert client.execute(ARRAYS, "first", another)[0] == 1


@BOTH
def test_a_call_that_fails_leaves_no_descriptor(client: DirtyClient, app: str) -> None:
    for _ in range(3):
        with pytest.raises(DirtyAppError):
            client.execute(app, "fail", np.ones(LARGE, "u1"))
    with pytest.raises(DirtyWorkerError):
        client.execute(app, "die", np.ones(LARGE, "u1"))
    assert client.execute(app, "first", np.ones(LARGE, "u1"))[0] == 1
    assert nothing_is_left(client)


@pytest.mark.proves("GD-EXT-018", "GD-EXT-019")
def test_a_worker_that_takes_none_gets_bytes() -> None:
    command = f"env GD_WORKER_EXTENSIONS= {sys.executable} -m dirty_runtime.worker"
    options = ("--worker-command", command)
    with (
        running(ARRAYS, workers=1, options=options) as arbiter,
        DirtyClient(
            arbiter.socket_path, converters=Converters(arrays=True), memfd_min_bytes=MIN_BYTES
        ) as client,
    ):
        for _ in range(3):
            assert client.execute(ARRAYS, "first", np.ones(LARGE, "u1"))[0] == 1
        assert client.execute(ARRAYS, "zeros", LARGE).shape == (LARGE,)
        told = asyncio.run(client.execute_async(ARRAYS, "told", b"a" * LARGE))
        assert told == ["bytes", LARGE, 97]
        assert nothing_is_left(client)


# --- those who lie ---


class Raw:
    """A connection on which descriptors may be passed."""

    def __init__(self, arbiter: Arbiter) -> None:
        self.connection = gdproto.Connection("client")
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(WAIT_S)
        self.socket.connect(arbiter.socket_path)
        self.socket.sendall(self.connection.send(gdproto.Status(1)))
        self.answer()

    def call(self, number: int, numbers: list[int], *args: Any, action: str = "told") -> None:
        frame = self.connection.send(gdproto.Request(number, ARRAYS, action, args, {}, 30.0))
        send_passing(self.socket, frame, numbers)

    def answer(self) -> gdproto.Message:
        while True:
            event = self.connection.next_event()
            if isinstance(event, gdproto.MessageReceived):
                return event.message
            assert event is gdproto.NEED_DATA
            self.connection.receive_data(self.socket.recv(65536))


@pytest.fixture
def raw(arbiter: Arbiter) -> Iterator[Raw]:
    raw = Raw(arbiter)
    yield raw
    raw.socket.close()


def sealed(data: bytes) -> list[int]:
    found = referring([data], 1)
    assert found is not None
    descriptors = found[1]
    numbers, descriptors.numbers = descriptors.numbers, []
    return numbers


def kind_of(answer: gdproto.Message) -> Any:
    assert isinstance(answer, gdproto.Error)
    return answer.error_type


REFERENCE = {"gd:memfd": 0, "offset": 0, "size": 10}


def test_memory_that_is_not_sealed_is_refused(raw: Raw, client: DirtyClient) -> None:
    number = os.memfd_create("gd", os.MFD_ALLOW_SEALING)
    os.ftruncate(number, 100)
    raw.call(2, [number], REFERENCE)
    assert kind_of(raw.answer()) == DirtyProtocolError.__name__
    ours, theirs = os.pipe()
    raw.call(3, [theirs], REFERENCE)
    os.close(theirs)
    assert kind_of(raw.answer()) == DirtyProtocolError.__name__
    assert os.read(ours, 1) == b""
    os.close(ours)
    os.close(number)
    assert nothing_is_left(client)


@pytest.mark.proves("GD-EXT-015", "GD-EXT-020", "GD-EXT-021")
def test_what_is_kept_of_one_client_is_bounded(raw: Raw, client: DirtyClient) -> None:
    (number,) = sealed(b"a" * 100)
    raw.call(2, [number] * (MOST + 1), REFERENCE)
    assert kind_of(raw.answer()) in (DirtyProtocolError.__name__, DirtyOverloadedError.__name__)
    # One is run, whose stream nobody reads; the others wait; then there is room for no more.
    for request in (3, 4, 5):
        raw.call(request, [number] * 40, 1000, 100_000, action="counted")
    while not isinstance(answer := raw.answer(), gdproto.Error):
        assert isinstance(answer, gdproto.Chunk | gdproto.End)
    assert (answer.request_id, kind_of(answer)) == (5, DirtyOverloadedError.__name__)
    os.close(number)
    raw.socket.close()
    assert nothing_is_left(client)


def test_a_client_that_is_killed_leaves_nothing(client: DirtyClient, arbiter: Arbiter) -> None:
    pid = os.fork()
    if not pid:
        try:
            own = Raw(arbiter)
            own.call(2, sealed(b"a" * LARGE), LARGE, 10_000, action="counted")
            own.call(3, sealed(b"a" * LARGE), REFERENCE)
            own.answer()
        finally:
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
    assert client.execute(ARRAYS, "first", np.ones(LARGE, "u1"))[0] == 1
    assert nothing_is_left(client)


def test_a_call_that_is_late_leaves_nothing(client: DirtyClient) -> None:
    late = client.with_options(timeout=0.05)
    chunks = client.stream(ARRAYS, "counted", LARGE, 10_000)
    next(chunks)
    with pytest.raises(DirtyTimeoutError):
        late.execute(ARRAYS, "first", np.ones(LARGE, "u1"))
    chunks.close()
    del chunks
    assert nothing_is_left(client)


def test_who_does_not_read_has_little_kept(raw: Raw, arbiter: Arbiter, client: DirtyClient) -> None:
    request = gdproto.Request(2, ARRAYS, "counted", (LARGE, 500), {}, None, 0, None, ["memfd"])
    raw.socket.sendall(raw.connection.send(request))
    status = client.status()
    worker, own = status["workers"][0]["pid"], status["arbiter_pid"]
    assert within(WAIT_S, lambda: memories(own) > 3)
    assert client.status()["passed_bytes"] >= LARGE
    shown = run_dirty("status", "--socket", arbiter.socket_path).stdout
    assert "MiB by reference under way\n" in shown
    # It has all that it may have when the worker waits with one more.
    assert within(WAIT_S, lambda: memories(worker) > 0)
    assert memories(own) + memories(worker) < 100
    raw.socket.close()
    assert nothing_is_left(client)
    assert within(WAIT_S, lambda: not client.status()["passed_bytes"])
