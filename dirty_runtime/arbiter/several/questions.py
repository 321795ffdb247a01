"""Questions between head and branches: who asks, and who answers.

Rules: a connection for questions is an ordinary one, whose other end is handed over by a channel,
with who is behind it. Answers are handed on as they are, undecoded. What is given up is cancelled
at the other end; an item of a list that had been taken for it goes back where it was. So a
connection closes when nothing of it is open.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from copy import copy
from itertools import count
from typing import Any, NamedTuple

import gdproto
from gdproto import HEADER_BYTES, NEED_DATA, FrameReceived, StashOp

from ...errors import DirtyConnectionError, DirtyError, DirtyProtocolError, from_message
from ...sockets.link import Link
from ...sockets.passing import Account
from ..answers.registry import Answerers
from ..clients.connection import CallOf, ClientConnection
from ..turns import Turns
from .channel import Peer

# Of a RESPONSE, what stands before its result.
BEFORE_RESULT = HEADER_BYTES + len(gdproto.encode({"result": None})) - 1
RESPONSE = int(gdproto.MessageCode.RESPONSE)
GIVE_BACK = {StashOp.POP_LEFT: StashOp.PUSH_LEFT, StashOp.POP_RIGHT: StashOp.PUSH_RIGHT}


class Questioners:
    """Those who ask on connections of their own, and do nothing else.

    Args:
        answerers: answer them.
    """

    def __init__(self, answerers: Answerers, clock: Callable[[], float], turns: Turns) -> None:
        self.passed = Account()
        self.limits_of_passed = (1, 1)
        self._answerers = answerers
        self._clock = clock
        self._turns = turns
        self.connections: set[ClientConnection] = set()

    def take(self, connected: socket.socket, peer: Peer) -> None:
        """Answer what is asked there, by whoever it is."""
        client = ClientConnection(connected, self, self._clock, self._turns)
        client.peer = client.pid, client.uid = peer

    def close(self) -> None:
        """Close them all."""
        for client in list(self.connections):
            client.abort()

    def asked(
        self, question: gdproto.Message, client: ClientConnection
    ) -> asyncio.Task[None] | None:
        return self._answerers.ask(question, client)

    def client_came(self, client: ClientConnection) -> None:
        self.connections.add(client)

    def client_gone(self, client: ClientConnection) -> None:
        self.connections.discard(client)

    def called(self, call: CallOf) -> None:
        call.client.fail(call, DirtyError("nobody calls here"))

    def client_left(self, client: ClientConnection) -> None:
        """Its questions are given up by itself."""

    def client_moved(self, client: ClientConnection) -> None:
        """It may rest for any time."""
        client.awaits_look = False

    def client_holds_back(self, client: ClientConnection) -> None:
        """What it asks waits by itself."""

    def client_reads_on(self, client: ClientConnection) -> None:
        """What it asked goes on by itself."""

    def client_keeps(self, client: ClientConnection, memory: int, files: int) -> None:
        """It is counted where its client is."""

    def cancelled(self, call: CallOf) -> None:
        """There are no calls."""

    def abandoned(self, call: CallOf) -> None:
        """There are no calls."""


class Asked(NamedTuple):
    """A question that is on its way, and the frame that will answer it."""

    message: gdproto.Message
    frame: asyncio.Future[bytes]


class Asking:
    """The end of a connection at which is asked."""

    def __init__(self, connected: socket.socket) -> None:
        self._connection = gdproto.Connection("client", raw=True)
        self._link = Link(connected, self._connection, self)
        self._ids = count(1)
        self._open: dict[int, Asked] = {}
        # Those whose results are still to be taken, or given back.
        self._untaken: set[int] = set()
        self._is_leaving = False

    def ask(self, message: gdproto.Message) -> Asked:
        """Send the question, at once; `result` has what comes of it, and is to be awaited."""
        asked = self._sent(message)
        self._untaken.add(asked.message.request_id)
        return asked

    def _sent(self, message: gdproto.Message) -> Asked:
        message = _readdressed(message, next(self._ids))
        if isinstance(message, gdproto.Stash) and type(message.value) is bytes:
            message.value = gdproto.Encoded(message.value)
        asked = Asked(message, asyncio.get_running_loop().create_future())
        if self._link.is_closing:
            asked.frame.set_exception(_gone())
            return asked
        self._open[message.request_id] = asked
        self._link.write(self._connection.send(message))
        return asked

    async def result(self, asked: Asked) -> gdproto.Encoded:
        """What was answered.

        Raises:
            DirtyError: that is what was answered, or nobody answers any more.
        """
        try:
            frame = await asked.frame
            if self._is_leaving:
                self._give_back(asked, frame)
                raise _gone()
        except asyncio.CancelledError:
            self._give_up(asked)
            raise
        finally:
            self._untaken.discard(asked.message.request_id)
            self._look_whether_over()
        if frame[3] != RESPONSE:
            error = gdproto.parse(frame)
            assert isinstance(error, gdproto.Error)
            raise from_message(error)
        return gdproto.Encoded(frame[BEFORE_RESULT:])

    def leave(self) -> None:
        """Give up what is open, and close when that has ended."""
        self._is_leaving = True
        for asked in list(self._open.values()):
            asked.frame.cancel()
            self._cancel(asked)
        self._look_whether_over()

    def _give_up(self, asked: Asked) -> None:
        if asked.frame.done() and not asked.frame.cancelled():
            if asked.frame.exception() is None:
                self._give_back(asked, asked.frame.result())
        else:
            self._cancel(asked)

    def _cancel(self, asked: Asked) -> None:
        number = asked.message.request_id
        if number in self._open and not self._link.is_closing:
            # The connection is not told: it would forget what answers, which may be an item.
            self._link.write(gdproto.Cancel(number).to_bytes())

    def _give_back(self, asked: Asked, frame: bytes) -> None:
        if frame[3] == RESPONSE:
            self.undo(asked, gdproto.Encoded(frame[BEFORE_RESULT:]))

    def undo(self, asked: Asked, result: gdproto.Encoded) -> None:
        """Nobody takes the item of a list that was taken for this question."""
        message = asked.message
        if not isinstance(message, gdproto.Stash):
            return
        if (op := GIVE_BACK.get(StashOp(message.op))) is None:
            return
        back = gdproto.Stash(0, op, message.table, message.key, result)
        self._sent(back).frame.add_done_callback(_retrieved)

    def _look_whether_over(self) -> None:
        if self._is_leaving and not self._open and not self._untaken:
            self._link.close()

    # --- what the link tells ---

    def received(self) -> None:
        try:
            while (event := self._connection.next_event()) is not NEED_DATA:
                if type(event) is FrameReceived:
                    self._take(event.header, bytes(event.frame))
        except gdproto.ProtocolError as error:
            self._fail(DirtyProtocolError.of(error))
            self._link.abort()

    def _take(self, header: gdproto.Header, frame: bytes) -> None:
        asked = self._open.pop(header.request_id, None)
        if asked is None:
            return
        if asked.frame.done():
            self._give_back(asked, frame)
        else:
            asked.frame.set_result(frame)
        self._look_whether_over()

    def ended(self) -> None:
        self.received()

    def lost(self, error: OSError | None) -> None:
        self._fail(_gone())

    def _fail(self, error: DirtyError) -> None:
        failed, self._open = self._open, {}
        for asked in failed.values():
            if not asked.frame.done():
                asked.frame.set_exception(copy(error))

    def pause_writing(self) -> None:
        """What is asked is bounded where it comes from."""

    def resume_writing(self) -> None:
        """See `pause_writing`."""

    def waiting_changed(self) -> None:
        """See `pause_writing`."""


def _readdressed(message: Any, request_id: int) -> Any:
    """The same message, with another id."""
    message = copy(message)
    message.request_id = request_id
    return message


def _gone() -> DirtyError:
    return DirtyConnectionError("the arbiter that was asked is gone")


def _retrieved(frame: asyncio.Future[Any]) -> None:
    """Whether it failed is nobody's matter any more."""
    if not frame.cancelled():
        frame.exception()
