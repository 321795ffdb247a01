"""An arbiter that stops lets go of its clients: with a successor, none of their calls fails."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import gdproto
from dirty_runtime import DirtyClient, DirtyNoWorkersAvailableError
from tests.dirty_runtime.processes import LIMIT_S, OURS, Arbiter, serving, wait_until

LARGE = bytes(8 * 2**20)


async def holding(arbiter: Arbiter, client: DirtyClient, directory: Path) -> asyncio.Task[str]:
    """A call that runs until something is written to `end`."""
    os.mkfifo(directory / "end")
    words = (str(directory / "running"), str(directory / "end"))
    call = asyncio.create_task(client.execute_async(OURS, "meet", *words))
    while not (directory / "running").exists():
        await asyncio.sleep(0.01)
    arbiter.signal(signal.SIGTERM)
    while Path(arbiter.socket_path).exists():
        await asyncio.sleep(0.01)
    return call


@pytest.mark.proves("GD-ROLE-024", "GD-ROLE-026")
def test_who_kept_a_connection_follows_to_the_successor(tmp_path: Path) -> None:
    async def test() -> None:
        with (
            serving(OURS) as old,
            old.client() as kept,
            old.client() as streaming,
            old.client() as sending,
        ):
            for one in (kept, streaming, sending):
                one.execute(OURS, "pid")
            async with old.client() as busy, old.client() as idle:
                assert await idle.execute_async(OURS, "pid") in old.pids()
                call = await holding(old, busy, tmp_path)
                # There is nobody else yet, so this is what the caller gets.
                with pytest.raises(DirtyNoWorkersAvailableError, match="is stopping") as refused:
                    await busy.execute_async(OURS, "pid")
                assert refused.value.begun is False
                with serving(OURS, socket_path=old.socket_path) as new:
                    pids = new.pids()
                    for _ in range(3):
                        assert kept.execute(OURS, "pid") in pids
                        assert await busy.execute_async(OURS, "pid") in pids
                        assert await idle.execute_async(OURS, "pid") in pids
                    assert list(streaming.stream(OURS, "count", 3)) == [0, 1, 2]
                    assert sending.execute(OURS, "echo", LARGE)["args"] == [LARGE]
                    (tmp_path / "end").write_text("done")
                    assert await call == "done"
                    assert old.wait() == 0

    asyncio.run(test())


@pytest.mark.proves("GD-ROLE-025")
def test_a_drain_lets_go_of_who_is_idle_and_waits_until_answers_are_read() -> None:
    with (
        serving(OURS) as arbiter,
        socket.socket(socket.AF_UNIX) as idle,
        socket.socket(socket.AF_UNIX) as slow,
    ):
        for one in (idle, slow):
            one.settimeout(LIMIT_S)
            one.connect(arbiter.socket_path)
        slow.sendall(gdproto.Request(1, OURS, "echo", [LARGE]).to_bytes())
        data = slow.recv(gdproto.HEADER_BYTES)
        wait_until(lambda: arbiter.status()["clients"] == 3)
        arbiter.signal(signal.SIGTERM)
        told = gdproto.parse(idle.recv(65536))
        assert isinstance(told, gdproto.Error)
        assert (told.request_id, told.details["begun"]) == (0, False)
        assert idle.recv(1) == b""
        while part := slow.recv(65536):
            data += part
        length = gdproto.HEADER_BYTES + gdproto.parse_header(data).length
        assert gdproto.parse(data[:length]) == gdproto.Response(1, {"args": [LARGE], "kwargs": {}})
        # And then it was let go, too.
        assert gdproto.parse_header(data[length:]).code == gdproto.MessageCode.ERROR
        assert arbiter.wait() == 0


def ends_then_answers(listening: socket.socket, told: Any) -> None:
    """Plays an arbiter that ends when it was asked, and the one that comes after."""
    reason = "the arbiter is stopping"
    ends = gdproto.Error(0, "DirtyNoWorkersAvailableError", reason, {"reason": reason})
    for is_last in (False, True):
        asked, _ = listening.accept()
        # Who was told once may leave before he is told again.
        with asked, suppress(ConnectionError):
            asked.settimeout(LIMIT_S)
            while data := asked.recv(65536):
                # Each is a STATUS, which has no payload.
                for begin in range(0, len(data), gdproto.HEADER_BYTES):
                    number = gdproto.parse_header(data, begin).request_id
                    answer = gdproto.Response(number, told) if is_last else ends
                    asked.sendall(answer.to_bytes())
                if not is_last:
                    break


@pytest.mark.parametrize("face", ["sync", "async"])
def test_who_asks_an_arbiter_that_ends_asks_the_next(tmp_path: Path, face: str) -> None:
    path = str(tmp_path / "s")

    async def ask() -> Any:
        async with DirtyClient(path, LIMIT_S) as client:
            return await client.status_async()

    with socket.socket(socket.AF_UNIX) as listening, ThreadPoolExecutor(1) as pool:
        listening.settimeout(LIMIT_S)
        listening.bind(path)
        listening.listen()
        with serving(OURS) as real:
            told = real.status() | {"arbiter_pid": 7}
        arbiters = pool.submit(ends_then_answers, listening, told)
        if face == "sync":
            with DirtyClient(path, LIMIT_S) as client:
                assert client.status()["arbiter_pid"] == 7
        else:
            assert asyncio.run(ask())["arbiter_pid"] == 7
        arbiters.result(LIMIT_S)
