"""The Unix socket that an arbiter serves at.

Rules: while an arbiter drains, its socket has another name: clients do not find it, but whoever
looks after it does, and the path is free for a successor. A socket whose file others have removed,
renamed or replaced is reached by nobody new: that is said, and when the path has been left free for
a while, in which a successor may take it, there is another one. What others serve is left alone.
Where no descriptor is left for who comes, another goes for it. A socket that is lent, as by a
service manager, is left as it is: who comes after us waits in it.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
from collections.abc import Callable

from ...settings import ConfigError
from ...socket_path import DRAINING
from ...sockets import descriptors
from ...sockets.passing import let_pass
from .access import Access
from .connection import hung_up
from .socket_file import SocketFile

log = logging.getLogger("dirty")

# Connections that are taken in one turn of the event loop.
AT_ONCE = 64
# How many others may go for one that has a number that is kept back.
ROOMS = 4
# How long no connection is taken after one could not be, as for want of file descriptors.
PAUSE_S = 1.0
# How often the socket's file is looked at, and how long a lost path is left to others.
LOOK_S = 1.0
PATIENCE_S = 5.0

NO_DESCRIPTORS = (errno.EMFILE, errno.ENFILE)
Came = Callable[[socket.socket], object]


class Listener:
    """A listening socket.

    Args:
        path: where.
        access: its owner, group and mode.
        given: a socket that listens there already; none is made.
        is_lent: whether that one, and its file, stay somebody else's.

    Raises:
        ConfigError: the path cannot be served at; the message names it and the reason.
    """

    def __init__(
        self,
        path: str,
        access: Access,
        given: socket.socket | None = None,
        is_lent: bool = False,
    ) -> None:
        self.path = path
        self._access = access
        self._file = SocketFile(path, access, given, is_lent)
        # Whether another arbiter has the socket, too; and goes on with it.
        self._is_shared = self._is_left = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._look_again: asyncio.TimerHandle | None = None
        # Why there is no socket at the path, as it was last said.
        self._told = ""
        self._came: Came | None = None
        self._make_room: Callable[[], bool] = lambda: False

    @property
    def is_lent(self) -> bool:
        """Whether the socket is somebody else's, who goes on with it."""
        return self._file.is_lent

    def accept(self, came: Came, make_room: Callable[[], bool] = lambda: False) -> None:
        """Have the running event loop call `came` with each new connection, until `close`.

        Args:
            make_room: lets go of another for one that cannot be taken; whether there was one.
        """
        self._make_room = make_room
        self._loop = asyncio.get_running_loop()
        self._came = came
        self._listen(came)
        self._later(LOOK_S, self._look, came)

    def _listen(self, came: Came) -> None:
        assert self._loop is not None
        self._file.socket.setblocking(False)
        # Whoever comes passes nothing before it has asked.
        let_pass(self._file.socket, False)
        self._loop.add_reader(self._file.socket, self._accept, came)

    def _accept(self, came: Came) -> None:
        if self._is_shared:
            # Whether to wait is the socket's, not ours alone.
            self._file.socket.setblocking(False)
        for _ in range(AT_ONCE):
            try:
                connected, _ = self._file.socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionError):
                self._rest_if_shut()
                return
            except OSError as error:
                if error.errno in NO_DESCRIPTORS and self._make_room():
                    continue
                log.error("no connection can be taken for now: %s", error.strerror)
                assert self._loop is not None
                self._loop.remove_reader(self._file.socket)
                self._loop.call_later(PAUSE_S, self._accept_again, came)
                return
            try:
                came(self._lowered(connected))
            except Exception:
                log.exception("a connection fails as it comes")
                connected.close()

    def _rest_if_shut(self) -> None:
        """Wait for nobody where the other who has the socket has shut it down."""
        if self._is_shared and hung_up(self._file.socket.fileno()):
            assert self._loop is not None
            self._loop.remove_reader(self._file.socket)

    def _lowered(self, connected: socket.socket) -> socket.socket:
        """The connection, by no number that is kept back, if another goes for it.

        Else it stays there, and the next ones, in their places, seem to take none of those.
        """
        for _ in range(ROOMS):
            if not descriptors.is_scarce(connected.fileno()) or not self._make_room():
                break
            try:
                lower = os.dup(connected.fileno())
            except OSError:
                # Another thread was faster.
                continue
            connected.close()
            # One that was faster by less has left it another that is kept back.
            connected = socket.socket(fileno=lower)
        return connected

    def _accept_again(self, came: Came) -> None:
        if self._file.socket.fileno() >= 0:
            self._listen(came)

    def pause(self) -> None:
        """Take no connection for now: those who come wait in the socket."""
        self._stop_looking()
        if self._loop is not None:
            self._loop.remove_reader(self._file.socket)

    def resume(self) -> None:
        """Take connections again."""
        if self._came is not None:
            self._listen(self._came)
            self._later(LOOK_S, self._look, self._came)

    def share(self) -> socket.socket:
        """Have another arbiter get the socket, which is returned: it may follow this one.

        Until it does, those who come are served.
        """
        self._is_shared = True
        return self._file.socket

    def keep(self) -> None:
        """The other does not follow; it is gone, whatever it has done to the socket."""
        if not self._is_shared or self._came is None:
            return
        self._is_shared = False
        self._stop_looking()
        if hung_up(self._file.socket.fileno()):
            log.error("the socket at %s was shut down: there is a new one", self.path)
            self._come_back(self._came)
        else:
            self.resume()

    def leave(self) -> None:
        """Leave the socket to the arbiter that has it too."""
        self.pause()
        self._is_left = True

    def step_aside(self) -> None:
        """Take connections at the path for draining; at none if it is not to be had."""
        self._stop_looking()
        try:
            if self._is_left or self._file.is_lent:
                self._file.leave()
                self._file = SocketFile(self.path + DRAINING, self._access)
                if self._came is not None:
                    self._listen(self._came)
            else:
                self._file.rename(self.path + DRAINING)
        except (ConfigError, OSError) as error:
            log.warning("the drain cannot be looked at: %s", error)
            self.close()

    def take_last(self) -> None:
        """Take the connections that are there, and close."""
        if self._came is not None and self._file.socket.fileno() >= 0:
            self._accept(self._came)
        self.close()

    def close(self) -> None:
        """Stop listening and remove the socket file."""
        self._stop_looking()
        if self._loop is not None and self._file.socket.fileno() >= 0:
            self._loop.remove_reader(self._file.socket)
        self._file.close()

    # --- what others do to the file ---

    def _look(self, came: Came) -> None:
        """Look whether the socket is found at its path still."""
        if self._is_found():
            self._later(LOOK_S, self._look, came)
            return
        text = "the socket is not at %s any more: nobody new can connect, until it is there again"
        log.error(text, self.path)
        self._later(PATIENCE_S, self._come_back, came)

    def _come_back(self, came: Came) -> None:
        """Serve at the path again, unless others do."""
        try:
            new = self._file if self._is_found() else SocketFile(self.path, self._access)
        except (ConfigError, OSError) as error:
            self._cannot_come_back(str(error), came)
            return
        if new is not self._file:
            self._replace(new, came)
        log.info("arbiter serves at %s again", self.path)
        self._told = ""
        self._later(LOOK_S, self._look, came)

    def _cannot_come_back(self, reason: str, came: Came) -> None:
        if reason != self._told:
            log.error("nobody new can connect: %s", reason)
        self._told = reason
        self._later(PATIENCE_S, self._come_back, came)

    def _replace(self, new: SocketFile, came: Came) -> None:
        assert self._loop is not None
        # Those that came in time.
        self._accept(came)
        self._loop.remove_reader(self._file.socket)
        self._file.close()
        self._file = new
        self._listen(came)

    def _is_found(self) -> bool:
        try:
            return self._file.is_at(self.path) and not hung_up(self._file.socket.fileno())
        except OSError:
            return False

    def _later(self, wait_s: float, act: Callable[[Came], None], came: Came) -> None:
        assert self._loop is not None
        self._look_again = self._loop.call_later(wait_s, act, came)

    def _stop_looking(self) -> None:
        if self._look_again is not None:
            self._look_again.cancel()
            self._look_again = None
