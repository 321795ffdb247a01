"""Codecs that misread or miswrite frames: the header, and how a payload stands behind it."""

from __future__ import annotations

from collections.abc import Iterator

from gdproto.spec.codegen import ir

from .mutant import SPEC, Change, Edit, Mutant, change, every, where

FRAMES, MESSAGES, TABLES = "frames.py", "messages.py", "_generated/tables.py"

VERSION_RULE = "    if version != VERSION:"
MAGIC_RULE = "    if magic != MAGIC:"
UNPACKED = "    magic, version, code, length, request_id = HEADER.unpack_from(data, offset)\n"
NOT_YET = "    if len(data) - offset < HEADER_BYTES:"


def frame(name: str, *edits: Edit, change: Change | None = None) -> Mutant:
    return Mutant(name, "frame", edits, change)


def large(name: str, *edits: Edit, change: Change | None = None) -> Mutant:
    return Mutant(name, "large", edits, change)


def after_unpacking(line: str) -> Edit:
    return Edit(FRAMES, UNPACKED, f"{UNPACKED}    {line}\n")


def headers() -> Iterator[Mutant]:
    yield frame("magic-ignored", Edit(FRAMES, MAGIC_RULE, "    if magic == b'':"))
    yield frame("magic-in-any-case", Edit(FRAMES, MAGIC_RULE, "    if magic.upper() != MAGIC:"))
    yield frame(
        "magic-first-letter-only", Edit(FRAMES, MAGIC_RULE, "    if magic[:1] != MAGIC[:1]:")
    )
    yield frame(
        "magic-second-letter-only", Edit(FRAMES, MAGIC_RULE, "    if magic[1:] != MAGIC[1:]:")
    )
    yield frame("magic-swapped", change=change(where(ir.HeaderField, name="magic"), constant=b"DG"))
    yield frame("version-ignored", Edit(FRAMES, VERSION_RULE, "    if version < 0:"))
    yield frame("older-version-accepted", Edit(FRAMES, VERSION_RULE, "    if version > VERSION:"))
    yield frame("newer-version-accepted", Edit(FRAMES, VERSION_RULE, "    if version < VERSION:"))
    yield frame("version-2", change=change(where(ir.HeaderField, name="version"), constant=2))
    yield frame(
        "header-little-endian",
        Edit(TABLES, 'HEADER: Final = Struct(">', 'HEADER: Final = Struct("<'),
    )
    for name in ("length", "request_id", "type"):
        field = where(ir.HeaderField, name=name)
        yield frame(f"{name}-signed", change=change(field, number="signed"))
    yield frame("request-id-of-32-bits", after_unpacking("request_id &= 0xFFFFFFFF"))
    yield frame("request-id-of-53-bits", after_unpacking("request_id &= 2**53 - 1"))
    yield frame("request-id-of-63-bits", after_unpacking("request_id &= 2**63 - 1"))
    yield frame("request-id-as-float", after_unpacking("request_id = int(float(request_id))"))
    yield frame(
        "request-id-0-refused",
        after_unpacking(
            'if not request_id:\n        raise _fault("bad_magic", "request_id", "none", 0)'
        ),
    )
    yield frame(
        "length-counts-the-header",
        after_unpacking("length -= HEADER_BYTES"),
        Edit(FRAMES, "Header(message.CODE, length,", "Header(message.CODE, length + HEADER_BYTES,"),
    )
    yield frame(
        "length-written-with-the-header",
        Edit(FRAMES, "Header(message.CODE, length,", "Header(message.CODE, length + HEADER_BYTES,"),
    )
    yield frame(
        "request-id-written-in-32-bits",
        Edit(FRAMES, "length, message.request_id)", "length, message.request_id & 0xFFFFFFFF)"),
    )
    yield frame(
        "request-id-written-as-0", Edit(FRAMES, "length, message.request_id)", "length, 0)")
    )
    yield frame(
        "negative-request-id-written",
        Edit(FRAMES, "length, message.request_id)", "length, message.request_id % 2**64)"),
    )
    for one in SPEC.messages:
        yield frame(
            f"{one.name.lower()}-under-another-code",
            change=change(where(ir.Message, name=one.name), code=0x7E),
        )
    for code in (0x00, 0x06, 0x13, 0x81, 0xFF):
        extra = ir.Message("EXTRA", code, None, (), "", "A message too many")
        yield frame(
            f"extra-message-{code:02x}",
            change=change(where(ir.Spec), messages=(*SPEC.messages, extra)),
        )


