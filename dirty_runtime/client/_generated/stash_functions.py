# @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
"""The operations of the stash as functions, for the calling thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..stash import of_thread

if TYPE_CHECKING:
    from gdproto.answers import StashChanges, StashEntry, StashInfo, StashPage


def put(table: str, key: Any, value: Any, ttl: float | None = None) -> bool:
    """Store `value` under `key`. Raises StashError when there is no room."""
    return of_thread().put(table, key, value, ttl)


def get(table: str, key: Any, default: Any = None) -> Any:
    """The value of `key`, or `default` when the key or the table is missing."""
    return of_thread().get(table, key, default)


def delete(table: str, key: Any) -> bool:
    """Remove `key`; false when it was missing."""
    return of_thread().delete(table, key)


def keys(table: str, pattern: str | None = None) -> list[Any]:
    """The keys, or those strings among them that match `* ? [seq] [!seq]`."""
    return of_thread().keys(table, pattern)


def clear(table: str) -> bool:
    """Remove every key of the table."""
    return of_thread().clear(table)


def info(table: str) -> StashInfo:
    """How large the table is. Raises StashTableNotFoundError when the table is missing."""
    return of_thread().info(table)


def ensure(table: str) -> bool:
    """Have the table, if only empty. Raises StashError when there is no room."""
    return of_thread().ensure(table)


def delete_table(table: str) -> bool:
    """Remove the table; false when it was missing."""
    return of_thread().delete_table(table)


def tables() -> list[str]:
    """The names of all tables."""
    return of_thread().tables()


def exists(table: str, key: Any = None) -> bool:
    """Whether the table has `key`; without a key, whether there is such a table."""
    return of_thread().exists(table, key)


def put_if_absent(table: str, key: Any, value: Any, ttl: float | None = None) -> bool:
    """Store `value` under `key`, if it is missing; false when it was there.

    Raises StashError when there is no room.
    """
    return of_thread().put_if_absent(table, key, value, ttl)


def pop(table: str, key: Any, default: Any = None) -> Any:
    """Take out `key`: its value, or `default` when the key or the table is missing."""
    return of_thread().pop(table, key, default)


def incr(table: str, key: Any, value: Any = None, initial: float | None = None, ttl: float | None = None) -> float:
    """Add `value`, or 1, to the number of `key`, or to `initial`, or 0, when it is missing.

    Raises StashError when there is no number, it would be too large, or there is no room.
    """
    return of_thread().incr(table, key, value, initial, ttl)


def touch(table: str, key: Any, ttl: float | None = None) -> bool:
    """Let `key` live `ttl` seconds from now, or for ever; false when it was missing.

    Raises StashError when there is no room.
    """
    return of_thread().touch(table, key, ttl)


def ttl(table: str, key: Any) -> Any:
    """How long `key` lives: seconds, or none.

    Raises StashKeyNotFoundError when the key or the table is missing.
    """
    return of_thread().ttl(table, key)


def entry(table: str, key: Any) -> StashEntry:
    """The value of `key`, with its version.

    Raises StashKeyNotFoundError when the key or the table is missing. Raises StashError when
    there is no room.
    """
    return of_thread().entry(table, key)


def swap(table: str, key: Any, value: Any, version: int | None = None, ttl: float | None = None) -> int:
    """Store `value` under `key` if that has `version`, 0 for one that is missing.

    The new version, or 0. Raises StashError when there is no room.
    """
    return of_thread().swap(table, key, value, version, ttl)


def get_many(table: str, value: Any) -> list[list[Any]]:
    """A list of key and value for each key of the list `value` that is there."""
    return of_thread().get_many(table, value)


def put_many(table: str, value: Any, ttl: float | None = None) -> bool:
    """Store what the list `value` has lists of, a key and its value: all of it, or nothing.

    Raises StashError when there is no room.
    """
    return of_thread().put_many(table, value, ttl)


def page(table: str, pattern: str | None = None, after: Any = None, count: int | None = None) -> StashPage:
    """Up to `count` of the keys, as of `keys`, behind those of the page that names `after`."""
    return of_thread().page(table, pattern, after, count)


def push_left(table: str, key: Any, value: Any) -> int:
    """Add `value` before all items of the list `key`.

    How many it has then. Raises StashError when there is no room.
    """
    return of_thread().push_left(table, key, value)


def push_right(table: str, key: Any, value: Any) -> int:
    """Add `value` behind all items of the list `key`.

    How many it has then. Raises StashError when there is no room.
    """
    return of_thread().push_right(table, key, value)


def pop_left(table: str, key: Any, wait: float | None = None, default: Any = None) -> Any:
    """Take out the first item of the list `key`; wait up to `wait` seconds for one, or `default` when the list has no items..


    """
    return of_thread().pop_left(table, key, wait, default)


def pop_right(table: str, key: Any, wait: float | None = None, default: Any = None) -> Any:
    """Take out the last item of the list `key`; wait up to `wait` seconds for one, or `default` when the list has no items..


    """
    return of_thread().pop_right(table, key, wait, default)


def length(table: str, key: Any) -> int:
    """How many items the list `key` has, 0 where it is missing."""
    return of_thread().length(table, key)


def changes(table: str, pattern: str | None = None, after: Any = None, count: int | None = None, wait: float | None = None) -> StashChanges:
    """Up to `count` changes of the table behind the place `after`, of keys and lists as of `keys`; wait up to `wait` seconds for one.

    Raises StashError when too many tables are watched.
    """
    return of_thread().changes(table, pattern, after, count, wait)


__all__ = ['changes', 'clear', 'delete', 'delete_table', 'ensure', 'entry', 'exists', 'get', 'get_many', 'incr', 'info', 'keys', 'length', 'page', 'pop', 'pop_left', 'pop_right', 'push_left', 'push_right', 'put', 'put_if_absent', 'put_many', 'swap', 'tables', 'touch', 'ttl']
