"""A little read or written without waiting: in C where it was built, else in Python.

Rules: a socket is known by its descriptor. What cannot be done now is nothing, not an error: who
asks is told when it can.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

import gdproto

from .passing import receive_passed

SMALL_BYTES = 64 * 1024


def receive_in_python(
    number: int, connection: gdproto.Connection, passed: list[int] | None = None
) -> int | None:
    """Hand what has come to `connection`.

    Args:
        passed: takes the descriptors that come; None to have the kernel close them.

    Returns:
        How many bytes, SMALL_BYTES at most; 0 at the end of the stream, which the connection is
        told too; None where nothing has come.

    Raises:
        OSError: as of ``recv``.
    """
    try:
        data = os.read(number, SMALL_BYTES) if passed is None else _passed(number, passed)
    except (BlockingIOError, InterruptedError):
        return None
    if data:
        connection.receive_data(data)
    else:
        connection.receive_eof()
    return len(data)


def _passed(number: int, passed: list[int]) -> bytes:
    # The object is given back its number before it would close it.
    source = socket.socket(fileno=number)
    try:
        return receive_passed(source, SMALL_BYTES, passed, socket.MSG_DONTWAIT)
    finally:
        source.detach()


def send_in_python(number: int, data: bytes) -> int:
    """Send what the kernel takes now. Returns how many bytes. Raises OSError, as of ``send``."""
    try:
        return os.write(number, data)
    except (BlockingIOError, InterruptedError):
        return 0


class Receive(Protocol):
    """As `receive_in_python`."""

    def __call__(
        self, number: int, connection: gdproto.Connection, passed: list[int] = ..., /
    ) -> int | None: ...


Send = Callable[[int, bytes], int]


def _built() -> tuple[Receive, Send]:
    if gdproto.IMPLEMENTATION == "c":
        with suppress(ImportError):
            from . import _small

            return _small.receive_small, _small.send_small
    return receive_in_python, send_in_python


receive_small, send_small = _built()
