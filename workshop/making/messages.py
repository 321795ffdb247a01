"""The vectors of messages: each field present, missing, mistyped, none, impossible, elsewhere."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from gdproto.conformance.cases import Recipe
from gdproto.spec.codegen import ir
from gdproto.spec.codegen.layout import may_be_absent

from .collected import As, Collected, fault
from .frames import slug
from .layout import boundaries, encoded, missing, offset_of
from .meaning import FULL, MESSAGES, SMALLEST, canonical, every, leaves, message, whole
from .wire import CODE, HEADER_BYTES, LIMIT, NONE, SPEC, TRUE, frame, items, pairs, size, text, u32

# One value of each type, by the name of its type.
SAMPLES: dict[str, Any] = {
    "none": None, "bool": True, "int64": 1, "float64": 1.5, "bytes": b"a", "string": "a",
    "list": [1], "dict": {"k": 1},
}  # fmt: skip
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
KIND = {one.name: one.kind for one in SPEC.values}


def areas() -> Iterator[Collected]:
    """One area for each message that has fields, and those of the payload as a whole."""
    out = Collected("message", "payloads", "The payload as a whole, before its fields are judged.")
    payloads(out)
    unknown_keys(out)
    depth(out)
    yield out
    for name in FULL:
        about = f"The fields of {name}, each missing, of every type, impossible and elsewhere."
        out = Collected("message", slug(name), about)
        forms(out, name)
        for path, field in every(MESSAGES[name].fields or ()):
            absent(out, name, path, field)
            mistyped(out, name, path, field)
            last(out, name, path)
        impossible(out, name)
        order(out, name)
        passed(out, name)
        inside(out, name)
        cut(out, name)
        unserializable(out, name)
        yield out


def refused(
    out: Collected,
    name: str,
    requires: str,
    data: Recipe,
    error: Mapping[str, Any],
    neighbour: str,
    notes: str = "",
) -> None:
    """A frame whose payload is at fault: of scope exchange."""
    error = {"code": error["code"], "scope": "exchange", **error}
    out.undecodable(name, requires, data, error, neighbour, notes)


def replaced(payload: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The payload with another value at the path; new keys go to the end."""
    key, _, rest = path.partition(".")
    inner = replaced(payload[key], rest, value) if rest else value
    return {**payload, key: inner}


def without(payload: Mapping[str, Any], path: str) -> dict[str, Any]:
    key, _, rest = path.partition(".")
    if rest:
        return {**payload, key: without(payload[key], rest)}
    return {name: value for name, value in payload.items() if name != key}


def valid(
    out: Collected, name: str, requires: str, kind: str, payload: Mapping[str, Any], notes: str = ""
) -> None:
    """A payload, in its own form, and what it means; canonical where that is another form."""
    data, written = whole(kind, payload), canonical(kind, payload)
    out.add(
        name,
        requires,
        "valid",
        notes,
        bytes=data,
        message=message(kind, payload),
        canonical=None if written == data else written,
    )


def in_payload(payload: Mapping[str, Any], path: str) -> int:
    """The offset in the frame of the value at the path."""
    return HEADER_BYTES + offset_of(dict(payload), path)


# --- the payload as a whole ---


def payloads(out: Collected) -> None:
    for name in FULL:
        small, kind = SMALLEST[name], slug(name)
        valid(out, f"{kind}-smallest", "GD-MSG-007", name, small)
        error = fault("truncated", HEADER_BYTES)
        neighbour = f"{kind}-smallest"
        refused(out, f"{kind}-of-length-0", "GD-MSG-011", frame(name), error, neighbour)
        for what, value in SAMPLES.items():
            if what != "dict":
                error = fault("payload_not_dict", HEADER_BYTES)
                data = frame(name, encoded(value))
                requires = "GD-MSG-004 GD-ERR-009"
                refused(out, f"{kind}-as-{what}", requires, data, error, neighbour)
        data = frame(name, encoded(small) + NONE)
        error = fault("trailing_data", size(data) - 1)
        refused(out, f"{kind}-payload-trailing", "GD-TLV-018", data, error, neighbour)
    _precedence(out)


