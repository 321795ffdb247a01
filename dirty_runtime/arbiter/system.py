"""What the runtime needs of the operating system.

Rules: the codec runs wherever Python does, and clients where there are Unix sockets. The arbiter
needs Linux, which lets a process keep the whole tree below it, and tells the user of a connection.
It needs files for itself and one worker: with fewer it would wait for what never comes.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterable

from ..cpus import cpu_lists
from ..settings import ConfigError

# Files that an arbiter has open while it starts one worker, and a client is there.
FEWEST_FILES = 24


def lack() -> str:
    """What is missing for an arbiter here, in one line; empty where nothing is."""
    if sys.platform != "linux" or not hasattr(socket, "SO_PEERCRED"):
        return (
            "the arbiter runs on Linux, by a Python that has socket.SO_PEERCRED;"
            f" this is {sys.platform}, where clients and the codec run"
        )
    return _short_of_files()


def check_cpus(affinity: str) -> None:
    """Raises ConfigError where a worker would have no CPU, of those that this process may use."""
    wanted = cpu_lists(affinity)
    # Asked only where somebody asks: where no arbiter can run, there is no such function.
    ours = os.sched_getaffinity(0) if wanted else set()
    for cpus in wanted:
        if not cpus & ours:
            reason = f"cpu-affinity {affinity}: of {_told(cpus)}, none is among {_told(ours)}"
            raise ConfigError(f"{reason}, which this process may use", "cpu_affinity")


def _told(cpus: Iterable[int]) -> str:
    return ",".join(map(str, sorted(cpus)))


def _short_of_files() -> str:
    # Elsewhere there is no such module.
    import resource

    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY or most >= FEWEST_FILES:
        return ""
    return f"{most} files may be open, an arbiter needs {FEWEST_FILES} at least: raise `ulimit -n`"
