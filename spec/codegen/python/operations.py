"""Operations as functions: their parameters, what they return, and what they say of themselves."""

from __future__ import annotations

from textwrap import fill

from .. import ir
from .printing import Lines

# Kinds of values that Python has a name for; a number may be an int as well.
NAMES = {
    "any": "Any", "scalar": "Scalar", "number": "float", "bool": "bool", "integer": "int",
    "float": "float", "string": "str", "bytes": "bytes", "none": "None",
}  # fmt: skip
WIDTH = 96


def annotation(what: ir.Type, scalar: str = "Scalar") -> str:
    """The type as a type checker reads it; `scalar` is what stands for a scalar."""
    if what.kind == "form":
        return what.form
    if what.of is not None:
        inner = annotation(what.of, scalar)
        return f"list[{inner}]" if what.kind == "list" else f"dict[str, {inner}]"
    return named(what.kind, scalar)


def named(kind: str, scalar: str) -> str:
    return scalar if kind == "scalar" else NAMES[kind]


def parameter(one: ir.Parameter, scalar: str = "Scalar") -> str:
    """The parameter in a signature."""
    name = named(one.kind, scalar)
    if one.required:
        return f"{one.name}: {name}"
    # None is a scalar, and any value.
    optional = name if one.kind in ("any", "scalar") else f"{name} | None"
    return f"{one.name}: {optional} = None"


def docstring(operation: ir.Operation, meaning: str = "") -> str:
    """What the operation does, and which errors it may raise."""
    raises = [f"Raises {name} when {case}." for name, case in operation.errors]
    return " ".join([meaning or operation.meaning, *([] if meaning else raises)])


def documented(text: str, indent: str) -> Lines:
    """The text as a docstring."""
    if len(indent) + len(text) + 6 <= WIDTH:
        return [f'{indent}"""{text}"""']
    first, _, rest = text.partition(". ")
    body = fill(rest, WIDTH, initial_indent=indent, subsequent_indent=indent)
    return [f'{indent}"""{first}.', "", *body.split("\n"), f'{indent}"""']


def question(spec: ir.Spec, message: str) -> ir.Question:
    """The operations of the message that an arbiter answers."""
    return next(q for q in spec.questions if q.message == message and q.answerer == "arbiter")
