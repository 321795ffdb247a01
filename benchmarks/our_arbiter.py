"""Our arbiter, as a user starts it: by its command."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from dirty_runtime.testing import running

from .app import APP_PATH
from .arbiter_process import ROOT, Size, told

NAME = "gdproto"


@contextlib.contextmanager
def serving(size: Size, timeout_s: int) -> Iterator[str]:
    """Serve the benchmark app; yields the socket's path once every worker is ready."""
    arbiter = running(
        APP_PATH,
        workers=size.workers,
        threads=size.threads,
        options=("--timeout", str(timeout_s)),
        directory=ROOT,
    )
    with told(NAME), arbiter as serves:
        yield serves.socket_path
