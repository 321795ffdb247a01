"""Scripts: each plays the opposite role against a peer, and proves requirements of the text.

Rules: a script is a function of a stage, which brings it to the peer. Its identifier is never
given to another script; its sentence, for a person, is the function's docstring. It passes unless
it raises: what came is not allowed, nothing came, or the peer cannot be judged by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from gdproto import declaration

ROLES = ("arbiter", "worker", "client")
# The strictest first.
LEVELS = ("MUST NOT", "MUST", "SHOULD NOT", "SHOULD", "MAY")


class Unsupported(Exception):
    """The peer cannot be judged by this script; says why."""


class Crashed(Exception):
    """The peer is not there any more; says what is known."""


@dataclass(frozen=True)
class Script:
    """One script.

    Attributes:
        id: never given to another script.
        role: what is judged: arbiter, worker or client.
        requires: the requirements that it proves.
        text: what it does, in a sentence.
        play: takes a stage of the role.
        alone: whether it disturbs others that run at the same time.
    """

    id: str
    role: str
    requires: tuple[str, ...]
    text: str
    play: Callable[[Any], None]
    alone: bool

    @property
    def level(self) -> str:
        """That of the strictest of its requirements."""
        return min((texts()[name].level for name in self.requires), key=LEVELS.index)


@cache
def texts() -> dict[str, declaration.Requirement]:
    """The requirements of the text by their ids."""
    return declaration.requirements()


Plays = Callable[[Any], None]


class Book:
    """The scripts by id, in the order in which they were written."""

    def __init__(self) -> None:
        self.scripts: dict[str, Script] = {}

    def add(self, name: str, requires: str, play: Plays, text: str, alone: bool = False) -> None:
        """Add a script.

        Raises:
            ValueError: the id is taken, or names no role.
        """
        role = name.partition("-")[0]
        if name in self.scripts or role not in ROLES:
            raise ValueError(f"script {name}: the id is taken, or does not begin with a role")
        self.scripts[name] = Script(name, role, tuple(requires.split()), text, play, alone)

    def script(self, name: str, requires: str, *, alone: bool = False) -> Callable[[Plays], Plays]:
        """As `add`, for a function with a docstring."""

        def added(play: Plays) -> Plays:
            text = " ".join((play.__doc__ or "").split())
            self.add(name, requires, play, text, alone)
            return play

        return added

    def of(self, role: str) -> list[Script]:
        """The scripts that judge the role."""
        return [script for script in self.scripts.values() if script.role == role]


def proofs(scripts: Iterable[Script]) -> dict[str, list[str]]:
    """The ids of the scripts that prove each requirement, by its id."""
    found: dict[str, list[str]] = {}
    for script in scripts:
        for name in script.requires:
            found.setdefault(name, []).append(script.id)
    return found


BOOK = Book()
