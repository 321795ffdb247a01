"""The vectors of sessions: every message in every state, sent and received, in every role.

What is expected of each is written here from the chapter on exchanges; which there are, is known
from the declaration's states, sides, messages and roles.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gdproto.spec.codegen import ir

from .collected import Collected, Event, Step, fault
from .frames import slug
from .meaning import MESSAGES, SMALLEST, canonical, leaves, message
from .wire import ANSWERING, HEADER_BYTES, MESSAGE_CODE, OPENING, REQUEST_ID, SPEC, frame, size

ROLES = {role.name: role for role in SPEC.roles}
ABOUT = {
    "client": "A client: what it sends, and what it receives from an arbiter.",
    "arbiter": "An arbiter, facing a client.",
    "lane": "The arbiter's end of a lane: one exchange at a time, if not more are permitted.",
    "worker": "A worker's end of a lane.",
}
# How each state is reached: messages of one exchange, by the side that sends them.
WAYS: dict[str, list[tuple[str, str]]] = {
    "idle": [],
    "calling": [("opener", "REQUEST")],
    "streaming": [("opener", "REQUEST"), ("answerer", "CHUNK")],
    "asking": [("opener", "STATUS")],
    "abandoned": [("opener", "REQUEST"), ("opener", "CANCEL")],
}


def areas() -> Iterator[Collected]:
    """One area for each role."""
    for name, role in ROLES.items():
        out = Collected("session", f"as-{name}", ABOUT[name])
        for state in dict(SPEC.states):
            for sender in ("opener", "answerer"):
                for kind in MESSAGE_CODE:
                    transition(out, role, state, sender, kind)
        several(out, role)
        failures(out, role)
        ends(out, role)
        nothing_given(out, role)
        yield out


# --- steps ---


def said(kind: str, request_id: int = REQUEST_ID) -> dict[str, Any]:
    return message(kind, SMALLEST.get(kind), request_id)


def written(kind: str, request_id: int = REQUEST_ID) -> str:
    return canonical(kind, SMALLEST.get(kind), request_id)


def sent(kind: str, request_id: int = REQUEST_ID, refused: str = "") -> Step:
    """Send a message: its bytes come of it, or it is refused."""
    expect = {"error": fault(refused)} if refused else {"bytes": written(kind, request_id)}
    return {"send": said(kind, request_id), "expect": expect}


def received(data: str, *events: Event) -> Step:
    return {"receive": data, "expect": {"events": list(events)}}


def got(kind: str, request_id: int = REQUEST_ID, *, ended: bool = False) -> Event:
    return {"event": "message", "message": said(kind, request_id), "ended": ended}


def ended(request_id: int = REQUEST_ID) -> Event:
    return {"event": "ended", "request_id": str(request_id)}


def error(code: str, scope: str, request_id: int = REQUEST_ID, **place: Any) -> Event:
    return {"event": "error", "code": code, "scope": scope, "request_id": str(request_id), **place}


LOST = {
    "magic": "GD-FRAME-002",
    "version": "GD-FRAME-003",
    "type": "GD-FRAME-004",
    "length": "GD-FRAME-005",
}
CLOSED: Event = {"event": "closed"}


def way(role: ir.Role, state: str, request_id: int = REQUEST_ID) -> list[Step]:
    """The steps that bring an exchange into the state."""
    return [
        sent(kind, request_id)
        if sender == role.side
        else received(written(kind, request_id), got(kind, request_id))
        for sender, kind in WAYS[state]
    ]


# --- every transition ---


def transition(out: Collected, role: ir.Role, state: str, sender: str, kind: str) -> None:
    """One message in one state, and then what shows the state in which it leaves the exchange."""
    mine = sender == role.side
    code, scope, after, requires = judged(role, state, sender, kind)
    steps = way(role, state)
    if mine:
        steps.append(sent(kind, refused=code if scope else ""))
        # A refusal to send leaves everything as it was.
        after = state if scope else after
        requires += " GD-EXCH-021" if scope else ""
    else:
        steps.append(received(written(kind), *arrival(kind, code, scope, state, after)))
    if mine or scope != "connection":
        steps.append(probe(role, after))
    verb = "sends" if mine else "receives"
    requires += "" if mine else " GD-EXCH-022"
    name = f"{role.name}-{state}-{verb}-{slug(kind)}"
    out.converses(name, requires, role=role.name, steps=steps)
    if not scope and after in ("calling", "asking"):
        # A RESPONSE is delivered in both; what follows a CHUNK is a stream, or a refusal.
        steps[-1] = probe(role, after, "CHUNK")
        requires += " GD-EXCH-009" if after == "asking" else ""
        out.converses(f"{name}-then-chunk", requires, role=role.name, steps=steps)


def judged(role: ir.Role, state: str, sender: str, kind: str) -> tuple[str, str, str, str]:
    """What the text says of a message in a state.

    Returns:
        Its code, "deliver" or "discard" where it is not refused; the scope of a refusal; the
        state after; the requirements that say so.
    """
    if sender == "opener":
        return _from_opener(role, state, kind)
    return _from_answerer(state, kind)


def _from_opener(role: ir.Role, state: str, kind: str) -> tuple[str, str, str, str]:
    if kind in ANSWERING:
        return "unexpected_message", "exchange", "idle", "GD-EXCH-004 GD-EXCH-005"
    if kind == "CANCEL":
        if state == "idle":
            return "discard", "", "idle", "GD-EXT-006"
        return "deliver", "", "abandoned", "GD-EXT-005"
    if kind in ("PAUSE", "RESUME"):
        # Only what may be a stream can be held back.
        if state in ("calling", "streaming"):
            return "deliver", "", state, "GD-EXT-009"
        return "discard", "", state, "GD-EXT-009"
    if state != "idle":
        return "duplicate_request_id", "connection", "abandoned", "GD-EXCH-006 GD-EXCH-014"
    if kind not in role.opens:
        return "unexpected_message", "exchange", "idle", "GD-EXCH-020"
    after = "calling" if kind == "REQUEST" else "asking"
    return "deliver", "", after, "GD-EXCH-001" if kind == "REQUEST" else "GD-EXCH-002"


def _from_answerer(state: str, kind: str) -> tuple[str, str, str, str]:
    unexpected = "unexpected_message"
    if kind not in ANSWERING:
        return unexpected, "connection", "idle", "GD-EXCH-008"
    if state == "idle":
        return unexpected, "connection", "idle", "GD-EXCH-007"
    if state == "abandoned":
        return "discard", "", "abandoned" if kind == "CHUNK" else "idle", "GD-EXCH-013 GD-EXCH-014"
    if state == "asking" and kind in ("CHUNK", "END"):
        # Of a stream that was not asked for, the end is still to come.
        return unexpected, "exchange", "abandoned" if kind == "CHUNK" else "idle", "GD-EXCH-009"
    if state == "streaming" and kind == "RESPONSE":
        return unexpected, "exchange", "idle", "GD-EXCH-009"
    requires = "GD-EXCH-002" if state == "asking" else "GD-EXCH-001"
    if state == "calling" and kind == "END":
        requires = "GD-EXCH-003"
    return "deliver", "", "streaming" if kind == "CHUNK" else "idle", requires


def arrival(kind: str, code: str, scope: str, state: str, after: str) -> list[Event]:
    """What the receiver of the message is told."""
    if scope:
        return [error(code, scope)]
    if code == "deliver":
        return [got(kind, ended=after == "idle")]
    return [ended()] if state != "idle" and after == "idle" else []


def probe(role: ir.Role, state: str, kind: str = "RESPONSE") -> Step:
    """A message of the answerer: what comes of it shows the state."""
    code, scope, after, _ = _from_answerer(state, kind)
    if role.side == "answerer":
        return sent(kind, refused=code if scope else "")
    return received(written(kind), *arrival(kind, code, scope, state, after))


def last(role: ir.Role, state: str, request_id: int = REQUEST_ID) -> Step:
    """The terminal frame that the state asks for."""
    kind = "END" if state == "streaming" else "RESPONSE"
    if role.side == "answerer":
        return sent(kind, request_id)
    if state == "abandoned":
        return received(written(kind, request_id), ended(request_id))
    return received(written(kind, request_id), got(kind, request_id, ended=True))


# --- several exchanges ---


def several(out: Collected, role: ir.Role) -> None:
    """Exchanges beside each other, and after each other."""
    opener = role.side == "opener"

    def opened(kind: str, number: int) -> Step:
        return sent(kind, number) if opener else received(written(kind, number), got(kind, number))

    def answered(kind: str, number: int) -> Step:
        if not opener:
            return sent(kind, number)
        terminal = kind != "CHUNK"
        return received(written(kind, number), got(kind, number, ended=terminal))

    def add(name: str, requires: str, *steps: Step, notes: str = "") -> None:
        out.converses(f"{role.name}-{name}", requires, notes, role=role.name, steps=steps)

    add(
        "takes-an-id-again",
        "GD-FRAME-015 GD-EXCH-014",
        opened("REQUEST", 1),
        answered("RESPONSE", 1),
        opened("STATUS", 1),
        answered("RESPONSE", 1),
    )
    add(
        "takes-id-0",
        "GD-FRAME-017",
        opened("REQUEST", 0),
        answered("ERROR", 0),
        notes="An ERROR of an open exchange with id 0 is its answer.",
    )
    add(
        "takes-the-largest-id",
        "GD-FRAME-017",
        opened("REQUEST", 2**64 - 1),
        answered("RESPONSE", 2**64 - 1),
    )
    if role.max_open:
        _one_at_a_time(role, add, opened, answered)
    else:
        add(
            "interleaves",
            "GD-EXCH-010 GD-EXCH-011 GD-EXCH-012",
            opened("REQUEST", 1),
            opened("REQUEST", 2),
            opened("STASH", 3),
            answered("CHUNK", 2),
            answered("CHUNK", 1),
            answered("RESPONSE", 3),
            answered("CHUNK", 2),
            answered("END", 2),
            opened("MANAGE", 2),
            answered("END", 1),
            answered("ERROR", 2),
        )
    if opener:
        add(
            "abandons",
            "GD-EXCH-013 GD-EXCH-014",
            sent("REQUEST", 1),
            {"abandon": "1", "expect": {}},
            received(written("CHUNK", 1)),
            sent("REQUEST", 1, refused="duplicate_request_id"),
            received(written("END", 1), ended(1)),
            sent("REQUEST", 1),
        )
        add(
            "abandons-and-waits",
            "GD-EXCH-013 GD-EXCH-014",
            sent("REQUEST", 1),
            {"abandon": "1", "expect": {}},
            received(written("CHUNK", 1)),
            received(written("END", 1), ended(1)),
            sent("REQUEST", 1),
        )
        add(
            "abandons-what-is-not-open",
            "GD-EXCH-013",
            {"abandon": "1", "expect": {}},
            sent("REQUEST", 1),
            answered("RESPONSE", 1),
        )
        notice = received(written("ERROR", 0), got("ERROR", 0))
        add("is-told-of-the-connection", "GD-ERR-015", sent("REQUEST", 1), notice)
        add("is-told-while-idle", "GD-ERR-015", notice)
        add("is-told-twice", "GD-ERR-015", notice, notice)
        add("is-told-after-an-answer-under-0", "GD-ERR-015", sent("REQUEST", 0),
            answered("RESPONSE", 0), notice)  # fmt: skip
        given_up: Step = {"abandon": "0", "expect": {}}
        add("gives-up-the-id-0", "GD-ERR-015 GD-EXCH-013", sent("REQUEST", 0), given_up,
            received(written("ERROR", 0), ended(0)), sent("REQUEST", 0))  # fmt: skip


def _one_at_a_time(role: ir.Role, add: Any, opened: Any, answered: Any) -> None:
    for state in ("calling", "streaming", "asking", "abandoned"):
        for kind in OPENING:
            before = way(role, state, 1)
            if role.side == "opener":
                step = sent(kind, 2, refused="unexpected_message")
            else:
                refusal = error("unexpected_message", "exchange", 2)
                step = received(written(kind, 2), refusal)
            requires = "GD-EXCH-020 GD-ROLE-028" if kind in role.opens else "GD-EXCH-020"
            add(f"{state}-is-one-{slug(kind)}", requires, *before, step)
        add(f"{state}-is-one", "GD-ROLE-028", *way(role, state, 1), last(role, state, 1))
        before, after = way(role, state, 1), last(role, state, 1)
        if role.side == "opener":
            add(f"{state}-and-cancel-of-none", "GD-EXT-006", *before, sent("CANCEL", 2), after)
            lost = received(written("RESPONSE", 2), error("unexpected_message", "connection", 2))
            add(f"{state}-and-answer-to-none", "GD-EXCH-007 GD-EXCH-022", *before, lost)
        else:
            ignored = received(written("CANCEL", 2))
            add(f"{state}-and-cancel-of-none", "GD-EXT-006", *before, ignored, after)
    add(
        "one-after-the-other",
        "GD-ROLE-028",
        opened("STATUS", 1),
        answered("RESPONSE", 1),
        opened("REQUEST", 2),
        answered("CHUNK", 2),
        answered("END", 2),
        opened("REQUEST", 3),
        answered("RESPONSE", 3),
    )
    _permitted(role, add, opened, answered)


def _permitted(role: ir.Role, add: Any, opened: Any, answered: Any) -> None:
    """More at once, where the worker's STATUS told so."""
    refusal = error("unexpected_message", "exchange", 4)
    one_more = (
        sent("REQUEST", 4, refused="unexpected_message")
        if role.side == "opener"
        else received(written("REQUEST", 4), refusal)
    )
    three = (opened("REQUEST", 1), opened("REQUEST", 2), opened("REQUEST", 3))
    permit: Step = {"permit": "3", "expect": {}}
    add(
        "interleaves-as-permitted",
        "GD-ROLE-028 GD-EXCH-011 GD-EXCH-012",
        permit,
        *three,
        answered("CHUNK", 2),
        answered("CHUNK", 1),
        answered("RESPONSE", 3),
        opened("STATUS", 3),
        answered("CHUNK", 2),
        answered("END", 2),
        answered("RESPONSE", 3),
        answered("END", 1),
    )
    add("one-more-than-permitted", "GD-EXCH-020 GD-ROLE-028", permit, *three, one_more)
    add("as-many-as-permitted", "GD-ROLE-028", permit, *three)
    add(
        "permitted-again-after-one",
        "GD-EXCH-020 GD-ROLE-028",
        permit,
        *three,
        answered("RESPONSE", 2),
        opened("REQUEST", 2),
        one_more,
    )
    add(
        "permitted-again-and-no-more",
        "GD-ROLE-028",
        permit,
        *three,
        answered("RESPONSE", 2),
        opened("REQUEST", 2),
    )
    fewer: Step = {"permit": "1", "expect": {}}
    more = opened("REQUEST", 4)
    two, done = (permit, *three[:2], fewer), answered("RESPONSE", 1)
    add("permitted-fewer", "GD-EXCH-020 GD-ROLE-036", *two, done, one_more)
    add("permitted-fewer-after-both", "GD-ROLE-036", *two, done, answered("RESPONSE", 2), more)
    none: Step = {"permit": "0", "expect": {}}
    add("permitted-none", "GD-ROLE-036", none, opened("REQUEST", 3))
    add("permitted-none-is-one", "GD-ROLE-036", none, opened("REQUEST", 3), one_more)


