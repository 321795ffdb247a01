"""A cgroup that an arbiter has divided: to undo that where the arbiter itself cannot.

Rules: where memory is divided, no process may come into the cgroup itself. So an arbiter that was
killed would leave it closed to the next, which whoever starts it puts there. What is left of it
then, at the end one process, opens it again.
"""

from __future__ import annotations

import os
import time

PREFIX = "dirty-"
# Below the divided one, for the arbiter and what is forked for it.
ARBITER = f"{PREFIX}arbiter"
# How long others may take to be gone.
EMPTY_S = 1.0
LOOK_S = 0.01


def open_again(base: str) -> None:
    """Have the cgroup divided no more, if this process is the last of all arbiters in it.

    Of several that end at once the one with the highest number waits for the others.

    Raises:
        OSError: it cannot be.
    """
    own, until_s = os.getpid(), time.monotonic() + EMPTY_S
    while (pids := _pids(os.path.join(base, ARBITER, "cgroup.procs"))) != {own}:
        if max(pids) != own or time.monotonic() > until_s:
            return
        time.sleep(LOOK_S)
    with open(os.path.join(base, "cgroup.subtree_control"), "w") as control:
        control.write("-memory")


def _pids(path: str) -> set[int]:
    with open(path) as procs:
        return set(map(int, procs.read().split()))
