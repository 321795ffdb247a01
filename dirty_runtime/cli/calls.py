"""``dirty call`` and ``dirty stream``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from ..errors import DirtyError
from .failing import failure
from .options import (
    TAKES_NUMBERS,
    client_at,
    priority_option,
    socket_option,
    timeout_option,
)
from .values import arguments_of, print_json

_call_arguments = (
    click.argument("app"),
    click.argument("action"),
    click.argument("arguments", metavar="[JSON]...", nargs=-1, type=click.UNPROCESSED),
    click.option("--kw", "keywords", multiple=True, metavar="NAME=JSON", help="By name."),
    priority_option,
    socket_option,
    timeout_option,
)


def _takes_call(command: Any) -> Any:
    for decorate in reversed(_call_arguments):
        command = decorate(command)
    return command


@click.command(context_settings=TAKES_NUMBERS, short_help="Call an action, and print its result.")
@_takes_call
def call(
    app: str,
    action: str,
    arguments: Iterable[str],
    keywords: Iterable[str],
    priority: int,
    socket_path: str | None,
    timeout: float,
) -> None:
    """Call an action of APP, given as module:Class, and print its result."""
    args, kwargs = arguments_of(arguments, keywords)
    try:
        with client_at(socket_path, timeout, priority) as client:
            print_json(client.execute(app, action, *args, **kwargs))
    except DirtyError as error:
        raise failure(error) from None


@click.command(context_settings=TAKES_NUMBERS, short_help="Call an action, and print each chunk.")
@_takes_call
def stream(
    app: str,
    action: str,
    arguments: Iterable[str],
    keywords: Iterable[str],
    priority: int,
    socket_path: str | None,
    timeout: float,
) -> None:
    """Call an action of APP, given as module:Class, and print each chunk on a line."""
    args, kwargs = arguments_of(arguments, keywords)
    try:
        with client_at(socket_path, timeout, priority) as client:
            for chunk in client.stream(app, action, *args, **kwargs):
                print_json(chunk)
    except DirtyError as error:
        raise failure(error) from None
