"""``dirty stash``: a command for each operation that is declared.

Rules: what an operation needs are arguments, and the first that it may be given; further ones, and
numbers, are options.
"""

from __future__ import annotations

from typing import Any

import click

from gdproto import StashOp
from gdproto.answers import STASH_OPERATIONS, Operation

from ..client.stash import StashClient
from ..errors import DirtyError
from ..printable import shown
from .failing import failure, usage
from .options import (
    TAKES_NUMBERS,
    client_at,
    socket_option,
    timeout_option,
)
from .values import from_json, print_json

NUMBERS = ("number", "integer")
# Where a page ended: bytes, which are printed as hex.
PLACE = "after"


@click.group()
def stash() -> None:
    """Read and change the shared tables. KEY and VALUE are JSON."""


def _command(op: StashOp, operation: Operation) -> None:
    kinds = {parameter.name: parameter.kind for parameter in operation.parameters}

    def run(socket_path: str | None, timeout: float, **words: str | None) -> None:
        client_at(socket_path, timeout).close()
        values: dict[str, Any] = {
            name: _value(name, kinds[name], word)
            for name, word in words.items()
            if word is not None
        }
        try:
            with StashClient(socket_path or "", timeout) as client:
                print_json(client.ask(op, **values))
        except DirtyError as error:
            raise failure(error) from None

    command: Any = timeout_option(socket_option(run))
    optional = [one for one in operation.parameters if not one.required]
    for parameter in reversed(operation.parameters):
        if parameter in optional[1:] or (parameter in optional and parameter.kind in NUMBERS):
            form = "HEX" if parameter.name == PLACE else "JSON"
            command = click.option(f"--{parameter.name}", metavar=form)(command)
        else:
            command = click.argument(parameter.name, required=parameter.required)(command)
    name = operation.name.replace("_", "-")
    stash.command(name, help=_help(operation), context_settings=TAKES_NUMBERS)(command)


@stash.command("watch")
@click.argument("table")
@click.argument("pattern", required=False)
@socket_option
@timeout_option
def watch(table: str, pattern: str | None, socket_path: str | None, timeout: float) -> None:
    """Print each change of TABLE from now on, of keys that match PATTERN, until interrupted."""
    client_at(socket_path, timeout).close()
    try:
        with StashClient(socket_path or "", timeout) as client:
            for change in client.watch(table, pattern):
                print_json(change)
    except DirtyError as error:
        raise failure(error) from None


def _value(name: str, kind: str, word: str) -> Any:
    """What the word stands for. Raises ClickException."""
    if name != PLACE:
        return word if kind == "string" else from_json(word)
    try:
        return bytes.fromhex(word)
    except ValueError:
        raise usage(f"--{PLACE} {shown(word)} is not hex; take the `next` of a page") from None


def _help(operation: Operation) -> str:
    """What it does, with its arguments written as in the usage."""
    text = operation.meaning
    for parameter in operation.parameters:
        text = text.replace(f"`{parameter.name}`", parameter.name.upper())
    return text.replace("`", "")


for _op, _operation in STASH_OPERATIONS.items():
    _command(_op, _operation)
