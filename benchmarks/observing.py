"""What it costs to be counted and looked at: an arbiter that is, beside two that are not, in turns.

    python -m benchmarks.observing [ROUNDS]

Rules: all serve the same small calls to as many callers. Two count nothing (`--no-counters`): what
lies between them is what the machine does. The third counts, serves metrics, is scraped every
second, which is fifteen times as often as usual, pushes to statsd, and is asked for STATUS and its
calls every second, as by ``dirty top``. What counts is how many calls a second there are; the
processor time that the arbiter takes for one is told beside it, and what counting takes alone. All
is to run on one processor, where each microsecond counts, and nobody else:
``chrt -f 10 taskset -c 0 python -m benchmarks.observing``.
"""

from __future__ import annotations

import contextlib
import http.client
import multiprocessing
import selectors
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from multiprocessing.synchronize import Event
from pathlib import Path

import gdproto
from dirty_runtime import DirtyClient
from dirty_runtime.arbiter.calls import Call
from dirty_runtime.arbiter.telemetry.counters import Counters
from dirty_runtime.testing import Arbiter, running
from gdproto import ManageOp

from .app import APP_PATH
from .arbiter_process import ROOT
from .process import Process
from .rounds import turns

# Some of what a call costs stays with a process for its lifetime, so there are several.
GROUPS, ROUNDS = 7, 5
CALLERS = 16
WINDOW_S = 1.0
LOOK_S = 1.0
BAR = 0.03
REQUEST = gdproto.Request(1, APP_PATH, "add", (1, 2), {}, 30.0).to_bytes()
RESPONSE = gdproto.Response(1, 3).to_bytes()


class Metrics(http.client.HTTPConnection):
    """HTTP to the socket where metrics are served."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)


def look(socket_path: str, metrics: str, over: Event) -> None:
    """Look at the arbiter every LOOK_S, until it is over."""
    with DirtyClient(socket_path) as client:
        while not over.wait(LOOK_S):
            client.status()
            client.manage(ManageOp.CALLS)
            connection = Metrics(metrics)
            connection.request("GET", "/metrics")
            connection.getresponse().read()
            connection.close()


@contextlib.contextmanager
def looked_at(place: Path) -> Iterator[Arbiter]:
    """An arbiter that is looked at."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as statsd:
        statsd.bind(("127.0.0.1", 0))
        metrics = str(place / "metrics")
        options = ("--metrics", metrics, "--statsd", f"127.0.0.1:{statsd.getsockname()[1]}")
        with running(APP_PATH, workers=2, options=options, directory=ROOT) as arbiter:
            while not Path(metrics).exists():
                time.sleep(0.01)
            # A process of its own: callers do not wait for it.
            spawning = multiprocessing.get_context("spawn")
            over = spawning.Event()
            looking = spawning.Process(target=look, args=(arbiter.socket_path, metrics, over))
            looking.start()
            try:
                yield arbiter
            finally:
                over.set()
                looking.join()


def calls(
    arbiter: Arbiter, callers: int = CALLERS, window_s: float = WINDOW_S
) -> tuple[float, float]:
    """Call for `window_s`. Returns the arbiter's processor time for a call, and calls a second."""
    selector, sockets = selectors.DefaultSelector(), []
    for _ in range(callers):
        connected = socket.socket(socket.AF_UNIX)
        connected.connect(arbiter.socket_path)
        selector.register(connected, selectors.EVENT_READ, connected)
        sockets.append(connected)
    process = Process(arbiter.process.pid)
    before_s, began_s, count = process.cpu_s(), time.monotonic(), 0
    for one in sockets:
        one.sendall(REQUEST)
    while (passed_s := time.monotonic() - began_s) < window_s:
        for key, _ in selector.select(1.0):
            caller: socket.socket = key.data
            assert caller.recv(4096) == RESPONSE
            caller.sendall(REQUEST)
            count += 1
    used_s = process.cpu_s() - before_s
    selector.close()
    for one in sockets:
        one.close()
    return used_s / count, count / passed_s


def counting_s() -> float:
    """What it takes to count a call, the best of many times."""
    peeked = gdproto.peek_request(REQUEST, gdproto.HEADER_BYTES)
    header = gdproto.Header(int(gdproto.MessageCode.REQUEST), len(REQUEST), 1)
    call: Call[str, int] = Call(peeked, header, REQUEST, "client", 1.0)
    call.lane = 1
    counters, times = Counters([APP_PATH]), []
    for _ in range(200):
        began_s = time.perf_counter()
        for _ in range(1000):
            counters.call_ended(call, "RESPONSE", 1.0002)
        times.append((time.perf_counter() - began_s) / 1000)
    return min(times)


def group(rounds: int) -> dict[str, list[tuple[float, float]]]:
    """What calls cost with one arbiter that is looked at and two that are not, by round."""
    with contextlib.ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dirty-")))
        off = partial(running, APP_PATH, workers=2, options=("--no-counters",), directory=ROOT)
        arbiters = {
            "off": stack.enter_context(off()),
            "off again": stack.enter_context(off()),
            "looked at": stack.enter_context(looked_at(place)),
        }
        told: dict[str, list[tuple[float, float]]] = {name: [] for name in arbiters}
        for arbiter in arbiters.values():
            calls(arbiter)
        for name in turns(arbiters, rounds):
            told[name].append(calls(arbiters[name]))
    return told


def main(rounds: int) -> int:
    """Measure and tell; returns 1 where it costs more than the bar."""
    used: dict[str, list[float]] = {"off again": [], "looked at": []}
    lost: dict[str, list[float]] = {"off again": [], "looked at": []}
    alone = []
    for _ in range(GROUPS):
        told = group(rounds)
        cpu = {name: min(one for one, _ in found) for name, found in told.items()}
        rate = {name: max(one for _, one in found) for name, found in told.items()}
        for name in told:
            print(f"{name:>10}: {1e6 * cpu[name]:6.2f} us a call, {rate[name]:8.0f} calls/s")
        for name in used:
            used[name].append(cpu[name] / cpu["off"] - 1)
            lost[name].append(1 - rate[name] / rate["off"])
        alone.append(rate["off"])
    for name in used:
        print(f"{name} takes {100 * statistics.median(used[name]):+.1f} % of the arbiter's time")
        print(f"{name} takes {100 * statistics.median(lost[name]):+.1f} % of the calls a second")
    counted_s = counting_s()
    share = counted_s * statistics.median(alone)
    print(f"counting alone takes {1e6 * counted_s:.2f} us a call, {100 * share:.1f} % of a second")
    print(f"the bar is {100 * BAR:.0f} %")
    return int(statistics.median(lost["looked at"]) > BAR)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
