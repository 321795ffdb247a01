"""What runs and waits, where workers are, and how an operator ends either.

One arbiter serves the file: each test takes a worker as it is, and leaves none that hangs.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import threading
from collections.abc import Iterator
from typing import Any

import pytest

import gdproto
from dirty_runtime import (
    DirtyCancelledError,
    DirtyError,
    DirtyProtocolError,
    DirtyTimeoutError,
    DirtyWorkerError,
)
from dirty_runtime.arbiter.workers.stacks import Stacks, read
from dirty_runtime.cli.doing import stack_lines
from dirty_runtime.cli.drawing import user_name
from dirty_runtime.stacks import MARK
from dirty_runtime.testing import Arbiter
from gdproto import ManageOp

from .processes import LIMIT_S, OURS, dirty, run_dirty, serving, wait_until, wait_until_logged

DOING = "tests.dirty_runtime.doing:Doing"


@pytest.fixture(scope="module")
def arbiter() -> Iterator[Arbiter]:
    options = ("--timeout", "60", "--graceful-timeout", "1", "--max-crashes", "1000")
    with serving(DOING, threads=4, options=options) as arbiter:
        yield arbiter


class Called:
    """A call in a thread of its own."""

    def __init__(self, arbiter: Arbiter, action: str, app: str = DOING) -> None:
        self.error: DirtyError | None = None
        self.items: list[Any] = []
        self._arbiter, self._call = arbiter, (app, action)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            with self._arbiter.client(LIMIT_S) as client:
                if "stream" in self._call[1]:
                    for item in client.stream(*self._call):
                        self.items.append(item)
                else:
                    client.execute(*self._call)
        except DirtyError as error:
            self.error = error

    def failed(self) -> DirtyError:
        self._thread.join(LIMIT_S)
        assert self.error is not None
        return self.error


def manage(arbiter: Arbiter, op: ManageOp, **named: int) -> dict[str, Any]:
    with arbiter.client() as client:
        return client.manage(op, **named)


def listed(arbiter: Arbiter) -> dict[str, dict[str, Any]]:
    """The calls by their actions."""
    calls = manage(arbiter, ManageOp.CALLS)["calls"]
    return {call["action"]: call for call in calls}


def stood(arbiter: Arbiter) -> str:
    """Where the worker's threads and tasks are."""
    (told,) = manage(arbiter, ManageOp.STACKS, slot=0)["stacks"]
    return f"{told['threads']}\n{told['tasks']}\n"


@contextlib.contextmanager
def doing(arbiter: Arbiter, *actions: str) -> Iterator[dict[str, Called]]:
    """The actions run; at the end their worker is killed, and there is another."""
    arbiter.wait_ready()
    called = {action: Called(arbiter, action) for action in actions}
    try:
        wait_until(lambda: set(actions) <= set(listed(arbiter)))
        # A call is listed when it is sent; its worker may have to come to it still.
        wait_until(lambda: all(f"in {name}\n" in stood(arbiter) for name in actions))
        wait_until(lambda: all(one.items for name, one in called.items() if "stream" in name))
        yield called
    finally:
        if listed(arbiter):
            before = arbiter.pids()
            manage(arbiter, ManageOp.KILL, slot=0)
            wait_until(lambda: not before & arbiter.pids())
        arbiter.wait_ready()


def test_what_runs_is_listed_with_who_called(arbiter: Arbiter) -> None:
    with doing(arbiter, "wait_here", "wait_in_a_task"):
        call = listed(arbiter)["wait_here"]
        (pid,) = arbiter.pids()
        assert (call["app"], call["slot"], call["worker"]) == (DOING, 0, pid)
        assert (call["client_pid"], call["client_user"]) == (os.getpid(), os.getuid())
        assert 0 <= call["ran"] <= call["age"] < LIMIT_S
        assert listed(arbiter)["wait_here"]["call"] == call["call"]
        shown = run_dirty("calls", "--socket", arbiter.socket_path).stdout
        assert re.search(rf"^c{call['call']} .*wait_here .* 0 \(pid {pid}\)", shown, re.MULTILINE)
        assert user_name(os.getuid()) in shown
        told = json.loads(run_dirty("calls", "--json", "--socket", arbiter.socket_path).stdout)
        assert {one["action"] for one in told["calls"]} == {"wait_here", "wait_in_a_task"}
        assert told["left_out"] == 0


