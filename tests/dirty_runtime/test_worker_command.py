"""Workers in another language under our arbiter: the guide's worker, and broken ones."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import gdproto
from dirty_runtime import (
    DirtyAppError,
    DirtyClient,
    DirtyTimeoutError,
    DirtyWorkerError,
    StashClient,
)

from .processes import (
    LIMIT_S,
    ROOT,
    Arbiter,
    is_running,
    run_dirty,
    serving,
    wait_until,
    wait_until_logged,
)

APP = "shouter:Shouter"
GUIDE = (ROOT / "docs" / "guides" / "peer.md").read_text()
COMMAND = f"{sys.executable} worker.py"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Where the files of the guide are."""
    for name, text in re.findall(r'^```python title="(.*?)"\n(.*?)^```$', GUIDE, re.M | re.S):
        (tmp_path / name).write_text(text)
    return tmp_path


def options(directory: Path) -> tuple[str, ...]:
    return ("--chdir", str(directory), "--worker-command", COMMAND)


@pytest.fixture
def arbiter(directory: Path) -> Iterator[Arbiter]:
    with serving(APP, workers=2, threads=2, options=options(directory)) as arbiter:
        yield arbiter


@pytest.mark.proves("GD-ROLE-022")
def test_it_is_called_and_streams(arbiter: Arbiter) -> None:
    with arbiter.client() as client:
        assert client.execute(APP, "shout", "hello") == "HELLO"
        assert list(client.stream(APP, "letters", "abc")) == ["a", "b", "c"]
        with pytest.raises(DirtyAppError, match="has no action sing") as caught:
            client.execute(APP, "sing")
        assert caught.value.app_path == APP
        stream = client.stream(APP, "letters", "x" * 10**7)
        assert next(stream) == "x"
        stream.close()
        wait_until(lambda: all(worker["busy"] == 0 for worker in client.status()["workers"]))
        assert client.status()["restarts"] == 0


def test_a_program_that_is_gone_meanwhile_is_told_and_run_when_it_is_back(directory: Path) -> None:
    program = directory / "program"
    program.write_text(f"#!/bin/sh\nexec {COMMAND}\n")
    program.chmod(0o755)
    options = ("--chdir", str(directory), "--worker-command", "./program")
    with serving(APP, options=options) as arbiter:
        program.rename(directory / "away")
        (before,) = arbiter.pids()
        os.kill(before, signal.SIGKILL)
        wait_until_logged(arbiter, "it cannot be started: No such file or directory")
        (directory / "away").rename(program)
        with arbiter.client() as client:
            wait_until(lambda: client.status()["workers"] and arbiter.pids() != {before})
            client.wait_ready(LIMIT_S)
            assert client.execute(APP, "shout", "hello") == "HELLO"


def test_it_is_replaced_reloaded_and_stopped(arbiter: Arbiter, directory: Path) -> None:
    with arbiter.client() as client:
        first = arbiter.pids()
        os.kill(min(first), signal.SIGKILL)
        wait_until(lambda: len(arbiter.pids() - {min(first)}) == 2)
        # The signal that reopens logs would end a program that does not know it.
        arbiter.signal(signal.SIGUSR1)
        text = (directory / "worker.py").read_text().replace("text.upper()", "text + '!'")
        (directory / "worker.py").write_text(text)
        done = run_dirty("reload", "--wait", str(LIMIT_S), "--socket", arbiter.socket_path)
        assert done.stdout.startswith("reloaded; workers: 2 wanted, 2 ready")
        assert client.execute(APP, "shout", "hello") == "hello!"
        assert client.status()["restarts"] == 3
        last = arbiter.pids()
        assert not last & first
    arbiter.signal(signal.SIGTERM)
    assert arbiter.wait() == 0
    assert not any(map(is_running, last))


# --- beside Python's, and with what it tells ---

TOLD = {"workers": 1, "stashes": ["shouts"], "kill_on_cancel": True}


def test_it_serves_beside_python_and_tells_what_its_app_asks_for(directory: Path) -> None:
    text = (directory / "worker.py").read_text()
    attributes = f'"attributes": {{{APP!r}: {TOLD!r}}}, "extensions"'
    assert text.count('"extensions"') == 1
    (directory / "worker.py").write_text(text.replace('"extensions"', attributes))
    (directory / "sums.py").write_text(
        "from dirty_runtime import DirtyApp, stash\n"
        "class Sums(DirtyApp):\n"
        "    def add(self, a, b): return a + b\n"
    )
    words = ("--chdir", str(directory), "--launcher", f"shout={COMMAND}")
    with (
        serving(f"{APP}@shout", "sums:Sums", workers=2, options=words) as arbiter,
        arbiter.client() as client,
        StashClient(arbiter.socket_path) as stash,
    ):
        assert client.execute(APP, "shout", "hello") == "HELLO"
        assert client.execute("sums:Sums", "add", 1, 2) == 3
        assert stash.exists("shouts")

        def homes() -> list[list[str]]:
            found = client.status()["workers"]
            return [worker["apps"] for worker in found if worker["booted"]]

        wanted = [["sums:Sums"], ["sums:Sums"], [APP]]
        # A worker that lacks every app of its launcher waits for one, with none.
        wait_until(lambda: sorted(homes(), reverse=True) == [*wanted, []])
        before = arbiter.pids()
        stream = client.stream(APP, "letters", "x" * 10**7)
        assert next(stream) == "x"
        stream.close()
        wait_until(lambda: len(before - arbiter.pids()) == 1)
        wait_until(lambda: sorted(homes(), reverse=True) == [*wanted, []])
        assert client.execute(APP, "shout", "again") == "AGAIN"


