"""Our client, blocking: ``python -m gdproto.conformance.live.clients.sync SOCKET JOB``."""

from __future__ import annotations

import sys

from dirty_runtime import DirtyClient, DirtyError, StashClient, get_dirty_client

from . import job
from .job import Call, Outcome


def main() -> None:
    """Do the job."""
    socket_path, told = job.read(sys.argv[1:])
    timeout_s = told["timeout"]
    client = DirtyClient(socket_path, timeout_s) if socket_path else get_dirty_client(timeout_s)
    job.perform(told["steps"], lambda call: do(client, call))
    client.close()


def do(client: DirtyClient, call: Call) -> Outcome:
    """Make one call."""
    chunks: list[object] | None = None
    try:
        if call["do"] == "status":
            return {"result": client.status()}
        if call["do"] == "stash":
            with StashClient(client.socket_path, client.timeout) as stash:
                return {"result": stash.fetch(call["table"], call["key"])}
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
