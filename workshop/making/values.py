"""The vectors of values: every type at its boundaries, every gap, every fault, both directions."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator

from gdproto.conformance.cases import Recipe, Typed

from .collected import As, Collected, fault
from .wire import CODE, LIMIT, NONE, SPEC, TRUE, blob, float64, int64, items, pairs, size, text, u32

INT_MIN, INT_MAX = -(2**63), 2**63 - 1


def areas() -> Iterator[Collected]:
    """The areas of values."""
    yield _area("scalars", "None, bools, integers and floats.", types, bools, integers, floats)
    yield _area("blobs", "Bytes and strings: their sizes, and what is UTF-8.", blobs)
    yield _area(
        "containers", "Lists and dicts: their sizes, keys, order and depth.", lists, dicts, depth
    )
    yield _area(
        "precedence",
        "Bytes with several faults, of which the first one read is reported.",
        precedence,
        paths,
    )
    yield _area(
        "encoding",
        "Values that have no encoding, and forms that are not written back as they were read.",
        unencodable_scalars,
        unencodable_containers,
        keys_that_are_no_text,
    )
    yield _area(
        "profile",
        "Dicts that stand for arrays, dates and other values: each is carried as it is.",
        arrays,
        no_arrays,
        references,
        single_values,
    )


def _area(name: str, about: str, *makers: object) -> Collected:
    out = Collected("value", name, about)
    for make in makers:
        assert callable(make)
        make(out)
    return out


# --- scalars ---


def types(out: Collected) -> None:
    out.means("none", "GD-TLV-001 GD-TLV-022", NONE, None)
    known = {value.code for value in SPEC.values}
    for code in sorted(set(range(256)) - known):
        error = fault("unknown_tlv_type", 0)
        out.undecodable(f"type-{code:02x}", "GD-TLV-001 GD-ERR-001", f"{code:02x}", error, "none")
    out.undecodable("nothing", "GD-TLV-015", "", fault("truncated", 0), "none")
    out.undecodable("none-trailing", "GD-TLV-018", NONE + NONE, fault("trailing_data", 1), "none")


def bools(out: Collected) -> None:
    out.means("bool-false", "GD-TLV-002 GD-TLV-022", CODE["bool"] + "00", False)
    out.means("bool-true", "GD-TLV-002 GD-TLV-022", TRUE, True)
    for byte in (0x02, 0x7F, 0x80, 0xFF):
        data = CODE["bool"] + f"{byte:02x}"
        error = fault("invalid_bool", 1)
        out.undecodable(f"bool-{byte:02x}", "GD-TLV-002", data, error, "bool-true")
    truncated(out, "bool-true", TRUE)
    trailing(out, "bool-true", TRUE)


def integers(out: Collected) -> None:
    for name, number in {
        "0": 0, "1": 1, "minus-1": -1, "255": 255, "256": 256, "2-31": 2**31, "2-32": 2**32,
        "min": INT_MIN, "min-plus-1": INT_MIN + 1, "max-minus-1": INT_MAX - 1, "max": INT_MAX,
    }.items():  # fmt: skip
        out.means(f"int-{name}", "GD-TLV-003 GD-TLV-022", int64(number), number)
    truncated(out, "int-1", int64(1))
    trailing(out, "int-1", int64(1))


def floats(out: Collected) -> None:
    for name, bits in {
        "0": "0000000000000000", "minus-0": "8000000000000000", "1": "3ff0000000000000",
        "smallest": "0000000000000001", "largest-subnormal": "000fffffffffffff",
        "smallest-normal": "0010000000000000", "largest": "7fefffffffffffff",
        "infinity": "7ff0000000000000", "minus-infinity": "fff0000000000000",
    }.items():  # fmt: skip
        data = CODE["float64"] + bits
        out.means(f"float-{name}", "GD-TLV-004 GD-TLV-022", data, As(float64=bits))
    for name, bits in {"quiet": "7ff8000000000000", "payload": "fff8000000001234"}.items():
        requires = "GD-TLV-004" if name == "quiet" else "GD-TLV-005"
        out.means(f"float-nan-{name}", requires, CODE["float64"] + bits, As(float64=bits))
    _nans(out)
    truncated(out, "float-1", CODE["float64"] + "3ff0000000000000")
    trailing(out, "float-1", CODE["float64"] + "3ff0000000000000")


def _nans(out: Collected) -> None:
    """What becomes of the bits of a NaN is left to the language."""
    quiet = "7ff8000000000000"
    for name, bits in {"signalling": "7ff0000000000001", "negative": "fff8000000000000"}.items():
        as_quiet = f"{bits[0]}{'ff8' if bits[1:4] == 'ff0' else bits[1:4]}{bits[4:]}"
        outcomes = {"kept": bits, "made-quiet": as_quiet, "canonical": quiet}
        out.add(
            f"float-nan-{name}",
            "GD-TLV-004 GD-TLV-005",
            "permitted",
            bytes=CODE["float64"] + bits,
            policy="nan-payload",
            outcomes={answer: {"value": {"float64": one}} for answer, one in outcomes.items()},
        )


# --- bytes and strings ---

UTF8_EDGES = {
    "nul": "00", "7f": "7f", "80": "c280", "7ff": "dfbf", "800": "e0a080", "d7ff": "ed9fbf",
    "e000": "ee8080", "ffff": "efbfbf", "10000": "f0908080", "10ffff": "f48fbfbf",
}  # fmt: skip
NOT_UTF8 = {
    "continuation": "80", "overlong-2": "c080", "overlong-2-end": "c1bf", "overlong-3": "e08080",
    "overlong-4": "f0808080", "surrogate-high": "eda080", "surrogate-low": "edbfbf",
    "above-10ffff": "f4908080", "f5": "f5808080", "fe": "fe", "ff": "ff", "cut-2": "c2",
    "cut-3": "e282", "cut-4": "f09f98", "no-continuation": "c241",
}  # fmt: skip


def blobs(out: Collected) -> None:
    for kind in ("bytes", "string"):
        for length in (0, 1, 2, 255, 256, 65535, 65536):
            data: Recipe = CODE[kind] + u32(length) + "61" * length
            held: Typed = {kind: "61" * length if kind == "bytes" else "a" * length}
            if length > 256:
                repeated = {"repeat": "61", "times": length}
                data, held = [CODE[kind] + u32(length), repeated], {kind: [repeated]}
            out.means(f"{kind}-{length}", "GD-TLV-007 GD-TLV-022", data, As(**held))
        truncated(out, f"{kind}-2", blob(kind, b"aa"), size_at=1)
        trailing(out, f"{kind}-2", blob(kind, b"aa"))
        _largest_blob(out, kind)
    for name, raw in UTF8_EDGES.items():
        encoded = bytes.fromhex(raw)
        out.means(f"string-u-{name}", "GD-TLV-006", blob("string", encoded), encoded.decode())
    for name, raw in NOT_UTF8.items():
        encoded, error = bytes.fromhex(raw), fault("invalid_utf8", 5)
        neighbour = f"string-of-{len(encoded)}"
        data = blob("string", encoded)
        out.undecodable(f"string-not-utf8-{name}", "GD-TLV-006", data, error, neighbour)
    for length in range(1, 5):
        data = blob("string", b"x" * length)
        out.means(f"string-of-{length}", "GD-TLV-006", data, "x" * length)
    out.means("string-of-8", "GD-TLV-006", text("xxxxxx\u00e9"), "xxxxxx\u00e9")
    out.undecodable(
        "string-not-utf8-late",
        "GD-TLV-006",
        blob("string", b"xxxxxx\xc3("),
        fault("invalid_utf8", 5),
        "string-of-8",
        "The offset is the string's first byte, wherever in it the fault is.",
    )
    every = bytes(range(256))
    out.means("bytes-every", "GD-TLV-007", blob("bytes", every), every, "Bytes are not text.")


def _largest_blob(out: Collected, kind: str) -> None:
    limit = LIMIT["max_blob_bytes"]
    for name, length in {"limit-minus-1": limit - 1, "limit": limit}.items():
        held = {"repeat": "61", "times": length}
        data: Recipe = [CODE[kind] + u32(length), held]
        out.means(f"{kind}-{name}", "GD-TLV-007 GD-LIM-001", data, As(**{kind: [held]}))
    for name, length in {"limit-plus-1": limit + 1, "ffffffff": 2**32 - 1}.items():
        error = fault("length_too_large", 1)
        data = CODE[kind] + u32(length)
        out.undecodable(f"{kind}-{name}", "GD-TLV-007 GD-LIM-002", data, error, f"{kind}-0")
    data = CODE[kind] + u32(limit)
    error = fault("truncated", 1)
    out.undecodable(f"{kind}-limit-alone", "GD-TLV-016", data, error, f"{kind}-0")


# --- containers ---


def lists(out: Collected) -> None:
    out.means("list-0", "GD-TLV-014 GD-TLV-022", items(), [])
    out.means("list-1", "GD-TLV-014 GD-TLV-022", items(NONE), [None])
    out.means("list-2", "GD-TLV-014 GD-TLV-022", items(int64(1), int64(2)), [1, 2])
    mixed = items(NONE, TRUE, text("a"), items(), pairs())
    out.means("list-mixed", "GD-TLV-014", mixed, [None, True, "a", [], {}])
    error = fault("unknown_tlv_type", 6, "[1]")
    data = items(NONE, "07")
    out.undecodable("list-unknown-type", "GD-TLV-001 GD-ERR-006", data, error, "list-2-none")
    out.means("list-2-none", "GD-TLV-014", items(NONE, NONE), [None, None])
    owed = CODE["list"] + u32(2) + NONE
    out.undecodable("list-2-of-1", "GD-TLV-016", owed, fault("truncated", 1), "list-1")
    inner = items(CODE["list"] + u32(1), NONE)
    error = fault("truncated", 6, "[0]")
    out.undecodable("list-owes", "GD-TLV-016", inner, error, "list-owes-nothing")
    out.means("list-owes-nothing", "GD-TLV-016", items(items(), NONE), [[], None])
    short = CODE["list"] + u32(2) + int64(1) + CODE["int64"] + "00"
    error = fault("truncated", 16, "[1]")
    out.undecodable("list-short-item", "GD-TLV-015", short, error, "list-2")
    # Two items take two bytes at least: beyond that the items themselves run out.
    spans = [(1, None, ""), (5, 1, ""), (7, None, "[0]"), (14, None, "[1]")]
    cut(out, "list-2", items(int64(1), int64(2)), spans)
    # As the only item, where more bytes stand before what is missing than are missing.
    spans = [(1, None, ""), (5, 1, ""), (6, None, "[0]")]
    for kind, data, value, is_sized in (
        ("bool", TRUE, True, False), ("float", CODE["float64"] + "3ff8000000000000", 1.5, False),
        ("bytes", blob("bytes", b"aa"), b"aa", True), ("list", items(NONE), [None], True),
        ("dict", pairs(("", NONE)), {"": None}, True),
    ):  # fmt: skip
        out.means(f"list-of-one-{kind}", "GD-TLV-014", items(data), [value])
        cut(out, f"list-of-one-{kind}", items(data), spans + [(10, 6, "[0]")] * is_sized)
    trailing(out, "list-1", items(NONE))
    _owed(out)
    _many(out, "list", {"repeat": NONE, "times": LIMIT["max_items"]})


def _owed(out: Collected) -> None:
    """What a size may take of what remains, for every kind that has a size, within each kind."""
    held = {"bytes": "61", "string": "61", "list": NONE, "dict": text("") + NONE}
    meaning = {"bytes": b"a", "string": "a", "list": [None], "dict": {"": None}}
    for kind, unit in held.items():
        fits = CODE[kind] + u32(1) + unit
        # One byte short: the size would take what the outer container's last element needs.
        beyond = CODE[kind] + u32(1) + unit[2:]
        outer = CODE["list"] + u32(2)
        error = fault("truncated", 6, "[0]")
        out.means(f"list-leaves-{kind}", "GD-TLV-016", outer + fits + NONE, [meaning[kind], None])
        out.undecodable(
            f"list-owes-{kind}", "GD-TLV-016", outer + beyond + NONE, error, f"list-leaves-{kind}"
        )
        outer = CODE["dict"] + u32(2) + text("a")
        last = text("") + NONE
        error = fault("truncated", 12, "a")
        value = {"a": meaning[kind], "": None}
        out.means(f"dict-leaves-{kind}", "GD-TLV-016", outer + fits + last, value)
        out.undecodable(
            f"dict-owes-{kind}", "GD-TLV-016", outer + beyond + last, error, f"dict-leaves-{kind}"
        )


def dicts(out: Collected) -> None:
    out.means("dict-0", "GD-TLV-012 GD-TLV-022", pairs(), {})
    out.means("dict-1", "GD-TLV-012 GD-TLV-022", pairs(("a", NONE)), {"a": None})
    two = pairs(("a", NONE), ("b", NONE))
    out.means("dict-2", "GD-TLV-012 GD-TLV-022", two, {"a": None, "b": None})
    out.means("dict-empty-key", "GD-TLV-012", pairs(("", NONE)), {"": None})
    double = pairs(("a", NONE), ("a", NONE))
    error = fault("duplicate_key", 12, "a")
    out.undecodable("dict-key-twice", "GD-TLV-012 GD-ERR-021", double, error, "dict-2")
    # More than a codec may look through one by one: the first of them and a later one come again.
    many = [(f"k{number:02}", NONE) for number in range(41)]
    out.means("dict-41", "GD-TLV-012", pairs(*many), {key: None for key, _ in many})
    for key in ("k00", "k20"):
        again = pairs(*many[:-1], (key, NONE))
        error = fault("duplicate_key", 5 + 40 * 9, key)
        out.undecodable(f"dict-key-{key}-twice-of-41", "GD-TLV-012", again, error, "dict-41")
    forms = pairs(("\u00e9", NONE), ("e\u0301", NONE))
    value = {"\u00e9": None, "e\u0301": None}
    out.means("dict-no-normalisation", "GD-TLV-013", forms, value, "é composed and decomposed")
    for kind, encoded in {
        "none": NONE, "bool": TRUE, "int64": int64(1), "float64": CODE["float64"] + "00" * 8,
        "bytes": blob("bytes", b"a"), "list": items(), "dict": pairs(),
    }.items():  # fmt: skip
        # Room for the smallest pair, so that the key is judged.
        data = CODE["dict"] + u32(1) + encoded + NONE * 6
        error = fault("key_not_string", 5)
        out.undecodable(f"dict-key-{kind}", "GD-TLV-011", data, error, f"dict-for-key-{kind}")
        room = (size(encoded) + 6) - 1 - 5
        key = "x" * room
        out.means(f"dict-for-key-{kind}", "GD-TLV-011", pairs((key, NONE)), {key: None})
    error = fault("unknown_tlv_type", 5)
    data = CODE["dict"] + u32(1) + "02" + u32(0) + NONE
    out.undecodable("dict-key-unknown-type", "GD-TLV-001", data, error, "dict-empty-key")
    data = CODE["dict"] + u32(1) + blob("string", b"\xff") + NONE
    out.undecodable(
        "dict-key-not-utf8", "GD-TLV-006 GD-ERR-021", data, fault("invalid_utf8", 10), "dict-1"
    )
    quoted = pairs(("a b", CODE["bool"] + "02"))
    error = fault("invalid_bool", 14, '["a b"]')
    out.undecodable("dict-path-quoted", "GD-ERR-007", quoted, error, "dict-quoted")
    out.means("dict-quoted", "GD-ERR-007", pairs(("a b", TRUE)), {"a b": True})
    short = CODE["dict"] + u32(1) + CODE["string"] + u32(0)
    error = fault("truncated", 1)
    out.undecodable("dict-1-of-5-bytes", "GD-TLV-016", short, error, "dict-empty-key")
    ints = pairs(("a", int64(1)), ("b", int64(2)))
    out.means("dict-two-ints", "GD-TLV-022", ints, {"a": 1, "b": 2})
    # Two pairs take twelve bytes at least; the second key begins at 20, its length at 21.
    spans = [(1, None, ""), (5, 1, ""), (17, None, "a"), (20, None, ""), (25, 21, ""),
             (26, None, "b")]  # fmt: skip
    cut(out, "dict-two-ints", ints, spans)
    trailing(out, "dict-1", pairs(("a", NONE)))
    numbered = [CODE["string"] + u32(7), NONE]
    _many(out, "dict", {"numbered": numbered, "times": LIMIT["max_items"]})


def _many(out: Collected, kind: str, held: Recipe) -> None:
    limit = LIMIT["max_items"]
    for name, count in {"limit-plus-1": limit + 1, "ffffffff": 2**32 - 1}.items():
        data = CODE[kind] + u32(count)
        error = fault("too_many_items", 1)
        out.undecodable(f"{kind}-{name}", "GD-TLV-008 GD-LIM-002", data, error, f"{kind}-0")
    data = CODE[kind] + u32(limit)
    error = fault("truncated", 1)
    out.undecodable(f"{kind}-limit-alone", "GD-TLV-016", data, error, f"{kind}-0")
    assert isinstance(held, dict)
    for name, count in {"limit-minus-1": limit - 1, "limit": limit}.items():
        if kind == "list":
            value = As(repeated={"item": {"none": ""}, "times": count})
        else:
            value = As(numbered={"times": count})
        head = CODE[kind] + u32(count)
        requires = "GD-TLV-008 GD-LIM-001"
        out.means(f"{kind}-{name}", requires, [head, {**held, "times": count}], value)


def depth(out: Collected) -> None:
    limit = LIMIT["max_depth"]
    for kind, around in {"list": "", "dict": text("")}.items():
        one = CODE[kind] + u32(1) + around
        empty = CODE[kind] + u32(0)
        for name, times in {"limit-minus-1": limit - 1, "limit": limit}.items():
            data: Recipe = [{"repeat": one, "times": times - 1}, empty]
            value = As(nested={"in": kind, "times": times})
            out.means(f"depth-{kind}-{name}", "GD-TLV-010 GD-LIM-003", data, value)
        data = [{"repeat": one, "times": limit}, empty]
        error = fault("nesting_too_deep", size(one) * limit, nested_path(kind))
        neighbour = f"depth-{kind}-limit"
        requires = "GD-TLV-009 GD-ERR-008"
        out.undecodable(f"depth-{kind}-limit-plus-1", requires, data, error, neighbour)
    # Where few come, and each codec has another way to read.
    lists: Recipe = [{"repeat": CODE["list"] + u32(1), "times": limit - 1}]
    held = {"dict": [[{"string": key}, {"none": ""}] for key in "ab"]}
    value = As(nested={"in": "list", "times": limit - 1, "around": held})
    good = pairs(("a", NONE), ("b", NONE))
    out.means("depth-dict-2", "GD-TLV-010 GD-TLV-012", [*lists, good], value)
    error = fault("duplicate_key", 5 * (limit - 1) + 12, nested_path("list"))
    wrong: Recipe = [*lists, pairs(("a", NONE), ("a", NONE))]
    out.undecodable("depth-key-twice", "GD-TLV-012 GD-ERR-008", wrong, error, "depth-dict-2")


def nested_path(kind: str) -> str:
    """The path of a container too many."""
    element = "[0]" if kind == "list" else '[""]'
    return (element * LIMIT["max_depth"])[:199] + "\u2026"


# --- which fault is reported ---


def precedence(out: Collected) -> None:
    out.means("item-first", "GD-TLV-019", items(TRUE, TRUE), [True, True])
    bad_bool = CODE["bool"] + "02"
    out.undecodable(
        "first-of-two-items",
        "GD-TLV-019",
        items(bad_bool, bad_bool),
        fault("invalid_bool", 6, "[0]"),
        "item-first",
    )
    equal = pairs(("a", TRUE), ("b", TRUE))
    value = {"a": True, "b": True}
    out.means("equal-dicts", "GD-TLV-012", items(equal, equal, TRUE), [value, value, True])
    out.undecodable(
        "behind-equal-dicts",
        "GD-TLV-012 GD-TLV-019",
        items(equal, equal, bad_bool),
        fault("invalid_bool", 5 + 2 * size(equal) + 1, "[2]"),
        "equal-dicts",
    )
    # What follows takes as few bytes as it can: whoever thinks that it takes more finds too few.
    good, bad_text = text("a"), blob("string", b"\xff")
    out.means("text-before-item", "GD-TLV-019", items(good, NONE), ["a", None])
    error = fault("invalid_utf8", 10, "[0]")
    wrong = items(bad_text, NONE)
    out.undecodable(
        "bad-text-before-item", "GD-TLV-006 GD-TLV-019", wrong, error, "text-before-item"
    )
    least = pairs(("a", good), ("", NONE))
    out.means("text-before-pair", "GD-TLV-019", least, {"a": "a", "": None})
    error = fault("invalid_utf8", 16, "a")
    wrong = pairs(("a", bad_text), ("", NONE))
    out.undecodable(
        "bad-text-before-pair", "GD-TLV-006 GD-TLV-019", wrong, error, "text-before-pair"
    )
    out.undecodable(
        "item-before-trailing",
        "GD-TLV-021",
        items(TRUE, bad_bool) + NONE,
        fault("invalid_bool", 8, "[1]"),
        "item-first",
    )
    out.undecodable(
        "size-before-item",
        "GD-TLV-019 GD-TLV-020",
        CODE["list"] + u32(9) + bad_bool,
        fault("truncated", 1),
        "list-0",
        "The count cannot fit, and stands before the item that is at fault too.",
    )
    out.means("key-first", "GD-TLV-019", pairs(("a", TRUE), ("b", TRUE)), {"a": True, "b": True})
    out.undecodable(
        "value-before-second-key",
        "GD-TLV-019",
        pairs(("a", bad_bool), ("a", TRUE)),
        fault("invalid_bool", 12, "a"),
        "key-first",
    )
    out.undecodable(
        "second-key-before-its-value",
        "GD-TLV-019 GD-TLV-012",
        pairs(("a", TRUE), ("a", bad_bool)),
        fault("duplicate_key", 13, "a"),
        "key-first",
    )
    limit = LIMIT["max_depth"]
    around: Recipe = {"repeat": CODE["list"] + u32(1), "times": limit}
    path, at = nested_path("list"), 5 * limit
    for name, tail, error in (
        ("type-before-depth", "07", fault("unknown_tlv_type", at, path)),
        ("depth-before-count", CODE["list"], fault("nesting_too_deep", at, path)),
        (
            "depth-before-limit",
            CODE["list"] + "ffffffff",
            fault("nesting_too_deep", at, path),
        ),
        ("depth-before-size", CODE["dict"] + u32(1), fault("nesting_too_deep", at, path)),
    ):
        out.undecodable(name, "GD-TLV-020", [around, tail], error, "depth-list-limit-and-none")
    out.means(
        "depth-list-limit-and-none",
        "GD-TLV-010",
        [around, NONE],
        As(nested={"in": "list", "times": limit, "around": {"none": ""}}),
    )
    for kind, name, code in (
        ("bytes", "max_blob_bytes", "length_too_large"),
        ("string", "max_blob_bytes", "length_too_large"),
        ("list", "max_items", "too_many_items"),
        ("dict", "max_items", "too_many_items"),
    ):
        data = items(CODE[kind] + u32(LIMIT[name] + 1))
        out.undecodable(
            f"{kind}-limit-before-remaining",
            "GD-TLV-020",
            data,
            fault(code, 6, "[0]"),
            f"list-of-{kind}",
        )
        out.means(f"list-of-{kind}", "GD-TLV-020", items(CODE[kind] + u32(0)), [EMPTY[kind]])


EMPTY = {"bytes": b"", "string": "", "list": [], "dict": {}}

QUOTE = '\\"'

# How a key stands in a path; the quotes of JSON where it is no plain identifier.
KEYS = {
    "identifier": ("model_2", "model_2"),
    "underscore": ("_a", "_a"),
    "digit-first": ("2a", '["2a"]'),
    "empty": ("", '[""]'),
    "dot": ("a.b", '["a.b"]'),
    "not-ascii": ("\u00e9", '["\u00e9"]'),
    "quote": ('a"b', '["a\\"b"]'),
    "backslash": ("a\\b", '["a\\\\b"]'),
    "newline": ("a\nb", '["a\\nb"]'),
    "newline-last": ("a\n", '["a\\n"]'),
    "tab": ("a\tb", '["a\\tb"]'),
    "form-feed": ("a\fb", '["a\\fb"]'),
    "nul": ("a\0b", '["a\\u0000b"]'),
    "control-last": ("a\x1fb", '["a\\u001fb"]'),
    "space": (" ", '[" "]'),
    "slash": ("a/b", '["a/b"]'),
    "hyphen": ("a-b", '["a-b"]'),
    "dollar": ("$a", '["$a"]'),
    "apostrophe": ("a'b", '["a\'b"]'),
    "brackets": ("a[0]", '["a[0]"]'),
    # What encoders of JSON escape of themselves.
    "markup": ("<a>&", '["<a>&"]'),
    "line-separators": ("\u2028\u2029", '["\u2028\u2029"]'),
    "unprintable": ("\u00ad\u200b\ue000\uffff", '["\u00ad\u200b\ue000\uffff"]'),
    "delete": ("a\x7fb", '["a\x7fb"]'),
    "c1-control": ("a\x85b", '["a\x85b"]'),
    "letter-not-ascii": ("a\u00e9", '["a\u00e9"]'),
    "digit-not-ascii": ("a\u0663", '["a\u0663"]'),
    "32-characters": ("k" * 32, "k" * 32),
    # A key is counted and cut before it is quoted.
    "32-quotes": ('"' * 32, f'["{QUOTE * 32}"]'),
    "33-quotes": ('"' * 33, f'["{QUOTE * 32}\u2026"]'),
    "33-characters": ("k" * 33, f'["{"k" * 32}\u2026"]'),
    "every-short-form": ("\b\f\n\r\t", '["\\b\\f\\n\\r\\t"]'),
    "32-wide": ("\u20ac" * 32, f'["{chr(0x20AC) * 32}"]'),
    "32-astral": (chr(0x1F600) * 32, f'["{chr(0x1F600) * 32}"]'),
    "33-astral": (chr(0x1F600) * 33, f'["{chr(0x1F600) * 32}\u2026"]'),
    "33-wide": ("\u20ac" * 33, f'["{chr(0x20AC) * 32}\u2026"]'),
}


def paths(out: Collected) -> None:
    """The place of a bad bool under keys of every form."""
    for name, (key, path) in KEYS.items():
        out.means(f"path-{name}-good", "GD-ERR-007", pairs((key, TRUE)), {key: True})
        data = pairs((key, CODE["bool"] + "02"))
        error = fault("invalid_bool", size(data) - 1, path)
        requires = "GD-ERR-006"
        if path != key:
            requires = "GD-ERR-007 GD-ERR-023" if name.startswith("33") else "GD-ERR-007 GD-ERR-025"
            requires += " GD-ERR-028" * any(ord(one) < 32 or ord(one) in (127, 133) for one in key)
        out.undecodable(f"path-{name}", requires, data, error, f"path-{name}-good")
    value = pairs(("model", items(NONE, pairs(("a b", TRUE)))))
    out.means("path-mixed-good", "GD-ERR-006", value, {"model": [None, {"a b": True}]})
    error = fault("invalid_bool", size(value) - 1, 'model[1]["a b"]')
    out.undecodable("path-mixed", "GD-ERR-006", value[:-2] + "02", error, "path-mixed-good")
    deeper = pairs(("b", TRUE))
    for name, value, held, path in (
        ("behind-index", items(deeper), [{"b": True}], "[0].b"),
        ("behind-quoted", pairs(("a b", deeper)), {"a b": {"b": True}}, '["a b"].b'),
    ):
        out.means(f"path-{name}-good", "GD-ERR-006", value, held)
        error = fault("invalid_bool", size(value) - 1, path)
        out.undecodable(f"path-{name}", "GD-ERR-006", value[:-2] + "02", error,
                        f"path-{name}-good")  # fmt: skip
    # Keys of three letters below one of `letters`: each of them takes four characters.
    times = 49
    for letters in (3, 4, 5):
        first = "f" * letters
        path = ".".join([first, *["abc"] * times])
        around: list[Recipe] = [CODE["dict"] + u32(1) + text(first)]
        around.append({"repeat": CODE["dict"] + u32(1) + text("abc"), "times": times})
        inner = As(nested={"in": "dict", "times": times, "key": "abc", "around": {"bool": "true"}})
        name = f"path-of-{len(path)}"
        out.means(f"{name}-good", "GD-ERR-008", [*around, TRUE], {first: inner})
        if len(path) > 200:
            path = path[:199] + "\u2026"
        error = fault("invalid_bool", 10 + letters + times * 13 + 1, path)
        bad: Recipe = [*around, CODE["bool"] + "02"]
        requires = "GD-ERR-008 GD-ERR-024" if letters > 4 else "GD-ERR-008"
        out.undecodable(name, requires, bad, error, f"{name}-good")
    for wide, letter in {"wide": "\u20ac", "astral": chr(0x1F600)}.items():
        _wide_paths(out, wide, letter * 3)


def _wide_paths(out: Collected, name: str, key: str) -> None:
    """As above, of characters that take several bytes, or two units of UTF-16."""
    times, head = 28, CODE["dict"] + u32(1)
    inner = As(nested={"in": "dict", "times": times, "key": key, "around": {"bool": "true"}})
    each = head + text(key)
    for letters in (4, 5):
        first = "f" * letters
        path = first + f'["{key}"]' * times
        around: list[Recipe] = [head + text(first), {"repeat": each, "times": times}]
        case = f"path-of-{len(path)}-{name}"
        out.means(f"{case}-good", "GD-ERR-008", [*around, TRUE], {first: inner})
        if len(path) > 200:
            path = path[:199] + "\u2026"
        error = fault("invalid_bool", 10 + letters + times * size(each) + 1, path)
        bad: Recipe = [*around, CODE["bool"] + "02"]
        requires = "GD-ERR-008 GD-ERR-024" if letters > 4 else "GD-ERR-008"
        out.undecodable(case, requires, bad, error, f"{case}-good")


# --- encoding ---


def unencodable_scalars(out: Collected) -> None:
    for name, number, near in (
        ("above", INT_MAX + 1, "int-max"),
        ("below", INT_MIN - 1, "int-min"),
        ("far-above", 2**64, "int-max"),
        ("far-below", -(2**64), "int-min"),
        ("huge", 10**40, "int-max"),
    ):
        value = As(int64=str(number))
        out.unencodable(f"int-{name}", "GD-TLV-023", value, fault("int_out_of_range"), near)
    for name, units, near in (
        ("high", "d800", "string-u-d7ff"),
        ("low", "dfff", "string-u-e000"),
        ("high-and-letter", "d8000061", "string-of-2"),
        ("reversed", "dc00d800", "string-of-2"),
    ):
        value = As(utf16=units)
        requires = "GD-TLV-024"
        out.unencodable(f"surrogate-{name}", requires, value, fault("invalid_text"), near)
    out.means(
        "surrogates-paired",
        "GD-TLV-024",
        blob("string", "\U00010000".encode()),
        As(utf16="d800dc00"),
        "Two code units that are one character have an encoding.",
    )
    out.unencodable("foreign", "GD-TLV-025", As(foreign=""), fault("unsupported_type"), "none")
    for kind in ("bytes", "string"):
        held = [{"repeat": "61", "times": LIMIT["max_blob_bytes"] + 1}]
        error = fault("length_too_large")
        out.unencodable(
            f"encode-{kind}-limit-plus-1",
            "GD-TLV-027 GD-LIM-002",
            As(**{kind: held}),
            error,
            f"{kind}-limit",
        )
    # A text is counted in bytes.
    held = [{"repeat": "c3a9", "times": LIMIT["max_blob_bytes"] // 2 + 1}]
    out.unencodable(
        "encode-string-limit-plus-1-wide",
        "GD-TLV-027 GD-LIM-002",
        As(string=held),
        fault("length_too_large"),
        "string-limit",
    )


def unencodable_containers(out: Collected) -> None:
    bad = As(int64=str(INT_MAX + 1))
    good = [1, INT_MAX]
    out.means("list-with-max", "GD-TLV-023", items(int64(1), int64(INT_MAX)), good)
    error = fault("int_out_of_range", path="[1]")
    out.unencodable(
        "list-with-int-above", "GD-TLV-023 GD-ERR-006", [1, bad], error, "list-with-max"
    )
    out.means("dict-with-max", "GD-TLV-023", pairs(("a", int64(INT_MAX))), {"a": INT_MAX})
    error = fault("int_out_of_range", path="a")
    out.unencodable(
        "dict-with-int-above", "GD-TLV-023 GD-ERR-006", {"a": bad}, error, "dict-with-max"
    )
    error = fault("unsupported_type", path="[0]")
    out.unencodable("list-with-foreign", "GD-TLV-025", [As(foreign="")], error, "list-1")
    error = fault("invalid_text", path="a")
    out.unencodable("dict-with-surrogate", "GD-TLV-024", {"a": As(utf16="d800")}, error, "dict-1")
    key = As(dict=[[{"utf16": "d800"}, {"none": ""}]])
    out.unencodable("key-surrogate", "GD-TLV-024", key, fault("invalid_text"), "dict-1")
    limit = LIMIT["max_items"]
    for kind, value in {
        "list": As(repeated={"item": {"none": ""}, "times": limit + 1}),
        "dict": As(numbered={"times": limit + 1}),
    }.items():
        out.unencodable(
            f"encode-{kind}-limit-plus-1",
            "GD-TLV-028 GD-LIM-002",
            value,
            fault("too_many_items"),
            f"{kind}-limit",
        )
        deep = As(nested={"in": kind, "times": LIMIT["max_depth"] + 1})
        error = fault("nesting_too_deep", path=nested_path(kind))
        out.unencodable(
            f"encode-depth-{kind}-limit-plus-1",
            "GD-TLV-026 GD-LIM-002",
            deep,
            error,
            f"depth-{kind}-limit",
        )

    many = As(repeated={"item": {"foreign": ""}, "times": limit + 1})
    out.unencodable("encode-list-limit-plus-1-of-foreign", "GD-TLV-028", many,
                    fault("too_many_items"), "list-limit")  # fmt: skip
    # Too deep, and too many: in the order of the chapter on errors.
    too_many = {"repeated": {"item": {"none": ""}, "times": limit + 1}}
    around = {"in": "list", "times": LIMIT["max_depth"], "around": too_many}
    error = fault("nesting_too_deep", path=nested_path("list"))
    out.unencodable("encode-depth-before-count", "GD-TLV-026", As(nested=around), error,
                    "depth-list-limit")  # fmt: skip


def keys_that_are_no_text(out: Collected) -> None:
    none = {"none": ""}
    twice = As(dict=[[{"string": "a"}, none], [{"string": "a"}, none]])
    error = fault("duplicate_key", path="a")
    out.unencodable("encode-key-twice", "GD-TLV-029", twice, error, "dict-2")
    for kind, key in {
        "bytes": {"bytes": "61"}, "list": {"list": []}, "dict": {"dict": []},
        "foreign": {"foreign": ""},
    }.items():  # fmt: skip
        value = As(dict=[[key, none]])
        out.unencodable(
            f"encode-key-{kind}", "GD-TLV-031", value, fault("key_not_string"), "dict-1"
        )
    refused = {"error": fault("key_not_string")}
    for name, key, as_text in (
        ("int", {"int64": "7"}, "7"),
        ("negative-int", {"int64": "-7"}, "-7"),
        ("float", {"float64": "3ff8000000000000"}, "1.5"),
        ("float-whole", {"float64": float64(2.0)[2:]}, "2.0"),
        ("float-minus-0", {"float64": float64(-0.0)[2:]}, "-0.0"),
        ("float-shortest", {"float64": float64(0.1)[2:]}, "0.1"),
        ("float-largest-plain", {"float64": float64(1e15)[2:]}, "1000000000000000.0"),
        ("float-exponent", {"float64": float64(1e16)[2:]}, "1e+16"),
        ("float-smallest-plain", {"float64": float64(1e-4)[2:]}, "0.0001"),
        ("float-minus-exponent", {"float64": float64(-2.5e-5)[2:]}, "-2.5e-05"),
        ("float-exponent-of-3", {"float64": float64(1e300)[2:]}, "1e+300"),
        ("float-infinite", {"float64": float64(math.inf)[2:]}, "inf"),
        ("float-nan", {"float64": float64(math.nan)[2:]}, "nan"),
        ("true", {"bool": "true"}, "True"),
        ("false", {"bool": "false"}, "False"),
        ("none", none, "None"),
    ):
        outcomes = {"text": {"bytes": pairs((as_text, NONE))}, "refused": refused}
        out.add(
            f"encode-key-{name}",
            "GD-TLV-030 GD-TLV-033",
            "permitted",
            value={"dict": [[key, none]]},
            policy="non-string-keys",
            outcomes=outcomes,
        )
    collision = {"error": fault("duplicate_key", path='["7"]')}
    out.add(
        "encode-key-collision",
        "GD-TLV-029 GD-TLV-030",
        "permitted",
        value={"dict": [[{"int64": "7"}, none], [{"string": "7"}, none]]},
        policy="non-string-keys",
        outcomes={"text": collision, "refused": refused},
    )


# --- bytes that are missing or too many ---


def truncated(out: Collected, whole: str, data: str, size_at: int | None = None) -> None:
    """Every proper beginning of the valid case `whole` but the empty one.

    Args:
        size_at: offset of a size of 4 bytes that cannot fit once it is whole.
    """
    spans: list[tuple[int, int | None, str]] = [(1, None, "")]
    if size_at is not None:
        spans.append((size_at + 4, size_at, ""))
    cut(out, whole, data, spans)


def cut(out: Collected, whole: str, data: str, spans: list[tuple[int, int | None, str]]) -> None:
    """Every proper beginning of the valid case `whole` but the empty one.

    Args:
        spans: from which length on what is reported: the offset, or None for where the bytes
            end, and the path.
    """
    for length in range(1, size(data)):
        _, at, path = [span for span in spans if span[0] <= length][-1]
        requires = "GD-TLV-015" if at is None else "GD-TLV-016"
        error = fault("truncated", length if at is None else at, path)
        out.undecodable(f"{whole}-cut-{length}", requires, data[: 2 * length], error, whole)


def trailing(out: Collected, whole: str, data: str) -> None:
    error = fault("trailing_data", size(data))
    out.undecodable(f"{whole}-trailing", "GD-TLV-018", data + NONE, error, whole)


# --- the profile ---


def arrays(out: Collected) -> None:
    requires = "GD-PROF-001 GD-PROF-004"
    for name, (kind, shape, data) in {
        "f4-2-3": ("<f4", [2, 3], struct.pack("<6f", 0, 1, 2, 3, 4, 5)),
        "f8-big-endian": (">f8", [2], struct.pack(">2d", 1, 2)),
        "f2": ("<f2", [2], struct.pack("<2e", 1, -2)),
        "c8": ("<c8", [1], struct.pack("<2f", 1, -1)),
        "u1": ("|u1", [4], bytes(range(4))),
        "i8": ("<i8", [2], struct.pack("<2q", INT_MIN, INT_MAX)),
        "bool": ("|b1", [3], b"\1\0\1"),
        "single": ("<i4", [], struct.pack("<i", 7)),
        "empty": ("<f4", [0, 3], b""),
        "time": ("<M8[ns]", [1], struct.pack("<q", 86400 * 10**9)),
        "text": ("<U2", [2], "ab\u00e9\0".encode("utf-32-le")),
        "bytes": ("|S3", [1], b"ab\0"),
        "named": ("bfloat16", [1], b"\x80\x3f"),
    }.items():
        _is_array(out, f"array-{name}", requires, kind, shape, data)
    data = struct.pack("<6i", 0, 3, 1, 4, 2, 5)
    _is_array(out, "array-first-axis-fastest", requires, "<i4", [2, 3], data, order="F")
    fields = [["x", "<f4"], ["y", "<i2", [2]]]
    data = struct.pack("<f2hf2h", 1, 2, 3, 4, 5, 6)
    _is_array(out, "array-records", requires, fields, [2], data)


def no_arrays(out: Collected) -> None:
    """What has the mark and not the form is a dict."""
    for name, value in {
        "too-few-bytes": {"gd:array": "<f4", "shape": [2], "data": b"\0\0\0\0"},
        "shape-below-zero": {"gd:array": "<f4", "shape": [-1], "data": b""},
        "objects": {"gd:array": "|O", "shape": [1], "data": bytes(8)},
        "another-key": {"gd:array": "|u1", "shape": [1], "data": b"a", "more": 1},
        "mark-behind": {"shape": [1], "gd:array": "|u1", "data": b"a"},
        "no-type": {"gd:array": 4, "shape": [1], "data": b"a"},
        "unknown-mark": {"gd:nothing-that-is-known": 1},
    }.items():
        requires = "GD-PROF-002"
        if name == "objects":
            requires += " GD-PROF-005"
        if name == "unknown-mark":
            requires += " GD-PROF-003"
        out.means(f"no-array-{name}", requires, _written(value), value)


def references(out: Collected) -> None:
    """Without descriptors they are dicts."""
    largest = {"gd:memfd": 63, "offset": INT_MAX - 1, "size": 1}
    for name, value in {
        "bytes": {"gd:memfd": 0, "offset": 4096, "size": 2**30},
        "none": {"gd:memfd": 0, "offset": 0, "size": 0},
        "largest": largest,
        "array": {"gd:array": "<f4", "shape": [2**28], "data": largest},
    }.items():
        out.means(f"reference-{name}", "GD-PROF-001", _written(value), value)
    for name, value in {
        "below-zero": {"gd:memfd": -1, "offset": 0, "size": 1},
        "text": {"gd:memfd": "0", "offset": 0, "size": 1},
        "bool": {"gd:memfd": False, "offset": 0, "size": 1},
        "mark-behind": {"offset": 0, "gd:memfd": 0, "size": 1},
        "without-size": {"gd:memfd": 0, "offset": 0},
        "another-key": {"gd:memfd": 0, "offset": 0, "size": 1, "more": 1},
    }.items():
        out.means(f"no-reference-{name}", "GD-PROF-002", _written(value), value)


def single_values(out: Collected) -> None:
    for name, value in {
        "datetime": "2026-02-03T04:05:06.000007+00:00",
        "date": "2026-02-03",
        "time": "04:05:06.000007",
        "timedelta": [1, 2, 3],
        "uuid": "12345678-1234-5678-1234-567812345678",
        "decimal": "1.10",
        "path": "/tmp/a",
        "set": [1],
        "frozenset": ["a"],
        "complex": [1.0, -2.0],
    }.items():
        marked = {f"gd:{name}": value}
        out.means(f"single-{name}", "GD-PROF-001 GD-PROF-007", _written(marked), marked)


def _is_array(
    out: Collected,
    name: str,
    requires: str,
    kind: object,
    shape: list[int],
    data: bytes,
    **more: str,
) -> None:
    value = {"gd:array": kind, "shape": shape, "data": data, **more}
    out.means(name, requires, _written(value), value)


def _written(value: object) -> str:
    """The bytes of a value of the profile."""
    match value:
        case bytes():
            return blob("bytes", value)
        case str():
            return text(value)
        case bool():
            return CODE["bool"] + f"{value:02x}"
        case int():
            return int64(value)
        case float():
            return CODE["float64"] + struct.pack(">d", value).hex()
        case list():
            return items(*map(_written, value))
        case dict():
            return pairs(*((key, _written(one)) for key, one in value.items()))
    raise AssertionError(value)
