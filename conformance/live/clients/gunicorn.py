"""gunicorn's client: ``python -m gdproto.conformance.live.clients.gunicorn SOCKET JOB``.

Calls that are made at once have a client each, as gunicorn gives one to each of its threads.
"""

from __future__ import annotations

import sys
import threading
from typing import Any

from gunicorn.dirty.client import DirtyClient, get_dirty_client  # type: ignore[import-untyped]
from gunicorn.dirty.errors import DirtyError  # type: ignore[import-untyped]
from gunicorn.dirty.stash import StashClient  # type: ignore[import-untyped]

from . import job
from .job import Call, Outcome

_of_thread = threading.local()


def main() -> None:
    """Do the job."""
    socket_path, told = job.read(sys.argv[1:])
    timeout_s = told["timeout"]
    # The first call's client stays, so that the next step finds what the last one left.
    client = DirtyClient(socket_path, timeout_s) if socket_path else get_dirty_client(timeout_s)
    steps = told["steps"]
    if all(len(step) == 1 for step in steps):
        job.tell(lambda: [[do(client, call) for call in step] for step in steps])
    else:
        job.perform(steps, lambda call: do(_client(socket_path, timeout_s), call))


def _client(socket_path: str, timeout_s: float) -> Any:
    if not hasattr(_of_thread, "client"):
        _of_thread.client = DirtyClient(socket_path, timeout_s)
    return _of_thread.client


def do(client: Any, call: Call) -> Outcome:
    """Make one call."""
    chunks: list[object] | None = None
    try:
        if call["do"] == "status":
            raise job.Unsupported("gunicorn's client has no call for STATUS")
        if call["do"] == "stash":
            stash = StashClient(client.socket_path, client.timeout)
            return {"result": stash.get(call["table"], call["key"])}
        words = (call["app_path"], call["action"], *call["args"])
        if call["do"] == "call":
            return {"result": client.execute(*words, **call.get("kwargs", {}))}
        chunks = []
        for item in client.stream(*words, **call.get("kwargs", {})):
            chunks.append(item)
            if len(chunks) == call.get("take"):
                break
        return {"chunks": chunks}
    except DirtyError as error:
        return job.failure(error, chunks)


if __name__ == "__main__":
    main()
