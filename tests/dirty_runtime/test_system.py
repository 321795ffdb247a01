"""Other systems than Linux: what runs there runs, and what does not says so in one line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .processes import LIMIT_S, OURS, ROOT, Arbiter, serving

# What CPython has on Linux only, or not on every other system.
WITHOUT_LINUX = """
import os, select, signal, socket, sys
for module, names in {
    os: "pidfd_open eventfd memfd_create sched_getaffinity preadv pwritev splice waitid O_PATH",
    select: "epoll",
    signal: "pidfd_send_signal SIGRTMIN sigwaitinfo sigtimedwait",
    socket: "SO_PEERCRED SO_DOMAIN SO_PROTOCOL",
}.items():
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)
sys.platform = "other"
"""
SERVE = "from dirty_runtime.__main__ import main; main()"


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )


@pytest.fixture(scope="module")
def arbiter() -> Iterator[Arbiter]:
    with serving(OURS) as arbiter:
        yield arbiter


# What is made for frameworks, and for engines.
FOR_OTHERS = ("dirty_runtime.integrations", "dirty_runtime.bridge")


def modules() -> list[str]:
    """All modules of the runtime that are no programs, and for no framework's sake."""
    found = sorted((ROOT / "dirty_runtime").rglob("*.py"))
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in found]
    left = ("inspector", "template", "live_view")
    return [
        name.removesuffix(".__init__")
        for name in names
        if not name.endswith(left) and not name.startswith(FOR_OTHERS)
    ]


def test_all_is_imported_without_linux() -> None:
    imports = "".join(f"import {name}\n" for name in modules())
    result = run(f"{WITHOUT_LINUX}{imports}print('imported')")
    assert result.stdout == "imported\n", result.stderr


def test_clients_call_without_linux(arbiter: Arbiter) -> None:
    program = f"""{WITHOUT_LINUX}
import asyncio
from dirty_runtime import DirtyClient

async def main():
    async with DirtyClient(sys.argv[1]) as client:
        return await client.execute_async({OURS!r}, "echo", 2)

with DirtyClient(sys.argv[1]) as client:
    print(client.execute({OURS!r}, "echo", 1)["args"], asyncio.run(main())["args"])
"""
    result = run(program, arbiter.socket_path)
    assert result.stdout == "[1] [2]\n", result.stderr


def test_an_arbiter_says_what_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    result = run(WITHOUT_LINUX + SERVE, "serve", "--app", OURS, "--socket", str(path))
    assert result.returncode == 1
    assert result.stderr.startswith("Error: the arbiter runs on Linux")
    assert result.stderr.count("\n") == 1
    assert not path.exists()


def test_without_unix_sockets_there_is_the_codec() -> None:
    program = "import os; os.name = 'nt'\n"
    result = run(f"{program}import gdproto\nprint(gdproto.decode(gdproto.encode(1)))")
    assert result.stdout == "1\n", result.stderr
    result = run(f"{program}import dirty_runtime")
    last = result.stderr.splitlines()[-1]
    assert last.startswith("ImportError: dirty_runtime needs Unix sockets")
