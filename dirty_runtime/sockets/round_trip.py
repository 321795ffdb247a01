"""A small frame there, and what comes back: in C where it was built, else in Python.

Rules: the socket's timeout ends the waits. Who waits sleeps in ``poll``: the kernel wakes one who
sleeps in ``recv`` twice, first for nothing, when the peer has read the frame. To be woken up takes
longer than a small call does, so who expects a quick answer may look for it awake, for a moment,
before it sleeps. A socket that is not Python's own, as of gevent, lets others run while it waits:
there its own methods wait, and nothing else.
"""

from __future__ import annotations

import select
import socket
import time
from typing import Protocol

import gdproto

from .passing import receive_passed

ANSWER_BYTES = 16 * 1024


class RoundTrip(Protocol):
    """As `round_trip_in_python`."""

    def __call__(
        self, connected: socket.socket, frame: bytes, awake_s: float, passed: list[int] = ..., /
    ) -> bytes: ...


def round_trip_in_python(
    connected: socket.socket, frame: bytes, awake_s: float, passed: list[int] | None = None
) -> bytes:
    """Send a frame and wait for the first bytes that come back.

    Args:
        awake_s: seconds to look for them before sleeping.
        passed: takes the descriptors that come with them; None to have the kernel close them.

    Returns:
        16 KiB at most; none at the end of the stream.

    Raises:
        BrokenPipeError: the peer has closed, and did not get all of the frame.
        TimeoutError: the socket's timeout is over.
        OSError: as of ``send`` and ``recv``.
    """
    connected.sendall(frame)
    readable = select.poll()
    readable.register(connected, select.POLLIN)
    if awake_s:
        end_s = time.monotonic() + awake_s
        while time.monotonic() < end_s and not readable.poll(0):
            pass
    if connected.timeout is None:
        readable.poll()
    return received(connected, passed)


def round_trip_of_its_own(
    connected: socket.socket, frame: bytes, awake_s: float, passed: list[int] | None = None
) -> bytes:
    """As `round_trip_in_python`, by the methods of the socket alone."""
    connected.sendall(frame)
    return received(connected, passed)


def received(connected: socket.socket, passed: list[int] | None) -> bytes:
    """The next bytes, and the descriptors that come with them. Raises OSError."""
    if passed is None:
        return connected.recv(ANSWER_BYTES)
    return receive_passed(connected, ANSWER_BYTES, passed)


def _built() -> RoundTrip:
    if gdproto.IMPLEMENTATION != "c":
        return round_trip_in_python
    try:
        from . import _round_trip
    except ImportError:
        return round_trip_in_python
    return _round_trip.round_trip


round_trip = _built()
