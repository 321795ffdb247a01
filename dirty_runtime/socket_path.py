"""What everybody knows of the path of an arbiter's socket."""

from __future__ import annotations

MAX_SOCKET_PATH_BYTES = 107
# What it ends with while the arbiter drains.
DRAINING = ".draining"
