"""What clients of an arbiter's stash wait for: items of lists, and changes of tables."""

from __future__ import annotations

from typing import Any

import gdproto
from gdproto import StashOp
from gdproto.answers import STASH_OPERATIONS

from ..expectations import as_declared, error, response
from ..script import Unsupported
from ..wire import Mismatch
from .arbiter_stash import LARGE_BYTES, TIMES, Table, add

SHORT_S, LONG_S = 0.05, 1000
MANY = 200
EMPTY = ("StashKeyNotFoundError", ("table_name", "key"))


@add("answers-of-lists", "GD-MSG-043")
def answers_of_lists(table: Table) -> None:
    """Asks for each operation of lists in turn: what comes back is as declared."""
    for op in STASH_OPERATIONS:
        if StashOp.PUSH_LEFT <= op <= StashOp.LENGTH:
            table.ask(StashOp.PUSH_RIGHT, "k", 1)
            is_declared = as_declared(STASH_OPERATIONS[op].result)
            table.wire.expect(response(table.send(op, "k", [1]), is_declared))


@add("two-ends", "GD-MSG-081 GD-MSG-082 GD-MSG-083 GD-MSG-084")
def two_ends(table: Table) -> None:
    """Adds at both ends, takes from both, and finds the list empty."""
    for count, (op, value) in enumerate(
        [(StashOp.PUSH_RIGHT, 1), (StashOp.PUSH_RIGHT, [2]), (StashOp.PUSH_LEFT, None)], 1
    ):
        table.gives(count, op, "l", value)
    table.gives(True, StashOp.EXISTS)
    table.gives(3, StashOp.LENGTH, "l")
    table.gives([2], StashOp.POP_RIGHT, "l")
    table.gives(None, StashOp.POP_LEFT, "l")
    table.gives(1, StashOp.POP_LEFT, "l")
    table.gives(0, StashOp.LENGTH, "l")
    for op in (StashOp.POP_LEFT, StashOp.POP_RIGHT):
        table.fails(*EMPTY, op, "l")
        table.fails(*EMPTY, op, "l", wait=0)
        table.fails(*EMPTY, op, "l", wait=SHORT_S)


@add("lists-are-no-keys", "GD-MSG-080 GD-MSG-081")
def lists_are_no_keys(table: Table) -> None:
    """Has a list and a key of one name: neither is found as the other."""
    table.gives(1, StashOp.PUSH_LEFT, "k", 1)
    table.gives([], StashOp.KEYS)
    table.gives(False, StashOp.EXISTS, "k")
    table.fails(*EMPTY, StashOp.GET, "k")
    table.gives({"size": 0, "table": table.name}, StashOp.INFO)
    table.gives(True, StashOp.PUT, "k", 2)
    table.gives(True, StashOp.DELETE, "k")
    for op in (StashOp.CLEAR, StashOp.DELETE_TABLE):
        table.ask(StashOp.PUSH_LEFT, "k", 1)
        table.gives(True, op)
        table.gives(0, StashOp.LENGTH, "k")


@add("waiting-pops", "GD-MSG-083 GD-MSG-085 GD-MSG-087")
def waiting_pops(table: Table) -> None:
    """Waits several times on one connection, and adds on it: first come, first served."""
    waiting = [table.send(StashOp.POP_LEFT, "l", wait=LONG_S) for _ in range(3)]
    table.gives(0, StashOp.LENGTH, "l")
    for number, item in zip(waiting, ("a", "b", "c"), strict=True):
        pushed = table.send(StashOp.PUSH_RIGHT, "l", item)
        told: dict[int, Any] = {}
        for _ in range(2):
            answer = table.wire.expect(response(number), response(pushed))
            assert isinstance(answer, gdproto.Response)
            told[answer.request_id] = answer.result
        if told.get(number) != item:
            raise Mismatch(f"{item} under id {number}", repr(told))
    table.gives(0, StashOp.LENGTH, "l")


@add("pops-that-end", "GD-MSG-086")
def pops_that_end(table: Table) -> None:
    """Cancels one who waits, and takes the connection from another: an item that comes stays."""
    table.stage.needs_cancel()
    gone = table.beside()
    gone.send(StashOp.POP_LEFT, "l", wait=LONG_S)
    gone.gives(0, StashOp.LENGTH, "l")
    gone.wire.drop()
    cancelled = table.send(StashOp.POP_LEFT, "l", wait=LONG_S)
    table.gives(0, StashOp.LENGTH, "l")
    table.wire.send(gdproto.Cancel(cancelled))
    table.wire.expect(error(cancelled, "DirtyCancelledError"))
    table.gives(1, StashOp.PUSH_LEFT, "l", 1)
    table.gives(1, StashOp.LENGTH, "l")
    table.gives(1, StashOp.POP_LEFT, "l")


