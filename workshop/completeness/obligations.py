"""What the declaration owes the vectors, and which case pays each debt.

    python -m workshop.completeness.obligations

Rules: what is owed is derived from the compiler's IR alone: every arm of every switch at every
length class, every gap, every boundary, every transition in every role, every fault of every field.
What is paid is read off the cases themselves, their bytes and expectations, never off their names.
A new type, field, limit or transition owes new cases at once.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from gdproto import decode
from gdproto.conformance.cases import Case, Recipe, load, made, size
from gdproto.spec.codegen import ir
from gdproto.spec.codegen.layout import value_type
from gdproto.spec.codegen.python.types import PYTHON_TYPES
from gdproto.spec.codegen.walk import walk

# A debt: its group, and what it is.
Debt = tuple[str, str]

U32_MAX = 2**32 - 1
KINDS = {value.code: value.name for value in walk().values}
# What is larger is not made to be looked at.
MAX_READ_BYTES = 4096


@dataclass(frozen=True)
class Account:
    """What is owed in all, and of it what is not paid."""

    owed: dict[str, list[str]]
    unpaid: dict[str, list[str]]

    @property
    def is_settled(self) -> bool:
        return not any(self.unpaid.values())


def account(cases: Iterable[Case], spec: ir.Spec | None = None) -> Account:
    """Compare what the declaration owes with what the cases pay."""
    spec = spec or walk()
    paid: set[Debt] = set()
    for case in cases:
        paid.update(payments(case, spec))
    owed: dict[str, list[str]] = {}
    for group, what in dict.fromkeys(debts(spec)):
        owed.setdefault(group, []).append(what)
    unpaid = {
        group: [what for what in whats if (group, what) not in paid]
        for group, whats in owed.items()
    }
    return Account(owed, unpaid)


# --- what is owed ---


def debts(spec: ir.Spec) -> Iterator[Debt]:
    """Everything that is owed."""
    for code in sorted(set(range(256)) - {value.code for value in spec.values}):
        yield "gaps of the value types", f"{code:#04x}"
    for value in spec.values:
        for what in _of_value(value):
            yield "values: arms and boundaries", f"{value.name} {what}"
    yield from _of_header(spec)
    for message in spec.messages:
        for what in _of_message(message, spec):
            yield "messages: fields and their faults", f"{message.name} {what}"
    for error in spec.error_codes:
        for phase, scope in error.scopes:
            yield "error codes: where they are found", f"{error.name} {phase} {scope}"
    for role in spec.roles:
        for move in spec.transitions:
            what = f"{role.name}: {move.sender} {move.message} while {move.state}"
            yield "transitions in every role", what
        if role.max_open:
            for message in spec.messages:
                if any(m.message == message.name and m.next != m.state and m.state == "idle"
                       and m.sender == "opener" for m in spec.transitions):  # fmt: skip
                    yield "transitions in every role", f"{role.name}: {message.name} as one more"


def _of_value(value: ir.ValueType) -> Iterator[str]:
    match value.body:
        case ir.Empty():
            yield "decoded"
        case ir.Mapped(_, size, choices):
            yield from (f"decoded {raw}" for raw, _ in choices)
            known = {raw for raw, _ in choices}
            gaps = [raw for raw in range(256**size) if raw not in known]
            yield from (f"refused {raw}" for raw in {min(gaps), max(gaps)})
            yield from (f"cut after {length}" for length in range(1, 1 + size))
        case ir.Fixed(_, size):
            yield from (f"cut after {length}" for length in range(1, 1 + size))
            if value.minimum is None or value.maximum is None:
                yield from ("decoded 0", "decoded largest", "decoded infinite", "decoded NaN")
                return
            low, high = value.minimum, value.maximum
            for number in (0, 1, -1, low, low + 1, high - 1, high):
                yield f"decoded {number}"
            yield from (f"not encoded {number}" for number in (low - 1, high + 1))
        case ir.Blob(length, text):
            yield from _of_size("length", length)
            yield "cut inside"
            if text:
                yield from ("decoded well-formed", "refused ill-formed", "not encoded ill-formed")
        case ir.Container(count, depth, _, key_error):
            yield from _of_size("count", count)
            yield "cut inside"
            limit = depth.value
            yield from (f"decoded depth {limit - 1}", f"decoded depth {limit}")
            yield from (f"refused depth {limit + 1}", f"not encoded depth {limit + 1}")
            if key_error:
                yield from (f"refused key {kind}" for kind in KINDS.values() if kind != "string")
                yield "refused key twice"
                yield "not encoded key twice"
    yield "trailing"


def _of_size(name: str, field: ir.SizeField) -> Iterator[str]:
    limit = field.limit.value
    yield from (f"decoded {name} {size}" for size in (0, 1, limit - 1, limit))
    yield from (f"refused {name} {size}" for size in (limit + 1, U32_MAX))
    yield f"refused {name} {limit} without bytes"
    yield f"not encoded {name} {limit + 1}"
    yield from (f"cut after {length}" for length in range(1, 1 + field.size))


def _of_header(spec: ir.Spec) -> Iterator[Debt]:
    version = spec.header_field("version").constant
    known = {message.code for message in spec.messages}
    for number in range(256):
        if number != version:
            yield "gaps of the header", f"version {number:#04x}"
        if number not in known:
            yield "gaps of the header", f"type {number:#04x}"
    group = "the header: boundaries and order"
    magic = spec.header_field("magic").size
    yield from ((group, f"magic wrong in byte {at}") for at in range(magic))
    yield from ((group, f"cut after {length}") for length in range(spec.header_bytes + 1))
    limit = next(one.limit.value for one in spec.header if one.limit)
    yield from ((group, f"length {size}") for size in (0, limit - 1, limit))
    yield from ((group, f"refused length {size}") for size in (limit + 1, U32_MAX))
    yield (group, f"not serialized length {limit + 1}")
    largest = 2 ** (8 * spec.header_field("request_id").size) - 1
    yield from ((group, f"request_id {number}") for number in (0, 1, largest - 1, largest))
    yield from ((group, f"not serialized request_id {number}") for number in (-1, largest + 1))
    judged = [field.name for field in spec.header if field.error]
    for first, second in pairwise(judged):
        yield (group, f"{first} before {second}")
    yield (group, "length before payload")
    yield (group, "payload before truncated")


def _of_message(message: ir.Message, spec: ir.Spec) -> Iterator[str]:
    yield from ("parsed", "trailing")
    if message.fields is None:
        yield "refused with a payload"
        return
    yield "refused with length 0"
    yield from (f"refused as {value.name}" for value in firsts(spec) if value.kind != "dict")
    yield from ("with unknown keys before", "with unknown keys after", "cut inside")
    if len(message.fields) > 1:
        yield "in another order"
    for path, field in _every(message.fields):
        yield from (f"{path} {what}" for what in _of_field(field, spec))


def _every(fields: Iterable[ir.Field], above: str = "") -> Iterator[tuple[str, ir.Field]]:
    for field in fields:
        path = f"{above}.{field.name}" if above else field.name
        yield path, field
        yield from _every(field.fields, path)


def firsts(spec: ir.Spec) -> list[ir.ValueType]:
    """One type of each kind: a field is of a kind, whichever of its types carries the value."""
    return [value_type(kind, spec) for kind in ir.KINDS]


def _of_field(field: ir.Field, spec: ir.Spec) -> Iterator[str]:
    yield "refused missing" if field.required else "parsed missing"
    yield "cut"
    for value in firsts(spec):
        if value.kind == "none":
            fits = not field.required or not field.types
        else:
            fits = not field.types or value.kind in field.types
        if field.scalar and value.kind in ("list", "dict"):
            fits = False
        yield f"{'parsed' if fits else 'refused'} as {value.name}"
    if field.finite:
        yield from (f"refused {what}" for what in ("inf", "-inf", "nan"))
    if field.minimum is not None:
        yield from (f"parsed {field.minimum}", f"refused {field.minimum - 1}")
    if field.maximum is not None:
        yield from (f"parsed {field.maximum}", f"refused {field.maximum + 1}")
    if not field.default_written:
        yield f"parsed {field.default}"
    numbers = [number for _, number in field.choices]
    if numbers:
        yield from (f"parsed {number}" for number in numbers)
        gaps = set(range(min(numbers) - 1, max(numbers) + 2)) - set(numbers)
        yield from (f"refused {number}" for number in sorted(gaps))
    if field.types and not field.fields:
        yield "not serialized mistyped"


# --- what is paid ---


def payments(case: Case, spec: ir.Spec) -> Iterator[Debt]:
    """What the case pays."""
    yield from _by_error(case)
    match case.kind:
        case "value":
            for what in _by_value(case, spec):
                yield "values: arms and boundaries", what
            if _code(case) == "unknown_tlv_type" and case.bytes and case.error["offset"] == 0:  # type: ignore[index]
                yield "gaps of the value types", f"{beginning(case.bytes, 1)[0]:#04x}"
        case "frame" | "message":
            yield from _by_frame(case, spec)
        case "session":
            for what in _by_session(case, spec):
                yield "transitions in every role", what


def _code(case: Case) -> str:
    return str(case.error["code"]) if case.error else ""


def _by_error(case: Case) -> Iterator[Debt]:
    group = "error codes: where they are found"
    if case.error is not None:
        scope = case.error.get("scope", "exchange")
        if case.bytes is None:
            phase = "encode"
        elif scope == "exchange":
            phase = "payload"
        else:
            phase = "stream" if case.error["code"] == "truncated" else "header"
        yield group, f"{case.error['code']} {phase} {scope}"
    told = [*case.events]
    for step in case.steps:
        told += step["expect"].get("events", [])
    for event in told:
        if event["event"] == "error" and "offset" not in event:
            yield group, f"{event['code']} state {event['scope']}"


def beginning(recipe: Recipe, length: int) -> bytes:
    """The first bytes that the recipe makes, at most `length`."""
    if isinstance(recipe, list):
        found = b""
        for part in recipe:
            found += beginning(part, length - len(found))
        return found[:length]
    if isinstance(recipe, dict) and length < size(recipe):
        return made({**recipe, "times": min(int(recipe["times"]), length)})[:length]
    return made(recipe)[:length]


def _by_value(case: Case, spec: ir.Spec) -> Iterator[str]:
    if case.bytes is None:
        yield from _by_unencodable(case, spec)
        return
    head = beginning(case.bytes, 10)
    value = next((one for one in spec.values if head[:1] == bytes([one.code])), None)
    if value is None:
        return
    for what in _by_decoding(case, value, head):
        yield f"{value.name} {what}"


def _by_decoding(case: Case, value: ir.ValueType, head: bytes) -> Iterator[str]:
    assert case.bytes is not None
    length = size(case.bytes)
    decoded = case.result != "invalid"
    verb = "decoded" if decoded else "refused"
    code, offset = _code(case), (case.error or {}).get("offset")
    if code == "trailing_data":
        yield "trailing"
    if code == "truncated" and offset == length:
        yield f"cut after {length}"
    match value.body:
        case ir.Empty():
            yield verb
        case ir.Mapped(_, _, _, error):
            if decoded or (code == error and offset == 1):
                yield f"{verb} {int.from_bytes(head[1:length], ir.BYTE_ORDER)}"
        case ir.Fixed() if decoded:
            yield f"decoded {_number(decode(made(case.bytes)))}"
        case ir.Blob(field, _):
            yield from _by_size("length", field, case, head)
            if decoded:
                yield "decoded well-formed"
            elif code == "invalid_utf8" and offset == 1 + field.size:
                yield "refused ill-formed"
        case ir.Container(field, depth, _, key_error):
            yield from _by_size("count", field, case, head)
            yield from _by_depth(case, value, depth)
            if key_error and code == key_error:
                assert offset is not None
                yield f"refused key {KINDS[made(case.bytes)[offset]]}"
            if code == "duplicate_key":
                yield "refused key twice"


def _number(number: float) -> str:
    if number != number:
        return "NaN"
    if isinstance(number, float):
        named = {0.0: "0", sys.float_info.max: "largest", float("inf"): "infinite"}
        return named.get(number, str(number))
    return str(number)


def _by_size(name: str, field: ir.SizeField, case: Case, head: bytes) -> Iterator[str]:
    if len(head) < 1 + field.size:
        return
    assert case.bytes is not None
    declared = int.from_bytes(head[1 : 1 + field.size], "big")
    there = size(case.bytes) - 1 - field.size
    code, offset = _code(case), (case.error or {}).get("offset")
    if case.result == "valid":
        yield f"decoded {name} {declared}"
    elif code == field.limit.error and offset == 1:
        yield f"refused {name} {declared}"
    elif code == "truncated" and offset == 1 and not there:
        yield f"refused {name} {declared} without bytes"
        yield "cut inside"
    elif code == "truncated":
        yield "cut inside"


def _by_depth(case: Case, value: ir.ValueType, depth: ir.Limit) -> Iterator[str]:
    if case.result == "valid" and case.value and "nested" in case.value:
        nested = case.value["nested"]
        if "around" not in nested:
            yield f"decoded depth {nested['times']}"
    elif _code(case) == depth.error:
        # The path of the fault is cut; its depth is known from where the bytes stand.
        assert case.error is not None
        unit = 5 if value.kind == "list" else 10
        yield f"refused depth {case.error['offset'] // unit + 1}"


def _by_unencodable(case: Case, spec: ir.Spec) -> Iterator[str]:
    if case.value is None or case.result != "invalid":
        return
    ((kind, held),) = case.value.items()
    if kind == "int64":
        yield f"int64 not encoded {held}"
    elif kind == "utf16":
        yield "string not encoded ill-formed"
    elif kind in ("bytes", "string") and isinstance(held, list):
        yield f"{kind} not encoded length {size(held)}"
    elif kind == "nested":
        yield f"{held['in']} not encoded depth {held['times']}"
    elif kind == "repeated":
        yield f"list not encoded count {held['times']}"
    elif kind == "numbered":
        yield f"dict not encoded count {held['times']}"
    elif kind == "dict" and _code(case) == "duplicate_key":
        yield "dict not encoded key twice"


# --- frames and messages ---


def _by_frame(case: Case, spec: ir.Spec) -> Iterator[Debt]:
    group = "the header: boundaries and order"
    if case.bytes is None:
        for what in _by_unserializable(case, spec):
            yield group, what
        for what in _by_unserializable_field(case, spec):
            yield "messages: fields and their faults", what
        return
    length = size(case.bytes)
    head = beginning(case.bytes, spec.header_bytes)
    code, scope = _code(case), (case.error or {}).get("scope")
    if code == "truncated" and scope == "connection" and case.error is not None:
        yield group, f"cut after {case.error['offset']}"
    if len(head) < spec.header_bytes:
        return
    fields = _read_header(spec, head)
    for what in _by_header(case, spec, fields):
        yield group, what
    wrong = {"unsupported_version": "version", "unknown_message_type": "type"}
    if code in wrong:
        yield "gaps of the header", f"{wrong[code]} {fields[wrong[code]]:#04x}"
    message = next((one for one in spec.messages if one.code == fields["type"]), None)
    if message is None or scope == "connection":
        return
    for what in _by_message(case, spec, message, length):
        yield "messages: fields and their faults", f"{message.name} {what}"


def _read_header(spec: ir.Spec, head: bytes) -> dict[str, Any]:
    read = {f.name: head[f.offset : f.offset + f.size] for f in spec.header}
    return {
        name: raw if name == "magic" else int.from_bytes(raw, "big") for name, raw in read.items()
    }


def _by_header(case: Case, spec: ir.Spec, fields: Mapping[str, Any]) -> Iterator[str]:
    code = _code(case)
    magic = spec.header_field("magic").constant
    assert isinstance(magic, bytes)
    differing = [at for at in range(len(magic)) if fields["magic"][at] != magic[at]]
    if code == "bad_magic" and len(differing) == 1:
        yield f"magic wrong in byte {differing[0]}"
    if case.result == "valid":
        yield f"length {fields['length']}"
        yield f"request_id {fields['request_id']}"
    if code == "payload_too_large":
        yield f"refused length {fields['length']}"
    faulty = _faulty(spec, fields)
    blamed = next((f.name for f in spec.header if f.error and f.error == code), None)
    if blamed is not None:
        yield from (f"{blamed} before {other}" for other in faulty if other != blamed)
    missing = spec.header_bytes + fields["length"] - size(case.bytes or "")
    if code == "unexpected_payload" and missing > 0:
        yield "payload before truncated"


def _faulty(spec: ir.Spec, fields: Mapping[str, Any]) -> list[str]:
    """The fields of the header that are at fault, and "payload" for one that is not to be."""
    known = {message.code: message for message in spec.messages}
    faulty = []
    for field in spec.header:
        value = fields[field.name]
        if field.constant is not None and value != field.constant:
            faulty.append(field.name)
        if field.limit and value > field.limit.value:
            faulty.append(field.name)
        if field.name == "type" and value not in known:
            faulty.append(field.name)
    message = known.get(fields["type"])
    if message is not None and message.fields is None and fields["length"]:
        faulty.append("payload")
    return faulty


def _by_unserializable(case: Case, spec: ir.Spec) -> Iterator[str]:
    assert case.message is not None
    if (case.error or {}).get("path") == "request_id":
        yield f"not serialized request_id {case.message['request_id']}"
    if _code(case) == "payload_too_large":
        # The message is a RESPONSE of bytes, in a dict of one pair: what is none is left out.
        given = case.message["fields"].items()
        ((name, typed),) = ((name, typed) for name, typed in given if "none" not in typed)
        yield f"not serialized length {5 + 5 + len(name) + 5 + size(typed['bytes'])}"


def _by_unserializable_field(case: Case, spec: ir.Spec) -> Iterator[str]:
    assert case.message is not None
    if _code(case) == "wrong_field_type":
        yield f"{case.message['type']} {(case.error or {})['path']} not serialized mistyped"


def _by_message(case: Case, spec: ir.Spec, message: ir.Message, length: int) -> Iterator[str]:
    assert case.bytes is not None
    code = _code(case)
    if case.result == "valid":
        yield "parsed"
    if code == "trailing_data" and (case.error or {})["offset"] == length - 1:
        yield "trailing"
    if message.fields is None:
        if code == "unexpected_payload":
            yield "refused with a payload"
        return
    if length > MAX_READ_BYTES:
        return
    payload = made(case.bytes)[spec.header_bytes :]
    kinds = {value.code: value.name for value in spec.values}
    if code == "truncated":
        yield "cut inside" if payload else "refused with length 0"
        told = (case.error or {}).get("path", "")
        yield from (f"{path} cut" for path, _ in _every(message.fields) if told.startswith(path))
    if code == "payload_not_dict":
        yield f"refused as {kinds[payload[0]]}"
    elif code in ("missing_field", "wrong_field_type", "invalid_field_value"):
        yield from _by_bad_field(case, spec, message, kinds)
    elif case.result == "valid":
        yield from _by_good_fields(spec, message, decode(payload))


def _by_bad_field(
    case: Case, spec: ir.Spec, message: ir.Message, kinds: Mapping[int, str]
) -> Iterator[str]:
    assert case.error is not None
    assert case.bytes is not None
    path, data = case.error["path"], made(case.bytes)
    if case.error["code"] == "missing_field":
        yield f"{path} refused missing"
        return
    at = case.error["offset"]
    value = decode(data[spec.header_bytes :])
    for key in path.split("."):
        value = value[key]
    yield f"{path} refused as {kinds[data[at]]}"
    if isinstance(value, int | float):
        yield f"{path} refused {value}"


def _by_good_fields(
    spec: ir.Spec, message: ir.Message, payload: Mapping[str, Any]
) -> Iterator[str]:
    names = {PYTHON_TYPES[value.kind]: value.name for value in firsts(spec)}
    assert message.fields is not None
    known = [field.name for field in message.fields]
    present = list(payload)
    if present and present[0] not in known:
        yield "with unknown keys before"
    if present and present[-1] not in known:
        yield "with unknown keys after"
    order = [known.index(name) for name in present if name in known]
    if order != sorted(order):
        yield "in another order"
    for path, _ in _every(message.fields):
        inner: Any = payload
        *above, last = path.split(".")
        for key in above:
            inner = inner[key]
        if last not in inner:
            yield f"{path} parsed missing"
            continue
        yield f"{path} parsed as {names[type(inner[last]).__name__]}"
        if isinstance(inner[last], int | float):
            yield f"{path} parsed {inner[last]}"


# --- sessions ---


class Contradiction(Exception):
    """A session expects what the declaration's table of transitions does not say."""


