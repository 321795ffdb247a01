"""How a command fails: one line on standard error, and a status that says of which kind it is.

Rules: what a caller can do about it decides the kind. The statuses stay what they are: scripts ask
for them. What an app raised, and all else that failed, is 1.
"""

from __future__ import annotations

from contextlib import closing, suppress

import click

from ..client.draining import IT_DRAINS, beside, words
from ..client.readiness import NotReady
from ..errors import (
    DirtyAppNotFoundError,
    DirtyConnectionError,
    DirtyError,
    DirtyNoWorkersAvailableError,
    DirtyOverloadedError,
    DirtyPermissionError,
    DirtyProtocolError,
    DirtyTimeoutError,
)
from ..printable import printable

USAGE, UNREACHABLE, NOT_READY, REFUSED, OVERLOADED, TOO_LATE = 2, 3, 4, 5, 6, 7
# How long an arbiter that drains may take to say so.
LOOK_S = 2.0
# The first that an error is of; what is above them is 1.
STATUSES: tuple[tuple[type[DirtyError], int], ...] = (
    (NotReady, NOT_READY),
    (DirtyConnectionError, UNREACHABLE),
    (DirtyNoWorkersAvailableError, NOT_READY),
    (DirtyAppNotFoundError, REFUSED),
    (DirtyPermissionError, REFUSED),
    (DirtyProtocolError, REFUSED),
    (DirtyOverloadedError, OVERLOADED),
    (DirtyTimeoutError, TOO_LATE),
)


class Failure(click.ClickException):
    """A failure with its status; the message is one line."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        # Of a class in click, of each failure here.
        vars(self)["exit_code"] = status


def usage(message: str) -> Failure:
    """Words of a command that cannot be used."""
    return Failure(message, USAGE)


def failure(error: DirtyError) -> Failure:
    """What is printed of the error: one line, whatever the arbiter said."""
    lines = error.message.splitlines() or ["failed"]
    status = next((status for kind, status in STATUSES if isinstance(error, kind)), 1)
    if isinstance(error, DirtyConnectionError) and (drain := _drain_at(error.socket_path or "")):
        lines[0] = f"{lines[0].removesuffix(IT_DRAINS)}{IT_DRAINS}: {drain}"
        status = NOT_READY
    return Failure(f"{_name(error)}: {printable(lines[0])}", status)


def _drain_at(path: str) -> str:
    """What the arbiter waits for that has served there; empty where none drains."""
    from ..client import DirtyClient

    with suppress(DirtyError, ValueError, OSError):
        with closing(beside(DirtyClient(path, LOOK_S))) as client:
            draining = client.status().get("draining")
        return words(draining) if draining else ""
    return ""


def _name(error: DirtyError) -> str:
    return DirtyError.__name__ if isinstance(error, NotReady) else type(error).__name__
