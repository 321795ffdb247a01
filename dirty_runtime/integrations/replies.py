"""Which answer of HTTP an error of a call is: one table for all frameworks.

Rules: whoever may try again is told when. What a caller did wrong is told him in the app's words;
what went wrong here is told as what it is, and no more: the log has the rest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..errors import (
    DirtyAppError,
    DirtyConnectionError,
    DirtyError,
    DirtyNoWorkersAvailableError,
    DirtyOverloadedError,
    DirtyTimeoutError,
    DirtyWorkerError,
)

BAD_REQUEST, FAILED, BAD_GATEWAY, AWAY, LATE = 400, 500, 502, 503, 504
# Seconds, where the arbiter names none.
COME_BACK_S = 1

_REPLIES: Mapping[type[DirtyError], tuple[int, str]] = {
    DirtyOverloadedError: (AWAY, "too many calls are waiting: try again"),
    DirtyConnectionError: (AWAY, "the workers are away: try again"),
    DirtyNoWorkersAvailableError: (AWAY, "no worker is there for this: try again"),
    DirtyTimeoutError: (LATE, "the call took too long"),
    DirtyWorkerError: (BAD_GATEWAY, "the worker was lost during the call"),
    DirtyError: (FAILED, "the call failed"),
}
# An exception of an app, by class or qualified name.
Kind = type[BaseException] | str


class Reply(NamedTuple):
    """What a web server answers.

    Attributes:
        status: of HTTP.
        headers: by name.
        text: the body, plain text of one line.
    """

    status: int
    headers: dict[str, str]
    text: str

    @property
    def body(self) -> bytes:
        """The text as it is sent."""
        return f"{self.text}\n".encode(errors="replace")


def reply_to(error: DirtyError, bad_request: Sequence[Kind] = ()) -> Reply:
    """The answer to a request whose call ended in `error`.

    Args:
        bad_request: exceptions of apps, and those below them, by which they say that what they
            were given is wrong: 400, with the exception's own text.
    """
    if isinstance(error, DirtyAppError) and bad_request and error.is_a(*bad_request):
        return Reply(BAD_REQUEST, _headers(), error.message)
    status, words = next(found for kind, found in _REPLIES.items() if isinstance(error, kind))
    if isinstance(error, DirtyConnectionError) and error.begun is not False:
        # It may have had effects: nobody is asked to try again.
        status, words = BAD_GATEWAY, "the workers were lost during the call"
    headers = _headers()
    if status == AWAY:
        headers["Retry-After"] = str(_come_back_s(error))
    return Reply(status, headers, words)


def _headers() -> dict[str, str]:
    return {"Content-Type": "text/plain; charset=utf-8"}


def _come_back_s(error: DirtyError) -> int:
    wanted = getattr(error, "retry_after", None)
    return max(COME_BACK_S, math.ceil(wanted or 0))
