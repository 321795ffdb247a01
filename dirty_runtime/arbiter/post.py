"""What arbiters at one path have one after another: the socket, the pidfile, the metrics' place.

Rules: the first takes all of them, or none and says why. Who follows takes each as the one before
lets go of it, and serves without what is not let go of. What was taken is given back at the end.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..settings import Config, ConfigError
from .clients.access import Access
from .clients.listener import Listener
from .clock import Clock
from .exporter import Exporter
from .pidfile import Pidfile
from .predecessor import Predecessor
from .service import Service
from .workers.template import Templates

if TYPE_CHECKING:
    from .several.branch import Dealt

log = logging.getLogger("dirty")

# How often it is looked whether the metrics' place is free, and how long it may take to be.
LOOK_S = 0.05
FREED_S = 5.0


class Post:
    """Those of the arbiter that is to serve at `config.socket_path`.

    Args:
        config: where they are.
        access: who may open the sockets.
        service: the service manager, which may have given the socket.
        templates: start who serves metrics.
        clock: has its timers.

    Attributes:
        listener: takes connections; None until it is taken.
    """

    def __init__(
        self, config: Config, access: Access, service: Service, templates: Templates, clock: Clock
    ) -> None:
        self.listener: Listener | Dealt | None = None
        self._config = config
        self._access = access
        self._service = service
        self._templates = templates
        self._clock = clock
        self._pidfile = Pidfile(config.pidfile)
        self._exporter: Exporter | None = None

    def take(self) -> None:
        """Be the first. Raises ConfigError, where one of them cannot be had."""
        path = self._config.socket_path
        given = self._service.socket_at(path)
        self.listener = Listener(path, self._access, given, given is not None)
        self._exporter = self._new_exporter()
        self._pidfile.write()

    async def follow(self, predecessor: Predecessor, accept: Callable[[], None]) -> None:
        """Follow another.

        Args:
            predecessor: that.
            accept: called as soon as there is the listener, to take connections from it.

        Raises:
            ConfigError: the socket cannot be had.
        """
        given, is_lent = await predecessor.socket()
        self.listener = Listener(self._config.socket_path, self._access, given, is_lent)
        accept()
        await predecessor.gone()
        try:
            self._pidfile.write()
        except ConfigError as error:
            # Nobody else serves any more.
            log.error("no pidfile: %s", error)
        self._exporter = await self._freed_exporter()

    def _new_exporter(self) -> Exporter:
        return Exporter(self._config, self._access, self._clock, self._templates)

    async def _freed_exporter(self) -> Exporter | None:
        limit_s = self._clock() + FREED_S
        while True:
            try:
                return self._new_exporter()
            except ConfigError as error:
                if self._clock() > limit_s:
                    log.error("no metrics: %s", error)
                    return None
                await asyncio.sleep(LOOK_S)

    def start_metrics(self) -> None:
        """Start who serves them, if it is wanted."""
        if self._exporter is not None:
            self._exporter.start()

    def end_metrics(self) -> None:
        """End who serves them."""
        if self._exporter is not None:
            self._exporter.end()

    # --- for one that follows this ---

    def share(self) -> tuple[socket.socket, bool]:
        """The socket, for one that may follow, and whether a service manager lends it."""
        assert self.listener is not None
        return self.listener.share(), self.listener.is_lent

    def give_way(self) -> str:
        """Leave who comes to the other who has the socket; returns the path."""
        assert self.listener is not None
        self.listener.pause()
        return self._config.socket_path

    def keep(self) -> None:
        """Have the socket alone again: nobody follows."""
        assert self.listener is not None
        self.listener.keep()

    def leave(self, pid: int) -> None:
        """Leave all to process `pid`, which follows."""
        assert self.listener is not None
        self.listener.leave()
        self._service.goes_on_with(pid)
        self._pidfile.remove()
        self.end_metrics()
        if self._exporter is not None:
            self._exporter.close()

    def close(self) -> None:
        """Give all back that is still had."""
        if self._exporter is not None:
            self._exporter.close()
        self._pidfile.remove()
        if self.listener is not None:
            self.listener.close()
        self._service.close()
