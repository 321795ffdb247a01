"""Numbers that grow where they are kept."""

from __future__ import annotations

import math

import gdproto
from gdproto.answers import Scalar

from ...errors import DirtyProtocolError, StashError

MIN_INT, MAX_INT = -(2**63), 2**63 - 1


def total(
    table: str,
    key: Scalar,
    old: bytes | None,
    added: bytes | memoryview,
    initial: float | None,
) -> float:
    """What `incr` makes of a key, of these values as TLV.

    Args:
        old: what the key has; None when it is missing.
        added: none for 1.
        initial: what is added to when it is missing; None for 0.

    Raises:
        StashError: what the key has is no number, or the sum is none that can be sent.
        DirtyProtocolError: what is to be added is no number.
    """
    before = (initial or 0) if old is None else _number(old)
    more: float = gdproto.decode(added_number(added))
    if before is None:
        raise no_number(table, key)
    sum_ = before + more
    if not (MIN_INT <= sum_ <= MAX_INT if isinstance(sum_, int) else math.isfinite(sum_)):
        raise too_much(table, key)
    return sum_


def added_number(value: bytes | memoryview) -> bytes | memoryview:
    """The number to add, as TLV: 1 for none. Raises DirtyProtocolError where it is no number."""
    if value[0] == NONE[0]:
        return ONE
    if value[0] not in NUMBERS:
        reason = "a number is needed"
        raise DirtyProtocolError(reason, code="invalid_field_value", path="value")
    return value


def no_number(table: str, key: Scalar) -> StashError:
    """Why nothing is added to what is no number."""
    return StashError(f"key {key!r:.100} of stash table {table:.100} has no number")


def too_much(table: str, key: Scalar) -> StashError:
    """Why nothing is added that leads beyond what can be sent."""
    return StashError(f"key {key!r:.100} of stash table {table:.100} would have too much")


NONE, ONE = gdproto.encode(None), gdproto.encode(1)
NUMBERS = (gdproto.encode(0)[0], gdproto.encode(0.0)[0])


def _number(value: bytes | memoryview) -> float | None:
    if value[0] not in NUMBERS:
        return None
    number: float = gdproto.decode(value)
    return number
