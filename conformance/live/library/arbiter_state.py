"""The stash of an arbiter: what is done in one step, what lives for a time, and what is many."""

from __future__ import annotations

import time
from typing import Any

import gdproto
from gdproto import StashOp
from gdproto.answers import STASH_OPERATIONS

from ..expectations import error, fault, response, same
from ..script import Unsupported
from ..wire import Mismatch
from .arbiter_stash import LARGE_BYTES, TIMES, Table, add, answers_of

SHORT_S, LONG_S = 0.05, 1000
MANY = 2500
# Lists within lists, of which a payload holds one more, and an answer of `entry` two.
DEEP = 511


@add("answers-of-more", "GD-MSG-043")
def answers_of_more(table: Table) -> None:
    """Asks for each of the further operations in turn: what comes back is as declared."""
    answers_of(table, [op for op in STASH_OPERATIONS if StashOp.EXISTS < op < StashOp.PUSH_LEFT])


@add("put-if-absent", "GD-MSG-062")
def put_if_absent(table: Table) -> None:
    """Stores under a key that is missing, and not under one that is there."""
    table.gives(True, StashOp.PUT_IF_ABSENT, "k", 1)
    table.gives(False, StashOp.PUT_IF_ABSENT, "k", 2)
    table.gives(1, StashOp.GET, "k")
    table.ask(StashOp.PUT, "k", None)
    table.gives(False, StashOp.PUT_IF_ABSENT, "k", 2)


@add("pop", "GD-MSG-062 GD-ERR-017")
def pop(table: Table) -> None:
    """Takes a value out, and again."""
    table.ask(StashOp.PUT, "k", [1, None])
    table.gives([1, None], StashOp.POP, "k")
    table.fails("StashKeyNotFoundError", ("table_name", "key"), StashOp.POP, "k")
    table.gives({"size": 0, "table": table.name}, StashOp.INFO)


@add("incr", "GD-MSG-063 GD-MSG-062")
def incr(table: Table) -> None:
    """Adds whole numbers and others, to what is there and to what is missing."""
    for number in (1, 2):
        table.gives(number, StashOp.INCR, "k")
    table.gives(-8, StashOp.INCR, "k", -10)
    table.gives(15, StashOp.INCR, "other", 5, initial=10)
    table.gives(20, StashOp.INCR, "other", 5, initial=10)
    for added, wanted in ((0.5, 20.5), (1, 21.5), (-0.5, 21.0)):
        found = table.ask(StashOp.INCR, "other", added)
        if not same(found, wanted):
            raise Mismatch(repr(wanted), repr(found))
    table.gives(21.0, StashOp.GET, "other")


@add("incr-of-no-number", "GD-MSG-064 GD-MSG-068")
def incr_of_no_number(table: Table) -> None:
    """Adds to what is no number, what is none, and more than a number can be."""
    for value in (True, "1", None, [1]):
        table.ask(StashOp.PUT, "k", value)
        table.fails("StashError", (), StashOp.INCR, "k")
        table.gives(value, StashOp.GET, "k")
    table.refuses("value", StashOp.INCR, "k", "1")
    for most, more in ((2**63 - 1, 1), (-(2**63), -1), (1.7e308, 1.7e308)):
        table.ask(StashOp.PUT, "k", most)
        table.fails("StashError", (), StashOp.INCR, "k", more)
        table.gives(most, StashOp.GET, "k")


@add("ttl", "GD-MSG-060 GD-MSG-061")
def ttl(table: Table) -> None:
    """Has keys live for a time: how long, until they are gone; and for ever again."""
    table.gives(True, StashOp.PUT, "k", 1, ttl=LONG_S)
    left = table.ask(StashOp.TTL, "k")
    if type(left) not in (int, float) or not 0 < left <= LONG_S:
        raise Mismatch(f"seconds up to {LONG_S}", repr(left))
    table.gives(True, StashOp.TOUCH, "k")
    table.gives(None, StashOp.TTL, "k")
    table.gives(True, StashOp.TOUCH, "k", ttl=0)
    table.gives(False, StashOp.EXISTS, "k")
    table.gives(False, StashOp.TOUCH, "k")
    table.fails("StashKeyNotFoundError", ("table_name", "key"), StashOp.TTL, "k")
    table.ask(StashOp.PUT, "k", 1, ttl=LONG_S)
    table.ask(StashOp.PUT, "k", 2)
    table.gives(None, StashOp.TTL, "k")


@add("ttl-is-over", "GD-MSG-060")
def ttl_is_over(table: Table) -> None:
    """Waits for keys whose time is short: no operation finds them any more."""
    for key in ("a", "b", "c", "d"):
        table.ask(StashOp.PUT, key, 1, ttl=SHORT_S)
    time.sleep(2 * SHORT_S)
    table.gives(False, StashOp.EXISTS, "a")
    table.fails("StashKeyNotFoundError", ("table_name", "key"), StashOp.GET, "b")
    table.gives(True, StashOp.PUT_IF_ABSENT, "c", 2)
    table.gives(["c"], StashOp.KEYS)
    table.gives({"size": 1, "table": table.name}, StashOp.INFO)


@add("incr-keeps-the-time", "GD-MSG-061")
def incr_keeps_the_time(table: Table) -> None:
    """Counts within a time that begins with the first, as for a limit of a rate."""
    table.gives(1, StashOp.INCR, "k", ttl=LONG_S)
    table.gives(2, StashOp.INCR, "k")
    table.gives(3, StashOp.INCR, "k", ttl=2 * LONG_S)
    left = table.ask(StashOp.TTL, "k")
    if left is None or not 0 < left <= LONG_S:
        raise Mismatch(f"seconds up to {LONG_S}", repr(left))


