"""The file that names the arbiter's pid.

Rules: whose it is says a lock, which ends with its holder, whatever has happened: what a crash or
a loss of power has left, and the pid of whoever has that number now, keep nobody from a start. No
link is followed, and no file is taken that looks like anything else than a pidfile. What was
written is removed at the end, if it is still there.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from contextlib import suppress

from ..place import Identity, Place, identity_of
from ..printable import printable
from ..settings import ConfigError

MODE = 0o644
OWNER = 0o600
# Anything so short is what is left of a pidfile; what is longer must be digits.
SHORT = 64
LOOKED_AT = 4096
MOST_TRIES = 100
# Where there are no locks, as in some network file systems.
NO_LOCKS = frozenset((errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS))


class Pidfile:
    """A pidfile at `path`; an empty path means none."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._place: Place | None = None
        self._fd = -1
        self._identity: Identity | None = None

    def write(self) -> None:
        """Raises ConfigError when it cannot be written, or is another's."""
        if not self.path:
            return
        try:
            self._place = Place(self.path)
            self._take(self._place)
            # Not emptied before: a reader finds a number all the time.
            text = f"{os.getpid()}\n".encode()
            os.pwrite(self._fd, text, 0)
            os.ftruncate(self._fd, len(text))
        except OSError as error:
            self.remove()
            raise _refused(self.path, error.strerror or str(error)) from error

    def remove(self) -> None:
        """Remove the file, if it is ours."""
        if self._place is not None:
            with suppress(OSError):
                self._place.remove(self._identity)
            self._place.close()
        if self._fd >= 0:
            os.close(self._fd)
        self._place, self._fd, self._identity = None, -1, None

    def _take(self, place: Place) -> None:
        """Open the file, and lock it. Raises OSError, ConfigError."""
        for _ in range(MOST_TRIES):
            self._make_way(place)
            self._fd = place.open(os.O_RDWR | os.O_CREAT | os.O_NONBLOCK, MODE)
            self._lock(self._fd)
            found = os.fstat(self._fd)
            # It may have been removed by whoever had it until now.
            if place.holds(identity_of(found)) and not _is_foreign(found):
                self._identity = identity_of(found)
                return
            os.close(self._fd)
            self._fd = -1
        raise OSError(errno.EAGAIN, "somebody puts another file there, again and again")

    def _make_way(self, place: Place) -> None:
        """Remove what holds nothing, but cannot be written to either."""
        found = place.look()
        if found is None:
            return
        is_file = stat.S_ISREG(found.st_mode)
        if stat.S_ISFIFO(found.st_mode) or (is_file and _is_foreign(found)):
            place.remove(identity_of(found))
        elif not is_file:
            raise _refused(self.path, "something else than a pidfile is there")

    def _lock(self, fd: int) -> None:
        said = os.pread(fd, LOOKED_AT, 0)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            number = said[:SHORT].decode("ascii", "replace").strip()
            raise _refused(self.path, f"process {printable(number)} lives") from None
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
        if len(said) > SHORT and said.strip(b"0123456789\n\0 "):
            raise _refused(self.path, "something else than a pidfile is there")


def _is_foreign(found: os.stat_result) -> bool:
    """Whether it is another's, or elsewhere too, or closed to us: nothing to write a pid to."""
    is_ours = found.st_uid == os.geteuid() and found.st_mode & OWNER == OWNER
    return not is_ours or found.st_nlink != 1


def _refused(path: str, reason: str) -> ConfigError:
    return ConfigError(f"pidfile {path}: {reason}", "pidfile")
