"""What a caller and the log are told of a call that failed in its worker."""

from __future__ import annotations

from typing import Any

import gdproto

from ..errors import DirtyAppError
from ..failure import Failure, tell
from ..hints import hint
from ..tracing import facts_of_trace, number_of
from .log import LOG


def name_of(request: gdproto.Request) -> str:
    """What was called, for a person."""
    return f"{request.app_path} {request.action}"


def facts_of(request: gdproto.Request) -> dict[str, Any]:
    """What was called, for programs that read the log."""
    action, number = request.action, request.request_id
    facts = {"app": request.app_path, "action": action, "request_id": number}
    return facts | facts_of_trace(request.trace)


class Forbidden(Exception):
    """A call that the worker refuses by itself."""


def forbidden(action: str) -> Forbidden:
    """What is raised for an action that may not be called from outside."""
    return Forbidden(f"action {action!r} cannot be called from outside")


def app_error(error: BaseException, request: gdproto.Request, tracebacks: bool) -> DirtyAppError:
    """What the caller is told of an exception, which the log has too."""
    # An app's exception may lie about its class, or raise where it is asked.
    if type(error) is Forbidden:
        # No exception of the app's: GD-ERR-038.
        LOG.say("ERROR", f"{head_of(request)} failed: {error}", facts_of(request))
        return DirtyAppError(str(error), request.app_path, request.action)
    told = tell(error)
    _log(told, request)
    told_trace = told.traceback if tracebacks else None
    return DirtyAppError(
        told.message,
        request.app_path,
        request.action,
        told_trace,
        told.kind,
        list(told.bases),
    )


def unencodable(error: BaseException, request: gdproto.Request, tracebacks: bool) -> DirtyAppError:
    """What the caller is told of a result that cannot be sent: no exception of the app's."""
    told = tell(error)
    helps = hint(getattr(error, "code", ""), told.message)
    reason = f"the result cannot be encoded: {told.message}{helps}"
    LOG.say("ERROR", f"{head_of(request)} failed: {reason}", facts_of(request))
    told_trace = told.traceback if tracebacks else None
    return DirtyAppError(reason, request.app_path, request.action, told_trace)


def head_of(request: gdproto.Request) -> str:
    """What was called, and by what the lines of the call are found."""
    return f"{name_of(request)} ({number_of(request.request_id, request.trace)})"


def _log(failure: Failure, request: gdproto.Request) -> None:
    text = f"{head_of(request)} failed: {failure.kind}: {failure.message}"
    facts = facts_of(request) | {"exception_type": failure.kind}
    LOG.say("ERROR", text, facts, failure.traceback)
