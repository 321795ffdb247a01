"""The stash's tables, and the health of apps: pure, against models."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gdproto
from dirty_runtime import StashError, StashKeyNotFoundError, StashTableNotFoundError
from dirty_runtime.app import AppSpec
from dirty_runtime.arbiter.answers.management import Management
from dirty_runtime.arbiter.answers.stash import StashAnswers
from dirty_runtime.arbiter.policy.allocation import allocate, slot_to_add, slot_to_remove
from dirty_runtime.arbiter.policy.health import Health
from dirty_runtime.arbiter.stash.expiry import Expiry
from dirty_runtime.arbiter.stash.glob import Glob
from dirty_runtime.arbiter.stash.memory import MemoryStash
from gdproto import ManageOp, StashOp
from gdproto.answers import MANAGE_OPERATIONS, STASH_OPERATIONS, Operation

# Answers of the stash do not depend on who asks.
NOBODY: Any = None
# What takes long awaits its turns, and on a busy machine anything may.
RUNNER = asyncio.Runner()


def ask(
    tables: MemoryStash, op: StashOp, table: str = "t", key: Any = None, value: Any = None,
    pattern: str | None = None, **more: Any,
) -> Any:  # fmt: skip
    frame = gdproto.Stash(1, int(op), table, key, value, pattern, **more).to_bytes()
    answering = StashAnswers(tables).answer(gdproto.parse_stash(frame), NOBODY)
    result = RUNNER.run(answering)
    return gdproto.decode(bytes(result)) if isinstance(result, gdproto.Pieces) else result


@pytest.mark.parametrize("op", StashOp)
def test_every_operation_has_its_method(op: StashOp) -> None:
    operation = STASH_OPERATIONS[op]
    method = inspect.signature(getattr(MemoryStash(), operation.name))
    assert list(method.parameters) == [parameter.name for parameter in operation.parameters]


MISSING = [
    (StashOp.KEYS, []), (StashOp.CLEAR, True), (StashOp.DELETE, False),
    (StashOp.DELETE_TABLE, False), (StashOp.EXISTS, False), (StashOp.TABLES, []),
]  # fmt: skip


@pytest.mark.parametrize(("op", "answer"), MISSING)
def test_a_missing_table(op: StashOp, answer: Any) -> None:
    assert ask(MemoryStash(), op, key="k" if op is StashOp.DELETE else None) == answer


def test_what_is_missing_is_named() -> None:
    tables = MemoryStash()
    with pytest.raises(StashKeyNotFoundError) as key:
        ask(tables, StashOp.GET, "t", "k")
    assert (key.value.table_name, key.value.key) == ("t", "k")
    with pytest.raises(StashTableNotFoundError) as table:
        ask(tables, StashOp.INFO, "t")
    assert table.value.table_name == "t"


@pytest.mark.parametrize("value", [None, {"error": "no"}, [], b"\xff", {"a": [1, None]}, 1.5])
def test_any_value_can_be_stored(value: Any) -> None:
    tables = MemoryStash()
    assert ask(tables, StashOp.PUT, key="k", value=value) is True
    assert ask(tables, StashOp.GET, key="k") == value


def test_keys_are_equal_when_their_bytes_are() -> None:
    tables = MemoryStash()
    keys = [True, 1, 1.0, "1", b"1", None]
    for number, key in enumerate(keys):
        ask(tables, StashOp.PUT, key=key, value=number)
    assert [ask(tables, StashOp.GET, key=key) for key in keys] == list(range(6))
    assert ask(tables, StashOp.INFO) == {"size": 6, "table": "t"}
    assert ask(tables, StashOp.KEYS, pattern="*") == ["1"]
    assert ask(tables, StashOp.EXISTS, key=2) is False
    assert ask(tables, StashOp.EXISTS) is True


PATTERNS = [
    ("*", "anything", True), ("", "", True), ("", "a", False), ("a?c", "abc", True),
    ("a?c", "ac", False), ("A*", "abc", False), ("[ab]c", "bc", True), ("[!ab]c", "bc", False),
    ("[!ab]c", "cc", True), ("a.c", "abc", False), ("a\n*", "a\nb", True), ("[", "[", True),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "text", "matches"), PATTERNS)
def test_patterns(pattern: str, text: str, matches: bool) -> None:
    assert Glob(pattern).matches(text) is matches


STEPS = st.lists(
    st.tuples(
        st.sampled_from([StashOp.PUT, StashOp.DELETE, StashOp.CLEAR, StashOp.DELETE_TABLE,
                         StashOp.ENSURE]),
        st.sampled_from("ab"),
        st.integers(0, 3),
        st.binary(max_size=40),
    )
)  # fmt: skip


@given(STEPS)
def test_tables_agree_with_dicts_and_count_their_bytes(steps: list[Any]) -> None:
    tables, model = MemoryStash(max_bytes=2000), dict[str, dict[int, bytes]]()
    for op, table, key, value in steps:
        try:
            ask(tables, op, table, key, value)
        except StashError:
            assert op in (StashOp.PUT, StashOp.ENSURE)
            continue
        if op is StashOp.PUT:
            model.setdefault(table, {})[key] = value
        elif op is StashOp.DELETE:
            model.get(table, {}).pop(key, None)
        elif op is StashOp.CLEAR:
            model.get(table, {}).clear()
        elif op is StashOp.DELETE_TABLE:
            model.pop(table, None)
        else:
            model.setdefault(table, {})
        assert tables.bytes <= 2000
    assert sorted(ask(tables, StashOp.TABLES)) == sorted(model)
    for table, entries in model.items():
        assert {key: ask(tables, StashOp.GET, table, key) for key in entries} == entries
        assert ask(tables, StashOp.KEYS, table) == list(entries)
        ask(tables, StashOp.DELETE_TABLE, table)
    assert tables.bytes == 0


# --- health ---


def test_an_init_that_fails_is_tried_again_after_waits_that_double() -> None:
    health = Health(["a", "b"], max_crashes=3, window_s=10, first_s=1, longest_s=5)
    now_s = 0.0
    for wait_s in (1, 2, 4, 5, 5):
        health.init_failed("a", "why", now_s)
        assert health.is_down("a")
        assert health.due(now_s + wait_s - 0.01) == []
        assert health.next_retry_s(now_s) == now_s + wait_s
        now_s += wait_s
        assert health.due(now_s) == ["a"]
    assert health.reasons() == {"a": "why"}
    health.booted("a")
    assert (health.reasons(), health.reason("a")) == ({}, "")
    assert health.next_retry_s(0) is None
    assert not health.is_down("b")


def test_an_init_may_fail_for_ever() -> None:
    health = Health(["a"], max_crashes=3, window_s=10)
    for _ in range(2000):
        health.init_failed("a", "why", 0.0)
    assert health.next_retry_s(0) == 60
    assert health.next_retry_s(60) is None


def test_deaths_within_the_window_put_an_app_aside() -> None:
    health = Health(["a"], max_crashes=3, window_s=10)
    for now_s in (0, 4, 11):
        health.died("a", "killed", now_s)
    assert not health.is_down("a")
    health.died("a", "killed", 12)
    assert "3 deaths in 10 s" in health.reason("a")
    assert health.due(21.9) == []
    assert health.due(22) == ["a"]
    health.booted("a")
    health.died("a", "killed", 23)
    assert not health.is_down("a")


def test_to_forgive_is_to_forget() -> None:
    health = Health(["a"], max_crashes=1, window_s=10)
    health.died("a", "killed", 0)
    assert health.is_down("a")
    health.forgive()
    assert not health.is_down("a")


# --- slots ---


SPECS = st.lists(
    st.tuples(st.none() | st.integers(1, 4), st.sampled_from(["", "node"])), min_size=1, max_size=4
).map(lambda specs: [AppSpec(f"m:A{number}", *spec) for number, spec in enumerate(specs)])


@given(SPECS, st.integers(1, 5), st.lists(st.booleans(), max_size=12))
def test_scaling_never_takes_an_app_its_last_slot(
    specs: list[AppSpec], workers: int, steps: list[bool]
) -> None:
    homes = allocate(specs, workers)
    for grows in steps:
        if grows:
            ((number, paths),) = slot_to_add(specs, homes).items()
            assert number not in homes
            homes[number] = paths
        elif (victim := slot_to_remove(specs, homes)) is not None:
            del homes[victim]
        for spec in specs:
            count = sum(spec.path in paths for paths in homes.values())
            assert count >= 1
            assert spec.workers is None or count <= spec.workers
        launcher_of = {spec.path: spec.launcher for spec in specs}
        for paths in homes.values():
            assert len({launcher_of[path] for path in paths}) <= 1


def test_a_slot_that_is_added_takes_what_lacks_workers_and_nothing_else() -> None:
    specs = [AppSpec("m:All", None), AppSpec("m:Two", 2), AppSpec("m:One", 1)]
    homes = {0: ("m:All", "m:Two", "m:One"), 2: ("m:All",)}
    assert slot_to_add(specs, homes) == {1: ("m:All", "m:Two")}
    assert slot_to_add(specs[2:], {0: ("m:One",)}) == {1: ()}


def test_the_highest_slot_that_no_app_needs_is_removed() -> None:
    specs = [AppSpec("m:All", None), AppSpec("m:One", 1)]
    homes = {0: ("m:All",), 1: ("m:All",), 2: ("m:All", "m:One")}
    assert slot_to_remove(specs, homes) == 1
    assert slot_to_remove(specs, {0: ("m:All", "m:One")}) is None
    assert slot_to_remove(specs, {0: ("m:All",), 1: ("m:All",)}) is None, "one is not served"


def test_an_operation_that_nobody_does_is_named_at_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    more = STASH_OPERATIONS[StashOp.GET]._replace(name="take_all", code=99)
    monkeypatch.setitem(cast(dict[int, Operation], STASH_OPERATIONS), 99, more)
    with pytest.raises(NotImplementedError, match="MemoryStash has no stash operation take_all"):
        StashAnswers(MemoryStash())
    other = MANAGE_OPERATIONS[ManageOp.ADD]._replace(name="pause", code=99)
    monkeypatch.setitem(cast(dict[int, Operation], MANAGE_OPERATIONS), 99, other)
    nothing = cast(Any, None)
    with pytest.raises(NotImplementedError, match="nothing does the operation pause of MANAGE"):
        Management(*[nothing] * 6)


# --- what lives for a time ---


def test_what_is_set_again_and_again_takes_no_more() -> None:
    expiry: Expiry[str] = Expiry()
    for number in range(2000):
        start = expiry.set("k", number + 1.5 * number**2, float(number) - 1)
        expiry.drop("k", start)
    buckets = expiry._buckets
    assert len(buckets) < 600
    assert not any(len(bucket) for bucket in buckets.values())


@given(st.lists(st.floats(0.001, 1e6), min_size=1, max_size=30), st.floats(0.1, 1e5))
def test_everything_goes_at_its_time(lives_s: list[float], step_s: float) -> None:
    expiry: Expiry[int] = Expiry()
    left, now_s = dict(enumerate(lives_s)), 0.0
    for number, due_s in left.items():
        expiry.set(number, due_s, now_s)
    while left:
        now_s += max(step_s, (min(left.values()) - now_s) / 2)
        for number, due_s in expiry.due(now_s):
            if due_s > now_s:
                expiry.set(number, due_s, now_s)
            else:
                assert left.pop(number) == due_s
        assert all(due_s > now_s for due_s in left.values())


def test_what_has_lived_its_time_leaves_its_room() -> None:
    tables = MemoryStash(max_bytes=5000)
    ask(tables, StashOp.ENSURE)
    empty = tables.bytes
    ask(tables, StashOp.PUT, key="k", value=b"x" * 1000, ttl=1000)
    with pytest.raises(StashError, match="does not fit"):
        ask(tables, StashOp.PUT_MANY, value=[[n, b"x" * 1000] for n in range(4)])
    assert ask(tables, StashOp.KEYS) == ["k"]
    ask(tables, StashOp.TOUCH, key="k", ttl=0.02)

    async def waits() -> None:
        while tables.bytes > empty:
            await asyncio.sleep(0.005)

    RUNNER.run(asyncio.wait_for(waits(), 10))
    assert ask(tables, StashOp.PUT_MANY, value=[[n, b"x" * 1000] for n in range(4)]) is True
