"""What the commands share: options, the client, and how a failure is told."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import click
from click.core import ParameterSource

import gdproto

from ..client import DirtyClient
from ..errors import DirtyError
from ..seconds import seconds
from .failing import usage

# A number below zero is an argument, not an option.
TAKES_NUMBERS = {"ignore_unknown_options": True}


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


def takes_seconds(option: str, least: float | None = None) -> Callable[[Any], float]:
    """The type of an option that is a number of seconds, judged as everywhere."""

    def taken(word: Any) -> float:
        try:
            number: Any = float(word)
        except ValueError:
            number = word
        try:
            return seconds(number, option, least)
        except DirtyError as error:
            raise usage(error.message) from None

    return taken


socket_option = click.option(
    "--socket",
    "socket_path",
    cls=Setting,
    envvar=("DIRTY_SOCKET", "GUNICORN_DIRTY_SOCKET"),
    metavar="PATH",
    help="The arbiter's socket; by default $DIRTY_SOCKET.",
)
timeout_option = click.option(
    "--timeout",
    default=30.0,
    type=takes_seconds("--timeout"),
    metavar="SECONDS",
    show_default=True,
    help="Seconds that an answer may take.",
)


priority_option = click.option(
    "--priority",
    default=0,
    show_default=True,
    metavar="N",
    type=click.IntRange(*gdproto.PRIORITY_RANGE),
    help="Of calls that wait, the higher goes first.",
)


def client_at(socket_path: str | None, timeout_s: float, priority: int = 0) -> DirtyClient:
    if not socket_path:
        raise usage("no arbiter is known: give --socket PATH or set DIRTY_SOCKET")
    try:
        return DirtyClient(socket_path, timeout_s, priority=priority)
    except ValueError as error:
        raise usage(str(error)) from None
