"""Which vectors and live scripts prove each requirement, and that none is left without.

    python -m workshop.completeness.proofs

Rules: a requirement has a proof, or an entry in `exemptions.json` that says why it has none. A
vector or script that names no requirement of the text, and an exemption of what has a proof or is
no requirement, are faults.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from gdproto import declaration
from gdproto.conformance import live
from gdproto.conformance.cases import Case, load

EXEMPTIONS = Path(__file__).parent / "exemptions.json"

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


def exemptions(path: Path = EXEMPTIONS) -> dict[str, str]:
    """Why a requirement has no proof, for each that has none."""
    reasons: dict[str, str] = json.loads(path.read_text())
    return reasons


def faults(
    known: Iterable[str],
    vectors: Mapping[str, list[str]],
    scripts: Mapping[str, list[str]],
    exempt: Mapping[str, str],
) -> list[str]:
    """What is wrong, a line for each; nothing when all is proved.

    Args:
        known: the requirements of the text.
        vectors: the cases that prove a requirement.
        scripts: the live scripts that do.
        exempt: reasons by requirement.
    """
    known = list(known)
    merged: Proofs = {name: list(ids) for name, ids in vectors.items()}
    for name, ids in scripts.items():
        merged.setdefault(name, []).extend(ids)
    return [
        *(f"{name} has no vector, no live script, no exemption" for name in known
          if name not in merged and name not in exempt),
        *(f"{ids[0]} names {name}, which the text does not have" for name, ids in merged.items()
          if name not in known),
        *(f"{name} is exempt, and {merged[name][0]} proves it" for name in exempt
          if name in merged),
        *(f"{name} is exempt, and the text does not have it" for name in exempt
          if name not in known),
        *(f"{name} is exempt without a reason" for name, why in exempt.items() if not why),
    ]  # fmt: skip


def main() -> int:
    """Print what is wrong, or how all is proved; 0 when nothing is wrong."""
    known = declaration.requirements()
    vectors, scripts, exempt = by_vectors(load().values()), by_scripts(), exemptions()
    lines = faults(known, vectors, scripts, exempt)
    for line in lines:
        print(line, file=sys.stderr)
    both = vectors.keys() & scripts.keys()
    print(
        f"{len(known)} requirements: {len(vectors)} with vectors, {len(scripts)} with live "
        f"scripts, {len(both)} of them with both; {len(exempt)} exempt"
    )
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main())
