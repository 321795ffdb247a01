"""The worker's process: boot, one thread a lane, exit."""

from __future__ import annotations

import atexit
import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ..app import App, attributes_of, load_app
from ..errors import DirtyAppError, DirtyError
from ..failure import describe, place, tell
from ..sockets.passing import MEMFD, MEMFD_LENT
from ..version import EXTENSIONS, VERSION
from .converted import bare, converted
from .forks import end_copy, take_for_worker
from .lane import ArbiterGone, LaneServer
from .leaving import FLUSH_S, LEFT_S, end_after, leave, left, within
from .log import LOG
from .loop import EventLoop, Stuck
from .loop_lane import LoopLane
from .own_lanes import answer_status, loop_lanes, parted
from .sources import find_apps, tell_sources
from .stacks import Stacks
from .surroundings import Surroundings, write_by_lines

if TYPE_CHECKING:
    from gdproto.answers import WorkerAnswer

BOOT_FAILED = 3
ARBITER_GONE = 4
PR_SET_PDEATHSIG = 1


def main(taken: Callable[[str, EventLoop], App] | None = None) -> int:
    """Boot and serve; returns the exit code.

    Args:
        taken: gives an app that is ready; each is loaded and initialised if there is none.
    """
    die_with_parent()
    take_for_worker()
    around = Surroundings()
    around.handle_signals()
    # They have waited for it.
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    if taken is None:
        find_apps()
    LOG.set_up(around.log_file, around.log_json)
    code = work(around, taken or initialised)
    if not code:
        end_after(LEFT_S, left, threading.Event())
    return code


def work(around: Surroundings, taken: Callable[[str, EventLoop], App]) -> int:
    """Boot and serve in this process, whose log is set up. Returns the exit code.

    Raises:
        ArbiterGone: it ended before the worker was ready.
    """
    apps: dict[str, App] = {}
    LOG.take_logging(around.worker.slot, around.app_log_level)
    # What is registered first is called last.
    atexit.register(LOG.close, FLUSH_S)
    write_by_lines()
    loop = EventLoop(around.grace_s)
    stacks = Stacks(loop)
    lanes = [
        LaneServer(fd, apps, loop, around.tracebacks, around.memfd_min_bytes) for fd in around.fds
    ]
    hold_nothing_in_copies(lanes, loop, around, stacks)
    if around.tells_sources:
        tell_sources(around.trace_source)
    failure = boot(around, apps, loop, taken)
    shared, own = parted(lanes, around.own)
    status = status_of(apps, lanes)
    try:
        answer_status(shared, own, status, failure)
    except ArbiterGone:
        # It was let go while it booted.
        close(apps, loop, around.close_timeout_s)
        raise
    if failure is not None:
        return BOOT_FAILED
    serve(
        shared,
        loop_lanes(
            own,
            apps,
            loop,
            around.threads,
            around.grace_s,
            around.ask_to_leave,
            around.tracebacks,
        ),
    )
    close(apps, loop, around.close_timeout_s)
    return 0


def status_of(apps: Mapping[str, App], lanes: Sequence[LaneServer]) -> WorkerAnswer:
    """What the worker answers to the STATUS that opens a lane."""
    return {
        "pid": os.getpid(),
        "apps": list(apps),
        "version": VERSION,
        "extensions": offered(),
        "concurrency": len(lanes),
        "attributes": {path: attributes_of(type(bare(app))) for path, app in apps.items()},
    }


def offered() -> list[str]:
    """The extensions that this worker has with its arbiter: descriptors take both."""
    taken = os.environ.get("GD_WORKER_EXTENSIONS", "").split(",")
    passes = MEMFD in taken
    return [name for name in EXTENSIONS if passes or name not in (MEMFD, MEMFD_LENT)]


def die_with_parent() -> None:
    """Have the kernel end this process with its parent: a call that holds the GIL sees no EOF."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def hold_nothing_in_copies(
    lanes: Iterable[LaneServer], loop: EventLoop, around: Surroundings, stacks: Stacks
) -> None:
    """Have processes that an app forks close what is the worker's own."""
    leavings = [
        loop.leave_copy,
        around.leave_copy,
        stacks.leave_copy,
        *(lane.leave_copy for lane in lanes),
    ]
    for leave_copy in leavings:
        os.register_at_fork(after_in_child=leave_copy)


def boot(
    around: Surroundings,
    apps: dict[str, App],
    loop: EventLoop,
    taken: Callable[[str, EventLoop], App],
) -> DirtyError | None:
    """Load and initialise the apps into `apps`. Returns what failed, if anything did."""
    try:
        around.read_hooks()
        around.call_hook("dirty_post_fork", around.arbiter, around.worker)
        for path in around.apps:
            around.trace(path)
            apps[path] = taken(path, loop)
        around.worker.apps.update(apps)
        around.call_hook("dirty_worker_init", around.worker)
    except DirtyError as error:
        return error
    return None


def initialised(path: str, loop: EventLoop, make: Callable[[str], App] = load_app) -> App:
    """The app, ready to be called. Raises DirtyError."""
    try:
        app = make(path)
        loop.settle(app.init())
        end_copy(f"app {path}")
        return converted(app)
    except DirtyError as error:
        end_copy(f"app {path}", error)
        raise
    except BaseException as error:
        end_copy(f"app {path}", error)
        reason = f"app {path}: init() failed: {describe(error)}{place(error)}"
        raise DirtyAppError(reason, path, traceback=tell(error).traceback) from error


def serve(lanes: Iterable[LaneServer], own: Iterable[LoopLane]) -> None:
    """Serve each lane until it ends: in a thread, or those of one app on the event loop."""
    ends = []
    for loop_lane in own:
        ends.append(over := threading.Event())
        loop_lane.serve(over)
    for number, lane in enumerate(lanes):
        ends.append(over := threading.Event())
        name = f"lane-{number}"
        threading.Thread(target=serve_lane, args=(lane, over), name=name, daemon=True).start()
    for over in ends:
        wait(over)


def wait(over: threading.Event) -> None:
    """Wait, whatever an app's handlers of signals raise meanwhile.

    A `join` that is interrupted takes its thread for ended.
    """
    while not over.is_set():
        try:
            over.wait()
        except BaseException as error:
            LOG.say("ERROR", f"a handler of a signal failed: {describe(error)}{place(error)}")


def serve_lane(lane: LaneServer, over: threading.Event) -> None:
    """Serve one lane; the process ends when the arbiter is gone or cannot be understood."""
    try:
        lane.serve()
        lane.close()
    except Stuck:
        # The arbiter finds it closed, and replaces the worker.
        lane.close()
    except ArbiterGone:
        leave(ARBITER_GONE)
    except BaseException as error:
        LOG.say("ERROR", f"a lane failed: {describe(error)}", traceback=tell(error).traceback)
        leave(1)
    over.set()


def close(apps: dict[str, App], loop: EventLoop, limit_s: float) -> None:
    """Close the apps, the last first; one that fails does not keep the others from it."""
    closing = ""
    with within(limit_s, lambda: f"close() of app {closing}"):
        for closing, app in reversed(apps.items()):
            try:
                loop.settle(app.close())
                end_copy(f"close() of app {closing}")
            except BaseException as error:
                end_copy(f"close() of app {closing}", error)
                line = f"app {closing}: close() failed: {describe(error)}{place(error)}"
                LOG.say("ERROR", line, traceback=tell(error).traceback)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ArbiterGone:
        sys.exit(ARBITER_GONE)
