"""Attacks by what is passed beside frames: memory, and what is none."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import socket
import struct
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import gdproto
from dirty_runtime.sockets.passing import MOST, SEALS, send_passing

from .attacks import APP, MIB, Stage, attack, no_more_memory_than
from .peers import Attacker

LINGERS_S = 2
REFERENCE = {"gd:memfd": 0, "offset": 0, "size": 10}


def call(number: int, reference: Mapping[str, Any] = REFERENCE) -> bytes:
    """A call that takes what is passed with it."""
    return gdproto.Request(number, APP, "size", (dict(reference),), {}, 30.0).to_bytes()


def agreed(one: Attacker) -> None:
    """Have the arbiter take what is passed."""
    one.strike([gdproto.Status(1).to_bytes()], 1)


def memory(size: int, seals: int = SEALS) -> int:
    """Filled memory."""
    number = os.memfd_create("gd", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.posix_fallocate(number, 0, size)
    fcntl.fcntl(number, fcntl.F_ADD_SEALS, seals)
    return number


def passed(one: Attacker, data: bytes, numbers: Sequence[int]) -> None:
    """Send a frame with descriptors that this process has no more."""
    send_passing(one.socket, data, numbers)
    for number in numbers:
        os.close(number)


@contextlib.contextmanager
def lingering(count: int) -> Iterator[list[int]]:
    """Sockets whose last close waits."""
    with contextlib.ExitStack() as stack, socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(count)
        numbers = []
        for _ in range(count):
            ours = socket.create_connection(listening.getsockname())
            stack.enter_context(listening.accept()[0])
            ours.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    ours.send(bytes(MIB))
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, LINGERS_S))
            numbers.append(ours.detach())
        yield numbers


@attack("passed: 16 sockets that linger, in the place of memory")
def sockets(stage: Stage) -> None:
    with stage.attacker() as attacker, lingering(stage.few(16, 2)) as numbers:
        agreed(attacker)
        with stage.watched():
            passed(attacker, call(2), numbers)
            attacker.take(1)


@attack("passed: 1 GiB of memory that nobody else has, with a call that fails")
def freed(stage: Stage) -> None:
    with stage.attacker() as attacker:
        agreed(attacker)
        number = memory(stage.few(1024) * MIB)
        with stage.watched(), no_more_memory_than(stage, 0):
            passed(attacker, gdproto.Request(2, APP, "?").to_bytes(), [number])
            attacker.take(1)


@attack("passed: 2,000 times memory that is not sealed, with 64 descriptors")
def unsealed(stage: Stage) -> None:
    with stage.attacker() as attacker:
        agreed(attacker)
        number = memory(MIB, 0)
        with stage.watched():
            for request in range(2, 2 + stage.few(2000)):
                send_passing(attacker.socket, call(request), [number] * MOST)
                attacker.take(1)
        os.close(number)


@attack("passed: 2,000 times 64 descriptors behind a call's first byte")
def misplaced(stage: Stage) -> None:
    with stage.attacker() as attacker:
        agreed(attacker)
        number = memory(MIB)
        with stage.watched():
            for request in range(2, 2 + stage.few(2000)):
                frame = gdproto.Request(request, APP, "pid").to_bytes()
                attacker.socket.sendall(frame[:1])
                send_passing(attacker.socket, frame[1:], [number] * MOST)
                attacker.take(1)
        os.close(number)


@attack("passed: sockets that hold sockets that hold sockets, 60 deep")
def nested(stage: Stage) -> None:
    with stage.attacker() as attacker:
        agreed(attacker)
        with stage.watched():
            for request in range(2, 2 + stage.few(50)):
                inner, outer = socket.socketpair()
                for _ in range(60):
                    ours, theirs = socket.socketpair()
                    send_passing(theirs, b"x", [inner.fileno(), outer.fileno()])
                    inner.close()
                    outer.close()
                    inner, outer = ours, theirs
                passed(attacker, call(request), [inner.detach(), outer.detach()])
                attacker.take(1)


@attack("passed: references that lie about what is passed, and other files than memory")
def lies(stage: Stage) -> None:
    numbers = [-1, 0, 1, 63, 2**31, 2**63 - 1, -(2**63), None, 0.0, "0", True]
    references = [
        {"gd:memfd": number, "offset": offset, "size": size}
        for number, offset, size in itertools.product(numbers, repeat=3)
    ]
    step = 32 if stage.quick else 1
    pids = stage.arbiter.pids()
    with stage.attacker() as attacker:
        agreed(attacker)
        with stage.watched():
            for request, reference in enumerate(references[::step], 2):
                passed(attacker, call(request, reference), [memory(4096)])
                attacker.take(1)
            for request, number in enumerate(no_memory(), len(references) + 2):
                passed(attacker, call(request), [number])
                attacker.take(1)
    assert stage.arbiter.pids() == pids


def no_memory() -> Iterator[int]:
    """Descriptors of what is no memory, or cannot be kept as such."""
    exit_, entry = os.pipe()
    yield from (exit_, entry)
    yield os.open("/dev/zero", os.O_RDONLY)
    yield os.open("/proc/self/mem", os.O_RDONLY)
    yield os.open("/", os.O_PATH)
    with tempfile.TemporaryFile() as file:
        yield os.dup(file.fileno())
    yield os.eventfd(0)
    yield os.pidfd_open(os.getpid())
    for flags in (os.MFD_ALLOW_SEALING, os.MFD_ALLOW_SEALING | os.MFD_HUGETLB):
        for size in (0, 2**21):
            number = os.memfd_create("gd", flags)
            os.ftruncate(number, size)
            fcntl.fcntl(number, fcntl.F_ADD_SEALS, SEALS)
            yield number


@attack("passed: memory as large as a file can be, of which nothing is filled")
def sparse(stage: Stage) -> None:
    with stage.attacker() as attacker:
        agreed(attacker)
        number = os.memfd_create("gd", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(number, 2**62)
        fcntl.fcntl(number, fcntl.F_ADD_SEALS, SEALS)
        with stage.watched():
            passed(attacker, call(2), [number])
            attacker.take(1)
