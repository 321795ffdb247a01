"""How a call is told of that runs or waits."""

from __future__ import annotations

from gdproto.answers import CallStatus

from ..calls import Calls
from ..clients.connection import CallOf, ClientConnection
from ..workers.places import Place

MOST_CHARACTERS = 200


def call_status(call: CallOf, calls: Calls[ClientConnection, Place], now_s: float) -> CallStatus:
    """The call, for an answer of the arbiter."""
    lane = call.lane
    worker = lane.worker if lane is not None else None
    return {
        "call": calls.number(call),
        "app": call.app_path[:MOST_CHARACTERS],
        "action": call.action[:MOST_CHARACTERS],
        "age": round(now_s - call.arrived_s, 3),
        "ran": round(now_s - call.started_s, 3) if worker else None,
        "request_id": str(call.request_id),
        "client_pid": call.client.pid,
        "client_user": call.client.uid,
        "slot": worker.slot if worker else None,
        "worker": worker.pid if worker else None,
    }
