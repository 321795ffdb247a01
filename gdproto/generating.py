"""`gdproto generate`: the codec of GD/1 in other languages, as files in a folder."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import click

from .spec.codegen import declared, languages
from .spec.codegen.errors import CompileError


@click.command("generate", epilog=f"Languages: {', '.join(languages.EVERYTHING)}.")
@click.option("--lang", required=True, help="The language: one of those that the help ends with.")
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Their folder."
)
@click.option("--package", default="", help="What the files call their package.")
def generate(lang: str, out: Path, package: str) -> None:
    """Write the codec and the state machine of GD/1 in another language into a folder."""
    try:
        language = languages.named(lang)
        document = json.loads(files("gdproto._generated").joinpath("spec.json").read_text())
        spec = declared.spec_of(document)
        made = languages.generated(language, spec, document["generated"], package)
    except CompileError as error:
        raise click.ClickException(str(error)) from None
    for name, text in made.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        click.echo(path)
