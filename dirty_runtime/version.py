"""What a STATUS says of this implementation."""

from __future__ import annotations

import gdproto

from .sockets.passing import AVAILABLE, MEMFD, MEMFD_LENT

PROTOCOL = "GD/1"
# Not from the metadata of what is installed: reading that takes a third of a worker's start.
VERSION = gdproto.__version__
EXTENSIONS = ["cancel", *([MEMFD, MEMFD_LENT] if AVAILABLE else [])]
