"""The `dirty` command: serve apps, call them, and ask the arbiter how it is.

Rules: results are JSON on standard output, bytes as hex; a failure is one line on standard error
and exit status 1. Relative paths are those of the directory where the command is given.
"""

from __future__ import annotations

import json
import logging
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from gdproto import ManageOp

from . import logs
from .access import Access
from .allocation import allocate, shortages
from .arbiter import DirtyArbiter, StartError
from .client import DirtyClient
from .config import (
    Config,
    ConfigError,
    check_directory,
    label_of,
    load_config,
    simple_settings,
    unknown_variables,
    variable_name,
)
from .errors import DirtyConnectionError, DirtyError
from .inspection import inspect_apps, learned
from .listener import DRAINING, check_socket
from .stash import StashClient

log = logging.getLogger("dirty")

POLL_S = 0.05
WATCH_S = 1.0

# A number below zero is an argument, not an option.
_TAKES_NUMBERS = {"ignore_unknown_options": True}


class Setting(click.Option):
    """An option that says of a bad value in its variable that it is there."""

    def get_error_hint(self, ctx: click.Context | None) -> str:
        return variable_of(ctx, self.name or "") or super().get_error_hint(ctx)


def variable_of(ctx: click.Context | None, name: str) -> str:
    """The variable that the option's value was taken from; empty when it was not."""
    if ctx is None or ctx.get_parameter_source(name) is not ParameterSource.ENVIRONMENT:
        return ""
    (found,) = [one.envvar for one in ctx.command.params if one.name == name]
    variables = [found] if isinstance(found, str) else found or ()
    return next((one for one in variables if os.environ.get(one)), "")


socket_option = click.option(
    "--socket",
    "socket_path",
    cls=Setting,
    envvar=("DIRTY_SOCKET", "GUNICORN_DIRTY_SOCKET"),
    metavar="PATH",
    help="The arbiter's socket; by default $DIRTY_SOCKET.",
)
timeout_option = click.option(
    "--timeout", default=30.0, show_default=True, help="Seconds that an answer may take."
)


@click.group(help=__doc__.partition("\n")[0])
@click.version_option(package_name="gdproto")
def group() -> None:
    pass


# --- serve ---


