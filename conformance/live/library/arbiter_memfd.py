"""Descriptors at an arbiter: handed on with their frame, or closed."""

from __future__ import annotations

import fcntl
import mmap
import os
import select
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import gdproto

from ..expectations import error, response
from ..script import BOOK, Unsupported
from ..stages import ArbiterStage
from ..wire import Mismatch, Wire
from .arbiter_exchanges import still_serves

STATUS_ID, BARRIER = 1, 900
# Python has no name for it before 3.14.
F_SEAL_FUTURE_WRITE = 0x10
OF_ALL = 0
if hasattr(fcntl, "F_ADD_SEALS"):
    OF_ALL = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW
DATA = bytes(range(256)) * 40


@contextmanager
def memory(data: bytes, *, sealed: bool = True) -> Iterator[int]:
    """A descriptor of memory with the data; closed in the end."""
    fd = os.memfd_create("gd", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.write(fd, data)
        if sealed:
            fcntl.fcntl(fd, fcntl.F_ADD_SEALS, OF_ALL | fcntl.F_SEAL_WRITE)
        yield fd
    finally:
        os.close(fd)


@contextmanager
def lent_memory(size: int, seals: int = OF_ALL) -> Iterator[tuple[int, mmap.mmap]]:
    """A descriptor of memory, and that memory, which only who has this can write to."""
    with memory(bytes(size), sealed=False) as fd, mmap.mmap(fd, size) as room:
        try:
            fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals | F_SEAL_FUTURE_WRITE)
        except OSError:
            raise Unsupported("the system has no memory that can be lent") from None
        yield fd, room


def negotiated(stage: ArbiterStage, *names: str) -> Wire:
    """A connection on which descriptors may be passed, and what else has these names."""
    if not hasattr(os, "memfd_create"):
        raise Unsupported("the system has no memfd")
    wire = stage.connect()
    wire.send(gdproto.Status(STATUS_ID))
    status = wire.expect(response(STATUS_ID))
    told = status.result if isinstance(status, gdproto.Response) else {}
    known = told.get("extensions") if isinstance(told, dict) else None
    for name in ("memfd", *names):
        if not isinstance(known, list) or name not in known:
            raise Unsupported(f"its STATUS does not list {name}")
    return wire


def by_reference(number: int, offset: int, size: int) -> dict[str, Any]:
    """What stands for bytes of a descriptor."""
    return {"gd:memfd": number, "offset": offset, "size": size}


@BOOK.script("arbiter-memfd", "GD-EXT-012 GD-EXT-014 GD-EXT-017 GD-PROF-012 GD-PROF-011")
def handed_on(stage: ArbiterStage) -> None:
    """Sends calls whose arguments came beside their frames, between some that need none."""
    wire = negotiated(stage)
    wire.send(stage.request(2, "add", 1, 1))
    with memory(DATA) as first, memory(DATA[::-1]) as second:
        parts = by_reference(1, 3, 500), by_reference(0, 0, len(DATA)), by_reference(1, 0, 0)
        wire.send_with([first, second], stage.request(3, "echo", *parts))
        wire.send(stage.request(4, "add", 2, 2))
        wire.send_with([second], stage.request(5, "echo", {"in": [by_reference(0, 7, 1)]}))
    backwards = DATA[::-1]
    wire.expect_all(
        response(2, 2),
        response(3, {"args": [backwards[3:503], DATA, b""], "kwargs": {}}),
        response(4, 4),
        response(5, {"args": [{"in": [backwards[7:8]]}], "kwargs": {}}),
    )
    still_serves(wire)


@BOOK.script("arbiter-memfd-plain", "GD-MSG-014 GD-PROF-001")
def plain(stage: ArbiterStage) -> None:
    """Sends what stands for bytes in a frame without descriptors: it is the dict that it is."""
    wire = stage.connect()
    value = by_reference(0, 0, 9)
    wire.send(stage.request(1, "echo", value))
    wire.expect(response(1, {"args": [value], "kwargs": {}}))


@BOOK.script("arbiter-memfd-unasked", "GD-EXT-016")
def unasked(stage: ArbiterStage) -> None:
    """Passes descriptors where that was not agreed: they are closed, or are not let in."""
    wire = stage.connect()
    for frame in (stage.request(1, "add", 1, 1), gdproto.Status(2)):
        ours, theirs = os.pipe()
        try:
            try:
                wire.send_with([theirs], frame)
            except PermissionError:
                wire.send(frame)
            os.close(theirs)
            wire.expect(response(frame.request_id))
            if not select.select([ours], [], [], stage.terms.limit_s)[0]:
                raise Mismatch("the descriptor to be closed", "an arbiter that keeps it")
        finally:
            os.close(ours)
    still_serves(wire)


@BOOK.script("arbiter-memfd-lent", "GD-EXT-017 GD-EXT-023 GD-EXT-024 GD-PROF-012")
def lent(stage: ArbiterStage) -> None:
    """Sends calls with the same memory, which it fills anew when the one before has ended."""
    wire = negotiated(stage, "memfd-lent")
    with lent_memory(len(DATA)) as (fd, room):
        for number, data in enumerate((DATA, DATA[::-1], bytes(len(DATA))), 2):
            room[:] = data
            wire.send_with([fd], stage.request(number, "echo", by_reference(0, 0, len(DATA))))
            wire.expect(response(number, {"args": [data], "kwargs": {}}))
    still_serves(wire)


@BOOK.script("arbiter-memfd-lent-unsealed", "GD-PROF-013 GD-PROF-010")
def lent_unsealed(stage: ArbiterStage) -> None:
    """Lends memory that it could take away while it is read: the exchange fails."""
    wire = negotiated(stage, "memfd-lent")
    with lent_memory(len(DATA), OF_ALL & ~fcntl.F_SEAL_SHRINK) as (fd, _):
        wire.send_with([fd], stage.request(2, "echo", by_reference(0, 0, len(DATA))))
        wire.expect(error(2))
    still_serves(wire)


LIES: dict[str, tuple[bool, dict[str, Any]]] = {
    "unsealed": (False, by_reference(0, 0, 1)),
    "beyond": (True, by_reference(0, len(DATA), 1)),
    "too-long": (True, by_reference(0, 1, len(DATA))),
    "overflowing": (True, by_reference(0, 2**63 - 1, 2**63 - 1)),
    "of-another": (True, by_reference(1, 0, 1)),
}


def refused(stage: ArbiterStage, sealed: bool, value: dict[str, Any]) -> None:
    """The exchange fails, and nothing else."""
    wire = negotiated(stage)
    with memory(DATA, sealed=sealed) as fd:
        wire.send_with([fd], stage.request(2, "echo", value))
    wire.expect(error(2))
    still_serves(wire)


for _name, (_sealed, _value) in LIES.items():
    BOOK.add(
        f"arbiter-memfd-{_name}",
        "GD-PROF-013 GD-PROF-010",
        partial(refused, sealed=_sealed, value=_value),
        f"Passes memory that a receiver may not read: {_name}.",
    )
