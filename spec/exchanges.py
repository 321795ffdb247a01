"""Exchanges: who may send what, when. The table is complete: every state, side and message.

An exchange is all the frames of one request id (GD-FRAME-018, GD-EXCH-011). The side that opens it
is the opener, the other one the answerer. Both sides run the same table, for the frames they send
(GD-EXCH-021, GD-EXCH-027) and for those they receive (GD-EXCH-022). A frame that the table does not
permit is refused with the code and scope of its row; a frame that was given up is discarded.
"""

from __future__ import annotations

from dataclasses import dataclass

from .errors import CONNECTION, EXCHANGE

OPENER = "opener"
ANSWERER = "answerer"

IDLE = "idle"
CALLING = "calling"
STREAMING = "streaming"
ASKING = "asking"
ABANDONED = "abandoned"

STATES = {
    IDLE: "no exchange with this id is open",
    CALLING: "REQUEST sent, no answer yet",
    STREAMING: "CHUNK received, more may follow",
    ASKING: "STASH, STATUS or MANAGE sent, no answer yet",
    ABANDONED: "given up by the opener, its terminal frame still to come",
}

DELIVER = "deliver"
DISCARD = "discard"


@dataclass(frozen=True)
class Transition:
    """What a message does to an exchange.

    Attributes:
        state: before.
        sender: opener or answerer.
        message: the message's name.
        next: the state after.
        outcome: deliver, discard, or the portable code it is refused with.
        scope: of the refusal; empty otherwise.
    """

    state: str
    sender: str
    message: str
    next: str
    outcome: str = DELIVER
    scope: str = ""


def rows(
    states: str,
    sender: str,
    messages: str,
    next_state: str,
    outcome: str = DELIVER,
    scope: str = "",
) -> tuple[Transition, ...]:
    """One transition for each of the states and messages, which are separated by blanks."""
    return tuple(
        Transition(state, sender, message, next_state, outcome, scope)
        for state in states.split()
        for message in messages.split()
    )


OPENED = f"{CALLING} {STREAMING} {ASKING} {ABANDONED}"

TRANSITIONS = (
    # An exchange opens.
    *rows(IDLE, OPENER, "REQUEST", CALLING),
    *rows(IDLE, OPENER, "STASH STATUS MANAGE", ASKING),
    # GD-FRAME-015 GD-EXCH-014
    *rows(
        OPENED,
        OPENER,
        "REQUEST STASH STATUS MANAGE",
        ABANDONED,
        "duplicate_request_id",
        CONNECTION,
    ),
    # The opener gives it up. Nothing answers a CANCEL, and one for no exchange is ignored.
    *rows(OPENED, OPENER, "CANCEL", ABANDONED),
    *rows(IDLE, OPENER, "CANCEL", IDLE, DISCARD),
    # It asks for no CHUNKs for a while, which changes nothing else.
    *rows(CALLING, OPENER, "PAUSE RESUME", CALLING),
    *rows(STREAMING, OPENER, "PAUSE RESUME", STREAMING),
    *rows(ASKING, OPENER, "PAUSE RESUME", ASKING, DISCARD),
    *rows(ABANDONED, OPENER, "PAUSE RESUME", ABANDONED, DISCARD),
    *rows(IDLE, OPENER, "PAUSE RESUME", IDLE, DISCARD),
    # Only the answerer answers.
    *rows(IDLE, OPENER, "RESPONSE ERROR CHUNK END", IDLE, "unexpected_message", EXCHANGE),
    *rows(OPENED, OPENER, "RESPONSE ERROR CHUNK END", IDLE, "unexpected_message", EXCHANGE),
    # A call is answered by RESPONSE or ERROR, or by CHUNKs and then END or ERROR.
    *rows(CALLING, ANSWERER, "RESPONSE ERROR END", IDLE),
    *rows(CALLING, ANSWERER, "CHUNK", STREAMING),
    *rows(STREAMING, ANSWERER, "CHUNK", STREAMING),
    *rows(STREAMING, ANSWERER, "END ERROR", IDLE),
    *rows(STREAMING, ANSWERER, "RESPONSE", IDLE, "unexpected_message", EXCHANGE),
    # A question is answered by RESPONSE or ERROR.
    *rows(ASKING, ANSWERER, "RESPONSE ERROR", IDLE),
    *rows(ASKING, ANSWERER, "CHUNK", ABANDONED, "unexpected_message", EXCHANGE),
    *rows(ASKING, ANSWERER, "END", IDLE, "unexpected_message", EXCHANGE),
    # What was given up is discarded until its terminal frame: GD-EXCH-013.
    *rows(ABANDONED, ANSWERER, "CHUNK", ABANDONED, DISCARD),
    *rows(ABANDONED, ANSWERER, "RESPONSE ERROR END", IDLE, DISCARD),
    # The answerer neither opens nor answers what was not asked: its state cannot be trusted.
    *rows(
        IDLE,
        ANSWERER,
        "RESPONSE ERROR CHUNK END",
        IDLE,
        "unexpected_message",
        CONNECTION,
    ),
    *rows(
        f"{IDLE} {OPENED}",
        ANSWERER,
        "REQUEST STASH STATUS MANAGE CANCEL PAUSE RESUME",
        IDLE,
        "unexpected_message",
        CONNECTION,
    ),
)


