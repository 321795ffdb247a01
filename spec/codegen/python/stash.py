"""The stash as programs ask it: methods, coroutines and functions, one for each operation."""

from __future__ import annotations

from itertools import takewhile

from .. import ir
from .operations import annotation, docstring, documented, named, parameter, question
from .printing import Lines, class_name

CALLS_HEAD = '''"""The operations of the stash as methods, for threads and for event loops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gdproto import {message}, {enumeration}

from ...errors import {errors}

if TYPE_CHECKING:
    from gdproto.answers import {forms}
'''

FUNCTIONS_HEAD = '''"""The operations of the stash as functions, for the calling thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..stash import of_thread

if TYPE_CHECKING:
    from gdproto.answers import {forms}
'''

FOLDER = "dirty_runtime/client/_generated"
# In place of which a program may name a default. Peers have used the one for the other.
MISSING = ("StashKeyNotFoundError", "StashTableNotFoundError")
# What makes of an answer, whoever it comes from, a value of the type that is promised.
MADE = {"bool": "bool", "integer": "int", "string": "str", "list": "list"}


def files(spec: ir.Spec) -> dict[str, str]:
    """File contents by path below the repository's root, without their marker."""
    return {
        f"{FOLDER}/__init__.py": '"""Code written by the spec compiler."""\n',
        f"{FOLDER}/stash_calls.py": calls(spec),
        f"{FOLDER}/stash_functions.py": functions(spec),
    }


def calls(spec: ir.Spec) -> str:
    stash = question(spec, "STASH")
    head = CALLS_HEAD.format(
        message=class_name(_message(spec, stash)),
        enumeration=stash.enumeration,
        errors=", ".join(MISSING),
        forms=_forms(stash),
    )
    sync = _class(spec, stash, "StashCalls", "", "One method for each operation of the stash.")
    text = "One coroutine for each operation of the stash."
    return "\n".join([head, *sync, *_class(spec, stash, "AsyncStashCalls", "async ", text)])


def functions(spec: ir.Spec) -> str:
    stash = question(spec, "STASH")
    out = [FUNCTIONS_HEAD.format(forms=_forms(stash))]
    for one in stash.operations:
        names = ", ".join(_names(one))
        out += [
            "",
            f"def {one.name}({_signature(one)}) -> {annotation(one.result, 'Any')}:",
            *documented(_says(one), " " * 4),
            f"    return of_thread().{one.name}({names})",
            "",
        ]
    out += ["", f"__all__ = {sorted(one.name for one in stash.operations)!r}", ""]
    return "\n".join(out)


def _message(spec: ir.Spec, stash: ir.Question) -> ir.Message:
    return next(m for m in spec.messages if m.name == stash.message)


def _forms(stash: ir.Question) -> str:
    return ", ".join(sorted({one.result.form for one in stash.operations if one.result.form}))


def _class(spec: ir.Spec, stash: ir.Question, name: str, prefix: str, text: str) -> Lines:
    message = _message(spec, stash)
    fields = [f for f in message.fields or () if not f.choices]
    given = ", ".join(["0", "int(op)", *(field.name for field in fields)])
    out = [
        "",
        f"class {name}:",
        f'    """{text}"""',
        "",
        f"    {prefix}def ask(",
        "        self,",
        f"        op: {stash.enumeration},",
        *(f"        {_field(field)}," for field in fields),
        "    ) -> Any:",
        '        """What the arbiter answers. Raises DirtyError."""',
        f"        return {'await ' * bool(prefix)}self.answered({class_name(message)}({given}))",
        "",
        f"    {prefix}def answered(self, question: {class_name(message)}) -> Any:",
        '        """What the arbiter answers to the question. Raises DirtyError."""',
        "        raise NotImplementedError",
    ]
    for one in stash.operations:
        asks = f"{'await ' * bool(prefix)}self.ask({_asked(one, stash, fields)})"
        out += [
            "",
            f"    {prefix}def {one.name}(self, {_signature(one)})"
            f" -> {annotation(one.result, 'Any')}:".replace("(self, )", "(self)"),
            *documented(_says(one), " " * 8),
            *(f"        {line}" for line in _body(one, asks)),
        ]
    return [*out, ""]


def _field(field: ir.Field) -> str:
    if field.required:
        return f'{field.name}: str = ""'
    kind = named("number" if len(field.types) > 1 else field.types[0], "") if field.types else ""
    return f"{field.name}: {f'{kind} | None' if kind else 'Any'} = None"


def _signature(one: ir.Operation) -> str:
    default = ["default: Any = None"] * one.or_default
    return ", ".join([*(parameter(p, "Any") for p in one.parameters), *default])


def _names(one: ir.Operation) -> Lines:
    return [*(p.name for p in one.parameters), *["default"] * one.or_default]


def _says(one: ir.Operation) -> str:
    if not one.or_default:
        return docstring(one)
    cases = " or ".join(case for _, case in one.errors)
    return docstring(one, f"{one.meaning.rstrip('.')}, or `default` when {cases}.")


def _asked(one: ir.Operation, stash: ir.Question, fields: list[ir.Field]) -> str:
    """The arguments: by position as long as none is left out."""
    names = [p.name for p in one.parameters]
    pairs = zip((field.name for field in fields), names, strict=False)
    first = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    given = [*names[:first], *(f"{name}={name}" for name in names[first:])]
    return ", ".join([f"{stash.enumeration}.{one.name.upper()}", *given])


def _body(one: ir.Operation, asks: str) -> Lines:
    if one.or_default:
        return [
            "try:",
            f"    return {asks}",
            f"except ({', '.join(MISSING)}):",
            "    return default",
        ]
    if one.result.kind in MADE:
        return [f"return {MADE[one.result.kind]}({asks})"]
    return [f"answer: {annotation(one.result, 'Any')} = {asks}", "return answer"]
