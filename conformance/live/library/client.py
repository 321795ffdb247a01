"""A client: what it sends, and what it makes of what comes; the script is its arbiter."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Any

import gdproto
from gdproto import MAX_PAYLOAD_BYTES, MessageCode, encode

from ..expectations import CLOSED, Closed, Expected, Outcome, opens, same
from ..frames import frame, pairs, portions
from ..script import BOOK
from ..stages import APP, ClientStage
from ..wire import Mismatch, NothingCame, Wire

TIMEOUT_S = 1.0
AGAIN_S = 0.5
GIVE_UP_S = 1.0
PARENTS = {one.name: one.parent for one in gdproto.ERROR_TYPES}
# The error types that gunicorn sends, or its clients raise.
GUNICORNS = frozenset(
    (
        "DirtyError",
        "DirtyTimeoutError",
        "DirtyConnectionError",
        "DirtyWorkerError",
        "DirtyAppError",
        "DirtyAppNotFoundError",
        "DirtyNoWorkersAvailableError",
        "DirtyProtocolError",
    )
)


def call(*args: Any, **kwargs: Any) -> dict[str, Any]:
    """A call of `echo`."""
    return {"do": "call", "app_path": APP, "action": "echo", "args": args, "kwargs": kwargs}


def stream(*args: Any, take: int | None = None) -> dict[str, Any]:
    """A call of a stream; `take` gives it up after so many items."""
    told: dict[str, Any] = {"do": "stream", "app_path": APP, "action": "count", "args": args}
    return told if take is None else told | {"take": take}


# What a language, or a reader of JSON, may take for one another.
ALIKE: list[Any] = [
    None, False, True, 0, 1, 0.0, 1.0, -1.5, 0.1 + 0.2, 1e300, 2**53 + 1, 2**63 - 1,
    -(2**63), "", "0", "12", "1.0", "true", "null", "\u00e9", "\u00c3\u00a9", "\U0001f600",
    "\n\x01\"\\", [], {}, [[]], {"": [None, {"1": 1}]},
]  # fmt: skip
STATUS = {"do": "status"}
GET = {"do": "stash", "table": "t", "key": "k"}
A_REQUEST = opens(gdproto.Request)


def request_of(*args: Any) -> Expected:
    """A REQUEST with these arguments."""
    return opens(gdproto.Request, lambda message: list(message.args) == list(args), f"of {args}")


def check(outcome: dict[str, Any], **wanted: Any) -> None:
    """The outcome has these, and no other; a bool is no number."""
    if outcome != wanted or bools(outcome) != bools(wanted):
        raise Mismatch(str(wanted), str(outcome))


def bools(value: Any) -> Any:
    """The value with nothing but its bools left, each in its place."""
    if isinstance(value, dict):
        return {key: bools(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [bools(one) for one in value]
    return value if isinstance(value, bool) else None


def check_fails(outcome: dict[str, Any], *types: str, codes: tuple[str, ...] = ()) -> None:
    """The call failed, by one of these types, and with one of these codes where it has one.

    Without types, by any that does not say that the time was over: what has failed is not waited
    for.
    """
    error = outcome.get("error") or {}
    kind = error.get("type", "")
    fits = kind in types if types else kind not in ("", "DirtyTimeoutError")
    if not fits:
        raise Mismatch(f"a failure, {' or '.join(types) or 'but no timeout'}", str(outcome))
    if codes and error.get("code", codes[0]) not in codes:
        raise Mismatch(f"a failure with {' or '.join(codes)}", str(outcome))


# --- calls ---


@BOOK.script(
    "client-call",
    "GD-FRAME-001 GD-TLV-022 GD-EXCH-004 GD-MSG-003 GD-MSG-028 GD-CONF-002",
)
def plain_call(stage: ClientStage) -> None:
    """Has an action called, and answers with a field that nobody knows beside the result."""
    stage.start([call(1, "é", [None, True], {"a": 1.5}, key="word")])
    wire, request = stage.next(A_REQUEST)
    wanted = ["echo", [1, "é", [None, True], {"a": 1.5}], {"key": "word"}]
    if not same([request.action, list(request.args), request.kwargs], wanted):
        raise Mismatch(str(wanted), str(request))
    payload = pairs(("new", [1]), ("result", {"a": [1, "b"]}))
    stage.answer(wire, frame(MessageCode.RESPONSE, payload, request.request_id))
    check(stage.outcome(), result={"a": [1, "b"]})


@BOOK.script("client-values", "GD-TLV-022")
def values(stage: ClientStage) -> None:
    """Has an action called with values that are easily taken for one another, and answers with
    them: none becomes another."""
    stage.start(*([call(value)] for value in ALIKE))
    for value in ALIKE:
        wire, request = stage.next(A_REQUEST)
        if not same(list(request.args), [value]):
            raise Mismatch(f"a REQUEST of {value!r}", str(request))
        stage.answer(wire, gdproto.Response(request.request_id, value))
    for (outcome,), value in zip(stage.outcomes(), ALIKE, strict=True):
        check(outcome, result=value)


@BOOK.script("client-stash", "GD-TLV-022 GD-EXCH-002")
def read_of_stash(stage: ClientStage) -> None:
    """Has keys of the stash read, a text and an integer: it asks for that key of that table, and
    tells the value."""
    keys: tuple[str | int, ...] = ("k", 7, "7")
    stage.start(*([{**GET, "key": key}] for key in keys))
    for key in keys:
        asks = partial(is_get, key=key)
        wire, question = stage.next(opens(gdproto.Stash, asks, f"for the key {key!r}"))
        stage.answer(wire, gdproto.Response(question.request_id, {"a": [key, None]}))
    for (outcome,), asked in zip(stage.outcomes(), keys, strict=True):
        check(outcome, result={"a": [asked, None]})


def is_get(message: gdproto.Stash, key: Any) -> bool:
    """Whether it is what `GET` asks, of that key."""
    asked = [message.op, message.table, message.key]
    return same(asked, [gdproto.StashOp.GET, "t", key])


@BOOK.script("client-order-of-fields", "GD-MSG-001")
def order_of_fields(stage: ClientStage) -> None:
    """Looks at the REQUEST's bytes: the fields stand in the order of the table."""
    stage.start([call(1)])
    wire, request = stage.next(A_REQUEST)
    if wire.last_frame != request.to_bytes():
        raise Mismatch(request.to_bytes().hex(), wire.last_frame.hex())
    stage.answer(wire, gdproto.Response(request.request_id, 1))
    check(stage.outcome(), result=1)


