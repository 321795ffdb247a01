"""The machine-readable spec: it has the form that its schema says, and holds together."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

import gdproto
from gdproto.errors import format_path
from gdproto.spec.codegen import machine

SPEC: dict[str, Any] = json.loads(files("gdproto._generated").joinpath("spec.json").read_text())
SCHEMA: dict[str, Any] = json.loads(machine.SCHEMA_PATH.read_text())


def names(key: str) -> set[str]:
    return {one["name"] for one in SPEC[key]}


def test_it_has_the_form_of_its_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(SCHEMA).validate(SPEC)
    assert SCHEMA["properties"]["schema"]["const"] == SPEC["schema"] == machine.SCHEMA


@pytest.mark.parametrize("key", sorted(SPEC))
def test_the_schema_knows_each_key_and_demands_it(key: str) -> None:
    lacking = {name: held for name, held in SPEC.items() if name != key}
    for document in (lacking, {**SPEC, f"{key}_too": 1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft202012Validator(SCHEMA).validate(document)


def described(schema: Any, path: str = "") -> list[str]:
    """Where the schema has a property without a description of its own."""
    lacking = []
    if isinstance(schema, dict):
        for name, one in schema.get("properties", {}).items():
            plain = {"description", "$ref"} & one.keys()
            lacking += [] if plain else [f"{path}.{name}"]
        for name, inner in schema.items():
            lacking += described(inner, f"{path}.{name}")
    if isinstance(schema, list):
        lacking = [one for inner in schema for one in described(inner, path)]
    return lacking


def test_the_schema_describes_each_key() -> None:
    assert described(SCHEMA) == []


def test_what_is_referred_to_is_there() -> None:
    stages = {stage["name"] for stage in SPEC["judging"]}
    codes, states, messages = names("error_codes"), names("states"), names("messages")
    for code in SPEC["error_codes"]:
        for found in code["found"]:
            assert found["stage"] in stages
            assert found["offset"] in SPEC["offsets"]
            assert found["path"] in SPEC["paths"]
    for check in (check for stage in SPEC["judging"] for check in stage["checks"]):
        assert check["code"] in codes
    for row in SPEC["transitions"]:
        assert row["message"] in messages
        assert {row["state"], row.get("next", row["state"])} <= states
    assert {one.get("error", "bad_magic") for one in (*SPEC["limits"], *SPEC["header"])} <= codes


def test_offsets_and_paths_are_all_in_use() -> None:
    found = [one for code in SPEC["error_codes"] for one in code["found"]]
    assert {one["offset"] for one in found} == set(SPEC["offsets"])
    assert {one["path"] for one in found} == set(SPEC["paths"])


def test_paths_are_written_as_it_says() -> None:
    path = SPEC["path"]
    for character, escape in path["escapes"].items():
        assert format_path([character]) == escape.join(path["quoted_key"])
    assert format_path(["\x0b", "\x7f"]) == '["\\u000b"]["\x7f"]'
    plain = "a" * path["max_key_characters"]
    assert format_path([plain, 3]) == f"{plain}[3]"
    assert format_path([plain + "b"]) == (plain + path["ellipsis"]).join(path["quoted_key"])
    long = format_path(["a"] * path["max_characters"])
    assert (len(long), long[-1]) == (path["max_characters"], path["ellipsis"])


def test_a_payload_at_fault_leaves_the_state_that_it_says() -> None:
    bad = gdproto.Response(1, 1).to_bytes()[:-1]
    for row in SPEC["after_fault"]:
        at_opener = row["sender"] == "answerer"
        judge = gdproto.Connection("client" if at_opener else "arbiter")
        if at_opener:
            judge.send(gdproto.Request(1, "a:B", "run"))
        if not at_opener and row["ends"]:
            # No frame of an opener ends its exchange.
            continue
        code = 2 if row["ends"] else 4 if at_opener else 1
        judge.receive_data(bad[:3] + bytes([code]) + bytes([0, 0, 0, 1]) + bad[8:16] + b"\xff")
        with pytest.raises(gdproto.ProtocolError, match="unknown_tlv_type"):
            judge.next_event()
        assert (1 in judge.open_exchanges) == (row["next"] != "idle")


def test_it_says_which_default_is_left_out() -> None:
    (request,) = (message for message in SPEC["messages"] if message["name"] == "REQUEST")
    absent = {field["name"]: field.get("absent") for field in request["fields"]}
    assert absent["priority"] == {"means": "default", "default": 0, "written": False}
    assert absent["args"] == {"means": "default", "default": [], "written": True}
    assert absent["timeout"] == {"means": "none", "written": False}
