"""Prints the transition table as Promela, for the model of an arbiter in `workshop/model`.

Rules: states, sides and outcomes are one alphabet, `mtype`, in which a name stands once; so each
has its sort before it. `exchange` runs a frame through the table, as both ends of a connection do.
"""

from __future__ import annotations

from collections.abc import Iterable

from .ir import Spec, Transition

PATH = "workshop/model/_generated/exchanges.pml"


def files(spec: Spec) -> dict[str, str]:
    """The file by its path."""
    messages = [message.name for message in spec.messages]
    states = [f"state_{name}" for name, _ in spec.states]
    sides = sorted({f"from_{one.sender}" for one in spec.transitions})
    outcomes = list(dict.fromkeys(one.outcome for one in spec.transitions))
    parts = [
        _names("messages", messages),
        _names("states of an exchange", states),
        _names("who sends a frame", sides),
        _names("what becomes of a frame", outcomes),
        _table(spec.transitions),
    ]
    return {PATH: "\n".join(parts)}


def _names(what: str, names: Iterable[str]) -> str:
    return f"/* {what} */\nmtype = {{ {', '.join(names)} }};\n"


def _table(transitions: Iterable[Transition]) -> str:
    """One alternative for all messages that do the same: each use of it is a copy."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for one in transitions:
        row = (one.state, one.sender, one.next, one.outcome)
        alike.setdefault(row, []).append(f"message == {one.message}")
    rows = "\n".join(
        f"  :: state == state_{state} && sender == from_{sender} && ({' || '.join(messages)}) ->\n"
        f"     outcome = {outcome}; state = state_{after}"
        for (state, sender, after, outcome), messages in alike.items()
    )
    return (
        "/* Run a frame through the table: `state` becomes the next one, `outcome` what becomes\n"
        "   of the frame. */\n"
        f"inline exchange(state, sender, message, outcome) {{\n  if\n{rows}\n  fi\n}}\n"
    )
