"""Patterns of keys: ``* ? [seq] [!seq]``, case and all.

Rules: a pattern is read once, from left to right. What it costs to match a text grows with the
text's length, and no faster, however the pattern looks: parts between stars are found one after
the other, each where it comes first, and none is looked for again. A long text is matched piece by
piece, with others having their turns in between.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator

import gdproto

ANY = "."
NONE = "(?!)"
# What is compared without a pause: characters of a text times those of a part.
QUICK = 50_000

Pause = Callable[[], Awaitable[None]]
Part = list[str]


class Glob:
    """A pattern.

    Args:
        pattern: as in a STASH; what it costs to read grows with its length.
    """

    def __init__(self, pattern: str) -> None:
        # Of each part, an expression for each of its characters.
        self._parts = [list(_tokens(part)) for part in _between_stars(pattern)]
        self._width = max(1, *map(len, self._parts))
        first, *rest = map("".join, self._parts)
        inner = "".join(f"(?>.*?{part})" for part in rest[:-1])
        self._whole = _compiled(first + inner + (f".*{rest[-1]}" if rest else ""))

    def is_quick(self, text: str) -> bool:
        """Whether `matches` may be asked without a pause."""
        return len(text) * self._width <= QUICK

    def matches(self, text: str) -> bool:
        """Whether the text matches."""
        return self._whole.fullmatch(text) is not None

    async def matches_in_turns(self, text: str, pause: Pause) -> bool:
        """As `matches`, for a long text; `pause` is awaited again and again."""
        if len(self._parts) == 1:
            return len(text) == len(self._parts[0]) and self.matches(text)
        first, *inner, last = self._parts
        pos, end = len(first), len(text) - len(last)
        if pos > end or not (_stands(first, text, 0) and _stands(last, text, end)):
            return False
        for part in inner:
            found = await _search(part, text, pos, end, pause)
            if found is None:
                return False
            pos = found
        return True


async def matches_key(glob: Glob | None, name: bytes, pause: Pause) -> bool:
    """Whether a key, as TLV, is a text that matches, if there is a pattern."""
    if glob is None:
        return True
    key = gdproto.decode(name)
    if not isinstance(key, str):
        return False
    return glob.matches(key) if glob.is_quick(key) else await glob.matches_in_turns(key, pause)


def _stands(part: Part, text: str, pos: int) -> bool:
    """Whether the part is what stands at `pos`."""
    return _compiled("".join(part)).match(text, pos) is not None


async def _search(part: Part, text: str, pos: int, end: int, pause: Pause) -> int | None:
    """Where the part ends that comes first between `pos` and `end`; None where none does."""
    if not part:
        return pos
    expression = _compiled("".join(part))
    window = max(1, QUICK // len(part))
    for start in range(pos, end, window):
        if found := expression.search(text, start, min(end, start + window + len(part) - 1)):
            return found.end()
        await pause()
    return None


def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.DOTALL)


def _between_stars(pattern: str) -> list[str]:
    """The parts of the pattern that its stars leave; a star within brackets is none."""
    parts, start = [], 0
    for kind, begin, stop in _pieces(pattern):
        if kind == "*":
            parts.append(pattern[start:begin])
            start = stop
    return [*parts, pattern[start:]]


def _tokens(part: str) -> Iterator[str]:
    """An expression for each character that the part stands for."""
    for kind, begin, stop in _pieces(part):
        if kind == "?":
            yield ANY
        elif kind == "[":
            yield _set(part[begin + 1 : stop - 1])
        else:
            yield re.escape(part[begin])


def _pieces(pattern: str) -> Iterator[tuple[str, int, int]]:
    """What a pattern consists of: ``*``, ``?``, ``[`` for a set, or a character; and where."""
    pos, last = 0, pattern.rfind("]")
    while pos < len(pattern):
        kind, stop = pattern[pos], pos + 1
        if kind == "[":
            # A bracket that comes first, or behind the `!`, is one of the characters.
            inner = pos + 2 + pattern.startswith("!", pos + 1)
            if inner <= last:
                stop = pattern.index("]", inner) + 1
            else:
                kind = ""
        yield kind, pos, stop
        pos = stop


def _set(inner: str) -> str:
    """An expression for one of the characters; behind a ``!``, for one of the others."""
    is_negated = inner.startswith("!")
    members = "".join(_members(inner[is_negated:]))
    if not members:
        return ANY if is_negated else NONE
    return f"[{'^' * is_negated}{members}]"


def _members(inner: str) -> Iterator[str]:
    pos = 0
    while pos < len(inner):
        low, high = inner[pos], inner[pos + 2 : pos + 3]
        if high and inner[pos + 1] == "-":
            if low <= high:
                yield f"{re.escape(low)}-{re.escape(high)}"
            pos += 3
        else:
            yield re.escape(low)
            pos += 1
