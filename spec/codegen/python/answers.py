"""Answers: their forms as types, the operations as rows of the forms in `gdproto/operations.py`."""

from __future__ import annotations

from .. import ir
from .operations import NAMES, annotation, docstring, documented, parameter, question
from .printing import Lines

HEAD = '''"""What questions are answered by: the types of answers, and the operations as data."""

from __future__ import annotations

from typing import Any, Final, NotRequired, Protocol, TypeAlias, TypedDict

from ..encoded import Encoded
from ..operations import Form, FormField, Operation, Parameter, ResultType
from ..pieces import Pieces
'''


def answers(spec: ir.Spec) -> str:
    asked = [q for q in spec.questions if q.enumeration]
    scalars = [NAMES[v.kind] for v in spec.values if not isinstance(v.body, ir.Container)]
    names = ["FORMS", *(f"{q.message}_OPERATIONS" for q in asked), *(f.name for f in spec.forms)]
    out = [
        HEAD + f"from .tables import {', '.join(sorted(q.enumeration for q in asked))}",
        "",
        f"Scalar: TypeAlias = {' | '.join(dict.fromkeys(scalars))}",
        "",
    ]
    for form in spec.forms:
        out += _typed_dict(form)
    out += _backend(question(spec, "STASH"), _long(spec.forms))
    out += ["", "FORMS: Final[dict[str, Form]] = {", *_rows(spec.forms), "}"]
    for one in asked:
        out += _table(one)
    out += ["", f"__all__ = {sorted([*names, 'Scalar', 'StashBackend'])!r}"]
    return "\n".join(out) + "\n"


def _typed_dict(form: ir.Form) -> Lines:
    return [
        "",
        f"class {form.name}(TypedDict):",
        f'    """{form.meaning}',
        "",
        "    Attributes:",
        *(f"        {f.name}: {_told(f)}." for f in form.fields),
        '    """',
        "",
        *(f"    {f.name}: {_held(f)}" for f in form.fields),
        "",
    ]


def _told(field: ir.FormField) -> str:
    return f"{field.meaning}, in {field.unit}" if field.unit else field.meaning


def _held(field: ir.FormField) -> str:
    held = annotation(field.type) + (" | None" if field.nullable else "")
    return held if field.core else f"NotRequired[{held}]"


def _long(forms: tuple[ir.Form, ...]) -> set[str]:
    """The forms that hold any value, or a list."""
    return {f.name for f in forms if any(one.type.kind in ("any", "list") for one in f.fields)}


def _backend(stash: ir.Question, long: set[str]) -> Lines:
    out = [
        "",
        "class StashBackend(Protocol):",
        '    """Where tables are kept: one method for each operation of the stash.',
        "",
        "    They raise the errors that travel to who asked, by the names of their classes. Values",
        "    come and go as their TLV bytes, which nobody needs to look into.",
        '    """',
    ]
    for one in stash.operations:
        taken = ", ".join(["self", *(_handed_in(p) for p in one.parameters)])
        out += [
            "",
            f"    async def {one.name}({taken}) -> {_handed_out(one.result, long)}:",
            *documented(docstring(one), " " * 8),
            "        ...",
        ]
    return [*out, ""]


def _handed_in(one: ir.Parameter) -> str:
    return f"{one.name}: Encoded" if one.kind == "any" else parameter(one)


def _handed_out(what: ir.Type, long: set[str]) -> str:
    """The type of a result: of a value, and of what may be long, its bytes."""
    return "Pieces" if what.kind in ("any", "list") or what.form in long else annotation(what)


def _rows(forms: tuple[ir.Form, ...]) -> Lines:
    out: Lines = []
    for form in forms:
        fields = [
            f"        FormField({f.name!r}, {_type(f.type)}, {f.core}, {f.nullable}, {f.unit!r},"
            f" {f.meaning!r}),"
            for f in form.fields
        ]
        out += [f"    {form.name!r}: Form({form.name!r}, (", *fields, f"    ), {form.meaning!r}),"]
    return out


def _type(what: ir.Type) -> str:
    inner = "None" if what.of is None else _type(what.of)
    return f"ResultType({what.kind!r}, {inner}, {what.form!r})"


def _table(one: ir.Question) -> Lines:
    name = f"{one.message}_OPERATIONS"
    out = ["", f"{name}: Final[dict[{one.enumeration}, Operation]] = {{"]
    for operation in one.operations:
        taken = "".join(
            f"Parameter({p.name!r}, {p.kind!r}, {p.required}, {p.max_bytes}), "
            for p in operation.parameters
        )
        out += [
            f"    {one.enumeration}.{operation.name.upper()}: Operation(",
            f"        {operation.name!r}, {operation.code}, ({taken}),",
            f"        {_type(operation.result)}, {dict(operation.errors)!r},",
            f"        {operation.meaning!r},",
            "    ),",
        ]
    return [*out, "}"]
