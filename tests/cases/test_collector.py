"""The garbage collector stops the loop no longer where more is kept, and nothing waits for it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import resource
import signal
import socket
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import gdproto
from dirty_runtime import DirtyClient, DirtyError
from dirty_runtime.arbiter import collector
from tests.dirty_runtime.processes import LIMIT_S, OURS, Arbiter, serving, wait_until

# Has a lane of its own, for several calls at once.
MANY = "tests.dirty_runtime.gathering:Many"
FEW = 5
# Of Python's middle generation, as what came within a turn of the loop.
CAME = 30_000
# Collects nothing by itself, and looks again and again what a collector would find.
LOOKS = """
import asyncio, gc

FOUND = {found!r}

def on_dirty_starting(arbiter):
    gc.disable()
    look(asyncio.get_running_loop())

def look(loop):
    gc.set_debug(gc.DEBUG_SAVEALL)
    gc.collect()
    gc.set_debug(0)
    with open(FOUND, "a") as file:
        names = sorted({{type(one).__qualname__ for one in gc.garbage}})
        file.write(" ".join(names) + "\\n")
    gc.garbage.clear()
    gc.collect()
    loop.call_later(0.02, look, loop)
"""


class Kept:
    """Two objects, to a collector."""

    def __init__(self) -> None:
        self.other: list[Kept] = []


def test_a_collection_looks_at_no_more_where_more_is_kept() -> None:
    looked: list[int] = []

    def look(phase: str, info: dict[str, int]) -> None:
        if phase == "start" and info["generation"] == collector.OLDEST:
            looked.append(len(gc.get_objects()))

    async def test() -> None:
        with collector.bounded():
            gc.callbacks.append(look)
            kept = []
            for _ in range(100):
                kept += [Kept() for _ in range(2_000)]
                await asyncio.sleep(0)
            assert len(kept) == 200_000

    try:
        asyncio.run(test())
    finally:
        gc.callbacks.remove(look)
    assert len(looked) > 2
    assert max(looked) < collector.LITTLE + CAME


def test_what_is_little_is_looked_at_again_and_again() -> None:
    async def test() -> None:
        with collector.bounded():
            one = Kept()
            one.other = [one]
            seen = weakref.ref(one)
            for _ in range(3):
                collector.collect()
            assert seen() is one
            del one
            collector.collect()
            assert seen() is None

    asyncio.run(test())


# --- nothing waits for it ---


@contextlib.contextmanager
def watching(directory: Path, *words: str) -> Iterator[tuple[Arbiter, Path]]:
    """An arbiter that tells in a file what a collector would find, a line each time."""
    config, found = directory / "conf.py", directory / "found"
    config.write_text(LOOKS.format(found=str(found)))
    options = ("-c", str(config), "--frame-timeout", "0.1", "--timeout", "0.3", *words)
    with serving(OURS, MANY, workers=2, options=options) as arbiter:
        yield arbiter, found


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Arbiter, Path]]:
    with watching(tmp_path_factory.mktemp("watched")) as arbiter_and_found:
        yield arbiter_and_found


def found_behind(watched: tuple[Arbiter, Path], act: Callable[[Arbiter], object]) -> set[str]:
    """What a collector would find of what was done, a while later."""
    arbiter, found = watched
    before = found.stat().st_size
    act(arbiter)
    wait_until(lambda: arbiter.status()["clients"] == 1)
    looks = found.read_text().count("\n")
    wait_until(lambda: found.read_text().count("\n") > looks + 1)
    return set(found.read_text()[before:].split())


def sent(arbiter: Arbiter, data: bytes, read: int = 0) -> None:
    """Send it on a connection of its own, read so many bytes of an answer, and leave."""
    with socket.socket(socket.AF_UNIX) as client, contextlib.suppress(ConnectionError):
        client.settimeout(LIMIT_S)
        client.connect(arbiter.socket_path)
        client.sendall(data)
        while read > 0 and (part := client.recv(read)):
            read -= len(part)


def request(action: str, *args: Any, app: str = OURS) -> bytes:
    return gdproto.Request(1, app, action, args).to_bytes()


def call(arbiter: Arbiter, action: str, *args: Any, app: str = OURS) -> None:
    for least in (0, 2**20):
        with (
            DirtyClient(arbiter.socket_path, LIMIT_S, memfd_min_bytes=least) as client,
            contextlib.suppress(DirtyError),
        ):
            client.execute(app, action, *args)


def kill(arbiter: Arbiter, count: int = 1) -> None:
    pids = {one["pid"] for one in arbiter.status()["workers"][:count]}
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not pids & {one["pid"] for one in arbiter.status()["workers"]})
    arbiter.wait_ready()


def kill_amid(arbiter: Arbiter, data: bytes) -> None:
    """Have the workers die while an answer to this is under way."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(LIMIT_S)
        client.connect(arbiter.socket_path)
        client.sendall(data)
        assert client.recv(1000)
        kill(arbiter, 2)


