"""What the arbiter answers to MANAGE: other workers, and what they and their calls are at."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import islice
from typing import Protocol, TypedDict

import gdproto
from gdproto import ManageOp
from gdproto.answers import MANAGE_OPERATIONS, CallStatus, ManageAnswer, WorkerStacks

from ...errors import DirtyError, DirtyProtocolError
from ..calls import Calls
from ..clients.connection import CallOf, ClientConnection
from ..lifetime import Lifetime
from ..policy.restarts import Cause
from ..workers.places import Place
from ..workers.reload import Reload
from ..workers.stacks import Stacks
from ..workers.supervisor import Supervisor
from ..workers.worker import Worker
from .doing import call_status

log = logging.getLogger("dirty")

# Of those that wait, so many are listed.
MOST_WAITING = 1000
# What is done in turns of the loop, and answered when it is.
SCALING = (ManageOp.ADD, ManageOp.REMOVE, ManageOp.SET)


class Done(TypedDict, total=False):
    """The part of an answer that depends on the operation."""

    spawned: int
    removed: int
    reason: str
    calls: list[CallStatus]
    left_out: int
    stacks: list[WorkerStacks]
    slot: int
    worker: int


Did = Awaitable[Done] | Done


class Ends(Protocol):
    """Whoever ends calls and workers."""

    def end_call(self, call: CallOf, reason: str) -> None:
        """Fail the call; the worker that runs it is killed."""

    def end_worker(self, worker: Worker, reason: str) -> None:
        """Kill the worker now; what it runs fails."""


class Management:
    """Scales, reloads, looks at what is done, and ends it.

    Args:
        supervisor: has the workers.
        reload: replaces them.
        lifetime: whether the arbiter still serves.
        calls: has the calls.
        ends: ends them.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        reload: Reload,
        lifetime: Lifetime,
        calls: Calls[ClientConnection, Place],
        ends: Ends,
        clock: Callable[[], float],
    ) -> None:
        self._supervisor = supervisor
        self._reload = reload
        self._lifetime = lifetime
        self._calls = calls
        self._ends = ends
        self._clock = clock
        self._doing: dict[int, Callable[[gdproto.Manage, int], Did]] = {
            ManageOp.ADD: lambda message, uid: self._add(max(1, message.count)),
            ManageOp.REMOVE: lambda message, uid: self._remove(max(1, message.count)),
            ManageOp.RELOAD: self._begin_reload,
            ManageOp.SET: self._set,
            ManageOp.CALLS: self._list,
            ManageOp.STACKS: self._tell_stacks,
            ManageOp.KILL: self._kill,
            ManageOp.RECYCLE: self._recycle,
        }
        for code, one in MANAGE_OPERATIONS.items():
            if code not in self._doing:
                raise NotImplementedError(f"nothing does the operation {one.name} of MANAGE")

    async def answer(self, message: gdproto.Manage, client: ClientConnection) -> ManageAnswer:
        """Do what `message` asks; answered when the processes are started, not when they are ready.

        Raises:
            DirtyError: the arbiter stops, and more than a look is asked for.
            DirtyProtocolError: invalid_field_value, the count is above the bound, or what is named
                is not there.
        """
        op = ManageOp(message.op)
        if self._lifetime.is_ending and op not in (ManageOp.CALLS, ManageOp.STACKS, ManageOp.KILL):
            raise DirtyError("the arbiter is stopping")
        name = MANAGE_OPERATIONS[op].name
        log.info("user %s asks to manage: %s%s", client.uid, name, _told(message))
        did = self._doing[op](message, client.uid)
        if not isinstance(did, dict):
            did = await did
        if op in SCALING:
            await self._supervisor.settled()
        return {
            "success": True,
            "operation": name,
            "requested": max(1, message.count),
            **did,
            "total_workers": len(self._supervisor.workers),
            "target_workers": self._supervisor.target,
        }

    # --- how many workers ---

    def _begin_reload(self, message: gdproto.Manage, uid: int) -> Done:
        self._reload.begin()
        return {}

    def _set(self, message: gdproto.Manage, uid: int) -> Done:
        change = max(1, message.count) - self._supervisor.target
        return self._add(change) if change > 0 else self._remove(-change)

    def _add(self, count: int) -> Done:
        bound = self._supervisor.config.max_workers
        if self._supervisor.target + count > bound:
            reason = f"{self._supervisor.target + count} workers are more than max-workers, {bound}"
            raise DirtyProtocolError(reason, code="invalid_field_value", path="count")
        spawned = self._supervisor.add(count)
        if spawned == count:
            return {"spawned": spawned}
        reason = self._supervisor.lack or "every app has as many workers as it may"
        return {"spawned": spawned, "reason": reason}

    def _remove(self, count: int) -> Done:
        removed = self._supervisor.remove(count)
        if removed == count:
            return {"removed": removed}
        return {"removed": removed, "reason": "every app keeps at least one worker"}

    # --- what is done ---

    def _list(self, message: gdproto.Manage, uid: int) -> Done:
        waiting = list(islice(self._calls.waiting(), MOST_WAITING))
        found = sorted([*self._calls.running.values(), *waiting], key=lambda call: call.arrived_s)
        now_s = self._clock()
        return {
            "calls": [call_status(call, self._calls, now_s) for call in found],
            "left_out": self._calls.waiting_count - len(waiting),
        }

    async def _tell_stacks(self, message: gdproto.Manage, uid: int) -> Done:
        workers = list(self._supervisor.workers.values())
        if message.slot is not None:
            workers = [self._in_slot(message.slot)]
        loop = asyncio.get_running_loop()
        asked = [(worker, loop.create_future()) for worker in workers]
        for worker, told in asked:
            worker.process.ask_stacks(partial(_answer, told))
        return {"stacks": [self._stacks(worker, await told) for worker, told in asked]}

    def _stacks(self, worker: Worker, stacks: Stacks) -> WorkerStacks:
        now_s = self._clock()
        return {
            "slot": worker.slot,
            "worker": worker.pid,
            "threads": stacks.threads,
            "tasks": stacks.tasks,
            "running": [
                call_status(call, self._calls, now_s) for call in self._calls.on(worker.places)
            ],
        }

    def _kill(self, message: gdproto.Manage, uid: int) -> Done:
        worker, call = self._named(message)
        reason = f"user {uid} killed it"
        if call is not None:
            self._ends.end_call(call, reason)
        elif worker is not None:
            self._ends.end_worker(worker, reason)
        return _of(worker)

    def _recycle(self, message: gdproto.Manage, uid: int) -> Done:
        worker, _ = self._named(message)
        if worker is None:
            raise _absent("call", f"call {message.call} waits, no worker runs it")
        self._supervisor.recycle(worker, f"user {uid} wants it", Cause.OPERATOR)
        return _of(worker)

    def _named(self, message: gdproto.Manage) -> tuple[Worker | None, CallOf | None]:
        """The worker and the call that the message names; no worker for a call that waits."""
        if (message.slot is None) == (message.call is None):
            raise _absent("slot", "name a slot or a call")
        if message.slot is not None:
            return self._in_slot(message.slot), None
        call = next((one for one in self._calls if one.number == message.call), None)
        if call is None:
            raise _absent("call", f"there is no call {message.call}")
        if call.lane is None:
            return None, call
        return self._supervisor.workers[call.lane.worker.age], call

    def _in_slot(self, number: int) -> Worker:
        slot = self._supervisor.slots.get(number)
        worker = slot and (slot.worker or slot.candidate)
        if not worker:
            raise _absent("slot", f"there is no worker in slot {number}")
        return worker


def _of(worker: Worker | None) -> Done:
    return {"slot": worker.slot, "worker": worker.pid} if worker is not None else {}


def _absent(path: str, reason: str) -> DirtyError:
    return DirtyProtocolError(reason, code="invalid_field_value", path=path)


def _answer(told: asyncio.Future[Stacks], stacks: Stacks) -> None:
    """Hand on what was asked for, unless who asked waits no more."""
    if not told.done():
        told.set_result(stacks)


def _told(message: gdproto.Manage) -> str:
    """What the message says beside its operation."""
    for name in ("slot", "call"):
        if getattr(message, name) is not None:
            return f", {name} {getattr(message, name)}"
    return f", count {message.count}"
