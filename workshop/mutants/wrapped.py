"""Codecs with another opinion of what bytes mean: faults of understanding, which no operator makes.

Rules: the codec's own work is wrapped at its public names. What it is given, or what it gives, is
changed on the way, or refused before it has its turn; its sources are not looked at.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any

from gdproto.declaration import (
    ERROR_TYPES,
    HEADER_BYTES,
    HEADER_FIELDS,
    MAGIC,
    MAX_PAYLOAD_BYTES,
    MESSAGES,
    VERSION,
    MessageCode,
)

from .mutant import Sources, original

Change = Callable[[Any], Any]
AT = {field.name: field.offset for field in HEADER_FIELDS}
HAS_PAYLOAD = frozenset(rule.code for rule in MESSAGES if rule.fields is not None)


@dataclass(frozen=True)
class Wrapped:
    """One broken codec.

    Attributes:
        name: says what it does wrong.
        wrap: changes the loaded codec.
    """

    name: str
    wrap: Callable[[ModuleType], None]

    def sources(self) -> Sources:
        """Those of the codec."""
        return original()


# --- values ---


def everywhere(change: Change, value: Any) -> Any:
    """The value with the change made in it, from the inside out; what is too deep stays."""

    def changed(one: Any) -> Any:
        if isinstance(one, list):
            one = [changed(item) for item in one]
        elif isinstance(one, dict):
            one = {key: changed(item) for key, item in one.items()}
        return change(one)

    try:
        return changed(value)
    except RecursionError:
        return value


def only(kind: type, change: Change) -> Change:
    """A change of values of exactly this type."""
    return lambda one: change(one) if type(one) is kind else one


def keys(change: Change) -> Change:
    return only(dict, lambda one: {change(key): item for key, item in one.items()})


def whole(one: float) -> Any:
    return int(one) if one.is_integer() and abs(one) < 2**63 else one


def wrapping(one: int) -> int:
    return (one + 2**63) % 2**64 - 2**63


def unpaired(one: str) -> str:
    """What is no Unicode replaced."""
    return one.encode("utf-8", "replace").decode()


def normal(one: Any) -> Any:
    return unicodedata.normalize("NFC", one) if isinstance(one, str) else one


READ: dict[str, Change] = {
    "int-read-as-float": only(int, float),
    "whole-float-read-as-int": only(float, whole),
    "minus-zero-read-as-zero": only(float, lambda one: one + 0.0),
    "nan-read-as-none": only(float, lambda one: None if math.isnan(one) else one),
    "bool-read-as-int": only(bool, int),
    "none-read-as-false": only(type(None), bool),
    "bytes-read-as-text": only(bytes, lambda one: one.decode("latin-1")),
    "no-bytes-read-as-none": only(bytes, lambda one: one or None),
    "empty-text-read-as-none": only(str, lambda one: one or None),
    "empty-list-read-as-none": only(list, lambda one: one or None),
    "list-reversed": only(list, lambda one: one[::-1]),
    "empty-key-dropped": only(dict, lambda one: {key: one[key] for key in one if key}),
    "byte-order-mark-dropped": only(str, lambda one: one.removeprefix("\ufeff")),
    "text-ends-at-nul": only(str, lambda one: one.split("\0")[0]),
    "text-normalised": only(str, normal),
    "text-stripped": only(str, str.strip),
    "text-in-latin-1": only(str, lambda one: one.encode().decode("latin-1")),
    "text-in-ascii": only(str, lambda one: one.encode("ascii", "replace").decode()),
    "keys-normalised": keys(normal),
    "keys-lower-case": keys(str.lower),
}
WRITTEN: dict[str, Change] = {
    "minus-zero-written-as-zero": only(float, lambda one: one + 0.0),
    "whole-float-written-as-int": only(float, whole),
    "int-written-as-float": only(int, lambda one: float(one) if abs(one) < 2**1000 else one),
    "int-wraps": only(int, wrapping),
    "int-clamped": only(int, lambda one: max(-(2**63), min(2**63 - 1, one))),
    "true-written-as-int": only(bool, int),
    "bools-written-alike": only(bool, lambda one: True),
    "none-written-as-false": only(type(None), bool),
    "bytes-written-as-text": only(bytes, lambda one: one.decode("latin-1")),
    "keys-sorted": only(dict, lambda one: dict(sorted(one.items(), key=repr))),
    "foreign-written-as-none": only(object, lambda one: None),
    "not-unicode-replaced": only(str, unpaired),
    "key-not-unicode-replaced": keys(lambda one: unpaired(one) if type(one) is str else one),
    "keys-written-as-text": keys(str),
    "equal-keys-written": keys(lambda one: str(one) if isinstance(one, int | float) else one),
}


def reading(change: Change, codec: ModuleType) -> None:
    """Values as they are read, alone and in the fields of messages."""
    decode, parse = codec.decode, codec.parse

    def parsed(data: Any, **options: Any) -> Any:
        message = parse(data, **options)
        for name in message.__slots__:
            if name != "request_id":
                setattr(message, name, everywhere(change, getattr(message, name)))
        return message

    codec.decode = lambda data, **options: everywhere(change, decode(data, **options))  # type: ignore[attr-defined]
    codec.parse = parsed  # type: ignore[attr-defined]


def writing(change: Change, codec: ModuleType) -> None:
    """Values before they are written."""
    encode = codec.encode
    codec.encode = lambda value: encode(everywhere(change, value))  # type: ignore[attr-defined]


# --- frames ---


def heard(change: Callable[[bytes], bytes], codec: ModuleType) -> None:
    """A frame taken for another one."""
    parse = codec.parse
    codec.parse = lambda data, **options: parse(change(bytes(data)), **options)  # type: ignore[attr-defined]


def with_field(name: str, change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """A frame with a field of its header changed."""
    field = next(one for one in HEADER_FIELDS if one.name == name)
    stop = field.offset + field.size
    return lambda data: data[: field.offset] + change(data[field.offset : stop]) + data[stop:]


def without_payload(code: int, data: bytes) -> bytes:
    """A frame of the message without its payload."""
    is_meant = len(data) >= HEADER_BYTES and data[AT["type"]] == code
    return (
        data[: AT["length"]] + bytes(4) + data[AT["request_id"] : HEADER_BYTES]
        if is_meant
        else data
    )


def with_some_payload(data: bytes) -> bytes:
    """A frame without payload as one with a dict that has all that some messages need."""
    if len(data) != HEADER_BYTES or data[AT["type"]] not in HAS_PAYLOAD or any(data[4:8]):
        return data
    body = b"\x21\0\0\0\x02\x11\0\0\0\x06result\0\x11\0\0\0\x04data\0"
    return data[:4] + len(body).to_bytes(4) + data[8:] + body


HEARD: dict[str, Callable[[bytes], bytes]] = {
    "magic-ignored": with_field("magic", lambda _: MAGIC),
    "magic-in-any-case": with_field("magic", bytes.upper),
    "magic-first-letter-only": with_field("magic", lambda one: one[:1] + MAGIC[1:]),
    "magic-second-letter-only": with_field("magic", lambda one: MAGIC[:1] + one[1:]),
    "version-ignored": with_field("version", lambda _: bytes([VERSION])),
    "older-version-accepted": with_field("version", lambda one: max(one, bytes([VERSION]))),
    "newer-version-accepted": with_field("version", lambda one: min(one, bytes([VERSION]))),
    "request-id-of-32-bits": with_field("request_id", lambda one: bytes(4) + one[4:]),
    "request-id-of-63-bits": with_field("request_id", lambda one: bytes([one[0] & 127]) + one[1:]),
    "request-id-backwards": with_field("request_id", lambda one: one[::-1]),
    "bytes-after-the-frame-accepted": lambda data: (
        data[: HEADER_BYTES + int.from_bytes(data[4:8])] if len(data) >= HEADER_BYTES else data
    ),
    "empty-payload-accepted": with_some_payload,
} | {
    f"payload-in-{rule.name.lower()}-accepted": partial(without_payload, rule.code)
    for rule in MESSAGES
    if rule.fields is None
}


# --- what is judged first ---


@dataclass(frozen=True)
class First:
    """A rule that is judged before its turn: when a header breaks it, whatever else it breaks."""

    code: str
    field: str
    is_broken: Callable[[bytes], bool]
    after: tuple[str, ...] = ()


def _is_unknown(data: bytes) -> bool:
    return data[AT["type"]] not in [int(code) for code in MessageCode]


def _is_too_long(data: bytes) -> bool:
    return int.from_bytes(data[AT["length"] : AT["request_id"]]) > MAX_PAYLOAD_BYTES


def _is_other(data: bytes) -> bool:
    return data[AT["version"]] != VERSION


def _is_bad(data: bytes) -> bool:
    return data[: len(MAGIC)] != MAGIC


FIRST = {
    "version-before-magic": First("unsupported_version", "version", _is_other),
    "type-before-magic": First("unknown_message_type", "type", _is_unknown),
    "length-before-magic": First("payload_too_large", "length", _is_too_long),
    "type-before-version": First("unknown_message_type", "type", _is_unknown, ("magic",)),
    "length-before-version": First("payload_too_large", "length", _is_too_long, ("magic",)),
    "length-before-type": First("payload_too_large", "length", _is_too_long, ("magic", "version")),
    "magic-judged-early": First("bad_magic", "magic", _is_bad, ("whole",)),
}
BREAKS = {"magic": _is_bad, "version": _is_other}


def judging_first(rule: First, codec: ModuleType) -> None:
    parse = codec.parse

    def parsed(data: bytes, **options: Any) -> Any:
        is_whole = len(data) >= HEADER_BYTES
        is_turn = not any(BREAKS[name](data) for name in rule.after if name in BREAKS)
        if (is_whole or "whole" in rule.after) and is_turn and rule.is_broken(data):
            raise codec.ProtocolError(rule.code, "", phase="header", offset=AT[rule.field])
        return parse(data, **options)

    codec.parse = parsed  # type: ignore[attr-defined]


# --- what is refused though it is valid ---


def _unknown_keys(payload: Any, message: Any) -> bool:
    return isinstance(payload, dict) and bool(payload.keys() - FIELDS[message.CODE])


def _out_of_order(payload: Any, message: Any) -> bool:
    known = [key for key in payload or () if key in FIELDS[message.CODE]]
    return known != sorted(known, key=FIELDS[message.CODE].index)


def _unknown_error(payload: Any, message: Any) -> bool:
    return getattr(message, "error_type", NAMES[0]) not in NAMES


def _says_none(payload: Any, message: Any) -> bool:
    optional = OPTIONAL[message.CODE]
    return isinstance(payload, dict) and any(payload.get(key, "") is None for key in optional)


FIELDS = {rule.code: [field.name for field in rule.fields or ()] for rule in MESSAGES}
OPTIONAL = {
    rule.code: [field.name for field in rule.fields or () if not field.required]
    for rule in MESSAGES
}
NAMES = [one.name for one in ERROR_TYPES]
REFUSED: dict[str, Callable[[Any, Any], bool]] = {
    "unknown-keys-refused": _unknown_keys,
    "fields-only-in-order": _out_of_order,
    "unknown-error-type-refused": _unknown_error,
    "none-of-an-optional-field-refused": _says_none,
    "request-id-0-refused": lambda payload, message: not message.request_id,
    "request-id-of-53-bits": lambda payload, message: message.request_id >= 2**53,
}


def refusing(is_refused: Callable[[Any, Any], bool], codec: ModuleType) -> None:
    parse, decode = codec.parse, codec.decode

    def parsed(data: bytes, **options: Any) -> Any:
        message = parse(data, **options)
        payload = decode(data[HEADER_BYTES:]) if len(data) > HEADER_BYTES else None
        if is_refused(payload, message):
            raise codec.ProtocolError("invalid_field_value", "")
        return message

    codec.parse = parsed  # type: ignore[attr-defined]


# --- connections ---


def connecting(change: Callable[[type], dict[str, Any]], codec: ModuleType) -> None:
    """A connection with other methods."""
    sound = codec.Connection
    codec.Connection = type("Connection", (sound,), change(sound))  # type: ignore[attr-defined]


def empty_is_the_end(sound: Any) -> dict[str, Any]:
    def receive_data(self: Any, data: bytes) -> None:
        sound.receive_data(self, data)
        if not data:
            self.receive_eof()

    return {"receive_data": receive_data}


def one_byte_is_lost(sound: Any) -> dict[str, Any]:
    def receive_data(self: Any, data: bytes) -> None:
        if len(data) != 1:
            sound.receive_data(self, data)

    return {"receive_data": receive_data}


def end_drops_what_came(sound: Any) -> dict[str, Any]:
    def receive_eof(self: Any) -> None:
        sound.__init__(self, self.role.name)
        sound.receive_eof(self)

    return {"receive_eof": receive_eof}


def giving_up_all(sound: Any) -> dict[str, Any]:
    def abandon(self: Any, request_id: int) -> None:
        for one in tuple(self.open_exchanges):
            sound.abandon(self, one)

    return {"abandon": abandon}


def refusal_closes(sound: Any) -> dict[str, Any]:
    def send(self: Any, message: Any) -> Any:
        try:
            return sound.send(self, message)
        except Exception:
            self.receive_eof()
            raise

    return {"send": send}


def refusal_gives_up(sound: Any) -> dict[str, Any]:
    def send(self: Any, message: Any) -> Any:
        try:
            return sound.send(self, message)
        except Exception:
            self.abandon(message.request_id)
            raise

    return {"send": send}


def error_closes(sound: Any) -> dict[str, Any]:
    def next_event(self: Any) -> Any:
        event = sound.next_event(self)
        if getattr(event, "message", None).__class__.__name__ == "Error":
            self.receive_eof()
        return event

    return {"next_event": next_event}


CONNECTED: dict[str, Callable[[type], dict[str, Any]]] = {
    "empty-portion-is-the-end": empty_is_the_end,
    "portion-of-one-byte-lost": one_byte_is_lost,
    "end-drops-what-came-before": end_drops_what_came,
    "giving-up-all": giving_up_all,
    "refused-sending-closes": refusal_closes,
    "refused-sending-gives-up": refusal_gives_up,
    "error-closes": error_closes,
}


MUTANTS = (
    *(Wrapped(name, partial(reading, change)) for name, change in READ.items()),
    *(Wrapped(name, partial(writing, change)) for name, change in WRITTEN.items()),
    *(Wrapped(name, partial(heard, change)) for name, change in HEARD.items()),
    *(Wrapped(name, partial(judging_first, rule)) for name, rule in FIRST.items()),
    *(Wrapped(name, partial(refusing, is_refused)) for name, is_refused in REFUSED.items()),
    *(Wrapped(name, partial(connecting, change)) for name, change in CONNECTED.items()),
)
