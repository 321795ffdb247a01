"""A Flask application that calls workers.

    dirty serve --chdir examples --app storyteller:Storyteller --socket /tmp/stories.sock
    DIRTY_SOCKET=/tmp/stories.sock gunicorn --chdir examples --threads 8 flask_app:app

The client may be made before gunicorn forks: it is shared by threads, and each process connects
for itself.
"""

from __future__ import annotations

import os

from flask import Flask, Response, request

from dirty_runtime import DirtyClient, DirtyConnectionError, DirtyOverloadedError, DirtyTimeoutError

STORYTELLER = "storyteller:Storyteller"

app = Flask(__name__)
client = DirtyClient(os.environ["DIRTY_SOCKET"], timeout=10.0)


@app.get("/story")
def story() -> dict[str, str]:
    """The whole story at once, as JSON."""
    return {"story": client.execute(STORYTELLER, "story", length(), seed())}


@app.get("/words")
def words() -> Response:
    """The story word by word, as the worker tells it."""
    told = client.stream(STORYTELLER, "words", length(), seed())
    return Response((f"{word}\n" for word in told), mimetype="text/plain")


def length() -> int:
    return request.args.get("length", default=50, type=int)


def seed() -> int:
    return request.args.get("seed", default=0, type=int)


@app.errorhandler(DirtyOverloadedError)
def overloaded(error: DirtyOverloadedError) -> Response:
    """The queue is full: say when to come back."""
    return Response(f"{error}\n", 503, {"Retry-After": str(round(error.retry_after or 1) or 1)})


@app.errorhandler(DirtyConnectionError)
def unreachable(error: DirtyConnectionError) -> Response:
    """No arbiter serves; the next request tries again."""
    return Response("the storytellers are away\n", 503, {"Retry-After": "1"})


@app.errorhandler(DirtyTimeoutError)
def late(error: DirtyTimeoutError) -> Response:
    """The call took longer than the client's timeout, and was cancelled."""
    return Response(f"{error}\n", 504)
