"""The stash in the arbiter's memory: pure, values are kept as the TLV bytes that they came in.

Rules: keys are scalars, equal when their TLV bytes are equal: true, 1 and 1.0 differ. A table
comes into being with its first value. What all keys and values take together has a limit; what
would exceed it is refused, and the tables stay as they were. The tables go with the arbiter.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from typing import Any

import gdproto
from gdproto.answers import Scalar, StashInfo

from ...errors import StashError, StashKeyNotFoundError, StashTableNotFoundError

ENTRY_BYTES = 200
"""What an entry takes beside its key and value, roughly."""


class MemoryStash:
    """Named tables of keys and values; its methods are those of `StashBackend`, and never wait.

    Args:
        max_bytes: limit for all keys and values; 0 for none.
    """

    waits = False

    def __init__(self, max_bytes: int = 0) -> None:
        self.max_bytes = max_bytes
        self.bytes = 0
        self._tables: dict[str, dict[bytes, bytes]] = {}

    async def put(self, table: str, key: Scalar, value: Any) -> bool:
        name, data = gdproto.encode(key), gdproto.encode(value)
        old = self._tables.get(table, {}).get(name)
        grown = len(data) - len(old) if old is not None else _size(name, data)
        if self.max_bytes and self.bytes + grown > self.max_bytes:
            raise StashError(
                f"stash table {table}: {len(data)} bytes do not fit, "
                f"{self.bytes} of {self.max_bytes} are taken"
            )
        self._tables.setdefault(table, {})[name] = data
        self.bytes += grown
        return True

    async def get(self, table: str, key: Scalar) -> Any:
        try:
            return gdproto.decode(self._tables[table][gdproto.encode(key)])
        except KeyError:
            raise StashKeyNotFoundError(table, key) from None

    async def delete(self, table: str, key: Scalar) -> bool:
        name = gdproto.encode(key)
        data = self._tables.get(table, {}).pop(name, None)
        if data is None:
            return False
        self.bytes -= _size(name, data)
        return True

    async def keys(self, table: str, pattern: str | None = None) -> list[Scalar]:
        keys = [gdproto.decode(name) for name in self._tables.get(table, ())]
        if pattern is None:
            return keys
        matches = glob(pattern)
        return [key for key in keys if isinstance(key, str) and matches(key)]

    async def clear(self, table: str) -> bool:
        if table in self._tables:
            self._empty(table)
        return True

    async def info(self, table: str) -> StashInfo:
        if table not in self._tables:
            raise StashTableNotFoundError(table)
        return {"size": len(self._tables[table]), "table": table}

    async def ensure(self, table: str) -> bool:
        self._tables.setdefault(table, {})
        return True

    async def delete_table(self, table: str) -> bool:
        if table not in self._tables:
            return False
        self._empty(table)
        del self._tables[table]
        return True

    async def tables(self) -> list[str]:
        return sorted(self._tables)

    async def exists(self, table: str, key: Scalar = None) -> bool:
        if key is None:
            return table in self._tables
        return gdproto.encode(key) in self._tables.get(table, ())

    def _empty(self, table: str) -> None:
        entries = self._tables[table]
        self.bytes -= sum(_size(name, data) for name, data in entries.items())
        entries.clear()


def _size(key: bytes, value: bytes) -> int:
    return len(key) + len(value) + ENTRY_BYTES


def glob(pattern: str) -> Callable[[str], bool]:
    """Whether a string matches ``* ? [seq] [!seq]``, case and all."""
    compiled = re.compile(fnmatch.translate(pattern))
    return lambda text: compiled.match(text) is not None
