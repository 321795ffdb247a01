"""Messages: a code, a name, and the fields of the payload in canonical order.

A payload is one TLV dict. Keys that are not fields are ignored: this is how fields are added.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .answers import MANAGE, STASH, codes
from .forms import Field, Fields
from .tlv import Value

STASH_OPS = codes(STASH)
MANAGE_OPS = codes(MANAGE)

# Integers with names, by the name of their enumeration.
ENUMERATIONS: Mapping[str, Mapping[str, int]] = {"StashOp": STASH_OPS, "ManageOp": MANAGE_OPS}


@dataclass(frozen=True)
class Message:
    """One message type.

    Attributes:
        name: upper case, as in the text.
        code: the header's type byte.
        payload: its form; None for a message without payload.
        meaning: one sentence.
        arguments: the order in which programs name the fields, where it is not that of the wire.
        extension: the name under which STATUS announces it; empty for a core message.
    """

    name: str
    code: int
    payload: Fields | None
    meaning: str
    arguments: tuple[str, ...] = ()
    extension: str = ""


MESSAGES = (
    Message(
        "REQUEST",
        0x01,
        Fields(
            Value,
            Field("app_path", (str,), "the app, as module:Class"),
            Field("action", (str,), "what to call on it"),
            # GD-MSG-016 GD-MSG-017
            Field(
                "timeout",
                (float, int),
                "seconds from arrival at the arbiter, queueing included",
                required=False,
                minimum=0,
                finite=True,
            ),
            Field(
                "priority",
                (int,),
                "0 is usual; of requests that wait, the higher goes first",
                required=False,
                default=0,
                default_written=False,
                minimum=-10,
                maximum=10,
            ),
            Field(
                "trace",
                (dict,),
                "the trace that the caller takes part in, as headers of HTTP would tell it",
                required=False,
            ),
            Field(
                "extensions",
                (list,),
                "the extensions that the caller takes in the answer",
                required=False,
            ),
            Field("args", (list,), "positional arguments", required=False, default=()),
            Field("kwargs", (dict,), "keyword arguments", required=False, default={}),
        ),
        "Call an action of an app.",
        arguments=(
            "app_path",
            "action",
            "args",
            "kwargs",
            "timeout",
            "priority",
            "trace",
            "extensions",
        ),
    ),
    Message(
        "RESPONSE",
        0x02,
        Fields(Value, Field("result", (), "the result")),
        "The result of an exchange.",
    ),
    Message(
        "ERROR",
        0x03,
        Fields(
            Value,
            Field(
                "error",
                (dict,),
                "what failed",
                fields=(
                    Field("error_type", (str,), "a name from the table of error types"),
                    Field("message", (str,), "one line for a person"),
                    Field("details", (dict,), "facts by name", required=False, default={}),
                ),
            ),
        ),
        "The failure of an exchange, or with id 0 of the connection.",
    ),
    Message("CHUNK", 0x04, Fields(Value, Field("data", (), "one piece")), "A piece of a stream."),
    Message("END", 0x05, None, "The end of a stream."),
    Message(
        "STASH",
        0x10,
        Fields(
            Value,
            Field("op", (int,), "the operation", choices=STASH_OPS),
            Field("table", (str,), "the table's name"),
            Field("key", (), "the key", required=False, scalar=True),
            Field("value", (), "the value", required=False),
            Field("pattern", (str,), "a glob over string keys", required=False),
            Field(
                "ttl",
                (float, int),
                "seconds that the key lives",
                required=False,
                finite=True,
                minimum=0,
            ),
            Field("initial", (float, int), "the number to begin with", required=False, finite=True),
            Field("version", (int,), "the version that is expected", required=False, minimum=0),
            Field("count", (int,), "how many keys at most", required=False, minimum=1),
            Field("after", (), "where a page ended", required=False, scalar=True),
            Field(
                "wait",
                (float, int),
                "seconds to wait for what is asked for",
                required=False,
                finite=True,
                minimum=0,
            ),
        ),
        "An operation on the arbiter's shared tables.",
    ),
    Message("STATUS", 0x11, None, "Ask for the state of the arbiter or worker."),
    Message(
        "MANAGE",
        0x12,
        Fields(
            Value,
            Field("op", (int,), "the operation", choices=MANAGE_OPS),
            Field("count", (int,), "how many workers", required=False, default=1),
            Field("slot", (int,), "the place of one worker", required=False, minimum=0),
            Field("call", (int,), "the arbiter's number of one request", required=False, minimum=1),
        ),
        "Change the workers, or look at what they do.",
    ),
    Message("CANCEL", 0x80, None, "Give up an open exchange.", extension="cancel"),
    Message("PAUSE", 0x81, None, "Ask for no CHUNKs of an exchange for now.", extension="flow"),
    Message("RESUME", 0x82, None, "Ask for the CHUNKs of an exchange again.", extension="flow"),
)

# Codes that a peer may use for extensions of its own, first and last: GD-EXT-002.
EXTENSION_CODES = (0x80, 0xEF)
