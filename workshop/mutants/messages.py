"""Codecs that misjudge or miswrite fields, each by a change of the declaration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gdproto.spec.codegen import ir

from .mutant import SPEC, Change, Mutant, both, change, where

OTHER_TYPE = {
    "string": "bytes", "integer": "float", "float": "string", "list": "dict", "dict": "list",
}  # fmt: skip


def message(name: str, change: Change) -> Mutant:
    return Mutant(name, change=change)


def leaves(fields: tuple[ir.Field, ...]) -> Iterator[ir.Field]:
    for field in fields:
        yield field
        yield from leaves(field.fields)


def each_field() -> Iterator[Mutant]:
    """Every property that the declaration gives a field, changed."""
    for one in SPEC.messages:
        for field in leaves(one.fields or ()):
            for what, new in _changes(field):
                yield message(
                    f"{one.name.lower()}-{field.name}-{what}",
                    change=_of_field(one, field, **new),
                )


def _of_field(one: ir.Message, field: ir.Field, **new: Any) -> Change:
    changed = change(where(ir.Message, name=one.name), where(ir.Field, name=field.name), **new)
    if "required" not in new:
        return changed
    # A constructor's optional arguments stand last.
    others = tuple(name for name in one.arguments if name != field.name)
    arguments = (field.name, *others) if new["required"] else (*others, field.name)
    return both(changed, change(where(ir.Message, name=one.name), arguments=arguments))


def _changes(field: ir.Field) -> Iterator[tuple[str, dict[str, Any]]]:
    if field.required:
        if not field.fields:
            yield "optional", {"required": False}
    else:
        yield "required", {"required": True}
        if field.default is not None:
            yield "default-lost", {"default": None, "default_written": True}
        if field.default in ((), 0, 1):
            yield "default-changed", {"default": (None,) if field.default == () else 2}
    if field.types and not field.fields:
        free = {"minimum": None, "maximum": None, "finite": False, "default_written": True}
        yield "of-any-type", {"types": (), **free}
        yield "of-another-type", {"types": (OTHER_TYPE[field.types[0]],), "choices": (), **free}
    if len(field.types) > 1:
        for wanted in field.types:
            yield f"only-{wanted}", {"types": (wanted,)}
    if field.minimum is not None:
        yield "without-minimum", {"minimum": None}
        yield "minimum-above", {"minimum": field.minimum + 1}
        yield "minimum-below", {"minimum": field.minimum - 1}
    if field.maximum is not None:
        yield "without-maximum", {"maximum": None}
        yield "maximum-above", {"maximum": field.maximum + 1}
        yield "maximum-below", {"maximum": field.maximum - 1}
    if not field.default_written:
        yield "default-written", {"default_written": True}
    if field.finite:
        yield "not-finite", {"finite": False}
    if field.choices:
        yield "of-any-choice", {"choices": ()}
        yield "of-a-choice-less", {"choices": field.choices[:-1]}
        yield "without-first-choice", {"choices": field.choices[1:]}
        last = field.choices[-1][1]
        yield "of-a-choice-more", {"choices": (*field.choices, ("extra", last + 1))}
        yield "of-choice-0", {"choices": (("extra", 0), *field.choices)}
    if field.scalar:
        yield "of-containers", {"scalar": False}
    elif not field.types:
        yield "only-scalar", {"scalar": True}


def orders() -> Iterator[Mutant]:
    for one in SPEC.messages:
        if one.fields and len(one.fields) > 1 and one.name != "REQUEST":
            yield message(
                f"{one.name.lower()}-fields-written-backwards",
                change=change(where(ir.Message, name=one.name), fields=one.fields[::-1]),
            )


GROUPS = (each_field, orders)
MUTANTS = tuple(mutant for group in GROUPS for mutant in group())
