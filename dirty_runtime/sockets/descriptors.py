"""How many descriptors the arbiter may have open, and which are kept back.

Rules: clients, and the pipes and files of large frames, leave the last ones alone. Those are for
starting workers, and for whoever asks for the state while clients have all the others. The kernel
gives the lowest number that is free, so the number of a new one says how many are open.
"""

from __future__ import annotations

import errno
import os
import resource

MOST_KEPT = 64


def limit() -> int:
    """How many the process may have open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft if soft != resource.RLIM_INFINITY else 2**31


def kept() -> int:
    """How many are kept back."""
    return min(MOST_KEPT, limit() // 4)


def is_scarce(descriptor: int) -> bool:
    """Whether a new descriptor is one of those that are kept back."""
    return descriptor >= limit() - kept()


def check(descriptor: int) -> None:
    """Raises OSError, as the kernel would, for one that is kept back."""
    if is_scarce(descriptor):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