def _precedence(out: Collected) -> None:
    """The value, then trailing bytes, then whether it is a dict, then the fields."""
    bad_bool = CODE["bool"] + "02"
    data = frame("RESPONSE", items(bad_bool))
    error = fault("invalid_bool", HEADER_BYTES + 6, "[0]")
    neighbour = "response-with-bool"
    valid(out, neighbour, "GD-MSG-010", "RESPONSE", {"result": True})
    refused(out, "value-before-not-dict", "GD-TLV-021 GD-MSG-010", data, error, neighbour)
    data = frame("RESPONSE", TRUE + NONE)
    error = fault("trailing_data", HEADER_BYTES + 2)
    refused(out, "trailing-before-not-dict", "GD-MSG-037", data, error, neighbour)
    data = frame("RESPONSE", pairs() + NONE)
    error = fault("trailing_data", HEADER_BYTES + 5)
    refused(out, "trailing-before-missing", "GD-MSG-037", data, error, neighbour)
    data = frame("RESPONSE", pairs(("other", bad_bool)))
    error = fault("invalid_bool", size(data) - 1, "other")
    refused(out, "value-before-missing", "GD-MSG-010", data, error, neighbour)
    data = frame("MANAGE", pairs(("op", TRUE), ("x", bad_bool)))
    error = fault("invalid_bool", size(data) - 1, "x")
    refused(out, "value-before-type", "GD-MSG-010", data, error, "manage-smallest")
    data = frame("RESPONSE", pairs(("result", NONE), ("result", NONE)))
    error = fault("duplicate_key", HEADER_BYTES + 5 + 11 + 1, "result")
    refused(out, "field-twice", "GD-TLV-012", data, error, "response-smallest")
    data = frame("RESPONSE", pairs(("result", NONE), ("x", NONE), ("x", NONE)))
    error = fault("duplicate_key", size(data) - 7, "x")
    refused(out, "unknown-key-twice", "GD-TLV-012", data, error, "response-smallest")


def unknown_keys(out: Collected) -> None:
    extra = {"type": "response", "id": 99, "request_id": 100, "edition": [2], "new": {"k": [None]}}
    for name in FULL:
        assert not extra.keys() & FULL[name].keys(), f"{name} declares what is to be unknown"
        small, kind = SMALLEST[name], slug(name)
        requires = "GD-MSG-003"
        valid(out, f"{kind}-extra-after", requires, name, {**small, **extra})
        valid(out, f"{kind}-extra-before", requires, name, {**extra, **small})
    nested = {"error": {"class": "X", **SMALLEST["ERROR"]["error"], "more": [1]}}
    valid(out, "error-extra-inside", "GD-MSG-003", "ERROR", nested)
    upper = {"RESULT": 1, "result": 2, "Result": 3}
    valid(out, "response-keys-by-case", "GD-MSG-003", "RESPONSE", upper)


def depth(out: Collected) -> None:
    """The payload's own dicts count as open."""
    limit = LIMIT["max_depth"]
    for kind, name, path, inside in _holding_containers():
        around = 1 + path.count(".")
        lead = CODE[inside] + u32(1) + (text("") if inside == "dict" else "")
        element = "[0]" if inside == "list" else '[""]'
        before, after = _around(name, path)
        start = HEADER_BYTES + size(before)
        for step in (0, 1):
            times = limit - around + step
            bulk = (times - 1) * size(lead) + 5
            head = frame(name, before + after)
            length = size(before) + bulk + size(after)
            head = head[:8] + u32(length) + head[16 : 2 * HEADER_BYTES] + before
            data = [head, {"repeat": lead, "times": times - 1}, CODE[inside] + u32(0) + after]
            held = As(nested={"in": inside, "times": times})
            said = message(name, replaced(SMALLEST[name], path, held))
            if not step:
                requires = "GD-MSG-035 GD-LIM-001"
                out.add(f"{kind}-deepest", requires, "valid", bytes=data, message=said)
                continue
            cut_path = path + element * limit
            error = fault("nesting_too_deep", start + (times - 1) * size(lead), _capped(cut_path))
            requires = "GD-MSG-035 GD-TLV-009"
            refused(out, f"{kind}-too-deep", requires, data, error, f"{kind}-deepest")
            out.add(
                f"serialize-{kind}-too-deep",
                "GD-MSG-035 GD-TLV-026",
                "invalid",
                message=said,
                error=fault("nesting_too_deep", path=_capped(cut_path), scope="exchange"),
                neighbour=f"{kind}-deepest",
            )


