"""A FastAPI application that calls workers without blocking its event loop.

    dirty serve --chdir examples --app storyteller:Storyteller --socket /tmp/stories.sock
    DIRTY_SOCKET=/tmp/stories.sock uvicorn --app-dir examples fastapi_app:app

A browser that goes away in the middle of a stream ends the worker's generator.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from dirty_runtime.integrations.fastapi import (
    HEADERS,
    MEDIA_TYPE,
    Dirty,
    DirtyErrors,
    dirty_lifespan,
    events_async,
)

STORYTELLER = "storyteller:Storyteller"

app = FastAPI(lifespan=dirty_lifespan(timeout=10.0))
app.add_middleware(DirtyErrors, bad_request=[ValueError])


@app.get("/story")
async def story(dirty: Dirty, length: int = 50, seed: int = 0) -> dict[str, str]:
    """The whole story at once; other requests are served meanwhile."""
    return {"story": await dirty.execute_async(STORYTELLER, "story", length, seed)}


@app.get("/words")
async def words(dirty: Dirty, length: int = 50, seed: int = 0) -> StreamingResponse:
    """The story word by word, as the worker tells it."""
    told = dirty.stream_async(STORYTELLER, "words", length, seed)
    return StreamingResponse(lines(told), media_type="text/plain")


@app.get("/events")
async def events(dirty: Dirty, length: int = 50, seed: int = 0) -> StreamingResponse:
    """The same as server-sent events, for a browser's EventSource."""
    told = dirty.stream_async(STORYTELLER, "words", length, seed)
    return StreamingResponse(events_async(told), media_type=MEDIA_TYPE, headers=HEADERS)


async def lines(told: AsyncIterator[str]) -> AsyncIterator[str]:
    async for word in told:
        yield f"{word}\n"