@dataclass(frozen=True)
class Role:
    """One end of a connection.

    Attributes:
        name: as in `Connection(role)`.
        side: opener or answerer.
        peer: the role at the other end.
        opens: messages that open an exchange on such a connection.
        max_open: exchanges open at once; None for any number: GD-EXCH-010, GD-EXCH-012.
        meaning: one phrase.
        more_by: the field of the worker's answer to STATUS that may permit more (GD-ROLE-033,
            GD-ROLE-036); empty for none.
    """

    name: str
    side: str
    peer: str
    opens: tuple[str, ...]
    max_open: int | None
    meaning: str
    more_by: str = ""


CLIENT_OPENS = ("REQUEST", "STASH", "STATUS", "MANAGE")
LANE_OPENS = ("REQUEST", "STATUS")  # GD-ROLE-030

ROLES = (
    Role("client", OPENER, "arbiter", CLIENT_OPENS, None, "calls apps through an arbiter"),
    Role("arbiter", ANSWERER, "client", CLIENT_OPENS, None, "serves clients"),
    Role(
        "lane",
        OPENER,
        "worker",
        LANE_OPENS,
        1,
        "the arbiter's end of a stream to a worker",
        "exchanges",
    ),
    Role("worker", ANSWERER, "lane", LANE_OPENS, 1, "runs the apps", "exchanges"),
)

# What opens an exchange that the role does not list, or one more than `max_open`.
NOT_OPENED = Transition(IDLE, OPENER, "", IDLE, "unexpected_message", EXCHANGE)

# An ERROR with this id that no exchange claims is about the connection.
CONNECTION_REQUEST_ID = 0
NOTICE = Transition(IDLE, ANSWERER, "ERROR", IDLE)


@dataclass(frozen=True)
class AfterFault:
    """What becomes of an exchange whose frame is delivered, but for a payload that is at fault.

    Attributes:
        sender: of the frame.
        ends: whether the frame would end the exchange.
        next: the state after.
    """

    sender: str
    ends: bool
    next: str


# The answerer still owes the terminal frame when one before it is at fault. A payload where there
# may be none counts as that of a frame that ends its exchange: GD-EXCH-026.
AFTER_FAULT = (
    AfterFault(OPENER, False, IDLE),
    AfterFault(OPENER, True, IDLE),
    AfterFault(ANSWERER, False, ABANDONED),
    AfterFault(ANSWERER, True, IDLE),
)
