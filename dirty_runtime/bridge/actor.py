"""The actor: a worker that stands in a cluster, and takes what its bridge carries.

Rules: its lanes are those of any worker, and it runs the worker's code. What it says, it says to
the bridge: on its trace, in its log, by what it prints. The order in which pieces are put in is
that of their numbers: Ray may hand on a small one before a large one. It ends with its bridge.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import NamedTuple

from ..version import VERSION
from ..worker.__main__ import initialised, work
from ..worker.forks import take_for_worker
from ..worker.lane import ArbiterGone
from ..worker.leaving import FLUSH_S, leave
from ..worker.log import LOG
from ..worker.sources import find_apps
from ..worker.surroundings import Surroundings
from .pieces import PIECE_BYTES, Piece, pieces

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


class Intake:
    """Puts pieces into a lane in the order of their numbers, by a thread where the lane is full."""

    def __init__(self, lane: socket.socket) -> None:
        self._lane = lane
        self._pieces: dict[int, memoryview] = {}
        # That of the piece which is put in next, and whether the thread is at it.
        self._number = 0
        self._is_full = False
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name="intake", daemon=True).start()

    def put(self, number: int, piece: Piece) -> None:
        with self._changed:
            self._pieces[number] = memoryview(piece)
            if not self._is_full:
                self._put_now()

    def _put_now(self) -> None:
        """Put in what is there, as far as nobody has to wait for that."""
        # A lane that the worker has closed takes no more.
        with suppress(OSError):
            while piece := self._pieces.get(self._number):
                with suppress(BlockingIOError):
                    piece = piece[self._lane.send(piece, socket.MSG_DONTWAIT) :]
                if piece:
                    self._pieces[self._number] = piece
                    self._is_full = True
                    self._changed.notify()
                    return
                self._done()
            if piece is not None:
                self._lane.shutdown(socket.SHUT_WR)

    def _done(self) -> None:
        del self._pieces[self._number]
        self._number += 1

    def _run(self) -> None:
        with suppress(OSError):
            while True:
                with self._changed:
                    while not self._is_full:
                        self._changed.wait()
                    piece = self._pieces[self._number]
                self._lane.sendall(piece)
                with self._changed:
                    self._done()
                    self._is_full = False
                    self._put_now()


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
        self._sent = [_to_the_end(pieces(lane)) for lane in lanes]
        pipes = {name: os.pipe() for name in SAID}
        self._said = {name: _to_the_end(_read(source)) for name, (source, _) in pipes.items()}
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

    def put(self, lane: int, number: int, piece: Piece) -> None:
        """Have the piece go into the lane; an empty one is its end."""
        self._intakes[lane].put(number, piece)

    def sent(self, lane: int) -> Iterator[Piece]:
        """What the worker sends on the lane, as of `said`."""
        yield from _some(self._sent[lane])

    def said(self, name: str) -> Iterator[Piece]:
        """What it says elsewhere: so much of it, or all, and then an empty piece."""
        yield from _some(self._said[name])

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


def _to_the_end(found: Iterable[Piece]) -> Iterator[Piece]:
    """All of it, and then nothing, again and again."""
    with suppress(OSError):
        yield from found
    while True:
        yield b""


def _some(found: Iterator[Piece]) -> Iterator[Piece]:
    for piece in islice(found, MOST_RESULTS):
        yield piece
        if piece == b"":
            return


def _read(source: int) -> Iterator[bytes]:
    while data := os.read(source, PIECE_BYTES):
        yield data


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
