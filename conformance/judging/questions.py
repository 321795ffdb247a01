"""Questions: what a testee is asked for a case.

Rules: what is long is asked for as a digest: no testee has to print, nor nest, it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..cases import Case, Recipe, cut, made, size
from .needs import needs

Json = Mapping[str, Any]

MAX_PLAIN_BYTES = 1_024
MAX_PLAIN = {"max_blob_bytes": 1_024, "max_items": 128, "max_depth": 64}
# A stream that is longer is not given byte by byte.
MAX_BYTEWISE = 4_096


class Canonical:
    """The bytes that are right, made when their digest is asked for."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe

    @cached_property
    def sha256(self) -> str:
        """Their digest in hex."""
        return hashlib.sha256(made(self.recipe)).hexdigest()


@dataclass(frozen=True)
class Question:
    """One command for a case.

    Attributes:
        op: the operation.
        fields: the rest of the command.
        expected: the answer, as JSON: value, message, bytes, error or steps; a digest is compared
            with that of `canonical`.
    """

    op: str
    fields: Json
    expected: Json
    canonical: Canonical | None = None


def questions(case: Case) -> Iterator[Question]:
    """Everything that is asked for the case, in order."""
    match case.kind:
        case "value":
            yield from _of_codec(case, "decode", "encode", "value", case.value)
        case "frame" | "message":
            yield from _of_codec(case, "parse", "serialize", "message", case.message)
        case "stream":
            yield from _of_stream(case)
        case _:
            yield _session(case.role, case.steps, {"steps": [one["expect"] for one in case.steps]})


def _of_codec(case: Case, reads: str, writes: str, name: str, held: Any) -> Iterator[Question]:
    error: Json | None = {"error": case.error} if case.error is not None else None
    written = case.canonical if case.canonical is not None else case.bytes
    canonical = None if written is None else Canonical(written)
    if case.result == "permitted":
        error = {"outcomes": case.outcomes}
    if case.bytes is not None:
        fields: Json = {"bytes": case.bytes, **_digest(case.bytes)}
        yield Question(reads, fields, error or {name: held}, canonical)
    if held is not None:
        fields = {name: held, **(_digest_of(case) if written is None else _digest(written))}
        yield Question(writes, fields, error or {"bytes": written}, canonical)


def _digest(recipe: Recipe) -> Json:
    return {"digest": True} if size(recipe) > MAX_PLAIN_BYTES else {}


def _digest_of(case: Case) -> Json:
    """As `_digest`, for what should be refused, but may be written."""
    taken = needs(case)
    return {"digest": True} if any(taken[name] > most for name, most in MAX_PLAIN.items()) else {}


def _of_stream(case: Case) -> Iterator[Question]:
    """The stream in every portioning: whole, cut in two, and byte by byte."""
    assert case.receives is not None
    length = size(case.receives)
    expected = {"setup": [one["expect"] for one in case.setup], "events": case.events}
    end: list[Json] = [{"eof": True}] if case.eof else []

    def of(portions: Iterable[Recipe]) -> Question:
        return _session(case.role, [*case.setup, *map(_received, portions), *end], expected)

    yield of([case.receives])
    for point in case.split_points():
        if 0 < point < length:
            yield of(cut(case.receives, point))
    if 2 < length <= MAX_BYTEWISE:
        data = made(case.receives)
        yield of(data[at : at + 1].hex() for at in range(length))


def _received(portion: Recipe) -> Json:
    return {"receive": portion}


def _session(role: str, steps: Sequence[Json], expected: Json) -> Question:
    asked = [{name: held for name, held in one.items() if name != "expect"} for one in steps]
    return Question("session", {"role": role, "steps": asked}, expected)
