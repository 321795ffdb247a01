"""A worker: ready, called, cancelled, and left; the script is its arbiter."""

from __future__ import annotations

import re
import signal
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import gdproto
from gdproto import HEADER_BYTES, MessageCode, StashOp

from ..app import BOOT_S
from ..expectations import (
    Expected,
    Outcome,
    as_declared,
    chunk,
    closed,
    end,
    error,
    fault,
    response,
    shown,
)
from ..frames import NO_TRACES, TRACE, frame, pairs, portions
from ..script import BOOK, Unsupported
from ..stages import WorkerStage
from ..wire import Mismatch, Wire

BOOT_FAILED = 3
TICKS, TICK_S = 200, 0.02
SOON_S = 2.0
# A call of a worker that is ready takes a tenth of that.
INIT_S, STARTS = BOOT_S / 2, 5
# So many of each are too much text, by whatever a language counts: these are not as many
# characters as bytes are permitted, but for the first, nor the last as many units of UTF-16.
LETTERS = {"\u00e9": 66_000, "\u20ac": 40_000, "\U0001f600": 20_000}
ENOUGH = 1_000
LETTER = re.compile("[a-z]")
MAX_DEPTH = 512
CANCELLED = "DirtyCancelledError"
INHERITED = ("toString", "hashCode", "ToString", "GetHashCode", "to_s", "inspect", "hash", "can")


is_ready = as_declared("WorkerAnswer")


def still_serves(stage: WorkerStage, wire: Wire) -> None:
    """Nothing else comes before the answer to a call."""
    wire.send(stage.request(900, "add", 1, 1))
    wire.expect(response(900, 2))


# --- ready ---


@BOOK.script(
    "worker-ready",
    "GD-ROLE-008 GD-ROLE-010 GD-ROLE-011 GD-ROLE-021 GD-ROLE-037 GD-MSG-043 GD-EXCH-002",
)
def ready(stage: WorkerStage) -> None:
    """Opens two lanes with STATUS: each is answered by what the worker is, its process too."""
    wires = stage.start(2)
    for wire in wires:
        wire.send(gdproto.Status(1))
    called: list[str] = []
    for wire in wires:
        answer = wire.expect(response(1, is_ready))
        assert isinstance(answer, gdproto.Response)
        called += answer.result.get("lane_apps", answer.result["apps"])
        if stage.terms.app not in answer.result["apps"]:
            raise Mismatch(f"{stage.terms.app} among the apps", str(answer.result["apps"]))
        pid = answer.result["pid"]
        if not stage.has_started(pid):
            raise Mismatch("as pid a process that the command has started", str(pid))
    if stage.terms.app not in called:
        raise Mismatch(f"{stage.terms.app} called on some lane", str(called))
    for wire in wires:
        still_serves(stage, wire)


@BOOK.script("worker-ready-when-initialised", "GD-ROLE-011")
def ready_when_initialised(stage: WorkerStage) -> None:
    """Calls as soon as STATUS is answered: the app need not be initialised any more."""
    for _ in range(STARTS):
        (wire,) = stage.ready()
        answered_s = time.monotonic()
        still_serves(stage, wire)
        waited_s = time.monotonic() - answered_s
        # A call that waits for an app's init waits as long; a machine may be busy now and then.
        if waited_s < INIT_S:
            return
    raise Mismatch(
        "an answer to STATUS when the apps are initialised",
        f"one {waited_s:.2f} s before a call was answered",
    )


@BOOK.script("worker-status-again", "GD-EXCH-002")
def status_again(stage: WorkerStage) -> None:
    """Asks an idle worker for its state once more."""
    (wire,) = stage.ready()
    for number in (1, 7):
        wire.send(gdproto.Status(number))
        wire.expect(response(number, is_ready))
    still_serves(stage, wire)


def fails_to_boot(stage: WorkerStage, broken: bool) -> None:
    app = stage.terms.broken_app if broken else "no.such.module:App"
    wires = stage.start(2, app)
    for wire in wires:
        wire.send(gdproto.Status(1))
    for wire in wires:
        wire.expect(error(1))
    status = stage.exit_status()
    if status != BOOT_FAILED:
        raise Mismatch(f"exit status {BOOT_FAILED}", str(status))


