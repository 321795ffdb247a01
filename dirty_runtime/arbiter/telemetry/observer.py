"""Who looks on while an arbiter serves: access log, averages, metrics.

Rules: observers are told what has happened, after it has. One that raises is told of once in the
log, and told nothing more; the arbiter goes on. An event that nobody takes costs a look.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from ...sockets.link import Data

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
    def request_id(self) -> int: ...
    @property
    def frame(self) -> Data: ...
    @property
    def client(self) -> Any: ...
    @property
    def lane(self) -> Any: ...


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
        """The call was handed to a worker; again, if the first one did not begin it."""

    def call_ended(self, call: ObservedCall, outcome: str, now_s: float) -> None:
        """The call has its end: `outcome` is the terminal message's name, or an error's type."""

    def call_abandoned(self, call: ObservedCall, now_s: float) -> None:
        """Nobody waits for the call any more, nor may be told: its client has gone, mostly."""

    def worker_ready(self, worker: ObservedWorker) -> None:
        """The worker takes calls."""

    def worker_gone(self, worker: ObservedWorker, reason: str) -> None:
        """The worker's process has ended."""

    def client_came(self, client: ObservedClient) -> None:
        """A client connected."""

    def client_left(self, client: ObservedClient) -> None:
        """A client is gone."""


EVENTS = tuple(name for name in vars(Observer) if not name.startswith("_"))
Told = tuple[tuple[Observer, Callable[..., None]], ...]


class Observers:
    """The observers of one arbiter.

    For each event of `Observer` there is an attribute of its name, which is true when somebody
    takes the event: whoever tells it often looks there first.
    """

    call_arrived: Told
    call_started: Told
    call_ended: Told
    call_abandoned: Told
    worker_ready: Told
    worker_gone: Told
    client_came: Told
    client_left: Told

    def __init__(self, observers: Iterable[Observer]) -> None:
        self._observers = tuple(observers)
        self._sort()

    def _sort(self) -> None:
        for event in EVENTS:
            told = tuple(
                (one, getattr(one, event))
                for one in self._observers
                if getattr(type(one), event) is not getattr(Observer, event)
            )
            setattr(self, event, told)

    def tell(self, event: str, *facts: Any) -> None:
        """Tell whoever takes the event."""
        for observer, told in getattr(self, event):
            try:
                told(*facts)
            except Exception:
                self._switch_off(observer, event)

    def _switch_off(self, observer: Observer, event: str) -> None:
        """The observer has raised, which is being handled: tell it no more."""
        self._observers = tuple(one for one in self._observers if one is not observer)
        self._sort()
        name = type(observer).__name__
        log.exception("the observer %s failed at %s, and is told no more", name, event)
