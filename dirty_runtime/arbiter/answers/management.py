"""What the arbiter answers to MANAGE: more workers, fewer, so many, or new ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gdproto
from gdproto import ManageOp

from ...errors import DirtyProtocolError
from ..workers.supervisor import Supervisor

NAMES = {
    ManageOp.ADD: "add",
    ManageOp.REMOVE: "remove",
    ManageOp.RELOAD: "reload",
    ManageOp.SET: "set",
}


def manage(
    supervisor: Supervisor, message: gdproto.Manage, reload: Callable[[], None]
) -> dict[str, Any]:
    """Do what `message` asks; answered when the processes are started, not when they are ready.

    Args:
        reload: starts a reload.

    Returns:
        `success`, `operation`, `requested`, `spawned` or `removed`, a `reason` where less was
        done than asked, `total_workers`, `target_workers`.

    Raises:
        DirtyProtocolError: invalid_field_value, the count is above the bound.
    """
    op = ManageOp(message.op)
    count = max(1, message.count)
    answer: dict[str, Any] = {"success": True, "operation": NAMES[op], "requested": count}
    if op is ManageOp.RELOAD:
        reload()
    elif op is ManageOp.ADD:
        answer |= _add(supervisor, count)
    elif op is ManageOp.REMOVE:
        answer |= _remove(supervisor, count)
    else:
        change = count - len(supervisor.slots)
        answer |= _add(supervisor, change) if change > 0 else _remove(supervisor, -change)
    total = len(supervisor.workers)
    return answer | {"total_workers": total, "target_workers": len(supervisor.slots)}


def _add(supervisor: Supervisor, count: int) -> dict[str, Any]:
    bound = supervisor.config.max_workers
    if len(supervisor.slots) + count > bound:
        reason = f"{len(supervisor.slots) + count} workers are more than max-workers, {bound}"
        raise DirtyProtocolError(reason, code="invalid_field_value", path="count")
    spawned = supervisor.add(count)
    short = {} if spawned == count else {"reason": "every app has as many workers as it may"}
    return {"spawned": spawned, **short}


def _remove(supervisor: Supervisor, count: int) -> dict[str, Any]:
    removed = supervisor.remove(count)
    short = {} if removed == count else {"reason": "every app keeps at least one worker"}
    return {"removed": removed, **short}