for _name, _broken in (("broken", True), ("missing", False)):
    BOOK.add(
        f"worker-app-{_name}",
        "GD-ROLE-012",
        partial(fails_to_boot, broken=_broken),
        f"Starts a worker with an app that is {_name}: an ERROR on each lane, and its end.",
    )


# --- calls ---


@BOOK.script("worker-calls", "GD-EXCH-001 GD-FRAME-018 GD-FRAME-017 GD-FRAME-001")
def calls(stage: WorkerStage) -> None:
    """Calls actions under all kinds of ids: one RESPONSE each."""
    (wire,) = stage.ready()
    for number in (0, 1, 2**32, 2**64 - 1, 1):
        wire.send(stage.request(number, "add", 20, 22))
        wire.expect(response(number, 42))
    value: list[Any] = [
        None,
        True,
        2**63 - 1,
        -0.0,
        float("nan"),
        b"\xff",
        "\U0010ffff",
        {"b": [], "a": {}},
    ]
    wire.send(stage.request(5, "echo", value))
    wire.expect(response(5, {"args": [value], "kwargs": {}}))
    named = {"key": "word", "\u00e9": [1, {"a": None}]}
    wire.send(gdproto.Request(6, stage.terms.app, "echo", (), named))
    wire.expect(response(6, {"args": [], "kwargs": named}))
    alike = [1.0, 1, True, "1"]
    wire.send(stage.request(8, "echo", *alike))
    wire.expect(response(8, {"args": alike, "kwargs": {}}))
    wire.send(stage.request(7, "blob", 5))
    wire.expect(response(7, b"xxxxx"))


@BOOK.script("worker-traces", "GD-MSG-056 GD-MSG-057")
def traces(stage: WorkerStage) -> None:
    """Calls with a trace, and with all kinds of dicts that tell none: all are served."""
    (wire,) = stage.ready()
    no_parent = {"tracestate": "v=1", "sent": 1}
    for number, trace in enumerate((TRACE, {}, no_parent, *NO_TRACES.values()), 1):
        request = stage.request(number, "add", 20, 22)
        request.trace = trace
        wire.send(request)
        wire.expect(response(number, 42))


@BOOK.script("worker-streams", "GD-EXCH-001 GD-EXCH-003 GD-FRAME-018")
def streams(stage: WorkerStage) -> None:
    """Calls streams: with items, with none, and with a failure behind the items."""
    (wire,) = stage.ready()
    wire.send(stage.request(1, "count", 20))
    for number in range(20):
        wire.expect(chunk(1, number))
    wire.expect(end(1))
    wire.send(stage.request(2, "count", 0))
    wire.expect(end(2))
    wire.send(stage.request(3, "count_and_fail", 1))
    wire.expect(chunk(3, 0))
    wire.expect(error(3, "DirtyAppError"))
    still_serves(stage, wire)


@BOOK.script("worker-failures", "GD-ERR-019 GD-ERR-020 GD-ERR-034 GD-LIM-001 GD-LIM-002")
def failures(stage: WorkerStage) -> None:
    """Calls actions that fail, and whose result or failure cannot be encoded."""
    (wire,) = stage.ready()
    bad: dict[str, list[Any]] = {
        "fail": ["a reason"],
        "fail_oddly": [],
        "unencodable": [],
        "deep": [MAX_DEPTH],
    }
    for number, (action, args) in enumerate(bad.items(), 1):
        wire.send(stage.request(number, action, *args))
        answer = wire.expect(error(number, "DirtyAppError", details=("app_path", "action")))
        assert isinstance(answer, gdproto.Error)
        # An escape has letters; what merely stands in place of a character has none.
        if action == "fail_oddly" and len(LETTER.findall(answer.message)) < ENOUGH:
            raise Mismatch("what cannot be encoded, escaped", shown(answer.message))
    wire.send(stage.request(9, "deep", MAX_DEPTH - 1))
    wire.expect(response(9))
    still_serves(stage, wire)


