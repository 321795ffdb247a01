"""Apps in the tests' own process: all that a service does for them but for its processes."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dirty_runtime import (
    DirtyApp,
    DirtyAppError,
    DirtyCancelledError,
    DirtyClient,
    DirtyConnectionError,
    DirtyProtocolError,
    DirtyTimeoutError,
    DirtyWorkerError,
    current_request,
    get_dirty_client,
    stash,
)
from dirty_runtime.testing import Arbiter, ArbiterError, InProcess, in_process, threads

from .processes import CHANGING, ENOUGH_S, LIMIT_S, wait_until

pytest_plugins = ["dirty_runtime.testing.fixtures"]

PATH = "tests.dirty_runtime.test_in_process:Counting"
RATE = 2.0


class Counting(DirtyApp):
    stashes = ("seen",)

    def __init__(self, word: str = "fox") -> None:
        self.word = word
        self.state = "made"

    def init(self) -> None:
        self.state = "initialised"
        self.cancelled = threading.Event()
        self.runs = threading.Event()

    def close(self) -> None:
        self.state = "closed"

    def spelled(self) -> str:
        return self.word

    def rate(self) -> float:
        return RATE

    def pid(self) -> int:
        return os.getpid()

    def thing(self) -> object:
        return object()

    def fail(self) -> None:
        raise LookupError("there is none")

    def letters(self) -> Iterator[str]:
        yield from self.word

    async def later(self) -> str:
        await asyncio.sleep(0)
        return self.word

    async def each(self) -> AsyncIterator[str]:
        for letter in self.word:
            yield letter

    def until_cancelled(self) -> str:
        request = current_request()
        assert (request.app_path, request.action) == (PATH, "until_cancelled")
        self.runs.set()
        while not request.cancelled:
            time.sleep(0.002)
        self.cancelled.set()
        return "done"

    def stuck(self) -> None:
        self.runs.set()
        self.cancelled.wait(LIMIT_S)

    def remember(self, word: str) -> int:
        stash.put("seen", word, 1)
        return len(stash.keys("seen"))


class Broken(Counting):
    def init(self) -> None:
        raise LookupError("no model")


@pytest.fixture(scope="module")
def arbiter() -> Iterator[InProcess]:
    with in_process(Counting, threads=4) as arbiter:
        yield arbiter


@pytest.fixture
def client(arbiter: InProcess) -> Iterator[DirtyClient]:
    with arbiter.client() as client:
        yield client


def test_an_app_runs_here(client: DirtyClient, monkeypatch: pytest.MonkeyPatch) -> None:
    app = client.app(Counting)
    assert app.pid() == os.getpid()
    monkeypatch.setattr(f"{__name__}.RATE", 7.0)
    assert app.rate() == 7.0
    assert list(app.letters()) == ["f", "o", "x"]
    assert client.execute(PATH, "later") == "fox"
    assert list(client.stream(PATH, "each")) == ["f", "o", "x"]
    assert list(client.map(PATH, "remember", [])) == []
    assert client.status()["apps"] == [PATH]


def test_all_faces_of_a_client_are_there(client: DirtyClient) -> None:
    async def main() -> None:
        assert await client.execute_async(PATH, "spelled") == "fox"
        assert [one async for one in client.stream_async(PATH, "each")] == ["f", "o", "x"]
        await client.close_async()

    asyncio.run(main())
    assert client.submit(PATH, "later").result(LIMIT_S) == "fox"


def test_what_cannot_be_sent_fails_here_too(client: DirtyClient) -> None:
    with pytest.raises(DirtyProtocolError, match=r"unsupported_type in args\[0\]"):
        client.execute(PATH, "spelled", object())
    with pytest.raises(DirtyAppError, match="the result cannot be encoded"):
        client.execute(PATH, "thing")
    with pytest.raises(DirtyAppError, match="there is none") as failure:
        client.execute(PATH, "fail")
    assert failure.value.is_a(LookupError)
    assert "test_in_process.py" in str(failure.value.traceback)
    with pytest.raises(DirtyAppError, match="cannot be called from outside"):
        client.execute(PATH, "init")


def test_deadlines_and_cancels_are_real() -> None:
    app = Counting()
    with in_process(app) as arbiter, arbiter.client() as client:
        with pytest.raises(DirtyTimeoutError):
            client.with_options(timeout=ENOUGH_S).execute(PATH, "until_cancelled")
        assert app.cancelled.wait(LIMIT_S)
        app.cancelled.clear()
        app.runs.clear()
        future = client.submit(PATH, "until_cancelled")
        assert app.runs.wait(LIMIT_S)
        assert future.cancel()
        assert app.cancelled.wait(LIMIT_S)


def test_one_that_hangs_is_replaced() -> None:
    app = Counting()
    given = {"timeout_s": ENOUGH_S, "graceful_timeout_s": 0.0}
    with in_process(app, **given) as arbiter, arbiter.client() as client:
        with pytest.raises(DirtyTimeoutError):
            client.execute(PATH, "stuck")
        assert client.execute(PATH, "spelled") == "fox"
        app.cancelled.set()


def test_the_stash_is_that_of_the_block(client: DirtyClient) -> None:
    with in_process(Counting) as one, one.client() as other:
        assert other.execute(PATH, "remember", "cow") == 1
        assert stash.keys("seen") == ["cow"]
        assert get_dirty_client().execute(PATH, "spelled") == "fox"
    assert stash.keys("seen") == []
    assert client.execute(PATH, "remember", "fox") == 1
    stash.clear("seen")


def test_an_instance_is_what_is_called_and_a_dict_says_by_what_path() -> None:
    app = Counting("cow")
    with in_process({"shop:Orders": app, "shop:Others": Counting}) as arbiter:
        assert app.state == "initialised"
        with arbiter.client() as client:
            assert client.execute("shop:Orders", "spelled") == "cow"
            assert client.execute("shop:Others", "spelled") == "fox"
    assert app.state == "closed"


def test_a_path_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "a_module_of_this_test.py").write_text(CHANGING.read_text())
    path = "a_module_of_this_test:Good"
    with in_process(path, workers=2) as arbiter, arbiter.client() as client:
        assert client.execute(path, "pid") == os.getpid()
        assert len(arbiter.status()["workers"]) == 2


@pytest.mark.parametrize(
    ("app", "reason"),
    [
        (Broken, "init\\(\\) failed: LookupError: no model"),
        ("nowhere:App", "there is no module nowhere"),
        ("nothing", "is not of the form module:Class"),
        ({}, "no app to serve"),
        (3, "has no method"),
    ],
)
def test_what_cannot_start_says_why(app: Any, reason: str) -> None:
    with pytest.raises(ArbiterError, match=reason), in_process(app):
        raise AssertionError("it started")


def test_a_start_that_takes_too_long_says_what_it_waits_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    may_end = threading.Event()

    class Slow(DirtyApp):
        def init(self) -> None:
            may_end.wait(LIMIT_S)

    monkeypatch.setattr(threads, "READY_S", 0.05)
    monkeypatch.setattr(threads, "SOON_S", 0.05)
    ends = threading.Timer(0.5, may_end.set)
    ends.start()
    try:
        with (
            pytest.raises(ArbiterError, match=r"0 of 1 workers were ready after 0\.05 s"),
            in_process({"slow:App": Slow}),
        ):
            raise AssertionError("it started")
    finally:
        may_end.set()
        ends.join()


def test_a_class_of_a_function_needs_a_path() -> None:
    class Local(Counting):
        pass

    with pytest.raises(ArbiterError, match=r"give a dict, \{'module:Class': Local\}"):
        in_process(Local).__enter__()
    with in_process({"a:Local": Local}) as arbiter, arbiter.client() as client:
        assert client.execute("a:Local", "spelled") == "fox"


def test_nothing_is_left_behind() -> None:
    def ours() -> set[threading.Thread]:
        return set(threading.enumerate())

    before, variable = ours(), os.environ.get("DIRTY_SOCKET")
    with in_process(Counting, threads=2) as arbiter, arbiter.client() as client:
        assert list(client.stream(PATH, "each")) == ["f", "o", "x"]
        assert ours() > before
        path = arbiter.socket_path
        assert os.environ["DIRTY_SOCKET"] == path
    wait_until(lambda: ours() == before)
    assert os.environ.get("DIRTY_SOCKET") == variable
    assert not Path(path).parent.exists()
    with pytest.raises(DirtyConnectionError):
        client.execute(PATH, "spelled")


def test_a_call_that_runs_at_the_end_is_given_up() -> None:
    app = Counting()
    with in_process(app, graceful_timeout_s=0.01) as arbiter:
        client = arbiter.client()
        future = client.submit(PATH, "stuck")
        assert app.runs.wait(LIMIT_S)
    with pytest.raises((DirtyWorkerError, DirtyCancelledError, DirtyConnectionError)):
        future.result(LIMIT_S)
    app.cancelled.set()
    client.close()


def test_in_a_process_that_was_forked_later() -> None:
    """What marks copies of a worker is not to end a test that runs in one."""
    code = """
