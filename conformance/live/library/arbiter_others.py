"""What an arbiter owes those who share it with whoever asks for much, and leaves it unread."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import gdproto
from gdproto import MessageCode, StashOp

from ..expectations import response
from ..frames import frame, pairs
from ..script import BOOK
from ..stages import ArbiterStage
from ..wire import Mismatch, Wire

TABLE = "conformance-others"
HALVES, IDLERS, UNREADERS, FEW = 50, 100, 5, 10
ASKED_UNREAD, TRIES = 40, 10
# How long it is tried where none is short enough: a machine may have much else to do.
TRIES_S = 5.0
# What others may take of an arbiter's time at once.
TURN_S = 0.02
VALUE = b"x" * 65_536
# Questions that are asked for it and not read, each with a field that pads it: far more than
# sockets hold, of both.
QUESTIONS, PADDING = 2_000, b"x" * 1_000
# For so long nothing more is taken.
STILL_S = 1.0


def least_s(act: Callable[[], object], enough_s: float = math.inf) -> float:
    """The shortest time that it takes, of several; what else the machine does is not in it.

    Args:
        act: what is timed.
        enough_s: until one takes no longer, it is tried on for a while.
    """
    found: list[float] = []
    end_s = time.monotonic() + TRIES_S
    while len(found) < TRIES or (min(found) > enough_s and time.monotonic() < end_s):
        began_s = time.monotonic()
        act()
        found.append(time.monotonic() - began_s)
    return min(found)


def asks(wire: Wire, number: int = 1) -> None:
    """Ask for the arbiter's state, and wait for the answer."""
    wire.send(gdproto.Status(number))
    wire.expect(response(number))


@BOOK.script("arbiter-others-are-served", "GD-SEC-008", alone=True)
def others_are_served(stage: ArbiterStage) -> None:
    """Leaves frames half sent, connections idle and answers unread: another client is answered
    within 20 ms more than before."""
    other = stage.connect()
    before_s = least_s(lambda: asks(other))
    half = frame(MessageCode.REQUEST, bytes(4_000), 1)[:2_000]
    unread = b"".join(gdproto.Status(number).to_bytes() for number in range(1, ASKED_UNREAD))
    for count, sent in ((HALVES, half), (HALVES, half[: gdproto.HEADER_BYTES]), (IDLERS, b"")):
        come(stage, other, count, sent)
    come(stage, other, UNREADERS, unread)
    most_s = before_s + TURN_S
    took_s = least_s(lambda: asks(other), most_s)
    if took_s > most_s:
        raise Mismatch(f"an answer within {most_s:.3f} s", f"one after {took_s:.3f} s")
    if (result := stage.ask("add", 1, 1)) != 2:
        raise Mismatch("2", str(result))


def come(stage: ArbiterStage, other: Wire, count: int, sent: bytes) -> None:
    """Connect so often and send that, no faster than connections are taken."""
    for number in range(count):
        stage.connect().send(sent)
        if number % FEW == 0:
            asks(other)


@BOOK.script("arbiter-unread-answers", "GD-SEC-010", alone=True)
def unread_answers(stage: ArbiterStage) -> None:
    """Asks for much and reads nothing: from some point on nothing more is read from it. Others are
    served meanwhile, and what was asked for is answered when it is read."""
    asking, other = stage.connect(), stage.connect()
    other.send(gdproto.Stash(1, StashOp.PUT, TABLE, "key", VALUE))
    other.expect(response(1))
    questions = [question(number) for number in range(1, QUESTIONS + 1)]
    taken = asking.send_some(b"".join(questions), STILL_S) // len(questions[0])
    if taken >= QUESTIONS:
        raise Mismatch("an end of what is read", f"{QUESTIONS} questions that were")
    asks(other, 2)
    for number in range(1, taken + 1):
        asking.expect(response(number, VALUE))
    other.send(gdproto.Stash(3, StashOp.DELETE_TABLE, TABLE))
    other.expect(response(3))


def question(number: int) -> bytes:
    """A STASH for the value; all are of one size."""
    fields = (("op", int(StashOp.GET)), ("table", TABLE), ("key", "key"), ("padding", PADDING))
    return frame(MessageCode.STASH, pairs(*fields), number)
