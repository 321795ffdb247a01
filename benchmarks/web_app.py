"""What `benchmarks.web` serves by uvicorn: a handler without a call, and one for each way to call.

GD_SOCKET and GUNICORN_DIRTY_SOCKET have the arbiters' sockets; with FREEZE=1 the collector leaves
out what is there before the first request.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator
from importlib import import_module
from typing import Any

from fastapi import FastAPI

from dirty_runtime import DirtyClient
from dirty_runtime.integrations.fastapi import dirty_lifespan

from .app import APP_PATH

SOCKET = os.environ["GD_SOCKET"]
ours = dirty_lifespan(SOCKET, freeze=os.environ["FREEZE"] == "1")
sync_client = DirtyClient(SOCKET)
theirs: Any = import_module("gunicorn.dirty.client")


@contextlib.asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Ours, kept where a handler without a dependency finds it."""
    async with ours(app) as state:
        app.state.dirty = state["dirty"]
        yield
    sync_client.close()


app = FastAPI(lifespan=lifespan)


@app.post("/alone")
async def alone(body: dict[str, int]) -> dict[str, int]:
    """No call."""
    return {"sum": body["a"] + body["b"]}


@app.post("/awaited")
async def awaited(body: dict[str, int]) -> dict[str, int]:
    """Our client on the event loop."""
    client: DirtyClient = app.state.dirty
    return {"sum": await client.execute_async(APP_PATH, "add", body["a"], body["b"])}


@app.post("/blocking")
def blocking(body: dict[str, int]) -> dict[str, int]:
    """Our client in the threads of FastAPI."""
    return {"sum": sync_client.execute(APP_PATH, "add", body["a"], body["b"])}


@app.post("/gunicorn")
async def gunicorn(body: dict[str, int]) -> dict[str, int]:
    """gunicorn's client on the event loop, with its arbiter: it keeps one for each request."""
    client = await theirs.get_dirty_client_async()
    try:
        return {"sum": await client.execute_async(APP_PATH, "add", body["a"], body["b"])}
    finally:
        await client.close_async()
