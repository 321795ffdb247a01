"""Large bytes of calls, which travel by reference where the arbiter takes that.

Rules: nothing is asked or said before something large was seen: most programs have none. A
connection is asked by a STATUS of its own. Where it is refused, bytes are sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gdproto

from ..sockets.passing import AVAILABLE, MEMFD, MIN_BYTES, Descriptors

TOO_LARGE = ("length_too_large", "payload_too_large")
TAKES = [MEMFD]


class Large:
    """What one client knows of large bytes.

    Args:
        ids: for what its connections ask.
        least: from how many bytes on they are large; 0 for never.

    Attributes:
        views: whether arrays come as views of the memory.
        was_seen: whether there were large ones.
        refused: apps whose workers take none.
    """

    def __init__(self, ids: Iterator[int], least: int) -> None:
        self.ids = ids
        self.least = least
        self.views = False
        self.was_seen = False
        self.refused: set[str] = set()

    def sees(self, size: int) -> bool:
        """Whether so many bytes are large, of which it takes note."""
        if 0 < self.least <= size:
            self.was_seen = True
            return True
        return False

    def sees_too_large(self) -> bool:
        """Whether what no frame carries may be passed, of which it takes note."""
        self.was_seen = self.was_seen or self.least > 0
        return self.least > 0

    def referring(
        self, request: gdproto.Request, is_too_large: bool = False
    ) -> tuple[gdproto.Request, Descriptors] | None:
        """The request with references in the place of large bytes; None where it has none."""
        from ..references import referring

        if request.app_path in self.refused:
            return None
        least = min(self.least, MIN_BYTES) if is_too_large else self.least
        found = referring([list(request.args), request.kwargs], least)
        if found is None:
            return None
        (args, kwargs), descriptors = found
        number, path, action = request.request_id, request.app_path, request.action
        timeout, priority, trace = request.timeout, request.priority, request.trace
        taken = gdproto.Request(number, path, action, args, kwargs, timeout, priority, trace, TAKES)
        return taken, descriptors

    def resolved(self, message: gdproto.Message, descriptors: Descriptors) -> gdproto.Message:
        """The answer, with bytes in the place of references. Raises DirtyError."""
        from ..references import resolved_message

        return resolved_message(message, descriptors, self.views)


def lists_memfd(answer: gdproto.Message) -> bool:
    """Whether an answer to STATUS says that descriptors may be passed."""
    told: Any = answer.result if isinstance(answer, gdproto.Response) else None
    extensions = told.get("extensions") if isinstance(told, dict) else None
    return AVAILABLE and isinstance(extensions, list) and MEMFD in extensions


def takes_none(failure: Any) -> bool:
    """Whether a worker takes no references, for which nothing has begun."""
    details = getattr(failure, "details", {})
    return "by reference" in str(details.get("reason"))


def never() -> Large:
    """For connections on which nothing goes by reference."""
    return Large(iter(()), 0)
