"""The lines of a log: one an event, as text or as JSON.

Rules: what is said is made printable, and cut; the lines of a traceback are indented, so that none
looks like another event. A record may carry `facts`, which JSON has by name, and the text of a
`traceback` that was made elsewhere.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator

from .printable import printable

# Characters of one line.
MOST = 8192
TRACEBACK_LINES = 200
INDENT = "    "


class TextFormatter(logging.Formatter):
    """Each record as a line, its traceback indented below."""

    def format(self, record: logging.LogRecord) -> str:
        head = f"{self.formatTime(record)} {record.levelname} [{record.process}]"
        head += getattr(record, "where", "")
        below = (f"{INDENT}{printable(line, MOST)}" for line in traceback_of(record))
        return "\n".join((f"{head} {message_of(record)}", *below))


class JsonFormatter(logging.Formatter):
    """Each record as one line of JSON, the facts of an access line by name."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": self.formatTime(record),
            "level": record.levelname,
            "pid": record.process,
            "message": message_of(record),
            **getattr(record, "facts", {}),
        }
        if below := list(traceback_of(record)):
            line["traceback"] = "\n".join(one[:MOST] for one in below)
        return printable(json.dumps(line, ensure_ascii=False, default=str))


def message_of(record: logging.LogRecord) -> str:
    """What it says, in one line."""
    return printable(record.getMessage(), MOST)


def traceback_of(record: logging.LogRecord) -> Iterator[str]:
    """The lines of its exception's traceback, if it has one; the last ones of a long one."""
    text: str = getattr(record, "traceback", "")
    if record.exc_info and record.exc_info[1]:
        text = "".join(traceback.format_exception(record.exc_info[1]))
    if text:
        yield from text.rstrip("\n").split("\n")[-TRACEBACK_LINES:]


def encoded(line: str) -> bytes:
    """The line as it is written."""
    return f"{line}\n".encode(errors="backslashreplace")
