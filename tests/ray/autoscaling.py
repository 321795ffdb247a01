"""A Ray cluster of a head alone, to which Ray's own autoscaler adds nodes on this machine."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .cluster import descendants, kill
from .node import begin_node, free_port, head_of, wait_until_up

# So Ray itself calls it.
HEAD = "ray.head.default"
# Its provider of nodes that are processes.
PROVIDER = {
    "type": "fake_multinode",
    "use_node_id_as_ip": True,
    "disable_node_updaters": True,
    "disable_launch_config_check": True,
}
# What is idle for so long goes.
IDLE_MINUTES = 0.1
# Of Ray's tests: its nodes are processes of this machine, and it looks every second.
FAKE = {"RAY_FAKE_CLUSTER": "1", "AUTOSCALER_UPDATE_INTERVAL_S": "1"}


class Autoscaled:
    """The cluster.

    Attributes:
        address: of its head.
    """

    def __init__(self, process: subprocess.Popen[bytes], address: str) -> None:
        self._process = process
        self.address = address

    def nodes(self) -> int:
        """How many there are beside the head."""
        found = 0
        for pid in descendants(self._process.pid):
            try:
                program = Path(f"/proc/{pid}/cmdline").read_bytes().partition(b"\0")[0]
            except OSError:
                continue
            found += program.endswith(b"/raylet")
        return found - 1


def told(resource: str, address: str) -> dict[str, Any]:
    """What the autoscaler is told of the nodes that it may start."""
    kinds = {HEAD: {"CPU": 0}, "more": {"CPU": 1, resource: 1}}
    begin = ("initialization", "setup", "head_setup", "worker_setup")
    start = ("head_start_ray", "worker_start_ray")
    return {
        "cluster_name": "tried",
        "max_workers": 2,
        "provider": PROVIDER | {"gcs_address": address},
        "available_node_types": {
            name: {"resources": has, "node_config": {}, "max_workers": 2 * (name == "more")}
            for name, has in kinds.items()
        },
        "head_node_type": HEAD,
        "idle_timeout_minutes": IDLE_MINUTES,
        **{name: {} for name in ("auth", "docker", "file_mounts")},
        "cluster_synced_files": [],
        **{f"{name}_commands": [] for name in (*begin, *start)},
    }


@contextmanager
def autoscaled(resource: str, directory: Path) -> Iterator[Autoscaled]:
    """A cluster that may have two nodes, each of which has one of the resource."""
    host = "127.0.0.1"
    port = free_port(host)
    config = directory / "autoscaling.json"
    config.write_text(json.dumps(told(resource, f"{host}:{port}")))
    scales = f"--autoscaling-config={config}"
    process = begin_node(host, 0, *head_of(port), scales, environment=FAKE)
    try:
        wait_until_up(process)
        yield Autoscaled(process, f"{host}:{port}")
    finally:
        kill([process.pid])
        process.communicate()
