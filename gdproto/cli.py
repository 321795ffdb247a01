"""The `gdproto` command: explain bytes, code values, judge a peer, print the specification."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import click

from .errors import ProtocolError
from .explain import explain, render
from .printing import Printing
from .tlv import decode, encode


class WithOthers(Printing):
    """A group that imports the suite, and the backends, only when they are asked for."""

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted([*super().list_commands(context), "conformance", "generate"])

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name == "generate":
            from .generating import generate

            return generate
        if name != "conformance":
            return super().get_command(context, name)
        try:
            from .conformance.cli import group as suite
        except ModuleNotFoundError as error:
            return _missing(str(error.name))
        return suite


def _missing(module: str) -> click.Command:
    """What stands for the suite where it is not installed."""

    def complain() -> None:
        reason = f"conformance needs {module}: pip install 'gdproto[conformance]'"
        raise click.ClickException(reason)

    told = "Judge a peer; needs the extra `conformance`."
    anything = {"ignore_unknown_options": True, "allow_extra_args": True}
    return click.Command("conformance", callback=complain, help=told, context_settings=anything)


@click.group(cls=WithOthers, help=__doc__)
@click.version_option(package_name="gdproto")
def group() -> None:
    pass


def read(source: str) -> bytes:
    """The bytes of a file, or of hex with blanks at will."""
    if Path(source).is_file():
        return Path(source).read_bytes()
    try:
        return bytes.fromhex(source)
    except ValueError:
        raise click.ClickException(f"{source!r} is neither a file nor hex") from None


@group.command("explain")
@click.argument("source")
def explain_command(source: str) -> None:
    """Annotate a frame or a value, given as hex or as a file. Exits 1 when it is at fault."""
    parts = explain(read(source))
    click.echo(render(parts))
    if any(part.fault for part in parts):
        raise SystemExit(1)


@group.command("encode")
@click.argument("value")
def encode_command(value: str) -> None:
    """Encode a JSON value as TLV, in hex."""
    try:
        click.echo(encode(json.loads(value)).hex())
    except (ProtocolError, ValueError) as error:
        raise click.ClickException(str(error)) from None


@group.command("decode")
@click.argument("source")
def decode_command(source: str) -> None:
    """Decode TLV, given as hex or as a file, to JSON; bytes as hex."""
    try:
        value = decode(read(source))
    except ProtocolError as error:
        raise click.ClickException(str(error)) from None
    click.echo(json.dumps(value, ensure_ascii=False, default=bytes.hex))


@group.command("spec")
@click.option("--json", "name", flag_value="spec.json", help="All of it, as JSON.")
@click.option(
    "--schema", "name", flag_value="messages.schema.json", help="The messages, as JSON Schema."
)
def spec_command(name: str | None) -> None:
    """Print the machine-readable specification."""
    if name is None:
        raise click.UsageError("say --json or --schema")
    click.echo(files("gdproto._generated").joinpath(name).read_text(), nl=False)
