"""Exchanges at an arbiter: how they end, what may not be sent, deadlines, and CANCEL."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import gdproto
from gdproto import MessageCode, StashOp

from ..expectations import chunk, closed, end, error, fault, response
from ..frames import frame
from ..script import BOOK
from ..stages import ArbiterStage
from ..wire import Mismatch, Wire

BARRIER = 900
# A stream that lasts long enough for its end to be seen, and not too long for an arbiter that
# does not see it.
TICKS, TICK_S = 150, 0.02
QUIET_TICKS = 10
# Well before the stream would end by itself.
SOON_S = 1.5
HOLD_S = 0.6
SHORT_S = 0.15
TOO_MANY, LARGE_BYTES = 400, 256 * 1024


def still_serves(wire: Wire) -> None:
    """Nothing else comes before the answer to a STATUS."""
    wire.send(gdproto.Status(BARRIER))
    wire.expect(response(BARRIER))


# --- one answer ---


@BOOK.script("arbiter-call", "GD-EXCH-001 GD-FRAME-018 GD-ROLE-001 GD-FRAME-001")
def call(stage: ArbiterStage) -> None:
    """Calls an action: one RESPONSE, and nothing after it."""
    wire = stage.connect()
    for number in (1, 2, 3):
        wire.send(stage.request(number, "add", number, 40))
        wire.expect(response(number, number + 40))
    still_serves(wire)


@BOOK.script("arbiter-stream", "GD-EXCH-001 GD-FRAME-018")
def stream(stage: ArbiterStage) -> None:
    """Calls a stream: its chunks in their order, one END, and nothing after it."""
    wire = stage.connect()
    wire.send(stage.request(1, "count", 50))
    for number in range(50):
        wire.expect(chunk(1, number))
    wire.expect(end(1))
    still_serves(wire)


@BOOK.script("arbiter-stream-of-nothing", "GD-EXCH-001 GD-EXCH-003")
def stream_of_nothing(stage: ArbiterStage) -> None:
    """Calls a stream that has no item: END alone."""
    wire = stage.connect()
    wire.send(stage.request(1, "count", 0))
    wire.expect(end(1))
    still_serves(wire)


@BOOK.script("arbiter-stream-that-fails", "GD-EXCH-001 GD-ERR-020")
def stream_that_fails(stage: ArbiterStage) -> None:
    """Calls a stream that fails after three items: they come, then one ERROR, and no END."""
    wire = stage.connect()
    wire.send(stage.request(1, "count_and_fail", 3))
    for number in range(3):
        wire.expect(chunk(1, number))
    wire.expect(error(1, "DirtyAppError"))
    still_serves(wire)


@BOOK.script("arbiter-error", "GD-EXCH-001")
def one_error(stage: ArbiterStage) -> None:
    """Calls an action that fails: one ERROR, and nothing after it."""
    wire = stage.connect()
    wire.send(stage.request(1, "fail", "a reason"))
    wire.expect(error(1, "DirtyAppError"))
    still_serves(wire)


@BOOK.script("arbiter-questions", "GD-EXCH-002 GD-FRAME-018")
def questions(stage: ArbiterStage) -> None:
    """Sends STATUS and STASH: one RESPONSE or ERROR each, and nothing after it."""
    wire = stage.connect()
    wire.send(gdproto.Status(1))
    wire.expect(response(1))
    wire.send(gdproto.Stash(2, StashOp.TABLES, ""))
    wire.expect(response(2))
    wire.send(gdproto.Stash(3, StashOp.GET, "conformance-absent", "k"))
    wire.expect(error(3))
    still_serves(wire)


@BOOK.script("arbiter-ids-stay-apart", "GD-EXCH-010 GD-EXCH-012 GD-FRAME-018")
def ids_stay_apart(stage: ArbiterStage) -> None:
    """Has calls, streams and questions open at once: each gets its own answer, in any order."""
    wire = stage.connect()
    wire.send(
        stage.request(11, "count", 5),
        stage.request(12, "echo", "a"),
        gdproto.Stash(13, StashOp.ENSURE, "conformance-apart"),
        stage.request(14, "count", 5),
        stage.request(15, "echo", "b"),
    )
    items = [chunk(number, item) for number in (11, 14) for item in range(5)]
    others = [response(12, {"args": ["a"], "kwargs": {}}), response(13, True)]
    last = response(15, {"args": ["b"], "kwargs": {}})
    wire.expect_all(*items, end(11), end(14), *others, last)


@BOOK.script("arbiter-id-again", "GD-EXCH-001 GD-FRAME-015")
def id_again(stage: ArbiterStage) -> None:
    """Uses an id again when its exchange has ended."""
    wire = stage.connect()
    for number in range(3):
        wire.send(stage.request(1, "echo", number))
        wire.expect(response(1, {"args": [number], "kwargs": {}}))


# --- what may not be sent ---


def refuses_answer(stage: ArbiterStage, message: gdproto.Message) -> None:
    wire = stage.connect()
    for _ in range(2):
        wire.send(message)
        wire.expect(fault(message.request_id, "unexpected_message"))
    wire.send(stage.request(1, "add", 1, 1))
    wire.expect(response(1, 2))


for _message in (
    gdproto.Response(5, 1),
    gdproto.Error(5, "DirtyError", "no"),
    gdproto.Chunk(5, 1),
    gdproto.End(5),
):
    BOOK.add(
        f"arbiter-is-sent-{type(_message).__name__.lower()}",
        "GD-EXCH-005 GD-ERR-001 GD-ERR-010",
        partial(refuses_answer, message=_message),
        "Sends what only an answerer sends: one ERROR each time, and the connection lives.",
    )


ENDED_BY_A_FAULT: dict[str, tuple[str, bytes | gdproto.Message]] = {
    "payload-in-a-cancel": ("unexpected_payload", frame(MessageCode.CANCEL, b"\x00", 1)),
    "response": ("unexpected_message", gdproto.Response(1, None)),
}


def ends_by_a_fault(stage: ArbiterStage, code: str, bad: bytes | gdproto.Message) -> None:
    wire = stage.connect()
    wire.send(stage.request(1, "tick", TICKS, TICK_S))
    wire.expect(chunk(1, 0))
    wire.send(bad)
    began_s = time.monotonic()
    wire.expect_stream(1, fault(1, code))
    wire.send(stage.request(2, "add", 1, 1))
    wire.expect(response(2, 2))
    took_s = time.monotonic() - began_s
    if took_s > SOON_S:
        raise Mismatch("the end of what it asked for", f"another answer after {took_s:.1f} s")
    # Where another took that answer: a stream that goes on shows within a few ticks.
    wire.send(stage.request(3, "sleep", QUIET_TICKS * TICK_S))
    wire.expect(response(3, QUIET_TICKS * TICK_S))


for _name, (_code, _bad) in ENDED_BY_A_FAULT.items():
    BOOK.add(
        f"arbiter-stream-ended-by-{_name}",
        "GD-ERR-010 GD-ERR-029 GD-ERR-030 GD-FRAME-023",
        partial(ends_by_a_fault, code=_code, bad=_bad),
        f"Sends a fault under a stream's id, {_code}: an ERROR ends it, and nothing more comes.",
        alone=True,
    )


def refuses_second(stage: ArbiterStage, second: Callable[[int], gdproto.Message]) -> None:
    wire = stage.connect()
    wire.send(stage.request(5, "sleep", SHORT_S), second(5), gdproto.Status(BARRIER))
    wire.expect(fault(5, "duplicate_request_id"))
    wire.expect_closed()


for _name, _second in {
    "request": lambda number: gdproto.Request(number, "any:App", "echo"),
    "stash": lambda number: gdproto.Stash(number, StashOp.TABLES, ""),
    "status": gdproto.Status,
}.items():
    BOOK.add(
        f"arbiter-id-open-{_name}",
        "GD-EXCH-006 GD-ERR-001 GD-ERR-011 GD-ERR-012",
        partial(refuses_second, second=_second),
        f"Opens an exchange by {_name.upper()} under an id that is open: one ERROR, and the end.",
    )


# --- giving up ---


def frees_the_worker(stage: ArbiterStage, leave: Callable[[Wire], None]) -> None:
    """The stream that is left ends soon, so that its worker takes another call."""
    before = stage.counter("ended")
    wire = stage.connect()
    wire.send(stage.request(1, "tick", TICKS, TICK_S))
    wire.expect(chunk(1, 0))
    leave(wire)
    has_ended(stage, before + 1)


def has_ended(stage: ArbiterStage, wanted: int) -> None:
    """So many streams have ended, soon."""
    due_s = time.monotonic() + SOON_S
    while (ended := stage.counter("ended", SOON_S)) != wanted:
        if time.monotonic() > due_s:
            raise Mismatch(f"{wanted} streams that ended", f"{ended}")
        time.sleep(TICK_S)


@BOOK.script("arbiter-half-close", "GD-EXCH-017", alone=True)
def half_close(stage: ArbiterStage) -> None:
    """Closes its sending half during a stream: the stream ends in the worker, and a close comes."""

    def leave(wire: Wire) -> None:
        wire.half_close()
        wire.expect_stream(1, closed(), error(1))

    frees_the_worker(stage, leave)


@BOOK.script("arbiter-client-lost", "GD-EXCH-018", alone=True)
def client_lost(stage: ArbiterStage) -> None:
    """Closes during a stream: the stream ends in the worker."""
    frees_the_worker(stage, Wire.drop)


@BOOK.script("arbiter-waiting-client-lost", "GD-EXCH-018 GD-EXT-007", alone=True)
def waiting_client_lost(stage: ArbiterStage) -> None:
    """Closes while its request waits: it is never started."""
    holder, wire = stage.connect(), stage.connect()
    holder.send(stage.request(1, "sleep", HOLD_S))
    wire.send(stage.request(1, "note", "lost"))
    time.sleep(SHORT_S)
    wire.drop()
    holder.expect(response(1, HOLD_S))
    was_not_started(stage, "lost")


def was_not_started(stage: ArbiterStage, name: str) -> None:
    count = stage.ask("noted", name)
    if count:
        raise Mismatch("a call that is never started", f"that it was started {count} times")


@BOOK.script("arbiter-bounds-its-buffer", "GD-EXCH-016", alone=True)
def bounds_its_buffer(stage: ArbiterStage) -> None:
    """Does not read a stream of 100 MiB: the worker is held up before all of it is taken."""
    before = stage.counter("produced")
    wire = stage.connect()
    wire.send(stage.request(1, "blobs", TOO_MANY, LARGE_BYTES))
    time.sleep(HOLD_S)
    wire.drop()
    made = stage.counter("produced") - before
    if made >= TOO_MANY:
        raise Mismatch("a stream that is held up", f"all {made} chunks of it taken")


# --- deadlines ---


@BOOK.script("arbiter-deadline", "GD-MSG-015 GD-ERR-017", alone=True)
def deadline(stage: ArbiterStage) -> None:
    """Gives a call less time than it takes: DirtyTimeoutError when that has passed, not before."""
    wire = stage.connect()
    began_s = time.monotonic()
    wire.send(stage.request(1, "sleep", HOLD_S, timeout=SHORT_S))
    wire.expect(error(1, "DirtyTimeoutError", details=("timeout",)))
    took_s = time.monotonic() - began_s
    if took_s < SHORT_S * 0.9:
        raise Mismatch(f"an ERROR after {SHORT_S} s", f"one after {took_s:.3f} s")
    still_serves(wire)
    # The worker may still be at it, but the answer is not for anyone.
    wire.send(stage.request(2, "add", 1, 1))
    wire.expect(response(2, 2))


@BOOK.script("arbiter-deadline-kept", "GD-MSG-015 GD-GUN-003")
def deadline_kept(stage: ArbiterStage) -> None:
    """Gives calls enough time, as a float and as an integer, or none at all: they are answered."""
    wire = stage.connect()
    for number, timeout in enumerate((20.0, 20, None), 1):
        wire.send(stage.request(number, "add", 1, 1, timeout=timeout))
        wire.expect(response(number, 2))


@BOOK.script("arbiter-deadline-while-waiting", "GD-MSG-015 GD-MSG-016", alone=True)
def deadline_while_waiting(stage: ArbiterStage) -> None:
    """Lets a call's time pass while it waits: DirtyTimeoutError, and it is never started."""
    holder, wire = stage.connect(), stage.connect()
    holder.send(stage.request(1, "sleep", HOLD_S))
    time.sleep(SHORT_S / 3)
    wire.send(stage.request(1, "note", "late", timeout=SHORT_S))
    wire.expect(error(1, "DirtyTimeoutError"))
    holder.expect(response(1, HOLD_S))
    was_not_started(stage, "late")


