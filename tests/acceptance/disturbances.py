"""Disturbances: what the world does to an arbiter while others call it.

Rules: a disturbance is one act on a real arbiter. When it returns, what it did is undone, except
for what the arbiter has to mend by itself: a worker that is dead, a client that is gone.
"""

from __future__ import annotations

import contextlib
import os
import random
import resource
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import gdproto
from dirty_runtime import DirtyError
from dirty_runtime.testing import Arbiter

from . import frames
from .facts import open_files

# More than a connection's buffers hold, in chunks without end.
POURS = 4
# What the disk is filled with at a time, in bytes; and the size of the disk, for `mount`.
FILL_BYTES = 2**20
DISK = "size=64m"


@dataclass
class Victim:
    """An arbiter that is disturbed.

    Attributes:
        arbiter: it.
        app: one that it serves, of the kind of `tests.acceptance.app`.
        disk: where it keeps temporary files, a file system of its own; None where it has none.
    """

    arbiter: Arbiter
    app: str
    disk: Path | None = None

    def signal_one(self, rng: random.Random, number: int) -> int | None:
        """Send a signal to one of the workers. Returns its pid; None where there is none."""
        with contextlib.suppress(DirtyError, ProcessLookupError):
            if pids := sorted(self.arbiter.pids()):
                pid = rng.choice(pids)
                os.kill(pid, number)
                return pid
        return None


Disturbance = Callable[[Victim, random.Random], None]


def kill(victim: Victim, rng: random.Random) -> None:
    """A worker dies."""
    victim.signal_one(rng, signal.SIGKILL)


def stop(victim: Victim, rng: random.Random) -> None:
    """A worker stands still, for a moment or for longer than it may be silent."""
    pid = victim.signal_one(rng, signal.SIGSTOP)
    time.sleep(rng.choice((0.1, 0.5, 4)))
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def freeze(victim: Victim, rng: random.Random) -> None:
    """The arbiter itself stands still, for a moment or for longer than a worker may be silent."""
    victim.arbiter.signal(signal.SIGSTOP)
    try:
        time.sleep(rng.choice((0.1, 0.5, 3)))
    finally:
        victim.arbiter.signal(signal.SIGCONT)


def reload(victim: Victim, rng: random.Random) -> None:
    """All workers are replaced."""
    victim.arbiter.signal(signal.SIGHUP)


def scale(victim: Victim, rng: random.Random) -> None:
    """There is one worker more, or one less."""
    victim.arbiter.signal(rng.choice((signal.SIGTTIN, signal.SIGTTOU)))


def half_frames(victim: Victim, rng: random.Random) -> None:
    """Clients send what is no frame, or a part of one, and are silent."""
    with contextlib.ExitStack() as stack:
        for data in frames.mutated(rng, victim.app, 20):
            _send(stack, victim.arbiter, data)
        time.sleep(rng.uniform(0, 0.5))


def slow_readers(victim: Victim, rng: random.Random) -> None:
    """Clients ask for more than anybody could keep, and read none of it."""
    stream = gdproto.Request(1, victim.app, "pour").to_bytes()
    questions = b"".join(gdproto.Status(number).to_bytes() for number in range(1, 2000))
    with contextlib.ExitStack() as stack:
        for data in rng.choice(([stream] * POURS, [questions] * POURS)):
            _send(stack, victim.arbiter, data)
        time.sleep(rng.uniform(0, 0.5))


def no_descriptors(victim: Victim, rng: random.Random) -> None:
    """The arbiter may open nothing more, or hardly anything."""
    pid = victim.arbiter.process.pid
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    few = open_files(pid) + rng.choice((0, 3))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (min(few, hard), hard))
    try:
        time.sleep(rng.uniform(0.1, 1))
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))


def full_disk(victim: Victim, rng: random.Random) -> None:
    """There is no room for temporary files."""
    if victim.disk is None:
        return
    filling = victim.disk / "filling"
    try:
        with contextlib.suppress(OSError), filling.open("wb", buffering=0) as file:
            while file.write(bytes(FILL_BYTES)):
                pass
        time.sleep(rng.uniform(0.1, 1))
    finally:
        filling.unlink(missing_ok=True)


# Each with the longest wait before it is done again, in seconds.
DISTURBANCES: dict[Disturbance, float] = {
    kill: 0.5,
    stop: 3,
    freeze: 6,
    reload: 3,
    scale: 1,
    half_frames: 1,
    slow_readers: 1,
    no_descriptors: 4,
    full_disk: 4,
}


@contextlib.contextmanager
def small_disk() -> Iterator[Path | None]:
    """A file system that is soon full; None where this user may not mount one."""
    with tempfile.TemporaryDirectory(prefix="gd-") as name:
        if subprocess.run(
            ["mount", "-t", "tmpfs", "-o", DISK, "gd", name], capture_output=True
        ).returncode:
            yield None
            return
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", "--lazy", name], check=True)


def _send(stack: contextlib.ExitStack, arbiter: Arbiter, data: bytes) -> None:
    """Send as much as is taken at once; the connection is closed with the stack."""
    connection = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
    connection.settimeout(1)
    with contextlib.suppress(OSError):
        connection.connect(arbiter.socket_path)
        connection.sendall(data)
