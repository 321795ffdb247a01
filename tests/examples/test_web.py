"""The web examples under real web servers, beside a real arbiter."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.dirty_runtime.processes import LIMIT_S, ROOT, Arbiter, serving, wait_until

from .web_servers import EXAMPLES, Connection, WebServer, gunicorn, hypercorn, serving_web, uvicorn

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
    "gevent": gunicorn("flask_app:app", "--workers", "2", "--worker-class", "gevent"),
    "uvicorn": uvicorn("fastapi_app:app"),
    "hypercorn": hypercorn("fastapi_app:app"),
    "django, gthread": gunicorn("django_project:application", "--threads", "4"),
    "django, uvicorn": uvicorn("django_project:asgi"),
}


def storytellers(
    *options: str, workers: int = 1, threads: int = 2, socket_path: str = ""
) -> contextlib.AbstractContextManager[Arbiter]:
    return serving(
        STORYTELLER,
        workers=workers,
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


def test_a_stream_comes_as_events(web: WebServer, arbiter: Arbiter) -> None:
    status, headers, body = web.get("/events?length=20&seed=3")
    assert status == 200
    kind = {name.lower(): value for name, value in headers.items()}["content-type"]
    assert kind.startswith("text/event-stream")
    assert body == "".join(f"data: {word}\n\n" for word in story(20, 3, arbiter).split())


def test_what_the_app_finds_wrong_is_a_bad_request(web: WebServer) -> None:
    status, _, body = web.get("/story?length=-1")
    assert status == 400
    assert "-1" in body


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
        storytellers(workers=2, threads=1) as arbiter,
        serving_web(SERVERS["uvicorn"], arbiter.socket_path) as web,
        ThreadPoolExecutor(1) as pool,
    ):
        long = pool.submit(web.get, "/story?length=300000")
        wait_until(lambda: busy(arbiter) == 1)
        (teller,) = (one["pid"] for one in arbiter.status()["workers"] if one["busy"])
        # However slow the machine is, it tells on when the others are done.
        os.kill(teller, signal.SIGSTOP)
        for _ in range(5):
            assert web.get("/story?length=5")[0] == 200
        assert not long.done()
        os.kill(teller, signal.SIGCONT)
        assert long.result()[0] == 200


TASKS = """
from celery.contrib.testing.worker import start_worker
import celery_app
with start_worker(celery_app.app, perform_ping_check=False):
    print(celery_app.story.delay(20, 3).get(timeout=30))
"""


def test_a_task_of_celery_calls(arbiter: Arbiter) -> None:
    environment = os.environ | {
        "CELERY_BROKER": "memory://",
        "CELERY_RESULTS": "cache+memory://",
        "DIRTY_SOCKET": arbiter.socket_path,
        "PYTHONPATH": f"{ROOT}:{EXAMPLES}",
    }
    command = [sys.executable, "-c", TASKS]
    said = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert story(20, 3, arbiter) in said.stdout, said.stderr
