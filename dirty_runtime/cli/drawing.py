"""What ``dirty status`` shows of a STATUS result, ours or gunicorn's.

Rules: what an arbiter says is shown as it is said: it is no markup, no name of a picture and no
order to a terminal.
"""

from __future__ import annotations

import pwd
import time
from contextlib import nullcontext, suppress
from functools import partial

from rich.console import Console, Group, JustifyMethod, RenderableType
from rich.markup import escape
from rich.table import Table

from ..client import DirtyClient
from ..client.draining import look, words
from ..client.readiness import State, count_workers, state_of
from ..errors import DirtyConnectionError, DirtyProtocolError
from ..failure import describe
from ..printable import printable

WATCH_S = 1.0
MOST_ACTIONS = 20
CALL_COLUMNS = ("call", "app", "action", "age", "ran", "worker", "client")
ACTION_COLUMNS = ("app", "action", "calls/s", "runs", "p50", "p95", "p99", "wait", "failed")


def show(state: State) -> None:
    """Print it. Raises DirtyProtocolError."""
    _console().print(draw_status(state))


def watch(client: DirtyClient, state: State) -> None:
    """Keep the status on the screen, or print it again where nothing can be drawn over.

    A successor at the same socket is shown when it answers. Ends with Ctrl-C. Raises DirtyError.
    """
    from rich.live import Live

    console = _console()
    live = Live(console=console, auto_refresh=False)
    drawn_over = console.is_terminal and not console.is_dumb_terminal
    display = partial(live.update, refresh=True) if drawn_over else console.print
    with live if drawn_over else nullcontext(), suppress(KeyboardInterrupt):
        while True:
            display(draw_status(state))
            time.sleep(WATCH_S)
            while (found := _looked(client)) is None:
                display(Group("[yellow]nobody answers; it is tried again[/]", draw_status(state)))
                time.sleep(WATCH_S)
            state = found


def show_calls(answer: State) -> None:
    """Print what MANAGE answers to `calls`."""
    table = draw_calls(answer["calls"])
    left_out = answer.get("left_out", 0)
    _console().print(table, *([f"and {left_out} more that wait"] if left_out else []))


def draw_calls(calls: list[State]) -> Table:
    """The calls, as rows."""
    table = Table(box=None, header_style="dim", pad_edge=False)
    for name in CALL_COLUMNS:
        table.add_column(name, justify="right" if name in ("age", "ran") else "left")
    for call in calls:
        runs = call.get("slot") is not None
        table.add_row(
            f"c{call['call']}",
            _said(call["app"]),
            _said(call["action"]),
            shown_s(call["age"]),
            shown_s(call.get("ran")),
            f"{call['slot']} (pid {call['worker']})" if runs else "[yellow]waits[/]",
            f"pid {call['client_pid']}, {_said(user_name(call['client_user']))}",
        )
    return table


def user_name(uid: int) -> str:
    """The user's name, as far as this machine knows it."""
    with suppress(KeyError):
        return pwd.getpwuid(uid).pw_name
    return f"user {uid}"


def _looked(client: DirtyClient) -> State | None:
    """The state, also of one that drains; None while nobody answers. Raises DirtyError."""
    with suppress(DirtyConnectionError):
        return look(client)[1]
    return None


def _console() -> Console:
    return Console(highlight=False, emoji=False)


def _said(text: object) -> str:
    """What the arbiter said, to stand within markup."""
    return escape(printable(str(text)))


def draw_status(state: State) -> Group:
    """All of it. Raises DirtyProtocolError where it cannot be understood."""
    try:
        return _drawn(state)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        told = f"what the arbiter says of itself is not understood: {describe(error)}"
        raise DirtyProtocolError(told) from None


def _drawn(state: State) -> Group:
    heading = f"[bold]arbiter {state['arbiter_pid']}[/]"
    if "protocol" in state:
        heading += f"  {_said(state['protocol'])}, version {_said(state['version'])}"
        heading += f", up {state['uptime']:.0f} s"
        heading += f", {state['clients']} clients, {state['restarts']} restarts"
    parts: list[RenderableType] = [heading, _said(count_workers(state))]
    if passed := state.get("passed_bytes"):
        parts.append(f"{passed / 2**20:.1f} MiB by reference under way")
    if draining := state.get("draining"):
        parts.append(f"[yellow]draining: {words(draining)}[/]")
    if state.get("reloading"):
        parts.append("[yellow]reloading[/]")
    for number, seconds in state.get("silent", {}).items():
        parts.append(f"[red]arbiter {_said(number)} says nothing for {seconds:.0f} s[/]")
    parts += ["", _draw_workers(state), "", _draw_apps(state)]
    if state.get("actions"):
        parts += ["", _draw_actions(state)]
    if limits := _limits(state):
        parts += ["", *limits]
    if error := state.get("last_boot_error"):
        parts += ["", f"last boot error: [red]{_said(error)}[/]"]
    return Group(*parts)


