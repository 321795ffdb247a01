"""FastAPI: the client as a dependency.

app = FastAPI(lifespan=dirty_lifespan())

@app.get("/story")
async def story(dirty: Dirty) -> str:
    return await dirty.execute_async("storyteller:Storyteller", "story")
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from ..client import DirtyClient
from ..errors import DirtyError
from .asgi import DirtyErrors as DirtyErrors
from .asgi import dirty_lifespan as dirty_lifespan
from .events import HEADERS, MEDIA_TYPE, events_async

__all__ = [
    "HEADERS",
    "MEDIA_TYPE",
    "Dirty",
    "DirtyErrors",
    "client_of",
    "dirty_lifespan",
    "events_async",
]


def client_of(connection: HTTPConnection) -> DirtyClient:
    """The client of the application's lifespan. Raises DirtyError where it has none."""
    found = getattr(connection.state, "dirty", None)
    if not isinstance(found, DirtyClient):
        raise DirtyError("no client: make the application with lifespan=dirty_lifespan()")
    return found


Dirty = Annotated[DirtyClient, Depends(client_of)]
"""The type of a route's parameter that is to be the application's client."""
