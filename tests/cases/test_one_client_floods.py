"""Many frames of one client: others are served between them, not after them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator

import gdproto
from dirty_runtime.arbiter.clients.connection import FRAMES_AT_ONCE, ClientConnection, ClientEvents
from dirty_runtime.arbiter.turns import Turns
from dirty_runtime.sockets.passing import Account

FLOOD = 2000
LIMIT_S = 30.0


class Served(ClientEvents):
    """What the clients of one loop asked, in the order in which it was taken."""

    def __init__(self) -> None:
        self.asked_by: list[ClientConnection] = []
        self.turns = Turns()
        self.passed = Account()
        self.limits_of_passed = (0, 0)

    def asked(self, question: gdproto.Message, client: ClientConnection) -> None:
        self.asked_by.append(client)
        client.answer(question.request_id, True)

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[tuple[ClientConnection, socket.socket]]:
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        client = ClientConnection(ours, self, asyncio.get_running_loop().time, self.turns)
        with theirs:
            yield client, theirs
        client.abort()
        await asyncio.sleep(0)


def flood_of(frame: bytes) -> bytes:
    """The frame again and again, each under another number."""
    head, tail = frame[:8], frame[16:]
    return b"".join(head + number.to_bytes(8) + tail for number in range(1, FLOOD + 1))


QUESTION = gdproto.Stash(1, 10, "t", "k").to_bytes()
ILLEGAL = gdproto.Header(gdproto.MessageCode.END, 0, 1).to_bytes()


def test_a_turn_of_the_loop_takes_few_frames_of_each() -> None:
    async def test() -> None:
        served = Served()
        async with contextlib.AsyncExitStack() as stack:
            floods = [await stack.enter_async_context(served.connected()) for _ in range(8)]
            for _, peer in floods:
                peer.send(flood_of(QUESTION)[:60_000])
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            at_once = {client: served.asked_by.count(client) for client, _ in floods}
            assert min(at_once.values()) >= 1
            assert max(at_once.values()) <= FRAMES_AT_ONCE

    asyncio.run(test())


def test_a_turn_of_the_loop_takes_few_long_questions_of_all() -> None:
    """As those for what runs and where workers stand: several clients may ask as many at once."""

    class Slow(Served):
        def __init__(self) -> None:
            super().__init__()
            self.turn = 0
            self.asked_in: Counter[int] = Counter()

        def asked(self, question: gdproto.Message, client: ClientConnection) -> None:
            self.asked_in[self.turn] += 1
            time.sleep(0.001)
            super().asked(question, client)

    async def test() -> None:
        served = Slow()
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(8):
                _, peer = await stack.enter_async_context(served.connected())
                numbered = [gdproto.Status(number).to_bytes() for number in range(1, 17)]
                peer.send(b"".join(numbered))
            async with asyncio.timeout(LIMIT_S):
                while len(served.asked_by) < 8 * 16:
                    served.turn += 1
                    await asyncio.sleep(0)
        # Each is heard once, and those who have more share a slice.
        assert max(served.asked_in.values()) <= 8 + 3

    asyncio.run(test())


def test_what_is_refused_takes_turns_too() -> None:
    async def test() -> None:
        served = Served()
        async with served.connected() as (first, flood), served.connected() as (other, peer):
            flood.send(ILLEGAL * 1000 + QUESTION)
            peer.send(QUESTION)
            async with asyncio.timeout(LIMIT_S):
                while len(served.asked_by) < 2:
                    await asyncio.sleep(0)
            assert served.asked_by == [other, first]

    asyncio.run(test())
