"""Apps as their callers see them: each action is called like a method.

Rules: a proxy has the app's actions and no other public name. The class that it was made from says
how they are called: what is an ``async def`` there is awaited, what gives an iterator is iterated
over. Its code is not run, and it may be a Protocol that names the app by `protocol_of`. Without a
class, what comes decides: a result is returned, of a stream an iterator. Options are those of the
client that the proxy was made by.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Generator,
    Iterator,
    Sequence,
)
from functools import partial
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Generic,
    NamedTuple,
    ParamSpec,
    TypeVar,
    get_origin,
    overload,
)

from ..app import DirtyApp, is_forbidden, parse_app_spec
from ..errors import DirtyAppError
from ..printable import shown
from ..seconds import ValueRefused
from .base import Client

if TYPE_CHECKING:
    from .faces import Faces

T = TypeVar("T")
P = ParamSpec("P")
R = TypeVar("R")
Cls = TypeVar("Cls", bound=type)

# What a class says of the app that it describes.
APP_PATH = "__dirty_app__"
STREAMS = frozenset(("Iterator", "Generator"))
ASYNC_STREAMS = frozenset(("AsyncIterator", "AsyncGenerator"))


def protocol_of(app_path: str) -> Callable[[Cls], Cls]:
    """Say of a class, most often a Protocol, that it has the actions of the app at `app_path`.

    Raises:
        ValueRefused: it is not of the form ``module:Class``.
    """
    path = checked_path(app_path)

    def said(cls: Cls) -> Cls:
        setattr(cls, APP_PATH, path)
        return cls

    return said


class Action(partial[Any]):
    """An action of an app: calling it calls the app."""

    @property
    def app_path(self) -> str:
        path: str = self.args[0]
        return path

    @property
    def name(self) -> str:
        name: str = self.args[1]
        return name

    def __repr__(self) -> str:
        return f"<action {self.name} of {self.app_path}>"


class AsyncCall(Awaitable[Any]):
    """A call that begins when it is awaited, or when it is iterated over: one of the two."""

    def __init__(
        self, client: Faces, app_path: str, action: str, /, *args: Any, **kwargs: Any
    ) -> None:
        words = (app_path, action, *args)
        self._execute = partial(client.execute_async, *words, **kwargs)
        self._stream = partial(client.stream_async, *words, **kwargs)

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._execute().__await__()

    def __aiter__(self) -> AsyncIterator[Any]:
        return self._stream()


class Described:
    """What a class says of an app's actions; None stands for an app of which nothing is said."""

    def __init__(self, app: object, app_path: str | None) -> None:
        self.cls = None if isinstance(app, str) else _checked_class(app)
        self.path = checked_path(app if isinstance(app, str) else app_path or _path_of(app))

    def check(self, name: str) -> None:
        """Raises AttributeError where the app has no such action, as far as it is known."""
        if is_forbidden(name):
            raise AttributeError(f"app {self.path}: {name} cannot be called from outside")
        cls = self.cls
        if cls is None or is_action(cls, name) or takes_any(cls):
            return
        near = difflib.get_close_matches(name, [one for one in dir(cls) if is_action(cls, one)], 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise AttributeError(f"app {self.path} has no action {name}{hint}")

    def form(self, name: str) -> tuple[bool, bool]:
        """Whether the class says that the action is awaited, and that it streams."""
        found = inspect.unwrap(getattr(self.cls, name, None) or _unknown)
        given = _head(getattr(found, "__annotations__", {}).get("return"))
        if inspect.isasyncgenfunction(found) or given in ASYNC_STREAMS:
            return True, True
        if inspect.iscoroutinefunction(found):
            return True, False
        return False, inspect.isgeneratorfunction(found) or given in STREAMS


def is_action(cls: type[Any], name: str) -> bool:
    """Whether the class says that it may be called from outside."""
    if is_forbidden(name) or hasattr(cls, name):
        return not is_forbidden(name) and callable(getattr(cls, name))
    return any(name in vars(one).get("__annotations__", {}) for one in cls.__mro__)


def takes_any(cls: type[Any]) -> bool:
    """Whether the class finds out by itself what is called."""
    own = [one for one in cls.__mro__ if one is not DirtyApp]
    return any(name in vars(one) for one in own for name in ("__call__", "__getattr__"))


def _unknown() -> None:
    """Stands for an action of which nothing is known."""


class Proxy:
    """An app whose actions are called as a class says; see `DirtyClient.app`."""

    def __init__(self, client: Faces, described: Described) -> None:
        self.__client = client
        self.__described = described

    def __getattr__(self, name: str) -> Action:
        described, client = self.__described, self.__client
        described.check(name)
        is_awaited, is_stream = described.form(name)
        if is_awaited:
            call: Callable[..., Any] = client.stream_async if is_stream else client.execute_async
        else:
            call = client.stream if is_stream else client.execute_or_stream
        found = vars(self)[name] = Action(call, described.path, name)
        return found

    def __repr__(self) -> str:
        return f"<app {self.__described.path}>"


class AsyncApp(Generic[T]):
    """An app whose actions are all awaited, or iterated over by ``async for``.

    A checker knows them by the class: ``await app(Model.predict)(x)``. By name alone, as in
    ``await app.predict(x)``, it does not.
    """

    def __init__(self, client: Faces, described: Described) -> None:
        self.__client = client
        self.__described = described

    @overload
    def __call__(
        self, action: Callable[Concatenate[T, P], Coroutine[Any, Any, R]], /
    ) -> Callable[P, Coroutine[Any, Any, R]]: ...

    @overload
    def __call__(  # type: ignore[overload-overlap]
        self, action: Callable[Concatenate[T, P], AsyncIterator[R]], /
    ) -> Callable[P, AsyncGenerator[R, None]]: ...

    @overload
    def __call__(  # type: ignore[overload-overlap]
        self, action: Callable[Concatenate[T, P], Iterator[R]], /
    ) -> Callable[P, AsyncGenerator[R, None]]: ...

    @overload
    def __call__(
        self, action: Callable[Concatenate[T, P], R], /
    ) -> Callable[P, Coroutine[Any, Any, R]]: ...

    def __call__(self, action: Callable[..., Any], /) -> Callable[..., Any]:
        """The action, to be awaited.

        Raises:
            AttributeError: the class has no such action.
        """
        described = self.__described
        name = action.__name__
        described.check(name)
        _, is_stream = described.form(name)
        call: Callable[..., Any] = (
            self.__client.stream_async if is_stream else self.__client.execute_async
        )
        return Action(call, described.path, name)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Action:
            described = self.__described
            described.check(name)
            found = vars(self)[name] = Action(self.__client.either, described.path, name)
            return found

    def __repr__(self) -> str:
        return f"<app {self.__described.path}, awaited>"


def checked_path(app_path: object) -> str:
    """The path of an app. Raises ValueRefused when it is none."""
    if isinstance(app_path, str) and app_path.count(":") == 1 and "@" not in app_path:
        try:
            return parse_app_spec(app_path).path
        except DirtyAppError:
            pass
    raise ValueRefused(f"an app is named module:Class, not {shown(app_path)}")


class Named(NamedTuple):
    """What is to be called: an app, an action, and what it is given."""

    app_path: str
    action: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


def named(which: str, words: Sequence[Any]) -> Named:
    """What the words name: an action of a proxy, also within `functools.partial`, or a path and
    the name of an action; what stands behind are arguments.

    Args:
        which: the method that was called, for the message.

    Raises:
        ValueRefused: they name no action.
    """
    first, *rest = words or (None,)
    # A partial of a partial is one alone, whatever its class.
    if isinstance(first, partial) and isinstance(getattr(first.func, "__self__", None), Client):
        path, action, *args = first.args
        return Named(path, action, (*args, *rest), first.keywords)
    if isinstance(first, str) and rest and isinstance(rest[0], str):
        return Named(first, rest[0], tuple(rest[1:]), {})
    raise ValueRefused(_no_action(which, first))


def _no_action(which: str, given: object) -> str:
    ways = "an action of client.app(Model), as in model.predict, or a path and an action's name"
    return f"{which} takes {ways}, not {shown(given)}"


def _checked_class(app: object) -> type[Any]:
    if isinstance(app, type):
        return app
    raise ValueRefused(f"an app is named by its class, or as module:Class, not {shown(app)}")


def _path_of(cls: Any) -> str:
    """Where a worker finds the class. Raises ValueRefused when it does not."""
    said = getattr(cls, APP_PATH, None)
    if isinstance(said, str):
        return said
    if getattr(cls, "_is_protocol", False):
        hint = "decorate it with protocol_of('module:Class'), or name the app beside it"
        raise ValueRefused(f"the protocol {cls.__qualname__} names no app: {hint}")
    if cls.__module__ == "__main__":
        hint = f"name the app beside it, as in 'module:{cls.__qualname__}'"
        raise ValueRefused(f"no worker finds the class {cls.__qualname__} of this program: {hint}")
    return f"{cls.__module__}:{cls.__qualname__}"


def _head(annotation: object) -> str:
    """The name of a type without its module and what it is of: of ``Iterator[int]``, Iterator."""
    if isinstance(annotation, str):
        return annotation.partition("[")[0].rpartition(".")[2].strip()
    return str(getattr(get_origin(annotation) or annotation, "__name__", ""))
