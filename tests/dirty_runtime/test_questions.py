"""Questions to the arbiter itself, on a real connection, with answerers that wait."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

import gdproto
from dirty_runtime.app import AppSpec
from dirty_runtime.arbiter import DirtyArbiter
from dirty_runtime.arbiter.answers.registry import MAX_WAITING, Answerers, Later
from dirty_runtime.arbiter.clients.connection import ClientConnection, ClientEvents
from dirty_runtime.arbiter.clock import Clock
from dirty_runtime.arbiter.turns import Turns
from dirty_runtime.errors import DirtyPermissionError, StashError
from dirty_runtime.settings import Config
from dirty_runtime.sockets.passing import Account

from .processes import LIMIT_S, ROOT

STASH = gdproto.StashOp
Reply = gdproto.Response | gdproto.Error


class Desk(ClientEvents):
    """An arbiter that knows questions alone, and answers a GET when its key is opened."""

    def __init__(self) -> None:
        self.answerers = Answerers(Turns(), Clock())
        self.answerers.register(gdproto.Stash, self.get, limit_s=LIMIT_S)
        self.asked_keys: list[Any] = []
        self.gates: dict[Any, asyncio.Event] = {}
        self.left = asyncio.Event()
        self.is_stubborn = False
        self.passed, self.limits_of_passed = Account(), (0, 0)

    async def get(self, message: gdproto.Stash, client: object) -> Any:
        self.asked_keys.append(message.key)
        if message.key in self.gates:
            try:
                await self.gates[message.key].wait()
            except asyncio.CancelledError:
                if not self.is_stubborn:
                    raise
                await self.gates[message.key].wait()
        if message.key == "missing":
            raise StashError("there is no such key")
        if message.key == "broken":
            raise KeyError("a bug")
        return object() if message.key == "unsendable" else message.key

    def client_left(self, client: ClientConnection) -> None:
        self.left.set()

    def asked(
        self, question: gdproto.Message, client: ClientConnection
    ) -> asyncio.Task[None] | None:
        return self.answerers.ask(question, client)


class Peer:
    """The client's end."""

    def __init__(self, connected: socket.socket) -> None:
        connected.setblocking(False)
        self.socket = connected
        self.connection = gdproto.Connection("client")
        self.ids = iter(range(1, 1_000_000))

    async def send(self, message: gdproto.Message) -> None:
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(self.socket, self.connection.send(message))

    async def get(self, key: Any) -> int:
        number = next(self.ids)
        await self.send(gdproto.Stash(number, int(STASH.GET), "t", key))
        return number

    async def reply(self) -> Reply:
        """The next answer, one to a cancelled question included."""
        header = await self.receive(gdproto.HEADER_BYTES)
        length = int.from_bytes(header[4:8])
        message = gdproto.parse(header + await self.receive(length))
        assert isinstance(message, Reply)
        return message

    async def receive(self, count: int) -> bytes:
        data = b""
        async with asyncio.timeout(LIMIT_S):
            while len(data) < count:
                part = await asyncio.get_running_loop().sock_recv(self.socket, count - len(data))
                assert part, "the arbiter closed the connection"
                data += part
        return data

    async def reply_to(self, number: int) -> Any:
        """The result of the question with this number, which is answered next."""
        reply = await self.reply()
        assert isinstance(reply, gdproto.Response), reply
        assert reply.request_id == number
        return reply.result


def run(test: Callable[[Desk, Peer], Awaitable[None]]) -> None:
    async def served() -> None:
        ours, theirs = socket.socketpair()
        desk = Desk()
        clock = asyncio.get_running_loop().time
        client = ClientConnection(ours, desk, clock, Turns())
        with theirs:
            await test(desk, Peer(theirs))
        client.abort()
        async with asyncio.timeout(LIMIT_S):
            await desk.left.wait()
        assert client.question_count == 0

    asyncio.run(served())


