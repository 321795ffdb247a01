"""The arbiter's end of a lane: one exchange at a time with one thread of a worker.

Rules: whole frames go through undecoded, the answer under the request's own id. A frame is
handed on only when all of it is there, so a worker that dies in the middle of one cannot corrupt
a client's stream. What is read faster than the client takes it is not read at all.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Protocol, cast

import gdproto

STATUS_ID = 1
RECEIVE_BYTES = 64 * 1024


class Owner(Protocol):
    """Whoever is told what happens on a lane."""

    def lane_answered(self, lane: Lane, frames: list[gdproto.FrameReceived]) -> None:
        """Frames of the exchange that runs, for its client; the terminal one is the last."""

    def lane_discarded(self, lane: Lane) -> None:
        """The exchange that was given up has ended."""

    def lane_booted(self, lane: Lane, answer: gdproto.Message) -> None:
        """The worker has answered the STATUS that opens the lane."""

    def lane_broke(self, lane: Lane, reason: str) -> None:
        """The worker broke the protocol."""

    def lane_closed(self, lane: Lane) -> None:
        """The worker has closed its end; most often it is about to die."""


class Lane(asyncio.Protocol):
    """One stream to a worker.

    Args:
        owner: is told what happens.
        clock: monotonic seconds.
    """

    def __init__(self, owner: Owner, clock: Callable[[], float]) -> None:
        ours, theirs = socket.socketpair()
        self.owner = owner
        self.worker_end = theirs
        self.heard_s = clock()
        self.ready = False
        # Whether the worker ended with bytes unread: what was sent last was never begun.
        self.was_unread = False
        self._clock = clock
        self._socket = ours
        self._connection = gdproto.Connection("lane", raw=True)
        self._transport: asyncio.Transport | None = None
        self._opening: asyncio.Task[None] | None = None
        self._paused = False

    def open(self) -> None:
        """Connect the arbiter's end, and ask the worker whether it is ready."""
        self._socket.setblocking(False)
        self._opening = asyncio.get_running_loop().create_task(self._open())

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_unix_connection(lambda: self, sock=self._socket)
        self._write(self._connection.send(gdproto.Status(STATUS_ID)))

    def request(self, frame: bytes, header: gdproto.Header) -> None:
        """Start an exchange with a whole REQUEST frame."""
        self.heard_s = self._clock()
        self._write(self._connection.send_frame(frame, header))

    def cancel(self) -> None:
        """Give up the exchange that runs; its frames are discarded until the terminal one."""
        for request_id in self._connection.open_exchanges:
            self._write(self._connection.send(gdproto.Cancel(request_id)))
        self.resume()

    def pause(self) -> None:
        """Read nothing for now: the client does not keep up."""
        self._paused = True
        if self._transport is not None:
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self._paused:
            # Silence that the client caused is not the worker's.
            self.heard_s = self._clock()
        self._paused = False
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    @property
    def paused(self) -> bool:
        """Whether reading has been paused."""
        return self._paused

    def close(self) -> None:
        """End the lane: an idle worker thread retires."""
        if self._transport is not None:
            self._transport.close()
            return
        if self._opening is not None:
            self._opening.cancel()
        self._socket.close()

    def drain(self) -> None:
        """Take in what the worker left behind when it died.

        A process that it forked may hold the lane open, so its end cannot be waited for.
        """
        while self._transport is not None and not self._transport.is_closing():
            try:
                data = self._socket.recv(RECEIVE_BYTES)
            except ConnectionError:
                self.was_unread = True
                return
            except OSError:
                return
            if not data:
                return
            self.data_received(data)

    def _write(self, data: bytes) -> None:
        assert self._transport is not None
        self._transport.write(data)

    # --- asyncio.Protocol ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not subclasses of asyncio's.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.heard_s = self._clock()
        self._connection.receive_data(data)
        frames: list[gdproto.FrameReceived] = []
        try:
            while (event := self._connection.next_event()) is not gdproto.NEED_DATA:
                if isinstance(event, gdproto.FrameReceived):
                    if self.ready:
                        frames.append(event)
                    else:
                        self._boot(event)
                elif isinstance(event, gdproto.ExchangeEnded):
                    self.owner.lane_discarded(self)
        except gdproto.ProtocolError as error:
            self.owner.lane_broke(self, str(error))
            return
        if frames:
            self.owner.lane_answered(self, frames)

    def _boot(self, event: gdproto.FrameReceived) -> None:
        self.ready = event.header.code == gdproto.MessageCode.RESPONSE
        self.owner.lane_booted(self, gdproto.parse(event.frame))

    def eof_received(self) -> None:
        self.owner.lane_closed(self)

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            self.was_unread = isinstance(exc, ConnectionError)
            self.owner.lane_closed(self)
