"""What both arbiters have in common: a size, limits of time, and how their failures are told."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dirty_runtime.testing import ArbiterError

from .samples import BenchmarkError

ROOT = Path(__file__).resolve().parent.parent
READY_LIMIT_S = 30.0
CALL_LIMIT_S = 120.0


@dataclass(frozen=True)
class Size:
    """How many worker processes an arbiter runs, and how many threads each."""

    workers: int = 2
    threads: int = 1


@contextlib.contextmanager
def told(name: str) -> Iterator[None]:
    """Raise BenchmarkError where the arbiter of `name` fails."""
    try:
        yield
    except ArbiterError as error:
        raise BenchmarkError(f"{name}: {error}") from None
