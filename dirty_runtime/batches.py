"""Methods of apps that take many calls at once: what is declared of them.

Rules: a batched method takes a list of items and gives a list of results, one for each; callers
call it with one item. An exception in a result's place fails that call alone. A generator gives
such a list at each step, of which each item goes to one stream; `ENDED` in its place ends it.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Coroutine, Hashable, Iterator, Sequence
from enum import Enum
from typing import Any, NamedTuple, Protocol, TypeVar, overload

App = TypeVar("App")
Item = TypeVar("Item")
Result = TypeVar("Result")

# Under this name a method has what was declared of it.
MARK = "__dirty_batch__"


class Ended(Enum):
    """The type of ENDED."""

    ENDED = "this stream has ended"


ENDED = Ended.ENDED
"""What a batched generator yields for a caller whose stream has ended, while others go on."""


class Batch(NamedTuple):
    """What is declared of a batched method.

    Attributes:
        function: the method, which takes a list.
        max_size: what the members of a batch cost together, at the most.
        max_wait_s: how long a batch that could begin waits for more members, in seconds.
        size: what an item costs; None for 1 each.
        key: items with different keys never are in one batch; None for the same.
    """

    function: Callable[..., Any]
    max_size: float
    max_wait_s: float
    size: Callable[[Any], float] | None
    key: Callable[[Any], Hashable] | None


class Declare(Protocol):
    """Takes a method of lists; to who calls it, the method takes one item."""

    @overload
    def __call__(
        self, function: Callable[[App, list[Item]], Coroutine[Any, Any, Sequence[Result]]], /
    ) -> Callable[[App, Item], Coroutine[Any, Any, Result]]: ...

    @overload
    def __call__(
        self, function: Callable[[App, list[Item]], AsyncIterator[Sequence[Result]]], /
    ) -> Callable[[App, Item], AsyncIterator[Result]]: ...

    @overload
    def __call__(
        self, function: Callable[[App, list[Item]], Iterator[Sequence[Result]]], /
    ) -> Callable[[App, Item], Iterator[Result]]: ...

    @overload
    def __call__(
        self, function: Callable[[App, list[Item]], Sequence[Result]], /
    ) -> Callable[[App, Item], Result]: ...


def batched(
    max_size: float = 32,
    max_wait_s: float = 0.005,
    *,
    size: Callable[[Any], float] | None = None,
    key: Callable[[Any], Hashable] | None = None,
) -> Declare:
    """Declare that a method takes many calls at once.

    Called on the app itself with one item, it gives what a batch of that item alone gives.

    Args:
        max_size: as of `Batch`.
        max_wait_s: as of `Batch`; 0 not to wait. A call waits only while others are to be expected:
            as many as there were lately.
        size: as of `Batch`. An item that costs more than `max_size` is a batch by itself.
        key: as of `Batch`.

    Raises:
        ValueError: a batch could have no member, or would wait for less than no time.
    """
    if not max_size > 0 or not max_wait_s >= 0:
        raise ValueError(f"max_size is above 0 and max_wait_s not below: {max_size}, {max_wait_s}")

    def declare(function: Callable[..., Any]) -> Any:
        @functools.wraps(function)
        def alone(self: Any, item: Any) -> Any:
            return of_one(function(self, [item]))

        setattr(alone, MARK, Batch(function, max_size, max_wait_s, size, key))
        return alone

    return declare


def batch_of(cls: type[Any], action: str) -> Batch | None:
    """What the class declares of the action, if it is batched."""
    method = inspect.getattr_static(cls, action, None)
    found = getattr(method, MARK, None) if inspect.isfunction(method) else None
    return found if isinstance(found, Batch) else None


def batches_of(cls: type[Any]) -> dict[str, Batch]:
    """The batched methods of the class, by their names."""
    found = ((name, batch_of(cls, name)) for name in dir(cls) if not name.startswith("_"))
    return {name: batch for name, batch in found if batch is not None}


def of_one(given: Any) -> Any:
    """What a batch of one item gives for it. Raises what stands in its place."""
    if inspect.isgenerator(given):
        return _items(given)
    if inspect.isasyncgen(given):
        return _items_later(given)
    if inspect.isawaitable(given):
        return _result_later(given)
    return result_of(listed(given, 1)[0])


def listed(given: Any, count: int) -> Sequence[Any]:
    """What a batched method gave. Raises TypeError where it is no list of `count`."""
    is_list = isinstance(given, Sequence) and not isinstance(given, str | bytes)
    # Once: a class of an app's own may say otherwise the next time.
    items = list(given) if is_list else []
    if not is_list or len(items) != count:
        what = f"{len(items)} results" if is_list else type(given).__name__
        raise TypeError(f"a batch of {count} gave {what}, not a list of {count}")
    return items


def result_of(result: Any) -> Any:
    """The result of one item. Raises it where it is an exception."""
    if isinstance(result, BaseException):
        raise result
    return result


async def _result_later(given: Any) -> Any:
    return result_of(listed(await given, 1)[0])


def _items(steps: Iterator[Any]) -> Iterator[Any]:
    for step in steps:
        item = listed(step, 1)[0]
        if item is ENDED:
            return
        yield result_of(item)


async def _items_later(steps: Any) -> Any:
    async for step in steps:
        item = listed(step, 1)[0]
        if item is ENDED:
            return
        yield result_of(item)
