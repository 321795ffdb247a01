"""Metrics: served beside the arbiter, pushed to statsd, probed, and shown by the dashboard."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import http.client
import json
import os
import re
import select
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from dirty_runtime import DirtyConnectionError
from dirty_runtime.arbiter.clients.access import Access
from dirty_runtime.arbiter.clock import Clock
from dirty_runtime.arbiter.exporter import Exporter
from dirty_runtime.arbiter.telemetry.histogram import SECONDS
from dirty_runtime.arbiter.workers.process import Kept
from dirty_runtime.arbiter.workers.template import Start
from dirty_runtime.client.readiness import State
from dirty_runtime.metrics import serving as serving_http
from dirty_runtime.metrics.families import ARBITER, WORKERS, Families
from dirty_runtime.metrics.pushing import Pusher
from dirty_runtime.metrics.serving import answer, unready
from dirty_runtime.settings import AppSpec, Config, host_and_port
from dirty_runtime.testing import Arbiter
from gdproto.answers import StatusAnswer, WorkerStatus

from .processes import (
    LIMIT_S,
    OURS,
    ROOT,
    dirty,
    run_dirty,
    serving,
    wait_until,
    wait_until_logged,
)

DASHBOARD = ROOT / "examples" / "observe" / "grafana.json"
OPEN_METRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}
NAME = re.compile(r"\bdirty_[a-z_]+\b")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("metrics") / "metrics.sock"


@pytest.fixture(scope="module")
def statsd() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(LIMIT_S)
        yield listening


@pytest.fixture(scope="module")
def arbiter(place: Path, statsd: socket.socket) -> Iterator[Arbiter]:
    port = statsd.getsockname()[1]
    options = ("--metrics", str(place), "--statsd", f"127.0.0.1:{port}", "--graceful-timeout", "5")
    with serving(OURS, workers=2, options=options) as arbiter, arbiter.client() as client:
        for _ in range(3):
            client.execute(OURS, "pid")
        # It looks at their memory in its own time.
        wait_until(lambda: all(one["private_bytes"] for one in client.status()["workers"]))
        yield arbiter


class UnixConnection(http.client.HTTPConnection):
    """HTTP to a socket with a path."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=LIMIT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(LIMIT_S)
        self.sock.connect(str(self._path))


def get(place: Path, page: str, headers: dict[str, str] | None = None) -> tuple[int, str]:
    connection = UnixConnection(place)
    connection.request("GET", page, headers=headers or {})
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body


def test_metrics_are_open_metrics(arbiter: Arbiter, place: Path) -> None:
    status, text = get(place, "/metrics", OPEN_METRICS)
    assert status == 200
    families = {family.name: family for family in text_string_to_metric_families(text)}
    counted = {
        sample.labels["outcome"]: sample.value
        for sample in families["dirty_calls"].samples
        if sample.labels["action"] == "pid"
    }
    assert counted == {"RESPONSE": 3}
    runs = [
        one for one in families["dirty_call_run_seconds"].samples if one.labels["action"] == "pid"
    ]
    values = [one.value for one in runs if one.name.endswith("_bucket")]
    assert values == sorted(values)
    assert values[-1] == next(one.value for one in runs if one.name.endswith("_count")) == 3
    assert sum(one.value for one in families["dirty_workers"].samples) == 2
    # Who does not ask for them so gets the older format.
    assert "# TYPE dirty_calls_total counter" in get(place, "/metrics")[1]


def test_probes_tell_whether_it_lives_and_may_be_sent_calls(arbiter: Arbiter, place: Path) -> None:
    assert get(place, "/healthz") == (200, "it answers\n")
    assert get(place, "/readyz") == (200, "it is ready\n")
    assert get(place, "/nowhere")[0] == 404


def test_an_arbiter_pushes_to_statsd(arbiter: Arbiter, statsd: socket.socket) -> None:
    said = b""
    # The first push, as soon as it serves.
    while b"dirty.clients:" not in said:
        said += statsd.recv(65536)
    assert b"dirty.workers." in said


