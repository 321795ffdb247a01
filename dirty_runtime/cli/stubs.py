"""``dirty stubs``.

Rules: the apps are imported by a process of its own, as a worker would import them.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click

from ..app import parse_app_spec
from ..errors import DirtyAppError
from ..printable import printable

# As long as a worker may take to boot.
IMPORT_S = 600.0
STUBS = (sys.executable, "-P", "-m", "dirty_runtime.worker.stubs")


@click.command(short_help="Write what type checkers need to know of apps.")
@click.argument("apps", metavar="APP...", nargs=-1, required=True)
@click.option("--output", metavar="FILE", help="Where to write it; standard output if not given.")
@click.option("--chdir", metavar="DIR", help="Where to find the apps.  [default: here]")
def stubs(apps: tuple[str, ...], output: str | None, chdir: str | None) -> None:
    """Write Protocols for each APP, given as module:Class: Class waits, AsyncClass is awaited.

    Nothing heavy is imported by who imports them: client.app(AsyncClass).
    """
    try:
        paths = [parse_app_spec(app).path for app in apps]
        done = subprocess.run(
            [*STUBS, *paths], cwd=chdir, stdout=subprocess.PIPE, text=True, timeout=IMPORT_S
        )
        if done.returncode:
            reason = done.stdout or "the import of an app ended the process"
            raise click.ClickException(printable(reason))
        if output is None:
            click.echo(done.stdout, nl=False)
        else:
            Path(output).write_text(done.stdout)
    except DirtyAppError as error:
        raise click.ClickException(printable(error.message)) from None
    except subprocess.TimeoutExpired:
        raise click.ClickException(f"an import took more than {IMPORT_S:g} s") from None
    except OSError as error:
        place = printable(str(error.filename or ""))
        raise click.ClickException(f"{place}: {error.strerror}") from None
