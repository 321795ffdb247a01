"""By what the lines of a call are found: its request's id, and that of its trace.

Rules: the id is what the caller gave, by which its worker's lines name it too. The trace is read
when a line is written, from the beginning of the frame.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice
from typing import Any, Protocol

import gdproto

from ...sockets.link import Data
from ...sockets.passing import Parcel
from ...sockets.spool import Spool
from ...tracing import number_of

# How much of a frame is looked into.
BEGINNING_BYTES = 4096
# Calls that one line names.
MOST = 10


class NamedCall(Protocol):
    """A call, as far as its name goes: see `Call`."""

    @property
    def app_path(self) -> str: ...
    @property
    def action(self) -> str: ...
    @property
    def request_id(self) -> int: ...
    @property
    def frame(self) -> Data: ...


def beginning(frame: Data) -> bytes:
    """As much of a REQUEST as its trace is looked for in."""
    if isinstance(frame, Parcel):
        frame = frame.frame
    if isinstance(frame, Spool):
        return frame.beginning
    return bytes(frame[:BEGINNING_BYTES])


def trace_of(call: NamedCall) -> dict[str, Any] | None:
    """What the call says of its trace; None for nothing."""
    return gdproto.peek_trace(beginning(call.frame), gdproto.HEADER_BYTES)


def name_of(call: NamedCall) -> str:
    """The call, for a line of the log."""
    return f"{call.app_path} {call.action} ({number_of(call.request_id, trace_of(call))})"


def names_of(calls: Collection[NamedCall]) -> str:
    """The calls, of many the first ones."""
    named = [name_of(call) for call in islice(calls, MOST)]
    more = len(calls) - len(named)
    return ", ".join([*named, f"and {more} more"] if more else named)
