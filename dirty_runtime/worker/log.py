"""What a worker says: into the arbiter's log and in its form, and nobody waits for it.

Rules: an app may configure, replace or break `logging` and the standard streams. So nothing of the
former is used but its records, and standard error is kept from the start. What an app says by
`logging`, and configures no handler for, comes here too, with the worker's slot and the request.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
from collections.abc import Iterator, Mapping
from typing import Any

from ..failure import short
from ..line_writer import LineWriter, Stream, Target
from ..log_file import LogFile
from ..log_lines import JsonFormatter, TextFormatter, encoded
from ..printable import printable
from ..tracing import trace_id_of
from .request import RUNNING

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
        self._writer = LineWriter(target(path), self._dropped)

    def say(
        self, level: str, text: str, facts: Mapping[str, Any] | None = None, traceback: str = ""
    ) -> None:
        """Have a line written: `text`, or in JSON the `facts` beside it, and a `traceback`."""
        if self._logger is not None:
            more = {"facts": facts or {}, "traceback": traceback}
            self._logger.log(logging.getLevelName(level), "%s", text, extra=more)
            return
        self._writer.put(self._line(level, text, facts=facts or {}, traceback=traceback))

    def take_logging(self, slot: int, level: str) -> None:
        """Have what is said by `logging`, of this level or above, said here.

        It is what Python does where nobody has configured a handler: an app that does has that.
        """
        before = logging.lastResort
        logging.lastResort = AppHandler(self, slot)
        logging.getLogger().setLevel(level.upper())

        def leave_copy() -> None:
            # The thread that writes is not there.
            logging.lastResort = before

        os.register_at_fork(after_in_child=leave_copy)

    def put(self, record: logging.LogRecord) -> None:
        """Have the record written."""
        self._writer.put(encoded(self._formatter.format(record)))

    def close(self, within_s: float) -> None:
        """Write what waits, if that is done within so many seconds."""
        self._writer.close(within_s)

    def _line(self, level: str, text: str, **more: Any) -> bytes:
        record = logging.makeLogRecord({"msg": text, "levelname": level, **more})
        return encoded(self._formatter.format(record))

    def _dropped(self, count: int) -> bytes:
        return self._line("WARNING", f"{count} lines were dropped: the log took no more")


class AppHandler(logging.Handler):
    """Takes what apps say by `logging`."""

    def __init__(self, log: WorkerLog, slot: int) -> None:
        super().__init__()
        self._log = log
        self._slot = slot

    def emit(self, record: logging.LogRecord) -> None:
        facts: dict[str, Any] = {"logger": record.name, "slot": self._slot}
        where = f" {record.name} (slot {self._slot}"
        if (running := RUNNING.get()) is not None:
            app_path, action, _, number, trace = running
            facts |= {"app": app_path, "action": action, "request_id": number}
            where += f", {app_path} {action}, request {number}"
            if trace_id := trace_id_of(trace):
                facts["trace_id"] = trace_id
                where += f", trace {trace_id}"
        said = logging.makeLogRecord(
            {
                "msg": _said(record),
                "levelname": record.levelname,
                "created": record.created,
                "msecs": record.msecs,
                "exc_info": record.exc_info,
                "facts": facts,
                "where": printable(f"{where}):"),
            }
        )
        try:
            self._log.put(said)
        except Exception as error:
            # By the code of an exception.
            said.exc_info = None
            vars(said)["traceback"] = f"its traceback cannot be made: {short(error)}"
            self._log.put(said)


def _said(record: logging.LogRecord) -> str:
    """What the record says; its pattern where the code of its arguments fails."""
    try:
        return record.getMessage()
    except Exception as error:
        return f"{record.msg!r:.200}, of which no text can be made: {short(error)}"


def target(path: str) -> Target:
    """The file at `path`, or what is standard error now if that is empty or cannot be opened."""
    errors = Stream(2)
    try:
        errors = Stream(fcntl.fcntl(2, fcntl.F_DUPFD_CLOEXEC, LEAST_FD))
        return LogFile(path, lambda error: None) if path else errors
    except OSError:
        return errors


LOG = WorkerLog()
