"""The service manager that started an arbiter, such as systemd: what it hands on, and is told.

Rules: what it hands on is taken out of the environment, so that nothing which is started here takes
itself for the service; the arbiter that follows this one gets it anew. Its sockets stay its own:
they are listened to, and left as they are. What it is told is a datagram, which waits while it
reads none, and nobody with it; that nobody is there costs a line in the log, and no service. Who
has told that another process is the service says nothing more.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from contextlib import suppress

from ..settings import ConfigError
from .telemetry.observer import ObservedWorker, Observer

log = logging.getLogger("dirty")

# Of sockets that are handed on; and the name of one that is ours, whatever else there is.
FIRST_FD = 3
NAME = "dirty"
# How soon what it took no time to read is sent again, and how long the end waits for that.
AGAIN_S = 0.05
LAST_S = 1.0
TAKEN = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID")
NAMES = "LISTEN_FDNAMES"


class Service:
    """A service manager; by default none, which hands on nothing and is told nothing.

    Args:
        address: the socket where it is told; empty for nowhere.
        watchdog_s: within how many seconds it wants to hear again and again; 0 for never.
        sockets: what it hands on, by names.
    """

    def __init__(
        self,
        address: str = "",
        watchdog_s: float = 0.0,
        sockets: Sequence[tuple[str, socket.socket]] = (),
    ) -> None:
        self._address = address
        self._watchdog_s = watchdog_s
        self._sockets = tuple(sockets)
        self._unsent: deque[bytes] = deque()
        self._again: asyncio.TimerHandle | None = None
        self._beat: asyncio.TimerHandle | None = None
        self._is_it = self._has_left = self._has_failed = False

    @classmethod
    def taken(cls, environment: MutableMapping[str, str]) -> Service:
        """What stands in the environment, and does so no more."""
        told = {name: environment.pop(name, "") for name in (*TAKEN, NAMES)}
        return cls(told["NOTIFY_SOCKET"], _watchdog_s(told), _handed_on(told))

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables by which an arbiter that follows this one knows it."""
        told = {"NOTIFY_SOCKET": self._address} if self._address else {}
        if self._watchdog_s:
            told["WATCHDOG_USEC"] = str(round(self._watchdog_s * 1e6))
        return told

    # --- what it hands on ---

    @property
    def path(self) -> str:
        """Where the socket listens that it has for calls; empty where it has none, or several."""
        named = [one for name, one in self._sockets if name == NAME]
        found = named or [one for _, one in self._sockets]
        return _path_of(found[0]) if len(found) == 1 else ""

    def socket_at(self, path: str) -> socket.socket | None:
        """The one that listens there; None where nothing was handed on. The others are closed.

        Raises:
            ConfigError: none of those that were does.
        """
        handed, self._sockets = self._sockets, ()
        if not handed:
            return None
        found = None
        for _, one in handed:
            if found is None and os.path.realpath(_path_of(one)) == os.path.realpath(path):
                found = one
            else:
                one.close()
        if found is None:
            raise ConfigError(
                f"socket {path}: the service manager hands on none that listens there; it has"
                f" {len(handed)}, which are to be Unix sockets with Accept=no",
                "socket_path",
            )
        return found

    # --- what it is told ---

    def begins(self, status: str) -> None:
        """It starts, and follows nobody who is the service still."""
        self._is_it = True
        self.says(status)

    def ready(self, status: str) -> None:
        """It serves; also, that a reload has ended."""
        self._is_it = True
        self._tell("READY=1", f"STATUS={status}")
        if self._watchdog_s and self._beat is None and self._address:
            self._tell_alive()

    def reloading(self) -> None:
        """A reload begins, of which `ready` tells the end."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self, status: str) -> None:
        """Its end begins."""
        self._tell("STOPPING=1", f"STATUS={status}")

    def says(self, status: str) -> None:
        """A line for people, unless another is still the service."""
        if self._is_it:
            self._tell(f"STATUS={status}")

    def goes_on_with(self, pid: int) -> None:
        """Another process is the service from now on."""
        self._tell(f"MAINPID={pid}")
        self._has_left = True
        if self._beat is not None:
            self._beat.cancel()

    def close(self) -> None:
        """Tell what was not, if it is taken soon, and nothing more."""
        until_s = time.monotonic() + LAST_S
        while self._unsent and time.monotonic() < until_s:
            self._send(max(0.0, until_s - time.monotonic()))
        self._has_left = True

    def _tell_alive(self) -> None:
        """The event loop turns, or this would not be called."""
        if not self._unsent:
            self._tell("WATCHDOG=1")
        self._beat = asyncio.get_running_loop().call_later(self._watchdog_s / 2, self._tell_alive)

    def _tell(self, *lines: str) -> None:
        if self._address and not self._has_left:
            self._unsent.append("\n".join(lines).encode())
            if self._again is None:
                self._send_all()

    def _send_all(self) -> None:
        self._again = None
        while self._unsent:
            if not self._send(0.0):
                self._again = asyncio.get_running_loop().call_later(AGAIN_S, self._send_all)
                return

    def _send(self, within_s: float) -> bool:
        """Send the first that is unsent. Returns whether that is settled."""
        # In the abstract name space.
        is_abstract = self._address.startswith("@")
        address = "\0" + self._address[1:] if is_abstract else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
                to.settimeout(within_s)
                to.sendto(self._unsent[0], address)
        except (BlockingIOError, TimeoutError):
            return False
        except OSError as error:
            if not self._has_failed:
                log.warning("the service manager cannot be told: %s", error.strerror or error)
            self._has_failed = True
        self._unsent.popleft()
        return True


class ServiceStatus(Observer):
    """Tells the service manager how many workers serve, as `line` says it."""

    def __init__(self, service: Service, line: Callable[[], str]) -> None:
        self._service = service
        self._line = line

    def worker_ready(self, worker: ObservedWorker) -> None:
        self._says()

    def worker_gone(self, worker: ObservedWorker, reason: str) -> None:
        # What it is put down to is known next.
        asyncio.get_running_loop().call_soon(self._says)

    def _says(self) -> None:
        self._service.says(self._line())


def _watchdog_s(told: Mapping[str, str]) -> float:
    """How often it wants to hear, if it is us whom it wants to hear."""
    if told["WATCHDOG_PID"] not in ("", str(os.getpid())) or not told["WATCHDOG_USEC"].isdigit():
        return 0.0
    return int(told["WATCHDOG_USEC"]) / 1e6


def _handed_on(told: Mapping[str, str]) -> list[tuple[str, socket.socket]]:
    """The sockets that are for this process, with their names."""
    if told["LISTEN_PID"] != str(os.getpid()) or not told["LISTEN_FDS"].isdigit():
        return []
    names = told[NAMES].split(":")
    found = []
    for place in range(int(told["LISTEN_FDS"])):
        # What is none, or is there no more, serves nobody.
        with suppress(OSError):
            os.set_inheritable(FIRST_FD + place, False)
            name = names[place] if place < len(names) else ""
            found.append((name, socket.socket(fileno=FIRST_FD + place)))
    return found


def _path_of(one: socket.socket) -> str:
    """Where it listens; empty where it is no socket that calls could come from."""
    with suppress(OSError):
        listens = one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        if one.family == socket.AF_UNIX and one.type == socket.SOCK_STREAM and listens:
            name = one.getsockname()
            return name if isinstance(name, str) else ""
    return ""
