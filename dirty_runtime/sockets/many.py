"""Many sockets that the event loop sees as one: of those that are ready, some have their turn.

Rules: a turn of the loop takes them for a while, one at a time, and the others in the next ones, in
their order; the kernel keeps it. So it costs the same however many are ready at one moment, which
the loop alone would all take at once.
"""

from __future__ import annotations

import asyncio
import select
import time
from collections.abc import Callable
from typing import Any, Protocol

AVAILABLE = hasattr(select, "epoll")
# How many are asked for at once, of which others may have been closed meanwhile.
AT_ONCE = 8


class Watch(Protocol):
    """What tells when a descriptor is ready, as an event loop does."""

    def add_reader(self, number: int, act: Callable[[], object], /) -> Any:
        """Call `act` whenever there is something to read."""

    def remove_reader(self, number: int, /) -> Any:
        """Do that no more."""

    def add_writer(self, number: int, act: Callable[[], object], /) -> Any:
        """Call `act` whenever something may be written."""

    def remove_writer(self, number: int, /) -> Any:
        """Do that no more."""


class ManySockets:
    """A `Watch` over any number of sockets, on the running event loop.

    Args:
        slice_s: how long they have of a turn of the loop, in seconds.
    """

    def __init__(self, slice_s: float) -> None:
        self._slice_s = slice_s
        self._poll = select.epoll()
        self._readers: dict[int, Callable[[], object]] = {}
        self._writers: dict[int, Callable[[], object]] = {}
        asyncio.get_running_loop().add_reader(self._poll.fileno(), self._serve)

    def add_reader(self, number: int, act: Callable[[], object], /) -> None:
        """Call `act` whenever there is something to read."""
        was_known = self._is_known(number)
        self._readers[number] = act
        self._enter(number, was_known)

    def add_writer(self, number: int, act: Callable[[], object], /) -> None:
        """Call `act` whenever something may be written."""
        was_known = self._is_known(number)
        self._writers[number] = act
        self._enter(number, was_known)

    def remove_reader(self, number: int, /) -> None:
        """Do that no more."""
        if self._readers.pop(number, None) is not None:
            self._enter(number, True)

    def remove_writer(self, number: int, /) -> None:
        """Do that no more."""
        if self._writers.pop(number, None) is not None:
            self._enter(number, True)

    def _is_known(self, number: int) -> bool:
        return number in self._readers or number in self._writers

    def _enter(self, number: int, was_known: bool) -> None:
        """Tell the kernel what is waited for."""
        events = select.EPOLLIN if number in self._readers else 0
        events |= select.EPOLLOUT if number in self._writers else 0
        if not events:
            # It would tell of its end for ever.
            self._poll.unregister(number)
        elif was_known:
            self._poll.modify(number, events)
        else:
            self._poll.register(number, events)

    def _serve(self) -> None:
        until_s = time.monotonic() + self._slice_s
        while True:
            ready = self._poll.poll(0, AT_ONCE)
            for number, events in ready:
                if events & ~select.EPOLLOUT and (read := self._readers.get(number)):
                    read()
                if events & ~select.EPOLLIN and (write := self._writers.get(number)):
                    write()
            if len(ready) < AT_ONCE or time.monotonic() >= until_s:
                return