@BOOK.script("worker-long-failure", "GD-ERR-019 GD-ERR-034")
def long_failure(stage: WorkerStage) -> None:
    """Calls actions that fail with a long text, or have a long name, each of whose characters takes
    several bytes: it is cut, and not escaped."""
    (wire,) = stage.ready()
    for number, (letter, times) in enumerate(LETTERS.items(), 1):
        wire.send(stage.request(number, "fail", letter * times))
        answer = wire.expect(error(number, "DirtyAppError"))
        assert isinstance(answer, gdproto.Error)
        if letter * ENOUGH not in answer.message:
            raise Mismatch(f"{ENOUGH} times {letter} in its message", shown(answer.message))
    wire.send(stage.request(9, "\u20ac" * LETTERS["\u20ac"]))
    wire.expect(error(9, "DirtyAppError"))
    still_serves(stage, wire)


@BOOK.script("worker-exception-class", "GD-ERR-026 GD-ERR-027 GD-ERR-038")
def exception_class(stage: WorkerStage) -> None:
    """Calls an action that raises: which class it raised, and which classes that specialises; and
    what fails without an exception of the app."""
    (wire,) = stage.ready()
    names = ("exception_type", "exception_bases")
    for number, action in enumerate(("unencodable", "_hidden"), 2):
        wire.send(stage.request(number, action))
        answer = wire.expect(error(number, "DirtyAppError"))
        assert isinstance(answer, gdproto.Error)
        if answer.details.keys() & names:
            raise Mismatch(f"no {' and no '.join(names)}", shown(answer.details))
    wire.send(stage.request(1, "fail", "a reason"))
    answer = wire.expect(error(1, "DirtyAppError", details=names))
    assert isinstance(answer, gdproto.Error)
    kind, bases = (answer.details.get(name) for name in names)
    if not isinstance(kind, str | None) or not is_list_of_names(bases):
        raise Mismatch("a name and a list of names", f"{kind!r} and {bases!r}")
    if kind is not None and kind in (bases or ()):
        raise Mismatch(f"what {kind} specialises", f"{bases!r}, and itself among it")


def is_list_of_names(found: object) -> bool:
    """Whether it is a list of texts, or nothing at all."""
    return found is None or (
        isinstance(found, list) and all(isinstance(name, str) for name in found)
    )


@BOOK.script("worker-forbidden", "GD-ROLE-020 GD-SEC-004")
def forbidden(stage: WorkerStage) -> None:
    """Calls what is private, what initialises and closes, what is not there, and what every object
    of some language has."""
    (wire,) = stage.ready()
    names = ("_hidden", "__init__", "__class__", "init", "close", "absent", "", *INHERITED)
    for number, name in enumerate(names, 1):
        wire.send(stage.request(number, name))
        wire.expect(error(number, "DirtyAppError"))
    still_serves(stage, wire)


@BOOK.script("worker-app-of-others", "GD-ROLE-034")
def app_of_others(stage: WorkerStage) -> None:
    """Calls an app that it does not serve: it cannot be found, and what it serves is served on."""
    (wire,) = stage.ready()
    for number, path in enumerate(("no.such.module:App", f"{stage.terms.app}s", ""), 1):
        wire.send(gdproto.Request(number, path, "add", (1, 1)))
        wire.expect(error(number, "DirtyAppNotFoundError"))
    still_serves(stage, wire)


@BOOK.script("worker-fields", "GD-MSG-002 GD-MSG-003 GD-MSG-006 GD-MSG-007 GD-MSG-014 GD-MSG-075")
def fields(stage: WorkerStage) -> None:
    """Sends a REQUEST as a client may have written it: reversed, with unknown fields, and none; and
    one with extensions that nobody knows."""
    (wire,) = stage.ready()
    path = ("app_path", stage.terms.app)
    payload = pairs(("x", 1), ("kwargs", None), ("action", "echo"), ("timeout", None), path)
    wire.send(frame(MessageCode.REQUEST, payload, 5))
    wire.expect(response(5, {"args": [], "kwargs": {}}))
    for number, extensions in enumerate((["x-none"], [1, None, b"memfd", ["memfd"]]), 6):
        payload = pairs(path, ("action", "add"), ("extensions", extensions), ("args", [20, 22]))
        wire.send(frame(MessageCode.REQUEST, payload, number))
        wire.expect(response(number, 42))


