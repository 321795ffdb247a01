"""What a worker was told by its arbiter, and its share of the config file's hooks.

Rules: hooks get objects with the facts that a worker knows, by gunicorn's names: of both `cfg`, the
names of the config file, `log`, `pid` and `socket_path`; of the worker also `ppid`, `slot`, `age`,
`app_paths`, and `apps`, by path, once they are initialised. A hook that raises fails the boot.
"""

from __future__ import annotations

import ctypes
import io
import json
import logging
import os
import signal
import sys
import threading
from contextlib import suppress
from logging.handlers import WatchedFileHandler
from types import FrameType, SimpleNamespace
from typing import Any

from ..errors import DirtyError
from ..failure import describe, place
from ..settings import ConfigError, run_file
from ..sockets.passing import AVAILABLE, MEMFD

# On the trace, what begins so asks for a successor; no path of an app has a space.
LEAVE = "leave"
# And so, what file a module was imported from.
SOURCE = "source"
LEAVING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
TAKEN = (*LEAVING, signal.SIGUSR1)
# By lines, as of C's `setvbuf` on Linux.
IOLBF = 1


class Surroundings:
    """What the environment says; file descriptors are not inherited any further."""

    def __init__(self) -> None:
        self.fds = [int(fd) for fd in os.environ["GD_WORKER_FDS"].split(",")]
        self.apps: list[str] = json.loads(os.environ["GD_WORKER_APPS"])
        # The apps that have a lane of their own, behind those of the threads.
        self.own: list[str] = json.loads(os.environ.get("DIRTY_WORKER_OWN_LANES", "[]"))
        # From how many bytes on answers go by reference; 0 for never.
        told = os.environ.get("GD_WORKER_EXTENSIONS", "").split(",")
        self.memfd_min_bytes = 0
        if MEMFD in told and AVAILABLE:
            self.memfd_min_bytes = int(os.environ.get("DIRTY_WORKER_MEMFD_MIN_BYTES", "0"))
        self.threads = int(os.environ.get("DIRTY_WORKER_THREADS", "1"))
        self.tracebacks = os.environ.get("DIRTY_TRACEBACKS", "1") == "1"
        self.log_file = os.environ.get("DIRTY_WORKER_LOG_FILE", "")
        self.log_json = os.environ.get("DIRTY_WORKER_LOG_JSON", "0") == "1"
        self.app_log_level = os.environ.get("DIRTY_WORKER_LOG_LEVEL", "info")
        self.tells_sources = os.environ.get("DIRTY_WORKER_TELLS_SOURCES", "0") == "1"
        self.grace_s = float(os.environ.get("DIRTY_WORKER_GRACEFUL_TIMEOUT", "30"))
        self.close_timeout_s = float(os.environ.get("DIRTY_WORKER_CLOSE_TIMEOUT", "10"))
        self._trace_fd = int(os.environ.get("DIRTY_TRACE_FD", "-1"))
        for fd in self.fds:
            os.set_inheritable(fd, False)
        if self._trace_fd >= 0:
            os.set_inheritable(self._trace_fd, False)
        self._hooks: dict[str, Any] = {}
        # Of each thread that forks.
        self._mask = threading.local()
        both = {
            "cfg": SimpleNamespace(),
            "log": logging.getLogger("dirty"),
            "socket_path": os.environ.get("DIRTY_SOCKET", ""),
        }
        pid = int(os.environ.get("DIRTY_ARBITER_PID", os.getppid()))
        self.arbiter = SimpleNamespace(pid=pid, **both)
        self.worker = SimpleNamespace(
            pid=os.getpid(),
            ppid=pid,
            slot=int(os.environ.get("DIRTY_WORKER_SLOT", "0")),
            age=int(os.environ.get("DIRTY_WORKER_AGE", "0")),
            app_paths=list(self.apps),
            apps={},
            **both,
        )

    def trace(self, path: str) -> None:
        """Say which app is initialised next, for whoever asks what this process died of."""
        self._write(path)

    def trace_source(self, path: str) -> None:
        """Say that a module was imported from the file."""
        self._write(f"{SOURCE} {path}")

    def _write(self, line: str) -> None:
        self.write_trace(f"{line}\n".encode())

    def write_trace(self, lines: bytes | memoryview) -> None:
        """Write what somebody has to say on the trace: whole lines."""
        # An arbiter that is gone asks nobody any more: the lanes will say so.
        with suppress(OSError):
            if self._trace_fd >= 0:
                os.write(self._trace_fd, lines)

    def leave_copy(self) -> None:
        """In a copy of this process: hold nothing of the trace."""
        if self._trace_fd >= 0:
            with suppress(OSError):
                os.close(self._trace_fd)
            self._trace_fd = -1

    def read_hooks(self) -> None:
        """Run the config file. Raises DirtyError."""
        path = os.environ.get("DIRTY_CONFIG")
        if path:
            try:
                self._hooks = run_file(path)
            except ConfigError as error:
                raise DirtyError(str(error)) from None
            vars(self.arbiter.cfg).update(self._hooks)

    def call_hook(self, name: str, *args: Any) -> None:
        """Call the hook, if the config file has it. Raises DirtyError when it fails."""
        hook = self._hooks.get(name)
        if hook is None:
            return
        try:
            hook(*args)
        except BaseException as error:
            reason = f"the hook {name} failed: {describe(error)}{place(error)}"
            raise DirtyError(reason) from error

    def handle_signals(self) -> None:
        """Ask the arbiter to be replaced on TERM, INT and HUP; reopen the app's logs on USR1.

        A service manager's TERM reaches every process at once, but calls are to end first. A
        handler is not inherited by the programs that an app runs, nor by what it forks.
        """
        for number in LEAVING:
            signal.signal(number, self._ask_to_leave)
        signal.signal(signal.SIGUSR1, _reopen)
        os.register_at_fork(
            before=self._hold_signals,
            after_in_parent=self._free_signals,
            after_in_child=self._leave_signals,
        )

    def _ask_to_leave(self, number: int, frame: FrameType | None) -> None:
        self.ask_to_leave(f"{signal.Signals(number).name} came to it")

    def ask_to_leave(self, reason: str) -> None:
        """Have the arbiter start a successor, and dismiss this worker then."""
        self._write(f"{LEAVE} {reason}")

    def _hold_signals(self) -> None:
        """A child that is sent one before it has left them would not notice."""
        self._mask.before = signal.pthread_sigmask(signal.SIG_BLOCK, TAKEN)

    def _free_signals(self) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask.before)

    def _leave_signals(self) -> None:
        """Have signals do what they do by default, if they did as was said here."""
        for number in LEAVING:
            if signal.getsignal(number) == self._ask_to_leave:
                signal.signal(number, signal.SIG_DFL)
        if signal.getsignal(signal.SIGUSR1) is _reopen:
            signal.signal(signal.SIGUSR1, signal.SIG_DFL)
        self._free_signals()


def write_by_lines() -> None:
    """Have each line that is printed written at once, by C as well: the worker may be killed."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True)
    libc = ctypes.CDLL(None)
    with suppress(ValueError):
        libc.setvbuf(ctypes.c_void_p.in_dll(libc, "stdout"), None, IOLBF, 0)


def _reopen(number: int, frame: FrameType | None) -> None:
    for handler in logging.getLogger().handlers:
        if isinstance(handler, WatchedFileHandler):
            handler.reopenIfNeeded()