def _holding_containers() -> Iterator[tuple[str, str, str, str]]:
    """How a field that may hold a container is called in ids, its message, its path, and which."""
    for name in FULL:
        held = [
            (path, "dict" if field.types == ("dict",) else "list")
            for path, field in leaves(MESSAGES[name].fields or ())
            if not field.scalar and (not field.types or {"list", "dict"} & set(field.types))
        ]
        for number, (path, inside) in enumerate(held):
            more = f"-{slug(path)}" if number else ""
            yield f"{slug(name)}{more}", name, path, inside


def _capped(path: str) -> str:
    return path if len(path) <= 200 else path[:199] + "…"


def _around(name: str, path: str) -> tuple[str, str]:
    """The canonical payload before and after the value at the path."""
    mark = "a mark that stands where the value does"
    data = canonical(name, replaced(SMALLEST[name], path, mark))[2 * HEADER_BYTES :]
    before, after = data.split(text(mark))
    return before, after


# --- fields ---


def forms(out: Collected, name: str) -> None:
    full, kind = FULL[name], slug(name)
    requires = "GD-MSG-001 GD-MSG-039"
    order = " GD-MSG-040 GD-MSG-055 GD-MSG-074" * (name == "REQUEST")
    valid(out, f"{kind}-full", requires + order, name, full)
    some(out, name)
    backwards = dict(reversed(full.items()))
    if backwards != full or len(full) > 1:
        valid(out, f"{kind}-backwards", "GD-MSG-002", name, backwards)
    if name == "ERROR":
        inside = {"error": dict(reversed(full["error"].items()))}
        valid(out, "error-backwards", "GD-MSG-002", name, inside)


def some(out: Collected, name: str) -> None:
    """The first of the fields that a sender leaves out, one more each time: how many there are."""
    fields = MESSAGES[name].fields or ()
    left_out = [field.name for field in fields if may_be_absent(field)]
    # With none of them, all but one and all there are cases enough.
    for count in range(1, len(left_out) - 1):
        payload = {key: value for key, value in FULL[name].items() if key not in left_out[count:]}
        valid(out, f"{slug(name)}-with-{count}", "GD-MSG-007 GD-MSG-039", name, payload)


def absent(out: Collected, name: str, path: str, field: ir.Field) -> None:
    """The field left out, and the field as none."""
    full, what = FULL[name], f"{slug(name)}-{slug(path)}"
    left = without(full, path)
    nothing = replaced(full, path, None)
    if not field.required:
        valid(out, f"{what}-missing", "GD-MSG-007", name, left)
        valid(out, f"{what}-none", "GD-MSG-006", name, nothing)
        return
    above = path.rpartition(".")[0]
    error = fault("missing_field", in_payload(left, above), path)
    requires = "GD-MSG-005 GD-ERR-022"
    refused(out, f"{what}-missing", requires, whole(name, left), error, f"{slug(name)}-full")
    if not field.types:
        valid(out, f"{what}-none", "GD-MSG-005", name, nothing, "None is a value like any other.")


def last(out: Collected, name: str, path: str) -> None:
    """The field behind all others, whole, and cut after its type: nothing more is owed there."""
    what = f"{slug(name)}-{slug(path)}"
    payload = moved(FULL[name], path)
    valid(out, f"{what}-last", "GD-MSG-002", name, payload)
    length = offset_of(payload, path) + 1
    error = fault("truncated", HEADER_BYTES + length, path)
    data = frame(name, encoded(payload)[: 2 * length])
    refused(out, f"{what}-cut", "GD-TLV-015 GD-ERR-006", data, error, f"{what}-last")