def test_a_push_is_what_came_since_the_last() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(LIMIT_S)
        with contextlib.closing(Pusher(*listening.getsockname())) as pusher:
            told = list(pushed(pusher, listening))
    assert told == [[5], [], [2], [3]]


def pushed(pusher: Pusher, listening: socket.socket) -> Iterator[list[int]]:
    """What is pushed of a count that grows, and then is another arbiter's."""
    action: dict[str, Any] = {"app": "m:A", "action": "go", "running": 0, "run": None, "wait": None}
    for pid, count in ((1, 5), (1, 5), (1, 7), (2, 3)):
        action["outcomes"] = {"END": count}
        pusher.push({"arbiter_pid": pid, "workers": [], "clients": 0, "actions": [action]})
        found = re.findall(rb"calls\.m_A\.go\.END:(\d+)\|c", listening.recv(65536))
        yield [int(one) for one in found]


def test_whoever_serves_the_metrics_is_started_again(arbiter: Arbiter, place: Path) -> None:
    children = subprocess.run(
        ["pgrep", "-f", f"dirty_runtime.metrics {arbiter.socket_path}"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    serving_it = [
        pid for pid in children if "keeper" not in Path(f"/proc/{pid}/cmdline").read_text()
    ]
    os.kill(int(serving_it[0]), signal.SIGKILL)
    wait_until_logged(arbiter, "who serves metrics ended, and is started again: killed by SIGKILL")
    assert get(place, "/healthz")[0] == 200


def test_one_that_sends_nothing_keeps_nobody_from_asking(arbiter: Arbiter, place: Path) -> None:
    silent = [socket.socket(socket.AF_UNIX) for _ in range(5)]
    for one in silent:
        one.connect(str(place))
    assert get(place, "/readyz")[0] == 200
    for one in silent:
        one.close()


def test_an_arbiter_that_drains_is_alive_and_not_ready(tmp_path: Path) -> None:
    place = tmp_path / "m"
    with serving(OURS, options=("--metrics", str(place))) as arbiter, arbiter.client() as client:
        wait_until(lambda: place.exists() and get(place, "/readyz")[0] == 200)
        stream = client.stream(OURS, "hold")
        next(stream)
        arbiter.signal(signal.SIGTERM)
        wait_until(lambda: get(place, "/readyz") == (503, "it drains\n"))
        assert get(place, "/healthz")[0] == 200
        stream.close()
    assert not place.exists()


@pytest.mark.parametrize(
    ("more", "lacking"),
    [
        ({}, []),
        ({"draining": {"left": 1}}, ["it drains"]),
        ({"down": {"m:B": "it is broken"}}, ["m:B is down: it is broken"]),
        (
            {"workers": []},
            ["no worker that is ready serves m:A", "no worker that is ready serves m:B"],
        ),
    ],
)
def test_it_is_ready_when_each_app_is_served(more: dict[str, Any], lacking: list[str]) -> None:
    worker = {"booted": True, "apps": ["m:A", "m:B"]}
    state = {"apps": ["m:A", "m:B"], "workers": [worker, {"booted": False, "apps": []}], **more}
    assert list(unready(state)) == lacking


def test_an_arbiter_that_does_not_answer_is_told_as_unavailable() -> None:
    class Gone:
        def state(self) -> None:
            raise DirtyConnectionError("nobody is there\n")

    gone: Any = Gone()
    for page in ("/metrics", "/healthz", "/readyz?now"):
        assert answer(gone, page, "")[::2] == (503, b"nobody is there\\n\n")
    assert answer(gone, "/other", "")[0] == 404


def test_metrics_can_be_served_beside_an_arbiter_that_runs(arbiter: Arbiter) -> None:
    words = dirty("metrics", "127.0.0.1:0", "--socket", arbiter.socket_path)
    process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        host, port = host_and_port(process.stdout.readline().split()[-1])
        connection = http.client.HTTPConnection(host, port, timeout=LIMIT_S)
        connection.request("GET", "/metrics")
        assert "dirty_workers_wanted 2.0" in connection.getresponse().read().decode()
    finally:
        process.terminate()
        process.communicate(timeout=LIMIT_S)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--metrics", "nowhere"), "metrics is HOST:PORT"),
        (("--metrics", "127.0.0.1:99999"), "metrics is HOST:PORT"),
        (("--metrics", "nowhere/m.sock"), "nowhere"),
        (("--statsd", "x"), "statsd is HOST:PORT"),
        (("--metrics", "TAKEN"), "Address already in use"),
    ],
)
def test_a_place_that_cannot_be_served_at_is_told(
    tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        at = f"127.0.0.1:{taken.getsockname()[1]}"
        words = tuple(at if word == "TAKEN" else word for word in words)
        done = run_dirty("serve", "--app", OURS, "--socket", str(tmp_path / "s"), *words)
    assert done.returncode == 1
    assert told in done.stderr.splitlines()[-1]


def test_metrics_are_made_of_fields_that_are_declared_and_told(arbiter: Arbiter) -> None:
    declared = WorkerStatus.__required_keys__ | WorkerStatus.__optional_keys__
    fields = {field for fields, *_ in WORKERS for field in fields.split("+")}
    assert fields <= declared, fields - declared
    declared = StatusAnswer.__required_keys__ | StatusAnswer.__optional_keys__
    assert {field for field, *_ in ARBITER} <= declared
    families = {family.name: family for family in Families(arbiter.status()).collect()}
    for _, _, name, _ in WORKERS:
        slots = {sample.labels["slot"] for sample in families[name].samples}
        assert slots == {"0", "1"}, name
    resident = [sample.value for sample in families["dirty_worker_rss_bytes"].samples]
    # A Python with an app.
    assert all(2**20 < one < 2**32 for one in resident), resident


def test_the_dashboard_asks_for_metrics_that_there_are(arbiter: Arbiter) -> None:
    there = set()
    state = arbiter.status()
    for family in Families(state).collect():
        suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"]}
        there |= {family.name + suffix for suffix in suffixes.get(family.type, [""])}
    panels = json.loads(DASHBOARD.read_text())["panels"]
    asked = {
        word
        for panel in panels
        for target in panel["targets"]
        for word in NAME.findall(target["expr"])
    }
    assert asked <= there, asked - there
    # What is not shown is what a person would not watch.
    assert {word.removesuffix("_count").removesuffix("_sum") for word in there - asked} <= {
        "dirty_build_info", "dirty_worker_uptime_seconds", "dirty_call_run_seconds",
        "dirty_call_wait_seconds", "dirty_request_bytes",
    }  # fmt: skip


def test_histograms_are_those_of_the_arbiter() -> None:
    counts = [0] * (len(SECONDS) + 1)
    counts[0], counts[1], counts[2], counts[-1] = 1, 2, 4, 8
    action = {
        "app": "a", "action": "b", "outcomes": {}, "running": 0,
        "runs": {"counts": counts, "sum": 3.5}, "waits": {"counts": counts, "sum": 3.5},
        "sizes": {"counts": [1], "sum": 1},
    }  # fmt: skip
    state = {
        "actions": [action], "buckets": {"seconds": SECONDS, "bytes": [64]}, "apps": [],
        "workers": [],
    }  # fmt: skip
    (family,) = (one for one in Families(state).collect() if one.name == "dirty_call_run_seconds")
    told = [(one.labels.get("le"), one.value) for one in family.samples]
    # The bounds double; what lies between two of ours is below the next.
    assert told[:3] == [("0.0001", 1.0), ("0.0002", 7.0), ("0.0004", 7.0)]
    assert ("+Inf", 15.0) in told


# --- who starts it ---


class Template:
    """Starts nothing, as often as that is asked for, and tells what was to be started."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.starts: list[Start] = []

    def start(self, start: Start) -> Kept:
        self.starts.append(start)
        if len(self.starts) == 2:
            self.asked.set()
        raise BlockingIOError(errno.EAGAIN, "no process for now")


@pytest.mark.parametrize(
    ("settings", "variables"),
    [({"metrics": "127.0.0.1:0"}, ["DIRTY_METRICS_FD"]), ({"statsd": "127.0.0.1:9"}, [])],
)
def test_what_cannot_be_started_is_tried_again_until_the_end(
    settings: dict[str, str], variables: list[str]
) -> None:
    async def tried() -> list[Start]:
        config = Config((AppSpec("m:A", None),), "/socket", **settings)
        templates: Any = Template()
        exporter = Exporter(config, Access.of(config), Clock(), templates)
        exporter.start()
        async with asyncio.timeout(LIMIT_S):
            await templates.asked.wait()
        exporter.end()
        exporter.start()
        exporter.close()
        return list(templates.starts)

    starts = asyncio.run(tried())
    assert len(starts) == 2
    for start in starts:
        assert start.words[-2:] == ["/socket", settings.get("statsd", "")]
        assert [name for name, _ in start.fds] == variables


def test_nothing_is_started_where_no_metrics_are_wanted() -> None:
    templates: Any = Template()
    config = Config((AppSpec("m:A", None),), "/socket")
    Exporter(config, Access.of(config), Clock(), templates).start()
    assert templates.starts == []


# --- who sends slowly ---


class Answering(serving_http.Arbiter):
    """One that answers at once."""

    def __init__(self) -> None:
        super().__init__("")

    def state(self) -> State:
        return {}  # type: ignore[typeddict-item]


class Slow(Answering):
    """One that answers when it is told to; `asked` is released by who asks."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Semaphore(0)
        self.answers = threading.Event()

    def state(self) -> State:
        self.asked.release()
        self.answers.wait(LIMIT_S)
        return super().state()


ASKED = b"GET /healthz HTTP/1.0\r\n\r\n"


@contextlib.contextmanager
def server_of(arbiter: serving_http.Arbiter) -> Iterator[Any]:
    """The address of one that serves what this says."""
    server = serving_http.Server(socket.create_server(("127.0.0.1", 0)), arbiter)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.socket.getsockname()
    finally:
        server.shutdown()
        thread.join(LIMIT_S)
        server.server_close()


def test_who_comes_while_all_places_are_taken_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving_http, "ROOM_S", LIMIT_S)
    arbiter = Slow()
    with server_of(arbiter) as address, contextlib.ExitStack() as stack:

        def asking() -> socket.socket:
            one = stack.enter_context(socket.create_connection(address, LIMIT_S))
            one.sendall(ASKED)
            return one

        served = [asking() for _ in range(serving_http.MOST)]
        assert all(arbiter.asked.acquire(timeout=LIMIT_S) for _ in served)
        waiting = [asking() for _ in served]
        # Nobody is turned away.
        assert not select.select(waiting, [], [], 0.1)[0]
        arbiter.answers.set()
        for one in served + waiting:
            assert one.recv(4096).startswith(b"HTTP/1.0 200 ")


