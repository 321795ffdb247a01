"""A stream that nobody reads keeps no thread from the other calls of its lane."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest

import gdproto
from dirty_runtime import DirtyApp
from dirty_runtime.worker.call_threads import CallThreads
from dirty_runtime.worker.loop import EventLoop
from tests.cases.lanes import APP, Caller, wide_lane_to
from tests.dirty_runtime.processes import LIMIT_S

ITEMS = 500


class Plain(DirtyApp):
    concurrency = 8

    def thread(self) -> int:
        return threading.get_ident()

    def threads(self) -> Iterator[int]:
        for _ in range(ITEMS):
            yield threading.get_ident()


def until_answered(caller: Caller, number: int) -> tuple[gdproto.Message, list[Any]]:
    """How the call ended, and what has come meanwhile of streams."""
    items = []
    while True:
        event = caller._connection.next_event()
        if event is gdproto.NEED_DATA:
            caller._connection.receive_data(caller.wire.recv(65536))
        elif isinstance(event, gdproto.MessageReceived):
            if event.message.request_id == number and event.ended:
                return event.message, items
            assert isinstance(event.message, gdproto.Chunk)
            items.append(event.message.data)


def test_a_plain_generator_that_is_held_back_keeps_no_thread() -> None:
    with wide_lane_to(Plain(), EventLoop(), threads=1) as caller:
        stream = caller.send("threads")
        caller.wire.sendall(gdproto.Pause(stream).to_bytes())
        items: list[Any] = []
        for _ in range(3):
            answer, more = until_answered(caller, caller.send("thread"))
            assert isinstance(answer, gdproto.Response)
            items += more
        assert len(items) < ITEMS
        caller.wire.sendall(gdproto.Resume(stream).to_bytes())
        end, more = until_answered(caller, stream)
        assert isinstance(end, gdproto.End)
        # It goes on where it began.
        assert len(items + more) == ITEMS
        assert len(set(items + more)) == 1


def test_a_status_is_answered_beside_what_runs() -> None:
    with wide_lane_to(Plain(), EventLoop(), threads=1) as caller:
        stream = caller.send("threads")
        caller.wire.sendall(gdproto.Pause(stream).to_bytes() + gdproto.Status(9).to_bytes())
        connection = gdproto.Connection("client")
        connection.send(gdproto.Request(stream, APP, "any"))
        connection.send(gdproto.Status(9))
        while (event := connection.next_event()) is gdproto.NEED_DATA or event.request_id != 9:
            if event is gdproto.NEED_DATA:
                connection.receive_data(caller.wire.recv(65_536))
        assert event.message == gdproto.Response(9, {})


def test_one_that_is_held_back_can_be_given_up() -> None:
    with wide_lane_to(Plain(), EventLoop(), threads=1) as caller:
        stream = caller.send("threads")
        caller.wire.sendall(gdproto.Pause(stream).to_bytes())
        until_answered(caller, caller.send("thread"))
        caller.cancel(stream)
        end, _ = until_answered(caller, stream)
        assert isinstance(end, gdproto.Error)
        assert end.error_type == "DirtyCancelledError"


# --- the threads ---


@pytest.fixture(params=[1, 3])
def threads(request: pytest.FixtureRequest) -> Iterator[CallThreads]:
    with CallThreads(request.param) as threads:
        yield threads


def test_so_many_run_at_a_time_also_of_those_that_waited_aside(threads: CallThreads) -> None:
    lock, inside, most = threading.Lock(), 0, 0
    held, go_on = threading.Semaphore(0), threading.Event()

    def count(step: int) -> None:
        nonlocal inside, most
        with lock:
            inside += step
            most = max(most, inside)

    def call(number: int) -> int:
        count(1)
        if number % 2:
            count(-1)
            with threads.aside():
                held.release()
                assert go_on.wait(LIMIT_S)
            count(1)
        count(-1)
        return number

    asked = [threads.submit(call, number) for number in range(20)]
    # All of them have begun, though none of these has gone on.
    for _ in range(10):
        assert held.acquire(timeout=LIMIT_S)
    go_on.set()
    assert [one.result(LIMIT_S) for one in asked] == list(range(20))
    assert most <= threads._count


def test_one_thread_is_always_the_same_and_takes_what_comes_in_its_order() -> None:
    seen: list[int] = []
    with CallThreads(1) as threads:
        asked = [threads.submit(seen.append, number) for number in range(50)]
        who = {threads.submit(threading.get_ident).result(LIMIT_S) for _ in range(50)}
    assert len(who) == 1
    assert seen == list(range(50))
    assert all(one.done() for one in asked)


def test_what_waits_can_be_given_up_and_errors_are_told() -> None:
    go_on = threading.Event()
    with CallThreads(1) as threads:
        first, waits = threads.submit(go_on.wait, LIMIT_S), threads.submit(print)
        fails: Future[Any] = threads.submit(int, "no number")
        assert waits.cancel()
        go_on.set()
        assert first.result(LIMIT_S)
        with pytest.raises(ValueError, match="no number"):
            fails.result(LIMIT_S)


def test_where_no_thread_can_be_started_others_do_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    began, go_on = threading.Event(), threading.Event()

    def call() -> bool:
        began.set()
        return go_on.wait(LIMIT_S)

    with CallThreads(2) as threads:
        first = threads.submit(call)
        assert began.wait(LIMIT_S)
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refused)
            second = threads.submit(threading.get_ident)
            go_on.set()
            assert first.result(LIMIT_S)
            assert second.result(LIMIT_S)
            with CallThreads(1) as none, pytest.raises(RuntimeError, match="new thread"):
                none.submit(print)
