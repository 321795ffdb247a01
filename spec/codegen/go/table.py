"""table.go of the client: a method for each operation of the stash, an option for each field."""

from __future__ import annotations

from .. import ir, stash
from .printing import comment, exported, filled

PATH = "peers/go/client/table.go"
TEMPLATE = """
    // Code generated from the declaration of GD/«version». DO NOT EDIT.

    package client

    import (
        "context"

        "gdproto/gd"
    )

    // StashOption gives an operation of the stash what it need not have.
    type StashOption func(*gd.Stash)

    «options»

    «methods»
"""
TYPES = {"string": "string", "integer": "int64"}
# What makes of an answer a value of the type that is promised.
MADE = {
    "bool": ("bool", "boolOf"),
    "integer": ("int64", "intOf"),
    "list": ("[]any", "listOf"),
    stash.TEXTS: ("[]any", "listOf"),
    "form": ("gd.Dict", "dictOf"),
}


def files(spec: ir.Spec) -> dict[str, str]:
    """File contents by path below the repository's root, without their marker."""
    kind = stash.enumeration(spec)
    text = filled(
        TEMPLATE,
        version=str(spec.version),
        options=_apart([_option(field) for field in stash.options(spec)]),
        methods=_apart([_method(one, kind) for one in stash.methods(spec)]),
    )
    return {PATH: text}


def _apart(pieces: list[list[str]]) -> list[str]:
    """Their lines, with an empty one between two pieces."""
    return [line for piece in pieces for line in ["", *piece]][1:]


def _option(field: ir.Field) -> list[str]:
    name = exported(field.name)
    kind = TYPES.get(stash.kind(field), "any")
    value = field.name if kind == "any" else f"&{field.name}"
    return [
        *comment(f"With{name} gives {field.meaning}."),
        f"func With{name}({field.name} {kind}) StashOption {{",
        f"    return func(question *gd.Stash) {{ question.{name} = {value} }}",
        "}",
    ]


def _method(one: stash.Asked, enumeration: str) -> list[str]:
    names = [field.name for field in one.required]
    is_free = bool(one.optional)
    result, made = MADE.get(one.result, ("any", ""))
    values = [f"{', '.join(names)} any"] * bool(names)
    takes = ", ".join(["ctx context.Context", *values, *["given ...StashOption"] * is_free])
    op = f"Op: gd.{enumeration}{exported(one.name)}"
    fields = ", ".join([op, *(f"{exported(name)}: {name}" for name in names)])
    receiver, table = ("t Table", "t") if one.of_table else ("c *Client", 'Table{c, ""}')
    asked = f"{table}.ask(ctx, &gd.Stash{{{fields}}}{', given...' * is_free})"
    return [
        *comment(_says(one)),
        f"func ({receiver}) {exported(one.name)}({takes}) ({result}, error) {{",
        f"    return {f'{made}({asked})' if made else asked}",
        "}",
    ]


def _says(one: stash.Asked) -> str:
    """As Go's comments begin, with the errors that it may give."""
    meaning = one.meaning[0].lower() + one.meaning[1:]
    errors = [f"Its error is gd.{name} when {case}." for name, case in one.errors]
    return " ".join([f"{exported(one.name)}: {meaning}", *errors])
