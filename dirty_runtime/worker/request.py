"""The request that an app's code runs for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from ..tracing import trace_id_of


class CurrentRequest:
    """A request in a worker.

    Attributes:
        app_path: the app that is called.
        action: what is called on it.
        request_id: the number by which logs name it.
        trace: what its caller said of the trace that it takes part in, as `with_options` of a
            client takes it; empty for nothing. Callers give it: it may be of any form.
    """

    def __init__(
        self,
        app_path: str,
        action: str,
        is_cancelled: Callable[[], bool],
        request_id: int = 0,
        trace: Mapping[str, Any] | None = None,
    ) -> None:
        self.app_path = app_path
        self.action = action
        self.request_id = request_id
        self.trace = trace or {}
        self._is_cancelled = is_cancelled

    @property
    def trace_id(self) -> str:
        """The trace's id, 32 hexadecimal digits; empty where there is none."""
        return trace_id_of(self.trace)

    @property
    def cancelled(self) -> bool:
        """Whether the caller gave up, as far as it is known now: what runs on runs for nobody."""
        return self._is_cancelled()


# What a CurrentRequest is made of, when it is asked for: most calls never do.
Running = tuple[str, str, Callable[[], bool], int, Mapping[str, Any] | None]

RUNNING: ContextVar[Running | None] = ContextVar("running", default=None)
"""The request that runs in this context, as its worker says."""


def current_request() -> CurrentRequest:
    """The request that runs here.

    Raises:
        LookupError: none does.
    """
    running = RUNNING.get()
    if running is None:
        raise LookupError("no request runs here: this is for the actions of an app")
    return CurrentRequest(*running)
