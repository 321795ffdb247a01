"""A server of Valkey or Redis for tests: the real one, on a Unix socket, that keeps nothing."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

PROGRAMS = ("valkey-server", "redis-server")
READY = "eady to accept connections"
GONE_S = 10


def program() -> str | None:
    """The path of a server that is installed."""
    return next((path for name in PROGRAMS if (path := shutil.which(name))), None)


class Server:
    """One server, which may be killed, stopped and started again on the same socket."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None
        self.url = f"unix://{folder}/socket"

    def start(self) -> None:
        """Return when it serves."""
        path = program()
        assert path is not None, "no valkey-server and no redis-server is installed"
        words = ["--port", "0", "--unixsocket", f"{self._folder}/socket", "--save", ""]
        self._process = subprocess.Popen(
            [path, *words, "--dir", self._folder, "--loglevel", "notice"],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        said = ""
        while READY not in said:
            said = self._process.stdout.readline()
            assert said, f"{path} ended with {self._process.wait(GONE_S)}"

    def send(self, number: int) -> None:
        """Send it a signal; return, where that ends it, when it is gone."""
        assert self._process is not None
        self._process.send_signal(number)
        if number == signal.SIGKILL:
            self._process.wait(GONE_S)
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None

    def end(self) -> None:
        """End it, if it runs."""
        if self._process is not None:
            self.send(signal.SIGKILL)


@contextmanager
def served() -> Iterator[Server]:
    """A server that has nothing."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder)
        server.start()
        try:
            yield server
        finally:
            server.end()
