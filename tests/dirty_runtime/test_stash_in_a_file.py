"""The stash in a file: what is answered stays, what cannot be written is an error."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

import gdproto
from dirty_runtime import StashClient, StashError
from dirty_runtime.arbiter.stash.sqlite import SqliteStash
from dirty_runtime.settings import ConfigError, load_config
from dirty_runtime.testing import running
from tests.acceptance.stash_crashes import rounds

APP = "gdproto.conformance.live.app:App"
LARGE = gdproto.Encoded(gdproto.encode(b"x" * 50_000))


def test_nothing_that_was_answered_is_lost_by_a_kill(tmp_path: Path) -> None:
    answered, lost = rounds(str(tmp_path / "stash"), 2, most=60)
    assert answered > 2
    assert lost == []


def test_what_an_arbiter_was_told_is_in_its_file(tmp_path: Path) -> None:
    path = f"{tmp_path}/stash"
    with (
        running(APP, options=("--stash", f"sqlite:{path}")) as arbiter,
        StashClient(arbiter.socket_path) as client,
    ):
        client.put("t", "k", {"a": [1]})
        client.put("t", "for a while", 1, ttl=1000)
        version = client.swap("t", "v", 1)
        assert client.keys("t", "f*") == ["for a while"]
    tables = SqliteStash(path)

    async def found() -> list[Any]:
        kept = [await tables.get("t", "k"), await tables.ttl("t", "for a while")]
        kept.append(await tables.entry("t", "v"))
        return [gdproto.decode(bytes(one)) for one in kept]

    value, left_s, entry = asyncio.run(found())
    assert value == {"a": [1]}
    assert 0 < left_s <= 1000
    assert entry == {"version": version, "ttl": None, "value": 1}
    assert asyncio.run(tables.swap("t", "v", gdproto.encode(2), version)) > version
    tables.close()


def test_a_full_disk_is_an_error_and_not_the_end(tmp_path: Path) -> None:
    tables = SqliteStash(str(tmp_path / "stash"))

    async def fill() -> int:
        await tables.put("t", "kept", LARGE)
        # As full as a disk can be: SQLite gets no page more.
        tables._tables.db.execute("PRAGMA max_page_count = 120")
        asked: list[Any] = [tables.put("t", number, LARGE) for number in range(5)]
        put = await asyncio.gather(*asked)
        with pytest.raises(StashError, match="database or disk is full"):
            await asyncio.gather(*(tables.put("t", number, LARGE) for number in range(5, 60)))
        assert bytes(await tables.get("t", "kept")) == LARGE
        before = tables.bytes
        together: list[Any] = [tables.put("t", f"k{n}", LARGE) for n in range(5)]
        failed = await asyncio.gather(*together, return_exceptions=True)
        assert all(isinstance(one, StashError) for one in failed)
        assert tables.bytes == before
        assert await tables.delete("t", 0)
        assert await tables.put("t", "again", LARGE)
        return sum(put)

    assert asyncio.run(fill()) == 5
    tables.close()


def test_one_that_may_not_fails_alone(tmp_path: Path) -> None:
    tables = SqliteStash(str(tmp_path / "stash"), max_bytes=200_000)

    async def ask() -> list[Any]:
        asked: list[Any] = [tables.put("t", n, LARGE) for n in range(6)]
        return await asyncio.gather(*asked, return_exceptions=True)

    told = asyncio.run(ask())
    assert told[:3] == [True] * 3
    assert all(isinstance(one, StashError) for one in told[3:])
    assert tables.bytes < 200_000
    tables.close()
    again = SqliteStash(str(tmp_path / "stash"))
    assert again.bytes == tables.bytes
    again.close()


def test_what_is_replaced_makes_room(tmp_path: Path) -> None:
    tables = SqliteStash(str(tmp_path / "stash"), max_bytes=2 * len(LARGE))

    async def ask() -> None:
        for value in (LARGE, LARGE, b"\x00", LARGE):
            assert await tables.put("t", "key", value)
        with pytest.raises(StashError, match="does not fit"):
            await tables.put("t", "other", LARGE)

    asyncio.run(ask())
    taken = tables.bytes
    tables.close()
    again = SqliteStash(str(tmp_path / "stash"))
    assert again.bytes == taken
    again.close()


def test_what_fits_to_the_byte_fits_and_a_byte_more_does_not(tmp_path: Path) -> None:
    async def put(most: int) -> int:
        tables = SqliteStash(str(tmp_path / str(most)), max_bytes=most)
        try:
            await tables.put("t", "k", LARGE)
            await tables.push_right("t", "l", LARGE)
            return tables.bytes
        finally:
            tables.close()

    taken = asyncio.run(put(0))
    assert asyncio.run(put(taken)) == taken
    with pytest.raises(StashError, match="does not fit"):
        asyncio.run(put(taken - 1))


def test_less_than_before_fits_where_there_is_no_room_any_more(tmp_path: Path) -> None:
    path = str(tmp_path / "stash")
    before = SqliteStash(path)
    asyncio.run(before.put("t", "key", LARGE))
    before.close()
    tables = SqliteStash(path, max_bytes=len(LARGE) // 2)
    smaller = gdproto.Encoded(gdproto.encode(b"x" * 40_000))
    assert asyncio.run(tables.put("t", "key", smaller))
    with pytest.raises(StashError, match="does not fit"):
        asyncio.run(tables.put("t", "key", LARGE))
    tables.close()


@pytest.mark.parametrize("way", ["clear", "delete_table"])
def test_the_room_of_a_table_that_goes_is_free_again(tmp_path: Path, way: str) -> None:
    tables = SqliteStash(str(tmp_path / "stash"), max_bytes=4 * len(LARGE))

    async def ask() -> None:
        for _ in range(3):
            for number in range(3):
                assert await tables.put("t", number, LARGE)
            await getattr(tables, way)("t")

    asyncio.run(ask())
    assert tables.bytes < len(LARGE)
    tables.close()
    again = SqliteStash(str(tmp_path / "stash"))
    assert again.bytes == tables.bytes
    again.close()


def test_what_is_no_place_for_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"stash is memory, sqlite:PATH or valkey:.*, not 'redis:x'"
    ):
        load_config("", {"stash": "redis:x", "socket_path": "/s", "apps": (APP,)})
    (tmp_path / "text").write_text("no file of SQLite " * 100)
    for path in ("text", "nowhere/stash"):
        with pytest.raises(StashError, match="cannot be kept in"):
            SqliteStash(str(tmp_path / path))
