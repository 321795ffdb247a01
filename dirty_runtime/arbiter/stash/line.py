"""The line to the server of a shared stash: many ask on one connection, each for itself.

Rules: what is asked in one turn of the loop is sent together, and the answers come in the order of
the questions; so however many ask, they share the way there and back. The line is opened when
somebody asks, and again when somebody asks after it was lost. Whoever was sent meanwhile is told:
nobody knows whether that was done, so it is not done again. A server that says nothing for
`ANSWER_S` is taken for lost. However many ask, and however much, a turn of the loop sends and hears
some of it; those who are told at one moment are told in several turns.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from itertools import chain, count
from typing import Any, TypeAlias, TypeGuard

import hiredis
from redis.asyncio.connection import AbstractConnection, Connection, parse_url
from redis.exceptions import RedisError, ResponseError

from ...errors import StashError
from ...settings import without_password
from ..turns import TOLD_AT_ONCE, Pace, Turns

Word: TypeAlias = str | int | float | bytes | memoryview

# What is packed as one piece, and sent in one turn of the loop.
PIECE_BYTES, PIECE_WORDS, SENT_BYTES = 64 * 1024, 1000, 256 * 1024
# How long a server may take for the next answer, or to be connected with.
ANSWER_S = 5.0
# When to look again for a server whose channels are followed.
AGAIN_S = 0.2
# The schemes of the setting, as the library names them.
SCHEMES = {
    "valkey": "redis",
    "valkeys": "rediss",
    "redis": "redis",
    "rediss": "rediss",
    "unix": "unix",
}
LOST = (OSError, RedisError, TimeoutError, EOFError)


def connection_to(url: str) -> AbstractConnection:
    """A connection to the server that the URL names, not yet open. Raises ValueError."""
    scheme, colon, rest = url.partition(":")
    if not colon or scheme not in SCHEMES:
        raise ValueError(f"its scheme is one of {', '.join(SCHEMES)}")
    given: dict[str, Any] = dict(parse_url(f"{SCHEMES[scheme]}:{rest}"))
    kind = given.pop("connection_class", Connection)
    # Who waits for what is watched here: for each answer by itself it would cost more than that.
    fixed = {"socket_connect_timeout": ANSWER_S, "socket_timeout": None}
    connection: AbstractConnection = kind(**given, **fixed, protocol=2, driver_info=None)
    return connection


def place_of(url: str) -> str:
    """The URL as it may be shown: without a password."""
    return without_password(url).partition("?")[0]


class Asked:
    """A question, and who waits for its answer.

    Args:
        words: of the question.
        more: words behind those, however many.
    """

    __slots__ = ("answer", "asked_s", "more", "words")

    def __init__(
        self, words: tuple[Word, ...], more: Sequence[bytes], loop: asyncio.AbstractEventLoop
    ) -> None:
        self.words = words
        self.more = more
        self.asked_s = loop.time()
        self.answer: asyncio.Future[Any] = loop.create_future()

    def packed(self) -> Iterator[bytes]:
        """The question as it is sent, in pieces that take little time each."""
        if not self.more and not any(map(_is_large, self.words)):
            yield hiredis.pack_command(self.words)  # type: ignore[arg-type]
            return
        yield b"*%d\r\n" % (len(self.words) + len(self.more))
        some, size = list[Word](), 0
        for word in chain(self.words, self.more):
            if _is_large(word):
                yield from (_packed(some), *_cut(word))
                some, size = [], 0
                continue
            some.append(word)
            size += len(word) if isinstance(word, bytes) else 0
            if len(some) == PIECE_WORDS or size > PIECE_BYTES:
                yield _packed(some)
                some, size = [], 0
        yield _packed(some)

    def tell(self, answer: Any) -> None:
        if not self.answer.done():
            self.answer.set_result(answer)

    def fail(self, error: BaseException) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


def _is_large(word: Word) -> TypeGuard[str | bytes | memoryview]:
    return isinstance(word, str | bytes | memoryview) and len(word) > PIECE_BYTES


def _packed(words: list[Word]) -> bytes:
    """Words within a question."""
    packed: bytes = hiredis.pack_command(tuple(words))  # type: ignore[arg-type]
    return packed[packed.index(b"\n") + 1 :]


def _cut(word: str | bytes | memoryview) -> Iterator[bytes]:
    """A large word within a question."""
    data = memoryview(word.encode() if isinstance(word, str) else word)
    yield b"$%d\r\n" % len(data)
    for at in range(0, len(data), PIECE_BYTES):
        yield bytes(data[at : at + PIECE_BYTES])
    yield b"\r\n"


class Line:
    """One connection, opened again and again.

    Args:
        url: of the server.
        turns: of whoever has long work to do.
        prepare: is awaited with each connection that has been opened, before anything is asked.
    """

    def __init__(
        self,
        url: str,
        turns: Turns,
        prepare: Callable[[AbstractConnection], Awaitable[None]] | None = None,
    ) -> None:
        connection_to(url)
        self._url = url
        self._turns = turns
        self._prepare = prepare
        self._queue: deque[Asked] = deque()
        self._sent: deque[Asked] = deque()
        self._task: asyncio.Task[None] | None = None
        self._more = asyncio.Event()
        self._heard_s = 0.0

    async def ask(self, *words: Word, more: Sequence[bytes] = ()) -> Any:
        """What the server answers to these words, and more that are many.

        Raises:
            StashError: it cannot be reached, or is lost.
            ResponseError: it refuses.
        """
        loop = asyncio.get_running_loop()
        asked = Asked(words, more, loop)
        self._queue.append(asked)
        if self._task is None:
            self._task = loop.create_task(self._serve())
        self._more.set()
        return await asked.answer

    def close(self) -> None:
        """Let go of the server; to be called on the event loop."""
        if self._task is not None:
            self._task.cancel()

    async def _serve(self) -> None:
        """Answer all that is asked, over one connection after the other."""
        try:
            while self._queue:
                await self._serve_once()
        finally:
            self._task = None
            self._fail_all(StashError(f"the stash at {place_of(self._url)} is closed"))

    async def _serve_once(self) -> None:
        """Answer what is asked until the connection is lost."""
        connection, is_open = connection_to(self._url), False
        try:
            async with asyncio.timeout(ANSWER_S):
                await connection.connect()  # type: ignore[no-untyped-call]
                if self._prepare is not None:
                    await self._prepare(connection)
            is_open = True
            await self._carry(connection)
        except LOST as error:
            self._lost(error, is_open)
        finally:
            with contextlib.suppress(*LOST):
                await connection.disconnect(nowait=True)

    async def _carry(self, connection: AbstractConnection) -> None:
        """Send and receive. Raises one of LOST."""
        tasks = [self._send(connection), self._receive(connection), self._look()]
        running = [asyncio.ensure_future(task) for task in tasks]
        try:
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                one.result()
        finally:
            for one in running:
                one.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _send(self, connection: AbstractConnection) -> None:
        while True:
            await self._more.wait()
            self._more.clear()
            pace, pieces = Pace(self._turns), self._pieces()
            while some := _some(pieces):
                await connection.send_packed_command(some, check_health=False)
                await pace()

    def _pieces(self) -> Iterator[bytes]:
        """What is to be sent; a question of which a piece was taken is one that was sent."""
        loop = asyncio.get_running_loop()
        while self._queue:
            one = self._queue.popleft()
            self._sent.append(one)
            for piece in one.packed():
                one.asked_s = loop.time()
                yield piece

    async def _receive(self, connection: AbstractConnection) -> None:
        loop = asyncio.get_running_loop()
        for number in count(1):
            try:
                answer = await connection.read_response(disable_decoding=True)
            except ResponseError as error:
                self._sent.popleft().fail(error)
            else:
                self._sent.popleft().tell(answer)
            self._heard_s = loop.time()
            if number % TOLD_AT_ONCE == 0:
                await self._turns.wait()

    async def _look(self) -> None:
        """Raises TimeoutError when the server says nothing for long."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(ANSWER_S / 10)
            if self._sent:
                since_s = max(self._heard_s, self._sent[0].asked_s)
                if loop.time() >= since_s + ANSWER_S:
                    raise TimeoutError(f"no answer within {ANSWER_S:g} s")

    def _lost(self, error: BaseException, was_open: bool) -> None:
        """Tell who waited: of a line that was open, those whose questions were sent."""
        reason = str(error).rstrip(".") or f"no answer within {ANSWER_S:g} s"
        place = place_of(self._url)
        if was_open:
            told = f"the stash at {place} was lost, what was asked may have been done: {reason}"
            self._fail_sent(StashError(told))
        else:
            self._fail_all(StashError(f"the stash at {place} cannot be reached: {reason}"))

    def _fail_all(self, error: StashError) -> None:
        self._sent += self._queue
        self._queue.clear()
        self._fail_sent(error)

    def _fail_sent(self, error: StashError) -> None:
        failed, self._sent = self._sent, deque()
        self._turns.tell(failed, lambda one: one.fail(error))


