"""What the compiler knows of the wire format: plain data, free of construct and of any language.

Backends print from this alone. A number is ``unsigned``, ``signed`` (two's complement) or ``float``
(IEEE 754), of so many bytes in the order `BYTE_ORDER`. A value is of a kind: none, bool, integer,
float, bytes, string, list or dict; of each kind there is one type, but of integers there may be
several, each with a range of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

BYTE_ORDER: Final = "big"
UNSIGNED, SIGNED, FLOAT, RAW = "unsigned", "signed", "float", "raw"
KINDS = ("none", "bool", "integer", "float", "bytes", "string", "list", "dict")


@dataclass(frozen=True)
class Fixed:
    """A body of fixed size: one number.

    Attributes:
        number: unsigned, signed or float.
        size: in bytes, as everywhere.
    """

    number: str
    size: int


@dataclass(frozen=True)
class Mapped:
    """A body of fixed size whose few values each stand for one value.

    Attributes:
        choices: (wire value, value) pairs.
    """

    number: str
    size: int
    choices: tuple[tuple[int, Any], ...]
    error: str


@dataclass(frozen=True)
class Empty:
    """No body."""


@dataclass(frozen=True)
class SizeField:
    """A size and its bound."""

    number: str
    size: int
    limit: Limit


@dataclass(frozen=True)
class Blob:
    """A size, then as many bytes; `text` when they are UTF-8."""

    length: SizeField
    text: bool


@dataclass(frozen=True)
class Container:
    """A count, then as many values, or pairs of key and value.

    Attributes:
        key_error: portable code of a key that is not text; empty for a list.
        smallest_element_bytes: what an element needs at least.
    """

    count: SizeField
    depth: Limit
    smallest_element_bytes: int
    key_error: str = ""


Body = Fixed | Mapped | Empty | Blob | Container


@dataclass(frozen=True)
class Limit:
    """A largest permitted value and the portable code beyond it."""

    name: str
    value: int
    error: str
    meaning: str


@dataclass(frozen=True)
class ValueType:
    """One TLV type.

    Attributes:
        kind: of the values it carries.
        minimum, maximum: the integers it carries; None for other types.
    """

    name: str
    code: int
    kind: str
    minimum: int | None
    maximum: int | None
    body: Body
    meaning: str


@dataclass(frozen=True)
class HeaderField:
    """One field of the header.

    Attributes:
        number: unsigned, or raw for bytes that are no number.
        constant: the one permitted value, or None.
        limit: its bound, or None.
        error: portable code of a value that is not permitted; empty when all are.
    """

    name: str
    offset: int
    size: int
    number: str
    constant: bytes | int | None
    limit: Limit | None
    error: str
    meaning: str


@dataclass(frozen=True)
class Field:
    """One field of a payload, as declared (see spec.forms.Field).

    Attributes:
        types: kinds of permitted values; empty for any value.
    """

    name: str
    types: tuple[str, ...]
    meaning: str
    required: bool
    default: Any
    default_written: bool
    minimum: int | None
    maximum: int | None
    finite: bool
    choices: tuple[tuple[str, int], ...]
    scalar: bool
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Message:
    """One message type; `fields` is None for a message without payload.

    Attributes:
        arguments: field names in the order of the programs' constructors, fields of nested
            dicts in their parent's place.
    """

    name: str
    code: int
    fields: tuple[Field, ...] | None
    arguments: tuple[str, ...]
    extension: str
    meaning: str


@dataclass(frozen=True)
class ErrorCode:
    """A portable code; `scopes` are (phase, scope) pairs: where it is found, what dies of it."""

    name: str
    scopes: tuple[tuple[str, str], ...]
    meaning: str


@dataclass(frozen=True)
class Check:
    """One thing that is judged (see spec.judging.Check)."""

    code: str
    fault: str
    offset: str
    path: str


@dataclass(frozen=True)
class Stage:
    """Checks that are made at one moment; `scope` is empty where the transitions have it."""

    name: str
    phase: str
    scope: str
    meaning: str
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class Paths:
    """How a place in a payload is written (see spec.paths)."""

    max_path_chars: int
    max_key_chars: int
    ellipsis: str
    identifier: str
    escapes: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ErrorType:
    name: str
    parent: str
    details: tuple[str, ...]
    meaning: str


@dataclass(frozen=True)
class Transition:
    """What a message does (see spec.exchanges.Transition); no message stands for any."""

    state: str
    sender: str
    message: str
    next: str
    outcome: str
    scope: str


@dataclass(frozen=True)
class AfterFault:
    """What a payload at fault does to its exchange (see spec.exchanges.AfterFault)."""

    sender: str
    ends: bool
    next: str


@dataclass(frozen=True)
class Role:
    """One end of a connection; `max_open` is None for any number, `more_by` what permits more."""

    name: str
    side: str
    peer: str
    opens: tuple[str, ...]
    max_open: int | None
    meaning: str
    more_by: str = ""


@dataclass(frozen=True)
class Type:
    """What a value of an answer is (see spec.answers.Type); `form` is the name of a Form."""

    kind: str
    of: Type | None
    form: str


@dataclass(frozen=True)
class FormField:
    """One field of a form, as declared (see spec.answers.FormField)."""

    name: str
    type: Type
    core: bool
    nullable: bool
    unit: str
    meaning: str


# The form that says of what type each detail of an ERROR is.
ERROR_DETAILS: Final = "ErrorDetails"


@dataclass(frozen=True)
class Form:
    name: str
    fields: tuple[FormField, ...]
    meaning: str


@dataclass(frozen=True)
class Parameter:
    """What an operation takes: a field of its message, of this kind (see Type)."""

    name: str
    kind: str
    required: bool
    max_bytes: int


@dataclass(frozen=True)
class Operation:
    """One thing that can be asked (see spec.answers.Operation)."""

    name: str
    code: int
    parameters: tuple[Parameter, ...]
    result: Type
    errors: tuple[tuple[str, str], ...]
    or_default: bool
    meaning: str


@dataclass(frozen=True)
class Question:
    """A message that is answered without an app; `enumeration` names its operations' codes."""

    message: str
    answerer: str
    enumeration: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True)
class Spec:
    """All of GD/1."""

    limits: tuple[Limit, ...]
    header: tuple[HeaderField, ...]
    value_error: str
    values: tuple[ValueType, ...]
    messages: tuple[Message, ...]
    enumerations: tuple[tuple[str, tuple[tuple[str, int], ...]], ...]
    extension_codes: tuple[int, int]
    error_codes: tuple[ErrorCode, ...]
    error_types: tuple[ErrorType, ...]
    states: tuple[tuple[str, str], ...]
    transitions: tuple[Transition, ...]
    roles: tuple[Role, ...]
    connection_request_id: int
    forms: tuple[Form, ...]
    questions: tuple[Question, ...]
    notice: Transition
    not_opened: Transition
    after_fault: tuple[AfterFault, ...]
    stages: tuple[Stage, ...]
    offsets: tuple[tuple[str, str], ...]
    places: tuple[tuple[str, str], ...]
    paths: Paths
    fitting: str
    text: tuple[tuple[str, str], ...]
    raw_data_bytes: int
    error_text_bytes: int

    @property
    def version(self) -> int:
        """That of the protocol, which each header carries."""
        version = self.header_field("version").constant
        assert isinstance(version, int)
        return version

    @property
    def header_bytes(self) -> int:
        """Size of the header in bytes."""
        return sum(field.size for field in self.header)

    def header_field(self, name: str) -> HeaderField:
        return next(field for field in self.header if field.name == name)
