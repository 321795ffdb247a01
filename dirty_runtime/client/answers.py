"""What an answer means to the caller: pure.

Rules: a call has one deadline, everything that it waits for included. The arbiter keeps it too, and
knows where the time went: its word is waited for a moment longer. An ERROR is raised as the
error that it carries. A CHUNK is no answer to a plain call. What has not begun, as the arbiter
says, may be asked once more, on a new connection: another arbiter may serve there by now. So may
STATUS, which changes nothing, where the arbiter ends that was asked.
"""

from __future__ import annotations

import os
import time
from typing import Any, TypeGuard

import gdproto

from ..errors import (
    DirtyConnectionError,
    DirtyError,
    DirtyNoWorkersAvailableError,
    DirtyProtocolError,
    DirtyTimeoutError,
    DirtyWorkerError,
    from_message,
)
from ..printable import printable

# How much longer than its deadline a call waits for what the arbiter says of it, at most.
PATIENCE = 0.1
PATIENCE_S = 0.25


class Deadline:
    """The end of a call's time, `timeout_s` seconds from now.

    Args:
        request: what the arbiter is to answer by then; None where it is told of no deadline.

    Attributes:
        due_s: when it is over, by `time.monotonic`.
    """

    __slots__ = ("_request", "due_s", "timeout_s")

    def __init__(self, timeout_s: float, request: gdproto.Request | None = None) -> None:
        self.timeout_s = timeout_s
        self._request = request
        self.due_s = time.monotonic() + timeout_s
        if request is not None:
            patience_s = PATIENCE * timeout_s
            self.due_s += patience_s if patience_s < PATIENCE_S else PATIENCE_S

    def left_s(self) -> float:
        """Seconds that are left. Raises DirtyTimeoutError when none are."""
        left_s = self.due_s - time.monotonic()
        if left_s <= 0:
            raise self.passed()
        return left_s

    def within(self, idle_s: float | None) -> Deadline:
        """The end of `idle_s` seconds from now, if that comes sooner; None for no such limit.

        Raises:
            DirtyTimeoutError: no time is left.
        """
        if idle_s is None or idle_s >= self.left_s():
            return self
        limit = Deadline(idle_s)
        limit._request = self._request
        return limit

    def passed(self) -> DirtyTimeoutError:
        """What the caller is told when the time is over."""
        reason = f"no answer within {self.timeout_s:g} s"
        if self._request is None:
            return DirtyTimeoutError(reason, self.timeout_s)
        app_path, action = self._request.app_path, self._request.action
        return DirtyTimeoutError(f"{app_path} {action}: {reason}", self.timeout_s, app_path, action)


def result_of(message: gdproto.Message) -> Any:
    """The result of a plain call. Raises DirtyError when there is none."""
    if isinstance(message, gdproto.Response):
        return message.result
    if isinstance(message, gdproto.Error):
        raise from_message(message)
    ways = "stream() or stream_async(), in a shell with `dirty stream`"
    raise DirtyError(f"the action streams its result: call it with {ways}")


def may_ask_again(error: BaseException, message: gdproto.Message) -> TypeGuard[DirtyError]:
    """Whether `message` may be sent to another arbiter after that: nothing of it has begun, or it
    changes nothing and the arbiter that was asked ends.
    """
    if type(message) is gdproto.Status and isinstance(error, DirtyNoWorkersAvailableError):
        return True
    return isinstance(error, DirtyError) and says_nothing_began(error)


def says_nothing_began(error: DirtyError | gdproto.Message) -> bool:
    """Whether it is an error, or an ERROR, by which nothing of what was asked has begun."""
    details = getattr(error, "details", None)
    return isinstance(details, dict) and details.get("begun") is False


def answer_in(event: object, socket_path: str) -> gdproto.MessageReceived | None:
    """The answer to a call that the event holds, if it holds one.

    Raises:
        DirtyError: the connection is over, or what the arbiter said of it as a whole.
    """
    if isinstance(event, gdproto.MessageReceived):
        message = event.message
        if message.request_id == 0 and isinstance(message, gdproto.Error):
            raise from_message(message)
        return event
    if isinstance(event, gdproto.ConnectionClosed):
        raise closed(socket_path)
    return None


def of_form(answer: Any, form: str) -> Any:
    """The answer to a question. Raises DirtyProtocolError when it lacks the declared form."""
    from gdproto.answers import ResultType, misfits

    for misfit in misfits(answer, ResultType("form", None, form)):
        raise DirtyProtocolError(f"what the arbiter answers is not understood: {misfit}")
    return answer


def broken(error: gdproto.ProtocolError) -> DirtyError:
    """What the caller is told when what comes breaks the protocol.

    An answer that breaks off has lost its worker: an arbiter has no other way to tell.
    """
    if error.code == "truncated" and error.scope == "connection":
        return DirtyWorkerError("the answer breaks off: whoever gave it died in the middle of it")
    return DirtyProtocolError.of(error)


def closed(socket_path: str) -> DirtyConnectionError:
    """What the caller is told when the arbiter went away."""
    reason = f"the arbiter at {printable(socket_path)} closed the connection before it answered"
    return DirtyConnectionError(reason, socket_path)


def lost(socket_path: str, error: OSError) -> DirtyConnectionError:
    """What the caller is told when the connection fails."""
    if isinstance(error, ConnectionError):
        return closed(socket_path)
    reason = f"the connection to {printable(socket_path)} fails: {error.strerror or error}"
    return DirtyConnectionError(reason, socket_path)


def unreachable(socket_path: str, error: OSError | ValueError) -> DirtyConnectionError:
    """What the caller is told when there is no arbiter, or no such path can be."""
    place = printable(socket_path)
    if not socket_path.startswith(("/", "\0")):
        place += f" in {_current_directory()}"
    strerror = error.strerror if isinstance(error, OSError) else None
    said = strerror or printable(str(error))
    if isinstance(error, FileNotFoundError | ConnectionRefusedError):
        from .draining import IT_DRAINS, drains

        said += IT_DRAINS if drains(socket_path) else ""
    return DirtyConnectionError(f"no arbiter answers at {place}: {said}", socket_path, False)


def _current_directory() -> str:
    try:
        return printable(os.getcwd())
    except OSError:
        return "a directory that is gone"


def encoded(connection: gdproto.Connection, message: gdproto.Message) -> list[bytes]:
    """The frame that carries `message`, in parts. Raises DirtyProtocolError if there is none."""
    try:
        return connection.send_parts(message)
    except gdproto.ProtocolError as error:
        raise DirtyProtocolError.of(error) from None
