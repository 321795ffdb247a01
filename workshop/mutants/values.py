"""Codecs that misread or miswrite values.

The fast codec reads what is valid, the strict one has the last word on every fault: a change of one
alone shows only there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gdproto.spec.codegen import ir
from gdproto.spec.codegen.python.types import PYTHON_TYPES

from .mutant import SPEC, Change, Edit, Mutant, change, every, where

FAST, TABLES = "_generated/values.py", "_generated/tables.py"
STRICT, TOKENS, ERRORS, TLV = "strict.py", "tokens.py", "errors.py", "tlv.py"

INT, FLOAT = "_UNPACK_INT64(data, pos + 1)[0]", "_UNPACK_FLOAT64(data, pos + 1)[0]"
WRITE_INT, WRITE_FLOAT = "_PACK_INT64(0x05, value)", "_PACK_FLOAT64(0x06, value)"
TEXT, VIEWED = "data[start:pos].decode()", 'str(data[start:pos], "utf-8")'
STRICT_TEXT = 'str(raw, "utf-8")'
TYPE_OF = {one.name: one for one in SPEC.values}
LIMIT_OF = {one.name: one for one in SPEC.limits}


def value(name: str, *edits: Edit, change: Change | None = None) -> Mutant:
    return Mutant(name, "value", edits, change)


def large(name: str, *edits: Edit, change: Change | None = None) -> Mutant:
    return Mutant(name, "large", edits, change)


def of_type(name: str, **new: Any) -> Change:
    """A change of the body of a type."""
    return change(where(ir.ValueType, name=name), where(type(TYPE_OF[name].body)), **new)


def inserted(file: str, before: str, text: str) -> Edit:
    """New lines before a line."""
    return Edit(file, before, text + before)


def defined(text: str) -> Edit:
    """A function more in the fast codec."""
    return inserted(FAST, "def write_value(", text + "\n\n\n")


def stored(old: str, new: str) -> tuple[Edit, ...]:
    """What the fast codec does with a value that it has read, alone, in a list and in a dict."""
    forms = ("        result = {}\n", "append({})\n", "pairs[key] = {}\n")
    return tuple(every(FAST, form.format(old), form.format(new)) for form in forms)


# --- what bytes mean ---


def meanings() -> Iterator[Mutant]:
    yield value("int-unsigned", change=of_type("int64", number="unsigned"))
    yield value("int-of-32-bits", change=of_type("int64", size=4))
    yield value("int-read-as-float", every(FAST, INT, f"float({INT})"))
    yield value("float-of-32-bits", change=of_type("float64", size=4))
    whole = "def _whole(x: float) -> Any:\n    return int(x) if x.is_integer() else x"
    yield value("whole-float-read-as-int", every(FAST, FLOAT, f"_whole({FLOAT})"), defined(whole))
    yield value("minus-zero-read-as-zero", every(FAST, FLOAT, f"({FLOAT} + 0.0)"))
    yield value(
        "nan-read-as-none",
        every(FAST, FLOAT, f"_known({FLOAT})"),
        defined("def _known(x: float) -> Any:\n    return None if x != x else x"),
    )
    yield value(
        "bool-truthy", every(FAST, "_CHOICES_BOOL.get(data[pos + 1])", "data[pos + 1] != 0")
    )
    yield value("bools-swapped", change=of_type("bool", choices=((0, True), (1, False))))
    yield value("bool-of-2", change=of_type("bool", choices=((0, False), (1, True), (2, True))))
    yield value("bool-read-as-int", *stored("value", "int(value) if value is True else value"))
    yield value("none-read-as-false", *stored("None", "False"))
    yield value("bytes-read-as-text", change=of_type("bytes", text=True))
    yield value("no-bytes-read-as-none", *stored("data[start:pos]", "data[start:pos] or None"))
    yield value("empty-text-read-as-none", *stored(TEXT, f"{TEXT} or None"))
    yield value(
        "empty-list-read-as-none",
        Edit(FAST, "        result = value\n", "        result = value or None\n", times=6),
    )
    yield value("list-reversed", every(FAST, "return items, pos", "return items[::-1], pos"))
    yield value(
        "empty-key-dropped",
        every(FAST, "return pairs, pos", 'pairs.pop("", None)\n    return pairs, pos'),
    )


def numbers() -> Iterator[Mutant]:
    """Each number in the wrong order of bytes; runs of 64 numbers have a reader of their own."""
    for name, letter in (("int64", "q"), ("float64", "d")):
        upper = name.upper()
        packed = Edit(FAST, f'_PACK_{upper} = Struct(">', f'_PACK_{upper} = Struct("<')
        unpacked = Edit(FAST, f'_UNPACK_{upper} = Struct(">', f'_UNPACK_{upper} = Struct("<')
        run = Edit(FAST, f'_RUN_{upper} = Struct(">', f'_RUN_{upper} = Struct("<')
        strict = Edit(TABLES, f'8, Struct(">{letter}")', f'8, Struct("<{letter}")')
        yield value(f"{name}-little-endian", packed, unpacked, run, strict)
        yield value(f"{name}-written-little-endian", packed)
        yield value(f"{name}-read-little-endian", unpacked)
        yield value(f"{name}-little-endian-in-runs", run)
        yield value(f"{name}-run-takes-any-type", every(FAST, f" != _CODES_{upper}", " == b''"))
    yield value("run-ends-early", every(FAST, "        count -= RUN", "        count -= RUN + 1"))
    yield value(
        "run-written-twice",
        Edit(FAST, "        out(packed)", "        out(packed)\n        out(packed)"),
    )
    yield value(
        "size-after-run-forgotten", Edit(FAST, "    if done:\n        values = values[done:]\n", "")
    )


def sizes() -> Iterator[Mutant]:
    for one in SPEC.values:
        if not isinstance(one.body, ir.Blob | ir.Container):
            continue
        upper, field = one.name.upper(), "length" if isinstance(one.body, ir.Blob) else "count"
        kind = {"bytes": "blob", "string": "text"}.get(one.name, one.name)
        row = f"{one.name!r}, {one.code:#04x}, {kind!r}, {PYTHON_TYPES[one.kind]}, 4, Struct"
        heads = ("HEAD", "SIZE", "READ_HEAD") if field == "length" else ("HEAD", "SIZE")
        yield value(
            f"{field}-of-{one.name}-little-endian",
            *(
                Edit(FAST, f'\n_{x}_{upper} = Struct(">', f'\n_{x}_{upper} = Struct("<')
                for x in heads
            ),
            Edit(TABLES, f'{row}(">L")', f'{row}("<L")'),
        )
        inside = (where(ir.ValueType, name=one.name), where(ir.SizeField))
        yield value(f"{field}-of-{one.name}-signed", change=change(*inside, number="signed"))
        yield value(f"{field}-of-{one.name}-of-16-bits", change=change(*inside, size=2))
    for size, more in (("STRING", "string"), ("BYTES", "bytes")):
        read = f"pos = start + _SIZE_{size}(data, pos + 1)[0]"
        yield value(f"length-of-{more}-counts-itself", every(FAST, read, f"{read} - 4"))
        short = f"_SHORT_{size}[size] if size < 256 else _HEAD_{size}"
        yield value(
            f"length-of-{more}-written-in-8-bits",
            every(FAST, short, f"_SHORT_{size}[size & 255] if size < 65536 else _HEAD_{size}"),
        )


def texts() -> Iterator[Mutant]:
    for name, codec in {
        "surrogates-accepted": '"utf-8", "surrogatepass"', "utf8-replaced": '"utf-8", "replace"',
        "utf8-ignored": '"utf-8", "ignore"', "text-in-latin-1": '"latin-1"',
        "byte-order-mark-dropped": '"utf-8-sig"', "text-in-ascii": '"ascii", "replace"',
    }.items():  # fmt: skip
        yield value(name, every(FAST, TEXT, f"data[start:pos].decode({codec})"))
    key = f"key = {TEXT}"
    yield value(
        "key-not-utf8-accepted", every(FAST, key, key.replace("()", '("utf-8", "replace")'))
    )
    nul = f'{TEXT}.split("\\0")[0]'
    yield value("text-ends-at-nul", every(FAST, TEXT, nul))
    normal = f'__import__("unicodedata").normalize("NFC", {TEXT})'
    yield value("keys-normalised", every(FAST, key, f"key = {normal}"))
    yield value("text-normalised", every(FAST, TEXT, normal))
    yield value("text-stripped", every(FAST, TEXT, f"{TEXT}.strip()"))
    yield value("keys-lower-case", every(FAST, key, f"{key}.lower()"))
    for name, written in {
        "written-surrogates": '"utf-8", "surrogatepass"', "written-replaced": '"utf-8", "replace"',
        "written-latin-1": '"latin-1", "replace"',
    }.items():  # fmt: skip
        yield value(name, every(FAST, "value.encode()", f"value.encode({written})"))
    yield value(
        "written-surrogate-key",
        Edit(FAST, "raw = key.encode()", 'raw = key.encode("utf-8", "replace")'),
    )


# --- what is a value at all ---


def codes() -> Iterator[Mutant]:
    for one in SPEC.values:
        yield value(
            f"{one.name}-under-another-code",
            change=change(where(ir.ValueType, name=one.name), code=0x7E),
        )
    fixed = TYPE_OF["int64"]
    for code, number, size in (
        (0x02, "signed", 1), (0x04, "signed", 4), (0x07, "unsigned", 8), (0xFF, "signed", 1),
    ):  # fmt: skip
        extra = ir.ValueType("extra", code, "integer", 0, -1, ir.Fixed(number, size), fixed.meaning)
        yield value(
            f"extra-type-{code:02x}", change=change(where(ir.Spec), values=(*SPEC.values, extra))
        )
    yield value(
        "unknown-type-read-as-none",
        Edit(TOKENS, "rule = BY_CODE.get(code)\n", "rule = BY_CODE.get(code, BY_CODE[0])\n"),
    )


def keys() -> Iterator[Mutant]:
    yield value(
        "last-key-wins", every(FAST, "    if len(pairs) != count:\n        raise Doubt\n", "")
    )
    yield value(
        "first-key-wins",
        every(FAST, "    if len(pairs) != count:\n        raise Doubt\n", ""),
        every(
            FAST,
            "        key = data[start:pos].decode()\n",
            "        key = data[start:pos].decode()\n        known = pairs.get(key, pairs)\n",
        ),
        every(
            FAST,
            "            pairs[key] = None\n",
            "            pairs[key] = None if known is pairs else known\n",
        ),
    )
    yield value(
        "bytes-accepted-as-key",
        every(
            FAST,
            "        if code != 0x11:\n            raise Doubt\n        start",
            "        if code not in (0x10, 0x11):\n            raise Doubt\n        start",
        ),
    )
    yield value(
        "int-accepted-as-key",
        Edit(TOKENS, "if rule.python is not str", "if rule.python not in (str, int)"),
    )
    yield value(
        "scalar-accepted-as-key",
        Edit(TOKENS, "if rule.python is not str", 'if rule.kind in ("list", "dict")'),
    )
    yield value("equal-keys-written", Edit(STRICT, "if text in keys:", "if text == keys:"))


def limits() -> Iterator[Mutant]:
    """Off by one in each direction, and not judged at all; for each type that has the limit."""
    for one in SPEC.values:
        if isinstance(one.body, ir.Blob | ir.Container):
            size = one.body.length if isinstance(one.body, ir.Blob) else one.body.count
            inside = (where(ir.ValueType, name=one.name), where(ir.SizeField))
            for sign, by in (("above", 1), ("below", -1)):
                limit = ir.Limit(
                    size.limit.name, size.limit.value + by, size.limit.error, size.limit.meaning
                )
                yield value(f"limit-of-{one.name}-{sign}", change=change(*inside, limit=limit))
    depth = LIMIT_OF["max_depth"].value
    for sign, by in (("above", 1), ("below", -1)):
        yield value(
            f"depth-{sign}", change=change(where(ir.Limit, name="max_depth"), value=depth + by)
        )
    yield value(
        "limit-not-judged", Edit(TOKENS, "        if size > rule.limit:", "        if size < 0:")
    )
    yield value(
        "depth-not-judged",
        every(FAST, "    if depth > MAX_DEPTH or count", "    if count"),
        Edit(TOKENS, "len(self._stack) == MAX_DEPTH", "len(self._stack) < 0"),
        Edit(STRICT, "len(self._stack) == MAX_DEPTH", "len(self._stack) == 9 * MAX_DEPTH"),
    )
    yield value(
        "dicts-add-no-depth",
        every(FAST, "read_dict(data, pos + 1, depth + 1)", "read_dict(data, pos + 1, depth)"),
        Edit(
            TOKENS,
            "        if len(self._stack) == MAX_DEPTH",
            "        if sum(one.keys is None for one in self._stack) == MAX_DEPTH",
        ),
    )
    yield value(
        "lists-add-no-depth",
        every(FAST, "read_list(data, pos + 1, depth + 1)", "read_list(data, pos + 1, depth)"),
        Edit(
            TOKENS,
            "        if len(self._stack) == MAX_DEPTH",
            "        if sum(one.keys is not None for one in self._stack) == MAX_DEPTH",
        ),
    )
    yield value(
        "written-depth-above",
        every(
            FAST,
            "    if depth > MAX_DEPTH or count > 1048576:\n        raise Doubt\n    out(",
            "    if depth > MAX_DEPTH + 1 or count > 1048576:\n        raise Doubt\n    out(",
        ),
    )
    yield value(
        "written-depth-below",
        every(
            FAST,
            "    if depth > MAX_DEPTH or count > 1048576:\n        raise Doubt\n    out(",
            "    if depth > MAX_DEPTH - 1 or count > 1048576:\n        raise Doubt\n    out(",
        ),
        Edit(STRICT, "len(self._stack) == MAX_DEPTH", "len(self._stack) == MAX_DEPTH - 1"),
    )
    yield large("written-length-unlimited", every(FAST, "if size > 67108864:", "if size < 0:"))
    yield large(
        "written-count-unlimited",
        every(
            FAST,
            "count > 1048576:\n        raise Doubt\n    out(",
            "count < 0:\n        raise Doubt\n    out(",
        ),
    )


def bounds() -> Iterator[Mutant]:
    yield value(
        "blob-cut-short-accepted",
        Edit(TLV, "            if stop <= end:\n", "            if stop:\n"),
        Edit(TLV, "    if stop != len(source):", "    if stop < len(source):"),
    )
    yield value(
        "trailing-bytes-accepted", Edit(TLV, "    if stop != len(source):", "    if stop < 0:")
    )
    yield value(
        "trailing-byte-accepted",
        Edit(TLV, "    if stop != len(source):", "    if stop < len(source) - 1:"),
    )
    yield value(
        "trailing-zeros-accepted",
        Edit(TLV, "    if stop != len(source):", "    if any(source[stop:]):"),
    )
    yield value(
        "empty-input-is-none",
        Edit(TLV, "    source = readable", '    data = data or b"\\0"\n    source = readable'),
    )
    yield value(
        "owed-bytes-ignored", Edit(TOKENS, "size * unit_bytes + self._owed", "size * unit_bytes")
    )
    yield value(
        "owed-bytes-never-settled",
        Edit(TOKENS, "            self._owed -= frame.rule.smallest_element_bytes\n", ""),
    )
    for smallest in (1, 2, 5, 7):
        yield value(
            f"smallest-pair-{smallest}", change=of_type("dict", smallest_element_bytes=smallest)
        )
    for smallest in (0, 2):
        yield value(
            f"smallest-item-{smallest}", change=of_type("list", smallest_element_bytes=smallest)
        )
    yield value(
        "size-not-held-against-the-rest", Edit(TOKENS, "if needed > left:", "if needed < 0:")
    )
    yield value(
        "size-held-against-all-bytes",
        Edit(TOKENS, "self._owed, self.end - self.pos", "self._owed, self.end"),
    )


# --- how faults are told ---


def precedence() -> Iterator[Mutant]:
    limit = (
        "        if size > rule.limit:\n"
        '            raise self._fault(rule.error, at, f"{size} is above the limit of {rule.limit}")\n'
    )
    fits = (
        "        needed, left = size * unit_bytes + self._owed, self.end - self.pos\n"
        "        if needed > left:\n"
        '            raise self._fault("truncated", at, f"{needed} more bytes are needed, {left} are left")\n'
    )
    yield value("fit-before-limit", Edit(TOKENS, limit + fits, fits + limit))
    depth = (
        "        if len(self._stack) == MAX_DEPTH:\n"
        '            raise self._fault("nesting_too_deep", start, f"{MAX_DEPTH} containers are open")\n'
    )
    size = "        self.pos += 1\n        count = self._size(rule, rule.smallest_element_bytes)\n"
    yield value("size-before-depth", Edit(TOKENS, depth + size, size + depth))
    yield value(
        "depth-before-type",
        Edit(
            TOKENS,
            "        start = self.pos\n        rule = self._type()\n        if rule.kind in",
            "        start = self.pos\n        if len(self._stack) == MAX_DEPTH:\n"
            '            raise self._fault("nesting_too_deep", start, "too deep")\n'
            "        rule = self._type()\n        if rule.kind in",
        ),
    )
    twice = (
        "        if key in keys:\n"
        '            raise self._fault("duplicate_key", start, "the dict has this key already")\n'
        "        keys.add(key)\n"
    )
    yield value(
        "key-type-before-known-type",
        Edit(
            TOKENS,
            "        rule = self._type()\n        if rule.python is not str:",
            "        if self.pos < self.end and self.data[self.pos] not in BY_CODE:\n"
            '            raise self._fault(KEY_ERROR, start, "no string")\n'
            "        rule = self._type()\n        if rule.python is not str:",
        ),
    )
    yield value(
        "keys-judged-last",
        Edit(
            TOKENS,
            twice,
            "        self.late = self.late or (key in keys and (start, key))\n        keys.add(key)\n",
        ),
        Edit(
            TOKENS,
            "        self._owed = 0\n",
            "        self._owed = 0\n        self.late: Any = None\n",
        ),
        Edit(
            TOKENS,
            "            yield self._value()\n\n    def _fault",
            "            yield self._value()\n        if self.late:\n"
            '            raise ProtocolError("duplicate_key", "twice", offset=self.late[0], location=[self.late[1]])\n\n'
            "    def _fault",
        ),
    )


def places() -> Iterator[Mutant]:
    """Offsets and paths."""
    fault = "return ProtocolError(code, reason, offset=offset, location=self.location())"
    for name, new in {
        "offset-one-late": fault.replace("offset=offset", "offset=offset + 1"),
        "offset-of-the-end": fault.replace("offset=offset", "offset=self.end"),
        "offset-not-told": fault.replace("offset=offset, ", ""),
        "path-lost": fault.replace(", location=self.location()", ""),
        "path-of-parent": fault.replace("location()", "location()[:-1]"),
        "path-of-root-key": fault.replace("location()", "location()[:1]"),
        "path-upside-down": fault.replace("location()", "location()[::-1]"),
    }.items():
        yield value(name, Edit(TOKENS, fault, new))
    yield value("index-from-one", Edit(ERRORS, 'f"[{step}]"', 'f"[{step + 1}]"'))
    yield value("index-with-a-dot", Edit(ERRORS, 'f"[{step}]"', 'f".{step}"'))
    yield value("keys-never-quoted", Edit(ERRORS, "_IDENTIFIER.fullmatch(step)", "step != 7"))
    yield value(
        "keys-always-quoted", Edit(ERRORS, "and _IDENTIFIER.fullmatch(step)", "and step == 7")
    )
    yield value("keys-with-digits-quoted", Edit(TABLES, "[A-Za-z0-9_]*", "[A-Za-z_]*"))
    yield value("keys-in-single-quotes", Edit(ERRORS, 'f"[{_quoted(cut)}]"', 'f"[{cut!r}]"'))
    yield value(
        "path-begins-with-a-dot", Edit(ERRORS, 'f".{step}" if path else step', 'f".{step}"')
    )
    yield value("path-never-cut", change=change(where(ir.Paths), max_path_chars=20000))
    yield value("path-cut-at-199", change=change(where(ir.Paths), max_path_chars=199))
    yield value("path-cut-at-201", change=change(where(ir.Paths), max_path_chars=201))
    yield value(
        "path-cut-without-a-mark",
        Edit(ERRORS, "[: MAX_PATH_CHARS - 1] + ELLIPSIS", "[:MAX_PATH_CHARS]"),
    )
    yield value("last-key-in-path-of-key", Edit(TOKENS, "        frame.key = None\n", ""))
    yield value(
        "duplicate-key-in-path-of-parent",
        Edit(TOKENS, "        frame.key = key\n        if key in keys:", "        if key in keys:"),
        Edit(TOKENS, "        keys.add(key)\n", "        frame.key = key\n        keys.add(key)\n"),
    )
    yield value(
        "not-utf8-at-the-byte",
        Edit(TOKENS, '"invalid_utf8", start,', '"invalid_utf8", start + error.start,'),
    )
    yield value(
        "not-utf8-at-the-length",
        Edit(TOKENS, '"invalid_utf8", start,', '"invalid_utf8", start - 4,'),
    )
    yield value(
        "bool-fault-at-the-type",
        Edit(
            TOKENS,
            'self._fault(rule.error, at, f"{value:#04x}',
            'self._fault(rule.error, at - 1, f"{value:#04x}',
        ),
    )
    yield value(
        "limit-fault-at-the-type",
        Edit(
            TOKENS,
            'self._fault(rule.error, at, f"{size}',
            'self._fault(rule.error, at - 1, f"{size}',
        ),
    )
    yield value(
        "fit-fault-at-the-end",
        Edit(TOKENS, 'self._fault("truncated", at,', 'self._fault("truncated", self.end,'),
    )
    yield value(
        "cut-fault-at-the-field",
        Edit(TOKENS, 'self._fault("truncated", self.end,', 'self._fault("truncated", self.pos,'),
    )
    yield value(
        "depth-fault-at-the-count",
        Edit(TOKENS, '"nesting_too_deep", start,', '"nesting_too_deep", start + 1,'),
    )
    yield value(
        "key-fault-at-the-body",
        Edit(TOKENS, "self._fault(KEY_ERROR, start,", "self._fault(KEY_ERROR, start + 1,"),
    )
    yield value(
        "duplicate-key-at-the-text",
        Edit(TOKENS, '"duplicate_key", start,', '"duplicate_key", start + 5,'),
    )
    yield value("trailing-at-the-end", Edit(TLV, "offset=stop", "offset=len(source)"))
    encoding = 'phase="encode", location=[*steps, *last]'
    yield value("written-path-lost", Edit(STRICT, encoding, 'phase="encode"'))
    yield value(
        "written-path-of-parent",
        Edit(STRICT, encoding, 'phase="encode", location=[*steps, *last][:-1]'),
    )
    yield value(
        "written-duplicate-in-path-of-parent",
        Edit(STRICT, '"two keys have this text", text', '"two keys have this text"'),
    )
    yield value(
        "written-last-key-in-path-of-key", Edit(STRICT, "        self._stack[-1].step = None\n", "")
    )


def wrong_codes() -> Iterator[Mutant]:
    """Each portable code replaced by one that is likely to be confused with it."""
    for name, place, code in (
        ("cut", 'self._fault("truncated", self.end,', "trailing_data"),
        ("fit", 'self._fault("truncated", at,', "length_too_large"),
        ("depth", 'self._fault("nesting_too_deep", start,', "too_many_items"),
        ("duplicate", 'self._fault("duplicate_key", start,', "key_not_string"),
        ("utf8", 'self._fault("invalid_utf8", start,', "unknown_tlv_type"),
    ):
        old = place.split('"')[1]
        yield value(f"code-of-{name}", Edit(TOKENS, place, place.replace(old, code)))
    yield value("code-of-trailing", Edit(TLV, '"trailing_data"', '"truncated"'))
    yield value("code-of-unknown-type", change=change(where(ir.Spec), value_error="invalid_bool"))
    yield value("code-of-bool", change=of_type("bool", error="unknown_tlv_type"))
    yield value("code-of-key", change=of_type("dict", key_error="wrong_field_type"))
    for limit, code in (("max_blob_bytes", "too_many_items"), ("max_items", "length_too_large")):
        yield value(f"code-of-{limit}", change=change(where(ir.Limit, name=limit), error=code))
    for name, code, wrong in (
        ("range", "int_out_of_range", "unsupported_type"),
        ("text", "invalid_text", "unsupported_type"),
        ("type", '"unsupported_type", f"a {_name(value)} has', "int_out_of_range"),
        ("depth", "nesting_too_deep", "too_many_items"),
        ("duplicate", "duplicate_key", "key_not_string"),
        ("key", "key_not_string", "unsupported_type"),
    ):
        new = code.replace("unsupported_type", wrong) if " " in code else wrong
        yield value(f"written-code-of-{name}", Edit(STRICT, code, new))


# --- what is written ---


def written() -> Iterator[Mutant]:
    yield value(
        "minus-zero-written-as-zero", every(FAST, WRITE_FLOAT, "_PACK_FLOAT64(0x06, value + 0.0)")
    )
    yield value(
        "whole-float-written-as-int",
        every(
            FAST,
            WRITE_FLOAT,
            "_PACK_INT64(0x05, int(value)) if -9e9 < value < 9e9 and value.is_integer() else "
            + WRITE_FLOAT,
        ),
    )
    yield value("int-written-as-float", every(FAST, WRITE_INT, "_PACK_FLOAT64(0x06, float(value))"))
    yield value(
        "int-wraps", every(FAST, WRITE_INT, "_PACK_INT64(0x05, (value + 2**63) % 2**64 - 2**63)")
    )
    yield value(
        "int-clamped",
        every(FAST, WRITE_INT, "_PACK_INT64(0x05, max(-(2**63), min(2**63 - 1, value)))"),
    )
    yield value(
        "true-written-as-int", every(FAST, "out(b'\\x01\\x01')", "out(_PACK_INT64(0x05, 1))")
    )
    yield value("bools-written-alike", every(FAST, "out(b'\\x01\\x00')", "out(b'\\x01\\x01')"))
    yield value("true-written-as-ff", every(FAST, "out(b'\\x01\\x01')", "out(b'\\x01\\xff')"))
    yield value("none-written-as-false", every(FAST, "out(b'\\x00')", "out(b'\\x01\\x00')"))
    yield value(
        "bytes-written-as-text",
        every(FAST, "out(_SHORT_BYTES[size] if", "out(_SHORT_STRING[size] if"),
    )
    yield value(
        "text-length-in-characters",
        every(FAST, "_SHORT_STRING[size] if size < 256", "_SHORT_STRING[len(value)] if size < 256"),
    )
    yield value(
        "keys-sorted",
        every(FAST, "for key, value in pairs.items():", "for key, value in sorted(pairs.items()):"),
    )
    yield value(
        "count-written-short",
        Edit(FAST, "out(_HEAD_DICT(0x21, count))", "out(_HEAD_DICT(0x21, count and count - 1))"),
    )
    yield value(
        "foreign-written-as-text",
        Edit(
            STRICT,
            '        raise self._fault("unsupported_type", f"a {_name(value)} has no TLV form")',
            '        return next(rule for rule in VALUE_TYPES if rule.kind == "empty")',
        ),
    )


GROUPS = (
    meanings, numbers, sizes, texts, codes, keys, limits, bounds, precedence, places, wrong_codes,
    written,
)  # fmt: skip
MUTANTS = tuple(mutant for group in GROUPS for mutant in group())
