"""What the classes of apps say of themselves, found out by a short-lived process.

Rules: the arbiter imports no app code. The inspector, in a session of its own, imports each app's
class and writes a line of JSON for it. When the last line is there, or nobody waits for it any
more, it is ended with all that it started: what an import leaves running is not waited for.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from ...settings import ConfigError
from ..policy.catalogue import AppFacts

READ_BYTES = 64 * 1024


async def asked(paths: Sequence[str], limit_s: float) -> dict[str, AppFacts]:
    """What each app says of itself; it may take as long as a boot.

    Raises:
        ConfigError: an app cannot be imported, is none, or has impossible attributes.
    """
    output, ending = await _output_of(paths, limit_s)
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


async def _output_of(paths: Sequence[str], limit_s: float) -> tuple[bytes, str]:
    """What the inspector wrote, all its lines if it could, and why it wrote no more."""
    command = [sys.executable, "-m", "dirty_runtime.worker.inspector", *paths]
    child = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True
    )
    assert child.stdout is not None
    lines = Lines(child.pid, child.stdout.fileno(), len(paths))
    late = ""
    try:
        async with asyncio.timeout(limit_s):
            await lines.there.wait()
    except TimeoutError:
        late = f"it took more than {limit_s:g} s"
    finally:
        lines.close()
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        code = child.wait()
        child.stdout.close()
    return lines.data, late or f"exit code {code}"


class Lines:
    """What a process writes.

    Its end is seen by its process: whatever it started may hold the other end of the pipe.

    Attributes:
        data: what has come.
        there: is set when there are `count` lines, or no more will come.
    """

    def __init__(self, pid: int, source: int, count: int) -> None:
        self.data = b""
        self.there = asyncio.Event()
        self._source = source
        self._count = count
        self._pidfd = os.pidfd_open(pid)
        self._loop = asyncio.get_running_loop()
        os.set_blocking(source, False)
        self._loop.add_reader(source, self._read)
        self._loop.add_reader(self._pidfd, self._ended)

    def _read(self) -> bool:
        """Take what is there. Returns whether anything was."""
        part = b""
        with suppress(BlockingIOError):
            part = os.read(self._source, READ_BYTES)
        self.data += part
        if self.data.count(b"\n") >= self._count:
            self.there.set()
        if not part:
            self._loop.remove_reader(self._source)
        return bool(part)

    def _ended(self) -> None:
        self._loop.remove_reader(self._pidfd)
        while self._read():
            pass
        self.there.set()

    def close(self) -> None:
        """Look no more."""
        self._loop.remove_reader(self._source)
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
