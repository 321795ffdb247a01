"""table.go of the client: a method for each operation of the stash, an option for each field."""

from __future__ import annotations

from .. import ir
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
# The field that a table has by itself.
TABLE = "table"
TYPES = {"string": "string", "integer": "int64"}
# What makes of an answer a value of the type that is promised.
MADE = {
    "bool": ("bool", "boolOf"),
    "integer": ("int64", "intOf"),
    "list": ("[]any", "listOf"),
    "form": ("gd.Dict", "dictOf"),
}


def files(spec: ir.Spec) -> dict[str, str]:
    """File contents by path below the repository's root, without their marker."""
    stash = next(one for one in spec.questions if one.message == "STASH")
    message = next(one for one in spec.messages if one.name == stash.message)
    given = {p.name for one in stash.operations for p in one.parameters if not p.required}
    options = [_option(field) for field in message.fields or () if field.name in given]
    methods = [_method(one, stash) for one in stash.operations]
    text = filled(
        TEMPLATE, version=str(spec.version), options=_apart(options), methods=_apart(methods)
    )
    return {PATH: text}


def _apart(pieces: list[list[str]]) -> list[str]:
    """Their lines, with an empty one between two pieces."""
    return [line for piece in pieces for line in ["", *piece]][1:]


def _option(field: ir.Field) -> list[str]:
    name = exported(field.name)
    kind = TYPES.get(field.types[0], "any") if len(field.types) == 1 else "any"
    value = field.name if kind == "any" else f"&{field.name}"
    return [
        *comment(f"With{name} gives {field.meaning}."),
        f"func With{name}({field.name} {kind}) StashOption {{",
        f"    return func(question *gd.Stash) {{ question.{name} = {value} }}",
        "}",
    ]


def _method(one: ir.Operation, stash: ir.Question) -> list[str]:
    names = [p.name for p in one.parameters if p.required and p.name != TABLE]
    is_free = any(not p.required for p in one.parameters)
    result, made = MADE.get(one.result.kind, ("any", ""))
    of_table = any(p.name == TABLE for p in one.parameters)
    values = [f"{', '.join(names)} any"] * bool(names)
    takes = ", ".join(["ctx context.Context", *values, *["given ...StashOption"] * is_free])
    op = f"Op: gd.{stash.enumeration}{exported(one.name)}"
    fields = ", ".join([op, *(f"{exported(name)}: {name}" for name in names)])
    receiver, table = ("t Table", "t") if of_table else ("c *Client", 'Table{c, ""}')
    asked = f"{table}.ask(ctx, &gd.Stash{{{fields}}}{', given...' * is_free})"
    return [
        *comment(_says(one)),
        f"func ({receiver}) {exported(one.name)}({takes}) ({result}, error) {{",
        f"    return {f'{made}({asked})' if made else asked}",
        "}",
    ]


def _says(one: ir.Operation) -> str:
    """As Go's comments begin, with the errors that it may give."""
    meaning = one.meaning[0].lower() + one.meaning[1:]
    errors = [f"Its error is gd.{name} when {case}." for name, case in one.errors]
    return " ".join([f"{exported(one.name)}: {meaning}", *errors])