def test_what_is_taken_for_one_who_has_just_left_is_undone() -> None:
    """He has closed, and the event loop has not come to it: a queue's item would be lost."""

    async def test(desk: Desk, peer: Peer) -> None:
        items: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        waits, undone = asyncio.Event(), list[str]()

        async def taken() -> str:
            waits.set()
            return await items

        async def undo(item: str) -> None:
            undone.append(item)

        async def take(message: gdproto.Stash, client: object) -> Later:
            return Later(taken(), undo)

        desk.answerers.register(gdproto.Stash, take)
        await peer.get("k")
        await waits.wait()
        peer.socket.close()
        items.set_result("item")
        async with asyncio.timeout(LIMIT_S):
            await desk.left.wait()
        assert undone == ["item"]

    run(test)


def test_questions_of_one_kind_are_answered_in_their_order() -> None:
    async def test(desk: Desk, peer: Peer) -> None:
        gate = desk.gates["slow"] = asyncio.Event()
        numbers = [await peer.get(key) for key in ("slow", "quick")]
        await peer.send(gdproto.Status(next(peer.ids)))
        # STATUS, of which nobody knows here, does not wait for the others.
        refused = await peer.reply()
        assert isinstance(refused, gdproto.Error)
        assert refused.message == "this arbiter does not answer STATUS"
        assert refused.details["code"] == "unexpected_message"
        assert desk.asked_keys == ["slow"]
        gate.set()
        replies = [await peer.reply(), await peer.reply()]
        assert replies == [
            gdproto.Response(numbers[0], "slow"),
            gdproto.Response(numbers[1], "quick"),
        ]

    run(test)


@pytest.mark.parametrize("waits", [True, False], ids=["it waits", "its turn has not come"])
def test_a_question_that_waits_can_be_cancelled(waits: bool) -> None:
    async def test(desk: Desk, peer: Peer) -> None:
        gate = desk.gates["slow"] = asyncio.Event()
        first, second = await peer.get("slow"), await peer.get("next")
        cancelled, other = (first, second) if waits else (second, first)
        while not desk.asked_keys:
            await asyncio.sleep(0)
        await peer.send(gdproto.Cancel(cancelled))
        told = await peer.reply()
        assert isinstance(told, gdproto.Error)
        assert (told.request_id, told.error_type) == (cancelled, "DirtyCancelledError")
        gate.set()
        assert await peer.reply() == gdproto.Response(other, "next" if waits else "slow")
        assert desk.asked_keys == (["slow", "next"] if waits else ["slow"])

    run(test)


@pytest.mark.parametrize("key", ["slow", "missing", "broken", "unsendable"])
def test_an_answerer_that_goes_on_when_it_is_cancelled_answers_nobody(key: str) -> None:
    """Not the question, either, that has its number now."""
    failed: list[dict[str, Any]] = []

    async def test(desk: Desk, peer: Peer) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, facts: failed.append(facts))
        desk.is_stubborn = True
        gate = desk.gates[key] = asyncio.Event()
        number = await peer.get(key)
        while not desk.asked_keys:
            await asyncio.sleep(0)
        await peer.send(gdproto.Cancel(number))
        told = await peer.reply()
        assert isinstance(told, gdproto.Error)
        assert told.error_type == "DirtyCancelledError"
        again = gdproto.Stash(number, int(STASH.GET), "t", "next")
        await asyncio.get_running_loop().sock_sendall(peer.socket, again.to_bytes())
        await asyncio.sleep(0.01)
        gate.set()
        assert await peer.reply_to(number) == "next"

    run(test)
    gc.collect()
    assert not failed


def test_a_cancel_with_a_payload_gives_up_a_question_too() -> None:
    async def test(desk: Desk, peer: Peer) -> None:
        desk.gates["slow"] = asyncio.Event()
        number = await peer.get("slow")
        while not desk.asked_keys:
            await asyncio.sleep(0)
        faulty = bytearray(peer.connection.send(gdproto.Cancel(number)) + gdproto.encode({}))
        faulty[7] = len(faulty) - gdproto.HEADER_BYTES
        await asyncio.get_running_loop().sock_sendall(peer.socket, bytes(faulty))
        told = await peer.reply()
        assert isinstance(told, gdproto.Error)
        assert told.details["code"] == "unexpected_payload"
        # The one in whose place it stood does not keep the next from its turn.
        assert await peer.reply_to(await peer.get("next")) == "next"

    run(test)


