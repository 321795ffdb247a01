"""The forms of the rows in the generated tables.

Rules: annotations are evaluated here. NamedTuple compiles those that are text, one by one, which
took longer than all else that this file does when it is imported.
"""

from struct import Struct
from typing import Any, NamedTuple


class ValueType(NamedTuple):
    """A TLV type. `kind` is fixed, mapped, empty, blob, text, list or dict; sizes in bytes."""

    name: str
    code: int
    kind: str
    python: type
    size: int
    packer: Struct | None
    minimum: int | None
    maximum: int | None
    choices: dict[int, Any] | None
    error: str
    limit: int
    smallest_element_bytes: int


class FieldRule(NamedTuple):
    """A field of a payload; `types` is empty for any value."""

    name: str
    types: tuple[type, ...]
    required: bool
    default: Any
    default_written: bool
    minimum: int | None
    maximum: int | None
    finite: bool
    choices: frozenset[int] | None
    scalar: bool
    fields: "tuple[FieldRule, ...]"


class MessageRule(NamedTuple):
    """A message type; `fields` is None for a message without payload."""

    name: str
    code: int
    fields: tuple[FieldRule, ...] | None
    extension: str


class HeaderField(NamedTuple):
    """A field of the header; offset and size in bytes."""

    name: str
    offset: int
    size: int
    meaning: str


class ErrorType(NamedTuple):
    """A name that an ERROR may carry, the name it specialises, and its details' keys."""

    name: str
    parent: str
    details: tuple[str, ...]


class Transition(NamedTuple):
    """What a message does: the next state, and deliver, discard or a portable code and scope."""

    next: str
    outcome: str
    scope: str


class Role(NamedTuple):
    """One end of a connection; `opens` are message codes, `max_open` is 0 for any number."""

    name: str
    side: str
    peer: str
    opens: frozenset[int]
    max_open: int
