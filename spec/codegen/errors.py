"""The one error of the compiler."""

from __future__ import annotations


class CompileError(Exception):
    """The declaration holds something that the compiler does not understand, and names it."""