@BOOK.script("worker-every-split", "GD-FRAME-009 GD-FRAME-011")
def every_split(stage: WorkerStage) -> None:
    """Sends frames in two parts, split at every offset in turn, and byte by byte."""
    (wire,) = stage.ready()
    size = len(stage.request(1, "add", 1, 2).to_bytes())
    for offset in range(1, size):
        data = stage.request(offset, "add", offset, 1).to_bytes()
        wire.send_apart([data[:offset], data[offset:]])
        wire.expect(response(offset, offset + 1))
    wire.send_apart(portions(stage.request(1, "add", 1, 1).to_bytes(), 1))
    wire.expect(response(1, 2))


# --- faults ---


@BOOK.script(
    "worker-payload-fault",
    "GD-ERR-001 GD-ERR-003 GD-ERR-004 GD-ERR-006 GD-ERR-029 GD-ERR-031 GD-ERR-035 GD-MSG-014",
)
def payload_fault(stage: WorkerStage) -> None:
    """Sends arguments at fault, which an arbiter hands through: an ERROR that says where, and it
    serves on."""
    (wire,) = stage.ready()
    head = pairs(("app_path", stage.terms.app), ("action", "echo"), ("args", [None]))[:-1]
    at = HEADER_BYTES + len(head)
    for number, (data, code, offset) in enumerate(
        [(b"\x01\x02", "invalid_bool", at + 1), (b"\x07", "unknown_tlv_type", at)], 1
    ):
        wire.send(frame(MessageCode.REQUEST, head + data, number))
        wire.expect(fault(number, code, offset=offset, path="args[0]"))
    still_serves(stage, wire)


@BOOK.script("worker-raw-data", "GD-ERR-036 GD-ERR-031")
def raw_data(stage: WorkerStage) -> None:
    """Sends a REQUEST of many bytes with a fault behind them: few of them are told."""
    (wire,) = stage.ready()
    head = pairs(("app_path", stage.terms.app), ("action", "echo"), ("args", ["x" * 300, None]))
    sent = frame(MessageCode.REQUEST, head[:-1] + b"\x07", 1)
    wire.send(sent)
    at = len(sent) - 1
    wire.expect(fault(1, "unknown_tlv_type", offset=at, path="args[1]", sent=sent))
    still_serves(stage, wire)


@BOOK.script("worker-is-sent-answers", "GD-EXCH-005 GD-ERR-001 GD-ERR-031")
def is_sent_answers(stage: WorkerStage) -> None:
    """Sends what only an answerer sends: an ERROR each time, and it serves on."""
    (wire,) = stage.ready()
    failure = gdproto.Error(6, "DirtyError", "no")
    for message in (gdproto.Response(5, 1), failure, gdproto.Chunk(7, 1), gdproto.End(8)):
        wire.send(message)
        wire.expect(fault(message.request_id, "unexpected_message"))
    still_serves(stage, wire)


@BOOK.script("worker-is-sent-stash", "GD-ERR-001 GD-ERR-003 GD-ERR-031 GD-EXCH-020")
def is_sent_stash(stage: WorkerStage) -> None:
    """Sends STASH and MANAGE, which no worker serves: an ERROR each, and it serves on."""
    (wire,) = stage.ready()
    for message in (gdproto.Stash(5, StashOp.TABLES, ""), gdproto.Manage(6, 3)):
        wire.send(message)
        wire.expect(fault(message.request_id, "unexpected_message"))
    still_serves(stage, wire)


@BOOK.script("worker-unexpected-payload", "GD-FRAME-008 GD-ERR-003 GD-ERR-031 GD-ERR-036")
def unexpected_payload(stage: WorkerStage) -> None:
    """Sends a STATUS with a payload: an ERROR, and it serves on."""
    (wire,) = stage.ready()
    sent = frame(MessageCode.STATUS, b"\x00", 5)
    wire.send(sent)
    wire.expect(fault(5, "unexpected_payload", offset=4, sent=sent))
    still_serves(stage, wire)