@BOOK.script("client-request-ids", "GD-FRAME-024")
def request_ids(stage: ClientStage) -> None:
    """Has three calls made one after the other: their ids count up."""
    stage.extensions = None
    stage.start([call(1)], [call(2)], [call(3)])
    ids = []
    for _ in range(3):
        wire, request = stage.next(A_REQUEST)
        ids.append(request.request_id)
        stage.answer(wire, gdproto.Response(request.request_id, 1))
    # Ids between them may have served for questions of its own.
    if ids != sorted(set(ids)) or ids[0] < 1 or ids[-1] > 2**30 + 8:
        raise Mismatch("ids that count up from below 2^30", str(ids))
    stage.outcomes()


@BOOK.script("client-both-at-once", "GD-EXCH-011 GD-FRAME-015 GD-EXCH-010")
def both_at_once(stage: ClientStage) -> None:
    """Has two calls made at once, and answers the second one first."""
    stage.start([call("a"), call("b")])
    requests = [stage.next(A_REQUEST) for _ in range(2)]
    for wire, request in reversed(requests):
        stage.answer(wire, gdproto.Response(request.request_id, [*request.args, "answered"]))
    ((first, second),) = stage.outcomes()
    check(first, result=["a", "answered"])
    check(second, result=["b", "answered"])


