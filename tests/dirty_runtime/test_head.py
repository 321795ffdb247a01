"""The head of several arbiters without their processes: what they tell it, what it asks them."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

import gdproto
from dirty_runtime import DirtyConnectionError, DirtyProtocolError
from dirty_runtime.app import AppSpec
from dirty_runtime.arbiter.clock import Clock
from dirty_runtime.arbiter.lifetime import Lifetime
from dirty_runtime.arbiter.several.answers import HeadAnswers
from dirty_runtime.arbiter.several.branches import Branches, Grown
from dirty_runtime.arbiter.several.channel import ASKS, BEAT, CALLER, FAILED, LEAVES, READY, Channel
from dirty_runtime.arbiter.several.whole import Whole
from dirty_runtime.arbiter.stash.memory import MemoryStash
from dirty_runtime.arbiter.succession import Start
from dirty_runtime.arbiter.workers.template import Start as Ordered
from dirty_runtime.settings import Config, ConfigError
from gdproto import ManageOp

from .processes import LIMIT_S

NOBODY = (0, 0)


class Process:
    """Of one branch, which ends when it is told to."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self.taken = 0
        self.channel = Channel(end)
        self.end: Callable[[], None] = lambda: None

    def when_ended(self, told: Callable[[], None]) -> None:
        self.end = told

    def ending(self) -> str:
        return "killed by SIGKILL"

    def hears(self) -> bytes:
        """The kind of what it is told next, empty where that is nothing."""
        with suppress(BlockingIOError):
            data, fds, _, _ = socket.recv_fds(self._end, 100, 1)
            for number in fds:
                os.close(number)
            return data[:1]
        return b""

    def kill(self) -> None:
        self.channel.close()
        self.end()


class Templates:
    """Start such processes."""

    def __init__(self) -> None:
        self.started: list[Process] = []

    def start(self, ordered: Ordered) -> Process:
        ((_, number),) = ordered.fds
        self.started.append(Process(socket.socket(fileno=os.dup(number))))
        return self.started[-1]


class Told:
    """Branches of such processes, and what has been told of them."""

    def __init__(self, count: int) -> None:
        self.templates: Any = Templates()
        self.said: list[object] = []
        self.branches = Branches(
            Start(("dirty",), "", {}),
            [1] * count,
            self.templates,
            self._asked,
            lambda: self.said.append("started"),
            self.said.append,
            self.said.append,
            Clock(),
        )

    def _asked(self, connection: socket.socket, peer: tuple[int, int]) -> None:
        with connection:
            self.said.append((connection.recv(10), peer))

    def dealt(self) -> int:
        """To which one that calls is dealt, which takes him."""
        caller, there = socket.socketpair()
        with there:
            self.branches.deal(caller)
            ((index, taker),) = (
                (index, one)
                for index, one in enumerate(self.templates.started)
                if one.hears() == CALLER
            )
            taker.taken += 1
            assert caller.fileno() >= 0
            self.tell(index, BEAT, str(taker.taken))
            # It has him, and nobody else.
            assert caller.fileno() < 0
        return int(index)

    def tell(self, index: int, kind: bytes, text: str = "") -> None:
        """Have the branch say so, and the head hear it."""
        assert self.templates.started[index].channel.tell(kind, text)
        self.hear(index)

    def hear(self, index: int) -> None:
        """Have the head take what the branch has said."""
        channel = self.branches.all[index].channel
        assert channel is not None
        channel.take()


def with_branches(test: Callable[[Told], object], count: int = 2) -> None:
    async def run() -> None:
        told = Told(count)
        told.branches.start()
        try:
            test(told)
        finally:
            told.branches.kill()

    asyncio.run(run())


def test_all_serve_before_it_is_told_that_they_do() -> None:
    def test(told: Told) -> None:
        told.tell(0, READY)
        assert told.said == []
        told.tell(1, READY)
        assert told.said == ["started"]

    with_branches(test)


def test_what_one_says_that_cannot_start_is_the_reason() -> None:
    def test(told: Told) -> None:
        told.tell(0, READY)
        told.tell(1, FAILED, "it is broken")
        assert told.said == ["it is broken"]

    with_branches(test)


def test_one_that_ends_before_it_serves_is_the_reason() -> None:
    def test(told: Told) -> None:
        told.templates.started[1].kill()
        assert told.said == ["arbiter 1 ended before it served: killed by SIGKILL"]

    with_branches(test)


def test_one_that_cannot_start_again_ends_nobody(caplog: pytest.LogCaptureFixture) -> None:
    def test(told: Told) -> None:
        told.tell(0, READY)
        told.tell(1, READY)
        told.tell(1, FAILED, "it is broken")
        assert told.said == ["started"]

    with_branches(test)
    assert "arbiter 1 cannot start: it is broken" in caplog.messages


def test_what_one_asks_comes_with_who_is_behind_it() -> None:
    def test(told: Told) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.send(b"a question")
            assert told.templates.started[1].channel.give(ASKS, theirs, (7, 8))
            told.hear(1)
        assert told.said == [(b"a question", (7, 8))]

    with_branches(test)


