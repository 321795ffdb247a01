"""``python -m dirty_runtime.worker.template CONTROL ARBITER DIVIDED``: others are forked from it.

Rules: this one has imported what a worker needs, and no app; it has one thread, and runs nothing
but this. It keeps a spare: a process that is forked already, by a keeper of its own, and waits for
its order. Orders come on the socket CONTROL, each a channel to the arbiter; its end is that of the
template, which waits for its keepers. ARBITER is a descriptor that is readable when the arbiter is
gone; DIVIDED the cgroup that it has divided, or empty.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
import threading
import time
import warnings
from contextlib import suppress

from .. import exiting, keeper
from ..divided import open_again
from . import __main__ as worker
from . import inspector
from .lane import ArbiterGone
from .leaving import LEFT_S, end_after, left
from .loading import Loading, begin, settle_memory
from .order import Order, fail, say

# After a spare that was killed, or could not be forked.
PAUSE_S = 0.1
# Two of them nobody can change.
AS_PYTHON_HAS_THEM = frozenset(
    (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGKILL, signal.SIGSTOP)
)


class Template:
    """Forks what is ordered.

    Args:
        control: where the orders come from.
        arbiter: a descriptor that is readable when the arbiter is gone; -1 for none.
    """

    def __init__(self, control: socket.socket, arbiter: int) -> None:
        self._control = control
        self._arbiter = arbiter
        # Every keeper holds the second, and so does whoever may fork one.
        self._last, self._held = os.pipe()

    def breed(self) -> Order | None:
        """Keep a spare, until there is nobody to order any more.

        Returns:
            In what was ordered, its order; in the template None, when all its keepers are gone.
        """
        # Who is a child here is not waited for.
        before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        while not self._is_over():
            told, tells = os.pipe()
            if self._fork() == 0:
                os.close(told)
                return self._wait_for_order(tells, before)
            os.close(tells)
            # The spare was given an order, or is no more.
            if not os.read(told, 1) and not self._is_over():
                time.sleep(PAUSE_S)
            os.close(told)
        os.close(self._held)
        os.read(self._last, 1)
        return None

    def _is_over(self) -> bool:
        """Whether the arbiter is gone, or wants nothing more."""
        if is_readable(self._arbiter):
            return True
        with suppress(BlockingIOError):
            return not self._control.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        return False

    def _fork(self) -> int:
        """As `os.fork`; -1 where that is refused for now."""
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        with warnings.catch_warnings():
            # Of threads it is told in its place.
            warnings.simplefilter("ignore", DeprecationWarning)
            try:
                return os.fork()
            except OSError:
                return -1

    def _wait_for_order(self, tells: int, before: object) -> Order:
        """Become a keeper, and beside it what it keeps, which returns with its order."""
        try:
            if os.getpgid(0) == os.getppid():
                # It is not to end with the group of a template that is kept itself.
                os.setsid()
            link = keeper.keep(self._arbiter, self._held)
            signal.signal(signal.SIGCHLD, before)  # type: ignore[arg-type]
            return self._take_order(link, tells)
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)

    def _take_order(self, link: socket.socket, tells: int) -> Order:
        _, fds, _, _ = socket.recv_fds(self._control, 1, 1, socket.MSG_CMSG_CLOEXEC)
        if not fds:
            os._exit(0)
        os.write(tells, b".")
        for fd in (tells, self._last, self._held):
            os.close(fd)
        self._control.close()
        with link, socket.socket(fileno=fds[0]) as channel:
            try:
                order = Order(channel)
                kind = keeper.TEMPLATE if order.kind == "template" else keeper.OTHER
                socket.send_fds(link, [kind], [channel.fileno()])
                say(channel, f"pid {os.getpid()}")
                self._begin(order)
            except OSError as error:
                fail(channel, error)
        return order

    def _begin(self, order: Order) -> None:
        """Be what was ordered, as far as that can be refused. Raises OSError."""
        order.take_place()
        if order.kind == "command":
            order.become_command()
        if self._arbiter >= 0 and order.kind != "template":
            os.close(self._arbiter)


def is_readable(fd: int) -> bool:
    """Whether the descriptor is, now; -1 never is."""
    looks = select.poll()
    if fd >= 0:
        looks.register(fd, select.POLLIN)
    return bool(looks.poll(0))


def run(order: Order, arbiter: int) -> int:
    """Do what was ordered. Returns the exit code."""
    if order.kind == "template":
        return load(arbiter)
    program = {"worker": worker, "inspector": inspector}[order.kind]
    sys.argv = [str(program.__file__), *order.words]
    keeper.name(f"dirty-{order.kind}")
    if order.kind == "inspector":
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        inspector.main(order.words)
        return 0
    return worker.main()


def load(arbiter: int) -> int:
    """Be a template with apps, or a worker that is forked from it. Returns the exit code."""
    keeper.name("dirty-template")
    loaded = Loading()
    control = socket.socket(fileno=loaded.fds[0])
    # An arbiter that is gone is noticed next.
    with suppress(OSError):
        control.sendall(json.dumps({"loaded": list(loaded.apps)}).encode() + b"\n")
    settle_memory()
    order = Template(control, arbiter).breed()
    if order is None:
        end_after(LEFT_S, left, threading.Event())
        return 0
    keeper.name("dirty-worker")
    begin()
    try:
        code = worker.main(loaded.taken)
    except ArbiterGone:
        code = worker.ARBITER_GONE
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    exiting.exit_without_freeing(code)
    return code


def main() -> int:
    """Be a template without apps, or what is forked from it. Returns the exit code."""
    *numbers, divided = sys.argv[1:]
    control, arbiter = map(int, numbers)
    signal.pthread_sigmask(signal.SIG_SETMASK, keeper.ALL)
    for number in keeper.ALL - AS_PYTHON_HAS_THEM:
        signal.signal(number, signal.SIG_DFL)
    keeper.name("dirty-template")
    keeper.prctl(keeper.PR_SET_CHILD_SUBREAPER, 1)
    settle_memory()
    order = Template(socket.socket(fileno=control), arbiter).breed()
    if order is not None:
        return run(order, arbiter)
    # What the keepers could not end that were killed themselves.
    keeper.sweep()
    if divided and is_readable(arbiter):
        with suppress(OSError):
            open_again(divided)
    exiting.exit_without_freeing(0)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ArbiterGone:
        sys.exit(worker.ARBITER_GONE)
