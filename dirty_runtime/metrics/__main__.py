"""The process that serves and pushes metrics; `dirty metrics`, or an arbiter, starts it.

    python -m dirty_runtime.metrics SOCKET [HOST:PORT of statsd]

Rules: the socket at which it serves is told in DIRTY_METRICS_FD. It ends with who started it. Where
the arbiter is away it goes on, and says so to who asks.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from contextlib import suppress

from ..errors import DirtyError
from ..settings import host_and_port
from .serving import Arbiter, Server

PUSH_S = 10.0


def main(socket_path: str, descriptor: int, statsd: str) -> None:
    """Serve at the descriptor of a socket that listens, -1 for none, and push to statsd."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    arbiter = Arbiter(socket_path)
    if statsd:
        threading.Thread(target=push, args=(arbiter, statsd), daemon=True).start()
    if descriptor >= 0:
        Server(socket.socket(fileno=descriptor), arbiter).serve_forever()
    threading.Event().wait()


def push(arbiter: Arbiter, statsd: str) -> None:
    """Push every PUSH_S."""
    from .pushing import Pusher

    pusher = None
    while True:
        # The name may not be known yet, nor the arbiter be there.
        with suppress(DirtyError, OSError):
            pusher = pusher or Pusher(*host_and_port(statsd))
            pusher.push(arbiter.state())
        time.sleep(PUSH_S)


if __name__ == "__main__":
    main(sys.argv[1], int(os.environ.get("DIRTY_METRICS_FD", "-1")), sys.argv[2])
