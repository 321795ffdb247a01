"""A Ray cluster whose nodes have networks of their own: namespaces that a bridge joins.

The head is where the arbiter is; each other node has an address, a link that can be cut, and one
resource, which has the node's name.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .cluster import kill
from .conftest import OPEN

RAY = Path(sys.executable).with_name("ray")
MEMORY_BYTES = 200 * 2**20
LIMIT_S = 100.0
CPUS = 4


def ip(*words: str) -> None:
    """Run the command. Raises CalledProcessError."""
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=LIMIT_S)


def may_make_networks() -> bool:
    """Whether this process may."""
    if not shutil.which("ip"):
        return False
    name = f"gd{os.getpid()}"
    made = subprocess.run(["ip", "link", "add", name, "type", "bridge"], capture_output=True)
    if made.returncode == 0:
        ip("link", "del", name)
    return made.returncode == 0


class Networks:
    """The cluster.

    Attributes:
        address: of its head.
        addresses: of its nodes, by their names.
    """

    def __init__(self, names: str) -> None:
        # One of 250 nets, for tests that run at once.
        self._net = f"10.213.{os.getpid() % 250}"
        self._name = f"gd{os.getpid()}"
        self._started: list[subprocess.Popen[bytes]] = []
        self.addresses = {name: f"{self._net}.{at}" for at, name in enumerate(names, 2)}
        self.address = ""

    def start(self) -> None:
        """Make the networks, and return when the nodes are up."""
        here = f"{self._net}.1"
        ip("link", "add", self._name, "type", "bridge")
        ip("address", "add", f"{here}/24", "dev", self._name)
        ip("link", "set", self._name, "up")
        for name, address in self.addresses.items():
            space, link = f"{self._name}{name}", f"{self._name}{name}"
            ip("netns", "add", space)
            ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", space)
            ip("link", "set", link, "master", self._name, "up")
            ip("-n", space, "address", "add", f"{address}/24", "dev", "eth0")
            for one in ("lo", "eth0"):
                ip("-n", space, "link", "set", one, "up")
        with socket.create_server((here, 0)) as free:
            port = free.getsockname()[1]
        self.address = f"{here}:{port}"
        self._ray([], here, "--head", f"--port={port}", "--include-dashboard=false")
        for name, address in self.addresses.items():
            self._ray(
                ["ip", "netns", "exec", f"{self._name}{name}"],
                address,
                f"--address={self.address}",
                "--resources",
                json.dumps({name: CPUS}),
            )

    def _ray(self, within: list[str], address: str, *words: str) -> None:
        cpus = CPUS if within else 0
        command = [*within, str(RAY), "start", f"--node-ip-address={address}", f"--num-cpus={cpus}"]
        command += [f"--object-store-memory={MEMORY_BYTES}", "--disable-usage-stats", *words]
        process = subprocess.Popen(
            [*command, "--block"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ | OPEN,
            start_new_session=True,
        )
        self._started.append(process)
        assert process.stdout is not None
        said = b""
        for line in process.stdout:
            said += line
            if b"--block" in line:
                return
        raise AssertionError(f"ray start ended: {said.decode()}")

    def cut(self, name: str) -> None:
        """Have nothing come to the node or from it any more."""
        ip("link", "set", f"{self._name}{name}", "down")

    def stop(self) -> None:
        """End all, and leave nothing behind."""
        kill([process.pid for process in self._started])
        for process in self._started:
            process.communicate()
        for name in self.addresses:
            self._remove("link", f"{self._name}{name}")
            self._remove("netns", f"{self._name}{name}")
        self._remove("link", self._name)

    def _remove(self, kind: str, name: str) -> None:
        subprocess.run(["ip", kind, "del", name], capture_output=True, timeout=LIMIT_S, check=False)


@contextmanager
def networks(names: str) -> Iterator[Networks]:
    made = Networks(names)
    try:
        made.start()
        yield made
    finally:
        made.stop()
