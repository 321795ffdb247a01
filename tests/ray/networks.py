"""A Ray cluster whose nodes have networks of their own: namespaces that a bridge joins.

The head is where the arbiter is; each other node has an address, a link that can be cut, and one
resource, which has the node's name.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from .cluster import kill
from .node import begin_node, free_port, head_of, wait_until_up

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
        port = free_port(here)
        self.address = f"{here}:{port}"
        self._begin(begin_node(here, 0, *head_of(port)))
        for name, address in self.addresses.items():
            joins = (f"--address={self.address}", "--resources", json.dumps({name: CPUS}))
            within = ("ip", "netns", "exec", f"{self._name}{name}")
            self._begin(begin_node(address, CPUS, *joins, within=within))

    def _begin(self, node: subprocess.Popen[bytes]) -> None:
        self._started.append(node)
        wait_until_up(node)

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
