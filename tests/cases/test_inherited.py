"""However an arbiter is started, it and its workers have streams, signals and masks as usual.

What it was started with is set right once, by the arbiter, and handed on.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dirty_runtime.arbiter.signals import HARMLESS
from dirty_runtime.arbiter.system import FEWEST_FILES
from dirty_runtime.testing import started
from tests.dirty_runtime.processes import LIMIT_S, wait_until

STATE = """
import json, os
def state():
    told = {line.partition(":")[0]: line.split()[-1] for line in open("/proc/self/status")}
    mask = os.umask(0)
    os.umask(mask)
    return {
        # Two that the C library keeps to itself, and nobody can set, may be handed on.
        "ignored": int(told["SigIgn"], 16) & ~(0b11 << 31),
        "blocked": int(told["SigBlk"], 16),
        "mask": mask,
        "streams": [os.readlink(f"/proc/self/fd/{fd}") for fd in (0, 1, 2)],
        "fds": [int(fd) for fd in os.listdir("/proc/self/fd")],
    }
"""
# Writes the state of a process that set right what it inherited to a file.
PROGRAM = (
    STATE
    + """
import sys
from dirty_runtime.arbiter.inherited import set_right
set_right()
print("is taken", file=sys.stdout)
print("is taken", file=sys.stderr)
assert sys.stdin.read(1) == ""
with open(sys.argv[1], "w") as kept:
    json.dump(state(), kept)
"""
)
APP = (
    STATE
    + """
from dirty_runtime import DirtyApp
class App(DirtyApp):
    def state(self):
        return state()
"""
)
# Runs the words behind its first with every signal ignored and blocked that can be.
HARSH = """
import os, signal, sys
for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, 32, 33}:
    signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals())
os.umask(0o777)
os.execvp(sys.argv[1], sys.argv[1:])
"""
# What an environment may ask of Python, or name that is not there.
ODD = {
    "PYTHONOPTIMIZE": "2",
    "PYTHONWARNINGS": "error",
    "PYTHONIOENCODING": "ascii",
    "LC_ALL": "xx_YY.nowhere",
    "TMPDIR": "/nowhere",
    "HOME": "/nowhere",
    "TZ": "Nowhere/Else",
}
HARSHLY = (sys.executable, "-c", HARSH)


def bit(number: int) -> int:
    return 1 << (number - 1)


def state_after(words: tuple[str, ...], tmp_path: Path) -> dict[str, Any]:
    kept = tmp_path / "state"
    words = (*words, sys.executable, "-c", PROGRAM, str(kept))
    subprocess.run(words, stdin=subprocess.DEVNULL, check=True, timeout=LIMIT_S)
    found: dict[str, Any] = json.loads(kept.read_text())
    return found


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_a_standard_stream_that_is_closed_leads_nowhere(closed: str, tmp_path: Path) -> None:
    found = state_after(("sh", "-c", f'exec "$@" {closed}', "sh"), tmp_path)
    streams = dict(zip(("<&-", ">&-", "2>&-"), found["streams"], strict=True))
    assert all(streams[name] == os.devnull for name in closed.split())


def test_what_was_ignored_or_blocked_or_masked_is_not(tmp_path: Path) -> None:
    found = state_after(HARSHLY, tmp_path)
    usual = bit(signal.SIGPIPE) | bit(signal.SIGXFSZ)
    assert found["ignored"] == usual | bit(signal.SIGHUP)
    # They wait for their handlers.
    assert found["blocked"] == sum(map(bit, HARMLESS))
    assert found["mask"] == 0o077


def test_an_arbiter_that_was_started_harshly_serves_and_ends_as_usual(tmp_path: Path) -> None:
    (tmp_path / "state_app.py").write_text(APP)
    pidfile, log = tmp_path / "pid", tmp_path / "its.log"
    serve = f"{sys.executable} -m dirty_runtime serve --socket SOCKET --app state_app:App"
    options = f"--workers 1 --pidfile {pidfile} --log-file {log}"
    closing = ("sh", "-c", 'exec 7>"$0.kept" "$@" <&- >&- 2>&-', str(tmp_path / "file"))
    words = (*HARSHLY, *closing, *serve.split(), *options.split())
    with started(words, directory=tmp_path, environment=ODD) as arbiter:
        arbiter.wait_ready()
        with arbiter.client() as client:
            found = client.execute("state_app:App", "state")
        assert found["streams"] == [os.devnull] * 3
        assert found["blocked"] == 0
        assert not found["ignored"] & bit(signal.SIGCHLD)
        assert 7 not in found["fds"]
        assert all(path.stat().st_mode & 0o600 == 0o600 for path in (pidfile, log))
        (pid,) = arbiter.pids()
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: "killed by SIGKILL" in log.read_text(), log.read_text)
        assert arbiter.stop() == 0


@pytest.mark.parametrize("most", [10, 12, 16, FEWEST_FILES - 1])
def test_who_may_open_too_few_files_is_told_so_in_one_line(most: int, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "dirty_runtime", "serve", "--app", "no:App"]
    limited = ["sh", "-c", f'ulimit -n {most} && exec "$@"', "sh", *words]
    done = subprocess.run(
        [*limited, "--socket", str(tmp_path / "s")],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"Error: {most} files may be open, an arbiter needs {FEWEST_FILES} at least:"
        " raise `ulimit -n`"
    ]
    assert list(tmp_path.iterdir()) == []
