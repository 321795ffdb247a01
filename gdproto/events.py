"""What `Connection.next_event` returns.

Rules: annotations are evaluated here, as in `rows`.
"""

from enum import Enum
from typing import NamedTuple

from .frames import Header, Message
from .records import Record


class NeedData(Enum):
    """The type of NEED_DATA."""

    NEED_DATA = "need more data"


NEED_DATA = NeedData.NEED_DATA


class MessageReceived(NamedTuple):
    """A message arrived; `ended` when it ended its exchange."""

    message: Message
    ended: bool

    @property
    def request_id(self) -> int:
        return self.message.request_id


class FrameReceived(NamedTuple):
    """A frame arrived, its payload undecoded; `ended` when it ended its exchange.

    `frame` is all of it, or what follows the parts that PartReceived handed out. A large frame
    is a memoryview; a run of CHUNKs has the header of the first.
    """

    header: Header
    frame: bytes | memoryview
    ended: bool

    @property
    def request_id(self) -> int:
        return self.header.request_id


class PartReceived(NamedTuple):
    """The next bytes of a frame of more than `whole_bytes`, but not its last ones."""

    header: Header
    part: bytes

    @property
    def request_id(self) -> int:
        return self.header.request_id


class ExchangeEnded(NamedTuple):
    """The terminal frame of an exchange that was given up has arrived and was discarded."""

    request_id: int


class ConnectionClosed(Record):
    """The peer sends nothing more. Exchanges that are still open get no answer."""

    __slots__ = ()

    def __hash__(self) -> int:
        return hash(ConnectionClosed)


Event = MessageReceived | FrameReceived | PartReceived | ExchangeEnded | ConnectionClosed