def moved(payload: Mapping[str, Any], path: str) -> dict[str, Any]:
    """The payload with the key at the path behind the others."""
    key, _, rest = path.partition(".")
    inner = moved(payload[key], rest) if rest else payload[key]
    return {**without(payload, key), key: inner}


def mistyped(out: Collected, name: str, path: str, field: ir.Field) -> None:
    """The field with a value of every type."""
    full, what = FULL[name], f"{slug(name)}-{slug(path)}"
    samples = SAMPLES
    if "integer" in field.types and "float" not in field.types:
        samples = SAMPLES | {"whole-float64": 1.0}
    for kind, sample in samples.items():
        payload = replaced(full, path, sample)
        if kind == "none" and (not field.required or not field.types):
            continue
        if field.fields and kind == "dict":
            continue
        permitted = not field.types or KIND.get(kind) in field.types
        if permitted and not (field.scalar and kind in ("list", "dict")):
            valid(out, f"{what}-as-{kind}", "GD-MSG-008", name, payload)
            continue
        code = "wrong_field_type" if not permitted else "invalid_field_value"
        requires = "GD-MSG-008" if not permitted else "GD-MSG-009"
        requires += " GD-MSG-038"
        if kind == "bool" and "integer" in field.types:
            requires += " GD-MSG-012"
        error = fault(code, in_payload(payload, path), path)
        refused(
            out, f"{what}-as-{kind}", requires, whole(name, payload), error, f"{slug(name)}-full"
        )


def impossible(out: Collected, name: str) -> None:
    """Values of the right type at and beyond what is possible."""
    full, kind = FULL[name], slug(name)
    good: dict[str, dict[str, Any]] = {}
    bad: dict[str, dict[str, Any]] = {}
    if name == "REQUEST":
        good["timeout"] = {
            "0": 0, "float-0": 0.0, "minus-0": -0.0, "smallest": 5e-324, "largest": 2**63 - 1,
            "largest-float": 1.7976931348623157e308,
        }  # fmt: skip
        bad["timeout"] = {
            "minus-1": -1, "min": -(2**63), "just-below-0": -5e-324, "minus-half": -0.5,
            "infinite": math.inf, "minus-infinite": -math.inf, "nan": math.nan,
        }  # fmt: skip
        good["priority"] = {"0": 0, "1": 1, "minus-1": -1, "lowest": -10, "highest": 10}
        bad["priority"] = {
            "minus-11": -11, "11": 11, "min": -(2**63), "max": 2**63 - 1, "256": 256,
        }  # fmt: skip
        good["app_path"] = {"empty": ""}
        good["action"] = {"empty": "", "wide": "é€😀"}
        good["args"] = {"empty": []}
        good["kwargs"] = {"empty": {}}
        good["trace"] = {
            "empty": {}, "whole": {"traceparent": TRACEPARENT, "tracestate": "v=1", "sent": 1},
            "no-traceparent": {"traceparent": 1, "sent": "x", "more": [None]},
        }  # fmt: skip
        good["extensions"] = {"empty": [], "of-numbers": [1, None], "unknown": ["x-none", "memfd"]}
    if name in ("STASH", "MANAGE"):
        ((_, choices),) = ((f.name, f.choices) for f in MESSAGES[name].fields or () if f.choices)
        numbers = [number for _, number in choices]
        good["op"] = {str(number): number for number in numbers}
        gaps = {min(numbers) - 1, max(numbers) + 1, -1, 99, 255, 256, 2**63 - 1, -(2**63)}
        gaps |= {number + 2**32 for number in numbers[:1]}
        gaps |= set(range(min(numbers), max(numbers))) - set(numbers)
        bad["op"] = {_named(number): number for number in sorted(gaps - set(numbers))}
    if name == "STASH":
        good["table"] = {"empty": ""}
        good["key"] = {"empty": "", "bytes-empty": b"", "false": False, "min": -(2**63), "nan":
                       As(float64="7ff8000000000000")}  # fmt: skip
        good["pattern"] = {"empty": "", "set": "[!a-z]?"}
        good["ttl"] = {"0": 0, "float-0": 0.0, "minus-0": -0.0, "largest": 2**63 - 1}
        bad["ttl"] = {"minus-1": -1, "just-below-0": -5e-324, "infinite": math.inf,
                      "minus-infinite": -math.inf, "nan": math.nan}  # fmt: skip
        good["wait"] = {"0": 0, "float-0": 0.0, "minus-0": -0.0, "largest": 2**63 - 1}
        bad["wait"] = {"minus-1": -1, "just-below-0": -5e-324, "infinite": math.inf,
                       "minus-infinite": -math.inf, "nan": math.nan}  # fmt: skip
        good["initial"] = {"0": 0, "min": -(2**63), "max": 2**63 - 1, "minus-half": -0.5}
        bad["initial"] = {"infinite": math.inf, "minus-infinite": -math.inf, "nan": math.nan}
        good["after"] = {"empty": b"", "text": "", "false": False}
        bad["after"] = {"empty-list": [], "empty-dict": {}}
        bad["key"] = {"empty-list": [], "empty-dict": {}}
    if name == "ERROR":
        good["error.error_type"] = {"empty": "", "unknown": "PersonalError"}
        good["error.message"] = {"empty": "", "of-lines": "no\nmore\0"}
    if name == "MANAGE":
        good["count"] = {"0": 0, "minus-1": -1, "min": -(2**63), "max": 2**63 - 1}
        good["slot"] = good["call"] = {"1": 1, "max": 2**63 - 1}
    if name == "REQUEST":
        _left_out(out)
    for path, field in leaves(MESSAGES[name].fields or ()):
        if path not in bad:
            possible, beyond = _at_bounds(field)
            good[path], bad[path] = good.get(path, {}) | possible, beyond
    for path, values in good.items():
        for what, value in values.items():
            if isinstance(value, As):
                _with_nan(out, f"{kind}-{slug(path)}-{what}", name, path, value)
            else:
                case = f"{kind}-{slug(path)}-{what}"
                valid(out, case, "GD-MSG-009", name, replaced(full, path, value))
    for path, values in bad.items():
        for what, value in values.items():
            payload = replaced(full, path, value)
            error = fault("invalid_field_value", in_payload(payload, path), path)
            case = f"{kind}-{slug(path)}-{what}"
            refused(out, case, "GD-MSG-009", whole(name, payload), error, f"{kind}-full")


