"""Apps that write where their process tells its arbiter of them."""

from __future__ import annotations

import os
from pathlib import Path

from tests.dirty_runtime.processes import run_dirty, serving, wait_until_logged

APP = r"""
import os, pathlib
from dirty_runtime import DirtyApp

class App(DirtyApp):
    preload = True
    def pid(self):
        return os.getpid()
    def leave(self, count):
        os.write(int(os.environ["DIRTY_TRACE_FD"]), b"leave it is tired\n" * count)

def lie(number):
    os.write(number, b'junk\n[1]\n{"loaded": [["x"]]}\n')

if "GD_WORKER_FDS" in os.environ:
    # In the template.
    lie(int(os.environ["GD_WORKER_FDS"]))
if (pathlib.Path(__file__).parent / "lies").exists():
    for name in os.listdir("/proc/self/fd"):
        try:
            if int(name) > 2 and os.readlink(f"/proc/self/fd/{name}").startswith("pipe:"):
                lie(int(name))
        except OSError:
            pass
"""


def test_what_an_app_writes_there_is_not_taken_for_what_is_told(tmp_path: Path) -> None:
    (tmp_path / "lying.py").write_text(APP)
    with serving("lying:App", directory=tmp_path) as arbiter, arbiter.client() as client:
        wait_until_logged(arbiter, "has loaded lying:App")
        (tmp_path / "lies").touch()
        ended = run_dirty("reload", "--socket", arbiter.socket_path, "--wait", "30")
        assert "app lying:App writes to the descriptor that tells of it" in ended.stderr
        (pid,) = arbiter.pids()
        assert client.execute("lying:App", "pid") == pid
        # The module is there already: its next worker is a fork of the template.
        os.unlink(tmp_path / "lies")
        client.execute("lying:App", "leave", 500)
        arbiter.wait_ready()
        wait_until_logged(arbiter, "leaves: it is tired")
        assert arbiter.log.read_text().count("asks to be replaced: it is tired") == 1