@BOOK.script("client-interleaved", "GD-EXCH-011 GD-EXCH-012")
def interleaved(stage: ClientStage) -> None:
    """Has two streams and a call at once, and interleaves what answers them."""
    stage.start([stream("a"), stream("b"), call("c")])
    asked = {}
    for _ in range(3):
        wire, request = stage.next(A_REQUEST)
        asked[request.args[0]] = (wire, request.request_id)
    for number in range(3):
        for name in ("a", "b"):
            wire, request_id = asked[name]
            stage.answer(wire, gdproto.Chunk(request_id, f"{name}{number}"))
    for name, answer in (
        ("c", gdproto.Response(0, "c")),
        ("b", gdproto.End(0)),
        ("a", gdproto.End(0)),
    ):
        wire, answer.request_id = asked[name]
        stage.answer(wire, answer)
    ((first, second, third),) = stage.outcomes()
    check(first, chunks=["a0", "a1", "a2"])
    check(second, chunks=["b0", "b1", "b2"])
    check(third, result="c")


@BOOK.script("client-stream-of-its-own", "GD-EXCH-015")
def stream_of_its_own(stage: ClientStage) -> None:
    """Has a stream and a call at once: they come on different connections."""
    stage.start([stream("a"), call("b")])
    (one, first), (other, second) = (stage.next(A_REQUEST) for _ in range(2))
    if one is other:
        raise Mismatch("two connections", "both on one")
    for wire, request in ((one, first), (other, second)):
        is_call = request.args[0] == "b"
        answer = gdproto.Response if is_call else gdproto.Chunk
        stage.answer(wire, answer(request.request_id, 1))
        if not is_call:
            stage.answer(wire, gdproto.End(request.request_id))
    stage.outcomes()


def found(stage: ClientStage, **environment: str) -> None:
    stage.start([call(1)], environment=environment)
    wire, request = stage.next(A_REQUEST)
    stage.answer(wire, gdproto.Response(request.request_id, "found"))
    check(stage.outcome(), result="found")


@BOOK.script("client-environment", "GD-ROLE-002")
def environment(stage: ClientStage) -> None:
    """Tells the socket by `DIRTY_SOCKET`, which goes before the other variable."""
    found(stage, DIRTY_SOCKET=stage.socket_path, GUNICORN_DIRTY_SOCKET="/nowhere/at/all")


@BOOK.script("client-environment-of-gunicorn", "GD-ROLE-002")
def environment_of_gunicorn(stage: ClientStage) -> None:
    """Tells the socket by `GUNICORN_DIRTY_SOCKET` alone."""
    found(stage, GUNICORN_DIRTY_SOCKET=stage.socket_path)


@BOOK.script("client-environment-empty", "GD-ROLE-035")
def environment_empty(stage: ClientStage) -> None:
    """Leaves `DIRTY_SOCKET` empty, and tells the socket by the other variable."""
    found(stage, DIRTY_SOCKET="", GUNICORN_DIRTY_SOCKET=stage.socket_path)


@BOOK.script("client-cannot-encode", "GD-TLV-023 GD-TLV-032")
def cannot_encode(stage: ClientStage) -> None:
    """Has it send an integer that has no encoding, and then another call."""
    stage.start([call(2**63)], [call(1)])
    wire, request = stage.next(request_of(1))
    stage.answer(wire, gdproto.Response(request.request_id, "well"))
    ((first,), (second,)) = stage.outcomes()
    check_fails(first, codes=("int_out_of_range",))
    check(second, result="well")


# --- streams ---


@BOOK.script("client-stream", "GD-EXCH-001 GD-EXCH-003")
def plain_stream(stage: ClientStage) -> None:
    """Answers a stream with chunks, then one with none."""
    stage.start([stream(1)], [stream(2)])
    wire, request = stage.next(A_REQUEST)
    chunks = [gdproto.Chunk(request.request_id, item) for item in (1, None, "c")]
    stage.answer(wire, *chunks, gdproto.End(request.request_id))
    wire, request = stage.next(A_REQUEST)
    stage.answer(wire, gdproto.End(request.request_id))
    ((first,), (second,)) = stage.outcomes()
    check(first, chunks=[1, None, "c"])
    check(second, chunks=[])


