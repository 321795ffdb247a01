"""Workers of other languages under one arbiter with Python's: supervised like any other."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import pytest

from dirty_runtime import DirtyAppError, DirtyError
from gdproto.conformance.live.stages import APP
from gdproto.spec.codegen.languages import LANGUAGES
from workshop.peers.manifest import PEERS, read

from ..dirty_runtime.processes import LIMIT_S, Arbiter, run_dirty, serving, wait_until
from .toolchains import built_peer

PYTHON = "tests.peers.apps:Beside"
WITH_WORKERS = [name for name in LANGUAGES if read(PEERS / name / "peer.toml").worker]

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module", params=WITH_WORKERS)
def arbiter(request: pytest.FixtureRequest) -> Iterator[Arbiter]:
    """An arbiter with two workers of the language, and two of Python's."""
    peer = built_peer(request.param)
    launcher = f"{peer.name}={shlex.join(peer.words(peer.worker))}"
    apps = (f"{APP}@{peer.name}", f"{PYTHON}@python")
    with serving(*apps, workers=2, threads=2, options=("--launcher", launcher)) as arbiter:
        yield arbiter


def test_both_are_called(arbiter: Arbiter) -> None:
    with arbiter.client() as client:
        assert client.execute(PYTHON, "language") == "Python"
        assert client.execute(APP, "echo", 1, b"x", k=[None]) == {
            "args": [1, b"x"],
            "kwargs": {"k": [None]},
        }
        assert list(client.stream(APP, "count", 10_000)) == list(range(10_000))
        with pytest.raises(DirtyAppError, match="it burns"):
            client.execute(APP, "fail", "it burns")
        assert len(client.execute(APP, "blob", 8 * 2**20)) == 8 * 2**20


def test_a_stream_is_given_up_and_its_lane_is_free(arbiter: Arbiter) -> None:
    with arbiter.client() as client:
        stream = client.stream(APP, "tick", 10**6, 0.001)
        assert next(stream) == 0
        stream.close()
        wait_until(lambda: all(worker["busy"] == 0 for worker in client.status()["workers"]))


def test_one_that_dies_is_replaced(arbiter: Arbiter) -> None:
    with arbiter.client() as client:
        before = arbiter.pids()
        with pytest.raises(DirtyError):
            client.execute(APP, "die")
        wait_until(lambda: len(arbiter.pids() - before) == 1 and len(arbiter.pids()) == 4)
        # Who boots is not reloaded, but waited for.
        # A reload waits for none that boots already.
        wait_until(lambda: all(worker["booted"] for worker in client.status()["workers"]))
        assert client.execute(APP, "add", 1, 2) == 3


def test_it_is_reloaded(arbiter: Arbiter) -> None:
    before = arbiter.pids()
    done = run_dirty("reload", "--wait", str(LIMIT_S), "--socket", arbiter.socket_path)
    assert done.stdout.startswith("reloaded; workers: 4 wanted, 4 ready"), done.stdout
    assert not arbiter.pids() & before
    with arbiter.client() as client:
        assert client.execute(APP, "environment", "DIRTY_SOCKET") == arbiter.socket_path
        assert client.execute(APP, "add", 1, 2) == 3
