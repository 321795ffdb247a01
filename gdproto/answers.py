"""Answers: what questions are answered by, as types for programs and as data.

    from gdproto.answers import STASH_OPERATIONS, StashBackend, StatusAnswer, arguments, misfits

Rules: an answer may have fields that are not declared, and lack those that are not `core`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ._generated import answers as _generated

# "as" tells type checkers that a name is public.
from ._generated.answers import *  # noqa: F403
from ._generated.answers import FORMS
from .operations import Form as Form
from .operations import FormField as FormField
from .operations import Operation as Operation
from .operations import Parameter as Parameter
from .operations import ResultType as ResultType

__all__ = [
    "Form",
    "FormField",
    "Operation",
    "Parameter",
    "ResultType",
    "arguments",
    "misfits",
]
__all__ += _generated.__all__

_CONTAINERS = (list, dict)
_NUMBERS = (int, float)
_PYTHON: dict[str, type] = {
    "none": type(None),
    "bool": bool,
    "integer": int,
    "float": float,
    "bytes": bytes,
    "string": str,
    "list": list,
    "dict": dict,
    "form": dict,
}


def arguments(operation: Operation, message: Any) -> list[Any]:
    """What the message gives to the operation, in the order of its parameters."""
    return [getattr(message, parameter.name) for parameter in operation.parameters]


def misfits(value: object, wanted: ResultType, path: str = "answer") -> Iterator[str]:
    """One line for each place where an answer is not what is declared.

    Args:
        value: the answer, decoded.
        wanted: an operation's `result`, or ``ResultType("form", None, name)`` for a name of FORMS.
        path: what the answer is called.
    """
    if not _is(value, wanted.kind):
        yield f"{path} is {type(value).__name__}, not {wanted.form or wanted.kind}"
    elif isinstance(value, list) and wanted.of is not None:
        for index, item in enumerate(value):
            yield from misfits(item, wanted.of, f"{path}[{index}]")
    elif isinstance(value, dict) and wanted.of is not None:
        for key, item in value.items():
            yield from misfits(item, wanted.of, f"{path}.{key}")
    elif isinstance(value, dict) and wanted.form:
        yield from _misfits_of_form(value, FORMS[wanted.form], path)


def _misfits_of_form(value: dict[str, Any], form: Form, path: str) -> Iterator[str]:
    for field in form.fields:
        if field.name in value:
            if value[field.name] is not None or not field.nullable:
                yield from misfits(value[field.name], field.type, f"{path}.{field.name}")
        elif field.core:
            yield f"{path} lacks {field.name}"


def _is(value: object, kind: str) -> bool:
    """Whether the value is of this kind, a bool being no number."""
    if kind == "any":
        return True
    if kind == "scalar":
        return type(value) not in _CONTAINERS
    if kind == "number":
        return type(value) in _NUMBERS
    return type(value) is _PYTHON[kind]