def reload(arbiter: Arbiter) -> None:
    before = {one["pid"] for one in arbiter.status()["workers"]}
    arbiter.signal(signal.SIGHUP)
    wait_until(lambda: not before & {one["pid"] for one in arbiter.status()["workers"]})


def call_without_room(arbiter: Arbiter) -> None:
    pid = arbiter.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (2**20, before[1]))
    try:
        call(arbiter, "echo", LARGE)
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


LARGE = bytes(3 * 2**20)
# The first is answered by workers, and the others behind it.
QUESTIONS = gdproto.Manage(1, int(gdproto.ManageOp.STACKS)).to_bytes()
QUESTIONS += b"".join(gdproto.Status(number).to_bytes() for number in range(2, 9))
WHAT: dict[str, Callable[[Arbiter], object]] = {
    "connections": lambda arbiter: sent(arbiter, b""),
    "calls": lambda arbiter: call(arbiter, "pid"),
    "calls that fail": lambda arbiter: call(arbiter, "fail", "so"),
    "calls that are too late": lambda arbiter: call(arbiter, "nap", 1.0),
    "large requests and answers": lambda arbiter: call(arbiter, "echo", LARGE),
    "large requests without room": call_without_room,
    "calls among several": lambda arbiter: call(arbiter, "plain", app=MANY),
    "large answers among several": lambda arbiter: call(arbiter, "blob", len(LARGE), app=MANY),
    "answers that are left": lambda arbiter: sent(arbiter, request("zeros", len(LARGE)), 1000),
    "streams that are left": lambda arbiter: sent(arbiter, request("burst", 1000), 1000),
    "streams that are cancelled": lambda arbiter: sent(
        arbiter, request("burst", 1000) + gdproto.Cancel(1).to_bytes(), 100
    ),
    "half frames": lambda arbiter: sent(arbiter, request("echo", bytes(1000))[:500]),
    "half frames of much": lambda arbiter: sent(arbiter, request("echo", LARGE)[:-500]),
    "half frames that take too long": lambda arbiter: sent(arbiter, request("pid")[:-1], 2000),
    "what is no frame": lambda arbiter: sent(arbiter, b"what is no frame", 2000),
    "frames at fault": lambda arbiter: sent(
        arbiter, gdproto.Header(gdproto.MessageCode.STASH, 30, 1).to_bytes() + bytes(30), 100
    ),
    "questions": lambda arbiter: arbiter.status(),
    "questions that are left": lambda arbiter: sent(arbiter, QUESTIONS),
    "thousands of questions that are left": lambda arbiter: sent(
        arbiter, b"".join(gdproto.Status(number).to_bytes() for number in range(1, 2000)), 100
    ),
    "questions that are cancelled": lambda arbiter: sent(
        arbiter, QUESTIONS + gdproto.Cancel(2).to_bytes(), 100
    ),
    "workers that die": kill,
    "workers that die amid an answer": lambda arbiter: kill_amid(
        arbiter, request("zeros", len(LARGE))
    ),
    "workers that die amid a stream": lambda arbiter: kill_amid(
        arbiter, request("flood", len(LARGE), app=MANY)
    ),
    "workers that are replaced": reload,
}


@pytest.mark.parametrize("what", WHAT)
def test_what_is_over_waits_for_no_collector(watched: tuple[Arbiter, Path], what: str) -> None:
    def again_and_again(arbiter: Arbiter) -> None:
        for _ in range(1 if "workers" in what else FEW):
            WHAT[what](arbiter)

    assert found_behind(watched, again_and_again) == set()


def test_templates_that_have_loaded_apps_wait_for_none(tmp_path: Path) -> None:
    def again(arbiter: Arbiter) -> None:
        # Who was replaced last is kept until another is.
        for _ in range(3):
            reload(arbiter)
            arbiter.wait_ready()

    with watching(tmp_path, "--preload") as watched:
        # Functions of a file that is read again are the file's own to leave.
        (tmp_path / "conf.py").write_text("")
        assert found_behind(watched, again) == set()
