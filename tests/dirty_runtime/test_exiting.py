"""Who ends without freeing anything leaves the same behind as Python's own end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import atexit, sys, threading, time
from dirty_runtime import exiting

def main():
    ends = threading.Event()
    atexit.register(lambda: print("an exit handler"))
    threading.Thread(target=lambda: (ends.wait(), time.sleep(0.1), print("a thread"))).start()
    print("the program")
    try:
        {end}
    finally:
        ends.set()

"""
ENDS = {
    "it returns": "pass",
    "with a status": "sys.exit(3)",
    "with one that is too large": "sys.exit(300)",
    "with none": "sys.exit(None)",
    "with words": "sys.exit('what to do')",
    "with an error": "raise ValueError('no')",
    "without streams": "sys.stdout = sys.stderr = None",
}


@pytest.mark.parametrize("full", [False, True], ids=["", "to a full disk"])
@pytest.mark.parametrize("end", ENDS.values(), ids=list(ENDS))
def test_it_ends_as_python_does(end: str, full: bool) -> None:
    program = PROGRAM.format(end=end)
    ours, pythons = (_ended(program + call, full) for call in ("exiting.run(main)", "main()"))
    assert ours == pythons


def _ended(program: str, full: bool) -> tuple[int, str, str]:
    with Path("/dev/full").open("w") as nowhere:
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={name: text for name, text in os.environ.items() if name != "PYTHONUNBUFFERED"},
            stdout=nowhere if full else subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            timeout=30,
        )
    said = [line for line in done.stderr.splitlines() if not line.startswith(("  ", "Traceback"))]
    return done.returncode, done.stdout or "", "\n".join(said)
