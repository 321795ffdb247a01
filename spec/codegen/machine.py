"""The machine-readable spec: all facts as JSON, for tools and for peers in other languages.

`spec/machine.schema.json` says what each key means. What does not apply is left out; null is never
written. A change that readers must know of takes a new number of the schema.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from . import ir
from .layout import types_of

SCHEMA = 1
PATH = "gdproto/_generated/spec.json"
SCHEMA_PATH = Path(__file__).resolve().parents[1] / "machine.schema.json"

Json = dict[str, Any]


def files(spec: ir.Spec, mark: str) -> dict[str, str]:
    """File contents by path below the repository's root."""
    text = json.dumps(document(spec, mark), indent=1, ensure_ascii=False)
    return {PATH: text + "\n"}


def document(spec: ir.Spec, mark: str) -> Json:
    """The whole document."""
    return {
        "protocol": "GD",
        "version": spec.version,
        "schema": SCHEMA,
        "generated": mark,
        "byte_order": ir.BYTE_ORDER,
        "limits": [_limit(limit) for limit in spec.limits],
        "header": [_header_field(field) for field in spec.header],
        "header_bytes": spec.header_bytes,
        "value_error": spec.value_error,
        "values": [_value(value) for value in spec.values],
        "text": dict(spec.text),
        "fitting": spec.fitting,
        "messages": [_message(message, spec) for message in spec.messages],
        "extension_codes": dict(zip(("first", "last"), spec.extension_codes, strict=True)),
        "enumerations": {name: dict(members) for name, members in spec.enumerations},
        "error_codes": [_error_code(code, spec) for code in spec.error_codes],
        "error_types": [_error_type(one) for one in spec.error_types],
        "raw_data_bytes": spec.raw_data_bytes,
        "error_text_bytes": spec.error_text_bytes,
        "judging": [_stage(stage) for stage in spec.stages],
        "offsets": dict(spec.offsets),
        "paths": dict(spec.places),
        "path": _path(spec.paths),
        **_exchanges(spec),
        "questions": [_question(question) for question in spec.questions],
        "forms": [_form(form) for form in spec.forms],
    }


def _given(**members: Any) -> Json:
    """The members that are not empty; 0 and False are something."""
    return {name: held for name, held in members.items() if held is not None and held != ""}


def _limit(limit: ir.Limit) -> Json:
    return {
        "name": limit.name, "value": limit.value, "error": limit.error, "meaning": limit.meaning,
    }  # fmt: skip


def _header_field(field: ir.HeaderField) -> Json:
    constant = field.constant
    return _given(
        name=field.name,
        offset=field.offset,
        bytes=field.size,
        encoding=field.number,
        constant=constant.hex() if isinstance(constant, bytes) else constant,
        limit=field.limit and field.limit.name,
        error=field.error,
        meaning=field.meaning,
    )


def _value(value: ir.ValueType) -> Json:
    return _given(
        name=value.name,
        code=value.code,
        kind=value.kind,
        minimum=value.minimum,
        maximum=value.maximum,
        body=_body(value.body),
        meaning=value.meaning,
    )


def _body(body: ir.Body) -> Json:
    match body:
        case ir.Empty():
            return {"form": "empty"}
        case ir.Fixed(number, size):
            return {"form": "number", "encoding": number, "bytes": size}
        case ir.Mapped(number, size, choices, error):
            means = [{"number": raw, "stands_for": value} for raw, value in choices]
            numbers = {"encoding": number, "bytes": size, "choices": means, "error": error}
            return {"form": "choice", **numbers}
        case ir.Blob(length, text):
            return {"form": "text" if text else "bytes", "length": _size(length)}
        case ir.Container(count, depth, smallest, key_error):
            return _given(
                form="dict" if key_error else "list",
                count=_size(count),
                depth=depth.name,
                smallest_element_bytes=smallest,
                key_error=key_error,
            )


def _size(field: ir.SizeField) -> Json:
    return {"encoding": field.number, "bytes": field.size, "limit": field.limit.name}


def _message(message: ir.Message, spec: ir.Spec) -> Json:
    return _given(
        name=message.name,
        code=message.code,
        payload="none" if message.fields is None else "dict",
        fields=[_field(field, spec) for field in message.fields or ()],
        arguments=list(message.arguments),
        extension=message.extension,
        meaning=message.meaning,
    )


