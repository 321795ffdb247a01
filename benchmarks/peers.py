"""``python -m benchmarks.peers LANGUAGE ...``: a peer's codec beside its language's MessagePack.

Rules: the five payloads are written as GD/1 into files ``PAYLOAD.gd`` of a folder, whose path is
the last argument of the peer's ``bench`` command. That decodes them into its own values, measures
both codecs in turns, and prints a line of JSON for each payload and ``direction``, encode or
decode: ``{"payload", "direction", "ours_ns", "theirs_ns"}``.

A small call goes through our arbiter to a Python worker; the peer's ``caller`` and Python's
blocking client take turns at it, and each has its best round. A caller is told a socket, an app, an
action that gives the sum of two integers, and how often to call it; it prints the median as
``{"round_trip_ns": ...}``.
"""

from __future__ import annotations

import json
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

import gdproto
from dirty_runtime import DirtyClient
from workshop.peers.building import Broken, built, run
from workshop.peers.manifest import Peer, peers

from .app import APP_PATH
from .arbiter_process import Size
from .our_arbiter import serving
from .payloads import five_payloads

# Times as fast as MessagePack, over all payloads; other languages come as they come.
BARS = {"go": 1.0, "typescript": 1.0, "rust": 1.0, "c": 2.0}
# Languages whose small call takes at most as long as Python's.
ROUND_TRIP_BARS = ("go", "rust")
BENCH_S = 540.0
CALLS, ROUNDS = 4000, 5


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
            peer = by_name[name]
            Console().print(table(peer, measured(peer)))
            if peer.caller:
                print(told(peer, *round_trips(peer)))
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


def round_trips(peer: Peer) -> tuple[float, float]:
    """Nanoseconds of a small call by the peer's client, and by Python's. Raises Broken."""
    ours, pythons = [], []
    with serving(Size(1, 1), 30) as socket_path:
        command = f"{peer.caller} {socket_path} {APP_PATH} add {CALLS}"
        for _ in range(ROUNDS):
            ours.append(float(json.loads(run(peer, command))["round_trip_ns"]))
            pythons.append(_round_trip_ns(socket_path))
    return min(ours), min(pythons)


def _round_trip_ns(socket_path: str) -> float:
    took = []
    with DirtyClient(socket_path) as client:
        for _ in range(CALLS):
            began = time.perf_counter_ns()
            client.execute(APP_PATH, "add", 1, 2)
            took.append(time.perf_counter_ns() - began)
    return statistics.median(took)


def told(peer: Peer, ours_ns: float, pythons_ns: float) -> str:
    """A line about the small call."""
    bar = " (bar 1.0)" if peer.name in ROUND_TRIP_BARS else ""
    return (
        f"small call: {peer.language} {ours_ns / 1000:.1f} µs, Python {pythons_ns / 1000:.1f} µs: "
        f"{ours_ns / pythons_ns:.2f} of Python's{bar}"
    )


def geometric_mean(ratios: Sequence[float]) -> float:
    """That of the ratios."""
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
