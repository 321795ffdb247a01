"""What an app does to its process leaves the worker one process that answers, and that ends.

Copies that an app forks answer nothing and end where its code does. Threads, children and exit
handlers hold no worker up. What was printed is there, however the worker ended. An exception is in
the log with the app, the action and the call. One app's `close` keeps no other from its own.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dirty_runtime import DirtyAppError, DirtyClient, DirtyError
from dirty_runtime.testing import Arbiter, running
from tests.dirty_runtime.processes import LIMIT_S, is_running, wait_until, wait_until_logged

APP = """
import asyncio, atexit, ctypes, multiprocessing, os, signal, sys, threading, time
from concurrent.futures import ThreadPoolExecutor
from dirty_runtime import DirtyApp, batched

def keep_on():
    while True:
        time.sleep(0.1)

def told(path):
    with open(path, "a") as kept:
        kept.write(f"{os.getpid()}\\n")

class App(DirtyApp):
    def init(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(9))
        signal.signal(signal.SIGALRM, self.ring)
    def ring(self, *_):
        raise RuntimeError("a handler that raises")
    def alarm(self):
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        time.sleep(0.05)
        return os.getpid()
    def pid(self):
        return os.getpid()
    async def pid_later(self):
        return os.getpid()
    # --- copies ---
    def fork(self, how, path):
        pid = os.fork()
        if pid:
            return [os.getpid(), os.waitpid(pid, 0)[1]]
        told(path)
        if how == "exit":
            sys.exit(7)
        if how == "raise":
            raise RuntimeError("in the copy")
        return "copy"
    async def fork_later(self, how, path):
        return self.fork(how, path)
    async def fork_and_await(self, how, path):
        pid = os.fork()
        if pid:
            return [os.getpid(), os.waitpid(pid, 0)[1]]
        told(path)
        while True:
            await asyncio.sleep(0.01)
    def fork_items(self, how, path):
        pid = os.fork()
        if pid:
            yield [os.getpid(), os.waitpid(pid, 0)[1]]
            return
        told(path)
        if how == "raise":
            raise RuntimeError("in the copy")
        while how != "end":
            yield "copy"
    def fork_in_c(self, how, path):
        pid = ctypes.PyDLL(None).fork()
        if pid:
            return [os.getpid(), os.waitpid(pid, 0)[1]]
        told(path)
        return "copy"
    async def fork_in_c_later(self, how, path):
        return self.fork_in_c(how, path)
    def lanes(self):
        return os.environ["GD_WORKER_FDS"].split(",")
    def hold(self):
        pid = os.fork()
        if pid == 0:
            keep_on()
        return pid
    def process(self):
        process = multiprocessing.get_context("fork").Process(target=os.getpid)
        process.start()
        process.join()
        return [os.getpid(), process.exitcode]
    # --- what is left ---
    def thread(self):
        threading.Thread(target=keep_on, name="refresher", daemon=False).start()
    def pool(self):
        self.kept = ThreadPoolExecutor(1)
        self.kept.submit(keep_on)
    def child(self):
        self.kept = multiprocessing.get_context("fork").Process(target=keep_on)
        self.kept.start()
        return self.kept.pid
    def at_exit(self):
        atexit.register(keep_on)
    # --- words ---
    def say(self, text):
        print(text)
        ctypes.CDLL(None).puts(b"by C: " + text.encode())
        os.kill(os.getpid(), signal.SIGKILL)
    def fail(self, text):
        raise LookupError(text)
    def take_streams(self):
        sys.stdout.close()
        sys.stderr = None
        os.close(1)
        os.close(2)
    def low(self):
        sys.setrecursionlimit(60)
        try:
            return self.low_down(1)
        finally:
            sys.setrecursionlimit(1000)
    def low_down(self, count):
        return self.low_down(count + 1)
    def leave(self):
        os._exit(5)

class Wide(App):
    concurrency = 4
    @batched(max_size=4)
    def fork_together(self, paths):
        return [self.fork("return", path) for path in paths]

class Stays(DirtyApp):
    def close(self):
        keep_on()

class Fails(DirtyApp):
    def close(self):
        raise SystemExit("not closed")

