"""The `dirty` command: serve apps, call them, and ask the arbiter how it is.

Rules: results are JSON on standard output, bytes as hex; a failure is one line on standard error
and exit status 1. Relative paths are those of the directory where the command is given. What
serves is loaded by `dirty serve` alone.
"""

from __future__ import annotations

import click

from .calls import call, stream
from .doing import calls, kill, recycle, stacks
from .manage import reload, scale
from .serve import serve
from .stash import stash
from .status import status
from .stubs import stubs
from .top import top


@click.group(help=(__doc__ or "").partition("\n")[0])
@click.version_option(package_name="gdproto")
def group() -> None:
    pass


for _command in (
    serve,
    scale,
    reload,
    stash,
    call,
    stream,
    status,
    stubs,
    calls,
    stacks,
    kill,
    recycle,
    top,
):
    group.add_command(_command)
