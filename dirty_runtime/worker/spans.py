"""Spans of OpenTelemetry for the calls of a worker: how long each was under way, and its run.

Rules: nothing is done for a call without a trace, nor where `opentelemetry-api` is not installed.
The parent of both is the caller's span. That of the run is current while the app runs, so what the
app opens is below it. What goes wrong in here is told in the log, and no call fails by it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import gdproto

from ..errors import DirtyError
from ..failure import describe
from ..seconds import LONGEST_S
from ..tracing import headers_of, sent_s, trace_id_of
from ..version import VERSION
from .log import LOG

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

NS_PER_S = 1_000_000_000
QUEUE = "queue"


class RunSpan:
    """The span of a run that has begun."""

    __slots__ = ("_span",)

    def __init__(self, span: Span) -> None:
        self._span = span

    def failed(self, failure: DirtyError) -> None:
        """The run ends with what its caller is told."""
        with _told():
            from opentelemetry.trace import StatusCode

            kind = getattr(failure, "exception_type", None) or type(failure).__name__
            facts = {"exception.type": kind, "exception.message": failure.message}
            if trace := getattr(failure, "traceback", None):
                facts["exception.stacktrace"] = trace
            self._span.add_event("exception", facts)
            self._span.set_attribute("error.type", kind)
            self._span.set_status(StatusCode.ERROR, failure.message)

    def end(self) -> None:
        """The run is over."""
        with _told():
            self._span.end()


def begin(request: gdproto.Request, is_current: bool = True) -> RunSpan | None:
    """Tell how long the request was under way, and begin the span of its run.

    Args:
        is_current: whether it is what runs in this context.

    Returns:
        None where the request has no trace, or nobody is to be told.
    """
    if trace_id_of(request.trace):
        # Whoever has it not installed is asked each time, which takes microseconds.
        with suppress(ImportError), _told():
            return _begun(request, is_current)
    return None


def _begun(request: gdproto.Request, is_current: bool) -> RunSpan:
    from opentelemetry import context as contexts
    from opentelemetry.trace import SpanKind, set_span_in_context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    trace = request.trace or {}
    parent = TraceContextTextMapPropagator().extract(headers_of(trace))
    now_ns, tracer = time.time_ns(), _tracer()
    facts = {
        "rpc.system": "dirty",
        "rpc.service": request.app_path,
        "rpc.method": request.action,
        "dirty.request_id": str(request.request_id),
    }
    sent_ns = int((sent_s(trace) or 0) * NS_PER_S)
    if 0 <= now_ns - sent_ns < LONGEST_S * NS_PER_S:
        waited = tracer.start_span(QUEUE, parent, start_time=sent_ns, attributes=facts)
        waited.end(now_ns)
    span = tracer.start_span(
        f"{request.app_path} {request.action}",
        parent,
        SpanKind.SERVER,
        start_time=now_ns,
        attributes=facts,
    )
    if is_current:
        # It ends with the context, which is the call's own.
        contexts.attach(set_span_in_context(span, parent))
    return RunSpan(span)


def _tracer() -> Tracer:
    from opentelemetry.trace import get_tracer

    return get_tracer("dirty_runtime", VERSION)


@contextmanager
def _told() -> Iterator[None]:
    """What fails inside, which is an exporter's or the application's, is told in the log."""
    try:
        yield
    except ImportError:
        raise
    except Exception as error:
        LOG.say("ERROR", f"a span cannot be made: {describe(error)}")
