"""Apps: what a worker loads once and calls for every request.

Rules: an app is named ``module:Class``, or ``module:Class:N`` to have it in N workers only; what
starts its workers may be named behind it, as in ``module:Class@node``. Any class will do that has
`init`, `close` and `__call__(action, /, *args, **kwargs)`. `init`, `close` and names that begin
with an underscore cannot be called from outside.
"""

from __future__ import annotations

import _thread
import importlib
import os
import select
import sys
from collections.abc import Callable, Mapping, Sequence
from types import BuiltinFunctionType, FunctionType, MappingProxyType, MethodType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from .batches import Batch, batches_of
from .errors import DirtyAppError, DirtyAppNotFoundError
from .failure import describe, place, qualified

if TYPE_CHECKING:
    from gdproto.answers import AppAttributes


# Of the calls of one app in one worker.
MOST_AT_ONCE = 4096
# Of a batch whose members cost what they say.
USUAL_MEMBERS = 32
METHODS = ("init", "__call__", "close")
_NOT_ACTIONS = frozenset(("init", "close", "after_fork"))


class App(Protocol):
    """What a worker needs of an app."""

    def init(self) -> Any: ...

    def close(self) -> Any: ...

    def __call__(self, action: str, /, *args: Any, **kwargs: Any) -> Any: ...


class DirtyApp:
    """A base for apps: each public method is an action.

    `init` runs once in each worker before it takes requests, `close` once when it stops. With
    several threads a worker calls the same instance from each of them.

    An action returns a value; or is a generator, plain or async, whose items are streamed; or is
    an ``async def``, which runs on the worker's one event loop.

    Attributes:
        workers: how many workers load the app; None for all. The command line beats it.
        stashes: names of shared tables that are there before any `init` runs.
        preload: load the app once, in a template from which its workers are forked: `init` runs
            there, and what it has loaded is shared. `after_fork` runs in each worker.
        kill_on_cancel: end a worker that runs a call which the caller gave up.
        resources: what each worker takes for the app, as ``{"gpu": 1}`` or ``{"gpu": 0.5}``, of
            what `dirty serve --resource` names.
        concurrency: how many calls a worker runs at once on its event loop, for actions that are
            ``async``. With 1 each call has a thread, as those of other apps have.
        placement: ``"fill"`` to give one worker as many calls as it may have in a batch, or at
            once, before another gets any; ``"spread"`` to give each as many. None for ``"fill"``
            where methods are batched, and else for ``"spread"``.
    """

    workers: int | None = None
    stashes: Sequence[str] = ()
    kill_on_cancel: bool = False
    preload: bool = False
    concurrency: int = 1
    placement: str | None = None
    resources: Mapping[str, float] = MappingProxyType({})

    def init(self) -> None:
        """Load what is heavy."""

    def after_fork(self) -> None:
        """With `preload`, open in each worker what is not to be shared, as connections and CUDA."""

    def close(self) -> None:
        """Release it."""

    def __call__(self, action: str, /, *args: Any, **kwargs: Any) -> Any:
        """Call the method named `action`. Raises ValueError when there is none."""
        method = None if is_forbidden(action) else getattr(self, action, None)
        if not callable(method):
            raise ValueError(f"Unknown action: {type(self).__name__} has no action {action!r}")
        if "self" in kwargs:
            method = by_position(method, 1)
        return method(*args, **kwargs)


class AppSpec(NamedTuple):
    """An app to serve.

    Attributes:
        path: ``module:Class``.
        workers: in how many workers; None for all.
        launcher: the name of what starts them; empty for the usual one.
    """

    path: str
    workers: int | None
    launcher: str = ""


def parse_app_spec(spec: str) -> AppSpec:
    """Read ``module:Class``, ``module:Class:N`` and either with ``@LAUNCHER``.

    Raises:
        DirtyAppError: it is none of them.
    """
    words, at, launcher = spec.partition("@")
    module, _, rest = words.partition(":")
    name, colon, count = rest.partition(":")
    names = [*module.split("."), *name.split(".")]
    if not all(part.isidentifier() for part in names):
        raise DirtyAppError(f"app {spec!r} is not of the form module:Class or module:Class:N", spec)
    if colon and not (count.isascii() and count.isdigit() and int(count) > 0):
        raise DirtyAppError(f"app {spec!r}: {count!r} is not a number of workers above 0", spec)
    if at and not launcher:
        raise DirtyAppError(f"app {spec!r} names no launcher after @", spec)
    return AppSpec(f"{module}:{name}", int(count) if colon else None, launcher)


def is_forbidden(action: str) -> bool:
    """Whether `action` may not be called from outside."""
    return action in _NOT_ACTIONS or action.startswith("_")


def by_position(method: Callable[..., Any], count: int) -> Callable[..., Any]:
    """The method with its first `count` parameters, the instance included, by position alone.

    So their names, such as `self`, are free for those that a caller gives. What is no method of
    Python's own, or has fewer such parameters, is left as it is.
    """
    if not isinstance(method, MethodType) or not isinstance(method.__func__, FunctionType):
        return method
    function = method.__func__
    if function.__code__.co_argcount < count:
        return method
    code = function.__code__
    code = code.replace(co_posonlyargcount=max(count, code.co_posonlyargcount))
    name, defaults, cells = function.__name__, function.__defaults__, function.__closure__
    freed = FunctionType(code, function.__globals__, name, defaults, cells)
    freed.__kwdefaults__ = function.__kwdefaults__
    return MethodType(freed, method.__self__)


