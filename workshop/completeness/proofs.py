"""Which vectors, live scripts and tests prove each requirement, and that none is left without.

    python -m workshop.completeness.proofs

Rules: a requirement has a proof, or an entry in `exemptions.json` that says why it has none. What a
suite cannot bring about or see from outside, such as memory, users or an arbiter's end, is proved
of ours by tests, which name it: ``@pytest.mark.proves("GD-SEC-009")``. Vectors show what it means
in bytes; what holds it is code: a line of the declaration, a script, or a test. Whatever names no
requirement of the text, and an exemption of what has a proof or is no requirement, are faults.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from gdproto import declaration
from gdproto.conformance import live
from gdproto.conformance.cases import Case, load

from . import declared

EXEMPTIONS = Path(__file__).parent / "exemptions.json"
ROOT = Path(__file__).resolve().parents[2]
MARK = "pytest.mark.proves"

Proofs = dict[str, list[str]]


def by_vectors(cases: Iterable[Case]) -> Proofs:
    """The ids of the cases that prove a requirement, for each that one proves."""
    proofs: Proofs = {}
    for case in cases:
        for name in case.requires:
            proofs.setdefault(name, []).append(case.id)
    return proofs


def by_scripts() -> Proofs:
    """The ids of the live scripts that prove a requirement, for each that one proves."""
    return live.proved()


def by_tests(root: Path = ROOT / "tests") -> Proofs:
    """The tests that are marked as a proof of a requirement, as pytest calls them, for each."""
    proofs: Proofs = {}
    for path in sorted(root.rglob("test_*.py")):
        text = path.read_text()
        if MARK in text:
            where = path.relative_to(root.parent).as_posix()
            for test, name in _marked(ast.parse(text)):
                proofs.setdefault(name, []).append(f"{where}::{test}")
    return proofs


def _marked(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The tests with the mark, and each requirement that it names."""
    for one in tree.body:
        if isinstance(one, ast.FunctionDef):
            for mark in one.decorator_list:
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == MARK:
                    yield from ((one.name, ast.literal_eval(name)) for name in mark.args)


def merged(*found: Mapping[str, list[str]]) -> Proofs:
    """Proofs of several kinds, together."""
    proofs: Proofs = {}
    for one in found:
        for name, ids in one.items():
            proofs.setdefault(name, []).extend(ids)
    return proofs


def exemptions(path: Path = EXEMPTIONS) -> dict[str, str]:
    """Why a requirement has no proof, for each that has none."""
    reasons: dict[str, str] = json.loads(path.read_text())
    return reasons


def by_declaration() -> Proofs:
    """The lines of the declaration that hold a requirement, for each that one holds."""
    lines = declared.naming() | declared.by_declaration()
    return {
        name: [f"spec/{one.source}.py:{one.number}" for one in some] for name, some in lines.items()
    }


def faults(
    known: Iterable[str],
    proved: Mapping[str, list[str]],
    exempt: Mapping[str, str],
    held: Mapping[str, list[str]],
) -> list[str]:
    """What is wrong, a line for each; nothing when all is proved and held.

    Args:
        known: the requirements of the text.
        proved: what proves a requirement: vectors, live scripts, tests.
        exempt: reasons by requirement.
        held: what holds a requirement: lines of the declaration, live scripts, tests.
    """
    known = list(known)
    return [
        *(f"{name} has no vector, no live script, no test, no exemption" for name in known
          if name not in proved and name not in exempt),
        *(f"{name} has vectors alone: no line of spec/, no live script and no test names it"
          for name in known if name in proved and name not in held),
        *(f"{ids[0]} names {name}, which the text does not have"
          for name, ids in merged(proved, held).items() if name not in known),
        *(f"{name} is exempt, and {proved[name][0]} proves it" for name in exempt
          if name in proved),
        *(f"{name} is exempt, and the text does not have it" for name in exempt
          if name not in known),
        *(f"{name} is exempt without a reason" for name, why in exempt.items() if not why),
    ]  # fmt: skip


def main() -> int:
    """Print what is wrong, or how all is proved; 0 when nothing is wrong."""
    known = declaration.requirements()
    vectors, scripts, tests = by_vectors(load().values()), by_scripts(), by_tests()
    exempt = exemptions()
    lines_of_spec = by_declaration()
    held = merged(lines_of_spec, scripts, tests)
    lines = faults(known, merged(vectors, scripts, tests), exempt, held)
    for line in lines:
        print(line, file=sys.stderr)
    print(
        f"{len(known)} requirements: {len(vectors)} with vectors, {len(scripts)} with live "
        f"scripts, {len(tests)} with tests, {len(lines_of_spec)} with lines of the declaration; "
        f"{len(exempt)} exempt"
    )
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main())
