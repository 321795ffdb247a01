"""The actor: a worker that stands in a cluster, and takes what its bridge carries.

Rules: its lanes are those of any worker, and it runs the worker's code. What it says, it says to
the bridge: on its trace, in its log, by what it prints. Pieces are numbered each way: Ray may hand
on a small one before a large one. It ends with its bridge.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from itertools import chain, islice, repeat
from typing import NamedTuple

from ..version import VERSION
from ..worker.__main__ import initialised, work
from ..worker.forks import take_for_worker
from ..worker.lane import ArbiterGone
from ..worker.leaving import FLUSH_S, leave
from ..worker.log import LOG
from ..worker.sources import find_apps
from ..worker.surroundings import Surroundings
from .intake import Intake
from .outlet import Outlet
from .pieces import PIECE_BYTES, Carried, Numbered, arrived, carried, is_end

ARBITER_GONE = 4
# Ray keeps some hundred bytes of each result of a task, for as long as that runs.
MOST_RESULTS = 4096
# What a worker says beside its lanes, and the bridge hands on.
TRACE, LOG_LINES, PRINTED = SAID = ("trace", "log", "printed")


class Place(NamedTuple):
    """Where an actor is: its node, its name in the cluster, its process, and where its life can be
    watched.
    """

    node: str
    actor: str
    pid: int
    host: str
    port: int


class Slot:
    """A worker in a cluster.

    Args:
        version: that of the bridge.
        environment: what the worker is told.
        count: how many lanes it has.

    Raises:
        RuntimeError: the bridge is of another version than what is installed here.
    """

    def __init__(self, version: str, environment: Mapping[str, str], count: int) -> None:
        if version != VERSION:
            raise RuntimeError(f"the node has gdproto {VERSION}, and the arbiter has {version}")
        os.environ.update(environment)
        lanes, ends = zip(*(socket.socketpair() for _ in range(count)), strict=True)
        # Another hold on the worker's, by which nothing more comes of them at its end.
        self._ends = [end.dup() for end in ends]
        self._intakes = [Intake(lane) for lane in lanes]
        self._outlets = [Outlet(lane) for lane in lanes]
        self._sent = [outlet.stream() for outlet in self._outlets]
        pipes = {name: os.pipe() for name in SAID}
        self._said = {name: _to_the_end(source) for name, (source, _) in pipes.items()}
        os.environ["GD_WORKER_FDS"] = ",".join(str(end.detach()) for end in ends)
        os.environ["DIRTY_TRACE_FD"] = str(pipes[TRACE][1])
        # What the log is set up with, here.
        os.dup2(pipes[LOG_LINES][1], 2)
        LOG.set_up("", os.environ.get("DIRTY_WORKER_LOG_JSON") == "1")
        _print_to(pipes[PRINTED][1])

    def place(self) -> Place:
        """Where it is; its bridge is to come there, and to stay."""
        import ray

        host = ray.util.get_node_ip_address()
        listener = socket.create_server((host, 0))
        threading.Thread(target=_end_with, args=(listener,), name="bridge", daemon=True).start()
        here, port = ray.get_runtime_context(), listener.getsockname()[1]
        return Place(here.get_node_id(), here.get_actor_id() or "", os.getpid(), host, port)

    def put(self, what: Carried) -> None:
        """Have the piece go into its lane; an empty one is the end of that."""
        lane, number, piece = arrived(what)
        self._intakes[lane].put(number, piece)

    def ask(self, what: Carried) -> Carried:
        """The same, and what the worker sends upon it within a moment; empty where that is none."""
        lane, number, piece = arrived(what)
        answer = self._outlets[lane].answer(partial(self._intakes[lane].put, number, piece))
        return b"" if answer is None else carried(lane, *answer)

    def sent(self, lane: int) -> Iterator[Carried]:
        """What the worker sends on the lane otherwise, as of `said`."""
        yield from _some(lane, self._sent[lane])

    def said(self, name: str) -> Iterator[Carried]:
        """What it says elsewhere: so much of it, or all, and then an empty piece."""
        yield from _some(0, self._said[name])

    def serve(self) -> int:
        """Be a worker, until its lanes end. Returns what it would exit with."""
        take_for_worker()
        find_apps()
        try:
            return work(Surroundings(), initialised)
        except ArbiterGone:
            return ARBITER_GONE
        finally:
            LOG.close(FLUSH_S)
            sys.stdout.flush()
            for end in self._ends:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)


def _some(lane: int, found: Iterator[Numbered]) -> Iterator[Carried]:
    for number, piece in islice(found, MOST_RESULTS):
        yield carried(lane, number, piece)
        if is_end(piece):
            return


def _to_the_end(source: int) -> Iterator[Numbered]:
    """All that comes, and then nothing, again and again."""
    return enumerate(chain(iter(partial(os.read, source, PIECE_BYTES), b""), repeat(b"")))


def _print_to(fd: int) -> None:
    """Have all that is printed go there."""
    for number in (1, 2):
        os.dup2(fd, number)
    os.close(fd)
    sys.stdout = os.fdopen(os.dup(1), "w", buffering=1, errors="backslashreplace")
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, errors="backslashreplace")


def _end_with(listener: socket.socket) -> None:
    """End this process when whoever comes there is gone."""
    with listener:
        bridge, _ = listener.accept()
    # What the app forks is not to pass for the worker.
    os.register_at_fork(after_in_child=bridge.close)
    with suppress(OSError):
        while bridge.recv(PIECE_BYTES):
            pass
    leave(ARBITER_GONE)
