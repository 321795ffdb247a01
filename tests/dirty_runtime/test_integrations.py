"""What web frameworks get of the client: replies to errors, events, a lifespan, a child."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dirty_runtime import (
    DirtyAppError,
    DirtyClient,
    DirtyConnectionError,
    DirtyError,
    DirtyNoWorkersAvailableError,
    DirtyOverloadedError,
    DirtyPermissionError,
    DirtyTimeoutError,
    DirtyWorkerError,
)
from dirty_runtime.integrations.asgi import DirtyErrors, dirty_lifespan
from dirty_runtime.integrations.events import event, events, events_async
from dirty_runtime.integrations.replies import reply_to
from dirty_runtime.testing import ending

from .processes import LIMIT_S, OURS, ROOT, python_path, wait_until

Sent = list[MutableMapping[str, Any]]


def of_app(kind: str) -> DirtyAppError:
    error = DirtyAppError("the length is -1", "m:A", "go")
    error.details |= {"exception_type": kind, "exception_bases": ["builtins.ValueError"]}
    return error


@pytest.mark.parametrize(
    ("error", "status", "retry_after"),
    [
        (DirtyOverloadedError("full", "m:A", 0.2), 503, "1"),
        (DirtyOverloadedError("full", "m:A", 2.4), 503, "3"),
        (DirtyConnectionError("nobody", begun=False), 503, "1"),
        (DirtyConnectionError("it went away"), 502, None),
        (DirtyNoWorkersAvailableError("m:A"), 503, "1"),
        (DirtyTimeoutError("late"), 504, None),
        (DirtyWorkerError("it died"), 502, None),
        (DirtyPermissionError("no"), 500, None),
        (DirtyAppError("it raised"), 500, None),
        (DirtyError("anything"), 500, None),
        (of_app("m.BadLength"), 500, None),
    ],
)
def test_errors_have_replies(error: DirtyError, status: int, retry_after: str | None) -> None:
    reply = reply_to(error)
    assert (reply.status, reply.headers.get("Retry-After")) == (status, retry_after)
    # What went wrong inside is for the log.
    assert error.message not in reply.text
    assert reply.body.endswith(b"\n")


@pytest.mark.parametrize("kinds", [["m.BadLength"], [ValueError], ["other.Kind", "ValueError"]])
def test_what_an_app_calls_bad_is_told_in_its_words(kinds: list[Any]) -> None:
    assert reply_to(of_app("m.BadLength"), kinds)[::2] == (400, "the length is -1")
    assert reply_to(of_app("m.BadLength"), [KeyError]).status == 500


def read(text: str) -> list[tuple[str, str]]:
    """Name and data of each event, as an EventSource reads them."""
    found = []
    for block in text.split("\n\n")[:-1]:
        fields = [line.split(": ", 1) for line in block.split("\n")]
        data = "\n".join(value for name, value in fields if name == "data")
        found.append((dict(fields).get("event", "message"), data))
    return found


@given(st.lists(st.text() | st.lists(st.integers() | st.text()) | st.none()))
def test_events_carry_values(values: list[Any]) -> None:
    told = read("".join(events(values)))
    assert len(told) == len(values)
    for (name, data), value in zip(told, values, strict=True):
        assert name == "message"
        if isinstance(value, str):
            assert data == value.replace("\r\n", "\n").replace("\r", "\n")
        else:
            assert json.loads(data) == value


def test_a_value_without_a_form_is_refused() -> None:
    with pytest.raises(TypeError, match="bytes"):
        event(b"blob")


class Failing:
    """A stream that fails after one chunk, in both kinds, and knows that it was closed."""

    def __init__(self, error: Exception | None) -> None:
        self.is_closed = False
        self._error = error

    def chunks(self) -> Iterator[str]:
        try:
            yield "one"
            if self._error is not None:
                raise self._error
            yield "two"
        finally:
            self.is_closed = True

    async def chunks_async(self) -> AsyncIterator[str]:
        for chunk in self.chunks():
            yield chunk


def test_a_stream_that_fails_ends_with_an_error() -> None:
    told = [("message", "one"), ("error", "the call took too long")]
    assert read("".join(events(Failing(DirtyTimeoutError()).chunks()))) == told

    async def collected() -> str:
        found = events_async(Failing(DirtyTimeoutError()).chunks_async())
        return "".join([part async for part in found])

    assert read(asyncio.run(collected())) == told


def test_whoever_stops_listening_closes_the_stream() -> None:
    stream = Failing(None)
    told = events(stream.chunks())
    next(told)
    told.close()  # type: ignore[attr-defined]
    assert stream.is_closed


def answered(error: Exception | None, *, begun: bool = False, kind: str = "http") -> Sent:
    """What the middleware sends for an application that ends so."""
    sent: Sent = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def receive() -> MutableMapping[str, Any]:
        return {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if begun:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        if error is not None:
            raise error

    asyncio.run(DirtyErrors(app, [ValueError])({"type": kind}, receive, send))
    return sent


def test_errors_are_answered_before_an_answer_has_begun() -> None:
    start, body = answered(DirtyOverloadedError("full", "m:A", 2.0))
    assert start["status"] == 503
    headers = dict(start["headers"])
    assert headers[b"retry-after"] == b"2"
    assert int(headers[b"content-length"]) == len(body["body"])
    assert answered(of_app("builtins.ValueError"))[0]["status"] == 400
    assert answered(None) == []


@pytest.mark.parametrize(
    ("error", "begun", "kind"),
    [
        (DirtyTimeoutError(), True, "http"),
        (DirtyTimeoutError(), False, "websocket"),
        (KeyError("other"), False, "http"),
    ],
)
def test_what_cannot_be_answered_goes_on(error: Exception, begun: bool, kind: str) -> None:
    with pytest.raises(type(error)):
        answered(error, begun=begun, kind=kind)


def test_a_lifespan_without_workers_fails_in_time(tmp_path: Path) -> None:
    async def live() -> None:
        async with dirty_lifespan(str(tmp_path / "nobody"), ready_s=0.05)(None):
            pass

    with pytest.raises(DirtyConnectionError, match="nobody"):
        asyncio.run(live())


def test_a_lifespan_serves_waits_keeps_a_client_and_freezes() -> None:
    words = ["--app", OURS, "--chdir", str(ROOT), "--workers", "1"]

    async def live() -> str:
        before = gc.get_freeze_count()
        async with dirty_lifespan(serve=words)(None) as state:
            assert gc.get_freeze_count() > before
            client = state["dirty"]
            assert await client.execute_async(OURS, "add_later", 1, 2) == 3
            async with dirty_lifespan(client.socket_path, freeze=False)(None) as other:
                assert await other["dirty"].execute_async(OURS, "add_later", 1, 2) == 3
        assert gc.get_freeze_count() == 0
        return client.socket_path

    assert not Path(asyncio.run(live())).exists()


def test_an_arbiter_beside_ends_with_its_web_process(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    code = f"""
import time
from dirty_runtime.integrations.beside import arbiter_beside
with arbiter_beside(["--app", {OURS!r}, "--chdir", {str(ROOT)!r}], {path!r}):
    time.sleep({LIMIT_S})
