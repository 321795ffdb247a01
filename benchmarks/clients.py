"""Each arbiter's own client, under one shape."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, Protocol, cast

from . import gunicorn_arbiter, our_arbiter
from .arbiter_process import CALL_LIMIT_S, Size

OURS = our_arbiter.NAME
GUNICORN = gunicorn_arbiter.NAME
SIDES = (OURS, GUNICORN)

_CLIENT_MODULES = {OURS: "dirty_runtime", GUNICORN: "gunicorn.dirty.client"}


class Client(Protocol):
    """What both projects' DirtyClient offer."""

    def execute(self, app_path: str, action: str, /, *args: Any, **kwargs: Any) -> Any:
        """Call an action and return its result."""

    def stream(self, app_path: str, action: str, /, *args: Any, **kwargs: Any) -> Iterator[Any]:
        """Call an action and iterate over its chunks."""


def connect(side: str, socket_path: str) -> AbstractContextManager[Client]:
    """A client of that side's project; no call of it lasts longer than CALL_LIMIT_S."""
    client_class = importlib.import_module(_CLIENT_MODULES[side]).DirtyClient
    return cast(AbstractContextManager[Client], client_class(socket_path, timeout=CALL_LIMIT_S))


def serving(side: str, size: Size) -> AbstractContextManager[str]:
    """That side's arbiter serving the benchmark app; yields the path of its socket."""
    serve = our_arbiter.serving if side == OURS else gunicorn_arbiter.serving
    return serve(size, int(CALL_LIMIT_S))