def _by_session(case: Case, spec: ir.Spec) -> Iterator[str]:
    """The transitions that the session goes through. Raises Contradiction."""
    role = next(one for one in spec.roles if one.name == case.role)
    other = "answerer" if role.side == "opener" else "opener"
    moves = {(move.state, move.sender, move.message): move for move in spec.transitions}
    unwritten = {e.name for e in spec.error_codes if "encode" in dict(e.scopes)}
    states: dict[str, str] = {}
    most = role.max_open
    for step in _before_the_end(case.steps):
        if "permit" in step and most:
            most = max(role.max_open or 0, int(step["permit"]))
        if "abandon" in step and step["abandon"] in states:
            states[step["abandon"]] = "abandoned"
        found = _frame_of(step, spec)
        if found is None:
            _fail(step, role, states)
            continue
        if step["expect"].get("error", {}).get("code") in unwritten:
            # What cannot be encoded is no frame, and changes nothing.
            continue
        name, number = found
        sender = role.side if "send" in step else other
        if number == str(spec.connection_request_id) and number not in states and name == "ERROR":
            continue
        state = states.get(number, "idle")
        move = moves[state, sender, name]
        opens = state == "idle" and move.next != "idle"
        one_more = opens and most and len(states) >= most
        if opens and (name not in role.opens or one_more):
            move = ir.Transition(state, sender, name, "idle", "unexpected_message", "exchange")
        if not _agrees(step, move):
            raise Contradiction(f"{case.id}: {name} while {state} is {move.outcome} in the table")
        yield (
            f"{role.name}: {name} as one more"
            if one_more
            else (f"{role.name}: {sender} {name} while {state}")
        )
        if not (move.scope and "send" in step):
            states[number] = move.next
        if states.get(number) == "idle":
            del states[number]


