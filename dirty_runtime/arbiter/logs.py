"""Where the arbiter's log goes, and in which form: one line an event.

Rules: without a file the log goes to standard error. Nobody waits for a line to be written, and no
line raises: a thread writes, to standard error too, whoever in this process says something there.
What is said is made printable, and cut; the lines of a traceback are indented, so that none looks
like another event. A file that is moved away or removed is made anew; while none can be written,
one line on standard error says why, and lines wait. Access lines, one for each call, have a logger
of their own, `dirty.access`.
"""

from __future__ import annotations

import atexit
import io
import logging
import sys
import threading
import time
from contextlib import suppress
from typing import Any

from ..line_writer import LineWriter, Stream
from ..log_file import LogFile
from ..log_lines import JsonFormatter, TextFormatter, encoded

log = logging.getLogger("dirty")

# How long the end waits for whoever takes the last lines.
FLUSH_S = 1.0
DROPPED = "%d lines were dropped: the log took no more"
UNWRITTEN = "log-file %s cannot be written, its lines wait: %s"


class LineHandler(logging.Handler):
    """Hands each record to a writer, as a line."""

    def __init__(self, writer: LineWriter, formatter: logging.Formatter) -> None:
        super().__init__()
        self.writer = writer
        self.setFormatter(formatter)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
        except Exception as error:
            # What is said may be of any class: its text is made by code that is not ours.
            line = f"a line cannot be written: {type(error).__name__} at {record.msg!r:.200}"
        self.writer.put(encoded(line))


class Outlet(io.RawIOBase):
    """A standard stream for whoever in this process writes to it."""

    def __init__(self, writer: LineWriter, fd: int) -> None:
        self._writer = writer
        self._fd = fd

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._fd

    def write(self, data: Any) -> int:
        self._writer.put(bytes(data))
        return len(data)


class Log:
    """The log of this process, and what else it writes to its standard streams."""

    def __init__(self) -> None:
        self._formatter: logging.Formatter = TextFormatter()
        self._output = LineWriter(Stream(1), self._dropped)
        self._errors = LineWriter(Stream(2), self._dropped)
        self._writer = self._errors

    def take_errors(self) -> None:
        """Have a thread write what is said on standard error, and wait for it at the end."""
        sys.stderr = stream(self._errors, 2)
        atexit.register(self.close)

    def set_up(self, path: str, as_json: bool) -> None:
        """Log to the file at `path`, or to standard error. Raises OSError."""
        if path:
            self._path = path
            self._writer = LineWriter(LogFile(path, self._failed), self._dropped, self._failed)
        self._formatter = JsonFormatter() if as_json else TextFormatter()
        handler = LineHandler(self._writer, self._formatter)
        logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
        sys.stdout = stream(self._output, 1)
        logging.captureWarnings(True)
        sys.unraisablehook = _unraisable
        threading.excepthook = _unraisable

    def reopen(self) -> None:
        """Look at once whether another file is to be written to."""
        self._writer.wake()

    @property
    def dropped(self) -> int:
        """How many lines of the log were dropped so far."""
        return self._writer.dropped

    def close(self) -> None:
        """Write what waits, if that is done within FLUSH_S."""
        due_s = time.monotonic() + FLUSH_S
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        for writer in (self._writer, self._output, self._errors):
            writer.close(max(0.0, due_s - time.monotonic()))

    def _failed(self, error: OSError) -> None:
        self._errors.put(self._line("ERROR", UNWRITTEN, self._path, error.strerror))

    def _dropped(self, count: int) -> bytes:
        return self._line("WARNING", DROPPED, count)

    def _line(self, level: str, text: str, *args: object) -> bytes:
        record = logging.makeLogRecord({"msg": text, "args": args, "levelname": level})
        return encoded(self._formatter.format(record))


LOG = Log()


def stream(writer: LineWriter, fd: int) -> io.TextIOWrapper:
    """What stands for a standard stream."""
    raw: Any = Outlet(writer, fd)
    return io.TextIOWrapper(raw, "utf-8", "backslashreplace", line_buffering=True)


def _unraisable(args: Any) -> None:
    """Log what a thread, or a destructor, has raised."""
    if args.exc_type is not SystemExit:
        log.error("an exception that nobody takes", exc_info=args.exc_value)
