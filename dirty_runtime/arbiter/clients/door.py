"""Lets clients in, and lets go of them: so many may be connected, and rest for so long.

Rules: who is let go is told why, unless a frame that he is sent has begun. Where all who are
connected wait for answers, a few more are let in, who may ask and manage, and not call: so that
an arbiter can be looked after while it is full. While it drains, who is idle is let go, to find
its successor; those that have not asked anything yet, and workers, may stay.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import Callable, Collection, Iterator
from functools import partial
from operator import attrgetter

from ...errors import DirtyConnectionError
from ...settings import Config
from ...sockets import descriptors
from ..apart import for_each
from ..clock import Alarm, Clock
from ..lifetime import stops
from ..policy.crowd import STALLED_S, Cause, Crowd, Going, Keeping, Rest
from ..turns import some_of
from .connection import ClientConnection

log = logging.getLogger("dirty")

DESCRIPTORS = "descriptors"
NOT_LET_GO = "a client cannot be let go of"
# Of clients that are about to be closed, how many are given their time for it.
MOST_LEAVING = 64
# How often the log tells that clients are let go.
TOLD_EACH_S = 1.0
NEAR_S = 60.0
# Of those that have rested for too long, how many are listed at once.
AT_ONCE = 64
# Why it is this one that goes for who comes, behind that somebody must.
WHY = {
    Cause.STALLED: f": a frame of this one has not been whole for {STALLED_S:g} s",
    Cause.SHARE: ": {count} connections of its process, {pid}, are more than a share",
    Cause.REST: "",
}
# How long it may take until it is looked how those rest that did something, in seconds; and in
# parts of the shortest limit.
LOOKED_AT_S = 1.0
PART = 8


class Door:
    """The clients of one arbiter.

    Args:
        config: how many, how much, how long.
        workers: the processes that are our workers.
        clock: monotonic seconds.

    Attributes:
        extra: those who are in beyond the most, to look after the arbiter, and may not call.
        calmed: is called while it drains, each time that fewer may wait for something.
    """

    def __init__(
        self,
        config: Config,
        workers: Callable[[], Collection[int]],
        clock: Clock,
    ) -> None:
        self._crowd: Crowd[ClientConnection] = Crowd({})
        self._memory: Keeping[ClientConnection] = Keeping(0)
        self._files: Keeping[ClientConnection] = Keeping(0)
        self._limit(config)
        # Those who did something since it was looked how they rest; in the order in which they did,
        # those who are looked at before the others.
        self._moved: dict[ClientConnection, None] = {}
        self._to_look_at: deque[ClientConnection] = deque()
        self._is_looking = False
        self.extra: dict[ClientConnection, None] = {}
        self._workers = workers
        self.calmed: Callable[[], None] = lambda: None
        self._clock = clock
        self._alarm = Alarm(self._look, clock)
        # What is far away is waited for without a clock that beats: mostly it is put off meanwhile.
        self._far: asyncio.TimerHandle | None = None
        self._due_s = math.inf
        self._is_relieving = False
        self._is_draining = self._drains_on = False
        # Of a drain: those to look at whether they may go, and who came to look at it.
        self._to_go: deque[ClientConnection] = deque()
        self._onlookers: set[ClientConnection] = set()
        self._told_s = -math.inf

    def _limit(self, config: Config) -> None:
        # How long a stream may hold its lane while its client reads nothing of it.
        self.unread_s = config.timeout_s or config.idle_timeout_s
        self._max_clients = config.max_clients or math.inf
        idle_s, frame_s = config.idle_timeout_s, config.frame_timeout_s
        self._reasons = {
            Rest.IDLE: f"nothing was asked for {idle_s:g} s (idle-timeout)",
            Rest.SENDING: f"a frame took more than {frame_s:g} s (frame-timeout)",
            Rest.UNREAD: f"nothing was read for {idle_s:g} s (idle-timeout)",
        }
        self._crowd.limit({Rest.IDLE: idle_s, Rest.SENDING: frame_s, Rest.UNREAD: idle_s})
        self._memory.limit(config.max_client_bytes)
        self._files.limit(config.max_spool_bytes)
        self._look_s = min(LOOKED_AT_S, min(idle_s or math.inf, frame_s or math.inf) / PART)

    def take(self, config: Config) -> None:
        """Have these limits from now on."""
        self._limit(config)
        self._set_alarm(self._crowd.next_due_s())

    # --- who comes and goes ---

    def came(self, client: ClientConnection) -> None:
        """A client connected: another may have to go for it."""
        self._crowd.came(client, client.peer, self._clock())
        if self._is_draining:
            self._onlookers.add(client)
        if self._crowd.count(Rest.LEAVING) > MOST_LEAVING:
            self._abort_leaving()
        scarce = descriptors.is_scarce(client.descriptor)
        if scarce or self._are_too_many():
            self._make_room(client, DESCRIPTORS if scarce else "max-clients")
        self._set_alarm(self._crowd.next_due_s())

    def _are_too_many(self) -> bool:
        if len(self._crowd) > self._max_clients:
            self._look_at_some()
        return len(self._crowd) > self._max_clients

    def make_room(self) -> bool:
        """No connection can be taken for want of descriptors. Returns whether somebody went."""
        return self._one_goes(DESCRIPTORS)

    def _make_room(self, client: ClientConnection, what: str) -> None:
        if self._one_goes(what, client):
            return
        self.extra[client] = None
        if len(self.extra) > max(1, descriptors.kept() // 4):
            first = next(iter(self.extra))
            self._let_go_at_once(first, f"{what} has no room, and all who are connected wait")

    def _one_goes(self, what: str, but: ClientConnection | None = None) -> bool:
        if what == DESCRIPTORS and self._abort_leaving():
            return True
        going = self._next_to_go(but)
        if going is None:
            return False
        why = WHY[going.cause].format(count=self._crowd.peers_share(going.one), pid=going.one.pid)
        self._let_go_at_once(going.one, f"others connect, and {what} has no room for all{why}")
        return True

    def _next_to_go(self, but: ClientConnection | None) -> Going[ClientConnection] | None:
        """Who goes next, as all rest now of whom that matters."""
        self._look_at_some()
        while (going := self._crowd.next_to_go(self._clock(), but)) is not None:
            if not self._look_at(going.one):
                break
        return going

    def _abort_leaving(self) -> bool:
        """Close who leaves for longest. Returns whether there was one."""
        leaving = self._crowd.longest(Rest.LEAVING)
        if leaving is not None:
            self._abort(leaving)
        return leaving is not None

    def _abort(self, client: ClientConnection) -> None:
        """Close it now; whoever comes in this turn of the loop is to find it gone."""
        client.abort()
        self._crowd.gone(client)

    # --- how they rest ---

    def moved(self, client: ClientConnection) -> None:
        """The client may rest otherwise, or begin to rest anew.

        That is so for each call, so it is looked at later: before somebody goes, and soon. Until
        then it need not be told again: the client knows when it was last.
        """
        self._moved[client] = None
        if not self._is_looking:
            self._is_looking = True
            wait_s = 0 if self._is_draining else self._look_s
            asyncio.get_running_loop().call_later(wait_s, self._look_at_moved)

    def _look_at_moved(self) -> None:
        """Look, in turns of the loop, how those rest that did something."""
        self._look_at_some()
        self._is_looking = self._awaits_look
        if self._is_looking:
            asyncio.get_running_loop().call_soon(self._look_at_moved)
        self._set_alarm(self._crowd.next_due_s())
        if self._is_draining:
            self._drain()

    def _look_at_some(self) -> None:
        """Look how those rest that did something, as many as there is time for."""
        for client in some_of(self._taken_moved()):
            self._look_at(client)
            if self._is_draining:
                self._to_go.append(client)

    def _taken_moved(self) -> Iterator[ClientConnection]:
        """Those that did something, of whom each is taken out."""
        while self._awaits_look:
            if not self._to_look_at:
                moved, self._moved = self._moved, {}
                self._to_look_at.extend(sorted(moved, key=attrgetter("moved_s")))
            yield self._to_look_at.popleft()

    @property
    def _awaits_look(self) -> bool:
        return bool(self._moved or self._to_look_at)

    def _look_at(self, client: ClientConnection) -> bool:
        """Look how the client rests. Returns whether that has begun since this was done last."""
        client.awaits_look = False
        rest, is_news = client.rests_now()
        if is_news:
            self._crowd.moved(client, rest, self._clock())
        return is_news

    def gone(self, client: ClientConnection) -> None:
        """The client is connected no more."""
        self._moved.pop(client, None)
        self._onlookers.discard(client)
        self._crowd.gone(client)
        self.keeps(client, 0, 0)
        if client in self.extra:
            del self.extra[client]
        elif self.extra:
            del self.extra[next(iter(self.extra))]
        if self._is_draining:
            self._drain()

    # --- what they keep ---

    def keeps(self, client: ClientConnection, memory: int, files: int) -> None:
        """The client has us keep so many bytes, in memory and in files."""
        self._memory.keeps(client, client.peer, memory)
        self._files.keeps(client, client.peer, files)
        if (self._memory.is_exceeded or self._files.is_exceeded) and not self._is_relieving:
            self._is_relieving = True
            # Whoever goes may be in the middle of what it tells.
            asyncio.get_running_loop().call_soon(self._relieve)

    def _relieve(self) -> None:
        """Let go of those that keep too much, in turns of the loop."""
        for_each(some_of(self._keeping_too_much()), self._keeps_too_much, NOT_LET_GO)
        self._is_relieving = self._memory.is_exceeded or self._files.is_exceeded
        if self._is_relieving:
            asyncio.get_running_loop().call_soon(self._relieve)

    def _keeping_too_much(self) -> Iterator[tuple[ClientConnection, str]]:
        for keeping, name in ((self._memory, "max-client-bytes"), (self._files, "max-spool-bytes")):
            while keeping.is_exceeded:
                longest = keeping.longest()
                # At once: what it keeps is what there is too much of.
                keeping.keeps(longest, longest.peer, 0)
                yield longest, name

    def _keeps_too_much(self, found: tuple[ClientConnection, str]) -> None:
        client, name = found
        self._let_go_at_once(client, f"clients have more unfinished and unread than {name}")

    # --- time ---

    def _set_alarm(self, due_s: float) -> None:
        if due_s >= self._due_s:
            return
        self._due_s = due_s
        if self._far is not None:
            self._far.cancel()
        far_s = due_s - self._clock() - NEAR_S
        if far_s > 0:
            self._far = asyncio.get_running_loop().call_later(far_s, self._look)
        else:
            self._alarm.set(due_s)

    def _look(self) -> None:
        """Let go, in turns of the loop, of those that have rested for too long."""
        now_s = self._clock()
        overdue = self._crowd.overdue(now_s, AT_ONCE)
        for_each(some_of(iter(overdue)), self._rested_too_long, NOT_LET_GO)
        if self._crowd.next_due_s() <= now_s:
            asyncio.get_running_loop().call_soon(self._look)
            return
        self._due_s = math.inf
        self._set_alarm(self._crowd.next_due_s())

    def _rested_too_long(self, found: tuple[ClientConnection, Rest]) -> None:
        client, rest = found
        if self._look_at(client):
            return
        try:
            self._let_go(client, self._reasons[rest])
        finally:
            self._crowd.moved(client, Rest.LEAVING, self._clock())

    def let_go_unread(self, client: ClientConnection, limit_s: float) -> None:
        """The client holds a lane, by a stream of which it reads nothing."""
        self._let_go_at_once(client, f"nothing of a stream was read for {limit_s:g} s")

    # --- the end ---

    def drain(self) -> None:
        """Let go of whoever is idle, now and from now on, but for those who come only now."""
        self._is_draining = True
        self._to_go.extend(self._crowd.of(Rest.IDLE))
        # What is still to be looked at is looked at in the next turn of the loop.
        self._is_looking = True
        asyncio.get_running_loop().call_soon(self._look_at_moved)
        self._drain()

    def _drain(self) -> None:
        # Where more are to go than a turn of the loop has time for, the next one goes on.
        if not self._drains_on:
            self._drain_some()
        self.calmed()

    def _drain_some(self) -> None:
        let_go = partial(self._let_go_idle, self._workers() if self._to_go else ())
        for_each(some_of(self._taken_to_go()), let_go, NOT_LET_GO)
        self._drains_on = bool(self._to_go)
        if self._drains_on:
            asyncio.get_running_loop().call_soon(self._drain_on)

    def _taken_to_go(self) -> Iterator[ClientConnection]:
        """Those that may be to go, of whom each is taken out."""
        while self._to_go:
            yield self._to_go.popleft()

    def _let_go_idle(self, workers: Collection[int], client: ClientConnection) -> None:
        self._look_at(client)
        stays = client in self._onlookers or client.pid in workers
        if self._crowd.rest_of(client) is Rest.IDLE and not stays:
            self.let_go_to_another(client)

    def _drain_on(self) -> None:
        self._drains_on = False
        self._drain()

    def let_go_to_another(self, client: ClientConnection) -> None:
        """Have the client find our successor."""
        client.let_go(stops(None if client.waits else False))

    @property
    def is_calm(self) -> bool:
        """Whether nobody waits for an answer, or has one to read, as far as that is known."""
        is_known = not self._awaits_look
        return is_known and not (self._crowd.count(Rest.BUSY) or self._crowd.count(Rest.UNREAD))

    @property
    def has_unsent(self) -> bool:
        """Whether somebody who was let go is still to be sent why, as far as that is known."""
        leaving = self._crowd.of(Rest.LEAVING)
        return self._awaits_look or any(client.has_unsent for client in leaving)

    def _let_go_at_once(self, client: ClientConnection, reason: str) -> None:
        try:
            self._let_go(client, reason)
        finally:
            self._abort(client)

    def _let_go(self, client: ClientConnection, reason: str) -> None:
        now_s = self._clock()
        if now_s - self._told_s >= TOLD_EACH_S:
            self._told_s = now_s
            log.warning("a client of user %d is let go of: %s", client.uid, reason)
        client.let_go(DirtyConnectionError(reason, begun=None if client.waits else False))
