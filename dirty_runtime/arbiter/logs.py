"""Where the arbiter's log goes, and in which form: one line an event.

Rules: without a file the log goes to standard error. Access lines, one for each call, have a
logger of their own, `dirty.access`.
"""

from __future__ import annotations

import json
import logging
from logging.handlers import WatchedFileHandler

TEXT = "%(asctime)s %(levelname)s [%(process)d] %(message)s"


class JsonFormatter(logging.Formatter):
    """Each record as one line of JSON, the facts of an access line by name."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": self.formatTime(record),
            "level": record.levelname,
            "pid": record.process,
            "message": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def set_up(path: str, as_json: bool) -> None:
    """Send the log to the file at `path`, or to standard error. Raises OSError."""
    handler = WatchedFileHandler(path) if path else logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if as_json else logging.Formatter(TEXT))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def reopen() -> None:
    """Open the log's file again, if another one has taken its place."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, WatchedFileHandler):
            handler.reopenIfNeeded()
