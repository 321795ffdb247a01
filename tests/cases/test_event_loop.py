"""The worker's event loop outlives what apps do to it, and each call on it is answered.

`sys.exit()` and Ctrl-C's exception in a task, `stop()` and `close()` from anywhere: the next
coroutine runs. What was given up is over before the next call begins.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

import gdproto
from dirty_runtime import DirtyApp
from dirty_runtime.worker.loop import EventLoop
from tests.cases.lanes import Caller, lane_to, said, wide_lane_to
from tests.dirty_runtime.processes import LIMIT_S, wait_until


class Careless(DirtyApp):
    def init(self) -> None:
        self.inside = self.most = 0
        self.go_on = threading.Event()

    async def ping(self) -> int:
        return 1

    async def items(self, count: int) -> AsyncIterator[int]:
        for number in range(count):
            yield number

    def endless(self) -> Iterator[bytes]:
        self.inside = 1
        while True:
            yield bytes(10_000)

    def plain(self) -> int:
        return 2

    async def leave(self) -> None:
        sys.exit(3)

    async def interrupt(self) -> None:
        raise KeyboardInterrupt

    async def leave_in_a_task(self) -> str:
        await asyncio.wait([asyncio.create_task(self.leave())])
        return "awaited"

    async def interrupt_in_a_callback(self) -> str:
        def interrupt() -> None:
            raise KeyboardInterrupt

        asyncio.get_running_loop().call_soon(interrupt)
        await asyncio.sleep(0.01)
        return "slept"

    async def stop(self) -> str:
        asyncio.get_running_loop().stop()
        await asyncio.sleep(0)
        return "stopped"

    async def close(self) -> str:  # type: ignore[override]
        asyncio.get_running_loop().close()
        return "never"

    async def try_to_close(self) -> None:
        await self.close()

    async def cancel_everything(self) -> None:
        for task in asyncio.all_tasks():
            task.cancel()
        await asyncio.sleep(LIMIT_S)

    async def leave_items(self) -> AsyncIterator[int]:
        yield 1
        sys.exit(5)

    async def interrupt_items(self) -> AsyncIterator[int]:
        yield 1
        raise KeyboardInterrupt

    # --- what is given up ---

    async def use(self) -> None:
        self._enter()
        try:
            await asyncio.sleep(LIMIT_S)
        finally:
            await asyncio.sleep(0.1)
            self.inside -= 1

    async def use_items(self) -> AsyncIterator[int]:
        self._enter()
        try:
            yield 1
            await asyncio.sleep(LIMIT_S)
        finally:
            await asyncio.sleep(0.1)
            self.inside -= 1

    async def insist(self) -> None:
        self._enter()
        for _ in range(4):
            try:
                await asyncio.sleep(0.05)
            except asyncio.CancelledError:
                continue
        self.inside -= 1

    async def insist_for_ever(self) -> None:
        while True:
            try:
                await asyncio.sleep(LIMIT_S)
            except asyncio.CancelledError:
                continue

    async def insist_on_items(self) -> AsyncIterator[int]:
        yield 1
        await self.insist_for_ever()

    def seen(self) -> list[int]:
        return [self.most, self.inside]

    def _enter(self) -> None:
        self.inside += 1
        self.most = max(self.most, self.inside)


@pytest.fixture
def leftovers() -> Iterator[None]:
    """What a loop that breaks leaves behind complains here, and not within another test."""
    yield
    gc.collect()


@pytest.fixture
def loop() -> EventLoop:
    return EventLoop(LIMIT_S)


@pytest.fixture
def app() -> Careless:
    app = Careless()
    app.init()
    return app


@pytest.fixture
def caller(loop: EventLoop, app: Careless) -> Iterator[Caller]:
    with lane_to(app, loop) as caller:
        assert caller.call("ping") == 1
        yield caller


async def spoil() -> None:
    """Have the loop break in its next turn."""

    def fail() -> None:
        raise OSError("no more")

    asyncio.get_running_loop()._run_once = fail  # type: ignore[attr-defined]


def goes_on(caller: Caller) -> bool:
    return caller.call("ping") == 1 and caller.items("items", 600) == list(range(600))


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("leave", "builtins.SystemExit"),
        ("interrupt", "builtins.KeyboardInterrupt"),
        ("try_to_close", "builtins.RuntimeError"),
        ("cancel_everything", "asyncio.exceptions.CancelledError"),
        ("leave_items", "builtins.SystemExit"),
        ("interrupt_items", "builtins.KeyboardInterrupt"),
    ],
)
def test_a_coroutine_that_raises_fails_alone(caller: Caller, action: str, kind: str) -> None:
    assert caller.error(action).details["exception_type"] == kind
    assert goes_on(caller)


@pytest.mark.parametrize("action", ["leave_in_a_task", "interrupt_in_a_callback", "stop"])
def test_the_loop_goes_on(caller: Caller, action: str) -> None:
    assert isinstance(caller.call(action), str)
    assert goes_on(caller)


@pytest.mark.usefixtures("leftovers")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("action", ["use", "use_items"])
def test_a_loop_that_breaks_fails_what_ran_and_is_replaced(
    caller: Caller, loop: EventLoop, app: Careless, action: str
) -> None:
    caller.send(action)
    wait_until(lambda: app.inside == 1)
    loop.settle(spoil())
    assert isinstance(last := caller.answers()[-1], gdproto.Error)
    assert "the event loop has ended" in last.message
    assert goes_on(caller)


@pytest.mark.usefixtures("leftovers")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_thread_whose_stream_was_on_a_loop_that_breaks_is_free_again(
    loop: EventLoop, app: Careless
) -> None:
    """It has waited for room, which nobody would make any more."""
    with wide_lane_to(app, loop, threads=1) as caller:
        caller.send("endless")
        wait_until(lambda: app.inside == 1)
        loop.settle(spoil())
        assert isinstance(last := caller.answers()[-1], gdproto.Error)
        assert "the event loop has ended" in last.message
        assert caller.call("plain") == 2


def test_what_ended_it_is_told() -> None:
    with said() as kept:
        loop = EventLoop()
        loop.settle(Careless().leave_in_a_task())
    assert "goes on: SystemExit: 3" in kept.text


@pytest.mark.parametrize("action", ["use", "use_items", "insist"])
def test_what_is_given_up_is_over_before_the_next_call(caller: Caller, action: str) -> None:
    for _ in range(2):
        number = caller.send(action)
        caller.cancel(number)
        last = caller.answers()[-1]
        assert isinstance(last, gdproto.Error)
        assert last.error_type == "DirtyCancelledError"
    assert caller.call("seen") == [1, 0]


@pytest.mark.usefixtures("leftovers")
@pytest.mark.parametrize("action", ["insist_for_ever", "insist_on_items"])
def test_a_lane_ends_with_what_does_not_end(action: str) -> None:
    app = Careless()
    app.init()
    with lane_to(app, EventLoop(0.05)) as caller:
        caller.cancel(caller.send(action))
        caller.thread.join(LIMIT_S)
        assert not caller.thread.is_alive()
        received: Any = b"more"
        while received:
            received = caller.wire.recv(65536)
