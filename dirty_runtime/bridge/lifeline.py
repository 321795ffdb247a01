"""Connections that carry nothing: their end tells at once who is gone.

Rules: the kernel of the other machine answers, whatever the process there is at. A process that
ends closes its end; a machine that is gone answers no more, and is taken for gone in less than a
second. Ray itself finds that out by heartbeats, after some ten seconds.
"""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Callable

BEAT_S = 0.2
SILENCE_MS = 600
CONNECT_S = 2.0
# Of the processes of a node that dies, one goes before the other.
LOOKS, LOOK_S = 3, 0.2
# A head closes what says nothing, after minutes: such a connection is made anew.
AGAIN_S = 0.05


class Lifeline:
    """A connection to an actor.

    Args:
        lost: is called once, from a thread, with why the actor is taken for gone.

    Raises:
        OSError: nobody is there.
    """

    def __init__(self, host: str, port: int, lost: Callable[[str], object]) -> None:
        self._socket = socket.create_connection((host, port), CONNECT_S)
        self._socket.settimeout(None)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENCE_MS)
        self._lost = lost
        threading.Thread(target=self._run, name="lifeline", daemon=True).start()

    def _run(self) -> None:
        looks = select.poll()
        looks.register(self._socket, select.POLLIN)
        with self._socket:
            try:
                # It says nothing: what can be read is its end.
                while not looks.poll(BEAT_S * 1000):
                    self._socket.send(b".")
                reason = "its process is gone"
            except OSError as error:
                reason = f"its node does not answer: {error.strerror or error}"
        self._lost(f"its actor died: {reason}")


def is_gone(address: tuple[str, int]) -> bool:
    """Whether nobody listens there any more, be it in a moment."""
    for _ in range(LOOKS):
        try:
            socket.create_connection(address, LOOK_S).close()
        except OSError:
            return True
        time.sleep(AGAIN_S)
    return False


def watch_head(address: tuple[str, int], lost: Callable[[str], object]) -> None:
    """Call `lost` with the reason when the head of the cluster is gone; runs until then."""
    try:
        while True:
            with socket.create_connection(address, CONNECT_S) as head:
                head.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                head.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
                head.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
                head.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 2)
                head.settimeout(None)
                while head.recv(4096):
                    pass
            time.sleep(AGAIN_S)
    except OSError as error:
        lost(f"the head of the cluster is gone: {error.strerror or error}")
