"""A case as a person reads it: its bytes annotated, and what must come of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gdproto import HEADER_BYTES, ProtocolError, parse_header
from gdproto.explain import Part, explain, render

from ..cases import Case, Recipe, made, size
from ..judging import questions

# Longer bytes are shown as their recipe.
MAX_SHOWN_BYTES = 1_024
MAX_SHOWN_LINES = 60
# So many bytes stand on a line of their own as well.
MAX_HEX_BYTES = 32
MAX_SHOWN_CHARS = 1_500
# Longer JSON takes a line for each part.
MAX_FLAT_CHARS = 90


def bytes_of(case: Case) -> str:
    """The bytes of the case, annotated: of a session, step by step."""
    if case.bytes is not None:
        return annotated(case.bytes, as_stream=False)
    if case.receives is not None:
        return "\n".join([*_steps(case.setup), annotated(case.receives, as_stream=True)])
    return "\n".join(_steps(case.steps))


def annotated(recipe: Recipe, *, as_stream: bool) -> str:
    """The bytes with offsets, each with its meaning; or how they are made, where they are many."""
    if size(recipe) > MAX_SHOWN_BYTES:
        return f"{size(recipe):,} bytes: {_cut(json.dumps(recipe))}"
    data = made(recipe)
    parts = list(_stream(data)) if as_stream else explain(data)
    lines = render(parts).splitlines()
    if len(data) <= MAX_HEX_BYTES:
        lines.insert(0, data.hex(" "))
    more = [f"… {len(lines) - MAX_SHOWN_LINES} more lines"] if len(lines) > MAX_SHOWN_LINES else []
    return "\n".join([*lines[:MAX_SHOWN_LINES], *more]) if data else "no bytes"


def _stream(data: bytes) -> Iterator[Part]:
    """The frames one by one; what is cut short or no frame comes last."""
    start = 0
    while start < len(data):
        stop = _end_of_frame(data, start)
        for part in explain(data[start:stop]):
            yield part._replace(offset=start + part.offset)
        start = stop


def _end_of_frame(data: bytes, start: int) -> int:
    try:
        header = parse_header(data, start)
    except ProtocolError:
        return len(data)
    return min(len(data), start + HEADER_BYTES + header.length)


def _steps(steps: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for step in steps:
        if "receive" in step:
            yield f"receive\n{annotated(step['receive'], as_stream=True)}"
        elif "send" in step:
            message = step["send"]
            fields = (f"{name} {json.dumps(held)}" for name, held in message["fields"].items())
            yield _cut(f"send {message['type']} {message['request_id']} {', '.join(fields)}")
        else:
            ((does, held),) = ((name, one) for name, one in step.items() if name != "expect")
            yield "end of stream" if does == "eof" else f"{does} {held}"


def expectation(case: Case) -> str:
    """What the specification says must come of the case."""
    if case.kind == "stream":
        return _pretty({"events": case.events})
    if case.kind == "session":
        return _pretty([step["expect"] for step in case.steps])
    return "\n".join(f"{one.op}: {_pretty(one.expected)}" for one in questions(case))


def shown(value: Any) -> str:
    """An answer as text."""
    return value if isinstance(value, str) else _pretty(value)


def _pretty(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    if len(text) > MAX_FLAT_CHARS:
        text = json.dumps(value, ensure_ascii=False, indent=1)
    return _cut(text)


def _cut(text: str) -> str:
    # Half a surrogate pair cannot be written to a file.
    text = text.encode(errors="backslashreplace").decode()
    if len(text) <= MAX_SHOWN_CHARS:
        return text
    return f"{text[:MAX_SHOWN_CHARS]} … {len(text):,} characters in all"
