"""A worker that takes several exchanges on a lane; the script is its arbiter."""

from __future__ import annotations

import gdproto

from ..expectations import as_declared, chunk, end, error, response
from ..script import BOOK, Unsupported
from ..stages import WorkerStage
from ..wire import Mismatch, Wire

NEEDED = {"cancel", "flow"}
TICKS, TICK_S, PAUSE_S = 25, 0.02, 0.3
BLOBS, BLOB_BYTES = 20_000, 1_000


def about(wire: Wire) -> dict[str, object]:
    """What the worker says of the lane. Raises Unsupported where it takes one at a time."""
    wire.send(gdproto.Status(900))
    answer = wire.expect(response(900, as_declared("WorkerAnswer")))
    assert isinstance(answer, gdproto.Response)
    found: dict[str, object] = answer.result
    count = found.get("exchanges", 1)
    if not isinstance(count, int) or count < 2:
        raise Unsupported("it takes one exchange at a time on a lane")
    return found


def opened(stage: WorkerStage) -> Wire:
    """A lane that takes several exchanges."""
    (wire,) = stage.ready()
    about(wire)
    return wire


def call_beside(stage: WorkerStage, wire: Wire, number: int, stream: int) -> list[object]:
    """Call beside a stream. Returns the items of that that come before the answer."""
    wire.send(stage.request(number, "add", number, 1))
    return wire.expect_among(stream, response(number, number + 1))


@BOOK.script("worker-wide-ready", "GD-ROLE-031")
def ready(stage: WorkerStage) -> None:
    """Asks a worker that takes several exchanges on a lane which extensions it has."""
    (wire,) = stage.ready()
    extensions = about(wire)["extensions"]
    if not isinstance(extensions, list) or not set(extensions) >= NEEDED:
        raise Mismatch("cancel and flow among the extensions", str(extensions))


@BOOK.script("worker-wide-unread", "GD-ROLE-032 GD-EXCH-001 GD-EXT-022")
def unread(stage: WorkerStage) -> None:
    """Holds a long stream back, and calls beside it: the stream does not come to its end, and each
    call is answered, though nobody reads the stream."""
    wire = opened(stage)
    wire.send(stage.request(1, "blobs", BLOBS, BLOB_BYTES))
    wire.expect(chunk(1))
    wire.send(gdproto.Pause(1))
    for number in range(2, 12):
        call_beside(stage, wire, number, 1)
    wire.send(gdproto.Cancel(1))
    wire.expect_stream(1, error(1, "DirtyCancelledError"))


@BOOK.script("worker-wide-pause", "GD-EXT-009 GD-EXT-010")
def pause(stage: WorkerStage) -> None:
    """Holds a stream back, and ids that are not open: nothing comes of it until RESUME, and then
    all that is left."""
    wire = opened(stage)
    wire.send(stage.request(1, "tick", TICKS, TICK_S))
    wire.expect(chunk(1, 0))
    wire.send(gdproto.Pause(99), gdproto.Resume(98), gdproto.Pause(1), gdproto.Pause(1))
    # With the answers has come what was under way.
    items = [item for number in (2, 3) for item in call_beside(stage, wire, number, 1)]
    wire.expect_silence(PAUSE_S, "for the stream is held back")
    wire.send(gdproto.Resume(1))
    items += wire.expect_stream(1, end(1))
    if items != list(range(1, TICKS)):
        raise Mismatch("the rest of the stream", str(items))
    # What is no stream is not held back.
    wire.send(stage.request(4, "sleep", TICK_S), gdproto.Pause(4))
    wire.expect(response(4, TICK_S))


@BOOK.script("worker-wide-end-while-held", "GD-EXT-010 GD-EXT-005")
def end_while_held(stage: WorkerStage) -> None:
    """Holds a stream back and cancels it, while another goes on: the one is held, and ends,
    alone."""
    wire = opened(stage)
    wire.send(stage.request(1, "tick", TICKS, TICK_S))
    wire.expect(chunk(1, 0))
    wire.send(gdproto.Pause(1))
    call_beside(stage, wire, 2, 1)
    call_beside(stage, wire, 3, 1)
    wire.send(stage.request(4, "tick", TICKS, TICK_S))
    wire.expect(chunk(4, 0))
    wire.send(gdproto.Pause(1), gdproto.Resume(2), gdproto.Resume(4))
    items = [0, *call_beside(stage, wire, 5, 4)]
    # What comes after that answer comes in spite of the PAUSE.
    wire.expect(chunk(4, len(items)))
    items.append(len(items))
    wire.send(gdproto.Cancel(1))
    items += wire.expect_among(4, error(1, "DirtyCancelledError"))
    items += wire.expect_stream(4, end(4))
    if items != list(range(TICKS)):
        raise Mismatch("all of the other stream", str(items))


@BOOK.script("worker-wide-takes-no-more", "GD-EXT-011")
def takes_no_more(stage: WorkerStage) -> None:
    """Holds a long stream back: most of its items are not even taken from the app."""
    wire = opened(stage)
    wire.send(stage.request(1, "blobs", BLOBS, BLOB_BYTES))
    wire.expect(chunk(1))
    wire.send(gdproto.Pause(1))
    call_beside(stage, wire, 2, 1)
    call_beside(stage, wire, 3, 1)
    wire.expect_silence(PAUSE_S, "for the stream is held back")
    wire.send(stage.request(4, "counters"))
    answer = wire.expect(response(4))
    assert isinstance(answer, gdproto.Response)
    if not isinstance(answer.result, dict) or answer.result.get("produced", BLOBS) >= BLOBS:
        raise Mismatch(f"fewer than {BLOBS} items taken", str(answer.result))
