"""What the classes of apps say of themselves, found out by a short-lived process.

Rules: the arbiter imports no app code. The inspector imports each app's class and writes a line of
JSON for it. When the last line is there, or nobody waits for it any more, it is ended with all that
it started: what an import leaves running is not waited for.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from ...app import MOST_AT_ONCE
from ...needs import needs_problem
from ...settings import ConfigError
from ..clock import Clock
from ..policy.catalogue import AppFacts
from .process import pipe_from
from .template import OUTPUT, Start, Templates

READ_BYTES = 64 * 1024
# An app tells a line of itself, and not much of that is its own.
MOST_BYTES = 4 * 1024 * 1024


async def asked(
    paths: Sequence[str], limit_s: float, directory: str, templates: Templates
) -> dict[str, AppFacts]:
    """What each app says of itself; it may take as long as a boot.

    Args:
        directory: where the apps are looked for; empty for the current one.
        templates: start the inspector.

    Raises:
        ConfigError: an app cannot be imported, is none, or has impossible attributes.
    """
    if directory and not os.path.isdir(directory):
        raise ConfigError(f"the directory of the apps, {directory}, is not there any more")
    output, ending = await _output_of(paths, limit_s, directory, templates)
    facts: dict[str, AppFacts] = {}
    for path, line in zip(paths, output.splitlines(), strict=False):
        found = _read(path, line)
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
    numbers = {"concurrency": 1, "fill": 0}
    for name, least in numbers.items():
        told = found.get(name, least)
        if type(told) is not int or not least <= told <= MOST_AT_ONCE:
            raise ConfigError(f"app {path}: {name} is {least} to {MOST_AT_ONCE}, not {told!r}")
        numbers[name] = told
    kills = bool(found.get("kill_on_cancel", False))
    preload = found.get("preload", False)
    if not isinstance(preload, bool):
        raise ConfigError(f"app {path}: preload is True or False, not {preload!r}")
    needs = found.get("resources", {})
    if problem := needs_problem(needs):
        raise ConfigError(f"app {path}: resources {problem}")
    return AppFacts(workers, tuple(stashes), kills, **numbers, preload=preload, resources=needs)


def _read(path: str, line: bytes) -> dict[str, Any]:
    """What the inspector told of an app. Raises ConfigError where the app wrote in its place."""
    with suppress(ValueError, RecursionError):
        found = json.loads(line)
        if isinstance(found, dict):
            return found
    raise ConfigError(f"app {path} writes to the descriptor that tells of it")


async def _output_of(
    paths: Sequence[str], limit_s: float, directory: str, templates: Templates
) -> tuple[bytes, str]:
    """What the inspector wrote, all its lines if it could, and why it wrote no more."""
    start = Start("inspector", paths, os.environ, directory)
    with pipe_from() as (source, end):
        inspector = templates.start(start.with_fds([(OUTPUT, end)]))
    lines = Lines(source, len(paths))
    inspector.when_ended(lines.end)
    late = ""
    try:
        async with Clock().timeout(limit_s):
            await lines.there.wait()
    except TimeoutError:
        late = f"it took more than {limit_s:g} s"
    finally:
        inspector.kill()
        await lines.over.wait()
    return lines.data, late or inspector.ending()


class Lines:
    """What a process writes.

    Its end is told by `end`: whatever it started may hold the other end of the pipe.

    Args:
        source: our end, which does not block, and is closed at the end.
        count: how many lines are waited for.

    Attributes:
        data: what has come.
        there: is set when the lines are there, or no more will come.
        over: is set at the end.
    """

    def __init__(self, source: int, count: int) -> None:
        self.data = b""
        self.there = asyncio.Event()
        self.over = asyncio.Event()
        self._source = source
        self._count = count
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(source, self._read)

    def _read(self) -> bool:
        """Take what is there. Returns whether anything was."""
        part = b""
        with suppress(BlockingIOError):
            part = os.read(self._source, READ_BYTES)
        self.data += part
        is_much = len(self.data) > MOST_BYTES
        if is_much or self.data.count(b"\n") >= self._count:
            self.there.set()
        if is_much or not part:
            self._loop.remove_reader(self._source)
        return bool(part) and not is_much

    def end(self) -> None:
        """The process has ended."""
        while self._read():
            pass
        os.close(self._source)
        self.there.set()
        self.over.set()