def _at_bounds(field: ir.Field) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is at the field's bounds, and what is just beyond them, by name."""
    choices = [number for _, number in field.choices]
    lows = [bound for bound in (field.minimum, *choices) if bound is not None]
    highs = [bound for bound in (field.maximum, *choices) if bound is not None]
    good = {_named(number): number for number in (*lows, *highs)}
    bad: dict[str, Any] = {_named(number - 1): number - 1 for number in lows}
    bad |= {_named(number + 1): number + 1 for number in highs}
    if field.finite:
        bad |= {"infinite": math.inf, "minus-infinite": -math.inf, "nan": math.nan}
    return good, {name: number for name, number in bad.items() if name not in good}


def _left_out(out: Collected) -> None:
    """A priority of 0 is not written, and one that was is counted all the same."""
    payload = {**SMALLEST["REQUEST"], "priority": 0, "args": [], "kwargs": {}}
    valid(out, "request-priority-0-written", "GD-MSG-039", "REQUEST", payload)
    uncounted = pairs(*((key, encoded(value)) for key, value in payload.items()))
    count = size(CODE["dict"]) * 2
    data = frame("REQUEST", uncounted[:count] + u32(len(payload) - 1) + uncounted[count + 8 :])
    offset = HEADER_BYTES + offset_of(payload, "kwargs") - size(text("kwargs"))
    error = fault("trailing_data", offset)
    neighbour = "request-priority-0-written"
    refused(out, "request-priority-0-uncounted", "GD-TLV-018", data, error, neighbour)


def _named(number: int) -> str:
    if abs(number) == 2**63 or number == 2**63 - 1:
        return "min" if number < 0 else "max"
    return f"minus-{-number}" if number < 0 else str(number)


def _with_nan(out: Collected, case: str, name: str, path: str, value: As) -> None:
    payload = replaced(FULL[name], path, math.nan)
    said = message(name, replaced(FULL[name], path, value))
    out.add(case, "GD-MSG-009", "valid", bytes=canonical(name, payload), message=said)


