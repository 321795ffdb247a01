"""Apps that record the spans of their worker, as OpenTelemetry's SDK gives them to an exporter."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from dirty_runtime import DirtyApp, batched, current_request, get_dirty_client

EXPORTER = InMemorySpanExporter()
TRACER = trace.get_tracer("app")


def provided() -> None:
    """Have the worker's spans recorded."""
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(EXPORTER))
        trace.set_tracer_provider(provider)


def told(span: ReadableSpan) -> dict[str, Any]:
    """What a test looks at of a span."""
    context = span.get_span_context()
    assert context is not None
    return {
        "name": span.name,
        "trace": f"{context.trace_id:032x}",
        "id": f"{context.span_id:016x}",
        "parent": f"{span.parent.span_id:016x}" if span.parent else None,
        "start": span.start_time,
        "end": span.end_time,
        "status": span.status.status_code.name,
        "said": span.status.description,
        "attributes": dict(span.attributes or {}),
        "events": [{"name": event.name, **(event.attributes or {})} for event in span.events],
        "tracestate": context.trace_state.to_header(),
    }


class Traced(DirtyApp):
    """Opens a span of its own in each action."""

    def init(self) -> None:
        provided()

    def plain(self) -> str:
        with TRACER.start_as_current_span("own"):
            return current_request().trace_id

    async def coroutine(self) -> str:
        await asyncio.sleep(0)
        return self.plain()

    def items(self) -> Iterator[str]:
        with TRACER.start_as_current_span("own"):
            yield current_request().trace_id

    async def async_items(self) -> AsyncIterator[str]:
        await asyncio.sleep(0)
        with TRACER.start_as_current_span("own"):
            yield current_request().trace_id

    def fails(self) -> None:
        raise LookupError("no such thing")

    def sends_nothing_that_can_be_sent(self) -> object:
        return object()

    def says(self) -> None:
        logging.getLogger("shop").warning("something is odd")

    def takes(self, data: bytes) -> None:
        """Nothing is done with it."""

    def dies(self) -> None:
        os._exit(9)

    def waits_for(self, path: str) -> None:
        while not Path(path).exists():
            time.sleep(0.005)

    def calls_another(self) -> str:
        result: str = get_dirty_client().execute("tracing_apps:Many", "plain")
        return result

    def given(self) -> dict[str, Any]:
        """What its request says of a trace."""
        return dict(current_request().trace)

    def spans(self, trace_id: str) -> list[dict[str, Any]]:
        """Those of the trace that have ended."""
        every = [told(span) for span in EXPORTER.get_finished_spans()]
        return [one for one in every if one["trace"] == trace_id]


class Many(Traced):
    """The same, many at once on the event loop."""

    concurrency = 20

    @batched(max_size=10, max_wait_s=0.01)
    def together(self, items: list[int]) -> list[int]:
        return [item + 1 for item in items]

    @batched(max_size=10, max_wait_s=0.01)
    async def together_later(self, items: list[int]) -> list[int]:
        # It belongs to none of them.
        with TRACER.start_as_current_span("of all"):
            return [item + 1 for item in items]
