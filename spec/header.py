"""The 16-byte header, and the frame that it heads. All numbers are big-endian."""

from __future__ import annotations

from construct import Bytes, Int8ub, Int32ub, Int64ub, Struct

from .forms import Exactly, Fits, Framed, Limit, OneOf
from .limits import MAX_PAYLOAD_BYTES
from .messages import MESSAGES

# The order of the fields is the order in which a receiver judges them: GD-FRAME-007.
Header = Struct(
    "magic" / Exactly(Bytes(2), b"GD", error="bad_magic") * "the letters GD",
    "version" / Exactly(Int8ub, 1, error="unsupported_version") * "protocol version",
    "type"
    / OneOf(Int8ub, {m.code: m.name for m in MESSAGES}, error="unknown_message_type")
    * "message type",
    "length" / Limit(Int32ub, MAX_PAYLOAD_BYTES) * "payload bytes that follow",
    # GD-FRAME-017 GD-FRAME-024
    "request_id"
    / Fits(Int64ub, error="int_out_of_range")
    * "chosen by the side that opens the exchange",
)

Frame = Framed(Header, {m.name: m.payload for m in MESSAGES})
