"""Serving over HTTP: ``/metrics``, ``/healthz`` and ``/readyz``.

Rules: each request is answered from one STATUS of its own, asked for within ASK_S. An arbiter that
does not answer is neither healthy nor ready, and has no metrics. At most MOST requests are served
at once; who comes then waits for a place. Who sends or reads slowly is let go, and where others
wait, who has kept us waiting for longest.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from ..client import DirtyClient
from ..client.draining import look
from ..client.readiness import State
from ..errors import DirtyError
from ..printable import printable
from .families import Families

ASK_S = 5.0
SLOW_S = 10.0
MOST = 16
# How long a peer may keep us waiting where others wait for its place; and half of how long they do.
STALLED_S = 1.0
ROOM_S = 1.0
PLAIN = "text/plain; charset=utf-8"
Answer = tuple[int, str, bytes]


class Arbiter:
    """Who is asked for its state, at the socket's path."""

    def __init__(self, socket_path: str) -> None:
        self._path = socket_path

    def state(self) -> State:
        """Its STATUS. Raises DirtyError."""
        with contextlib.closing(DirtyClient(self._path, ASK_S)) as client:
            found, state = look(client)
            found.close()
            return state


def answer(arbiter: Arbiter, path: str, accept: str) -> Answer:
    """The status, the type and the body of what is asked for by GET."""
    found = PAGES.get(path.partition("?")[0])
    if found is None:
        return 404, PLAIN, b"there are /metrics, /healthz and /readyz\n"
    try:
        return found(arbiter.state(), accept)
    except DirtyError as error:
        return 503, PLAIN, f"{printable(error.message)}\n".encode()


def _metrics(state: State, accept: str) -> Answer:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Families(state))
    encode, kind = choose_encoder(accept)
    return 200, kind, encode(registry)


def _health(state: State, accept: str) -> Answer:
    return 200, PLAIN, b"it answers\n"


def _readiness(state: State, accept: str) -> Answer:
    lacking = "".join(f"{printable(line)}\n" for line in unready(state))
    return (503, PLAIN, lacking.encode()) if lacking else (200, PLAIN, b"it is ready\n")


def unready(state: State) -> Iterator[str]:
    """Why the arbiter should be sent no calls, a line each; none when it should."""
    if state.get("draining"):
        yield "it drains"
    served = {app for worker in state["workers"] if worker["booted"] for app in worker["apps"]}
    down = state.get("down", {})
    for app in state["apps"]:
        if app in down:
            yield f"{app} is down: {down[app]}"
        elif app not in served:
            yield f"no worker that is ready serves {app}"


PAGES: dict[str, Callable[[State, str], Answer]] = {
    "/metrics": _metrics,
    "/healthz": _health,
    "/readyz": _readiness,
}


class Handler(BaseHTTPRequestHandler):
    """Answers one connection, by threads of the server."""

    server: Server
    timeout = SLOW_S

    def do_GET(self) -> None:
        self.server.keeps_us(self.request, False)
        status, kind, body = answer(
            self.server.arbiter, self.path, self.headers.get("Accept") or ""
        )
        self.server.keeps_us(self.request, True)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET

    def version_string(self) -> str:
        return "dirty"

    def address_string(self) -> str:
        return "client"

    def log_message(self, text: str, *args: Any) -> None:
        """Probes are asked for every few seconds: nothing is said of them."""


class Server(ThreadingHTTPServer):
    """Serves what comes to a socket that listens already."""

    daemon_threads = True

    def __init__(self, listening: socket.socket, arbiter: Arbiter) -> None:
        super().__init__(("", 0), Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.arbiter = arbiter
        self._room = threading.BoundedSemaphore(MOST)
        # Who keeps us waiting, and since when: the first for longest.
        self._slow: dict[socket.socket, float] = {}
        self._lock = threading.Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._room.acquire(blocking=False) or self._has_made_room():
            self.keeps_us(request, True)
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def _has_made_room(self) -> bool:
        """Wait for a place, and let go of who keeps us waiting. Returns whether there is one."""
        for _ in range(2):
            self._let_go_of_the_slowest()
            if self._room.acquire(timeout=ROOM_S):
                return True
        return False

    def _let_go_of_the_slowest(self) -> None:
        with self._lock:
            slowest, since_s = next(iter(self._slow.items()), (None, 0.0))
            if slowest is not None and time.monotonic() >= since_s + STALLED_S:
                del self._slow[slowest]
                # Its thread finds the end.
                with contextlib.suppress(OSError):
                    slowest.shutdown(socket.SHUT_RDWR)

    def keeps_us(self, request: Any, waiting: bool) -> None:
        """Whether the peer has something to send or to read now, or all is up to us."""
        with self._lock:
            self._slow.pop(request, None)
            if waiting:
                self._slow[request] = time.monotonic()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.keeps_us(request, False)
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who hangs up, or is slow, is let go without a word."""
