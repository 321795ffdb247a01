"""A cluster for the tests of a file, and arbiters that have their workers there."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from dirty_runtime.testing import Arbiter, running, started

CLUSTER = Path(__file__).with_name("cluster.py")
LIMIT_S = 90.0
# A token that whoever runs the tests has for clusters of theirs is none of these.
OPEN = {"RAY_AUTH_MODE": "disabled"}
TOKEN = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0123456789abcdef" * 2}


def until(is_so: Callable[[], Any], what: str, within_s: float = LIMIT_S) -> Any:
    """What it returns when it is so."""
    due_s = time.monotonic() + within_s
    while not (found := is_so()):
        assert time.monotonic() < due_s, what
        time.sleep(0.05)
    return found


def worker_of(arbiter: Arbiter, app: str) -> dict[str, Any]:
    """The worker of the app, as STATUS tells; empty where none lives."""
    return next((one for one in arbiter.status()["workers"] if app in one["apps"]), {})


def dirty(*words: str) -> None:
    """Run the command. Raises CalledProcessError where it fails."""
    subprocess.run([sys.executable, "-m", "dirty_runtime", *words], check=True, timeout=LIMIT_S)


def is_there(pid: int) -> bool:
    """Whether the process lives."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


class Nodes:
    """The cluster, told what becomes of its nodes."""

    def __init__(self, environment: Mapping[str, str] = OPEN) -> None:
        self.process = subprocess.Popen(
            [sys.executable, CLUSTER],
            env=os.environ | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.address = self._answer(lambda line: json.loads(line)["address"])

    def _answer(self, read: Callable[[str], Any]) -> Any:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            # Ray says things there, too.
            if line.startswith(("{", "done")):
                return read(line)
        raise AssertionError("the cluster has ended")

    def tell(self, line: str) -> None:
        """Have it done; returns when it is."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        self._answer(str)

    def stop(self) -> None:
        self.process.communicate()


@pytest.fixture(scope="module")
def ray() -> None:
    """Ray is there."""
    if importlib.util.find_spec("ray") is None:
        pytest.skip("Ray is not installed, or there is none for this Python: pip install '.[ray]'")


@pytest.fixture(scope="module")
def nodes(ray: None) -> Iterator[Nodes]:
    cluster = Nodes()
    yield cluster
    cluster.stop()


def starting(address: str, *apps: str) -> AbstractContextManager[Arbiter]:
    """An arbiter that has its workers in the cluster there, from its start on: as `started`."""
    command = [sys.executable, "-m", "dirty_runtime", "serve", "--socket", "SOCKET"]
    command += ["--workers", "1", *in_cluster(address), *(f"--app={app}" for app in apps)]
    return started(command, directory=CLUSTER.parent, environment=OPEN)


def in_cluster(address: str) -> tuple[str, ...]:
    """The words of ``dirty serve`` for workers in the cluster there."""
    return "--launcher", "ray", "--ray-address", address


Serve = Callable[..., AbstractContextManager[Arbiter]]


@pytest.fixture(scope="module")
def serve(nodes: Nodes) -> Serve:
    """Has apps served from the cluster, their workers ready."""

    def begin(*apps: str, options: tuple[str, ...] = (), **more: Any) -> Any:
        more.setdefault("directory", CLUSTER.parent)
        more.setdefault("environment", OPEN)
        return running(*apps, options=(*in_cluster(nodes.address), *options), **more)

    return begin