def _fail(step: Mapping[str, Any], role: ir.Role, states: dict[str, str]) -> None:
    """Let the exchange of a frame at fault die; of a stream, the end is still to come."""
    for event in step["expect"].get("events", ()):
        if event.get("scope") == "exchange":
            is_chunk = role.side == "opener" and event.get("path", "").startswith("data")
            states.pop(event["request_id"], None)
            if is_chunk:
                states[event["request_id"]] = "abandoned"


def _before_the_end(steps: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The steps until a fault ends the connection."""
    for step in steps:
        yield step
        if any(event.get("scope") == "connection" for event in step["expect"].get("events", ())):
            return


def _frame_of(step: Mapping[str, Any], spec: ir.Spec) -> tuple[str, str] | None:
    """The message and the id of a step with one whole frame whose payload has no fault."""
    if "send" in step:
        return step["send"]["type"], step["send"]["request_id"]
    data = made(step.get("receive", ""))
    faults = [one for one in step["expect"].get("events", ()) if "offset" in one]
    if len(data) < spec.header_bytes or faults:
        return None
    fields = _read_header(spec, data[: spec.header_bytes])
    names = {message.code: message.name for message in spec.messages}
    if len(data) != spec.header_bytes + fields["length"] or fields["type"] not in names:
        return None
    return names[fields["type"]], str(fields["request_id"])


def _agrees(step: Mapping[str, Any], move: ir.Transition) -> bool:
    expect = step["expect"]
    if "send" in step:
        code = expect.get("error", {}).get("code", "")
        return bool(code == (move.outcome if move.scope else ""))
    told = [
        (event["event"], event.get("code"), event.get("scope"), event.get("ended"))
        for event in expect["events"]
    ]
    if move.scope:
        return told == [("error", move.outcome, move.scope, None)]
    if move.outcome == "deliver":
        return told == [("message", None, None, move.next == "idle")]
    ends = move.state != "idle" and move.next == "idle"
    return told == [("ended", None, None, None)] * ends


def main() -> int:
    """Print the account; 0 when everything is paid."""
    try:
        found = account(load().values())
    except Contradiction as why:
        print(f"obligations: {why}", file=sys.stderr)
        return 1
    for group, whats in found.owed.items():
        unpaid = found.unpaid[group]
        print(f"{len(whats) - len(unpaid):>5} of {len(whats):>4}  {group}")
        for what in unpaid:
            print(f"{'':>15}no case: {what}")
    total = sum(map(len, found.owed.values()))
    print(f"{total - sum(map(len, found.unpaid.values())):>5} of {total:>4}  in all")
    return 0 if found.is_settled else 1


if __name__ == "__main__":
    sys.exit(main())
