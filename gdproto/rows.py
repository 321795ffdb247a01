"""The forms of the rows in the generated tables."""

from __future__ import annotations

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
    fields: tuple[FieldRule, ...]


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


class ResultType(NamedTuple):
    """What a value of an answer is.

    Attributes:
        kind: none, bool, integer, float, bytes, string, list or dict; or any, scalar, number or
            form.
        of: what a list, or a dict of any keys, holds.
        form: the form's name; empty for what is none.
    """

    kind: str
    of: ResultType | None
    form: str


class FormField(NamedTuple):
    """A field of a form; one that is not `core` may be missing, `unit` is empty for counts."""

    name: str
    type: ResultType
    core: bool
    nullable: bool
    unit: str
    meaning: str


class Form(NamedTuple):
    """A dict with fields."""

    name: str
    fields: tuple[FormField, ...]
    meaning: str


class Parameter(NamedTuple):
    """A field of a message that an operation takes; `kind` is string, integer, scalar or any."""

    name: str
    kind: str
    required: bool


class Operation(NamedTuple):
    """What can be asked.

    Attributes:
        name: lower case.
        code: the message's `op`.
        parameters: what it takes, optional ones last.
        result: what comes back.
        errors: error types that it may be answered with, and in which case.
        meaning: one sentence.
    """

    name: str
    code: int
    parameters: tuple[Parameter, ...]
    result: ResultType
    errors: dict[str, str]
    meaning: str
