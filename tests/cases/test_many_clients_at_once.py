"""Many clients that send at one moment: the loop hears some in each turn, all in their order."""

from __future__ import annotations

import asyncio
import contextlib
import time
from itertools import pairwise

import gdproto
from dirty_runtime.arbiter.clients.connection import ClientConnection
from dirty_runtime.arbiter.turns import FEW_CLIENTS, HEARD_S

from .test_one_client_floods import LIMIT_S, Served

CLIENTS = 3 * FEW_CLIENTS
TAKES_S = 0.001
# What a turn hears of the few that came first, and of the others; and a batch more.
MOST_IN_A_TURN = HEARD_S / TAKES_S + FEW_CLIENTS + 8


class Busy(Served):
    """Each question takes a while."""

    def asked(self, question: gdproto.Message, client: ClientConnection) -> None:
        time.sleep(TAKES_S)
        super().asked(question, client)


async def heard_in_turns(served: Served) -> list[int]:
    """How many were asked in each turn of the loop, until all were."""
    counts = [0]
    async with asyncio.timeout(LIMIT_S), contextlib.AsyncExitStack() as stack:
        peers = [await stack.enter_async_context(served.connected()) for _ in range(CLIENTS)]
        for _, theirs in peers:
            theirs.send(gdproto.Status(1).to_bytes())
        while counts[-1] < CLIENTS:
            await asyncio.sleep(0)
            counts.append(len(served.asked_by))
        assert sorted(map(id, served.asked_by)) == sorted(id(client) for client, _ in peers)
    return [after - before for before, after in pairwise(counts)]


def test_each_turn_of_the_loop_hears_some_of_them() -> None:
    served = Busy()
    assert max(asyncio.run(heard_in_turns(served))) <= MOST_IN_A_TURN
    assert served.turns.clients == 0
