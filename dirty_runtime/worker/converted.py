"""An app whose arguments and results are converted: in the place of the app itself.

Rules: it stands there only where the app's class has `converters`. What the app gives is converted
as it comes: a result, what is awaited, and each item of what streams.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from ..app import App, by_position
from ..converters import Converters
from .results import is_async_iterator, is_awaitable, is_iterator


def converted(app: App) -> App:
    """The app, with its converters if it has any."""
    converters = getattr(app, "converters", None)
    return Converted(app, converters) if isinstance(converters, Converters) else app


def bare(app: App) -> App:
    """The app itself."""
    return app.app if isinstance(app, Converted) else app


def has_arrays(app: App | None) -> bool:
    """Whether what calls give the app has arrays in it."""
    return isinstance(app, Converted) and app.has_arrays


class Converted:
    """What a lane calls."""

    def __init__(self, app: App, converters: Converters) -> None:
        self.app = app
        self._converters = converters
        self.has_arrays = converters.has_arrays

    def init(self) -> Any:
        return self.app.init()

    def close(self) -> Any:
        return self.app.close()

    def __call__(self, action: str, /, *args: Any, **kwargs: Any) -> Any:
        taken = map(self._converters.from_wire, args)
        called: Any = self.app
        if not kwargs.keys().isdisjoint(("self", "action")):
            called = by_position(self.app.__call__, 2)
        return self._given(called(action, *taken, **self._converters.from_wire(kwargs)))

    def taken(self, value: Any) -> Any:
        """An argument as the app takes it."""
        return self._converters.from_wire(value)

    def given(self, value: Any) -> Any:
        """A result as it is sent."""
        return self._converters.to_wire(value)

    def _given(self, result: Any) -> Any:
        if is_awaitable(result):
            return self._awaited(result)
        if is_async_iterator(result):
            return self._each_async(result)
        if is_iterator(result):
            return self._each(result)
        return self._converters.to_wire(result)

    async def _awaited(self, result: Any) -> Any:
        return self._given(await result)

    def _each(self, items: Any) -> Iterator[Any]:
        try:
            for item in items:
                yield self._converters.to_wire(item)
        finally:
            if close := getattr(items, "close", None):
                close()

    async def _each_async(self, items: Any) -> AsyncIterator[Any]:
        try:
            async for item in items:
                yield self._converters.to_wire(item)
        finally:
            if close := getattr(items, "aclose", None):
                await close()
