"""What is done, and its end: ``dirty calls``, ``dirty stacks``, ``dirty kill``, ``dirty recycle``.

Rules: a worker is named by its slot, as in ``dirty status``, a call as ``dirty calls`` lists it, by
`c` and its number. What draws is loaded when something is to be drawn.
"""

from __future__ import annotations

import re
from contextlib import closing
from typing import Any

import click

from gdproto import ManageOp

from ..client.draining import look
from ..errors import DirtyConnectionError, DirtyError
from ..printable import printable, shown
from .failing import failure, usage
from .options import client_at, socket_option, timeout_option
from .values import print_json

json_option = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")


def managed(
    socket_path: str | None,
    timeout_s: float,
    op: ManageOp,
    slot: int | None = None,
    call: int | None = None,
) -> dict[str, Any]:
    """What MANAGE answers, of an arbiter that drains where nobody serves. Raises ClickException."""
    try:
        with closing(client_at(socket_path, timeout_s)) as client:
            try:
                return client.manage(op, slot=slot, call=call)
            except DirtyConnectionError:
                # One that drains starts nothing.
                if op == ManageOp.RECYCLE:
                    raise
                with closing(look(client)[0]) as draining:
                    return draining.manage(op, slot=slot, call=call)
    except DirtyError as error:
        raise failure(error) from None


@click.command(short_help="List the calls that run and wait.")
@json_option
@socket_option
@timeout_option
def calls(as_json: bool, socket_path: str | None, timeout: float) -> None:
    """List the calls that run and those that wait, the oldest first: who calls what since when."""
    answer = managed(socket_path, timeout, ManageOp.CALLS)
    if as_json:
        print_json({"calls": answer["calls"], "left_out": answer.get("left_out", 0)})
    else:
        from .drawing import show_calls

        show_calls(answer)


@click.command(short_help="Show where the threads and tasks of workers are.")
@click.argument("slot", type=click.IntRange(0), required=False)
@json_option
@socket_option
@timeout_option
def stacks(slot: int | None, as_json: bool, socket_path: str | None, timeout: float) -> None:
    """Show where the threads and tasks of the worker in SLOT are, or of all workers.

    A worker is not stopped for it, and tells it too while C code holds its interpreter.
    """
    found = managed(socket_path, timeout, ManageOp.STACKS, slot=slot)["stacks"]
    if as_json:
        print_json(found)
        return
    for one in found:
        for line in stack_lines(one):
            click.echo(printable(line))


def stack_lines(found: dict[str, Any]) -> list[str]:
    """One worker's stacks, as lines."""
    ran = ", ".join(f"c{call['call']} {call['app']} {call['action']}" for call in found["running"])
    # A call that was given up may still be there: of that the threads tell alone.
    ran = ran or "nothing that anybody waits for"
    lines = [f"worker {found['worker']} (slot {found['slot']}) runs {ran}"]
    lines += (found["threads"] or "It does not tell where its threads are.").splitlines()
    tasks = found.get("tasks")
    if found["threads"] and tasks is None:
        tasks = "Its tasks are not known: its interpreter, or its event loop, did not answer."
    return [*lines, *((tasks or "").splitlines()), ""]


def _named(word: str) -> dict[str, int]:
    """The slot or the call that the word names. Raises ClickException."""
    parts = re.fullmatch(r"(c?)([0-9]{1,18})", word)
    if parts is None:
        told = f"{shown(word)} is neither a worker's slot, as 0, nor a call, as c1 of `dirty calls`"
        raise usage(told)
    return {"call" if parts[1] else "slot": int(parts[2])}


@click.command(short_help="End a worker or a call now.")
@click.argument("which", metavar="SLOT|CALL")
@socket_option
@timeout_option
def kill(which: str, socket_path: str | None, timeout: float) -> None:
    """Kill the worker in SLOT, or end CALL; callers are told. A successor is started at once.

    A call that runs ends with its worker, whose other calls get the graceful timeout.
    """
    answer = managed(socket_path, timeout, ManageOp.KILL, **_named(which))
    click.echo(f"killed {which}: {_done_to(answer)}")


@click.command(short_help="Replace a worker without failing a call.")
@click.argument("which", metavar="SLOT|CALL")
@socket_option
@timeout_option
def recycle(which: str, socket_path: str | None, timeout: float) -> None:
    """Replace the worker in SLOT, or that of CALL, as soon as its successor is ready."""
    answer = managed(socket_path, timeout, ManageOp.RECYCLE, **_named(which))
    click.echo(f"recycling {which}: {_done_to(answer)}")


def _done_to(answer: dict[str, Any]) -> str:
    if "worker" not in answer:
        return "it had no worker yet"
    return f"worker {answer['worker']} (slot {answer['slot']})"
