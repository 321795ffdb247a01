"""``dirty scale``, ``dirty reload`` and ``dirty upgrade``."""

from __future__ import annotations

import os
import re
import signal
from typing import Any

import click

from gdproto import ManageOp

from ..client.readiness import count_workers, is_ready, not_ready, wait
from ..errors import DirtyError
from ..printable import printable, shown
from .failing import failure, usage
from .options import TAKES_NUMBERS, client_at, socket_option, takes_seconds, timeout_option

_SCALE_OPS = {"+": ManageOp.ADD, "-": ManageOp.REMOVE, "": ManageOp.SET}

wait_option = click.option(
    "--wait",
    "wait_s",
    type=takes_seconds("--wait", 0),
    metavar="SECONDS",
    help="Wait so long for the workers to serve, and fail if they do not.",
)


@click.command(context_settings=TAKES_NUMBERS, short_help="Have more workers, or fewer.")
@click.argument("change", metavar="+N|-N|N")
@wait_option
@socket_option
@timeout_option
def scale(change: str, wait_s: float | None, socket_path: str | None, timeout: float) -> None:
    """Add N workers, remove N, or have N; fails when less than that is done."""
    parts = re.fullmatch(r"([+-]?)([1-9][0-9]{0,8})", change)
    if parts is None:
        raise usage(f"{shown(change)} is none of +N, -N and N, with N above 0")
    try:
        with client_at(socket_path, timeout) as client:
            answer = client.manage(_SCALE_OPS[parts[1]], int(parts[2]))
            did = f"{_scaled(answer)}; workers: {answer['target_workers']} wanted"
            if "reason" in answer:
                raise click.ClickException(printable(did))
            if wait_s is not None:
                state = wait(client, wait_s, is_ready, not_ready)
                did = f"{_scaled(answer)}; {count_workers(state)}"
    except DirtyError as error:
        raise failure(error) from None
    click.echo(printable(did))


def _scaled(answer: dict[str, Any]) -> str:
    """What was done of what was asked, and why that is less."""
    added, removed = answer.get("spawned", 0), answer.get("removed", 0)
    asked = answer["requested"]
    if answer["operation"] == "set":
        asked = abs(asked - (answer["target_workers"] - added + removed))
    did = f"removed {removed}" if "removed" in answer else f"added {added}"
    return f"{did} of {asked}: {answer['reason']}" if "reason" in answer else did


@click.command(short_help="Replace the workers by ones with new code.")
@wait_option
@socket_option
@timeout_option
def reload(wait_s: float | None, socket_path: str | None, timeout: float) -> None:
    """Replace the workers, one after the other, by ones with new code."""
    try:
        with client_at(socket_path, timeout) as client:
            answer = client.manage(ManageOp.RELOAD)
            did = f"reload begun; workers: {answer['target_workers']} wanted"
            if wait_s is not None:
                state = wait(client, wait_s, _is_reloaded, _not_reloaded)
                did = f"reloaded; {count_workers(state)}"
    except DirtyError as error:
        raise failure(error) from None
    click.echo(printable(did))


def _is_reloaded(state: dict[str, Any]) -> bool:
    """Whether the reload is done, and none of the new workers is missing, as one that died since.

    Raises:
        DirtyError: it failed, or is not told of.
    """
    if state.get("draining"):
        raise DirtyError("the arbiter is stopping")
    if failure := state.get("reload_failure"):
        raise DirtyError(f"no reload, what served goes on: {failure}")
    if "reloading" not in state:
        raise DirtyError("this arbiter does not tell when a reload is done")
    return not state["reloading"] and is_ready(state)


def _not_reloaded(state: dict[str, Any], wait_s: float) -> str:
    if not state["reloading"]:
        return f"reloaded, but {not_ready(state, wait_s)}"
    return f"the reload was not done after {wait_s:g} s; {count_workers(state)}"


@click.command(short_help="Replace the arbiter itself, without a failed call.")
@wait_option
@socket_option
@timeout_option
def upgrade(wait_s: float | None, socket_path: str | None, timeout: float) -> None:
    """Have the arbiter started anew, by the words that started it, and follow when it is ready.

    New code, new settings and a new Python where the path leads to one. What does not come to serve
    leaves the old one serving. By USR2, so for the arbiter's own user and root alone.
    """
    try:
        with client_at(socket_path, timeout) as client:
            state = client.status()
            old = _signalled(state)
            did = f"arbiter {old} is to be followed"
            if wait_s is not None:
                state = wait(client, wait_s, lambda state: _has_followed(state, old), _not_followed)
                did = f"arbiter {state['arbiter_pid']} follows; {count_workers(state)}"
    except DirtyError as error:
        raise failure(error) from None
    click.echo(printable(did))


def _signalled(state: dict[str, Any]) -> int:
    """The process that was told to be followed. Raises DirtyError."""
    if "upgrading" not in state:
        raise DirtyError("this arbiter cannot be followed by another")
    pid: int = state["arbiter_pid"]
    try:
        os.kill(pid, signal.SIGUSR2)
    except OSError as error:
        raise DirtyError(f"arbiter {pid} cannot be told: {error.strerror}") from None
    return pid


def _has_followed(state: dict[str, Any], old: int) -> bool:
    """Whether another serves. Raises DirtyError when the next one failed."""
    if reason := state.get("upgrade_failure"):
        raise DirtyError(f"no successor, arbiter {old} serves on: {reason}")
    return bool(state["arbiter_pid"] != old and not state["draining"])


def _not_followed(state: dict[str, Any], wait_s: float) -> str:
    return f"no other arbiter served after {wait_s:g} s; {count_workers(state)}"
