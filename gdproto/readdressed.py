"""Frames under another request id, for whoever passes them from one connection to another."""

from __future__ import annotations

from ._generated.tables import HEADER, HEADER_BYTES


def readdressed(frames: bytes | bytearray | memoryview, request_id: int) -> bytes:
    """A copy of `frames` under another request id.

    Args:
        frames: one after the other, as a connection has judged them; the last one may be cut off
            behind its header, as the first part of a large frame is.
        request_id: that of each in the copy.
    """
    magic, version, code, length, _ = HEADER.unpack_from(frames)
    if HEADER_BYTES + length >= len(frames):
        # Most often it is one.
        head = HEADER.pack(magic, version, code, length, request_id)
        return b"".join((head, frames[HEADER_BYTES:]))
    copy, at = bytearray(frames), 0
    while at < len(copy):
        magic, version, code, length, _ = HEADER.unpack_from(copy, at)
        HEADER.pack_into(copy, at, magic, version, code, length, request_id)
        at += HEADER_BYTES + length
    return bytes(copy)
