"""The `dirty` command: serve apps, call them, and ask the arbiter how it is.

Rules: results are JSON on standard output, bytes as hex; a failure is one line on standard error
and exit status 1. Relative paths are those of the directory where the command is given.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterable
from typing import Any

import click
from rich.console import Console, Group
from rich.table import Table

from .arbiter import DirtyArbiter, StartError
from .client import DirtyClient
from .config import ConfigError, load_config
from .errors import DirtyConnectionError, DirtyError

LOG_FORMAT = "%(asctime)s %(levelname)s [%(process)d] %(message)s"
POLL_S = 0.05

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


@group.command()
@click.option("--app", "apps", multiple=True, metavar="MODULE:CLASS[:N]", help="An app to serve.")
@click.option("--workers", type=int, help="Worker processes.  [default: 2]")
@click.option("--threads", type=int, help="Calls that a worker runs at once.  [default: 1]")
@click.option(
    "--timeout",
    "timeout_s",
    type=float,
    help="Longest silence of a worker within a call, in seconds; 0 for any.  [default: 300]",
)
@click.option(
    "--graceful-timeout",
    "graceful_timeout_s",
    type=float,
    help="Seconds that running calls get when the arbiter stops.  [default: 30]",
)
@click.option(
    "--boot-timeout",
    "boot_timeout_s",
    type=float,
    help="Seconds that a worker may take to load its apps.  [default: 600]",
)
@socket_option
@click.option("-c", "--config", "config_path", metavar="FILE", help="Settings, as Python.")
@click.option("--pidfile", metavar="PATH", help="Where to write the arbiter's pid.")
@click.option("--chdir", metavar="DIR", help="Where to find the apps.  [default: here]")
def serve(config_path: str | None, chdir: str | None, **overrides: Any) -> None:
    """Start an arbiter and its workers, and serve until TERM."""
    for name in ("socket_path", "pidfile"):
        if overrides[name]:
            overrides[name] = os.path.abspath(overrides[name])
    if config_path:
        config_path = os.path.abspath(config_path)
    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT)
    try:
        if chdir:
            _change_directory(chdir)
        DirtyArbiter(load_config(config_path or "", overrides)).run()
    except (ConfigError, StartError) as error:
        raise click.ClickException(str(error)) from None


def _change_directory(path: str) -> None:
    try:
        os.chdir(path)
    except OSError as error:
        raise ConfigError(f"directory {path}: {error.strerror}") from None


# --- call and stream ---

# A number below zero is an argument, not an option.
_TAKES_JSON = {"ignore_unknown_options": True}
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


@group.command(context_settings=_TAKES_JSON)
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


@group.command(context_settings=_TAKES_JSON)
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
@timeout_option
def status(socket_path: str | None, as_json: bool, wait_s: float | None, timeout: float) -> None:
    """Show the arbiter's workers and queues."""
    client = _client(socket_path, timeout)
    try:
        state = client.status() if wait_s is None else _wait_until_ready(client, wait_s)
    except DirtyError as error:
        raise _failure(error) from None
    if as_json:
        _print_json(state)
    else:
        Console(highlight=False).print(draw_status(state))


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
    reasons = list(state.get("boot_errors", {}).values())
    why = f": {reasons[0]}" if reasons else ""
    return f"{booted} of {wanted} workers were ready after {wait_s:g} s{why}"


def draw_status(state: dict[str, Any]) -> Group:
    """What `dirty status` shows of a STATUS result, ours or gunicorn's."""
    heading = f"[bold]arbiter {state['arbiter_pid']}[/]"
    if "protocol" in state:
        heading += f"  {state['protocol']}, version {state['version']}, up {state['uptime']:.0f} s"
    return Group(heading, "", _draw_workers(state), "", _draw_apps(state))


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
    for app in state["apps"]:
        serving = sum(
            1 for worker in state["workers"] if worker["booted"] and app in worker["apps"]
        )
        table.add_row(app, str(serving), str(state.get("queues", {}).get(app, "-")))
    return table
