"""Fields: how a value is judged, and how the dict that holds them begins."""

from __future__ import annotations

from .. import ir
from ..layout import dict_head, may_be_absent
from .printing import Lines, block
from .types import PYTHON_TYPES


def annotation(field: ir.Field) -> str:
    if not field.types:
        return "Any"
    names = PYTHON_TYPES | {"list": "Sequence[Any]", "dict": "dict[str, Any]"}
    text = " | ".join(names[kind] for kind in field.types)
    return text if field.required or field.default is not None else f"{text} | None"


def check(field: ir.Field, source: str, otherwise: str, tuples: bool = False) -> Lines:
    """Do `otherwise` unless the value is plainly a permitted one."""
    conditions = []
    types = [PYTHON_TYPES[kind] for kind in field.types]
    types += ["tuple"] if tuples and "list" in field.types else []
    if types:
        conditions.append(" and ".join(f"type({source}) is not {t}" for t in types))
    if field.finite:
        conditions.append(f"not isfinite({source})")
    if field.minimum is not None:
        conditions.append(f"{source} < {field.minimum}")
    if field.maximum is not None:
        conditions.append(f"{source} > {field.maximum}")
    if field.choices:
        values = "".join(f"{v}, " for _, v in field.choices)
        conditions.append(f"{source} not in ({values.rstrip(', ')})")
    if field.scalar:
        conditions.append(f"isinstance({source}, list | dict | tuple | Encoded)")
    return [line for c in conditions for line in block(f"if {c}:", [otherwise])]


def dict_heads(fields: tuple[ir.Field, ...], spec: ir.Spec, owner: str = "") -> tuple[str, bytes]:
    """The head of the dict of `fields`: an expression, and its bytes if they are always the same.

    Without value, an optional field does not stand in the dict; none has been read for one that
    was not there.
    """
    optional = [f for f in fields if may_be_absent(f)]
    sure = len(fields) - len(optional)
    if not optional:
        head = dict_head(sure, spec)
        return repr(head), head
    heads = tuple(dict_head(sure + n, spec) for n in range(len(optional) + 1))
    present = " + ".join(
        f"({is_present(f, owner + f.name) if owner else f'{f.name} is not None'})" for f in optional
    )
    return f"{heads!r}[{present}]", b""


def is_present(field: ir.Field, source: str) -> str:
    """Whether an optional field of this value is written."""
    return f"{source} is not None" if field.default is None else f"{source} != {field.default!r}"
