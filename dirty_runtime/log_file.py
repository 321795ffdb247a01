"""The file that a log is written to.

Rules: it is found by its path each time. A file that was moved away is written to only until there
is another at the path; one that was removed is not: lines wait until there is one.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from .line_writer import Stream
from .place import Place

MODE = 0o644


class LogFile(Stream):
    """The file at `path`.

    Args:
        failed: called when there is to be another file at the path, and cannot be.

    Raises:
        OSError: it cannot be opened.
    """

    def __init__(self, path: str, failed: Callable[[OSError], None]) -> None:
        super().__init__(opened(path))
        self._path = path
        self._failed = failed
        self._fails = False

    def follow(self) -> bool:
        if self._is_in_place():
            return False
        try:
            fd = opened(self._path)
        except OSError as error:
            if not os.fstat(self._fd).st_nlink:
                raise
            if not self._fails:
                self._failed(error)
            self._fails = True
            return False
        os.close(self._fd)
        self._fd, self._fails = fd, False
        return True

    def _is_in_place(self) -> bool:
        try:
            return os.path.samestat(os.stat(self._path), os.fstat(self._fd))
        except OSError:
            return False


def opened(path: str) -> int:
    """The file at the path, made if there is none. Raises OSError."""
    place = Place(path)
    try:
        # A FIFO without a reader, or a full one, is not waited for.
        return place.open_to_append(MODE)
    finally:
        place.close()
