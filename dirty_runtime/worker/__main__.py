"""The worker's process: boot, one thread a lane, exit."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterable

from ..app import App, describe, load_app, place
from ..errors import DirtyAppError, DirtyError
from ..version import EXTENSIONS, VERSION
from .lane import ArbiterGone, Lane
from .loop import EventLoop

BOOT_FAILED = 3
ARBITER_GONE = 4
PR_SET_PDEATHSIG = 1


def main() -> int:
    """Boot and serve; returns the exit code."""
    die_with_parent()
    # A Ctrl-C in the arbiter's terminal is the arbiter's to handle.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    fds = [int(fd) for fd in os.environ["GD_WORKER_FDS"].split(",")]
    for fd in fds:
        os.set_inheritable(fd, False)
    apps: dict[str, App] = {}
    loop = EventLoop()
    lanes = [Lane(fd, apps, loop) for fd in fds]
    failure = boot(json.loads(os.environ["GD_WORKER_APPS"]), apps, loop)
    status = {
        "pid": os.getpid(),
        "apps": list(apps),
        "version": VERSION,
        "extensions": EXTENSIONS,
    }
    for lane in lanes:
        lane.answer_status(status, failure)
    if failure is not None:
        return BOOT_FAILED
    serve(lanes)
    close(apps, loop)
    return 0


def die_with_parent() -> None:
    """Have the kernel end this process with its parent: a call that holds the GIL sees no EOF."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def boot(paths: Iterable[str], apps: dict[str, App], loop: EventLoop) -> DirtyError | None:
    """Load and initialise the apps into `apps`. Returns what failed, if anything did."""
    for path in paths:
        try:
            app = load_app(path)
            loop.settle(app.init())
        except DirtyError as error:
            return error
        except BaseException as error:
            reason = f"app {path}: init() failed: {describe(error)}{place(error)}"
            return DirtyAppError(reason, path, traceback=traceback.format_exc())
        apps[path] = app
    return None


def serve(lanes: Iterable[Lane]) -> None:
    """Serve each lane in a thread until it ends."""
    threads = [
        threading.Thread(target=serve_lane, args=(lane,), name=f"lane-{number}", daemon=True)
        for number, lane in enumerate(lanes)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def serve_lane(lane: Lane) -> None:
    """Serve one lane; the process ends when the arbiter is gone or cannot be understood."""
    try:
        lane.serve()
    except ArbiterGone:
        os._exit(ARBITER_GONE)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def close(apps: dict[str, App], loop: EventLoop) -> None:
    """Close the apps, the last first; one that fails does not keep the others from it."""
    for path, app in reversed(apps.items()):
        try:
            loop.settle(app.close())
        except BaseException as error:
            sys.stderr.write(f"app {path}: close() failed: {describe(error)}\n")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ArbiterGone:
        sys.exit(ARBITER_GONE)
