"""Which codec runs: the C one where it was built for this very specification, else the Python one.

Rules: both give the same values, the same bytes and the same ProtocolErrors; the C codec does what
is common and right, and calls the Python functions for whatever it doubts. With GDPROTO_PURE=1 in
the environment, only the Python codec is used.
"""

from __future__ import annotations

import os
from importlib import import_module
from types import ModuleType
from typing import Any

from . import frames, messages, strict, tlv
from ._generated.messages import MESSAGE_CLASSES
from ._generated.tables import SPEC_HASH
from .doubtful import Doubtful
from .encoded import Encoded
from .messages import Steps
from .routing import RequestPeek


def fallbacks(doubtful: Doubtful) -> dict[str, Any]:
    """What the C codec asks in doubt, by the name under which it asks."""
    return {
        "encode": doubtful.encode,
        "decode": doubtful.decode,
        "check": doubtful.check,
        "refuse": strict.refuse,
        "refuse_writing": strict.refuse_writing,
        "serialize": doubtful.serialize,
        "parse": doubtful.parse,
        "parse_payload": doubtful.parse_payload,
        "parse_header": frames.parse_header,
        "peek_request": doubtful.peek_request,
        "readable": tlv.readable,
    }


def compiled() -> ModuleType | None:
    """The C codec, not yet bound; None where there is none, or one of another specification."""
    if os.environ.get("GDPROTO_PURE", "0") not in ("", "0"):
        return None
    try:
        built = import_module(f"{__package__}._codec")
    except ImportError:
        return None
    return built if built.SPEC_HASH == SPEC_HASH else None


codec = compiled()
IMPLEMENTATION = "python" if codec is None else "c"

doubtful = (
    None
    if codec is None
    else Doubtful(
        Steps(codec.check_at, codec.spans, codec.route, codec.encode_payload), codec.encode
    )
)
if codec is None:
    check = tlv.check
    value_end = strict.check
    parse_stash = messages.parse_stash
    parse_question = messages.parse_question
    encode = tlv.encode
    decode = tlv.decode
    parse = messages.parse
    parse_payload = messages.parse_payload
    parse_header = frames.parse_header
    peek_request = messages.peek_request
else:
    assert doubtful is not None
    # Connections have their own.
    FALLBACKS = fallbacks(doubtful)
    codec.bind(MESSAGE_CLASSES, frames.Header, RequestPeek, Encoded, FALLBACKS)
    check = codec.check
    value_end = codec.check_at
    parse_stash = doubtful.parse_stash
    parse_question = doubtful.parse_question
    encode = codec.encode
    decode = codec.decode
    parse = codec.parse
    parse_payload = codec.parse_payload
    parse_header = codec.parse_header
    peek_request = codec.peek_request
    # A method in C, found like any other: a Python function around it would cost more than it does.
    frames.Message.to_bytes = codec.to_bytes  # type: ignore[method-assign]
