"""A name in a directory, for files that the arbiter makes and removes.

Rules: the directory is found once, and what is done at the name is done in it, by its descriptor.
Where root looks, a link is followed only if nobody but root can change it, and a file with another
name elsewhere is nothing that root writes to. What is removed is what was looked at.
"""

from __future__ import annotations

import errno
import os
import stat
from collections import deque
from pathlib import PurePath

from .directory import absolute

# Where there is none, an arbiter says that it does not run there.
O_PATH = getattr(os, "O_PATH", 0)
DIRECTORY = O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
MOST_LINKS = 40
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH

Identity = tuple[int, int]


class Place:
    """The name at the end of a path.

    Raises:
        OSError: the directory cannot be reached, or root would follow another user's link to it.

    Attributes:
        directory: its descriptor.
        name: within the directory.
        is_shared: whether another user can change what is at the path.
    """

    def __init__(self, path: str) -> None:
        parent, self.name = os.path.split(absolute(path))
        self.is_shared = False
        if os.geteuid():
            self.directory = os.open(parent, DIRECTORY)
        else:
            self.directory = self._walked(parent)

    def close(self) -> None:
        """Look no more."""
        if self.directory >= 0:
            os.close(self.directory)
        self.directory = -1

    def look(self) -> os.stat_result | None:
        """What is at the name, be it a link; None for nothing. Raises OSError."""
        try:
            return os.stat(self.name, dir_fd=self.directory, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def holds(self, identity: Identity | None) -> bool:
        """Whether just this is at the name. Raises OSError."""
        found = self.look()
        return found is not None and identity_of(found) == identity

    def open(self, flags: int, mode: int = 0o600) -> int:
        """Open what is at the name, which is no link. Raises OSError."""
        return os.open(self.name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, mode, dir_fd=self.directory)

    def open_to_append(self, mode: int) -> int:
        """Open a file that others may have made. Raises OSError."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOCTTY | os.O_NONBLOCK
        found = self.look()
        if found and stat.S_ISLNK(found.st_mode) and self._may_follow(found, self.directory):
            return os.open(self.name, flags | os.O_CLOEXEC, mode, dir_fd=self.directory)
        fd = self.open(flags, mode)
        found = os.fstat(fd)
        if self._has_neighbours() and stat.S_ISREG(found.st_mode) and found.st_nlink != 1:
            os.close(fd)
            raise OSError(errno.EMLINK, "it has another name elsewhere")
        return fd

    def remove(self, identity: Identity | None) -> None:
        """Remove what is at the name, if it is this still. Raises OSError."""
        if self.holds(identity):
            os.unlink(self.name, dir_fd=self.directory)

    def _walked(self, path: str) -> int:
        """The directory, reached a step at a time."""
        fd = os.open("/", DIRECTORY)
        steps = deque(PurePath(path).parts[1:])
        links = 0
        try:
            while steps:
                name = steps.popleft()
                found = os.stat(name, dir_fd=fd, follow_symlinks=False)
                if stat.S_ISLNK(found.st_mode):
                    links += 1
                    if links > MOST_LINKS or not self._may_follow(found, fd):
                        raise OSError(errno.ELOOP, f"the link {name} is another user's to change")
                    # The parts of an absolute one begin with the root.
                    steps.extendleft(reversed(PurePath(os.readlink(name, dir_fd=fd)).parts))
                    continue
                fd, left = os.open(name, DIRECTORY | os.O_NOFOLLOW, dir_fd=fd), fd
                os.close(left)
                self.is_shared = self.is_shared or _is_shared(os.fstat(fd))
        except OSError:
            os.close(fd)
            raise
        return fd

    def _has_neighbours(self) -> bool:
        """Whether others make files where root does."""
        mode = os.fstat(self.directory).st_mode
        return not os.geteuid() and (self.is_shared or bool(mode & OTHERS_WRITE))

    def _may_follow(self, link: os.stat_result, directory: int) -> bool:
        """Whether nobody but us can have put the link there, or we are not root."""
        if os.geteuid():
            return True
        return not self.is_shared and not _is_shared(os.fstat(directory)) and link.st_uid == 0


def _is_shared(directory: os.stat_result) -> bool:
    """Whether others can take away what root has in the directory."""
    mode = directory.st_mode
    return directory.st_uid != 0 or (bool(mode & OTHERS_WRITE) and not mode & stat.S_ISVTX)


def identity_of(found: os.stat_result) -> Identity:
    """What tells a file from all others while it is there."""
    return found.st_dev, found.st_ino
