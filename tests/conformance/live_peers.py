"""The peers that the live scripts judge here, as the tests start them."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator

from gdproto.conformance.judging.outcomes import BAD, Result
from gdproto.conformance.live.stages import APP
from workshop.subjects.peers import BOUNDS

from ..dirty_runtime.processes import serving

WORKER = f"{sys.executable} -m dirty_runtime.worker"
CLIENT = f"{sys.executable} -m gdproto.conformance.live.clients."


@contextlib.contextmanager
def our_arbiter() -> Iterator[str]:
    """The socket of our arbiter, which serves the conformance app, and logs no traceback."""
    with serving(APP, options=BOUNDS) as arbiter:
        yield arbiter.socket_path


def bad(results: Iterable[Result]) -> list[str]:
    """The scripts that make a run fail, and why."""
    return [f"{one.case}: {one.outcome}: {one.reason}" for one in results if one.outcome in BAD]
