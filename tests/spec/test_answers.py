"""Declared answers: a new operation of the stash is in all that is made, with no other edit."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from .changes import ROOT, codegen, edit, run
from .test_codegen import copy

__all__ = ["copy"]

LAST = 'without a key, whether there is such a table.",\n    ),\n'
NEW = """    Operation(
        "take_all",
        90,
        (_TABLE, Parameter("value"), Parameter("pattern", required=False)),
        a(TAKEN),
        "Take what matches `pattern`, and leave `value` in its place.",
        {"StashTableNotFoundError": "the table is missing"},
    ),
"""
FORM = """TAKEN = Form(
    "Taken",
    "What was taken.",
    (
        FormField("keys", list_of(SCALAR), "what there was", core=True),
        FormField("seconds", NUMBER, "how long it took", unit="seconds"),
    ),
)
"""

CHANGED = """
import asyncio
import inspect

import gdproto
from dirty_runtime import AsyncStashClient, StashClient, stash
from gdproto import answers

op = gdproto.StashOp.TAKE_ALL
assert op == 90
operation = answers.STASH_OPERATIONS[op]
assert [p.name for p in operation.parameters] == ["table", "value", "pattern"]
message = gdproto.Stash(1, op, "t", None, 5, "a*")
assert gdproto.parse(message.to_bytes()) == message
assert answers.arguments(operation, message) == ["t", 5, "a*"]
assert list(answers.misfits({"keys": [[]]}, operation.result)) == [
    "answer.keys[0] is list, not scalar"
]
assert set(answers.Taken.__annotations__) == {"keys", "seconds"}

asked = []

class Calls(StashClient):
    def ask(self, *question, **more):
        asked.append((question, more))
        return {"keys": []}

class AsyncCalls(AsyncStashClient):
    async def ask(self, *question, **more):
        asked.append((question, more))
        return {"keys": []}

assert Calls("/x").take_all("t", 5, "a*") == {"keys": []}
assert asyncio.run(AsyncCalls("/x").take_all("t", 5)) == {"keys": []}
assert asked == [
    ((op, "t"), {"value": 5, "pattern": "a*"}),
    ((op, "t"), {"value": 5, "pattern": None}),
]
wanted = "(table: 'str', value: 'Any', pattern: 'str | None' = None) -> 'Taken'"
assert str(inspect.signature(stash.take_all)) == wanted, inspect.signature(stash.take_all)
assert "take_all" in stash.__all__
assert "Raises StashTableNotFoundError when the table is missing." in stash.take_all.__doc__

backend = inspect.signature(answers.StashBackend.take_all)
assert inspect.iscoroutinefunction(answers.StashBackend.take_all)
assert list(backend.parameters) == ["self", "table", "value", "pattern"]
print("as declared")
"""


@pytest.fixture
def whole(copy: Path) -> Path:
    """The copy, with the runtime in it."""
    shutil.rmtree(copy / "dirty_runtime")
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "dirty_runtime", copy / "dirty_runtime", ignore=ignore)
    return copy


def test_a_new_operation_is_in_everything_that_is_made(whole: Path) -> None:
    edit(whole / "spec/answers.py", LAST, LAST + NEW)
    edit(whole / "spec/answers.py", "STASH = (\n", FORM + "STASH = (\n")
    written = codegen(whole, "--write")
    assert written.returncode == 0, written.stderr
    result = run(whole, "-c", CHANGED)
    assert result.stdout == "as declared\n", result.stderr
    shown = run(whole, "-m", "dirty_runtime", "stash", "take-all", "--help").stdout
    assert "TABLE VALUE [PATTERN]" in shown
    assert "Take what matches PATTERN, and leave VALUE in its place." in shown
    table = (whole / "docs/generated/answers-stash.md").read_text()
    assert "| `take_all` | `table` (to 2,097,152 bytes), `value`, optional `pattern` |" in table
    assert "| `seconds` | number | yes | how long it took, in seconds |" in table
    assert '"take_all"' in (whole / "gdproto/_generated/spec.json").read_text()


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('Parameter("pattern", req', 'Parameter("glob", req', "no field 'glob'"),
        ('"keys",\n        4,', '"keys",\n        5,', "STASH have one code"),
        ('"StashError": "there', '"StashFullError": "there', "no error type 'StashFullError'"),
        ('(_TABLE, _KEY, _VALUE, _TTL)', '(Parameter("key", required=False), _TABLE)',
         "an optional parameter stands before a required one"),
        ('Type("integer"), Type("string")', 'Type("integer"), Type("text")', "no type 'text'"),
        ('Question("MANAGE", "arbiter"', 'Question("RULE", "arbiter"', "RULE is no message"),
        ('    "Draining",\n', '    "WorkerStatus",\n', "two forms are named 'WorkerStatus'"),
        ('dict_of(INT), "waiting', 'Type("dict"), "waiting', "say what they hold"),
        ('"ensure", 7', '"ask", 7', "'ask'"),
        ('"ensure", 7', '"import", 7', "'import'"),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_named(copy: Path, old: str, new: str, complaint: str) -> None:
    edit(copy / "spec/answers.py", old, new)
    result = codegen(copy, "--write")
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1, result.stderr
    assert "spec.answers: " in result.stderr
    assert complaint in result.stderr
