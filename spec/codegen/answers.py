"""Walk the declared answers into the IR: what each question takes, and what comes back."""

from __future__ import annotations

import keyword
from collections.abc import Collection, Iterator, Sequence

from .. import answers, errors, messages
from . import ir
from .errors import CompileError

# What a type may be beside a value type.
MORE_KINDS = ("any", "scalar", "number", "form")
# What every operation is asked by, so none can have its name.
ASK = "ask"


def questions(known: Sequence[ir.Message], kinds: Collection[str]) -> tuple[ir.Question, ...]:
    """Every question.

    Args:
        known: the messages.
        kinds: those of the value types.

    Raises:
        CompileError: an operation takes what its message has not, or answers what nobody knows.
    """
    by_name = {message.name: message for message in known}
    found = []
    for one in answers.QUESTIONS:
        if one.message not in by_name:
            raise CompileError(f"spec.answers: {one.message} is no message")
        found.append(_question(one, by_name[one.message], kinds))
    return tuple(found)


def _question(one: answers.Question, message: ir.Message, kinds: Collection[str]) -> ir.Question:
    operations = tuple(_operation(operation, message, kinds) for operation in one.operations)
    codes = [operation.code for operation in operations]
    if len(set(codes)) != len(codes):
        raise CompileError(f"spec.answers: two operations of {message.name} have one code")
    return ir.Question(message.name, one.answerer, _enumeration(operations), operations)


def _enumeration(operations: tuple[ir.Operation, ...]) -> str:
    """The name of the enumeration of these operations; empty for a message without `op`."""
    codes = {operation.name: operation.code for operation in operations}
    names = [name for name, members in messages.ENUMERATIONS.items() if members == codes]
    return names[0] if names else ""


def _operation(one: answers.Operation, message: ir.Message, kinds: Collection[str]) -> ir.Operation:
    where = f"spec.answers: {message.name}, operation '{one.name}'"
    if keyword.iskeyword(one.name) or one.name == ASK:
        raise CompileError(f"{where}: a function cannot have this name")
    fields = {field.name: field for field in message.fields or ()}
    for parameter in one.parameters:
        if parameter.name not in fields:
            raise CompileError(f"{where}: the message has no field '{parameter.name}'")
    required = [parameter.required for parameter in one.parameters]
    if sorted(required, reverse=True) != required:
        raise CompileError(f"{where}: an optional parameter stands before a required one")
    for name in one.errors:
        if name not in {error.name for error in errors.ERROR_TYPES}:
            raise CompileError(f"{where}: there is no error type '{name}'")
    return ir.Operation(
        name=one.name,
        code=one.code,
        parameters=tuple(
            ir.Parameter(p.name, _kind(fields[p.name]), p.required, p.max_bytes)
            for p in one.parameters
        ),
        result=_type(one.result, where, kinds),
        errors=tuple(one.errors.items()),
        or_default=one.or_default,
        meaning=one.meaning,
    )


def _kind(field: ir.Field) -> str:
    """What the field's value is, in a word."""
    if len(field.types) > 1:
        return "number"
    if field.types:
        return field.types[0]
    return "scalar" if field.scalar else "any"


def forms(kinds: Collection[str]) -> tuple[ir.Form, ...]:
    """Every form that an answer has, those within before those around them, and last that of the
    details of an ERROR. Raises CompileError.
    """
    results = [one.result for question in answers.QUESTIONS for one in question.operations]
    found: dict[str, answers.Form] = {}
    for result in (*results, answers.a(answers.ERROR_DETAILS)):
        for form in _within(result):
            if found.setdefault(form.name, form) is not form:
                raise CompileError(f"spec.answers: two forms are named '{form.name}'")
    return tuple(_form(form, kinds) for form in found.values())


def _within(what: answers.Type) -> Iterator[answers.Form]:
    if what.of is not None:
        yield from _within(what.of)
    if what.form is not None:
        for field in what.form.fields:
            yield from _within(field.type)
        yield what.form


def _form(form: answers.Form, kinds: Collection[str]) -> ir.Form:
    return ir.Form(form.name, tuple(_field(f, form, kinds) for f in form.fields), form.meaning)


def _field(field: answers.FormField, form: answers.Form, kinds: Collection[str]) -> ir.FormField:
    what = _type(field.type, f"spec.answers: {form.name}, field '{field.name}'", kinds)
    return ir.FormField(field.name, what, field.core, field.nullable, field.unit, field.meaning)


def _type(what: answers.Type, where: str, kinds: Collection[str]) -> ir.Type:
    if what.kind not in {*kinds, *MORE_KINDS}:
        raise CompileError(f"{where}: there is no type '{what.kind}'")
    if (what.kind in ("list", "dict")) != (what.of is not None):
        raise CompileError(f"{where}: lists and dicts, and they alone, say what they hold")
    if (what.kind == "form") != (what.form is not None):
        raise CompileError(f"{where}: a form, and it alone, names its fields")
    inner = None if what.of is None else _type(what.of, where, kinds)
    return ir.Type(what.kind, inner, "" if what.form is None else what.form.name)