"""
    web = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    with ending(web), at(path) as client:
        wait_until(lambda: is_up(client))
        worker = client.execute(OURS, "pid")
        web.kill()
        wait_until(lambda: is_gone(worker))


def at(path: str) -> contextlib.closing[DirtyClient]:
    """A client of whoever is about to serve there."""
    return contextlib.closing(DirtyClient(path, LIMIT_S))


def is_up(client: DirtyClient) -> bool:
    try:
        return bool(client.status()["workers"])
    except DirtyConnectionError:
        return False


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


PROJECT = """
import sys
from django.conf import settings
settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "shop.db"}},
    DIRTY=%s, INSTALLED_APPS=["dirty_runtime.integrations.django"],
)
if __name__ == "__main__":
    from django.core.management import execute_from_command_line
    execute_from_command_line(sys.argv)
"""
APP = """
import project
from dirty_runtime.integrations.django.worker import DirtyApp
from django.db import connection

class Prices(DirtyApp):
    def sum(self, *numbers):
        with connection.cursor() as cursor:
            cursor.execute("select " + " + ".join(map(str, numbers)))
            return cursor.fetchone()[0]
"""


def manage(tmp_path: Path, settings: dict[str, Any], *words: str) -> subprocess.Popen[bytes]:
    (tmp_path / "project.py").write_text(PROJECT % repr(settings))
    (tmp_path / "prices.py").write_text(APP)
    command = [sys.executable, "project.py", "dirty", *words]
    return subprocess.Popen(
        command,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": python_path(ROOT, tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def test_manage_py_serves_the_projects_apps_with_its_databases(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    settings = {"SOCKET": path, "APPS": ["prices:Prices"]}
    started = manage(tmp_path, settings, "serve", "--workers", "1")
    with started as process, ending(process), at(path) as client:
        wait_until(lambda: is_up(client))
        assert client.execute("prices:Prices", "sum", 1, 2) == 3
        process.send_signal(signal.SIGTERM)
        assert process.wait(LIMIT_S) == 0


@pytest.mark.parametrize("settings", [{"SOKET": "x"}, ["SOCKET"]])
def test_settings_that_mean_nothing_are_refused(tmp_path: Path, settings: Any) -> None:
    with manage(tmp_path, settings, "status") as process:
        said, _ = process.communicate(timeout=LIMIT_S)
    assert process.returncode != 0
    assert b"DIRTY is a dict of SOCKET, TIMEOUT, APPS, BAD_REQUEST" in said
