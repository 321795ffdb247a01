"""What would help where a value cannot be sent."""

from __future__ import annotations

import re

# By the names of their classes.
_ARRAYS = r"a (ndarray|Tensor|ArrayImpl|array|(float|int|uint|complex)\d+|bool|MaskedArray) has"
_COMMON = r"a (datetime|date|time|timedelta|UUID|Decimal|\w*Path|set|frozenset|complex) has"


def hint(code: str, reason: str) -> str:
    """What would help where a value cannot be sent; empty where nothing is known."""
    if code == "int_out_of_range":
        return "; as text it can be sent, or as a float"
    if code != "unsupported_type" or "has no TLV form" not in reason:
        return ""
    if re.search(_ARRAYS, reason):
        what = "Converters(arrays=True)"
    elif re.search(_COMMON, reason):
        what = "Converters(common=True)"
    else:
        what = "Converters(...) with its class"
    return f"; {what} sends it: give it to the client, and to the app as `converters`"
