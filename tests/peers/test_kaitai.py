"""The Kaitai description, compiled, reads every valid vector as what it is."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from kaitaistruct import KaitaiStructError

import gdproto
from gdproto.conformance.cases import Case, made, size
from tests.vectors import CASES

from .toolchains import built_peer

# The compiled parser calls itself a few times for each level of a value.
LEVELS = 20_000
MOST_BYTES = 200_000


@pytest.fixture(scope="module")
def gd() -> Iterator[ModuleType]:
    """The compiled description."""
    place = built_peer("kaitai").built / "gd.py"
    spec = importlib.util.spec_from_file_location("gd_by_kaitai", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    levels = sys.getrecursionlimit()
    sys.setrecursionlimit(LEVELS)
    yield module
    sys.setrecursionlimit(levels)


def cases(result: str, *kinds: str) -> list[Case]:
    return [
        case
        for case in CASES.values()
        if case.kind in kinds
        and case.result == result
        and case.bytes is not None
        and size(case.bytes) <= MOST_BYTES
    ]


def plain(value: Any) -> Any:
    """A value as Python has it."""
    body = value.body
    match value.code.name:
        case "none":
            return None
        case "bool":
            return body.number == 1
        case "bytes" | "string":
            return body.content
        case "list":
            return [plain(item) for item in body.items]
        case "dict":
            return {pair.key.text.content: plain(pair.value) for pair in body.pairs}
    return body


def test_every_valid_value(gd: ModuleType) -> None:
    asked = cases("valid", "value")
    assert len(asked) > 100
    for case in asked:
        data = made(case.bytes or "")
        value = gd.Gd.Value.from_bytes(data)
        assert value._io.is_eof(), case.id
        # What was read is what it is, as only that has these bytes.
        assert gdproto.encode(plain(value)) == made(case.canonical or case.bytes or ""), case.id


def test_every_valid_frame(gd: ModuleType) -> None:
    asked = cases("valid", "frame", "message")
    assert len(asked) > 100
    for case in asked:
        assert case.message is not None
        data = made(case.bytes or "")
        (frame,) = gd.Gd.from_bytes(data).frames
        assert frame.header.type.name.upper() == case.message["type"], case.id
        assert str(frame.header.request_id) == case.message["request_id"], case.id
        payload = gdproto.encode(plain(frame.payload.value)) if frame.header.length else b""
        assert payload == data[gdproto.HEADER_BYTES :], case.id


@pytest.mark.parametrize(
    "code", ["bad_magic", "unsupported_version", "unknown_message_type", "payload_too_large",
             "unknown_tlv_type", "invalid_bool", "invalid_utf8", "key_not_string"]
)  # fmt: skip
def test_it_refuses_what_one_number_tells(code: str, gd: ModuleType) -> None:
    asked = cases("invalid", "frame", "value")
    refused = [case for case in asked if case.error and case.error["code"] == code]
    assert refused
    for case in refused:
        form = gd.Gd if case.kind == "frame" else gd.Gd.Value
        with pytest.raises((KaitaiStructError, EOFError, UnicodeDecodeError)):
            form.from_bytes(made(case.bytes or ""))
