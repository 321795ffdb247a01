"""The `dirty` command: serve apps, call them, and ask the arbiter how it is.

Rules: results are JSON on standard output, bytes as hex; a failure is one line on standard error
and exit status 1. Relative paths are those of the directory where the command is given.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext, suppress
from functools import partial
from typing import Any

import click
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from gdproto import ManageOp

from . import logs
from .access import Access
from .allocation import allocate
from .arbiter import DirtyArbiter, StartError
from .client import DirtyClient
from .config import Config, ConfigError, load_config, option_name, simple_settings
from .errors import DirtyConnectionError, DirtyError
from .inspection import inspect_apps, learned
from .stash import StashClient

POLL_S = 0.05
WATCH_S = 1.0

# A number below zero is an argument, not an option.
_TAKES_NUMBERS = {"ignore_unknown_options": True}

socket_option = click.option(
    "--socket",
    "socket_path",
    envvar=("DIRTY_SOCKET", "GUNICORN_DIRTY_SOCKET"),
    metavar="PATH",
    help="The arbiter's socket; by default $DIRTY_SOCKET.",
)
timeout_option = click.option(
    "--timeout", default=30.0, show_default=True, help="Seconds that the whole may take."
)


@click.group(help=__doc__.partition("\n")[0])
@click.version_option(package_name="gdproto")
def group() -> None:
    pass


# --- serve ---


def _takes_settings(command: Any) -> Any:
    """The simple settings of Config as options, each also as a variable."""
    for one in reversed(simple_settings()):
        name = option_name(one.name)
        word = "--" + name.replace("_", "-")
        is_switch = isinstance(one.default, bool)
        declaration = f"{word}/--no-{word[2:]}" if is_switch else word
        shown = "" if one.default == "" else f"  [default: {str(one.default).lower()}]"
        command = click.option(
            declaration,
            one.name,
            default=None,
            type=type(one.default),
            envvar=f"DIRTY_{name.upper()}",
            help=one.metadata["help"] + shown,
        )(command)
    return command


@group.command()
@click.option("--app", "apps", multiple=True, metavar="MODULE:CLASS[:N]", help="An app to serve.")
@socket_option
@_takes_settings
@click.option("-c", "--config", "config_path", metavar="FILE", help="Settings, as Python.")
@click.option("--chdir", metavar="DIR", help="Where to find the apps.  [default: here]")
@click.option("--check-config", is_flag=True, help="Print what would run, and end.")
def serve(config_path: str | None, chdir: str | None, check_config: bool, **overrides: Any) -> None:
    """Start an arbiter and its workers, and serve until TERM."""
    for name in ("socket_path", "pidfile", "log_file"):
        if overrides[name]:
            overrides[name] = os.path.abspath(overrides[name])
    if config_path:
        config_path = os.path.abspath(config_path)
    try:
        if chdir:
            _change_directory(chdir)
        config = load_config(config_path or "", overrides)
        if check_config:
            _show_config(config)
            return
        _set_up_logs(config)
        DirtyArbiter(config).run()
    except (ConfigError, StartError) as error:
        raise click.ClickException(str(error)) from None


def _change_directory(path: str) -> None:
    try:
        os.chdir(path)
    except OSError as error:
        raise ConfigError(f"directory {path}: {error.strerror}") from None


def _set_up_logs(config: Config) -> None:
    try:
        logs.set_up(config.log_file, config.log_json)
    except OSError as error:
        raise ConfigError(f"log-file {config.log_file}: {error.strerror}") from None


def _show_config(config: Config) -> None:
    """Print the settings, and which worker would load which apps. Raises ConfigError."""
    Access.of(config)
    apps = learned(config, inspect_apps([app.path for app in config.apps], config.boot_timeout_s))
    homes = allocate(apps, config.workers)
    for slot, paths in homes.items():
        click.echo(f"worker {slot}: {', '.join(paths) or 'no app'}")
    click.echo(f"socket: {config.socket_path}")
    for one in simple_settings():
        click.echo(f"{option_name(one.name).replace('_', '-')}: {getattr(config, one.name)}")


# --- scale and reload ---


_SCALE_OPS = {"+": ManageOp.ADD, "-": ManageOp.REMOVE, "": ManageOp.SET}


@group.command(context_settings=_TAKES_NUMBERS)
@click.argument("change", metavar="+N|-N|N")
@socket_option
@timeout_option
def scale(change: str, socket_path: str | None, timeout: float) -> None:
    """Add N workers, remove N, or have N."""
    parts = re.fullmatch(r"([+-]?)([1-9][0-9]{0,8})", change)
    if parts is None:
        raise click.ClickException(f"{change!r} is none of +N, -N and N, with N above 0")
    _manage(_SCALE_OPS[parts[1]], int(parts[2]), socket_path, timeout)


@group.command()
@socket_option
@timeout_option
def reload(socket_path: str | None, timeout: float) -> None:
    """Replace the workers, one after the other, by ones with new code."""
    _manage(ManageOp.RELOAD, 1, socket_path, timeout)


def _manage(op: ManageOp, count: int, socket_path: str | None, timeout_s: float) -> None:
    try:
        with _client(socket_path, timeout_s) as client:
            answer = client.manage(op, count)
    except DirtyError as error:
        raise _failure(error) from None
    reason = f": {answer['reason']}" if "reason" in answer else ""
    done = answer.get("spawned", answer.get("removed"))
    did = answer["operation"] + (f" {done} of {answer['requested']}" if done is not None else "")
    click.echo(f"{did}{reason}; {answer['target_workers']} workers wanted")


# --- stash ---


@group.group()
def stash() -> None:
    """Read and change the shared tables."""


def _stash_command(
    name: str, arguments: tuple[str, ...], ask: Callable[..., Any], text: str
) -> None:
    def run(socket_path: str | None, timeout: float, **words: str) -> None:
        _client(socket_path, timeout).close()
        values = [
            word if key in ("table", "pattern") else _from_json(word)
            for key, word in words.items()
            if word is not None
        ]
        try:
            with StashClient(socket_path or "", timeout) as client:
                _print_json(ask(client, *values))
        except DirtyError as error:
            raise _failure(error) from None

    command: Any = timeout_option(socket_option(run))
    for argument in reversed(arguments):
        optional = argument.endswith("?")
        command = click.argument(argument.rstrip("?"), required=not optional)(command)
    stash.command(name, help=text, context_settings=_TAKES_NUMBERS)(command)


# --- call and stream ---

_call_arguments = (
    click.argument("app"),
    click.argument("action"),
    click.argument("arguments", metavar="[JSON]...", nargs=-1, type=click.UNPROCESSED),
    click.option("--kw", "keywords", multiple=True, metavar="NAME=JSON", help="By name."),
    socket_option,
    timeout_option,
)


def _takes_call(command: Any) -> Any:
    for decorate in reversed(_call_arguments):
        command = decorate(command)
    return command


@group.command(context_settings=_TAKES_NUMBERS)
@_takes_call
def call(
    app: str,
    action: str,
    arguments: Iterable[str],
    keywords: Iterable[str],
    socket_path: str | None,
    timeout: float,
) -> None:
    """Call an action of APP, given as module:Class, and print its result."""
    args, kwargs = _json_arguments(arguments, keywords)
    try:
        with _client(socket_path, timeout) as client:
            _print_json(client.execute(app, action, *args, **kwargs))
    except DirtyError as error:
        raise _failure(error) from None


@group.command(context_settings=_TAKES_NUMBERS)
@_takes_call
def stream(
    app: str,
    action: str,
    arguments: Iterable[str],
    keywords: Iterable[str],
    socket_path: str | None,
    timeout: float,
) -> None:
    """Call an action of APP, given as module:Class, and print each chunk on a line."""
    args, kwargs = _json_arguments(arguments, keywords)
    try:
        with _client(socket_path, timeout) as client:
            for chunk in client.stream(app, action, *args, **kwargs):
                _print_json(chunk)
    except DirtyError as error:
        raise _failure(error) from None


def _client(socket_path: str | None, timeout_s: float) -> DirtyClient:
    if not socket_path:
        raise click.ClickException("no arbiter is known: give --socket PATH or set DIRTY_SOCKET")
    try:
        return DirtyClient(socket_path, timeout_s)
    except ValueError as error:
        raise click.ClickException(str(error)) from None


def _failure(error: DirtyError) -> click.ClickException:
    lines = error.message.splitlines() or ["failed"]
    return click.ClickException(f"{type(error).__name__}: {lines[0]}")


def _json_arguments(
    arguments: Iterable[str], keywords: Iterable[str]
) -> tuple[list[Any], dict[str, Any]]:
    kwargs = {}
    for keyword in keywords:
        name, equals, value = keyword.partition("=")
        if not equals:
            raise click.ClickException(f"--kw {keyword!r} is not of the form NAME=JSON")
        kwargs[name] = _from_json(value)
    return [_from_json(argument) for argument in arguments], kwargs


def _from_json(argument: str) -> Any:
    try:
        return json.loads(argument)
    except ValueError:
        hint = "a string needs quotes of its own, as in '\"text\"'"
        raise click.ClickException(f"argument {argument!r} is not JSON; {hint}") from None


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, default=bytes.hex))


_STASH_COMMANDS: tuple[tuple[str, tuple[str, ...], Callable[..., Any], str], ...] = (
    ("get", ("table", "key"), StashClient.fetch, "Print the value of KEY, given as JSON."),
    ("put", ("table", "key", "value"), StashClient.put, "Store VALUE under KEY, both as JSON."),
    ("delete", ("table", "key"), StashClient.delete, "Remove KEY, given as JSON."),
    ("keys", ("table", "pattern?"), StashClient.keys, "Print the keys, or those that match."),
    ("clear", ("table",), StashClient.clear, "Remove every key."),
    ("info", ("table",), StashClient.info, "Print the size."),
    ("ensure", ("table",), StashClient.ensure, "Have the table, if only empty."),
    ("exists", ("table", "key?"), StashClient.exists, "Whether there is the table, or its KEY."),
    ("delete-table", ("table",), StashClient.delete_table, "Remove the table."),
    ("tables", (), StashClient.tables, "Print the names of the tables."),
)
for _command in _STASH_COMMANDS:
    _stash_command(*_command)


# --- status ---


@group.command()
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
    """Show the arbiter's workers and queues."""
    client = _client(socket_path, timeout)
    try:
        state = client.status() if wait_s is None else _wait_until_ready(client, wait_s)
        if watch:
            _watch(client, state)
    except DirtyError as error:
        raise _failure(error) from None
    if as_json:
        _print_json(state)
    elif not watch:
        Console(highlight=False).print(draw_status(state))


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


