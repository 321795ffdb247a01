"""What an arbiter tells of its workers, how it changes them, and what becomes of calls whose worker
dies."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gdproto
from gdproto import ManageOp, StashOp

from ..expectations import Expected, as_declared, error, fault, response
from ..script import BOOK, Unsupported
from ..stages import ArbiterStage, socket_mode
from ..wire import Mismatch, Wire

SHORT_S = 0.1
BOOT_SLACK_S = 20.0
MANY = 300
# More than lies between a worker and a caller who does not read.
LARGE_BYTES = 32 * 1024 * 1024
DEATHS = 5
HOLD_S = 0.6
# Of parts that are no numbers of a computer, as thirds.
ROUNDING = 1e-6


def dict_with(text: str, **holds: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Whether a result is a dict that has these keys, each with what it may be."""

    def judge(result: Any) -> bool:
        return isinstance(result, dict) and all(
            key in result and hold(result[key]) for key, hold in holds.items()
        )

    judge.__doc__ = f"a dict with {text or ', '.join(holds)}"
    return judge


def is_number(value: Any) -> bool:
    return type(value) in (int, float)


def is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


# --- what it tells ---

is_status = as_declared("StatusAnswer")


@BOOK.script("arbiter-status", "GD-MSG-026 GD-MSG-043 GD-EXCH-002")
def status(stage: ArbiterStage) -> None:
    """Asks for the state: the fields, and those of each worker."""
    wire = stage.connect()
    wire.send(gdproto.Status(1))
    answer = wire.expect(response(1, is_status))
    assert isinstance(answer, gdproto.Response)
    if stage.terms.app not in answer.result["apps"]:
        raise Mismatch(f"{stage.terms.app} among the apps", str(answer.result["apps"]))
    if len(answer.result["workers"]) != answer.result["worker_count"]:
        raise Mismatch("as many workers as worker_count", str(answer.result["worker_count"]))


@BOOK.script("arbiter-status-extensions", "GD-MSG-027 GD-EXT-002")
def status_extensions(stage: ArbiterStage) -> None:
    """Asks for the state: it lists the extensions, be they none."""
    wire = stage.connect()
    wire.send(gdproto.Status(1))
    wire.expect(response(1, dict_with("", extensions=is_texts)))


@BOOK.script("arbiter-status-memory", "GD-MSG-058")
def status_memory(stage: ArbiterStage) -> None:
    """Asks for the state: a worker's share lies between what is its own and all that it has."""
    for worker in _told_state(stage)["workers"]:
        own, shared, pss = (worker.get(f"{name}_bytes") for name in ("private", "shared", "pss"))
        if None not in (own, shared, pss) and not own <= pss <= own + shared:
            raise Mismatch(f"pss_bytes from {own} to {own + shared}", str(pss))


@BOOK.script("arbiter-status-resources", "GD-MSG-059 GD-MSG-073")
def status_resources(stage: ArbiterStage) -> None:
    """Asks for the state: ids that workers have are listed, and none is given more than once."""
    state = _told_state(stage)
    parts: dict[tuple[str, str], dict[int, float]] = {}
    for worker in state["workers"]:
        for name, ids in worker.get("resources", {}).items():
            for one, part in ids.items():
                if one not in state.get("resources", {}).get(name, {}):
                    raise Mismatch(f"{name} {one}, which a worker has, in resources", "it is not")
                slots = parts.setdefault((name, one), {})
                slot = worker.get("slot", 0)
                slots[slot] = max(part, slots.get(slot, 0))
    for (name, one), slots in parts.items():
        if sum(slots.values()) > 1 + ROUNDING:
            raise Mismatch(f"{name} {one} given once", f"slots have {slots} of it")


def _told_state(stage: ArbiterStage) -> dict[str, Any]:
    wire = stage.connect()
    wire.send(gdproto.Status(1))
    answer = wire.expect(response(1, is_status))
    assert isinstance(answer, gdproto.Response)
    state: dict[str, Any] = answer.result
    return state


@BOOK.script("arbiter-socket-mode", "GD-SEC-001")
def socket_file(stage: ArbiterStage) -> None:
    """Looks at the socket's file: no other user may open it."""
    mode = socket_mode(stage.socket_path)
    if mode & 0o022:
        raise Mismatch("a socket that only its user can open", f"mode {mode:o}")


