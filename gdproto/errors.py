"""The one exception of the codec, and how it names the place of a fault.

A ProtocolError carries a portable code (the same in every language), how much dies with it, and
where the fault is. Rules for paths: the keys and indexes from the root value to the fault; a key
that is not a plain identifier is quoted; long keys and long paths are cut.
"""

from __future__ import annotations

import copyreg
import re
from collections.abc import Iterable
from typing import Any

from ._generated.tables import (
    ELLIPSIS,
    ERROR_SCOPES,
    ESCAPES,
    IDENTIFIER,
    MAX_KEY_CHARS,
    MAX_PATH_CHARS,
)

_IDENTIFIER = re.compile(IDENTIFIER)
# Of other characters, those that a string of JSON may not hold as they are.
_ESCAPED = {code: f"\\u{code:04x}" for code in range(0x20)} | str.maketrans(ESCAPES)


class ProtocolError(Exception):
    """Bytes, a value or a peer's state that GD/1 does not permit.

    Attributes:
        code: portable error code, a str (the table of portable errors lists them).
        reason: one line for a person.
        scope: "connection" when the byte stream or the peer's state can no longer be trusted,
            "exchange" when only one exchange fails.
        offset: where the fault is, in bytes from the start of what was handed in; None when
            encoding, and for faults of state.
        path: the place inside the payload's value, such as ``kwargs.model[3]``; empty when the
            root is at fault.
        request_id: the exchange that the frame belonged to, as far as it was known.
        raw_data: where a Connection found the fault, the first bytes of what was at fault.
    """

    def __init__(
        self,
        code: str,
        reason: str,
        *,
        phase: str = "payload",
        scope: str | None = None,
        offset: int | None = None,
        location: Iterable[str | int] = (),
        request_id: int = 0,
    ) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.scope = scope or ERROR_SCOPES[code][phase]
        self.offset = offset
        self.path = format_path(location)
        self.request_id = request_id
        self.raw_data = b""

    def __reduce__(self) -> tuple[Any, ...]:
        # The constructor takes other things than `args` holds: copies are made without it.
        return copyreg.__newobj__, (type(self), *self.args), vars(self)  # type: ignore[attr-defined]

    def __str__(self) -> str:
        place = [f"at byte {self.offset}"] if self.offset is not None else []
        place += [f"in {self.path}"] if self.path else []
        return f"{' '.join([self.code, *place])}: {self.reason}"


def format_path(location: Iterable[str | int]) -> str:
    """Write keys and indexes as a path of at most MAX_PATH_CHARS characters."""
    path = ""
    for step in location:
        if isinstance(step, int):
            path += f"[{step}]"
        elif len(step) <= MAX_KEY_CHARS and _IDENTIFIER.fullmatch(step):
            path += f".{step}" if path else step
        else:
            cut = step if len(step) <= MAX_KEY_CHARS else step[:MAX_KEY_CHARS] + ELLIPSIS
            path += f"[{_quoted(cut)}]"
        if len(path) > MAX_PATH_CHARS:
            return path[: MAX_PATH_CHARS - 1] + ELLIPSIS
    return path


def _quoted(key: str) -> str:
    # A lone surrogate must not make the path itself impossible to encode.
    return f'"{key.translate(_ESCAPED)}"'.encode(errors="backslashreplace").decode()
