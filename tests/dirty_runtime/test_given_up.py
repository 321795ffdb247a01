"""A call that is given up before the arbiter has said whether it can cancel."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import gdproto
from dirty_runtime import DirtyClient

from .processes import LIMIT_S


class Peer:
    """An arbiter of this loop that is told when to answer what."""

    def __init__(self) -> None:
        self.connection = gdproto.Connection("arbiter")
        self.came: list[gdproto.Message] = []
        self.has_come = asyncio.Condition()
        self.ended = asyncio.Event()
        self._writer: asyncio.StreamWriter | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        while data := await reader.read(4096):
            self.connection.receive_data(data)
            while isinstance(event := self.connection.next_event(), gdproto.MessageReceived):
                self.came.append(event.message)
            async with self.has_come:
                self.has_come.notify_all()
        writer.close()
        await writer.wait_closed()
        self.ended.set()

    async def of(self, kind: type[gdproto.Message], count: int = 1) -> list[Any]:
        """The messages of a kind, when there are so many."""
        async with asyncio.timeout(LIMIT_S), self.has_come:
            await self.has_come.wait_for(lambda: len(self._found(kind)) >= count)
        return self._found(kind)

    def _found(self, kind: type[gdproto.Message]) -> list[gdproto.Message]:
        return [one for one in self.came if isinstance(one, kind)]

    def answer(self, request_id: int, result: Any) -> None:
        assert self._writer is not None
        self._writer.write(self.connection.send(gdproto.Response(request_id, result)))


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "s")


@pytest.mark.parametrize("extensions", [["cancel"], []])
def test_it_is_cancelled_as_soon_as_that_is_known(path: str, extensions: list[str]) -> None:
    async def call(peer: Peer, client: DirtyClient) -> None:
        stays, goes = (
            asyncio.ensure_future(client.execute_async("app:App", name))
            for name in ("stays", "goes")
        )
        requests = {one.action: one for one in await peer.of(gdproto.Request, 2)}
        goes.cancel()
        with suppress(asyncio.CancelledError):
            await goes
        (status,) = await peer.of(gdproto.Status)
        peer.answer(status.request_id, {"extensions": extensions})
        if extensions:
            (cancel,) = await peer.of(gdproto.Cancel)
            assert cancel.request_id == requests["goes"].request_id
        peer.answer(requests["stays"].request_id, "done")
        assert await stays == "done"
        if not extensions:
            # Nothing else tells such an arbiter that nobody waits any more.
            await asyncio.wait_for(peer.ended.wait(), LIMIT_S)

    async def both() -> None:
        peer = Peer()
        async with await asyncio.start_unix_server(peer.serve, path):
            async with DirtyClient(path, timeout=LIMIT_S) as client:
                await call(peer, client)
            await asyncio.wait_for(peer.ended.wait(), LIMIT_S)

    asyncio.run(both())