@BOOK.script("arbiter-worker-environment", "GD-ROLE-008")
def worker_environment(stage: ArbiterStage) -> None:
    """Has the app tell how its worker was started."""
    lanes, apps = (stage.ask("environment", f"GD_WORKER_{name}") for name in ("FDS", "APPS"))
    if not lanes or not all(part.isdigit() for part in lanes.split(",")):
        raise Mismatch("numbers in GD_WORKER_FDS", repr(lanes))
    try:
        told = json.loads(apps or "null")
    except ValueError:
        told = None
    if not isinstance(told, list) or stage.terms.app not in told:
        raise Mismatch("a JSON list with the app in GD_WORKER_APPS", repr(apps))


# --- manage ---


def manages(op: str, did: str = "") -> Callable[[Any], bool]:
    is_answer = as_declared("ManageAnswer")

    def judge(result: Any) -> bool:
        return (
            is_answer(result)
            and result["success"] is True
            and result["operation"] == op
            and (not did or did in result)
        )

    judge.__doc__ = f"a ManageAnswer as declared, to {op}{' with ' * bool(did)}{did}"
    return judge


def manage(wire: Wire, op: ManageOp, count: int, wanted: Expected) -> dict[str, Any]:
    wire.send(gdproto.Manage(1, op, count))
    answer = wire.expect(wanted)
    if not isinstance(answer, gdproto.Response):
        return {}
    result: dict[str, Any] = answer.result
    return result


def check(result: dict[str, Any], key: str, wanted: Any) -> None:
    if result[key] != wanted:
        raise Mismatch(f"{key} to be {wanted!r}", repr(result[key]))


@BOOK.script("arbiter-manage", "GD-MSG-032 GD-MSG-031 GD-MSG-043 GD-EXCH-002", alone=True)
def manage_workers(stage: ArbiterStage) -> None:
    """Adds a worker and removes it again; then tries to remove the last one."""
    wire = stage.connect()
    added = manage(wire, ManageOp.ADD, 1, response(1, manages("add", "spawned")))
    check(added, "spawned", 1)
    check(added, "target_workers", 2)
    removed = manage(wire, ManageOp.REMOVE, 1, response(1, manages("remove", "removed")))
    check(removed, "removed", 1)
    left = manage(wire, ManageOp.REMOVE, 5, response(1, manages("remove", "removed")))
    check(left, "removed", 0)
    check(left, "target_workers", 1)
    settle(stage)


@BOOK.script("arbiter-manage-count", "GD-MSG-029", alone=True)
def manage_count(stage: ArbiterStage) -> None:
    """Asks for no worker and for a negative number of them: that is taken for one."""
    wire = stage.connect()
    added = manage(wire, ManageOp.ADD, 0, response(1, manages("add", "spawned")))
    check(added, "spawned", 1)
    removed = manage(wire, ManageOp.REMOVE, -5, response(1, manages("remove", "removed")))
    check(removed, "removed", 1)
    settle(stage)


@BOOK.script("arbiter-manage-bound", "GD-MSG-030", alone=True)
def manage_bound(stage: ArbiterStage) -> None:
    """Asks for more workers than any machine can have."""
    wire = stage.connect()
    manage(wire, ManageOp.SET, 2**62, fault(1, "invalid_field_value"))
    manage(wire, ManageOp.ADD, 2**62, fault(1, "invalid_field_value"))


@BOOK.script("arbiter-manage-set", "GD-MSG-032", alone=True)
def manage_set(stage: ArbiterStage) -> None:
    """Asks for one worker, which is what there is."""
    result = manage(stage.connect(), ManageOp.SET, 1, response(1, manages("set")))
    check(result, "target_workers", 1)


@BOOK.script("arbiter-manage-reload", "GD-MSG-032", alone=True)
def manage_reload(stage: ArbiterStage) -> None:
    """Has the workers replaced, and calls meanwhile."""
    before = pids(stage)
    manage(stage.connect(), ManageOp.RELOAD, 1, response(1, manages("reload")))
    due_s = time.monotonic() + BOOT_SLACK_S
    while pids(stage) & before or not pids(stage):
        if stage.ask("add", 1, 1) != 2 or time.monotonic() > due_s:
            raise Mismatch("new workers", f"{pids(stage)} after {before}")
        time.sleep(0.05)
    settle(stage)


