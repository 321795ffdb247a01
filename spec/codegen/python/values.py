"""The fast codec of values: straight-line code for what is common and right."""

from __future__ import annotations

from .. import ir
from ..layout import BY_USE
from .judging import judges
from .printing import Lines
from .reading import readers
from .types import letter
from .writing import writers

HEAD = '''"""TLV values, fast: straight-line code for what is common and right.

Whatever this code cannot vouch for raises Doubt or the interpreter's own error (DOUBTS); the
strict codec then decides. It never returns a wrong answer.
"""

from __future__ import annotations

from itertools import repeat
from struct import Struct, error
from typing import Any

from ..encoded import Encoded
from ..fast import (
    COUNTED_BYTES,
    DOUBTS,
    KEY_CACHE_BYTES,
    KEY_CACHE_SIZE,
    LONG_TEXT_BYTES,
    MOST_PIECES,
    RUN,
    Again,
    Doubt,
    Faulty,
    judge_text,
)
from .tables import MAX_DEPTH

_keys: dict[str, bytes] = {}
'''


def values(spec: ir.Spec) -> str:
    by_kind = {kind: [v for v in spec.values if v.kind == kind] for kind in BY_USE}
    out = [HEAD]
    for value in spec.values:
        out += _value_constants(value)
    out += ["", *writers(spec, by_kind)]
    out += readers(spec, by_kind, "", "bytes")
    out += readers(spec, by_kind, "_view", "memoryview")
    out += judges(by_kind)
    return "\n".join(out) + "\n"


def _value_constants(v: ir.ValueType) -> Lines:
    name = v.name.upper()
    match v.body:
        case ir.Fixed(_, size):
            format = letter(v.body)
            return [
                f'_PACK_{name} = Struct(">B{format}").pack',
                f'_UNPACK_{name} = Struct(">{format}").unpack_from',
                f'_RUN_{name} = Struct(">" + "x{format}" * RUN)',
                f"_CODES_{name} = {bytes([v.code])!r} * RUN",
                f"_STRIDE_{name} = {size + 1}",
            ]
        case ir.Mapped(_, _, choices):
            return [f"_CHOICES_{name} = {dict(choices)!r}"]
        case ir.Blob(length, _):
            return [
                f'_HEAD_{name} = Struct(">B{letter(length)}").pack',
                f'_SIZE_{name} = Struct(">{letter(length)}").unpack_from',
                f'_READ_HEAD_{name} = Struct(">B{letter(length)}").unpack_from',
                f"_SHORT_{name} = tuple(_HEAD_{name}({v.code:#04x}, n) for n in range(256))",
            ]
        case ir.Container(count):
            return [
                f'_HEAD_{name} = Struct(">B{letter(count)}").pack',
                f'_SIZE_{name} = Struct(">{letter(count)}").unpack_from',
            ]
    return []
