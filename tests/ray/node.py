"""A node of a Ray cluster, started as Ray's users start one, which asks for no token."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from .cluster import MEMORY_BYTES
from .conftest import OPEN

RAY = Path(sys.executable).with_name("ray")


def begin_node(
    address: str,
    cpus: int,
    *words: str,
    within: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start it; nothing is waited for.

    Args:
        address: its own.
        cpus: how many it has.
        words: more of ``ray start``.
        within: a command that runs it.
        environment: variables that are set beside those of this process.
    """
    command = [*within, str(RAY), "start", "--block", f"--node-ip-address={address}"]
    command += [f"--num-cpus={cpus}", f"--object-store-memory={MEMORY_BYTES}"]
    return subprocess.Popen(
        [*command, "--disable-usage-stats", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | OPEN | (environment or {}),
        start_new_session=True,
    )


def wait_until_up(process: subprocess.Popen[bytes]) -> None:
    """Return when the node is up. Fails where it ends."""
    assert process.stdout is not None
    said = b""
    for line in process.stdout:
        said += line
        if b"--block" in line:
            return
    raise AssertionError(f"ray start ended: {said.decode()}")


def head_of(port: int) -> tuple[str, ...]:
    """The words that make a node the head, at the port."""
    return "--head", f"--port={port}", "--include-dashboard=false"


def free_port(address: str) -> int:
    """One that nobody has there."""
    with socket.create_server((address, 0)) as free:
        port: int = free.getsockname()[1]
        return port
