"""Every backend of the stash, by the same tests: what it answers, whatever keeps its tables.

Rules: a backend is asked as by a client, through frames. A test has a table of its own, so that
backends which outlive a test may serve all.
"""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gdproto
from dirty_runtime import StashError, StashKeyNotFoundError, StashTableNotFoundError
from dirty_runtime.arbiter.answers.registry import Later
from dirty_runtime.arbiter.answers.stash import StashAnswers
from dirty_runtime.arbiter.stash.backend import Backend
from dirty_runtime.arbiter.stash.changes import MOST
from dirty_runtime.arbiter.stash.memory import MemoryStash
from dirty_runtime.arbiter.stash.sqlite import SqliteStash
from dirty_runtime.arbiter.stash.valkey import ValkeyStash
from dirty_runtime.errors import DirtyConnectionError, DirtyProtocolError
from gdproto import StashOp
from gdproto.answers import STASH_OPERATIONS, misfits
from tests.valkey_server import program, served

NOBODY: Any = None
GONE: Any = SimpleNamespace(is_there=False)
SOMEBODY: Any = SimpleNamespace(is_there=True)
RUNNER = asyncio.Runner()
NUMBERS = itertools.count()
LONG_S = 1000


class Asked:
    """A backend, as somebody asks it who has one table."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.table = f"table {next(NUMBERS)}"
        self._answers = StashAnswers(backend)

    def __call__(self, op: StashOp, key: Any = None, value: Any = None, **more: Any) -> Any:
        return RUNNER.run(self.answer(op, key, value, **more))

    async def answer(self, op: StashOp, key: Any = None, value: Any = None, **more: Any) -> Any:
        """The result, which is as declared."""
        frame = gdproto.Stash(1, int(op), self.table, key, value, **more).to_bytes()
        result = await self._answers.answer(gdproto.parse_question(frame), NOBODY)  # type: ignore[arg-type]
        if isinstance(result, Later):
            result = await result.answer(SOMEBODY)
        told = gdproto.decode(bytes(result)) if isinstance(result, gdproto.Pieces) else result
        assert list(misfits(told, STASH_OPERATIONS[op].result)) == []
        return told

    def keys(self) -> list[Any]:
        return sorted(self(StashOp.KEYS), key=gdproto.encode)


def memory() -> Iterator[Backend]:
    tables = MemoryStash()
    yield tables

    async def emptied() -> None:
        for name in gdproto.decode(bytes(await tables.tables())):
            await tables.delete_table(name)

    # Whatever was done: what is counted has gone with what it was counted for.
    RUNNER.run(emptied())
    assert tables.bytes == 0


def sqlite() -> Iterator[Backend]:
    with tempfile.TemporaryDirectory() as folder:
        tables = SqliteStash(f"{folder}/stash")
        yield tables
        tables.close()


def valkey() -> Iterator[Backend]:
    if program() is None:
        pytest.skip("no valkey-server and no redis-server is installed")
    with served() as server:
        tables = ValkeyStash(server.url)
        yield tables
        tables.close()
        RUNNER.run(asyncio.sleep(0))


BACKENDS: dict[str, Callable[[], Iterator[Backend]]] = {
    "memory": memory,
    "sqlite": sqlite,
    "valkey": valkey,
}


@pytest.fixture(scope="module", params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    yield from BACKENDS[request.param]()


@pytest.fixture
def asked(backend: Backend) -> Asked:
    return Asked(backend)


def test_values_come_back_as_they_came(asked: Asked) -> None:
    values: list[Any] = [None, True, -(2**63), -0.0, b"\x00\xff", "\U0010ffff", [], {"a": [None]}]
    for value in values:
        assert asked(StashOp.PUT, "k", value) is True
        assert gdproto.encode(asked(StashOp.GET, "k")) == gdproto.encode(value)


def test_keys_are_their_bytes(asked: Asked) -> None:
    keys: list[Any] = [1, True, 1.0, "1", b"1", None, 0.0, -0.0]
    for number, key in enumerate(keys):
        asked(StashOp.PUT, key, number)
    assert [asked(StashOp.GET, key) for key in keys] == list(range(len(keys)))
    assert asked.keys() == sorted(keys, key=gdproto.encode)


def test_what_is_missing(asked: Asked) -> None:
    for op, answer in (
        (StashOp.KEYS, []), (StashOp.CLEAR, True), (StashOp.DELETE, False),
        (StashOp.DELETE_TABLE, False), (StashOp.EXISTS, False), (StashOp.TOUCH, False),
    ):  # fmt: skip
        assert asked(op, "k") == answer
    assert asked(StashOp.PAGE) == {"keys": [], "next": None}
    assert asked(StashOp.GET_MANY, None, ["k"]) == []
    for op in (StashOp.GET, StashOp.POP, StashOp.TTL, StashOp.ENTRY):
        with pytest.raises(StashKeyNotFoundError):
            asked(op, "k")
    with pytest.raises(StashTableNotFoundError):
        asked(StashOp.INFO)
    assert asked.table not in asked(StashOp.TABLES)


def test_a_table_is_made_cleared_and_deleted(asked: Asked) -> None:
    assert asked(StashOp.ENSURE)
    assert asked(StashOp.EXISTS)
    assert asked(StashOp.INFO) == {"size": 0, "table": asked.table}
    for key in ("a", "b", 3):
        asked(StashOp.PUT, key, key)
    assert asked(StashOp.INFO)["size"] == 3
    assert sorted(asked(StashOp.KEYS, pattern="[a-c]")) == ["a", "b"]
    assert asked.table in asked(StashOp.TABLES)
    assert asked(StashOp.DELETE, "a")
    assert not asked(StashOp.DELETE, "a")
    assert asked(StashOp.CLEAR)
    assert asked(StashOp.INFO)["size"] == 0
    assert asked(StashOp.DELETE_TABLE)
    assert not asked(StashOp.EXISTS)


def test_one_step_at_a_time(asked: Asked) -> None:
    """Many who add at once: no addition is lost, and one alone finds a key missing."""

    async def together() -> tuple[list[Any], list[Any]]:
        added = [asked.answer(StashOp.INCR, "n", 1) for _ in range(50)]
        put = [asked.answer(StashOp.PUT_IF_ABSENT, "k", number) for number in range(10)]
        return await asyncio.gather(*added), await asyncio.gather(*put)

    added, put = RUNNER.run(together())
    assert sorted(added) == list(range(1, 51))
    assert put.count(True) == 1
    assert asked(StashOp.GET, "n") == 50


def test_numbers(asked: Asked) -> None:
    assert asked(StashOp.INCR, "k", 5, initial=10) == 15
    assert asked(StashOp.INCR, "k", 0.5) == 15.5
    assert asked(StashOp.INCR, "k", -15.5) == 0.0
    for value, more in (("a", 1), (True, 1), (2**63 - 1, 1), (1.7e308, 1.7e308)):
        asked(StashOp.PUT, "k", value)
        with pytest.raises(StashError):
            asked(StashOp.INCR, "k", more)
        assert asked(StashOp.GET, "k") == value
    with pytest.raises(DirtyProtocolError, match="a number is needed"):
        asked(StashOp.INCR, "k", "1")


def test_versions(asked: Asked) -> None:
    first = asked(StashOp.SWAP, "k", "a")
    assert first > 0
    assert asked(StashOp.ENTRY, "k") == {"version": first, "ttl": None, "value": "a"}
    assert asked(StashOp.SWAP, "k", "b", version=0) == 0
    second = asked(StashOp.SWAP, "k", "b", version=first, ttl=LONG_S)
    assert second > first
    assert asked(StashOp.SWAP, "k", "c", version=first) == 0
    entry = asked(StashOp.ENTRY, "k")
    assert (entry["version"], entry["value"]) == (second, "b")
    assert 0 < entry["ttl"] <= LONG_S
    seen = second
    for op in (StashOp.PUT, StashOp.DELETE, StashOp.CLEAR, StashOp.DELETE_TABLE):
        asked(op, "k", "d")
        asked(StashOp.PUT, "k", "d")
        version = asked(StashOp.ENTRY, "k")["version"]
        assert version > seen
        assert asked(StashOp.ENTRY, "k")["version"] == version
        seen = version
    assert asked(StashOp.TOUCH, "k", ttl=LONG_S)
    assert asked(StashOp.ENTRY, "k")["version"] == seen
    assert asked(StashOp.SWAP, "k", None, version=seen, ttl=0) > seen
    assert not asked(StashOp.EXISTS, "k")


def test_a_time_to_live(asked: Asked) -> None:
    asked(StashOp.PUT, "k", 1, ttl=LONG_S)
    assert 0 < asked(StashOp.TTL, "k") <= LONG_S
    assert asked(StashOp.INCR, "k", 1, ttl=2 * LONG_S) == 2
    assert 0 < asked(StashOp.TTL, "k") <= LONG_S
    assert asked(StashOp.TOUCH, "k", ttl=2 * LONG_S)
    assert LONG_S < asked(StashOp.TTL, "k") <= 2 * LONG_S
    assert asked(StashOp.TOUCH, "k")
    assert asked(StashOp.TTL, "k") is None
    asked(StashOp.PUT, "k", 1, ttl=1e300)
    assert asked(StashOp.TTL, "k") > 1e9
    asked(StashOp.PUT, "k", 2)
    assert asked(StashOp.TTL, "k") is None
    for op in (StashOp.PUT, StashOp.TOUCH):
        asked(StashOp.PUT, "k", 1)
        asked(op, "k", 1, ttl=0)
        assert not asked(StashOp.EXISTS, "k")


def test_what_has_lived_its_time_is_missing_everywhere(asked: Asked) -> None:
    ops = (StashOp.GET, StashOp.POP, StashOp.TTL, StashOp.ENTRY)
    names = ["keys", *(op.name for op in ops), "add", "absent", "swap", "many"]
    asked(StashOp.PUT, "stays", 1)
    asked(StashOp.PUT_MANY, None, [[name, 7] for name in names], ttl=0.02)
    RUNNER.run(asyncio.sleep(0.04))
    assert asked(StashOp.INFO)["size"] == 1
    assert asked.keys() == ["stays"]
    assert asked(StashOp.PAGE)["keys"] == ["stays"]
    for op in ops:
        with pytest.raises(StashKeyNotFoundError):
            asked(op, op.name)
    assert not asked(StashOp.EXISTS, "keys")
    assert not asked(StashOp.DELETE, "keys")
    assert not asked(StashOp.TOUCH, "keys", ttl=LONG_S)
    assert asked(StashOp.INCR, "add", 1) == 1
    assert asked(StashOp.PUT_IF_ABSENT, "absent", 1)
    assert asked(StashOp.SWAP, "swap", 1, version=0) > 0
    assert asked(StashOp.GET_MANY, None, ["many", "stays"]) == [["stays", 1]]


def test_many(asked: Asked) -> None:
    pairs: list[Any] = [["a", 1], [b"a", [None]], [None, {"k": 0.5}], [True, "x"], ["a", 2]]
    assert asked(StashOp.PUT_MANY, None, pairs) is True
    wanted = [[True, "x"], ["a", 2], [None, {"k": 0.5}], ["a", 2]]
    assert asked(StashOp.GET_MANY, None, [True, "a", "no", None, "a"]) == wanted
    for value in (None, 1, {}, [1], [["a"]], [["a", 1, 2]], [[["a"], 1]], [["b", 1], [{}, 1]]):
        with pytest.raises(DirtyProtocolError) as refused:
            asked(StashOp.PUT_MANY, None, value)
        assert (refused.value.code, refused.value.path) == ("invalid_field_value", "value")
    assert not asked(StashOp.EXISTS, "b")


@pytest.mark.parametrize("count", [1, 7, 400, None])
def test_pages_have_each_key_once(asked: Asked, count: int | None) -> None:
    size = 40 if count == 1 else 5000 if count is None else 600
    asked(StashOp.PUT_MANY, None, [[number, 0] for number in range(size)] + [[None, 0]])
    found: list[Any] = []
    page = asked(StashOp.PAGE, count=count)
    while True:
        assert len(page["keys"]) <= (count or size)
        found += page["keys"]
        if page["next"] is None:
            break
        if len(found) < 20:
            # Not for ever: what comes may come behind all pages that there were.
            asked(StashOp.PUT, f"new {len(found)}", 0)
        page = asked(StashOp.PAGE, count=count, after=page["next"])
    old = [key for key in found if not isinstance(key, str)]
    assert sorted(old, key=gdproto.encode) == sorted([*range(size), None], key=gdproto.encode)


def test_a_page_is_that_of_a_pattern(asked: Asked) -> None:
    asked(StashOp.PUT_MANY, None, [[f"k{number}", 0] for number in range(50)] + [[5, 0]])
    assert len(asked(StashOp.PAGE, pattern="k*")["keys"]) == 50
    assert sorted(asked(StashOp.PAGE, pattern="k4?")["keys"]) == [f"k{n}" for n in range(40, 50)]
    with pytest.raises(DirtyProtocolError) as refused:
        asked(StashOp.PAGE, after="k1")
    assert refused.value.path == "after"


def test_what_is_nested_too_deep_for_an_answer_is_refused(asked: Asked) -> None:
    value: Any = []
    for _ in range(510):
        value = [value]
    asked(StashOp.PUT, "k", value)
    assert asked(StashOp.GET, "k") == value
    for op, keys in ((StashOp.ENTRY, None), (StashOp.GET_MANY, ["k"])):
        with pytest.raises(DirtyProtocolError) as refused:
            asked(op, "k", keys)
        assert refused.value.code == "nesting_too_deep"


KEYS = st.sampled_from(["a", "b", 1, None])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just(StashOp.PUT), KEYS, st.integers(0, 9)),
        st.tuples(st.just(StashOp.PUT_IF_ABSENT), KEYS, st.integers(0, 9)),
        st.tuples(st.just(StashOp.INCR), KEYS, st.integers(-9, 9)),
        st.tuples(st.just(StashOp.SWAP), KEYS, st.booleans()),
        st.tuples(st.sampled_from([StashOp.POP, StashOp.DELETE, StashOp.TOUCH]), KEYS, st.none()),
        st.tuples(st.just(StashOp.PUT_MANY), KEYS, st.integers(0, 9)),
        st.tuples(st.sampled_from([StashOp.CLEAR, StashOp.DELETE_TABLE]), KEYS, st.none()),
    ),
    max_size=25,
)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(STEPS)
def test_a_table_agrees_with_a_dict(backend: Backend, steps: list[Any]) -> None:
    asked, model = Asked(backend), dict[Any, int]()
    for op, key, value in steps:
        if op is StashOp.SWAP:
            version = asked(StashOp.ENTRY, key)["version"] if key in model else 0
            swapped = asked(op, key, 5, version=version + (0 if value else 1))
            assert bool(swapped) is value
            if value:
                model[key] = 5
            continue
        if op is StashOp.POP and key not in model:
            with pytest.raises(StashKeyNotFoundError):
                asked(op, key)
            continue
        told = asked(op, key, [[key, value], ["z", value]] if op is StashOp.PUT_MANY else value)
        if op is StashOp.PUT or (op is StashOp.PUT_IF_ABSENT and key not in model):
            assert told is True
            model[key] = value
        elif op is StashOp.PUT_IF_ABSENT:
            assert told is False
        elif op is StashOp.INCR:
            model[key] = model.get(key, 0) + value
            assert told == model[key]
        elif op is StashOp.PUT_MANY:
            model |= {key: value, "z": value}
        elif op is StashOp.POP:
            assert told == model.pop(key)
        elif op in (StashOp.DELETE, StashOp.TOUCH):
            assert told == (key in model)
            if op is StashOp.DELETE:
                model.pop(key, None)
        else:
            model.clear()
    assert asked.keys() == sorted(model, key=gdproto.encode)
    assert dict(asked(StashOp.GET_MANY, None, list(model))) == model


def test_a_list_has_two_ends(asked: Asked) -> None:
    assert asked(StashOp.PUSH_RIGHT, "l", 1) == 1
    assert asked(StashOp.PUSH_RIGHT, "l", [2]) == 2
    assert asked(StashOp.PUSH_LEFT, "l", None) == 3
    assert asked(StashOp.LENGTH, "l") == 3
    assert asked(StashOp.POP_RIGHT, "l") == [2]
    assert asked(StashOp.POP_LEFT, "l") is None
    assert asked(StashOp.POP_LEFT, "l") == 1
    assert asked(StashOp.LENGTH, "l") == 0
    for op in (StashOp.POP_LEFT, StashOp.POP_RIGHT):
        with pytest.raises(StashKeyNotFoundError):
            asked(op, "l")


def test_a_list_is_no_key(asked: Asked) -> None:
    asked(StashOp.PUSH_LEFT, "k", 1)
    assert asked(StashOp.EXISTS)
    assert not asked(StashOp.EXISTS, "k")
    assert asked.keys() == []
    asked(StashOp.PUT, "k", 2)
    assert asked(StashOp.DELETE, "k")
    assert asked(StashOp.LENGTH, "k") == 1
    for op in (StashOp.CLEAR, StashOp.DELETE_TABLE):
        asked(StashOp.PUSH_LEFT, "k", 1)
        assert asked(op)
        assert asked(StashOp.LENGTH, "k") == 0
    assert not asked(StashOp.EXISTS)


def test_who_waits_first_is_served_first(asked: Asked) -> None:
    async def wait() -> list[Any]:
        waiting = []
        for _ in range(5):
            waiting.append(asyncio.ensure_future(asked.answer(StashOp.POP_LEFT, "l", wait=LONG_S)))
            # Each has asked before the next one does.
            with pytest.raises(StashKeyNotFoundError):
                await asked.answer(StashOp.POP_LEFT, "l")
        for number in range(5):
            await asked.answer(StashOp.PUSH_RIGHT, "l", number)
        return await asyncio.gather(*waiting)

    assert RUNNER.run(wait()) == list(range(5))


def test_each_item_is_given_once(asked: Asked) -> None:
    async def wait() -> list[Any]:
        ops = (StashOp.POP_LEFT, StashOp.POP_RIGHT)
        waiting = [asked.answer(ops[n % 2], "l", wait=LONG_S) for n in range(40)]
        pushed = [asked.answer(StashOp.PUSH_LEFT, "l", number) for number in range(40)]
        return (await asyncio.gather(*waiting, *pushed))[:40]

    assert sorted(RUNNER.run(wait())) == list(range(40))
    assert asked(StashOp.LENGTH, "l") == 0


def test_who_is_cancelled_takes_nothing(asked: Asked) -> None:
    async def wait() -> list[Any]:
        for turns in range(12):
            gone = asyncio.ensure_future(asked.answer(StashOp.POP_LEFT, "l", wait=LONG_S))
            stays = asyncio.ensure_future(asked.answer(StashOp.POP_LEFT, "l", wait=LONG_S))
            await asyncio.sleep(0)
            pushing = asyncio.ensure_future(asked.answer(StashOp.PUSH_RIGHT, "l", turns))
            # At one point after the other of what happens then.
            for _ in range(turns):
                await asyncio.sleep(0.001 * (turns % 3))
            gone.cancel()
            await pushing
            if gone in (await asyncio.wait([gone]))[0] and not gone.cancelled():
                assert gone.result() == turns
                await asked.answer(StashOp.PUSH_RIGHT, "l", turns)
            assert await stays == turns
        return []

    RUNNER.run(wait())
    assert asked(StashOp.LENGTH, "l") == 0


def test_a_wait_has_an_end(asked: Asked) -> None:
    with pytest.raises(StashKeyNotFoundError):
        asked(StashOp.POP_LEFT, "l", wait=0.02)
    assert asked(StashOp.PUSH_LEFT, "l", 1) == 1
    assert asked(StashOp.POP_LEFT, "l", wait=0) == 1


def changed(asked: Asked, after: Any, **more: Any) -> tuple[list[tuple[str, Any]], Any, bool]:
    """The changes since then, the place behind them, and whether some were missed."""
    told = asked(StashOp.CHANGES, after=after, **more)
    return [(one["kind"], one["key"]) for one in told["changes"]], told["next"], told["missed"]


def test_changes_are_told_in_their_order(asked: Asked) -> None:
    asked(StashOp.PUT, "before", 1)
    none, after, missed = changed(asked, None)
    assert (none, missed) == ([], False)
    steps: list[tuple[StashOp, Any, Any, str]] = [
        (StashOp.PUT, "a", 1, "put"), (StashOp.PUT_IF_ABSENT, "b", 1, "put"),
        (StashOp.INCR, "a", 1, "put"), (StashOp.SWAP, 7, 1, "put"),
        (StashOp.DELETE, "a", None, "delete"),
        (StashOp.POP, "b", None, "delete"), (StashOp.TOUCH, 7, None, "delete"),
        (StashOp.PUSH_LEFT, "l", 1, "push"), (StashOp.PUSH_RIGHT, "l", 1, "push"),
        (StashOp.POP_LEFT, "l", None, "pop"), (StashOp.POP_RIGHT, "l", None, "pop"),
        (StashOp.CLEAR, None, None, "clear"), (StashOp.DELETE_TABLE, None, None, "clear"),
    ]  # fmt: skip
    for op, key, value, _ in steps:
        asked(op, key, value, **({"ttl": 0} if op is StashOp.TOUCH else {}))
    wanted = [(kind, key) for _, key, _, kind in steps]
    told: list[tuple[str, Any]] = []
    while len(told) < len(wanted):
        # Another process tells of them, where the tables are with one: they come in time.
        some, after, missed = changed(asked, after, wait=LONG_S, count=5)
        assert some
        assert not missed
        assert len(some) <= 5
        told += some
    assert told == wanted
    assert changed(asked, after)[0] == []


def test_changes_of_a_pattern(asked: Asked) -> None:
    after = changed(asked, None)[1]
    for key in ("a1", 1, "b1", "a2"):
        asked(StashOp.PUT, key, 0)
    told: list[tuple[str, Any]] = []
    while len(told) < 2:
        some, after, _ = changed(asked, after, pattern="a*", wait=LONG_S)
        told += some
    assert told == [("put", "a1"), ("put", "a2")]


def test_what_has_lived_its_time_is_told(asked: Asked) -> None:
    after = changed(asked, None)[1]
    asked(StashOp.PUT, "k", 1, ttl=0.02)
    told: list[tuple[str, Any]] = []
    while len(told) < 2:
        some, after, _ = changed(asked, after, wait=LONG_S)
        told += some
    assert told == [("put", "k"), ("expire", "k")]


def test_who_is_slow_is_told_that_he_missed_some(asked: Asked) -> None:
    after = changed(asked, None)[1]
    for start in range(0, 2 * MOST, 500):
        asked(StashOp.PUT_MANY, None, [[number, 0] for number in range(start, start + 500)])
    last = ("put", 2 * MOST - 1)
    told, after, missed = changed(asked, after, wait=LONG_S)
    seen_missed = missed
    while last not in told:
        told, after, missed = changed(asked, after, wait=LONG_S)
        seen_missed = seen_missed or missed
    assert seen_missed
    assert len(told) <= MOST
    asked(StashOp.PUT, "k", 0)
    assert changed(asked, after, wait=LONG_S)[::2] == ([("put", "k")], False)


def test_no_place_is_refused_and_an_unknown_one_is_missed(asked: Asked) -> None:
    for after in ("a", b"", b"x" * 15, 5):
        with pytest.raises(DirtyProtocolError) as refused:
            changed(asked, after)
        assert refused.value.path == "after"
    none, after, missed = changed(asked, b"x" * 16, wait=LONG_S)
    assert (none, missed) == ([], True)
    assert changed(asked, after, wait=0.01)[::2] == ([], False)


def test_a_watcher_that_is_cancelled_is_gone(asked: Asked) -> None:
    after = changed(asked, None)[1]

    async def watch() -> None:
        gone = [
            asyncio.ensure_future(asked.answer(StashOp.CHANGES, after=after, wait=LONG_S))
            for _ in range(3)
        ]
        await asyncio.sleep(0.01)
        for one in gone[1:]:
            one.cancel()
        await asked.answer(StashOp.PUT, "k", 1)
        assert [one["key"] for one in (await gone[0])["changes"]] == ["k"]

    RUNNER.run(watch())


def test_who_left_before_he_was_cancelled_gives_back(asked: Asked) -> None:
    async def wait() -> None:
        frame = gdproto.Stash(1, int(StashOp.POP_RIGHT), asked.table, "l", wait=LONG_S)
        question: Any = gdproto.parse_question(frame.to_bytes())
        later = await StashAnswers(asked.backend).answer(question, NOBODY)
        assert isinstance(later, Later)
        popping = asyncio.ensure_future(later.answer(GONE))
        await asked.answer(StashOp.PUSH_RIGHT, "l", 1)
        await asked.answer(StashOp.PUSH_RIGHT, "l", 2)
        with pytest.raises(DirtyConnectionError):
            await popping
        assert await asked.answer(StashOp.LENGTH, "l") == 2

    RUNNER.run(wait())
