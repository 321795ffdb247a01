"""``python -m workshop.peers [NAME ...]``: build, unit-test and judge peers, and print one table.

With ``--fuzz`` their own fuzzers look for inputs that break them, for about a minute each.

Rules: a peer whose toolchain is missing is named with what it lacks; with REQUIRE_PEERS=1 that is a
failure. The exit status is 1 where anything failed.
"""

from __future__ import annotations

import os
import sys

from rich.console import Console
from rich.table import Table

from gdproto.conformance.running.runner import RunError

from .building import Broken, built, run
from .judging import Score, score
from .manifest import Peer, peers

WIDTH = 120
REQUIRED = os.environ.get("REQUIRE_PEERS", "") not in ("", "0")


def main(words: list[str]) -> int:
    names = [word for word in words if word != "--fuzz"]
    chosen = [peer for peer in peers() if not names or peer.name in names]
    unknown = set(names) - {peer.name for peer in chosen}
    if unknown:
        print(f"no such peer: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    failed = False
    scores: dict[str, Score] = {}
    for peer in chosen:
        if peer.missing:
            print(f"{peer.language}: skipped: {peer.missing} is not installed")
            failed |= REQUIRED
            continue
        if "--fuzz" in words:
            failed |= not _fuzzed(peer)
            continue
        scores[peer.language] = _judged(peer)
        failed |= bool(scores[peer.language].faults)
    if scores:
        Console(width=WIDTH).print(_table(scores))
    for language, one in scores.items():
        if one.unsupported:
            print(f"{language} has no way to hold: {', '.join(one.unsupported)}")
    return 1 if failed else 0


def _judged(peer: Peer) -> Score:
    print(f"== {peer.language}", flush=True)
    try:
        built(peer)
        for command in peer.test:
            run(peer, command)
            print(f"   {command}", flush=True)
        came = score(peer)
    except (Broken, RunError) as broken:
        came = Score(faults=[str(broken)])
    for fault in came.faults:
        print(f"   {fault}", flush=True)
    return came


def _fuzzed(peer: Peer) -> bool:
    """Run a peer's fuzzer; whether it found nothing."""
    print(f"== {peer.language}", flush=True)
    try:
        built(peer)
        for command in peer.fuzz:
            run(peer, command)
            print(f"   {command}", flush=True)
    except Broken as broken:
        print(f"   {broken}", flush=True)
        return False
    return True


def _table(scores: dict[str, Score]) -> Table:
    columns = list(dict.fromkeys(column for one in scores.values() for column in one.counts))
    table = Table("language", *columns, "unsupported")
    for language, one in scores.items():
        cells = [_cell(one.counts.get(column)) for column in columns]
        table.add_row(language, *cells, str(len(one.unsupported)))
    return table


def _cell(count: tuple[int, int] | None) -> str:
    if count is None:
        return "-"
    passed, asked = count
    return str(passed) if passed == asked else f"{passed} of {asked}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
