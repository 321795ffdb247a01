"""The fields of payloads: judged in table order, each for presence, type and value."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from .encoded import Encoded
from .errors import ProtocolError
from .rows import FieldRule, MessageRule
from .strict import plain

Location = tuple[str, ...]


def check(
    rules: tuple[FieldRule, ...],
    payload: Mapping[str, Any],
    fault: Callable[[str, str, Location], ProtocolError],
    location: Location = (),
) -> None:
    """Judge the fields of a decoded payload.

    Args:
        rules: the fields, in table order.
        payload: values by key; unknown keys are ignored.
        fault: makes the error from its code, its reason and the field's location.
        location: keys that lead to `payload`.

    Raises:
        ProtocolError: what `fault` returns for the first fault.
    """
    for rule in rules:
        here = (*location, rule.name)
        value: Any = payload.get(rule.name)
        if rule.name not in payload:
            if rule.required:
                raise fault("missing_field", f"the field {rule.name} is required", here)
            continue
        if value is None and not rule.required:
            continue
        if rule.types and type(value) not in rule.types:
            wanted = " or ".join(kind.__name__ for kind in rule.types)
            raise fault("wrong_field_type", f"{wanted} wanted, not {type(value).__name__}", here)
        if not permits(rule, value):
            raise fault("invalid_field_value", f"{_short(value)} is not possible here", here)
        if rule.fields:
            check(rule.fields, value, fault, here)


def permits(rule: FieldRule, value: Any) -> bool:
    """Whether a value of the right type is a possible one."""
    if rule.finite and isinstance(value, float) and not math.isfinite(value):
        return False
    if rule.minimum is not None and value < rule.minimum:
        return False
    if rule.maximum is not None and value > rule.maximum:
        return False
    if rule.choices is not None and value not in rule.choices:
        return False
    return not (rule.scalar and isinstance(value, list | dict))


def _short(value: Any) -> str:
    return repr(value)[:60] if isinstance(value, int | float | str) else type(value).__name__


def payload_of(message: Any, rule: MessageRule) -> dict[str, Any]:
    """The payload of a message as a dict in canonical order, its fields judged.

    Raises:
        ProtocolError: a field has the wrong type or an impossible value.
    """

    def fault(code: str, reason: str, location: Location) -> ProtocolError:
        return ProtocolError(
            code, reason, phase="encode", location=location, request_id=message.request_id
        )

    payload = _collect(message, rule.fields or ())
    check(rule.fields or (), payload, fault)
    return payload


def _collect(message: Any, rules: tuple[FieldRule, ...]) -> dict[str, Any]:
    payload: dict[str, Any] = {}
    for rule in rules:
        if rule.fields:
            payload[rule.name] = _collect(message, rule.fields)
            continue
        value = getattr(message, rule.name)
        if type(value) is not Encoded or rule.types or rule.scalar:
            value = plain(value)
        if value is None and not rule.required:
            value = plain(rule.default)
        if rule.required or not leaves_out(rule, value):
            payload[rule.name] = value
    return payload


def leaves_out(rule: FieldRule, value: Any) -> bool:
    """Whether an optional field is not written with this value."""
    is_default = type(value) is type(rule.default) and value == rule.default
    return value is None or (is_default and not rule.default_written)
