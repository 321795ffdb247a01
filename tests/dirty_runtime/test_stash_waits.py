"""What clients wait for in the stash: items and changes, while others are served as before."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from dirty_runtime import AsyncStashClient, StashClient
from dirty_runtime.arbiter.stash.changes import MOST
from dirty_runtime.testing import running

APP = "gdproto.conformance.live.app:App"
LONG_S, SHORT_S = 30, 0.05


@pytest.fixture(scope="module")
def socket_path() -> Iterator[str]:
    with running(APP) as arbiter:
        yield arbiter.socket_path


@pytest.fixture
def client(socket_path: str, request: pytest.FixtureRequest) -> Iterator[StashClient]:
    with StashClient(socket_path) as client:
        yield client
        client.delete_table("t")


def test_who_waits_holds_up_nobody_on_his_connection(client: StashClient) -> None:
    async def wait() -> Any:
        async with AsyncStashClient(client.socket_path) as one:
            waiting = [asyncio.ensure_future(one.pop_left("t", "l", wait=LONG_S)) for _ in range(3)]
            watching = await one.watch("t", "k*")
            assert await one.length("t", "l") == 0
            await one.put("t", "k", 1)
            assert await anext(watching) == {"kind": "put", "key": "k"}
            for item in ("a", "b", "c"):
                assert await one.push_right("t", "l", item) == 1
            return await asyncio.gather(*waiting)

    assert asyncio.run(wait()) == ["a", "b", "c"]


def test_who_stops_waiting_takes_nothing(client: StashClient) -> None:
    async def wait() -> None:
        async with AsyncStashClient(client.socket_path) as one:
            waiting = asyncio.ensure_future(one.pop_left("t", "l", wait=LONG_S))
            assert await one.length("t", "l") == 0
            waiting.cancel()
            await asyncio.wait([waiting])
            # What is asked behind it is answered behind its end.
            assert await one.push_left("t", "l", "kept") == 1
            assert await one.pop_left("t", "l") == "kept"

    asyncio.run(wait())


def test_a_wait_is_no_part_of_the_timeout(client: StashClient) -> None:
    client.timeout = 2 * SHORT_S
    assert client.pop_left("t", "l", wait=4 * SHORT_S, default="none") == "none"
    client.push_left("t", "l", 1)
    assert client.pop_right("t", "l", wait=4 * SHORT_S) == 1


def test_threads_wait_for_each_other(client: StashClient) -> None:
    taken: list[Any] = []

    def work() -> None:
        with StashClient(client.socket_path) as own:
            while (item := own.pop_left("jobs", "l", wait=LONG_S)) is not None:
                taken.append(item)

    workers = [threading.Thread(target=work) for _ in range(3)]
    for one in workers:
        one.start()
    for number in range(30):
        client.push_right("jobs", "l", number)
    for _ in workers:
        client.push_right("jobs", "l", None)
    for one in workers:
        one.join(LONG_S)
    assert sorted(taken) == list(range(30))


def test_a_watcher_sees_what_others_change(client: StashClient) -> None:
    changes = client.watch("t")
    with StashClient(client.socket_path) as other:
        other.put("t", "k", 1)
        other.push_left("t", "l", 1)
        other.delete_table("t")
    told = [next(changes) for _ in range(3)]
    assert [(one["kind"], one["key"]) for one in told] == [
        ("put", "k"), ("push", "l"), ("clear", None)
    ]  # fmt: skip
    client.put_many("t", [[number, 0] for number in range(2 * MOST)])
    assert next(changes)["kind"] == "missed"
    assert next(changes)["kind"] == "put"


def test_the_command_waits_and_watches(client: StashClient) -> None:
    words = [sys.executable, "-m", "dirty_runtime", "stash"]
    place = ["--socket", client.socket_path]
    watching = subprocess.Popen([*words, "watch", "t", *place], stdout=subprocess.PIPE, text=True)
    try:
        assert watching.stdout is not None
        stop = threading.Event()

        def push() -> None:
            # It may not have begun: something changes until it tells of it.
            while not stop.wait(SHORT_S):
                client.put("t", "again", 1)

        pushing = threading.Thread(target=push)
        pushing.start()
        try:
            assert json.loads(watching.stdout.readline()) == {"kind": "put", "key": "again"}
        finally:
            stop.set()
            pushing.join()
    finally:
        watching.kill()
        watching.communicate()
    client.push_right("t", "l", {"a": 1})
    popped = subprocess.run(
        [*words, "pop-left", "t", '"l"', "--wait", "5", *place], capture_output=True, text=True
    )
    assert json.loads(popped.stdout) == {"a": 1}
