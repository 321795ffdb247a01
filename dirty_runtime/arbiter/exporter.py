"""The process that serves and pushes metrics, as `dirty_runtime.metrics` says.

Rules: it is started when the arbiter serves, and started again when it ends; the arbiter goes on
without it. The socket is the arbiter's, so that the place is taken, or refused, at the start. What
it needs is an extra, and looked for without loading it.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import socket
import sys

from ..settings import Config, ConfigError, host_and_port
from .clients.access import Access
from .clients.socket_file import SocketFile
from .clock import Clock, Timer
from .policy.restarts import Backoff
from .workers.process import Kept
from .workers.template import Start, Templates

log = logging.getLogger("dirty")

COMMAND = (sys.executable, "-P", "-m", "dirty_runtime.metrics")
# What each setting needs.
NEEDED = {"metrics": "prometheus_client", "statsd": "statsd"}


class Exporter:
    """The metrics' process of one arbiter, if its settings ask for one.

    Args:
        config: where to serve, and where to push.
        access: who may open the socket, if it has a path.
        clock: has its timers.
        templates: start it.

    Raises:
        ConfigError: what it needs is not there, or the place cannot be served at.
    """

    def __init__(self, config: Config, access: Access, clock: Clock, templates: Templates) -> None:
        self._config = config
        self._templates = templates
        self._clock = clock
        self._backoff = Backoff()
        self._process: Kept | None = None
        self._wait: Timer | None = None
        self._has_ended = False
        self._file: SocketFile | None = None
        self._socket: socket.socket | None = None
        for setting, module in NEEDED.items():
            if getattr(config, setting) and importlib.util.find_spec(module) is None:
                told = f"{setting} needs a package: pip install 'gdproto[metrics]'"
                raise ConfigError(told, setting)
        if config.metrics:
            self._listen(config.metrics, access)

    def _listen(self, place: str, access: Access) -> None:
        if "/" in place:
            self._file = SocketFile(place, access)
            self._socket = self._file.socket
            return
        host, port = host_and_port(place)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self._socket = socket.create_server((host, port), family=family)
        except OSError as error:
            reason = f"metrics {place}: {error.strerror or error}"
            raise ConfigError(reason, "metrics") from None

    @property
    def address(self) -> str:
        """Where it serves; empty where it does not."""
        if self._socket is None or self._file is not None:
            return self._config.metrics
        host, port = self._socket.getsockname()[:2]
        return f"{host}:{port}"

    def start(self) -> None:
        """Start it, if it is wanted."""
        config, self._wait = self._config, None
        if self._has_ended or not (config.metrics or config.statsd):
            return
        fds = [("DIRTY_METRICS_FD", self._socket.fileno())] if self._socket is not None else []
        words = [*COMMAND, config.socket_path, config.statsd]
        try:
            self._process = self._templates.start(Start("command", words, os.environ, "", fds))
        except OSError as error:
            log.error("metrics cannot be served for now: %s", error.strerror)
            self._start_later()
            return
        self._process.when_ended(self._ended)

    def _ended(self) -> None:
        process, self._process = self._process, None
        if not self._has_ended and process is not None:
            log.error("who serves metrics ended, and is started again: %s", process.ending())
            self._start_later()

    def _start_later(self) -> None:
        self._wait = self._clock.call_later(self._backoff.died(False), self.start)

    def end(self) -> None:
        """End it."""
        self._has_ended = True
        if self._wait is not None:
            self._wait.cancel()
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """Give up its place."""
        if self._file is not None:
            self._file.close()
        elif self._socket is not None:
            self._socket.close()