def load_class(path: str) -> type[App]:
    """Import the app's class.

    Raises:
        DirtyAppNotFoundError: the module cannot be imported or has no such class.
        DirtyAppError: it is not a class, or lacks a method.
    """
    cls = _import(path)
    _check_threads(path)
    return checked_class(cls, path)


def checked_class(cls: Any, path: str) -> type[App]:
    """What was found at the path. Raises DirtyAppError where it is no class of an app."""
    if not isinstance(cls, type):
        raise DirtyAppError(f"app {path} is not a class", path)
    for name in METHODS:
        # A class itself can always be called: look for what it defines.
        if not callable(next((vars(one)[name] for one in cls.__mro__ if name in vars(one)), None)):
            raise DirtyAppError(f"app {path} has no method {name}()", path)
    return cls


def attributes_of(cls: type[App]) -> AppAttributes:
    """What the app's class asks of the arbiter, as it says it. Raises DirtyAppError."""
    try:
        stashes: Any = getattr(cls, "stashes", ())
        needs: Any = _told(cls, "resources", {})
        return {
            "workers": getattr(cls, "workers", None),
            "stashes": list(stashes) if isinstance(stashes, list | tuple | set) else stashes,
            "kill_on_cancel": getattr(cls, "kill_on_cancel", False),
            "concurrency": concurrency_of(cls),
            "fill": fill_of(cls),
            "preload": _told(cls, "preload", False),
            "resources": dict(needs) if isinstance(needs, Mapping) else needs,
        }
    except BaseException as error:
        reason = f"the class {qualified(cls)} cannot be asked: {describe(error)}{place(error)}"
        raise DirtyAppError(reason) from error


def concurrency_of(cls: type[App]) -> int:
    """How many calls of the app run at once on the event loop of one worker, as it says it."""
    told: Any = _told(cls, "concurrency", 1)
    if told == 1 and (batches := batches_of(cls)):
        # While one batch runs, the next one gathers.
        return min(2 * sum(_members(batch) for batch in batches.values()), MOST_AT_ONCE)
    return told  # type: ignore[no-any-return]


def fill_of(cls: type[App]) -> int:
    """How many calls of the app a worker is given before another one is; 0 to spread them.

    Raises:
        ValueError: its placement is neither.
    """
    batches = batches_of(cls).values()
    placement = _told(cls, "placement", None) or ("fill" if batches else "spread")
    if placement not in ("fill", "spread"):
        raise ValueError(f"placement is fill or spread, not {placement!r}")
    if placement == "spread":
        return 0
    return sum(_members(batch) for batch in batches) or concurrency_of(cls)


def _told(cls: type[App], name: str, usual: Any) -> Any:
    """An attribute of the class, unless it is an action of that name."""
    told = getattr(cls, name, usual)
    return usual if callable(told) or isinstance(told, property) else told


def _members(batch: Batch) -> int:
    """How many members a batch has; where they cost what they say, nobody knows."""
    return USUAL_MEMBERS if batch.size is not None else max(1, int(batch.max_size))


def load_app(path: str) -> App:
    """Make an instance of the app's class; `init` is not called. Raises as `load_class` does."""
    cls = load_class(path)
    try:
        return cls()
    except BaseException as error:
        reason = f"app {path} cannot be made: {describe(error)}{place(error)}"
        raise DirtyAppError(reason, path) from error


def _import(path: str) -> Any:
    module_name, _, name = path.partition(":")
    try:
        found: Any = importlib.import_module(module_name)
        for part in name.split("."):
            found = getattr(found, part, None)
    except ModuleNotFoundError as error:
        raise DirtyAppNotFoundError(path, _not_found(path, module_name, error)) from error
    except BaseException as error:
        raise DirtyAppNotFoundError(path, _not_imported(path, error)) from error
    if found is None:
        raise DirtyAppNotFoundError(path, f"app {path}: the module has no class {name}")
    return found


def _check_threads(path: str) -> None:
    """Raises DirtyAppError where threads or waits are no longer those of the system."""
    needed = (_thread.start_new_thread, select.select)
    if all(isinstance(one, BuiltinFunctionType) for one in needed):
        return
    culprit = next((name for name in ("gevent", "eventlet") if name in sys.modules), "something")
    reason = f"app {path}: {culprit} has replaced the threads and waits that its worker needs"
    hint = "leave them, as by monkey.patch_all(thread=False, select=False)"
    raise DirtyAppError(f"{reason}; {hint}", path)


def _not_imported(path: str, error: BaseException) -> str:
    return f"app {path} cannot be imported: {describe(error)}{place(error)}"


def _not_found(path: str, module_name: str, error: ModuleNotFoundError) -> str:
    """Why the app's module, or one that it imports itself, was not found."""
    missing = error.name or ""
    if not f"{module_name}.".startswith(f"{missing}."):
        return _not_imported(path, error)
    try:
        here = os.getcwd()
    except OSError:
        here = "a directory that is gone"
    places = f"looked in {here}, then where Python's packages are"
    return f"app {path}: there is no module {missing}; {places}; see --chdir"
