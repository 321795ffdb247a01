"""What comes on a lane: it is taken as it comes, but for what is written to a disk.

Rules: while a thread writes, nothing is read or taken of the lane, which is no silence of its
worker. What a worker that is gone has left behind is taken before its lane is over. Then nothing
of the lane is known any more: no collector is to be waited for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ...sockets.aside import WRITING, aside
from ...sockets.link import Link

T = TypeVar("T")


class Intake:
    """One lane's.

    Args:
        link: on which it comes.
        take: takes what the connection has, until this is held.
        read_on: has the link read again, if it may.

    Attributes:
        is_held: whether a thread writes what has come.
        was_unread: whether the worker ended with bytes unread.
    """

    def __init__(
        self,
        link: Link,
        take: Callable[[], None],
        read_on: Callable[[], None],
    ) -> None:
        self.is_held = self.was_unread = False
        self._link = link
        self._take = take
        self._read_on = read_on
        # Who is told when all is taken that a worker left behind.
        self._drained: Callable[[], None] | None = None

    def write(
        self,
        act: Callable[[], T],
        then: Callable[[Callable[[], T]], None] = lambda outcome: None,
    ) -> None:
        """Have a thread write, and take nothing more until then.

        Args:
            then: is called with what returns or raises the outcome.
        """
        self.is_held = True

        def done(outcome: Callable[[], T]) -> None:
            self.is_held = False
            then(outcome)
            self._go_on()

        aside(self._link, WRITING, act, done)

    def _go_on(self) -> None:
        self._take()
        if self.is_held:
            return
        if self._drained is not None:
            self._drain_on()
        else:
            self._read_on()

    def drain(self, drained: Callable[[], None]) -> None:
        """Take in what the worker left behind when it died, close, and call `drained`: at once,
        unless a thread writes some of it.

        A process that it forked may hold the lane open, so its end cannot be waited for.
        """
        self._drained = drained
        if not self.is_held:
            self._drain_on()

    def _drain_on(self) -> None:
        while not (self.is_held or self._link.is_closing):
            try:
                if not self._link.receive_left():
                    break
            except OSError as error:
                self.was_unread = isinstance(error, ConnectionError)
                break
            self._take()
        if not self.is_held:
            self._link.close()
            self._end()

    def lost(self, error: OSError | None) -> None:
        """The link is closed; `error` says why, if nobody wished it."""
        if error is not None:
            self.was_unread = isinstance(error, ConnectionError)
        if not self.is_held:
            self._end()

    def _end(self) -> None:
        drained, self._drained = self._drained, None
        if drained is not None:
            self._take = self._read_on = nothing
            drained()


def nothing() -> None:
    """What a lane that is over does."""
