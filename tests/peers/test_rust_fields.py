"""Fields inside of fields inside of fields reach Rust, which no message of today has.

Rules: the change is made in a copy of spec/, and nowhere else; what is expected is written by hand.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from gdproto.conformance.running.process import Process

from ..spec.changes import codegen, copied, edit
from .test_changes import integer, text
from .toolchains import copied_peers, words_in

ANSWER_S = 60.0
MESSAGE = """
    Message(
        "NOTE",
        0x13,
        Fields(
            Value,
            Field(
                "more",
                (dict,),
                "what is inside",
                fields=(
                    Field("found", (int,), "a number", minimum=3),
                    Field("inner", (dict,), "more", fields=(Field("loop", (str,), "a text"),)),
                ),
            ),
        ),
        "A note.",
    ),
"""
EDITS = (
    ("messages.py", '    Message("CANCEL"', MESSAGE + '    Message("CANCEL"'),
    ("exchanges.py", '"STASH STATUS MANAGE", ASKING', '"STASH STATUS MANAGE NOTE", ASKING'),
    ("exchanges.py", '"STATUS", "MANAGE")', '"STATUS", "MANAGE", "NOTE")'),
)


def pairs(*held: str) -> str:
    return f"21{len(held) // 2:08x}" + "".join(held)


def frame(found: int) -> str:
    inner = pairs(text("loop"), text("deep"))
    more = pairs(text("found"), integer(found), text("inner"), inner)
    payload = pairs(text("more"), more)
    return f"47440113{len(payload) // 2:08x}{7:016x}{payload}"


@pytest.mark.timeout(900)
def test_they_are_written_and_read(tmp_path: Path) -> None:
    copy = copied(tmp_path)
    copied_peers(copy)
    for file, old, new in EDITS:
        edit(copy / "spec" / file, old, new)
    written = codegen(copy, "--write")
    assert written.returncode == 0, written.stderr
    note = {
        "type": "NOTE",
        "request_id": "7",
        "fields": {"found": {"int64": "9"}, "loop": {"string": "deep"}},
    }
    parse = {"do": "run", "id": "read", "op": "parse"}
    with Process(words_in(copy, "rust")) as testee:

        def ask(command: dict[str, object]) -> dict[str, object]:
            answer = testee.ask(command, time.monotonic() + ANSWER_S)
            return {key: held for key, held in answer.items() if key != "n"}

        ask({"do": "start", "contract": 1})
        assert ask({**parse, "bytes": frame(9)}) == {"message": note}
        asked = {"do": "run", "id": "written", "op": "serialize", "message": note}
        assert ask(asked) == {"bytes": frame(9)}
        refused = ask({**parse, "bytes": frame(2)})["error"]
        assert isinstance(refused, dict)
        assert (refused["code"], refused["path"]) == ("invalid_field_value", "more.found")
