"""What a call came to: a result, something to be awaited, or items that come one by one.

Rules: a value that the wire has a form for is a result, whatever else it can do. Anything else is
what its class can do: compiled code and objects that only look like Python's own count as those.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterator
from inspect import CO_ITERABLE_COROUTINE
from types import GeneratorType
from typing import Any, TypeGuard

# Most results, told at once.
COMMON = frozenset((type(None), bool, int, float, str, bytes, list, tuple, dict))
_VALUES = (str, bytes, bytearray, memoryview, int, float, list, tuple, dict)


def is_result(value: Any) -> bool:
    """Whether it is a value that can be sent, or is nothing else."""
    kind = type(value)
    return kind in COMMON or issubclass(kind, _VALUES)


def is_awaitable(value: Any) -> TypeGuard[Awaitable[Any]]:
    """Whether it is no result and can be awaited."""
    if is_result(value):
        return False
    if type(value) is GeneratorType:
        # What `types.coroutine` made.
        return bool(value.gi_code.co_flags & CO_ITERABLE_COROUTINE)
    return hasattr(type(value), "__await__")


def is_async_iterator(value: Any) -> TypeGuard[AsyncIterator[Any]]:
    """Whether it is no result, and `async for` takes items from it."""
    return not is_result(value) and hasattr(type(value), "__anext__")


def is_iterator(value: Any) -> TypeGuard[Iterator[Any]]:
    """Whether it is no result, and `for` takes items from it."""
    return not is_result(value) and hasattr(type(value), "__next__")
