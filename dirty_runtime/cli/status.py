"""``dirty status``: how the arbiter is, once, again and again, or when it is as it should be."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext, suppress
from functools import partial
from typing import Any

import click
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from ..client import DirtyClient
from ..errors import DirtyConnectionError, DirtyError
from ..settings import DRAINING
from .options import client_at, failure, print_json, socket_option, timeout_option

POLL_S = 0.05
WATCH_S = 1.0

State = dict[str, Any]


@click.command()
@socket_option
@click.option("--json", "as_json", is_flag=True, help="Print the STATUS result as JSON.")
@click.option(
    "--wait",
    "wait_s",
    type=float,
    metavar="SECONDS",
    help="Wait so long for the arbiter to come and for every worker to be ready.",
)
@click.option("--watch", is_flag=True, help="Show it again every second, until Ctrl-C.")
@timeout_option
def status(
    socket_path: str | None, as_json: bool, wait_s: float | None, watch: bool, timeout: float
) -> None:
    """Show workers and queues. Of an arbiter that drains, show what it waits for."""
    client = client_at(socket_path, timeout)
    try:
        if wait_s is None:
            client, state = _look(client)
        else:
            state = wait(client, wait_s, is_ready, not_ready, comes=True)
        if watch:
            _watch(client, state)
    except DirtyError as error:
        raise failure(error) from None
    if as_json:
        print_json(state)
    elif not watch:
        Console(highlight=False).print(draw_status(state))


def _look(client: DirtyClient) -> tuple[DirtyClient, State]:
    """The arbiter's state, or that of one that drains where nobody serves. Raises DirtyError."""
    try:
        return client, client.status()
    except DirtyConnectionError:
        draining = DirtyClient(client.socket_path + DRAINING, client.timeout)
        with suppress(DirtyConnectionError):
            return draining, draining.status()
        raise


def _watch(client: DirtyClient, state: dict[str, Any]) -> None:
    """Keep the status on the screen, or print it again where nothing can be drawn over.

    Ends with Ctrl-C. Raises DirtyError.
    """
    console = Console(highlight=False)
    live = Live(console=console, auto_refresh=False)
    drawn_over = console.is_terminal and not console.is_dumb_terminal
    show = partial(live.update, refresh=True) if drawn_over else console.print
    with live if drawn_over else nullcontext(), suppress(KeyboardInterrupt):
        while True:
            show(draw_status(state))
            time.sleep(WATCH_S)
            state = client.status()


def wait(
    client: DirtyClient,
    wait_s: float,
    is_done: Callable[[State], bool],
    lacking: Callable[[State, float], str],
    comes: bool = False,
) -> State:
    """The arbiter's state once it is as it should be.

    Args:
        lacking: what is not so, after `wait_s` seconds.
        comes: whether the arbiter may be still to come.

    Raises:
        DirtyError: it takes too long, or will not be.
    """
    due_s = time.monotonic() + wait_s
    while True:
        try:
            state = client.status()
            if is_done(state):
                return state
            failure = DirtyError(lacking(state, wait_s))
        except DirtyConnectionError as error:
            if not comes:
                raise
            failure = error
        if time.monotonic() >= due_s:
            raise failure
        time.sleep(POLL_S)


def is_ready(state: State) -> bool:
    """Whether all the workers that there should be are ready."""
    booted = sum(1 for worker in state["workers"] if worker["booted"])
    return booted >= max(1, _wanted(state))


def _wanted(state: State) -> int:
    wanted: int = state["target_workers" if "target_workers" in state else "worker_count"]
    return wanted


def not_ready(state: State, wait_s: float) -> str:
    booted = sum(1 for worker in state["workers"] if worker["booted"])
    reasons = [*state.get("down", {}).values(), state.get("last_boot_error")]
    why = f": {reasons[0]}" if reasons[0] else ""
    return f"{booted} of {_wanted(state)} workers were ready after {wait_s:g} s{why}"


def draw_status(state: State) -> Group:
    """What `dirty status` shows of a STATUS result, ours or gunicorn's."""
    heading = f"[bold]arbiter {state['arbiter_pid']}[/]"
    if "protocol" in state:
        heading += f"  {state['protocol']}, version {state['version']}, up {state['uptime']:.0f} s"
        heading += f", {state['clients']} clients, {state['restarts']} restarts"
    parts: list[RenderableType] = [heading, count_workers(state)]
    if draining := state.get("draining"):
        calls = f"{draining['running']} running, {draining['waiting']} waiting"
        text = f"draining: {calls}, stopped in {draining['left']:.0f} s at the latest"
        parts.append(f"[yellow]{text}[/]")
    if state.get("reloading"):
        parts.append("[yellow]reloading[/]")
    parts += ["", _draw_workers(state), "", _draw_apps(state)]
    if error := state.get("last_boot_error"):
        parts += ["", f"last boot error: [red]{escape(error)}[/]"]
    return Group(*parts)


def count_workers(state: State) -> str:
    """How many workers are wanted, where that is told, and how many there are in each state."""
    wanted = {"wanted": state["target_workers"]} if "target_workers" in state else {}
    counts = Counter({"ready": 0})
    counts.update(_state_of(worker) for worker in state["workers"])
    words = [f"{count} {name}" for name, count in (wanted | counts).items()]
    return f"workers: {', '.join(words)}"


def _state_of(worker: dict[str, Any]) -> str:
    return str(worker.get("state", "ready" if worker["booted"] else "booting"))


def _draw_workers(state: dict[str, Any]) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    for name in ("slot", "pid", "state", "busy", "heard", "apps"):
        table.add_column(name, justify="left" if name in ("state", "apps") else "right")
    for worker in state["workers"]:
        ready = worker["booted"]
        busy = f"{worker['busy']} of {worker['lanes']}" if "busy" in worker else "-"
        table.add_row(
            str(worker.get("slot", "-")),
            str(worker["pid"]),
            f"[{'green' if ready else 'yellow'}]{_state_of(worker)}[/]",
            busy,
            f"{worker['last_heartbeat']:.1f} s ago",
            ", ".join(worker["apps"]),
        )
    return table


def _draw_apps(state: dict[str, Any]) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("app")
    table.add_column("workers", justify="right")
    table.add_column("waiting", justify="right")
    table.add_column("for", justify="right")
    table.add_column("down because")
    for app in state["apps"]:
        serving = sum(
            1 for worker in state["workers"] if worker["booted"] and app in worker["apps"]
        )
        reason = f"[red]{escape(state.get('down', {}).get(app, ''))}[/]"
        waiting = str(state.get("queues", {}).get(app, "-"))
        waited = f"{state['waits'][app]:.1f} s" if "waits" in state else "-"
        table.add_row(app, str(serving), waiting, waited, reason)
    return table