def look(
    wire: Wire, op: ManageOp, wanted: Expected, slot: int | None = None, call: int | None = None
) -> dict[str, Any]:
    """What MANAGE answers to an operation that may name a worker or a call."""
    wire.send(gdproto.Manage(9, op, 1, slot, call))
    answer = wire.expect(wanted)
    result: dict[str, Any] = answer.result if isinstance(answer, gdproto.Response) else {}
    return result


def held(stage: ArbiterStage) -> tuple[Wire, Wire, list[dict[str, Any]]]:
    """Who holds the worker, whose call waits behind that, and both calls as they are listed."""
    running, waiting, asks = stage.connect(), stage.connect(), stage.connect()
    running.send(stage.request(1, "sleep", HOLD_S))
    stage.status()
    waiting.send(stage.request(2, "add", 1, 1))
    stage.status()
    calls = look(asks, ManageOp.CALLS, response(9, manages("calls", "calls")))["calls"]
    return running, waiting, calls


@BOOK.script("arbiter-manage-calls", "GD-MSG-050 GD-MSG-032", alone=True)
def manage_calls(stage: ArbiterStage) -> None:
    """Lists the calls while one runs and one waits: each is there, the older one first."""
    running, waiting, calls = held(stage)
    told = [(call["action"], call.get("ran") is not None) for call in calls]
    if told != [("sleep", True), ("add", False)]:
        raise Mismatch("a `sleep` that runs and an `add` that waits", repr(told))
    running.expect(response(1), within_s=HOLD_S + stage.terms.limit_s)
    waiting.expect(response(2, 2))


@BOOK.script("arbiter-manage-stacks", "GD-MSG-051", alone=True)
def manage_stacks(stage: ArbiterStage) -> None:
    """Asks for the stacks of all workers, and of one by its slot."""
    settle(stage)
    wire = stage.connect()
    told = look(wire, ManageOp.STACKS, response(9, manages("stacks", "stacks")))["stacks"]
    if {one["worker"] for one in told} != pids(stage):
        raise Mismatch(f"the stacks of {pids(stage)}", repr(told))
    one = look(wire, ManageOp.STACKS, response(9, manages("stacks", "stacks")), told[0]["slot"])
    if [one["worker"] for one in one["stacks"]] != [told[0]["worker"]]:
        raise Mismatch(f"the stacks of slot {told[0]['slot']}", repr(one))


@BOOK.script("arbiter-manage-nobody", "GD-MSG-052", alone=True)
def manage_nobody(stage: ArbiterStage) -> None:
    """Kills and recycles what is not there, or nothing, or two things at once: each is refused."""
    wire = stage.connect()
    for op in (ManageOp.KILL, ManageOp.RECYCLE):
        look(wire, op, fault(9, "invalid_field_value", path="slot"))
        look(wire, op, fault(9, "invalid_field_value", path="slot"), 0, 1)
        look(wire, op, fault(9, "invalid_field_value", path="slot"), 2**62)
        look(wire, op, fault(9, "invalid_field_value", path="call"), call=2**62)
    look(wire, ManageOp.STACKS, fault(9, "invalid_field_value", path="slot"), 2**62)


@BOOK.script("arbiter-manage-kill", "GD-MSG-053", alone=True)
def manage_kill(stage: ArbiterStage) -> None:
    """Kills a call that waits, then the one that runs: each is told so, and a new worker comes."""
    before = pids(stage)
    running, waiting, calls = held(stage)
    wire = stage.connect()
    look(wire, ManageOp.KILL, response(9, manages("kill")), call=calls[1]["call"])
    waiting.expect(error(2, "DirtyCancelledError"))
    look(wire, ManageOp.KILL, response(9, manages("kill")), call=calls[0]["call"])
    running.expect(error(1, "DirtyWorkerError"))
    settle(stage)
    if pids(stage) & before:
        raise Mismatch("a new worker", str(before))


@BOOK.script("arbiter-manage-kill-slot", "GD-MSG-053", alone=True)
def manage_kill_slot(stage: ArbiterStage) -> None:
    """Kills the worker by its slot: what it runs is told so, and what waits gets its successor."""
    running, waiting, calls = held(stage)
    look(stage.connect(), ManageOp.KILL, response(9, manages("kill")), calls[0]["slot"])
    running.expect(error(1, "DirtyWorkerError"))
    waiting.expect(response(2, 2), within_s=BOOT_SLACK_S)


