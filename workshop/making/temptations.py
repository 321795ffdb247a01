"""The vectors of what is tempting: cases that some broken codec got wrong, and no other vector saw.

A fast reader takes runs of numbers at once; a helpful one trims, folds or normalises texts; a
connection keeps less of its exchanges than it needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .collected import As, Collected, Step, fault
from .frames import slug
from .meaning import FULL, MESSAGES, SMALLEST, leaves, message, whole
from .messages import is_not_bytes, refused, replaced, valid
from .sessions import ROLES, ended, error, got, received, sent, written
from .wire import (
    CODE,
    HEADER_BYTES,
    LIMIT,
    NONE,
    blob,
    float64,
    frame,
    int64,
    items,
    pairs,
    text,
    u32,
)

# More numbers than a codec is likely to take at once.
RUN = 200


def areas() -> Iterator[Collected]:
    """One area of values, one of messages and one of sessions."""
    out = Collected(
        "value", "temptations", "Runs of numbers, and texts that must stay as they are."
    )
    runs(out)
    many_keys(out)
    texts(out)
    yield out
    out = Collected("message", "faults-inside", "Faults of values inside a payload: their scope.")
    faults_inside(out)
    yield out
    out = Collected("session", "kept-apart", "Exchanges that have nothing to do with each other.")
    kept_apart(out)
    yield out
    out = Collected("session", "which-fault", "Frames with two faults, and what a fault leaves.")
    two_faults(out)
    sent_at_fault(out)
    sent_with_two_faults(out)
    left_by_a_fault(out)
    yield out


def runs(out: Collected) -> None:
    ints = list(range(-RUN // 2, RUN // 2))
    floats = [one / 8 for one in ints]
    requires = "GD-TLV-014 GD-TLV-022"
    out.means("run-of-ints", requires, items(*map(int64, ints)), ints)
    out.means("run-of-floats", requires, items(*map(float64, floats)), floats)
    places = {"begins": 0, "inside": 77, "ends": RUN - 1}
    # Where a codec is likely to have taken as many as it takes at once.
    places |= {f"at-{at}": at for at in (31, 32, 62, 63, 64, 65)}
    for name, at in places.items():
        mixed: list[int | float] = [*ints[:at], 0.5, *ints[at + 1 :]]
        data = list(map(number, mixed))
        out.means(f"run-of-ints-{name}-with-a-float", requires, items(*data), mixed)
        mixed = [*floats[:at], 5, *floats[at + 1 :]]
        data = list(map(number, mixed))
        out.means(f"run-of-floats-{name}-with-an-int", requires, items(*data), mixed)
    unknown = items(*map(int64, ints[:-1]), "07" + "00" * 8)
    wrong = fault("unknown_tlv_type", 5 + 9 * (RUN - 1), f"[{RUN - 1}]")
    out.undecodable("run-of-ints-ends-unknown", "GD-TLV-001", unknown, wrong, "run-of-ints")
    high: list[object] = [*ints[:-1], As(int64=str(2**63))]
    wrong = fault("int_out_of_range", path=f"[{RUN - 1}]")
    out.unencodable("run-of-ints-ends-out-of-range", "GD-TLV-023", high, wrong, "run-of-ints")

    for at in (62, 63, 64):
        bad = items(*map(int64, ints[:at]), "07" + "00" * 8)
        good = items(*map(int64, ints[: at + 1]))
        neighbour = f"run-of-{at + 1}-ints"
        out.means(neighbour, requires, good, ints[: at + 1])
        wrong = fault("unknown_tlv_type", 5 + 9 * at, f"[{at}]")
        out.undecodable(f"{neighbour}-ends-unknown", "GD-TLV-001", bad, wrong, neighbour)
        high = [*ints[:at], As(int64=str(2**63))]
        wrong = fault("int_out_of_range", path=f"[{at}]")
        out.unencodable(f"{neighbour}-ends-too-high", "GD-TLV-023", high, wrong, neighbour)
    odd_floats(out)


def odd_floats(out: Collected) -> None:
    """A minus zero and a NaN among floats, few of them and many."""
    for length in (2, 3, 64, 65, RUN):
        for name, bits in {"minus-zero": "8000000000000000", "nan": "7ff8000000000000"}.items():
            for place, at in {"first": 0, "last": length - 1}.items():
                held = ["3ff0000000000000"] * length
                held[at] = bits
                data = items(*(CODE["float64"] + one for one in held))
                value = [As(float64=one) for one in held]
                case = f"{length}-floats-{name}-{place}"
                out.means(case, "GD-TLV-004 GD-TLV-022", data, value)


def many_keys(out: Collected) -> None:
    """Equal keys in dicts of many: a codec may look for them in another way there."""
    for count in (12, 13, 16, 17, 64, 65, 66, RUN):
        keys = [f"k{number:03}" for number in range(count)]
        name = f"dict-of-{count}-keys"
        out.means(name, "GD-TLV-012 GD-TLV-029", pairs(*((key, NONE) for key in keys)),
                  dict.fromkeys(keys))  # fmt: skip
        for which, twin in {"first": 0, "last": count - 2}.items():
            double = [*keys[:-1], keys[twin]]
            data = pairs(*((key, NONE) for key in double))
            wrong = fault("duplicate_key", 5 + 10 * (count - 1), keys[twin])
            case = f"{name}-{which}-twice"
            out.undecodable(case, "GD-TLV-012 GD-ERR-021", data, wrong, name)
            value = As(dict=[[{"string": key}, {"none": ""}] for key in double])
            wrong = fault("duplicate_key", path=keys[twin])
            out.unencodable(f"encode-{case}", "GD-TLV-029", value, wrong, name)
        _same_text(out, f"encode-{name}-collision", keys[:-2])


def _same_text(out: Collected, name: str, keys: list[str]) -> None:
    """An integer before these keys, and its text behind them."""
    none = {"none": ""}
    between = [[{"string": key}, none] for key in keys]
    out.add(
        name,
        "GD-TLV-029 GD-TLV-030",
        "permitted",
        value={"dict": [[{"int64": "7"}, none], *between, [{"string": "7"}, none]]},
        policy="non-string-keys",
        outcomes={
            "text": {"error": fault("duplicate_key", path='["7"]')},
            "refused": {"error": fault("key_not_string")},
        },
    )


def number(one: int | float) -> str:
    return float64(one) if isinstance(one, float) else int64(one)


TEXTS = {
    "byte-order-mark": "\ufeffa", "decomposed": "e\u0301", "compatibility": "\ufb01\u212b",
    "blanks-around": " \t a\u00a0 \n", "line-ends": "a\r\nb\rc\n", "upper": "ABC\u0130",
    "nul-inside": "a\0b", "escapes": "\\n%00&amp;", "noncharacter": "\uffff\U0010ffff",
}  # fmt: skip


# Keys that some language takes for one another.
KEYS_ALIKE = {
    "behind-a-nul": ("a", "a\0", "a\0b", "a\0c"),
    "like-numbers": ("1", "01", "1.0", "1e0", "+1", " 1", "0", "-0", "", "true", "null", "None"),
}  # fmt: skip


def texts(out: Collected) -> None:
    """Each as a value and as a key: nothing is trimmed, folded, normalised or unescaped."""
    for name, value in TEXTS.items():
        data = blob("string", value.encode())
        out.means(f"text-{name}", "GD-TLV-006 GD-TLV-022", data, value)
        out.means(f"key-{name}", "GD-TLV-013 GD-TLV-022", pairs((value, NONE)), {value: None})
    for length in (1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33):
        # A reader that keeps keys may compare less than all of them.
        keys = ["a" * at + "b" + "a" * (length - at - 1) for at in range(length)] + ["a" * length]
        data = pairs(*((key, NONE) for key in keys))
        name = f"keys-one-byte-apart-{length}"
        out.means(name, "GD-TLV-013 GD-TLV-022", data, dict.fromkeys(keys))
    for name, alike in KEYS_ALIKE.items():
        data = pairs(*((key, NONE) for key in alike))
        out.means(f"keys-{name}", "GD-TLV-013", data, dict.fromkeys(alike))
    by_case = pairs(("a", NONE), ("A", NONE), (" a", NONE))
    out.means("keys-by-case", "GD-TLV-013", by_case, {"a": None, "A": None, " a": None})


def faults_inside(out: Collected) -> None:
    """Whatever is wrong inside a payload, only its exchange fails."""
    head = pairs(("result", NONE))[:-2]
    at = HEADER_BYTES + len(head) // 2
    for name, bad, code, offset, path, good in (
        ("unknown-type", "07", "unknown_tlv_type", 0, "result", None),
        ("not-utf8", blob("string", b"\xff"), "invalid_utf8", 5, "result", "a"),
        ("long-bytes", CODE["bytes"] + u32(LIMIT["max_blob_bytes"] + 1), "length_too_large", 1,
         "result", b""),
        ("many-items", CODE["list"] + u32(LIMIT["max_items"] + 1), "too_many_items", 1,
         "result", []),
        ("key-of-bytes", CODE["dict"] + u32(1) + blob("bytes", b"") + NONE, "key_not_string", 5,
         "result", {"": None}),
        ("size-beyond", CODE["bytes"] + u32(1), "truncated", 1, "result", b""),
    ):  # fmt: skip
        neighbour = f"response-good-{name}"
        valid(out, neighbour, "GD-ERR-003", "RESPONSE", {"result": good})
        told = fault(code, at + offset, path)
        requires = "GD-ERR-003 GD-ERR-004"
        refused(
            out, f"response-bad-{name}", requires, frame("RESPONSE", head + bad), told, neighbour
        )
    # Optional fields count where they stand, also behind a key that is no field.
    small = SMALLEST["STASH"]
    unknown = {
        **small,
        "x": None,
        **{key: one for key, one in FULL["STASH"].items() if key not in small},
    }
    valid(out, "stash-unknown-key-between", "GD-MSG-003 GD-MSG-002", "STASH", unknown)
    impossible = {**SMALLEST["STASH"], "op": 0, "table": b"a"}
    told = fault("invalid_field_value", HEADER_BYTES + 5 + len(text("op")) // 2, "op")
    data = whole("STASH", impossible)
    valid(out, "stash-for-value-before-type", "GD-MSG-010", "STASH", {"op": 1, "table": "a"})
    refused(out, "stash-value-before-next-type", "GD-MSG-010", data, told,
            "stash-for-value-before-type")  # fmt: skip


def kept_apart(out: Collected) -> None:
    def add(name: str, role: str, requires: str, *steps: Step) -> None:
        out.converses(name, requires, role=role, steps=steps)

    for role in ("arbiter", "client"):
        opens = (
            sent if role == "client" else lambda kind, n: received(written(kind, n), got(kind, n))
        )
        for kind in ("STASH", "MANAGE"):
            refuses = (
                received(written("CHUNK", 1), error("unexpected_message", "exchange", 1))
                if role == "client"
                else sent("CHUNK", 1, refused="unexpected_message")
            )
            answers = (
                received(written("RESPONSE", 1), got("RESPONSE", 1, ended=True))
                if role == "client"
                else sent("RESPONSE", 1)
            )
            add(
                f"{role}-one-answer-for-{kind.lower()}",
                role,
                "GD-EXCH-002",
                opens(kind, 1),
                answers,
            )
            add(
                f"{role}-no-stream-for-{kind.lower()}", role, "GD-EXCH-009", opens(kind, 1), refuses
            )
        low, high = 5, 2**32 + 5
        both = [opens("REQUEST", low), opens("REQUEST", high)]
        add(f"{role}-tells-long-ids-apart", role, "GD-FRAME-017 GD-EXCH-011", *both)
    for name, opening in {
        "calling": ["REQUEST"], "abandoned": ["REQUEST", "CANCEL"], "asking": ["STATUS", "CANCEL"],
    }.items():  # fmt: skip
        opened = [received(written(one), got(one)) for one in opening]
        requires = "GD-EXCH-001" if name == "calling" else "GD-EXCH-014"
        add(f"arbiter-{name}-forgets-nothing", "arbiter", requires, *opened, sent("CHUNK"))
    opened = [received(written("REQUEST"), got("REQUEST")), sent("CHUNK"), sent("CHUNK")]
    add("arbiter-streaming-forgets-nothing", "arbiter", "GD-EXCH-001", *opened)
    for state, opening in {
        "idle": [], "calling": ["REQUEST"], "asking": ["STATUS"],
        "abandoned": ["REQUEST", "CANCEL"],
    }.items():  # fmt: skip
        for kind in ("RESPONSE", "ERROR", "CHUNK", "END"):
            add(
                f"arbiter-{state}-forgets-after-{kind.lower()}",
                "arbiter",
                "GD-EXCH-004 GD-EXCH-005",
                *(received(written(one), got(one)) for one in opening),
                received(written(kind), error("unexpected_message", "exchange")),
                sent("CHUNK", refused="unexpected_message"),
            )
    for kind in ("RESPONSE", "ERROR", "CHUNK", "END"):
        add(
            f"arbiter-streaming-forgets-after-{kind.lower()}",
            "arbiter",
            "GD-EXCH-004 GD-EXCH-005",
            received(written("REQUEST"), got("REQUEST")),
            sent("CHUNK"),
            received(written(kind), error("unexpected_message", "exchange")),
            sent("CHUNK", refused="unexpected_message"),
        )
    for kind in ("RESPONSE", "CHUNK", "END"):
        told = error("unexpected_message", "connection", 0)
        add(
            f"client-no-notice-by-{kind.lower()}",
            "client",
            "GD-EXCH-007",
            received(written(kind, 0), told),
        )
    told = error("unexpected_message", "exchange", 0)
    add("arbiter-takes-no-notice", "arbiter", "GD-EXCH-005", received(written("ERROR", 0), told))
    add(
        "client-hears-its-answer",
        "client",
        "GD-EXCH-001",
        sent("REQUEST", 1),
        received(written("RESPONSE", 1), got("RESPONSE", 1, ended=True)),
    )
    add(
        "client-hears-nothing-after-a-stray",
        "client",
        "GD-EXCH-007 GD-ERR-002",
        sent("REQUEST", 1),
        received(written("RESPONSE", 9), error("unexpected_message", "connection", 9)),
        received(written("RESPONSE", 1)),
    )
    add(
        "client-abandons-one-of-two",
        "client",
        "GD-EXCH-013",
        sent("REQUEST", 1),
        sent("REQUEST", 2),
        {"abandon": "1", "expect": {}},
        received(written("RESPONSE", 2), got("RESPONSE", 2, ended=True)),
    )
    bad = frame("CHUNK", "07")
    add(
        "client-reads-nothing-of-what-it-gave-up",
        "client",
        "GD-EXCH-013",
        sent("REQUEST"),
        {"abandon": "7", "expect": {}},
        received(bad),
    )
    refusal = {"error": fault("unsupported_type", path="result")}
    message = {"type": "RESPONSE", "request_id": "7", "fields": {"result": {"foreign": ""}}}
    add(
        "arbiter-is-as-it-was-after-a-refusal",
        "arbiter",
        "GD-TLV-032",
        received(written("REQUEST"), got("REQUEST")),
        {"send": message, "expect": refusal},
        sent("RESPONSE"),
    )
    add(
        "arbiter-receives-nothing-at-all",
        "arbiter",
        "GD-FRAME-009",
        received(""),
        received(written("STATUS"), got("STATUS")),
    )


def _opened(role: str, kind: str) -> Step:
    return sent(kind) if role in ("client", "lane") else received(written(kind), got(kind))


def two_faults(out: Collected) -> None:
    """A frame that may not come, with a payload that cannot be read: the state is told."""

    def add(name: str, requires: str, role: str, *steps: Step) -> None:
        out.converses(name, requires, role=role, steps=steps)

    requires = "GD-EXCH-023 GD-EXCH-024"
    for role, state, kind, opening, code, scope in (
        ("arbiter", "idle", "RESPONSE", (), "unexpected_message", "exchange"),
        ("arbiter", "calling", "CHUNK", ("REQUEST",), "unexpected_message", "exchange"),
        ("arbiter", "calling", "REQUEST", ("REQUEST",), "duplicate_request_id", "connection"),
        ("worker", "idle", "STASH", (), "unexpected_message", "exchange"),
        ("client", "idle", "RESPONSE", (), "unexpected_message", "connection"),
        ("client", "asking", "CHUNK", ("STATUS",), "unexpected_message", "exchange"),
        ("client", "calling", "REQUEST", ("REQUEST",), "unexpected_message", "connection"),
    ):
        bad = frame(kind, "07")
        steps = [_opened(role, one) for one in opening]
        add(f"{role}-{state}-told-by-state-{kind.lower()}", requires, role, *steps,
            received(bad, error(code, scope)))  # fmt: skip
        add(f"{role}-{state}-before-{kind.lower()}", "GD-EXCH-022", role, *steps, received(""))
    stray = written("RESPONSE")
    told = error("unexpected_message", "connection")
    part = 2 * HEADER_BYTES + 4
    add("client-judges-the-state-of-whole-frames", requires, "client",
        received(stray[:part]), received(stray[part:], told))  # fmt: skip
    add("client-waits-for-an-answer-in-parts", "GD-EXCH-023 GD-FRAME-009", "client",
        sent("REQUEST"), received(stray[:part]),
        received(stray[part:], got("RESPONSE", ended=True)))  # fmt: skip
    add("client-waits-for-the-rest", "GD-FRAME-009", "client", received(stray[:part]))
    told = error("unexpected_payload", "exchange", offset=4)
    add("client-idle-told-of-a-payload-first", "GD-FRAME-022", "client",
        received(frame("END", "00"), told))  # fmt: skip


def sent_at_fault(out: Collected) -> None:
    """A frame that may not be sent, with a value that cannot be: the state is told."""
    deep: dict[str, object] = {"nested": {"in": "list", "times": LIMIT["max_depth"]}}
    for role, state, kind, name, opening, code in (
        ("client", "idle", "RESPONSE", "result", (), "unexpected_message"),
        ("lane", "idle", "CHUNK", "data", (), "unexpected_message"),
        ("client", "asking", "CHUNK", "data", ("STATUS",), "unexpected_message"),
        ("arbiter", "idle", "RESPONSE", "result", (), "unexpected_message"),
        ("worker", "idle", "CHUNK", "data", (), "unexpected_message"),
        ("worker", "asking", "CHUNK", "data", ("STATUS",), "unexpected_message"),
    ):
        steps = [_opened(role, one) for one in opening]
        message = {"type": kind, "request_id": "7", "fields": {name: deep}}
        refused = {"send": message, "expect": {"error": fault(code)}}
        out.converses(f"{role}-{state}-sends-{kind.lower()}-told-by-state",
            "GD-EXCH-021 GD-EXCH-027", role=role, steps=[*steps, refused])  # fmt: skip
        out.converses(f"{role}-{state}-before-sending-{kind.lower()}", "GD-EXCH-022", role=role,
            steps=[*steps, received("")])  # fmt: skip


def sent_with_two_faults(out: Collected) -> None:
    """The id, then the fields in their order, then what they hold."""

    def add(name: str, kind: str, payload: dict[str, Any], code: str, path: str, **id: int) -> None:
        said = message(kind, payload, **id)
        step = {"send": said, "expect": {"error": fault(code, path=path)}}
        out.converses(
            f"client-sends-{slug(kind)}-{name}", "GD-MSG-094", role="client", steps=[step]
        )

    for kind in ROLES["client"].opens:
        fields = leaves(MESSAGES[kind].fields or ())
        bad: dict[str, tuple[Any, str]] = {}
        deep: dict[str, As] = {}
        for path, field in fields:
            if field.minimum is not None:
                bad[path] = (field.minimum - 1, "invalid_field_value")
            elif is_not_bytes(field):
                bad[path] = (b"a", "wrong_field_type")
            if not field.scalar and (not field.types or field.types[0] in ("list", "dict")):
                form = "dict" if field.types == ("dict",) else "list"
                deep[path] = As(nested={"in": form, "times": LIMIT["max_depth"]})
        for path, held in [*((one, value) for one, (value, _) in bad.items()), *deep.items()]:
            payload = replaced(FULL[kind], path, held)
            inside = "inside-" * (path in deep and held is deep[path])
            add(f"id-before-{inside}{slug(path)}", kind, payload, "int_out_of_range", "request_id",
                request_id=2**64)  # fmt: skip
        places = [path for path, _ in fields]
        for first, held in deep.items():
            for second, (value, code) in bad.items():
                if places.index(first) < places.index(second):
                    payload = replaced(replaced(FULL[kind], first, held), second, value)
                    add(f"{slug(second)}-before-inside-{slug(first)}", kind, payload, code, second)


def left_by_a_fault(out: Collected) -> None:
    """What a fault leaves of an exchange, and a refusal of what was to open one."""

    def add(name: str, requires: str, role: str, *steps: Step) -> None:
        out.converses(name, requires, role=role, steps=steps)

    told = error("unexpected_payload", "exchange", offset=4)
    bad = received(frame("CANCEL", "00"), told)
    for role in ("arbiter", "worker"):
        for kind in ("REQUEST", "STATUS"):
            refused_then = sent("RESPONSE", refused="unexpected_message")
            name = f"{role}-payload-in-a-cancel-ends-{kind.lower()}"
            add(name, "GD-FRAME-023 GD-ERR-003", role, _opened(role, kind), bad, refused_then)
            add(f"{role}-answers-{kind.lower()}", "GD-EXCH-022", role, _opened(role, kind),
                sent("RESPONSE"))  # fmt: skip
        cancelled = received(written("CANCEL"), got("CANCEL"))
        for kind in ("CANCEL", "PAUSE"):
            add(f"{role}-payload-in-{slug(kind)}-after-cancel", "GD-FRAME-023 GD-EXCH-026", role,
                _opened(role, "REQUEST"), cancelled, received(frame(kind, "00"), told),
                refused_then)  # fmt: skip
        add(f"{role}-answers-after-cancel", "GD-EXCH-022", role, _opened(role, "REQUEST"),
            cancelled, sent("RESPONSE"))  # fmt: skip
    stray = received(written("RESPONSE"), error("unexpected_message", "connection"))
    for role in ("client", "lane"):
        given_up: Step = {"abandon": "7", "expect": {}}
        add(f"{role}-payload-in-end-of-what-was-given-up", "GD-FRAME-023 GD-EXCH-026", role,
            _opened(role, "REQUEST"), given_up, received(frame("END", "00"), told),
            stray)  # fmt: skip
        add(f"{role}-answer-to-what-was-given-up", "GD-EXCH-013", role,
            _opened(role, "REQUEST"), given_up, received(written("RESPONSE"), ended()))  # fmt: skip
        for kind in ("STATUS", "CANCEL", "END"):
            bad = received(frame(kind, "00"), told)
            add(f"{role}-payload-in-{kind.lower()}-leaves-none-open", "GD-FRAME-023 GD-EXCH-026",
                role, _opened(role, "REQUEST"), bad, stray)  # fmt: skip
        add(f"{role}-is-answered", "GD-EXCH-022", role, _opened(role, "REQUEST"),
            received(written("RESPONSE"), got("RESPONSE", ended=True)))  # fmt: skip
        missing = error("missing_field", "exchange", 0, offset=HEADER_BYTES, path="error")
        add(f"{role}-is-told-badly-of-the-connection", "GD-ERR-003 GD-ERR-015", role,
            received(frame("ERROR", "2100000000", 0), missing), sent("REQUEST"))  # fmt: skip
    deep: dict[str, object] = {"nested": {"in": "list", "times": LIMIT["max_depth"]}}
    for role in ("client", "lane"):
        fields = {"app_path": {"string": "m:A"}, "action": {"string": "go"},
                  "timeout": {"none": ""}, "priority": {"int64": "0"}, "trace": {"none": ""},
                  "extensions": {"none": ""},
                  "args": deep, "kwargs": {"dict": []}}  # fmt: skip
        asks = {"type": "REQUEST", "request_id": "7", "fields": fields}
        path = ("args" + "[0]" * LIMIT["max_depth"])[:199] + "\u2026"
        refusal = {"error": fault("nesting_too_deep", path=path)}
        add(f"{role}-opens-nothing-by-a-refusal", "GD-TLV-032", role,
            {"send": asks, "expect": refusal}, sent("REQUEST"))  # fmt: skip
        add(f"{role}-opens", "GD-EXCH-022", role, sent("REQUEST"))
    for role in ("arbiter", "worker"):
        answer = {"type": "RESPONSE", "request_id": "7", "fields": {"result": deep}}
        path = ("result" + "[0]" * LIMIT["max_depth"])[:199] + "\u2026"
        refusal = {"error": fault("nesting_too_deep", path=path)}
        add(f"{role}-ends-nothing-by-a-refusal", "GD-TLV-032", role, _opened(role, "REQUEST"),
            {"send": answer, "expect": refusal}, sent("RESPONSE"))  # fmt: skip
