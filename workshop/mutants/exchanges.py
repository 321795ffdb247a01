"""Codecs that let a peer do in an exchange what it may not, or forbid what it may."""

from __future__ import annotations

from collections.abc import Iterator

from gdproto.spec.codegen import ir

from .mutant import SPEC, Change, Edit, Mutant, change, every, where

CONNECTION = "connection.py"


def session(name: str, *edits: Edit, change: Change | None = None) -> Mutant:
    return Mutant(name, edits, change)


def rows() -> Iterator[Mutant]:
    """Each transition: its outcome, the state after it, and how much dies with a refusal."""
    for row in SPEC.transitions:
        place = where(ir.Transition, state=row.state, sender=row.sender, message=row.message)
        name = f"{row.state}-{row.sender}-{row.message.lower()}"
        if row.scope:
            yield session(f"{name}-delivered", change=change(place, outcome="deliver", scope=""))
            other = "exchange" if row.scope == "connection" else "connection"
            yield session(f"{name}-of-scope-{other}", change=change(place, scope=other))
            code = ({"unexpected_message", "duplicate_request_id"} - {row.outcome}).pop()
            yield session(f"{name}-as-{code}", change=change(place, outcome=code))
        elif row.outcome == "deliver":
            yield session(f"{name}-discarded", change=change(place, outcome="discard"))
            yield session(
                f"{name}-refused",
                change=change(place, outcome="unexpected_message", scope="exchange"),
            )
        else:
            yield session(f"{name}-delivered", change=change(place, outcome="deliver"))
        # What follows a fault of scope connection is never seen, and no role opens by an answer.
        if row.scope != "connection" and not (row.state == "idle" and row.scope):
            for state, _ in SPEC.states:
                if state != row.next:
                    yield session(f"{name}-then-{state}", change=change(place, next=state))


def roles() -> Iterator[Mutant]:
    opening = tuple(
        row.message for row in SPEC.transitions if row.state == "idle" and row.next != "idle"
    )
    for role in SPEC.roles:
        place = where(ir.Role, name=role.name)
        for one in opening:
            if one in role.opens:
                left = tuple(name for name in role.opens if name != one)
                yield session(
                    f"{role.name}-without-{one.lower()}", change=change(place, opens=left)
                )
            else:
                more = (*role.opens, one)
                yield session(f"{role.name}-with-{one.lower()}", change=change(place, opens=more))
        for bound in {None, 1, 2} - {role.max_open}:
            yield session(
                f"{role.name}-of-{bound or 'any'}-open", change=change(place, max_open=bound)
            )


def ids() -> Iterator[Mutant]:
    yield session("connection-id-1", change=change(where(ir.Spec), connection_request_id=1))
    found = "states.get(request_id, IDLE)"
    for name, other in {
        "ids-of-32-bits-compared": "request_id & 0xFFFFFFFF",
        "one-state-for-all-exchanges": "next(iter(self._states), request_id)",
    }.items():
        yield session(name, every(CONNECTION, found, found.replace("request_id", other)))
    judged = '        if outcome == "deliver":\n'
    yield session(
        "given-up-payload-judged",
        Edit(
            CONNECTION,
            judged,
            '        if outcome == "discard":\n            self._event(header, frame, False)\n'
            + judged,
        ),
    )


def faults() -> Iterator[Mutant]:
    """What becomes of an exchange of which a frame cannot be read."""
    for name, new, place in (
        ("always-forgets", "idle", where(ir.AfterFault, next="abandoned")),
        ("always-gives-up", "abandoned", where(ir.AfterFault, next="idle")),
        ("of-a-terminal-gives-up", "abandoned", where(ir.AfterFault, sender="answerer", ends=True)),
    ):
        yield session(f"fault-{name}", change=change(place, next=new))


GROUPS = (rows, roles, ids, faults)
MUTANTS = tuple(mutant for group in GROUPS for mutant in group())