def _takes_settings(command: Any) -> Any:
    """The simple settings of Config as options, each also as a variable."""
    for one in reversed(simple_settings()):
        word = f"--{label_of(one.name)}"
        is_switch = isinstance(one.default, bool)
        declaration = f"{word}/--no-{word[2:]}" if is_switch else word
        shown = "" if one.default == "" else f"  [default: {str(one.default).lower()}]"
        command = click.option(
            declaration,
            one.name,
            cls=Setting,
            default=None,
            type=type(one.default),
            envvar=variable_name(one.name),
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
        for line in unknown_variables(os.environ):
            log.warning(line)
        DirtyArbiter(config).run()
    except ConfigError as error:
        raise click.ClickException(f"{_origin(error.setting, config_path)}{error}") from None
    except StartError as error:
        raise click.ClickException(str(error)) from None


def _origin(setting: str, config_path: str | None) -> str:
    """Where a setting came from that cannot be used, for the head of a line."""
    ctx = click.get_current_context()
    if variable := variable_of(ctx, setting):
        return f"{variable}: "
    is_given = ctx.get_parameter_source(setting) is ParameterSource.COMMANDLINE
    # A default can always be used.
    return f"config file {config_path}: " if setting and config_path and not is_given else ""


def _change_directory(path: str) -> None:
    try:
        os.chdir(path)
    except OSError as error:
        raise ConfigError(f"directory {path}: {error.strerror}") from None


def _set_up_logs(config: Config) -> None:
    try:
        logs.set_up(config.log_file, config.log_json)
    except OSError as error:
        reason = f"log-file {config.log_file}: {error.strerror}"
        raise ConfigError(reason, "log_file") from None


def _show_config(config: Config) -> None:
    """Print the settings, and which worker would load which apps. Raises ConfigError."""
    Access.of(config)
    check_socket(Path(config.socket_path))
    for name in ("pidfile", "log_file"):
        check_directory(name, getattr(config, name))
    apps = learned(config, inspect_apps(config))
    for line in [*unknown_variables(os.environ), *shortages(apps, config.workers)]:
        click.echo(line, err=True)
    for slot, paths in allocate(apps, config.workers).items():
        click.echo(f"worker {slot}: {', '.join(paths) or 'no app'}")
    click.echo(f"config: {config.config_path}")
    click.echo(f"socket: {config.socket_path}")
    for one in simple_settings():
        click.echo(f"{label_of(one.name)}: {getattr(config, one.name)}")
    click.echo(f"slot-env: {' '.join(f'{name}={text}' for name, text in config.slot_env.items())}")
    click.echo(f"hooks: {', '.join(config.hooks)}")


# --- scale and reload ---


_SCALE_OPS = {"+": ManageOp.ADD, "-": ManageOp.REMOVE, "": ManageOp.SET}

wait_option = click.option(
    "--wait",
    "wait_s",
    type=float,
    metavar="SECONDS",
    help="Wait so long for the workers to serve, and fail if they do not.",
)


@group.command(context_settings=_TAKES_NUMBERS, short_help="Have more workers, or fewer.")
@click.argument("change", metavar="+N|-N|N")
@wait_option
@socket_option
@timeout_option
def scale(change: str, wait_s: float | None, socket_path: str | None, timeout: float) -> None:
    """Add N workers, remove N, or have N; fails when less than that is done."""
    parts = re.fullmatch(r"([+-]?)([1-9][0-9]{0,8})", change)
    if parts is None:
        raise click.ClickException(f"{change!r} is none of +N, -N and N, with N above 0")
    try:
        with _client(socket_path, timeout) as client:
            answer = client.manage(_SCALE_OPS[parts[1]], int(parts[2]))
            did = f"{_scaled(answer)}; workers: {answer['target_workers']} wanted"
            if "reason" in answer:
                raise click.ClickException(did)
            if wait_s is not None:
                state = _wait(client, wait_s, is_ready, _not_ready)
                did = f"{_scaled(answer)}; {_count_workers(state)}"
    except DirtyError as error:
        raise _failure(error) from None
    click.echo(did)


def _scaled(answer: dict[str, Any]) -> str:
    """What was done of what was asked, and why that is less."""
    added, removed = answer.get("spawned", 0), answer.get("removed", 0)
    asked = answer["requested"]
    if answer["operation"] == "set":
        asked = abs(asked - (answer["target_workers"] - added + removed))
    did = f"removed {removed}" if "removed" in answer else f"added {added}"
    return f"{did} of {asked}: {answer['reason']}" if "reason" in answer else did


@group.command(short_help="Replace the workers by ones with new code.")
@wait_option
@socket_option
@timeout_option
def reload(wait_s: float | None, socket_path: str | None, timeout: float) -> None:
    """Replace the workers, one after the other, by ones with new code."""
    try:
        with _client(socket_path, timeout) as client:
            answer = client.manage(ManageOp.RELOAD)
            did = f"reload begun; workers: {answer['target_workers']} wanted"
            if wait_s is not None:
                state = _wait(client, wait_s, _is_reloaded, _not_reloaded)
                did = f"reloaded; {_count_workers(state)}"
    except DirtyError as error:
        raise _failure(error) from None
    click.echo(did)


def _is_reloaded(state: dict[str, Any]) -> bool:
    """Whether the reload is done. Raises DirtyError when it failed, or is not told of."""
    if state.get("draining"):
        raise DirtyError("the arbiter is stopping")
    if failure := state.get("reload_failure"):
        raise DirtyError(f"no reload, what served goes on: {failure}")
    if "reloading" not in state:
        raise DirtyError("this arbiter does not tell when a reload is done")
    return not state["reloading"]


def _not_reloaded(state: dict[str, Any], wait_s: float) -> str:
    return f"the reload was not done after {wait_s:g} s; {_count_workers(state)}"


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


@group.command(context_settings=_TAKES_NUMBERS, short_help="Call an action, and print its result.")
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


@group.command(context_settings=_TAKES_NUMBERS, short_help="Call an action, and print each chunk.")
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

State = dict[str, Any]


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
    """Show workers and queues. Of an arbiter that drains, show what it waits for."""
    client = _client(socket_path, timeout)
    try:
        if wait_s is None:
            client, state = _look(client)
        else:
            state = _wait(client, wait_s, is_ready, _not_ready, comes=True)
        if watch:
            _watch(client, state)
    except DirtyError as error:
        raise _failure(error) from None
    if as_json:
        _print_json(state)
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


def _wait(
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


def _not_ready(state: State, wait_s: float) -> str:
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
    parts: list[RenderableType] = [heading, _count_workers(state)]
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


def _count_workers(state: State) -> str:
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
