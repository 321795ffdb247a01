"""Messages: literal frames, faults of frames and fields, and gunicorn's own frames."""

from __future__ import annotations

import math
from typing import Any

import pytest
from gunicorn.dirty.protocol import BinaryProtocol
from hypothesis import given
from hypothesis import strategies as st

import gdproto
from gdproto import ProtocolError
from gdproto.spec.oracle import Refused, build_frame, parse_frame

from .cases import NONE, TRUE, int64, items, pairs, text, u32
from .test_tlv import scalars, values


def frame(code: int, payload: bytes = b"", request_id: int = 7) -> bytes:
    return b"GD\x01" + bytes([code]) + u32(len(payload)) + request_id.to_bytes(8, "big") + payload


ARGS = ("args", items())
KWARGS = ("kwargs", pairs())
CALL = (("app_path", text("m:A")), ("action", text("go")))

FRAMES = [
    (gdproto.Request(7, "m:A", "go"), frame(0x01, pairs(*CALL, ARGS, KWARGS))),
    (
        gdproto.Request(7, "m:A", "go", (1,), {"k": None}, 2.5),
        frame(
            0x01,
            pairs(
                *CALL,
                ("timeout", b"\x06\x40\x04" + bytes(6)),
                ("args", items(int64(1))),
                ("kwargs", pairs(("k", NONE))),
            ),
        ),
    ),
    (
        gdproto.Request(7, "m:A", "go", priority=-10),
        frame(0x01, pairs(*CALL, ("priority", int64(-10)), ARGS, KWARGS)),
    ),
    (gdproto.Response(7, None), frame(0x02, pairs(("result", NONE)))),
    (
        gdproto.Error(7, "DirtyError", "no"),
        frame(
            0x03,
            pairs(
                (
                    "error",
                    pairs(
                        ("error_type", text("DirtyError")),
                        ("message", text("no")),
                        ("details", pairs()),
                    ),
                )
            ),
        ),
    ),
    (gdproto.Chunk(7, True), frame(0x04, pairs(("data", TRUE)))),
    (gdproto.End(7), frame(0x05)),
    (
        gdproto.Stash(7, gdproto.StashOp.GET, "t", key=3),
        frame(0x10, pairs(("op", int64(2)), ("table", text("t")), ("key", int64(3)))),
    ),
    (gdproto.Status(7), frame(0x11)),
    (
        gdproto.Manage(7, gdproto.ManageOp.ADD),
        frame(0x12, pairs(("op", int64(1)), ("count", int64(1)))),
    ),
    (gdproto.Cancel(7), frame(0x80)),
    (gdproto.Pause(7), frame(0x81)),
    (gdproto.Resume(7), frame(0x82)),
]


@pytest.mark.parametrize(("message", "encoded"), FRAMES, ids=lambda v: type(v).__name__)
def test_frames(message: gdproto.Message, encoded: bytes) -> None:
    assert message.to_bytes() == encoded
    assert gdproto.parse(encoded) == message
    assert gdproto.parse(bytearray(encoded), zero_copy=True) == message
    parse_frame(encoded)


def test_every_message_has_a_case() -> None:
    assert {message.CODE for message, _ in FRAMES} == set(gdproto.MessageCode)


REQUEST, STASH, MANAGE, ERROR = 0x01, 0x10, 0x12, 0x03

