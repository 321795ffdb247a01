"""Broken peers judged: each must be told from a sound one by at least one live script.

Rules: a broken peer is killed by a script that is about what it breaks, played alone. It is a
program of its own: an arbiter at a socket, or a command that a script starts. A machine that
stands still for a second can hide what is broken, so one that lives is played again.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase

from gdproto.conformance.judging.outcomes import BAD
from gdproto.conformance.live import scripts
from gdproto.conformance.live.judge import Peer, played
from gdproto.conformance.live.relay import Passage
from gdproto.conformance.live.script import Script
from gdproto.conformance.live.stages import Terms
from workshop.subjects.peers import our_arbiter_seen

from . import arbiters, clients, lanes, workers

SOUND = "Sound"
START_S = 20.0
TERMS = Terms(limit_s=1.5)
TOGETHER = 4
PLAYS = 3
MUTANTS: dict[str, Mapping[str, type[Passage]]] = {
    "arbiter": arbiters.MUTANTS,
    "worker": workers.MUTANTS,
    "client": clients.MUTANTS,
    "lane": lanes.MUTANTS,
}


@contextlib.contextmanager
def broken(role: str, name: str, sound: str) -> Iterator[Peer]:
    """The peer.

    Args:
        role: arbiter, worker, client, or lane for an arbiter that is broken on its lanes.
        sound: a sound arbiter's socket, or the command of a sound worker or client; for lanes an
            arbiter is started.
    """
    module = f"{__package__}.{role}s"
    words = [sys.executable, "-m", module, name]
    if role == "lane":
        with our_arbiter_seen(*words) as path:
            yield Peer(name, "arbiter", path)
        return
    if role != "arbiter":
        yield Peer(name, role, f"{' '.join(words)} {sound}")
        return
    with tempfile.TemporaryDirectory(prefix="gd-") as directory:
        path = f"{directory}/socket"
        process = subprocess.Popen([*words, path, sound])
        try:
            _wait_for(path)
            yield Peer(name, role, path)
        finally:
            process.kill()
            process.wait()


def killers(role: str, sound: str) -> dict[str, list[str]]:
    """The ids of the scripts that kill each broken peer of the role; none for one that lives."""
    # On lanes, each is an arbiter by itself.
    apart = [
        name
        for name in MUTANTS[role]
        if role != "lane" and any(one.alone for one in about(role, name))
    ]
    together = [name for name in MUTANTS[role] if name not in apart]
    with ThreadPoolExecutor(TOGETHER) as threads:
        found = dict(
            zip(together, threads.map(lambda name: _kill(role, name, sound), together), strict=True)
        )
    return found | {name: _kill(role, name, sound) for name in apart}


def about(role: str, name: str) -> list[Script]:
    """The scripts that are about what is broken."""
    glob = MUTANTS[role][name].told_by
    return [script for script in scripts().values() if fnmatchcase(script.id, glob)]


def _kill(role: str, name: str, sound: str) -> list[str]:
    with broken(role, name, sound) as peer:
        for _ in range(PLAYS):
            results = [played(peer, script, TERMS) for script in about(role, name)]
            if killing := [result.case for result in results if result.outcome in BAD]:
                return killing
    return []


def _wait_for(path: str) -> None:
    """Return when somebody listens there."""
    due_s = time.monotonic() + START_S
    while True:
        with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
            probe.connect(path)
            return
        if time.monotonic() > due_s:
            raise TimeoutError(f"nobody listens at {path}")
        time.sleep(0.01)