def _draw_workers(state: State) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    told = [name for name in TOLD_OF_SOME if any(_has(one, name) for one in state["workers"])]
    columns = ("slot", "pid", "state", "busy", "heard", "calls", "errors", "memory", *told, "apps")
    for name in columns:
        side: JustifyMethod = "left" if name in LEFT else "right"
        table.add_column(name, justify=side, no_wrap=name != "apps", overflow="fold")
    for worker in state["workers"]:
        ready = worker["booted"]
        busy = f"{worker['busy']} of {worker['lanes']}" if "busy" in worker else "-"
        heard_s = worker["last_heartbeat"]
        table.add_row(
            _said(worker.get("slot", "-")),
            _said(worker["pid"]),
            f"[{'green' if ready else 'yellow'}]{_said(state_of(worker))}[/]",
            busy,
            "-" if heard_s is None else f"{heard_s:.1f} s ago",
            _said(worker.get("calls", "-")),
            _said(worker.get("errors", "-")),
            _shown_memory(worker),
            *(TOLD_OF_SOME[name](worker) for name in told),
            _said(", ".join(worker["apps"])),
        )
    return table


def _has(worker: State, name: str) -> bool:
    """Whether there is something to be told of the worker in that column."""
    names = ("node", "waits") if name == "place" else (name,)
    return any(worker.get(one) for one in names)


def _shown_memory(worker: State) -> str:
    """What it alone has, and what others have, too."""
    if worker.get("private_bytes") is None:
        return "-"
    private, shared = (worker[f"{name}_bytes"] / 2**20 for name in ("private", "shared"))
    return f"{private:.0f} + {shared:.0f} MiB"


def _shown_template(worker: State) -> str:
    return "-" if worker.get("template") is None else f"pid {_said(worker['template'])}"


def _shown_resources(worker: State) -> str:
    """The ids that it has, and of those that it shares the part."""
    return _said(
        "; ".join(
            f"{name} " + " ".join(one if part == 1 else f"{one} ({part:g})" for one, part in ids)
            for name, parts in worker.get("resources", {}).items()
            if (ids := parts.items())
        )
    )


def _shown_place(worker: State) -> str:
    """Where in a cluster it is, or why nowhere."""
    if reason := worker.get("waits"):
        return f"[yellow]waits: {_said(reason)}[/]"
    if not worker.get("node"):
        return "-"
    return f"node {_said(worker['node'][:12])}, actor {_said(worker['actor'][:12])}"


# Columns that stand in the table where a worker has something there.
TOLD_OF_SOME = {"template": _shown_template, "resources": _shown_resources, "place": _shown_place}
LEFT = ("state", "template", "resources", "place", "apps")


def _draw_actions(state: State) -> Group:
    """The actions that were called most lately, or run."""
    table = Table(box=None, header_style="dim", pad_edge=False)
    for name in ACTION_COLUMNS:
        table.add_column(name, justify="left" if name in ("app", "action") else "right")
    actions = sorted(state["actions"], key=lambda one: (-one["rate"], -one["running"]))
    for one in actions[:MOST_ACTIONS]:
        run, wait = one["run"] or {}, one["wait"] or {}
        times = [shown_s(run.get(name)) for name in ("p50", "p95", "p99")]
        table.add_row(
            _said(one["app"]),
            _said(one["action"]),
            f"{one['rate']:.1f}",
            _said(one["running"]),
            *times,
            shown_s(wait.get("p95")),
            f"{100 * one['errors']:.1f} %",
        )
    left_out = len(actions) - MOST_ACTIONS
    more = [f"and {left_out} more, see --json"] if left_out > 0 else []
    return Group(f"[dim]in the last {state['lately']:.0f} s[/]", table, *more)


def shown_s(time_s: float | None) -> str:
    """A time, in the unit that suits it."""
    if time_s is None:
        return "-"
    return f"{time_s:.1f} s" if time_s >= 1 else f"{1000 * time_s:.{1 if time_s < 0.1 else 0}f} ms"


def _draw_apps(state: State) -> Table:
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
        reason = f"[red]{_said(state.get('down', {}).get(app, ''))}[/]"
        waiting = str(state.get("queues", {}).get(app, "-"))
        waited = f"{state['waits'][app]:.1f} s" if "waits" in state else "-"
        table.add_row(_said(app), str(serving), _said(waiting), waited, reason)
    return table


def _limits(state: State) -> list[str]:
    """What calls and workers may take: a line for those who may the same."""
    told = [(_shown_times(limits), app) for app, limits in state.get("limits", {}).items()]
    for worker in state["workers"]:
        told.append((_shown_limits(worker.get("limits") or {}), f"slot {worker.get('slot')}"))
    found: dict[str, list[str]] = {}
    # A slot is told once, also while its worker is replaced.
    for text, of in dict.fromkeys(told):
        if text:
            found.setdefault(text, []).append(of)
    return [f"limits: {_said(text)}: {_said(', '.join(of))}" for text, of in found.items()]


def _shown_times(limits: State) -> str:
    """How long calls of an app may take, by the names of the settings."""
    names = [name for name in ("timeout", "max_run") if limits.get(name) is not None]
    return ", ".join(f"{name.replace('_', '-')} {limits[name]:g} s" for name in names)


def _shown_limits(limits: State) -> str:
    """What a worker may take of its machine."""
    parts = []
    if memory := limits.get("memory"):
        parts.append(f"{memory / 2**20:.0f} MiB by {limits.get('memory_by')}")
    if nice := limits.get("nice"):
        parts.append(f"nice {nice}")
    if cpus := limits.get("cpus"):
        parts.append(f"cpus {','.join(map(str, cpus))}")
    return ", ".join(parts)