def limits() -> Iterator[Mutant]:
    limit = next(one for one in SPEC.limits if one.name == "max_payload_bytes")
    for name, by in (("above", 1), ("below", -1)):
        yield frame(
            f"limit-of-payload-{name}",
            change=change(where(ir.Limit, name=limit.name), value=limit.value + by),
        )
    judged = "    if length > MAX_PAYLOAD_BYTES:\n        reason"
    yield frame(
        "limit-of-payload-not-judged",
        Edit(FRAMES, judged, judged.replace("> MAX_PAYLOAD_BYTES", "< 0")),
    )
    written = "    if length > MAX_PAYLOAD_BYTES:\n        raise"
    yield large(
        "limit-of-payload-not-judged-when-written",
        Edit(FRAMES, written, written.replace("> MAX_PAYLOAD_BYTES", "< 0")),
    )
    yield large(
        "limit-of-payload-when-written-above",
        Edit(FRAMES, written, written.replace("BYTES:", "BYTES + 1:")),
    )
    yield large(
        "limit-of-payload-when-written-below",
        Edit(FRAMES, written, written.replace("BYTES:", "BYTES - 1:")),
    )
    yield frame(
        "limit-of-payload-counts-the-header",
        Edit(FRAMES, judged, judged.replace("BYTES:", "BYTES - HEADER_BYTES:")),
    )


def precedence() -> Iterator[Mutant]:
    """The header's fields judged in another order."""
    head = "if {} != {}:\n        raise _fault({}, {}, 'first', 0)"
    magic = "magic == MAGIC and "
    early_type = 'if code not in _CODES:\n        raise _fault("unknown_message_type", "type", "", request_id)'
    early_length = (
        "if length > MAX_PAYLOAD_BYTES:\n"
        '        raise _fault("payload_too_large", "length", "", request_id)'
    )
    yield frame(
        "version-before-magic",
        after_unpacking(head.format("version", "VERSION", '"unsupported_version"', '"version"')),
    )
    yield frame("type-before-magic", after_unpacking(early_type))
    yield frame("type-before-version", after_unpacking(early_type.replace("if ", f"if {magic}")))
    yield frame("length-before-magic", after_unpacking(early_length))
    yield frame(
        "length-before-version", after_unpacking(early_length.replace("if ", f"if {magic}"))
    )
    yield frame(
        "length-before-type",
        after_unpacking(early_length.replace("if ", f"if {magic}version == VERSION and ")),
    )
    early = '    if bytes(data[offset : offset + 2]) != MAGIC[: len(data) - offset]:\n        raise _fault("bad_magic", "magic", "", 0)\n'
    yield frame("magic-judged-early", Edit(FRAMES, NOT_YET, early + NOT_YET))
    yield frame(
        "presence-before-cut",
        Edit(
            MESSAGES,
            "    check_presence(header)\n    end = HEADER_BYTES + header.length\n",
            "    end = HEADER_BYTES + header.length\n",
        ),
        Edit(
            MESSAGES,
            "    if len(source) > end:\n",
            "    check_presence(header)\n    if len(source) > end:\n",
        ),
    )
    yield frame(
        "presence-after-trailing",
        Edit(MESSAGES, "    check_presence(header)\n    end =", "    end ="),
        Edit(
            MESSAGES,
            "    return parse_payload(header, source, HEADER_BYTES)",
            "    check_presence(header)\n    return parse_payload(header, source, HEADER_BYTES)",
        ),
    )


