"""``python -m workshop.peers.mutants [NAME ...]``: broken codecs of other languages, all told.

Rules: a mutant is one small change of one line of a generated file: a comparison at its bound or
turned round, a sum made a difference, a number one larger, and made or. What does not compile is no
mutant. One is killed when some vector fails, ends the testee or makes it hang. What no vector
tells, the live scripts are asked about, and then the language's own tests of the codec. They are
drawn by the hash of their names, so that a change of the code draws few others, until so many are
killed by vectors; what lives stands in the ledger, with the reason. What came of each is kept in
build/ until the peer or the suite changes: a run that was cut off goes on where it was. Exits with
1 where one lives that is not in the ledger, or too few are killed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shlex
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gdproto.conformance.cases import VECTORS, Case, load, size
from gdproto.conformance.judging.outcomes import BAD
from gdproto.conformance.live import scripts
from gdproto.conformance.live.judge import Peer as Judged
from gdproto.conformance.live.judge import judged as played
from gdproto.conformance.live.stages import Terms
from gdproto.conformance.running.runner import RunError, Runner
from gdproto.spec.codegen.languages import LANGUAGES
from workshop.mutants import survivors

from .building import Broken, built, run, sources
from .manifest import PEERS, REQUIRED, ROOT, Peer, read

LEDGER = Path(__file__).with_name("survivors.toml")
JUDGED = ("go", "rust", "typescript")
KILLED, SEED = 40, 1
ANSWER_S = 30.0
LIVE, OWN = "live: ", "own: "
OWN_S = 300.0
TOGETHER = 4
MARK = b"@generated"
KEPT = ROOT / "build" / "mutants"
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
    def place(self) -> str:
        """It, and no other of its name."""
        return f"{self.line} {self.name}"

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

    def is_built(self) -> bool:
        """Build its testee; whether that could be done."""
        try:
            for command in self.peer.mutant:
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

    def live_killer(self) -> str:
        """The first live script that tells it from a sound one; empty for none."""
        for role, command in (("client", self.peer.client), ("worker", self.peer.worker)):
            whom = Judged(self.peer.language, role, shlex.join(self.peer.words(command)))
            chosen = [script for script in scripts().values() if script.role == role]
            for result in played(whom, chosen, Terms(), together=TOGETHER):
                if result.outcome in BAD:
                    return f"{LIVE}{result.case}"
        return ""

    def any_killer(self, cases: Sequence[Case]) -> str:
        """Who tells it from a sound one; empty for nobody."""
        return self.killer(cases) or self.live_killer() or self.own_killer()

    def own_killer(self) -> str:
        """The first of its own tests that fails; empty for none."""
        for command in self.peer.unit:
            try:
                run(self.peer, command, OWN_S)
            except Broken:
                return OWN + command
        return ""

    def broken(self, mutant: Mutant, cases: Sequence[Case]) -> str | None:
        """Who kills the mutant; empty for nobody, None where it is none."""
        path = self.peer.folder / mutant.file
        sound = path.read_text()
        lines = sound.split("\n")
        lines[mutant.line - 1] = mutant.after
        path.write_text("\n".join(lines))
        try:
            return self.any_killer(cases) if self.is_built() else None
        finally:
            path.write_text(sound)


class Kept:
    """What came of a peer's mutants, in a file; it is of one state of the peer and the suite."""

    def __init__(self, peer: Peer) -> None:
        digest = hashlib.sha256()
        for _, content in sources(peer):
            # Each change of the declaration changes the mark of all files.
            digest.update(b"".join(line for line in content.splitlines(True) if MARK not in line))
        for path in sorted([*VECTORS.rglob("*.json"), *(ROOT / "conformance/live").rglob("*.py")]):
            digest.update(path.read_bytes())
        self.path = KEPT / f"{peer.name}-{digest.hexdigest()[:16]}.json"
        self.killers: dict[str, str | None] = {}
        if self.path.exists():
            self.killers = json.loads(self.path.read_text())

    def __contains__(self, mutant: Mutant) -> bool:
        return mutant.place in self.killers

    def __getitem__(self, mutant: Mutant) -> str | None:
        return self.killers[mutant.place]

    def __setitem__(self, mutant: Mutant, killer: str | None) -> None:
        self.killers[mutant.place] = killer
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(self.killers, indent=1))


