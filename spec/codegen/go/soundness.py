"""What Go cannot carry, by the declaration's name."""

from __future__ import annotations

from collections import Counter

from .. import ir
from ..errors import CompileError
from ..layout import leaves
from .printing import WORDS, exported

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
IDENTIFIER = "[A-Za-z_][A-Za-z0-9_]*"
# Names of the package that no message can have, and those that no field can: methods.
OWN_NAMES = frozenset([
    "Append", "Closed", "Code", "Connection", "Decode", "Dict", "Encode", "ErrorType", "Event",
    "ExchangeEnded", "Header", "Message", "MessageType", "Pair", "Parse", "ProtocolError",
    "Received", "Role", "Scope", "Serialize",
])  # fmt: skip
OWN_FIELDS = frozenset(["RequestID", "MessageType", "ExchangeID"])


def check(spec: ir.Spec) -> None:
    """Raise CompileError for the first thing that Go cannot carry."""
    if spec.paths.identifier != IDENTIFIER:
        raise CompileError(f"spec.paths: Go's backend knows no identifier but {IDENTIFIER}")
    for value in spec.values:
        _value(value)
    for message in spec.messages:
        _message(message)


def _value(value: ir.ValueType) -> None:
    where = f"spec.tlv: value type '{value.name}'"
    match value.body:
        case ir.Fixed(size=size) | ir.Mapped(size=size):
            pass
        case ir.Blob(length=field) | ir.Container(count=field):
            size = field.size
        case _:
            return
    if size not in WORDS:
        raise CompileError(f"{where}: Go has no number of {size} bytes")


def _message(message: ir.Message) -> None:
    where = f"spec.messages: {message.name}"
    if exported(message.name) in OWN_NAMES:
        raise CompileError(f"{where}: Go's package needs this name for something else")
    names = Counter(exported(field.name) for field in leaves(message.fields or ()))
    for name, times in names.items():
        if times > 1 or name in OWN_FIELDS:
            raise CompileError(f"{where}: two fields would be called {name} in Go")
