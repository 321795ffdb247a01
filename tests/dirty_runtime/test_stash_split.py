"""Tables in several places, by patterns of their names."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

import gdproto
from dirty_runtime.arbiter.clock import Clock
from dirty_runtime.arbiter.stash.memory import MemoryStash
from dirty_runtime.arbiter.stash.places import stash_of
from dirty_runtime.arbiter.stash.split import SplitStash
from dirty_runtime.arbiter.stash.sqlite import SqliteStash
from dirty_runtime.arbiter.turns import Turns
from dirty_runtime.cli.serve import _stash_tables
from dirty_runtime.settings import Config, ConfigError, load_config

ONE = gdproto.Encoded(gdproto.encode(1))


def config(**more: Any) -> Config:
    return load_config("", {"socket_path": "/s", "apps": ("app:App",), **more})


def test_a_table_is_where_the_first_pattern_says(tmp_path: Path) -> None:
    file = f"sqlite:{tmp_path}/stash"
    tables = {"kept-not*": "memory", "kept-*": file, "orders": file}

    async def ask() -> list[str]:
        stash = stash_of(config(stash_tables=tables, stash_max_bytes=10_000), Turns(), Clock())
        assert isinstance(stash, SplitStash)
        for name in ("kept-1", "orders", "kept-not", "other"):
            assert await stash.put(name, "k", ONE)
        names: list[str] = gdproto.decode(bytes(await stash.tables()))
        assert stash.bytes > 0
        assert stash.max_bytes == 10_000
        stash.max_bytes = 0
        stash.close()
        return names

    assert sorted(asyncio.run(ask())) == ["kept-1", "kept-not", "orders", "other"]
    alone = SqliteStash(f"{tmp_path}/stash")
    assert sorted(gdproto.decode(bytes(asyncio.run(alone.tables())))) == ["kept-1", "orders"]
    alone.close()


def test_where_no_pattern_is_nothing_is_in_between() -> None:
    assert isinstance(stash_of(config(), Turns(), Clock()), MemoryStash)


def test_what_is_no_place_is_told_at_the_start(tmp_path: Path) -> None:
    for tables, reason in (
        ({"a*": "disk"}, r"of a\* is memory, sqlite:PATH or valkey:"),
        ({"": "memory"}, "has patterns of 1 to 1024 bytes"),
        ({"a": 1}, "is a dict of patterns of names and places"),
        (["a"], "is a dict of patterns of names and places"),
    ):
        with pytest.raises(ConfigError, match=f"stash-tables {reason}"):
            config(stash_tables=tables)
    nowhere = config(stash_tables={"a": f"sqlite:{tmp_path}/none/stash"})
    with pytest.raises(ConfigError, match="stash-tables: the stash cannot be kept in"):
        stash_of(nowhere, Turns(), Clock())


def test_the_file_and_the_command_line_say_so(tmp_path: Path) -> None:
    file = tmp_path / "settings.py"
    file.write_text('dirty_stash_tables = {"a*": "sqlite:kept"}\n')
    found = load_config(str(file), {"socket_path": "/s", "apps": ("app:App",)})
    assert found.stash_tables["a*"].startswith("sqlite:/")
    assert _stash_tables(["a*=valkey://h/0?x=1"]) == {"a*": "valkey://h/0?x=1"}
    with pytest.raises(ConfigError, match="not of the form PATTERN=PLACE"):
        _stash_tables(["a"])
