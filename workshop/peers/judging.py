"""Judging a built peer by all vectors and by the live scripts of its roles: counts by column.

Rules: nothing is known to fail. A case that a peer calls unsupported is counted beside the others;
whether that is right, its testee's declaration says.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gdproto.conformance.cases import load
from gdproto.conformance.judging.outcomes import BAD, Outcome, Result
from gdproto.conformance.live import scripts
from gdproto.conformance.live.judge import Peer as Judged
from gdproto.conformance.live.judge import judged as played
from gdproto.conformance.live.stages import Terms
from gdproto.conformance.running.runner import judged

from .manifest import Peer

JOBS, TOGETHER = 2, 4
# Cases of a million pairs take seconds on a machine that does other things too.
TIMEOUT_S = 60.0
CLIENT, WORKER = "live client", "live worker"


@dataclass
class Score:
    """What came of a peer.

    Attributes:
        counts: passed and asked, by column.
        unsupported: cases that the testee does not offer.
        faults: what went wrong, a line each.
    """

    counts: dict[str, tuple[int, int]] = field(default_factory=dict)
    unsupported: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def add(self, column_of: Mapping[str, str], results: Iterable[Result]) -> None:
        """Count results, each in the column of its case."""
        passed: Counter[str] = Counter()
        asked: Counter[str] = Counter()
        for result in results:
            column = column_of[result.case]
            asked[column] += 1
            passed[column] += result.outcome in (Outcome.PASS, Outcome.NON_STRICT)
            if result.outcome in BAD:
                self.faults.append(f"{result.outcome}  {result.case}  {result.reason}")
            elif result.outcome is Outcome.UNSUPPORTED:
                self.unsupported.append(result.case)
        self.counts.update({column: (passed[column], asked[column]) for column in asked})


def score(peer: Peer) -> Score:
    """Judge a peer that is built, in every role for which it has a program."""
    score = Score()
    if peer.testee:
        _vectors(peer, score)
    for column, role, command in (
        (CLIENT, "client", peer.client),
        (WORKER, "worker", peer.worker),
    ):
        if command:
            _live(peer, score, column, role, command)
    return score


def _vectors(peer: Peer, score: Score) -> None:
    cases = load()
    run = judged(peer.words(peer.testee), cases, jobs=JOBS, timeout_s=TIMEOUT_S)
    score.faults += run.complaints
    score.add({name: case.kind for name, case in cases.items()}, run.results.values())


def _live(peer: Peer, score: Score, column: str, role: str, command: str) -> None:
    chosen = [script for script in scripts().values() if script.role == role]
    whom = Judged(peer.language, role, shlex.join(peer.words(command)))
    results = list(played(whom, chosen, Terms(), together=TOGETHER))
    score.add({script.id: column for script in chosen}, results)
