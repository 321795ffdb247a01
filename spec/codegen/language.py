"""What a backend says of its language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import ir


@dataclass(frozen=True)
class Language:
    """A language and its backend.

    Attributes:
        name: as in ``gdproto generate --lang``.
        title: as people write it.
        folder: of the files that are checked in, below the repository's root.
        package: what the files call themselves, where nobody says otherwise.
        comment: a line of comment, with a hole for its text.
        formatter: command that reads a file and writes it as it should stand; {} is its name. With
            {each}, all names, it writes the names of those that it would change.
        files: their texts by name, from the IR and the package's name, without their marks.
        beside: texts of files beside what this project writes by hand in the language, by path
            below the root, without their marks: no user generates them.
    """

    name: str
    title: str
    folder: str
    package: str
    comment: str
    formatter: tuple[str, ...]
    files: Callable[[ir.Spec, str], dict[str, str]]
    beside: Callable[[ir.Spec], dict[str, str]] = lambda spec: {}