def order(out: Collected, name: str) -> None:
    """Two fields at fault, in the other order on the wire: that of the table counts."""
    paths = [path for path, field in leaves(MESSAGES[name].fields or ()) if is_not_bytes(field)]
    full, kind = FULL[name], slug(name)
    for first, second in pairwise(paths):
        payload = replaced(replaced(full, first, SAMPLES["bytes"]), second, SAMPLES["bytes"])
        payload = _reversed(payload)
        error = fault("wrong_field_type", in_payload(payload, first), first)
        case = f"{kind}-{slug(first)}-before-{slug(second)}"
        neighbour = "error-backwards" if name == "ERROR" else f"{kind}-backwards"
        refused(out, case, "GD-MSG-010", whole(name, payload), error, neighbour)
        lacking = without(payload, second)
        case = f"{kind}-{slug(first)}-before-missing-{slug(second)}"
        error = fault("wrong_field_type", in_payload(lacking, first), first)
        refused(out, case, "GD-MSG-010", whole(name, lacking), error, neighbour)


def passed(out: Collected, name: str) -> None:
    """A field at fault behind one that is none: none ends nothing."""
    fields = leaves(MESSAGES[name].fields or ())
    for (first, none), (second, field) in pairwise(fields):
        if not none.required and is_not_bytes(field):
            payload = replaced(replaced(FULL[name], first, None), second, SAMPLES["bytes"])
            error = fault("wrong_field_type", in_payload(payload, second), second)
            what = f"{slug(name)}-{slug(first)}-none"
            case = f"{what}-before-{slug(second)}"
            refused(out, case, "GD-MSG-006 GD-MSG-008", whole(name, payload), error, what)


def inside(out: Collected, name: str) -> None:
    """A dict among the fields that has keys of their names: they are no fields."""
    full, kind = FULL[name], slug(name)
    fields = leaves(MESSAGES[name].fields or ())
    dicts = [path for path, field in fields if field.types == ("dict",)]
    if not dicts:
        return
    around, _, _ = dicts[-1].rpartition(".")
    names = {
        path.rpartition(".")[2]: SAMPLES["bytes"]
        for path, field in fields
        if is_not_bytes(field) and path.rpartition(".")[0] == around
    }
    payload = replaced(full, dicts[-1], names)
    neighbour = f"{kind}-names-inside"
    valid(out, neighbour, "GD-MSG-038", name, payload)
    for path, field in fields:
        if field.required and is_not_bytes(field):
            bad = replaced(payload, path, SAMPLES["bytes"])
            error = fault("wrong_field_type", in_payload(bad, path), path)
            case = f"{neighbour}-{slug(path)}"
            refused(out, case, "GD-MSG-038", whole(name, bad), error, neighbour)
            lacking = without(payload, path)
            error = fault("missing_field", in_payload(lacking, path.rpartition(".")[0]), path)
            refused(out, f"{case}-alone", "GD-MSG-005", whole(name, lacking), error, neighbour)


def is_not_bytes(field: ir.Field) -> bool:
    """Whether bytes are of the wrong type for it."""
    return bool(field.types) and "bytes" not in field.types


def _reversed(payload: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _reversed(value) if key == "error" else value
        for key, value in reversed(list(payload.items()))
    }


def cut(out: Collected, name: str) -> None:
    """The full payload cut at every boundary of its parts, the length saying so."""
    full, kind = FULL[name], slug(name)
    body = encoded(full)
    for length in boundaries(full):
        offset, path = missing(full, length)
        error = fault("truncated", HEADER_BYTES + offset, path)
        requires = "GD-TLV-015" if offset == length else "GD-TLV-016"
        case, data = f"{kind}-cut-{length}", frame(name, body[: 2 * length])
        refused(out, case, f"{requires} GD-ERR-004", data, error, f"{kind}-full")


# --- serializing ---