def test_what_cannot_be_is_told_and_left_out(directory: Path) -> None:
    text = (directory / "worker.py").read_text()
    attributes = f'"attributes": {{{APP!r}: {{"workers": -1}}}}, "extensions"'
    (directory / "worker.py").write_text(text.replace('"extensions"', attributes))
    with serving(APP, options=options(directory)) as arbiter, arbiter.client() as client:
        assert client.execute(APP, "shout", "hello") == "HELLO"
        wait_until_logged(arbiter, f"app {APP}: workers is a number above 0, not -1")


# --- what goes wrong ---

HEAD = """
import json, os, socket, sys, time
from peer import *
sys.excepthook = lambda *error: os._exit(1)
lanes = [socket.socket(fileno=int(fd)) for fd in os.environ["GD_WORKER_FDS"].split(",")]
lane = lanes[0]
"""
READY = """
receive(lane)
send(lane, RESPONSE, 1, {"result": {"pid": 1, "apps": [], "version": "1", "extensions": []}})
"""
BROKEN_BOOTS = [
    ("os._exit(7)", "the worker ended before it was ready: exited with 7"),
    ("lane.sendall(b'HTTP/1.1 400 Bad Request'); time.sleep(600)", "bad_magic"),
    ("send(lane, CHUNK, 1, {'data': 1}); time.sleep(600)", "unexpected_message"),
    ("lane.close(); time.sleep(600)", "it lives, but closed its lane"),
    (
        "error = {'error_type': 'DirtyError', 'message': 'no model'}\n"
        "receive(lane); send(lane, ERROR, 1, {'error': error}); time.sleep(600)",
        "no model",
    ),
]


def started(directory: Path, command: str) -> subprocess.CompletedProcess[str]:
    words = ("serve", "--app", APP, "--socket", "socket", "--workers", "1")
    return run_dirty(*words, "--worker-command", command, cwd=directory)


@pytest.mark.parametrize(("text", "reason"), BROKEN_BOOTS, ids=lambda text: text[:20])
def test_a_boot_that_fails_is_told_at_once(directory: Path, text: str, reason: str) -> None:
    (directory / "broken.py").write_text(HEAD + text)
    done = started(directory, f"{sys.executable} broken.py")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert reason in line


def test_an_app_that_it_does_not_have_is_told(directory: Path) -> None:
    text = (directory / "worker.py").read_text().replace("shouter:", "singer:")
    (directory / "worker.py").write_text(text)
    assert f"there is no app {APP}" in started(directory, COMMAND).stderr


@pytest.mark.parametrize("more", [(), ("--check-config",)], ids=["serve", "check"])
def test_a_program_that_does_not_exist_is_told(directory: Path, more: tuple[str, ...]) -> None:
    words = ("--app", APP, "--socket", "s", "--worker-command", "./no-worker --fast")
    done = run_dirty("serve", *words, *more, cwd=directory)
    assert done.returncode == 1
    assert done.stderr == "Error: worker-command: there is no program ./no-worker\n"


def test_what_would_run_is_told_without_starting_it(directory: Path) -> None:
    words = ("--app", f"{APP}:1", "--socket", "s", "--worker-command", COMMAND)
    done = run_dirty("serve", *words, "--check-config", cwd=directory)
    assert done.returncode == 0
    assert f"worker-command: {COMMAND}" in done.stdout.splitlines()
    assert "worker 1: no app" in done.stdout.splitlines()


def test_launchers_are_told_as_they_were_given(directory: Path) -> None:
    given = [f"{name}={sys.executable} {name}.py" for name in ("b", "a", "c")]
    words = ["--app", APP, "--socket", "s", "--worker-command", COMMAND]
    words += [word for one in given for word in ("--launcher", one)]
    done = run_dirty("serve", *words, "--check-config", cwd=directory)
    told = [line for line in done.stdout.splitlines() if line.startswith("launcher ")]
    assert told == [f"launcher {one.replace('=', ': ', 1)}" for one in given]


def test_a_worker_that_does_not_list_cancel_is_sent_none(directory: Path) -> None:
    slow = """
while True:
    code, request_id, payload = receive(lane)
    if code != REQUEST:
        os._exit(9)
    time.sleep(payload["args"][0])
    send(lane, RESPONSE, request_id, {"result": payload["args"]})
"""
    (directory / "worker.py").write_text(HEAD + READY + slow)
    with serving(APP, options=options(directory)) as arbiter, arbiter.client() as client:
        with arbiter.client(0.2) as hasty, pytest.raises(DirtyTimeoutError):
            hasty.execute(APP, "any", 1)
        # What was given up is not taken for the answer to this one.
        assert client.execute(APP, "any", 0) == [0]
        assert client.status()["restarts"] == 0