def test_who_reads_nothing_goes_for_who_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving_http, "STALLED_S", 0.0)
    monkeypatch.setattr(serving_http, "ROOM_S", LIMIT_S)
    large = 200, serving_http.PLAIN, bytes(64 * 2**20)
    monkeypatch.setitem(serving_http.PAGES, "/large", lambda state, accept: large)
    with server_of(Answering()) as address, contextlib.ExitStack() as stack:
        for _ in range(serving_http.MOST):
            one = stack.enter_context(socket.create_connection(address, LIMIT_S))
            one.sendall(b"GET /large HTTP/1.0\r\n\r\n")
            # Its answer has begun.
            assert one.recv(1)
        asking = stack.enter_context(socket.create_connection(address, LIMIT_S))
        asking.sendall(ASKED)
        assert asking.recv(4096).startswith(b"HTTP/1.0 200 ")


@pytest.mark.parametrize("many", [1, 3])
def test_whose_request_never_comes_keeps_nobody_from_asking(
    many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving_http, "STALLED_S", 0.0)
    monkeypatch.setattr(serving_http, "ROOM_S", LIMIT_S)
    with server_of(Answering()) as address, contextlib.ExitStack() as stack:
        for _ in range(many * serving_http.MOST):
            slow = stack.enter_context(socket.create_connection(address, LIMIT_S))
            slow.sendall(b"GET /healthz HTT")
        asking = stack.enter_context(socket.create_connection(address, LIMIT_S))
        asking.sendall(ASKED)
        assert asking.recv(4096).startswith(b"HTTP/1.0 200 ")
