"""Payloads at an arbiter: their fields, their faults, and that values go through unchanged."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import gdproto
from gdproto import HEADER_BYTES, MessageCode, StashOp, encode

from ..expectations import error, fault, response
from ..frames import NO_TRACES, TRACE, frame, pairs
from ..script import BOOK
from ..stages import ArbiterStage
from ..wire import Mismatch

ID = 5
STATUS = gdproto.Status(9)
LOCAL = "GD-ERR-001 GD-ERR-003 GD-ERR-010 GD-ERR-017"
# In the place of the path under which the conformance app is served.
APP = "@"
NAMES = (("app_path", APP), ("action", "echo"))
LAST = -1
MAX_DEPTH = 512
# What refusing a megabyte of bad input may take, on a busy machine.
COST_S = 3.0


def refuses(
    stage: ArbiterStage,
    type_: int,
    payload: bytes,
    code: str,
    offset: int | None = None,
    path: str | None = None,
) -> None:
    wire = stage.connect()
    data = frame(type_, payload.replace(encode(APP), encode(stage.terms.app)), ID)
    if offset == LAST:
        offset = len(data) - 1
    for _ in range(2):
        wire.send(data)
        wire.expect(fault(ID, code, offset=offset, path=path))
    wire.send(STATUS)
    wire.expect(response(9))


def add(
    name: str,
    requires: str,
    code: str,
    type_: int,
    payload: bytes,
    offset: int | None = None,
    path: str | None = None,
) -> None:
    """A frame whose payload is at fault: it is answered, and the connection lives on."""
    BOOK.add(
        f"arbiter-payload-{name}",
        f"{requires} {LOCAL}"
        + (" GD-ERR-004 GD-ERR-005" if offset is not None else "")
        + (" GD-ERR-006" if path else "")
        + (" GD-ERR-009" if path == "" else ""),
        partial(refuses, type_=type_, payload=payload, code=code, offset=offset, path=path),
        f"Sends a payload with a fault, {code}: one ERROR each time, and the connection lives.",
    )


@BOOK.script("arbiter-raw-data", "GD-ERR-036 GD-ERR-010")
def raw_data(stage: ArbiterStage) -> None:
    """Sends a STASH of many bytes with a fault behind them: few of them are told."""
    wire = stage.connect()
    sent = frame(MessageCode.STASH, encode({"op": int(StashOp.GET), "table": "t" * 300}), ID)
    sent = sent[:-1] + b"\xff"
    for _ in range(2):
        wire.send(sent)
        wire.expect(fault(ID, "invalid_utf8", offset=len(sent) - 300, path="table", sent=sent))


def request(*fields: tuple[Any, Any]) -> bytes:
    return pairs(*NAMES, *fields)


def stash(**fields: Any) -> bytes:
    return encode({"op": int(StashOp.GET), "table": "t", **fields})


START = HEADER_BYTES
REQUEST, STASH, MANAGE = MessageCode.REQUEST, MessageCode.STASH, MessageCode.MANAGE
NESTED = b"\x20\x00\x00\x00\x01"

add("of-status", "GD-FRAME-008", "unexpected_payload", MessageCode.STATUS, b"\x00", 4)
add("of-cancel", "GD-FRAME-008", "unexpected_payload", MessageCode.CANCEL, b"\x00", 4)
add("of-request-empty", "GD-MSG-011", "truncated", REQUEST, b"", START)
add("of-stash-empty", "GD-MSG-011", "truncated", STASH, b"", START)
add("list", "GD-MSG-004", "payload_not_dict", REQUEST, encode([1]), START, path="")
add("none", "GD-MSG-004", "payload_not_dict", STASH, encode(None), START, path="")
add("short", "GD-TLV-015", "truncated", REQUEST, request()[:-1])
add("trailing", "GD-TLV-018", "trailing_data", REQUEST, request() + b"\x00", LAST)
add("without-app", "GD-MSG-005", "missing_field", REQUEST, encode({"action": "echo"}), START)
add("without-action", "GD-MSG-005", "missing_field", REQUEST, encode({"app_path": "a"}), START)
add("without-table", "GD-MSG-005", "missing_field", STASH, encode({"op": 2}), START)
add("without-op", "GD-MSG-005", "missing_field", MANAGE, encode({"count": 1}), START)
add(
    "app-none",
    "GD-MSG-008",
    "wrong_field_type",
    REQUEST,
    pairs(("app_path", None), ("action", "a")),
)
add("app-int", "GD-MSG-008", "wrong_field_type", REQUEST, pairs(("app_path", 1), ("action", "a")))
add("action-bytes", "GD-MSG-008", "wrong_field_type", REQUEST, pairs(NAMES[0], ("action", b"a")))
add(
    "timeout-text",
    "GD-MSG-008",
    "wrong_field_type",
    REQUEST,
    request(("timeout", "1")),
    path="timeout",
)
add(
    "timeout-bool",
    "GD-MSG-012",
    "wrong_field_type",
    REQUEST,
    request(("timeout", True)),
    path="timeout",
)
add("args-dict", "GD-MSG-008", "wrong_field_type", REQUEST, request(("args", {})), path="args")
add(
    "kwargs-list", "GD-MSG-008", "wrong_field_type", REQUEST, request(("kwargs", [])), path="kwargs"
)
add("op-text", "GD-MSG-008", "wrong_field_type", STASH, stash(op="2"), path="op")
add("op-bool", "GD-MSG-012", "wrong_field_type", STASH, stash(op=True), path="op")
add("table-int", "GD-MSG-008", "wrong_field_type", STASH, stash(table=1), path="table")
add("pattern-int", "GD-MSG-008", "wrong_field_type", STASH, stash(pattern=1), path="pattern")
add(
    "count-text",
    "GD-MSG-008",
    "wrong_field_type",
    MANAGE,
    encode({"op": 2, "count": "1"}),
    path="count",
)
add(
    "count-bool",
    "GD-MSG-012",
    "wrong_field_type",
    MANAGE,
    encode({"op": 2, "count": True}),
    path="count",
)
add(
    "timeout-negative",
    "GD-MSG-009",
    "invalid_field_value",
    REQUEST,
    request(("timeout", -1)),
    path="timeout",
)
for _name, _value in (("infinite", float("inf")), ("nan", float("nan"))):
    _payload = request(("timeout", _value))
    add(f"timeout-{_name}", "GD-MSG-009", "invalid_field_value", REQUEST, _payload)
PRIORITIES: list[tuple[str, Any, str, str]] = [
    ("text", "1", "GD-MSG-008", "wrong_field_type"),
    ("float", 1.0, "GD-MSG-008", "wrong_field_type"),
    ("bool", True, "GD-MSG-012", "wrong_field_type"),
    ("below", -11, "GD-MSG-009", "invalid_field_value"),
    ("above", 11, "GD-MSG-009", "invalid_field_value"),
]
for _name, _priority, _requires, _code in PRIORITIES:
    _payload = request(("priority", _priority))
    _requires = f"{_requires} GD-MSG-041"
    add(f"priority-{_name}", _requires, _code, REQUEST, _payload, path="priority")
_payload = request(("trace", TRACE), ("priority", 11))
add("priority-behind-trace", "GD-MSG-041", "invalid_field_value", REQUEST, _payload)
_payload = request(("extensions", {}))
add("extensions-dict", "GD-MSG-008", "wrong_field_type", REQUEST, _payload, path="extensions")
add("trace-text", "GD-MSG-008", "wrong_field_type", REQUEST, request(("trace", "x")), path="trace")
add("op-0", "GD-MSG-009", "invalid_field_value", STASH, stash(op=0), path="op")
add("op-99", "GD-MSG-009", "invalid_field_value", STASH, stash(op=99), path="op")
add("manage-op-0", "GD-MSG-009", "invalid_field_value", MANAGE, encode({"op": 0}), path="op")
add("manage-op-9", "GD-MSG-009", "invalid_field_value", MANAGE, encode({"op": 9}), path="op")
add("key-list", "GD-MSG-009", "invalid_field_value", STASH, stash(key=[]), path="key")
add("key-dict", "GD-MSG-009", "invalid_field_value", STASH, stash(key={}), path="key")
add("field-order", "GD-MSG-010", "missing_field", REQUEST, encode({"action": 1}), START)
add(
    "whole-before-fields",
    "GD-MSG-010",
    "invalid_bool",
    STASH,
    pairs(("op", "x"), ("table", 1), ("value", 0))[:-9] + b"\x01\x02",
)
add("key-twice", "GD-TLV-012", "duplicate_key", STASH, pairs(("op", 2), ("table", "t"), ("op", 2)))
add(
    "value-type",
    "GD-TLV-001",
    "unknown_tlv_type",
    STASH,
    stash(value=None)[:-1] + b"\x07",
    path="value",
)
add("utf8", "GD-TLV-006", "invalid_utf8", STASH, stash().replace(b"\x01t", b"\x01\xff"))
add(
    "key-not-text",
    "GD-TLV-011",
    "key_not_string",
    STASH,
    pairs(("op", 2), ("table", "t"), (1, "x")),
)
add(
    "depth",
    "GD-LIM-002",
    "nesting_too_deep",
    STASH,
    stash(value=None)[:-1] + NESTED * (MAX_DEPTH - 1) + NESTED[:-1] + b"\x00",
)


def refuses_value(stage: ArbiterStage, end: bytes, code: str, path: str) -> None:
    """A fault that the arbiter need not see, but the worker does."""
    refuses(stage, REQUEST, request(("args", [None]))[:-1] + end, code, path=path)


for _name, _end, _code, _requires, _path in [
    ("bool", b"\x01\x02", "invalid_bool", "GD-TLV-002", "args[0]"),
    ("utf8", b"\x11\x00\x00\x00\x01\xff", "invalid_utf8", "GD-TLV-006", "args[0]"),
    ("type", b"\x07", "unknown_tlv_type", "GD-TLV-001", "args[0]"),
    ("key-twice", pairs(("a", 1), ("a", 1)), "duplicate_key", "GD-TLV-012", "args[0].a"),
    ("size", b"\x10\x00\x00\x00\x09", "truncated", "GD-TLV-016", "args[0]"),
    ("trailing", b"\x00\x00", "trailing_data", "GD-TLV-018", ""),
]:
    BOOK.add(
        f"arbiter-argument-{_name}",
        f"{_requires} {LOCAL} {'GD-ERR-006' if _path else 'GD-ERR-009'}",
        partial(refuses_value, end=_end, code=_code, path=_path),
        f"Sends a REQUEST with an argument at fault, {_code}: whoever finds it, it is answered.",
    )


@BOOK.script("arbiter-depth-at-limit", "GD-LIM-001 GD-LIM-003")
def depth_at_limit(stage: ArbiterStage) -> None:
    """Asks for a result that is nested as deep as it may be, and sends one back."""
    wire = stage.connect()
    wire.send(stage.request(1, "deep", MAX_DEPTH - 1))
    answer = wire.expect(response(1))
    assert isinstance(answer, gdproto.Response)
    wire.send(gdproto.Stash(2, StashOp.PUT, "deep", "key", answer.result))
    wire.expect(response(2, True))


@BOOK.script("arbiter-cost-of-bad-input", "GD-SEC-005 GD-TLV-017")
def cost_of_bad_input(stage: ArbiterStage) -> None:
    """Sends lists that each claim a million items over a megabyte: refusing it costs little."""
    head = pairs(("app_path", stage.terms.app), ("action", "echo"), ("args", None))[:-1]
    claims = b"\x20\x00\x10\x00\x00" * (MAX_DEPTH - 2)
    wire = stage.connect()
    began_s = time.monotonic()
    wire.send(frame(REQUEST, head + claims + bytes(2**20 - 2000), ID))
    wire.expect(fault(ID, "truncated"))
    took_s = time.monotonic() - began_s
    if took_s > COST_S:
        raise Mismatch(f"an answer within {COST_S:g} s", f"one after {took_s:.1f} s")


# --- fields ---


def echoes(stage: ArbiterStage, fields: Any, args: list[Any] | None) -> None:
    payload = pairs(*fields).replace(encode(APP), encode(stage.terms.app))
    wire = stage.connect()
    wire.send(frame(REQUEST, payload, ID))
    wire.expect(response(ID, {"args": args or [], "kwargs": {}}))


BIG = ["x" * 1000] * 100
WRITTEN: list[tuple[str, str, Any, list[Any] | None]] = [
    ("reversed", "GD-MSG-002 GD-MSG-013", (("args", [1]), *reversed(NAMES)), [1]),
    ("behind-large-args", "GD-MSG-013", (("args", BIG), ("timeout", 9.5), *NAMES), BIG),
    ("unknown", "GD-MSG-003", (("zz", {"a": [1]}), *NAMES, ("more", None)), None),
    ("type-and-id", "GD-MSG-003", (*NAMES, ("type", "stash"), ("id", 99)), None),
    ("absent", "GD-MSG-007 GD-GUN-003", NAMES, None),
    (
        "none",
        "GD-MSG-006 GD-MSG-007",
        (*NAMES, ("timeout", None), ("args", None), ("kwargs", None)),
        None,
    ),
    ("timeout-int", "GD-MSG-008", (*NAMES, ("timeout", 20)), None),
    ("priority", "GD-MSG-041", (*NAMES, ("timeout", 20), ("priority", 10)), None),
    ("priority-first", "GD-MSG-041", (("priority", -10), *NAMES), None),
    ("priority-last", "GD-MSG-002", (*NAMES, ("args", [1]), ("priority", 1)), [1]),
    ("priority-none", "GD-MSG-006", (*NAMES, ("priority", None)), None),
    ("trace", "GD-MSG-057", (*NAMES, ("trace", TRACE), ("args", [1])), [1]),
    ("trace-last", "GD-MSG-002", (*NAMES, ("args", [1]), ("trace", TRACE)), [1]),
    ("trace-none", "GD-MSG-006", (*NAMES, ("trace", None)), None),
    ("trace-empty", "GD-MSG-056", (*NAMES, ("trace", {})), None),
    *(
        (f"trace-{name}", "GD-MSG-056 GD-MSG-057", (*NAMES, ("trace", trace)), None)
        for name, trace in NO_TRACES.items()
    ),
    ("extensions", "GD-MSG-075", (*NAMES, ("extensions", ["x-none", 1, None])), None),
    ("extensions-last", "GD-MSG-002", (*NAMES, ("args", [1]), ("extensions", [])), [1]),
]
for _name, _requires, _fields, _args in WRITTEN:
    BOOK.add(
        f"arbiter-fields-{_name}",
        _requires,
        partial(echoes, fields=_fields, args=_args),
        f"Sends a REQUEST with its fields written otherwise than usual: {_name}.",
    )


@BOOK.script("arbiter-fields-of-stash", "GD-MSG-002 GD-MSG-003 GD-MSG-006")
def fields_of_stash(stage: ArbiterStage) -> None:
    """Sends a STASH with its fields reversed, unknown ones between, and one that is none."""
    wire = stage.connect()
    table = ("table", "conformance-fields")
    fields = [("value", 3), ("x", None), ("pattern", None), ("key", "k"), table, ("op", 1)]
    wire.send(frame(STASH, pairs(*fields), ID))
    wire.expect(response(ID, True))
    wire.send(gdproto.Stash(ID, StashOp.GET, table[1], "k"))
    wire.expect(response(ID, 3))


@BOOK.script("arbiter-as-gunicorn-writes", "GD-GUN-003 GD-CONF-002")
def as_gunicorn_writes(stage: ArbiterStage) -> None:
    """Sends what gunicorn's client writes: a hashed request id, and no timeout."""
    wire = stage.connect()
    number = 0x9E3779B97F4A7C15
    path = ("app_path", stage.terms.app)
    call: list[Any] = [path, ("action", "add"), ("args", [1, 2]), ("kwargs", {})]
    wire.send(frame(REQUEST, pairs(*call), number))
    wire.expect(response(number, 3))
    put: list[Any] = [("op", 1), ("table", "conformance-gunicorn"), ("key", "k"), ("value", 1)]
    wire.send(frame(STASH, pairs(*put), number + 1))
    wire.expect(response(number + 1, True))


