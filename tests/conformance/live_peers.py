"""The peers that the live scripts judge here: ours and gunicorn's, as they are started."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from dirty_runtime import DirtyClient, DirtyError
from gdproto.conformance import live
from gdproto.conformance.known_failures import Entry, excuse, read, stale
from gdproto.conformance.live.judge import Peer, judged
from gdproto.conformance.live.stages import APP, Terms
from gdproto.conformance.outcomes import BAD, Outcome, Result

from ..dirty_runtime.processes import Arbiter, serving, wait_until

KNOWN = Path(live.__file__).parents[1] / "known"
WORKER_TIMEOUT_S = 3.0
# As `app.md` asks for it: one lane, and bounds that can be reached.
OPTIONS = (
    *("--max-queue", "100", "--stash-max-bytes", "8388608", "--max-workers", "4"),
    *("--timeout", str(WORKER_TIMEOUT_S), "--max-crashes", "1000", "--graceful-timeout", "2"),
)
WORKER = f"{sys.executable} -m dirty_runtime.worker"
CLIENT = f"{sys.executable} -m gdproto.conformance.live.clients."


@contextlib.contextmanager
def our_arbiter() -> Iterator[str]:
    """The socket of our arbiter, which serves the conformance app."""
    with serving(APP, options=OPTIONS) as arbiter:
        yield arbiter.socket_path


@contextlib.contextmanager
def our_arbiter_seen() -> Iterator[str]:
    """As `our_arbiter`, its workers started through a program that sees their lanes."""
    with tempfile.TemporaryDirectory(prefix="gd-") as directory:
        path, program = f"{directory}/socket", Path(directory, "python")
        through = f"{sys.executable} -m gdproto.conformance.live.lanes {sys.executable}"
        program.write_text(f'#!/bin/sh\nexec {through} "$@"\n')
        program.chmod(0o755)
        main = (
            f"import sys; sys.executable = {str(program)!r}; "
            "from dirty_runtime.__main__ import main; main()"
        )
        words = ["serve", "--app", APP, "--workers", "1", "--socket", path, *OPTIONS]
        arbiter = Arbiter([sys.executable, "-c", main, *words], path, Path(directory, "log"))
        try:
            arbiter.wait_for_workers(1)
            yield path
        finally:
            arbiter.end()


@contextlib.contextmanager
def gunicorns_arbiter() -> Iterator[str]:
    """The socket of gunicorn's arbiter, which serves the conformance app."""
    module = "tests.dirty_runtime.gunicorn_arbiter"
    with tempfile.TemporaryDirectory(prefix="gd-") as directory:
        path = f"{directory}/socket"
        arbiter = Arbiter(
            [sys.executable, "-m", module, path, "1", APP], path, Path(directory, "log")
        )
        try:
            wait_until(lambda: answers(path))
            yield path
        finally:
            arbiter.end()


def answers(path: str) -> bool:
    with contextlib.suppress(DirtyError), DirtyClient(path) as client:
        return bool(client.execute(APP, "add", 1, 1) == 2)
    return False


def results_of(
    peer: Peer,
    terms: Terms,
    known: str = "",
    together: int = 8,
    only: str = "",
    left_out: Collection[str] = (),
) -> list[Result]:
    """The result of every script of the peer's role, known failures excused.

    Args:
        known: the list of these.
        together: how many scripts run at once.
        only: how the scripts' ids begin.
        left_out: ids of scripts that are not run.
    """
    entries = entries_of(known)
    of_role = [script for script in live.scripts().values() if script.role == peer.role]
    scripts = [one for one in of_role if one.id.startswith(only) and one.id not in left_out]
    found = [excuse(one, entries) for one in judged(peer, scripts, terms, together=together)]
    assert stale(entries, found, complete=True) == []
    return found


def entries_of(known: str) -> tuple[Entry, ...]:
    return read(KNOWN / f"{known}.toml") if known else ()


def with_outcome(results: Iterable[Result], *outcomes: Outcome) -> list[str]:
    """The scripts that had one of these outcomes, and why."""
    return [
        f"{one.case}: {one.outcome}: {one.reason}" for one in results if one.outcome in outcomes
    ]


def bad(results: Iterable[Result]) -> list[str]:
    """The scripts that make a run fail."""
    return with_outcome(results, *BAD)
