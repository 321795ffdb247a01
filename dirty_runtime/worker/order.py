"""What an arbiter orders of a template: a process of some kind, with all that it is given.

Rules: the order comes by a channel, in a file without a name, and with it its descriptors, each by
the variable that is to have its number, or by `output`. Whoever becomes what was ordered says
``pid N``, or ``failed ERRNO`` where that cannot be.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NoReturn

from ..keeper import ALL
from .limits import limit_this

# So many descriptors come at once.
MOST_AT_ONCE = 250
NOT_STARTED = 127


class Order:
    """What was ordered.

    Raises:
        OSError: there is no room for its descriptors.

    Attributes:
        kind: worker, inspector, template or command.
        words: of a command, all of it; else what stands behind the program's name.
    """

    def __init__(self, channel: socket.socket) -> None:
        text, *fds = _received(channel)
        with os.fdopen(text, "rb") as file:
            file.seek(0)
            told: dict[str, Any] = json.load(file)
        self.kind: str = told["kind"]
        self.words: list[str] = told["words"]
        self._environment: dict[str, str] = told["environment"]
        self._directory: str = told["directory"]
        self._limits: dict[str, Any] = told["limits"]
        while len(fds) < len(told["fds"]):
            fds += _received(channel)
        self._fds: dict[str, list[int]] = {}
        for name, fd in zip(told["fds"], fds, strict=True):
            self._fds.setdefault(name, []).append(fd)

    def take_place(self) -> None:
        """Be where, and told what, it was ordered. Raises OSError."""
        # Whatever the template is: paths are as they are now.
        if self._directory:
            os.chdir(self._directory)
        os.environ.clear()
        os.environ.update(self._environment)
        for output in self._fds.pop("output", ()):
            os.dup2(output, 1)
            os.close(output)
        for name, fds in self._fds.items():
            os.environ[name] = ",".join(map(str, fds))
        limit_this(self._limits)

    def become_command(self) -> NoReturn:
        """Run its words in place of this process. Raises OSError."""
        for number in ALL - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_DFL)
        for fds in self._fds.values():
            for fd in fds:
                os.set_inheritable(fd, True)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.execvp(self.words[0], self.words)


def _received(channel: socket.socket) -> Sequence[int]:
    """The descriptors of a part. Raises OSError."""
    _, fds, flags, _ = socket.recv_fds(channel, 1, MOST_AT_ONCE, socket.MSG_CMSG_CLOEXEC)
    if flags & socket.MSG_CTRUNC or not fds:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
    return fds


def say(channel: socket.socket, line: str) -> None:
    """Tell the arbiter. One that is gone does not listen."""
    with suppress(OSError):
        channel.sendall(f"{line}\n".encode())


def fail(channel: socket.socket, error: OSError) -> NoReturn:
    """Say why this cannot become what was ordered, and end."""
    say(channel, f"failed {error.errno}")
    sys.stdout.flush()
    os._exit(NOT_STARTED)
