"""A FastAPI application beside two models: embeddings by typed calls, and a chat that streams.

    dirty serve --chdir examples --app embedder:Embedder --app chat:Chat --socket /tmp/models.sock
    DIRTY_SOCKET=/tmp/models.sock uvicorn --app-dir examples models_app:app

`model_calls` is what `dirty stubs` has written of both apps: an editor knows the calls by it, and
this process imports neither the models nor what they need.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from model_calls import AsyncChat, AsyncEmbedder

from dirty_runtime import Converters
from dirty_runtime.integrations.fastapi import Dirty, DirtyErrors, dirty_lifespan

ARRAYS = Converters(arrays=True)

app = FastAPI(lifespan=dirty_lifespan(timeout=30.0))
app.add_middleware(DirtyErrors)


@app.get("/similarity")
async def similarity(dirty: Dirty, one: str, other: str) -> dict[str, float]:
    """How near two texts are in meaning, from -1 to 1; texts of all requests run in batches."""
    model = dirty.with_options(converters=ARRAYS).app(AsyncEmbedder)
    first, second = await asyncio.gather(model.embed(one), model.embed(other))
    return {"similarity": round(float(first @ second), 4)}


@app.get("/chat")
async def chat(dirty: Dirty, text: str, length: int = 50, seed: int = 0) -> StreamingResponse:
    """An answer, word by word as it comes; whoever goes away ends it."""
    prompt = {"text": text, "length": length, "seed": seed}
    return StreamingResponse(words(dirty.app(AsyncChat).reply(prompt)), media_type="text/plain")


async def words(told: AsyncIterator[str]) -> AsyncIterator[str]:
    async for word in told:
        yield f"{word} "