def test_who_calls_is_dealt_to_one_that_leaves_only_where_there_is_no_other() -> None:
    def test(told: Told) -> None:
        assert sorted(told.dealt() for _ in range(3)) == [0, 1, 2]
        told.tell(1, LEAVES)
        assert {told.dealt() for _ in range(6)} == {0, 2}
        told.tell(0, LEAVES)
        told.tell(2, LEAVES)
        assert {told.dealt() for _ in range(3)} == {0, 1, 2}

    with_branches(test, 3)


STATE: Any = {
    "worker_count": 0, "clients": 0, "restarts": 0, "waiting_bytes": 0, "passed_bytes": 0,
    "log_dropped": 0, "restart_reasons": {}, "queues": {}, "last_boot_error": "",
    "reload_failure": "", "waits": {}, "lately": 0.0, "actions": [], "resources": {}, "down": {},
    "reloading": False, "draining": None, "workers": [],
}  # fmt: skip


UP: Any = SimpleNamespace(is_open=True)


class Scaled(Branches):
    """Branches that serve, and have at once as many workers as they are told to.

    Attributes:
        workers: how many each has.
        deaf: which takes no orders.
        told: what else the state of one has, by its number.
    """

    def __init__(self, *workers: int) -> None:
        nothing: Any = None
        super().__init__(nothing, workers, *[nothing] * 5, Clock())
        self.workers = list(workers)
        self.deaf: int | None = None
        self.told: dict[int, dict[str, Any]] = {}
        for one in self.all:
            one.channel, one.has_served = UP, True

    async def ask(self, one: Grown, message: gdproto.Message, *_: Any) -> object:
        if one.is_silent or not one.is_up:
            raise one.unheard()
        if isinstance(message, gdproto.Manage):
            if one.index == self.deaf:
                raise one.unheard()
            if message.op == ManageOp.RELOAD:
                return {"success": True, "operation": "reload"}
            by = message.count if message.op == ManageOp.ADD else -message.count
            self.workers[one.index] += by
            told = {"spawned" if by > 0 else "removed": abs(by)}
        else:
            told = STATE | {"worker_count": self.workers[one.index]} | self.told.get(one.index, {})
        return told | {"target_workers": self.workers[one.index]}


class Asked:
    """What is answered of branches.

    Args:
        upgrade: why the last one failed; empty where one is under way.
        read: reads the settings of all again.

    Attributes:
        stash: of all.
        renewed: how often the settings of all were taken.
    """

    def __init__(
        self,
        branches: Branches,
        most: int = 64,
        upgrade: str = "",
        read: Callable[[], Config] | None = None,
    ) -> None:
        self.stash = MemoryStash()
        self.renewed = 0
        apps = (AppSpec("m:A", None),)
        self.config = Config(apps, "/s", workers=2, arbiters=2, max_workers=most)
        whole = Whole(self.config, read, Clock(), self._renewed)
        succession: Any = SimpleNamespace(is_under_way=not upgrade, failure=upgrade)
        self.lifetime = Lifetime(Clock())
        self.answers = HeadAnswers(branches, self.lifetime, succession, self.stash, whole)
        self.whole = whole

    def _renewed(self) -> None:
        self.renewed += 1


def scaled(branches: Branches, op: ManageOp, count: int, most: int = 64) -> Any:
    """What is answered to who has them scaled."""
    return asyncio.run(Asked(branches, most).answers.scale(op, count, NOBODY))


@pytest.mark.parametrize(
    ("op", "count", "told", "targets"),
    [
        (ManageOp.ADD, 1, {"spawned": 1, "operation": "add"}, [2, 3]),
        (ManageOp.ADD, 3, {"spawned": 3, "operation": "add"}, [4, 3]),
        (ManageOp.REMOVE, 2, {"removed": 2, "operation": "remove"}, [1, 1]),
        (ManageOp.SET, 8, {"spawned": 4, "operation": "set"}, [4, 4]),
        (ManageOp.SET, 3, {"removed": 1, "operation": "set"}, [1, 2]),
        (ManageOp.SET, 4, {"removed": 0, "operation": "set"}, [1, 3]),
    ],
)
def test_orders_make_the_parts_even(
    op: ManageOp, count: int, told: dict[str, Any], targets: list[int]
) -> None:
    branches = Scaled(1, 3)
    answer = scaled(branches, op, count)
    assert answer == {
        "success": True, "requested": count, **told,
        "total_workers": sum(targets), "target_workers": sum(targets),
    }  # fmt: skip
    assert branches.workers == targets


