"""Records: objects that are known by their fields, which change."""

from __future__ import annotations

from reprlib import recursive_repr
from typing import Any, ClassVar


class Record:
    """Compares and shows as a dataclass does, without a word of code that must be compiled first.

    Attributes:
        __match_args__: the names of the fields, in order.
    """

    __slots__ = ()
    __match_args__: ClassVar[tuple[str, ...]] = ()

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return _values(self) == _values(other)

    @recursive_repr()
    def __repr__(self) -> str:
        fields = zip(self.__match_args__, _values(self), strict=True)
        shown = ", ".join(f"{name}={value!r}" for name, value in fields)
        return f"{self.__class__.__qualname__}({shown})"


def _values(record: Any) -> list[Any]:
    return [getattr(record, name) for name in record.__match_args__]