# --- faults of frames, and what becomes of their exchange ---


def failures(out: Collected, role: ir.Role) -> None:
    """A payload at fault ends its exchange alone; nothing follows a fault of the connection."""

    def add(name: str, requires: str, *steps: Step) -> None:
        out.converses(f"{role.name}-{name}", requires, role=role.name, steps=steps)

    if role.side == "answerer":
        before, good, first = [], written("CANCEL"), received(written("CANCEL"))
        after, more = written("STATUS"), got("STATUS")
    else:
        before, good = [sent("REQUEST")], written("CHUNK")
        first = received(good, got("CHUNK"))
        after, more = good, got("CHUNK")
    add("goes-on", "GD-EXCH-022", *before, first, received(after, more))
    lost: Sequence[tuple[str, str, str, int]] = (
        ("magic", "4748" + good[4:], "bad_magic", 0),
        ("version", "474402" + good[6:], "unsupported_version", 0),
        ("type", "474401ff" + good[8:], "unknown_message_type", REQUEST_ID),
        ("length", good[:8] + "ffffffff" + good[16:], "payload_too_large", REQUEST_ID),
    )
    for offset, (name, data, code, number) in zip((0, 2, 3, 4), lost, strict=True):
        told = error(code, "connection", number, offset=offset)
        requires = f"{LOST[name]} GD-ERR-002"
        add(f"loses-{name}", requires, *before, received(data, told), received(after))
    # Frames in one piece, and what comes behind them; it is dropped where the last one is at fault.
    came, told = first["expect"]["events"], error("bad_magic", "connection", 0, offset=0)
    both = received(good + good, *came, *came)
    add("goes-on-behind", "GD-EXCH-022", *before, both, first, first)
    lost_behind, dropped = received(good + lost[0][1], *came, told), received(good)
    requires = "GD-FRAME-002 GD-ERR-002"
    add("loses-behind", requires, *before, lost_behind, dropped, dropped)
    if role.side == "answerer":
        _failing_questions(add)
    else:
        _failing_answers(add)


