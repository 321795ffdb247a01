"""What a testee says of itself, and what it is therefore not asked, or not judged by.

Rules: where a testee does not report a part of a fault, that part is not judged, and requirements
that are about it are not proved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..cases import Case
from .needs import needs
from .questions import Question

# The questions that the specification leaves open, and their answers.
POLICIES = {
    "non-string-keys": frozenset(("text", "refused")),
    "nan-payload": frozenset(("kept", "made-quiet", "canonical")),
}
# The parts of a fault beside its code, and the requirements that are about them.
PARTS = {
    "scope": {"GD-ERR-002", "GD-ERR-003"},
    "offset": {"GD-ERR-004", "GD-ERR-005"},
    "path": {"GD-ERR-006", "GD-ERR-007", "GD-ERR-008", "GD-ERR-009"},
}


@dataclass(frozen=True)
class Declaration:
    """What a testee said of itself, as far as judging needs it.

    Attributes:
        operations, roles: what it can be asked.
        reports: the parts of a fault that it tells beside the code.
        limits: those that are lower than the specification's.
        policies: its answers to the questions that the specification leaves open.
    """

    operations: frozenset[str]
    roles: frozenset[str]
    reports: frozenset[str]
    limits: Mapping[str, int]
    policies: Mapping[str, str]


def unsupported(question: Question, declaration: Declaration) -> str:
    """Why the testee is not asked this; empty when it is."""
    if question.op not in declaration.operations:
        return f"does not offer {question.op}"
    role = question.fields.get("role")
    return f"does not play the role {role}" if role and role not in declaration.roles else ""


def beyond_limits(case: Case, cases: Mapping[str, Case], declaration: Declaration) -> str:
    """Which declared limit the case does not respect; empty when it does all.

    An invalid case needs what the valid case one edit away needs; a stream or a session is not
    invalid by its sizes, and needs what it holds.
    """
    if not declaration.limits:
        return ""
    taken = needs(case if case.role else cases.get(case.neighbour, case))
    for name, limit in declaration.limits.items():
        if taken.get(name, 0) > limit:
            return f"declares {name} {limit}, and this needs {taken[name]}"
    return ""


def unjudged(case: Case, declaration: Declaration) -> tuple[str, ...]:
    """Of the requirements of an invalid case those about parts of a fault that are not reported."""
    if case.error is None:
        return ()
    parts = (part for part in PARTS if part not in declaration.reports)
    about = {requirement for part in parts for requirement in PARTS[part]}
    return tuple(one for one in case.requires if one in about)
