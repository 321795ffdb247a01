"""A call from where web developers stand: out of a handler of FastAPI, under the load of wrk.

    python -m benchmarks.web [--rounds N] [--seconds S] [--connections 4,16,64,256]

Rules: all through HTTP, in one run and in turns: a handler alone, ours awaited and in threads,
gunicorn's, and whole servers of others where they are installed (extra `benchmarks`). The handler
alone is measured twice in each round: how far those two are apart is the noise. Of each figure the
median of the rounds counts. The processor time of a process is what /proc tells, through the time
of the load, for each request that was answered. What a call costs the web process is what it takes
with the call less what the handler takes alone.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from . import gunicorn_arbiter, our_arbiter
from .arbiter_process import Size
from .process import Process
from .samples import BenchmarkError, Series

HERE = Path(__file__).parent
READY_S = 60.0
BODY = b'{"a": 1, "b": 2}'
SCRIPT = f"""
wrk.method = "POST"
wrk.body = '{BODY.decode()}'
wrk.headers["Content-Type"] = "application/json"
done = function(summary, latency)
  local e = summary.errors
  local failed = e.connect + e.read + e.write + e.status + e.timeout
  io.write(string.format("figures %d %d %d %d %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), failed))
end
"""
FIGURES = re.compile(r"^figures (\d+) (\d+) (\d+) (\d+) (\d+)$", re.MULTILINE)
ALONE = "the handler alone"
# Bars: processor time of the web process, throughput beside the handler alone, p99 beside p50.
BARS = "bars: the call costs the web process 45 µs at most; p99 3 times p50 at most"


class Target(NamedTuple):
    """Where requests go.

    Attributes:
        name: for the reader.
        url: of the handler.
        pids: the processes by their names, whose time is told; the one named web answers HTTP.
    """

    name: str
    url: str
    pids: dict[str, int]


class Load(NamedTuple):
    """What one load came to."""

    per_s: float
    p50_s: float
    p99_s: float
    failed: int
    cpu_s: dict[str, float]
    """Of each process, for a request."""


def loaded(target: Target, connections: int, seconds: float, script: Path) -> Load:
    """Put the load of so many connections on it. Raises BenchmarkError."""
    processes = {name: Process(pid) for name, pid in target.pids.items()}
    before = {name: one.cpu_s() for name, one in processes.items()}
    words = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "-s", str(script), target.url]
    done = subprocess.run(words, capture_output=True, text=True, timeout=seconds + READY_S)
    found = FIGURES.search(done.stdout)
    if found is None:
        raise BenchmarkError(f"wrk tells no figures of {target.name}: {done.stdout}{done.stderr}")
    requests, duration_us, p50_us, p99_us, failed = map(int, found.groups())
    if not requests:
        raise BenchmarkError(f"{target.name}: no request was answered, {failed} failed")
    cpu_s = {name: (one.cpu_s() - before[name]) / requests for name, one in processes.items()}
    per_s = (requests - failed) / (duration_us / 1e6)
    return Load(per_s, p50_us / 1e6, p99_us / 1e6, failed, cpu_s)


@contextlib.contextmanager
def server(words: Sequence[str], url: str, **environment: str) -> Iterator[int]:
    """A server that has answered once at the address; gives its process. Raises BenchmarkError."""
    with tempfile.TemporaryDirectory() as directory:
        process = subprocess.Popen(
            [sys.executable, *words],
            cwd=directory,
            env={**os.environ, "PYTHONPATH": str(HERE.parent), **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            _wait_for_an_answer(process, url)
            yield process.pid
        finally:
            # All that it has started, too.
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()


def _wait_for_an_answer(process: subprocess.Popen[bytes], url: str) -> None:
    until_s = time.monotonic() + READY_S
    request = urllib.request.Request(url, BODY, {"Content-Type": "application/json"})
    while True:
        try:
            with urllib.request.urlopen(request, timeout=READY_S):
                return
        except (urllib.error.URLError, OSError) as error:
            if process.poll() is not None or time.monotonic() > until_s:
                raise BenchmarkError(f"{process.args!r} does not serve: {error}") from error
        time.sleep(0.1)


def free_port() -> int:
    """One that nobody has now."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


@contextlib.contextmanager
def targets(workers: int) -> Iterator[list[Target]]:
    """All of them, serving."""
    with contextlib.ExitStack() as stack:
        size = Size(workers, 1)
        paths = [
            stack.enter_context(side.serving(size, 30)) for side in (our_arbiter, gunicorn_arbiter)
        ]
        arbiter = {"arbiter": _listens_at(paths[0])}
        found = []
        for freeze, suffix in (("1", ""), ("0", ", collector as Python has it")):
            port = free_port()
            words = ["-m", "uvicorn", "benchmarks.web_app:app", "--port", str(port)]
            words += ["--log-level", "error", "--no-access-log"]
            names = {"GD_SOCKET": paths[0], "GUNICORN_DIRTY_SOCKET": paths[1], "FREEZE": freeze}
            root = f"http://127.0.0.1:{port}"
            web = {"web": stack.enter_context(server(words, f"{root}/alone", **names))}
            found += [
                Target(ALONE + suffix, f"{root}/alone", web),
                Target("ours, awaited" + suffix, f"{root}/awaited", web | arbiter),
            ]
            if freeze == "1":
                found += [
                    Target("ours, in threads", f"{root}/blocking", web | arbiter),
                    Target("gunicorn's, awaited", f"{root}/gunicorn", web),
                ]
        found += _whole_servers(stack)
        # Once more, for the noise.
        yield [*found, found[0]._replace(name=f"{ALONE}, again")]


def _listens_at(path: str) -> int:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        return int.from_bytes(credentials[:4], sys.byteorder)


def _whole_servers(stack: contextlib.ExitStack) -> Iterator[Target]:
    for name, path in (("mosec", "/inference"), ("litserve", "/sum")):
        if importlib.util.find_spec(name) is None:
            continue
        port = free_port()
        told = [str(port)] if name == "litserve" else ["--port", str(port), "--log-level", "error"]
        words = [str(HERE / f"web_{name}.py"), *told]
        url = f"http://127.0.0.1:{port}{path}"
        pid = stack.enter_context(server(words, url))
        yield Target(f"{name}, a whole server", url, {"web": pid})


def table(connections: int, found: dict[str, list[Load]]) -> Table:
    """The medians of all at so many connections."""
    made = Table(
        *("", "requests/s", "of alone", "p50, ms", "p99, ms", "p99/p50", "failed"),
        *("web, µs", "call, µs", "arbiter, µs"),
        title=f"{connections} connections",
    )
    alone = found[ALONE]
    for name, loads in found.items():
        per_s = _median([one.per_s for one in loads])
        p50_s = _median([one.p50_s for one in loads])
        p99_s = _median([one.p99_s for one in loads])
        cpu = {key: _median([one.cpu_s[key] for one in loads]) for key in loads[0].cpu_s}
        call_us = (cpu["web"] - _median([one.cpu_s["web"] for one in alone])) * 1e6
        has_call = name.startswith(("ours", "gunicorn"))
        made.add_row(
            name,
            f"{per_s:,.0f}",
            f"{per_s / _median([one.per_s for one in alone]):.2f}",
            f"{p50_s * 1e3:.2f}",
            f"{p99_s * 1e3:.2f}",
            f"{p99_s / p50_s:.1f}",
            str(sum(one.failed for one in loads)),
            f"{cpu['web'] * 1e6:.0f}" if "whole" not in name else "",
            f"{call_us:.0f}" if has_call else "",
            f"{cpu['arbiter'] * 1e6:.0f}" if "arbiter" in cpu else "",
        )
    return made


def _median(values: list[float]) -> float:
    return Series(values).median


def main() -> None:
    """Measure, and print tables beside the bars."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--connections", default="4,16,64,256")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("wrk is not installed: apt-get install wrk")
    console = Console(width=150)
    with tempfile.TemporaryDirectory() as directory, targets(options.workers) as found:
        script = Path(directory, "load.lua")
        script.write_text(SCRIPT)
        for connections in map(int, options.connections.split(",")):
            loads: dict[str, list[Load]] = {one.name: [] for one in found}
            for _ in range(options.rounds):
                for one in found:
                    loads[one.name].append(loaded(one, connections, options.seconds, script))
            console.print(table(connections, loads))
    console.print(BARS)


if __name__ == "__main__":
    main()
