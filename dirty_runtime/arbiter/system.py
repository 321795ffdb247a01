"""What the runtime needs of the operating system.

Rules: the codec runs wherever Python does, and clients where there are Unix sockets. The arbiter
needs Linux, which tells it the end of a worker by a file descriptor, and the user of a connection.
"""

from __future__ import annotations

import os
import socket
import sys


def lack() -> str:
    """What is missing for an arbiter here, in one line; empty where nothing is."""
    if not (hasattr(os, "pidfd_open") and hasattr(socket, "SO_PEERCRED")):
        return (
            "the arbiter runs on Linux, by a Python that has os.pidfd_open and socket.SO_PEERCRED;"
            f" this is {sys.platform}, where clients and the codec run"
        )
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError as error:
        return f"the arbiter needs pidfd_open, of Linux 5.3 and later: {error.strerror}"
    return ""
