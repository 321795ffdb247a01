"""The file that names the arbiter's pid.

Rules: it never follows a link, nor replaces a file that does not hold a pid of a process that is
gone. What was written is removed at the end, if it is still what was written.
"""

from __future__ import annotations

import os
from pathlib import Path

from ..settings import ConfigError


class Pidfile:
    """A pidfile at `path`; an empty path means none."""

    def __init__(self, path: str) -> None:
        self.path = path

    def write(self) -> None:
        """Raises ConfigError when it cannot be written, or is another's."""
        if not self.path:
            return
        self._make_way()
        try:
            fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        except OSError as error:
            raise _refused(self.path, error.strerror or str(error)) from error
        with os.fdopen(fd, "w") as file:
            file.write(f"{os.getpid()}\n")

    def remove(self) -> None:
        """Remove the file, if it is ours."""
        if self.path and self._pid() == os.getpid():
            Path(self.path).unlink(missing_ok=True)

    def _make_way(self) -> None:
        if not os.path.lexists(self.path):
            return
        pid = self._pid()
        if pid is None:
            raise _refused(self.path, "something else than a pidfile is there")
        if pid != os.getpid() and Path(f"/proc/{pid}").exists():
            raise _refused(self.path, f"process {pid} lives")
        Path(self.path).unlink()

    def _pid(self) -> int | None:
        try:
            if os.path.islink(self.path):
                return None
            return int(Path(self.path).read_text())
        except (OSError, ValueError):
            return None


def _refused(path: str, reason: str) -> ConfigError:
    return ConfigError(f"pidfile {path}: {reason}", "pidfile")
