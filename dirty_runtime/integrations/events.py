"""Streams as server-sent events, which a browser's EventSource reads.

    tokens = client.stream_async(APP, "tokens", prompt)
    StreamingResponse(events_async(tokens), media_type=MEDIA_TYPE)

Rules: a value is one event: text as it is, all else as JSON. A stream that fails ends with an event
named ``error``, since its status was sent long ago. Whoever is no longer listened to closes the
stream, which ends the worker's generator.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterable, Iterator
from typing import Any

from ..errors import DirtyError
from .replies import reply_to

MEDIA_TYPE = "text/event-stream"
# A proxy that collects an answer before it passes it on would hold events back.
HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


def event(value: Any, name: str = "") -> str:
    """One event.

    Raises:
        TypeError: the value has no form in JSON, such as bytes.
    """
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    # A line ends by any of three marks, and each line is announced.
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    head = f"event: {name}\n" if name else ""
    return head + "".join(f"data: {line}\n" for line in lines) + "\n"


def events(values: Iterable[Any]) -> Iterator[str]:
    """The values as events; the stream that gives them is closed with what this returns."""
    try:
        for value in values:
            yield event(value)
    except DirtyError as error:
        yield _failed(error)
    finally:
        if isinstance(values, Generator):
            values.close()


async def events_async(values: AsyncIterator[Any]) -> AsyncIterator[str]:
    """As `events`, on an event loop."""
    try:
        async for value in values:
            yield event(value)
    except DirtyError as error:
        yield _failed(error)
    finally:
        if isinstance(values, AsyncGenerator):
            await values.aclose()


def _failed(error: DirtyError) -> str:
    return event(reply_to(error).text, "error")
