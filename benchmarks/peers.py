"""``python -m benchmarks.peers LANGUAGE ...``: a peer's codec beside its language's MessagePack.

Rules: the five payloads are written as GD/1 into files ``PAYLOAD.gd`` of a folder, whose path is
the last argument of the peer's ``bench`` command. That decodes them into its own values, measures
both codecs in turns, and prints a line of JSON for each payload and ``direction``, encode or
decode: ``{"payload", "direction", "ours_ns", "theirs_ns"}``.
"""

from __future__ import annotations

import json
import math
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

import gdproto
from workshop.peers.building import Broken, built, run
from workshop.peers.manifest import Peer, peers

from .payloads import five_payloads

# Times as fast as MessagePack, over all payloads; other languages come as they come.
BARS = {"go": 1.0, "typescript": 1.0, "rust": 1.0}
BENCH_S = 540.0


@dataclass(frozen=True)
class Measured:
    """What one payload costs in one direction, in nanoseconds."""

    payload: str
    direction: str
    ours_ns: float
    theirs_ns: float

    @property
    def ratio(self) -> float:
        """How many times as fast ours is."""
        return self.theirs_ns / self.ours_ns


def main(names: Sequence[str]) -> int:
    """Measure the peers of these names. Returns 1 where one cannot be measured."""
    by_name = {peer.name: peer for peer in peers() if peer.bench}
    unknown = [name for name in names if name not in by_name]
    if unknown or not names:
        print(f"name some of {', '.join(by_name)}", file=sys.stderr)
        return 2
    try:
        for name in names:
            Console().print(table(by_name[name], measured(by_name[name])))
    except Broken as broken:
        print(broken, file=sys.stderr)
        return 1
    return 0


def measured(peer: Peer) -> list[Measured]:
    """What the peer's command measures. Raises Broken."""
    built(peer)
    with tempfile.TemporaryDirectory() as folder:
        for payload in five_payloads():
            Path(folder, f"{payload.key}.gd").write_bytes(gdproto.encode(payload.value))
        for command in peer.bench[:-1]:
            run(peer, command)
        said = run(peer, f"{peer.bench[-1]} {folder}", BENCH_S)
    lines = [line for line in said.splitlines() if line.startswith("{")]
    return [Measured(**json.loads(line)) for line in lines]


def table(peer: Peer, found: Iterable[Measured]) -> Table:
    """The figures of a peer, with the mean of each direction and its bar."""
    found = sorted(found, key=lambda one: (one.direction, one.payload))
    made = Table(
        "direction", "payload", "ours, µs", "theirs, µs", "times as fast", title=peer.language
    )
    for one in found:
        cells = (f"{one.ours_ns / 1000:.2f}", f"{one.theirs_ns / 1000:.2f}", f"{one.ratio:.2f}")
        made.add_row(one.direction, one.payload, *cells)
    for direction in ("encode", "decode"):
        mean = geometric_mean([one.ratio for one in found if one.direction == direction])
        bar = f" (bar {BARS[peer.name]})" if peer.name in BARS else ""
        made.add_row(direction, "geometric mean", "", "", f"{mean:.2f}{bar}")
    return made


def geometric_mean(ratios: Sequence[float]) -> float:
    """That of the ratios."""
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
