"""A group of commands that print: what standard output does not take is told in one line."""

from __future__ import annotations

import errno
import os
import sys
from typing import Any

import click

# What a write fails with that nobody can take.
IS_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


class Printing(click.Group):
    """A group whose commands' output is all written when they are over, or that fails."""

    def invoke(self, ctx: click.Context) -> Any:
        """As click's. Raises ClickException where the output cannot be written."""
        try:
            result = super().invoke(ctx)
            if sys.stdout is not None:
                sys.stdout.flush()
        except OSError as error:
            if error.filename is not None or error.errno not in IS_FULL:
                raise
            # What is left would be tried once more at the exit, and fail in words of Python.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            raise click.ClickException(f"standard output: {error.strerror}") from None
        return result