@BOOK.script("client-stream-fails", "GD-EXCH-001")
def stream_fails(stage: ClientStage) -> None:
    """Answers a stream with a chunk and an ERROR: both are told."""
    stage.start([stream(1)])
    wire, request = stage.next(A_REQUEST)
    number = request.request_id
    stage.answer(wire, gdproto.Chunk(number, 1), gdproto.Error(number, "DirtyAppError", "no"))
    outcome = stage.outcome()
    check_fails(outcome, "DirtyAppError")
    if outcome.get("chunks") != [1]:
        raise Mismatch("the chunk before the ERROR", str(outcome))


@BOOK.script("client-portions", "GD-FRAME-009 GD-FRAME-011")
def in_portions(stage: ClientStage) -> None:
    """Sends a stream one byte at a time."""
    stage.start([stream(1)])
    wire, request = stage.next(A_REQUEST)
    number = request.request_id
    frames = [gdproto.Chunk(number, item).to_bytes() for item in ("a", "b")]
    wire.send_apart(portions(b"".join([*frames, gdproto.End(number).to_bytes()]), 1))
    check(stage.outcome(), chunks=["a", "b"])


# --- errors ---


def tell(stage: ClientStage, types: dict[str, tuple[str, ...]]) -> None:
    """Answer calls by errors of these types, each to be told as one of those it maps to."""
    numbers = range(len(types) + 1)
    stage.start(*([call(number)] for number in numbers))
    details = {"new": [1, {"a": None}]}
    for number, sent in enumerate(types):
        wire, request = stage.next(request_of(number))
        stage.answer(wire, gdproto.Error(request.request_id, sent, "a reason", details))
    wire, request = stage.next(request_of(numbers[-1]))
    stage.answer(wire, gdproto.Response(request.request_id, "well"))
    *failed, (last,) = stage.outcomes()
    for (outcome,), told in zip(failed, types.values(), strict=True):
        check_fails(outcome, *told)
    check(last, result="well")


@BOOK.script("client-error-types", "GD-ERR-018 GD-EXCH-001")
def error_types(stage: ClientStage) -> None:
    """Answers calls by errors of every type, with details that nobody knows; then one goes well."""
    tell(stage, {name: (name,) for name in PARENTS if name in GUNICORNS})


@BOOK.script("client-error-types-of-gd", "GD-ERR-016 GD-ERR-018")
def error_types_of_gd(stage: ClientStage) -> None:
    """As before, by the types that gunicorn does not have: whoever does not know one may take it
    for the one that it specialises."""
    tell(stage, {name: lineage(name) for name in PARENTS if name not in GUNICORNS})


@BOOK.script("client-error-unknown", "GD-ERR-016")
def error_unknown(stage: ClientStage) -> None:
    """Answers with an error type that nobody knows: that is a DirtyError."""
    tell(stage, {"SomeNewError": ("DirtyError",)})


def lineage(name: str) -> tuple[str, ...]:
    """The type, and those that it specialises."""
    return (name, *lineage(PARENTS[name])) if name else ()


@BOOK.script("client-error-of-connection", "GD-ERR-015")
def error_of_connection(stage: ClientStage) -> None:
    """Answers with an ERROR under id 0, and closes: the call fails by it."""
    stage.start([call(1)])
    wire, _ = stage.next(A_REQUEST)
    stage.answer(wire, gdproto.Error(0, "DirtyProtocolError", "what came is no frame"))
    stage.drop(wire)
    check_fails(stage.outcome(), "DirtyProtocolError")