@add("items-do-not-fit", "GD-MSG-072")
def items_do_not_fit(table: Table) -> None:
    """Adds items until there is no room: those that are there stay."""
    table.ask(StashOp.PUSH_RIGHT, "l", "kept")
    for count in range(TIMES * 2):
        number = table.send(StashOp.PUSH_RIGHT, "l", b"x" * LARGE_BYTES)
        answer = table.wire.expect(response(number), error(number, "StashError"))
        if not isinstance(answer, gdproto.Response):
            table.gives(count + 1, StashOp.LENGTH, "l")
            table.gives("kept", StashOp.POP_LEFT, "l")
            table.ask(StashOp.DELETE_TABLE)
            return
    table.ask(StashOp.DELETE_TABLE)
    raise Unsupported(f"it has room for {LARGE_BYTES * TIMES * 2:,} bytes: give it less")


@add("changes", "GD-MSG-043 GD-MSG-088 GD-MSG-089 GD-MSG-091")
def changes(table: Table) -> None:
    """Watches a table: all that is changed is told, in its order and once."""
    is_declared = as_declared(STASH_OPERATIONS[StashOp.CHANGES].result)
    table.ask(StashOp.PUT, "before", 1)
    table.wire.expect(response(table.send(StashOp.CHANGES), is_declared))
    first = table.ask(StashOp.CHANGES)
    if first["changes"] or first["missed"]:
        raise Mismatch("no changes yet", repr(first))
    table.ask(StashOp.PUT, "a", 1)
    table.ask(StashOp.INCR, "a", 1)
    table.ask(StashOp.PUT, 7, 1)
    table.ask(StashOp.DELETE, "a")
    table.ask(StashOp.PUSH_RIGHT, "l", 1)
    table.ask(StashOp.POP_LEFT, "l")
    table.ask(StashOp.PUT, "short", 1, ttl=SHORT_S)
    wanted = [("put", "a"), ("put", "a"), ("put", 7), ("delete", "a"), ("push", "l"), ("pop", "l")]
    wanted += [("put", "short"), ("expire", "short")]
    after = _told(table, first["next"], wanted)
    table.ask(StashOp.CLEAR)
    after = _told(table, after, [("clear", None)])
    told = table.ask(StashOp.CHANGES, after=after, wait=SHORT_S)
    if told["changes"] or told["missed"]:
        raise Mismatch("no changes", repr(told))


def _told(table: Table, after: Any, wanted: list[tuple[str, Any]], pattern: Any = None) -> Any:
    """See that these changes are told behind a place, and no others. Returns the next place."""
    found: list[tuple[str, Any]] = []
    while len(found) < len(wanted):
        told = table.ask(StashOp.CHANGES, None, None, pattern, after=after, wait=LONG_S, count=3)
        found += [(one["kind"], one["key"]) for one in told["changes"]]
        after = told["next"]
        if told["missed"] or len(told["changes"]) > 3:
            raise Mismatch("up to 3 changes, and none missed", repr(told))
    if found != wanted:
        raise Mismatch(repr(wanted), repr(found))
    return after


@add("changes-of-a-pattern", "GD-MSG-089 GD-MSG-087")
def changes_of_a_pattern(table: Table) -> None:
    """Waits for changes of some keys, while others change on the same connection."""
    first = table.ask(StashOp.CHANGES)
    number = table.send(StashOp.CHANGES, None, None, "a*", after=first["next"], wait=LONG_S)
    table.gives(True, StashOp.PUT, "b", 1)
    put = table.send(StashOp.PUT, "a", 1)
    answers = [table.wire.expect(response(number), response(put)) for _ in range(2)]
    told = [one.result for one in answers if isinstance(one, gdproto.Response)]
    found = [one["changes"] for one in told if isinstance(one, dict)]
    if found != [[{"kind": "put", "key": "a"}]]:
        raise Mismatch("the change of a", repr(told))


@add("changes-missed", "GD-MSG-090 GD-MSG-092")
def changes_missed(table: Table) -> None:
    """Names a place that nobody gave, and what is none; and comes late for very many changes."""
    first = table.ask(StashOp.CHANGES)
    for after in ("a", 5, False):
        table.refuses("after", StashOp.CHANGES, after=after)
    for start in range(0, 50 * MANY, MANY):
        table.ask(StashOp.PUT_MANY, None, [[n, 0] for n in range(start, start + MANY)])
    count, after, missed = 0, first["next"], False
    while not missed and count < 50 * MANY:
        told = table.ask(StashOp.CHANGES, after=after, wait=LONG_S)
        if not (told["changes"] or told["missed"]):
            raise Mismatch("all changes, or that some were missed", repr(told))
        count, after, missed = count + len(told["changes"]), told["next"], told["missed"]
    table.ask(StashOp.DELETE_TABLE)
