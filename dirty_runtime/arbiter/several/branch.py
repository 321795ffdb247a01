"""An arbiter that is one of several, seen from itself: callers come from the head.

Rules: it has no socket of its own to listen at: connections are dealt to it, by a channel, and come
until it has ended. It answers the head's questions about its own workers and calls; those of its
clients go to the head. When the head is gone, so is it.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Mapping

import gdproto
from gdproto import StashOp

from ...settings import Config
from ..answers.registry import Answerers
from ..clients.listener import Came
from ..policy.catalogue import AppFacts
from ..policy.division import Share, check_asked, divided
from ..turns import Turns
from . import channel
from .channel import ASKS, BEAT, CALLER, CHANNEL, FAILED, LEAVES, READY, SHARE, Channel, peer_in
from .questions import Questioners
from .relay import Relay

log = logging.getLogger("dirty")


class Branch:
    """What makes an arbiter one of several.

    Attributes:
        share: which of them.
        relay: of clients' questions.
    """

    def __init__(self, share: Share, connected: Channel) -> None:
        self.share = share
        self.relay = Relay(connected)
        self._channel = connected

    @classmethod
    def inherited(cls) -> Branch | None:
        """What this process is told of by whoever started it; None for an arbiter that is alone."""
        told = os.environ.pop(SHARE, "")
        if not told:
            return None
        index, count = map(int, told.split("/"))
        return cls(Share(index, count), channel.inherited(CHANNEL))

    def settings(self, config: Config) -> Config:
        """What it has of these. Raises ConfigError."""
        return divided(config, self.share)

    def check(self, facts: Mapping[str, AppFacts]) -> None:
        """Raises ConfigError where an app cannot be served by each of several arbiters."""
        check_asked({path: one.workers for path, one in facts.items()}, self.share)

    def failed(self, reason: str) -> None:
        """It cannot start."""
        self._channel.tell(FAILED, reason)

    def started(self) -> None:
        """Its first worker is ready."""
        log.info("arbiter %d is one of %d", os.getpid(), self.share.count)
        self._channel.tell(READY)

    def leaves(self) -> None:
        """It lets go of all that it has: whoever comes is better dealt to another."""
        self._channel.tell(LEAVES)

    async def ensure(self, table: str) -> None:
        """Have the table. Raises DirtyError."""
        asking = self.relay.asking((os.getpid(), os.geteuid()))
        try:
            await asking.result(asking.ask(gdproto.Stash(0, StashOp.ENSURE, table)))
        finally:
            asking.leave()

    def listener(
        self,
        answerers: Answerers,
        clock: Callable[[], float],
        turns: Turns,
        orphaned: Callable[[], object],
    ) -> Dealt:
        """Where its callers come from.

        Args:
            answerers: of the head's questions.
            orphaned: is called when the head is gone.
        """
        return Dealt(self._channel, Questioners(answerers, clock, turns), orphaned)


class Dealt:
    """In place of a socket that listens, the connections that are dealt."""

    is_lent = True

    def __init__(
        self, connected: Channel, questioners: Questioners, orphaned: Callable[[], object]
    ) -> None:
        self._channel = connected
        self._questioners = questioners
        self._orphaned = orphaned
        self._came: Came | None = None
        self._count = 0

    def accept(self, came: Came, make_room: Callable[[], bool] = lambda: False) -> None:
        """Have `came` called with each connection."""
        self._came = came
        self._channel.listen(self._take, self._orphaned)

    def _take(self, kind: bytes, data: bytes, one: socket.socket | None) -> None:
        if kind == BEAT:
            self._channel.tell(BEAT, data.decode())
        elif one is not None and kind == CALLER and self._came is not None:
            # Before anything is read of it: whom this one has not taken others can serve.
            self._count += 1
            self._channel.tell(BEAT, str(self._count))
            self._came(one)
        elif one is not None and kind == ASKS:
            self._questioners.take(one, peer_in(data))

    def step_aside(self) -> None:
        """Who comes while it drains may look at that."""

    def take_last(self) -> None:
        """Take the connections that are there, and answer no questions any more."""
        self._channel.take()
        self._questioners.close()

    def close(self) -> None:
        """The channel ends with the process: what is said at the end is still said."""

    def share(self) -> socket.socket:
        """Only who has the socket can hand it on."""
        raise RuntimeError("a branch has no socket")

    def keep(self) -> None:
        """See `share`."""

    def pause(self) -> None:
        """See `share`."""

    def resume(self) -> None:
        """See `share`."""

    def leave(self) -> None:
        """See `share`."""
