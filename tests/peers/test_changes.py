"""A change of the declaration reaches every language: generated anew, built, and asked.

Rules: the change is made in a copy of spec/, and nowhere else; a language is asked through its
testee, by the contract that the suite has with it. What is expected is written by hand.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gdproto.conformance.running.process import Process
from gdproto.spec.codegen.languages import LANGUAGES

from ..spec.changes import codegen, copied, edit
from .toolchains import copied_peers, words_in

ANSWER_S = 60.0
MOST_ITEMS = 1000

EDITS = (
    # A scalar more: integers that no other type holds.
    ("tlv.py", "Int64sb, LazyBound", "Int64sb, Int64ub, LazyBound"),
    (
        "tlv.py",
        "        0x10:",
        '        0x07: "uint64" / Holds(Int64ub, int, 2**63, 2**64 - 1) * "8 bytes, unsigned",\n'
        "        0x10:",
    ),
    # A message more, which clients send and arbiters answer.
    (
        "messages.py",
        '    Message("CANCEL"',
        '    Message("PING", 0x13, Fields(Value, Field("note", (str,), "any text"),\n'
        '        Field("level", (int,), "how loud", required=False, default=1,'
        ' choices={"low": 1, "high": 2})), "Are you there?"),\n'
        '    Message("CANCEL"',
    ),
    ("exchanges.py", '"STASH STATUS MANAGE", ASKING', '"STASH STATUS MANAGE PING", ASKING'),
    ("exchanges.py", '"STATUS", "MANAGE")', '"STATUS", "MANAGE", "PING")'),
    # A lower limit.
    ("limits.py", '"max_items", 1024 * 1024', f'"max_items", {MOST_ITEMS}'),
)


def text(held: str) -> str:
    """A text as it is written, in hexadecimal digits."""
    return f"11{len(held):08x}{held.encode().hex()}"


def integer(held: int) -> str:
    return f"05{held:016x}"


def ping(*pairs: str) -> str:
    """A frame of the new message."""
    payload = f"21{len(pairs) // 2:08x}" + "".join(pairs)
    return f"47440113{len(payload) // 2:08x}{7:016x}{payload}"


def message(level: int) -> dict[str, Any]:
    fields = {"note": {"string": "hello"}, "level": {"int64": str(level)}}
    return {"type": "PING", "request_id": "7", "fields": fields}


NOTE = (text("note"), text("hello"))
LEVEL = text("level")
USUAL, LOUD = ping(*NOTE, LEVEL, integer(1)), ping(*NOTE, LEVEL, integer(2))
LARGE = {"list": [{"int64": str(2**64 - 1)}, {"int64": "5"}]}
LARGE_BYTES = "2000000002" + "07" + "ff" * 8 + integer(5)
NONES = {"repeat": "00", "times": MOST_ITEMS}
ONE_MORE = {"repeat": "00", "times": MOST_ITEMS + 1}


def items(count: int) -> dict[str, Any]:
    return {"repeated": {"item": {"none": ""}, "times": count}}


# What is asked, and what the answer has.
ASKED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a large integer is written": (
        {"op": "encode", "value": LARGE},
        {"bytes": LARGE_BYTES},
    ),
    "a large integer is read": (
        {"op": "decode", "bytes": LARGE_BYTES},
        {"value": LARGE},
    ),
    "a larger integer is refused": (
        {"op": "encode", "value": {"int64": str(2**64)}},
        {"error": {"code": "int_out_of_range"}},
    ),
    "a large integer is whole": (
        {"op": "decode", "bytes": "07ff"},
        {"error": {"code": "truncated", "offset": 2}},
    ),
    "the message is written": (
        {"op": "serialize", "message": message(2)},
        {"bytes": LOUD},
    ),
    "the message is read": (
        {"op": "parse", "bytes": LOUD},
        {"message": message(2)},
    ),
    "the message is written with its default": (
        {"op": "serialize", "message": message(1)},
        {"bytes": USUAL},
    ),
    "the message is read without what may be absent": (
        {"op": "parse", "bytes": ping(*NOTE)},
        {"message": message(1)},
    ),
    "an impossible field is not written": (
        {"op": "serialize", "message": message(3)},
        {"error": {"code": "invalid_field_value", "path": "level"}},
    ),
    "an impossible field is not read": (
        {"op": "parse", "bytes": ping(*NOTE, LEVEL, integer(3))},
        {"error": {"code": "invalid_field_value", "path": "level"}},
    ),
    "a field is required": (
        {"op": "parse", "bytes": ping()},
        {"error": {"code": "missing_field", "path": "note", "offset": 16}},
    ),
    "a client sends the message": (
        {"op": "session", "role": "client", "steps": [{"send": message(2)}]},
        {"steps": [{"bytes": LOUD}]},
    ),
    "an arbiter takes the message": (
        {"op": "session", "role": "arbiter", "steps": [{"receive": LOUD}]},
        {"steps": [{"events": [{"event": "message", "message": message(2), "ended": False}]}]},
    ),
    "a worker does not take the message": (
        {"op": "session", "role": "worker", "steps": [{"receive": LOUD}]},
        {"steps": [{"events": [{"event": "error", "code": "unexpected_message"}]}]},
    ),
    "what is at the limit is written": (
        {"op": "encode", "value": items(MOST_ITEMS)},
        {"bytes": f"20{MOST_ITEMS:08x}" + "00" * MOST_ITEMS},
    ),
    "what is beyond the limit is not written": (
        {"op": "encode", "value": items(MOST_ITEMS + 1)},
        {"error": {"code": "too_many_items"}},
    ),
    "what is at the limit is read": (
        {"op": "decode", "bytes": [f"20{MOST_ITEMS:08x}", NONES]},
        {"value": {"list": [{"none": ""}] * MOST_ITEMS}},
    ),
    "what is beyond the limit is not read": (
        {"op": "decode", "bytes": [f"20{MOST_ITEMS + 1:08x}", ONE_MORE]},
        {"error": {"code": "too_many_items", "offset": 1}},
    ),
}


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the project with the change, generated anew."""
    copy = copied(tmp_path_factory.mktemp("changed"))
    copied_peers(copy)
    for file, old, new in EDITS:
        edit(copy / "spec" / file, old, new)
    written = codegen(copy, "--write")
    assert written.returncode == 0, written.stderr
    yield copy
    shutil.rmtree(copy)


