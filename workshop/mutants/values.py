"""Codecs that misread or miswrite values, each by a change of the declaration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gdproto.spec.codegen import ir

from .mutant import SPEC, Change, Edit, Mutant, change, every, where

FAST = "_generated/values.py"
TYPE_OF = {one.name: one for one in SPEC.values}
LIMIT_OF = {one.name: one for one in SPEC.limits}


def value(name: str, *edits: Edit, change: Change | None = None) -> Mutant:
    return Mutant(name, edits, change)


def of_type(name: str, **new: Any) -> Change:
    """A change of the body of a type."""
    return change(where(ir.ValueType, name=name), where(type(TYPE_OF[name].body)), **new)


def meanings() -> Iterator[Mutant]:
    yield value("int-unsigned", change=of_type("int64", number="unsigned"))
    yield value("int-of-32-bits", change=of_type("int64", size=4))
    yield value("float-of-32-bits", change=of_type("float64", size=4))
    yield value("bools-swapped", change=of_type("bool", choices=((0, True), (1, False))))
    yield value("bool-of-2", change=of_type("bool", choices=((0, False), (1, True), (2, True))))
    yield value("bytes-read-as-utf8", change=of_type("bytes", text=True))


def sizes() -> Iterator[Mutant]:
    for one in SPEC.values:
        if isinstance(one.body, ir.Blob | ir.Container):
            field = "length" if isinstance(one.body, ir.Blob) else "count"
            inside = (where(ir.ValueType, name=one.name), where(ir.SizeField))
            yield value(f"{field}-of-{one.name}-signed", change=change(*inside, number="signed"))
            yield value(f"{field}-of-{one.name}-of-16-bits", change=change(*inside, size=2))


def texts() -> Iterator[Mutant]:
    """What is no UTF-8 is read: only the fast codec reads texts that the strict one refuses."""
    for name, errors in {
        "surrogates-accepted": "surrogatepass", "utf8-replaced": "replace", "utf8-ignored": "ignore",
    }.items():  # fmt: skip
        yield value(name, every(FAST, "].decode()", f'].decode("utf-8", "{errors}")'))


def codes() -> Iterator[Mutant]:
    for one in SPEC.values:
        yield value(
            f"{one.name}-under-another-code",
            change=change(where(ir.ValueType, name=one.name), code=0x7E),
        )
    fixed = TYPE_OF["int64"]
    for code, number, size in (
        (0x02, "signed", 1), (0x04, "signed", 4), (0x07, "unsigned", 8), (0xFF, "signed", 1),
    ):  # fmt: skip
        extra = ir.ValueType("extra", code, "integer", 0, -1, ir.Fixed(number, size), fixed.meaning)
        yield value(
            f"extra-type-{code:02x}", change=change(where(ir.Spec), values=(*SPEC.values, extra))
        )


def limits() -> Iterator[Mutant]:
    """Off by one in each direction, for each type that has the limit."""
    for one in SPEC.values:
        if isinstance(one.body, ir.Blob | ir.Container):
            size = one.body.length if isinstance(one.body, ir.Blob) else one.body.count
            inside = (where(ir.ValueType, name=one.name), where(ir.SizeField))
            for sign, by in (("above", 1), ("below", -1)):
                limit = ir.Limit(
                    size.limit.name, size.limit.value + by, size.limit.error, size.limit.meaning
                )
                yield value(f"limit-of-{one.name}-{sign}", change=change(*inside, limit=limit))
    depth = LIMIT_OF["max_depth"].value
    for sign, by in (("above", 1), ("below", -1)):
        yield value(
            f"depth-{sign}", change=change(where(ir.Limit, name="max_depth"), value=depth + by)
        )


def owed() -> Iterator[Mutant]:
    for smallest in (1, 2, 5, 7):
        yield value(
            f"smallest-pair-{smallest}", change=of_type("dict", smallest_element_bytes=smallest)
        )
    for smallest in (0, 2):
        yield value(
            f"smallest-item-{smallest}", change=of_type("list", smallest_element_bytes=smallest)
        )


def wrong_codes() -> Iterator[Mutant]:
    """Portable codes that are likely to be confused."""
    yield value("code-of-unknown-type", change=change(where(ir.Spec), value_error="invalid_bool"))
    yield value("code-of-bool", change=of_type("bool", error="unknown_tlv_type"))
    yield value("code-of-key", change=of_type("dict", key_error="wrong_field_type"))
    for limit, code in (("max_blob_bytes", "too_many_items"), ("max_items", "length_too_large")):
        yield value(f"code-of-{limit}", change=change(where(ir.Limit, name=limit), error=code))


def paths() -> Iterator[Mutant]:
    longest = SPEC.paths.max_path_chars
    for name, most in (
        ("never-cut", 20_000),
        ("one-shorter", longest - 1),
        ("one-longer", longest + 1),
    ):
        yield value(f"path-{name}", change=change(where(ir.Paths), max_path_chars=most))


GROUPS = (meanings, sizes, texts, codes, limits, owed, wrong_codes, paths)
MUTANTS = tuple(mutant for group in GROUPS for mutant in group())
