"""Arbiters that are forked from a process which has imported already what they need.

Rules: what begins is the command, word for word, in a session of its own, with its directory,
environment and output; only that it does not import anew, which is a third of what a test of it
would take. It is a child of who asked, as a program is. Whatever may see a difference, by another
directory or by variables that are read before any line of ours, is started as ever.
"""

from __future__ import annotations

import fcntl
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from dirty_runtime import keeper
from dirty_runtime.arbiter.workers import template
from dirty_runtime.testing.processes import begin

ROOT = Path(__file__).resolve().parents[1]
COMMAND = [sys.executable, "-m", "dirty_runtime"]
# What an arbiter has imported when it begins to serve, and a template when it waits.
IMPORTED = (
    "dirty_runtime.cli.serve",
    "dirty_runtime.arbiter.arbiter",
    "dirty_runtime.worker.__main__",
    "dirty_runtime.worker.inspector",
)
# Python, its libraries and the codec read them when they start.
READ_AT_THE_START = ("GDPROTO_", "LANG", "LC_", "LD_", "MALLOC_", "PYTHON", "TZ")
MOST_BYTES = 1 << 17
# An arbiter that has begun just now has fewer descriptors.
ABOVE_ALL = 200
BEGIN_TEMPLATE = template.begin


class Nursery:
    """Forks commands of ours; started when it is first used."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._environment = _read_at_the_start(os.environ)
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def begin(
        self, words: Sequence[str], output: BinaryIO, directory: Path, environment: dict[str, str]
    ) -> subprocess.Popen[bytes]:
        """Start the leader of a session, by a fork if it can be. Raises OSError."""
        if not self._can(words, directory, environment):
            return begin(words, output, directory, environment)
        return Forked(words, self._fork(words, output, directory, environment))

    def close(self) -> None:
        """End it; what it has forked goes on."""
        if self._control is not None and self._process is not None:
            self._control.close()
            self._process.wait()

    def _can(self, words: Sequence[str], directory: Path, environment: Mapping[str, str]) -> bool:
        """Whether nobody sees a difference."""
        return (
            list(words[:4]) == [*COMMAND, "serve"]
            and directory.resolve() == ROOT
            # Whoever notes which lines are run has descriptors of its own in each program.
            and "MUTANTS_CURRENT" not in environment
            and _read_at_the_start(environment) == self._environment
        )

    def _fork(
        self, words: Sequence[str], output: BinaryIO, directory: Path, environment: dict[str, str]
    ) -> int:
        """The process that is forked. Raises OSError."""
        order = {"words": list(words), "directory": str(directory), "environment": environment}
        with self._lock:
            if self._control is None:
                self._control, self._process = _started()
            # Who is forked twice is the child of the next above that takes such children.
            keeper.prctl(keeper.PR_SET_CHILD_SUBREAPER, 1)
            try:
                socket.send_fds(self._control, [json.dumps(order).encode()], [output.fileno()])
                pid = int(self._control.recv(100) or b"0")
            finally:
                keeper.prctl(keeper.PR_SET_CHILD_SUBREAPER, 0)
        if not pid:
            raise OSError("the nursery has ended")
        return pid


class Forked(subprocess.Popen[bytes]):
    """As a program that was started, though it was forked."""

    def __init__(self, words: Sequence[str], pid: int) -> None:
        self._pid = pid
        super().__init__(words)

    def _execute_child(self, *_: Any) -> None:
        self.pid = self._pid
        self._child_created = True


def _read_at_the_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in environment.items() if name.startswith(READ_AT_THE_START)}


def _started() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        number = str(theirs.fileno())
        command = [sys.executable, "-m", "tests.nursery", number]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
    return ours, process


def main() -> None:
    """Fork what is ordered, until nobody can order any more."""
    control = socket.socket(fileno=int(sys.argv[1]))
    for name in IMPORTED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    while True:
        text, fds, _, _ = socket.recv_fds(control, MOST_BYTES, 1)
        if not text:
            return
        go, goes = os.pipe()
        told, tells = os.pipe()
        if (middle := os.fork()) == 0:
            if (pid := os.fork()) == 0:
                os.close(goes)
                os.read(go, 1)
                _be_arbiter(json.loads(text), fds[0])
            os.write(tells, str(pid).encode())
            os._exit(0)
        os.waitpid(middle, 0)
        control.send(os.read(told, 100))
        for fd in (go, goes, told, tells, *fds):
            os.close(fd)


def _be_arbiter(order: dict[str, Any], output: int) -> NoReturn:
    os.setsid()
    os.chdir(order["directory"])
    _take_environment(order["environment"])
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    template.begin = Spare().begin
    _run("dirty_runtime", order["words"])


class Spare:
    """A child of the arbiter that is to be its first template; those after it are started."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        if (pid := os.fork()) == 0:
            self._control.close()
            _be_template(theirs)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        self._pid = pid

    def begin(
        self, words: Sequence[str], fds: Sequence[int], directory: str
    ) -> subprocess.Popen[bytes]:
        """As that of the template, whose place it takes. Raises OSError."""
        if not self._pid:
            return BEGIN_TEMPLATE(words, fds, directory)
        pid, self._pid = self._pid, 0
        order = {
            "words": list(words),
            "fds": list(fds),
            "directory": directory,
            "environment": dict(os.environ),
        }
        with self._control:
            socket.send_fds(self._control, [json.dumps(order).encode()], list(fds))
        return Forked(words, pid)


def _be_template(control: socket.socket) -> NoReturn:
    with control:
        text, fds, _, _ = socket.recv_fds(control, MOST_BYTES, 2)
    if not text:
        os._exit(0)
    order = json.loads(text)
    # None is where another is to be.
    fds = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, ABOVE_ALL) for fd in fds]
    os.closerange(3, ABOVE_ALL)
    for fd, number in zip(fds, order["fds"], strict=True):
        os.dup2(fd, number)
    os.closerange(ABOVE_ALL, os.sysconf("SC_OPEN_MAX"))
    os.chdir(order["directory"] or ".")
    _take_environment(order["environment"])
    # As by -P.
    del sys.path[0]
    _run("dirty_runtime.worker.template", order["words"])


def _take_environment(environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)


def _run(module: str, words: list[str]) -> NoReturn:
    """Be the program, to its end."""
    sys.orig_argv[:] = words
    sys.argv[:] = words[words.index(module) :]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
    sys.exit()


if __name__ == "__main__":
    main()
