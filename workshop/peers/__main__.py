"""``python -m workshop.peers [NAME ...]``: build, unit-test and judge peers, and print one table.

Their own tests find an arbiter by DIRTY_SOCKET. With ``--fuzz`` their own fuzzers look for inputs
that break them, for about a minute each.

The exit status is 1 where anything failed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from rich.console import Console
from rich.table import Table

from gdproto.conformance.running.runner import RunError
from workshop.subjects.peers import our_arbiter

from .building import Broken, built, run
from .judging import Score, score
from .manifest import REQUIRED, Peer, peers

WIDTH = 120
NOTHING: Mapping[str, str] = MappingProxyType({})


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
        if peer.lack:
            print(f"{peer.language}: skipped: {peer.lack}")
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
    # Once more, and last: who sees the end of a long log alone sees these.
    for language, one in scores.items():
        for fault in one.faults:
            print(f"{language}: {fault}")
    return 1 if failed else 0


def _judged(peer: Peer) -> Score:
    try:
        _tested(peer)
        came = score(peer)
    except (Broken, RunError) as broken:
        came = Score(faults=[str(broken)])
    for fault in came.faults:
        print(f"   {fault}", flush=True)
    return came


def _tested(peer: Peer) -> None:
    """Build a peer, and run its own tests beside an arbiter. Raises Broken."""
    with our_arbiter() as socket_path:
        _done(peer, peer.test, {"DIRTY_SOCKET": socket_path})


def _fuzzed(peer: Peer) -> bool:
    """Run a peer's fuzzer; whether it found nothing."""
    try:
        _done(peer, peer.fuzz)
    except Broken as broken:
        print(f"   {broken}", flush=True)
        return False
    return True


def _done(peer: Peer, commands: Iterable[str], environment: Mapping[str, str] = NOTHING) -> None:
    """Build a peer, and run commands of it. Raises Broken."""
    print(f"== {peer.language}", flush=True)
    built(peer)
    for command in commands:
        began_s = time.monotonic()
        run(peer, command, environment=environment)
        print(f"   {command}: {time.monotonic() - began_s:.0f} s", flush=True)


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
