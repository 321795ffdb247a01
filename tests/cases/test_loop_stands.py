"""The bytes of a caller do not decide how long the arbiter's loop stands.

Long work is done in slices, of which each turn of the loop has one. What is told here in pure logic
is measured, against a real arbiter, by `tests/acceptance/attacks.py`.
"""

from __future__ import annotations

import asyncio
import fnmatch
import gc
import time
from collections import Counter
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gdproto
from dirty_runtime import DirtyProtocolError
from dirty_runtime.arbiter.answers.stash import StashAnswers
from dirty_runtime.arbiter.answers.status import StatusAnswers
from dirty_runtime.arbiter.calls import Calls
from dirty_runtime.arbiter.clients.connection import takes_long
from dirty_runtime.arbiter.policy.life import State
from dirty_runtime.arbiter.policy.routing import Router
from dirty_runtime.arbiter.stash import glob as globs
from dirty_runtime.arbiter.stash import shards
from dirty_runtime.arbiter.stash.glob import Glob
from dirty_runtime.arbiter.stash.memory import MemoryStash
from dirty_runtime.arbiter.telemetry.counters import Counters
from dirty_runtime.arbiter.turns import AT_ONCE_S, SLICE_S, Turns
from dirty_runtime.arbiter.workers.process import Placement
from dirty_runtime.sockets.passing import Account
from gdproto import StashOp
from gdproto.answers import STASH_OPERATIONS

LIMIT_S = 30.0
MANY = 20_000
NOBODY: Any = None
ONE = gdproto.Encoded(gdproto.encode(1))

PATTERNS = st.text("ab*?[]!-^&~|c\\.\n", max_size=14)
TEXTS = st.text("ab-]![^c\\.\n&", max_size=10)


async def no_pause() -> None:
    """For who is alone."""


def ended(work: Coroutine[Any, Any, Any]) -> Any:
    """The result of what awaits nothing."""
    with pytest.raises(StopIteration) as done:
        work.send(None)
    return done.value.value


@given(PATTERNS, TEXTS)
def test_a_pattern_matches_what_it_always_did(pattern: str, text: str) -> None:
    wanted = fnmatch.fnmatchcase(text, pattern)
    glob = Glob(pattern)
    assert glob.matches(text) == wanted
    assert ended(glob.matches_in_turns(text, no_pause)) == wanted


