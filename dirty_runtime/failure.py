"""An exception of somebody else's code, told as text.

Rules: to tell an exception runs its code, which may raise anything, even SystemExit, or give a text
of any size. So whatever cannot be told is replaced by something shorter, texts are cut, and what
comes out is text alone. Nothing here raises.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any, NamedTuple

# Characters of one text.
MOST = 32 * 1024
# Frames of one traceback, the innermost.
MOST_FRAMES = 100
MOST_BASES = 32

# A class may define these names anew.
_MODULE: Any = type.__dict__["__module__"]
_QUALNAME: Any = type.__dict__["__qualname__"]
_MRO: Any = type.__dict__["__mro__"]
_TRACE: Any = BaseException.__dict__["__traceback__"]


class Failure(NamedTuple):
    """What an exception was.

    Attributes:
        kind: the name of its class, as in ``builtins.ValueError``.
        bases: those of the classes that it specialises, the nearest first.
        message: what it says; the name of its class where it says nothing.
        traceback: as Python prints it.
    """

    kind: str
    bases: tuple[str, ...]
    message: str
    traceback: str


def tell(error: BaseException) -> Failure:
    """What the exception was."""
    kind, *bases = map(qualified, _MRO.__get__(type(error))[:-1])
    message = said_by(error) or short(error)
    return Failure(kind, tuple(bases[:MOST_BASES]), message, trace(error, f"{kind}: {message}"))


def qualified(cls: type) -> str:
    """The name of the class, with its module's."""
    module = _MODULE.__get__(cls)
    return f"{module if type(module) is str else '?'}.{_QUALNAME.__get__(cls)}"


def said_by(error: BaseException) -> str:
    """What the exception says."""
    try:
        return cut(str.__str__(str(error)))
    except BaseException as other:
        return f"{short(error)}, whose text cannot be made: {short(other)}"


def short(error: BaseException) -> str:
    """The name of the exception's class, without its module's."""
    return str(_QUALNAME.__get__(type(error))).rpartition(".")[2]


def trace(error: BaseException, last: str) -> str:
    """The traceback of the exception; its frames and the `last` line where no more can be told."""
    at = _TRACE.__get__(error)
    tries: tuple[Callable[[], list[str]], ...] = (
        lambda: traceback.format_exception(type(error), error, at, -MOST_FRAMES),
        lambda: [*traceback.format_tb(at, -MOST_FRAMES), f"{last}\n"],
    )
    for made in tries:
        try:
            return cut("".join(made()))
        except BaseException:
            continue
    return f"{last}\n"


def describe(error: BaseException) -> str:
    """One line that names the exception and says what it says."""
    lines = said_by(error).splitlines()
    return f"{short(error)}: {lines[0]}" if lines else short(error)


def place(error: BaseException) -> str:
    """Where the exception was raised, as `` (file:line)``; empty when it is not known.

    The import system's own frames do not count.
    """
    walked = traceback.walk_tb(_TRACE.__get__(error))
    found = [(frame.f_code.co_filename, line) for frame, line in walked]
    places = [f"{file}:{line}" for file, line in found if not file.startswith("<frozen")]
    return f" ({places[-1]})" if places else ""


def cut(text: str) -> str:
    """The text; of a long one the head and the tail."""
    if len(text) <= MOST:
        return text
    return f"{text[: MOST // 2]} … {text[-MOST // 2 :]}"
