"""When the CHUNKs of a stream are written, under a clock that only the test moves.

Rules: what is written, and when, is compared with a model that knows the rules alone. The thread
that keeps the time is the real one: it sleeps until the test lets its pause be over.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dirty_runtime.worker import chunks
from dirty_runtime.worker.chunks import FULL_BYTES, ChunkWriter

from .processes import LIMIT_S, wait_until

# In quarters, which a float holds exactly.
PAUSE_S = 1.0


class Over(Exception):
    """The test is."""


class Clock:
    """Stands until it is moved, and lets whoever sleeps go on when the test says so."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.is_over = False
        self.asleep = threading.Event()
        self._wake = threading.Semaphore(0)

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        assert seconds == PAUSE_S
        self.asleep.set()
        assert self._wake.acquire(timeout=LIMIT_S)
        if self.is_over:
            raise Over

    def wake(self) -> None:
        """Let the one who sleeps go on."""
        assert self.asleep.wait(LIMIT_S)
        self.asleep.clear()
        self._wake.release()


class Writer:
    """A writer of chunks, its clock, and what it has written."""

    def __init__(self) -> None:
        self.patch = pytest.MonkeyPatch()
        self.clock = Clock()
        for name, value in (
            ("time", self.clock), ("monotonic", self.clock.monotonic), ("PAUSE_S", PAUSE_S),
        ):  # fmt: skip
            self.patch.setattr(chunks, name, value)
        self.written: list[bytes] = []
        self.error: Exception | None = None
        self.chunks = ChunkWriter(self.write)

    def write(self, data: bytes) -> None:
        if self.error is not None:
            raise self.error
        self.written.append(data)

    @property
    def is_timed(self) -> bool:
        """Whether somebody will look after the next pause."""
        return self.chunks._is_alarmed

    def pause(self) -> None:
        """The time-keeper has slept, and looks."""
        self.clock.wake()
        wait_until(lambda: self.clock.asleep.is_set() or not self.is_timed)

    def close(self) -> None:
        """End the thread."""
        thread = self.chunks._thread
        if thread is not None and thread.is_alive():
            self.clock.is_over = True
            if not self.is_timed:
                self.chunks._set_alarm()
            self.clock.wake()
            thread.join(LIMIT_S)
            assert not thread.is_alive()
        self.patch.undo()


@pytest.fixture
def writer() -> Iterator[Writer]:
    made = Writer()
    yield made
    made.close()


def test_a_chunk_that_comes_alone_is_written_at_once(writer: Writer) -> None:
    for text in (b"first", b"second"):
        writer.chunks.add(text)
        assert writer.written.pop() == text
        writer.clock.now_s += PAUSE_S
    assert writer.chunks._thread is None


def test_a_chunk_that_comes_too_soon_waits_for_the_end_of_the_pause(writer: Writer) -> None:
    writer.chunks.add(b"first")
    writer.clock.now_s += PAUSE_S / 4
    writer.chunks.add(b"second")
    writer.chunks.add(b"third")
    assert writer.written == [b"first"]
    writer.clock.now_s += PAUSE_S
    writer.pause()
    assert writer.written == [b"first", b"secondthird"]
    assert not writer.is_timed
    assert writer.chunks._thread is not None
    assert writer.chunks._thread.daemon, "a worker's exit does not wait for it"


def test_what_is_full_waits_for_nothing(writer: Writer) -> None:
    writer.chunks.add(b"first")
    writer.chunks.add(b"x" * (FULL_BYTES - 1))
    assert writer.written == [b"first"]
    writer.chunks.add(b"y")
    assert writer.written == [b"first", b"x" * (FULL_BYTES - 1) + b"y"]


def test_what_cannot_be_written_raises_and_ends_the_time_keeper(writer: Writer) -> None:
    writer.chunks.add(b"first")
    writer.chunks.add(b"second")
    writer.error = BrokenPipeError("gone")
    writer.clock.now_s += PAUSE_S
    writer.clock.wake()
    assert writer.chunks._thread is not None
    writer.chunks._thread.join(LIMIT_S)
    assert not writer.chunks._thread.is_alive()
    with pytest.raises(BrokenPipeError):
        writer.chunks.add(b"third")


class Model(RuleBasedStateMachine):
    """Whatever comes, and whenever: all of it is written, in its order, and when it should be."""

    def __init__(self) -> None:
        super().__init__()
        self.writer = Writer()
        self.count = 0
        self.waiting: list[bytes] = []
        self.written: list[bytes] = []
        self.written_s = 0.0
        self.is_timed = False

    def write(self) -> None:
        if self.waiting:
            self.written.append(b"".join(self.waiting))
            self.waiting.clear()
            self.written_s = self.writer.clock.now_s

    @property
    def is_rested(self) -> bool:
        return self.writer.clock.now_s - self.written_s >= PAUSE_S

    @rule(size=st.sampled_from([1, 100, FULL_BYTES // 2, FULL_BYTES]))
    def add(self, size: int) -> None:
        self.count += 1
        self.waiting.append(bytes([self.count % 256]) * size)
        self.writer.chunks.add(self.waiting[-1])
        if sum(map(len, self.waiting)) >= FULL_BYTES or self.is_rested:
            self.write()
        else:
            self.is_timed = True

    @rule()
    def flush(self) -> None:
        self.writer.chunks.flush()
        self.write()

    @rule(quarters=st.integers(1, 5))
    def wait(self, quarters: int) -> None:
        self.writer.clock.now_s += quarters * PAUSE_S / 4

    @precondition(lambda self: self.is_timed)
    @rule(quarters=st.integers(0, 5))
    def pause(self, quarters: int) -> None:
        self.writer.clock.now_s += quarters * PAUSE_S / 4
        self.writer.pause()
        if self.is_rested:
            self.write()
        self.is_timed = bool(self.waiting)

    @invariant()
    def they_agree(self) -> None:
        assert self.writer.written == self.written
        assert self.writer.is_timed == self.is_timed

    def teardown(self) -> None:
        self.writer.close()


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=60, stateful_step_count=30)
