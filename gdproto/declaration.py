"""What GD/1 declares, as typed data: for programs that judge peers, make them, or explain them.

    from gdproto import declaration
    declaration.ROLES["lane"].opens

Rules: this is the one public place to read the declaration from. Nothing is stated here: the tables
are what the compiler wrote, the requirements what the text says, and what follows from the tables
is worked out here, once. ``gdproto spec --json`` prints the same for other languages.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ._generated.tables import (
    CONNECTION_REQUEST_ID,
    ERROR_SCOPES,
    ERROR_TEXT_BYTES,
    ERROR_TYPES,
    EXTENSION_CODES,
    HEADER,
    HEADER_BYTES,
    HEADER_FIELDS,
    MAGIC,
    MAX_BLOB_BYTES,
    MAX_DEPTH,
    MAX_ITEMS,
    MAX_PAYLOAD_BYTES,
    MESSAGES,
    ROLES,
    STATES,
    TRANSITIONS,
    VALUE_TYPES,
    VERSION,
    ManageOp,
    MessageCode,
    StashOp,
)
from .rows import (
    ErrorType,
    FieldRule,
    HeaderField,
    MessageRule,
    Role,
    Transition,
    ValueType,
)
from .spec.requirements import Requirement, read, titles

__all__ = [
    "ANSWERING",
    "CONNECTION_REQUEST_ID",
    "ENDING",
    "ERROR_SCOPES",
    "ERROR_TEXT_BYTES",
    "ERROR_TYPES",
    "EXTENSION_CODES",
    "HEADER",
    "HEADER_BYTES",
    "HEADER_FIELDS",
    "IDLE",
    "MAGIC",
    "MAX_BLOB_BYTES",
    "MAX_DEPTH",
    "MAX_ITEMS",
    "MAX_PAYLOAD_BYTES",
    "MESSAGES",
    "OPENING",
    "ROLES",
    "STATES",
    "TRANSITIONS",
    "VALUE_TYPES",
    "VERSION",
    "ErrorType",
    "FieldRule",
    "HeaderField",
    "ManageOp",
    "MessageCode",
    "MessageRule",
    "Requirement",
    "Role",
    "StashOp",
    "Transition",
    "ValueType",
    "chapters",
    "requirements",
]


def _delivered(sender: str) -> Iterator[tuple[str, MessageCode, str]]:
    """State, message and next state of each move of the sender that is delivered."""
    for (state, who, code), move in TRANSITIONS.items():
        if who == sender and move.outcome == "deliver":
            yield state, MessageCode(code), move.next


# The state of an exchange that is not open: the first one declared.
IDLE: Final = next(iter(STATES))
# The messages that open an exchange, by code; a role opens those that it lists.
OPENING: Final[tuple[MessageCode, ...]] = tuple(
    sorted({code for state, code, after in _delivered("opener") if state == IDLE != after})
)
# The messages that answer, and those of them that end an exchange, by code.
ANSWERING: Final[tuple[MessageCode, ...]] = tuple(
    sorted({code for _, code, _ in _delivered("answerer")})
)
ENDING: Final[tuple[MessageCode, ...]] = tuple(
    sorted({code for _, code, after in _delivered("answerer") if after == IDLE})
)


def requirements() -> dict[str, Requirement]:
    """Every requirement of the text by its identifier, in the order of the text."""
    return read()


def chapters() -> dict[str, str]:
    """The titles of the text's chapters by their names, in their order."""
    return titles()
