"""The compiler: generated files are guarded, and a change of the declaration is the only edit."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiling import CAN_COMPILE, compile_codec

from .changes import codegen, copied, edit, run


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the spec and of the codec, to be changed at will."""
    return copied(tmp_path)


def test_the_tree_is_up_to_date(copy: Path) -> None:
    result = codegen(copy, "--check")
    assert result.returncode == 0, result.stdout


def test_check_sees_an_edited_file(copy: Path) -> None:
    edit(copy / "docs/generated/limits.md", "512", "513")
    result = codegen(copy, "--check")
    assert result.returncode == 1
    assert "-| `max_depth` | 513" in result.stdout
    assert "python -m spec.codegen --write" in result.stderr


def test_check_sees_an_appended_line(copy: Path) -> None:
    path = copy / "gdproto/_generated/tables.py"
    path.write_text(path.read_text() + "\n")
    assert codegen(copy, "--check").returncode == 1


def test_check_sees_a_missing_and_an_extra_file(copy: Path) -> None:
    (copy / "docs/generated/errors.md").unlink()
    (copy / "gdproto/_generated/stray.py").write_text("")
    result = codegen(copy, "--check")
    assert result.returncode == 1
    assert "docs/generated/errors.md: missing" in result.stdout
    assert "gdproto/_generated/stray.py: the compiler does not write this" in result.stdout
    assert codegen(copy, "--write").returncode == 0
    assert codegen(copy, "--check").returncode == 0


def test_check_sees_a_changed_source(copy: Path) -> None:
    edit(copy / "spec/limits.py", "512", "511")
    assert codegen(copy, "--check").returncode == 1


CHANGED = """
import sys

import gdproto

assert gdproto.IMPLEMENTATION == sys.argv[1], gdproto.IMPLEMENTATION
big = 2**64 - 1
encoded = gdproto.encode([big, 5])
assert encoded[5:14] == bytes([0x07]) + b"\\xff" * 8, encoded
assert gdproto.decode(encoded) == [big, 5]
assert gdproto.decode(encoded, zero_copy=True) == [big, 5]
assert gdproto.decode(gdproto.encode([big] * 200)) == [big] * 200

ping = gdproto.Ping(3, "hello")
assert ping.to_bytes()[3] == 0x13
assert gdproto.parse(ping.to_bytes()) == ping
client, arbiter = gdproto.Connection("client"), gdproto.Connection("arbiter")
arbiter.receive_data(client.send(ping))
assert arbiter.next_event().message == ping

def code(function, *args):
    try:
        function(*args)
    except gdproto.ProtocolError as error:
        return error.code

assert code(gdproto.encode, 2**64) == "int_out_of_range"
assert code(gdproto.Ping(1, "x" * 3, 300).to_bytes) == "invalid_field_value"
assert code(gdproto.encode, [0] * 1001) == "too_many_items"
assert code(gdproto.decode, b"\\x20\\x00\\x00\\x03\\xe9" + bytes(1001)) == "too_many_items"
assert gdproto.decode(gdproto.encode([0] * 1000)) == [0] * 1000
print("as declared")
"""


def test_a_change_of_the_declaration_is_the_only_edit(copy: Path) -> None:
    """A new scalar type, a new message and a lower limit reach every generated thing."""
    tlv, messages = copy / "spec/tlv.py", copy / "spec/messages.py"
    edit(tlv, "Int64sb, LazyBound", "Int64sb, Int64ub, LazyBound")
    edit(
        tlv,
        "        0x10:",
        '        0x07: "uint64" / Holds(Int64ub, int, 2**63, 2**64 - 1) * "8 bytes, unsigned",\n'
        "        0x10:",
    )
    edit(
        messages,
        '    Message("CANCEL"',
        '    Message("PING", 0x13, Fields(Value, Field("note", (str,), "any text"),\n'
        '        Field("level", (int,), "how loud", required=False, default=1,'
        ' choices={"low": 1, "high": 2})), "Are you there?"),\n'
        '    Message("CANCEL"',
    )
    edit(
        copy / "spec/exchanges.py",
        '"STASH STATUS MANAGE", ASKING',
        '"STASH STATUS MANAGE PING", ASKING',
    )
    edit(
        copy / "spec/exchanges.py",
        'CLIENT_OPENS = ("REQUEST", "STASH", "STATUS", "MANAGE")',
        'CLIENT_OPENS = ("REQUEST", "STASH", "STATUS", "MANAGE", "PING")',
    )
    edit(copy / "spec/limits.py", '"max_items", 1024 * 1024', '"max_items", 1000')
    written = codegen(copy, "--write")
    assert written.returncode == 0, written.stderr
    implementations = ["python"]
    if CAN_COMPILE:
        implementations.append("c")
    for implementation in implementations:
        if implementation == "c":
            compile_codec(copy, "-O0")
        result = run(copy, "-c", CHANGED, implementation)
        assert result.stdout == "as declared\n", result.stderr
    assert "uint64" in (copy / "docs/generated/values.md").read_text()
    assert "`level`" in (copy / "docs/generated/messages.md").read_text()
    assert (copy / "docs/generated/value-uint64.svg").exists()
    assert '"PING"' in (copy / "gdproto/_generated/spec.json").read_text()


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('"float64" / Holds(Float64b', '"float64" / Holds(GreedyBytes', "'float64'"),
        ("Sized(BlobLength), bytes", "Sized(Int32ub), bytes", "'bytes'"),
        ("Int64sb, int", "Int64sl, int", "'int64'"),
    ],
)
def test_an_unsupported_form_is_named(copy: Path, old: str, new: str, complaint: str) -> None:
    tlv = copy / "spec/tlv.py"
    edit(tlv, "from construct import ", "from construct import GreedyBytes, Int64sl, ")
    edit(tlv, old, new)
    result = codegen(copy, "--write")
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert complaint in result.stderr
    assert "does not support" in result.stderr