@pytest.mark.parametrize(
    ("key", "error_type", "message"),
    [
        ("missing", "StashError", "there is no such key"),
        ("broken", "DirtyError", "the arbiter failed to answer STASH: KeyError"),
        ("unsendable", "DirtyProtocolError", "unsupported_type"),
    ],
)
@pytest.mark.parametrize("waits", [True, False])
def test_what_fails_is_told_and_the_connection_lives_on(
    key: str, error_type: str, message: str, waits: bool
) -> None:
    async def test(desk: Desk, peer: Peer) -> None:
        desk.answerers.register(gdproto.Stash, desk.get, waits=waits)
        number = await peer.get(key)
        told = await peer.reply()
        assert isinstance(told, gdproto.Error)
        assert (told.request_id, told.error_type) == (number, error_type)
        assert message in told.message or told.details["code"] == message
        assert await peer.reply_to(await peer.get("fine")) == "fine"

    run(test)


def test_an_answer_has_its_time() -> None:
    async def test(desk: Desk, peer: Peer) -> None:
        desk.answerers.register(gdproto.Stash, desk.get, limit_s=0.01)
        desk.gates["slow"] = asyncio.Event()
        await peer.get("slow")
        told = await peer.reply()
        assert isinstance(told, gdproto.Error)
        assert told.error_type == "DirtyTimeoutError"
        assert told.details["timeout"] == 0.01
        assert await peer.reply_to(await peer.get("fine")) == "fine"

    run(test)


def test_who_may_not_ask_is_refused() -> None:
    def refuse(uid: int) -> None:
        raise DirtyPermissionError(f"user {uid} may not ask")

    async def test(desk: Desk, peer: Peer) -> None:
        desk.answerers.register(gdproto.Stash, desk.get, check=refuse)
        await peer.get("any")
        told = await peer.reply()
        assert isinstance(told, gdproto.Error)
        assert told.error_type == "DirtyPermissionError"
        assert desk.asked_keys == []

    run(test)


def test_only_so_many_questions_of_one_connection_wait() -> None:
    async def test(desk: Desk, peer: Peer) -> None:
        gate = desk.gates["slow"] = asyncio.Event()
        for _ in range(MAX_WAITING):
            await peer.get("slow")
        last = await peer.get("one more")
        told = await peer.reply()
        assert isinstance(told, gdproto.Error)
        assert (told.request_id, told.error_type) == (last, "DirtyOverloadedError")
        gate.set()
        replies = [await peer.reply() for _ in range(MAX_WAITING)]
        assert all(isinstance(reply, gdproto.Response) for reply in replies)

    run(test)


def test_a_client_that_leaves_ends_its_questions() -> None:
    async def test(desk: Desk, peer: Peer) -> None:
        ended = asyncio.Event()

        async def never(message: gdproto.Stash, client: object) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

        desk.answerers.register(gdproto.Stash, never)
        await peer.get("any")
        await peer.send(gdproto.Status(next(peer.ids)))
        await peer.reply()
        peer.socket.close()
        async with asyncio.timeout(LIMIT_S):
            await ended.wait()

    run(test)


def test_every_declared_question_has_its_answerer(tmp_path: Path) -> None:
    declared = json.loads((ROOT / "gdproto" / "_generated" / "spec.json").read_text())["questions"]
    names = {one["message"] for one in declared if one["answerer"] == "arbiter"}
    assert names
    arbiter = DirtyArbiter(Config((AppSpec("m:A", None),), str(tmp_path / "socket")))
    for name in names:
        assert arbiter.answerers.of(getattr(gdproto, name.capitalize())) is not None, name