def _field(field: ir.Field, spec: ir.Spec) -> Json:
    described = _given(
        name=field.name,
        types=types_of(field, spec) or "any",
        required=field.required,
        minimum=field.minimum,
        maximum=field.maximum,
        finite=field.finite or None,
        choices=dict(field.choices) or None,
        scalar=field.scalar or None,
        fields=[_field(inner, spec) for inner in field.fields] or None,
        meaning=field.meaning,
    )
    return described if field.required else {**described, "absent": _absent(field)}


def _absent(field: ir.Field) -> Json:
    """What it means that an optional field is absent, or none."""
    if field.default is None:
        return {"means": "none", "written": False}
    return {"means": "default", "default": field.default, "written": field.default_written}


def _error_code(code: ir.ErrorCode, spec: ir.Spec) -> Json:
    found = [
        {"stage": stage.name, "scope": stage.scope, "offset": check.offset, "path": check.path}
        for stage in spec.stages
        for check in stage.checks
        if check.code == code.name
    ]
    states = [scope for phase, scope in code.scopes if phase == "state"]
    found += [{"stage": "state", "scope": s, "offset": "none", "path": "none"} for s in states]
    return {"name": code.name, "found": found, "meaning": code.meaning}


def _error_type(one: ir.ErrorType) -> Json:
    return _given(name=one.name, parent=one.parent, details=list(one.details), meaning=one.meaning)


def _stage(stage: ir.Stage) -> Json:
    checks = [
        {"code": one.code, "fault": one.fault, "offset": one.offset, "path": one.path}
        for one in stage.checks
    ]
    return _given(
        name=stage.name,
        phase=stage.phase,
        scope=stage.scope,
        meaning=stage.meaning,
        checks=checks,
    )


def _path(paths: ir.Paths) -> Json:
    return {
        "max_characters": paths.max_path_chars,
        "max_key_characters": paths.max_key_chars,
        "ellipsis": paths.ellipsis,
        "plain_key": paths.identifier,
        "separator": ".",
        "index": ["[", "]"],
        "quoted_key": ['["', '"]'],
        "escapes": dict(paths.escapes),
        "other_controls": "\\u and four hexadecimal digits in lower case, below U+0020",
    }


def _exchanges(spec: ir.Spec) -> Json:
    return {
        "states": [{"name": name, "meaning": meaning} for name, meaning in spec.states],
        "transitions": [_transition(row) for row in spec.transitions],
        "not_opened": _outcome(spec.not_opened),
        "notice": {"request_id": spec.connection_request_id, **_transition(spec.notice)},
        "after_fault": [
            {"sender": row.sender, "ends": row.ends, "next": row.next} for row in spec.after_fault
        ],
        "roles": [_role(role) for role in spec.roles],
    }


def _transition(row: ir.Transition) -> Json:
    before = {"state": row.state, "sender": row.sender, "message": row.message}
    return {**before, **_outcome(row)}


def _outcome(row: ir.Transition) -> Json:
    """What a frame does: after a fault of the connection there is no next state."""
    if not row.scope:
        return {"outcome": row.outcome, "next": row.next}
    refused = {"outcome": "refuse", "error": row.outcome, "scope": row.scope}
    return refused if row.scope == "connection" else {**refused, "next": row.next}


def _role(role: ir.Role) -> Json:
    return {
        "name": role.name,
        "side": role.side,
        "peer": role.peer,
        "opens": list(role.opens),
        "max_open": "any" if role.max_open is None else role.max_open,
        **({"more_by": role.more_by} if role.more_by else {}),
        "meaning": role.meaning,
    }


def _question(question: ir.Question) -> Json:
    return _given(
        message=question.message,
        answerer=question.answerer,
        enumeration=question.enumeration,
        operations=[_operation(one) for one in question.operations],
    )


def _operation(one: ir.Operation) -> Json:
    takes = [
        _given(name=p.name, kind=p.kind, required=p.required, max_bytes=p.max_bytes or None)
        for p in one.parameters
    ]
    return {
        "name": one.name,
        "code": one.code,
        "parameters": takes,
        "result": _type(one.result),
        "errors": dict(one.errors),
        "or_default": one.or_default,
        "meaning": one.meaning,
    }


def _form(form: ir.Form) -> Json:
    fields = [
        _given(
            name=field.name,
            type=_type(field.type),
            core=field.core,
            nullable=field.nullable,
            unit=field.unit,
            meaning=field.meaning,
        )
        for field in form.fields
    ]
    return {"name": form.name, "fields": fields, "meaning": form.meaning}


def _type(one: ir.Type) -> Json:
    return _given(kind=one.kind, of=_type(one.of) if one.of else None, form=one.form)