@add("versions", "GD-MSG-065")
def versions(table: Table) -> None:
    """Looks at a key's version: it stays, and grows with each value, also after it was away."""
    seen = [0]
    for change in (StashOp.PUT, StashOp.PUT, StashOp.INCR, StashOp.DELETE, StashOp.DELETE_TABLE):
        table.ask(change, "k", 1)
        if change in (StashOp.DELETE, StashOp.DELETE_TABLE):
            table.ask(StashOp.PUT, "k", 1)
        entry = table.ask(StashOp.ENTRY, "k")
        again = table.ask(StashOp.ENTRY, "k")
        if entry["version"] != again["version"] or entry["version"] <= seen[-1]:
            raise Mismatch(f"a version above {seen[-1]} that stays", f"{entry} and {again}")
        seen.append(entry["version"])
    table.gives({"version": seen[-1], "ttl": None, "value": 1}, StashOp.ENTRY, "k")
    table.fails("StashKeyNotFoundError", ("table_name", "key"), StashOp.ENTRY, "other")


@add("swap", "GD-MSG-066")
def swap(table: Table) -> None:
    """Stores where the version is the expected one, and only there."""
    first = table.ask(StashOp.SWAP, "k", "a", version=0)
    table.gives(0, StashOp.SWAP, "k", "b", version=0)
    table.gives(0, StashOp.SWAP, "k", "b")
    table.gives(0, StashOp.SWAP, "k", "b", version=first + 1)
    table.gives("a", StashOp.GET, "k")
    second = table.ask(StashOp.SWAP, "k", "b", version=first, ttl=LONG_S)
    if not second > first > 0:
        raise Mismatch("versions that grow", f"{first} and {second}")
    table.gives(0, StashOp.SWAP, "k", "c", version=first)
    table.ask(StashOp.PUT, "k", "d")
    table.gives(0, StashOp.SWAP, "k", "c", version=second)
    third = table.ask(StashOp.ENTRY, "k")["version"]
    if not table.ask(StashOp.SWAP, "k", None, version=third, ttl=0):
        raise Mismatch("a version", "0")
    table.gives(False, StashOp.EXISTS, "k")


@add("many", "GD-MSG-067 GD-MSG-068")
def many(table: Table) -> None:
    """Stores many values at once, and reads them in the order of the question."""
    pairs: list[Any] = [["a", 1], [b"a", [None]], [None, {"k": 0.5}], [True, "x"]]
    table.gives(True, StashOp.PUT_MANY, None, pairs)
    asked = [True, "missing", "a", None, b"a", "a"]
    known = [pairs[3], pairs[0], pairs[2], pairs[1], pairs[0]]
    table.gives(known, StashOp.GET_MANY, None, asked)
    table.gives([], StashOp.GET_MANY, None, [])
    no_pairs: list[Any] = [None, 1, {"a": 1}, [["a"]], [["a", 1, 2]], [[["a"], 1]], [{"a": 1}]]
    for value in no_pairs:
        table.refuses("value", StashOp.PUT_MANY, None, value)
    no_keys: list[Any] = [None, "a", {"a": 1}, [["a"]]]
    for value in no_keys:
        table.refuses("value", StashOp.GET_MANY, None, value)


@add("pages", "GD-MSG-069 GD-MSG-070")
def pages(table: Table) -> None:
    """Goes through a table page by page, while keys come and go: each that stays is listed once."""
    for start in range(0, MANY, 500):
        table.ask(StashOp.PUT_MANY, None, [[f"k{n}", n] for n in range(start, start + 500)])
    table.ask(StashOp.PUT, 7, 7)
    for pattern, wanted in ((None, [7, *_names()]), ("k*", _names()), ("k1?", _names(10, 20))):
        found, after = [], None
        while True:
            page = table.ask(StashOp.PAGE, None, None, pattern, count=400, after=after)
            found += page["keys"]
            if len(page["keys"]) > 400:
                raise Mismatch("400 keys at most", str(len(page["keys"])))
            if (after := page["next"]) is None:
                break
            table.ask(StashOp.PUT, f"new{len(found)}", 1)
            table.ask(StashOp.DELETE, f"new{len(found)}")
        if sorted(found, key=gdproto.encode) != sorted(wanted, key=gdproto.encode):
            raise Mismatch(f"{len(wanted)} keys, each once", f"{len(found)}")


def _names(start: int = 0, stop: int = MANY) -> list[Any]:
    return [f"k{number}" for number in range(start, stop)]


@add("too-deep", "GD-MSG-071")
def too_deep(table: Table) -> None:
    """Stores what is nested as deep as can be: `get` gives it, and no answer that adds to that."""
    value: Any = []
    for _ in range(DEEP - 1):
        value = [value]
    table.ask(StashOp.PUT, "k", value)
    if not same(table.ask(StashOp.GET, "k"), value):
        raise Mismatch("what was stored", "something else")
    for op, asked in ((StashOp.ENTRY, None), (StashOp.GET_MANY, ["k"])):
        table.wire.expect(fault(table.send(op, "k", asked), "nesting_too_deep"))


@add("many-do-not-fit", "GD-MSG-072")
def many_do_not_fit(table: Table) -> None:
    """Stores many values for which there is no room: none of them is there."""
    table.ask(StashOp.PUT, "small", "kept")
    pairs = [[number, b"x" * LARGE_BYTES] for number in range(2 * TIMES)]
    number = table.send(StashOp.PUT_MANY, None, pairs)
    answer = table.wire.expect(response(number, True), error(number, "StashError"))
    if isinstance(answer, gdproto.Response):
        table.ask(StashOp.DELETE_TABLE)
        raise Unsupported(f"it has room for {LARGE_BYTES * len(pairs):,} bytes: give it less")
    table.gives(["small"], StashOp.KEYS)
    table.gives("kept", StashOp.GET, "small")