def unserializable(out: Collected, name: str) -> None:
    """Each field with what it cannot be, or hold."""
    full, kind = FULL[name], slug(name)
    for path, field in leaves(MESSAGES[name].fields or ()):
        what = f"serialize-{kind}-{slug(path)}"
        wrong: dict[str, tuple[str, str, Any]] = {}
        if field.types:
            wrong["as-bytes"] = ("GD-MSG-036", "wrong_field_type", b"a")
            if "integer" in field.types:
                wrong["as-bool"] = ("GD-MSG-036 GD-MSG-012", "wrong_field_type", True)
                if not field.default_written:
                    # Equal to the default that is left out, in a language that compares them.
                    alike = bool(field.default)
                    wrong["as-bool-like-the-default"] = (
                        "GD-MSG-036 GD-MSG-012",
                        "wrong_field_type",
                        alike,
                    )
                if "float" not in field.types:
                    number = float(field.default or 0)
                    wrong["as-whole-float"] = ("GD-MSG-036", "wrong_field_type", number)
            if field.required:
                wrong["as-none"] = ("GD-MSG-036", "wrong_field_type", None)
            # The field is judged before what is inside of it.
            bad = [As(foreign="")] if field.types == ("dict",) else {"k": As(foreign="")}
            wrong["as-container-of-foreign"] = ("GD-MSG-036", "wrong_field_type", bad)
        if "integer" in field.types:
            for end, number, bound in (
                ("above", 2**63, field.maximum),
                ("below", -(2**63) - 1, field.minimum),
            ):
                wrong[f"int-{end}"] = _int_beyond(number, field.choices or bound is not None)
        if field.scalar:
            wrong["as-list"] = ("GD-MSG-036", "invalid_field_value", [1])
            bad = [As(foreign="")]
            wrong["as-list-of-foreign"] = ("GD-MSG-036", "invalid_field_value", bad)
        if field.finite:
            wrong["infinite"] = ("GD-MSG-036", "invalid_field_value", math.inf)
            wrong["nan"] = ("GD-MSG-036", "invalid_field_value", math.nan)
            # Every integer is finite, also one that no float of the language is as large as.
            wrong["int-huge"] = _int_beyond(10**400, field.maximum is not None)
        if field.minimum is not None:
            wrong["too-small"] = ("GD-MSG-036", "invalid_field_value", field.minimum - 1)
        if field.maximum is not None:
            wrong["too-large"] = ("GD-MSG-036", "invalid_field_value", field.maximum + 1)
        if field.choices:
            wrong["gap"] = ("GD-MSG-036", "invalid_field_value", len(field.choices) + 1)
        if not field.types:
            wrong["as-foreign"] = ("GD-TLV-025", "unsupported_type", As(foreign=""))
            wrong["int-above"] = ("GD-TLV-023", "int_out_of_range", As(int64=str(2**63)))
        if field.types == ("string",):
            wrong["surrogate"] = ("GD-TLV-024", "invalid_text", As(utf16="d800"))
        for suffix, (requires, code, value) in wrong.items():
            out.add(
                f"{what}-{suffix}",
                requires,
                "invalid",
                message=message(name, replaced(full, path, value)),
                error=fault(code, path=path, scope="exchange"),
                neighbour=f"{kind}-full",
            )
        if field.types in (("list",), ("dict",)):
            _unserializable_inside(out, name, path, field)


def _int_beyond(number: int, is_bounded: object) -> tuple[str, str, As]:
    """An integer that no type holds: it is judged as the field's value first."""
    value = As(int64=str(number))
    if is_bounded:
        return "GD-MSG-036", "invalid_field_value", value
    return "GD-TLV-023", "int_out_of_range", value


def _unserializable_inside(out: Collected, name: str, path: str, field: ir.Field) -> None:
    bad = As(foreign="")
    value = [1, bad] if field.types == ("list",) else {"k": bad}
    place = f"{path}[1]" if field.types == ("list",) else f"{path}.k"
    out.add(
        f"serialize-{slug(name)}-{slug(path)}-inside",
        "GD-TLV-025 GD-ERR-006",
        "invalid",
        message=message(name, replaced(FULL[name], path, value)),
        error=fault("unsupported_type", path=place, scope="exchange"),
        neighbour=f"{slug(name)}-full",
    )