@BOOK.script("client-told-to-leave", "GD-ERR-039 GD-ERR-015")
def told_to_leave(stage: ClientStage) -> None:
    """Sends an ERROR under id 0 with an answer, and stays: the next call comes elsewhere."""
    stage.start([call(1)], [call(2)])
    wire, request = stage.next(A_REQUEST)
    notice = gdproto.Error(0, "DirtyNoWorkersAvailableError", "it stops", {"begun": False})
    stage.answer(wire, gdproto.Response(request.request_id, "one"), notice)
    other, request = stage.next(request_of(2))
    if other is wire:
        raise Mismatch("the next call on another connection", "it on the one that was to be left")
    stage.answer(other, gdproto.Response(request.request_id, "two"))
    ((first,), (second,)) = stage.outcomes()
    check(first, result="one")
    check(second, result="two")


@BOOK.script("client-gunicorns-texts", "GD-GUN-002")
def gunicorns_texts(stage: ClientStage) -> None:
    """Answers reads of the stash as gunicorn does where the key or the table is missing."""
    stage.start([GET], [GET])
    for text in ("Key not found: k", "Table not found: t"):
        wire, question = stage.next(opens(gdproto.Stash))
        stage.answer(wire, gdproto.Error(question.request_id, "DirtyError", text))
    (key,), (table,) = stage.outcomes()
    check_fails(key, "StashKeyNotFoundError")
    # Whoever reads a key may not care which of the two is missing.
    check_fails(table, "StashTableNotFoundError", "StashKeyNotFoundError")


@BOOK.script("client-texts-of-others", "GD-GUN-002 GD-ERR-016")
def texts_of_others(stage: ClientStage) -> None:
    """Answers with such a text under a type that says something else, and with other texts that
    are like it: it is the type that counts, and how the text begins."""
    told = "Key not found: k"
    others = (
        f"The disk says: {told}",
        "No Table not found: t",
        "Key not found",
        "key not found: k",
    )
    stage.start([GET], [call(1)], *([GET] for _ in others))
    wire, question = stage.next(opens(gdproto.Stash))
    stage.answer(wire, gdproto.Error(question.request_id, "DirtyTimeoutError", told))
    wire, request = stage.next(A_REQUEST)
    stage.answer(wire, gdproto.Error(request.request_id, "DirtyAppError", told))
    for other in others:
        wire, question = stage.next(opens(gdproto.Stash))
        stage.answer(wire, gdproto.Error(question.request_id, "DirtyError", other))
    ((first,), (second,), *rest) = stage.outcomes()
    check_fails(first, "DirtyTimeoutError")
    check_fails(second, "DirtyAppError")
    for (outcome,) in rest:
        check_fails(outcome, "DirtyError")


# --- what may not come ---


def fails(stage: ClientStage, bad: Any, asked: dict[str, Any], codes: tuple[str, ...] = ()) -> None:
    """What comes for a call is at fault: the call fails, and does not wait for more."""
    if asked is STATUS:
        stage.answers_status = bad
    stage.start([asked])
    if asked is not STATUS:
        wire, question = stage.next(opens(gdproto.Message))
        stage.answer(wire, bad(question.request_id))
    check_fails(stage.outcome(), codes=codes)


HEADERS = {
    "bad_magic": lambda number: frame(MessageCode.RESPONSE, b"", number, magic=b"XX"),
    "unsupported_version": lambda number: frame(MessageCode.RESPONSE, b"", number, version=2),
    "unknown_message_type": lambda number: frame(0x66, b"", number),
    "payload_too_large": lambda number: frame(
        MessageCode.RESPONSE, b"", number, length=MAX_PAYLOAD_BYTES + 1
    ),
}
HEADER_REQUIRED = {
    "bad_magic": "GD-FRAME-002",
    "unsupported_version": "GD-FRAME-003",
    "unknown_message_type": "GD-FRAME-004",
    "payload_too_large": "GD-FRAME-005",
}
for _code, _bad in HEADERS.items():
    BOOK.add(
        f"client-header-{_code.replace('_', '-')}",
        f"{HEADER_REQUIRED[_code]} GD-ERR-001 GD-ERR-002",
        partial(fails, bad=_bad, asked=call(1), codes=(_code,)),
        f"Answers with a header that is {_code}: the call fails.",
    )

