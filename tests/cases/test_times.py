"""A time of any size is taken or refused alike everywhere; one that is over says whose it was."""

from __future__ import annotations

import asyncio
import math
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import gdproto
from dirty_runtime import (
    AsyncStashClient,
    DirtyClient,
    DirtyError,
    DirtyTimeoutError,
    StashClient,
    get_dirty_client,
    get_dirty_client_async,
    set_dirty_socket_path,
)
from dirty_runtime.app import AppSpec
from dirty_runtime.client.answers import Deadline
from dirty_runtime.client.readiness import wait
from dirty_runtime.client.sync import Channel
from dirty_runtime.seconds import LONGEST_S, seconds
from dirty_runtime.settings import Config, ConfigError
from dirty_runtime.testing import Arbiter
from tests.dirty_runtime.processes import OURS, run_dirty, serving, wait_until


class Untold:
    def __repr__(self) -> str:
        raise RuntimeError("no")


LONG = [1e10, sys.maxsize, sys.float_info.max, math.inf, 10**400, Decimal("1e99"), LONGEST_S + 1]
SHORT = [1, 0.5, Decimal("0.5"), Fraction(1, 2), sys.float_info.min]
NONE = [
    -1, -0.001, math.nan, -math.inf, True, False, "5", b"5", bytearray(b"5"), [], Untold(),
    -(10**400), -(10**6000), Decimal("nan"), Decimal("snan"), 1j,
]  # fmt: skip
NONE_IDS = [f"{type(value).__name__}-{at}" for at, value in enumerate(NONE)]


@pytest.fixture(scope="module")
def arbiter() -> Iterator[Arbiter]:
    with serving(OURS, threads=2) as arbiter:
        set_dirty_socket_path(arbiter.socket_path)
        yield arbiter
        set_dirty_socket_path(None)


@pytest.mark.parametrize("value", LONG, ids=range(len(LONG)))
def test_what_is_too_long_is_a_year(value: Any) -> None:
    assert seconds(value, "timeout") == LONGEST_S
    for cls in (DirtyClient, StashClient, AsyncStashClient):
        assert cls("/s", value).timeout == LONGEST_S
    client = DirtyClient("/s", idle_timeout=value)
    client.timeout = value
    assert client.timeout == client.idle_timeout == LONGEST_S


@pytest.mark.parametrize("value", SHORT, ids=range(len(SHORT)))
def test_a_number_of_any_type_is_taken(value: Any) -> None:
    assert DirtyClient("/s", value).timeout == float(value)
    assert type(DirtyClient("/s", value).timeout) is float


def test_none_is_no_limit() -> None:
    assert DirtyClient("/s", None).timeout == LONGEST_S
    assert DirtyClient("/s", idle_timeout=None).idle_timeout is None


def set_timeout(value: Any) -> None:
    DirtyClient("/s").timeout = value


PLACES: dict[str, Callable[[Any], Any]] = {
    "DirtyClient": lambda value: DirtyClient("/s", value),
    "timeout": set_timeout,
    "idle_timeout": lambda value: DirtyClient("/s", idle_timeout=value),
    "StashClient": lambda value: StashClient("/s", value),
    "AsyncStashClient": lambda value: AsyncStashClient("/s", value),
    "get_dirty_client": get_dirty_client,
    "get_dirty_client_async": lambda value: asyncio.run(get_dirty_client_async(value)),
    "Arbiter.client": lambda value: Arbiter("/s", None, None).client(value),  # type: ignore[arg-type]
}
OR_NONE = {
    "Arbiter.wait": lambda value: Arbiter("/s", None, None).wait(value),  # type: ignore[arg-type]
    "Arbiter.stop": lambda value: Arbiter("/s", None, None).stop(value),  # type: ignore[arg-type]
    "Arbiter.wait_ready": lambda value: Arbiter("/s", None, None).wait_ready(  # type: ignore[arg-type]
        timeout=value
    ),
    "wait": lambda value: wait(DirtyClient("/s"), value, bool, lambda *_: ""),
}


@pytest.mark.parametrize("place", [*PLACES, *OR_NONE])
@pytest.mark.parametrize("value", NONE, ids=NONE_IDS)
def test_what_is_no_time_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, place: str, value: Any
) -> None:
    monkeypatch.setenv("DIRTY_SOCKET", "/s")
    with pytest.raises(DirtyError, match=r"^\w+ is a number of seconds") as caught:
        (PLACES | OR_NONE)[place](value)
    assert isinstance(caught.value, ValueError)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("place", PLACES)