@BOOK.script("arbiter-deadline-of-stream", "GD-MSG-015 GD-MSG-017", alone=True)
def deadline_of_stream(stage: ArbiterStage) -> None:
    """Lets a stream's time pass: DirtyTimeoutError, and the stream ends in the worker."""

    before = stage.counter("ended")
    wire = stage.connect()
    wire.send(stage.request(2, "tick", TICKS, TICK_S, timeout=SHORT_S))
    wire.expect_stream(2, error(2, "DirtyTimeoutError"))
    has_ended(stage, before + 1)


# --- cancel ---

CANCELLED = "DirtyCancelledError"


@BOOK.script("arbiter-cancel-stream", "GD-EXT-005 GD-EXT-002", alone=True)
def cancel_stream(stage: ArbiterStage) -> None:
    """Cancels a stream: it ends with DirtyCancelledError, in the worker too."""
    stage.needs_cancel()

    def leave(wire: Wire) -> None:
        wire.send(gdproto.Cancel(1))
        wire.expect_stream(1, error(1, CANCELLED))
        still_serves(wire)

    frees_the_worker(stage, leave)


@BOOK.script("arbiter-cancel-call", "GD-EXT-005", alone=True)
def cancel_call(stage: ArbiterStage) -> None:
    """Cancels a plain call that runs: it ends once, by DirtyCancelledError or as it would have."""
    stage.needs_cancel()
    wire = stage.connect()
    wire.send(stage.request(1, "sleep", HOLD_S))
    time.sleep(SHORT_S)
    wire.send(gdproto.Cancel(1))
    wire.expect(error(1, CANCELLED), response(1, HOLD_S))
    still_serves(wire)
    wire.send(stage.request(1, "add", 1, 1))
    wire.expect(response(1, 2))