@given(PATTERNS, TEXTS)
def test_a_long_text_is_matched_in_pieces_as_in_one(pattern: str, text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(globs, "QUICK", 3)
        wanted = fnmatch.fnmatchcase(text, pattern)
        assert ended(Glob(pattern).matches_in_turns(text, no_pause)) == wanted


LONGEST = next(one for one in STASH_OPERATIONS[StashOp.KEYS].parameters if not one.required)
UNKIND = ["[", "[a-z]", "*a", "*[!b]", "?", "*?", "[!a", "*[", "]", "a"]


@pytest.mark.parametrize("piece", UNKIND)
def test_no_pattern_takes_long_to_read(piece: str) -> None:
    pattern = (piece * LONGEST.max_bytes)[: LONGEST.max_bytes]
    begun_s = time.thread_time()
    glob = Glob(pattern)
    glob.matches("a" * 40)
    # Milliseconds; as an expression of the library's it would be minutes.
    assert time.thread_time() - begun_s < 0.5


@pytest.mark.parametrize(
    "pattern", ["*a" * 300 + "*b*", "*" + "?" * 500 + "b*", "*[!b]" * 200 + "*b*"]
)
def test_a_long_key_is_matched_with_pauses(pattern: str) -> None:
    pauses = 0

    async def pause() -> None:
        nonlocal pauses
        pauses += 1

    text = "a" * 200_000
    assert not Glob(pattern).is_quick(text)
    assert ended(Glob(pattern).matches_in_turns(text, pause)) is False
    assert pauses > 2


def test_what_is_longer_than_an_operation_takes_is_refused_before_it_is_looked_at() -> None:
    stash = StashAnswers(MemoryStash())
    for code, operation in STASH_OPERATIONS.items():
        for parameter in operation.parameters:
            if not parameter.max_bytes:
                continue
            given: dict[str, Any] = {"table": "t", "key": "k", "value": None}
            for size, fits in ((parameter.max_bytes, True), (parameter.max_bytes + 1, False)):
                message = gdproto.Stash(1, int(code), **given | {parameter.name: "x" * size})
                if not fits:
                    with pytest.raises(DirtyProtocolError) as refused:
                        stash.answer(message, NOBODY).send(None)
                    assert refused.value.details["code"] == "invalid_field_value"
                    assert refused.value.details["path"] == parameter.name


class Facts:
    """Something with attributes."""

    def __init__(self, **facts: Any) -> None:
        self.__dict__.update(facts)


class Watched:
    """A stash, and how long the loop stood while it worked, in processor time."""

    def __init__(self) -> None:
        self.stash = MemoryStash(0, Turns())
        self.turns = 0
        self.longest_s = 0.0

    async def look_on(self) -> None:
        while True:
            begun_s = time.thread_time()
            await asyncio.sleep(0)
            self.longest_s = max(self.longest_s, time.thread_time() - begun_s)
            self.turns += 1

    async def fill(self, table: str, count: int = MANY) -> None:
        for number in range(count):
            value = gdproto.Encoded(gdproto.encode(number))
            await self.stash.put(table, f"key:{number}", value)

    async def during(self, *works: Coroutine[Any, Any, Any]) -> list[Any]:
        # As the arbiter does at its start: the collector has not all of this process to look at.
        gc.collect()
        gc.freeze()
        try:
            looking = asyncio.create_task(self.look_on())
            await asyncio.sleep(0)
            async with asyncio.timeout(LIMIT_S):
                found = await asyncio.gather(*works)
            looking.cancel()
        finally:
            gc.unfreeze()
        return found


WORKS = {
    "keys": lambda stash: stash.keys("t"),
    "keys of a pattern": lambda stash: stash.keys("t", "*[0-4]*[5-9]"),
    "clear": lambda stash: stash.clear("t"),
    "delete_table": lambda stash: stash.delete_table("t"),
}


@pytest.mark.parametrize("work", WORKS)
def test_many_keys_are_worked_on_in_slices(work: str) -> None:
    async def test() -> None:
        watched = Watched()
        await watched.fill("t")
        await watched.during(WORKS[work](watched.stash))
        assert watched.turns > 2
        assert watched.longest_s < 10 * (SLICE_S + AT_ONCE_S)

    asyncio.run(test())


def test_however_many_ask_each_turn_of_the_loop_has_one_slice() -> None:
    async def test() -> None:
        watched = Watched()
        await watched.fill("t", MANY // 4)
        asked = [watched.stash.keys("t", f"*{number}*") for number in range(10)]
        await watched.during(*asked)
        # The first turn has what is done at once, of each of them.
        assert watched.turns > 10

    asyncio.run(test())


def test_status_of_many_workers_is_made_in_slices() -> None:
    worker = Facts(
        pid=1, age=1, slot=1, apps=[f"module:App{number}" for number in range(64)],
        state=State.READY, lanes=[Facts(silent_since_s=0.0, places=(0,))] * 4, places=range(4),
        started_s=0.0, served=0, errors=0, process=None, given={}, placement=Placement(),
    )  # fmt: skip
    ended = Facts(age=2, state=State.GONE, lanes=[], process=None)
    config = Facts(threads=4, timeout_s=0.0, max_run_s=0.0, app_max_run={})
    workers = dict.fromkeys(range(5000), worker) | {5000: ended}
    supervisor = Facts(
        workers=workers, config=config, target=5000, restarts=Counter(),
        last_boot_error="", reload_failure="", down=dict, resources=Facts(taken=dict),
    )  # fmt: skip
    lifetime = Facts(uptime_s=1.0, left_s=None)
    reload = Facts(is_under_way=False)
    succession = Facts(is_under_way=False, failure="")
    router: Any = Router(worker.apps)

    async def test() -> None:
        watched = Watched()
        calls: Any = Calls(router)
        parts: list[Any] = [lifetime, (), Account(), calls, router, supervisor, reload]
        parts += [succession, watched.stash]
        status = StatusAnswers(*parts, Turns(), time.monotonic, Counters(worker.apps))
        (told,) = await watched.during(status.answer(gdproto.Status(1), NOBODY))
        assert len(told["workers"]) == told["worker_count"] == 5000
        assert watched.turns > 2
        assert watched.longest_s < 10 * (SLICE_S + AT_ONCE_S)

    asyncio.run(test())


def test_the_collector_has_no_more_to_look_at_with_more_keys() -> None:
    async def test() -> None:
        watched = Watched()
        gc.collect()
        before = len(gc.get_objects())
        await watched.fill("t")
        gc.collect()
        # The dicts that hold them.
        assert len(gc.get_objects()) - before < 1000

    asyncio.run(test())


def test_all_together_do_little_at_once() -> None:
    async def test() -> None:
        watched = Watched()
        await watched.fill("t", 50)
        looked: list[int] = []

        class Counted(Glob):
            def matches(self, text: str) -> bool:
                looked.append(watched.turns)
                time.sleep(AT_ONCE_S / 10)
                return True

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("dirty_runtime.arbiter.stash.memory.Glob", Counted)
            await watched.during(*(watched.stash.keys("t", "*") for _ in range(20)))
        # A batch of one takes all that there is for the first turn; then each has turns of its own.
        assert looked.count(looked[0]) <= 2 * 50
        assert len(looked) == 20 * 50

    asyncio.run(test())


def test_keys_are_listed_once_while_others_come_and_go() -> None:
    async def test() -> None:
        stash = MemoryStash(0, Turns())
        for number in range(MANY):
            await stash.put("t", number, ONE)
        listing = asyncio.create_task(stash.keys("t"))
        for number in range(MANY):
            if number % 2:
                await stash.delete("t", number)
            else:
                await stash.put("t", -number - 1, ONE)
            if not number % 100:
                await asyncio.sleep(0)
        found = gdproto.decode(bytes(await listing))
        assert len(found) == len(set(found))
        assert set(range(0, MANY, 2)) <= set(found)

    asyncio.run(test())


def test_who_gives_up_does_not_keep_what_was_cleared() -> None:
    async def test() -> None:
        watched = Watched()
        await watched.fill("t")
        clearing = asyncio.create_task(watched.stash.clear("t"))
        await asyncio.sleep(0)
        await watched.stash.put("t", "new", ONE)
        clearing.cancel()
        after = MemoryStash()
        await after.put("t", "new", ONE)
        async with asyncio.timeout(LIMIT_S):
            while watched.stash.bytes != after.bytes:
                await asyncio.sleep(0)
        assert await watched.stash.info("t") == {"size": 1, "table": "t"}

    asyncio.run(test())


@pytest.mark.parametrize("count", [10, shards.FEW, shards.FEW + 1, 3 * shards.FEW])
def test_a_mapping_of_any_size_is_a_mapping(count: int) -> None:
    mapping = shards.Shards[bytes, int]()
    for number in range(count):
        mapping.put(b"%d" % number, number)
    mapping.put(b"0", -1)
    assert len(mapping) == count
    assert mapping.get(b"0") == -1
    assert b"1" in mapping
    assert b"no" not in mapping
    assert mapping.pop(b"1") == 1
    assert mapping.pop(b"1") is None
    listed = [key for page in mapping.pages() for key in page]
    assert sorted(listed) == sorted({b"%d" % number for number in range(count)} - {b"1"})
    for number in range(count - 1, 1, -1):
        assert mapping.pop(b"%d" % number) == number
    assert [key for page in mapping.pages() for key in page] == [b"0"]
    assert list(mapping.take_apart()) == [(b"0", -1)]
    assert len(mapping) == 0


@pytest.mark.proves("GD-MSG-048")
def test_a_list_that_no_frame_carries_is_refused_by_its_limit() -> None:
    async def test() -> None:
        stash = MemoryStash()
        longest = STASH_OPERATIONS[StashOp.KEYS].parameters[0].max_bytes - 2
        for number in range(33):
            await stash.put("t", f"{number:02}".ljust(longest, "k"), ONE)
        with pytest.raises(DirtyProtocolError) as refused:
            await stash.keys("t")
        assert refused.value.details["code"] == "payload_too_large"
        assert "33 keys" in refused.value.message
        assert len(gdproto.decode(bytes(await stash.keys("t", "0*")))) == 10

    asyncio.run(test())


# --- what is stepped over ---

MIDDLE = 2**21 - 4096


def many(one: bytes) -> bytes:
    """A list of so many of these as a frame that is kept in memory may have."""
    count = MIDDLE // len(one)
    return b"\x20" + count.to_bytes(4) + one * count


VALUES = {
    "lists": many(gdproto.encode([])),
    "lists in lists": many(b"\x20\x00\x00\x00\x01" * 300 + b"\x00"),
    "dicts": many(gdproto.encode({})),
    "dicts of one": many(gdproto.encode({"": None})),
    "keys": gdproto.encode({f"{number:x}": None for number in range(150_000)}),
    "texts": many(gdproto.encode("")),
    "bytes": many(gdproto.encode(b"")),
    "numbers": many(gdproto.encode(1)),
    "one text": gdproto.encode("\N{GREEK SMALL LETTER MU}" * (MIDDLE // 2)),
    "one of bytes": gdproto.encode(bytes(MIDDLE)),
}


@pytest.mark.parametrize("what", VALUES)
@pytest.mark.parametrize("field", ["args", "unknown"])
def test_a_request_that_takes_long_to_step_over_is_left_to_a_thread(what: str, field: str) -> None:
    head = gdproto.encode({"app_path": "a:A", "action": "go", field: None})[:-1]
    payload = head + VALUES[what]
    header = gdproto.Header(gdproto.MessageCode.REQUEST, len(payload), 1)
    frame = header.to_bytes() + payload
    if takes_long(header, frame):
        assert what not in ("numbers", "one text", "one of bytes")
        return
    begun_s = time.thread_time()
    gdproto.peek_request(frame, gdproto.HEADER_BYTES)
    assert time.thread_time() - begun_s < 0.05
