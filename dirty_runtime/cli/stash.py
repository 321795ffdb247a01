"""``dirty stash``: a command for each operation that is declared."""

from __future__ import annotations

from typing import Any

import click

from gdproto import StashOp
from gdproto.answers import STASH_OPERATIONS, Operation

from ..client.stash import StashClient
from ..errors import DirtyError
from .failing import failure
from .options import (
    TAKES_NUMBERS,
    client_at,
    socket_option,
    timeout_option,
)
from .values import from_json, print_json


@click.group()
def stash() -> None:
    """Read and change the shared tables. KEY and VALUE are JSON."""


def _command(op: StashOp, operation: Operation) -> None:
    kinds = {parameter.name: parameter.kind for parameter in operation.parameters}

    def run(socket_path: str | None, timeout: float, **words: str | None) -> None:
        client_at(socket_path, timeout).close()
        values: dict[str, Any] = {
            name: word if kinds[name] == "string" else from_json(word)
            for name, word in words.items()
            if word is not None
        }
        try:
            with StashClient(socket_path or "", timeout) as client:
                print_json(client.ask(op, **values))
        except DirtyError as error:
            raise failure(error) from None

    command: Any = timeout_option(socket_option(run))
    for parameter in reversed(operation.parameters):
        command = click.argument(parameter.name, required=parameter.required)(command)
    name = operation.name.replace("_", "-")
    stash.command(name, help=_help(operation), context_settings=TAKES_NUMBERS)(command)


def _help(operation: Operation) -> str:
    """What it does, with its arguments written as in the usage."""
    text = operation.meaning
    for parameter in operation.parameters:
        text = text.replace(f"`{parameter.name}`", parameter.name.upper())
    return text.replace("`", "")


for _op, _operation in STASH_OPERATIONS.items():
    _command(_op, _operation)
