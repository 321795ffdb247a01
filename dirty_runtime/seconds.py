"""Times in seconds that a user gives: what is one, judged in one place.

Rules: a number of any type is one; NaN, truth, text and None are none. What is longer than a year,
or infinite, counts as a year: no clock, timer or system call refuses that.
"""

from __future__ import annotations

import math
from typing import Any

from .errors import DirtyError
from .printable import shown

LONGEST_S = 365 * 86400.0


class ValueRefused(DirtyError, ValueError):
    """An argument that cannot be used; the message names it."""


def seconds(value: Any, name: str, least: float | None = None) -> float:
    """The value as seconds, at most a year.

    Args:
        name: of the argument, for the message.
        least: what it is at least; None for above 0.

    Raises:
        ValueRefused: it is none.
    """
    number = _number(value)
    if number > 0 if least is None else number >= least:
        return min(number, LONGEST_S)
    bound = "above 0" if least is None else f"from {least:g} up"
    raise ValueRefused(f"{name} is a number of seconds {bound}, not {shown(value)}")


def _number(value: Any) -> float:
    """The value as a float; NaN where it is no number."""
    if isinstance(value, bool | str | bytes | bytearray):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    except (TypeError, ValueError, ArithmeticError):
        return math.nan
