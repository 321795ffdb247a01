"""Python values built from bytes, of types that can be encoded and of others.

Rules: each byte says what comes next, and any bytes build something; where they end, the rest is
None. So an engine that changes bytes changes values.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Callable
from typing import Any

MAX_DEPTH = 40


class Colour(enum.IntEnum):
    RED = 3


class Text(str):
    """A subclass, which is read as its base."""


class Hostile:
    """Fails at everything that it is asked."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no")

    __hash__ = None  # type: ignore[assignment]


class _Builder:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._pos = 0

    def take(self, size: int) -> bytes:
        taken = self._data[self._pos : self._pos + size]
        self._pos += size
        return taken.ljust(size, b"\0")

    def byte(self) -> int:
        return self.take(1)[0]

    def value(self, depth: int = 0) -> Any:
        kind = KINDS[self.byte() % len(KINDS)]
        return kind(self, depth) if depth < MAX_DEPTH else None

    def values(self, depth: int) -> list[Any]:
        return [self.value(depth + 1) for _ in range(min(self.byte(), len(self._data)))]

    def text(self) -> str:
        raw = self.take(self.byte() % 80)
        return raw.decode("utf-16-be", "surrogatepass") if len(raw) % 2 == 0 else raw.hex()

    def integer(self) -> int:
        return int.from_bytes(self.take(1 + self.byte() % 9), "big", signed=True)

    def real(self) -> float:
        return float(struct.unpack(">d", self.take(8))[0])

    def run(self, depth: int) -> list[Any]:
        """As many numbers as the codec packs at once, and one thing more."""
        number = self.integer() if self.byte() % 2 else self.real()
        return [number] * (60 + self.byte() % 80) + [self.value(depth + 1)]

    def pairs(self, depth: int) -> dict[Any, Any]:
        pairs = {}
        for _ in range(self.byte() % 12):
            key = self.value(depth + 1)
            value = self.value(depth + 1)
            try:
                pairs[key] = value
            except TypeError:
                pairs["unhashable"] = value
        return pairs

    def deep(self, depth: int) -> Any:
        value: Any = self.value(depth + 1)
        for _ in range(self.byte() * 3):
            value = [value]
        return value


def _cycle() -> list[Any]:
    cycle: list[Any] = [1]
    cycle.append(cycle)
    return cycle


KINDS: tuple[Callable[[_Builder, int], Any], ...] = (
    lambda _, __: None,
    lambda _, __: True,
    lambda _, __: False,
    lambda build, _: build.integer(),
    lambda build, _: build.real(),
    lambda build, _: build.take(build.byte()),
    lambda build, _: build.text(),
    lambda build, depth: build.run(depth),
    lambda build, depth: build.values(depth),
    lambda build, depth: tuple(build.values(depth)),
    lambda build, depth: build.pairs(depth),
    lambda build, depth: build.deep(depth),
    lambda build, _: bytearray(build.take(build.byte())),
    lambda build, _: memoryview(build.take(build.byte()))[::2],
    lambda build, _: Text(build.text()),
    lambda _, __: Colour.RED,
    lambda _, __: object(),
    lambda _, __: Hostile(),
    lambda _, __: {1, 2},
    lambda _, __: 1j,
    lambda _, __: _cycle(),
)


def built(data: bytes) -> Any:
    """The value that the bytes build."""
    return _Builder(data).value()
