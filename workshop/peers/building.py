"""Building a peer, unless what is there was built of the same sources.

Rules: two processes do not build one peer at once. A build is known by its manifest and the
contents of all files of the folder that are not ignored by git.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from .manifest import Peer

COMMAND_S = 900
STAMP = "sources"


class Broken(Exception):
    """A command of a peer failed; the text is what it wrote."""


def built(peer: Peer) -> Peer:
    """The peer, when it is built. Raises Broken."""
    peer.built.mkdir(parents=True, exist_ok=True)
    with _alone(peer.built / "lock"):
        stamp, sources = peer.built / STAMP, sources_hash(peer)
        if not stamp.exists() or stamp.read_text() != sources:
            stamp.unlink(missing_ok=True)
            for command in peer.build:
                run(peer, command)
            stamp.write_text(sources)
    return peer


def run(
    peer: Peer,
    command: str,
    timeout_s: float = COMMAND_S,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Run a command of a peer to its end, with more in its environment.

    Returns:
        What it wrote.

    Raises:
        Broken: it failed.
    """
    try:
        done = subprocess.run(
            peer.words(command),
            cwd=peer.folder,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=timeout_s,
        )
    except subprocess.TimeoutExpired as late:
        raise Broken(f"{command}: no end within {timeout_s:.0f} s\n{late.output}") from None
    if done.returncode:
        raise Broken(f"{command}: exit status {done.returncode}\n{done.stdout}")
    return done.stdout


def sources_hash(peer: Peer) -> str:
    """Of what the peer is built."""
    digest = hashlib.sha256()
    for name, content in sources(peer):
        digest.update(name.encode() + b"\0" + content + b"\0")
    return digest.hexdigest()


def sources(peer: Peer) -> Iterator[tuple[str, bytes]]:
    """Files of which the peer is built: their paths below the project, and what is in them."""
    for name in _names(peer):
        path = peer.project / name
        if path.is_file():
            yield name, path.read_bytes()


def _names(peer: Peer) -> list[str]:
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "."]
    listed = subprocess.run(words, cwd=peer.folder, capture_output=True, text=True, check=False)
    if listed.returncode:
        # A copy without git: all that is there.
        paths = sorted(path for path in peer.folder.rglob("*") if path.is_file())
        return [path.relative_to(peer.project).as_posix() for path in paths]
    inside = peer.folder.relative_to(peer.project)
    return sorted((inside / name).as_posix() for name in listed.stdout.split("\0") if name)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
