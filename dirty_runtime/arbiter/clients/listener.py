"""The Unix socket that an arbiter serves at.

Rules: nobody but its owner can open it before it has the permissions that it shall have. A
socket file is replaced only when nobody serves it any more; anything else at its path
is left alone. What was made is removed at the end, if it is still what was made. While an arbiter
drains, its socket has another name: clients do not find it, but whoever looks after it does, and
the path is free for a successor.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

from ...settings import DRAINING, ConfigError, check_directory
from .access import Access

log = logging.getLogger("dirty")

BACKLOG = 1024
# Connections that are taken in one turn of the event loop.
AT_ONCE = 64
# How long no connection is taken after one could not be, as for want of file descriptors.
PAUSE_S = 1.0


class Listener:
    """A listening socket.

    Args:
        path: where.
        access: its owner, group and mode.

    Raises:
        ConfigError: the path cannot be served at; the message names it and the reason.
    """

    def __init__(self, path: str, access: Access) -> None:
        self.path = Path(path)
        check_socket(self.path)
        _make_way(self.path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._identity: tuple[int, int] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        mask = os.umask(0o177)
        try:
            self.socket.bind(path)
            self._identity = _identity(self.path)
            os.chown(path, access.owner, access.group, follow_symlinks=False)
            os.chmod(path, access.mode)
        except OSError as error:
            self.close()
            raise _refused(path, f": {error.strerror}") from error
        finally:
            os.umask(mask)
        self.socket.listen(BACKLOG)

    def accept(self, came: Callable[[socket.socket], object]) -> None:
        """Have the running event loop call `came` with each new connection, until `close`."""
        self._loop = asyncio.get_running_loop()
        self.socket.setblocking(False)
        self._loop.add_reader(self.socket, self._accept, came)

    def _accept(self, came: Callable[[socket.socket], object]) -> None:
        for _ in range(AT_ONCE):
            try:
                connected, _ = self.socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionError):
                return
            except OSError as error:
                log.error("no connection can be taken for now: %s", error.strerror)
                assert self._loop is not None
                self._loop.remove_reader(self.socket)
                self._loop.call_later(PAUSE_S, self._accept_again, came)
                return
            came(connected)

    def _accept_again(self, came: Callable[[socket.socket], object]) -> None:
        if self.socket.fileno() >= 0:
            self.accept(came)

    def step_aside(self) -> None:
        """Take connections at the path for draining; at none if it is not to be had."""
        path = self.path.with_name(self.path.name + DRAINING)
        try:
            check_socket(path)
            _make_way(path)
            if _identity(self.path) == self._identity:
                self.path = self.path.rename(path)
        except (ConfigError, OSError) as error:
            log.warning("the drain cannot be looked at: %s", error)
            self.close()

    def close(self) -> None:
        """Stop listening and remove the socket file."""
        if self._loop is not None and self.socket.fileno() >= 0:
            self._loop.remove_reader(self.socket)
        self.socket.close()
        if self._identity is not None and _identity(self.path) == self._identity:
            self.path.unlink()
        self._identity = None


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def check_socket(path: Path) -> None:
    """Raises ConfigError when there is no directory for a socket, or something else is there."""
    check_directory("socket_path", str(path))
    if os.path.lexists(path) and not stat.S_ISSOCK(path.lstat().st_mode):
        raise _refused(path, ": something else than a socket is there")


def _make_way(path: Path) -> None:
    """Remove a socket file that nobody serves. Raises ConfigError when somebody does."""
    if not os.path.lexists(path):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        result = probe.connect_ex(str(path))
    if result != errno.ECONNREFUSED:
        raise _refused(path, " is already served by another process")
    path.unlink()


def _refused(path: str | Path, reason: str) -> ConfigError:
    return ConfigError(f"socket {path}{reason}", "socket_path")
