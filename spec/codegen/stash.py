"""The stash as clients ask it: what each language prints its methods from.

Rules: an operation is a method of a table, but where it is of none. What it must be given is told
by place, in the declared order; what it need not be given, as a language does that.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import ir

# The field that a method of a table has by itself.
TABLE = "table"
# The kind of a list that holds texts alone; all other kinds are those of ir.Type.
TEXTS = "texts"


@dataclass(frozen=True)
class Asked:
    """An operation as a method.

    Attributes:
        name: as declared.
        of_table: whether it is one of a table.
        required, optional: fields that it takes beside its table, as the message has them.
        result: what kind of value it gives.
        meaning: one phrase, or two.
        errors: names of error types that it may fail by, each with the case in which it does.
    """

    name: str
    of_table: bool
    required: tuple[ir.Field, ...]
    optional: tuple[ir.Field, ...]
    result: str
    meaning: str
    errors: tuple[tuple[str, str], ...]

    @property
    def fields(self) -> tuple[ir.Field, ...]:
        """What it takes, in the order in which it is named."""
        return (*self.required, *self.optional)


def enumeration(spec: ir.Spec) -> str:
    """That of the codes of operations."""
    return _question(spec).enumeration


def methods(spec: ir.Spec) -> list[Asked]:
    """One for each operation."""
    fields = {field.name: field for field in _message(spec).fields or ()}
    return [
        Asked(
            name=one.name,
            of_table=any(p.name == TABLE for p in one.parameters),
            required=tuple(
                fields[p.name] for p in one.parameters if p.required and p.name != TABLE
            ),
            optional=tuple(fields[p.name] for p in one.parameters if not p.required),
            result=_result(one.result),
            meaning=one.meaning,
            errors=one.errors,
        )
        for one in _question(spec).operations
    ]


def given(spec: ir.Spec) -> list[ir.Field]:
    """The fields of the message that an operation may be given, beside its table and code."""
    return [f for f in _message(spec).fields or () if f.name != TABLE and not f.choices]


def options(spec: ir.Spec) -> list[ir.Field]:
    """Those which some operation need not be given."""
    optional = {field.name for one in methods(spec) for field in one.optional}
    return [field for field in given(spec) if field.name in optional]


def kind(field: ir.Field) -> str:
    """What a field takes: string or integer; number, for those and floats; or any."""
    if set(field.types) == {"integer", "float"}:
        return "number"
    return field.types[0] if len(field.types) == 1 else "any"


def _question(spec: ir.Spec) -> ir.Question:
    return next(one for one in spec.questions if one.message == "STASH")


def _message(spec: ir.Spec) -> ir.Message:
    return next(one for one in spec.messages if one.name == _question(spec).message)


def _result(result: ir.Type) -> str:
    if result.kind == "list" and result.of is not None and result.of.kind == "string":
        return TEXTS
    return result.kind
