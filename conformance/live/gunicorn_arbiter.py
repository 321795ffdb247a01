"""gunicorn's dirty arbiter as a process: ``python -m gdproto.conformance.live.gunicorn_arbiter``.

Arguments: SOCKET WORKERS APP… It is made here and run in a fork, for it stops once its parent is
not the process that made it.
"""

from __future__ import annotations

import os
import signal
import sys

from gunicorn.config import Config  # type: ignore[import-untyped]
from gunicorn.dirty.arbiter import DirtyArbiter  # type: ignore[import-untyped]
from gunicorn.glogging import Logger  # type: ignore[import-untyped]


def run(socket_path: str, workers: int, apps: list[str]) -> int:
    """Run the arbiter until TERM; its exit status."""
    config = Config()
    config.set("dirty_apps", apps)
    config.set("dirty_workers", workers)
    config.set("dirty_timeout", 60)
    config.set("dirty_graceful_timeout", 2)
    config.set("loglevel", "warning")
    arbiter = DirtyArbiter(config, Logger(config), socket_path=socket_path)
    pid = os.fork()
    if pid == 0:
        arbiter.run()
        os._exit(0)
    signal.signal(signal.SIGTERM, lambda number, frame: os.kill(pid, number))
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))