@BOOK.script("arbiter-manage-recycle", "GD-MSG-054", alone=True)
def manage_recycle(stage: ArbiterStage) -> None:
    """Recycles the worker while it runs a call: that is answered, and then there is another one."""
    before = pids(stage)
    running, waiting, calls = held(stage)
    wire = stage.connect()
    look(wire, ManageOp.RECYCLE, response(9, manages("recycle")), call=calls[0]["call"])
    running.expect(response(1), within_s=HOLD_S + stage.terms.limit_s)
    waiting.expect(response(2, 2))
    due_s = time.monotonic() + BOOT_SLACK_S
    while pids(stage) & before:
        if time.monotonic() > due_s:
            raise Mismatch("a new worker", str(before))
        time.sleep(0.05)
    settle(stage)


def pids(stage: ArbiterStage) -> set[int]:
    """The workers."""
    return {worker["pid"] for worker in stage.status()["workers"]}


def settle(stage: ArbiterStage) -> None:
    """Wait until there is one worker, and it answers: for the scripts that follow."""
    due_s = time.monotonic() + BOOT_SLACK_S
    while len(pids(stage)) != 1 or not answers(stage):
        if time.monotonic() > due_s:
            raise Mismatch("one worker that answers", str(pids(stage)))
        time.sleep(0.05)


def answers(stage: ArbiterStage) -> bool:
    """Whether a call goes well."""
    try:
        return bool(stage.ask("add", 1, 1) == 2)
    except Mismatch:
        return False


# --- too much, and death ---


@BOOK.script("arbiter-overload", "GD-ROLE-006", alone=True)
def overload(stage: ArbiterStage) -> None:
    """Sends many calls while the worker is held: those beyond the queue are refused."""
    holder, wire = stage.connect(), stage.connect()
    holder.send(stage.request(1, "sleep", HOLD_S))
    wire.send(*(stage.request(number, "add", number, 1) for number in range(1, MANY + 1)))
    refused = 0
    for _ in range(MANY):
        outcome = wire.next_outcome("an answer to each call", stage.terms.limit_s)
        if isinstance(outcome, gdproto.Response):
            continue
        if not isinstance(outcome, gdproto.Error):
            raise Mismatch("a RESPONSE or an ERROR", repr(outcome))
        refused += 1
        retry_after = outcome.details.get("retry_after")
        if outcome.error_type != "DirtyOverloadedError" or not is_number(retry_after):
            raise Mismatch("DirtyOverloadedError with retry_after", repr(outcome))
    if not refused:
        raise Unsupported(f"its queue takes {MANY} calls: give it less room")


def die(stage: ArbiterStage, action: str = "die") -> None:
    """The call whose worker dies is told so, and soon the arbiter has seen its death."""
    before = pids(stage)
    wire = stage.connect()
    wire.send(stage.request(1, action))
    wire.expect(error(1, "DirtyWorkerError", details=("worker_id",)))
    due_s = time.monotonic() + stage.terms.limit_s
    while pids(stage) & before:
        if time.monotonic() > due_s:
            raise Mismatch("workers without the dead one", str(before))
        time.sleep(0.01)


@BOOK.script("arbiter-worker-dies", "GD-ROLE-007 GD-ERR-017", alone=True)
def worker_dies(stage: ArbiterStage) -> None:
    """Calls an action at which the worker dies: DirtyWorkerError, and there is a new one."""
    die(stage)
    settle(stage)


@BOOK.script("arbiter-worker-dies-waiting", "GD-ROLE-007 GD-ROLE-004", alone=True)
def worker_dies_waiting(stage: ArbiterStage) -> None:
    """Has a call wait behind one at which the worker dies: a new worker takes it."""
    first, second = stage.connect(), stage.connect()
    first.send(stage.request(1, "sleep", SHORT_S))
    first.send(stage.request(2, "die"))
    time.sleep(SHORT_S / 2)
    second.send(stage.request(1, "echo", "later"))
    first.expect(response(1))
    first.expect(error(2, "DirtyWorkerError"))
    second.expect(response(1, {"args": ["later"], "kwargs": {}}), within_s=BOOT_SLACK_S)