def judge(peer: Peer, enough: int, seed: int) -> tuple[list[str], int]:
    """Print what becomes of mutants until enough are killed by vectors.

    Returns:
        Who lives, and how many vectors kill.
    """
    lived, came, began_s = [], Counter[str](), time.monotonic()
    for mutant, killer in _judged(peer, drawn(mutants(peer), seed)):
        if killer is None:
            continue
        print(f"{mutant.name[:100]:<100} {killer or 'LIVES'}", flush=True)
        if not killer:
            lived.append(mutant.name)
        else:
            came[next((kind for kind in (LIVE, OWN) if killer.startswith(kind)), "")] += 1
        if came[""] == enough:
            break
    seconds = time.monotonic() - began_s
    print(
        f"{peer.language}: {came['']} killed by vectors, {came[LIVE]} by live scripts,"
        f" {came[OWN]} by its own tests, {len(lived)} live; {seconds:.0f} s"
    )
    return lived, came[""]


def drawn(mutants: Iterable[Mutant], seed: int) -> list[Mutant]:
    """In the order of the draw."""
    return sorted(mutants, key=lambda one: hashlib.sha256(f"{seed} {one.name}".encode()).digest())


def _judged(peer: Peer, mutants: Iterable[Mutant]) -> Iterator[tuple[Mutant, str | None]]:
    """Mutants, each with who kills it. Raises Broken; RunError where the sound one is at fault."""
    kept, cases, copy = Kept(peer), sorted(load().values(), key=_weight), None
    with tempfile.TemporaryDirectory(prefix="gd-") as folder:
        for mutant in mutants:
            if mutant not in kept:
                copy = copy or sound(peer, Path(folder), cases)
                kept[mutant] = copy.broken(mutant, cases)
            yield mutant, kept[mutant]


def sound(peer: Peer, folder: Path, cases: Sequence[Case]) -> Copy:
    """A copy that nothing tells from what it is a copy of. Raises Broken, RunError."""
    copy = Copy(peer, folder)
    built(copy.peer)
    fault = copy.any_killer(cases) if copy.is_built() else "it is not built"
    if fault:
        raise RunError(f"{peer.language}: the sound one is at fault: {fault}")
    return copy


def _weight(case: Case) -> int:
    """What is small is asked first: most mutants fall by it."""
    return size(case.bytes) if case.bytes is not None else 0


def _names() -> set[str]:
    """By which the ledger may know mutants."""
    return {
        f"{name} {mutant.name}"
        for name in JUDGED
        for mutant in mutants(read(PEERS / name / "peer.toml"))
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m workshop.peers.mutants")
    parser.add_argument("names", nargs="*", default=JUDGED, help=f"peers ({', '.join(JUDGED)})")
    parser.add_argument("--killed", type=int, default=KILLED, help=f"of each peer ({KILLED})")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of the draw ({SEED})")
    options = parser.parse_args()
    entries = survivors.read(LEDGER)
    outdated = survivors.unknown(entries, _names())
    for fault in outdated:
        print(fault)
    failed = bool(outdated)
    for name in options.names:
        peer = read(PEERS / name / "peer.toml")
        if peer.lack:
            print(f"{peer.language}: skipped: {peer.lack}")
            failed |= REQUIRED
            continue
        lived, killed = judge(peer, options.killed, options.seed)
        failed |= killed < options.killed
        for one in lived:
            if not any(entry.covers(f"{name} {one}") for entry in entries):
                print(f"it lives, and no reason is in {LEDGER.name}: {name} {one}")
                failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
