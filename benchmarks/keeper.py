"""Holds one command so that nothing of it can be left behind.

``python -m benchmarks.keeper GRACE_S COMMAND...`` runs COMMAND in a session of its own until it
ends or the keeper's stdin closes, which happens however the benchmark dies. Then COMMAND gets
TERM, after GRACE_S seconds its process group gets KILL, and so does any descendant that left the
group: on Linux those are re-parented to the keeper.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_SWEEP_S = 5.0


def main(arguments: list[str]) -> int:
    """Hold the command; its exit status if it ended by itself, else 0."""
    grace_s, command = float(arguments[0]), arguments[1:]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _ignore)
    _adopt_orphans()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        ended_alone = _wait(child)
    finally:
        _end(child, grace_s)
    return (child.returncode or 1) if ended_alone else 0


def _ignore(number: int, frame: object) -> None:
    """Only stdin ends the keeper. A handler, unlike SIG_IGN, is not inherited by the command."""


def _adopt_orphans() -> None:
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _wait(child: subprocess.Popen[bytes]) -> bool:
    """Wait until stdin closes or the child ends; whether it was the child."""
    over = threading.Event()

    def watch_stdin() -> None:
        while os.read(0, 1024):
            pass
        over.set()

    def watch_child() -> None:
        child.wait()
        over.set()

    for watch in (watch_stdin, watch_child):
        threading.Thread(target=watch, daemon=True).start()
    over.wait()
    return child.poll() is not None


def _end(child: subprocess.Popen[bytes], grace_s: float) -> None:
    if child.poll() is None:
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(grace_s)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    _sweep()


def _sweep() -> None:
    """Kill and reap what is still a child of the keeper."""
    limit_s = time.monotonic() + _SWEEP_S
    while time.monotonic() < limit_s:
        for pid in _children():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.01)
        except ChildProcessError:
            return


def _children() -> list[int]:
    """The ids of this process's children, as far as the system tells."""
    pids: list[int] = []
    for listing in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):
            pids.extend(int(word) for word in listing.read_text().split())
    return pids


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
