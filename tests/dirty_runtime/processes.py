"""What the tests start beside themselves: arbiters, commands; and how they wait for them."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from dirty_runtime import DirtyError
from dirty_runtime.testing import Arbiter, running, started

ROOT = Path(__file__).resolve().parents[2]
THEIRS = "tests.dirty_runtime.gunicorn_kinds:Theirs"
OURS = "tests.dirty_runtime.kinds:Ours"
CHANGING = Path(__file__).with_name("changing.py")
LIMIT_S = 30.0
# Within which a call begins, also beside much else.
ENOUGH_S = 0.7
POLL_S = 0.01


def python_path(*first: object) -> str:
    """A PYTHONPATH of these, and of what is on it here."""
    return os.pathsep.join([*map(str, first), *filter(None, [os.environ.get("PYTHONPATH")])])


@contextlib.contextmanager
def serving(
    *apps: str,
    workers: int = 1,
    threads: int = 1,
    options: tuple[str, ...] = (),
    socket_path: str = "",
    directory: Path = ROOT,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Arbiter]:
    """Our arbiter, its workers ready; it logs no traceback but those of apps."""
    with running(
        *apps,
        workers=workers,
        threads=threads,
        options=options,
        directory=directory,
        socket_path=socket_path,
        environment=environment,
    ) as arbiter:
        yield arbiter
        arbiter.stop()
        assert not traced(arbiter.log.read_text()), arbiter.log.read_text()


def traced(log: str) -> list[str]:
    """The events of a log that have a traceback, but for what callers were told of."""
    events = re.split(r"\n(?! )", log)
    told = re.compile(r"\(request \d+(?:, trace \w+)?\) failed: |close\(\) failed: ")
    return [one for one in events if "Traceback" in one and not told.search(one)]


def serving_here(
    directory: Path, *apps: str, options: tuple[str, ...] = (), **sizes: int
) -> contextlib.AbstractContextManager[Arbiter]:
    """As `serving`, for apps of the copy of `CHANGING` in `directory`."""
    paths = [f"changing:{app}" for app in apps]
    return serving(*paths, options=options, directory=directory, **sizes)


@contextlib.contextmanager
def gunicorn_serving(*apps: str) -> Iterator[Arbiter]:
    """gunicorn's arbiter, its one worker ready."""
    module = "gdproto.conformance.live.gunicorn_arbiter"
    command = [sys.executable, "-m", module, "SOCKET", "1", *apps]
    with started(command, directory=ROOT) as arbiter:
        wait_for_answers(arbiter, apps[0])
        yield arbiter


def wait_for_answers(arbiter: Arbiter, app: str) -> None:
    """Return when `app` answers: gunicorn's status never says that a worker has booted."""

    def answers() -> bool:
        with contextlib.suppress(DirtyError), arbiter.client() as client:
            return bool(client.execute(app, "pid"))
        return False

    wait_until(answers, arbiter.log.read_text)


def dirty(*words: str) -> list[str]:
    """A `dirty` command."""
    return [sys.executable, "-m", "dirty_runtime", *words]


def run_dirty(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run a `dirty` command to its end."""
    return subprocess.run(
        dirty(*words),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )


def wait_until(
    holds: Callable[[], object],
    describe: Callable[[], str] = lambda: "it never came true",
    limit_s: float = LIMIT_S,
) -> None:
    """Return when `holds`; fails after `limit_s` seconds."""
    due_s = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < due_s, describe()
        time.sleep(POLL_S)


def wait_until_logged(arbiter: Arbiter, text: str) -> None:
    """Return when the arbiter's log has the text: a thread writes it, in its own time."""
    wait_until(lambda: text in arbiter.log.read_text(), arbiter.log.read_text)


def is_running(pid: int) -> bool:
    """Whether the process exists and is not a zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
