"""What comes to an arbiter that is process 1, as in a container, when its parent has ended.

Rules: workers' trees have keepers, to whom theirs come. What comes here is somebody else's, and
lives on; once dead, it is waited for, so that no zombie stays. What may be waited for by whoever
started it within this process gets a while first.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress

from ...keeper import children
from .template import Template

LOOK_S = 1.0


class Orphans:
    """The dead of process 1, looked for until the event loop ends."""

    def __init__(self) -> None:
        self._dead: set[int] = set()

    def look(self) -> None:
        """Wait for those that were dead at the last look, and look again later."""
        dead = {pid for pid in children() if pid not in Template.pids and _is_dead(pid)}
        for pid in dead & self._dead:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        self._dead = dead
        asyncio.get_running_loop().call_later(LOOK_S, self.look)


def _is_dead(pid: int) -> bool:
    with suppress(ChildProcessError):
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    return False
