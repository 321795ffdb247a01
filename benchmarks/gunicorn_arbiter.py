"""gunicorn's dirty arbiter, without gunicorn's master.

``python -m benchmarks.gunicorn_arbiter SOCKET WORKERS THREADS TIMEOUT_S`` stands in for the
master: it makes the arbiter and runs it in a fork, for the arbiter stops once its parent is not
the process that made it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator

from gunicorn.config import Config  # type: ignore[import-untyped]
from gunicorn.dirty.arbiter import DirtyArbiter  # type: ignore[import-untyped]
from gunicorn.dirty.client import DirtyClient  # type: ignore[import-untyped]
from gunicorn.dirty.errors import DirtyError  # type: ignore[import-untyped]
from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from dirty_runtime.testing import Arbiter, started

from .app import APP_PATH
from .arbiter_process import READY_LIMIT_S, ROOT, Size, told
from .samples import BenchmarkError

NAME = "gunicorn"
_POLL_S = 0.05
_CALL_S = 10.0


@contextlib.contextmanager
def serving(size: Size, timeout_s: int) -> Iterator[str]:
    """Serve the benchmark app; yields the socket's path once every worker has answered."""
    numbers = [str(size.workers), str(size.threads), str(timeout_s)]
    command = [sys.executable, "-m", __name__, "SOCKET", *numbers]
    with told(NAME), started(command, directory=ROOT) as arbiter:
        _wait_until_ready(arbiter, size.workers)
        yield arbiter.socket_path


def _wait_until_ready(arbiter: Arbiter, workers: int) -> None:
    """Call until as many workers have answered as there should be: it deals calls in turn."""
    limit_s = time.monotonic() + READY_LIMIT_S
    pids: set[int] = set()
    while len(pids) < workers:
        arbiter.check()
        if time.monotonic() > limit_s:
            raise BenchmarkError(f"{NAME}: {len(pids)} of {workers} workers are ready")
        try:
            with DirtyClient(arbiter.socket_path, timeout=_CALL_S) as client:
                pids.add(client.execute(APP_PATH, "worker_pid"))
        except DirtyError:
            time.sleep(_POLL_S)


def run(socket_path: str, size: Size, timeout_s: int) -> int:
    """Run the arbiter until TERM; its exit status."""
    config = Config()
    config.set("dirty_apps", [APP_PATH])
    config.set("dirty_workers", size.workers)
    config.set("dirty_threads", size.threads)
    config.set("dirty_timeout", timeout_s)
    config.set("dirty_graceful_timeout", 5)
    config.set("loglevel", "warning")
    arbiter = DirtyArbiter(config, Logger(config), socket_path=socket_path)
    pid = os.fork()
    if pid == 0:
        _run_in_fork(arbiter)
    signal.signal(signal.SIGTERM, lambda number, frame: os.kill(pid, number))
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _run_in_fork(arbiter: DirtyArbiter) -> None:
    try:
        arbiter.run()
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    path, workers, threads, timeout = sys.argv[1:]
    sys.exit(run(path, Size(int(workers), int(threads)), int(timeout)))
