"""What a REQUEST is routed by, found without reading the rest."""

from __future__ import annotations

from typing import NamedTuple

from . import stepping, strict
from ._generated.messages import ARGUMENTS
from ._generated.values import check_value
from .fast import DOUBTS, Again, Faulty


class RequestPeek(NamedTuple):
    """What an arbiter needs to know of a REQUEST.

    Attributes:
        timeout: in seconds, None for none.
        priority: from -10 to 10, the higher first; 0 is usual.
    """

    app_path: str
    action: str
    timeout: float | None
    priority: int


WANTED = RequestPeek._fields


class Routing:
    """Which keys of a REQUEST's payload lead to what it is routed by, and where that begins."""

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = data
        self.found = dict.fromkeys(WANTED, 0)
        self.missing = len(WANTED)

    def __call__(self, key: str, pos: int) -> int:
        """Where to go on behind a key: at its value, behind it, or (-1) nowhere.

        Raises:
            Again: the key has been there.
        """
        if key in self.found:
            if self.found[key]:
                raise Again
            self.found[key] = pos
            self.missing -= 1
            return pos
        if self.missing == 1 and key in ARGUMENTS and not self.found[WANTED[-1]]:
            return -1
        try:
            stop = stepping.step(self._data, pos)
        except DOUBTS:
            return pos
        return stop if stop <= len(self._data) else pos


class Seek:
    """Which key of a REQUEST's payload is looked for, before its arguments, as `Routing`.

    Attributes:
        found: where its value begins; 0 for nowhere.
    """

    missing = 1

    def __init__(self, key: str) -> None:
        self._key = key
        self.found = 0

    def __call__(self, key: str, pos: int) -> int:
        """Where to go on behind a key: at its value, or (-1) nowhere."""
        if key == self._key:
            self.found = pos
        return -1 if self.found or key in ARGUMENTS else pos


def route(data: bytes | memoryview, pos: int) -> tuple[tuple[int, ...], int]:
    """Find what a REQUEST is routed by in its payload, judging that and the way there.

    Returns:
        Where the values begin, in the order of WANTED, 0 for none; and where the payload ends, -1
        if it was not read to its end, since nothing was missing.

    Raises:
        ProtocolError: the first fault.
    """
    routing = Routing(data)
    try:
        stop = check_value(data, pos, routing)
    except Faulty as fault:
        strict.refuse_at(data, fault)
    return tuple(routing.found.values()), stop
