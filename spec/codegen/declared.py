"""The IR, read back from the machine-readable spec: what an installed compiler prints from.

Rules: nothing of the declaration is looked at, so what a backend prints from here proves that the
document says all that a backend needs. One thing is not in the document: the next state after a
fault of the connection, which nothing has; here it is the state before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import ir

Json = Mapping[str, Any]


def spec_of(document: Json) -> ir.Spec:
    """The IR of a document as `machine.document` makes it.

    Raises:
        KeyError: a key is missing; `spec/machine.schema.json` says which there are.
    """
    limits = {one["name"]: ir.Limit(**one) for one in document["limits"]}
    values = tuple(_value(one, limits) for one in document["values"])
    kinds = {value.name: value.kind for value in values}
    states = tuple((one["name"], one["meaning"]) for one in document["states"])
    transitions = tuple(_transition(one) for one in document["transitions"])
    notice = _transition(document["notice"])
    opener = next(one.sender for one in transitions if one.sender != notice.sender)
    return ir.Spec(
        limits=tuple(limits.values()),
        header=tuple(_header_field(one, limits) for one in document["header"]),
        value_error=document["value_error"],
        values=values,
        messages=tuple(_message(one, kinds) for one in document["messages"]),
        enumerations=tuple(
            (n, tuple(held.items())) for n, held in document["enumerations"].items()
        ),
        extension_codes=(document["extension_codes"]["first"], document["extension_codes"]["last"]),
        error_codes=tuple(_error_code(one, document) for one in document["error_codes"]),
        error_types=tuple(_error_type(one) for one in document["error_types"]),
        states=states,
        transitions=transitions,
        roles=tuple(_role(one) for one in document["roles"]),
        connection_request_id=document["notice"]["request_id"],
        forms=tuple(_form(one) for one in document["forms"]),
        questions=tuple(_question(one) for one in document["questions"]),
        notice=notice,
        not_opened=_transition(
            {**document["not_opened"], "state": states[0][0], "sender": opener, "message": ""}
        ),
        after_fault=tuple(ir.AfterFault(**one) for one in document["after_fault"]),
        stages=tuple(_stage(one) for one in document["judging"]),
        offsets=tuple(document["offsets"].items()),
        places=tuple(document["paths"].items()),
        paths=_paths(document["path"]),
        fitting=document["fitting"],
        text=tuple(document["text"].items()),
        raw_data_bytes=document["raw_data_bytes"],
        error_text_bytes=document["error_text_bytes"],
    )


def _header_field(one: Json, limits: Mapping[str, ir.Limit]) -> ir.HeaderField:
    constant = one.get("constant")
    return ir.HeaderField(
        name=one["name"],
        offset=one["offset"],
        size=one["bytes"],
        number=one["encoding"],
        constant=bytes.fromhex(constant) if isinstance(constant, str) else constant,
        limit=limits[one["limit"]] if "limit" in one else None,
        error=one.get("error", ""),
        meaning=one["meaning"],
    )


def _value(one: Json, limits: Mapping[str, ir.Limit]) -> ir.ValueType:
    return ir.ValueType(
        name=one["name"],
        code=one["code"],
        kind=one["kind"],
        minimum=one.get("minimum"),
        maximum=one.get("maximum"),
        body=BODIES[one["body"]["form"]](one["body"], limits),
        meaning=one["meaning"],
    )


def _mapped(body: Json, _: Mapping[str, ir.Limit]) -> ir.Body:
    choices = tuple((choice["number"], choice["stands_for"]) for choice in body["choices"])
    return ir.Mapped(body["encoding"], body["bytes"], choices, body["error"])


def _blob(body: Json, limits: Mapping[str, ir.Limit]) -> ir.Body:
    return ir.Blob(_size(body["length"], limits), text=body["form"] == "text")


def _container(body: Json, limits: Mapping[str, ir.Limit]) -> ir.Body:
    return ir.Container(
        count=_size(body["count"], limits),
        depth=limits[body["depth"]],
        smallest_element_bytes=body["smallest_element_bytes"],
        key_error=body.get("key_error", ""),
    )


BODIES: Mapping[str, Callable[[Json, Mapping[str, ir.Limit]], ir.Body]] = {
    "empty": lambda body, limits: ir.Empty(),
    "number": lambda body, limits: ir.Fixed(body["encoding"], body["bytes"]),
    "choice": _mapped,
    "bytes": _blob,
    "text": _blob,
    "list": _container,
    "dict": _container,
}


def _size(one: Json, limits: Mapping[str, ir.Limit]) -> ir.SizeField:
    return ir.SizeField(one["encoding"], one["bytes"], limits[one["limit"]])


def _message(one: Json, kinds: Mapping[str, str]) -> ir.Message:
    fields = tuple(_field(field, kinds) for field in one["fields"])
    return ir.Message(
        name=one["name"],
        code=one["code"],
        fields=None if one["payload"] == "none" else fields,
        arguments=tuple(one["arguments"]),
        extension=one.get("extension", ""),
        meaning=one["meaning"],
    )


def _field(one: Json, kinds: Mapping[str, str]) -> ir.Field:
    absent = one.get("absent", {"written": True})
    default = absent.get("default")
    types = () if one["types"] == "any" else one["types"]
    return ir.Field(
        name=one["name"],
        types=tuple(dict.fromkeys(kinds[name] for name in types)),
        meaning=one["meaning"],
        required=one["required"],
        default=tuple(default) if isinstance(default, list) else default,
        default_written="default" not in absent or absent["written"],
        minimum=one.get("minimum"),
        maximum=one.get("maximum"),
        finite=one.get("finite", False),
        choices=tuple(one.get("choices", {}).items()),
        scalar=one.get("scalar", False),
        fields=tuple(_field(inner, kinds) for inner in one.get("fields", ())),
    )


def _error_code(one: Json, document: Json) -> ir.ErrorCode:
    phases = {stage["name"]: stage["phase"] for stage in document["judging"]}
    scopes = dict.fromkeys((phases[place["stage"]], place["scope"]) for place in one["found"])
    return ir.ErrorCode(one["name"], tuple(scopes), one["meaning"])


def _error_type(one: Json) -> ir.ErrorType:
    return ir.ErrorType(one["name"], one.get("parent", ""), tuple(one["details"]), one["meaning"])


def _stage(one: Json) -> ir.Stage:
    checks = tuple(ir.Check(**check) for check in one["checks"])
    return ir.Stage(one["name"], one["phase"], one.get("scope", ""), one["meaning"], checks)


def _paths(one: Json) -> ir.Paths:
    return ir.Paths(
        max_path_chars=one["max_characters"],
        max_key_chars=one["max_key_characters"],
        ellipsis=one["ellipsis"],
        identifier=one["plain_key"],
        escapes=tuple(one["escapes"].items()),
    )


def _transition(row: Json) -> ir.Transition:
    return ir.Transition(
        state=row["state"],
        sender=row["sender"],
        message=row["message"],
        next=row.get("next", row["state"]),
        outcome=row["error"] if row["outcome"] == "refuse" else row["outcome"],
        scope=row.get("scope", ""),
    )


def _role(one: Json) -> ir.Role:
    return ir.Role(
        name=one["name"],
        side=one["side"],
        peer=one["peer"],
        opens=tuple(one["opens"]),
        max_open=None if one["max_open"] == "any" else one["max_open"],
        meaning=one["meaning"],
        more_by=one.get("more_by", ""),
    )


def _form(one: Json) -> ir.Form:
    fields = tuple(
        ir.FormField(
            name=field["name"],
            type=_type(field["type"]),
            core=field["core"],
            nullable=field["nullable"],
            unit=field.get("unit", ""),
            meaning=field["meaning"],
        )
        for field in one["fields"]
    )
    return ir.Form(one["name"], fields, one["meaning"])


def _type(one: Json) -> ir.Type:
    return ir.Type(one["kind"], _type(one["of"]) if "of" in one else None, one.get("form", ""))


def _question(one: Json) -> ir.Question:
    return ir.Question(
        message=one["message"],
        answerer=one["answerer"],
        enumeration=one.get("enumeration", ""),
        operations=tuple(_operation(operation) for operation in one["operations"]),
    )


def _operation(one: Json) -> ir.Operation:
    return ir.Operation(
        name=one["name"],
        code=one["code"],
        parameters=tuple(ir.Parameter(**{"max_bytes": 0} | given) for given in one["parameters"]),
        result=_type(one["result"]),
        errors=tuple(one["errors"].items()),
        or_default=one["or_default"],
        meaning=one["meaning"],
    )
