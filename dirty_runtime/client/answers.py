"""What an answer means to the caller: pure.

Rules: a call has one deadline, everything that it waits for included. An ERROR is raised as the
error that it carries. A CHUNK is no answer to a plain call. What has not begun, as the arbiter
says, may be asked once more, on a new connection: another arbiter may serve there by now.
"""

from __future__ import annotations

import time
from typing import Any

import gdproto

from ..errors import (
    DirtyConnectionError,
    DirtyError,
    DirtyProtocolError,
    DirtyTimeoutError,
    from_message,
)


class Deadline:
    """The end of a call's time, `timeout_s` seconds from now."""

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self._due_s = time.monotonic() + timeout_s

    def left_s(self) -> float:
        """Seconds that are left. Raises DirtyTimeoutError when none are."""
        left_s = self._due_s - time.monotonic()
        if left_s <= 0:
            raise self.passed()
        return left_s

    def within(self, idle_s: float | None) -> Deadline:
        """The end of `idle_s` seconds from now, if that comes sooner; None for no such limit.

        Raises:
            DirtyTimeoutError: no time is left.
        """
        return self if idle_s is None else Deadline(min(idle_s, self.left_s()))

    def passed(self) -> DirtyTimeoutError:
        """What the caller is told when the time is over."""
        return DirtyTimeoutError(f"no answer within {self.timeout_s:g} s", self.timeout_s)


def result_of(message: gdproto.Message) -> Any:
    """The result of a plain call. Raises DirtyError when there is none."""
    if isinstance(message, gdproto.Response):
        return message.result
    if isinstance(message, gdproto.Error):
        raise from_message(message)
    ways = "stream() or stream_async(), in a shell with `dirty stream`"
    raise DirtyError(f"the action streams its result: call it with {ways}")


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


def closed(socket_path: str) -> DirtyConnectionError:
    """What the caller is told when the arbiter went away."""
    reason = f"the arbiter at {socket_path} closed the connection before it answered"
    return DirtyConnectionError(reason, socket_path)


def unreachable(socket_path: str, error: OSError) -> DirtyConnectionError:
    """What the caller is told when there is no arbiter."""
    reason = f"no arbiter answers at {socket_path}: {error.strerror or error}"
    return DirtyConnectionError(reason, socket_path)


def encoded(connection: gdproto.Connection, message: gdproto.Message) -> list[bytes]:
    """The frame that carries `message`, in parts. Raises DirtyProtocolError if there is none."""
    try:
        return connection.send_parts(message)
    except gdproto.ProtocolError as error:
        raise DirtyProtocolError.of(error) from None