def test_a_request_id_that_no_integer_of_an_answer_holds_is_told() -> None:
    with serving(OURS) as arbiter, socket.socket(socket.AF_UNIX) as connected:
        connected.connect(arbiter.socket_path)
        connected.sendall(gdproto.Request(2**64 - 1, OURS, "hold").to_bytes())
        wait_until(lambda: "hold" in listed(arbiter))
        assert listed(arbiter)["hold"]["request_id"] == str(2**64 - 1)
        assert arbiter.status()["workers"][0]["running"][0]["action"] == "hold"


def test_threads_and_tasks_are_told_where_they_are(arbiter: Arbiter) -> None:
    with doing(arbiter, "wait_here", "wait_in_a_task", "stream_in_a_task"):
        (told,) = manage(arbiter, ManageOp.STACKS)["stacks"]
        assert re.search(r"Thread 0x[0-9a-f]+ .*lane-\d .*\n.*threading.py", told["threads"])
        assert 'doing.py", line' in told["threads"]
        assert "in wait_here" in told["threads"]
        # Down to what they await, also within a stream.
        for inner, outer in (
            ("inner_task", "wait_in_a_task"),
            ("inner_stream", "stream_in_a_task"),
        ):
            assert re.search(rf" in {inner}\n.* in {outer}\n", told["tasks"]), told["tasks"]
        assert {call["action"] for call in told["running"]} == set(listed(arbiter))
        text = run_dirty("stacks", "0", "--socket", arbiter.socket_path).stdout
        assert re.match(rf"worker {told['worker']} \(slot 0\) runs c\d+ {DOING} ", text)
        assert "in inner_stream" in text


def test_threads_are_told_while_c_code_holds_the_interpreter(arbiter: Arbiter) -> None:
    with doing(arbiter, "hold_the_interpreter"):
        (told,) = manage(arbiter, ManageOp.STACKS, slot=0)["stacks"]
        assert "in hold_the_interpreter" in told["threads"]
        assert told["tasks"] is None
        text = run_dirty("stacks", "--socket", arbiter.socket_path).stdout
        assert "its interpreter, or its event loop, did not answer" in text


def test_who_asks_at_once_is_told_the_same(arbiter: Arbiter) -> None:
    with doing(arbiter, "hold_the_interpreter"):
        words = dirty("stacks", "--json", "--socket", arbiter.socket_path)
        asking = [subprocess.Popen(words, stdout=subprocess.PIPE) for _ in range(3)]
        told = [json.loads(one.communicate(timeout=LIMIT_S)[0]) for one in asking]
        assert all("hold_the_interpreter" in one[0]["threads"] for one in told)


def test_a_worker_that_nobody_waits_for_is_not_said_to_run_nothing() -> None:
    """It may hang in a call that was given up, which no list of calls has."""
    told = {"worker": 7, "slot": 0, "running": [], "threads": "Thread 1:\n  in c", "tasks": ""}
    first, *threads = stack_lines(told)
    assert first == "worker 7 (slot 0) runs nothing that anybody waits for"
    assert threads == ["Thread 1:", "  in c", ""]


@pytest.mark.parametrize(
    ("threads", "tasks", "lines"),
    [
        ("Thread 1:\n  in c", "Task a:\n  in b", ["Thread 1:", "  in c", "Task a:", "  in b"]),
        (
            "Thread 1:",
            None,
            ["Thread 1:", "Its tasks are not known: its interpreter, or its event"],
        ),
        (None, None, ["It does not tell where its threads are."]),
    ],
    ids=["both", "no tasks", "nothing"],
)
def test_stacks_are_lines(threads: str | None, tasks: str | None, lines: list[str]) -> None:
    calls = [{"call": number, "app": "m:App", "action": "act"} for number in (1, 2)]
    told = {"worker": 7, "slot": 0, "running": calls, "threads": threads, "tasks": tasks}
    first, *rest, last = stack_lines(told)
    assert first == "worker 7 (slot 0) runs c1 m:App act, c2 m:App act"
    # The last may be longer than here.
    assert [line[: len(start)] for line, start in zip(rest, lines, strict=True)] == lines
    assert last == ""


def test_a_worker_that_is_silent_leaves_its_stacks_in_the_log() -> None:
    with serving(DOING, options=("--timeout", "0.3")) as arbiter:
        assert isinstance(Called(arbiter, "hold_the_interpreter").failed(), DirtyTimeoutError)
        wait_until_logged(arbiter, "(slot 0) stood at:\n")
        wait_until_logged(arbiter, "in hold_the_interpreter\n")
        arbiter.wait_ready()
        assert arbiter.status()["restart_reasons"] == {"silence": 1}


