"""What the head answers: of all branches, as if they were one arbiter.

Rules: a look asks all of them, and is told of those that answer. An order goes to whom it is for:
the number of a slot or a call names its branch; workers are added where there are the fewest and
taken where there are the most, and each branch keeps one. One that is silent is told of, and gets
no orders.
"""

from __future__ import annotations

import os
from typing import Any, cast

import gdproto
from gdproto import ManageOp
from gdproto.answers import MANAGE_OPERATIONS, ManageAnswer, StatusAnswer

from ...errors import DirtyConnectionError, DirtyProtocolError
from ..clients.connection import ClientConnection
from ..lifetime import Lifetime
from ..policy.division import of_call, of_slot
from ..stash.backend import Backend
from ..succession import Succession
from . import merging
from .branches import ANSWER_S, Branches
from .whole import Whole


class HeadAnswers:
    """Answers STATUS and MANAGE for all branches.

    Args:
        whole: the settings of all.
    """

    def __init__(
        self,
        branches: Branches,
        lifetime: Lifetime,
        succession: Succession,
        stash: Backend,
        whole: Whole,
    ) -> None:
        self._branches = branches
        self._lifetime = lifetime
        self._succession = succession
        self._stash = stash
        self._whole = whole

    async def status(self, message: gdproto.Status, client: ClientConnection) -> StatusAnswer:
        """The state of all. Raises DirtyError."""
        return await self.state((client.pid, client.uid))

    async def state(self, peer: tuple[int, int]) -> StatusAnswer:
        """The state of all, for whoever it is. Raises DirtyError where no branch answers."""
        told = await self._branches.ask_all(gdproto.Status(0), peer, ANSWER_S)
        answers = cast(dict[int, StatusAnswer], told)
        merged = merging.status(list(answers.values()))
        merged["draining"] = merging.draining(list(answers.values()), self._lifetime.left_s)
        for one in self._branches.all:
            if one.index in answers and one.has_served:
                one.target = answers[one.index]["target_workers"]
        merged["target_workers"] = self._target
        merged["silent"] = self._branches.silent()
        merged["arbiter_pid"] = os.getpid()
        merged["uptime"] = round(self._lifetime.uptime_s, 3)
        merged["stash_bytes"] = self._stash.bytes
        merged["reloading"] = merged["reloading"] or self._whole.is_being_read
        merged["reload_failure"] = self._whole.failure or merged["reload_failure"]
        merged["upgrading"] = self._succession.is_under_way
        merged["upgrade_failure"] = self._succession.failure
        return merged

    @property
    def _target(self) -> int:
        return sum(one.target for one in self._branches.all)

    async def manage(self, message: gdproto.Manage, client: ClientConnection) -> ManageAnswer:
        """Do what `message` asks. Raises DirtyError."""
        op, peer = ManageOp(message.op), (client.pid, client.uid)
        if op in (ManageOp.ADD, ManageOp.REMOVE, ManageOp.SET):
            return await self.scale(op, max(1, message.count), peer)
        if message.slot is not None or message.call is not None:
            told = [await self._of_one(message, peer)]
        else:
            if op is ManageOp.RELOAD and self._branches.silent():
                # It would take up again with what was there before.
                raise next(one for one in self._branches.all if one.is_silent).unheard()
            answers = await self._branches.ask_all(message, peer)
            if op is ManageOp.RELOAD:
                # Where none of them begins one, nothing is taken here either.
                self._whole.begin()
            told = cast(list[ManageAnswer], list(answers.values()))
        merged: dict[str, Any] = dict(told[0])
        if op is ManageOp.CALLS:
            merged["calls"], merged["left_out"] = merging.calls(told)
        if op is ManageOp.STACKS:
            merged["stacks"] = [stacks for one in told for stacks in one["stacks"]]
        merged["requested"] = max(1, message.count)
        return await self._with_workers(merged, peer)

    async def _of_one(self, message: gdproto.Manage, peer: tuple[int, int]) -> ManageAnswer:
        """The answer of the branch that has what is named."""
        branches = self._branches
        if message.slot is not None:
            index = of_slot(message.slot, len(branches.all))
        else:
            assert message.call is not None
            index = of_call(message.call, len(branches.all))
        return cast(ManageAnswer, await branches.ask(branches.all[index], message, peer))

    async def scale(self, op: ManageOp, count: int, peer: tuple[int, int]) -> ManageAnswer:
        """Have more or fewer workers, or so many. Raises DirtyError."""
        # They may have been scaled by what is not an order: a reload of the settings.
        await self.state(peer)
        targets = {
            one.index: one.target for one in self._branches.all if one.is_up and not one.is_silent
        }
        total = self._target
        change = {ManageOp.ADD: count, ManageOp.REMOVE: -count}.get(op, count - total)
        if (most := self._whole.config.max_workers) < total + change:
            reason = f"{total + change} workers are more than max-workers, {most}"
            raise DirtyProtocolError(reason, code="invalid_field_value", path="count")
        spread = merging.spread_more if change > 0 else merging.spread_less
        name = "spawned" if change > 0 or op is ManageOp.ADD else "removed"
        doing = ManageOp.ADD if change > 0 else ManageOp.REMOVE
        done, reason = 0, ""
        for index, part in spread(targets, abs(change)).items():
            told = await self._order(index, gdproto.Manage(0, doing, part), peer)
            done += told.get("spawned", 0) + told.get("removed", 0)
            reason = reason or told.get("reason", "")
        if done < abs(change) and not reason:
            reason = "each arbiter keeps at least one worker"
        merged = {"success": True, "operation": MANAGE_OPERATIONS[op].name, "requested": count}
        merged |= {name: done} | ({"reason": reason} if done < abs(change) else {})
        return await self._with_workers(merged, peer)

    async def _order(
        self, index: int, message: gdproto.Manage, peer: tuple[int, int]
    ) -> dict[str, Any]:
        one = self._branches.all[index]
        try:
            told = cast(dict[str, Any], await self._branches.ask(one, message, peer))
        except DirtyConnectionError as error:
            return {"reason": str(error)}
        one.target = told["target_workers"]
        return told

    async def _with_workers(self, merged: dict[str, Any], peer: tuple[int, int]) -> ManageAnswer:
        state = await self.state(peer)
        merged["total_workers"] = state["worker_count"]
        merged["target_workers"] = state["target_workers"]
        return cast(ManageAnswer, merged)
