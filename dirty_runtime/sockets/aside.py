"""What a thread does for a link: what a disk, or much of it, makes long.

Rules: meanwhile nothing is read from the link. Its outcome is told on the loop, and what goes wrong
then ends this link alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from .link import Link

T = TypeVar("T")

# What writes large frames to a disk, which may be slow.
WRITING = ThreadPoolExecutor(4, "writing")


def aside(
    link: Link,
    threads: ThreadPoolExecutor,
    act: Callable[[], T],
    then: Callable[[Callable[[], T]], None],
) -> None:
    """Have a thread do what may take long, and read nothing from the link until it is read on.

    Args:
        then: is called with what returns or raises the outcome.
    """
    link.pause_reading()
    doing = asyncio.get_running_loop().run_in_executor(threads, act)

    def done() -> None:
        then(doing.result)
        if (error := doing.exception()) is not None:
            # Its frames hold what holds it.
            error.__traceback__ = None

    doing.add_done_callback(lambda _: link.attempt(done))
