"""A worker's process, seen from the arbiter: a fresh interpreter with lanes.

Rules: it inherits its lanes, its environment and a trace alone. On the trace it writes the path
of each app before it initialises it, so that a worker that dies at that names the culprit.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable

from ...settings import Config
from .lane import Lane

BOOTING = "booting"
READY = "ready"
RETIRING = "retiring"
TRACE_BYTES = 64 * 1024
PYTHON = (sys.executable, "-m", "dirty_runtime.worker")


class Worker:
    """One worker process.

    Args:
        slot: its number, from 0, reused by its replacement.
        age: how many workers were spawned before it, and it.
        apps: the paths of the apps that it serves.
        lanes: their worker's ends are handed over.

    Raises:
        OSError: the process cannot be started.

    Attributes:
        state: booting, ready, or retiring: it takes no new work.
        failure: why its boot failed; empty when it did not.
        failed_app: the app whose initialisation failed; empty when that is not known.
        served: calls that it has answered.
        serves_at_most: calls after which it is replaced; 0 for any number.
    """

    def __init__(
        self, slot: int, age: int, apps: tuple[str, ...], lanes: list[Lane], config: Config
    ) -> None:
        self.slot = slot
        self.age = age
        self.apps = apps
        self.lanes = lanes
        self.state = BOOTING
        self.failure = ""
        self.failed_app = ""
        self.served = 0
        self.serves_at_most = 0
        ends = [lane.worker_end for lane in lanes]
        self._trace, trace_end = os.pipe()
        try:
            self.process = subprocess.Popen(
                shlex.split(config.worker_command) or PYTHON,
                stdin=subprocess.DEVNULL,
                pass_fds=[trace_end, *(end.fileno() for end in ends)],
                env=os.environ | self._environment(config, ends, trace_end),
            )
        except OSError:
            os.close(self._trace)
            for lane in lanes:
                lane.close()
            raise
        finally:
            os.close(trace_end)
            for end in ends:
                end.close()

    @property
    def pid(self) -> int:
        return self.process.pid

    def kill(self) -> None:
        """End the process now; nothing happens when it is gone already."""
        self.process.kill()

    def reap(self) -> str:
        """Take leave of the process, which has ended. Returns how it ended."""
        ending = _ending(self.process.wait())
        for lane in self.lanes:
            lane.drain()
            lane.close()
        if self.state == BOOTING and not self.failed_app:
            self.failed_app = self._last_traced()
        os.close(self._trace)
        if self.failure or self.state != BOOTING:
            return self.failure or ending
        if self.failed_app:
            return f"app {self.failed_app}: the worker ended while it loaded it: {ending}"
        return f"the worker ended before it was ready: {ending}"

    def rss_bytes(self) -> int:
        """The memory that the process holds; 0 when it is gone."""
        with contextlib.suppress(OSError, IndexError), open(f"/proc/{self.pid}/statm") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        return 0

    def _last_traced(self) -> str:
        # A process that the worker forked may hold the other end.
        os.set_blocking(self._trace, False)
        with contextlib.suppress(BlockingIOError):
            lines = os.read(self._trace, TRACE_BYTES).decode(errors="replace").splitlines()
            return lines[-1] if lines else ""
        return ""

    def _environment(
        self, config: Config, ends: Iterable[socket.socket], trace_end: int
    ) -> dict[str, str]:
        own = {name: text.format(slot=self.slot) for name, text in config.slot_env.items()}
        return own | {
            "GD_WORKER_FDS": ",".join(str(end.fileno()) for end in ends),
            "GD_WORKER_APPS": json.dumps(list(self.apps)),
            "DIRTY_WORKER_SLOT": str(self.slot),
            "DIRTY_WORKER_AGE": str(self.age),
            "DIRTY_SOCKET": config.socket_path,
            "GUNICORN_DIRTY_SOCKET": config.socket_path,
            "DIRTY_TRACE_FD": str(trace_end),
            "DIRTY_TRACEBACKS": str(int(config.tracebacks)),
            "DIRTY_CONFIG": config.config_path,
        }


def _ending(code: int) -> str:
    if code >= 0:
        return f"exited with {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
