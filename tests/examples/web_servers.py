"""Real web servers that serve the examples, each at a Unix socket of its own."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from dirty_runtime.testing import ending
from tests.dirty_runtime.processes import LIMIT_S, ROOT, wait_until

EXAMPLES = ROOT / "examples"


class Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=LIMIT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class WebServer:
    """A running web server."""

    def __init__(self, command: list[str], environment: dict[str, str], directory: Path) -> None:
        self.socket_path = f"{directory}/web"
        self.log = directory / "web.log"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [word.replace("SOCKET", self.socket_path) for word in command],
                env=os.environ | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def get(self, target: str) -> tuple[int, dict[str, str], str]:
        """Status, headers and body of what answers a GET."""
        connection = Connection(self.socket_path)
        with contextlib.closing(connection):
            connection.request("GET", target)
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read().decode()

    def is_up(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        with contextlib.suppress(OSError):
            return self.get("/nothing")[0] == 404
        return False


@contextlib.contextmanager
def serving_web(command: list[str], arbiter_socket: str) -> Iterator[WebServer]:
    """The server that `command` starts, SOCKET in it being its socket, when it answers."""
    environment = {"DIRTY_SOCKET": arbiter_socket, "PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryDirectory(prefix="gd-") as directory:
        server = WebServer(command, environment, Path(directory))
        with ending(server.process):
            wait_until(server.is_up, server.log.read_text)
            yield server
        assert "Traceback" not in server.log.read_text(), server.log.read_text()


def gunicorn(target: str, *options: str) -> list[str]:
    """The command that serves a WSGI application of the examples by gunicorn."""
    module = [sys.executable, "-m", "gunicorn", "--chdir", str(EXAMPLES), "--bind", "unix:SOCKET"]
    return [*module, *options, target]


def uvicorn(target: str) -> list[str]:
    """The command that serves an ASGI application of the examples by uvicorn."""
    return [sys.executable, "-m", "uvicorn", "--app-dir", str(EXAMPLES), "--uds", "SOCKET", target]


def hypercorn(target: str) -> list[str]:
    """The command that serves an ASGI application of the examples by hypercorn."""
    target = str(EXAMPLES / target)
    return [sys.executable, "-m", "hypercorn", "--bind", "unix:SOCKET", target]
