"""``python -m dirty_runtime.worker.stubs PATH…``: what type checkers need of apps, as Python.

Rules: each app becomes two Protocols: ``Model``, whose actions wait, and ``AsyncModel``, whose
actions are awaited. The text imports `typing` and no module of the app but for a type checker: it
can be a ``.pyi``, or a module that the callers import. Types are those that callers see: what
streams is an iterator, and a tuple that was sent is a list. What cannot be told is Any.
"""

from __future__ import annotations

import inspect
import os
import re
import sys
import types
import typing
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator, Sequence
from typing import Any, Literal, Union

from ..app import App, is_forbidden, load_class
from ..batches import MARK as BATCH_MARK
from ..errors import DirtyAppError
from .forks import end_copy
from .sources import find_apps

HEAD = '''"""The apps {paths}, for those who call them; written by `dirty stubs`."""

from __future__ import annotations

{imports}

from dirty_runtime import protocol_of
{guarded}'''
# Where the names come from that the text may use.
HOMES = {
    "collections.abc": ("AsyncIterator", "Callable", "Iterator"),
    "typing": ("TYPE_CHECKING", "Any", "Literal", "Protocol"),
}
STREAMS = (Iterator, Generator, AsyncIterator, AsyncGenerator)
SIMPLE = (type(None), bool, int, float, str, bytes)


class Text(str):
    """Source, where a signature expects an object."""

    def __repr__(self) -> str:
        return str(self)


class Types:
    """Writes types as Python; keeps the modules that they need.

    Attributes:
        modules: to be imported for a type checker.
    """

    def __init__(self) -> None:
        self.modules: set[str] = set()

    def text(self, kind: Any, is_received: bool = False) -> Text:
        """The type as it is written; `is_received` where it is that of what comes."""
        return Text(self._text(kind, is_received))

    def _text(self, kind: Any, is_received: bool) -> str:
        if kind is None or kind is type(None):
            return "None"
        origin, args = typing.get_origin(kind), typing.get_args(kind)
        if origin is Literal:
            return f"Literal[{', '.join(map(repr, args))}]"
        if origin is typing.Annotated:
            return self._text(args[0], is_received)
        if origin in (Union, types.UnionType):
            return self._union(args, is_received)
        if is_received and (origin or kind) is tuple:
            items = [one for one in args if one is not ...]
            return f"list[{self._union(items, True) or 'Any'}]"
        if origin is not None:
            return self._generic(origin, args, is_received)
        return self._name(kind)

    def _union(self, kinds: Sequence[Any], is_received: bool) -> str:
        return " | ".join(dict.fromkeys(self._text(one, is_received) for one in kinds))

    def _generic(self, origin: Any, args: Sequence[Any], is_received: bool) -> str:
        if origin is Callable:
            return "Callable[..., Any]"
        # A tuple among the parameters of another class, as an array's shape, is not what is sent.
        holds = is_received and origin.__module__ in ("builtins", "collections.abc")
        inside = ["..." if one is ... else self._text(one, holds) for one in args]
        return f"{self._name(origin)}[{', '.join(inside)}]"

    def _name(self, kind: Any) -> str:
        if (
            kind is Any
            or not isinstance(kind, type)
            or "<" in kind.__qualname__
            or kind.__module__ == "__main__"
        ):
            return "Any"
        if kind.__module__ == "builtins":
            return kind.__qualname__
        self.modules.add(kind.__module__)
        return f"{kind.__module__}.{kind.__qualname__}"


def stub_of(paths: Sequence[str]) -> str:
    """The text for the apps at the paths. Raises DirtyAppError."""
    names = {path: path.rpartition(":")[2].rpartition(".")[2] for path in paths}
    twice = [name for name, count in Counter(names.values()).items() if count > 1]
    if twice:
        raise DirtyAppError(f"two apps have the class name {twice[0]}: give each a file of its own")
    seen = Types()
    protocols = []
    for path, name in names.items():
        cls = load_class(path)
        end_copy(f"the import of app {path}")
        protocols += [_protocol(path, name, cls, seen), _async_protocol(path, name, cls, seen)]
    modules = "".join(f"    import {module}\n" for module in sorted(seen.modules))
    guarded = f"\nif TYPE_CHECKING:\n{modules}" if modules else ""
    imports = "\n".join(_imports("".join([guarded, *protocols])))
    head = HEAD.format(paths=", ".join(paths), imports=imports, guarded=guarded)
    return "\n\n".join([head, *protocols])


