"""The live view, driven by its keys against a real arbiter, and once in a real terminal."""

from __future__ import annotations

import asyncio
import os
import pty
import select
import signal
import subprocess
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from dirty_runtime import DirtyClient, DirtyWorkerError
from dirty_runtime.cli.live_view import LiveView, Rows, StacksScreen
from dirty_runtime.testing import Arbiter
from gdproto import ManageOp

from .processes import LIMIT_S, ROOT, dirty, serving, wait_until
from .test_doing import DOING, Called, listed

Test = Callable[[LiveView, Pilot[None]], Awaitable[None]]


@pytest.fixture(scope="module")
def arbiter() -> Iterator[Arbiter]:
    with serving(DOING, workers=2, threads=2, options=("--graceful-timeout", "1")) as arbiter:
        yield arbiter


def driven(arbiter: Arbiter, test: Test) -> None:
    """The test with a view that asks the arbiter often."""

    async def run() -> None:
        with closing(arbiter.client()) as client:
            view = LiveView(client, 0.5)
            async with asyncio.timeout(LIMIT_S), view.run_test(size=(140, 50)) as pilot:
                await until(pilot, lambda: view.looks > 0)
                await test(view, pilot)

    asyncio.run(run())


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    while not holds():
        await pilot.pause(0.01)


def cells(view: LiveView, name: str) -> list[list[str]]:
    table = view.query_one(f"#{name}", Rows)
    return [[str(cell) for cell in table.get_row_at(row)] for row in range(table.row_count)]


def test_it_shows_rates_workers_and_calls_and_sorts_them(arbiter: Arbiter) -> None:
    with arbiter.client() as client:
        for _ in range(3):
            list(client.stream(DOING, "once"))

    async def test(view: LiveView, pilot: Pilot[None]) -> None:
        actions = cells(view, "actions")
        assert [row[1] for row in actions if row[0] == DOING] == ["once"]
        workers = view.query_one("#workers", Rows)
        workers.focus()
        assert {row[0] for row in cells(view, "workers")} == {"0", "1"}
        for _ in range(6):
            await pilot.press("s")
        # By slot: downwards, then upwards.
        assert [row[0] for row in cells(view, "workers")] == ["1", "0"]
        await pilot.press("S")
        assert [row[0] for row in cells(view, "workers")] == ["0", "1"]

    driven(arbiter, test)


def test_a_call_is_found_looked_into_and_killed(arbiter: Arbiter) -> None:
    called = Called(arbiter, "wait_here")

    async def test(view: LiveView, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: bool(cells(view, "calls")))
        view.query_one("#calls", Rows).focus()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(view.screen, StacksScreen))
        text = str(view.screen.query_one("#stacks", Static).render())
        assert "in wait_here" in text
        await pilot.press("escape", "k", "n")
        assert "wait_here" in listed(arbiter)
        await pilot.press("k", "y")
        await until(pilot, lambda: not cells(view, "calls"))

    driven(arbiter, test)
    assert isinstance(called.failed(), DirtyWorkerError)
    arbiter.wait_ready()


def test_a_worker_is_recycled(arbiter: Arbiter) -> None:
    arbiter.wait_ready()
    before = arbiter.pids()

    async def test(view: LiveView, pilot: Pilot[None]) -> None:
        view.query_one("#workers", Rows).focus()
        await pilot.press("r")
        await until(
            pilot,
            lambda: len({row[1] for row in cells(view, "workers")} - set(map(str, before))) == 1,
        )

    driven(arbiter, test)
    assert len(before - arbiter.pids()) <= 1


def test_it_waits_for_an_arbiter_that_is_not_there(arbiter: Arbiter) -> None:
    async def test(view: LiveView, pilot: Pilot[None]) -> None:
        socket, away = arbiter.socket_path, f"{arbiter.socket_path}.away"
        os.rename(socket, away)
        view._client.close()
        head = view.query_one("#head", Static)
        await until(pilot, lambda: "nobody answers" in str(head.render()))
        os.rename(away, socket)
        await until(pilot, lambda: "nobody answers" not in str(head.render()))

    driven(arbiter, test)


def test_it_shows_an_arbiter_that_drains() -> None:
    with serving(DOING) as arbiter:
        called = Called(arbiter, "wait_here")
        wait_until(lambda: "wait_here" in listed(arbiter))
        arbiter.signal(signal.SIGTERM)
        wait_until(lambda: not Path(arbiter.socket_path).exists())

        async def test(view: LiveView, pilot: Pilot[None]) -> None:
            assert "; it drains" in str(view.query_one("#head", Static).render())
            view.query_one("#calls", Rows).focus()
            await pilot.press("k", "y")
            while "nobody answers" not in str(view.query_one("#head", Static).render()):
                await pilot.pause(0.01)

        driven(arbiter, test)
        assert isinstance(called.failed(), DirtyWorkerError)


class Slow:
    """An arbiter whose first answer comes when it is let go; it tells which one it is."""

    def __init__(self) -> None:
        self.asked = 0
        self.may_answer = threading.Event()

    def status(self) -> dict[str, Any]:
        self.asked += 1
        told = {"arbiter_pid": self.asked, "workers": []}
        if self.asked == 1:
            assert self.may_answer.wait(LIMIT_S)
        return told

    def manage(self, op: ManageOp) -> dict[str, Any]:
        return {"calls": []}


def test_an_answer_that_a_later_one_has_overtaken_is_not_shown() -> None:
    async def run() -> str:
        slow = Slow()
        view = LiveView(cast(DirtyClient, slow), LIMIT_S)
        async with asyncio.timeout(LIMIT_S), view.run_test() as pilot:
            await until(pilot, lambda: slow.asked == 1)
            view.look()
            await until(pilot, lambda: view.looks == 1)
            slow.may_answer.set()
            await view.workers.wait_for_complete()
            return str(view.query_one("#head", Static).render())

    assert asyncio.run(run()).startswith("arbiter 2,")


def test_it_runs_in_a_terminal_and_quits_by_a_key(arbiter: Arbiter) -> None:
    ours, theirs = pty.openpty()
    words = dirty("top", "--socket", arbiter.socket_path)
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"}
    process = subprocess.Popen(
        words, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    )
    os.close(theirs)
    said, due_s = b"", time.monotonic() + LIMIT_S
    while b"calls/s" not in said and time.monotonic() < due_s:
        if select.select([ours], [], [], 1)[0]:
            said += os.read(ours, 65536)
    assert b"calls/s" in said
    os.write(ours, b"q")
    while process.poll() is None and time.monotonic() < due_s:
        if select.select([ours], [], [], 0.1)[0]:
            try:
                os.read(ours, 65536)
            except OSError:
                break
    assert process.wait(LIMIT_S) == 0
    os.close(ours)
