"""A little read or written without waiting: in C where it was built, else in Python.

Rules: a socket is known by its descriptor. What cannot be done now is nothing, not an error: who
asks is told when it can.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress

import gdproto

SMALL_BYTES = 64 * 1024


def receive_in_python(number: int, connection: gdproto.Connection) -> int | None:
    """Hand what has come to `connection`.

    Returns:
        How many bytes, SMALL_BYTES at most; 0 at the end of the stream, which the connection is
        told too; None where nothing has come.

    Raises:
        OSError: as of ``recv``.
    """
    try:
        data = os.read(number, SMALL_BYTES)
    except (BlockingIOError, InterruptedError):
        return None
    if data:
        connection.receive_data(data)
    else:
        connection.receive_eof()
    return len(data)


def send_in_python(number: int, data: bytes) -> int:
    """Send what the kernel takes now. Returns how many bytes. Raises OSError, as of ``send``."""
    try:
        return os.write(number, data)
    except (BlockingIOError, InterruptedError):
        return 0


Receive = Callable[[int, gdproto.Connection], int | None]
Send = Callable[[int, bytes], int]


def _built() -> tuple[Receive, Send]:
    if gdproto.IMPLEMENTATION == "c":
        with suppress(ImportError):
            from . import _small

            return _small.receive_small, _small.send_small
    return receive_in_python, send_in_python


receive_small, send_small = _built()
