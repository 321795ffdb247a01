"""A Ray cluster of three nodes on this machine, in a process that is told what becomes of them.

It says its address when it is up, and a line for each line that it has done: ``kill NODE``,
``add NODE RESOURCE``, ``kill head``.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ray.cluster_utils import Cluster

MEMORY_BYTES = 200 * 2**20
CPUS = 4


def descendants(pid: int) -> Iterator[int]:
    """All that the process has started, the last first."""
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            yield from descendants(int(child))
            yield int(child)


def kill(roots: list[int]) -> None:
    """As if the machine were gone."""
    found = [pid for root in roots for pid in (*descendants(root), root)]
    for pid in found:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def roots(node: object) -> list[int]:
    return [one.process.pid for several in node.all_processes.values() for one in several]


def main() -> None:
    store = {"object_store_memory": MEMORY_BYTES}
    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False, **store}
    )
    nodes = {
        name: cluster.add_node(num_cpus=CPUS, resources={name: CPUS}, **store) for name in "ab"
    }
    print(json.dumps({"address": cluster.address}), flush=True)
    for line in sys.stdin:
        word, name, *rest = line.split()
        if word == "add":
            nodes[name] = cluster.add_node(num_cpus=CPUS, resources={rest[0]: CPUS}, **store)
        else:
            kill(roots(cluster.head_node if name == "head" else nodes[name]))
        print("done", flush=True)
    with suppress(Exception):
        cluster.shutdown()


if __name__ == "__main__":
    main()
