"""The stash's limit counts what is kept costs: names, keys, values, and the keeping of each."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections.abc import Awaitable, Callable

import pytest

import gdproto
from dirty_runtime import StashError
from dirty_runtime.arbiter.stash.memory import MemoryStash

Fill = Callable[[MemoryStash], Awaitable[object]]
MIB = 2**20


def encoded(size: int) -> gdproto.Encoded:
    return gdproto.Encoded(gdproto.encode(b"v" * size))


async def entries(stash: MemoryStash, count: int, key_bytes: int, value_bytes: int) -> None:
    for number in range(count):
        await stash.put("t", f"{number}".ljust(key_bytes, "k"), encoded(value_bytes))


async def tables(stash: MemoryStash, count: int, name_bytes: int) -> None:
    for number in range(count):
        await stash.ensure(f"{number}".ljust(name_bytes, "n"))


async def tables_of_one(stash: MemoryStash, count: int) -> None:
    for number in range(count):
        await stash.put(f"table {number}", "k", encoded(10))


async def what_is_left(stash: MemoryStash) -> None:
    for table in range(2):
        for number in range(4500):
            await stash.put(f"{table}", number, encoded(10))
        for number in range(4000):
            await stash.delete(f"{table}", number)


SHAPES: dict[str, Fill] = {
    "few small entries": lambda stash: entries(stash, 200, 10, 10),
    "many small entries": lambda stash: entries(stash, 12_000, 10, 10),
    "what is left of many": what_is_left,
    "long keys": lambda stash: entries(stash, 200, 5000, 1),
    "large values": lambda stash: entries(stash, 20, 10, 200_000),
    "empty tables": lambda stash: tables(stash, 1000, 10),
    "more empty tables": lambda stash: tables(stash, 5000, 10),
    "tables with long names": lambda stash: tables(stash, 20, 200_000),
    "tables of one entry": lambda stash: tables_of_one(stash, 1000),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_account_is_what_it_takes(shape: str) -> None:
    stash = MemoryStash()
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        asyncio.run(_filled(stash, SHAPES[shape]))
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert 0.8 * taken < stash.bytes < 1.25 * taken, (stash.bytes, taken)


async def _filled(stash: MemoryStash, fill: Fill) -> None:
    await fill(stash)


NAMES: dict[str, Fill] = {
    "names of tables": lambda stash: tables(stash, 100, MIB),
    "names of keys": lambda stash: entries(stash, 100, MIB, 0),
    "values": lambda stash: entries(stash, 100, 10, MIB),
    "many empty tables": lambda stash: tables(stash, 100_000, 10),
    "many small entries": lambda stash: entries(stash, 80_000, 10, 0),
}


@pytest.mark.proves("GD-SEC-009")
@pytest.mark.parametrize("shape", NAMES)
def test_the_limit_is_one_for_all(shape: str) -> None:
    async def test() -> None:
        stash = MemoryStash(8 * MIB)
        with pytest.raises(StashError) as full:
            await NAMES[shape](stash)
        assert stash.bytes <= 8 * MIB
        assert len(full.value.message) < 400
        # What is there is still there, and makes room.
        before = stash.bytes
        (name, *_) = gdproto.decode(bytes(await stash.tables()))
        assert await stash.delete_table(name)
        assert stash.bytes < before

    asyncio.run(test())


def test_what_fits_to_the_byte_fits_and_a_byte_more_does_not() -> None:
    async def taken(max_bytes: int) -> int:
        stash = MemoryStash(max_bytes)
        await stash.put("t", "a", encoded(100))
        await stash.put("t", "b", encoded(100))
        return stash.bytes

    bytes_ = asyncio.run(taken(0))
    assert asyncio.run(taken(bytes_)) == bytes_
    with pytest.raises(StashError, match="does not fit"):
        asyncio.run(taken(bytes_ - 1))
