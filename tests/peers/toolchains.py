"""Peers that this machine can build: here, or in a copy of the project.

Rules: a peer whose toolchain is missing is skipped, and fails where REQUIRE_PEERS=1 asks for all.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from workshop.peers.__main__ import REQUIRED
from workshop.peers.building import COMMAND_S, built
from workshop.peers.manifest import PEERS, PLACE, Peer, read

UNTRACKED = shutil.ignore_patterns("node_modules", "target", "build", "__pycache__")


def peer(name: str) -> Peer:
    """The manifest of a peer that can be built here."""
    one = read(PEERS / name / "peer.toml")
    if one.missing:
        told = f"{one.missing} is not installed"
        if REQUIRED:
            pytest.fail(told)
        pytest.skip(told)
    return one


def built_peer(name: str) -> Peer:
    """A peer, built."""
    return built(peer(name))


def copied_peers(copy: Path) -> None:
    """Put the sources of all peers into a copy of the project, before its codecs are written."""
    shutil.copytree(PEERS, copy / "peers", ignore=UNTRACKED, dirs_exist_ok=True)


def words_in(copy: Path, name: str) -> list[str]:
    """Build a peer in a copy of the project. Returns the words that start its testee."""
    one = peer(name)
    folder, made = copy / "peers" / name, copy / "build" / "peers" / name
    made.mkdir(parents=True)
    places = {"BUILD": str(made), "HERE": str(folder)}

    def words(command: str) -> list[str]:
        return [PLACE.sub(lambda found: places[found[0]], w) for w in command.split()]

    for command in one.build:
        done = subprocess.run(
            words(command),
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_S,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}"
    return words(one.testee)