PAYLOADS = {
    "empty": (b"", "truncated", "GD-MSG-011"),
    "list": (encode([1]), "payload_not_dict", "GD-MSG-004"),
    "without-result": (encode({"data": 1}), "missing_field", "GD-MSG-005"),
    "trailing": (encode({"result": 1}) + b"\x00", "trailing_data", "GD-TLV-018"),
    "bool": (encode({"result": None})[:-1] + b"\x01\x02", "invalid_bool", "GD-TLV-002"),
    "type": (encode({"result": None})[:-1] + b"\x07", "unknown_tlv_type", "GD-TLV-001"),
    "key-twice": (pairs(("result", 1), ("result", 2)), "duplicate_key", "GD-TLV-012"),
}
for _name, (_payload, _code, _requires) in PAYLOADS.items():
    BOOK.add(
        f"client-payload-{_name}",
        f"{_requires} GD-ERR-001 GD-ERR-003",
        partial(
            fails,
            bad=lambda number, payload=_payload: frame(MessageCode.RESPONSE, payload, number),
            asked=call(1),
            codes=(_code,),
        ),
        f"Answers with a payload that is at fault, {_code}: the call fails.",
    )


@BOOK.script("client-fault-beside-a-call", "GD-ERR-003 GD-EXCH-010")
def fault_beside_a_call(stage: ClientStage) -> None:
    """Has two calls made at once, and answers one by a payload at fault: the other goes well."""
    stage.start([call("a"), call("b")])
    (one, first), (other, second) = (stage.next(A_REQUEST) for _ in range(2))
    stage.answer(one, frame(MessageCode.RESPONSE, encode([1]), first.request_id))
    stage.silence(AGAIN_S, "as only one exchange has failed")
    stage.answer(other, gdproto.Response(second.request_id, "well"))
    (outcomes,) = stage.outcomes()
    by_name = dict(zip(("a", "b"), outcomes, strict=True))
    check_fails(by_name[first.args[0]], codes=("payload_not_dict",))
    check(by_name[second.args[0]], result="well")


@BOOK.script("client-state-beside-a-call", "GD-EXCH-009 GD-EXCH-010 GD-EXCH-022")
def state_beside_a_call(stage: ClientStage) -> None:
    """Has a read of the stash and a call at once, and answers the one by what may not come for it:
    the call goes well."""
    stage.start([GET, call("b")])
    asked = [stage.next(opens(gdproto.Message)) for _ in range(2)]
    asked.sort(key=lambda one: isinstance(one[1], gdproto.Request))
    (one, question), (other, request) = asked
    stage.answer(one, gdproto.Chunk(question.request_id, 1), gdproto.End(question.request_id))
    stage.silence(AGAIN_S, "as only one exchange has failed")
    stage.answer(other, gdproto.Response(request.request_id, "well"))
    ((first, second),) = stage.outcomes()
    check_fails(first, codes=("unexpected_message",))
    check(second, result="well")


@BOOK.script("client-chunk-at-fault", "GD-EXCH-025 GD-EXCH-010")
def chunk_at_fault(stage: ClientStage) -> None:
    """Has a stream and a call at once, and sends a CHUNK at fault and then the rest of the stream:
    the stream fails, and the call goes well."""
    stage.start([stream("a"), call("b")])
    by_name = {}
    for _ in range(2):
        wire, request = stage.next(A_REQUEST)
        by_name[request.args[0]] = (wire, request.request_id)
    wire, number = by_name["a"]
    bad = frame(MessageCode.CHUNK, encode({"result": 2}), number)
    stage.answer(wire, gdproto.Chunk(number, 1), bad, gdproto.Chunk(number, 3), gdproto.End(number))
    stage.silence(AGAIN_S, "as only one exchange has failed")
    wire, number = by_name["b"]
    stage.answer(wire, gdproto.Response(number, "well"))
    ((first, second),) = stage.outcomes()
    check_fails(first, codes=("missing_field",))
    check(second, result="well")


