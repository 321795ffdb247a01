"""What the runtime's benchmarks run against: arbiters and the relay, up when first asked for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from . import clients, relay
from .app import APP_PATH
from .arbiter_process import Size
from .clients import OURS, Client
from .process import Process
from .relay import Relay
from .rounds import Progress

SIZE = Size(workers=2, threads=1)


@dataclass(frozen=True)
class Plan:
    """How much to measure in each round, and how many rounds."""

    rounds: int
    calls: int
    window_s: float
    chunks: int
    echoes: int
    # Of 60 MiB: rounds, echoes a round of ours, and how long small calls go on beside them.
    large_rounds: int
    large_echoes: int
    beside_s: float
    connection_rounds: int
    idle_s: float
    # Fresh interpreters of each kind.
    imports: int


FULL = Plan(7, 2000, 2.0, 20_000, 60, 3, 5, 4.0, 5, 15.0, 41)
QUICK = Plan(3, 500, 0.7, 5_000, 20, 1, 3, 1.5, 3, 5.0, 11)


@dataclass(frozen=True)
class Target:
    """An arbiter that is up, with a client that is connected."""

    side: str
    socket_path: str
    client: Client
    arbiter: Process


class Stage:
    """The arbiters of `sides` and the relay; they go with the stage."""

    def __init__(self, running: contextlib.ExitStack, sides: tuple[str, ...], progress: Progress):
        self.progress = progress
        self._running = running
        self._sides = sides
        self._targets: dict[str, Target] = {}
        self._relay: list[Relay | None] = []

    @property
    def targets(self) -> dict[str, Target]:
        """The arbiters that are to be compared, ours first."""
        return {side: self._target(side) for side in self._sides}

    @property
    def ours(self) -> Target:
        """Our arbiter."""
        return self._target(OURS)

    @property
    def relay(self) -> Relay | None:
        """The relay in C; None where there is no compiler."""
        if not self._relay:
            self._relay.append(self._running.enter_context(relay.compiled()))
        return self._relay[0]

    def _target(self, side: str) -> Target:
        if side not in self._targets:
            self.progress(f"starting {side}")
            socket_path = self._running.enter_context(clients.serving(side, SIZE))
            client = self._running.enter_context(clients.connect(side, socket_path))
            arbiter = Process(client.execute(APP_PATH, "arbiter_pid"))
            self._targets[side] = Target(side, socket_path, client, arbiter)
        return self._targets[side]


@contextlib.contextmanager
def stage(sides: tuple[str, ...], progress: Progress) -> Iterator[Stage]:
    """A stage, and nothing left of it after."""
    with contextlib.ExitStack() as running:
        yield Stage(running, sides, progress)