BAD_FRAMES = [
    ("nothing", b"", "truncated", 0, "", "connection"),
    ("half a header, bad magic", b"XX", "truncated", 2, "", "connection"),
    ("magic", b"gd" + frame(5)[2:], "bad_magic", 0, "", "connection"),
    ("magic before version", b"GX\x02" + frame(5)[3:], "bad_magic", 0, "", "connection"),
    ("version 0", b"GD\x00" + frame(5)[3:], "unsupported_version", 2, "", "connection"),
    ("version before type", b"GD\x02\x99" + bytes(12), "unsupported_version", 2, "", "connection"),
    ("type 0", frame(0), "unknown_message_type", 3, "", "connection"),
    ("type 6", frame(6), "unknown_message_type", 3, "", "connection"),
    ("type 0x83", frame(0x83), "unknown_message_type", 3, "", "connection"),
    (
        "64 MiB + 1",
        b"GD\x01\x01\x04\x00\x00\x01" + bytes(8),
        "payload_too_large",
        4,
        "",
        "connection",
    ),
    ("largest length, no bytes", b"GD\x01\x01\x04" + bytes(11), "truncated", 16, "", "connection"),
    ("payload missing", frame(1, NONE)[:-1], "truncated", 16, "", "connection"),
    ("byte after the frame", frame(5) + b"\0", "trailing_data", 16, "", "exchange"),
    ("END with payload", frame(5, NONE), "unexpected_payload", 4, "", "exchange"),
    ("STATUS with payload", frame(0x11, pairs()), "unexpected_payload", 4, "", "exchange"),
    ("CANCEL with payload", frame(0x80, pairs()), "unexpected_payload", 4, "", "exchange"),
    ("REQUEST of length 0", frame(REQUEST), "truncated", 16, "", "exchange"),
    ("list as payload", frame(REQUEST, items()), "payload_not_dict", 16, "", "exchange"),
    ("trailing before not dict", frame(2, NONE + NONE), "trailing_data", 17, "", "exchange"),
    ("bad value", frame(2, pairs(("result", b"\x01\x09"))), "invalid_bool", 33, "result",
     "exchange"),
    ("no app_path", frame(REQUEST, pairs()), "missing_field", 16, "app_path", "exchange"),
    ("no action", frame(REQUEST, pairs(CALL[0])), "missing_field", 16, "action", "exchange"),
    ("int app_path", frame(REQUEST, pairs(("app_path", int64(1)))), "wrong_field_type", 34,
     "app_path", "exchange"),
    ("none app_path", frame(REQUEST, pairs(("app_path", NONE))), "wrong_field_type", 34,
     "app_path", "exchange"),
    ("bool timeout", frame(REQUEST, pairs(*CALL, ("timeout", TRUE))), "wrong_field_type", 72,
     "timeout", "exchange"),
    ("negative timeout", frame(REQUEST, pairs(*CALL, ("timeout", int64(-1)))),
     "invalid_field_value", 72, "timeout", "exchange"),
    ("infinite timeout", frame(REQUEST, pairs(*CALL, ("timeout", gdproto.encode(math.inf)))),
     "invalid_field_value", 72, "timeout", "exchange"),
    ("NaN timeout", frame(REQUEST, pairs(*CALL, ("timeout", gdproto.encode(math.nan)))),
     "invalid_field_value", 72, "timeout", "exchange"),
    ("dict args", frame(REQUEST, pairs(*CALL, ("args", pairs()))), "wrong_field_type", 69,
     "args", "exchange"),
    ("table order, not wire order",
     frame(REQUEST, pairs(("kwargs", NONE), ("args", TRUE), ("action", TRUE))),
     "missing_field", 16, "app_path", "exchange"),
    ("stash op 99", frame(STASH, pairs(("op", int64(99)), ("table", text("t")))),
     "invalid_field_value", 28, "op", "exchange"),
    ("list as stash key", frame(STASH, pairs(("op", int64(2)), ("table", text("t")),
     ("key", items()))), "invalid_field_value", 61, "key", "exchange"),
    ("float count", frame(MANAGE, pairs(("op", int64(1)), ("count", b"\x06" + bytes(8)))),
     "wrong_field_type", 47, "count", "exchange"),
    ("error is text", frame(ERROR, pairs(("error", text("x")))), "wrong_field_type", 31, "error",
     "exchange"),
    ("error without message",
     frame(ERROR, pairs(("error", pairs(("error_type", text("E")))))), "missing_field", 31,
     "error.message", "exchange"),
    ("error with int message",
     frame(ERROR, pairs(("error", pairs(("error_type", text("E")), ("message", int64(1)))))),
     "wrong_field_type", 69, "error.message", "exchange"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("encoded", "code", "offset", "path", "scope"),
    [pytest.param(*case[1:], id=case[0]) for case in BAD_FRAMES],
)
def test_refuse_frames(encoded: bytes, code: str, offset: int, path: str, scope: str) -> None:
    for zero_copy in (False, True):
        with pytest.raises(ProtocolError) as caught:
            gdproto.parse(encoded, zero_copy=zero_copy)
        error = caught.value
        assert (error.code, error.offset, error.path, error.scope) == (code, offset, path, scope)
    with pytest.raises(Refused) as refused:
        parse_frame(encoded)
    assert (refused.value.code, refused.value.offset) == (code, offset)
    assert gdproto.errors.format_path(refused.value.location) == path


BAD_MESSAGES = [
    (gdproto.Request(1, 5, "go"), "wrong_field_type", "app_path"),  # type: ignore[arg-type]
    (gdproto.Request(1, "m:A", None), "wrong_field_type", "action"),  # type: ignore[arg-type]
    (gdproto.Request(1, "m:A", "go", timeout=-1), "invalid_field_value", "timeout"),
    (gdproto.Request(1, "m:A", "go", timeout=math.nan), "invalid_field_value", "timeout"),
    (gdproto.Request(1, "m:A", "go", timeout=True), "wrong_field_type", "timeout"),
    (gdproto.Request(1, "m:A", "go", priority=11), "invalid_field_value", "priority"),
    (gdproto.Request(1, "m:A", "go", priority=-11), "invalid_field_value", "priority"),
    (gdproto.Request(1, "m:A", "go", priority=False), "wrong_field_type", "priority"),
    (gdproto.Request(1, "m:A", "go", priority=0.0), "wrong_field_type", "priority"),  # type: ignore[arg-type]
    (gdproto.Request(1, "m:A", "go", "ab"), "wrong_field_type", "args"),
    (gdproto.Request(1, "m:A", "go", kwargs={"k": [{1}]}), "unsupported_type", "kwargs.k[0]"),
    (gdproto.Request(-1, "m:A", "go"), "int_out_of_range", "request_id"),
    (gdproto.End(2**64), "int_out_of_range", "request_id"),
    (gdproto.End("1"), "wrong_field_type", "request_id"),  # type: ignore[arg-type]
    (gdproto.Stash(1, 0, "t"), "invalid_field_value", "op"),
    (gdproto.Stash(1, 2, "t", key=(1,)), "invalid_field_value", "key"),
    (gdproto.Response(1, "\ud800"), "invalid_text", "result"),
    (gdproto.Error(1, "E", "m", []), "wrong_field_type", "error.details"),  # type: ignore[arg-type]
    (gdproto.Response(1, bytes(64 * 1024 * 1024)), "payload_too_large", ""),
]


def name_of(part: object) -> str:
    """Not all of a message, which may be large."""
    return part if isinstance(part, str) else type(part).__name__


@pytest.mark.parametrize(("message", "code", "path"), BAD_MESSAGES, ids=name_of)
def test_refuse_to_write(message: gdproto.Message, code: str, path: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        message.to_bytes()
    error = caught.value
    assert (error.code, error.path, error.scope, error.offset) == (code, path, "exchange", None)


def test_result_may_hold_511_more_levels() -> None:
    deep: list[Any] = []
    for _ in range(510):
        deep = [deep]
    message = gdproto.Response(1, deep)
    assert gdproto.parse(message.to_bytes()) == message
    with pytest.raises(ProtocolError) as caught:
        gdproto.Response(1, [deep]).to_bytes()
    assert caught.value.code == "nesting_too_deep"


def test_unknown_keys_are_ignored_and_none_is_absent() -> None:
    extra = ("type", text("response")), ("id", int64(99)), ("new", items(TRUE))
    encoded = frame(REQUEST, pairs(*extra, *CALL, ("args", NONE), ("timeout", NONE)))
    assert gdproto.parse(encoded) == gdproto.Request(7, "m:A", "go")


json_like = st.dictionaries(st.text(), values, max_size=4)


@given(st.integers(0, 2**64 - 1), st.text(), st.text(), st.lists(values, max_size=4), json_like)
def test_requests_agree_with_gunicorn_and_the_declarations(
    request_id: int, app_path: str, action: str, args: list[Any], kwargs: dict[str, Any]
) -> None:
    ours = gdproto.Request(request_id, app_path, action, args, kwargs).to_bytes()
    assert ours == BinaryProtocol.encode_request(request_id, app_path, action, args, kwargs)
    fields = {"app_path": app_path, "action": action, "args": args, "kwargs": kwargs}
    assert ours == build_frame("REQUEST", request_id, fields)


@given(values, scalars)
def test_replies_agree_with_gunicorn(value: Any, key: Any) -> None:
    assert gdproto.Response(3, value).to_bytes() == BinaryProtocol.encode_response(3, value)
    assert gdproto.Chunk(3, value).to_bytes() == BinaryProtocol.encode_chunk(3, value)
    stash = gdproto.Stash(3, 1, "t", key, value)
    assert stash.to_bytes() == BinaryProtocol.encode_stash(3, 1, "t", key, value)
    error = {"error_type": "DirtyError", "message": "no", "details": {"value": value}}
    ours = gdproto.Error(3, "DirtyError", "no", {"value": value})
    assert ours.to_bytes() == BinaryProtocol.encode_error(3, error)


@pytest.mark.parametrize("position", range(5))
def test_peek_finds_its_fields_wherever_they_stand(position: int) -> None:
    fields = [*CALL, ("timeout", int64(3)), ("args", items(pairs(("a", TRUE)))), KWARGS]
    rotated = fields[position:] + fields[:position]
    assert gdproto.peek_request(pairs(*rotated)) == ("m:A", "go", 3, 0)
    assert gdproto.peek_request(memoryview(pairs(*rotated))) == ("m:A", "go", 3, 0)


timeouts = st.none() | st.integers(0, 2**40) | st.floats(0, 1e9)


@given(st.text(), st.text(), timeouts, st.integers(-10, 10), values)
def test_peek_finds_what_parse_finds(
    app: str, action: str, timeout: Any, priority: int, value: Any
) -> None:
    request = gdproto.Request(1, app, action, [value], {}, timeout, priority)
    found = gdproto.peek_request(request.to_bytes(), gdproto.HEADER_BYTES)
    assert found == (app, action, timeout, priority)
    assert gdproto.parse(request.to_bytes()).priority == priority  # type: ignore[attr-defined]


PRIORITY = ("priority", int64(5))
TIMEOUT = ("timeout", int64(3))


@pytest.mark.parametrize("position", range(4))
def test_peek_finds_a_priority_wherever_it_stands_before_the_arguments(position: int) -> None:
    fields = [*CALL, TIMEOUT]
    payload = pairs(*fields[:position], PRIORITY, *fields[position:], ARGS, KWARGS)
    for source in (payload, memoryview(payload)):
        assert gdproto.peek_request(source) == ("m:A", "go", 3, 5)


def test_peek_of_a_priority_that_is_alone_or_none() -> None:
    for fields, expected in (
        ((*CALL, PRIORITY), (None, 5)),
        ((*CALL, PRIORITY, ARGS, KWARGS), (None, 5)),
        ((*CALL, ("priority", NONE), ARGS), (None, 0)),
        ((*CALL, TIMEOUT, ("priority", NONE)), (3, 0)),
        ((*CALL, TIMEOUT, ("priority", int64(0)), ARGS), (3, 0)),
        ((*CALL, TIMEOUT, ("other", TRUE), PRIORITY), (3, 5)),
    ):
        assert gdproto.peek_request(pairs(*fields)) == ("m:A", "go", *expected)


def test_peek_does_not_step_over_arguments_for_a_priority() -> None:
    for behind in ("args", "kwargs"):
        payload = pairs(*CALL, TIMEOUT, (behind, b"\xff"), ("priority", int64(99)))
        for source in (payload, memoryview(payload)):
            assert gdproto.peek_request(source) == ("m:A", "go", 3, 0)
    # It has to look for the others behind them, and so finds it.
    payload = pairs(ARGS, *CALL, PRIORITY, TIMEOUT)
    assert gdproto.peek_request(payload) == ("m:A", "go", 3, 5)


@pytest.mark.parametrize("value", [TRUE, text("1"), int64(11), int64(-11), int64(2**63 - 1)])
def test_peek_refuses_a_priority_as_parse_does(value: bytes) -> None:
    for fields in ((*CALL, ("priority", value)), (*CALL, TIMEOUT, ("priority", value), ARGS)):
        with pytest.raises(ProtocolError) as parsed:
            gdproto.parse(frame(REQUEST, pairs(*fields)))
        with pytest.raises(ProtocolError) as peeked:
            gdproto.peek_request(frame(REQUEST, pairs(*fields)), gdproto.HEADER_BYTES)
        assert peeked.value.path == "priority"
        assert str(peeked.value) == str(parsed.value)


def test_a_priority_beyond_the_count_is_trailing() -> None:
    one_more = pairs(*CALL, ("priority", int64(0)), ARGS, KWARGS)
    one_less = pairs(*CALL, ("timeout", int64(1)), ARGS)
    payload = one_less[:5] + one_more[5:]
    with pytest.raises(ProtocolError, match="trailing_data"):
        gdproto.parse(frame(REQUEST, payload))


def test_the_usual_priority_is_not_written() -> None:
    assert gdproto.Request(7, "m:A", "go", priority=0) == gdproto.Request(7, "m:A", "go")
    assert b"priority" not in gdproto.Request(7, "m:A", "go", priority=0).to_bytes()
    spelt_out = frame(REQUEST, pairs(*CALL, ("priority", int64(0)), ARGS, KWARGS))
    assert gdproto.parse(spelt_out) == gdproto.Request(7, "m:A", "go")


def test_peek_stops_when_it_has_found_everything() -> None:
    fields = pairs(*CALL, ("timeout", int64(3)), ("args", b"\xff"))
    for payload in (fields, memoryview(fields)):
        assert gdproto.peek_request(payload) == ("m:A", "go", 3, 0)
    with pytest.raises(ProtocolError):
        gdproto.parse(frame(REQUEST, fields))


def test_peek_without_timeout() -> None:
    assert gdproto.peek_request(pairs(*CALL)) == ("m:A", "go", None, 0)


@pytest.mark.parametrize(
    ("encoded", "code", "offset", "path"),
    [
        pytest.param(case[1][16:], *case[2:5], id=case[0])
        for case in BAD_FRAMES
        if len(case[1]) > 16 and case[1][3] == REQUEST and case[5] == "exchange"
        and case[4] not in ("args", "kwargs")
    ],
)  # fmt: skip
def test_peek_refuses_as_parse_does(encoded: bytes, code: str, offset: int, path: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        gdproto.peek_request(encoded)
    error = caught.value
    assert (error.code, error.offset, error.path) == (code, offset, path)
    with pytest.raises(ProtocolError) as again:
        gdproto.peek_request(frame(REQUEST, encoded), gdproto.HEADER_BYTES)
    assert str(again.value) == str(error)


def scope_of(encoded: bytes) -> str:
    """Of the error that parsing ends in; empty for a message."""
    try:
        gdproto.parse(encoded)
    except ProtocolError as error:
        return error.scope
    return ""


@given(st.binary(max_size=80))
def test_any_payload_ends_in_a_message_or_a_protocol_error(payload: bytes) -> None:
    for code in gdproto.MessageCode:
        assert scope_of(frame(code, payload)) in ("", "exchange")


TRACE = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "sent": 1.5}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ((("trace", TRACE), ("args", [1])), TRACE),
        ((("priority", 3), ("more", {"trace": 1}), ("trace", {})), {}),
        ((("trace", None),), None),
        ((("trace", "x"),), None),
        ((("more", {"trace": TRACE}),), None),
        ((("args", [1]), ("trace", TRACE)), None),
        ((("kwargs", {"trace": 1}), ("trace", TRACE)), None),
        ((), None),
    ],
)
def test_the_trace_of_a_request_is_found_before_its_arguments(
    fields: tuple[tuple[str, Any], ...], expected: Any
) -> None:
    payload = gdproto.encode({"app_path": "m:A", "action": "go", **dict(fields)})
    assert gdproto.peek_trace(payload) == expected
    assert gdproto.peek_trace(memoryview(b"head" + payload), 4) == expected


def test_the_beginning_of_a_request_is_enough_for_its_trace() -> None:
    whole = gdproto.Request(1, "m:A", "go", (b"x" * 9999,), {}, 1.5, 2, TRACE).to_bytes()
    assert gdproto.peek_trace(whole[:400], gdproto.HEADER_BYTES) == TRACE
    for end in range(200):
        # Whatever is cut, nothing is raised.
        assert gdproto.peek_trace(whole[:end], gdproto.HEADER_BYTES) in (None, TRACE)
    for byte in range(256):
        gdproto.peek_trace(bytes([byte]) * 99)
