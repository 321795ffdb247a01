"""What keeps the tables of the stash.

Rules: the operations are declared in the spec, and `gdproto.answers.StashBackend` has a method for
each. A backend raises the errors that travel to who asked. One that awaits answers each connection
in the order of its questions all the same: that is the registry's part.
"""

from __future__ import annotations

from typing import Protocol

from gdproto.answers import StashBackend


class Backend(StashBackend, Protocol):
    """A place for the tables of one arbiter.

    Attributes:
        waits: False for one that awaits nothing but its turns.
        bytes: what everything takes, as far as it is known.
        max_bytes: what it may take; 0 for any.
    """

    waits: bool
    max_bytes: int

    @property
    def bytes(self) -> int: ...

    def close(self) -> None:
        """Let go of what is kept; it may take a while."""
        ...
