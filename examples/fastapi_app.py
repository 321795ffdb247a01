"""A FastAPI application that calls workers without blocking its event loop.

    dirty serve --chdir examples --app storyteller:Storyteller --socket /tmp/stories.sock
    DIRTY_SOCKET=/tmp/stories.sock uvicorn --app-dir examples fastapi_app:app

A browser that goes away in the middle of a stream ends the worker's generator.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, Response, StreamingResponse

from dirty_runtime import DirtyClient, DirtyConnectionError, DirtyOverloadedError, DirtyTimeoutError

STORYTELLER = "storyteller:Storyteller"

client = DirtyClient(os.environ["DIRTY_SOCKET"], timeout=10.0)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Leave nothing open at the end."""
    yield
    await client.close_async()


app = FastAPI(lifespan=lifespan)


@app.get("/story")
async def story(length: int = 50, seed: int = 0) -> dict[str, str]:
    """The whole story at once; other requests are served meanwhile."""
    return {"story": await client.execute_async(STORYTELLER, "story", length, seed)}


@app.get("/words")
async def words(length: int = 50, seed: int = 0) -> StreamingResponse:
    """The story word by word, as the worker tells it."""
    return StreamingResponse(lines(length, seed), media_type="text/plain")


async def lines(length: int, seed: int) -> AsyncIterator[str]:
    async for word in client.stream_async(STORYTELLER, "words", length, seed):
        yield f"{word}\n"


@app.exception_handler(DirtyOverloadedError)
async def overloaded(request: Request, error: DirtyOverloadedError) -> Response:
    """The queue is full: say when to come back."""
    retry_after = str(round(error.retry_after or 1) or 1)
    return PlainTextResponse(f"{error}\n", 503, {"Retry-After": retry_after})


@app.exception_handler(DirtyConnectionError)
async def unreachable(request: Request, error: DirtyConnectionError) -> Response:
    """No arbiter serves; the next request tries again."""
    return PlainTextResponse("the storytellers are away\n", 503, {"Retry-After": "1"})


@app.exception_handler(DirtyTimeoutError)
async def late(request: Request, error: DirtyTimeoutError) -> Response:
    """The call took longer than the client's timeout, and was cancelled."""
    return PlainTextResponse(f"{error}\n", 504)
