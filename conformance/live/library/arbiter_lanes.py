"""What an arbiter sends on its lanes, where they can be seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gdproto
from gdproto import MessageCode

from .. import lanes
from ..expectations import chunk, end, error, response
from ..frames import frame, pairs
from ..script import BOOK, Unsupported
from ..stages import ArbiterStage
from ..wire import Mismatch

TICKS, TICK_S = 75, 0.02


def seen(stage: ArbiterStage, within_s: float | None = None) -> list[lanes.Seen]:
    """What went over the lanes of the worker; it is right so far."""
    path = stage.ask("environment", lanes.WITNESS, within_s=within_s)
    if not path:
        raise Unsupported("its workers are not started through gdproto.conformance.live.lanes")
    found = lanes.read(Path(path))
    faults = lanes.faults(found)
    if faults:
        raise Mismatch("one exchange at a time, and only CANCEL within it", "; ".join(faults))
    return found


@BOOK.script("arbiter-lane-opening", "GD-ROLE-010", alone=True)
def opening(stage: ArbiterStage) -> None:
    """Looks at the first frame of each lane: a STATUS of request id 1."""
    first = {one.lane: one for one in reversed(seen(stage)) if one.source == lanes.ARBITER}
    for one in first.values():
        if one.frame != gdproto.Status(1).to_bytes():
            raise Mismatch("a STATUS of id 1", one.frame.hex())


@BOOK.script("arbiter-lane-in-turn", "GD-ROLE-028 GD-ROLE-030 GD-EXCH-021", alone=True)
def in_turn(stage: ArbiterStage) -> None:
    """Calls and streams on several connections at once: a lane has one exchange at a time, and
    only such as it may carry."""
    seen(stage)
    wires = [stage.connect() for _ in range(4)]
    for wire in wires:
        wire.send(stage.request(1, "add", 1, 1), stage.request(2, "count", 3))
    for wire in wires:
        wire.expect_all(response(1, 2), *(chunk(2, number) for number in range(3)), end(2))
    seen(stage)


@BOOK.script("arbiter-lane-cancel", "GD-ROLE-030 GD-EXT-001 GD-EXCH-018", alone=True)
def cancel(stage: ArbiterStage) -> None:
    """Leaves a stream and calls at once: CANCEL on the lane, and the call after the stream's
    end."""
    seen(stage)
    wire = stage.connect()
    wire.send(stage.request(77, "tick", TICKS, TICK_S))
    wire.expect(chunk(77, 0))
    wire.drop()
    # Where there is no CANCEL, the call waits for all of the stream.
    found = seen(stage, stage.terms.limit_s + TICKS * TICK_S)
    cancels = [one for one in found if one.header.code == MessageCode.CANCEL]
    if 77 not in [one.header.request_id for one in cancels]:
        raise Mismatch("a CANCEL of 77 on the lane", f"{len(cancels)} of others")


@BOOK.script("arbiter-lane-bytes", "GD-MSG-014 GD-FRAME-018", alone=True)
def same_bytes(stage: ArbiterStage) -> None:
    """Sends a REQUEST in a form of its own: the lane carries it, and the answer, byte for byte."""
    seen(stage)
    path: tuple[Any, Any] = ("app_path", stage.terms.app)
    fields: list[tuple[Any, Any]] = [("x", None), ("args", [1.5, {"b": 1, "a": 2}])]
    asked = frame(MessageCode.REQUEST, pairs(*fields, ("action", "echo"), path), 2**63 + 5)
    wire = stage.connect()
    wire.send(asked)
    wire.expect(response(2**63 + 5))
    wire_answer = wire.last_frame
    failing = stage.request(6, "fail", "a reason")
    wire.send(failing)
    wire.expect(error(6))
    carried = [one.frame for one in seen(stage)]
    for one in (asked, wire_answer, failing.to_bytes(), wire.last_frame):
        if one[: lanes.MAX_FRAME_BYTES] not in carried:
            raise Mismatch("the same bytes on the lane", f"others than {one.hex()}")
