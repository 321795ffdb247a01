"""Calls from an event loop: one channel that all calls share, and a connection for each stream.

Rules: each loop has a channel of its own. An answer finds its call by its request id. A call that
is given up is cancelled where the arbiter says that it can; where it cannot, the channel takes no
new calls and closes with its last one, which cancels what was given up. A stream whose chunks are
there already lets the loop run now and then, or nobody could cancel it.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import suppress
from typing import Any, cast
from weakref import WeakKeyDictionary

import gdproto

from ..errors import DirtyError, DirtyProtocolError
from ..sockets.transfer import widen
from .answers import Deadline, answer_in, closed, encoded, result_of, unreachable

RECEIVE_BYTES = 256 * 1024
CONNECT_PAUSE_S = 0.005
# How long a stream may keep the loop to itself.
TURN_S = 0.005


class AsyncChannel(asyncio.Protocol):
    """One connection, on which any number of calls wait for their answers."""

    def __init__(self, socket_path: str, ids: Iterator[int]) -> None:
        self._path = socket_path
        self._status_id = next(ids)
        self._connection = gdproto.Connection("client")
        self._calls: dict[int, asyncio.Future[gdproto.Message]] = {}
        self._transport: asyncio.Transport | None = None
        self._can_cancel = False
        self._lost = asyncio.Event()
        self.pid = os.getpid()
        self.is_open = False

    async def ask(self, message: gdproto.Message) -> gdproto.Message:
        """The first message that answers. Raises DirtyError."""
        assert self._transport is not None
        parts = encoded(self._connection, message)
        call: asyncio.Future[gdproto.Message] = asyncio.get_running_loop().create_future()
        self._calls[message.request_id] = call
        self._transport.writelines(parts)
        try:
            return await call
        finally:
            del self._calls[message.request_id]
            if message.request_id in self._connection.open_exchanges:
                self._give_up(message.request_id)
            if not self.is_open and not self._calls:
                self._transport.close()

    def close(self) -> None:
        """Close; calls that still wait fail."""
        self.is_open = False
        if self._transport is not None:
            self._transport.close()

    async def wait_closed(self) -> None:
        """Wait until the closed connection is gone from the loop."""
        await self._lost.wait()

    def _give_up(self, request_id: int) -> None:
        assert self._transport is not None
        if self._can_cancel:
            self._transport.write(self._connection.send(gdproto.Cancel(request_id)))
        else:
            self._connection.abandon(request_id)
            self.is_open = False

    def _fail(self, error: DirtyError) -> None:
        self.is_open = False
        for call in self._calls.values():
            if not call.done():
                call.set_exception(error)

    # --- asyncio.Protocol ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not subclasses of asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        self.is_open = True
        # Nobody waits for it: when it is answered, calls can be cancelled.
        self._transport.write(self._connection.send(gdproto.Status(self._status_id)))

    def data_received(self, data: bytes) -> None:
        self._connection.receive_data(data)
        try:
            for event in self._connection.events():
                answer = answer_in(event, self._path)
                if answer is not None:
                    self._take(answer.message)
        except gdproto.ProtocolError as error:
            self._broken(DirtyProtocolError.of(error))
        except DirtyError as error:
            self._broken(error)

    def _take(self, message: gdproto.Message) -> None:
        call = self._calls.get(message.request_id)
        if call is not None:
            if not call.done():
                call.set_result(message)
        elif isinstance(message, gdproto.Response) and message.request_id == self._status_id:
            extensions = (
                message.result.get("extensions") if isinstance(message.result, dict) else None
            )
            self._can_cancel = isinstance(extensions, list) and "cancel" in extensions

    def _broken(self, error: DirtyError) -> None:
        self._fail(error)
        self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(closed(self._path))
        self._lost.set()


class Exchange:
    """The channel of one event loop."""

    def __init__(self) -> None:
        self.connecting = asyncio.Lock()
        self.channel: AsyncChannel | None = None


class AsyncChannels:
    """The channels of one client, and its streams."""

    def __init__(self, socket_path: str, ids: Iterator[int]) -> None:
        self._path = socket_path
        self._ids = ids
        self._exchanges: WeakKeyDictionary[asyncio.AbstractEventLoop, Exchange] = (
            WeakKeyDictionary()
        )

    async def open(self, deadline: Deadline) -> None:
        """Have a channel ready. Raises DirtyError."""
        await self._channel(deadline)

    async def ask(self, message: gdproto.Message, deadline: Deadline) -> Any:
        """The result that answers `message`. Raises DirtyError."""
        channel = await self._channel(deadline)
        try:
            async with asyncio.timeout(deadline.left_s()):
                answer = await channel.ask(message)
        except TimeoutError:
            raise deadline.passed() from None
        return result_of(answer)

    async def stream(
        self, message: gdproto.Message, deadline: Deadline, idle_s: float | None
    ) -> AsyncGenerator[Any, None]:
        """The chunks that answer `message`, or its one result. Raises DirtyError."""
        connected = await connect(self._path, deadline)
        reader, writer = await asyncio.open_unix_connection(sock=connected, limit=RECEIVE_BYTES)
        connection = gdproto.Connection("client")
        try:
            writer.writelines(encoded(connection, message))
            turn_ends_s = time.monotonic() + TURN_S
            while True:
                limit = deadline.within(idle_s)
                answer = await self._next(connection, reader, limit)
                if not isinstance(answer, gdproto.Chunk):
                    break
                if time.monotonic() >= turn_ends_s:
                    await asyncio.sleep(0)
                    turn_ends_s = time.monotonic() + TURN_S
                yield answer.data
            if not isinstance(answer, gdproto.End):
                yield result_of(answer)
        finally:
            writer.transport.abort()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def close(self) -> None:
        """Close the running loop's channel."""
        exchange = self._exchanges.pop(asyncio.get_running_loop(), None)
        if exchange is not None and exchange.channel is not None:
            exchange.channel.close()
            await exchange.channel.wait_closed()

    async def _next(
        self, connection: gdproto.Connection, reader: asyncio.StreamReader, limit: Deadline
    ) -> gdproto.Message:
        while True:
            try:
                event = connection.next_event()
            except gdproto.ProtocolError as error:
                raise DirtyProtocolError.of(error) from None
            answer = answer_in(event, self._path)
            if answer is not None:
                return answer.message
            if event is not gdproto.NEED_DATA:
                continue
            try:
                async with asyncio.timeout(limit.left_s()):
                    data = await reader.read(RECEIVE_BYTES)
            except TimeoutError:
                raise limit.passed() from None
            except ConnectionError:
                raise closed(self._path) from None
            if data:
                connection.receive_data(data)
            else:
                connection.receive_eof()

    async def _channel(self, deadline: Deadline) -> AsyncChannel:
        loop = asyncio.get_running_loop()
        exchange = self._exchanges.setdefault(loop, Exchange())
        channel = exchange.channel
        if channel is not None and channel.is_open and channel.pid == os.getpid():
            return channel
        try:
            async with asyncio.timeout(deadline.left_s()), exchange.connecting:
                if exchange.channel is None or not exchange.channel.is_open:
                    exchange.channel = await self._new_channel(deadline)
                return exchange.channel
        except TimeoutError:
            raise deadline.passed() from None

    async def _new_channel(self, deadline: Deadline) -> AsyncChannel:
        connected = await connect(self._path, deadline)
        _, channel = await asyncio.get_running_loop().create_unix_connection(
            lambda: AsyncChannel(self._path, self._ids), sock=connected
        )
        return channel


async def connect(socket_path: str, deadline: Deadline) -> socket.socket:
    """A socket that is connected to the arbiter. Raises DirtyError."""
    connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connected.setblocking(False)
    widen(connected)
    try:
        while True:
            try:
                connected.connect(socket_path)
                return connected
            except BlockingIOError:
                # The backlog is full, and the kernel does not tell when it has room.
                await asyncio.sleep(min(CONNECT_PAUSE_S, deadline.left_s()))
    except OSError as error:
        connected.close()
        raise unreachable(socket_path, error) from None
    except BaseException:
        connected.close()
        raise