VALUES: dict[str, Any] = {
    "none": None,
    "bools": [True, False],
    "ints": [0, -1, 2**63 - 1, -(2**63)],
    "floats": [0.0, -0.0, 1.5, 5e-324, float("inf"), float("-inf"), float("nan")],
    "int-like-floats": [1.0, -2.0, 1e300],
    "bytes": [b"", bytes(range(256))],
    "texts": ["", "\x00", "é", "e\u0301", "\U0010ffff"],
    "containers": [[], {}, [[]], {"": {}, "b": 1, "a": 2}],
}


def keeps(stage: ArbiterStage, value: Any) -> None:
    wire = stage.connect()
    wire.send(stage.request(1, "echo", value))
    wire.expect(response(1, {"args": [value], "kwargs": {}}))
    wire.send(gdproto.Stash(2, StashOp.PUT, "conformance-values", "k", value))
    wire.expect(response(2, True))


for _name, _value in VALUES.items():
    BOOK.add(
        f"arbiter-values-{_name}",
        "GD-MSG-014 GD-TLV-022",
        partial(keeps, value=_value),
        f"Has {_name} echoed: they come back in the same bytes.",
    )


# --- errors of calls ---


@BOOK.script("arbiter-unknown-app", "GD-ROLE-005 GD-ERR-017")
def unknown_app(stage: ArbiterStage) -> None:
    """Calls an app that is not served, and then one that is."""
    wire = stage.connect()
    wire.send(gdproto.Request(1, "nobody:Nothing", "echo"))
    wire.expect(error(1, "DirtyNoWorkersAvailableError", details=("app_path",)))
    wire.send(stage.request(2, "add", 1, 1))
    wire.expect(response(2, 2))


