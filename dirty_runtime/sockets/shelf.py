"""What is kept for its next use, for a while: memory that takes long to be made.

Rules: of more than may be kept, what was put back first goes. What nobody takes for some time goes
too, by a thread that there is as long as anything is kept or in use. To put back takes no lock that
others may hold: the collector does it, anywhere. A copy of the process keeps nothing of it.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar
from weakref import WeakSet

IDLE_S = 10.0
MOST_BYTES = 2 * 2**30
MOST_COUNT = 16


class Keepable(Protocol):
    """What may be kept.

    Attributes:
        size: in bytes.
    """

    size: int

    def close(self) -> None:
        """It goes, for good."""


One = TypeVar("One", bound=Keepable)


class Shelf(Generic[One]):
    """Things of one kind.

    Args:
        idle_s: for how long one is kept that nobody takes.
        most_bytes: how much they may have in all.
        most_count: how many there may be.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        idle_s: float = IDLE_S,
        most_bytes: int = MOST_BYTES,
        most_count: int = MOST_COUNT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._idle_s = idle_s
        self._most_bytes = most_bytes
        self._most_count = most_count
        self._clock = clock
        self._kept: list[tuple[float, One]] = []
        self._begin()
        _shelves.add(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        # What was put back and is not sorted in yet; and what is in use.
        self._back: deque[tuple[float, One]] = deque()
        self._used: WeakSet[One] = WeakSet()
        self._is_watched = False

    def take(self, fits: Callable[[One], bool]) -> One | None:
        """What was put back last of those that fit."""
        with self._lock:
            self._sort_in()
            for index in range(len(self._kept) - 1, -1, -1):
                if fits(self._kept[index][1]):
                    _, one = self._kept.pop(index)
                    self._used.add(one)
                    return one
        return None

    def new(self, make: Callable[[], One]) -> One:
        """One that is in use: it will be put back, or nobody will have it any more.

        Raises:
            OSError: it cannot be made, though nothing is kept any more.
        """
        try:
            one = make()
        except OSError:
            self.close()
            one = make()
        with self._lock:
            self._used.add(one)
            starts, self._is_watched = not self._is_watched, True
        if starts:
            threading.Thread(target=self._watch, name="shelf", daemon=True).start()
        return one

    def put(self, one: One) -> None:
        """It may be used again."""
        self._back.append((self._clock(), one))
        # Who holds it looks anew.
        if self._lock.acquire(blocking=False):
            try:
                self._sort_in()
                gone = self._surplus()
            finally:
                self._lock.release()
            _close(gone)

    def lost(self, one: One) -> None:
        """It will not be put back."""
        with self._lock:
            self._used.discard(one)

    def close(self, which: Callable[[One], bool] = lambda _: True) -> None:
        """Those go that are kept."""
        with self._lock:
            self._sort_in()
            gone = [one for _, one in self._kept if which(one)]
            self._kept = [kept for kept in self._kept if not which(kept[1])]
        _close(gone)

    def tidy(self) -> bool:
        """What was idle for too long goes. Returns whether anything is left, or in use."""
        with self._lock:
            self._sort_in()
            gone = self._surplus()
            until_s = self._clock() - self._idle_s
            while self._kept and self._kept[0][0] <= until_s:
                gone.append(self._kept.pop(0)[1])
            self._is_watched = is_left = bool(self._kept or self._used)
        _close(gone)
        return is_left

    def _watch(self) -> None:
        # A copy of the process has none of its threads.
        while True:
            time.sleep(self._idle_s / 4)
            if not self.tidy():
                return

    def _sort_in(self) -> None:
        while self._back:
            since_s, one = self._back.popleft()
            self._used.discard(one)
            self._kept.append((since_s, one))

    def _surplus(self) -> list[One]:
        gone: list[One] = []
        size = sum(one.size for _, one in self._kept)
        while self._kept and (size > self._most_bytes or len(self._kept) > self._most_count):
            _, one = self._kept.pop(0)
            gone.append(one)
            size -= one.size
        return gone

    def forget(self) -> None:
        """In a copy of the process: keep nothing, with nothing of what others did."""
        gone = [one for _, one in [*self._kept, *self._back]]
        self._kept = []
        self._begin()
        _close(gone)


def _close(gone: list[One]) -> None:
    for one in gone:
        one.close()


_shelves: WeakSet[Shelf[Any]] = WeakSet()


def _forked() -> None:
    for shelf in list(_shelves):
        shelf.forget()


os.register_at_fork(after_in_child=_forked)
