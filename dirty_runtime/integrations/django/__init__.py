"""Django: settings, a middleware, `manage.py dirty`, and apps that use models.

    INSTALLED_APPS = [..., "dirty_runtime.integrations.django"]
    MIDDLEWARE = [..., "dirty_runtime.integrations.django.middleware.DirtyErrors"]
    DIRTY = {"SOCKET": "/run/dirty.sock", "TIMEOUT": 10.0, "APPS": ["shop.models_ml:Prices"],
             "BAD_REQUEST": ["builtins.ValueError"]}

Rules: each setting has a default: SOCKET that of the variable DIRTY_SOCKET, TIMEOUT 30 seconds, no
APPS, no BAD_REQUEST. Views ask `client()`, and call it with `execute` or await `execute_async`.
A stream is asked for by `streamed` or `event_response`: what blocks would be collected whole where
Django runs on an event loop, before the first chunk is sent.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

from ...client import DirtyClient
from ...client.current import get_dirty_socket_path
from ..events import HEADERS, MEDIA_TYPE, events, events_async

if TYPE_CHECKING:
    from django.http import HttpRequest, StreamingHttpResponse

__all__ = ["client", "configured", "event_response", "streamed"]


def configured() -> dict[str, Any]:
    """The project's settings, with defaults; an unknown one is refused.

    Raises:
        ImproperlyConfigured: DIRTY is no dict, or has a name that means nothing.
    """
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured

    found = getattr(settings, "DIRTY", {})
    known: dict[str, Any] = {"SOCKET": None, "TIMEOUT": 30.0, "APPS": [], "BAD_REQUEST": []}
    if not isinstance(found, dict) or not found.keys() <= known.keys():
        raise ImproperlyConfigured(f"DIRTY is a dict of {', '.join(known)}; it is {found!r}")
    return known | found


@functools.cache
def client() -> DirtyClient:
    """The process's client. Raises DirtyError where nothing names the socket."""
    found = configured()
    return DirtyClient(found["SOCKET"] or get_dirty_socket_path(), found["TIMEOUT"])


def streamed(
    request: HttpRequest, app_path: str, action: str, /, *args: Any, **kwargs: Any
) -> Iterator[Any] | AsyncIterator[Any]:
    """The chunks of a stream, as the server of this request can wait for them.

    An async iterator where Django runs on an event loop, a plain one elsewhere; it raises what
    `DirtyClient.stream` raises.
    """
    from django.core.handlers.asgi import ASGIRequest

    calls = client()
    stream = calls.stream_async if isinstance(request, ASGIRequest) else calls.stream
    found: Iterator[Any] | AsyncIterator[Any] = stream(app_path, action, *args, **kwargs)
    return found


def event_response(
    request: HttpRequest, app_path: str, action: str, /, *args: Any, **kwargs: Any
) -> StreamingHttpResponse:
    """A stream as server-sent events; it is closed with the response."""
    from django.http import StreamingHttpResponse

    told = streamed(request, app_path, action, *args, **kwargs)
    parts = events_async(told) if isinstance(told, AsyncIterator) else events(told)
    return StreamingHttpResponse(parts, content_type=MEDIA_TYPE, headers=HEADERS)
