"""The GD/1 codec: values, messages, and connections without I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._generated import messages as _messages

# The message classes; "as" in the rest tells type checkers that a name is public.
from ._generated.messages import *  # noqa: F403
from ._generated.tables import ERROR_TEXT_BYTES as ERROR_TEXT_BYTES
from ._generated.tables import ERROR_TYPES as ERROR_TYPES
from ._generated.tables import HEADER_BYTES as HEADER_BYTES
from ._generated.tables import MAGIC as MAGIC
from ._generated.tables import MAX_PAYLOAD_BYTES as MAX_PAYLOAD_BYTES
from ._generated.tables import RAW_DATA_BYTES as RAW_DATA_BYTES
from ._generated.tables import VALUE_TYPES as VALUE_TYPES
from ._generated.tables import VERSION as VERSION
from ._generated.tables import ManageOp as ManageOp
from ._generated.tables import MessageCode as MessageCode
from ._generated.tables import StashOp as StashOp
from .connection import Connection as Connection
from .encoded import Encoded as Encoded
from .errors import ProtocolError as ProtocolError
from .events import NEED_DATA as NEED_DATA
from .events import ConnectionClosed as ConnectionClosed
from .events import ExchangeEnded as ExchangeEnded
from .events import FrameReceived as FrameReceived
from .events import MessageReceived as MessageReceived
from .events import PartReceived as PartReceived
from .frames import Header as Header
from .frames import Message as Message
from .frames import readdressed as readdressed
from .implementation import IMPLEMENTATION as IMPLEMENTATION
from .implementation import check as check
from .implementation import decode as decode
from .implementation import encode as encode
from .implementation import parse as parse
from .implementation import parse_header as parse_header
from .implementation import parse_payload as parse_payload
from .implementation import parse_question as parse_question
from .implementation import parse_stash as parse_stash
from .implementation import peek_request as peek_request
from .items import list_items as list_items
from .messages import PRIORITY_RANGE as PRIORITY_RANGE
from .messages import peek_trace as peek_trace
from .pieces import ListPieces as ListPieces
from .pieces import Pieces as Pieces
from .routing import RequestPeek as RequestPeek

__version__ = "0.1.0"

if not TYPE_CHECKING:
    # A type checker does not read what is computed.
    _PLAIN = """
    ERROR_TEXT_BYTES ERROR_TYPES HEADER_BYTES IMPLEMENTATION MAGIC MAX_PAYLOAD_BYTES NEED_DATA
    PRIORITY_RANGE RAW_DATA_BYTES
    VALUE_TYPES VERSION Connection ConnectionClosed Encoded ExchangeEnded FrameReceived Header
    ListPieces ManageOp Message MessageCode MessageReceived PartReceived Pieces ProtocolError
    RequestPeek StashOp check decode encode list_items parse parse_header parse_payload
    parse_question parse_stash peek_request peek_trace readdressed
    """
    __all__ = sorted([*_PLAIN.split(), *_messages.__all__])
