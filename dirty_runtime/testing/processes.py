"""A real arbiter for tests and examples: started, waited for, and ended for certain.

    with running("counting:Counting", workers=2) as arbiter, arbiter.client() as client:
        assert client.execute("counting:Counting", "count", "o") == 4

Rules: the arbiter is a process of its own, in a session of its own, at a socket of its own in a
new directory, where its log is kept too. When the block is left it is told to stop; what is then
left of its session is killed. Where the program that started it is killed itself, so is the
session. A failure to start is one line. The log is the note of whatever fails within the block.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from ..client import DirtyClient
from ..client.readiness import State, is_ready, not_ready, wait
from ..errors import DirtyError
from ..seconds import seconds

READY_S = 60.0
STOP_S = 40.0
CALL_S = 30.0
# Of a log, at an error.
NOTED_CHARACTERS = 64 * 1024
# Kills a session when its stdin ends: that is, with the process that holds the other end.
GUARD = ("/bin/sh", "-c", 'read -r _; kill -KILL "-$0"')


E = TypeVar("E", bound=Exception)


class ArbiterError(Exception):
    """The arbiter did not start, or did not stop; its log is the exception's note."""


class Arbiter:
    """An arbiter that runs beside this process; made by `running` and `started`.

    Attributes:
        socket_path: where it serves.
        log: the file of what it and its workers write.
        process: its process.
    """

    def __init__(self, socket_path: str, log: Path, process: subprocess.Popen[bytes]) -> None:
        self.socket_path = socket_path
        self.log = log
        self.process = process

    def client(self, timeout: float = CALL_S) -> DirtyClient:
        """A new client, which the caller closes."""
        return DirtyClient(self.socket_path, timeout)

    def status(self) -> dict[str, Any]:
        """What STATUS says. Raises DirtyError."""
        with self.client() as client:
            return client.status()

    def pids(self) -> set[int]:
        """The processes of the workers that are ready. Raises DirtyError."""
        return {worker["pid"] for worker in self.status()["workers"] if worker["booted"]}

    def wait_ready(self, workers: int | None = None, timeout: float = READY_S) -> None:
        """Return when so many workers are ready; by default, when all that are wanted are.

        Raises:
            ArbiterError: they are not within `timeout` seconds, or the arbiter has ended.
        """

        timeout = seconds(timeout, "timeout", 0)

        def is_done(state: State) -> bool:
            booted = sum(1 for worker in state["workers"] if worker["booted"])
            return is_ready(state) if workers is None else booted >= workers

        try:
            # As a context manager, it would connect at once.
            with contextlib.closing(self.client(timeout)) as client:
                wait(client, timeout, is_done, not_ready, away=lambda _: self.check())
        except DirtyError as error:
            raise self._error(error.message) from None

    def check(self) -> None:
        """Raises ArbiterError where it has ended, with its last words."""
        status = self.process.poll()
        if status is not None:
            said = self.log.read_text(errors="replace").split("\n")
            last = next((line.strip() for line in reversed(said) if line.strip()), "nothing")
            raise self._error(f"the arbiter ended with status {status}; it said: {last}")

    def signal(self, number: int) -> None:
        """Send the arbiter a signal."""
        self.process.send_signal(number)

    def stop(self, timeout: float = STOP_S) -> int:
        """Tell it to stop, and wait: calls that run may end, apps are closed. Its exit status.

        Raises:
            ArbiterError: it runs on after `timeout` seconds.
        """
        timeout = seconds(timeout, "timeout", 0)
        self.process.terminate()
        return self.wait(timeout)

    def wait(self, timeout: float = STOP_S) -> int:
        """Wait for its end, which something else has brought about. Its exit status.

        Raises:
            ArbiterError: it runs on after `timeout` seconds.
        """
        timeout = seconds(timeout, "timeout", 0)
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise self._error(f"the arbiter runs on after {timeout:g} s") from None

    def _error(self, reason: str) -> ArbiterError:
        return note_log(ArbiterError(reason), self.log)


@contextlib.contextmanager
def running(
    *apps: str,
    workers: int = 1,
    threads: int = 1,
    options: Sequence[str] = (),
    directory: str | Path = "",
    socket_path: str = "",
    environment: Mapping[str, str] | None = None,
) -> Iterator[Arbiter]:
    """An arbiter that serves `apps`, all its workers ready.

    Args:
        apps: their paths, as ``dirty serve --app`` takes them: ``"module:Class"``.
        workers: how many processes.
        threads: how many calls at once in each.
        options: more words of ``dirty serve``, such as ``("--timeout", "5")``.
        directory: where the modules of the apps are; by default in the current directory.
        socket_path: where to serve; by default in a new directory.
        environment: variables that are set beside those of this process.

    Raises:
        ArbiterError: it does not start.
    """
    command = [sys.executable, "-m", "dirty_runtime", "serve", "--socket", "SOCKET"]
    for app in apps:
        command += ["--app", app]
    command += ["--workers", str(workers), "--threads", str(threads)]
    if directory:
        command += ["--chdir", str(directory)]
    with started([*command, *options], socket_path, environment=environment) as arbiter:
        arbiter.wait_ready()
        yield arbiter


@contextlib.contextmanager
def started(
    command: Sequence[str],
    socket_path: str = "",
    *,
    directory: str | Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Arbiter]:
    """An arbiter of any make, from its start on: nothing is waited for.

    Args:
        command: what starts it; the word SOCKET in it stands for the socket's path.
        socket_path: where it is to serve; by default in a new directory.
        directory: where it is started.
        environment: variables that are set beside those of this process.
    """
    with tempfile.TemporaryDirectory(prefix="dirty-") as own:
        socket_path = socket_path or f"{own}/socket"
        words = [socket_path if word == "SOCKET" else word for word in command]
        log = Path(own, "log")
        with log.open("wb") as output:
            process = begin(
                words, output, Path(directory or "."), {**os.environ, **(environment or {})}
            )
        with ending(process):
            try:
                yield Arbiter(socket_path, log, process)
            except Exception as error:
                note_log(error, log)
                raise


def note_log(error: E, log: Path) -> E:
    """The error, with the end of the log as its note, once."""
    heading = f"The arbiter's log, {log}:\n"
    if not any(note.startswith(heading) for note in getattr(error, "__notes__", ())):
        written = log.read_text(errors="replace") if log.exists() else ""
        error.add_note(heading + written[-NOTED_CHARACTERS:])
    return error


def begin(
    words: Sequence[str], output: BinaryIO, directory: Path, environment: dict[str, str]
) -> subprocess.Popen[bytes]:
    """Start the leader of a session. Raises OSError."""
    return subprocess.Popen(
        words,
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )


@contextlib.contextmanager
def ending(leader: subprocess.Popen[bytes]) -> Iterator[None]:
    """End the leader of a session when the block is left, and whatever else is in the session.

    The leader is told to stop first; all that is left is killed. If this process is killed within
    the block, so is the session.
    """
    guard = subprocess.Popen(
        [*GUARD, str(leader.pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert guard.stdin is not None
    try:
        yield
    finally:
        if leader.poll() is None:
            leader.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                leader.wait(STOP_S)
        # Before its leader's number may be another's.
        guard.kill()
        guard.wait()
        guard.stdin.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(leader.pid, signal.SIGKILL)
        leader.wait()
