"""The trace that a call takes part in, as W3C Trace Context tells it.

Rules: a trace is a dict, its keys the names of the headers that would tell it over HTTP, and
`sent`. Callers give it, and anything may stand in it: what is not of W3C's form is as if it were
not there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

TRACEPARENT = "traceparent"
TRACESTATE = "tracestate"
SENT = "sent"
# Of time in whole nanoseconds, as spans have it.
END_S = 2**63 // 10**9

_IDS = "-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
# Versions to come may have more behind it.
_FORM = re.compile(f"00{_IDS}|(?!00|ff)[0-9a-f]{{2}}{_IDS}(?:-.*)?", re.DOTALL)
_PARENT_CHARACTERS = 55
_KEY = "[a-z0-9][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13}"
_MEMBER = re.compile(rf"(?:{_KEY})=[ -+\x2d-<>-~]{{0,255}}[!-+\x2d-<>-~]")
MOST_MEMBERS, MOST_STATE_CHARACTERS = 32, 8192


def headers_of(trace: Mapping[str, Any] | None) -> dict[str, str]:
    """The headers that would tell it, as far as they have W3C's form; none without a parent."""
    if not trace or not trace_id_of(trace):
        return {}
    # Of versions to come, what is known.
    headers = {TRACEPARENT: str(trace[TRACEPARENT])[:_PARENT_CHARACTERS]}
    state = trace.get(TRACESTATE)
    if isinstance(state, str) and len(state) <= MOST_STATE_CHARACTERS:
        members = [member for one in state.split(",") if (member := one.strip(" \t"))]
        if 0 < len(members) <= MOST_MEMBERS and all(map(_MEMBER.fullmatch, members)):
            headers[TRACESTATE] = ",".join(members)
    return headers


def trace_id_of(trace: Mapping[str, Any] | None) -> str:
    """The trace's id, 32 hexadecimal digits; empty where there is none."""
    parent = trace.get(TRACEPARENT) if trace else None
    form = _FORM.fullmatch(parent) if isinstance(parent, str) else None
    return (form[1] or form[2]) if form else ""


def sent_s(trace: Mapping[str, Any]) -> float | None:
    """When the request was sent, in seconds since 1970; None where that is not told, or no time."""
    sent = trace.get(SENT)
    if isinstance(sent, bool) or not isinstance(sent, int | float):
        return None
    return sent if 0 <= sent < END_S else None


def number_of(request_id: int, trace: Mapping[str, Any] | None) -> str:
    """By what the lines of a call are found, for a person: its request, and its trace."""
    trace_id = trace_id_of(trace)
    return f"request {request_id}, trace {trace_id}" if trace_id else f"request {request_id}"


def facts_of_trace(trace: Mapping[str, Any] | None) -> dict[str, str]:
    """The trace's id, for programs that read the log, if there is one."""
    trace_id = trace_id_of(trace)
    return {"trace_id": trace_id} if trace_id else {}
