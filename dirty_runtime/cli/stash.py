"""``dirty stash``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from ..client.stash import StashClient
from ..errors import DirtyError
from .options import (
    TAKES_NUMBERS,
    client_at,
    failure,
    from_json,
    print_json,
    socket_option,
    timeout_option,
)


@click.group()
def stash() -> None:
    """Read and change the shared tables."""


def _stash_command(
    name: str, arguments: tuple[str, ...], ask: Callable[..., Any], text: str
) -> None:
    def run(socket_path: str | None, timeout: float, **words: str) -> None:
        client_at(socket_path, timeout).close()
        values = [
            word if key in ("table", "pattern") else from_json(word)
            for key, word in words.items()
            if word is not None
        ]
        try:
            with StashClient(socket_path or "", timeout) as client:
                print_json(ask(client, *values))
        except DirtyError as error:
            raise failure(error) from None

    command: Any = timeout_option(socket_option(run))
    for argument in reversed(arguments):
        optional = argument.endswith("?")
        command = click.argument(argument.rstrip("?"), required=not optional)(command)
    stash.command(name, help=text, context_settings=TAKES_NUMBERS)(command)


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