def test_no_time_at_all_is_refused_where_something_is_to_come(
    monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setenv("DIRTY_SOCKET", "/s")
    with pytest.raises(DirtyError, match="above 0"):
        PLACES[place](0)


def test_settings_are_at_most_a_year_too() -> None:
    config = Config((AppSpec("m:A", None),), "/s", timeout_s=1e300, max_age_s=10**400)
    assert (config.timeout_s, config.max_age_s) == (LONGEST_S, LONGEST_S)
    for value in (math.nan, "5", True, -1):
        with pytest.raises(ConfigError, match=r"^timeout is "):
            Config((AppSpec("m:A", None),), "/s", timeout_s=value)


@pytest.mark.parametrize("value", [*LONG, None], ids=range(len(LONG) + 1))
def test_long_times_work(arbiter: Arbiter, value: Any) -> None:
    """In the kernel's limits, the loop's timers, and on the wire."""
    with DirtyClient(arbiter.socket_path, value, idle_timeout=value) as client:
        assert client.execute(OURS, "add_later", 1, 2) == 3
        assert client.execute(OURS, "echo", bytes(300_000))["args"] == [bytes(300_000)]
        assert list(client.stream(OURS, "count", 2)) == [0, 1]

    async def call() -> list[int]:
        async with DirtyClient(arbiter.socket_path, value, idle_timeout=value) as client:
            assert await client.execute_async(OURS, "add_later", 1, 2) == 3
            return [number async for number in client.stream_async(OURS, "count", 2)]

    assert asyncio.run(call()) == [0, 1]
    with StashClient(arbiter.socket_path, value) as stash:
        assert stash.put("times", "one", 1)


@pytest.mark.parametrize("timeout", [1e10, 1e308, 2**63 - 1, 10**12])
def test_long_times_work_on_the_wire(arbiter: Arbiter, timeout: float) -> None:
    channel = Channel(arbiter.socket_path, Deadline(20))
    request = gdproto.Request(1, OURS, "add_later", (1, 2), {}, timeout)
    assert channel.send(request, Deadline(20))
    assert channel.receive(Deadline(20)) == gdproto.Response(1, 3)
    channel.close()


@pytest.mark.parametrize("option", ["--timeout", "--wait"])
@pytest.mark.parametrize("word", ["nan", "-1", "soon", "", "-inf"])
def test_the_command_line_refuses_it_in_one_line(option: str, word: str) -> None:
    done = run_dirty("status", "--socket", "/s", option, word)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert f"{option} is a number of seconds" in line


@pytest.mark.parametrize("word", ["1e10", "inf", "9" * 400])
def test_the_command_line_takes_long_times(arbiter: Arbiter, word: str) -> None:
    words = ("--timeout", word, "--wait", word, "--socket", arbiter.socket_path)
    assert run_dirty("status", *words).returncode == 0


# --- a time that is over ---


@pytest.fixture
def held(arbiter: Arbiter, tmp_path: Path) -> Iterator[None]:
    """Both lanes of the arbiter are busy."""
    there, here = str(tmp_path / "there"), [tmp_path / "first", tmp_path / "second"]
    os.mkfifo(there)
    with arbiter.client() as client, ThreadPoolExecutor(2) as threads:
        for path in here:
            threads.submit(client.execute, OURS, "meet", str(path), there)
        wait_until(lambda: all(path.exists() for path in here))
        yield
        Path(there).write_text("go on")


def told_by(arbiter: Arbiter, call: Callable[[DirtyClient], Any]) -> DirtyTimeoutError:
    """What the arbiter tells of a call that is late.

    A client waits a tenth longer for that, which can be too little on a busy machine.
    """
    for timeout_s in (0.2, 1.0, 5.0):
        late = pytest.raises(DirtyTimeoutError, match=f"no answer within {timeout_s:g} s")
        with DirtyClient(arbiter.socket_path, timeout_s) as client, late as caught:
            call(client)
        assert caught.value.timeout == timeout_s
        if caught.value.where is not None:
            return caught.value
    raise AssertionError("the arbiter has told nothing")


def test_a_call_that_ran_too_long_says_so(arbiter: Arbiter, tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    os.mkfifo(there)

    def meet(client: DirtyClient) -> None:
        try:
            client.execute(OURS, "meet", str(here), str(there))
        finally:
            there.write_text("go on")

    error = told_by(arbiter, meet)
    assert "meet: no answer within" in str(error)
    assert (error.app_path, error.action, error.where) == (OURS, "meet", "run")
    assert error.waited is not None
    assert error.waited < error.timeout


@pytest.mark.usefixtures("held")
def test_a_call_that_waited_too_long_says_so(arbiter: Arbiter) -> None:
    error = told_by(arbiter, lambda client: client.execute(OURS, "pid"))
    assert "all of it in the queue" in str(error)
    assert (error.app_path, error.action, error.where) == (OURS, "pid", "queue")
    assert error.details["waited"] == error.waited
    assert error.timeout <= error.details["waited"] < error.timeout + 4.8


async def read_all(client: DirtyClient) -> None:
    async for _ in client.stream_async("m:A", "act"):
        pass


FACES: dict[str, Callable[[DirtyClient], Any]] = {
    "execute": lambda client: client.execute("m:A", "act"),
    "execute_async": lambda client: asyncio.run(client.execute_async("m:A", "act")),
    "stream": lambda client: list(client.stream("m:A", "act")),
    "stream_async": lambda client: asyncio.run(read_all(client)),
}


@pytest.mark.parametrize("face", FACES)
def test_a_client_that_hears_nothing_says_of_what(tmp_path: Path, face: str) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "silent"))
        silent.listen()
        client = DirtyClient(str(tmp_path / "silent"), 0.05)
        began_s = time.monotonic()
        with pytest.raises(DirtyTimeoutError, match=r"^m:A act: no answer within 0.05 s") as caught:
            FACES[face](client)
    assert time.monotonic() - began_s < 5
    assert (caught.value.app_path, caught.value.action) == ("m:A", "act")