# What a language has no value for, and says so.
UNSUPPORTED = {"c": {"a larger integer is refused"}}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", LANGUAGES)
def test_it_reaches_the_language(name: str, changed: Path) -> None:
    """All that is asked of one build, as a build takes longer than the questions."""
    with Process(words_in(changed, name)) as testee:
        testee.ask({"do": "start", "contract": 1}, time.monotonic() + ANSWER_S)
        answers = {
            asked: testee.ask({"do": "run", "id": asked, **command}, time.monotonic() + ANSWER_S)
            for asked, (command, _) in ASKED.items()
        }
    unsupported = {asked for asked, answer in answers.items() if "unsupported" in answer}
    assert unsupported == UNSUPPORTED.get(name, set())
    wrong = {
        asked: (answers[asked], expected)
        for asked, (_, expected) in ASKED.items()
        if asked not in unsupported and not has(answers[asked], expected)
    }
    assert wrong == {}


def has(answer: Any, expected: Any) -> bool:
    """Whether the answer has all of the expected; objects may have more."""
    if isinstance(expected, dict) and isinstance(answer, dict):
        return all(key in answer and has(answer[key], held) for key, held in expected.items())
    if isinstance(expected, list) and isinstance(answer, list):
        return len(answer) == len(expected) and all(map(has, answer, expected))
    return bool(answer == expected)
