"""What a worker says: into the arbiter's log and in its form, and nobody waits for it.

Rules: an app may configure, replace or break `logging` and the standard streams. So nothing of the
former is used but its records, and standard error is kept from the start.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
from collections.abc import Iterator, Mapping
from typing import Any

from ..line_writer import LineWriter, Stream, Target
from ..log_file import LogFile
from ..log_lines import JsonFormatter, TextFormatter, encoded

# Above what a program may mean to close: its standard streams, or the first few files.
LEAST_FD = 100


class WorkerLog:
    """Writes lines by a thread, which starts with the first."""

    def __init__(self) -> None:
        self._formatter: logging.Formatter = TextFormatter()
        self._writer = LineWriter(Stream(2), self._dropped)
        self._logger: logging.Logger | None = None

    @contextlib.contextmanager
    def handed_on(self, logger: logging.Logger) -> Iterator[None]:
        """Have the logger say it: where the worker is a part of a process that logs by itself."""
        before, self._logger = self._logger, logger
        try:
            yield
        finally:
            self._logger = before

    def set_up(self, path: str, as_json: bool) -> None:
        """Log to the file at `path`, or to what is standard error now if that is empty."""
        self._formatter = JsonFormatter() if as_json else TextFormatter()
        self._writer = LineWriter(_target(path), self._dropped)

    def say(
        self, level: str, text: str, facts: Mapping[str, Any] | None = None, traceback: str = ""
    ) -> None:
        """Have a line written: `text`, or in JSON the `facts` beside it, and a `traceback`."""
        if self._logger is not None:
            more = {"facts": facts or {}, "traceback": traceback}
            self._logger.log(logging.getLevelName(level), "%s", text, extra=more)
            return
        self._writer.put(self._line(level, text, facts=facts or {}, traceback=traceback))

    def close(self, within_s: float) -> None:
        """Write what waits, if that is done within so many seconds."""
        self._writer.close(within_s)

    def _line(self, level: str, text: str, **more: Any) -> bytes:
        record = logging.makeLogRecord({"msg": text, "levelname": level, **more})
        return encoded(self._formatter.format(record))

    def _dropped(self, count: int) -> bytes:
        return self._line("WARNING", f"{count} lines were dropped: the log took no more")


def _target(path: str) -> Target:
    errors = Stream(2)
    try:
        errors = Stream(fcntl.fcntl(2, fcntl.F_DUPFD_CLOEXEC, LEAST_FD))
        return LogFile(path, lambda error: None) if path else errors
    except OSError:
        return errors


LOG = WorkerLog()
