"""Steps over values that are not built: where they end, and where the fields of a dict stand.

Rules: what is stepped over is not judged; whoever needs that checks it first.
"""

from __future__ import annotations

from collections.abc import Collection

from ._generated.tables import VALUE_TYPES
from .fast import RUN

Readable = bytes | memoryview
Span = tuple[int, int]

# How to step over a value: bytes in all, where that is fixed; else what a unit of its size means.
_UNITS = {"text": (1, 0), "blob": (1, 0), "list": (0, 1), "dict": (0, 2)}
_STEPS = {rule.code: 1 + rule.size for rule in VALUE_TYPES if rule.kind not in _UNITS}
_RUNS = {code: bytes([code]) * RUN for code in _STEPS}
SIZED = {
    rule.code: (rule.packer.unpack_from, 1 + rule.size, *_UNITS[rule.kind])
    for rule in VALUE_TYPES
    if rule.kind in _UNITS and rule.packer is not None
}
_BLOBS = [rule.code for rule in VALUE_TYPES if rule.kind in ("text", "blob")]
DICT, TEXT = (next(rule for rule in VALUE_TYPES if rule.kind == kind) for kind in ("dict", "text"))


def step(data: Readable, pos: int) -> int:
    """Where the value at `pos` ends; past the data if it is cut short.

    Raises:
        Exception: one of DOUBTS, where no value can be stepped over.
    """
    pending = 1
    while pending:
        code = data[pos]
        step = _STEPS.get(code)
        if step is None:
            unpack, head, unit_bytes, unit_values = SIZED[code]
            size = unpack(data, pos + 1)[0]
            pos += head + size * unit_bytes
            pending += size * unit_values - 1
        elif pending >= RUN and _is_run(data, pos, step, _RUNS[code]):
            pos += step * RUN
            pending -= RUN
        else:
            pos += step
            pending -= 1
    return pos


def size(data: Readable, pos: int) -> int:
    """Bytes of the text or blob at `pos`; 0 for any other value."""
    if data[pos] not in _BLOBS:
        return 0
    found: int = SIZED[data[pos]][0](data, pos + 1)[0]
    return found


def _is_run(data: Readable, pos: int, step: int, codes: bytes) -> bool:
    """Whether values with these codes follow; most often the second one tells."""
    return data[pos + step] == codes[1] and data[pos : pos + step * RUN : step] == codes


def spans(data: Readable, pos: int, names: Collection[str]) -> dict[str, Span]:
    """Where the values of these keys begin and end in the dict at `pos`, which is right."""
    unpack, head, *_ = SIZED[DICT.code]
    count, pos = unpack(data, pos + 1)[0], pos + head
    unpack, head, *_ = SIZED[TEXT.code]
    wanted = {name.encode(): name for name in names}
    found: dict[str, Span] = {}
    while count and len(found) < len(wanted):
        start = pos + head
        pos = start + unpack(data, pos + 1)[0]
        name = wanted.get(bytes(data[start:pos]))
        start, pos = pos, step(data, pos)
        if name is not None:
            found[name] = start, pos
        count -= 1
    return found
