"""What a client is made with, and its copies.

Rules: connections belong to a process, and requests to a connection. So a copy, and what a pickle
holds, has what the client was made with, and opens connections of its own when it is used.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from typing import Any

from ..printable import shown
from ..seconds import LONGEST_S, ValueRefused, seconds

# Below it a count begins. What is smaller than twice that is an int of one digit, for a long time.
FIRST_IDS = 2**29


def request_ids() -> Iterator[int]:
    """Those of one client, which begin where those of others do not, most likely."""
    return itertools.count(1 + int.from_bytes(os.urandom(4)) % (FIRST_IDS - 1))


def checked_path(socket_path: Any) -> str:
    """The path as text. Raises ValueRefused when it is none."""
    try:
        return os.fsdecode(socket_path)
    except TypeError:
        raise ValueRefused(f"socket_path is a path, not {shown(socket_path)}") from None


class Client:
    """What every client has.

    Attributes:
        socket_path: the arbiter's socket.
    """

    # What is not copied.
    _OF_ONE = ("_ids", "_channels", "_on_loops", "_loops", "_bare", "_large")

    def __init__(self, socket_path: str, timeout: float | None) -> None:
        self.socket_path = checked_path(socket_path)
        self.timeout = timeout
        self._begin()

    def _begin(self) -> None:
        """Have no connections yet."""
        raise NotImplementedError

    @property
    def timeout(self) -> float:
        """Seconds for a call as a whole; None and infinity set the longest, a year."""
        return self._timeout_s

    @timeout.setter
    def timeout(self, value: float | None) -> None:
        self._timeout_s = LONGEST_S if value is None else seconds(value, "timeout")

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in self._OF_ONE}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._begin()
