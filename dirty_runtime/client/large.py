"""Large bytes of calls, which travel by reference where the arbiter takes that.

Rules: nothing is asked or said before something large was seen: most programs have none. A
connection is asked by a STATUS of its own. Where it is refused, bytes are sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import gdproto

from ..errors import DirtyError
from ..sockets.passing import (
    AVAILABLE,
    MEMFD,
    MEMFD_LENT,
    MIN_BYTES,
    USUAL_BYTES,
    USUAL_LENT_BYTES,
    Descriptors,
)

if TYPE_CHECKING:
    from ..sockets.lent import Lent

TOO_LARGE = ("length_too_large", "payload_too_large")
TAKES = [MEMFD]


class Referring:
    """A request with references in the place of large bytes.

    Args:
        request: that.
        descriptors: what is to be passed with it.
        lent: what is lent of that: to be given to `answered`.
    """

    __slots__ = ("descriptors", "lent", "request")

    def __init__(
        self, request: gdproto.Request, descriptors: Descriptors, lent: Lent | None
    ) -> None:
        self.request = request
        self.descriptors = descriptors
        self.lent = lent


class Large:
    """What one client knows of large bytes.

    Args:
        ids: for what its connections ask.
        least: from how many bytes on they are large; 0 for never, and None for what is usual.

    Attributes:
        is_passed: whether anything is.
        views: whether arrays come as views of the memory.
        was_seen: whether there were large ones.
        refused: apps whose workers take none.
        unlent: apps whose workers take none that are lent.
    """

    def __init__(self, ids: Iterator[int], least: int | None) -> None:
        self.ids = ids
        self._least = USUAL_BYTES if least is None else least
        self._least_lent = USUAL_LENT_BYTES if least is None else least
        self.is_passed = self._least > 0
        self.views = False
        self.was_seen = False
        self.refused: set[str] = set()
        self.unlent: set[str] = set()

    def sees(self, size: int) -> bool:
        """Whether so many bytes are large, of which it takes note."""
        if 0 < self._least_lent <= size:
            self.was_seen = True
            return True
        return False

    def sees_too_large(self) -> bool:
        """Whether what no frame carries may be passed, of which it takes note."""
        self.was_seen = self.was_seen or self.is_passed
        return self.is_passed

    def referring(
        self, request: gdproto.Request, may_lend: bool, is_too_large: bool = False
    ) -> Referring | None:
        """The request with references in the place of large bytes; None where it has none."""
        from ..references import referring
        from ..sockets.lent import lend

        path = request.app_path
        if path in self.refused:
            return None
        lends = may_lend and path not in self.unlent
        least = self._least_lent if lends else self._least
        if is_too_large:
            least = min(least, MIN_BYTES)
        values = [list(request.args), request.kwargs]
        found = referring(values, least, (lambda size: lend(size, (self, path))) if lends else None)
        if found is None:
            return None
        (args, kwargs), descriptors, lent = found
        number, action, timeout = request.request_id, request.action, request.timeout
        priority, trace = request.priority, request.trace
        taken = gdproto.Request(number, path, action, args, kwargs, timeout, priority, trace, TAKES)
        return Referring(taken, descriptors, lent)

    def failed(self, app_path: str, failure: DirtyError) -> None:
        """Take note of it where nothing has begun for what its workers do not take."""
        reason = str(getattr(failure, "details", {}).get("reason"))
        if "by reference" in reason:
            (self.unlent if "lent" in reason else self.refused).add(app_path)

    def close(self) -> None:
        """Keep no memory for what is sent next."""
        if self.was_seen:
            from ..sockets.lent import LENT

            LENT.close(lambda one: one.borrower[0] is self)

    def resolved(self, message: gdproto.Message, descriptors: Descriptors) -> gdproto.Message:
        """The answer, with bytes in the place of references. Raises DirtyError."""
        from ..references import resolved_message

        return resolved_message(message, descriptors, self.views)


def passing_in(answer: gdproto.Message) -> tuple[bool, bool]:
    """Whether descriptors may be passed, and of memory that is lent, as a STATUS's answer says."""
    told: Any = answer.result if isinstance(answer, gdproto.Response) else None
    extensions = told.get("extensions") if isinstance(told, dict) else None
    known = extensions if AVAILABLE and isinstance(extensions, list) else []
    return MEMFD in known, MEMFD in known and MEMFD_LENT in known


def answered(lent: Lent, answer: gdproto.Message) -> None:
    """The exchange that it was lent for has ended, by that answer: it may be used again."""
    from ..sockets.lent import LENT

    if isinstance(answer, gdproto.Response | gdproto.End):
        LENT.put(lent)


def never() -> Large:
    """For connections on which nothing goes by reference."""
    return Large(iter(()), 0)
