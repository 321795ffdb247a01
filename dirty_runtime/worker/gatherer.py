"""The calls of one batched method: gathered on the event loop, run together, answered one by one.

Rules: a method that is declared ``async`` runs on the loop, any other in a thread. Who is given up
leaves a batch that has not begun, and of one that runs it is answered at once; the others are not
disturbed. A stream that its caller does not read does not hold up those of its batch: what comes of
it is kept, and where that is too much, it fails.
"""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import suppress
from contextvars import Context
from functools import partial
from typing import TYPE_CHECKING, Any

from ..batches import ENDED, Batch, listed
from ..errors import DirtyCancelledError, DirtyOverloadedError
from . import spans
from .batcher import Batcher
from .forks import end_copy

if TYPE_CHECKING:
    from .loop_lane import Exchange, LoopLane

# Of the items of one stream that its caller does not read.
MOST_HELD = 1000


class Group:
    """Those of one key that wait: how an app's key is hashed and compared is asked as they come."""

    __slots__ = ("key",)

    def __init__(self, key: Hashable) -> None:
        self.key = key


class Gatherer:
    """Gathers the calls of one method.

    Args:
        lane: answers.
        batch: what is declared of the method.
        method: the method, bound to its app.
        taken: an argument as the app takes it.
        given: a result as it is sent.
    """

    def __init__(
        self,
        lane: LoopLane,
        batch: Batch,
        method: Callable[[list[Any]], Any],
        taken: Callable[[Any], Any],
        given: Callable[[Any], Any],
    ) -> None:
        self._lane = lane
        self._batch = batch
        self._method = method
        self._taken = taken
        self._given = given
        self._runs_here = inspect.iscoroutinefunction(batch.function) or inspect.isasyncgenfunction(
            batch.function
        )
        self._batcher: Batcher[Exchange] = Batcher(batch.max_size, batch.max_wait_s)
        self._items: dict[Exchange, tuple[Any, Group]] = {}
        # By their keys, which are an app's, and may be large: those of which some wait.
        self._groups: dict[Hashable, Group] = {}
        self._is_considering = False
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    def put(self, exchange: Exchange) -> None:
        """A call has come."""
        try:
            item, group, cost = self._judged(exchange)
        except BaseException as error:
            # Whatever the app does in here costs its own call alone.
            end_copy("a key or a size", error)
            self._lane.fail(exchange, error)
            return
        end_copy("a key or a size")
        self._items[exchange] = item, group
        self._batcher.put(exchange, group, cost)
        self._consider_soon()

    def _judged(self, exchange: Exchange) -> tuple[Any, Group, float]:
        """The item of a call, its group, what it costs. Raises what the app does, or TypeError."""
        request = exchange.request
        if len(request.args) != 1 or request.kwargs:
            raise TypeError(f"{request.action} is batched, and takes one item by position")
        item = self._taken(request.args[0])
        key = self._batch.key(item) if self._batch.key is not None else None
        cost = self._batch.size(item) if self._batch.size is not None else 1
        cost = max(0.0, float(cost))
        return item, self._groups.setdefault(key, Group(key)), cost

    def _taken_out(self, exchange: Exchange) -> Any:
        """The item of a call that waits no more, of which nothing else is kept here."""
        item, group = self._items.pop(exchange)
        if self._batcher.has(group):
            return item
        try:
            self._groups.pop(group.key, None)
        except BaseException as error:
            end_copy("a key", error)
        if len(self._groups) > self._batcher.waiting_count:
            # Keys that are not equal to themselves. Two groups of one key are two batches, and
            # nothing worse.
            self._groups.clear()
        return item

    def cancel(self, exchange: Exchange) -> None:
        """The call is given up."""
        if self._batcher.withdraw(exchange):
            self._taken_out(exchange)
        self._lane.finish(exchange, failure=DirtyCancelledError("the caller gave up"))

    def _consider_soon(self) -> None:
        """What comes together is one batch."""
        if not self._is_considering:
            self._is_considering = True
            asyncio.get_running_loop().call_soon(self._consider)

    def _consider(self) -> None:
        self._is_considering = False
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if members := self._batcher.take(loop.time()):
            self._task = loop.create_task(self._run(members), context=Context())
        elif (due_s := self._batcher.due_s()) is not None:
            self._timer = loop.call_at(due_s, self._consider)

    async def _run(self, members: Sequence[Exchange]) -> None:
        items = [self._taken_out(member) for member in members]
        for member in members:
            if member.request.trace is not None:
                # They run together: none of them is the one that runs.
                member.span = spans.begin(member.request, is_current=False)
        results: Sequence[Any] = ()
        failure: BaseException | None = None
        try:
            results = await self._results(members, items)
        except BaseException as error:
            end_copy("a batch", error)
            failure = error
        end_copy("a batch")
        await self._begin_the_next()
        for member, one in zip(members, results, strict=False):
            self._answer(member, one)
        if failure is not None:
            for member in filter(self._lane.is_open, members):
                self._lane.fail(member, failure)
            # Its traceback has this frame.
            failure = None

    async def _results(self, members: Sequence[Exchange], items: list[Any]) -> Sequence[Any]:
        """What the method gives for each; nothing of a stream, which is sent."""
        result = await self._call(partial(self._method, items))
        if inspect.isawaitable(result):
            result = await result
        if hasattr(type(result), "__next__") or hasattr(type(result), "__anext__"):
            await self._stream(members, result)
            return ()
        return listed(result, len(items))

    async def _begin_the_next(self) -> None:
        """Have the next batch run, while the one that is over is answered."""
        self._task = None
        self._batcher.ended(asyncio.get_running_loop().time())
        self._consider()
        await asyncio.sleep(0)

    async def _call(self, call: Callable[[], Any]) -> Any:
        return call() if self._runs_here else await self._lane.in_thread(call)

    def _answer(self, member: Exchange, result: Any) -> None:
        """Answer one call, if nobody has; an exception fails it alone."""
        if not self._lane.is_open(member):
            return
        if isinstance(result, BaseException):
            self._lane.fail(member, result)
            return
        try:
            self._lane.finish(member, self._given(result))
        except BaseException as error:
            self._lane.fail(member, error)

    # --- streams ---

    async def _stream(self, members: Sequence[Exchange], steps: Any) -> None:
        for member in members:
            member.held = deque()
        try:
            flags: list[bool] | None = None
            while any(opened := [self._lane.is_open(member) for member in members]):
                try:
                    step = await self._step(steps, opened if flags is not None else None)
                except (StopIteration, StopAsyncIteration, _Over):
                    break
                flags = opened
                for member, item in zip(members, listed(step, len(members)), strict=True):
                    self._item(member, item)
                if self._lane.is_full:
                    await self._lane.room()
                else:
                    await asyncio.sleep(0)
        finally:
            await self._close(steps)
        for member in members:
            if self._lane.is_open(member):
                self._lane.end_when_read(member)

    async def _step(self, steps: Any, flags: list[bool] | None) -> Any:
        """The next step; a generator is told who is still open."""
        if hasattr(type(steps), "__anext__"):
            if flags is not None and hasattr(steps, "asend"):
                return await steps.asend(flags)
            return await steps.__anext__()
        return await self._lane.in_thread(partial(_next_of, steps, flags))

    def _item(self, member: Exchange, item: Any) -> None:
        """An item of one stream, its end, or why it fails."""
        if not self._lane.is_open(member):
            return
        if item is ENDED:
            self._lane.end_when_read(member)
        elif isinstance(item, BaseException):
            self._lane.fail(member, item)
        elif member.held is not None and len(member.held) >= MOST_HELD:
            reason = f"the stream was not read, and {MOST_HELD} of its items wait"
            path = member.request.app_path
            self._lane.finish(member, failure=DirtyOverloadedError(reason, path))
        else:
            try:
                self._lane.put(member, self._given(item))
            except BaseException as error:
                self._lane.fail(member, error)

    async def _close(self, steps: Any) -> None:
        with suppress(Exception):
            if close := getattr(steps, "aclose", None):
                await close()
            elif close := getattr(steps, "close", None):
                await self._lane.in_thread(close)


class _Over(Exception):
    """A plain generator has no more steps: a task cannot raise StopIteration."""


def _next_of(steps: Iterator[Any], flags: list[bool] | None) -> Any:
    try:
        send = getattr(steps, "send", None)
        return send(flags) if flags is not None and send is not None else next(steps)
    except StopIteration:
        raise _Over from None
