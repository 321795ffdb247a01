"""What is done for many, each for itself.

Rules: one for whom it fails is told of in the log, with its traceback; the others have theirs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

log = logging.getLogger("dirty")

T = TypeVar("T")


def for_each(many: Iterable[T], act: Callable[[T], object], failure: str) -> None:
    """Do it for each.

    Args:
        failure: what the log says where it raises.
    """
    for one in many:
        try:
            act(one)
        except Exception:
            log.exception(failure)
