"""Live conformance: scripts that play the opposite role against a running peer, on real sockets.

    from gdproto.conformance import live
    live.proved()      # {"GD-EXCH-001": ["arbiter-call", ...], ...}

`app.md` says what a judged arbiter or worker serves, `clients.md` how a judged client is run.
"""

from __future__ import annotations

from .script import BOOK, Script, proofs
from .scripts import load

__all__ = ["Script", "proved", "scripts"]


def scripts() -> dict[str, Script]:
    """Every script by its id."""
    load()
    return BOOK.scripts


def proved() -> dict[str, list[str]]:
    """The ids of the scripts that prove a requirement, for each that one proves."""
    return proofs(scripts().values())