class StaysLater(DirtyApp):
    async def close(self):
        await asyncio.sleep(1000)

class Marks(DirtyApp):
    def init(self):
        self.path = os.environ["MARK"]
    def close(self):
        with open(self.path, "a") as kept:
            kept.write("closed\\n")
"""
QUICK = ("--close-timeout", "0.5")


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("apps")
    (directory / "made.py").write_text(APP)
    return directory


@pytest.fixture(scope="module")
def arbiter(directory: Path) -> Iterator[Arbiter]:
    with running("made:App", threads=2, directory=directory) as arbiter:
        yield arbiter


@pytest.fixture(scope="module")
def wide(directory: Path) -> Iterator[Arbiter]:
    with running("made:Wide", threads=2, directory=directory) as arbiter:
        yield arbiter


@pytest.fixture
def client(arbiter: Arbiter) -> Iterator[DirtyClient]:
    arbiter.wait_ready()
    with arbiter.client() as client:
        yield client


def asked(client: DirtyClient, action: str, *args: object) -> Any:
    return client.execute("made:App", action, *args)


# --- copies ---


@pytest.mark.parametrize("app", ["made:App", "made:Wide"])
@pytest.mark.parametrize(
    ("action", "how", "code"),
    [
        ("fork", "exit", 7),
        ("fork", "raise", 1),
        ("fork", "return", 0),
        ("fork_later", "exit", 7),
        ("fork_later", "raise", 1),
        ("fork_later", "return", 0),
        ("fork_and_await", "", None),
        ("fork_items", "", None),
        ("fork_items", "end", 0),
        ("fork_items", "raise", 1),
        ("fork_in_c", "return", 0),
        ("fork_in_c_later", "return", 0),
    ],
)
def test_a_copy_answers_nothing_and_ends(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    app: str,
    action: str,
    how: str,
    code: int | None,
) -> None:
    one: Arbiter = request.getfixturevalue("arbiter" if app == "made:App" else "wide")
    one.wait_ready()
    (worker,) = one.pids()
    kept = tmp_path / "copies"
    with one.client() as client:
        (answer,) = client.stream(app, action, how, str(kept))
        assert answer[0] == worker
        assert code is None or os.waitstatus_to_exitcode(answer[1]) == code
        assert {client.execute(app, "pid") for _ in range(5)} == {worker}
        assert client.execute(app, "pid_later") == worker
    (copy,) = kept.read_text().split()
    if how != "exit":
        said = f"process {copy}, forked in worker {worker}"
        wait_until(lambda: said in one.log.read_text(), one.log.read_text)


def test_a_copy_of_a_batch_answers_nothing_and_ends(wide: Arbiter, tmp_path: Path) -> None:
    (worker,) = wide.pids()
    with wide.client() as client:
        assert client.execute("made:Wide", "fork_together", str(tmp_path / "copies")) == [worker, 0]
        assert client.execute("made:Wide", "pid") == worker


def test_a_copy_holds_no_lane(arbiter: Arbiter, client: DirtyClient) -> None:
    copy = asked(client, "hold")
    (worker,) = arbiter.pids()
    lanes = {os.readlink(f"/proc/{worker}/fd/{fd}") for fd in asked(client, "lanes")}
    assert len(lanes) == 2

    def holds_none() -> bool:
        files = Path(f"/proc/{copy}/fd").iterdir()
        return lanes.isdisjoint(os.readlink(one) for one in list(files) if one.is_symlink())

    # It may have only just been made.
    wait_until(holds_none)
    os.kill(copy, signal.SIGKILL)
    assert asked(client, "pid") == worker


def test_a_process_of_multiprocessing_is_as_usual(client: DirtyClient) -> None:
    assert asked(client, "process") == [asked(client, "pid"), 0]


# --- while it runs ---


def test_an_exception_is_in_the_log(arbiter: Arbiter, client: DirtyClient) -> None:
    with pytest.raises(DirtyAppError) as caught:
        asked(client, "fail", "lost\n2026 forged")
    assert caught.value.exception_type == "builtins.LookupError"
    said = "failed: builtins.LookupError: lost\\n2026 forged\n    Traceback (most recent call last)"
    wait_until(lambda: said in arbiter.log.read_text(), arbiter.log.read_text)
    wait_until_logged(arbiter, "made:App fail (request ")


def test_a_low_limit_of_calls_fails_its_call_alone(client: DirtyClient) -> None:
    with pytest.raises(DirtyAppError) as caught:
        asked(client, "low")
    assert caught.value.is_a(RecursionError)
    assert isinstance(asked(client, "pid"), int)


def test_a_handler_that_raises_ends_nothing(arbiter: Arbiter, client: DirtyClient) -> None:
    worker = asked(client, "alarm")
    assert asked(client, "pid") == worker
    wait_until(lambda: "a handler that raises" in arbiter.log.read_text(), arbiter.log.read_text)


def test_a_handler_that_leaves_ends_nothing(arbiter: Arbiter, client: DirtyClient) -> None:
    worker = asked(client, "pid")
    os.kill(worker, signal.SIGTERM)
    wait_until(lambda: "SystemExit: 9" in arbiter.log.read_text(), arbiter.log.read_text)
    assert asked(client, "pid") == worker


# These leave another worker.


def test_what_was_printed_is_there(arbiter: Arbiter, client: DirtyClient) -> None:
    with pytest.raises(DirtyError):
        asked(client, "say", "last words")
    assert "\nlast words\n" in f"\n{arbiter.log.read_text()}"
    wait_until_logged(arbiter, "by C: last words\n")


def test_a_worker_that_leaves_is_replaced(arbiter: Arbiter, client: DirtyClient) -> None:
    with pytest.raises(DirtyError) as caught:
        asked(client, "leave")
    assert type(caught.value).__name__ == "DirtyWorkerError"


def test_a_worker_without_streams_serves(arbiter: Arbiter, client: DirtyClient) -> None:
    asked(client, "take_streams")
    with pytest.raises(DirtyAppError):
        asked(client, "fail", "without streams")
    wait_until(lambda: "without streams" in arbiter.log.read_text(), arbiter.log.read_text)
    assert isinstance(asked(client, "pid"), int)


# --- the end ---


@pytest.mark.parametrize(
    ("action", "named"),
    [
        ("thread", "thread refresher (at "),
        ("pool", "thread ThreadPoolExecutor-"),
        ("child", "process ForkProcess-1"),
        ("at_exit", "an exit handler (at "),
    ],
)
def test_what_an_app_has_started_holds_no_worker_up(
    directory: Path, action: str, named: str
) -> None:
    with running("made:App", directory=directory) as arbiter:
        with arbiter.client() as client:
            child = asked(client, action)
        begun_s = time.monotonic()
        assert arbiter.stop() == 0
        assert time.monotonic() - begun_s < 8
        wait_until_logged(arbiter, f"the worker ends and waits no longer for {named}")
        assert child is None or not is_running(child)


def test_every_app_is_closed_or_named(directory: Path, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    apps = [f"made:{name}" for name in ("Stays", "Marks", "Fails")]
    environment = {"MARK": str(mark)}
    with running(*apps, directory=directory, options=QUICK, environment=environment) as arbiter:
        assert arbiter.stop() == 0
        said = arbiter.log.read_text()
    assert mark.read_text() == "closed\n"
    assert "app made:Fails: close() failed: SystemExit: not closed" in said
    assert "waits no longer for close() of app made:Stays" in said


def test_the_log_is_one_whoever_speaks(directory: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    options = ("--log-file", str(log), "--log-json", *QUICK, "--no-tracebacks")
    apps = ("made:App", "made:StaysLater")
    with running(*apps, directory=directory, options=options) as arbiter:
        with arbiter.client() as client, pytest.raises(DirtyAppError) as caught:
            asked(client, "fail", "lost")
        assert arbiter.stop(LIMIT_S) == 0
    assert caught.value.traceback is None
    assert caught.value.exception_type == "builtins.LookupError"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    (line,) = [line for line in lines if "exception_type" in line]
    assert (line["app"], line["action"]) == ("made:App", "fail")
    assert line["exception_type"] == "builtins.LookupError"
    assert "LookupError: lost" in line["traceback"]
    assert isinstance(line["request_id"], int)
    assert any("close() of app made:StaysLater" in line["message"] for line in lines)
