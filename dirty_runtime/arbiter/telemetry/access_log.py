"""A line in the log for each call."""

from __future__ import annotations

import logging

from ...tracing import facts_of_trace
from .naming import trace_of
from .observer import ObservedCall, Observer

log = logging.getLogger("dirty.access")

# Characters of what a caller says.
MOST = 200
TEXT = (
    "%(app)s %(action)s %(outcome)s wait_ms=%(wait_ms).2f run_ms=%(run_ms).2f "
    "request=%(request_id)d client=%(client_pid)d user=%(user)d worker=%(worker)d"
)


class AccessLog(Observer):
    """Writes what each call was, how it ended, how long it waited and how long it ran.

    The end of a call whose client did not wait for it is `abandoned`. The worker is 0 where it had
    none.
    """

    def call_abandoned(self, call: ObservedCall, now_s: float) -> None:
        self.call_ended(call, "abandoned", now_s)

    def call_ended(self, call: ObservedCall, outcome: str, now_s: float) -> None:
        started_s = call.started_s if call.lane is not None else now_s
        facts = {
            "app": call.app_path[:MOST],
            "action": call.action[:MOST],
            "outcome": outcome,
            "wait_ms": round((started_s - call.arrived_s) * 1000, 2),
            "run_ms": round((now_s - started_s) * 1000, 2),
            # By both the worker's lines of the call are found, which have the same id.
            "request_id": call.request_id,
            "client_pid": call.client.pid,
            "user": call.client.uid,
            "worker": call.lane.worker.pid if call.lane is not None else 0,
        }
        text = TEXT
        if traced := facts_of_trace(trace_of(call)):
            facts |= traced
            text += " trace=%(trace_id)s"
        log.info(text, facts, extra={"facts": facts})
