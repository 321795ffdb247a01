"""Values that stay as they came: the bytes of one value, which an encoder writes as they are."""

from __future__ import annotations


class Encoded(bytes):
    """The TLV bytes of one value.

    It may be encoded alone, or be a field of a message that takes any value. Inside of lists and
    dicts, where its depth is not known, it is like other bytes. Nothing judges it: give it what
    `check` has passed.
    """

    __slots__ = ()
