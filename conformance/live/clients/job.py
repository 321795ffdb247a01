"""What the adapters of Python clients share: the job, its steps, and what is printed of them.

Rules: an adapter performs one call and returns its outcome; `DirtyError` of whichever client is
an outcome, any other exception ends the program.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

Call = dict[str, Any]
Outcome = dict[str, Any]


class Unsupported(Exception):
    """The client has nothing for such a call."""


def read(arguments: list[str]) -> tuple[str, dict[str, Any]]:
    """The socket's path, empty where the environment names it, and the job."""
    socket_path, text = arguments
    job: dict[str, Any] = json.loads(text)
    return socket_path, job


def perform(steps: Iterable[list[Call]], do: Callable[[Call], Outcome]) -> None:
    """Do the steps in turn, the calls of each at once in threads, and print the outcomes."""
    with ThreadPoolExecutor(8) as threads:
        tell(lambda: [list(threads.map(do, step)) for step in steps])


def tell(outcomes: Callable[[], list[list[Outcome]]]) -> None:
    """Print the outcomes, or that a call is not supported."""
    try:
        answer: dict[str, Any] = {"outcomes": outcomes()}
    except Unsupported as error:
        answer = {"unsupported": str(error)}
    json.dump(answer, sys.stdout)


def failure(error: Any, chunks: list[Any] | None = None) -> Outcome:
    """The outcome of a call that raised, after these chunks of its stream."""
    told: dict[str, Any] = {"type": type(error).__name__, "message": str(error)}
    details = getattr(error, "details", None) or {}
    if "code" in details:
        told["code"] = details["code"]
    return {"error": told} if chunks is None else {"error": told, "chunks": chunks}
