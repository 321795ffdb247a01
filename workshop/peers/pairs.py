"""``python -m workshop.peers.pairs``: every client, through every arbiter, to every worker.

Rules: a cell of the table is one run of a client's live program: calls at once, with values of each
kind, a stream, a stream that is given up and then calls on, and an exception. It is right when all
outcomes are those of the conformance app. gunicorn's arbiter starts workers of its own kind alone.
gunicorn's client is not asked to give up a stream: it takes what still comes for the answer to its
next call. Exits with 1 when a cell is not right.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from gdproto.conformance.live.stages import APP
from workshop.subjects.peers import LIVE, OPTIONS, gunicorns_arbiter, our_arbiter, serving

from .building import Broken, built
from .manifest import REQUIRED, Peer, peers

CALL_S, PROGRAM_S = 30, 120.0
# After so many items.
GIVEN_UP = 2
# What JSON and GD both have, so that each client shows it the same.
VALUES = [None, True, False, 0, -1, 2**31, 1.5, "", "é\n", [], [1, [2]], {}, {"k": {"l": "m"}}]


def call(action: str, *args: Any, do: str = "call", app: str = APP, **more: Any) -> dict[str, Any]:
    return {"do": do, "app_path": app, "action": action, "args": list(args), "kwargs": {}, **more}


def fails(kind: str) -> Callable[[Any], bool]:
    """Whether an outcome is an error of that type, whatever a client calls it by its own custom."""
    return lambda outcome: outcome.get("error", {}).get("type") == kind


STEPS: list[list[tuple[dict[str, Any], Any]]] = [
    [
        (call("add", 1, 2), {"result": 3}),
        (call("echo", *VALUES, kwargs={"k": [None]}),
         {"result": {"args": VALUES, "kwargs": {"k": [None]}}}),
        (call("count", 5, do="stream"), {"chunks": [0, 1, 2, 3, 4]}),
    ],
    [(call("tick", 1000, 0.001, do="stream", take=GIVEN_UP), {"chunks": [0, 1]})],
    [(call("fail", "it burns"), fails("DirtyAppError"))],
    [(call("add", n, n), {"result": 2 * n}) for n in range(8)],
]  # fmt: skip


@dataclass(frozen=True)
class End:
    """A client, or a worker behind an arbiter.

    Attributes:
        name: for the table.
        command: that starts the client; for a worker, empty where the arbiter has its own.
        arbiter: that runs the worker.
        gives_up: whether the client calls on after a stream that it gave up.
    """

    name: str
    command: str = ""
    arbiter: Callable[[], AbstractContextManager[str]] = our_arbiter
    gives_up: bool = True

    @property
    def steps(self) -> list[list[tuple[dict[str, Any], Any]]]:
        """What the client is asked."""
        return [step for step in STEPS if self.gives_up or "take" not in step[0][0]]


def launched(peer: Peer) -> Callable[[], AbstractContextManager[str]]:
    """Our arbiter with workers of a peer."""
    command = shlex.join(peer.words(peer.worker))
    words = (sys.executable, "-m", "dirty_runtime", "serve", "--worker-command", command)
    return lambda: serving(*words, "--socket", "SOCKET", *OPTIONS)


def ends() -> tuple[list[End], list[End], bool]:
    """All clients, all workers, and whether a peer is missing that is required."""
    pythons = {"Python": "sync", "Python, async": "aio", "gunicorn's": "gunicorn"}
    clients = [
        End(
            name,
            f"{shlex.quote(sys.executable)} -m {LIVE}.clients.{module}",
            gives_up=module != "gunicorn",
        )
        for name, module in pythons.items()
    ]
    workers = [End("Python"), End("gunicorn's", arbiter=gunicorns_arbiter)]
    lacks = False
    for peer in peers():
        if peer.lack:
            print(f"{peer.language}: skipped: {peer.lack}")
            lacks = True
            continue
        if peer.client or peer.worker:
            built(peer)
        if peer.client:
            clients.append(End(peer.language, shlex.join(peer.words(peer.client))))
        if peer.worker:
            workers.append(End(peer.language, arbiter=launched(peer)))
    return clients, workers, lacks and REQUIRED


def faults(client: End, socket_path: str) -> Iterator[str]:
    """What is not right when the client calls; a line each."""
    job = {"timeout": CALL_S, "steps": [[one for one, _ in step] for step in client.steps]}
    command = [*shlex.split(client.command), socket_path, json.dumps(job)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PROGRAM_S)
    except subprocess.TimeoutExpired:
        yield f"no end within {PROGRAM_S:.0f} s"
        return
    try:
        outcomes = json.loads(done.stdout)["outcomes"]
    except (ValueError, KeyError):
        yield f"exit status {done.returncode}: {done.stdout[-200:]} {done.stderr[-500:]}"
        return
    for step, told in zip(client.steps, outcomes, strict=True):
        for (asked, expected), outcome in zip(step, told, strict=True):
            is_right = expected(outcome) if callable(expected) else outcome == expected
            if not is_right:
                yield f"{asked['action']}: {str(outcome)[:300]}"


def main() -> int:
    try:
        clients, workers, failed = ends()
    except Broken as broken:
        print(broken, file=sys.stderr)
        return 1
    table = Table("client", *(f"worker: {worker.name}" for worker in workers))
    cells: dict[str, list[str]] = {client.name: [] for client in clients}
    for worker in workers:
        with worker.arbiter() as socket_path:
            for client in clients:
                found = list(faults(client, socket_path))
                cells[client.name].append("at fault" if found else "right")
                failed |= bool(found)
                for line in found:
                    print(f"{client.name} -> {worker.name}: {line}", flush=True)
    for name, row in cells.items():
        table.add_row(name, *row)
    Console(width=150).print(table)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