@BOOK.script("worker-payload-in-a-cancel", "GD-FRAME-023 GD-ERR-029 GD-ERR-030 GD-ERR-031")
def payload_in_a_cancel(stage: WorkerStage) -> None:
    """Sends a CANCEL with a payload during a stream: an ERROR ends it, and nothing more of it
    comes, also not into the next call under its id."""
    (wire,) = stage.ready()
    wire.send(stage.request(1, "tick", TICKS, TICK_S))
    wire.expect(chunk(1, 0))
    wire.send(frame(MessageCode.CANCEL, b"\x00", 1))
    wire.expect_stream(1, fault(1, "unexpected_payload", offset=4))
    # For as long as several items would take.
    wire.send(stage.request(1, "sleep", 4 * TICK_S))
    wire.expect(response(1))
    still_serves(stage, wire)


@BOOK.script("worker-header-fault", "GD-FRAME-002 GD-ERR-002 GD-ERR-032 GD-ERR-033 GD-ERR-037")
def header_fault(stage: WorkerStage) -> None:
    """Sends what is no frame: the lane ends, with or without an ERROR."""
    (wire,) = stage.ready()
    wire.send(b"\xff" * HEADER_BYTES)
    first = wire.expect(closed(), error(0, "DirtyProtocolError", codes=("bad_magic",)))
    if isinstance(first, gdproto.Error) and first.error_type == "DirtyProtocolError":
        wire.expect_closed()


