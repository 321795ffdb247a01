"""Neighbours: the valid case from which an invalid stream or session was edited.

Rules: of the valid cases that are one edit away, it is the one that is the least away. Where there
is none, one is missing.
"""

from __future__ import annotations

from collections.abc import Sequence

from gdproto.conformance.cases import Case, case_of

from .collected import Collected
from .edits import between


def name(areas: Sequence[Collected]) -> None:
    """Give every invalid stream and session its neighbour. Raises LookupError if there is none."""
    talks = [area for area in areas if area.kind in ("stream", "session")]
    held = [(one, case_of(one, area.name)) for area in talks for one in area.cases]
    valid = [case for _, case in held if case.result == "valid"]
    for one, case in held:
        if case.result == "invalid":
            one["neighbour"] = nearest(case, valid)


def nearest(case: Case, valid: Sequence[Case]) -> str:
    """The id of the valid case that is one edit away; the first of those that are as near."""
    apart = [(distance, near.id) for near in valid if (distance := between(near, case))]
    if not apart:
        raise LookupError(f"no valid {case.kind} is one edit away from {case.id}: make one")
    return min(apart, key=lambda pair: pair[0])[1]
