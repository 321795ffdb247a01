"""What the arbiter answers to MANAGE: more workers, fewer, so many, or new ones."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypedDict

import gdproto
from gdproto import ManageOp
from gdproto.answers import MANAGE_OPERATIONS, ManageAnswer

from ...errors import DirtyError, DirtyProtocolError
from ..clients.connection import ClientConnection
from ..lifetime import Lifetime
from ..workers.reload import Reload
from ..workers.supervisor import Supervisor

log = logging.getLogger("dirty")


class Done(TypedDict, total=False):
    """The part of an answer that depends on the operation."""

    spawned: int
    removed: int
    reason: str


class Management:
    """Scales and reloads.

    Args:
        supervisor: has the workers.
        reload: replaces them.
        lifetime: whether the arbiter still serves.
    """

    def __init__(self, supervisor: Supervisor, reload: Reload, lifetime: Lifetime) -> None:
        self._supervisor = supervisor
        self._reload = reload
        self._lifetime = lifetime
        self._doing: dict[int, Callable[[int], Done]] = {
            ManageOp.ADD: self._add,
            ManageOp.REMOVE: self._remove,
            ManageOp.RELOAD: self._begin_reload,
            ManageOp.SET: self._set,
        }
        for code, one in MANAGE_OPERATIONS.items():
            if code not in self._doing:
                raise NotImplementedError(f"nothing does the operation {one.name} of MANAGE")

    async def answer(self, message: gdproto.Manage, client: ClientConnection) -> ManageAnswer:
        """Do what `message` asks; answered when the processes are started, not when they are ready.

        Raises:
            DirtyError: the arbiter stops.
            DirtyProtocolError: invalid_field_value, the count is above the bound.
        """
        if self._lifetime.is_ending:
            raise DirtyError("the arbiter is stopping")
        op = ManageOp(message.op)
        count = max(1, message.count)
        name = MANAGE_OPERATIONS[op].name
        log.info("user %s asks to manage: %s, count %d", client.uid, name, message.count)
        done = self._doing[op](count)
        return {
            "success": True,
            "operation": name,
            "requested": count,
            **done,
            "total_workers": len(self._supervisor.workers),
            "target_workers": self._supervisor.target,
        }

    def _begin_reload(self, count: int) -> Done:
        self._reload.begin()
        return {}

    def _set(self, count: int) -> Done:
        change = count - self._supervisor.target
        return self._add(change) if change > 0 else self._remove(-change)

    def _add(self, count: int) -> Done:
        bound = self._supervisor.config.max_workers
        if self._supervisor.target + count > bound:
            reason = f"{self._supervisor.target + count} workers are more than max-workers, {bound}"
            raise DirtyProtocolError(reason, code="invalid_field_value", path="count")
        spawned = self._supervisor.add(count)
        if spawned == count:
            return {"spawned": spawned}
        return {"spawned": spawned, "reason": "every app has as many workers as it may"}

    def _remove(self, count: int) -> Done:
        removed = self._supervisor.remove(count)
        if removed == count:
            return {"removed": removed}
        return {"removed": removed, "reason": "every app keeps at least one worker"}