import os, sys
import dirty_runtime.testing.threads
if child := os.fork():
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
from dirty_runtime.testing import in_process
from tests.dirty_runtime.test_in_process import Counting, PATH
with in_process(Counting) as arbiter, arbiter.client() as client:
    assert client.execute(PATH, "spelled") == "fox"
os._exit(7)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (7, "")


# --- fixtures ---


def test_a_client_by_a_fixture(dirty_client: Callable[..., DirtyClient]) -> None:
    app = dirty_client(Counting).app(Counting)
    assert app.spelled() == "fox"
    assert dirty_client({"a:B": Counting("cow")}, threads=2).execute("a:B", "spelled") == "cow"
    assert os.environ["DIRTY_SOCKET"].startswith("/")


@pytest.mark.parametrize("turn", ["first", "second"])
def test_an_arbiter_by_a_fixture(
    dirty_arbiter: Callable[..., Arbiter], turn: str, seen: list[int]
) -> None:
    arbiter = dirty_arbiter(PATH)
    assert dirty_arbiter(PATH) is arbiter
    with arbiter.client() as client:
        seen.append(client.execute(PATH, "pid"))
    # The module's tests share it, and it is no thread of this process.
    assert len(set(seen)) == 1
    assert os.getpid() not in seen


@pytest.fixture(scope="module")
def seen() -> list[int]:
    return []
