"""A group of commands that print: what standard output does not take is told in one line.

Rules: an error is of the output when a write to it has raised that very one; any other goes on as
it is, whatever number it has.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import ExitStack, redirect_stdout
from typing import Any

import click

# What a write fails with that nobody can take.
IS_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


class Output:
    """A stream, which keeps what it failed with."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.failed: OSError | None = None

    def write(self, text: Any) -> Any:
        """As the stream's."""
        try:
            return self._stream.write(text)
        except OSError as error:
            self.failed = error
            raise

    def flush(self) -> None:
        """As the stream's."""
        try:
            self._stream.flush()
        except OSError as error:
            self.failed = error
            raise

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class Printing(click.Group):
    """A group whose commands' output is all written when they are over, or that fails."""

    def invoke(self, ctx: click.Context) -> Any:
        """As click's. Raises ClickException where the output cannot be written."""
        output = Output(sys.stdout)
        with ExitStack() as stack:
            if sys.stdout is not None:
                stack.enter_context(redirect_stdout(output))
            try:
                result = super().invoke(ctx)
                if sys.stdout is not None:
                    sys.stdout.flush()
            except OSError as error:
                if error is not output.failed or error.errno not in IS_FULL:
                    raise
                # What is left would be tried once more at the exit, and fail in words of Python.
                os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
                raise click.ClickException(f"standard output: {error.strerror}") from None
        return result
