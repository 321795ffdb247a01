"""The pages of answers: the operations of each question, and the forms of what comes back."""

from __future__ import annotations

from collections.abc import Iterator

from . import ir
from .markdown import code, table

# What an operation's page is called; the worker answers STATUS otherwise than the arbiter.
NAMES = {"arbiter": "{}.md", "worker": "{}-of-worker.md"}


def pages(spec: ir.Spec) -> dict[str, str]:
    """A page for each question, and one of the details of errors, by file name."""
    (details,) = (form for form in spec.forms if form.name == ir.ERROR_DETAILS)
    return {"error-details.md": _fields(details, spec)} | {
        NAMES[one.answerer].format(f"answers-{one.message.lower()}"): "\n".join(_page(one, spec))
        for one in spec.questions
    }


def _page(one: ir.Question, spec: ir.Spec) -> Iterator[str]:
    if one.enumeration:
        yield _operations(one, spec)
    for form in _forms(one, spec):
        yield f"`{form.name}`: {form.meaning}\n"
        yield _fields(form, spec)


def _operations(one: ir.Question, spec: ir.Spec) -> str:
    return table(
        ("operation", "takes", "RESPONSE", "errors", "meaning"),
        (
            (
                code(operation.name),
                ", ".join(map(_taken, operation.parameters)),
                shown(operation.result, spec),
                "; ".join(f"{name} when {case}" for name, case in operation.errors),
                operation.meaning,
            )
            for operation in one.operations
        ),
    )


def _taken(parameter: ir.Parameter) -> str:
    taken = code(parameter.name) if parameter.required else f"optional {code(parameter.name)}"
    return f"{taken} (to {parameter.max_bytes:,} bytes)" if parameter.max_bytes else taken


def shown(what: ir.Type, spec: ir.Spec) -> str:
    """The type in words."""
    if what.form:
        return code(what.form)
    if what.of is not None:
        return f"{what.kind} of {shown(what.of, spec)}"
    carriers = [value.name for value in spec.values if value.kind == what.kind]
    return " or ".join(carriers) or what.kind


def _fields(form: ir.Form, spec: ir.Spec) -> str:
    return table(
        ("field", "type", "may be missing", "meaning"),
        (
            (
                code(field.name),
                shown(field.type, spec) + (" or none" if field.nullable else ""),
                "" if field.core else "yes",
                f"{field.meaning}, in {field.unit}" if field.unit else field.meaning,
            )
            for field in form.fields
        ),
    )


def _forms(one: ir.Question, spec: ir.Spec) -> Iterator[ir.Form]:
    """The forms of its answers, each before those within it."""
    by_name = {form.name: form for form in spec.forms}
    seen: dict[str, None] = {}
    open_names = [name for operation in one.operations for name in _names(operation.result)]
    while open_names:
        name = open_names.pop(0)
        if name not in seen:
            seen[name] = None
            yield by_name[name]
            open_names += [n for field in by_name[name].fields for n in _names(field.type)]


def _names(what: ir.Type) -> Iterator[str]:
    if what.form:
        yield what.form
    if what.of is not None:
        yield from _names(what.of)
