"""Whom this project judges live: its own arbiter, worker and clients, and gunicorn's.

    python -m workshop.subjects.peers FOLDER
    python -m workshop.subjects.peers --check FOLDER

The first writes the results of all into FOLDER, and exits with 1 when one fails. The second plays
nothing: it exits with 1 when the results there are not of the scripts and lists of this version.

Rules: arbiters are programs that are started here, and serve what `app.md` asks for. How long a
script took, and paths of this machine, are not written: results can be kept beside the code.
"""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from dirty_runtime.testing import Arbiter, started
from gdproto.conformance.judging import known_failures
from gdproto.conformance.judging.known_failures import FOLDER, Entry, entry_of
from gdproto.conformance.judging.outcomes import Outcome, Result, Run, read
from gdproto.conformance.live import scripts
from gdproto.conformance.live.judge import Peer, judged
from gdproto.conformance.live.script import Crashed, Script
from gdproto.conformance.live.stages import APP, WIDE_APP, ArbiterStage, Terms
from gdproto.conformance.live.transcript import Transcript
from gdproto.conformance.live.wire import Mismatch

from .codecs import tell, write

LIVE = "gdproto.conformance.live"
FIX = "make conformance-publish"
# Scripts that look at lanes, and those for a worker that takes several exchanges on one.
LANES = ("arbiter-lane-", "worker-wide-")
OWN_LANES = f"env DIRTY_WORKER_OWN_LANES={shlex.quote(json.dumps([WIDE_APP]))}"
WORKER_TIMEOUT_S = 3.0
START_S, POLL_S = 30.0, 0.05
# As `app.md` asks for it: one lane, and bounds that can be reached.
BOUNDS = (
    *("--max-queue", "100", "--stash-max-bytes", "8388608", "--max-workers", "4"),
    *("--timeout", str(WORKER_TIMEOUT_S), "--max-crashes", "1000", "--graceful-timeout", "2"),
)
OPTIONS = ("--app", APP, "--workers", "1", *BOUNDS)
# A path of this machine, in what came back.
PATH = re.compile(r"""(?<=["'\s])/[\w.+/-]+""")

Address = AbstractContextManager[str]
TERMS = Terms()


# --- arbiters ---


@contextlib.contextmanager
def serving(*words: str) -> Iterator[str]:
    """The socket of an arbiter that is started by the words, in which SOCKET stands for it.

    Raises:
        Crashed: it ended, or did not answer in time.
    """
    with started(words) as arbiter:
        _wait_until_it_answers(arbiter)
        yield arbiter.socket_path


def _wait_until_it_answers(arbiter: Arbiter) -> None:
    due_s = time.monotonic() + START_S
    while arbiter.process.poll() is None and time.monotonic() < due_s:
        stage = ArbiterStage(Terms(), Transcript("", "arbiter"), socket_path=arbiter.socket_path)
        with contextlib.suppress(Crashed, Mismatch), contextlib.closing(stage):
            if stage.ask("add", 1, 1) == 2:
                return
        time.sleep(POLL_S)
    raise Crashed(f"the arbiter does not serve {APP}; it wrote:\n{arbiter.log.read_text()}")


def our_arbiter() -> Address:
    """Our arbiter."""
    return serving(sys.executable, "-m", "dirty_runtime", "serve", "--socket", "SOCKET", *OPTIONS)


def our_arbiter_seen(*behind: str) -> Address:
    """Our arbiter, its workers started through a program that sees their lanes.

    Args:
        behind: the words that start another program, through which that one is started.
    """
    sees, worker = f"{LIVE}.lanes", "dirty_runtime.worker"
    through = shlex.join([*behind, sys.executable, "-m", sees, sys.executable, "-m", worker])
    words = (sys.executable, "-m", "dirty_runtime", "serve", "--worker-command", through)
    return serving(*words, "--socket", "SOCKET", *OPTIONS)


def gunicorns_arbiter() -> Address:
    """gunicorn's arbiter."""
    return serving(sys.executable, "-m", f"{LIVE}.gunicorn_arbiter", "SOCKET", "1", APP)


def command(module: str, before: str = "") -> Callable[[], Address]:
    """What starts a worker or a client; `before` are words before."""
    words = f"{before} {shlex.quote(sys.executable)} -m {module}"
    return lambda: contextlib.nullcontext(words.strip())


# --- subjects ---


