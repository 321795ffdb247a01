"""The stash of an arbiter: its operations, keys and patterns."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy
from functools import partial
from typing import Any

import gdproto
from gdproto import StashOp
from gdproto.answers import STASH_OPERATIONS

from ..expectations import as_declared, error, fault, response, same
from ..script import BOOK, Unsupported
from ..stages import ArbiterStage
from ..wire import Mismatch, Wire

LARGE_BYTES, TIMES = 2 * 1024 * 1024, 3
MANY = 5000


def is_list(result: Any) -> bool:
    """a list"""
    return isinstance(result, list)


class Table:
    """A table of the judged arbiter, made anew."""

    def __init__(self, stage: ArbiterStage, name: str) -> None:
        self.stage = stage
        self.wire: Wire = stage.connect()
        self.name = f"conformance-{name}"
        self._number = 0
        self.ask(StashOp.DELETE_TABLE)

    def beside(self) -> Table:
        """The same table, as another client has it."""
        other = copy(self)
        other.wire = self.stage.connect()
        return other

    def send(
        self, op: StashOp, key: Any = None, value: Any = None, pattern: Any = None, **more: Any
    ) -> int:
        self._number += 1
        self.wire.send(gdproto.Stash(self._number, op, self.name, key, value, pattern, **more))
        return self._number

    def ask(self, op: StashOp, *rest: Any, **more: Any) -> Any:
        """The result of the operation, whichever it is."""
        answer = self.wire.expect(response(self.send(op, *rest, **more)))
        assert isinstance(answer, gdproto.Response)
        return answer.result

    def gives(self, wanted: Any, op: StashOp, *rest: Any, **more: Any) -> None:
        """The operation has this result."""
        self.wire.expect(response(self.send(op, *rest, **more), wanted))

    def fails(
        self, type_: str, details: tuple[str, ...], op: StashOp, *rest: Any, **more: Any
    ) -> None:
        """The operation has an error of this type."""
        self.wire.expect(error(self.send(op, *rest, **more), type_, details=details))

    def refuses(self, path: str, op: StashOp, *rest: Any, **more: Any) -> None:
        """The operation is refused for the value of a field."""
        self.wire.expect(fault(self.send(op, *rest, **more), "invalid_field_value", path=path))

    def keys(self, pattern: str | None = None) -> list[Any]:
        answer = self.wire.expect(response(self.send(StashOp.KEYS, None, None, pattern), is_list))
        assert isinstance(answer, gdproto.Response)
        return sorted(answer.result, key=gdproto.encode)


def add(name: str, requires: str) -> Callable[[Callable[[Table], None]], Callable[[Table], None]]:
    def added(play: Callable[[Table], None]) -> Callable[[Table], None]:
        text = " ".join((play.__doc__ or "").split())
        BOOK.add(f"arbiter-stash-{name}", requires, partial(_with_table, name, play), text)
        return play

    return added


def _with_table(name: str, play: Callable[[Table], None], stage: ArbiterStage) -> None:
    play(Table(stage, name))


@add("put-and-get", "GD-MSG-024 GD-EXCH-002")
def put_and_get(table: Table) -> None:
    """Puts a value into a table that is not there, reads it, and puts another."""
    table.gives(True, StashOp.PUT, "k", [1, "a"])
    table.gives([1, "a"], StashOp.GET, "k")
    table.gives(True, StashOp.PUT, "k", None)
    table.gives(None, StashOp.GET, "k")


@add("answers", "GD-MSG-043")
def answers(table: Table) -> None:
    """Asks for each of the first ten operations in turn: what comes back is as declared."""
    answers_of(table, [op for op in STASH_OPERATIONS if op <= StashOp.EXISTS])


def answers_of(table: Table, ops: Iterable[StashOp]) -> None:
    values = {StashOp.GET_MANY: ["k"], StashOp.PUT_MANY: [["k", 1]], StashOp.INCR: 1}
    for op in ops:
        table.ask(StashOp.PUT, "k", 1)
        is_declared = as_declared(STASH_OPERATIONS[op].result)
        table.wire.expect(response(table.send(op, "k", values.get(op, [1])), is_declared))


@add("delete", "GD-MSG-022")
def delete(table: Table) -> None:
    """Deletes a key, and again."""
    table.ask(StashOp.PUT, "k", 1)
    table.gives(True, StashOp.DELETE, "k")
    table.gives(False, StashOp.DELETE, "k")
    table.gives(False, StashOp.EXISTS, "k")


@add("tables", "GD-MSG-022 GD-MSG-024")
def tables(table: Table) -> None:
    """Makes a table by `ensure`, describes it, clears it, and deletes it, twice each."""
    for _ in range(2):
        table.gives(True, StashOp.ENSURE)
        table.gives(True, StashOp.EXISTS)
    if table.name not in table.ask(StashOp.TABLES):
        raise Mismatch("the table among all tables", "none of its name")
    table.ask(StashOp.PUT, "k", 1)
    table.gives({"size": 1, "table": table.name}, StashOp.INFO)
    for _ in range(2):
        table.gives(True, StashOp.CLEAR)
        table.gives({"size": 0, "table": table.name}, StashOp.INFO)
    table.gives(True, StashOp.DELETE_TABLE)
    table.gives(False, StashOp.DELETE_TABLE)
    if table.name in table.ask(StashOp.TABLES):
        raise Mismatch("tables without the deleted one", "it among them")


@add("exists", "GD-MSG-022")
def exists(table: Table) -> None:
    """Asks for a key and, without one, for the table."""
    table.gives(False, StashOp.EXISTS)
    table.ask(StashOp.PUT, "k", None)
    table.gives(True, StashOp.EXISTS)
    table.gives(True, StashOp.EXISTS, "k")
    table.gives(False, StashOp.EXISTS, "other")


@add("missing-key", "GD-MSG-020 GD-ERR-017")
def missing_key(table: Table) -> None:
    """Reads a key of a table that is not there, and one that is not in a table."""
    details = ("table_name", "key")
    table.fails("StashKeyNotFoundError", details, StashOp.GET, "k")
    table.ask(StashOp.ENSURE)
    table.fails("StashKeyNotFoundError", details, StashOp.GET, "k")


@add("missing-table", "GD-MSG-021 GD-ERR-017")
def missing_table(table: Table) -> None:
    """Describes a table that is not there."""
    table.fails("StashTableNotFoundError", ("table_name",), StashOp.INFO)


@add("missing-otherwise", "GD-MSG-022")
def missing_otherwise(table: Table) -> None:
    """Does to a table that is not there what is no error."""
    table.gives([], StashOp.KEYS)
    table.gives(True, StashOp.CLEAR)
    table.gives(False, StashOp.DELETE, "k")
    table.gives(False, StashOp.DELETE_TABLE)
    table.gives(False, StashOp.EXISTS)
    table.gives(False, StashOp.EXISTS, "k")


@add("equal-keys", "GD-MSG-018")
def equal_keys(table: Table) -> None:
    """Stores under keys that a language may take for equal, and are not."""
    keys: list[Any] = [1, True, 1.0, "1", b"1", 0, False, 0.0, -0.0, "True", "é", "e\u0301"]
    for number, key in enumerate(keys):
        table.gives(True, StashOp.PUT, key, number)
    for number, key in enumerate(keys):
        table.gives(number, StashOp.GET, key)
    if len(table.keys()) != len(keys):
        raise Mismatch(f"{len(keys)} keys", str(table.keys()))


@add("values", "GD-MSG-019")
def values(table: Table) -> None:
    """Stores values of every kind, and reads them back in the same bytes."""
    kinds: list[Any] = [
        None, True, 2**63 - 1, -(2**63), -0.0, float("nan"), b"\x00\xff", "\U0010ffff",
        [], {}, {"b": [1, 1.0, True], "a": {"": None}},
    ]  # fmt: skip
    for value in kinds:
        table.ask(StashOp.PUT, "k", value)
        found = table.ask(StashOp.GET, "k")
        if not same(found, value):
            raise Mismatch(repr(value), repr(found))


@add("patterns", "GD-MSG-023")
def patterns(table: Table) -> None:
    """Asks for the keys that match patterns; keys that are no texts never do."""
    words = ["abc", "abd", "ABC", "a", "a*c", "[x]"]
    for key in [*words, 5, b"abc"]:
        table.ask(StashOp.PUT, key, 1)
    for pattern, wanted in {
        "*": words,
        "a*": ["abc", "abd", "a", "a*c"],
        "A*": ["ABC"],
        "ab?": ["abc", "abd"],
        "ab[c]": ["abc"],
        "ab[!c]": ["abd"],
        "a[*]c": ["a*c"],
        "[[]x]": ["[x]"],
        "5": [],
        "abc": ["abc"],
    }.items():
        _match(table, pattern, wanted)
    if len(table.keys()) != len(words) + 2:
        raise Mismatch("all keys without a pattern", str(table.keys()))


@add("brackets", "GD-MSG-049")
def brackets(table: Table) -> None:
    """Asks for keys by ranges, by brackets that stand first, and by one that nothing closes."""
    for key in ("a", "b", "c", "-", "]", "!", "[", "[a", "ab"):
        table.ask(StashOp.PUT, key, 1)
    for pattern, wanted in {
        "[a-b]": ["a", "b"],
        "[!a-c]": ["-", "]", "!", "["],
        "[a-]": ["a", "-"],
        "[c-a]": [],
        "[]a]": ["]", "a"],
        "[!]a]": ["b", "c", "-", "!", "["],
        "[": ["["],
        "[a": ["[a"],
    }.items():
        _match(table, pattern, wanted)


def _match(table: Table, pattern: str, wanted: list[str]) -> None:
    found = table.keys(pattern)
    if found != sorted(wanted, key=gdproto.encode):
        raise Mismatch(f"{wanted} for {pattern}", str(found))


@add("too-long", "GD-MSG-045")
def too_long(table: Table) -> None:
    """Asks by what is longer than an operation takes by a byte, and by what just is not."""
    for op, operation in STASH_OPERATIONS.items():
        for parameter in operation.parameters:
            if parameter.max_bytes:
                key = "k" if op is StashOp.PUT else None
                given: dict[str, Any] = {"table": table.name, "key": key}
                given[parameter.name] = "x" * (parameter.max_bytes + 1)
                table.wire.send(gdproto.Stash(1, op, **given))
                table.wire.expect(fault(1, "invalid_field_value", path=parameter.name))
    longest = next(one for one in STASH_OPERATIONS[StashOp.KEYS].parameters if not one.required)
    table.gives([], StashOp.KEYS, None, None, "é" * (longest.max_bytes // 2))
    number = table.send(StashOp.KEYS, None, None, "é" * (longest.max_bytes // 2) + "x")
    table.wire.expect(fault(number, "invalid_field_value", path="pattern"))


@add("listed-once", "GD-MSG-047")
def listed_once(table: Table) -> None:
    """Lists many keys and tables: each once."""
    for number in range(MANY):
        table.ask(StashOp.PUT, number, number)
    found = table.keys()
    if found != sorted(range(MANY), key=gdproto.encode):
        raise Mismatch(
            f"{MANY} keys, each once", f"{len(found)}, of which {len(set(found))} differ"
        )
    tables = table.ask(StashOp.TABLES)
    if tables.count(table.name) != 1:
        raise Mismatch("the table once", f"{tables.count(table.name)} times")


@add("no-room-for-tables", "GD-MSG-046")
def no_room_for_tables(table: Table) -> None:
    """Makes tables, more than there is room for: StashError, and those before are still there."""
    names = [f"conformance-{number}-".ljust(LARGE_BYTES, "n") for number in range(2 * TIMES)]
    made = [name for name in names if _is_made(table, name)]
    try:
        if made == names:
            raise Unsupported(f"it has room for {LARGE_BYTES * len(names):,} bytes: give it less")
        found = table.ask(StashOp.TABLES)
        if not set(made) <= set(found):
            raise Mismatch("the tables that were made", f"{len(found)} tables")
    finally:
        for table.name in made:
            table.ask(StashOp.DELETE_TABLE)


def _is_made(table: Table, name: str) -> bool:
    table.name = name
    number = table.send(StashOp.ENSURE)
    answer = table.wire.expect(response(number, True), error(number, "StashError"))
    return isinstance(answer, gdproto.Response)


@add("full", "GD-MSG-025")
def full(table: Table) -> None:
    """Stores more than there is room for: StashError, and what was stored is still there."""
    table.gives(True, StashOp.PUT, "small", "kept")
    large = b"x" * LARGE_BYTES
    try:
        for number in range(TIMES):
            wanted = table.send(StashOp.PUT, number % 2, large)
            answer = table.wire.expect(response(wanted, True), error(wanted, "StashError"))
            if isinstance(answer, gdproto.Error):
                break
            large += large
        else:
            raise Unsupported(f"it has room for {LARGE_BYTES * 6:,} bytes: give it less")
        table.gives("kept", StashOp.GET, "small")
        if number:
            table.gives(b"x" * LARGE_BYTES, StashOp.GET, 0)
    finally:
        table.send(StashOp.DELETE_TABLE)
