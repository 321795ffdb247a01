"""What a call comes to is told by what it can do, and each call begins with an empty context.

Compiled code has coroutines, generators and iterators of classes of its own, and programs write
objects that only look like those. What the wire has a form for is a result in any case.
"""

from __future__ import annotations

import asyncio
import decimal
import functools
import io
import itertools
import types
from collections.abc import AsyncIterator, Awaitable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import pytest

from dirty_runtime import DirtyApp, current_request
from tests.cases.lanes import Caller, lane_to

SEEN: ContextVar[str] = ContextVar("seen", default="nothing")


class Later:
    """Can be awaited, and is no coroutine."""

    def __await__(self) -> Iterator[Any]:
        yield from asyncio.sleep(0).__await__()
        return "later"


class Count:
    """An iterator that is no generator; it is closed at its end."""

    def __init__(self) -> None:
        self.left = 3
        self.is_closed = False

    def __iter__(self) -> Count:
        return self

    def __next__(self) -> int:
        if not self.left:
            raise StopIteration
        self.left -= 1
        return self.left

    def close(self) -> None:
        self.is_closed = True


class CountLater:
    """An async iterator that is no generator; it is closed at its end."""

    def __init__(self) -> None:
        self.count = Count()
        self.is_closed = False

    def __aiter__(self) -> CountLater:
        return self

    async def __anext__(self) -> int:
        await asyncio.sleep(0)
        try:
            return next(self.count)
        except StopIteration:
            raise StopAsyncIteration from None

    async def aclose(self) -> None:
        self.is_closed = True


class Pairs(dict[str, int]):
    """A dict that could be iterated, awaited and more."""

    def __next__(self) -> int:
        raise AssertionError

    __anext__ = __await__ = __next__


@types.coroutine
def of_a_generator() -> Iterator[Any]:
    yield from asyncio.sleep(0).__await__()
    return "of a generator"  # type: ignore[return-value]


async def plainly() -> str:
    return "plainly"


class App(DirtyApp):
    def init(self) -> None:
        self.made: list[Any] = []
        self.partial = functools.partial(self.awaitable, "later")

    def awaitable(self, name: str) -> Awaitable[Any]:
        return {"later": Later, "generator": of_a_generator, "coroutine": plainly}[name]()

    def kept(self, name: str) -> Any:
        self.made.append({"count": Count, "later": CountLater}[name]())
        return self.made[-1]

    def iterator(self, name: str) -> Any:
        return {
            "map": map(str, range(3)),
            "chain": itertools.chain([1], [2]),
            "list": iter([1, 2]),
            "file": io.StringIO("a\nb\n"),
        }[name]

    def value(self, name: str) -> Any:
        return {"pairs": Pairs(a=1), "list": [1], "tuple": (1,), "text": "ab", "bytes": b"ab"}[name]

    async def stream_later(self) -> AsyncIterator[int]:
        return self._numbers()

    async def _numbers(self) -> AsyncIterator[int]:
        yield 1
        yield 2

    # --- contexts ---

    def look(self) -> list[Any]:
        seen = [SEEN.get(), decimal.getcontext().prec, current_request().action]
        SEEN.set("something")
        decimal.getcontext().prec = 5
        return seen

    async def look_later(self) -> list[Any]:
        await asyncio.sleep(0)
        return self.look()

    def look_twice(self) -> Iterator[Any]:
        yield self.look()[:2]
        yield self.look()[:2]

    async def look_twice_later(self) -> AsyncIterator[Any]:
        yield self.look()[:2]
        await asyncio.sleep(0)
        yield self.look()[:2]


@pytest.fixture(scope="module")
def app() -> App:
    app = App()
    app.init()
    return app


@pytest.fixture(scope="module")
def caller(app: App) -> Iterator[Caller]:
    with lane_to(app) as caller:
        yield caller


@pytest.mark.parametrize(
    ("name", "result"),
    [("later", "later"), ("generator", "of a generator"), ("coroutine", "plainly")],
)
def test_what_can_be_awaited_is_awaited(caller: Caller, name: str, result: str) -> None:
    assert caller.call("awaitable", name) == result


def test_an_action_may_be_anything_that_is_called(caller: Caller) -> None:
    assert caller.call("partial") == "later"


@pytest.mark.parametrize("name", ["count", "later"])
def test_what_has_items_is_streamed_and_closed(caller: Caller, app: App, name: str) -> None:
    assert caller.items("kept", name) == [2, 1, 0]
    assert app.made[-1].is_closed


@pytest.mark.parametrize(
    ("name", "items"),
    [("map", ["0", "1", "2"]), ("chain", [1, 2]), ("list", [1, 2]), ("file", ["a\n", "b\n"])],
)
def test_iterators_of_c_are_streamed(caller: Caller, name: str, items: list[Any]) -> None:
    assert caller.items("iterator", name) == items


def test_what_is_awaited_may_have_items(caller: Caller) -> None:
    assert caller.items("stream_later") == [1, 2]


@pytest.mark.parametrize(
    ("name", "result"),
    [("pairs", {"a": 1}), ("list", [1]), ("tuple", [1]), ("text", "ab"), ("bytes", b"ab")],
)
def test_what_can_be_sent_is_a_result(caller: Caller, name: str, result: Any) -> None:
    assert caller.call("value", name) == result


@pytest.mark.parametrize("action", ["look", "look_later"])
def test_no_call_sees_what_another_one_has_set(caller: Caller, action: str) -> None:
    for _ in range(3):
        assert caller.call(action) == ["nothing", 28, action]


@pytest.mark.parametrize("action", ["look_twice", "look_twice_later"])
def test_a_stream_has_one_context(caller: Caller, action: str) -> None:
    for _ in range(3):
        assert caller.items(action) == [["nothing", 28], ["something", 5]]


def test_lanes_do_not_see_each_other(app: App) -> None:
    with lane_to(app) as one, lane_to(app) as other, ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(each.call, "look_later") for each in (one, other)]
        assert [call.result() for call in calls] == [["nothing", 28, "look_later"]] * 2
