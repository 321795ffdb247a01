"""What a template with apps does before others are forked from it, and they when they are.

Rules: each app is initialised as in a worker, and one that fails keeps no other from it: a worker
tries that itself, and tells how it fails. Its threads run in no worker, and are told by name; CUDA,
which nobody can use in a fork, is the app's failure. Then all that is there is frozen, so that a
collection in a worker writes to no page of it.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
import threading
import weakref
from collections.abc import Iterable

from ..app import App
from ..errors import DirtyAppError, DirtyError
from ..failure import describe, place, tell
from . import __main__ as worker
from .converted import bare
from .forks import end_copy, take_for_worker
from .leaving import FLUSH_S, LEFT_S
from .log import LOG
from .loop import EventLoop
from .sources import find_apps
from .surroundings import Surroundings, write_by_lines

CUDA = (
    "CUDA was initialised by init() in the template, and no fork can use it: do so in after_fork()"
)


class Loading:
    """The apps of a template.

    Attributes:
        apps: those that could be initialised, by their paths.
        failures: why the others could not.
    """

    def __init__(self) -> None:
        take_for_worker()
        around = Surroundings()
        around.handle_signals()
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        self.fds = around.fds
        self.apps: dict[str, App] = {}
        self.failures: dict[str, DirtyError] = {}
        find_apps()
        LOG.set_up(around.log_file, around.log_json)
        LOG.take_logging(around.worker.slot, around.app_log_level)
        write_by_lines()
        loop = EventLoop(around.grace_s)
        for leave_copy in (loop.leave_copy, around.leave_copy):
            os.register_at_fork(after_in_child=leave_copy)
        for path in around.apps:
            around.trace(path)
            self._load(path, loop)
        _end_loop(loop)
        tell_threads(self.apps)
        LOG.close(FLUSH_S)
        signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals())

    def _load(self, path: str, loop: EventLoop) -> None:
        try:
            app = worker.initialised(path, loop)
            refuse_cuda(path)
            self.apps[path] = app
        except DirtyError as error:
            self.failures[path] = error

    def taken(self, path: str, loop: EventLoop) -> App:
        """The app, ready to be called in a worker. Raises DirtyError."""
        if path in self.failures:
            raise self.failures[path]
        if path not in self.apps:
            return worker.initialised(path, loop)
        app = self.apps[path]
        try:
            after_fork = getattr(bare(app), "after_fork", None)
            if callable(after_fork):
                loop.settle(after_fork())
            end_copy(f"after_fork() of app {path}")
        except BaseException as error:
            end_copy(f"after_fork() of app {path}", error)
            reason = f"app {path}: after_fork() failed: {describe(error)}{place(error)}"
            raise DirtyAppError(reason, path, traceback=tell(error).traceback) from error
        return app


def refuse_cuda(path: str) -> None:
    """Raises DirtyAppError where CUDA is initialised; nothing is imported for that."""
    cuda = getattr(sys.modules.get("torch"), "cuda", None)
    if cuda is not None and cuda.is_initialized():
        raise DirtyAppError(f"app {path}: {CUDA}", path)


def _end_loop(loop: EventLoop) -> None:
    """Have no event loop here: each worker has its own with the first use."""
    loop.close()
    for thread in threading.enumerate():
        if thread.name == "loop":
            thread.join(LEFT_S)


def tell_threads(apps: Iterable[str]) -> None:
    """Warn of threads, which nothing that is forked has."""
    main = threading.main_thread()
    names = [one.name for one in threading.enumerate() if one is not main and one.name != "lines"]
    if names:
        what = f"template of {', '.join(apps)}: its threads run in no worker: {', '.join(names)}"
        LOG.say("WARNING", f"{what}; start them in after_fork()")


def settle_memory() -> None:
    """Have what is here stay as it is, so that it is shared with what is forked for long."""
    gc.collect()
    gc.freeze()
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)


def begin() -> None:
    """In a worker that was forked from a template with apps: be apart from it and the others."""
    # What is to be removed with the template is not to be removed with a worker.
    for finalizer in list(weakref.finalize._registry):  # type: ignore[attr-defined]
        finalizer.atexit = False
    # Python's own `random` does so itself.
    if (numpy := sys.modules.get("numpy.random")) is not None and hasattr(numpy, "seed"):
        numpy.seed()
    generator = getattr(sys.modules.get("torch"), "default_generator", None)
    if generator is not None:
        generator.seed()
