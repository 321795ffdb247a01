"""Changes of the declaration: each works in both codecs, or is refused by the name of what changed.

Rules: a change is made in a copy of spec/, and nowhere else.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.compiling import CAN_COMPILE, compile_codec

from .changes import ROOT, codegen, copied, edit, run


class Edit(NamedTuple):
    """One text of a file of spec/ for another."""

    file: str
    old: str
    new: str


class Refused(NamedTuple):
    """A change that the compiler refuses, and the beginning of what it says."""

    name: str
    told: str
    edits: tuple[Edit, ...]


class Working(NamedTuple):
    """A change that reaches the codecs, and a program that fails where it does not."""

    name: str
    program: str
    edits: tuple[Edit, ...]


def values(new: str, *imported: str) -> tuple[Edit, ...]:
    """A value type more."""
    names = ", ".join(imported)
    imports = [Edit("tlv.py", "from construct import ", f"from construct import {names}, ")]
    return (
        *(imports if names else []),
        Edit("tlv.py", "        0x10:", f"        {new},\n        0x10:"),
    )


def message(form: str) -> tuple[Edit, ...]:
    """A message more, which clients send and arbiters answer."""
    return (
        Edit("messages.py", '    Message("CANCEL"', f'    {form},\n    Message("CANCEL"'),
        Edit("exchanges.py", '"STASH STATUS MANAGE", ASKING', '"STASH STATUS MANAGE NOTE", ASKING'),
        Edit("exchanges.py", '"STATUS", "MANAGE")', '"STATUS", "MANAGE", "NOTE")'),
    )


def note(*fields: str) -> tuple[Edit, ...]:
    return message(f'Message("NOTE", 0x13, Fields(Value, {", ".join(fields)}), "A note.")')


def header(new: str) -> tuple[Edit, ...]:
    """A field of the header more, before the length."""
    return (Edit("header.py", '    "length"', f'    {new},\n    "length"'),)


CODE = Edit(
    "errors.py",
    "ERROR_CODES = (\n",
    'ERROR_CODES = (\n    ErrorCode("too_odd", "A number is odd."),\n',
)
LIMIT = Edit(
    "limits.py",
    "LIMITS = (",
    'MAX_ODD = Bound("max_odd", 9, "truncated", "nothing")\nLIMITS = (MAX_ODD, ',
)
BLOB = "Holds(Sized(BlobLength), bytes)"

REFUSED = (
    Refused(
        "a second type of texts",
        "spec.tlv: value type 'string': 'decimal' holds values of kind string already",
        values('0x12: "decimal" / Holds(Utf8(Sized(BlobLength)), str) * "digits"'),
    ),
    Refused(
        "keys that are integers",
        "spec.tlv: value type 'map' (keys are spec.tlv.Key): the compiler does not support",
        values(
            '0x22: "map" / Holds(Pairs(ItemCount, AnyValue, AnyValue, MAX_DEPTH), dict) * "map"'
        ),
    ),
    Refused(
        "integers that another type holds",
        "spec.tlv: value type 'int32': 'int64' holds the same integers already",
        values('0x04: "int32" / Holds(Int32sb, int, -(2**31), 2**31 - 1) * "4 bytes"', "Int32sb"),
    ),
    Refused(
        "integers that do not fit",
        "spec.tlv: value type 'int64': its 8 bytes do not hold",
        (Edit("tlv.py", "2**63 - 1", "2**63"),),
    ),
    Refused(
        "a type of a fixed size",
        "spec.tlv: value type 'uuid' (a body is Pass, a number",
        values('0x12: "uuid" / Holds(Bytes(16), bytes) * "16 bytes"', "Bytes"),
    ),
    Refused(
        "an array of a fixed size",
        "spec.tlv: value type 'vector' (a body is Pass, a number",
        values('0x12: "vector" / Holds(Float64b[3], list) * "3 floats"'),
    ),
    Refused(
        "a Python type that no codec has",
        "spec.tlv: value type 'number': the compiler does not support values of complex",
        values('0x12: "number" / Holds(Float64b, complex) * "a number"'),
    ),
    Refused(
        "bytes that a text would take",
        "spec.tlv: value type 'bytes': the body of a bytes must be Sized",
        (Edit("tlv.py", BLOB, "Holds(Utf8(Sized(BlobLength)), bytes)"),),
    ),
    Refused(
        "no type for floats",
        "spec.tlv: no value type holds floats",
        (
            Edit(
                "tlv.py",
                '        0x06: "float64" / Holds(Float64b, float)'
                ' * "8 bytes, IEEE 754, any bit pattern",\n',
                "",
            ),
        ),
    ),
    Refused(
        "a limit that its size field cannot hold",
        "spec.tlv: value type 'bytes': 4 bytes cannot hold a size of max_blob_bytes",
        (Edit("limits.py", '"max_blob_bytes", 64 * MIB', '"max_blob_bytes", 4096 * MIB'),),
    ),
    Refused("a limit of nothing", "spec.limits: max_odd bounds nothing", (LIMIT,)),
    Refused(
        "a limit by another name",
        "spec.limits: the codecs need max_items",
        (Edit("limits.py", '"max_items"', '"most_items"'),),
    ),
    Refused(
        "a free field of the header",
        "spec.header: field 'flags': the codecs have no such field",
        header('"flags" / Fits(Int8ub, error="int_out_of_range") * "flags"'),
    ),
    Refused(
        "a constant field of the header",
        "spec.header: field 'reserved': the codecs have no such field",
        header('"reserved" / Exactly(Int8ub, 0, error="bad_magic") * "zero"'),
    ),
    Refused(
        "a shorter request id",
        "spec.header: field 'request_id': it must be an unsigned number of 8 bytes",
        (Edit("header.py", "Fits(Int64ub", "Fits(Int32ub"),),
    ),
    Refused(
        "a longer type of message",
        "spec.header: field 'type': it must be an unsigned number of 1 bytes",
        (
            Edit("header.py", "OneOf(Int8ub", "OneOf(Int16ub"),
            Edit("header.py", "import Bytes, ", "import Bytes, Int16ub, "),
        ),
    ),
    Refused("a code that nothing has", "spec.errors: code 'too_odd' is found nowhere", (CODE,)),
    Refused(
        "a code that nobody knows",
        "spec.tlv: value type 'bool': 'too_odd' is none of the codes of spec.errors",
        (Edit("tlv.py", 'error="invalid_bool"', 'error="too_odd"'),),
    ),
    Refused(
        "a code that is judged elsewhere",
        "spec.tlv: value type 'bool': 'bad_magic' has no check in the stages of payload",
        (
            Edit("tlv.py", 'error="invalid_bool"', 'error="bad_magic"'),
            Edit("judging.py", 'Check("invalid_bool"', 'Check("truncated"'),
        ),
    ),
    Refused(
        "a check in a phase without a scope",
        "spec.judging: surplus: SCOPE_OF_PHASE has no phase later",
        (Edit("judging.py", '"surplus",\n        "payload"', '"surplus",\n        "later"'),),
    ),
    Refused(
        "a check at an offset that nobody knows",
        "spec.judging: header: 'bad_magic' has no such offset or path",
        (Edit("judging.py", 'are others", "field"', 'are others", "fields"'),),
    ),
    Refused(
        "a detail of no type",
        "spec.errors: error type 'DirtyOverloadedError': ErrorDetails has no detail queue",
        (Edit("errors.py", '("app_path", "retry_after")', '("app_path", "retry_after", "queue")'),),
    ),
    Refused(
        "a detail that no error has",
        "spec.answers: ErrorDetails: no error type has the detail 'waited'",
        (Edit("errors.py", '"where", "waited")', '"where")'),),
    ),
    Refused(
        "a transition of a message that is not there",
        "spec.exchanges: idle, opener, NOTE: no such message",
        (Edit("exchanges.py", '"STASH STATUS MANAGE", ASKING', '"STASH STATUS NOTE", ASKING'),),
    ),
    Refused(
        "a role that opens what is not there",
        "spec.exchanges: role 'client': no message NOTE",
        (Edit("exchanges.py", '"STATUS", "MANAGE")', '"STATUS", "NOTE")'),),
    ),
    Refused(
        "a message with the code of another",
        "spec.messages: code 0x12: it is declared twice",
        message('Message("NOTE", 0x12, None, "A note.")'),
    ),
    Refused(
        "an extension with a core code",
        "spec.messages: NOTE: codes from 0x80 to 0xef are extensions'",
        message('Message("NOTE", 0x13, None, "A note.", extension="note")'),
    ),
    Refused(
        "a payload without fields",
        "spec.messages: NOTE: a payload needs a field",
        message('Message("NOTE", 0x13, Fields(Value), "A note.")'),
    ),
    Refused(
        "a name that the codecs need",
        "spec.messages: NOTE: field 'pos': the codecs need this name for something else",
        note('Field("pos", (int,), "where")'),
    ),
    Refused(
        "a name that is a word of C",
        "spec.messages: NOTE: field 'register': the codecs need this name",
        note('Field("register", (int,), "which")'),
    ),
    Refused(
        "a default of another type",
        "spec.messages: NOTE: field 'level': the default 'low' is of another type",
        note('Field("level", (int,), "how loud", required=False, default="low")'),
    ),
    Refused(
        "a default that is no choice",
        "spec.messages: NOTE: field 'level': the default 3 is impossible",
        note('Field("level", (int,), "loud", required=False, default=3, choices={"a": 1})'),
    ),
    Refused(
        "a default with items",
        "spec.messages: NOTE: field 'levels': the default (1,): lists and dicts are empty",
        note('Field("levels", (list,), "how loud", required=False, default=(1,))'),
    ),
    Refused(
        "a default of bytes",
        "spec.messages: NOTE: field 'raw': the default b'ab': spec.json holds no bytes",
        note('Field("raw", (bytes,), "what", required=False, default=b"ab")'),
    ),
    Refused(
        "a bound of a text",
        "spec.messages: NOTE: field 'text': only numbers have bounds",
        note('Field("text", (str,), "what", minimum=3)'),
    ),
    Refused(
        "an optional dict of fields",
        "spec.messages: NOTE: field 'more': what has fields of its own must be a required dict",
        note('Field("more", (dict,), "more", required=False, fields=(Field("a", (int,), "a"),))'),
    ),
    Refused(
        "a field inside of one with its name",
        "spec.messages: NOTE: field more: it is declared twice",
        note('Field("more", (dict,), "more", fields=(Field("more", (int,), "more"),))'),
    ),
    Refused(
        "a field that is always none",
        "spec.messages: NOTE: field 'nothing': a value of none is an absent one",
        note('Field("nothing", (type(None),), "nothing")'),
    ),
    Refused(
        "a field of a type that values have not",
        "spec.messages: NOTE: field 'number': the compiler does not support values of complex",
        note('Field("number", (complex,), "a number")'),
    ),
)

SENT = """
note = gdproto.Note(1{0})
client, arbiter = gdproto.Connection("client"), gdproto.Connection("arbiter")
arbiter.receive_data(client.send(note))
assert arbiter.next_event().message == note == gdproto.parse(note.to_bytes()), note
"""

# In place of a message more, with all that the table says of it.
RECEIVED = (
    Edit(
        "exchanges.py",
        '"REQUEST STASH STATUS MANAGE",\n        ABANDONED',
        '"REQUEST STASH STATUS MANAGE NOTE",\n        ABANDONED',
    ),
    Edit(
        "exchanges.py",
        '"REQUEST STASH STATUS MANAGE CANCEL PAUSE RESUME"',
        '"REQUEST STASH STATUS MANAGE NOTE CANCEL PAUSE RESUME"',
    ),
)
COST = Edit(
    "messages.py",
    'Field("result", (), "the result")',
    'Field("result", (), "the result"),\n        Field("cost", (float, int), "what it took",'
    " required=False, minimum=0, finite=True)",
)
UINT64 = values(
    '0x07: "uint64" / Holds(Int64ub, int, 2**63, 2**64 - 1) * "8 bytes, unsigned"', "Int64ub"
)

WORKING = (
    Working(
        "a field more of an answer",
        "answer = gdproto.Response(1, 5, 2.5)\n"
        "assert gdproto.parse(answer.to_bytes()) == answer, answer\n"
        "assert gdproto.parse(gdproto.Response(1, 5).to_bytes()).cost is None\n"
        "assert gdproto.Response(1, 5).to_bytes()[16:] == bytes([0x21, 0, 0, 0, 1]) + "
        "gdproto.encode('result') + gdproto.encode(5)",
        (COST,),
    ),
    Working(
        "a second type of integers",
        "for number in (2**63 - 1, 2**63, 2**64 - 1):\n"
        "    assert gdproto.decode(gdproto.encode([number, 1])) == [number, 1]\n"
        "assert gdproto.encode(2**63) == bytes([7, 0x80]) + bytes(7)",
        UINT64,
    ),
    Working(
        "a message of which all fields may be absent",
        SENT.format("")
        + SENT.format(", 'a'")
        + SENT.format(", None, 2")
        + "assert gdproto.Note(1).to_bytes()[16:] == bytes([0x21, 0, 0, 0, 0])",
        note(
            'Field("text", (str,), "what", required=False)',
            'Field("level", (int,), "how loud", required=False)',
        ),
    ),
    Working(
        "fields inside of a field that may be absent",
        SENT.format(", 1") + SENT.format(", 1, 'b'"),
        note(
            'Field("more", (dict,), "more", fields=(Field("first", (int,), "one"),'
            ' Field("text", (str,), "two", required=False)))'
        ),
    ),
    Working(
        "a field of every type",
        SENT.format(", True, 2, 3.5, b'4', '5', (6,), {'a': 7}"),
        note(
            *(
                f'Field("of_{name}", ({name},), "one")'
                for name in ("bool", "int", "float", "bytes", "str", "list", "dict")
            )
        ),
    ),
    Working(
        "a list that may be absent",
        SENT.format("") + SENT.format(", ()") + SENT.format(", (1, 2)"),
        note('Field("items", (list,), "what", required=False)'),
    ),
    Working(
        "a field that must be given behind one that need not",
        SENT.format(", None, 2") + SENT.format(", (1,), 2"),
        note(
            'Field("items", (list,), "what", required=False)',
            'Field("count", (int,), "how many")',
        ),
    ),
    Working(
        "a code of its own for a limit",
        "refused(gdproto.encode, [0] * 10)\n"
        "refused(gdproto.decode, bytes([0x20, 0, 0, 0, 10]) + bytes(10))",
        (
            CODE,
            Edit(
                "limits.py",
                '"max_items", 1024 * 1024, "too_many_items"',
                '"max_items", 9, "too_odd"',
            ),
            Edit(
                "judging.py",
                'Check("too_many_items"',
                'Check("too_odd", "x", "size", "value"),\n            Check("too_many_items"',
            ),
            Edit(
                "judging.py",
                'Check("too_many_items", "there are',
                'Check("too_odd", "x", path="value"), Check("too_many_items", "there are',
            ),
        ),
    ),
    Working(
        "a version of two bytes and magic bytes of three",
        "note = gdproto.End(7)\n"
        "assert note.to_bytes()[:5] == b'GDX' + bytes([0, 2]), note.to_bytes()\n"
        "assert gdproto.parse(note.to_bytes()) == note\n"
        "assert len(note.to_bytes()) == 18",
        (
            Edit("header.py", 'Exactly(Bytes(2), b"GD"', 'Exactly(Bytes(3), b"GDX"'),
            Edit("header.py", "Exactly(Int8ub, 1,", "Exactly(Int16ub, 2,"),
            Edit("header.py", "import Bytes, ", "import Bytes, Int16ub, "),
        ),
    ),
)

BEGINNING = """
import sys

