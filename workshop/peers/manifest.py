"""What a peer's folder says of itself: ``peers/<language>/peer.toml``.

Rules: commands are written as for a shell without its signs. BUILD in them stands for the folder
where built things go, which git does not see, and HERE for the peer's folder. Commands that build
and test run in that folder; its programs are started from anywhere. What a peer has no program for
is left out, and judged by nobody. A peer whose toolchain is missing is named with what it lacks;
with REQUIRE_PEERS=1 that is a failure.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / "peers"
REQUIRED = os.environ.get("REQUIRE_PEERS", "") not in ("", "0")
PLACE = re.compile("BUILD|HERE")
# What git does not see of a peer's folder.
UNTRACKED = shutil.ignore_patterns("node_modules", "target", "build", "dist", "__pycache__")


@dataclass(frozen=True)
class Peer:
    """One peer.

    Attributes:
        name: of its folder.
        language: as people write it.
        needs: programs without which nothing of it can be built.
        build, test, fuzz: commands.
        mutant: commands that build its programs anew where a line has changed, and soon.
        unit: commands that run its own tests of the codec alone, on such a build.
        bench: commands that make a benchmark, and last one that runs it (see benchmarks.peers).
        rival: the library that it measures beside.
        testee, client, worker: the command that starts it; empty for none.
        caller: what measures the round trip of a small call (see benchmarks.peers); empty for none.
        project: where the project stands, or a copy of it.
    """

    name: str
    language: str
    needs: tuple[str, ...]
    build: tuple[str, ...]
    test: tuple[str, ...]
    fuzz: tuple[str, ...] = ()
    mutant: tuple[str, ...] = ()
    unit: tuple[str, ...] = ()
    bench: tuple[str, ...] = ()
    rival: str = ""
    testee: str = ""
    client: str = ""
    worker: str = ""
    caller: str = ""
    project: Path = ROOT

    @property
    def folder(self) -> Path:
        """Where its sources are."""
        return self.project / "peers" / self.name

    @property
    def built(self) -> Path:
        """Where what is built of it goes."""
        return self.project / "build" / "peers" / self.name

    @property
    def lack(self) -> str:
        """Why it cannot be built on this machine; empty where it can."""
        lacking = (one for one in self.needs if shutil.which(one) is None)
        return next((f"{one} is not installed" for one in lacking), "")

    def copied(self, project: Path) -> Peer:
        """The peer of another copy of the project, to which its sources are copied."""
        copy = replace(self, project=project)
        shutil.copytree(self.folder, copy.folder, ignore=UNTRACKED, symlinks=True)
        return copy

    def words(self, command: str) -> list[str]:
        """A command's words."""
        places = {"BUILD": str(self.built), "HERE": str(self.folder)}
        return [PLACE.sub(lambda found: places[found[0]], word) for word in shlex.split(command)]


def peers() -> Iterator[Peer]:
    """All that have a manifest, by name."""
    for path in sorted(PEERS.glob("*/peer.toml")):
        yield read(path)


def read(path: Path) -> Peer:
    """One manifest. Raises TypeError at a key that is none of a peer's."""
    said = tomllib.loads(path.read_text())
    lists = {name: tuple(held) for name, held in said.items() if isinstance(held, list)}
    return Peer(path.parent.name, **{**said, **lists})
