"""How the generated code goes over values: doors to what shows in the number of steps, or in large ones.

Rules: as those of `doors`. Runs of numbers are written in one piece and looked for by one comparison:
the pieces are told, and what was compared.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from itertools import product
from typing import Any

from gdproto import encode
from workshop.making.meaning import MESSAGES, SMALLEST, at
from workshop.making.meaning import leaves as leaves_of

from .doors import Codec, leaves, tried

RUN = 64
LONG_TEXT_BYTES = 64 * 1024
MOST_PIECES = 64 * 1024
COUNTED_BYTES = 512
MAX_DEPTH = 512
MANY_CALLS = 10_000
MOST_BYTES = 1 << 30
MIXED = {
    "f": 1.5,
    "b": True,
    "n": None,
    "i": 1,
    "s": "t",
    "y": b"b",
    "l": [1],
    "d": {"k": 1},
    "x": False,
}


class Compared(bytes):
    """Notes what it is compared with."""

    noted: list[int]

    def __ne__(self, other: object) -> bool:
        self.noted.append(len(other) if isinstance(other, bytes) else -1)
        return bytes.__ne__(self, other)

    __hash__ = bytes.__hash__


def read(codec: Codec) -> list[Any]:
    """Values of all kinds in each other: what is read, and which runs were looked for."""
    told: list[Any] = []
    with _noting(import_module(f"{codec.__name__}._generated.values")) as noted:
        for data in _encoded():
            for held in (data, memoryview(data), memoryview(data + data)[: len(data)]):
                for ask in (_checked, _built, _decoded):
                    told.append(tried(codec, partial(ask, codec, held)))
                told.append(list(noted))
                noted.clear()
    return told


def _checked(codec: Codec, data: Any) -> Any:
    return codec.strict.check(data, 0)


def _built(codec: Codec, data: Any) -> Any:
    return leaves(codec.strict.decode(data, 0)[0])


def _decoded(codec: Codec, data: Any) -> Any:
    return leaves(codec.decode(data))


@contextmanager
def _noting(module: Any) -> Iterator[list[int]]:
    """Have the codes of runs note what they are compared with."""
    noted: list[int] = []

    def noting(codes: bytes) -> Compared:
        compared = Compared(codes)
        compared.noted = noted
        return compared

    before = {name: getattr(module, name) for name in ("_CODES_INT64", "_CODES_FLOAT64", "_CODES")}
    try:
        for name, codes in before.items():
            is_one = isinstance(codes, bytes)
            new = noting(codes) if is_one else {code: noting(one) for code, one in codes.items()}
            setattr(module, name, new)
        yield noted
    finally:
        for name, codes in before.items():
            setattr(module, name, codes)


def _encoded() -> Iterator[bytes]:
    for value in _values():
        data = encode(value)
        yield from (data, data[:-1])
    for number in (1, 1.5, None):
        data = encode([number] * 2 * RUN)
        # Cut where a run ends.
        yield data[: 5 + RUN * len(encode(number))]
    for size in (LONG_TEXT_BYTES - 1, LONG_TEXT_BYTES, LONG_TEXT_BYTES + 1):
        for text in (b"x" * size, b"x" * (size - 1) + b"\xff", b"\xff" + b"x" * (size - 1)):
            one = b"\x11" + size.to_bytes(4) + text
            yield from (one, b"\x20" + (2).to_bytes(4) + one + b"\0")


def _values() -> Iterator[Any]:
    yield from (MIXED, [MIXED, MIXED], {"m": MIXED, "l": list(MIXED.values())}, [[MIXED], 1])
    ones: tuple[Any, ...] = (1, 1.5, None, True)
    for count in (RUN - 1, RUN, RUN + 1, 2 * RUN):
        for one in ones:
            yield from ([one] * count, [[one] * count, 7], {"k": [one] * count, "z": 1})
            yield from (
                [one] * count + ["s"],
                ["s"] + [one] * count,
                [one] * (count - 1) + [b"odd"],
            )
            yield from (
                [1] * 2 + [one] * count,
                [2.5] * RUN + [one] * count,
                [1] * RUN + [one] * count,
            )


def written(codec: Codec) -> list[Any]:
    """In which pieces values are written, and where what is too large is found out."""
    values = import_module(f"{codec.__name__}._generated.values")
    fast = import_module(f"{codec.__name__}.fast")
    told: list[Any] = []
    for value in _values():
        told.append([len(one) for one in _pieces(fast, values, value, MOST_BYTES, [])])
    for size in (255, 256, COUNTED_BYTES, COUNTED_BYTES + 1):
        for one in (b"x" * size, "x" * size):
            kinds: tuple[Any, ...] = (one, [one] * 3, {"a": one, "b": one, "c": one})
            for value in kinds:
                told.append([len(piece) for piece in _pieces(fast, values, value, size, [])])
    for count in (MOST_PIECES - 1, MOST_PIECES, MOST_PIECES + 1):
        for value in ([1], {"k": 1}):
            written = _pieces(fast, values, value, MOST_BYTES, [b"x"] * count)
            told.append([len(written), sum(map(len, written))])
    return told


def _pieces(fast: Any, values: Any, value: Any, most: int, held: list[bytes]) -> Any:
    out = fast.Written(held)
    out.most = most
    try:
        values.write_value(value, out.append, 0)
    except fast.TooLarge:
        out.append(b"too large")
    return out


def fast(codec: Codec) -> list[Any]:
    """What the fast encoder makes of messages, or that it is in doubt."""
    module = import_module(f"{codec.__name__}.fast")
    doubts, written_by = module.DOUBTS, module.Written
    told: list[Any] = []
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(MANY_CALLS)
    try:
        for message in _messages(codec):
            parts = written_by()
            parts.most = MOST_BYTES
            try:
                message._write_payload(parts.append)
                told.append(b"".join(parts))
            except doubts:
                told.append("doubt")
    finally:
        sys.setrecursionlimit(before)
    return told


def _messages(codec: Codec) -> Iterator[Any]:
    """Messages with what no vector gives a field: tuples, encoded values, and what is as deep."""
    for name, smallest in SMALLEST.items():
        kind = getattr(codec, name.title())
        fields = leaves_of(MESSAGES[name].fields or ())
        held = {field.name: at(smallest, path) for path, field in fields if field.required}
        for (_, field), value in product(fields, _held(codec)):
            yield kind(1, **{**held, field.name: value})


def _held(codec: Codec) -> Iterator[Any]:
    encoded = codec.Encoded(encode(1))
    yield from ((), (1,), [1], {}, {"k": (1,)}, encoded, [encoded], {"k": encoded})
    for depth in range(MAX_DEPTH - 4, MAX_DEPTH + 1):
        value: Any = []
        for _ in range(depth - 1):
            value = [value]
        yield from (value, [value], {"k": value})


# By name; each is passed once, whatever the cases are.
APART: dict[str, Callable[[Codec], list[Any]]] = {"read": read, "in pieces": written, "fast": fast}
