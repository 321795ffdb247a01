"""What callers see when something of a cluster is gone, and what becomes of the workers."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dirty_runtime import (
    DirtyConnectionError,
    DirtyError,
    DirtyNoWorkersAvailableError,
    DirtyWorkerError,
)
from dirty_runtime.testing import Arbiter
from tests.dirty_runtime.processes import wait_until_logged

from .conftest import CLUSTER, LIMIT_S, Nodes, Serve, dirty, is_there, starting, until, worker_of

A, B, C = "apps:OnA", "apps:OnB", "apps:OnC"
# On a machine that does much else; Ray itself finds out about a node after some ten seconds.
SOON_S = 4.0


def lost_call(arbiter: Arbiter, app: str, begun: Path, lose: Callable[[], Any]) -> float:
    """Seconds from the loss until a call that ran was answered by DirtyWorkerError."""
    with arbiter.client(timeout=60) as client:
        call = client.submit(app, "wait", 60, str(begun))
        until(begun.exists, "it begins")
        began_s = time.monotonic()
        lose()
        with pytest.raises(DirtyWorkerError):
            call.result(30)
        return time.monotonic() - began_s


def test_a_bridge_and_an_actor_that_end_are_replaced(serve: Serve, tmp_path: Path) -> None:
    with serve(A) as arbiter:
        with arbiter.client() as client:
            actor, _ = client.execute(A, "where")
        before = worker_of(arbiter, A)
        took_s = lost_call(arbiter, A, tmp_path / "1", lambda: os.kill(actor, signal.SIGKILL))
        assert took_s < SOON_S
        after = until(lambda: (one := worker_of(arbiter, A)).get("booted") and one, "another")
        assert after["actor"] != before["actor"]
        with arbiter.client() as client:
            actor, _ = client.execute(A, "where")
        bridge = after["pid"]
        took_s = lost_call(arbiter, A, tmp_path / "2", lambda: os.kill(bridge, signal.SIGKILL))
        assert took_s < SOON_S
        until(lambda: not is_there(actor), "the actor ends with its bridge")
        until(lambda: worker_of(arbiter, A).get("booted"), "another")
        assert arbiter.status()["down"] == {}


def test_an_actor_that_leaves_a_child_is_gone_all_the_same(serve: Serve) -> None:
    with serve(A) as arbiter, arbiter.client(timeout=60) as client:
        began_s = time.monotonic()
        with pytest.raises(DirtyWorkerError):
            client.execute(A, "die_and_leave_a_child", 20)
        assert time.monotonic() - began_s < 2 * SOON_S


def test_who_waits_for_a_place_holds_nobody_up_and_is_told_why(nodes: Nodes) -> None:
    with starting(nodes.address, C, A) as arbiter:
        arbiter.wait_ready(1)
        with arbiter.client() as client:
            assert client.execute(A, "echo", 1) == 1
        waits = until(lambda: worker_of(arbiter, C).get("waits"), "it waits")
        assert "nodes has {CPU: 1, c: 1}: the most that one has is" in waits
        status = arbiter.status()
        assert (status["down"], status["last_boot_error"]) == ({}, "")
        nodes.tell("add c c")
        until(lambda: worker_of(arbiter, C).get("booted"), "it has a place")
        assert worker_of(arbiter, C)["waits"] is None
        with arbiter.client() as client:
            assert client.execute(C, "echo", 2) == 2


def test_a_reload_sends_new_code(serve: Serve, tmp_path: Path) -> None:
    shutil.copy(CLUSTER.with_name("apps.py"), path := tmp_path / "apps.py")
    with serve(A, directory=tmp_path) as arbiter, arbiter.client() as client:
        with pytest.raises(DirtyError):
            client.execute(A, "news")
        path.write_text(
            path.read_text().replace(
                "def where(", "def news(self):\n        return 7\n\n    def where("
            )
        )
        dirty("reload", "--wait", "90", "--socket", arbiter.socket_path)
        assert client.execute(A, "news") == 7


def test_an_app_does_not_say_where_its_worker_is(serve: Serve) -> None:
    with serve(A) as arbiter, arbiter.client(timeout=60) as client:
        lies = "waits it lies\nplaced elsewhere it\n" * 50
        client.execute(A, "say", f"{lies}leave it is tired\n")
        wait_until_logged(arbiter, "asks to be replaced: it is tired")
        assert "waits for a place: it lies" not in arbiter.log.read_text()


def test_slots_are_added_and_given_back(serve: Serve) -> None:
    with serve(A) as arbiter, arbiter.client(timeout=60) as client:
        dirty("scale", "+1", "--wait", "90", "--socket", arbiter.socket_path)
        assert {one["state"] for one in arbiter.status()["workers"]} == {"ready"}
        dirty("scale", "-1", "--socket", arbiter.socket_path)
        until(lambda: len(arbiter.status()["workers"]) == 1, "one leaves")
        assert client.execute(A, "echo", 3) == 3


def test_several_arbiters_have_workers_in_one_cluster(serve: Serve) -> None:
    def ready() -> dict[int, int]:
        # Who comes to one as it dies is told so.
        workers = list[dict[str, Any]]()
        with contextlib.suppress(DirtyConnectionError):
            workers = arbiter.status()["workers"]
        return {one["slot"]: one["pid"] for one in workers if one["booted"] and one["node"]}

    with serve(A, options=("--arbiters", "2"), workers=2) as arbiter:
        until(lambda: len(ready()) == 2, "each has one")
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(arbiter.client(timeout=60)) for _ in range(4)]
            assert len({client.execute(A, "where")[0] for client in clients}) == 2
        log = arbiter.log.read_text()
        killed = int(re.findall(r"arbiter (\d+) is one of 2", log)[0])
        before = ready()
        os.kill(killed, signal.SIGKILL)
        until(lambda: len(before.items() - ready().items()) == 1, "one bridge goes with it")
        until(lambda: len(ready()) == 2, "another")


def test_a_node_that_dies_under_load_leaves_nothing_unexplained(
    nodes: Nodes, serve: Serve, tmp_path: Path
) -> None:
    outcomes: Counter[str] = Counter()
    with serve(B, workers=2) as arbiter:
        over = threading.Event()

        def call() -> None:
            with arbiter.client(timeout=60) as client:
                number = 0
                while not over.is_set():
                    number += 1
                    try:
                        right = client.execute(B, "echo", number) == number
                        outcomes["right" if right else "wrong"] += 1
                    except (DirtyWorkerError, DirtyNoWorkersAvailableError) as error:
                        outcomes[type(error).__name__] += 1
                    except Exception as error:
                        outcomes[f"unexplained: {error!r}"] += 1

        callers = [threading.Thread(target=call) for _ in range(4)]
        for one in callers:
            one.start()
        until(lambda: outcomes["right"] > 100, "calls are answered")
        took_s = lost_call(arbiter, B, tmp_path / "b", lambda: nodes.tell("kill b"))
        assert took_s < SOON_S
        assert arbiter.status()["down"] == {}
        nodes.tell("add b b")
        before = outcomes["right"]
        until(lambda: outcomes["right"] > before + 100, "calls are answered again")
        over.set()
        for one in callers:
            one.join(LIMIT_S)
    assert set(outcomes) <= {"right", "DirtyWorkerError", "DirtyNoWorkersAvailableError"}, outcomes


def test_the_head_that_dies(nodes: Nodes, serve: Serve, tmp_path: Path) -> None:
    with serve(A) as arbiter:
        took_s = lost_call(arbiter, A, tmp_path / "a", lambda: nodes.tell("kill head"))
        assert took_s < SOON_S
        until(lambda: "cluster" in (worker_of(arbiter, A).get("waits") or ""), "it waits")
        assert arbiter.status()["down"] == {}
