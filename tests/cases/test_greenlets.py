"""A client that waits lets others run where sockets do: gevent's and eventlet's processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from dirty_runtime import DirtyClient, DirtyTimeoutError
from dirty_runtime.client.answers import Deadline
from dirty_runtime.client.sync import Channel
from dirty_runtime.testing import Arbiter, ending, running
from tests.backlog import full_backlog
from tests.dirty_runtime.processes import LIMIT_S, wait_until

PROGRAM = Path(__file__).with_name("greenlets.py")
APP = """
import os, threading, time
from dirty_runtime import DirtyApp
class App(DirtyApp):
    def init(self):
        self.four = threading.Barrier(4)
    def meet(self):
        self.four.wait(30)
        return "met"
    def hold(self, until):
        open(f"{until}.held", "w").close()
        while not os.path.exists(until):
            time.sleep(0.01)
        return "held"
    def nap(self, seconds, data=None):
        time.sleep(seconds)
        return "rested" if data is None else data
    def naps(self, seconds):
        yield 1
        time.sleep(seconds)
        yield 2
"""
SITE = """
import os
from dirty_runtime import get_dirty_client
def application(environ, start):
    client = get_dirty_client(20.0)
    words = ("hold", os.environ["UNTIL"]) if environ["PATH_INFO"] == "/slow" else ("nap", 0)
    body = f"{client.execute('napping:App', *words)} {os.getpid()}".encode()
    start("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"""


@pytest.fixture(scope="module")
def arbiter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arbiter]:
    directory = tmp_path_factory.mktemp("napping")
    (directory / "napping.py").write_text(APP)
    with running("napping:App", threads=6, directory=directory) as arbiter:
        yield arbiter


@pytest.fixture
def full(tmp_path: Path) -> Iterator[str]:
    """A socket whose backlog is full, and at which nobody accepts."""
    path = str(tmp_path / "full")
    with full_backlog(path):
        yield path


def skip_without(library: str) -> None:
    """Skip where it is not installed. It is not loaded here: it would look on at every fork."""
    if find_spec(library) is None:
        pytest.skip(f"{library} is not installed")


@pytest.mark.parametrize(
    ("library", "when", "pure"),
    [
        ("gevent", "early", "0"),
        ("gevent", "early", "1"),
        ("gevent", "late", "0"),
        ("eventlet", "early", "0"),
    ],
)
def test_others_run_while_a_client_waits(
    arbiter: Arbiter, full: str, library: str, when: str, pure: str
) -> None:
    skip_without(library)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(PROGRAM), library, when, arbiter.socket_path, full],
        env={**os.environ, "GDPROTO_PURE": pure},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert {name: one["told"] for name, one in seen.items() if isinstance(one, dict)} == {
        "together": ["met"] * 4,
        "again": ["met"] * 4,
        "stream": [[1, 2]] * 2,
        "large": 5_000_000,
        "given up": "rested",
        "too late": "DirtyTimeoutError",
        "of here": ["rested", 1],
        "threads": ["rested"] * 3,
        "child": 0,
    }
    assert seen["is cooperative"]
    for name in ("stream", "given up", "too late"):
        assert seen[name]["ticks"] > 0.05, seen


def test_a_gunicorn_of_gevent_serves_quickly_beside_a_slow_call(
    arbiter: Arbiter, tmp_path: Path
) -> None:
    """The call ends when the others have been served, by the same worker."""
    skip_without("gevent")
    (tmp_path / "site_of_naps.py").write_text(SITE)
    site = f"{tmp_path}/site"
    command = [sys.executable, "-m", "gunicorn", "-k", "gevent", "-w", "1"]
    until = tmp_path / "until"
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(
            [*command, "-b", "127.0.0.1:0", "site_of_naps"],
            cwd=tmp_path,
            env={**os.environ, "DIRTY_SOCKET": arbiter.socket_path, "UNTIL": str(until)},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    said = (tmp_path / "log").read_text
    with ending(server):
        wait_until(lambda: "Booting worker" in said(), said)
        site = said().partition("Listening at: ")[2].split()[0]
        slow: list[str] = []

        def get(what: str) -> str:
            answer = urllib.request.urlopen(f"{site}/{what}", timeout=LIMIT_S)
            with answer:
                return str(answer.read().decode())

        _, _, pid = get("quick").partition(" ")
        thread = threading.Thread(target=lambda: slow.append(get("slow")))
        thread.start()
        wait_until(until.with_name("until.held").exists, said)
        for _ in range(5):
            assert get("quick") == f"rested {pid}"
        assert not slow
        until.touch()
        thread.join()
        assert slow == [f"held {pid}"]


# --- sockets of Python's own ---


@pytest.mark.parametrize("default_s", [0.0, 0.01], ids=["does not block", "short"])
def test_the_default_timeout_of_sockets_is_not_that_of_calls(
    arbiter: Arbiter, full: str, default_s: float
) -> None:
    socket.setdefaulttimeout(default_s)
    try:
        with DirtyClient(arbiter.socket_path) as client:
            assert client.execute("napping:App", "nap", 0.05) == "rested"
            assert list(client.stream("napping:App", "naps", 0.05)) == [1, 2]
        with pytest.raises(DirtyTimeoutError):
            DirtyClient(full, 0.1).connect()
    finally:
        socket.setdefaulttimeout(None)


def test_a_signal_while_it_waits_to_connect_is_not_taken_for_a_connection(full: str) -> None:
    before = signal.signal(signal.SIGUSR2, lambda *_: None)
    try:
        number = threading.get_ident()
        timers = [
            threading.Timer(after_s, signal.pthread_kill, (number, signal.SIGUSR2))
            for after_s in (0.02, 0.05)
        ]
        for timer in timers:
            timer.start()
        with pytest.raises(DirtyTimeoutError):
            Channel(full, Deadline(0.2))
        for timer in timers:
            timer.join()
    finally:
        signal.signal(signal.SIGUSR2, before)


def test_an_interrupt_ends_the_wait_to_connect(full: str) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR2, interrupt)
    try:
        timer = threading.Timer(0.02, signal.pthread_kill, (threading.get_ident(), signal.SIGUSR2))

        def interrupted() -> None:
            timer.start()
            Channel(full, Deadline(LIMIT_S))

        with pytest.raises(KeyboardInterrupt):
            interrupted()
        timer.join()
    finally:
        signal.signal(signal.SIGUSR2, before)
