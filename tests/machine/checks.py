"""``checks.py OUT``: what becomes of the service under systemd, told in OUT/told.json."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from dirty_runtime import DirtyClient, DirtyError
from gdproto import ManageOp

APP = "looked_after:LookedAfter"
UNIT = "dirty.service"
SOCKET = "/run/dirty/calls"
HOLD = Path("/run/hold")
SERVICE_LOG = Path("/run/service.log")
ARBITER = "dirty-arbiter"
CGROUPS = Path("/sys/fs/cgroup")
LIMIT_S = 60.0
DIRTY = "/opt/dirty/bin/dirty"

told: dict[str, Any] = {}


def systemctl(*words: str) -> str:
    done = subprocess.run(["systemctl", *words], capture_output=True, text=True, timeout=LIMIT_S)
    return (done.stdout + done.stderr).strip()


def show(*names: str) -> dict[str, str]:
    lines = systemctl("show", "--property", ",".join(names), UNIT).splitlines()
    return dict(line.split("=", 1) for line in lines)


def state() -> str:
    shown = show("ActiveState", "SubState")
    return f"{shown['ActiveState']} {shown['SubState']}"


def main_pid() -> int:
    return int(show("MainPID")["MainPID"])


def until(is_so: Callable[[], object], what: str) -> None:
    until_s = time.monotonic() + LIMIT_S
    while not is_so():
        if time.monotonic() > until_s:
            raise TimeoutError(f"{what}: {show('ActiveState', 'SubState', 'Result', 'StatusText')}")
        time.sleep(0.05)


def seen(*states: str) -> str:
    """The first of the states, when the unit is in it."""
    found: list[str] = []
    until(lambda: found.append(state()) or found[-1] in states, f"never {states}")
    return found[-1]


def call(action: str, *args: object, socket: str = SOCKET) -> Any:
    with DirtyClient(socket, LIMIT_S) as client:
        return client.execute(APP, action, *args)


@contextmanager
def held() -> Iterator[None]:
    """The app waits, within."""
    HOLD.touch()
    try:
        yield
    finally:
        HOLD.unlink()


def starts() -> None:
    told["socket"] = systemctl("start", "dirty.socket")
    told["start"] = systemctl("start", UNIT)
    told["started"] = {**show("ActiveState", "StatusText"), "unit": main_pid()}
    with DirtyClient(SOCKET, LIMIT_S) as client:
        status = client.status()
    told["status"] = {"pid": status["arbiter_pid"], "limits": status["workers"][0]["limits"]}
    told["cgroup"] = call("cgroup")


def reloads() -> None:
    worker = call("pid")
    with held():
        os.kill(main_pid(), signal.SIGHUP)
        told["reloading"] = seen("reloading reload")
    told["reloaded"] = seen("active running")
    told["reloaded anew"] = call("pid") != worker


def runs_out_of_memory() -> None:
    try:
        told["oom"] = call("eat", 256 * 2**20)
    except DirtyError as error:
        told["oom"] = str(error)
    told["served after"] = call("eat", 1000)
    with DirtyClient(SOCKET, LIMIT_S) as client:
        told["reasons"] = client.status()["restart_reasons"]
    told["after oom"] = state()


def is_upgraded() -> None:
    before = main_pid()
    os.kill(before, signal.SIGUSR2)
    until(lambda: main_pid() != before and not Path(f"/proc/{before}").exists(), "no successor")
    told["upgraded"] = seen("active running")
    told["served by"] = call("pid") > 0
    told["restarts of upgrade"] = show("NRestarts")["NRestarts"]


def hangs() -> None:
    before = main_pid()
    pinged = show("WatchdogTimestampMonotonic")
    until(lambda: show("WatchdogTimestampMonotonic") != pinged, "it never told the watchdog")
    os.kill(before, signal.SIGSTOP)
    # What it ended by is gone as soon as it is started again: systemd says it.
    until(lambda: show("NRestarts")["NRestarts"] != "0", "no watchdog")
    # Who calls meanwhile waits in the socket.
    told["after watchdog"] = call("eat", 1000)
    told["restarts"] = show("NRestarts")["NRestarts"]


def stops() -> None:
    answers: list[Any] = []
    calls = threading.Thread(target=lambda: answers.append(call("hang")))
    with held():
        with DirtyClient(SOCKET, LIMIT_S) as client:
            calls.start()
            until(lambda: client.status()["workers"][0]["busy"], "no call")
        os.kill(main_pid(), signal.SIGTERM)
        told["stopping"] = seen("deactivating stop-sigterm")
    calls.join(LIMIT_S)
    told["answered"] = answers
    told["stopped"] = seen("inactive dead", "failed failed")
    told["result"] = show("Result")["Result"]
    told["left of the unit"] = (CGROUPS / "system.slice" / UNIT).exists()


def pids(client: DirtyClient) -> set[int]:
    return {worker["pid"] for worker in client.status()["workers"]}


def preloaded() -> None:
    """Workers that are forked from a template with their app, each in a cgroup of its own."""
    base, log, path = CGROUPS / "forked", Path("/run/forked.log"), "/run/forked"
    base.mkdir()
    words = [DIRTY, "serve", "--config", "/etc/dirty/dirty.conf.py", "--chdir", "/etc/dirty"]
    process = subprocess.Popen(
        [*words, "--socket", path, "--workers", "2", "--preload"],
        preexec_fn=lambda: (base / "cgroup.procs").write_text(str(os.getpid())),
        stderr=log.open("ab"),
    )
    with closing(DirtyClient(path, LIMIT_S)) as client:
        client.wait_ready(LIMIT_S)
        before = client.status()["workers"]
        told["forked"] = [
            {
                "by": worker["limits"]["memory_by"],
                "in": Path(f"/proc/{worker['pid']}/cgroup").read_text().strip(),
                "named": Path(f"/proc/{worker['pid']}/comm").read_text().strip(),
            }
            for worker in before
        ]
        template = int(re.findall(r"template (\d+) has loaded", log.read_text())[0])
        told["template"] = Path(f"/proc/{template}/cgroup").read_text().strip()
        try:
            told["oom of one forked"] = client.execute(APP, "eat", 256 * 2**20)
        except DirtyError as error:
            told["oom of one forked"] = str(error)
        client.wait_ready(LIMIT_S)
        after = pids(client)
        told["others of the forked"] = len(after & {worker["pid"] for worker in before})
        told["templates"] = len(re.findall(r"template \d+ has loaded", log.read_text()))
        client.manage(ManageOp.RELOAD)
        until(lambda: not client.status()["reloading"], "no end of the reload")
        until(lambda: not after & pids(client), "workers of before the reload live")
        limits = [worker["limits"]["memory_by"] for worker in client.status()["workers"]]
        told["forked anew"] = limits
    process.terminate()
    told["forked ended"] = process.wait(LIMIT_S)
    told["left of the forked"] = [path.name for path in base.iterdir() if path.is_dir()]
    told["log of the forked"] = log.read_text()


def alone() -> None:
    """An arbiter that nobody looks after, in a cgroup that is its own."""
    base, log = CGROUPS / "own", Path("/run/alone.log")
    base.mkdir()
    path = "/run/alone"
    words = [DIRTY, "serve", "--config", "/etc/dirty/dirty.conf.py", "--chdir", "/etc/dirty"]

    def below() -> list[str]:
        return sorted(path.name for path in base.iterdir() if path.is_dir())

    def enter() -> None:
        (base / "cgroup.procs").write_text(str(os.getpid()))

    def start(count: int, *options: str) -> subprocess.Popen[bytes]:
        output = log.open("ab")
        process = subprocess.Popen(
            [*words, "--socket", path, "--arbiters", str(count), "--workers", str(count), *options],
            preexec_fn=enter,
            stderr=output,
        )
        with closing(DirtyClient(path, LIMIT_S)) as client:
            client.wait_ready(LIMIT_S)
        return process

    def kill(process: subprocess.Popen[bytes]) -> set[str]:
        """Returns what it has left, when the next one may come."""
        process.kill()
        process.wait()
        until(lambda: "memory" not in (base / "cgroup.subtree_control").read_text(), "it is closed")
        return set(below())

    left = kill(start(1))
    second = start(2)
    told["left by one that was killed"] = len(left)
    told["left of it"] = sorted(left & set(below()) - {ARBITER})
    told["of two arbiters"] = len(below())
    # Its head alone: the others end by themselves.
    kill(second)
    next_one = start(1)
    next_one.terminate()
    told["ended"] = next_one.wait(LIMIT_S)
    told["left"] = below()
    # Another process in the same cgroup.
    other = subprocess.Popen(["sleep", "600"], preexec_fn=enter)
    third = start(1, "--max-memory-bytes", str(2**32))
    with DirtyClient(path, LIMIT_S) as client:
        told["memory by"] = client.status()["workers"][0]["limits"]["memory_by"]
    # Now there is a limit for all together.
    (base / "memory.max").write_text(str(160 * 2**20))
    try:
        told["oom of all"] = call("eat", 2**29, socket=path)
    except DirtyError as error:
        told["oom of all"] = str(error)
    third.terminate()
    third.wait(LIMIT_S)
    told["left beside others"] = below()
    other.kill()
    other.wait()
    told["log"] = log.read_text()


def main() -> None:
    (out,) = map(Path, sys.argv[1:])
    steps = (starts, reloads, runs_out_of_memory, is_upgraded, hangs, stops, preloaded, alone)
    try:
        for step in steps:
            step()
    except BaseException:
        told["failure"] = traceback.format_exc()
    if SERVICE_LOG.exists():
        told["service log"] = SERVICE_LOG.read_text()
    (out / "told.json").write_text(json.dumps(told))


main()