def ends_the_connection(stage: ClientStage, bad: Any) -> None:
    stage.start([call(1)], [call("next")])
    wire, request = stage.next(A_REQUEST)
    stage.answer(wire, bad(request.request_id))
    is_closed = False
    found: Any = None
    allowed = Expected("a close, and a REQUEST on another connection", _closes_or_asks)
    while not (is_closed and found is not None):
        where, outcome = stage.next(allowed)
        if outcome is CLOSED:
            is_closed |= where is wire
        elif where is wire:
            raise Mismatch(allowed.text, "a REQUEST on the one that has failed")
        else:
            found = (where, outcome.request_id)
    stage.answer(found[0], gdproto.Response(found[1], "well"))
    ((first,), (second,)) = stage.outcomes()
    check_fails(first)
    check(second, result="well")


def _closes_or_asks(outcome: Outcome) -> list[str] | None:
    return [] if outcome is CLOSED or isinstance(outcome, gdproto.Request) else None


ODD = ("unexpected_message",)
for _name, _requires, _what, _makes in [
    ("header", "GD-ERR-002", "a header at fault", HEADERS["bad_magic"]),
    (
        "unknown-id",
        "GD-ERR-002 GD-EXCH-007",
        "an answer to nothing",
        lambda number: gdproto.Response(number + 1000, "x"),
    ),
]:
    BOOK.add(
        f"client-ends-the-connection-{_name}",
        _requires,
        partial(ends_the_connection, bad=_makes),
        f"Answers with {_what}: the client closes, and makes its next call on a connection anew.",
    )
for _name, _asked, _requires, _bad_message in [
    ("unknown-id", call(1), "GD-EXCH-007", lambda number: gdproto.Response(number + 1000, "x")),
    ("request", call(1), "GD-EXCH-008", lambda number: gdproto.Request(number, APP, "echo")),
    ("cancel", call(1), "GD-EXCH-008", gdproto.Cancel),
    ("chunk-for-status", STATUS, "GD-EXCH-009", lambda number: gdproto.Chunk(number, 1)),
    ("end-for-status", STATUS, "GD-EXCH-009", gdproto.End),
    ("chunk-for-stash", GET, "GD-EXCH-009", lambda number: gdproto.Chunk(number, 1)),
]:
    BOOK.add(
        f"client-is-sent-{_name}",
        f"{_requires} GD-ERR-001",
        partial(fails, bad=_bad_message, asked=_asked, codes=ODD),
        f"Sends what may not come, {_name.replace('-', ' ')}: the call fails.",
    )


@BOOK.script("client-is-sent-response-after-chunk", "GD-EXCH-009")
def response_after_chunk(stage: ClientStage) -> None:
    """Answers a stream with a CHUNK and then a RESPONSE: the stream fails."""
    stage.start([stream(1)])
    wire, request = stage.next(A_REQUEST)
    number = request.request_id
    stage.answer(wire, gdproto.Chunk(number, 1), gdproto.Response(number, 2))
    check_fails(stage.outcome(), codes=ODD)


# --- status ---


@BOOK.script("client-status", "GD-MSG-028 GD-MSG-044 GD-EXT-003")
def status(stage: ClientStage) -> None:
    """Answers a STATUS with keys and extensions that nobody knows."""
    stage.status |= {"new": {"a": [1]}}
    stage.extensions = ["cancel", "time-travel"]
    stage.start([STATUS])
    check(stage.outcome(), result=stage.status | {"extensions": stage.extensions})


# --- giving up, and losing ---


def goes_on(
    stage: ClientStage, given_up: Wire, late: list[gdproto.Message], *may: type[Any]
) -> None:
    """A client that gave up may CANCEL, close or say nothing; its next call goes well.

    Args:
        late: what still comes for the exchange that was given up.
        may: what it may do before its next call.
    """
    kinds: tuple[type[Any], ...] = (gdproto.Request, *may)
    text = " or ".join(f"a {kind.__name__}" for kind in kinds)
    allowed = Expected(text, lambda outcome: [] if isinstance(outcome, kinds) else None)
    found: Any = None
    # One that says nothing may wait for what still comes.
    with suppress(NothingCame):
        where, found = stage.next(allowed, GIVE_UP_S)
    stage.answer(given_up, *late)
    while not isinstance(found, gdproto.Request):
        where, found = stage.next(allowed)
    check({"args": list(found.args)}, args=["next"])
    stage.answer(where, gdproto.Response(found.request_id, "well"))


