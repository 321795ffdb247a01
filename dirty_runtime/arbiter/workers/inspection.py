"""What the classes of apps say of themselves, found out by a short-lived process.

Rules: the arbiter imports no app code. The inspector, in a process of its own, imports each app's
class and writes a line of JSON for it. Of apps that a worker command loads nothing is found out.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ...app import AppSpec
from ...settings import Config, ConfigError


class AppFacts(NamedTuple):
    """The attributes of an app's class: see `DirtyApp`."""

    workers: int | None
    stashes: tuple[str, ...]
    kill_on_cancel: bool


NOTHING_KNOWN = AppFacts(workers=None, stashes=(), kill_on_cancel=False)


def inspect_apps(config: Config) -> dict[str, AppFacts]:
    """What each app says of itself; it may take as long as a boot.

    Raises:
        ConfigError: an app cannot be imported, is none, or has impossible attributes; or there is
            no such program as the worker command names.
    """
    paths = [spec.path for spec in config.apps]
    if not config.worker_command:
        return _asked(paths, config.boot_timeout_s)
    program = shlex.split(config.worker_command)[0]
    if shutil.which(program) is None:
        raise ConfigError(f"worker-command: there is no program {program}", "worker_command")
    return dict.fromkeys(paths, NOTHING_KNOWN)


def _asked(paths: Sequence[str], limit_s: float) -> dict[str, AppFacts]:
    command = [sys.executable, "-m", "dirty_runtime.worker.inspector", *paths]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=limit_s, check=False
        )
        output, ending = done.stdout, f"exit code {done.returncode}"
    except subprocess.TimeoutExpired as error:
        output, ending = error.stdout or b"", f"it took more than {limit_s:g} s"
    facts: dict[str, AppFacts] = {}
    for path, line in zip(paths, output.splitlines(), strict=False):
        found = json.loads(line)
        if "error" in found:
            raise ConfigError(found["error"])
        facts[path] = _checked(path, **found)
    for path in paths:
        if path not in facts:
            raise ConfigError(f"app {path} cannot be imported: the import did not end: {ending}")
    return facts


def learned(config: Config, facts: Mapping[str, AppFacts]) -> tuple[AppSpec, ...]:
    """The apps of `config` with what their classes say where it does not."""
    return tuple(
        spec._replace(workers=spec.workers or facts[spec.path].workers) for spec in config.apps
    )


def _checked(path: str, workers: Any, stashes: Any, kill_on_cancel: Any) -> AppFacts:
    if workers is not None and (type(workers) is not int or workers < 1):
        raise ConfigError(f"app {path}: workers is a number above 0, not {workers!r}")
    if not isinstance(stashes, list) or not all(isinstance(name, str) for name in stashes):
        raise ConfigError(f"app {path}: stashes is a list of names, not {stashes!r}")
    return AppFacts(workers, tuple(stashes), bool(kill_on_cancel))
