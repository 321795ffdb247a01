"""The shared tables of the stash: pure, values are kept as the TLV bytes that they came in.

Rules: keys are scalars, equal when their TLV bytes are equal: true, 1 and 1.0 differ. A table
comes into being with its first value. What all keys and values take together has a limit; what
would exceed it is refused, and the tables stay as they were.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from typing import Any

import gdproto
from gdproto import StashOp

from ...errors import StashError, StashKeyNotFoundError, StashTableNotFoundError

ENTRY_BYTES = 200
"""What an entry takes beside its key and value, roughly."""


class Tables:
    """Named tables of keys and values.

    Args:
        max_bytes: limit for all keys and values; 0 for none.
    """

    def __init__(self, max_bytes: int = 0) -> None:
        self.max_bytes = max_bytes
        self.bytes = 0
        self._tables: dict[str, dict[bytes, bytes]] = {}
        self._answers: dict[int, Callable[[gdproto.Stash], Any]] = {
            StashOp.PUT: self._put,
            StashOp.GET: self._get,
            StashOp.DELETE: self._delete,
            StashOp.KEYS: self._keys,
            StashOp.CLEAR: self._clear,
            StashOp.INFO: self._info,
            StashOp.ENSURE: self._ensure,
            StashOp.DELETE_TABLE: self._delete_table,
            StashOp.TABLES: lambda message: sorted(self._tables),
            StashOp.EXISTS: self._exists,
        }

    def answer(self, message: gdproto.Stash) -> Any:
        """Do what the message asks, and return its result.

        Raises:
            StashError: the table or key is missing, or the limit is reached.
        """
        return self._answers[message.op](message)

    def ensure(self, table: str) -> None:
        """Have the table, if only empty."""
        self._tables.setdefault(table, {})

    def _put(self, message: gdproto.Stash) -> bool:
        key, value = gdproto.encode(message.key), gdproto.encode(message.value)
        old = self._tables.get(message.table, {}).get(key)
        grown = len(value) - len(old) if old is not None else _size(key, value)
        if self.max_bytes and self.bytes + grown > self.max_bytes:
            raise StashError(
                f"stash table {message.table}: {len(value)} bytes do not fit, "
                f"{self.bytes} of {self.max_bytes} are taken"
            )
        self._tables.setdefault(message.table, {})[key] = value
        self.bytes += grown
        return True

    def _get(self, message: gdproto.Stash) -> Any:
        try:
            return gdproto.decode(self._tables[message.table][gdproto.encode(message.key)])
        except KeyError:
            raise StashKeyNotFoundError(message.table, message.key) from None

    def _delete(self, message: gdproto.Stash) -> bool:
        key = gdproto.encode(message.key)
        value = self._tables.get(message.table, {}).pop(key, None)
        if value is None:
            return False
        self.bytes -= _size(key, value)
        return True

    def _keys(self, message: gdproto.Stash) -> list[Any]:
        keys = [gdproto.decode(key) for key in self._tables.get(message.table, ())]
        if message.pattern is None:
            return keys
        matches = glob(message.pattern)
        return [key for key in keys if isinstance(key, str) and matches(key)]

    def _clear(self, message: gdproto.Stash) -> bool:
        if message.table in self._tables:
            self._empty(message.table)
        return True

    def _info(self, message: gdproto.Stash) -> dict[str, Any]:
        if message.table not in self._tables:
            raise StashTableNotFoundError(message.table)
        return {"size": len(self._tables[message.table]), "table": message.table}

    def _ensure(self, message: gdproto.Stash) -> bool:
        self.ensure(message.table)
        return True

    def _delete_table(self, message: gdproto.Stash) -> bool:
        if message.table not in self._tables:
            return False
        self._empty(message.table)
        del self._tables[message.table]
        return True

    def _exists(self, message: gdproto.Stash) -> bool:
        if message.key is None:
            return message.table in self._tables
        return gdproto.encode(message.key) in self._tables.get(message.table, ())

    def _empty(self, table: str) -> None:
        entries = self._tables[table]
        self.bytes -= sum(_size(key, value) for key, value in entries.items())
        entries.clear()


def _size(key: bytes, value: bytes) -> int:
    return len(key) + len(value) + ENTRY_BYTES


def glob(pattern: str) -> Callable[[str], bool]:
    """Whether a string matches ``* ? [seq] [!seq]``, case and all."""
    compiled = re.compile(fnmatch.translate(pattern))
    return lambda text: compiled.match(text) is not None