def fails(stage: ArbiterStage, action: str, args: tuple[Any, ...] = ()) -> None:
    wire = stage.connect()
    wire.send(stage.request(1, action, *args))
    wire.expect(error(1, "DirtyAppError", details=("app_path", "action")))
    wire.send(stage.request(2, "add", 1, 1))
    wire.expect(response(2, 2))


for _name, _action, _given, _requires in [
    ("absent", "absent", (), "GD-ROLE-020 GD-ERR-017"),
    ("private", "_hidden", (), "GD-ROLE-020 GD-SEC-004"),
    ("special", "__init__", (), "GD-ROLE-020 GD-SEC-004"),
    ("init", "init", (), "GD-SEC-004"),
    ("close", "close", (), "GD-SEC-004"),
    ("fail", "fail", ("a reason",), "GD-ERR-020 GD-ERR-017"),
    ("unencodable", "unencodable", (), "GD-ERR-020 GD-ERR-019"),
    ("too-deep", "deep", (MAX_DEPTH,), "GD-ERR-020 GD-LIM-002"),
]:
    BOOK.add(
        f"arbiter-action-{_name}",
        _requires,
        partial(fails, action=_action, args=_given),
        f"Calls {_action}, which fails: a DirtyAppError, and the worker serves on.",
    )


@BOOK.script("arbiter-action-fail-oddly", "GD-ERR-019 GD-ERR-020 GD-ERR-034")
def action_fails_oddly(stage: ArbiterStage) -> None:
    """Calls an action whose failure has a text that is long and cannot be encoded."""
    wire = stage.connect()
    wire.send(stage.request(1, "fail_oddly"))
    answer = wire.expect(error(1, "DirtyAppError"))
    assert isinstance(answer, gdproto.Error)
    if len(answer.message.encode()) > 64 * 1024:
        raise Mismatch("a text of at most 64 KiB", f"{len(answer.message):,} characters")


@BOOK.script("arbiter-unknown-names", "GD-SEC-006")
def unknown_names(stage: ArbiterStage) -> None:
    """Names modules of the language as apps: nothing is imported because of it."""
    wire = stage.connect()
    for number, name in enumerate(("os:system", "builtins:eval", "this:Zen", "../a:B"), 1):
        wire.send(gdproto.Request(number, name, "echo", ["true"]))
        wire.expect(error(number, "DirtyNoWorkersAvailableError"))
