"""Codecs that misjudge or miswrite the fields of messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gdproto.spec.codegen import ir

from .mutant import SPEC, Change, Edit, Mutant, both, change, every, where

FIELDS, MESSAGES, CLASSES = "fields.py", "messages.py", "_generated/messages.py"
NONE = "        if value is None and not rule.required:\n            continue"
OTHER_TYPE = {
    "string": "bytes", "integer": "float", "float": "string", "list": "dict", "dict": "list",
}  # fmt: skip


def message(name: str, *edits: Edit, change: Change | None = None) -> Mutant:
    return Mutant(name, "message", edits, change)


def leaves(fields: tuple[ir.Field, ...]) -> Iterator[ir.Field]:
    for field in fields:
        yield field
        yield from leaves(field.fields)


def each_field() -> Iterator[Mutant]:
    """Every property that the declaration gives a field, changed."""
    for one in SPEC.messages:
        for field in leaves(one.fields or ()):
            for what, new in _changes(field):
                yield message(
                    f"{one.name.lower()}-{field.name}-{what}",
                    change=_of_field(one, field, **new),
                )


def _of_field(one: ir.Message, field: ir.Field, **new: Any) -> Change:
    changed = change(where(ir.Message, name=one.name), where(ir.Field, name=field.name), **new)
    if "required" not in new:
        return changed
    # A constructor's optional arguments stand last.
    others = tuple(name for name in one.arguments if name != field.name)
    arguments = (field.name, *others) if new["required"] else (*others, field.name)
    return both(changed, change(where(ir.Message, name=one.name), arguments=arguments))


def _changes(field: ir.Field) -> Iterator[tuple[str, dict[str, Any]]]:
    if field.required:
        if not field.fields:
            yield "optional", {"required": False}
    else:
        yield "required", {"required": True}
        if field.default is not None:
            yield "default-lost", {"default": None, "default_written": True}
        if field.default in ((), 0, 1):
            yield "default-changed", {"default": (None,) if field.default == () else 2}
    if field.types and not field.fields:
        free = {"minimum": None, "maximum": None, "finite": False, "default_written": True}
        yield "of-any-type", {"types": (), **free}
        yield "of-another-type", {"types": (OTHER_TYPE[field.types[0]],), "choices": (), **free}
    if len(field.types) > 1:
        for wanted in field.types:
            yield f"only-{wanted}", {"types": (wanted,)}
    if field.minimum is not None:
        yield "without-minimum", {"minimum": None}
        yield "minimum-above", {"minimum": field.minimum + 1}
        yield "minimum-below", {"minimum": field.minimum - 1}
    if field.maximum is not None:
        yield "without-maximum", {"maximum": None}
        yield "maximum-above", {"maximum": field.maximum + 1}
        yield "maximum-below", {"maximum": field.maximum - 1}
    if not field.default_written:
        yield "default-written", {"default_written": True}
    if field.finite:
        yield "not-finite", {"finite": False}
    if field.choices:
        yield "of-any-choice", {"choices": ()}
        yield "of-a-choice-less", {"choices": field.choices[:-1]}
        yield "without-first-choice", {"choices": field.choices[1:]}
        last = field.choices[-1][1]
        yield "of-a-choice-more", {"choices": (*field.choices, ("extra", last + 1))}
        yield "of-choice-0", {"choices": (("extra", 0), *field.choices)}
    if field.scalar:
        yield "of-containers", {"scalar": False}
    elif not field.types:
        yield "only-scalar", {"scalar": True}


def orders() -> Iterator[Mutant]:
    for one in SPEC.messages:
        if one.fields and len(one.fields) > 1 and one.name != "REQUEST":
            yield message(
                f"{one.name.lower()}-fields-written-backwards",
                change=change(where(ir.Message, name=one.name), fields=one.fields[::-1]),
            )
    yield message(
        "fields-only-in-order",
        Edit(
            MESSAGES,
            "            payload, stop = read_value(data, start)\n        else:",
            "            raise ProtocolError('invalid_field_value', 'no', offset=start)\n        else:",
        ),
    )
    yield message(
        "unknown-keys-refused",
        Edit(
            FIELDS,
            "    for rule in rules:\n        here =",
            "    known = {rule.name for rule in rules}\n"
            "    for key in payload:\n"
            "        if key not in known:\n"
            '            raise fault("invalid_field_value", "unknown", (*location, key))\n'
            "    for rule in rules:\n        here =",
        ),
        every(
            CLASSES,
            "        cls, request_id: int, payload: dict[str, Any]) -> ",
            "        cls, request_id: int, payload: dict[str, Any], *_: Any) -> ",
        ),
        Edit(MESSAGES, "if stop == len(data) and type(payload) is dict:", "if stop < 0:"),
    )
    yield message(
        "keys-only-before-unknown-ones",
        Edit(
            MESSAGES,
            "        if stop == len(data) and type(payload) is dict:\n",
            "        if stop == len(data) and type(payload) is dict:\n"
            "            names = [rule.name for rule in RULES[header.code].fields or ()]\n"
            "            cut = next((i for i, key in enumerate(payload) if key not in names), len(payload))\n"
            "            payload = dict(list(payload.items())[:cut])\n",
        ),
    )


def judgements() -> Iterator[Mutant]:
    plain_type = "type(value) not in rule.types"
    yield message(
        "bool-passes-for-int",
        Edit(FIELDS, plain_type, "not isinstance(value, rule.types)"),
        every(CLASSES, "type(op) is not int", "not isinstance(op, int)"),
    )
    yield message(
        "bool-passes-for-number",
        Edit(FIELDS, plain_type, "not isinstance(value, rule.types)"),
        every(
            CLASSES,
            "type(timeout) is not float and type(timeout) is not int",
            "not isinstance(timeout, (int, float))",
        ),
    )
    yield message(
        "none-passes-for-any-required-field",
        Edit(FIELDS, NONE, NONE.replace(" and not rule.required", "")),
    )
    yield message(
        "none-of-an-optional-field-judged",
        Edit(FIELDS, NONE, NONE.replace("value is None", "value is rule")),
        every(CLASSES, '")\n        if args is None:', '", ())\n        if args == ():'),
    )
    yield message(
        "required-none-taken-as-missing",
        Edit(FIELDS, "        if rule.name not in payload:", "        if value is None:"),
        every(
            CLASSES,
            "        return cls(request_id, result)",
            "        if result is None:\n            raise Doubt\n        return cls(request_id, result)",
        ),
    )
    yield message(
        "value-before-type",
        Edit(
            FIELDS,
            "        if rule.types and type(value)",
            "        if rule.choices is not None and value not in rule.choices:\n"
            '            raise fault("invalid_field_value", "first", here)\n'
            "        if rule.types and type(value)",
        ),
    )
    yield message(
        "types-of-all-fields-first",
        Edit(
            FIELDS,
            "    for rule in rules:\n        here =",
            "    for rule in rules:\n"
            "        held: Any = payload.get(rule.name)\n"
            "        if held is not None and rule.types and type(held) not in rule.types:\n"
            '            raise fault("wrong_field_type", "first", (*location, rule.name))\n'
            "    for rule in rules:\n        here =",
        ),
    )
    yield message(
        "presence-of-all-fields-first",
        Edit(
            FIELDS,
            "    for rule in rules:\n        here =",
            "    for rule in rules:\n"
            "        if rule.required and rule.name not in payload:\n"
            '            raise fault("missing_field", "first", (*location, rule.name))\n'
            "    for rule in rules:\n        here =",
        ),
    )
    yield message(
        "fields-judged-backwards",
        Edit(
            FIELDS,
            "    for rule in rules:\n        here =",
            "    for rule in rules[::-1]:\n        here =",
        ),
    )
    yield message(
        "inner-fields-not-judged",
        Edit(
            FIELDS,
            "            check(rule.fields, value, fault, here)",
            "            value.setdefault",
        ),
        every(
            MESSAGES,
            "    return MESSAGE_CLASSES[header.code]._from_payload(header.request_id, payload)",
            '    payload.get("error", {}).setdefault("error_type", "DirtyError")\n'
            '    payload.get("error", {}).setdefault("message", "")\n'
            "    return MESSAGE_CLASSES[header.code]._from_payload(header.request_id, payload)",
        ),
    )
    parsed = "    if RULES[header.code].fields is None:\n        return cls._from_payload"
    yield message(
        "unknown-error-type-refused",
        Edit(
            MESSAGES,
            parsed,
            "    if header.code == MessageCode.ERROR and b'error_type' in bytes(data) and b'Dirty' not in bytes(data):\n"
            "        raise ProtocolError('invalid_field_value', 'no', offset=start)\n" + parsed,
        ),
    )
    yield message(
        "any-value-taken-as-payload",
        Edit(
            MESSAGES,
            "    if type(payload) is not dict:\n",
            "    if type(payload) is not dict:\n        payload = {}\n    if payload is None:\n",
        ),
    )


def payloads() -> Iterator[Mutant]:
    yield message(
        "bytes-after-the-payload-accepted",
        Edit(
            MESSAGES,
            "        if stop == len(data) and type",
            "        if stop <= len(data) and type",
        ),
        every(CLASSES, "if pos != len(source)", "if pos > len(source)"),
    )
    order = (
        "    if stop != len(data):\n"
        "        raise ProtocolError(\n"
        '            "trailing_data", f"{len(data) - stop} bytes follow the value", offset=stop\n'
        "        )\n"
    )
    shape = (
        "    if type(payload) is not dict:\n"
        "        raise ProtocolError(\n"
        '            "payload_not_dict", f"a {type(payload).__name__} is no payload", offset=start\n'
        "        )\n"
    )
    yield message("shape-before-trailing", Edit(MESSAGES, order + shape, shape + order))
    checked = "    fields.check(rules, payload, fault)\n"
    yield message(
        "fields-before-trailing",
        Edit(MESSAGES, order, ""),
        Edit(MESSAGES, checked, checked + order),
    )
    early = "    offsets: dict[strict.Location, int] = {}\n"
    yield message(
        "shape-before-value",
        Edit(
            MESSAGES,
            early,
            early + "    if start < len(data) and data[start] != _DICT.code:\n"
            '        raise ProtocolError("payload_not_dict", "first", offset=start)\n',
        ),
    )
    yield message(
        "payload-offset-from-the-payload",
        Edit(
            MESSAGES,
            "            error.offset += HEADER_BYTES - start\n",
            "            error.offset -= start\n",
        ),
    )
    place = "        offset = offsets.get(location, offsets[location[:-1]])\n"
    for name, new in {
        "field-offset-of-the-payload": "offsets[()]",
        "missing-offset-of-the-end": "offsets.get(location, len(data))",
        "missing-offset-of-the-root": "offsets.get(location, offsets[()])",
        "field-offset-of-its-key": "offsets.get(location, offsets[location[:-1]]) - (location in offsets)",
    }.items():
        yield message(name, Edit(MESSAGES, place, f"        offset = {new}\n"))
    yield message(
        "field-path-lost",
        Edit(
            MESSAGES,
            "ProtocolError(code, reason, offset=offset, location=location)",
            "ProtocolError(code, reason, offset=offset)",
        ),
    )
    yield message(
        "missing-path-of-the-dict",
        Edit(
            FIELDS,
            '"missing_field", f"the field {rule.name} is required", here',
            '"missing_field", f"the field {rule.name} is required", location',
        ),
    )
    yield message(
        "field-path-of-its-name",
        Edit(
            FIELDS,
            "        here = (*location, rule.name)\n",
            "        here = (*location, rule.name)\n        location = location[:0]\n",
        ),
    )
    yield message(
        "written-field-path-lost",
        Edit(FIELDS, 'phase="encode", location=location,', 'phase="encode",'),
    )
    for old, new in (
        ("missing_field", "wrong_field_type"),
        ("wrong_field_type", "invalid_field_value"),
        ("invalid_field_value", "wrong_field_type"),
    ):
        yield message(f"code-of-{old.replace('_', '-')}", Edit(FIELDS, f'"{old}"', f'"{new}"'))
    yield message(
        "code-of-payload-not-dict", Edit(MESSAGES, '"payload_not_dict"', '"wrong_field_type"')
    )


def written() -> Iterator[Mutant]:
    yield message(
        "optional-none-written",
        every(
            CLASSES,
            "        if self.timeout is not None:\n            if type",
            "        if self.timeout is None:\n            out(b'\\x11\\x00\\x00\\x00\\x07timeout\\x00')\n        else:\n            if type",
        ),
        every(CLASSES, "[(self.timeout is not None) + ", "[True + "),
    )
    yield message(
        "written-fields-not-judged",
        Edit(FIELDS, "    check(rule.fields or (), payload, fault)\n", ""),
    )
    yield message(
        "defaults-not-written",
        Edit(
            CLASSES,
            "        if type(self.kwargs) is not dict:\n            raise Doubt\n",
            "        if not self.kwargs:\n            raise Doubt\n",
        ),
        Edit(
            FIELDS,
            "        if rule.required or not leaves_out(rule, value):\n            payload",
            "        if rule.required or (value is not None and value != plain(rule.default)):\n            payload",
        ),
    )


GROUPS = (each_field, orders, judgements, payloads, written)
MUTANTS = tuple(mutant for group in GROUPS for mutant in group())
