"""Who looks on while an arbiter serves: access log, averages, metrics.

Rules: observers are told what has happened, after it has. One that raises is told of once in the
log, and nothing more afterwards; the arbiter goes on. An event that no observer takes costs a look
at an empty tuple.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any, Protocol

log = logging.getLogger("dirty")


class ObservedCall(Protocol):
    """A call, as far as observers look at it: see `Call`."""

    @property
    def app_path(self) -> str: ...
    @property
    def action(self) -> str: ...
    @property
    def size_bytes(self) -> int: ...
    @property
    def arrived_s(self) -> float: ...
    @property
    def started_s(self) -> float: ...
    @property
    def lane(self) -> object | None: ...


class ObservedWorker(Protocol):
    """A worker, as far as observers look at it: see `Worker`."""

    @property
    def pid(self) -> int: ...
    @property
    def slot(self) -> int: ...
    @property
    def age(self) -> int: ...
    @property
    def apps(self) -> tuple[str, ...]: ...


class ObservedClient(Protocol):
    """A connection, as far as observers look at it: see `ClientConnection`."""

    @property
    def uid(self) -> int: ...


class Observer:
    """A base: override what is to be told. Times are seconds of the arbiter's clock."""

    def call_arrived(self, call: ObservedCall) -> None:
        """A client calls."""

    def call_started(self, call: ObservedCall) -> None:
        """The call was handed to a worker."""

    def call_ended(self, call: ObservedCall, outcome: str, now_s: float) -> None:
        """The call has its end: `outcome` is the terminal message's name, or an error's type."""

    def call_abandoned(self, call: ObservedCall, now_s: float) -> None:
        """Nobody waits for the call any more: its client has gone."""

    def worker_ready(self, worker: ObservedWorker) -> None:
        """The worker takes calls."""

    def worker_gone(self, worker: ObservedWorker, reason: str) -> None:
        """The worker's process has ended."""

    def client_came(self, client: ObservedClient) -> None:
        """A client connected."""

    def client_left(self, client: ObservedClient) -> None:
        """A client is gone."""


EVENTS = tuple(name for name in vars(Observer) if not name.startswith("_"))


class Observers:
    """The observers of one arbiter; each event of `Observer` is called on all that take it."""

    def __init__(self, observers: Iterable[Observer]) -> None:
        self._observers = tuple(observers)
        self._told: dict[str, tuple[tuple[Observer, Callable[..., None]], ...]] = {}
        self._sort()

    def _sort(self) -> None:
        for event in EVENTS:
            self._told[event] = tuple(
                (one, getattr(one, event))
                for one in self._observers
                if getattr(type(one), event) is not getattr(Observer, event)
            )

    def tell(self, event: str, *facts: Any) -> None:
        """Tell whoever takes the event."""
        for observer, told in self._told[event]:
            try:
                told(*facts)
            except Exception:
                self._observers = tuple(one for one in self._observers if one is not observer)
                self._sort()
                log.exception("%s failed at %s, and is told no more", _name(observer), event)


def _name(observer: Observer) -> str:
    return f"the observer {type(observer).__name__}"
