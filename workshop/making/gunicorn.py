"""The frames that gunicorn writes, with its keys in its order, as it was seen to do.

A test compares them with those of the gunicorn that is installed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .collected import Collected
from .meaning import message
from .messages import valid
from .wire import frame

# Name, message and payload; none is written where gunicorn leaves an argument out.
PAYLOADS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("request", "REQUEST",
     {"app_path": "m:A", "action": "go", "args": [1, "a"], "kwargs": {"k": None}}),
    ("request-without-arguments", "REQUEST",
     {"app_path": "m:A", "action": "go", "args": [], "kwargs": {}}),
    ("response", "RESPONSE", {"result": {"answer": 42, "raw": b"\x00", "ratio": 0.5}}),
    ("response-none", "RESPONSE", {"result": None}),
    ("chunk", "CHUNK", {"data": "piece"}),
    ("error-of-an-exception", "ERROR",
     {"error": {"error_type": "ValueError", "message": "no", "details": {}}}),
    ("error-timeout", "ERROR",
     {"error": {"error_type": "DirtyTimeoutError", "message": "late", "details": {"timeout": 3}}}),
    ("error-app", "ERROR",
     {"error": {"error_type": "DirtyAppError", "message": "no",
                "details": {"app_path": "m:A", "action": "go", "traceback": "tb"}}}),
    ("error-no-workers", "ERROR",
     {"error": {"error_type": "DirtyNoWorkersAvailableError",
                "message": "No workers available for app: m:A", "details": {"app_path": "m:A"}}}),
    ("error-not-found", "ERROR",
     {"error": {"error_type": "DirtyError", "message": "Key not found: k", "details": {}}}),
    ("stash-put", "STASH", {"op": 1, "table": "t", "key": "k", "value": [1]}),
    ("stash-get", "STASH", {"op": 2, "table": "t", "key": 3}),
    ("stash-keys", "STASH", {"op": 4, "table": "t", "pattern": "a*"}),
    ("stash-tables", "STASH", {"op": 9, "table": ""}),
    ("manage-add", "MANAGE", {"op": 1, "count": 1}),
    ("manage-remove", "MANAGE", {"op": 2, "count": 3}),
)  # fmt: skip
# A request id of gunicorn's is a hash; this one has its highest bit set.
HASH = 0xF123456789ABCDEF


def areas() -> Iterator[Collected]:
    """The one area."""
    about = "Frames as gunicorn 25.1 to 27 writes them: what it sends in ordinary use is accepted."
    out = Collected("message", "gunicorn", about)
    for name, kind, payload in PAYLOADS:
        valid(out, f"gunicorn-{name}", "GD-CONF-002", kind, payload)
    for kind in ("END", "STATUS"):
        out.add(
            f"gunicorn-{kind.lower()}",
            "GD-CONF-002",
            "valid",
            bytes=frame(kind, request_id=HASH),
            message=message(kind, request_id=HASH),
        )
    yield out
