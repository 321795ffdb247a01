"""Codecs that all cases once let pass: what a peer's author misread, or wrote too fast.

Rules: as for `wrapped`. Each stays killed by the case that was written for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

from gdproto.declaration import HEADER_BYTES, OPENING

from .wrapped import Change, Wrapped, connecting, only, reading, writing

DICT, COUNT_AT, COUNT_STOP = 0x21, 1, 5
# How many a codec may take at once.
AT_ONCE = 64
QUOTED = re.compile(r'\["(.*?)(\u2026?)"\]')
ELLIPSIS = "\u2026"


# --- equal keys among many ---


def reading_twins(above: int, codec: ModuleType) -> None:
    """A dict of more keys is not looked through for equal ones where it is read."""
    decode = codec.decode

    def decoded(data: Any, **options: Any) -> Any:
        try:
            return decode(data, **options)
        except codec.ProtocolError as error:
            count = int.from_bytes(data[COUNT_AT:COUNT_STOP])
            if error.code != "duplicate_key" or data[0] != DICT or count <= above:
                raise
            return {}

    codec.decode = decoded  # type: ignore[attr-defined]


def writing_twins(above: int, codec: ModuleType) -> None:
    """As before, where it is written."""
    encode = codec.encode

    def encoded(value: Any) -> bytes:
        try:
            data: bytes = encode(value)
        except codec.ProtocolError as error:
            if error.code != "duplicate_key" or len(value) <= above:
                raise
            return b""
        return data

    codec.encode = encoded  # type: ignore[attr-defined]


# --- runs ---


def floats(change: Callable[[float], float], is_run: Callable[[int], bool]) -> Change:
    """A change of each float in a list of floats, of such a length."""

    def changed(one: list[Any]) -> Any:
        plain = all(type(item) is float for item in one)
        return [change(item) for item in one] if plain and is_run(len(one)) else one

    return only(list, changed)


def positive(one: float) -> float:
    return one + 0.0


def number(one: float) -> float:
    return one if one == one else 0.0


def is_short(length: int) -> bool:
    return length < AT_ONCE


def is_long(length: int) -> bool:
    return length >= AT_ONCE


def last_of_a_run(one: list[Any]) -> Any:
    """The last item that is taken at once is taken for an integer, whatever it is."""
    run = one[: AT_ONCE - 1]
    whole = len(one) >= AT_ONCE and all(type(item) is int for item in run)
    return [*run, int(one[AT_ONCE - 1]), *one[AT_ONCE:]] if whole and _is_number(one) else one


def _is_number(one: list[Any]) -> bool:
    return type(one[AT_ONCE - 1]) in (int, float)


RUNS = {
    f"{name}-in-{length}-lists": floats(change, is_run)
    for name, change in (("minus-zero", positive), ("nan", number))
    for length, is_run in (("short", is_short), ("long", is_long))
} | {"last-of-a-run-is-an-int": only(list, last_of_a_run)}


# --- depth ---


def kwargs_one_too_deep(codec: ModuleType) -> None:
    """Keyword arguments are counted from themselves on, not from the payload."""
    request = codec.Request
    to_bytes = request.to_bytes

    def written(self: Any) -> bytes:
        try:
            data: bytes = to_bytes(self)
        except codec.ProtocolError as error:
            (inner,) = self.kwargs.values() or (None,)
            if error.code != "nesting_too_deep" or not isinstance(inner, dict):
                raise
            self.kwargs = inner
            return written_once(self)
        return data

    def written_once(self: Any) -> bytes:
        data: bytes = to_bytes(self)
        return data

    request.to_bytes = written


# --- paths ---


def cut(measure: Callable[[str], int], path: str) -> str:
    """The path, cut at 200 of what is measured."""
    if measure(path) <= 200:
        return path
    while measure(path) > 199:
        path = path[:-1]
    return path + ELLIPSIS


def keys_cut(measure: Callable[[str], int], path: str) -> str:
    """The path, each key cut at 32 of what is measured."""

    def shorter(found: re.Match[str]) -> str:
        key, mark = found.groups()
        while measure(key) > 32:
            key, mark = key[:-1], ELLIPSIS
        return f'["{key}{mark}"]'

    return QUOTED.sub(shorter, path)


def in_bytes(text: str) -> int:
    return len(text.encode())


def in_units(text: str) -> int:
    return len(text.encode("utf-16-be")) // 2


def told(change: Callable[[str], str], codec: ModuleType) -> None:
    """The paths of faults written in another way."""
    for name in ("decode", "encode", "parse"):
        setattr(codec, name, _told(change, getattr(codec, name), codec))


def _told(change: Callable[[str], str], call: Any, codec: ModuleType) -> Any:
    def asked(*arguments: Any, **options: Any) -> Any:
        try:
            return call(*arguments, **options)
        except codec.ProtocolError as error:
            error.path = change(error.path)
            raise

    return asked


PATHS: dict[str, Callable[[str], str]] = {
    "delete-escaped": lambda path: path.replace("\x7f", "\\u007f"),
    "c1-control-escaped": lambda path: path.replace("\x85", "\\u0085"),
    "letter-not-ascii-is-plain": lambda path: re.sub(r'^\["(a\u00e9)"\]$', r"\1", path),
    "all-that-is-not-ascii-escaped": lambda path: re.sub(
        r"[\u0080-\u00ff]", lambda one: f"\\u{ord(one[0]):04x}", path
    ),
    "form-feed-as-a-number": lambda path: path.replace("\\f", "\\u000c"),
    "backspace-as-a-number": lambda path: re.sub(r"(?<!\\)\\b", r"\\u0008", path),
    "solidus-escaped": lambda path: path.replace("/", "\\/"),
    "newline-ends-an-identifier": lambda path: re.sub(r'^\["(a)\\n"\]$', "\\1\n", path),
    "path-cut-in-bytes": partial(cut, in_bytes),
    "path-cut-in-units": partial(cut, in_units),
    "key-cut-in-bytes": partial(keys_cut, in_bytes),
    "key-cut-in-units": partial(keys_cut, in_units),
}


# --- exchanges ---


def refusal_opens(sound: Any) -> dict[str, Any]:
    """What cannot be encoded has opened its exchange all the same."""

    def send(self: Any, message: Any) -> Any:
        try:
            return sound.send(self, message)
        except Exception as error:
            is_encoding = getattr(error, "code", "") == "nesting_too_deep"
            if is_encoding and message.CODE in OPENING:
                self._states[message.request_id] = "calling"
            raise

    return {"send": send}


def payload_in_a_cancel_ends_nothing(sound: Any) -> dict[str, Any]:
    """A payload where an opener may send none leaves the exchange as it is."""

    def next_event(self: Any) -> Any:
        before = dict(self._states)
        try:
            return sound.next_event(self)
        except Exception as error:
            is_meant = getattr(error, "code", "") == "unexpected_payload"
            if is_meant and self.role.side == "answerer":
                self._states.update(before)
            raise

    return {"next_event": next_event}


def payload_before_state(codec: ModuleType, sound: Any) -> dict[str, Any]:
    """The payload of a frame is judged before the table is asked."""

    def receive_data(self: Any, data: bytes) -> None:
        self.last = bytes(data)
        sound.receive_data(self, data)

    def next_event(self: Any) -> Any:
        try:
            return sound.next_event(self)
        except codec.ProtocolError as error:
            if error.code in ("unexpected_message", "duplicate_request_id"):
                self.judge()
            raise

    def judge(self: Any) -> None:
        try:
            codec.parse(self.last)
        except codec.ProtocolError as error:
            if error.code == "unknown_tlv_type":
                raise

    return {"receive_data": receive_data, "next_event": next_event, "judge": judge}


def state_before_the_rest(codec: ModuleType, sound: Any) -> dict[str, Any]:
    """An answer to nothing is refused by its header, before the rest has come."""

    def next_event(self: Any) -> Any:
        event = sound.next_event(self)
        head = self.unread(HEADER_BYTES) if event is codec.NEED_DATA else b""
        if self.role.side == "opener" and len(head) == HEADER_BYTES:
            request_id = codec.parse_header(head).request_id
            if request_id not in self.open_exchanges:
                raise codec.ProtocolError(
                    "unexpected_message",
                    "",
                    phase="state",
                    scope="connection",
                    request_id=request_id,
                )
        return event

    return {"next_event": next_event}


def of_codec(change: Callable[[ModuleType, type], dict[str, Any]], codec: ModuleType) -> None:
    connecting(partial(change, codec), codec)


CONNECTED: dict[str, Callable[[type], dict[str, Any]]] = {
    "refusal-opens": refusal_opens,
    "payload-in-a-cancel-ends-nothing": payload_in_a_cancel_ends_nothing,
}
JUDGED: dict[str, Callable[[ModuleType, type], dict[str, Any]]] = {
    "payload-before-state": payload_before_state,
    "state-before-the-rest": state_before_the_rest,
}

MUTANTS = (
    *(Wrapped(f"twins-read-above-{n}", partial(reading_twins, n)) for n in (12, 15, 16, 64)),
    *(Wrapped(f"twins-written-above-{n}", partial(writing_twins, n)) for n in (12, 15, 16, 64)),
    *(Wrapped(f"{name}-read", partial(reading, change)) for name, change in RUNS.items()),
    *(Wrapped(f"{name}-written", partial(writing, change)) for name, change in RUNS.items()),
    Wrapped("kwargs-one-too-deep", kwargs_one_too_deep),
    *(Wrapped(name, partial(told, change)) for name, change in PATHS.items()),
    *(Wrapped(name, partial(connecting, change)) for name, change in CONNECTED.items()),
    *(Wrapped(name, partial(of_codec, change)) for name, change in JUDGED.items()),
)
