"""Real arbiters for the tests: started, waited for, and ended for certain."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from dirty_runtime import DirtyClient, DirtyError

ROOT = Path(__file__).resolve().parents[2]
THEIRS = "tests.dirty_runtime.kinds:Theirs"
OURS = "tests.dirty_runtime.kinds:Ours"
CHANGING = Path(__file__).with_name("changing.py")
LIMIT_S = 30.0
POLL_S = 0.01


class Arbiter:
    """A running arbiter's process and socket."""

    def __init__(self, command: list[str], socket_path: str, log: Path) -> None:
        self.socket_path = socket_path
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def client(self, timeout: float = LIMIT_S) -> DirtyClient:
        """A new client of ours; the caller closes it."""
        return DirtyClient(self.socket_path, timeout)

    def status(self) -> dict[str, Any]:
        with self.client() as client:
            return client.status()

    def pids(self) -> set[int]:
        """The workers that are ready."""
        return {worker["pid"] for worker in self.status()["workers"] if worker["booted"]}

    def wait_for_workers(self, count: int) -> None:
        """Return when `count` workers are ready."""
        wait_until(lambda: self._ready() >= count, self._describe)

    def _ready(self) -> int:
        assert self.process.poll() is None, self._describe()
        with contextlib.suppress(DirtyError):
            return len(self.pids())
        return 0

    def wait_for_answers(self, app: str) -> None:
        """Return when `app` answers: gunicorn's status never says that a worker has booted."""
        wait_until(lambda: self._answers(app), self._describe)

    def _answers(self, app: str) -> bool:
        assert self.process.poll() is None, self._describe()
        with contextlib.suppress(DirtyError), self.client() as client:
            return bool(client.execute(app, "pid"))
        return False

    def _describe(self) -> str:
        return f"the arbiter (exit code {self.process.poll()}) wrote:\n{self.log.read_text()}"

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def wait(self) -> int:
        """The exit code of the arbiter, which is about to end."""
        return self.process.wait(LIMIT_S)

    def end(self) -> None:
        """End the arbiter and whatever it started."""
        end_session(self.process)


def end_session(leader: subprocess.Popen[bytes]) -> None:
    """End the leader of a session, gently at first, and then whatever else is in it."""
    if leader.poll() is None:
        leader.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            leader.wait(LIMIT_S)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader.pid, signal.SIGKILL)
    leader.wait(LIMIT_S)


@contextlib.contextmanager
def serving(
    *apps: str,
    workers: int = 1,
    threads: int = 1,
    options: tuple[str, ...] = (),
    socket_path: str = "",
) -> Iterator[Arbiter]:
    """Our arbiter, its workers ready; `options` are more words of ``dirty serve``."""
    with tempfile.TemporaryDirectory(prefix="gd-") as directory:
        socket_path = socket_path or f"{directory}/socket"
        named = [word for app in apps for word in ("--app", app)]
        sizes = ["--workers", str(workers), "--threads", str(threads)]
        command = dirty("serve", *named, *sizes, "--socket", socket_path, *options)
        arbiter = Arbiter(command, socket_path, Path(directory, "log"))
        try:
            arbiter.wait_for_workers(workers)
            yield arbiter
        finally:
            arbiter.end()
        assert "Traceback" not in arbiter.log.read_text(), arbiter.log.read_text()


def serving_here(
    directory: Path, *apps: str, options: tuple[str, ...] = (), **sizes: int
) -> contextlib.AbstractContextManager[Arbiter]:
    """As `serving`, for apps of the copy of `CHANGING` in `directory`."""
    paths = [f"changing:{app}" for app in apps]
    return serving(*paths, options=("--chdir", str(directory), *options), **sizes)


@contextlib.contextmanager
def gunicorn_serving(*apps: str) -> Iterator[Arbiter]:
    """gunicorn's arbiter, its one worker ready."""
    with tempfile.TemporaryDirectory(prefix="gd-") as directory:
        socket_path = f"{directory}/socket"
        module = "gdproto.conformance.live.gunicorn_arbiter"
        command = [sys.executable, "-m", module, socket_path, "1", *apps]
        arbiter = Arbiter(command, socket_path, Path(directory, "log"))
        try:
            arbiter.wait_for_answers(apps[0])
            yield arbiter
        finally:
            arbiter.end()


def dirty(*words: str) -> list[str]:
    """A `dirty` command."""
    return [sys.executable, "-m", "dirty_runtime", *words]


def run_dirty(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run a `dirty` command to its end."""
    return subprocess.run(
        dirty(*words),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )


def wait_until(
    holds: Callable[[], bool], describe: Callable[[], str] = lambda: "it never came true"
) -> None:
    """Return when `holds`; fails after LIMIT_S seconds."""
    due_s = time.monotonic() + LIMIT_S
    while not holds():
        assert time.monotonic() < due_s, describe()
        time.sleep(POLL_S)


def is_running(pid: int) -> bool:
    """Whether the process exists and is not a zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
