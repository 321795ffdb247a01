"""A large frame that comes in parts: put together, or passed on as it comes.

Rules: what nobody here looks at stays within the kernel, as `Link` does it. A frame that cannot be
kept is read to its end all the same; whoever wants it whole learns why it is not to be had.
"""

from __future__ import annotations

from collections.abc import Callable

from .link import Data, Link
from .passing import Descriptors, Parcel
from .spool import Act, Spooler


class Inbox:
    """One frame that is under way.

    Args:
        link: on which it comes.
        onward: to which it goes as it comes; None to keep it until it is whole.
        elsewhere: where it is written, if it is kept: see `Spooler`.

    Attributes:
        descriptors: those that came with it, and were not passed on.
    """

    def __init__(
        self,
        link: Link,
        onward: Link | None = None,
        elsewhere: Callable[[Act], None] | None = None,
    ) -> None:
        self._link = link
        self._onward = onward
        self.descriptors: Descriptors | None = None
        self._spooler = Spooler(elsewhere)
        link.pour_into(onward or self._spooler)

    def keep(self) -> None:
        """From now on, keep what comes of the frame that was passed on."""
        if self._onward is not None:
            self._onward = None
            self._link.pour_into(self._spooler)

    @property
    def is_passed_on(self) -> bool:
        """Whether the frame goes on as it comes."""
        return self._onward is not None

    @property
    def spooled_bytes(self) -> int:
        """What is kept of the frame."""
        return self._spooler.size

    @property
    def held_bytes(self) -> int:
        """What is kept of the frame in memory, before there is a file."""
        return self._spooler.held_bytes

    def add(self, part: bytes) -> None:
        """Take the next part."""
        if self._onward is not None:
            descriptors, self.descriptors = self.descriptors, None
            self._onward.write(part if descriptors is None else Parcel(part, descriptors))
        else:
            self._spooler.add(part)

    def whole(self, rest: bytes | memoryview) -> Data:
        """The frame that ends with `rest`; of one that was passed on, the rest.

        Raises:
            OSError: it could not be kept.
        """
        if self._onward is not None:
            return rest
        frame, descriptors = self._spooler.whole(rest), self.descriptors
        return frame if descriptors is None else Parcel(frame, descriptors)