def _wait_until_ready(client: DirtyClient, wait_s: float) -> dict[str, Any]:
    """The arbiter's state once every worker is ready. Raises DirtyError when it takes too long."""
    due_s = time.monotonic() + wait_s
    while True:
        try:
            state = client.status()
            if is_ready(state):
                return state
            failure = DirtyError(_not_ready(state, wait_s))
        except DirtyConnectionError as error:
            failure = error
        if time.monotonic() >= due_s:
            raise failure
        time.sleep(POLL_S)


def is_ready(state: dict[str, Any]) -> bool:
    """Whether all the workers that there should be are ready."""
    booted = sum(1 for worker in state["workers"] if worker["booted"])
    wanted: int = state.get("target_workers", state["worker_count"])
    return booted >= max(1, wanted)


def _not_ready(state: dict[str, Any], wait_s: float) -> str:
    booted = sum(1 for worker in state["workers"] if worker["booted"])
    wanted = state.get("target_workers", state["worker_count"])
    reasons = list(state.get("down", {}).values())
    why = f": {reasons[0]}" if reasons else ""
    return f"{booted} of {wanted} workers were ready after {wait_s:g} s{why}"


def draw_status(state: dict[str, Any]) -> Group:
    """What `dirty status` shows of a STATUS result, ours or gunicorn's."""
    heading = f"[bold]arbiter {state['arbiter_pid']}[/]"
    if "protocol" in state:
        heading += f"  {state['protocol']}, version {state['version']}, up {state['uptime']:.0f} s"
        heading += f", {state['clients']} clients, {state['restarts']} restarts"
    parts: list[RenderableType] = [heading, "", _draw_workers(state), "", _draw_apps(state)]
    if error := state.get("last_boot_error"):
        parts += ["", f"last boot error: [red]{escape(error)}[/]"]
    return Group(*parts)


def _draw_workers(state: dict[str, Any]) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    for name in ("slot", "pid", "state", "busy", "heard", "apps"):
        table.add_column(name, justify="left" if name in ("state", "apps") else "right")
    for worker in state["workers"]:
        ready = worker["booted"]
        label = worker.get("state", "ready" if ready else "booting")
        busy = f"{worker['busy']} of {worker['lanes']}" if "busy" in worker else "-"
        table.add_row(
            str(worker.get("slot", "-")),
            str(worker["pid"]),
            f"[{'green' if ready else 'yellow'}]{label}[/]",
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
