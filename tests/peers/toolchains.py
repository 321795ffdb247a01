"""Peers that this machine can build: here, or in a copy of the project.

Rules: a peer whose toolchain is missing is skipped, and fails where REQUIRE_PEERS=1 asks for all.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from workshop.peers.building import built
from workshop.peers.manifest import PEERS, REQUIRED, UNTRACKED, Peer, read


def peer(name: str) -> Peer:
    """The manifest of a peer that can be built here."""
    one = read(PEERS / name / "peer.toml")
    if one.lack:
        if REQUIRED:
            pytest.fail(one.lack)
        pytest.skip(one.lack)
    return one


def built_peer(name: str) -> Peer:
    """A peer, built."""
    return built(peer(name))


def copied_peers(copy: Path) -> None:
    """Put the sources of all peers into a copy of the project, before its codecs are written."""
    shutil.copytree(PEERS, copy / "peers", ignore=UNTRACKED, dirs_exist_ok=True)


def words_in(copy: Path, name: str) -> list[str]:
    """Build a peer in a copy of the project. Returns the words that start its testee."""
    one = built(replace(peer(name), project=copy))
    return one.words(one.testee)
