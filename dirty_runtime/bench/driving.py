"""Calls that are made of an arbiter, in one shape or the other.

Rules: all run on one event loop, each client on a connection of its own. Every call ends: with its
answer, or at the client's timeout. Before a load begins each client has called once, so that no
connection is made meanwhile.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Coroutine, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any, TypeVar

from ..client import DirtyClient
from ..errors import DirtyError
from .steps import Done

T = TypeVar("T")


@dataclass(frozen=True)
class Target:
    """What is called: an action of an app, with these arguments, each call with this timeout."""

    socket_path: str
    app: str
    action: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    timeout_s: float = 30.0

    def once(self) -> None:
        """Call once. Raises DirtyError."""
        with DirtyClient(self.socket_path, self.timeout_s) as client:
            client.execute(self.app, self.action, *self.args, **self.kwargs)

    async def call(self, client: DirtyClient, due_s: float) -> Done:
        """Call, and tell when and how it ended."""
        began_s, error = time.monotonic(), ""
        try:
            await client.execute_async(self.app, self.action, *self.args, **self.kwargs)
        except DirtyError as failed:
            error = type(failed).__name__
        return Done(due_s, began_s, time.monotonic(), error)


def closed(target: Target, clients: int, duration_s: float) -> list[Done]:
    """So many clients, each of which calls again when its call has ended, for so long."""
    return _run(_closed(target, clients, duration_s))


async def _closed(target: Target, count: int, duration_s: float) -> list[Done]:
    async with AsyncExitStack() as stack:
        clients = await _connected(target, count, stack)
        until_s = time.monotonic() + duration_s
        loops = [_again_and_again(target, client, until_s) for client in clients]
        return [done for loop in await asyncio.gather(*loops) for done in loop]


async def _again_and_again(target: Target, client: DirtyClient, until_s: float) -> list[Done]:
    calls: list[Done] = []
    while (now_s := time.monotonic()) < until_s or not calls:
        calls.append(await target.call(client, now_s))
    return calls


def arriving(target: Target, arrivals: Iterable[float], connections: int) -> list[Done]:
    """Calls that begin when they are due, whatever has become of those before.

    Args:
        arrivals: when, in seconds from now, ascending.
        connections: on how many they are made, in turns.
    """
    return _run(_arriving(target, arrivals, connections))


async def _arriving(target: Target, arrivals: Iterable[float], connections: int) -> list[Done]:
    async with AsyncExitStack() as stack:
        clients = cycle(await _connected(target, connections, stack))
        calls: list[asyncio.Task[Done]] = []
        began_s = time.monotonic()
        for at_s in arrivals:
            due_s = began_s + at_s
            # Also where it is late: what has come is taken before more is sent.
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            calls.append(asyncio.create_task(target.call(next(clients), due_s)))
        return list(await asyncio.gather(*calls))


async def _connected(target: Target, count: int, stack: AsyncExitStack) -> list[DirtyClient]:
    """Clients that have called once, one after the other; they are closed with the stack."""
    clients = []
    for _ in range(count):
        client = DirtyClient(target.socket_path, target.timeout_s)
        clients.append(await stack.enter_async_context(client))
        await target.call(client, 0.0)
    return clients


def _run(work: Coroutine[Any, Any, T]) -> T:
    """The result of the work, on a loop whose waits are exact to less than a millisecond."""
    # Those of epoll are not: a call would begin up to a millisecond late.
    selector = selectors.SelectSelector()
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
        return runner.run(work)
