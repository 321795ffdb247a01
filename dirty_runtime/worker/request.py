"""The request that an app's code runs for."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar


class CurrentRequest:
    """A request in a worker.

    Attributes:
        app_path: the app that is called.
        action: what is called on it.
    """

    def __init__(self, app_path: str, action: str, is_cancelled: Callable[[], bool]) -> None:
        self.app_path = app_path
        self.action = action
        self._is_cancelled = is_cancelled

    @property
    def cancelled(self) -> bool:
        """Whether the caller gave up, as far as it is known now: what runs on runs for nobody."""
        return self._is_cancelled()


_current: ContextVar[CurrentRequest | None] = ContextVar("current_request", default=None)


def current_request() -> CurrentRequest:
    """The request that runs here.

    Raises:
        LookupError: none does.
    """
    request = _current.get()
    if request is None:
        raise LookupError("no request runs here: this is for the actions of an app")
    return request


def set_current_request(request: CurrentRequest | None) -> None:
    """Say which request runs in this context: for workers."""
    _current.set(request)
