"""The web examples under real web servers, beside a real arbiter."""

from __future__ import annotations

import contextlib
import json
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.dirty_runtime.processes import Arbiter, serving, wait_until

from .web_servers import EXAMPLES, Connection, WebServer, gunicorn, serving_web, uvicorn

STORYTELLER = "storyteller:Storyteller"
ENDLESS = 10**12
SERVERS = {
    "sync": gunicorn("flask_app:app", "--workers", "2"),
    "sync, preload": gunicorn(
        "tests.examples.connected_flask_app:app", "--workers", "2", "--preload"
    ),
    "gthread": gunicorn("flask_app:app", "--workers", "2", "--threads", "4"),
    "gthread, preload": gunicorn(
        "tests.examples.connected_flask_app:app", "--workers", "2", "--threads", "4", "--preload"
    ),
    "uvicorn": uvicorn("fastapi_app:app"),
}


def storytellers(
    *options: str, threads: int = 2, socket_path: str = ""
) -> contextlib.AbstractContextManager[Arbiter]:
    return serving(
        STORYTELLER,
        threads=threads,
        options=options,
        socket_path=socket_path,
        directory=EXAMPLES,
    )


@pytest.fixture(scope="module")
def arbiter() -> Iterator[Arbiter]:
    with storytellers(threads=4) as arbiter:
        yield arbiter


@pytest.fixture(scope="module", params=SERVERS.values(), ids=SERVERS.keys())
def web(request: pytest.FixtureRequest, arbiter: Arbiter) -> Iterator[WebServer]:
    with serving_web(request.param, arbiter.socket_path) as server:
        yield server


def busy(arbiter: Arbiter) -> int:
    return sum(worker["busy"] for worker in arbiter.status()["workers"])


def story(length: int, seed: int, arbiter: Arbiter) -> str:
    with arbiter.client() as client:
        told: str = client.execute(STORYTELLER, "story", length, seed)
        return told


def test_requests_at_once_get_each_its_own_answer(web: WebServer, arbiter: Arbiter) -> None:
    expected = {seed: story(30, seed, arbiter) for seed in range(5)}
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda n: (n % 5, web.get(f"/story?length=30&seed={n % 5}")), range(60))
        for seed, (status, _, body) in answers:
            assert (status, json.loads(body)) == (200, {"story": expected[seed]})


def test_a_stream_comes_whole(web: WebServer, arbiter: Arbiter) -> None:
    status, _, body = web.get("/words?length=2000&seed=3")
    assert status == 200
    assert body.split() == story(2000, 3, arbiter).split()


def test_whoever_leaves_a_stream_ends_the_generator(web: WebServer, arbiter: Arbiter) -> None:
    connection = Connection(web.socket_path)
    with contextlib.closing(connection):
        connection.request("GET", f"/words?length={ENDLESS}")
        response = connection.getresponse()
        assert response.readline().strip()
        assert busy(arbiter) == 1
        response.close()
    wait_until(lambda: busy(arbiter) == 0)
    assert arbiter.status()["restarts"] == 0


@pytest.mark.parametrize("server", ["gthread, preload", "uvicorn"])
def test_calls_are_answered_again_after_a_restart_of_the_arbiter(server: str) -> None:
    with storytellers() as first:
        path = first.socket_path
        with serving_web(SERVERS[server], path) as web:
            assert web.get("/story")[0] == 200
            first.signal(signal.SIGTERM)
            assert first.wait() == 0
            status, headers, body = web.get("/story")
            assert (status, headers.get("Retry-After", headers.get("retry-after"))) == (503, "1")
            assert "away" in body
            with storytellers(socket_path=path):
                assert web.get("/story")[0] == 200


@pytest.mark.parametrize("server", ["gthread", "uvicorn"])
def test_a_full_queue_is_told_with_the_time_to_come_back(server: str) -> None:
    with (
        storytellers("--max-queue", "1", threads=1) as arbiter,
        serving_web(SERVERS[server], arbiter.socket_path) as web,
        arbiter.client() as client,
        ThreadPoolExecutor(1) as pool,
    ):
        # One lane is taken by a stream that nobody reads, and one request waits.
        stream = client.stream(STORYTELLER, "words", ENDLESS)
        next(stream)
        waiting = pool.submit(web.get, "/story")
        wait_until(lambda: arbiter.status()["queues"][STORYTELLER] == 1)
        status, headers, _ = web.get("/story")
        assert status == 503
        assert int(headers.get("Retry-After", headers.get("retry-after", "0"))) >= 1
        stream.close()
        assert waiting.result()[0] == 200


def test_a_long_call_does_not_block_the_event_loop() -> None:
    with (
        storytellers(threads=2) as arbiter,
        serving_web(SERVERS["uvicorn"], arbiter.socket_path) as web,
        ThreadPoolExecutor(1) as pool,
    ):
        # A story this long takes seconds.
        long = pool.submit(web.get, "/story?length=3000000")
        wait_until(lambda: busy(arbiter) == 1)
        for _ in range(5):
            assert web.get("/story?length=5")[0] == 200
        assert not long.done()
        assert long.result()[0] == 200
