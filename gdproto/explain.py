"""Bytes explained: every part of a frame or value, offset by offset.

What is at fault is shown where it stands, after everything that was still readable.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from ._generated.tables import HEADER, HEADER_BYTES, HEADER_FIELDS, MAGIC
from .errors import ProtocolError
from .frames import RULES, check_presence, parse_header
from .messages import parse
from .tlv import decode
from .tokens import Kind, Tokens

MAX_SHOWN_BYTES = 16
MAX_SHOWN_CHARS = 60


class Part(NamedTuple):
    """One annotated run of bytes.

    Attributes:
        offset: of its first byte.
        data: the bytes; empty for a fault beyond the end.
        depth: how many containers it stands in.
        text: what it is.
        fault: whether it reports a fault.
    """

    offset: int
    data: bytes
    depth: int
    text: str
    fault: bool = False

    def hex(self) -> str:
        """The bytes in hex, cut after MAX_SHOWN_BYTES."""
        shown = self.data[:MAX_SHOWN_BYTES].hex(" ")
        return shown + " …" if len(self.data) > MAX_SHOWN_BYTES else shown


def explain(data: bytes) -> list[Part]:
    """Annotate one frame, or, when `data` does not begin like a frame, one value.

    Never raises for any bytes: a fault is the last part.
    """
    frame = data.startswith(MAGIC[:1])
    parts = list(_readable(_frame(data) if frame else _value(data, 0)))
    fault = _fault(data, frame)
    if fault is not None:
        offset = fault.offset or 0
        parts = [part for part in parts if part.offset <= offset or part.offset < HEADER_BYTES]
        parts.append(Part(offset, data[offset : offset + 1], 0, str(fault), fault=True))
    return parts


def render(parts: list[Part]) -> str:
    """Parts as lines of offset, hex and text."""
    width = max((len(part.hex()) for part in parts), default=0)
    return "\n".join(
        f"{part.offset:>8}  {part.hex():<{width}}  {'!! ' if part.fault else ''}"
        f"{'  ' * part.depth}{part.text}"
        for part in parts
    )


def _fault(data: bytes, frame: bool) -> ProtocolError | None:
    try:
        if frame:
            parse(data)
        else:
            decode(data)
    except ProtocolError as error:
        return error
    return None


def _readable(parts: Iterator[Part]) -> Iterator[Part]:
    try:
        yield from parts
    except ProtocolError:
        return


def _frame(data: bytes) -> Iterator[Part]:
    yield from _header(data)
    header = parse_header(data)
    check_presence(header)
    if header.length:
        yield from _value(data[: HEADER_BYTES + header.length], HEADER_BYTES)


def _header(data: bytes) -> Iterator[Part]:
    if len(data) < HEADER_BYTES:
        yield Part(0, data, 0, f"{len(data)} of the {HEADER_BYTES} bytes of a header")
        return
    for field, value in zip(HEADER_FIELDS, HEADER.unpack_from(data), strict=True):
        text = f"{field.name} {value!r}"
        if field.name == "type" and value in RULES:
            text = f"type {RULES[value].name}"
        raw = data[field.offset : field.offset + field.size]
        yield Part(field.offset, raw, 0, f"{text} ({field.meaning})")


def _value(data: bytes, start: int) -> Iterator[Part]:
    depth = 0
    for kind, rule, offset, stop, value in Tokens(data, start, len(data)):
        raw = data[offset:stop]
        if kind is Kind.CLOSE:
            depth -= 1
        elif kind is Kind.OPEN:
            unit = "pair" if rule.kind == "dict" else "item"
            many = "" if value == 1 else "s"
            yield Part(offset, raw, depth, f"{rule.name} of {value} {unit}{many}")
            depth += 1
        else:
            what = "key" if kind is Kind.KEY else rule.name
            yield Part(offset, raw, depth, what if value is None else f"{what} {_short(value)}")


def _short(value: Any) -> str:
    text = f"of {len(value)}" if isinstance(value, bytes) else repr(value)
    return text if len(text) <= MAX_SHOWN_CHARS else text[:MAX_SHOWN_CHARS] + "…"
