"""What the classes of apps say of themselves, found out by a short-lived process.

Rules: the arbiter imports no app code. The inspector, in a session of its own, imports each app's
class and writes a line of JSON for it. When the last line is there it is ended with all that it
started: what an import leaves running is not waited for.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from ...settings import ConfigError
from ..policy.catalogue import AppFacts

READ_BYTES = 64 * 1024


def asked(paths: Sequence[str], limit_s: float) -> dict[str, AppFacts]:
    """What each app says of itself; it may take as long as a boot.

    Raises:
        ConfigError: an app cannot be imported, is none, or has impossible attributes.
    """
    output, ending = _output_of(paths, limit_s)
    facts: dict[str, AppFacts] = {}
    for path, line in zip(paths, output.splitlines(), strict=False):
        found = json.loads(line)
        if "error" in found:
            raise ConfigError(found["error"])
        facts[path] = checked(path, found)
    for path in paths:
        if path not in facts:
            raise ConfigError(f"app {path} cannot be imported: the import did not end: {ending}")
    return facts


def checked(path: str, found: Mapping[str, Any]) -> AppFacts:
    """The facts, as an app or its worker told them. Raises ConfigError for impossible ones."""
    workers, stashes = found.get("workers"), found.get("stashes", [])
    if workers is not None and (type(workers) is not int or workers < 1):
        raise ConfigError(f"app {path}: workers is a number above 0, not {workers!r}")
    if not isinstance(stashes, list) or not all(isinstance(name, str) for name in stashes):
        raise ConfigError(f"app {path}: stashes is a list of names, not {stashes!r}")
    return AppFacts(workers, tuple(stashes), bool(found.get("kill_on_cancel", False)))


def _output_of(paths: Sequence[str], limit_s: float) -> tuple[bytes, str]:
    """What the inspector wrote, all its lines if it could, and why it wrote no more."""
    command = [sys.executable, "-m", "dirty_runtime.worker.inspector", *paths]
    child = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True
    )
    assert child.stdout is not None
    try:
        output, is_late = _lines(child, child.stdout.fileno(), len(paths), limit_s)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        code = child.wait()
        child.stdout.close()
    return output, f"it took more than {limit_s:g} s" if is_late else f"exit code {code}"


def _lines(
    child: subprocess.Popen[bytes], source: int, count: int, limit_s: float
) -> tuple[bytes, bool]:
    """What the child writes, until there are `count` lines, and whether it took too long.

    Its end is seen by its process: whatever it started may hold the other end of the pipe.
    """
    due_s = time.monotonic() + limit_s
    output = b""
    os.set_blocking(source, False)
    pidfd = os.pidfd_open(child.pid)
    try:
        while output.count(b"\n") < count:
            readable, _, _ = select.select(
                [source, pidfd], [], [], max(0.0, due_s - time.monotonic())
            )
            if not readable:
                return output, True
            data = b""
            with suppress(BlockingIOError):
                data = os.read(source, READ_BYTES)
            if not data and (pidfd in readable or source in readable):
                break
            output += data
    finally:
        os.close(pidfd)
    return output, False
