"""What a worker may take of the machine: set in its process before any code of its apps runs.

Rules: what it starts has the same. A limit is never raised above what this process has already.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Mapping
from typing import Any


def limit_this(limits: Mapping[str, Any]) -> None:
    """Limit this process: see `Start.limits` of the arbiter. Raises OSError."""
    if cgroup := limits.get("cgroup"):
        with open(os.path.join(cgroup, "cgroup.procs"), "w") as procs:
            procs.write(str(os.getpid()))
    elif memory := limits.get("memory"):
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        most = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    if nice := limits.get("nice"):
        os.nice(nice)
    if cpus := limits.get("cpus"):
        os.sched_setaffinity(0, cpus)