import gdproto

assert gdproto.IMPLEMENTATION == sys.argv[1], gdproto.IMPLEMENTATION

def refused(function, *args):
    try:
        function(*args)
    except gdproto.ProtocolError as error:
        assert error.code == "too_odd", error
    else:
        raise AssertionError(args)
"""


def changed(folder: Path, edits: tuple[Edit, ...]) -> Path:
    copy = copied(folder)
    change(copy, edits)
    return copy


def change(copy: Path, edits: tuple[Edit, ...]) -> None:
    for one in edits:
        edit(copy / "spec" / one.file, one.old, one.new)


@pytest.fixture(scope="module")
def for_all_refused(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy in which nothing is ever written but the edits of one test at a time."""
    return copied(tmp_path_factory.mktemp("refused"))


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name.replace(" ", "-"))
def test_it_is_refused_by_name(case: Refused, for_all_refused: Path) -> None:
    try:
        change(for_all_refused, case.edits)
        # With what Python has compiled of it before, and nothing that it would of the edits.
        result = run(for_all_refused, "-B", "-m", "spec.codegen", "--write")
    finally:
        for one in case.edits:
            shutil.copy2(ROOT / "spec" / one.file, for_all_refused / "spec" / one.file)
    assert result.returncode == 1, result.stdout
    assert result.stderr.startswith(f"spec.codegen: {case.told}"), result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("case", WORKING, ids=lambda case: case.name.replace(" ", "-"))
