"""Names of the declaration as other languages write them; they are written `like_this` there.

A name of capitals, such as a message's, is taken like one of small letters.
"""

from __future__ import annotations

import re
from collections.abc import Collection


def words(name: str) -> list[str]:
    """The words of a name, in small letters: those of ``DirtyAppError`` and ``app_path`` alike."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)
    joined: list[str] = []
    for part in parts:
        # A number belongs to the word before it: `int64`.
        if part.isdigit() and joined:
            joined[-1] += part
        else:
            joined.append(part.lower())
    return joined


def pascal(name: str, initialisms: Collection[str] = ()) -> str:
    """``app_path`` as ``AppPath``; words among the `initialisms` in capitals alone."""
    return "".join(w.upper() if w in initialisms else w.capitalize() for w in words(name))


def camel(name: str, initialisms: Collection[str] = ()) -> str:
    """``app_path`` as ``appPath``."""
    first, *rest = words(name)
    return first + pascal("_".join(rest), initialisms)


def snake(name: str) -> str:
    """``DirtyAppError`` as ``dirty_app_error``."""
    return "_".join(words(name))


def screaming(name: str) -> str:
    """``app_path`` as ``APP_PATH``."""
    return snake(name).upper()
