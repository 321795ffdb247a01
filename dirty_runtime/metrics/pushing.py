"""Pushing to statsd: what was counted since the last push, and how it is now.

Rules: a push is datagrams, which nobody waits for and which may be lost. While the arbiter does not
answer there are none. A name is `dirty.` and what is counted, with the app and the action in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from statsd import StatsClient

from ..client.readiness import State, count_states

NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]+")
Counts = dict[str, float]


class Pusher:
    """Pushes to one statsd.

    Args:
        host: where it listens, by UDP.
        port: at which port.
    """

    def __init__(self, host: str, port: int) -> None:
        self._statsd = StatsClient(host, port, prefix="dirty")
        self._before: Counts = {}
        self._arbiter = 0

    def push(self, state: State) -> None:
        """Push what the state tells. Raises OSError."""
        if state["arbiter_pid"] != self._arbiter:
            # It counts from its own start.
            self._before, self._arbiter = {}, state["arbiter_pid"]
        counts = dict(counters(state))
        with self._statsd.pipeline() as pipe:
            for name, count in counts.items():
                if passed := count - self._before.get(name, 0):
                    pipe.incr(name, passed)
            for name, value in gauges(state):
                pipe.gauge(name, value)
        self._before = counts

    def close(self) -> None:
        """Push no more."""
        self._statsd.close()


def counters(state: State) -> Iterator[tuple[str, float]]:
    """What only grows while an arbiter lives."""
    for one in state.get("actions", ()):
        for outcome, count in one["outcomes"].items():
            yield name("calls", one["app"], one["action"], outcome), count
    for reason, count in state.get("restart_reasons", {}).items():
        yield name("restarts", reason), count


def gauges(state: State) -> Iterator[tuple[str, float]]:
    """How it is now; times in milliseconds."""
    for one in state.get("actions", ()):
        yield name("running", one["app"], one["action"]), one["running"]
        for what in ("run", "wait"):
            for share, time_s in (one[what] or {}).items():
                yield name(f"{what}_ms", one["app"], one["action"], share), 1000 * time_s
    for app, count in state.get("queues", {}).items():
        yield name("waiting", app), count
    for what, count in count_states(state).items():
        yield name("workers", what), count
    yield name("clients"), state.get("clients", 0)


def name(*parts: str) -> str:
    """The parts as a name, with dots between them and none within."""
    return ".".join(NOT_IN_NAMES.sub("_", part) or "_" for part in parts)
