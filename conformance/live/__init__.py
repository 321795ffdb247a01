"""Live conformance: scripts that play the opposite role against a running peer, on real sockets.

    from gdproto.conformance import live
    live.proved()      # {"GD-EXCH-001": ["arbiter-call", ...], ...}

`app.md` says what a judged arbiter or worker serves, `clients.md` how a judged client is run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .script import Script

# The app and the clients of this package are started alone, often, and need none of the scripts:
# these are imported when they are asked for.


def scripts() -> dict[str, Script]:
    """Every script by its id."""
    from .library import load
    from .script import BOOK

    load()
    return BOOK.scripts


def proved() -> dict[str, list[str]]:
    """The ids of the scripts that prove a requirement, for each that one proves."""
    from .script import proofs

    return proofs(scripts().values())