def gives_up(stage: ClientStage, *may: type[Any]) -> None:
    stage.start([stream(1, take=2)], [call("next")])
    wire, request = stage.next(A_REQUEST)
    number = request.request_id
    stage.answer(wire, gdproto.Chunk(number, "a"), gdproto.Chunk(number, "b"))
    late = [gdproto.Chunk(number, "c"), gdproto.Chunk(number, "d")]
    end = gdproto.Error(number, "DirtyCancelledError", "cancelled") if may else gdproto.End(number)
    goes_on(stage, wire, [*late, end], Closed, *may)
    ((first,), (second,)) = stage.outcomes()
    check(first, chunks=["a", "b"])
    check(second, result="well")


@BOOK.script(
    "client-gives-up-a-stream", "GD-EXCH-013 GD-EXCH-014 GD-EXT-008 GD-EXT-001 GD-FRAME-015"
)
def gives_up_a_stream(stage: ClientStage) -> None:
    """Has a stream given up after two items, and sends more of it: that is discarded."""
    gives_up(stage, gdproto.Cancel)


@BOOK.script("client-gives-up-without-cancel", "GD-GUN-001 GD-EXT-001 GD-EXCH-013 GD-EXCH-014")
def gives_up_without_cancel(stage: ClientStage) -> None:
    """Has a stream given up where STATUS has no `extensions`: it may not send CANCEL."""
    stage.extensions = None
    gives_up(stage)


@BOOK.script("client-timeout", "GD-EXCH-013 GD-EXCH-014 GD-EXT-001")
def timeout(stage: ClientStage) -> None:
    """Does not answer a call in its time: DirtyTimeoutError, and a late answer is discarded."""
    stage.start([call(1)], [call("next")], timeout=TIMEOUT_S)
    wire, request = stage.next(A_REQUEST)
    stage.silence(TIMEOUT_S / 2, "as the call has time left")
    goes_on(stage, wire, [gdproto.Response(request.request_id, "late")], Closed, gdproto.Cancel)
    ((first,), (second,)) = stage.outcomes()
    check_fails(first, "DirtyTimeoutError")
    check(second, result="well")


@BOOK.script("client-lost", "GD-EXCH-019")
def lost(stage: ClientStage) -> None:
    """Closes when a REQUEST has come: the call fails, and it is not sent again."""
    stage.start([call(1)])
    wire, _ = stage.next(A_REQUEST)
    stage.drop(wire)
    stage.silence(AGAIN_S, "as the request may have begun")
    check_fails(stage.outcome())


@BOOK.script("client-lost-in-a-frame", "GD-FRAME-010 GD-ERR-001 GD-EXCH-019")
def lost_in_a_frame(stage: ClientStage) -> None:
    """Closes in the middle of an answer: the call fails, and it is not sent again."""
    stage.start([call(1)])
    wire, request = stage.next(A_REQUEST)
    wire.send(gdproto.Response(request.request_id, "answer").to_bytes()[:-1])
    stage.drop(wire)
    stage.silence(AGAIN_S, "as the request may have begun")
    check_fails(stage.outcome(), codes=("truncated",))


@BOOK.script("client-lost-in-a-stream", "GD-EXCH-019 GD-EXCH-001")
def lost_in_a_stream(stage: ClientStage) -> None:
    """Closes between two chunks: the stream fails, it does not end."""
    stage.start([stream(1)])
    wire, request = stage.next(A_REQUEST)
    stage.answer(wire, gdproto.Chunk(request.request_id, 1))
    stage.drop(wire)
    stage.silence(AGAIN_S, "as the request may have begun")
    check_fails(stage.outcome())
