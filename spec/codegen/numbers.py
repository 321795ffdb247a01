"""The numbers of the declaration that every language has names for: what its test of names asks."""

from __future__ import annotations

from collections.abc import Callable

from . import ir


def named(
    spec: ir.Spec,
    member: Callable[[str, str], str],
    message: Callable[[str], str],
    limit: Callable[[ir.Limit], str],
) -> list[tuple[str, int]]:
    """Each number, by what a language says for it.

    Args:
        spec: the declaration.
        member: says one of an enumeration, by the names of both.
        message: says a message's code, by the message's name.
        limit: says a limit.
    """
    return [
        *((member(kind, name), held) for kind, all_ in spec.enumerations for name, held in all_),
        *((message(one.name), one.code) for one in spec.messages),
        *((limit(one), one.value) for one in spec.limits),
    ]