def test_it_works(case: Working, tmp_path: Path) -> None:
    copy = changed(tmp_path, case.edits)
    written = codegen(copy, "--write")
    assert written.returncode == 0, written.stderr
    implementations = ["python"]
    if CAN_COMPILE:
        compile_codec(copy, "-O0")
        implementations.append("c")
    for implementation in implementations:
        program = f"import os\nos.environ['GDPROTO_PURE'] = str(int({implementation!r} != 'c'))\n"
        result = run(copy, "-c", program + BEGINNING + case.program, implementation)
        assert (result.returncode, result.stderr) == (0, ""), result.stderr


def test_the_makers_and_what_is_owed_follow(tmp_path: Path) -> None:
    """Vectors are made of what is new, and what they do not pay yet is told by its name."""
    optional = (
        'Field("text", (str,), "what", required=False)',
        'Field("level", (int,), "how loud", required=False, minimum=1, maximum=3)',
        'Field("kind", (int,), "which", required=False, default=1, choices={"a": 1, "b": 2})',
    )
    copy = changed(tmp_path, (*note(*optional), *RECEIVED, COST, *UINT64))
    for folder in ("workshop", "conformance"):
        shutil.copytree(ROOT / folder, copy / folder, dirs_exist_ok=True)
    for link in ("spec", "conformance"):
        (copy / "gdproto" / link).symlink_to(f"../{link}")
    for words in ("spec.codegen", "workshop.making"):
        made = run(copy, "-m", words, "--write")
        assert (made.returncode, made.stderr) == (0, ""), made.stderr
    owed = run(copy, "-m", "workshop.completeness.obligations")
    assert owed.stderr == ""
    unpaid = [line for line in owed.stdout.splitlines() if "no case: " in line]
    # A type needs values that only a person can choose; fields and messages are paid.
    assert unpaid
    assert all("uint64" in line for line in unpaid), unpaid
    assert "uint64 decoded 9223372036854775808" in owed.stdout