@dataclass(frozen=True)
class Subject:
    """One that is judged.

    Attributes:
        name: of its results' file.
        testee: what the results call it; the results of one testee may come from several runs.
        version: of whom it is.
        role: arbiter, worker or client.
        shown: its address for a reader: a socket that is to be served, or a command.
        address: starts it, if need be, and gives its address.
        known: the file of its known failures, in `known`.
        lanes: whether only the scripts are played that look at lanes, or need one that takes
            several exchanges, or all others; None for all.
        terms: of the scripts.
        together: how many scripts run at once.
        left_out: ids of scripts that are not played.
    """

    name: str
    testee: str
    version: str
    role: str
    shown: str
    address: Callable[[], Address]
    known: str = ""
    lanes: bool | None = None
    terms: Terms = TERMS
    together: int = 4
    left_out: frozenset[str] = frozenset()

    @property
    def scripts(self) -> list[Script]:
        """Those that it is judged by."""
        return [
            script
            for script in scripts().values()
            if script.role == self.role
            and script.id not in self.left_out
            and (self.lanes is None or script.id.startswith(LANES) == self.lanes)
        ]

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Its known failures."""
        return known_failures.read(FOLDER / self.known) if self.known else ()

    def judged(self) -> Run:
        """Play all scripts. Raises Crashed where it cannot be started."""
        app = "" if self.terms.app == APP else f" --app {self.terms.app}"
        run = Run(
            self.testee,
            command=f"gdproto conformance live --{self.role} {shlex.quote(self.shown)}{app}",
            declaration={"version": self.version, "language": "Python", "roles": [self.role]},
        )
        with self.address() as address:
            peer = Peer(self.testee, self.role, address)
            for result in judged(peer, self.scripts, self.terms, together=self.together):
                run.results[result.case] = kept(known_failures.excuse(result, self.entries))
        run.complaints += known_failures.stale(self.entries, run.results.values(), complete=True)
        return run


def _versioned(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return name


GDPROTO, GUNICORN = map(_versioned, ("gdproto", "gunicorn"))
CLIENTS = f"{LIVE}.clients"
ARBITERS_TERMS = replace(TERMS, worker_timeout_s=WORKER_TIMEOUT_S)


def _client(name: str, testee: str, whose: str, known: str = "") -> Subject:
    module = f"{CLIENTS}.{name}"
    shown = f"python -m {module}"
    return Subject(f"client-{name}", testee, whose, "client", shown, command(module), known)


SUBJECTS = (
    Subject(
        "arbiter", "gdproto's arbiter", GDPROTO, "arbiter", "SOCKET", our_arbiter,
        lanes=False, terms=ARBITERS_TERMS, together=8,
    ),
    Subject(
        "arbiter-lanes", "gdproto's arbiter", GDPROTO, "arbiter", "SOCKET", our_arbiter_seen,
        lanes=True, terms=ARBITERS_TERMS,
    ),
    Subject(
        "worker", "gdproto's worker", GDPROTO, "worker", "python -m dirty_runtime.worker",
        command("dirty_runtime.worker"), lanes=False,
    ),
    Subject(
        "worker-wide", "gdproto's worker", GDPROTO, "worker",
        f"{OWN_LANES} python -m dirty_runtime.worker", command("dirty_runtime.worker", OWN_LANES),
        lanes=True, terms=replace(TERMS, app=WIDE_APP),
    ),
    _client("sync", "gdproto's client", GDPROTO),
    _client("aio", "gdproto's client (asyncio)", GDPROTO),
    Subject(
        "gunicorn-arbiter", "gunicorn's arbiter", GUNICORN, "arbiter", "SOCKET", gunicorns_arbiter,
        known="gunicorn-arbiter.toml", terms=Terms(limit_s=4), together=2,
    ),
    _client("gunicorn", "gunicorn's client", GUNICORN, "gunicorn-client.toml"),
)  # fmt: skip


def kept(result: Result) -> Result:
    """The result without what is of this run and this machine alone."""
    got = PATH.sub("…", result.got) if result.got else result.got
    return replace(result, seconds=0.0, got=got, reason=PATH.sub("…", result.reason))


def stale(folder: Path) -> list[str]:
    """What in the folder is not of the scripts and the lists of this version; a line for each."""
    return [line for subject in SUBJECTS for line in _stale(subject, folder)]


def _stale(subject: Subject, folder: Path) -> Iterator[str]:
    path = folder / f"{subject.name}.jsonl"
    if not path.exists():
        yield f"{path} is missing: {FIX}"
        return
    (run,) = read([path])
    told = {one.case: (one.requires, one.level) for one in run.results.values()}
    if told != {script.id: (script.requires, script.level) for script in subject.scripts}:
        yield f"{path} is not of the scripts as they are: {FIX}"
    failed = {one for one in run.results.values() if one.outcome is Outcome.KNOWN_FAILURE}
    listed = {name: entry_of(subject.entries, name) for name in told}
    excused = {
        one for one in failed if (entry := listed[one.case]) and one.reason.startswith(entry.reason)
    }
    certain = {entry for entry in subject.entries if not entry.may_pass}
    if run.failed or failed != excused or certain - {listed[one.case] for one in failed}:
        yield f"{path} does not fail as {subject.known or 'nothing'} says: {FIX}"


def main() -> int:
    *words, folder = sys.argv[1:]
    if words == ["--check"]:
        lines = stale(Path(folder))
        for line in lines:
            print(line, file=sys.stderr)
        return bool(lines)
    return tell(write(Path(folder), SUBJECTS))


if __name__ == "__main__":
    sys.exit(main())
