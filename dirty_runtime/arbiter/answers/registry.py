"""Who answers which question: what clients ask of the arbiter itself.

Rules:

* A kind of question has one answerer, registered for it, with who may ask and how long the answer
  may take. A question that nobody is registered for is refused.
* Questions of one kind on one connection are answered one after the other, in the order in which
  they came: whoever puts and then gets, gets what was put. Kinds do not wait for each other, nor
  do connections.
* Most are answered at once. What takes long has turns of the loop, and is waited for by those that
  come after it on its connection.
* What has to wait for something to happen says so by `Later`: it is waited for beside those that
  come after it, and for as long as it was asked to; in a drain no longer than calls run: whoever
  waits then is told to ask another arbiter.
* A question that waits can be cancelled, and ends with its connection.
* While a client has too much to read, what it has asked waits.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from typing import Any, NamedTuple, TypeVar

import gdproto

from ...errors import (
    DirtyConnectionError,
    DirtyError,
    DirtyOverloadedError,
    DirtyProtocolError,
    DirtyTimeoutError,
)
from ..clients.connection import ClientConnection
from ..clock import Clock
from ..lifetime import stops
from ..patience import Limits
from ..turns import Turns

log = logging.getLogger("dirty")

LIMIT_S = 30.0
# Questions of one connection that may wait for their answers.
MAX_WAITING = 1000

M = TypeVar("M", bound=gdproto.Message)
Answer = Coroutine[Any, Any, Any]


def anybody(uid: int) -> None:
    """Everybody may ask who may connect."""


class Answerer(NamedTuple):
    """What is registered for a kind of question."""

    answer: Callable[[Any, ClientConnection], Answer]
    check: Callable[[int], None]
    limit_s: float
    waits: bool


class Later:
    """An answer that is still to come, and that nobody else is to wait for.

    Args:
        answer: what will be the result.
        undo: is handed a result that nobody is there for any more.
    """

    def __init__(self, answer: Answer, undo: Callable[[Any], Answer] | None = None) -> None:
        self._answer = answer
        self._undo = undo

    async def answer(self, client: ClientConnection) -> Any:
        """The result for a client. Raises DirtyConnectionError where it has left; it is undone."""
        result = await self._answer
        if self._undo is not None and not client.is_there:
            await self._undo(result)
            raise DirtyConnectionError("nobody waits for the answer any more")
        return result


class Waits:
    """Those who wait for something to happen."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._is_draining = False
        self._waiting: dict[asyncio.Task[Any], None] = {}
        # Those of them who are to wait no longer.
        self._ended: set[asyncio.Task[Any]] = set()

    async def result(self, answer: Answer) -> Any:
        """What comes of it. Raises DirtyNoWorkersAvailableError where a drain comes before."""
        task = asyncio.current_task()
        assert task is not None
        self._waiting[task] = None
        if self._is_draining:
            self._end(task)
        try:
            return await answer
        except asyncio.CancelledError:
            if task not in self._ended or task.cancelling() > 1:
                raise
            raise stops() from None
        finally:
            del self._waiting[task]
            if task in self._ended:
                self._ended.remove(task)
                task.uncancel()

    def drain(self) -> None:
        """Have all, now and from now on, end who wait."""
        if not self._is_draining:
            self._is_draining = True
            self._turns.tell(deque(self._waiting), self._end)

    def _end(self, task: asyncio.Task[Any]) -> None:
        if task in self._waiting:
            self._ended.add(task)
            task.cancel()


