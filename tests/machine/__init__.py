"""A machine of its own for tests: Linux as a process, with a kernel that has what this one may not.

Rules: it sees the files of this machine, and can write to the folder that it is given alone. It has
no network. It ends when its program has, and is killed when that takes too long.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
MEMORY = "768M"


def program() -> str | None:
    """The kernel as a program, where it is installed."""
    return shutil.which("linux.uml") or shutil.which("linux")


def run(folder: Path, limit_s: float) -> str:
    """Boot systemd there, which runs `checks.py`. Returns what the machine said.

    Args:
        folder: what it writes to, as /out.
    """
    kernel = program()
    assert kernel is not None, "user-mode-linux is not installed"
    words = {
        "mem": MEMORY,
        "root": "/dev/root",
        "rootfstype": "hostfs",
        "rootflags": "/",
        "init": str(HERE / "init.sh"),
        "con": "null",
        "con0": "null,fd:1",
        "uml_dir": str(folder),
        # These are variables of the first process.
        "SOURCES": str(ROOT),
        "VENV": sys.prefix,
        "PYTHON": sys.base_prefix,
        "OUT": str(folder),
    }
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder)}
    process = subprocess.Popen(
        [kernel, *(f"{name}={value}" for name, value in words.items()), "ro", "quiet"],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        return process.communicate(timeout=limit_s)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.communicate()[0] + "\nit took too long"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
