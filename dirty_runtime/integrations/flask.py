"""Flask: an extension that keeps the client, and answers errors.

    dirty = Dirty(app, bad_request=[ValueError])

    @app.get("/story")
    def story() -> dict[str, str]:
        return {"story": dirty.client.execute("storyteller:Storyteller", "story")}

Settings, in the application's config: DIRTY_SOCKET, by default the variable of that name, and
DIRTY_TIMEOUT, seconds of a call that names none, 30 by default.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flask import Flask, Response, current_app

from ..client import DirtyClient
from ..client.current import get_dirty_socket_path
from ..errors import DirtyError
from .events import HEADERS, MEDIA_TYPE, events
from .replies import Kind, reply_to

NAME = "dirty"


class Dirty:
    """The extension; one may serve several applications.

    Args:
        app: the application, or None where `init_app` is called later.
        bad_request: exceptions of apps that are answered by 400, as `reply_to` takes them.
    """

    def __init__(self, app: Flask | None = None, bad_request: Sequence[Kind] = ()) -> None:
        self._bad_request = bad_request
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Keep a client for the application. Raises DirtyError where no socket is configured."""
        path = app.config.get("DIRTY_SOCKET") or get_dirty_socket_path()
        app.extensions[NAME] = DirtyClient(path, app.config.get("DIRTY_TIMEOUT", 30.0))
        app.register_error_handler(DirtyError, self._answer)

    @property
    def client(self) -> DirtyClient:
        """The current application's client. Raises RuntimeError outside of an application."""
        found: DirtyClient = current_app.extensions[NAME]
        return found

    def _answer(self, error: DirtyError) -> Response:
        reply = reply_to(error, self._bad_request)
        return Response(reply.body, reply.status, reply.headers)


def event_response(values: Iterable[Any]) -> Response:
    """A stream as server-sent events; it is closed with the response."""
    return Response(events(values), mimetype=MEDIA_TYPE, headers=HEADERS)
