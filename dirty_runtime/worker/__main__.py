"""The worker's process: boot, one thread a lane, exit."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..app import App, attributes_of, describe, load_app, place
from ..errors import DirtyAppError, DirtyError
from ..line_writer import write_line
from ..printable import printable
from ..version import EXTENSIONS, VERSION
from .lane import ArbiterGone, LaneServer
from .loop import EventLoop
from .sources import find_apps
from .surroundings import Surroundings

if TYPE_CHECKING:
    from gdproto.answers import WorkerAnswer

BOOT_FAILED = 3
ARBITER_GONE = 4
PR_SET_PDEATHSIG = 1
# How long a last word waits for whoever reads standard error.
TELL_S = 0.5


def main() -> int:
    """Boot and serve; returns the exit code."""
    die_with_parent()
    around = Surroundings()
    around.handle_signals()
    find_apps()
    apps: dict[str, App] = {}
    loop = EventLoop()
    lanes = [LaneServer(fd, apps, loop, around.tracebacks) for fd in around.fds]
    failure = boot(around, apps, loop)
    status: WorkerAnswer = {
        "pid": os.getpid(),
        "apps": list(apps),
        "version": VERSION,
        "extensions": EXTENSIONS,
        "concurrency": len(lanes),
        "attributes": {path: attributes_of(type(app)) for path, app in apps.items()},
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


def boot(around: Surroundings, apps: dict[str, App], loop: EventLoop) -> DirtyError | None:
    """Load and initialise the apps into `apps`. Returns what failed, if anything did."""
    try:
        around.read_hooks()
        around.call_hook("dirty_post_fork", around.arbiter, around.worker)
        for path in around.apps:
            around.trace(path)
            apps[path] = initialised(path, loop)
        around.call_hook("dirty_worker_init", around.worker)
    except DirtyError as error:
        return error
    return None


def initialised(path: str, loop: EventLoop) -> App:
    """The app, ready to be called. Raises DirtyError."""
    app = load_app(path)
    try:
        loop.settle(app.init())
    except BaseException as error:
        reason = f"app {path}: init() failed: {describe(error)}{place(error)}"
        raise DirtyAppError(reason, path, traceback=traceback.format_exc()) from error
    return app


def serve(lanes: Iterable[LaneServer]) -> None:
    """Serve each lane in a thread until it ends."""
    threads = [
        threading.Thread(target=serve_lane, args=(lane,), name=f"lane-{number}", daemon=True)
        for number, lane in enumerate(lanes)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def serve_lane(lane: LaneServer) -> None:
    """Serve one lane; the process ends when the arbiter is gone or cannot be understood."""
    try:
        lane.serve()
        lane.close()
    except ArbiterGone:
        os._exit(ARBITER_GONE)
    except BaseException:
        write_line(traceback.format_exc(), TELL_S)
        os._exit(1)


def close(apps: dict[str, App], loop: EventLoop) -> None:
    """Close the apps, the last first; one that fails does not keep the others from it."""
    for path, app in reversed(apps.items()):
        try:
            loop.settle(app.close())
        except BaseException as error:
            line = f"app {path}: close() failed: {describe(error)}"
            write_line(printable(line), TELL_S)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ArbiterGone:
        sys.exit(ARBITER_GONE)
