"""The threads that run what is not async, of apps that take many calls at once.

Rules: so many run at a time. One that waits for its caller to read does not count meanwhile: it
stays where it is, for a generator may bear no other thread, and has its turn again behind those
that came before. What waits is begun in the order in which it came, by the thread that was idle
last; another is started only where none is idle. Nobody waits for them at the end.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from functools import partial
from queue import SimpleQueue
from typing import Any

Work = Callable[[], None]
Inbox = SimpleQueue[Work | None]


class CallThreads(Executor):
    """Threads, of which `count` run at a time."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._running = self._started = 0
        # What is to be begun, and who is to go on.
        self._waiting: deque[Work | threading.Event] = deque()
        self._idle: list[Inbox] = []
        self._lock = threading.Lock()

    def submit(self, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """As `Executor.submit`. Raises RuntimeError where there are no threads, and can be none."""
        future: Future[Any] = Future()
        self._add(partial(_run, future, partial(call, *args, **kwargs)))
        return future

    @contextmanager
    def aside(self) -> Iterator[None]:
        """While it waits within, the thread that runs this does not count."""
        self._stop_running()
        try:
            yield
        finally:
            turn = threading.Event()
            self._add(turn)
            turn.wait()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Have those end that are idle."""
        with self._lock:
            while self._idle:
                self._idle.pop().put(None)

    def _add(self, one: Work | threading.Event) -> None:
        with self._lock:
            self._waiting.append(one)
            self._go_on()

    def _stop_running(self, inbox: Inbox | None = None) -> None:
        with self._lock:
            self._running -= 1
            if inbox is not None:
                self._idle.append(inbox)
            self._go_on()

    def _go_on(self) -> None:
        """Begin what may be begun; the lock is held."""
        while self._waiting and self._running < self._count:
            one = self._waiting[0]
            if isinstance(one, threading.Event):
                one.set()
            elif self._idle:
                self._idle.pop().put(one)
            elif not self._start(one):
                return
            self._waiting.popleft()
            self._running += 1

    def _start(self, work: Work) -> bool:
        """Have a new thread do it. Returns False where there is none, and one of others will."""
        try:
            threading.Thread(target=self._work, args=(work,), name="call", daemon=True).start()
        except RuntimeError:
            if not self._started:
                self._waiting.clear()
                raise
            return False
        self._started += 1
        return True

    def _work(self, work: Work | None) -> None:
        inbox: Inbox = SimpleQueue()
        while work is not None:
            work()
            # What was done is not to be kept until there is more to do.
            del work
            self._stop_running(inbox)
            work = inbox.get()


def _run(future: Future[Any], call: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = call()
    except BaseException as error:
        future.set_exception(error)
        # Its traceback has this frame, and would keep what was called until the collector runs.
        del future, call
    else:
        future.set_result(result)
