"""Whatever an arbiter answers, or does not, a client raises errors of ours and none of Python's."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import resource
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import gdproto
from dirty_runtime import (
    AsyncStashClient,
    DirtyClient,
    DirtyConnectionError,
    DirtyError,
    DirtyProtocolError,
    DirtyWorkerError,
    StashClient,
)
from dirty_runtime.client import calls, stash
from tests.dirty_runtime.processes import run_dirty

LIMIT_S = 5.0
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text()
    | st.binary(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
KEYS = ["timeout", "app_path", "key", "raw_data", "begun", "retry_after", "traceback", "details"]
DETAILS = st.dictionaries(st.sampled_from(KEYS) | st.text(), VALUES, max_size=4)
NAMES = st.sampled_from([rule.name for rule in gdproto.ERROR_TYPES]) | st.text()
IDS = st.integers(0, 3)
FRAMES = st.one_of(
    st.builds(gdproto.Response, IDS, VALUES),
    st.builds(gdproto.Error, IDS, NAMES, st.text(), DETAILS),
    st.builds(gdproto.Chunk, IDS, VALUES),
    st.builds(gdproto.End, IDS),
    st.builds(gdproto.Status, IDS),
    st.builds(gdproto.Cancel, IDS),
).map(lambda message: message.to_bytes())


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """Frames of which one bit is another, or the end is missing; or no frames at all."""
    said = bytearray(b"".join(draw(st.lists(FRAMES, max_size=3))))
    if said and draw(st.booleans()):
        said[draw(st.integers(0, len(said) - 1))] ^= 1 << draw(st.integers(0, 7))
    return bytes(said[: draw(st.integers(0, len(said)))] if draw(st.booleans()) else said)


class Hostile:
    """Says to everybody who asks what it was told, and closes."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.says = b""
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            with peer, contextlib.suppress(OSError):
                peer.recv(65536)
                peer.sendall(self.says)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture(autouse=True, scope="module")
def count_from_one() -> Iterator[None]:
    """What is asked first has the id 1, so that it can be answered unseen."""
    with pytest.MonkeyPatch.context() as patched:
        for module in (calls, stash):
            patched.setattr(module, "request_ids", lambda: itertools.count(1))
        yield


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hostile]:
    with contextlib.closing(Hostile(str(tmp_path_factory.mktemp("hostile") / "s"))) as one:
        yield one


def in_stash(client: StashClient) -> None:
    table = client.table("t")
    for ask in (
        lambda: len(table), lambda: list(table), lambda: table.get("one"),
        lambda: client.tables(), lambda: client.get("t", 1), lambda: client.info("t"),
        lambda: client.put("t", 1, 2),
    ):  # fmt: skip
        with contextlib.suppress(DirtyError):
            ask()


SYNC: dict[str, Callable[[DirtyClient], Any]] = {
    "execute": lambda client: client.execute("m:A", "act"),
    "stream": lambda client: list(client.stream("m:A", "act")),
    "status": lambda client: client.status(),
    "manage": lambda client: client.manage(gdproto.ManageOp.ADD),
}


async def of_stream(client: DirtyClient) -> None:
    async for _ in client.stream_async("m:A", "act"):
        pass


ASYNC: dict[str, Callable[[DirtyClient], Awaitable[Any]]] = {
    "execute_async": lambda client: client.execute_async("m:A", "act"),
    "stream_async": of_stream,
    "status_async": lambda client: client.status_async(),
}


@given(spoilt())
@example(b"")
@example(gdproto.Response(1, {"workers": 3}).to_bytes())
@example(gdproto.Error(1, "StashKeyNotFoundError", "", {"key": {}}).to_bytes())
@settings(max_examples=60)
def test_calls_of_threads_raise_nothing_else(hostile: Hostile, said: bytes) -> None:
    hostile.says = said
    for call in SYNC.values():
        with DirtyClient(hostile.path, LIMIT_S) as client, contextlib.suppress(DirtyError):
            call(client)
    with StashClient(hostile.path, LIMIT_S) as one:
        in_stash(one)


@given(spoilt())
@example(b"")
@settings(max_examples=40)
def test_calls_of_event_loops_raise_nothing_else(hostile: Hostile, said: bytes) -> None:
    hostile.says = said

    async def call_all() -> None:
        complaints: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, told: complaints.append(told))
        for call in ASYNC.values():
            async with DirtyClient(hostile.path, LIMIT_S) as client:
                with contextlib.suppress(DirtyError):
                    await call(client)
        async with AsyncStashClient(hostile.path, LIMIT_S) as one:
            for ask in (one.tables, lambda: one.info("t"), lambda: one.keys("t")):
                with contextlib.suppress(DirtyError):
                    await ask()
        assert not complaints

    asyncio.run(call_all())


LARGE = gdproto.Response(1, bytes(300_000)).to_bytes()


