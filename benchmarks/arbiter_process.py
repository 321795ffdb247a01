"""An arbiter as a held process: started, waited for, and ended for certain."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .samples import BenchmarkError

ROOT = Path(__file__).resolve().parent.parent
READY_LIMIT_S = 30.0
CALL_LIMIT_S = 120.0
_GRACE_S = 10.0
_END_LIMIT_S = _GRACE_S + 10.0


@dataclass(frozen=True)
class Size:
    """How many worker processes an arbiter runs, and how many threads each."""

    workers: int = 2
    threads: int = 1


@dataclass(frozen=True)
class Place:
    """The private directory of one arbiter; it goes away with the arbiter."""

    directory: Path

    @property
    def socket_path(self) -> str:
        """Where the arbiter is to listen."""
        return str(self.directory / "arbiter.sock")

    @property
    def log_path(self) -> Path:
        """Where its stdout and stderr go."""
        return self.directory / "arbiter.log"

    def last_words(self) -> str:
        """The last line the arbiter wrote, for a message about its failure."""
        with contextlib.suppress(OSError):
            lines = self.log_path.read_text(errors="replace").strip().splitlines()
            if lines:
                return lines[-1].strip()
        return "it wrote nothing"


class HeldArbiter:
    """An arbiter's command under its keeper."""

    def __init__(self, name: str, keeper: subprocess.Popen[bytes], place: Place) -> None:
        self.name = name
        self.place = place
        self._keeper = keeper

    def check(self) -> None:
        """Raise BenchmarkError if the arbiter has ended."""
        if self._keeper.poll() is not None:
            raise BenchmarkError(f"{self.name}'s arbiter ended: {self.place.last_words()}")

    def end(self) -> None:
        """End the arbiter and all it started."""
        assert self._keeper.stdin is not None
        with contextlib.suppress(OSError):
            self._keeper.stdin.close()
        try:
            self._keeper.wait(_END_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._keeper.kill()
            self._keeper.wait(_END_LIMIT_S)


@contextlib.contextmanager
def place_for(name: str) -> Iterator[Place]:
    """A new private directory, removed on leaving."""
    with tempfile.TemporaryDirectory(prefix=f"bench-{name}-", ignore_cleanup_errors=True) as path:
        yield Place(Path(path))


@contextlib.contextmanager
def held(name: str, command: list[str], place: Place) -> Iterator[HeldArbiter]:
    """Run `command` from the root of the checkout; end it on leaving, however that comes."""
    keeper_command = [sys.executable, "-m", "benchmarks.keeper", str(_GRACE_S), *command]
    environment = {**os.environ, "TMPDIR": str(place.directory)}
    with place.log_path.open("wb") as log:
        keeper = subprocess.Popen(
            keeper_command,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=ROOT,
            env=environment,
            start_new_session=True,
        )
    arbiter = HeldArbiter(name, keeper, place)
    try:
        yield arbiter
    finally:
        arbiter.end()
