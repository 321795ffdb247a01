"""Portable error codes, and the error types that travel inside ERROR.

A portable code names what is wrong with bytes or with a peer's state, in any language. How
much dies with it, its scope, depends on where it was found:

* ``connection``: the byte stream or the peer's state can no longer be trusted;
* ``exchange``: the frame was delimited, so only its exchange fails.
"""

from __future__ import annotations

from dataclasses import dataclass

CONNECTION = "connection"
EXCHANGE = "exchange"

# Where a fault is found -> what dies with it. A fault of state has its scope in the
# transition table (exchanges.py). GD-ERR-002 GD-ERR-003
SCOPE_OF_PHASE = {
    "header": CONNECTION,
    "stream": CONNECTION,
    "payload": EXCHANGE,
    "encode": EXCHANGE,
}


@dataclass(frozen=True)
class ErrorCode:
    """A portable error code.

    Attributes:
        name: the code as it travels in ``details.code``.
        meaning: one sentence. Where the code is found, judging.py and exchanges.py say.
    """

    name: str
    meaning: str


@dataclass(frozen=True)
class ErrorType:
    """A name that ``error.error_type`` may carry.

    Attributes:
        name: the name on the wire.
        parent: the error type it specialises; empty for the root.
        details: keys that ``error.details`` may carry: GD-ERR-017.
        meaning: one sentence.
    """

    name: str
    parent: str
    details: tuple[str, ...]
    meaning: str


# How much of what was at fault an error tells: ``details.raw_data`` is its first bytes, in hex.
RAW_DATA_BYTES = 100
# How long one text of an ERROR is at most, in UTF-8: the message, and each text among the details.
ERROR_TEXT_BYTES = 64 * 1024

# GD-ERR-001
ERROR_CODES = (
    ErrorCode("bad_magic", "The frame does not begin with the magic bytes."),
    ErrorCode("unsupported_version", "The version byte is not one we speak."),
    ErrorCode("unknown_message_type", "The type byte names no message."),
    ErrorCode("payload_too_large", "The payload exceeds its limit."),
    ErrorCode(
        "truncated",
        "All bytes were promised and some are missing, or a declared size cannot fit.",
    ),
    ErrorCode("trailing_data", "Bytes remain after the value or frame."),
    ErrorCode("unknown_tlv_type", "The type byte names no value type."),
    ErrorCode("invalid_bool", "A bool's byte is neither 00 nor 01."),
    ErrorCode("invalid_utf8", "A string's bytes are not valid UTF-8."),
    ErrorCode("length_too_large", "A bytes or string exceeds its limit."),
    ErrorCode("too_many_items", "A list or dict exceeds its limit."),
    ErrorCode("nesting_too_deep", "Too many containers are open at once."),
    ErrorCode("key_not_string", "A dict key is not a string."),
    ErrorCode("duplicate_key", "A dict holds the same key twice."),
    ErrorCode("unexpected_payload", "A message without payload carries one."),
    ErrorCode("payload_not_dict", "The payload's value is not a dict."),
    ErrorCode("missing_field", "A required field is absent."),
    ErrorCode("wrong_field_type", "A field's value has another type."),
    ErrorCode(
        "invalid_field_value",
        "A field has its type but an impossible value.",
    ),
    ErrorCode("int_out_of_range", "No integer type can hold the value."),
    ErrorCode("invalid_text", "A text has no UTF-8 form (a lone surrogate)."),
    ErrorCode("unsupported_type", "The value's type has no TLV form."),
    ErrorCode("unexpected_message", "The message is not legal in this state or role."),
    ErrorCode("duplicate_request_id", "An exchange with this id is still open."),
)

ERROR_TYPES = (
    ErrorType("DirtyError", "", (), "Any failure; unknown names are read as this one."),
    ErrorType(
        "DirtyTimeoutError",
        "DirtyError",
        ("timeout", "app_path", "action", "where", "waited"),
        "A deadline passed.",
    ),
    ErrorType(
        "DirtyConnectionError",
        "DirtyError",
        ("socket_path", "begun"),
        "The connection failed, was lost, or is let go of.",
    ),
    ErrorType(
        "DirtyWorkerError",
        "DirtyError",
        ("worker_id", "traceback"),
        "The worker died, was condemned or refused.",
    ),
    ErrorType(
        "DirtyAppError",
        "DirtyError",
        ("app_path", "action", "traceback", "exception_type", "exception_bases"),
        "The app raised, or its result cannot be encoded.",
    ),
    ErrorType(
        "DirtyAppNotFoundError",
        "DirtyAppError",
        ("app_path", "action", "traceback"),
        "The app cannot be found.",
    ),
    ErrorType(
        "DirtyNoWorkersAvailableError",
        "DirtyError",
        ("app_path", "reason", "begun"),
        "No worker serves the app, or ever will.",
    ),
    ErrorType(
        "DirtyProtocolError",
        "DirtyError",
        ("code", "offset", "path", "raw_data"),
        "Bytes or state were at fault.",
    ),
    ErrorType(
        "DirtyOverloadedError", "DirtyError", ("app_path", "retry_after"), "A queue is full."
    ),
    ErrorType("DirtyCancelledError", "DirtyError", (), "The exchange was cancelled."),
    ErrorType("DirtyPermissionError", "DirtyError", (), "The peer may not do this."),
    ErrorType("StashError", "DirtyError", (), "A stash operation failed."),
    ErrorType(
        "StashTableNotFoundError", "StashError", ("table_name",), "The stash table does not exist."
    ),
    ErrorType(
        "StashKeyNotFoundError",
        "StashError",
        ("table_name", "key"),
        "The stash table has no such key.",
    ),
)