def _some(pieces: Iterator[bytes]) -> list[bytes]:
    """As many of them as may be sent in a turn of the loop."""
    some, size = list[bytes](), 0
    for piece in pieces:
        some.append(piece)
        size += len(piece)
        if len(some) == TOLD_AT_ONCE or size >= SENT_BYTES:
            break
    return some


class Channels:
    """What the server publishes on the channels that somebody follows, on a connection of its own.

    Args:
        url: of the server.
        heard: is told a channel and what was published there.
        lost: is called when something may have been missed.
    """

    def __init__(
        self, url: str, heard: Callable[[bytes, bytes], None], lost: Callable[[], None]
    ) -> None:
        self._url = url
        self._heard = heard
        self._lost = lost
        self._followers: dict[bytes, int] = {}
        self._confirmed: dict[bytes, asyncio.Event] = {}
        self._connection: AbstractConnection | None = None
        self._task: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def followed(self, channel: bytes) -> AsyncIterator[None]:
        """Have what is published on the channel heard, from now until the end of the block.

        Raises:
            StashError: the server cannot be reached.
        """
        self.follow_on(channel)
        try:
            await self._follow(channel)
            yield
        finally:
            self.leave(channel)

    def follow_on(self, channel: bytes) -> None:
        """Have the channel followed until `leave`, once more."""
        self._followers[channel] = self._followers.get(channel, 0) + 1

    def leave(self, channel: bytes) -> None:
        """Have the channel followed by one less."""
        self._followers[channel] -= 1
        if not self._followers[channel]:
            del self._followers[channel]
            self._confirmed.pop(channel, None)
            self._tell("UNSUBSCRIBE", channel)

    def close(self) -> None:
        """Let go of the server; to be called on the event loop."""
        if self._task is not None:
            self._task.cancel()

    async def _follow(self, channel: bytes) -> None:
        confirmed = self._confirmed.get(channel)
        if confirmed is None:
            confirmed = self._confirmed[channel] = asyncio.Event()
            self._tell("SUBSCRIBE", channel)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())
        try:
            async with asyncio.timeout(ANSWER_S):
                await confirmed.wait()
        except TimeoutError:
            told = f"the stash at {place_of(self._url)} cannot be reached: no answer within"
            raise StashError(f"{told} {ANSWER_S:g} s") from None

    def _tell(self, *words: Word) -> None:
        """Say it on the connection that there is, if there is one."""
        if self._connection is not None:
            self._sending = asyncio.ensure_future(_say(self._connection, *words))

    async def _run(self) -> None:
        """Listen, on one connection after the other, while somebody follows anything."""
        try:
            while self._followers:
                connection = connection_to(self._url)
                try:
                    await self._listen(connection)
                except LOST:
                    self._lost()
                    await asyncio.sleep(AGAIN_S)
                finally:
                    self._connection = None
                    with contextlib.suppress(*LOST):
                        await connection.disconnect(nowait=True)
        finally:
            self._task = None

    async def _listen(self, connection: AbstractConnection) -> None:
        async with asyncio.timeout(ANSWER_S):
            await connection.connect()  # type: ignore[no-untyped-call]
        self._connection = connection
        await _say(connection, "SUBSCRIBE", *self._followers)
        is_asked = False
        while self._followers:
            try:
                async with asyncio.timeout(ANSWER_S):
                    kind, *rest = await connection.read_response(disable_decoding=True)
            except TimeoutError:
                if is_asked:
                    raise
                await _say(connection, "PING")
                is_asked = True
                continue
            is_asked = False
            if kind == b"message":
                self._heard(*rest)
            elif kind == b"subscribe" and (confirmed := self._confirmed.get(rest[0])) is not None:
                if confirmed.is_set():
                    # Between two connections.
                    self._lost()
                confirmed.set()


async def _say(connection: AbstractConnection, *words: Word) -> None:
    packed = hiredis.pack_command(words)  # type: ignore[arg-type]
    # One that is not open any more would be opened again, for nobody.
    if not connection.is_connected:
        return
    with contextlib.suppress(*LOST):
        await connection.send_packed_command(packed, check_health=False)
