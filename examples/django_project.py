"""A Django project in one file, whose views call workers: one blocks, one awaits.

    python examples/django_project.py dirty serve --chdir examples
    gunicorn --chdir examples --threads 8 django_project:application

Both take the socket and the apps from DIRTY in the settings, the socket here from $DIRTY_SOCKET.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path

from dirty_runtime.integrations.django import client, event_response, streamed

STORYTELLER = "storyteller:Storyteller"

settings.configure(
    ALLOWED_HOSTS=["*"],
    DIRTY={"TIMEOUT": 10.0, "APPS": [STORYTELLER], "BAD_REQUEST": ["ValueError"]},
    INSTALLED_APPS=["dirty_runtime.integrations.django"],
    MIDDLEWARE=["dirty_runtime.integrations.django.middleware.DirtyErrors"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="an example has no secrets",
)


def told(request: HttpRequest) -> tuple[int, int]:
    """How long a story, and which."""
    return int(request.GET.get("length", 50)), int(request.GET.get("seed", 0))


def story(request: HttpRequest) -> HttpResponse:
    """The whole story at once, as JSON."""
    return JsonResponse({"story": client().execute(STORYTELLER, "story", *told(request))})


async def awaited(request: HttpRequest) -> HttpResponse:
    """The same, from a view that awaits."""
    text = await client().execute_async(STORYTELLER, "story", *told(request))
    return JsonResponse({"story": text})


def words(request: HttpRequest) -> StreamingHttpResponse:
    """The story word by word, as the worker tells it."""
    stream = streamed(request, STORYTELLER, "words", *told(request))
    if isinstance(stream, AsyncIterator):
        return StreamingHttpResponse(f"{word}\n" async for word in stream)
    return StreamingHttpResponse(f"{word}\n" for word in stream)


def events(request: HttpRequest) -> StreamingHttpResponse:
    """The same as server-sent events, for a browser's EventSource."""
    return event_response(request, STORYTELLER, "words", *told(request))


urlpatterns = [
    path("story", story),
    path("awaited", awaited),
    path("words", words),
    path("events", events),
]

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
else:
    application = get_wsgi_application()
    asgi = get_asgi_application()
