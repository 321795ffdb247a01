"""A Flask application that calls workers.

    dirty serve --chdir examples --app storyteller:Storyteller --socket /tmp/stories.sock
    DIRTY_SOCKET=/tmp/stories.sock gunicorn --chdir examples --threads 8 flask_app:app

The client may be made before gunicorn forks: it is shared by threads, and each process connects
for itself.
"""

from __future__ import annotations

from flask import Flask, Response, request

from dirty_runtime.integrations.flask import Dirty, event_response

STORYTELLER = "storyteller:Storyteller"

app = Flask(__name__)
app.config["DIRTY_TIMEOUT"] = 10.0
dirty = Dirty(app, bad_request=[ValueError])


@app.get("/story")
def story() -> dict[str, str]:
    """The whole story at once, as JSON."""
    return {"story": dirty.client.execute(STORYTELLER, "story", length(), seed())}


@app.get("/words")
def words() -> Response:
    """The story word by word, as the worker tells it."""
    told = dirty.client.stream(STORYTELLER, "words", length(), seed())
    return Response((f"{word}\n" for word in told), mimetype="text/plain")


@app.get("/events")
def events() -> Response:
    """The same as server-sent events, for a browser's EventSource."""
    return event_response(dirty.client.stream(STORYTELLER, "words", length(), seed()))


def length() -> int:
    return request.args.get("length", default=50, type=int)


def seed() -> int:
    return request.args.get("seed", default=0, type=int)
