"""What a REQUEST says of the trace that its caller takes part in.

Rules: who does not use OpenTelemetry pays nothing, not even its import: a span can be active only
where somebody else has imported it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ..printable import shown
from ..seconds import ValueRefused
from ..tracing import SENT, TRACEPARENT, TRACESTATE

# The module without which no span is active.
API = "opentelemetry.trace"


def told(given: Mapping[str, str] | None) -> dict[str, Any] | None:
    """The trace of a REQUEST that is sent now: what is `given`, or else that of the current span.

    Returns:
        None for none.
    """
    trace = _current() if given is None else given
    return {**trace, SENT: time.time()} if trace else None


def _current() -> dict[str, str] | None:
    import opentelemetry.trace as api

    span = api.get_current_span().get_span_context()
    if not span.is_valid:
        return None
    parent = f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}"
    trace = {TRACEPARENT: parent}
    if state := span.trace_state.to_header():
        trace[TRACESTATE] = state
    return trace


def checked_trace(trace: Mapping[str, str] | None) -> Mapping[str, str] | None:
    """The trace. Raises ValueRefused when it is no dict of strings."""
    is_one = isinstance(trace, Mapping) and all(
        isinstance(text, str) for pair in trace.items() for text in pair
    )
    if trace is None or is_one:
        return trace
    raise ValueRefused(f"trace is a dict of headers, or None, not {shown(trace)}")
