"""Apps that are served by actors of a cluster of three nodes, whatever becomes of those."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from dirty_runtime import DirtyError
from dirty_runtime.testing import Arbiter

from .conftest import Serve, until

A, B, C, MANY = "apps:OnA", "apps:OnB", "apps:OnC", "apps:Many"
LIMIT_S = 60.0
# What Ray needs to find out that a node is gone is some ten seconds.
SOON_S = 5.0


@pytest.fixture(scope="module")
def served(serve: Serve) -> Iterator[Arbiter]:
    with serve(A, B, MANY) as arbiter:
        yield arbiter
        arbiter.stop()


def test_each_app_is_where_its_resources_are(served: Arbiter) -> None:
    with served.client() as client:
        (pid_a, node_a), (pid_b, node_b) = (client.execute(app, "where") for app in (A, B))
    assert node_a != node_b
    workers = {one["apps"][0]: one for one in served.status()["workers"]}
    assert (workers[A]["node"], workers[B]["node"]) == (node_a, node_b)
    assert workers[A]["actor"] != workers[B]["actor"]
    assert workers[A]["waits"] is None
    assert not {pid_a, pid_b} & {workers[A]["pid"], workers[B]["pid"]}


def test_values_streams_and_errors_are_those_of_any_worker(served: Arbiter) -> None:
    value = {"text": "é", "list": [1, 2.5, None, True], "bytes": b"\0\xff", "big": 2**60}
    with served.client() as client:
        assert client.execute(A, "echo", value) == value
        assert list(client.stream(A, "count", 10_000)) == list(range(10_000))
        assert list(client.stream(MANY, "count", 1000)) == list(range(1000))
        with pytest.raises(DirtyError, match="it fails"):
            client.execute(A, "fail")
        assert client.execute(A, "echo", 1) == 1


@pytest.mark.parametrize("size", [100_000, 3 * 2**20, 20 * 2**20])
@pytest.mark.parametrize("app", [A, MANY])
def test_large_values_come_as_they_were(served: Arbiter, app: str, size: int) -> None:
    value = os.urandom(1024) * (size // 1024)
    with served.client() as client:
        assert client.execute(app, "echo", value) == value


@pytest.mark.parametrize("app", [A, MANY])
def test_what_no_frame_holds_goes_by_reference_there_and_back(served: Arbiter, app: str) -> None:
    value = [os.urandom(1024) * (100 * 1024), "beside", os.urandom(1024) * 1024]
    with served.client(timeout=60) as client:
        assert client.execute(app, "echo", value) == value
        assert client.execute(app, "echo", 1) == 1


def test_a_large_stream_comes_as_it_was(served: Arbiter) -> None:
    with served.client() as client:
        sizes = Counter(map(len, client.stream(A, "blocks", 6, 5 * 2**20)))
    assert sizes == {5 * 2**20: 6}


def test_a_stream_may_be_longer_than_what_ray_keeps_of_a_task(served: Arbiter) -> None:
    with served.client() as client:
        assert sum(1 for _ in client.stream(B, "count", 60_000)) == 60_000


def test_a_caller_who_reads_nothing_holds_its_stream_up(served: Arbiter, tmp_path: Path) -> None:
    made = tmp_path / "made"
    with served.client() as client:
        stream = client.stream(A, "blocks", 1000, 2**20, str(made))
        assert len(next(stream)) == 2**20
        sizes = [-1]

        def stands() -> bool:
            sizes.append(made.stat().st_size)
            time.sleep(0.5)
            return made.stat().st_size == sizes[-1]

        until(stands, "it is held up")
        assert made.stat().st_size < 200
        stream.close()
        assert client.execute(A, "echo", 1) == 1


def test_a_cancel_reaches_the_actor(served: Arbiter, tmp_path: Path) -> None:
    begun, ended = tmp_path / "begun", tmp_path / "ended"
    with served.client(timeout=60) as client:
        call = client.submit(A, "until_cancelled", str(begun), str(ended))
        until(begun.exists, "it begins", LIMIT_S)
        call.cancel()
        until(ended.exists, "it is told", LIMIT_S)
        assert client.execute(A, "echo", 2) == 2


def test_what_an_actor_prints_comes_into_the_log_and_what_ray_says_does_not(
    served: Arbiter,
) -> None:
    log = until(
        lambda: text if (text := served.log.read_text()).count("initialised") == 2 else "",
        "both are",
        LIMIT_S,
    )
    assert "raylet" not in log
    assert "Actor pid" not in log
