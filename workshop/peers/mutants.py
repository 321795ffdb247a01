"""``python -m workshop.peers.mutants [NAME ...]``: broken codecs of other languages, all told.

Rules: a mutant is one small change of one line of a generated file: a comparison at its bound or
turned round, a sum made a difference, a number one larger, and made or. What does not compile is
no mutant. One is killed when some vector fails, ends the testee or makes it hang. A sample is
chosen by a seed, and what lives stands in the ledger, with the reason. Exits with 1 where one lives
that is not there.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gdproto.conformance.cases import Case, load, size
from gdproto.conformance.judging.outcomes import BAD
from gdproto.conformance.running.runner import RunError, Runner
from gdproto.spec.codegen.languages import LANGUAGES
from workshop.mutants import survivors

from .building import Broken, run
from .manifest import PEERS, Peer, read

LEDGER = Path(__file__).with_name("survivors.toml")
JUDGED = ("go", "rust", "typescript")
SAMPLE, SEED = 30, 1
ANSWER_S = 20.0
# Fetching what is needed is done once, before anything is broken.
FETCHING = "npm ci"
PROSE = re.compile(r"^\s*(//|/?\*|#|import\b|use\b|package\b)")
SWAPS = (
    (re.compile(r" < "), (" <= ", " >= ")),
    (re.compile(r" > "), (" >= ", " <= ")),
    (re.compile(r" <= "), (" < ",)),
    (re.compile(r" >= "), (" > ",)),
    (re.compile(r" (===?|!==?) "), ("=",)),
    (re.compile(r" && "), (" || ",)),
    (re.compile(r" \|\| "), (" && ",)),
    (re.compile(r" \+ "), (" - ",)),
    (re.compile(r" - "), (" + ",)),
    (re.compile(r"(?<![\w.\"'#])\d+(?![\w.\"'])"), ("+1",)),
)


@dataclass(frozen=True)
class Mutant:
    """One change of one line.

    Attributes:
        file: below the peer's folder.
        line: from 1.
        before, after: the whole line.
    """

    file: str
    line: int
    before: str
    after: str

    @property
    def name(self) -> str:
        """By which the ledger knows it: it does not move with the lines above."""
        return f"{self.file}: {self.before.strip()} => {self.after.strip()}"


def mutants(peer: Peer) -> list[Mutant]:
    """All that the operators make of the peer's generated files."""
    root = peer.project / LANGUAGES[peer.name].folder
    return [
        Mutant(path.relative_to(peer.folder).as_posix(), number, line, changed)
        for path in sorted(root.rglob("*.*"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if not PROSE.match(line)
        for changed in changes(line)
    ]


def changes(line: str) -> Iterator[str]:
    """The line with one thing changed, each way; comments and texts are left as they are."""
    code = re.split(r"\s//", line)[0]
    for pattern, others in SWAPS:
        for found in pattern.finditer(code):
            if code[: found.start()].count('"') % 2:
                continue
            for other in others:
                yield line[: found.start()] + _turned(found[0], other) + line[found.end() :]


def _turned(found: str, other: str) -> str:
    if other == "+1":
        return str(int(found) + 1)
    if other == "=":
        return found.replace("!=", "==") if "!" in found else found.replace("==", "!=", 1)
    return other


class Copy:
    """A copy of a peer, in which it is broken and built."""

    def __init__(self, peer: Peer, folder: Path) -> None:
        self.peer = peer.copied(folder)
        self.peer.built.mkdir(parents=True)

    def is_built(self, fetches: bool = False) -> bool:
        """Build it; whether that could be done."""
        try:
            for command in self.peer.build:
                if fetches or FETCHING not in command:
                    run(self.peer, command)
        except Broken:
            return False
        return True

    def killer(self, cases: Sequence[Case]) -> str:
        """The first case that tells it from a sound one; empty for none."""
        command = self.peer.words(self.peer.testee)
        try:
            with Runner(command, cases, timeout_s=ANSWER_S, jobs=2) as runner:
                for result in runner.results():
                    if result.outcome in BAD:
                        return result.case
                return next(iter(runner.complaints), "")
        except RunError as error:
            return f"none: {error}"

    def broken(self, mutant: Mutant, cases: Sequence[Case]) -> str | None:
        """Who kills the mutant; empty for nobody, None where it is none."""
        path = self.peer.folder / mutant.file
        sound = path.read_text()
        lines = sound.split("\n")
        lines[mutant.line - 1] = mutant.after
        path.write_text("\n".join(lines))
        try:
            return self.killer(cases) if self.is_built() else None
        finally:
            path.write_text(sound)


def judge(peer: Peer, count: int, seed: int) -> list[str]:
    """Print what became of a sample. Returns the names of those that live."""
    drawn = mutants(peer)
    random.Random(seed).shuffle(drawn)
    cases = sorted(load().values(), key=_weight)
    lived, judged, began_s = [], 0, time.monotonic()
    with tempfile.TemporaryDirectory(prefix="gd-") as folder:
        copy = Copy(peer, Path(folder))
        if not copy.is_built(fetches=True) or copy.killer(cases):
            raise RunError(f"{peer.language}: the sound one is at fault, or is not built")
        while judged < count and drawn:
            mutant = drawn.pop()
            killer = copy.broken(mutant, cases)
            if killer is None:
                continue
            judged += 1
            print(f"{mutant.name[:100]:<100} {killer or 'LIVES'}", flush=True)
            lived += [] if killer else [mutant.name]
    seconds = time.monotonic() - began_s
    print(f"{peer.language}: {judged - len(lived)} of {judged} killed, in {seconds:.0f} s")
    return lived


def _weight(case: Case) -> int:
    """What is small is asked first: most mutants fall by it."""
    return size(case.bytes) if case.bytes is not None else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m workshop.peers.mutants")
    parser.add_argument("names", nargs="*", default=JUDGED, help=f"peers ({', '.join(JUDGED)})")
    parser.add_argument("--sample", type=int, default=SAMPLE, help=f"how many of each ({SAMPLE})")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of the choice ({SEED})")
    options = parser.parse_args()
    entries, unexplained = survivors.read(LEDGER), False
    for name in options.names:
        peer = read(PEERS / name / "peer.toml")
        if peer.lack:
            print(f"{peer.language}: skipped: {peer.lack}")
            continue
        for lived in judge(peer, options.sample, options.seed):
            if not any(entry.covers(f"{name} {lived}") for entry in entries):
                print(f"it lives, and no reason is in {LEDGER.name}: {name} {lived}")
                unexplained = True
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
