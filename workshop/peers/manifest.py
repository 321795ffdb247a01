"""What a peer's folder says of itself: ``peers/<language>/peer.toml``.

Rules: commands are written as for a shell without its signs. BUILD in them stands for the folder
where built things go, which git does not see, and HERE for the peer's folder. Commands that build
and test run in that folder; its programs are started from anywhere. What a peer has no program for
is left out, and judged by nobody.
"""

from __future__ import annotations

import re
import shlex
import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLACE = re.compile("BUILD|HERE")
PEERS, BUILT = ROOT / "peers", ROOT / "build" / "peers"


@dataclass(frozen=True)
class Peer:
    """One peer.

    Attributes:
        name: of its folder.
        language: as people write it.
        needs: programs without which nothing of it can be built.
        build, test, fuzz: commands.
        bench: commands that make a benchmark, and last one that runs it (see benchmarks.peers).
        testee, client, worker: the command that starts it; empty for none.
        caller: what measures the round trip of a small call (see benchmarks.peers); empty for none.
    """

    name: str
    language: str
    needs: tuple[str, ...]
    build: tuple[str, ...]
    test: tuple[str, ...]
    fuzz: tuple[str, ...] = ()
    bench: tuple[str, ...] = ()
    testee: str = ""
    client: str = ""
    worker: str = ""
    caller: str = ""

    @property
    def folder(self) -> Path:
        """Where its sources are."""
        return PEERS / self.name

    @property
    def built(self) -> Path:
        """Where what is built of it goes."""
        return BUILT / self.name

    @property
    def missing(self) -> str:
        """The first program that it needs and this machine has not; empty for none."""
        return next((one for one in self.needs if shutil.which(one) is None), "")

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