def _imports(text: str) -> Iterator[str]:
    """What the text needs of the standard library."""
    for module, names in HOMES.items():
        if used := [name for name in names if re.search(rf"\b{name}\b", text)]:
            yield f"from {module} import {', '.join(used)}"


def _protocol(path: str, name: str, cls: type[App], seen: Types) -> str:
    actions = actions_of(cls)
    lines = [f'@protocol_of("{path}")', f"class {name}(Protocol):"]
    for action, method in actions.items():
        given, is_stream = _received(method, seen)
        shown = Text(f"Iterator[{given}]") if is_stream else given
        lines.append(f"    def {action}{_signature(cls, action, method, shown, seen)}: ...")
    return "\n".join(lines if actions else [*lines, "    pass"]) + "\n"


def _async_protocol(path: str, name: str, cls: type[App], seen: Types) -> str:
    actions = actions_of(cls)
    lines = [f'@protocol_of("{path}")', f"class Async{name}(Protocol):"]
    for action, method in actions.items():
        given, is_stream = _received(method, seen)
        word = "def" if is_stream else "async def"
        shown = Text(f"AsyncIterator[{given}]") if is_stream else given
        lines.append(f"    {word} {action}{_signature(cls, action, method, shown, seen)}: ...")
    return "\n".join(lines if actions else [*lines, "    pass"]) + "\n"


def actions_of(cls: type[App]) -> dict[str, Any]:
    """What can be called from outside, by name, in the order of the source."""
    names = dict.fromkeys(name for one in reversed(cls.__mro__[:-1]) for name in vars(one))
    found = {name: getattr(cls, name) for name in names if not is_forbidden(name)}
    return {name: one for name, one in found.items() if callable(one) and not isinstance(one, type)}


def _received(method: Any, seen: Types) -> tuple[Text, bool]:
    """The type of the result, or of what streams; and whether it streams."""
    function = inspect.unwrap(method)
    kind = _type_of("return", function)
    streams = inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)
    if typing.get_origin(kind) in STREAMS:
        streams, kind = True, typing.get_args(kind)[0]
    elif kind in STREAMS or streams:
        streams, kind = True, Any
    return seen.text(_item_of(kind, method), is_received=True), streams


def _item_of(kind: Any, method: Any) -> Any:
    """The type, or where calls of the method are batched, that of the items of such a list."""
    if not hasattr(method, BATCH_MARK):
        return kind
    return next(iter(typing.get_args(kind)), Any)


def _signature(cls: type[App], name: str, method: Any, given: Text, seen: Types) -> str:
    signature = inspect.signature(method)
    own = list(signature.parameters.values())
    if isinstance(inspect.getattr_static(cls, name), staticmethod | classmethod):
        own.insert(0, inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY))
    shown = [own[0].replace(annotation=inspect.Parameter.empty)]
    for one in own[1:]:
        kind = seen.text(_item_of(_type_of(one.name, inspect.unwrap(method)), method))
        default = one.default
        if default is not inspect.Parameter.empty and type(default) not in SIMPLE:
            default = Text("...")
        shown.append(one.replace(annotation=kind, default=default))
    return str(signature.replace(parameters=shown, return_annotation=given))


def _type_of(name: str, function: Any) -> Any:
    """The type that the function gives to a parameter, or to its result; Any where it does not."""
    said = getattr(function, "__annotations__", {}).get(name, Any)
    if isinstance(said, str):
        try:
            # As `typing.get_type_hints` does, but one by one: another may not be known.
            return eval(said, getattr(function, "__globals__", {}))
        except Exception:
            return Any
    return said


def main(paths: Sequence[str]) -> int:
    """Write the text, or why there is none; returns the exit code."""
    find_apps()
    with os.fdopen(os.dup(1), "w") as output:
        os.dup2(2, 1)
        try:
            output.write(stub_of(paths))
        except DirtyAppError as error:
            output.write(error.message)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