def payloads() -> Iterator[Mutant]:
    judged = "    if header.length and header.code in BARE:"
    yield frame("any-payload-accepted", Edit(FRAMES, judged, "    if header.length < 0:"))
    for one in SPEC.messages:
        if one.fields is None:
            yield frame(
                f"payload-in-{one.name.lower()}-accepted",
                Edit(FRAMES, judged, f"{judged[:-1]} and header.code != {one.code}:"),
            )
    yield frame(
        "payload-of-a-none-accepted",
        Edit(FRAMES, judged, judged.replace("header.length and", "header.length > 1 and")),
    )
    parsed = "    return parse_payload(header, source, HEADER_BYTES)\n"
    yield frame(
        "empty-payload-accepted",
        Edit(
            MESSAGES,
            parsed,
            "    if not header.length and RULES[header.code].fields is not None:\n"
            '        source = bytes(source) + b"\\x21\\0\\0\\0\\x02\\x11\\0\\0\\0\\x06result\\0\\x11\\0\\0\\0\\x04data\\0"\n'
            + parsed,
        ),
    )
    cut = "    if len(source) < end:\n"
    yield frame("cut-frame-accepted", Edit(MESSAGES, cut, "    if len(source) < HEADER_BYTES:\n"))
    trailing = "    if len(source) > end:\n"
    yield frame(
        "bytes-after-the-frame-accepted",
        Edit(MESSAGES, trailing, "    source = source[:end]\n" + trailing),
    )
    yield frame(
        "length-not-used",
        Edit(MESSAGES, cut, "    if len(source) < 0:\n"),
        Edit(MESSAGES, trailing, "    if len(source) < 0:\n"),
    )


def places() -> Iterator[Mutant]:
    yield frame(
        "header-offset-of-its-end",
        Edit(
            FRAMES, 'phase="header", offset=OFFSETS[field]', 'phase="header", offset=HEADER_BYTES'
        ),
    )
    yield frame(
        "header-offset-0",
        Edit(FRAMES, 'phase="header", offset=OFFSETS[field]', 'phase="header", offset=0'),
    )
    yield frame(
        "presence-offset-of-the-payload",
        Edit(FRAMES, 'offset=OFFSETS["length"]', "offset=HEADER_BYTES"),
    )
    yield frame(
        "short-header-offset-0", Edit(FRAMES, "offset=max(0, len(data) - offset)", "offset=0")
    )
    yield frame(
        "cut-frame-offset-of-its-promise", Edit(MESSAGES, "offset=len(source),\n", "offset=end,\n")
    )
    yield frame(
        "cut-frame-offset-of-the-length", Edit(MESSAGES, "offset=len(source),\n", "offset=4,\n")
    )
    yield frame(
        "trailing-offset-of-the-last-byte",
        Edit(MESSAGES, "offset=end,\n", "offset=len(source) - 1,\n"),
    )


def told() -> Iterator[Mutant]:
    """Codes, and how much dies with them."""
    for old, new in (
        ("bad_magic", "unsupported_version"),
        ("unsupported_version", "bad_magic"),
        ("unknown_message_type", "unexpected_message"),
        ("payload_too_large", "length_too_large"),
        ("unexpected_payload", "trailing_data"),
    ):
        yield frame(f"code-of-{old.replace('_', '-')}", every(FRAMES, f'"{old}"', f'"{new}"'))
    for code in SPEC.error_codes:
        for phase, scope in code.scopes:
            # A refused value has no scope that its caller sees, and a state's is in its row.
            if phase not in ("encode", "state"):
                other = {"connection": "exchange", "exchange": "connection"}[scope]
                scopes = tuple((p, other if p == phase else s) for p, s in code.scopes)
                name = f"scope-of-{code.name}-in-{phase}".replace("_", "-")
                yield frame(name, change=change(where(ir.ErrorCode, name=code.name), scopes=scopes))


GROUPS = (headers, limits, precedence, payloads, places, told)
MUTANTS = tuple(mutant for group in GROUPS for mutant in group())
