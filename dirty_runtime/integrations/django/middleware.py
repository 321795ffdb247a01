"""A middleware that answers errors of calls, in views of both kinds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse

from ...errors import DirtyError
from ..replies import reply_to
from . import configured


class DirtyErrors:
    """Answers what a view raises of DirtyError, and nothing else."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response
        self._bad_request = configured()["BAD_REQUEST"]
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        """The view's response, or an awaitable of it."""
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The answer to an error of a call; None leaves any other to Django."""
        if not isinstance(error, DirtyError):
            return None
        reply = reply_to(error, self._bad_request)
        return HttpResponse(reply.body, status=reply.status, headers=reply.headers)
