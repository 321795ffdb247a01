"""The head of several arbiters without their processes: what they tell it, what it asks them."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

import gdproto
from dirty_runtime import DirtyProtocolError
from dirty_runtime.arbiter.clock import Clock
from dirty_runtime.arbiter.lifetime import Lifetime
from dirty_runtime.arbiter.several.answers import HeadAnswers
from dirty_runtime.arbiter.several.branches import Branches, Grown
from dirty_runtime.arbiter.several.channel import FAILED, READY, Channel
from dirty_runtime.arbiter.stash.memory import MemoryStash
from dirty_runtime.arbiter.succession import Start
from dirty_runtime.arbiter.workers.template import Start as Ordered
from gdproto import ManageOp

NOBODY = (0, 0)


class Process:
    """Of one branch, which ends when it is told to."""

    def __init__(self, end: socket.socket) -> None:
        # Its end of the channel.
        self.channel = Channel(end)
        self.end: Callable[[], None] = lambda: None

    def when_ended(self, told: Callable[[], None]) -> None:
        self.end = told

    def ending(self) -> str:
        return "killed by SIGKILL"

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
            lambda one, peer: one.close(),
            lambda: self.said.append("started"),
            self.said.append,
            self.said.append,
            Clock(),
        )

    def tell(self, index: int, kind: bytes, text: str = "") -> None:
        """Have the branch say so, and the head hear it."""
        channel = self.branches.all[index].channel
        assert self.templates.started[index].channel.tell(kind, text)
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


STATE: Any = {
    "worker_count": 0, "clients": 0, "restarts": 0, "waiting_bytes": 0, "passed_bytes": 0,
    "log_dropped": 0, "restart_reasons": {}, "queues": {}, "last_boot_error": "",
    "reload_failure": "", "waits": {}, "lately": 0.0, "actions": [], "resources": {}, "down": {},
    "reloading": False, "draining": None, "workers": [],
}  # fmt: skip


UP: Any = SimpleNamespace(is_open=True)


class Scaled(Branches):
    """Branches that are up, and have at once as many workers as they are told to.

    Attributes:
        deaf: which takes no orders.
    """

    deaf: int | None = None

    def __init__(self, *targets: int) -> None:
        nothing: Any = None
        super().__init__(nothing, targets, *[nothing] * 5, Clock())
        for one in self.all:
            one.channel = UP

    async def ask(self, one: Grown, message: gdproto.Message, *_: Any) -> object:
        if one.is_silent:
            raise one.unheard()
        if isinstance(message, gdproto.Status):
            return STATE | {"target_workers": one.target, "worker_count": one.target}
        assert isinstance(message, gdproto.Manage)
        if one.index == self.deaf:
            raise one.unheard()
        by = message.count if message.op == ManageOp.ADD else -message.count
        return {"spawned" if by > 0 else "removed": abs(by), "target_workers": one.target + by}


def scaled(branches: Branches, op: ManageOp, count: int, most: int = 64) -> Any:
    """What is answered to who has them scaled."""
    succession: Any = SimpleNamespace(is_under_way=False, failure="")
    answers = HeadAnswers(branches, Lifetime(Clock()), succession, MemoryStash(), lambda: most)
    return asyncio.run(answers.scale(op, count, NOBODY))


@pytest.mark.parametrize(
    ("op", "count", "told", "targets"),
    [
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
    assert [one.target for one in branches.all] == targets


def test_more_than_may_be_is_refused_by_the_field() -> None:
    branches = Scaled(2, 2)
    assert scaled(branches, ManageOp.ADD, 1, most=5)["spawned"] == 1
    with pytest.raises(DirtyProtocolError, match="6 workers are more than max-workers, 5") as no:
        scaled(branches, ManageOp.ADD, 1, most=5)
    assert (no.value.code, no.value.path) == ("invalid_field_value", "count")
    assert sum(one.target for one in branches.all) == 5


def test_what_is_not_done_is_told_with_the_reason() -> None:
    branches = Scaled(2, 2)
    answer = scaled(branches, ManageOp.REMOVE, 3)
    assert (answer["removed"], answer["reason"]) == (2, "each arbiter keeps at least one worker")
    branches = Scaled(1, 1)
    branches.deaf = 0
    answer = scaled(branches, ManageOp.ADD, 4)
    assert (answer["spawned"], answer["reason"]) == (2, "arbiter 0 does not answer for now")
    assert [one.target for one in branches.all] == [1, 3]


def test_who_is_silent_gets_no_orders_and_keeps_his_workers() -> None:
    branches = Scaled(3, 1, 1)
    branches.all[1].is_silent = True
    answer = scaled(branches, ManageOp.ADD, 2)
    assert (answer["spawned"], answer["target_workers"], answer["total_workers"]) == (2, 7, 6)
    assert [one.target for one in branches.all] == [3, 1, 3]