@BOOK.script("arbiter-cancel-at-once", "GD-EXT-005")
def cancel_at_once(stage: ArbiterStage) -> None:
    """Sends a request and its CANCEL in one piece, and the CANCEL twice."""
    stage.needs_cancel()
    wire = stage.connect()
    cancel = gdproto.Cancel(1)
    wire.send(stage.request(1, "tick", TICKS, TICK_S), cancel, cancel)
    wire.expect_stream(1, error(1, CANCELLED))
    still_serves(wire)


@BOOK.script("arbiter-cancel-waiting", "GD-EXT-005 GD-EXT-007", alone=True)
def cancel_waiting(stage: ArbiterStage) -> None:
    """Cancels a call that waits: DirtyCancelledError, and it is never started."""
    stage.needs_cancel()
    holder, wire = stage.connect(), stage.connect()
    holder.send(stage.request(1, "sleep", HOLD_S))
    time.sleep(SHORT_S / 3)
    wire.send(stage.request(1, "note", "cancelled"))
    time.sleep(SHORT_S / 3)
    wire.send(gdproto.Cancel(1))
    wire.expect(error(1, CANCELLED))
    holder.expect(response(1, HOLD_S))
    was_not_started(stage, "cancelled")


@BOOK.script("arbiter-cancel-nothing", "GD-EXT-006")
def cancel_nothing(stage: ArbiterStage) -> None:
    """Cancels what was never open, and what has ended: nothing happens."""
    stage.needs_cancel()
    wire = stage.connect()
    wire.send(gdproto.Cancel(99))
    still_serves(wire)
    wire.send(stage.request(1, "add", 1, 1))
    wire.expect(response(1, 2))
    wire.send(gdproto.Cancel(1), gdproto.Cancel(BARRIER))
    still_serves(wire)


@BOOK.script("arbiter-cancel-one-of-two", "GD-EXT-005 GD-EXCH-012", alone=True)
def cancel_one_of_two(stage: ArbiterStage) -> None:
    """Cancels a stream while another call of the connection waits: that one is answered."""
    stage.needs_cancel()
    wire = stage.connect()
    wire.send(stage.request(1, "tick", TICKS, TICK_S), stage.request(2, "add", 1, 1))
    wire.expect(chunk(1, 0))
    wire.send(gdproto.Cancel(1))
    seen: list[Any] = []
    while len(seen) < 2:
        one = wire.expect(chunk(1), error(1, CANCELLED), response(2, 2))
        seen += [] if isinstance(one, gdproto.Chunk) else [one.request_id]
    if sorted(seen) != [1, 2]:
        raise Mismatch("one end of each exchange", f"ends of {seen}")
