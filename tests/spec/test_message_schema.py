"""The JSON Schema of the messages: every message of the vectors is told as the codec tells it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from functools import reduce
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

import gdproto
from gdproto.conformance.cases import Case, made
from gdproto.conformance.cases.case import largest_repeat
from gdproto.declaration import HEADER_BYTES, MESSAGES
from tests.vectors import CASES

SCHEMA: dict[str, Any] = json.loads(
    files("gdproto._generated").joinpath("messages.schema.json").read_text()
)
JUDGE = jsonschema.Draft202012Validator(SCHEMA)
# What is wrong with fields; all other codes are of bytes.
SEEN = ("missing_field", "wrong_field_type", "invalid_field_value", "payload_not_dict")
MANY = 480
NAMES = {rule.code: rule.name for rule in MESSAGES}


def shown(value: Any) -> Any:
    """A value as JSON."""
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, list):
        return [shown(item) for item in value]
    if isinstance(value, dict):
        return {key: shown(item) for key, item in value.items()}
    return value


def message(data: bytes) -> tuple[dict[str, Any], Any]:
    """A frame as the schema has it, and its payload as a value."""
    told: dict[str, Any] = {
        "type": NAMES[data[3]],
        "request_id": int.from_bytes(data[8:HEADER_BYTES], "big"),
    }
    payload = gdproto.decode(data[HEADER_BYTES:]) if len(data) > HEADER_BYTES else None
    return (told | {"payload": shown(payload)} if len(data) > HEADER_BYTES else told), payload


def frames(result: str) -> Iterator[tuple[Case, bytes]]:
    """The cases of messages with such a result that are read, each with its bytes."""
    for case in CASES.values():
        # The deepest and the largest say no more of fields.
        is_asked = case.kind == "message" and largest_repeat(vars(case)) < MANY
        if is_asked and case.result == result and case.bytes:
            yield case, made(case.bytes)


def blurred(payload: Any, path: str) -> bool:
    """Whether JSON shows what is at fault as something else: bytes, or a float that is whole."""
    try:
        found = reduce(lambda held, name: held[name], path.split("."), payload)
    except (KeyError, TypeError):
        return False
    is_whole = isinstance(found, float) and (not math.isfinite(found) or found.is_integer())
    return is_whole or isinstance(found, bytes)


def test_it_is_a_schema() -> None:
    JUDGE.check_schema(SCHEMA)


def test_what_is_valid_fits() -> None:
    cases = list(frames("valid"))
    assert len(cases) > 100
    for case, data in cases:
        told, _ = message(data)
        assert [error.message for error in JUDGE.iter_errors(told)] == [], case.id


def test_what_is_wrong_with_fields_is_refused() -> None:
    refused, blurs = [], []
    for case, data in frames("invalid"):
        if case.error is None or case.error["code"] not in SEEN:
            continue
        told, payload = message(data)
        if JUDGE.is_valid(told):
            assert blurred(payload, case.error.get("path") or ""), case.id
            blurs.append(case.id)
        else:
            refused.append(case.id)
    assert len(refused) > 150
    assert len(blurs) < len(refused) / 5


@pytest.mark.parametrize("one", [{}, {"type": "END"}, {"type": "PING", "request_id": 1}])
def test_what_is_no_message_is_refused(one: dict[str, Any]) -> None:
    assert not JUDGE.is_valid(one)
    assert JUDGE.is_valid({"type": "END", "request_id": 1})
    assert not JUDGE.is_valid({"type": "END", "request_id": 2**64})
    assert not JUDGE.is_valid({"type": "END", "request_id": 1, "payload": {}})
