"""Peers in other languages: each codec beside its language's MessagePack, and their small calls.

Rules: the five payloads are written as GD/1 into files ``PAYLOAD.gd`` of a folder, whose path is
the last argument of the peer's ``bench`` command. That decodes them into its own values, measures
both codecs in turns, and prints a line of JSON for each payload and ``direction``, encode or
decode: ``{"payload", "direction", "ours_ns", "theirs_ns"}``, the least of its rounds; with
``copy_ns`` if it measures what a copy of the bytes takes.

A small call goes through our arbiter to a Python worker; each peer's ``caller`` and Python's
blocking client take turns at it, and so does Python's once more, which shows how much turns differ
by themselves. A caller is told a socket, an app, an action that gives the sum of
two integers, and how often to call it; it prints the median as ``{"round_trip_ns": ...}``.

What this machine's toolchains cannot build is left out.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Collection, Iterator
from functools import partial
from itertools import product
from pathlib import Path
from typing import TypeVar

import gdproto
from workshop.peers.building import Broken, built, run
from workshop.peers.manifest import Peer, peers

from .app import APP_PATH
from .calls import small_call, timed
from .clients import OURS
from .figures import Figure, Part
from .payloads import five_payloads
from .rounds import Side, measure
from .samples import BenchmarkError, Series, percentile
from .stage import Plan, Stage
from .subjects import COPY

T = TypeVar("T")
PREFIX = "peer-"
CALLS = "peers-calls"
PYTHON = "Python"
AGAIN = "Python, again"
BENCH_S = 540.0

PEERS = {f"{PREFIX}{peer.name}": peer for peer in peers() if peer.bench}
KEYS = (*PEERS, CALLS)


def parts(keys: Collection[str], stage: Stage, plan: Plan) -> Iterator[Part]:
    """Measure the parts of these keys. Raises BenchmarkError."""
    made: dict[str, Peer] = {}
    for key, peer in PEERS.items():
        if not peer.lack and (key in keys or CALLS in keys):
            stage.progress(f"building the peer in {peer.language}")
            made[key] = _built(peer)
    for key, peer in made.items():
        if key in keys:
            stage.progress(f"{peer.language}: five payloads")
            yield codec(key, peer, _asked(partial(_lines, peer)))
    callers = [peer for peer in made.values() if peer.caller]
    if CALLS in keys and callers:
        yield calls(callers, stage, plan)


def codec(key: str, peer: Peer, lines: list[str]) -> Part:
    """The figures of a peer's codec, of what its ``bench`` command printed."""
    said = {(one["direction"], one["payload"]): one for one in map(json.loads, lines)}
    sides = {"ours_ns": OURS, "theirs_ns": peer.rival, "copy_ns": COPY}
    figures = []
    for direction, payload in product(("encode", "decode"), five_payloads()):
        took = said[direction, payload.key]
        series = {side: Series([took[ns] / 1e9]) for ns, side in sides.items() if ns in took}
        title = f"{direction} {payload.title}"
        figures.append(Figure(f"{direction}.{payload.key}", title, "s", series))
    return Part(key, f"{peer.language} beside {peer.rival}", OURS, (peer.rival,), figures)


def calls(callers: list[Peer], stage: Stage, plan: Plan) -> Part:
    """The small call by each peer's client and by Python's, in turns."""
    figures = []
    for peer in callers:
        stage.progress(f"{peer.language}: small call, p50")
        sides = {
            OURS: Side(partial(_round_trip, peer, stage.ours.socket_path, plan.calls)),
            PYTHON: Side(partial(_pythons, stage, plan.calls)),
            AGAIN: Side(partial(_pythons, stage, plan.calls)),
        }
        figures += measure([Figure(peer.name, f"{peer.language}, p50", "s")], sides, plan.rounds)
    return Part(CALLS, "Small calls by other languages' clients", OURS, (PYTHON, AGAIN), figures)


def _lines(peer: Peer) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        for payload in five_payloads():
            Path(folder, f"{payload.key}.gd").write_bytes(gdproto.encode(payload.value))
        said = run(peer, f"{peer.bench[-1]} {folder}", BENCH_S)
    return [line for line in said.splitlines() if line.startswith("{")]


def _built(peer: Peer) -> Peer:
    def build() -> Peer:
        built(peer)
        for command in peer.bench[:-1]:
            run(peer, command)
        return peer

    return _asked(build)


def _round_trip(peer: Peer, socket_path: str, count: int) -> tuple[float, ...]:
    command = f"{peer.caller} {socket_path} {APP_PATH} add {count}"
    said = _asked(partial(run, peer, command))
    return (json.loads(said)["round_trip_ns"] / 1e9,)


def _pythons(stage: Stage, count: int) -> tuple[float, ...]:
    return (percentile(timed(count, partial(small_call, stage.ours.client)), 50),)


def _asked(ask: Callable[[], T]) -> T:
    try:
        return ask()
    except Broken as broken:
        raise BenchmarkError(str(broken)) from broken
