"""A listening socket and its file.

Rules: nobody but its owner can open it before it has the permissions that it shall have. It has its
name when it listens, so that nobody who comes is refused, and no other start takes it for one that
nobody serves. A file is replaced only when it is a socket that nobody serves any more. What was
made is renamed or removed if it is still what was made. What is given to another user is the
socket itself, not a name, which somebody may give to something else meanwhile.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
from contextlib import suppress

from ...place import O_PATH, Identity, Place, identity_of
from ...settings import ConfigError, check_directory
from ...socket_path import MAX_SOCKET_PATH_BYTES
from .access import Access

BACKLOG = 1024
PRIVATE = 0o600
# Of the name that it shall have, what is in the one before: that is short enough for any directory.
MOST_OF_NAME = 64
# Of a file system whose files have one name each.
NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS)


class SocketFile:
    """A socket that listens at a path.

    Args:
        path: where.
        access: its owner, group and mode.
        given: one that listens there already; none is made.
        is_lent: whether what is given, and its file, stay somebody else's.

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
        self.is_lent = is_lent
        self._place: Place | None = None
        self._identity: Identity | None = None
        if given is not None:
            self._adopt(path, given)
        else:
            self._make(path, access)

    def _adopt(self, path: str, given: socket.socket) -> None:
        self.socket = given
        try:
            self._place = Place(path)
            found = self._place.look()
            self._identity = identity_of(found) if found is not None else None
        except OSError as error:
            self.close()
            raise refused(path, f": {error.strerror}") from error

    def _make(self, path: str, access: Access) -> None:
        check_socket(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._place = Place(path)
            make_way(self._place, path)
            name = self._place.name
            self._place.name = f"{name[:MOST_OF_NAME]}.{os.getpid()}"
            # The file takes it over: the mask belongs to the whole process.
            os.fchmod(self.socket.fileno(), PRIVATE)
            self._bind(self._place, path)
            self._give(self._place, path, access)
            self.socket.listen(BACKLOG)
            self._name(self._place, name, path)
        except OSError as error:
            self.close()
            raise refused(path, f": {error.strerror or error}") from error
        except ConfigError:
            self.close()
            raise

    def _bind(self, place: Place, path: str) -> None:
        """Bind it at a name of this process. Raises OSError, ConfigError."""
        own = os.path.join(os.path.dirname(path), place.name)
        make_way(place, own)
        self.socket.bind(_address(place, own))

    def _name(self, place: Place, name: str, path: str) -> None:
        """Give it the name that it is served at. Raises OSError, ConfigError."""
        own, place.name = place.name, name
        directory = place.directory
        try:
            make_way(place, path)
            try:
                # It replaces nothing that came there meanwhile.
                os.link(own, name, src_dir_fd=directory, dst_dir_fd=directory)
            except OSError as error:
                if error.errno not in NO_LINKS:
                    raise
                os.rename(own, name, src_dir_fd=directory, dst_dir_fd=directory)
            else:
                os.unlink(own, dir_fd=directory)
        except BaseException:
            place.name = own
            raise

    def is_at(self, path: str) -> bool:
        """Whether whoever connects to the path comes here. Raises OSError."""
        try:
            return identity_of(os.lstat(path)) == self._identity
        except FileNotFoundError:
            return False

    def rename(self, path: str) -> None:
        """Give it another name in its directory. Raises OSError, ConfigError."""
        assert self._place is not None
        old, name = self._place.name, os.path.basename(path)
        if not self._place.holds(self._identity):
            raise OSError(errno.ENOENT, "the socket is not at its path any more")
        self._place.name = name
        try:
            make_way(self._place, path)
            directory = self._place.directory
            os.rename(old, name, src_dir_fd=directory, dst_dir_fd=directory)
        except (ConfigError, OSError):
            self._place.name = old
            raise

    def leave(self) -> None:
        """Leave the file and who comes to another that has the socket."""
        self._identity = None
        self.close()

    def close(self) -> None:
        """Stop listening and remove the file, unless both are somebody else's."""
        self.socket.close()
        if self._place is not None:
            # Where it cannot be looked at any more, it is not ours to remove.
            with suppress(OSError):
                self._place.remove(None if self.is_lent else self._identity)
            self._place.close()
        self._place = self._identity = None

    def _give(self, place: Place, path: str, access: Access) -> None:
        """Give the file its owner, group and mode, and remember it. Raises OSError."""
        entry = place.open(O_PATH)
        try:
            found = os.fstat(entry)
            ours = stat.S_ISSOCK(found.st_mode) and found.st_uid == os.geteuid()
            if not ours or found.st_nlink != 1:
                raise OSError(errno.EEXIST, "another user puts something else there")
            self._identity = identity_of(found)
            os.chown(_by_number(entry, path), access.owner, access.group)
            os.chmod(_by_number(entry, path), access.mode)
        finally:
            os.close(entry)


def check_socket(path: str) -> None:
    """Raises ConfigError when there is no directory for a socket, or something else is there."""
    check_directory("socket_path", path)
    try:
        found = os.lstat(path)
    except OSError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise refused(path, ": something else than a socket is there")


def make_way(place: Place, path: str) -> None:
    """Remove a socket file that nobody serves. Raises ConfigError when somebody does; OSError."""
    found = place.look()
    if found is None:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise refused(path, ": something else than a socket is there")
    entry = place.open(O_PATH)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            # One whose queue is full is served as well.
            probe.setblocking(False)
            result = probe.connect_ex(_by_number(entry, path))
    finally:
        os.close(entry)
    if result != errno.ECONNREFUSED:
        raise refused(path, " is already served by another process")
    place.remove(identity_of(found))


def _by_number(fd: int, path: str) -> str:
    """A name for what is open, of any length, which nobody can change; the path where none is."""
    name = f"/proc/self/fd/{fd}"
    return name if os.path.exists(name) else path


def _address(place: Place, path: str) -> str:
    """Where to bind: at the path, which others see, unless other users can lead it elsewhere, or it
    is too long.
    """
    if not place.is_shared and len(os.fsencode(path)) <= MAX_SOCKET_PATH_BYTES:
        return path
    return f"{_by_number(place.directory, os.path.dirname(path))}/{place.name}"


def refused(path: str, reason: str) -> ConfigError:
    return ConfigError(f"socket {path}{reason}", "socket_path")
