"""The gunicorn that is installed agrees with the vectors, but where the specification differs.

The differences stand here once, by requirement; one that gunicorn does not show any more fails.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from gunicorn.dirty import errors
from gunicorn.dirty.protocol import BinaryProtocol as Protocol
from gunicorn.dirty.tlv import TLVEncoder

from gdproto.conformance.cases import Case, from_typed, made
from tests.vectors import CASES
from workshop.making.gunicorn import HASH

WRITTEN = {name: case for name, case in CASES.items() if case.area == "gunicorn"}
# What it would recurse in too deep, or copy what is left of for every item.
LARGE = ("limit", "depth", "deep", "path-of")
READ = [
    case
    for case in CASES.values()
    if case.bytes is not None
    and case.result != "permitted"
    and not any(word in case.id for word in LARGE)
]
# What gunicorn accepts and GD/1 refuses: by requirement the code, and what gunicorn does.
LAXER = {
    "GD-TLV-002": ("invalid_bool", "any byte but 00 is true"),
    "GD-TLV-012": ("duplicate_key", "the last of two equal keys wins"),
    "GD-FRAME-008": ("unexpected_payload", "a payload is read whether it is to be there or not"),
    "GD-FRAME-020": ("trailing_data", "what follows a frame is left for the next one"),
    "GD-MSG-004": ("payload_not_dict", "the codec hands on what it has decoded"),
    "GD-MSG-005": ("missing_field", "who reads a message judges its fields"),
    "GD-MSG-008": ("wrong_field_type", "who reads a message judges its fields"),
    "GD-MSG-009": ("invalid_field_value", "who reads a message judges its fields"),
    "GD-MSG-011": ("truncated", "a payload of length 0 is a dict without keys"),
}
WRITERS: dict[str, Callable[[], bytes]] = {
    "request": lambda: Protocol.encode_request(7, "m:A", "go", (1, "a"), {"k": None}),
    "request-without-arguments": lambda: Protocol.encode_request(7, "m:A", "go"),
    "response": lambda: Protocol.encode_response(7, {"answer": 42, "raw": b"\x00", "ratio": 0.5}),
    "response-none": lambda: Protocol.encode_response(7, None),
    "chunk": lambda: Protocol.encode_chunk(7, "piece"),
    "error-of-an-exception": lambda: Protocol.encode_error(7, ValueError("no")),
    "error-timeout": lambda: Protocol.encode_error(7, errors.DirtyTimeoutError("late", timeout=3)),
    "error-app": lambda: Protocol.encode_error(
        7, errors.DirtyAppError("no", app_path="m:A", action="go", traceback="tb")
    ),
    "error-no-workers": lambda: Protocol.encode_error(
        7, errors.DirtyNoWorkersAvailableError("m:A")
    ),
    "error-not-found": lambda: Protocol.encode_error(7, errors.DirtyError("Key not found: k")),
    "stash-put": lambda: Protocol.encode_stash(7, 1, "t", "k", [1]),
    "stash-get": lambda: Protocol.encode_stash(7, 2, "t", 3),
    "stash-keys": lambda: Protocol.encode_stash(7, 4, "t", pattern="a*"),
    "stash-tables": lambda: Protocol.encode_stash(7, 9, ""),
    "manage-add": lambda: Protocol.encode_manage(7, 1),
    "manage-remove": lambda: Protocol.encode_manage(7, 2, 3),
    "end": lambda: Protocol.encode_end(HASH),
    "status": lambda: Protocol.encode_status(HASH),
}


def test_every_case_is_written() -> None:
    assert {f"gunicorn-{name}" for name in WRITERS} == WRITTEN.keys()


@pytest.mark.parametrize("name", WRITERS)
def test_gunicorn_writes_these_bytes(name: str) -> None:
    case = WRITTEN[f"gunicorn-{name}"]
    assert WRITERS[name]() == made(case.bytes or "")
    assert case.canonical is None


def read(case: Case) -> Any:
    """What gunicorn reads: a value, or type, id and payload. Raises DirtyProtocolError."""
    data = made(case.bytes or "")
    return TLVEncoder.decode_full(data) if case.kind == "value" else Protocol.decode_message(data)


def is_laxer(case: Case) -> bool:
    """Whether gunicorn may accept what the case refuses."""
    code = (case.error or {})["code"]
    broad = {code for code, _ in LAXER.values()} - {"truncated"}
    return code in broad or any(name in LAXER for name in case.requires)


def test_gunicorn_refuses_what_is_refused() -> None:
    accepted = []
    for case in READ:
        if case.result == "invalid":
            try:
                read(case)
            except errors.DirtyProtocolError:
                continue
            accepted.append(case)
    assert [case.id for case in accepted if not is_laxer(case)] == []
    shown = {name for case in accepted for name in case.requires}
    assert LAXER.keys() <= shown


def test_gunicorn_reads_what_is_valid() -> None:
    """Values are the same; of a message, so is each field that it has."""
    refused = []
    for case in READ:
        if case.result != "valid":
            continue
        try:
            found = read(case)
        except errors.DirtyProtocolError:
            refused.append(case)
            continue
        if case.kind == "value":
            assert alike(found, from_typed(case.value or {})), case.id
        else:
            reads_the_same(found, case)
    # It knows no extension.
    assert {(case.message or {})["type"] for case in refused} == {"CANCEL", "PAUSE", "RESUME"}


def reads_the_same(found: Any, case: Case) -> None:
    kind, request_id, payload = found
    message = case.message or {}
    assert (kind, str(request_id)) == (message["type"].lower(), message["request_id"]), case.id
    payload = (payload or {}).get("error", payload or {})
    for name, typed in message["fields"].items():
        if payload.get(name) is not None:
            assert alike(payload[name], from_typed(typed)), (case.id, name)


def alike(one: Any, other: Any) -> bool:
    """Equal, and of one type; a NaN is like any other."""
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    return type(one) is type(other) and bool(one == other)


def test_gunicorn_writes_what_is_valid() -> None:
    for case in READ:
        if case.kind == "value" and case.result == "valid":
            written = TLVEncoder.encode(from_typed(case.value or {}))
            assert written == made(case.canonical or case.bytes or ""), case.id


# What gunicorn writes though it has no encoding: by requirement, and how.
WRITES = {
    "GD-TLV-031": "a key of any type is written as its str()",
    "GD-TLV-026": "nesting has no limit but the interpreter's",
}


def test_gunicorn_writes_nothing_else_that_has_no_encoding() -> None:
    """It refuses by exceptions of its own, and of Python."""
    written = []
    for case in CASES.values():
        if case.kind != "value" or case.result != "invalid" or case.bytes is not None:
            continue
        try:
            TLVEncoder.encode(from_typed(case.value or {}))
        except Exception:
            continue
        written.append(case)
    assert [case.id for case in written if not WRITES.keys() & set(case.requires)] == []
    assert WRITES.keys() <= {name for case in written for name in case.requires}
