# @generated from spec/ (1aa161ffcb92d846) by python -m spec.codegen --write; do not edit
"""The operations of the stash as functions, for the calling thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..stash import of_thread

if TYPE_CHECKING:
    from gdproto.answers import StashInfo


def put(table: str, key: Any, value: Any) -> bool:
    """Store `value` under `key`. Raises StashError when there is no room."""
    return of_thread().put(table, key, value)


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


__all__ = ['clear', 'delete', 'delete_table', 'ensure', 'exists', 'get', 'info', 'keys', 'put', 'tables']