@BOOK.script("worker-is-sent-more", "GD-EXCH-020 GD-ERR-029 GD-ERR-031 GD-ROLE-015")
def is_sent_more(stage: WorkerStage) -> None:
    """Sends another REQUEST and a STATUS during a stream: an ERROR each, then or at its end, and
    the stream goes on."""
    (wire,) = stage.ready()
    wire.send(gdproto.Status(9))
    about = wire.expect(response(9, is_ready))
    assert isinstance(about, gdproto.Response)
    if about.result.get("exchanges", 1) > 1:
        raise Unsupported("the lane takes more than one exchange")
    wire.send(stage.request(1, "tick", TICKS // 4, TICK_S))
    wire.expect(chunk(1, 0))
    wire.send(stage.request(2, "note", "more"), gdproto.Status(3))
    left = [end(1), *(fault(number, "unexpected_message") for number in (2, 3))]
    items = wire.expect_among(1, *left)
    if items != list(range(1, TICKS // 4)):
        raise Mismatch("the rest of the stream", str(items))
    wire.send(stage.request(4, "noted", "more"))
    wire.expect(response(4, 0))


@BOOK.script("worker-is-sent-an-open-id", "GD-EXCH-006 GD-ERR-002 GD-ERR-032 GD-ERR-033")
def is_sent_an_open_id(stage: WorkerStage) -> None:
    """Sends a REQUEST under the id of the stream that it runs: the lane ends."""
    (wire,) = stage.ready()
    wire.send(stage.request(1, "tick", TICKS, TICK_S))
    wire.expect(chunk(1, 0))
    wire.send(stage.request(1, "add", 1, 1))
    told = error(1, "DirtyProtocolError", codes=("duplicate_request_id",))
    began_s = time.monotonic()
    wire.expect_stream(1, closed(), told)
    wire.expect_closed()
    if time.monotonic() - began_s > SOON_S:
        raise Mismatch("an end between two items", "a later one")


# --- cancel ---


@BOOK.script("worker-cancel", "GD-ROLE-015 GD-EXT-005 GD-EXT-006")
def cancel(stage: WorkerStage) -> None:
    """Cancels a stream between its items, twice; the second CANCEL finds nothing open."""
    (wire,) = stage.ready()
    wire.send(stage.request(1, "tick", TICKS, TICK_S))
    wire.expect(chunk(1, 0))
    wire.send(gdproto.Cancel(1), gdproto.Cancel(1))
    began_s = time.monotonic()
    wire.expect_stream(1, error(1, CANCELLED))
    took_s = time.monotonic() - began_s
    if took_s > SOON_S:
        raise Mismatch("an end between two items", f"one after {took_s:.1f} s")
    wire.send(stage.request(2, "counters"))
    wire.expect(response(2, {"produced": 0, "ended": 1}))


@BOOK.script("worker-cancel-at-once", "GD-ROLE-015 GD-EXT-005")
def cancel_at_once(stage: WorkerStage) -> None:
    """Sends a stream's request and its CANCEL in one piece."""
    (wire,) = stage.ready()
    wire.send(stage.request(1, "tick", TICKS, TICK_S), gdproto.Cancel(1))
    wire.expect_stream(1, error(1, CANCELLED))
    still_serves(stage, wire)


@BOOK.script("worker-cancel-call", "GD-EXT-005 GD-EXCH-001")
def cancel_call(stage: WorkerStage) -> None:
    """Cancels a plain call: it ends once, by DirtyCancelledError or as it would have."""
    (wire,) = stage.ready()
    wire.send(stage.request(1, "sleep", 0.2), gdproto.Cancel(1))
    wire.expect(error(1, CANCELLED), response(1, 0.2))
    still_serves(stage, wire)


@BOOK.script("worker-cancel-nothing", "GD-EXT-006")
def cancel_nothing(stage: WorkerStage) -> None:
    """Cancels what is not open: nothing happens."""
    (wire,) = stage.ready()
    wire.send(gdproto.Cancel(99))
    still_serves(stage, wire)


@BOOK.script("worker-cancel-of-another", "GD-EXT-006 GD-ROLE-015")
def cancel_of_another(stage: WorkerStage) -> None:
    """Cancels other ids than that of the stream which it runs: the stream comes to its end."""
    (wire,) = stage.ready()
    still_serves(stage, wire)
    wire.send(stage.request(1, "tick", 10, TICK_S))
    wire.expect(chunk(1, 0))
    wire.send(gdproto.Cancel(900), gdproto.Cancel(2), gdproto.Cancel(0))
    wire.expect_stream(1, end(1))
    still_serves(stage, wire)


# --- leaving ---


@BOOK.script("worker-signals", "GD-ROLE-027")
def signals(stage: WorkerStage) -> None:
    """Sends INT and TERM to its processes during a stream, as a terminal and a service manager
    do: the stream comes to its end, and the worker serves on."""
    (wire,) = stage.ready()
    wire.send(stage.request(1, "tick", 20, TICK_S))
    wire.expect(chunk(1, 0))
    for number in (signal.SIGINT, signal.SIGTERM):
        stage.tell(number)
    wire.expect_stream(1, end(1))
    still_serves(stage, wire)


def ends_well(stage: WorkerStage) -> None:
    status = stage.exit_status()
    if status:
        raise Mismatch("exit status 0", str(status))


@BOOK.script("worker-idle-lane-ends", "GD-ROLE-016")
def idle_lane_ends(stage: WorkerStage) -> None:
    """Closes its only lane while it is idle: the apps are closed, and it exits with 0."""
    (wire,) = stage.ready()
    with tempfile.TemporaryDirectory() as directory:
        marker = Path(directory, "closed")
        wire.send(stage.request(1, "mark_when_closed", str(marker)))
        wire.expect(response(1))
        wire.drop()
        ends_well(stage)
        if not marker.exists():
            raise Mismatch("that the app is closed", "an exit without it")


@BOOK.script("worker-one-lane-of-two-ends", "GD-ROLE-016")
def one_lane_of_two_ends(stage: WorkerStage) -> None:
    """Closes one lane of two: the other one is served on, until it ends too."""
    first, second = stage.ready(2)
    first.half_close()
    first.expect_closed()
    still_serves(stage, second)
    second.drop()
    ends_well(stage)


@BOOK.script("worker-busy-lane-ends", "GD-ROLE-017")
def busy_lane_ends(stage: WorkerStage) -> None:
    """Closes a lane during a stream, while another lane is idle: the worker exits."""
    busy, _ = stage.ready(2)
    busy.send(stage.request(1, "tick", TICKS * 10, TICK_S))
    busy.expect(chunk(1, 0))
    busy.drop()
    stage.exit_status()


@BOOK.script("worker-lanes-are-not-inherited", "GD-ROLE-009")
def lanes_are_not_inherited(stage: WorkerStage) -> None:
    """Has the app start a program that outlives the worker: the lane ends with the worker."""
    (wire,) = stage.ready()
    wire.send(stage.request(1, "spawn"))
    wire.expect(response(1))
    wire.half_close()
    stage.exit_status()
    wire.expect(Expected("a close with the worker's end", _closes), within_s=SOON_S)


def _closes(outcome: Outcome) -> list[str] | None:
    return closed().judge(outcome)
