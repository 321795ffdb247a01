"""``dirty completion``: what makes a shell complete the words of the command."""

from __future__ import annotations

import os
from pathlib import Path

import click
from click.shell_completion import get_completion_class

VARIABLE = "_DIRTY_COMPLETE"
# Where each shell looks for what it loads when the command is completed first, from a user's home.
PLACES = {
    "bash": ("XDG_DATA_HOME", ".local/share", "bash-completion/completions/dirty"),
    "zsh": ("XDG_DATA_HOME", ".local/share", "zsh/site-functions/_dirty"),
    "fish": ("XDG_CONFIG_HOME", ".config", "fish/completions/dirty.fish"),
}


@click.command(short_help="Have a shell complete the words of this command.")
@click.argument("shell", type=click.Choice(sorted(PLACES)))
@click.option("--install", is_flag=True, help="Write it where the shell looks for it.")
@click.pass_context
def completion(ctx: click.Context, shell: str, install: bool) -> None:
    """Print what makes SHELL complete the words of `dirty`, or install it for this user."""
    kind = get_completion_class(shell)
    assert kind is not None
    script = kind(ctx.find_root().command, {}, "dirty", VARIABLE).source()
    if not install:
        click.echo(script)
        return
    variable, usual, name = PLACES[shell]
    path = Path(os.environ.get(variable) or Path.home() / usual, name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(script)
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}") from None
    click.echo(f"written to {path}; new shells complete")
    if shell == "zsh":
        click.echo(f"zsh looks there if ~/.zshrc has, before compinit: fpath+=({path.parent})")
