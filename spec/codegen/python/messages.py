"""The classes of the messages.

Rules: they are dataclasses, but what `dataclass` would write and have compiled at every import is
written here: a program that only calls spends much of its start on it.
"""

from __future__ import annotations

from .. import ir
from ..layout import leaves, text_type
from .fields import annotation
from .from_bytes import order_method, read_method
from .printing import Lines, class_name, literal
from .routing import routing_reader
from .to_bytes import write_method
from .types import letter

HEAD = '''"""The messages of GD/1 as classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from struct import Struct
from typing import Any, ClassVar

from ..encoded import Encoded
from ..fast import Doubt, Write
from ..frames import Message
from .tables import MessageCode
from .values import (
    read_dict,
    read_list,
    read_value,
    write_dict,
    write_list,
    write_value,
)
'''


def messages(spec: ir.Spec) -> str:
    names = [class_name(m) for m in spec.messages]
    out = [
        HEAD,
        f'_SIZE = Struct(">{letter(text_type(spec)[1])}").unpack_from',
        "# Stands for a new dict.",
        "_NEW: dict[str, Any] = {}",
        "",
    ]
    for message in spec.messages:
        out += ["", *_message_class(message, spec), ""]
    out += [
        *routing_reader(spec),
        "",
        "MESSAGE_CLASSES: dict[int, type[Message]] = {",
        *(f"    {m.code:#04x}: {class_name(m)}," for m in spec.messages),
        "}",
        "",
        f"__all__ = {literal([*names, 'MESSAGE_CLASSES'])}",
    ]
    return "\n".join(out) + "\n"


def _default(field: ir.Field) -> str:
    if field.required:
        return ""
    if field.default == {}:
        return " = field(default_factory=dict)"
    return f" = {field.default!r}"


def _constructor(ordered: list[ir.Field]) -> Lines:
    # Python takes no argument that must be given behind one that need not.
    needed = max((n for n, f in enumerate(ordered) if f.required), default=-1)
    return [
        "",
        "    def __init__(",
        "        self,",
        "        request_id: int,",
        *(
            f"        {f.name}: {annotation(f)}{_if_not_given(f) if n > needed else ''},"
            for n, f in enumerate(ordered)
        ),
        "    ) -> None:",
        "        self.request_id = request_id",
        *(f"        self.{f.name} = {_taken(f)}" for f in ordered),
    ]


def _if_not_given(field: ir.Field) -> str:
    return " = _NEW" if field.default == {} else _default(field)


def _taken(field: ir.Field) -> str:
    return f"{{}} if {field.name} is _NEW else {field.name}" if field.default == {} else field.name


def _message_class(message: ir.Message, spec: ir.Spec) -> Lines:
    by_name = {f.name: f for f in leaves(message.fields or ())}
    ordered = [by_name[name] for name in message.arguments]
    return [
        "@dataclass(slots=True, init=False, repr=False, eq=False)",
        f"class {class_name(message)}(Message):",
        f'    """{message.meaning}',
        "",
        "    Attributes:",
        "        request_id: id of the exchange, an unsigned 64-bit integer.",
        *(f"        {f.name}: {f.meaning}." for f in ordered),
        '    """',
        "",
        f"    CODE: ClassVar[MessageCode] = MessageCode.{message.name}",
        "    request_id: int",
        *(f"    {f.name}: {annotation(f)}{_default(f)}" for f in ordered),
        *_constructor(ordered),
        *(write_method(message.fields, spec) if message.fields is not None else []),
        *(order_method(message, ordered, spec) if message.fields is not None else []),
        *read_method(message, ordered),
    ]
