"""Attacks by a disk that is slow to read, where this user may make one."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import gdproto
from dirty_runtime.testing import Arbiter
from tests.dirty_runtime.processes import wait_until

from .attacks import APP, BAR_S, MIB, Stage, attack, framed, nested, staged
from .peers import LIMIT_S, Attacker

THROTTLES = Path("/sys/fs/cgroup/blkio")
BYTES_PER_S = 20_000_000
SIZE = 60 * MIB


class SlowDisk:
    """A file system of its own, which some processes read slowly.

    Attributes:
        path: where it is.
    """

    def __init__(self, path: Path, group: Path) -> None:
        self.path = path
        self._group = group
        number = os.stat(path).st_dev
        limit = f"{os.major(number)}:{os.minor(number)} {BYTES_PER_S}"
        (group / "blkio.throttle.read_bps_device").write_text(limit)

    def slow_down(self, arbiter: Arbiter) -> None:
        (self._group / "cgroup.procs").write_text(str(arbiter.process.pid))

    def files_of(self, arbiter: Arbiter) -> Iterator[Path]:
        """Those that it has open."""
        for one in Path(f"/proc/{arbiter.process.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                if one.readlink().is_relative_to(self.path):
                    yield one

    def drop(self, path: Path) -> None:
        """Have nothing of the file in memory."""
        number = os.open(path, os.O_RDWR)
        os.fsync(number)
        os.posix_fadvise(number, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(number)


@contextlib.contextmanager
def slow_disk() -> Iterator[SlowDisk | None]:
    """A disk that is slow to read; None where this user may not make one."""
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gd-")))
        image, path = directory / "image", directory / "disk"
        path.mkdir()
        with image.open("wb") as file:
            file.truncate(SIZE * 3)
        group = THROTTLES / directory.name
        try:
            subprocess.run(["mkfs.ext4", "-q", image], check=True)
            subprocess.run(["mount", "-o", "loop", image, path], check=True)
            stack.callback(subprocess.run, ["umount", "--lazy", path], check=True)
            group.mkdir()
            stack.callback(group.rmdir)
            disk = SlowDisk(path, group)
        except (OSError, subprocess.CalledProcessError):
            yield None
            return
        yield disk


@contextlib.contextmanager
def served_from(stage: Stage) -> Iterator[tuple[Stage, SlowDisk] | None]:
    """An arbiter that keeps large frames there; None where there can be none.

    In small there is none: `tests/cases/test_large_answers_and_disks.py` has disks that stand.
    """
    with contextlib.ExitStack() as stack:
        disk = None if stage.quick else stack.enter_context(slow_disk())
        if disk is None:
            yield None
            return
        yield stack.enter_context(staged((), False, {"TMPDIR": str(disk.path)})), disk


def forget(own: Stage, disk: SlowDisk, size: int) -> None:
    """When its file has so much, have nothing of that in memory, and read slowly from now on."""
    files = partial(disk.files_of, own.arbiter)
    wait_until(lambda: sum(one.stat().st_size for one in files()) >= size, limit_s=LIMIT_S)
    for one in disk.files_of(own.arbiter):
        disk.drop(one)
    disk.slow_down(own.arbiter)
    # A wait for the disk takes no processor time, and other programs take what counts.
    realtime = os.sched_param(os.sched_get_priority_min(os.SCHED_FIFO))
    os.sched_setscheduler(own.arbiter.process.pid, os.SCHED_FIFO, realtime)


@attack("an answer of 60 MiB, which a disk has that reads 20 MB a second")
def slow_reads(stage: Stage) -> None:
    with served_from(stage) as served:
        if served is None:
            return
        own, disk = served
        with Attacker(own.arbiter.socket_path) as reader:
            reader.send([gdproto.Request(1, APP, "zeros", [SIZE]).to_bytes()])
            # All of it is there, but for what the socket has taken.
            forget(own, disk, SIZE * 9 // 10)
            with own.watched():
                reader.take(1)
        stage.outcome = own.outcome
        assert own.outcome.stands.wall_s < BAR_S


@attack("a REQUEST of 60 MiB of nested lists, and one of keys, which such a disk has")
def slow_looks(stage: Stage) -> None:
    head = gdproto.encode({"app_path": APP, "action": "pid", "args": None})[:-1]
    small = b"\x20" + (2**20).to_bytes(4) + bytes(2**20)
    last = gdproto.encode({"action": "pid", "app_path": APP})[5:]
    args = gdproto.encode("args") + b"\x20" + (59).to_bytes(4) + small * 59
    fields = gdproto.encode({f"{number:x}": None for number in range(1_000_000)})
    payloads = [head + nested(SIZE), b"\x21" + (3).to_bytes(4) + args + last, fields]
    for payload in payloads:
        frame = framed(gdproto.MessageCode.REQUEST, payload)
        with served_from(stage) as served:
            if served is None:
                return
            own, disk = served
            with Attacker(own.arbiter.socket_path) as sender:
                sender.send([frame[:-1]])
                forget(own, disk, len(frame) * 9 // 10)
                with own.watched():
                    sender.send([frame[-1:]])
                    sender.take(1)
            stage.outcome = max(stage.outcome, own.outcome)
    # Whose thread looks may be kept from the processor while it has the interpreter.
    assert stage.outcome.stands.wall_s < 5 * BAR_S