def _failing_questions(add: Any) -> None:
    missing = error("missing_field", "exchange", offset=HEADER_BYTES, path="app_path")
    bad = frame("REQUEST", "2100000000")
    add(
        "refuses-and-goes-on",
        "GD-ERR-003",
        received(bad, missing),
        received(written("REQUEST"), got("REQUEST")),
        sent("RESPONSE"),
    )
    data = frame("STATUS", "00")
    told = error("unexpected_payload", "exchange", offset=4)
    add(
        "refuses-a-payload-and-goes-on",
        "GD-FRAME-023",
        received(data, told),
        received(written("STATUS"), got("STATUS")),
        sent("RESPONSE"),
    )


def _failing_answers(add: Any) -> None:
    answer = received(written("RESPONSE"), got("RESPONSE", ended=True))
    chunk = received(written("CHUNK"), got("CHUNK"))
    end = received(written("END"), got("END", ended=True))
    asks = sent("REQUEST")
    add("calls-again", "GD-EXCH-001 GD-EXCH-014", asks, answer, asks, answer)
    add("reads-a-stream-and-calls", "GD-EXCH-001 GD-EXCH-014", asks, chunk, chunk, end, asks)
    add("reads-a-chunk-and-calls", "GD-EXCH-001 GD-EXCH-014", asks, chunk, end, asks)
    missing = error("missing_field", "exchange", offset=HEADER_BYTES, path="result")
    add(
        "fails-a-call-by-its-answer",
        "GD-ERR-003 GD-EXCH-026",
        sent("REQUEST"),
        received(frame("RESPONSE", "2100000000"), missing),
        sent("REQUEST"),
        received(written("RESPONSE"), got("RESPONSE", ended=True)),
    )
    missing = error("missing_field", "exchange", offset=HEADER_BYTES, path="data")
    add(
        "fails-a-stream-by-a-chunk",
        "GD-ERR-003 GD-EXCH-025",
        sent("REQUEST"),
        received(frame("CHUNK", "2100000000"), missing),
        received(written("CHUNK")),
        received(written("END"), ended()),
        sent("REQUEST"),
    )
    told = error("unexpected_payload", "exchange", offset=4)
    add(
        "fails-a-stream-by-its-end",
        "GD-FRAME-008 GD-ERR-003",
        sent("REQUEST"),
        received(written("CHUNK"), got("CHUNK")),
        received(frame("END", "00"), told),
        sent("REQUEST"),
    )


