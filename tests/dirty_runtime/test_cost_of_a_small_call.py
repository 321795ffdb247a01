"""A small call does not take more steps than it did: cost that creeps in is seen here first.

Rules: counted are the Python functions that a share of a call enters, and those in C that it calls;
they are as many at every run, and on every machine. Whoever adds one raises the number here, and
says why it is worth that. `cost` counts instructions.
"""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import pytest

import gdproto
from dirty_runtime import DirtyClient
from dirty_runtime.client.tracing import API
from dirty_runtime.sockets.link import Link

from . import small_calls
from .small_calls import APP, CALLS, SHARES

# Functions of Python, and of C, by whose share they are.
MOST = {"client": (12, 14), "worker": (11, 13), "arbiter": (30, 30)}


class Steps:
    """Counts what is called inside of it, but for what the shares themselves do."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self._names: Counter[str] = Counter()

    def __enter__(self) -> None:
        sys.setprofile(self._called)

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        sys.setprofile(None)

    def _called(self, frame: FrameType, event: str, what: Any) -> None:
        if event in ("call", "c_call") and frame.f_code.co_filename != small_calls.__file__:
            self.calls[event] += 1
            name = frame.f_code.co_qualname if event == "call" else what.__qualname__
            self._names[f"{name}{'' if event == 'call' else ' in C'}"] += 1

    def by_name(self) -> str:
        """What was called how often, for each call."""
        return "\n".join(f"{count / CALLS:.2f} {name}" for name, count in self._names.most_common())


@pytest.mark.skipif(gdproto.IMPLEMENTATION != "c", reason="without C there are other steps")
@pytest.mark.parametrize("share", SHARES)
def test_a_small_call_takes_few_steps(share: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Another test may have imported it: where it is, the client asks for the current span.
    monkeypatch.delitem(sys.modules, API, raising=False)
    with SHARES[share]() as do:
        do(Steps())
        steps = Steps()
        do(steps)
    # What the end of a share takes counts for nothing among so many.
    python, c = (round(steps.calls[event] / CALLS) for event in ("call", "c_call"))
    assert python <= MOST[share][0], steps.by_name()
    assert c <= MOST[share][1], steps.by_name()


# Of an awaited call: its task and what that has, two coroutines, what they wait for, its REQUEST.
MOST_TRACKED = 10
TASKS = 100


def test_an_awaited_call_keeps_few_objects_for_the_collector(tmp_path: Path) -> None:
    """They stay alive as long as the call: of a web process, its pauses come from there."""

    async def tracked(wait: Callable[[], Awaitable[object]]) -> Counter[type]:
        """What is there of each kind in the midst of so many waits."""
        tasks = [asyncio.ensure_future(wait()) for _ in range(TASKS)]
        for _ in range(3):
            await asyncio.sleep(0)
        gc.collect()
        found = Counter(type(one) for one in gc.get_objects())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return found

    async def test() -> Counter[type]:
        client = DirtyClient(f"{tmp_path}/socket")
        await client.connect_async()
        nothing = await tracked(asyncio.get_running_loop().create_future)
        calls = await tracked(lambda: client.execute_async(APP, "add", 1, 2))
        await client.close_async()
        return calls - nothing

    with socket.socket(socket.AF_UNIX) as nobody:
        nobody.bind(f"{tmp_path}/socket")
        nobody.listen()
        more = asyncio.run(test())
    assert sum(more.values()) / TASKS <= MOST_TRACKED, more.most_common(10)


@pytest.mark.parametrize("size", [100, 5_000, 20_000, 60_000])
def test_what_a_socket_takes_at_once_is_read_at_once(size: int) -> None:
    """Each read more is a turn of the event loop more, for whatever is a little longer."""
    reads: list[int] = []

    class Events:
        def received(self) -> None:
            reads.append(1)

    async def test() -> None:
        ours, theirs = socket.socketpair()
        connection = gdproto.Connection("arbiter", raw=True)
        events: Any = Events()
        link = Link(ours, connection, events)
        with theirs:
            for number in (1, 2):
                theirs.sendall(gdproto.Request(number, APP, "echo", (bytes(size),)).to_bytes())
                link._read()
                assert isinstance(connection.next_event(), gdproto.FrameReceived)
        ours.close()

    asyncio.run(test())
    assert len(reads) == 2
