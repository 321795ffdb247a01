"""For tests of apps and of what calls them: an arbiter beside this process, or one within it.

Rules: `running` and `started` have processes as a service has them, `in_process` runs the same apps
in threads of this one, so that a debugger, a monkeypatch and a measure of coverage see them. What
only the latter needs is loaded with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .processes import Arbiter, ArbiterError, ending, running, started

if TYPE_CHECKING:
    from .threads import InProcess, in_process

__all__ = ["Arbiter", "ArbiterError", "InProcess", "ending", "in_process", "running", "started"]


def __getattr__(name: str) -> Any:
    if name not in ("InProcess", "in_process"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import threads

    return getattr(threads, name)
