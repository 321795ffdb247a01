"""Our client on an event loop: ``python -m gdproto.conformance.live.clients.aio SOCKET JOB``."""

from __future__ import annotations

import asyncio
import sys
from contextlib import aclosing

from dirty_runtime import AsyncStashClient, DirtyClient, DirtyError, get_dirty_client_async

from . import job
from .job import Call, Outcome

MISSING = object()
NOT_FOUND = {"error": {"type": "StashKeyNotFoundError", "message": "told by the default"}}


def main() -> None:
    """Do the job."""
    job.tell(lambda: asyncio.run(perform(*job.read(sys.argv[1:]))))


async def perform(socket_path: str, told: dict[str, object]) -> list[list[Outcome]]:
    """Do the steps in turn, the calls of each at once."""
    timeout_s = float(str(told["timeout"]))
    client = (
        DirtyClient(socket_path, timeout_s)
        if socket_path
        else await get_dirty_client_async(timeout_s)
    )
    steps = told["steps"]
    assert isinstance(steps, list)
    outcomes = [await asyncio.gather(*(do(client, call) for call in step)) for step in steps]
    await client.close_async()
    return outcomes


async def do(client: DirtyClient, call: Call) -> Outcome:
    """Make one call."""
    chunks: list[object] | None = None
    try:
        if call["do"] == "status":
            return {"result": await client.status_async()}
        if call["do"] == "stash":
            stash = AsyncStashClient(client.socket_path, client.timeout)
            found = await stash.get(call["table"], call["key"], MISSING)
            await stash.close()
            return {"result": found} if found is not MISSING else NOT_FOUND
        words = (call["app_path"], call["action"], *call["args"])
        if call["do"] == "call":
            return {"result": await client.execute_async(*words, **call.get("kwargs", {}))}
        chunks = []
        async with aclosing(client.stream_async(*words, **call.get("kwargs", {}))) as items:
            async for item in items:
                chunks.append(item)
                if len(chunks) == call.get("take"):
                    break
        return {"chunks": chunks}
    except DirtyError as error:
        return job.failure(error, chunks)


if __name__ == "__main__":
    main()
