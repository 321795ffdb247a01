"""The vectors of streams: frames as a transport delivers them, cut anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gdproto.conformance.cases import Recipe

from .collected import As, Collected, Event, Step
from .meaning import SMALLEST, message, whole
from .sessions import CLOSED, ended, error, got, received, sent, written
from .wire import (
    AT,
    CODE,
    HEADER_BYTES,
    LIMIT,
    MESSAGE_CODE,
    OPENING,
    TRUE,
    frame,
    header,
    pairs,
    size,
    text,
    u32,
)

UNASKED = "unexpected_message"


def areas() -> Iterator[Collected]:
    """One area for the questions that an answerer receives, one for the answers."""
    out = Collected("stream", "questions", "What an arbiter or a worker receives, in any portions.")
    conversations(out)
    lost(out)
    faults(out)
    ends(out)
    long(out)
    on_a_lane(out)
    yield out
    out = Collected("stream", "answers", "What a client or a lane receives, in any portions.")
    answers(out)
    yield out


def add(
    out: Collected,
    name: str,
    requires: str,
    data: Recipe,
    events: Sequence[Event],
    *,
    role: str = "arbiter",
    setup: Sequence[Step] = (),
    eof: bool = False,
    cuts: Sequence[int] | None = None,
    notes: str = "",
) -> None:
    """One stream."""
    out.converses(
        name,
        f"{requires} GD-FRAME-011",
        notes,
        role=role,
        setup=list(setup) or None,
        receives=data,
        cuts=list(cuts) if cuts else None,
        eof=True if eof else None,
        events=events,
    )


def conversations(out: Collected) -> None:
    data = "".join(written(kind, number) for number, kind in enumerate(OPENING, 1))
    events = [got(kind, number) for number, kind in enumerate(OPENING, 1)]
    add(out, "every-question", "GD-FRAME-009", data, events)
    add(out, "every-question-and-the-end", "GD-FRAME-009", data, [*events, CLOSED], eof=True)
    data = written("REQUEST", 1) + written("CANCEL", 1) + written("CANCEL", 9)
    data += written("REQUEST", 2)
    events = [got("REQUEST", 1), got("CANCEL", 1), got("REQUEST", 2)]
    add(out, "cancels-between", "GD-EXT-006", data, events)
    add(out, "one-frame", "GD-FRAME-009", written("STATUS"), [got("STATUS")])
    add(out, "nothing-and-the-end", "GD-FRAME-009", "", [CLOSED], eof=True)
    add(out, "half-a-header", "GD-FRAME-009", written("STATUS")[:16], [], notes="More may come.")
    add(out, "a-header-alone", "GD-FRAME-009", written("REQUEST")[: 2 * HEADER_BYTES], [])
    many = {"repeat": written("CANCEL", 5), "times": 20}
    add(out, "many-ignored", "GD-EXT-006", [many, written("STATUS")], [got("STATUS")])


def lost(out: Collected) -> None:
    """Nothing is read after a fault of the connection."""
    good, middle, after = written("STATUS", 1), written("STATUS", 3), written("STATUS", 4)
    events = [got("STATUS", number) for number in (1, 3, 4)]
    add(out, "lost-nothing", "GD-FRAME-009", good + middle + after, events)
    for name, data, code, number, offset, requires in (
        ("magic", "4747" + middle[4:], "bad_magic", 0, AT["magic"], "GD-FRAME-002"),
        ("version", "474400" + middle[6:], "unsupported_version", 0, AT["version"], "GD-FRAME-003"),
        ("type", header(0x8F, 0, 3), "unknown_message_type", 3, AT["type"], "GD-FRAME-004"),
        (
            "length",
            header(MESSAGE_CODE["REQUEST"], LIMIT["max_payload_bytes"] + 1, 3),
            "payload_too_large",
            3,
            AT["length"],
            "GD-FRAME-005",
        ),
    ):
        told = error(code, "connection", number, offset=offset)
        events = [got("STATUS", 1), told]
        notes = "The offset is counted from the header of the frame at fault."
        add(
            out,
            f"lost-{name}",
            f"{requires} GD-ERR-002 GD-ERR-004",
            good + data + after,
            events,
            notes=notes,
        )
    for name, raw in (
        ("http", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("tls", bytes.fromhex("160301020001000001fc0303")),
        ("json", b'{"type": "request", "id": 1}'),
        ("four-bytes-of-length", bytes.fromhex("00000040") + b'{"type": "request"}'),
        ("without-magic", bytes.fromhex(good)[2:] * 2),
    ):
        events = [error("bad_magic", "connection", 0, offset=0)] if len(raw) >= HEADER_BYTES else []
        add(out, f"not-gd-{name}", "GD-FRAME-002 GD-FRAME-007", raw.hex(), events)
    data = written("REQUEST", 1) + written("REQUEST", 3) + written("STATUS", 2)
    events = [got("REQUEST", 1), got("REQUEST", 3), got("STATUS", 2)]
    add(out, "lost-by-no-id-twice", "GD-FRAME-015", data, events)
    data = written("REQUEST", 1) * 2 + written("STATUS", 2)
    told = error("duplicate_request_id", "connection", 1)
    events = [got("REQUEST", 1), told]
    add(out, "lost-by-an-id-twice", "GD-EXCH-006", data, events)


def faults(out: Collected) -> None:
    """What ends one exchange alone, and the frames after it."""
    bad = frame("REQUEST", whole("REQUEST", SMALLEST["REQUEST"])[2 * HEADER_BYTES : -2] + "ff", 1)
    # A text's fault is reported at its first byte, here of two.
    told = error("invalid_utf8", "exchange", 1, offset=size(bad) - 2, path="action")
    good = [got("REQUEST", 2), got("STATUS", 1)]
    after = written("REQUEST", 2) + written("STATUS", 1)
    add(out, "payload-not-at-fault", "GD-FRAME-009", after, good)
    add(out, "payload-at-fault", "GD-ERR-003 GD-ERR-004", bad + after, [told, *good])
    inner = written("STATUS", 77)
    data = frame("STATUS", inner, 1)
    told = error("unexpected_payload", "exchange", 1, offset=AT["length"])
    notes = "The payload is skipped, though it looks like a frame."
    add(out, "payload-unexpected", "GD-FRAME-023", data + after, [told, *good],
        notes=notes)  # fmt: skip
    told = error(UNASKED, "exchange", 5)
    data = written("RESPONSE", 5) + written("END", 5) + after
    add(out, "answers-of-an-opener", "GD-EXCH-005", data, [told, told, *good])
    data = frame("REQUEST", "", 1)
    told = error("truncated", "exchange", 1, offset=HEADER_BYTES)
    add(out, "payload-of-length-0", "GD-MSG-011 GD-ERR-003", data + after, [told, *good])
    data = frame("MANAGE", "20" + u32(0), 1)
    told = error("payload_not_dict", "exchange", 1, offset=HEADER_BYTES)
    add(out, "payload-not-dict", "GD-MSG-004 GD-ERR-003", data + after, [told, *good])


def ends(out: Collected) -> None:
    """The stream ends inside a frame."""
    data = written("REQUEST", 3)
    first = written("STATUS", 1)
    events = [got("STATUS", 1), got("REQUEST", 3), CLOSED]
    add(out, "ends-after-all", "GD-FRAME-009", first + data, events, eof=True)
    for length in (1, 8, HEADER_BYTES - 1, HEADER_BYTES, HEADER_BYTES + 1, size(data) - 1):
        number = 3 if length >= HEADER_BYTES else 0
        events = [got("STATUS", 1), error("truncated", "connection", number, offset=length)]
        cut = first + data[: 2 * length]
        add(out, f"ends-after-{length}", "GD-FRAME-010 GD-ERR-005", cut, events, eof=True)
    promised = header(MESSAGE_CODE["REQUEST"], LIMIT["max_payload_bytes"], 3)
    told = error("truncated", "connection", 3, offset=HEADER_BYTES)
    add(out, "ends-after-a-promise", "GD-FRAME-010", promised, [told], eof=True)
    data = frame("CANCEL", "00" * 4, 3)[:-4]
    events = [
        error("unexpected_payload", "exchange", 3, offset=AT["length"]),
        error("truncated", "connection", 3, offset=HEADER_BYTES + 2),
    ]
    add(out, "ends-while-skipping", "GD-FRAME-010 GD-ERR-005", data, events, eof=True)
    first = frame("CANCEL", "00" * 9, 2)
    told = error("unexpected_payload", "exchange", 2, offset=AT["length"])
    requires = "GD-FRAME-010 GD-ERR-004 GD-ERR-005"
    add(out, "ends-while-skipping-again", requires, first + data, [told, *events], eof=True)


def long(out: Collected) -> None:
    """More than a reader takes at once; cut about the boundaries of its frames."""
    for name, length in (("64-kib", 65536), ("1-mib", 1024 * 1024)):
        held = {"repeat": "61", "times": length}
        lead = CODE["dict"] + u32(3) + text("app_path") + text("m:A") + text("action") + text("go")
        lead += text("kwargs") + CODE["dict"] + u32(1) + text("k") + CODE["bytes"]
        head = header(MESSAGE_CODE["REQUEST"], size(lead) + 4 + length, 1) + lead + u32(length)
        total = size(head) + length
        asked = {"app_path": "m:A", "action": "go", "kwargs": {"k": As(bytes=[held])}}
        events = [
            {"event": "message", "message": message("REQUEST", asked, 1), "ended": False},
            got("STATUS", 2),
        ]
        near = {AT["length"], HEADER_BYTES, size(head), total, total + HEADER_BYTES}
        middle = [total // 2, 4096, 65536]
        cuts = sorted({0, *middle, *(at + step for at in near for step in (-1, 0, 1))})
        cuts = [at for at in cuts if at <= total + HEADER_BYTES]
        data: Recipe = [head, held, written("STATUS", 2)]
        add(out, f"long-{name}", "GD-FRAME-011", data, events, cuts=cuts)


def on_a_lane(out: Collected) -> None:
    data = written("STATUS", 1)
    add(out, "lane-is-opened", "GD-EXCH-002", data, [got("STATUS", 1)], role="worker")
    ready = [received(data, got("STATUS", 1)), sent("RESPONSE", 1)]
    data = written("REQUEST", 2) + written("CANCEL", 2) + written("REQUEST", 3)
    told = error(UNASKED, "exchange", 3)
    events = [got("REQUEST", 2), got("CANCEL", 2), told]
    more: dict[str, Any] = {"role": "worker", "setup": ready}
    add(out, "lane-is-cancelled", "GD-EXT-005", data[: -size(written("REQUEST", 3)) * 2],
        events[:2], **more)  # fmt: skip
    add(out, "lane-has-one-exchange", "GD-EXCH-020 GD-ROLE-028", data, events, **more)
    data = written("STASH", 2) + written("REQUEST", 3)
    told = error(UNASKED, "exchange", 2)
    add(out, "lane-carries-a-request", "GD-EXCH-001", written("REQUEST", 3), [got("REQUEST", 3)],
        **more)  # fmt: skip
    add(out, "lane-carries-no-stash", "GD-EXCH-020", data, [told, got("REQUEST", 3)], **more)
    events = [got("REQUEST", 2), CLOSED]
    add(out, "lane-ends-behind", "GD-FRAME-009", written("REQUEST", 2), events, eof=True, **more)
    data = written("REQUEST", 2)[:-2]
    told = error("truncated", "connection", 2, offset=size(data))
    add(out, "lane-ends-inside", "GD-FRAME-010", data, [told], eof=True, **more)


def answers(out: Collected) -> None:
    asked = [sent("REQUEST", 1), sent("REQUEST", 2), sent("STASH", 3)]
    more: dict[str, Any] = {"role": "client", "setup": asked}
    data = "".join(
        written(kind, number)
        for kind, number in (
            ("CHUNK", 1), ("RESPONSE", 2), ("CHUNK", 1), ("ERROR", 3), ("END", 1),
        )
    )  # fmt: skip
    events = [
        got("CHUNK", 1),
        got("RESPONSE", 2, ended=True),
        got("CHUNK", 1),
        got("ERROR", 3, ended=True),
        got("END", 1, ended=True),
    ]
    add(out, "answers-in-any-order", "GD-EXCH-011 GD-EXCH-012", data, events, **more)
    add(out, "answers-and-the-end", "GD-FRAME-009", data, [*events, CLOSED], eof=True, **more)
    _answers_of_few(out, asked)
    again = written("RESPONSE", 2)
    told = error(UNASKED, "connection", 2)
    add(out, "answered-twice", "GD-EXCH-007 GD-EXCH-001", data + again + data, [*events, told],
        **more)  # fmt: skip
    told = error(UNASKED, "connection", 8)
    data = written("RESPONSE", 8) + written("RESPONSE", 2)
    add(out, "answer-to-nobody", "GD-EXCH-007", data, [told], **more)
    told = error(UNASKED, "connection", 4)
    data = written("REQUEST", 4) + written("RESPONSE", 2)
    add(out, "question-from-an-arbiter", "GD-EXCH-008", data, [told], **more)
    data = written("ERROR", 0) + written("RESPONSE", 2)
    events = [got("ERROR", 0), got("RESPONSE", 2, ended=True), CLOSED]
    add(out, "told-of-the-connection", "GD-ERR-015", data, events, eof=True, **more)
    told = error(UNASKED, "exchange", 3)
    data = written("CHUNK", 3) + written("CHUNK", 3) + written("END", 3) + written("RESPONSE", 2)
    events = [told, ended(3), got("RESPONSE", 2, ended=True)]
    add(out, "stream-of-a-stash", "GD-EXCH-009 GD-EXCH-022", data, events, **more)
    told = error(UNASKED, "exchange", 1)
    data = written("CHUNK", 1) + written("RESPONSE", 1) + written("RESPONSE", 2)
    events = [got("CHUNK", 1), told, got("RESPONSE", 2, ended=True)]
    add(out, "response-after-chunk", "GD-EXCH-009", data, events, **more)
    given_up = {"abandon": "1", "expect": {}}
    data = written("CHUNK", 1) + written("CHUNK", 1) + written("ERROR", 1) + written("RESPONSE", 2)
    events = [ended(1), got("RESPONSE", 2, ended=True)]
    setup = [*asked, given_up]
    add(out, "given-up", "GD-EXCH-013", data, events, role="client", setup=setup)
    setup = [*asked, sent("CANCEL", 1)]
    add(out, "cancelled", "GD-EXT-008 GD-EXCH-013", data, events, role="client", setup=setup)
    bad = frame("CHUNK", pairs(("data", CODE["bool"] + "07")), 1)
    told = error("invalid_bool", "exchange", 1, offset=size(bad) - 1, path="data")
    data = bad + written("CHUNK", 1) + written("END", 1) + written("RESPONSE", 2)
    events = [told, ended(1), got("RESPONSE", 2, ended=True)]
    add(out, "chunk-at-fault", "GD-ERR-003 GD-EXCH-013 GD-EXCH-022", data, events, **more)
    bad = frame("END", "00", 1)
    told = error("unexpected_payload", "exchange", 1, offset=AT["length"])
    data = bad + written("RESPONSE", 2)
    add(out, "end-with-payload", "GD-FRAME-023", data, [told, got("RESPONSE", 2, ended=True)],
        **more)  # fmt: skip
    lane: dict[str, Any] = {"role": "lane", "setup": [sent("STATUS", 1)]}
    data = written("RESPONSE", 1)
    add(out, "lane-is-ready", "GD-EXCH-002", data, [got("RESPONSE", 1, ended=True)], **lane)
    data = written("ERROR", 1)
    events = [got("ERROR", 1, ended=True), CLOSED]
    add(out, "lane-is-not-ready", "GD-EXCH-002", data, events, eof=True, **lane)
    busy: dict[str, Any] = {"role": "lane", "setup": [sent("REQUEST", 9)]}
    data = written("CHUNK", 9) + written("CHUNK", 9) + written("END", 9)
    events = [got("CHUNK", 9), got("CHUNK", 9), got("END", 9, ended=True)]
    add(out, "lane-streams", "GD-EXCH-001", data, events, **busy)
    events = [got("CHUNK", 9), CLOSED]
    add(out, "lane-dies-behind", "GD-FRAME-009", written("CHUNK", 9), events, eof=True, **busy)
    data = written("CHUNK", 9)[:-2]
    told = error("truncated", "connection", 9, offset=size(data))
    add(out, "lane-dies-inside", "GD-FRAME-010", data, [told], eof=True, **busy)


def _answers_of_few(out: Collected, asked: list[Step]) -> None:
    """Answers that are as they should be; what is at fault elsewhere is edited from them."""
    last = written("RESPONSE", 2)
    answered = got("RESPONSE", 2, ended=True)
    true = frame("CHUNK", pairs(("data", TRUE)), 1)
    first = {"event": "message", "message": message("CHUNK", {"data": True}, 1), "ended": False}
    chunk, end = written("CHUNK", 1), written("END", 1)
    streamed, ends = got("CHUNK", 1), got("END", 1, ended=True)
    for name, data, events in (
        ("answer-alone", last, [answered]),
        ("answer-after-chunk", chunk + last, [streamed, answered]),
        ("answer-after-end", end + last, [ends, answered]),
        ("answer-after-stream", true + chunk + end + last, [first, streamed, ends, answered]),
    ):
        add(out, name, "GD-EXCH-001 GD-EXCH-011", data, events, role="client", setup=asked)
    setup = [*asked[:-1], sent("REQUEST", 3)]
    data = written("CHUNK", 3) * 2 + written("END", 3) + last
    events = [got("CHUNK", 3), got("CHUNK", 3), got("END", 3, ended=True), answered]
    add(out, "stream-of-a-request", "GD-EXCH-001", data, events, role="client", setup=setup)