# --- the end of the stream ---


def ends(out: Collected, role: ir.Role) -> None:
    """EOF between frames closes; inside one it is a fault."""

    def add(name: str, requires: str, *steps: Step) -> None:
        out.converses(f"{role.name}-{name}", requires, role=role.name, steps=steps)

    def eof(*events: Event) -> Step:
        return {"eof": True, "expect": {"events": list(events)}}

    add("ends-idle", "GD-FRAME-009", eof(CLOSED))
    add("ends-once", "GD-FRAME-009", eof(CLOSED), eof())
    cut = error("truncated", "connection", 0, offset=1)
    add("ends-early-once", "GD-FRAME-010 GD-ERR-002", received("47"), eof(cut), eof())
    for state in ("calling", "streaming", "asking", "abandoned"):
        add(f"ends-{state}", "GD-FRAME-009", *way(role, state), eof(CLOSED))
    kind = "REQUEST" if role.side == "answerer" else "RESPONSE"
    data = written(kind)
    before = [] if role.side == "answerer" else [sent("REQUEST")]
    whole = received(data, got(kind, ended=role.side == "opener"))
    add("ends-after-all", "GD-FRAME-009", *before, whole, eof(CLOSED))
    for length in (1, HEADER_BYTES - 1, HEADER_BYTES, size(data) - 1):
        number = REQUEST_ID if length >= HEADER_BYTES else 0
        told = error("truncated", "connection", number, offset=length)
        steps = [*before, received(data[: 2 * length]), eof(told)]
        add(f"ends-after-{length}", "GD-FRAME-010 GD-ERR-005", *steps)
    # What is skipped belongs to its frame.
    data = frame("END" if role.side == "opener" else "STATUS", "0000")
    told = error("unexpected_payload", "exchange", offset=4)
    cut = error("truncated", "connection", offset=HEADER_BYTES + 1)
    steps = [*before, received(data[:-2], told), eof(cut)]
    add("ends-while-skipping", "GD-FRAME-010 GD-ERR-005", *steps)


def nothing_given(out: Collected, role: ir.Role) -> None:
    """None where a program gives nothing for a field with a default: the default is meant."""
    opening = [] if role.side == "opener" else [received(written("REQUEST"), got("REQUEST"))]
    for kind in [*role.opens] if role.side == "opener" else ["ERROR"]:
        for path, field in leaves(MESSAGES[kind].fields or ()):
            if field.default is not None:
                given = said(kind)
                given["fields"][field.name] = {"none": ""}
                step = {"send": given, "expect": {"bytes": written(kind)}}
                name = f"{role.name}-gives-nothing-for-{slug(path)}-of-{slug(kind)}"
                out.converses(name, "GD-MSG-093", role=role.name, steps=[*opening, step])
