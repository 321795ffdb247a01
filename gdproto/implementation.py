"""Which codec runs: the C one where it was built for this very specification, else the Python one.

Rules: both give the same values, the same bytes and the same ProtocolErrors; the C codec does what
is common and right, and calls the Python functions for whatever it doubts. With GDPROTO_PURE=1 in
the environment, only the Python codec is used.
"""

from __future__ import annotations

import os
from types import ModuleType
from typing import Any

from . import frames, messages, tlv
from ._generated.messages import MESSAGE_CLASSES
from ._generated.tables import SPEC_HASH

# What the C codec asks in doubt, by the name under which it asks.
FALLBACKS: dict[str, Any] = {
    "encode": tlv.encode,
    "decode": tlv.decode,
    "serialize": frames.serialize,
    "parse": messages.parse,
    "parse_payload": messages.parse_payload,
    "parse_header": frames.parse_header,
    "peek_request": messages.peek_request,
    "readable": tlv.readable,
}


def compiled() -> ModuleType | None:
    """The C codec, not yet bound; None where there is none, or one of another specification."""
    if os.environ.get("GDPROTO_PURE", "0") not in ("", "0"):
        return None
    try:
        from ._generated import codec
    except ImportError:
        return None
    return codec if codec.SPEC_HASH == SPEC_HASH else None


_codec = compiled()
IMPLEMENTATION = "python" if _codec is None else "c"

if _codec is None:
    encode = tlv.encode
    decode = tlv.decode
    parse = messages.parse
    parse_payload = messages.parse_payload
    parse_header = frames.parse_header
    peek_request = messages.peek_request
else:
    _codec.bind(MESSAGE_CLASSES, frames.Header, messages.RequestPeek, FALLBACKS)
    encode = _codec.encode
    decode = _codec.decode
    parse = _codec.parse
    parse_payload = _codec.parse_payload
    parse_header = _codec.parse_header
    peek_request = _codec.peek_request
    # A method in C, found like any other: a Python function around it would cost more than it does.
    frames.Message.to_bytes = _codec.to_bytes  # type: ignore[method-assign]
