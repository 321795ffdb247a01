"""The `dirty` command: serve apps, call them, and ask the arbiter how it is.

Rules: results are JSON on standard output, bytes as hex; a failure is one line on standard error
and an exit status that says of which kind it is. Relative paths are those of the directory where
the command is given. A command loads what it needs, and no other.
"""

from __future__ import annotations

from importlib import import_module

import click

from gdproto.printing import Printing

from .examples import epilog
from .statuses import STATUSES

# Where each command is.
HOMES = {
    "serve": ".serve",
    "scale": ".manage",
    "reload": ".manage",
    "upgrade": ".manage",
    "stash": ".stash",
    "call": ".calls",
    "stream": ".calls",
    "status": ".status",
    "stubs": ".stubs",
    "calls": ".doing",
    "stacks": ".doing",
    "kill": ".doing",
    "recycle": ".doing",
    "top": ".top",
    "metrics": ".metrics",
    "bench": ".bench",
    "completion": ".completion",
}


class Commands(Printing):
    """The commands, each loaded when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(HOMES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in HOMES:
            return None
        command: click.Command = getattr(import_module(HOMES[cmd_name], __name__), cmd_name)
        command.epilog = epilog(cmd_name)
        return command


@click.group(cls=Commands, help=(__doc__ or "").partition("\n")[0], epilog=STATUSES)
@click.version_option(package_name="gdproto")
def group() -> None:
    pass