@pytest.mark.parametrize("length", [16, 100, 5000, len(LARGE) - 1])
def test_an_answer_that_breaks_off_has_lost_its_worker(hostile: Hostile, length: int) -> None:
    hostile.says = LARGE[:length]
    for call in (SYNC["execute"], SYNC["stream"]):
        with (
            DirtyClient(hostile.path) as client,
            pytest.raises(DirtyWorkerError, match="breaks off"),
        ):
            call(client)
    for work in (ASYNC["execute_async"], ASYNC["stream_async"]):
        with pytest.raises(DirtyWorkerError, match="breaks off"):
            asyncio.run(work(DirtyClient(hostile.path)))  # type: ignore[arg-type]


def test_other_calls_on_the_same_connection_have_lost_the_connection(hostile: Hostile) -> None:
    hostile.says = LARGE[:5000]

    async def call_two() -> list[Any]:
        client = DirtyClient(hostile.path)
        calls = (client.execute_async("m:A", "act") for _ in range(2))
        return await asyncio.gather(*calls, return_exceptions=True)

    kinds = [type(one) for one in asyncio.run(call_two())]
    assert kinds == [DirtyWorkerError, DirtyConnectionError]


NO_ANSWERS = {
    "status": [None, 3, [], {}, {"workers": 3}, {"arbiter_pid": 1, "workers": [3], "apps": []}],
    "manage": [None, 3, {}, {"success": 1}],
}


@pytest.mark.parametrize(
    ("name", "answer"), [(name, one) for name, many in NO_ANSWERS.items() for one in many]
)
def test_an_answer_of_another_form_is_told_as_such(
    hostile: Hostile, name: str, answer: object
) -> None:
    hostile.says = gdproto.Response(1, answer).to_bytes()
    with DirtyClient(hostile.path) as client, pytest.raises(DirtyProtocolError, match="understood"):
        SYNC[name](client)


@pytest.mark.parametrize("words", [("status",), ("status", "--json"), ("scale", "+1"), ("reload",)])
def test_commands_say_it_in_one_line(hostile: Hostile, words: tuple[str, ...]) -> None:
    hostile.says = gdproto.Response(1, {"workers": "\x1b[2J"}).to_bytes()
    done = run_dirty(*words, "--socket", hostile.path)
    assert done.returncode == 5
    assert len(done.stderr.splitlines()) == 1
    assert "\x1b" not in done.stderr + done.stdout


# --- where nobody is ---


def long_name(tmp_path: Path, length: int) -> Path:
    return tmp_path / ("x" * (length - len(str(tmp_path)) - 1))


PLACES: dict[str, Callable[[Path], Any]] = {
    "missing": lambda tmp_path: tmp_path / "missing",
    "as bytes": lambda tmp_path: bytes(tmp_path / "missing"),
    "a file": lambda tmp_path: tmp_path / "file",
    "a directory": lambda tmp_path: tmp_path,
    "below a file": lambda tmp_path: tmp_path / "file" / "socket",
    "as long as can be": lambda tmp_path: long_name(tmp_path, 107),
    "too long": lambda tmp_path: long_name(tmp_path, 108),
    "far too long": lambda tmp_path: long_name(tmp_path, 5000),
    "no text": lambda tmp_path: f"{tmp_path}/\ud800",
    "bytes that are no text": lambda tmp_path: bytes(tmp_path) + b"/\xff",
    "with a NUL": lambda tmp_path: f"{tmp_path}/a\0b",
    "of two lines": lambda tmp_path: f"{tmp_path}/a\nb\x1b[2J",
    "relative": lambda tmp_path: "somewhere/s",
    "empty": lambda tmp_path: "",
    "left over": lambda tmp_path: tmp_path / "left",
}


@pytest.mark.parametrize("place", PLACES)
def test_a_place_where_nobody_answers_is_named_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    (tmp_path / "file").touch()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "left"))
    path = PLACES[place](tmp_path)
    monkeypatch.chdir(tmp_path)
    client = DirtyClient(path)
    calls = [
        client.connect, client.status, lambda: list(client.stream("m:A", "act")),
        lambda: asyncio.run(client.execute_async("m:A", "act")),
        lambda: asyncio.run(of_stream(client)),
        lambda: StashClient(path).tables(),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(DirtyConnectionError, match="no arbiter answers at") as caught:
            call()
        said = str(caught.value)
        assert said.isprintable()
        if place == "relative":
            assert f"somewhere/s in {tmp_path}" in said


def test_a_relative_path_names_the_directory_even_when_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(DirtyConnectionError, match="a directory that is gone"):
        DirtyClient("s").connect()


@pytest.mark.parametrize("path", [None, 3, ["s"], object()], ids=lambda value: type(value).__name__)
def test_what_is_no_path_is_refused(path: Any) -> None:
    for cls in (DirtyClient, StashClient, AsyncStashClient):
        with pytest.raises(DirtyError, match="socket_path is a path"):
            cls(path)


def test_no_descriptors_are_left_is_an_error_of_ours(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    client = DirtyClient(str(tmp_path / "s"))
    loop = asyncio.new_event_loop()
    with contextlib.ExitStack() as taken:
        taken.callback(loop.close)
        taken.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
        with contextlib.suppress(OSError):
            while True:
                taken.enter_context(open("/dev/null", "rb"))
        with pytest.raises(DirtyConnectionError, match="Too many open files"):
            client.connect()
        with pytest.raises(DirtyConnectionError, match="Too many open files"):
            loop.run_until_complete(client.connect_async())
