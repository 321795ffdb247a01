"""The vectors of gunicorn's frames are what the gunicorn that is installed writes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from gunicorn.dirty import errors
from gunicorn.dirty.protocol import BinaryProtocol as Protocol

from gdproto.conformance.cases import load, made
from gdproto.conformance.making.gunicorn import HASH

CASES = {name: case for name, case in load().items() if case.area == "gunicorn"}
WRITERS: dict[str, Callable[[], bytes]] = {
    "request": lambda: Protocol.encode_request(7, "m:A", "go", (1, "a"), {"k": None}),
    "request-without-arguments": lambda: Protocol.encode_request(7, "m:A", "go"),
    "response": lambda: Protocol.encode_response(7, {"answer": 42, "raw": b"\x00", "ratio": 0.5}),
    "response-none": lambda: Protocol.encode_response(7, None),
    "chunk": lambda: Protocol.encode_chunk(7, "piece"),
    "error-of-an-exception": lambda: Protocol.encode_error(7, ValueError("no")),
    "error-timeout": lambda: Protocol.encode_error(7, errors.DirtyTimeoutError("late", timeout=3)),
    "error-app": lambda: Protocol.encode_error(
        7, errors.DirtyAppError("no", app_path="m:A", action="go", traceback="tb")
    ),
    "error-no-workers": lambda: Protocol.encode_error(
        7, errors.DirtyNoWorkersAvailableError("m:A")
    ),
    "error-not-found": lambda: Protocol.encode_error(7, errors.DirtyError("Key not found: k")),
    "stash-put": lambda: Protocol.encode_stash(7, 1, "t", "k", [1]),
    "stash-get": lambda: Protocol.encode_stash(7, 2, "t", 3),
    "stash-keys": lambda: Protocol.encode_stash(7, 4, "t", pattern="a*"),
    "stash-tables": lambda: Protocol.encode_stash(7, 9, ""),
    "manage-add": lambda: Protocol.encode_manage(7, 1),
    "manage-remove": lambda: Protocol.encode_manage(7, 2, 3),
    "end": lambda: Protocol.encode_end(HASH),
    "status": lambda: Protocol.encode_status(HASH),
}


def test_every_case_is_written() -> None:
    assert {f"gunicorn-{name}" for name in WRITERS} == CASES.keys()


@pytest.mark.parametrize("name", WRITERS)
def test_gunicorn_writes_these_bytes(name: str) -> None:
    case = CASES[f"gunicorn-{name}"]
    assert WRITERS[name]() == made(case.bytes or "")
    assert case.canonical is None
