"""Edits: when what is sent and received in an invalid case is one edit away from a valid one.

Rules: only what is done counts, not what is expected of it. In bytes an edit is one run put in,
taken out, or replaced; a size that stands before it follows from it. A stream or a session is a
row of steps: one is put in, taken out, or replaced by another. The bytes of a stream are one step,
and no other step does for them: they are one edit apart themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gdproto.conformance.cases import Case, made
from gdproto.spec.codegen.walk import walk

SPEC = walk()
LENGTH = next(field for field in SPEC.header if field.name == "length")
# A run that is replaced is at most as long; a whole frame may be replaced however long it is.
MAX_RUN_BYTES = 32

Action = Mapping[str, Any]


def common(one: Sequence[Any], other: Sequence[Any]) -> int:
    """How many items both begin with."""
    length = min(len(one), len(other))
    if one[:length] == other[:length]:
        return length
    return next(place for place in range(length) if one[place] != other[place])


def run(valid: bytes, other: bytes, sizes: Iterable[int]) -> tuple[int, int, int]:
    """The one run of bytes in which they differ.

    Args:
        sizes: offsets of the sizes of 4 bytes in `valid`; those before the run follow from it.

    Returns:
        Where it begins in `valid`, and how long it is in `valid` and in `other`.
    """
    start = common(valid, other)
    for at in sizes:
        if at <= start < at + 4:
            start = at + 4 + common(valid[at + 4 :], other[at + 4 :])
    left, right = valid[start:], other[start:]
    after = common(left[::-1], right[::-1])
    return start, len(left) - after, len(right) - after


def is_one_run(valid: bytes, other: bytes, sizes: Iterable[int], most: int) -> bool:
    """Whether one run put in, taken out, or replaced makes the other; `most` bytes are replaced."""
    _, mine, theirs = run(valid, other, sizes)
    return valid != other and (not mine or not theirs or max(mine, theirs) <= most)


def frames(data: bytes) -> list[tuple[int, int]]:
    """Where each frame of a good stream begins and ends; the last one may be cut."""
    found, at = [], 0
    while at < len(data):
        length = int.from_bytes(data[at + LENGTH.offset : at + LENGTH.offset + 4])
        found.append((at, at + SPEC.header_bytes + length))
        at = found[-1][1]
    return found


def actions(case: Case) -> list[Action]:
    """What is done in a stream or a session, step by step."""
    rows: list[Action] = [
        {name: held for name, held in step.items() if name != "expect"}
        for step in (*case.setup, *case.steps)
    ]
    if case.receives is not None:
        rows.append({"receive": case.receives})
    return [*rows, {"eof": True}] if case.eof else rows


def between(valid: Case, other: Case) -> tuple[int, int] | None:
    """How far apart two streams or two sessions are; None if it is more than one edit.

    Returns:
        What can be compared: first 0 for an edit of what a step does, 1 for a step more or less, 2
        for another step; then the bytes of it.
    """
    if (valid.kind, valid.role) != (other.kind, other.role):
        return None
    mine, theirs = actions(valid), actions(other)
    start = common(mine, theirs)
    mine, theirs = mine[start:], theirs[start:]
    after = common(mine[::-1], theirs[::-1])
    mine, theirs = mine[: len(mine) - after], theirs[: len(theirs) - after]
    match len(mine), len(theirs):
        case (1, 0) | (0, 1):
            return 1, 0
        case (1, 1):
            return _replaced(mine[0], theirs[0], is_whole=valid.kind == "stream")
    return None


def _replaced(mine: Action, theirs: Action, *, is_whole: bool) -> tuple[int, int] | None:
    """As `between`; `is_whole` if the bytes that a step receives are the whole stream."""
    if mine.keys() != theirs.keys():
        return 2, 0
    if "receive" not in mine:
        return 0, 0
    valid, data = made(mine["receive"]), made(theirs["receive"])
    parts = frames(valid)
    sizes = [begin + LENGTH.offset for begin, _ in parts]
    start, *lengths = run(valid, data, sizes)
    most = max([MAX_RUN_BYTES, *(end - begin for begin, end in parts if begin <= start < end)])
    if is_one_run(valid, data, sizes, most):
        return 0, max(lengths)
    return None if is_whole else (2, max(lengths))
