"""What is kept for its next use: against a model of it, and in copies of the process."""

from __future__ import annotations

import errno
import mmap
import os
import threading

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dirty_runtime.sockets.mapping import map_at
from dirty_runtime.sockets.shelf import Shelf

IDLE_S, MOST_BYTES, MOST_COUNT = 10.0, 100, 4
LIMIT_S = 30.0


class One:
    """Something of a size."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.is_closed = False

    def close(self) -> None:
        assert not self.is_closed
        self.is_closed = True


class Shelves(RuleBasedStateMachine):
    """A shelf, beside a list of what is on it."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        self.shelf: Shelf[One] = Shelf(IDLE_S, MOST_BYTES, MOST_COUNT, lambda: self.now_s)
        # Nobody watches: time goes by in steps.
        self.shelf._is_watched = True
        self.used: list[One] = []
        self.kept: list[tuple[float, One]] = []
        self.gone: list[One] = []

    def goes(self, which: list[tuple[float, One]]) -> None:
        for one in which:
            self.kept.remove(one)
            self.gone.append(one[1])

    @rule(size=st.integers(1, 150))
    def make(self, size: int) -> None:
        self.used.append(self.shelf.new(lambda: One(size)))

    @precondition(lambda self: self.used)
    @rule(data=st.data())
    def put(self, data: st.DataObject) -> None:
        one = self.used.pop(data.draw(st.integers(0, len(self.used) - 1)))
        self.shelf.put(one)
        self.kept.append((self.now_s, one))
        while len(self.kept) > MOST_COUNT or sum(it.size for _, it in self.kept) > MOST_BYTES:
            self.goes(self.kept[:1])

    @precondition(lambda self: self.used)
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        self.shelf.lost(self.used.pop(data.draw(st.integers(0, len(self.used) - 1))))

    @rule(least=st.integers(1, 150))
    def take(self, least: int) -> None:
        fitting = [kept for kept in self.kept if kept[1].size >= least]
        found = self.shelf.take(lambda one: one.size >= least)
        assert found is (fitting[-1][1] if fitting else None)
        if found is not None:
            self.kept.remove(fitting[-1])
            self.used.append(found)

    @rule(seconds=st.floats(0, 15))
    def wait(self, seconds: float) -> None:
        self.now_s += seconds
        is_left = self.shelf.tidy()
        self.shelf._is_watched = True
        self.goes([kept for kept in self.kept if kept[0] <= self.now_s - IDLE_S])
        assert is_left == bool(self.kept or self.used)

    @rule(most=st.integers(1, 150))
    def close_some(self, most: int) -> None:
        self.shelf.close(lambda one: one.size <= most)
        self.goes([kept for kept in self.kept if kept[1].size <= most])

    @invariant()
    def only_what_is_gone_is_closed(self) -> None:
        assert all(one.is_closed for one in self.gone)
        assert not any(one.is_closed for one in [*self.used, *(one for _, one in self.kept)])


TestShelves = Shelves.TestCase


def watching() -> set[threading.Thread]:
    """The threads that look after something."""
    return {each for each in threading.enumerate() if each.name == "shelf"}


def test_a_thread_looks_after_what_is_kept_and_ends_with_it() -> None:
    others = watching()
    shelf: Shelf[One] = Shelf(idle_s=0.05)
    one = shelf.new(lambda: One(1))
    (thread,) = watching() - others
    shelf.put(one)
    thread.join(LIMIT_S)
    assert not thread.is_alive()
    assert one.is_closed
    # And another one after what comes next, which is lost.
    shelf.new(lambda: One(1))
    for thread in watching() - others:
        thread.join(LIMIT_S)
        assert not thread.is_alive()


def test_what_is_kept_goes_where_nothing_new_can_be_made() -> None:
    shelf: Shelf[One] = Shelf()
    kept = shelf.new(lambda: One(1))
    shelf.put(kept)

    def make() -> One:
        if not kept.is_closed:
            raise OSError(errno.ENOMEM, "no memory")
        return One(2)

    assert shelf.new(make).size == 2

    def never() -> One:
        raise OSError(errno.ENOMEM, "no memory")

    with pytest.raises(OSError, match="no memory"):
        shelf.new(never)


def test_what_is_put_back_while_another_looks_is_taken_next() -> None:
    shelf: Shelf[One] = Shelf()
    one = shelf.new(lambda: One(1))
    with shelf._lock:
        shelf.put(one)
    assert shelf.take(lambda _: True) is one


def test_a_copy_of_the_process_keeps_nothing() -> None:
    shelf: Shelf[One] = Shelf()
    one = shelf.new(lambda: One(1))
    shelf.put(one)
    with shelf._lock:
        # The thread that holds it is not in the copy.
        pid = os.fork()
        if not pid:
            is_right = one.is_closed and shelf.take(lambda _: True) is None
            os._exit(0 if is_right else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert not one.is_closed
    shelf.close()


def test_what_cannot_be_mapped_is_an_error() -> None:
    with pytest.raises(OSError, match="Bad file descriptor"):
        map_at(None, 4096, mmap.PROT_READ, mmap.MAP_SHARED, -1)