def test_a_worker_that_crashes_leaves_its_stacks_in_the_log(arbiter: Arbiter) -> None:
    error = Called(arbiter, "crash").failed()
    assert "killed by SIGSEGV" in error.message
    wait_until_logged(arbiter, "(slot 0) ended by a fault:\n")
    log = arbiter.log.read_text()
    assert re.search(r"\n    Fatal Python error: Segmentation fault\n(    .*\n)+?.*in crash\n", log)
    wait_until(lambda: arbiter.status()["restart_reasons"].get("died") == 1)
    arbiter.wait_ready()


def test_a_call_is_killed_with_its_worker(arbiter: Arbiter) -> None:
    with doing(arbiter, "wait_here") as called:
        (before,) = arbiter.pids()
        number = listed(arbiter)["wait_here"]["call"]
        done = run_dirty("kill", f"c{number}", "--socket", arbiter.socket_path)
        assert done.stdout == f"killed c{number}: worker {before} (slot 0)\n"
        error = called["wait_here"].failed()
        assert isinstance(error, DirtyWorkerError)
        assert "killed it" in error.message
        wait_until(lambda: before not in arbiter.pids())
        assert arbiter.status()["restart_reasons"]["operator"] >= 1
        with pytest.raises(DirtyProtocolError, match=f"there is no call {number}"):
            manage(arbiter, ManageOp.KILL, call=number)


def test_a_worker_is_killed_by_its_slot_whatever_it_runs(arbiter: Arbiter) -> None:
    with doing(arbiter, "hold_the_interpreter") as called:
        assert run_dirty("kill", "0", "--socket", arbiter.socket_path).returncode == 0
        assert isinstance(called["hold_the_interpreter"].failed(), DirtyWorkerError)


def test_a_call_that_waits_is_ended_and_none_beside_it() -> None:
    with serving(OURS) as arbiter, arbiter.client() as client:
        stream = client.stream(OURS, "hold")
        assert next(stream) == "running"
        waiting = Called(arbiter, "pid", OURS)
        wait_until(lambda: "pid" in listed(arbiter))
        call = listed(arbiter)["pid"]
        assert (call["slot"], call["worker"], call["ran"]) == (None, None, None)
        word = f"c{call['call']}"
        done = run_dirty("kill", word, "--socket", arbiter.socket_path)
        assert done.stdout == f"killed {word}: it had no worker yet\n"
        assert isinstance(waiting.failed(), DirtyCancelledError)
        assert set(listed(arbiter)) == {"hold"}
        stream.close()


def test_a_worker_is_recycled_without_failing_a_call(arbiter: Arbiter) -> None:
    (before,) = arbiter.pids()
    done = run_dirty("recycle", "0", "--socket", arbiter.socket_path)
    assert done.stdout == f"recycling 0: worker {before} (slot 0)\n"
    wait_until(lambda: arbiter.pids() not in ({before}, set()))
    with arbiter.client() as client:
        assert list(client.stream(DOING, "once")) == [1]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("kill", "7"), "there is no worker in slot 7"),
        (("kill", "c99999"), "there is no call 99999"),
        (("recycle", "7"), "there is no worker in slot 7"),
        (("stacks", "7"), "there is no worker in slot 7"),
        (("kill", "x"), "'x' is neither a worker's slot"),
    ],
)
def test_what_is_not_there_is_told(arbiter: Arbiter, words: tuple[str, ...], told: str) -> None:
    done = run_dirty(*words, "--socket", arbiter.socket_path)
    assert done.returncode != 0
    assert told in done.stderr


def test_what_a_worker_in_trouble_says_is_read_as_far_as_it_goes() -> None:
    names = MARK + b'{"names": {"0x01": "lane-0"}}\n'
    threads = b"Thread 0x01 (most recent call first):\n  File"
    assert read(b"") == Stacks("", None)
    assert read(threads).threads == threads.decode()
    told = read(threads + names + MARK + b'{"tasks": "t"}\n')
    assert told == (threads.decode().replace("0x01", "0x01 lane-0"), "t")
    for odd in (b"{", b"[]", b'{"tasks": 3, "names": []}', b"\xff\n", MARK * 5):
        assert read(threads + MARK + odd) == (threads.decode(), None)
