"""What the runtime needs of the operating system.

Rules: the codec runs wherever Python does, and clients where there are Unix sockets. The arbiter
needs Linux, which lets a process keep the whole tree below it, and tells the user of a connection.
"""

from __future__ import annotations

import socket
import sys


def lack() -> str:
    """What is missing for an arbiter here, in one line; empty where nothing is."""
    if sys.platform == "linux" and hasattr(socket, "SO_PEERCRED"):
        return ""
    return (
        "the arbiter runs on Linux, by a Python that has socket.SO_PEERCRED;"
        f" this is {sys.platform}, where clients and the codec run"
    )