@BOOK.script("arbiter-source-dies", "GD-FRAME-013", alone=True)
def source_dies(stage: ArbiterStage) -> None:
    """Reads nothing of a large answer until its worker has died: it ends where it stands."""
    whole = gdproto.Response(1, b"x" * LARGE_BYTES).to_bytes()
    # A worker may have sent all of it before its end comes, on a machine that is busy now and then.
    came = next((part for part in torn(stage) if is_begun(part, whole)), None)
    if came is None:
        raise Unsupported("it sends nothing of an answer before all of it is there")
    if not whole.startswith(came):
        raise Mismatch("a part of the answer and a close", f"something else in {len(came)} bytes")


def is_begun(part: bytes, whole: bytes) -> bool:
    """Whether it is less than the whole, and more than nothing."""
    head = whole[: gdproto.HEADER_BYTES]
    return part != whole and len(part) >= len(head) and part.startswith(head)


def torn(stage: ArbiterStage) -> Iterator[bytes]:
    """What comes of an answer whose worker dies when it has begun, each time anew."""
    for _ in range(DEATHS):
        came = answer_of_the_dead(stage)
        settle(stage)
        yield came


def answer_of_the_dead(stage: ArbiterStage) -> bytes:
    """What comes of a large answer of which nothing is read until its worker has died."""
    before = pids(stage)
    wire = stage.connect()
    with tempfile.TemporaryDirectory(prefix="gd-") as directory:
        ends = Path(directory, "ends")
        wire.send(stage.request(1, "blob_and_die", LARGE_BYTES, str(ends)))
        wire.wait("an answer that begins")
        ends.touch()
        due_s = time.monotonic() + BOOT_SLACK_S
        while pids(stage) & before:
            if time.monotonic() > due_s:
                raise Mismatch("workers without the dead one", str(before))
            time.sleep(0.05)
    return wire.next_bytes("the end of an answer, or a close within it")


@BOOK.script("arbiter-boot", "GD-ROLE-003 GD-ROLE-004", alone=True)
def boot(stage: ArbiterStage) -> None:
    """Calls, and uses the stash, while the only worker boots: the stash answers at once."""
    die(stage)
    caller, other = stage.connect(), stage.connect()
    caller.send(stage.request(1, "add", 1, 1))
    other.send(gdproto.Stash(1, StashOp.ENSURE, "conformance-boot"))
    other.expect(response(1, True))
    caller.expect_silence(0, "as the worker boots")
    caller.expect(response(1, 2), within_s=BOOT_SLACK_S)


@BOOK.script("arbiter-boot-deadline", "GD-ROLE-004 GD-MSG-015", alone=True)
def boot_deadline(stage: ArbiterStage) -> None:
    """Calls with little time while the only worker boots: DirtyTimeoutError."""
    die(stage)
    wire = stage.connect()
    wire.send(stage.request(1, "add", 1, 1, timeout=SHORT_S))
    wire.expect(error(1, "DirtyTimeoutError"))
    stage.ask("add", 1, 1, within_s=BOOT_SLACK_S)


@BOOK.script("arbiter-worker-leaves-a-child", "GD-ROLE-018", alone=True)
def worker_leaves_a_child(stage: ArbiterStage) -> None:
    """Has the worker die while a process that it forked holds its lanes."""
    began_s = time.monotonic()
    die(stage, "die_and_leave_a_child")
    took_s = time.monotonic() - began_s
    if took_s > 3:
        raise Mismatch("an ERROR when the worker has died", f"one after {took_s:.1f} s")
    stage.ask("add", 1, 1, within_s=BOOT_SLACK_S)


@BOOK.script("arbiter-worker-is-silent", "GD-ROLE-019", alone=True)
def worker_is_silent(stage: ArbiterStage) -> None:
    """Calls an action that says nothing for longer than a worker may: it is killed."""
    limit_s = stage.terms.worker_timeout_s
    if not limit_s:
        raise Unsupported("its --worker-timeout was not told")
    before = pids(stage)
    wire = stage.connect()
    began_s = time.monotonic()
    wire.send(stage.request(1, "sleep", limit_s * 4))
    wire.expect(error(1, "DirtyTimeoutError"), within_s=limit_s * 2 + 1)
    stage.ask("add", 1, 1, within_s=BOOT_SLACK_S)
    took_s = time.monotonic() - began_s
    if pids(stage) & before or took_s < limit_s * 0.9:
        raise Mismatch(f"a new worker after {limit_s:g} s", f"{before} after {took_s:.1f} s")