OTHER = "shouter:Other"
# Each lane says whose it is, and answers a call by its number.
APART = """
import select
apps = [["shouter:Shouter"], ["shouter:Other"]]
for lane, own in zip(lanes, apps, strict=True):
    receive(lane)
    about = {"pid": 1, "apps": [*apps[0], *apps[1]], "version": "1", "extensions": []}
    send(lane, RESPONSE, 1, {"result": about | {"lane_apps": own}})
while True:
    for lane in select.select(lanes, [], [])[0]:
        _, request_id, _ = receive(lane)
        send(lane, RESPONSE, request_id, {"result": lanes.index(lane)})
"""


@pytest.mark.proves("GD-ROLE-029")
def test_an_app_is_called_on_its_lanes_alone(directory: Path) -> None:
    (directory / "worker.py").write_text(HEAD + APART)
    several = 20

    async def called(arbiter: Arbiter) -> list[Any]:
        async with DirtyClient(arbiter.socket_path, timeout=LIMIT_S) as client:
            asked = [client.execute_async(one, "any") for one in (APP, OTHER) * several]
            return await asyncio.gather(*asked)

    with serving(APP, OTHER, threads=2, options=options(directory)) as arbiter:
        assert asyncio.run(called(arbiter)) == [0, 1] * several


# It says that it takes several exchanges, and answers by whether more came before its answer.
ONE_BY_ONE = """
import select
receive(lane)
about = {"pid": 1, "apps": [], "version": "1", "exchanges": 8, "extensions": EXTENSIONS}
send(lane, RESPONSE, 1, {"result": about})
while True:
    _, request_id, _ = receive(lane)
    more = bool(select.select([lane], [], [], 0.05)[0])
    send(lane, RESPONSE, request_id, {"result": more})
"""


@pytest.mark.proves("GD-ROLE-033")
@pytest.mark.parametrize("extensions", [[], ["cancel"], ["flow"]], ids=str)
def test_who_does_not_list_both_has_one_exchange_at_a_time(
    directory: Path, extensions: list[str]
) -> None:
    text = HEAD + ONE_BY_ONE.replace("EXTENSIONS", str(extensions))
    (directory / "worker.py").write_text(text)
    asked = b"".join(gdproto.Request(number, APP, "any").to_bytes() for number in (1, 2, 3))
    with (
        serving(APP, options=options(directory)) as arbiter,
        socket.socket(socket.AF_UNIX) as client,
    ):
        client.connect(arbiter.socket_path)
        client.settimeout(LIMIT_S)
        client.sendall(asked)
        answers = (answer for _, answer in zip(range(3), received(client), strict=False))
        assert [answer.to_bytes() for answer in answers] == [
            gdproto.Response(number, False).to_bytes() for number in (1, 2, 3)
        ]


def received(client: socket.socket) -> Iterator[gdproto.Message]:
    """The frames that come, one after the other."""
    with client.makefile("rb") as stream:
        while head := stream.read(gdproto.HEADER_BYTES):
            yield gdproto.parse(head + stream.read(gdproto.parse_header(head).length))


@pytest.mark.parametrize("size", [1000, 3 * 2**20], ids=["small", "large"])
@pytest.mark.parametrize("after", ["b'HTTP/1.1 400 Bad Request'", "frame"], ids=["bytes", "frame"])
def test_an_answer_with_a_fault_behind_it_is_an_answer(
    directory: Path, size: int, after: str
) -> None:
    wrong = f"""
_, request_id, _ = receive(lane)
import gdproto
frame = gdproto.Response(request_id, b"x" * {size}).to_bytes()
lane.sendall(frame + {after})
time.sleep(600)
"""
    (directory / "worker.py").write_text(HEAD + READY + wrong)
    with serving(APP, options=options(directory)) as arbiter, arbiter.client() as client:
        before = arbiter.pids()
        assert client.execute(APP, "any") == b"x" * size
        wait_until(lambda: bool(arbiter.pids() - before))


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("lane.sendall(b'HTTP/1.1 400 Bad Request')", "bad_magic"),
        ("lane.close()", "it lives, but closed its lane"),
    ],
    ids=["bad bytes", "closed"],
)
def test_a_worker_that_fails_its_lane_is_replaced_at_once(
    directory: Path, fault: str, reason: str
) -> None:
    wrong = f"receive(lane); {fault}; time.sleep(600)"
    (directory / "worker.py").write_text(HEAD + READY + wrong)
    with serving(APP, options=options(directory)) as arbiter, arbiter.client() as client:
        before = arbiter.pids()
        with pytest.raises(DirtyWorkerError, match=reason):
            client.execute(APP, "any")
        wait_until(lambda: bool(arbiter.pids() - before))
        wait_until_logged(arbiter, f"is killed: {reason}")
