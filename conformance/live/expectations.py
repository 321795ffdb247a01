"""Expectations: the sets of outcomes that a script allows.

Rules: an outcome is a message, or that the peer closed; a close and a reset are the same. An
expectation says in words what it allows, and judges what came: it matches, it matches with a
lapse from what is recommended, or it does not.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gdproto
from gdproto.answers import ResultType, misfits
from gdproto.declaration import ERROR_TEXT_BYTES

ANY: Any = object()
MAX_SHOWN = 200
RAW_DATA = re.compile(rf"([0-9a-f]{{2}}){{0,{gdproto.RAW_DATA_BYTES}}}")


DETAILS = ResultType("form", None, "ErrorDetails")


class Closed:
    """The peer sends nothing more."""

    def __repr__(self) -> str:
        return "a close"


CLOSED = Closed()
Outcome = gdproto.Message | Closed


@dataclass(frozen=True)
class Expected:
    """One allowed outcome.

    Attributes:
        text: what it is, in words.
        judge: None when the outcome is another one, else the lapses, most often none.
    """

    text: str
    judge: Callable[[Outcome], list[str] | None]


def closed() -> Expected:
    """The peer closes."""
    return Expected("a close", lambda outcome: [] if outcome is CLOSED else None)


def _message(
    text: str, kind: type[gdproto.Message], request_id: int, holds: Callable[[Any], bool]
) -> Expected:
    def judge(outcome: Outcome) -> list[str] | None:
        fits = isinstance(outcome, kind) and outcome.request_id == request_id and holds(outcome)
        return [] if fits else None

    return Expected(f"{text} under id {request_id}", judge)


def is_cut_late(message: gdproto.Error) -> bool:
    """Whether a text of it is longer than an ERROR may tell."""
    texts = [message.message, *message.details.values()]
    return any(len(one.encode()) > ERROR_TEXT_BYTES for one in texts if isinstance(one, str))


def is_raw_data(told: object, sent: bytes | None) -> bool:
    """Whether it tells the first bytes of what was sent, as `raw_data` does, or nothing."""
    if told is None:
        return True
    if not isinstance(told, str) or not RAW_DATA.fullmatch(told):
        return False
    return sent is None or sent.hex().startswith(told)


def same(one: Any, other: Any) -> bool:
    """Whether both values have one encoding."""
    return gdproto.encode(one) == gdproto.encode(other)


def as_declared(wanted: str | ResultType) -> Callable[[Any], bool]:
    """Whether a result is of this type, or has the fields of the form of this name."""
    what = ResultType("form", None, wanted) if isinstance(wanted, str) else wanted

    def judge(result: Any) -> bool:
        return not list(misfits(result, what))

    judge.__doc__ = f"a {what.form or what.kind} as declared"
    return judge


def response(request_id: int, result: Any = ANY) -> Expected:
    """A RESPONSE; with `result`, or with one that `result`, a function, accepts."""
    if callable(result):
        name = (result.__doc__ or result.__name__).strip()
        return _message(
            f"a RESPONSE of {name}",
            gdproto.Response,
            request_id,
            lambda message: result(message.result),
        )
    if result is ANY:
        return _message("a RESPONSE", gdproto.Response, request_id, lambda _: True)
    text = f"a RESPONSE of {shown(result)}"
    return _message(
        text, gdproto.Response, request_id, lambda message: same(message.result, result)
    )


def chunk(request_id: int, data: Any = ANY) -> Expected:
    """A CHUNK; with `data`."""
    if data is ANY:
        return _message("a CHUNK", gdproto.Chunk, request_id, lambda _: True)
    text = f"a CHUNK of {shown(data)}"
    return _message(text, gdproto.Chunk, request_id, lambda message: same(message.data, data))


def end(request_id: int) -> Expected:
    """An END."""
    return _message("an END", gdproto.End, request_id, lambda _: True)


def error(
    request_id: int,
    *types: str,
    codes: tuple[str, ...] = (),
    details: tuple[str, ...] = (),
    offset: int | None = None,
    path: str | None = None,
    sent: bytes | None = None,
) -> Expected:
    """An ERROR of one of `types`.

    Args:
        codes: the portable codes that its details may give.
        details: keys that are recommended.
        offset: the one that its details may give.
        path: likewise; an empty one may be left out.
        sent: what its details may tell the first bytes of.
    """

    def judge(outcome: Outcome) -> list[str] | None:
        if not isinstance(outcome, gdproto.Error) or outcome.request_id != request_id:
            return None
        if types and outcome.error_type not in types:
            return None
        if codes and outcome.details.get("code", codes[0]) not in codes:
            return None
        if list(misfits(outcome.details, DETAILS)) or is_cut_late(outcome):
            return None
        if not is_raw_data(outcome.details.get("raw_data"), sent):
            return None
        if offset is not None and outcome.details.get("offset", offset) != offset:
            return None
        if path is not None and outcome.details.get("path", path) != path:
            return None
        lacking = [key for key in details if key not in outcome.details]
        return [f"the details of {outcome.error_type} lack {', '.join(lacking)}"] if lacking else []

    named = " or ".join(types) or "any type"
    coded = f" ({' or '.join(codes)})" if codes else ""
    placed = (f" at {offset}" if offset is not None else "") + (f" in {path}" if path else "")
    return Expected(f"an ERROR of {named}{coded}{placed} under id {request_id}", judge)


def fault(
    request_id: int,
    *codes: str,
    offset: int | None = None,
    path: str | None = None,
    sent: bytes | None = None,
) -> Expected:
    """An ERROR about bytes or state, with one of these portable codes."""
    given = {"code": codes, "offset": offset is not None, "path": path}
    details = tuple(name for name, is_given in given.items() if is_given)
    return error(
        request_id,
        "DirtyProtocolError",
        codes=codes,
        details=details,
        offset=offset,
        path=path,
        sent=sent,
    )


def opens(
    kind: type[gdproto.Message], holds: Callable[[Any], bool] = lambda _: True, text: str = ""
) -> Expected:
    """A message that opens an exchange, or a CANCEL, under whichever id."""

    def judge(outcome: Outcome) -> list[str] | None:
        return [] if isinstance(outcome, kind) and holds(outcome) else None

    return Expected(f"a {kind.__name__.upper()}{f' {text}' if text else ''}", judge)


def shown(value: object) -> str:
    """The value for a person, cut where it is long."""
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
