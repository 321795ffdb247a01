"""The classes of the messages."""

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
    out = [HEAD, f'_SIZE = Struct(">{letter(text_type(spec)[1])}").unpack_from', ""]
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


def _message_class(message: ir.Message, spec: ir.Spec) -> Lines:
    by_name = {f.name: f for f in leaves(message.fields or ())}
    ordered = [by_name[name] for name in message.arguments]
    return [
        "@dataclass(slots=True)",
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
        *(write_method(message.fields, spec) if message.fields is not None else []),
        *(order_method(message, ordered, spec) if message.fields is not None else []),
        *read_method(message, ordered),
    ]
