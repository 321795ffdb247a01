"""A worker in another language: judged by the live scripts, and run by our arbiter."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

from dirty_runtime import DirtyAppError
from gdproto.conformance.live.stages import APP

from ..dirty_runtime.processes import LIMIT_S, ROOT, Arbiter, run_dirty, serving, wait_until

JAVASCRIPT = ROOT / "peers" / "javascript"
SPEC = ROOT / "gdproto" / "_generated" / "spec.json"
COMMAND = shlex.join(["node", *map(str, (JAVASCRIPT / "worker.mjs", SPEC, JAVASCRIPT / "app.mjs"))])

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


def test_it_passes_the_scripts_for_workers() -> None:
    words = [sys.executable, "-m", "gdproto", "conformance", "live", "--worker", COMMAND]
    done = subprocess.run(words, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def arbiter() -> Iterator[Arbiter]:
    with serving(APP, workers=2, threads=2, options=("--worker-command", COMMAND)) as arbiter:
        yield arbiter


def test_our_arbiter_runs_it(arbiter: Arbiter) -> None:
    with arbiter.client() as client:
        assert client.execute(APP, "echo", 1, b"x", k=[None]) == {
            "args": [1, b"x"],
            "kwargs": {"k": [None]},
        }
        assert list(client.stream(APP, "count", 10_000)) == list(range(10_000))
        with pytest.raises(DirtyAppError, match="it burns"):
            client.execute(APP, "fail", "it burns")
        assert len(client.execute(APP, "blob", 8 * 2**20)) == 8 * 2**20


def test_our_arbiter_cancels_replaces_and_reloads_it(arbiter: Arbiter) -> None:
    with arbiter.client() as client:
        stream = client.stream(APP, "tick", 10**6, 0.001)
        assert next(stream) == 0
        stream.close()
        wait_until(lambda: all(worker["busy"] == 0 for worker in client.status()["workers"]))
        before = arbiter.pids()
        os.kill(min(before), 9)
        wait_until(lambda: len(arbiter.pids() - {min(before)}) == 2)
        done = run_dirty("reload", "--wait", str(LIMIT_S), "--socket", arbiter.socket_path)
        assert done.stdout.startswith("reloaded; workers: 2 wanted, 2 ready")
        assert not arbiter.pids() & before
        assert client.execute(APP, "add", 1, 2) == 3
