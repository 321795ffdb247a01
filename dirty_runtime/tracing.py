"""The trace that a call takes part in, as W3C Trace Context tells it.

Rules: a trace is a dict, its keys the names of the headers that would tell it over HTTP, and
`sent`. Callers give it, and anything may stand in it: what is not of W3C's form is as if it were
not there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

TRACEPARENT = "traceparent"
TRACESTATE = "tracestate"
SENT = "sent"

_IDS = "-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
# Versions to come may have more behind it.
_FORM = re.compile(f"00{_IDS}|(?!00|ff)[0-9a-f]{{2}}{_IDS}(?:-.*)?", re.DOTALL)


def trace_id_of(trace: Mapping[str, Any] | None) -> str:
    """The trace's id, 32 hexadecimal digits; empty where there is none."""
    parent = trace.get(TRACEPARENT) if trace else None
    form = _FORM.fullmatch(parent) if isinstance(parent, str) else None
    return (form[1] or form[2]) if form else ""


def sent_s(trace: Mapping[str, Any]) -> float | None:
    """When the request was sent, in seconds since 1970; None where that is not told."""
    sent = trace.get(SENT)
    if isinstance(sent, bool) or not isinstance(sent, int | float) or not math.isfinite(sent):
        return None
    return sent


def number_of(request_id: int, trace: Mapping[str, Any] | None) -> str:
    """By what the lines of a call are found, for a person: its request, and its trace."""
    trace_id = trace_id_of(trace)
    return f"request {request_id}, trace {trace_id}" if trace_id else f"request {request_id}"


def facts_of_trace(trace: Mapping[str, Any] | None) -> dict[str, str]:
    """The trace's id, for programs that read the log, if there is one."""
    trace_id = trace_id_of(trace)
    return {"trace_id": trace_id} if trace_id else {}
