"""The `gdproto` command and `explain`, as a user runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gdproto
from gdproto.explain import explain
from gdproto.printing import Printing

from .cases import BAD, GOOD, Bad, Good


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gdproto", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_explain_a_frame() -> None:
    result = run("explain", gdproto.Response(7, [True]).to_bytes().hex(" "))
    assert result.returncode == 0
    rows = [line.split(maxsplit=1) for line in result.stdout.splitlines()]
    assert [int(row[0]) for row in rows] == [0, 2, 3, 4, 8, 16, 21, 32, 37]
    assert "RESPONSE" in rows[2][1]
    assert rows[-1][1].split() == ["01", "01", "bool", "True"]


def test_one_is_told_as_one_and_none_as_none() -> None:
    parts = explain(gdproto.encode({"a": [None], "b": [1, 2]}))
    told = [part.text for part in parts]
    assert told[:4] == ["dict of 2 pairs", "key 'a'", "list of 1 item", "none"]
    assert told[5] == "list of 2 items"


def test_explain_names_the_fault() -> None:
    result = run("explain", "2100000001 1100000001 61 0102")
    assert result.returncode == 1
    assert result.stdout.splitlines()[-1].split()[:4] == ["12", "02", "!!", "invalid_bool"]


@pytest.mark.parametrize("case", GOOD, ids=lambda case: str(case.name))
def test_explanations_cover_every_byte(case: Good) -> None:
    parts = explain(case.encoded)
    assert b"".join(part.data for part in parts) == case.encoded
    assert not any(part.fault for part in parts)


@pytest.mark.parametrize("case", BAD, ids=lambda case: str(case.name))
def test_explanations_end_at_the_fault(case: Bad) -> None:
    last = explain(case.encoded)[-1]
    assert last.fault
    assert last.offset == case.offset


@given(st.binary(max_size=60))
def test_explain_never_fails(data: bytes) -> None:
    for one in (data, b"GD\x01\x02" + data):
        parts = explain(one)
        assert parts[-1].fault or b"".join(part.data for part in parts) == one


def test_encode_and_decode() -> None:
    encoded = run("encode", '{"a": [1, null]}').stdout.strip()
    assert gdproto.decode(bytes.fromhex(encoded)) == {"a": [1, None]}
    assert json.loads(run("decode", encoded).stdout) == {"a": [1, None]}


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["explain", "zz"], "neither a file nor hex"),
        (["decode", "02"], "unknown_tlv_type at byte 0"),
        (["encode", "{"], "Expecting property name"),
        (["encode", "99999999999999999999"], "int_out_of_range"),
    ],
)
def test_bad_input_is_one_clear_line(arguments: list[str], complaint: str) -> None:
    result = run(*arguments)
    assert result.returncode == 1
    assert complaint in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "words", [("decode", "00"), ("explain", "00"), ("spec", "--json")], ids=" ".join
)
def test_a_full_disk_is_told_in_one_line(words: tuple[str, ...], unbuffered: str) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "gdproto", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )
    assert done.returncode == 1
    assert done.stderr == "Error: standard output: No space left on device\n"


def test_the_spec_as_json() -> None:
    spec = json.loads(run("spec", "--json").stdout)
    assert {m["name"] for m in spec["messages"]} == {code.name for code in gdproto.MessageCode}
    assert {"name": "max_depth", "value": 512}.items() <= spec["limits"][3].items()


def test_the_messages_as_json_schema() -> None:
    schema = json.loads(run("spec", "--schema").stdout)
    assert set(schema["$defs"]) == {code.name for code in gdproto.MessageCode}
    assert "say --json or --schema" in run("spec").stderr


def test_the_version() -> None:
    result = run("--version")
    assert result.returncode == 0
    assert version("gdproto") in result.stdout


def test_a_full_disk_that_is_not_the_outputs_is_told_as_what_it_is() -> None:
    @click.group(cls=Printing)
    def group() -> None: ...

    @group.command()
    def work() -> None:
        click.echo("all is well")
        with open("/dev/full", "wb", buffering=0) as full:
            full.write(b"a log")

    with pytest.raises(OSError, match="No space left on device"):
        group(["work"], standalone_mode=False)
