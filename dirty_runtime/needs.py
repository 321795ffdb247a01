"""What apps take of the machine's resources, as somebody says it.

Rules: a resource has a name, a lower-case identifier, and ids, which are words. An app takes of
each so many ids for a worker, or a part of one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

# How many ids an app may take.
MOST = 4096
# What is counted in bytes, where a cluster has it.
MEMORY = "memory"


def is_name(name: Any) -> bool:
    """Whether a resource can have the name: it is part of a variable's."""
    return isinstance(name, str) and name.isascii() and name.isidentifier() and name.islower()


def needs_problem(found: Any) -> str:
    """Why this cannot be what an app takes; empty when it can."""
    if not isinstance(found, Mapping):
        return f"is a dict of numbers by resources, not {found!r}"
    for name, need in found.items():
        if not is_name(name):
            return f"has names that are identifiers in lower case, not {name!r}"
        if isinstance(need, bool) or not isinstance(need, int | float) or not _is_need(name, need):
            return f"has for {name} a whole number, or a part of 1, not {need!r}"
    return ""


def _is_need(name: str, need: float) -> bool:
    most = math.inf if name == MEMORY else MOST
    return 0 <= need < 1 or (math.isfinite(need) and 1 <= need <= most and need == int(need))


def ids_problem(found: Any) -> str:
    """Why these cannot be resources with their ids; empty when they can."""
    if not isinstance(found, Mapping):
        return f"is a dict of ids by resources, not {found!r}"
    for name, ids in found.items():
        if not is_name(name):
            return f"has names that are identifiers in lower case, not {name!r}"
        if not isinstance(ids, list | tuple) or not ids or not all(map(_is_id, ids)):
            return f"{name} has ids that are words or numbers, not {ids!r}"
        words = [str(one) for one in ids]
        for word in words:
            if words.count(word) > 1:
                return f"{name} has the id {word} twice"
    return ""


def _is_id(one: Any) -> bool:
    if isinstance(one, int):
        return not isinstance(one, bool) and one >= 0
    return isinstance(one, str) and one.isprintable() and bool(one) and not set(" ,=") & set(one)