class Answerers:
    """The answerers of one arbiter.

    Args:
        turns: of whoever has long work to do.
        clock: by which an answer takes long.
    """

    def __init__(self, turns: Turns, clock: Clock) -> None:
        self._answerers: dict[type[gdproto.Message], Answerer] = {}
        self._limits = Limits(turns, clock)
        self._waits = Waits(turns)

    def drain(self) -> None:
        """Wait for nothing to happen any more."""
        self._waits.drain()

    def register(
        self,
        kind: type[M],
        answer: Callable[[M, ClientConnection], Answer],
        *,
        check: Callable[[int], None] = anybody,
        limit_s: float = LIMIT_S,
        waits: bool = True,
    ) -> None:
        """Have `answer` called for each message of the kind, with who asks.

        Args:
            answer: a coroutine function; returns the result. Raises DirtyError to refuse.
            check: raises DirtyPermissionError for a user who may not ask.
            limit_s: how long an answer may take, its turn included, in seconds.
            waits: False for one that awaits turns of the loop, if anything: it is begun at once.
        """
        self._answerers[kind] = Answerer(answer, check, limit_s, waits)

    def of(self, kind: type[gdproto.Message]) -> Answerer | None:
        """What is registered for the kind."""
        return self._answerers.get(kind)

    def ask(self, question: gdproto.Message, client: ClientConnection) -> asyncio.Task[None] | None:
        """Answer the question.

        Returns:
            What will answer it; None when it has been answered.

        Raises:
            DirtyError: it is refused.
            gdproto.ProtocolError: the answer cannot be sent.
        """
        kind = type(question)
        answerer = self.of(kind)
        if answerer is None:
            raise DirtyProtocolError(
                f"this arbiter does not answer {kind.__name__.upper()}", code="unexpected_message"
            )
        answerer.check(client.uid)
        answering: Callable[[], Answer] = partial(answerer.answer, question, client)
        if not answerer.waits and not client.question_count:
            begun = _begun(answering(), question)
            if begun.is_done and not isinstance(begun.result, Later):
                client.answer(question.request_id, begun.result)
                return None
            answering = begun.rest
        if client.question_count >= MAX_WAITING:
            raise DirtyOverloadedError(f"overloaded: {MAX_WAITING} questions wait", "", 1.0)
        return asyncio.get_running_loop().create_task(
            self._answer_in_turn(answering, answerer.limit_s, question, client)
        )

    async def _answer_in_turn(
        self,
        answering: Callable[[], Answer],
        limit_s: float,
        question: gdproto.Message,
        client: ClientConnection,
    ) -> None:
        try:
            turn = client.turns.setdefault(type(question), asyncio.Lock())
            async with self._limits.timeout(limit_s) as limit, turn:
                await client.heard()
                result = await answering()
            if isinstance(result, Later):
                result = await self._waits.result(result.answer(client))
            if not _is_in_vain(client):
                client.answer(question.request_id, result)
        except TimeoutError as error:
            if _is_in_vain(client):
                return
            if not limit.expired():
                client.decline(question.request_id, _told(error, question))
                return
            reason = f"no answer within {limit_s:g} s"
            client.decline(question.request_id, DirtyTimeoutError(reason, limit_s))
        except asyncio.CancelledError:
            # Nobody waits for it: with the task, which would keep it, it would wait for the
            # collector.
            return
        except gdproto.ProtocolError as error:
            if not _is_in_vain(client):
                client.decline(question.request_id, DirtyProtocolError.of(error))
        except Exception as error:
            if not _is_in_vain(client):
                client.decline(question.request_id, _told(error, question))


class Begun:
    """What has run until it awaited something, in no task.

    Attributes:
        is_done: whether it is over, and awaited nothing.
        result: of what is over.
    """

    def __init__(self, answering: Answer) -> None:
        self.is_done, self.result = False, None
        self._answering = answering
        try:
            self._awaited = answering.send(None)
        except StopIteration as done:
            self.is_done, self.result = True, done.value

    async def rest(self) -> Any:
        """Go on, in a task."""
        return self.result if self.is_done else await self

    def __await__(self) -> Generator[Any, Any, Any]:
        awaited = self._awaited
        while True:
            try:
                step = partial(self._answering.send, (yield awaited))
            except BaseException as error:
                step = partial(self._answering.throw, error)
            try:
                awaited = step()
            except StopIteration as done:
                return done.value
            finally:
                # It may hold an error, which holds this.
                del step


def _begun(answering: Answer, question: gdproto.Message) -> Begun:
    """What is begun at once. Raises DirtyError."""
    try:
        return Begun(answering)
    except Exception as error:
        raise _told(error, question) from None


def _is_in_vain(client: ClientConnection) -> bool:
    """Whether nobody waits for the answer, though the answerer went on."""
    task = asyncio.current_task()
    # Of one who leaves with many questions, they are cancelled one after the other.
    return client.has_left or (task is not None and task.cancelling() > 0)


def _told(error: Exception, question: gdproto.Message) -> DirtyError:
    """What the client is told of an answerer's error: what is none of ours is logged."""
    if isinstance(error, DirtyError):
        return error
    name = type(question).__name__.upper()
    log.error("%s cannot be answered", name, exc_info=error)
    return DirtyError(f"the arbiter failed to answer {name}: {type(error).__name__}")
