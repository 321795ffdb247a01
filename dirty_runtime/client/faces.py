"""The faces of a client that look like the apps, and like futures.

Rules: to a type checker they are what the app's class says. What they need is loaded when it is
first used: most programs use none of it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Callable, Coroutine, Generator, Iterable
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload

from .base import Client

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import Future

    from .proxies import AsyncApp, AsyncCall

T = TypeVar("T")
P = ParamSpec("P")
R = TypeVar("R")


class Faces(Client):
    """What a client offers beside `execute` and `stream`, by means of them."""

    # Those of other threads, on which it has connections.
    _loops: set[asyncio.AbstractEventLoop]

    def stream(
        self, app_path: str, action: str, /, *args: Any, **kwargs: Any
    ) -> Generator[Any, None, None]:
        raise NotImplementedError

    def execute_async(
        self, app_path: str, action: str, /, *args: Any, **kwargs: Any
    ) -> Coroutine[Any, Any, Any]:
        raise NotImplementedError

    def stream_async(
        self, app_path: str, action: str, /, *args: Any, **kwargs: Any
    ) -> AsyncGenerator[Any, None]:
        raise NotImplementedError

    def execute_or_stream(self, app_path: str, action: str, /, *args: Any, **kwargs: Any) -> Any:
        """Call an action: its result, or an iterator over its chunks if it streams."""
        raise NotImplementedError

    # --- apps whose actions are called like methods ---

    @overload
    def app(self, app: str, /) -> Any: ...

    @overload
    def app(self, app: Callable[..., T], app_path: str | None = None, /) -> T: ...

    def app(self, app: Any, app_path: str | None = None, /) -> Any:
        """An app whose actions are called like methods, as a class says: ``app.predict(x)``.

        Args:
            app: its class, or a class with the same methods, such as a Protocol; or its path,
                ``module:Class``. None of the class's code runs, and `init` neither.
            app_path: where workers find it, if that is not where the class is.

        Returns:
            What has the actions. What the class defines by ``async def`` is awaited, or iterated
            over by ``async for``; anything else waits here, and returns the result, or an iterator
            over what is streamed. To a type checker it is an instance of the class.

        Raises:
            ValueRefused: the app is not named.
        """
        from .proxies import Described, Proxy

        return Proxy(self, Described(app, app_path))

    @overload
    def app_async(self, app: str, /) -> Any: ...

    @overload
    def app_async(self, app: Callable[..., T], app_path: str | None = None, /) -> AsyncApp[T]: ...

    def app_async(self, app: Any, app_path: str | None = None, /) -> Any:
        """As `app`, and every action is awaited, or iterated over by ``async for``.

        ``await app(Model.predict)(x)`` is known to type checkers by the class.
        """
        from .proxies import AsyncApp, Described

        return AsyncApp[Any](self, Described(app, app_path))

    def either(self, app_path: str, action: str, /, *args: Any, **kwargs: Any) -> AsyncCall:
        """A call that is to be awaited, or iterated over by ``async for``."""
        from .proxies import AsyncCall

        return AsyncCall(self, app_path, action, *args, **kwargs)

    # --- calls that nobody waits for yet ---

    @overload
    def submit(
        self, action: Callable[P, Coroutine[Any, Any, R]], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[R]: ...

    @overload
    def submit(self, action: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]: ...

    @overload
    def submit(self, app_path: str, action: str, /, *args: Any, **kwargs: Any) -> Future[Any]: ...

    def submit(self, /, *words: Any, **kwargs: Any) -> Future[Any]:
        """Begin a call, and return at once: ``submit(app.predict, x)``, or by path and name.

        The options are this client's, whoever the app was made by. What is still under way when
        the program ends is given up.

        Returns:
            Its future: `result` waits and raises DirtyError, `cancel` cancels it in the worker.

        Raises:
            ValueRefused: no action is named.
        """
        from .futures import begin, loop_of_process
        from .proxies import named

        path, action, args, given = named("submit", words)
        self._loops.add(loop_of_process())
        return begin(self.execute_async(path, action, *args, **given | kwargs))

    @overload
    def submit_async(
        self, action: Callable[P, Coroutine[Any, Any, R]], /, *args: P.args, **kwargs: P.kwargs
    ) -> asyncio.Future[R]: ...

    @overload
    def submit_async(
        self, action: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs
    ) -> asyncio.Future[R]: ...

    @overload
    def submit_async(
        self, app_path: str, action: str, /, *args: Any, **kwargs: Any
    ) -> asyncio.Future[Any]: ...

    def submit_async(self, /, *words: Any, **kwargs: Any) -> asyncio.Future[Any]:
        """As `submit`, a future of the running event loop."""
        from .aio import running_loop
        from .proxies import named

        path, action, args, given = named("submit_async", words)
        return running_loop().create_task(self.execute_async(path, action, *args, **given | kwargs))

    @overload
    def map(
        self,
        action: Callable[[T], Coroutine[Any, Any, R]],
        items: Iterable[T],
        /,
        *,
        in_flight: int = ...,
    ) -> Generator[R, None, None]: ...

    @overload
    def map(
        self, action: Callable[[T], R], items: Iterable[T], /, *, in_flight: int = ...
    ) -> Generator[R, None, None]: ...

    @overload
    def map(
        self, app_path: str, action: str, items: Iterable[Any], /, *, in_flight: int = ...
    ) -> Generator[Any, None, None]: ...

    def map(self, /, *words: Any, in_flight: int | None = None) -> Generator[Any, None, None]:
        """The results of an action for each of the items, in their order, as they come.

        Args:
            words: the action, as `submit` takes it, and the items. `functools.partial` gives it
                more arguments.
            in_flight: how many calls are under way at once, at most; 16 if not given. An item is
                taken when there is room for its call.

        Raises:
            DirtyError: the first failure; what is under way then is cancelled, as it is when the
                iterator is closed.
            ValueRefused: no action is named, or the number is none.
        """
        from .futures import IN_FLIGHT, checked_count, each
        from .proxies import named

        path, action, (*args, items), given = named("map", words)

        def submit(item: Any) -> Future[Any]:
            return self.submit(path, action, *args, item, **given)

        return each(submit, items, IN_FLIGHT if in_flight is None else checked_count(in_flight))

    @overload
    def map_async(
        self,
        action: Callable[[T], Coroutine[Any, Any, R]],
        items: Iterable[T] | AsyncIterable[T],
        /,
        *,
        in_flight: int = ...,
    ) -> AsyncGenerator[R, None]: ...

    @overload
    def map_async(
        self,
        action: Callable[[T], R],
        items: Iterable[T] | AsyncIterable[T],
        /,
        *,
        in_flight: int = ...,
    ) -> AsyncGenerator[R, None]: ...

    @overload
    def map_async(
        self,
        app_path: str,
        action: str,
        items: Iterable[Any] | AsyncIterable[Any],
        /,
        *,
        in_flight: int = ...,
    ) -> AsyncGenerator[Any, None]: ...

    def map_async(self, /, *words: Any, in_flight: int | None = None) -> AsyncGenerator[Any, None]:
        """As `map`, for ``async for``; the items may come from an async iterator, too."""
        from .futures import IN_FLIGHT, checked_count, each_async
        from .proxies import named

        path, action, (*args, items), given = named("map_async", words)

        def submit(item: Any) -> asyncio.Future[Any]:
            return self.submit_async(path, action, *args, item, **given)

        count = IN_FLIGHT if in_flight is None else checked_count(in_flight)
        return each_async(submit, items, count)