def test_more_than_may_be_is_refused_by_the_field() -> None:
    branches = Scaled(2, 2)
    assert scaled(branches, ManageOp.ADD, 1, most=5)["spawned"] == 1
    with pytest.raises(DirtyProtocolError, match="6 workers are more than max-workers, 5") as no:
        scaled(branches, ManageOp.ADD, 1, most=5)
    assert (no.value.code, no.value.path) == ("invalid_field_value", "count")
    assert branches.workers == [3, 2]
    # They have changed since by what was no order.
    branches.workers = [1, 2]
    assert scaled(branches, ManageOp.SET, 5, most=5)["spawned"] == 2


def test_what_is_not_done_is_told_with_the_reason() -> None:
    branches = Scaled(2, 2)
    answer = scaled(branches, ManageOp.REMOVE, 3)
    assert (answer["removed"], answer["reason"]) == (2, "each arbiter keeps at least one worker")
    branches = Scaled(1, 1)
    branches.deaf = 0
    answer = scaled(branches, ManageOp.ADD, 4)
    assert (answer["spawned"], answer["reason"]) == (2, "arbiter 0 does not answer for now")
    assert branches.workers == [1, 3]


@pytest.mark.parametrize("is_there", [True, False], ids=["silent", "gone"])
def test_who_does_not_answer_gets_no_orders_and_keeps_his_workers(is_there: bool) -> None:
    branches = Scaled(3, 1, 1)
    one = branches.all[1]
    one.is_silent, one.channel = is_there, UP if is_there else None
    answer = scaled(branches, ManageOp.ADD, 2)
    assert (answer["spawned"], answer["target_workers"], answer["total_workers"]) == (2, 7, 6)
    assert branches.workers == [3, 1, 3]


def test_the_state_of_all_has_what_the_head_alone_knows() -> None:
    branches = Scaled(1, 1)
    asked = Asked(branches)
    asyncio.run(asked.stash.put("t", "k", gdproto.Encoded(gdproto.encode(b"x" * 1000))))
    state: Any = asyncio.run(asked.answers.state(NOBODY))
    assert (state["arbiter_pid"], state["silent"]) == (os.getpid(), {})
    assert (state["upgrading"], state["upgrade_failure"]) == (True, "")
    assert state["stash_bytes"] == asked.stash.bytes > 1000
    assert 0 <= state["uptime"] < LIMIT_S
    assert not state["reloading"]
    asked = Asked(branches, upgrade="it is broken")
    branches.all[1].is_silent = True
    state = asyncio.run(asked.answers.state(NOBODY))
    assert (state["upgrading"], state["upgrade_failure"]) == (False, "it is broken")
    assert list(state["silent"]) == ["1"]


def test_of_an_end_that_branches_have_not_heard_of_the_state_tells_at_once() -> None:
    branches = Scaled(1, 1)
    branches.told[0] = {"queues": {"m:A": 2}, "workers": [{"age": 1, "busy": 1}]}
    branches.told[1] = {"draining": {"running": 4, "waiting": 3, "left": 0.1}}
    asked = Asked(branches)
    state: Any = asyncio.run(asked.answers.state(NOBODY))
    assert state["draining"] == branches.told[1]["draining"]
    asked.lifetime.drain(600.04)
    state = asyncio.run(asked.answers.state(NOBODY))
    assert (state["draining"]["running"], state["draining"]["waiting"]) == (5, 5)
    left = state["draining"]["left"]
    assert 600 - LIMIT_S < left == round(left, 1) <= 600


def test_settings_that_cannot_be_had_are_told_until_they_can() -> None:
    may_read, problem = threading.Event(), ["it is broken"]

    def read() -> Config:
        may_read.wait(LIMIT_S)
        if problem:
            raise ConfigError(problem.pop())
        return replace(asked.config, max_workers=7)

    async def test() -> None:
        async def state() -> tuple[bool, str]:
            told: Any = await asked.answers.state(NOBODY)
            return told["reloading"], told["reload_failure"]

        renewing = asyncio.ensure_future(asked.whole.renew())
        await asyncio.sleep(0)
        assert await state() == (True, "")
        may_read.set()
        assert await renewing is False
        assert await state() == (False, "it is broken")
        assert (asked.renewed, asked.whole.config.max_workers) == (0, 64)
        assert await asked.whole.renew()
        assert await state() == (False, "")
        assert (asked.renewed, asked.whole.config.max_workers) == (1, 7)

    asked = Asked(Scaled(1, 1), read=read)
    asyncio.run(test())


def test_a_reload_is_of_what_is_for_all_too_or_of_nothing() -> None:
    branches = Scaled(1, 1)
    asked = Asked(branches)
    client: Any = SimpleNamespace(pid=0, uid=0)

    async def manage() -> Any:
        told = await asked.answers.manage(gdproto.Manage(1, ManageOp.RELOAD), client)
        for _ in range(3):
            await asyncio.sleep(0)
        return told

    def reload() -> Any:
        return asyncio.run(manage())

    assert reload()["total_workers"] == 2
    assert asked.renewed == 1
    branches.all[1].is_silent = True
    with pytest.raises(DirtyConnectionError, match="arbiter 1 does not answer"):
        reload()
    assert asked.renewed == 1
