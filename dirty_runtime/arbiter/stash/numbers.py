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
    more = 1 if added[0] == NONE[0] else _number(added)
    if more is None:
        reason = "a number is needed"
        raise DirtyProtocolError(reason, code="invalid_field_value", path="value")
    if before is None:
        raise StashError(f"key {key!r:.100} of stash table {table:.100} has no number")
    sum_ = before + more
    if not (MIN_INT <= sum_ <= MAX_INT if isinstance(sum_, int) else math.isfinite(sum_)):
        raise StashError(f"key {key!r:.100} of stash table {table:.100} would have too much")
    return sum_


NONE = gdproto.encode(None)
NUMBERS = (gdproto.encode(0)[0], gdproto.encode(0.0)[0])


def _number(value: bytes | memoryview) -> float | None:
    if value[0] not in NUMBERS:
        return None
    number: float = gdproto.decode(value)
    return number
