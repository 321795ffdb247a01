"""Codecs that let a peer do in an exchange what it may not, or forbid what it may."""

from __future__ import annotations

from collections.abc import Iterator

from gdproto.spec.codegen import ir

from .mutant import SPEC, Change, Edit, Mutant, change, where

CONNECTION = "connection.py"


def session(name: str, *edits: Edit, change: Change | None = None) -> Mutant:
    return Mutant(name, "session", edits, change)


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
    notice = "            if not request_id and self._is_notice(code):"
    yield session("notice-not-known", Edit(CONNECTION, notice, "            if request_id < 0:"))
    yield session(
        "notice-of-any-id",
        Edit(CONNECTION, "(self.role.max_open or not request_id)", "request_id >= 0"),
        Edit(CONNECTION, notice, "            if self._is_notice(code):"),
    )
    inside = '            code == NOTICE_CODE\n            and self._peer_side == "answerer"\n            and CONNECTION_REQUEST_ID not in self._states\n'
    for name, left in {
        "notice-of-any-message": inside.replace(
            "code == NOTICE_CODE", "code != MessageCode.REQUEST"
        ),
        "notice-of-an-opener": inside.replace(
            '            and self._peer_side == "answerer"\n', ""
        ),
    }.items():
        yield session(name, Edit(CONNECTION, inside, left))
    open_too = "if state == IDLE and (self.role.max_open or not request_id):"
    yield session(
        "notice-though-0-is-open",
        Edit(
            CONNECTION,
            open_too,
            open_too.replace("state == IDLE", "(state == IDLE or not request_id)"),
        ),
        Edit(
            CONNECTION, inside, inside.replace("CONNECTION_REQUEST_ID not in self._states", "code")
        ),
    )
    yield session(
        "notice-ends-the-exchange-0",
        Edit(
            CONNECTION,
            "            return self._event(header, frame, False)",
            "            return self._event(header, frame, True)",
        ),
    )
    yield session(
        "notice-closes",
        Edit(
            CONNECTION,
            "            return self._event(header, frame, False)",
            "            self._eof = True\n            return self._event(header, frame, False)",
        ),
    )
    state = "        state = self._states.get(request_id, IDLE)\n"
    received = "        state = states.get(request_id, IDLE)\n"
    for name, found in {
        "ids-of-32-bits-compared": "next((s for i, s in {}.items() if (i - request_id) % 2**32 == 0), IDLE)",
        "one-state-for-all-exchanges": "next(iter({}.values()), IDLE)",
    }.items():
        yield session(
            name,
            Edit(CONNECTION, state, f"        state = {found.format('self._states')}\n"),
            Edit(CONNECTION, received, f"        state = {found.format('states')}\n"),
        )


def sending() -> Iterator[Mutant]:
    refused = "            raise _refusal(move, code, request_id)\n        return move.next\n"
    judged = "        if move.scope:\n" + refused
    yield session("anything-may-be-sent", Edit(CONNECTION, judged, "        return move.next\n"))
    yield session(
        "refused-sending-moves",
        Edit(CONNECTION, refused, "            self._enter(request_id, move.next)\n" + refused),
    )
    yield session(
        "refused-sending-closes",
        Edit(CONNECTION, refused, "            self._closed = ConnectionClosed()\n" + refused),
    )
    written = "        data = message.to_bytes()\n"
    yield session(
        "unwritable-message-moves",
        Edit(CONNECTION, written, "        self._enter(request_id, state)\n" + written),
    )
    yield session(
        "sending-moves-nothing", Edit(CONNECTION, written, "        return message.to_bytes()\n")
    )
    yield session(
        "sending-judged-as-receiving",
        Edit(CONNECTION, "self._sent[state][code]", "self._received[state][code]"),
    )
    yield session(
        "refusal-without-an-id",
        Edit(CONNECTION, "request_id=request_id,\n    )", "request_id=0,\n    )"),
    )


def giving_up() -> Iterator[Mutant]:
    marked = "            self._states[request_id] = ABANDONED\n"
    known = "        if request_id in self._states:\n"
    yield session(
        "given-up-is-forgotten",
        Edit(CONNECTION, marked, "            del self._states[request_id]\n"),
    )
    yield session("giving-up-does-nothing", Edit(CONNECTION, marked, "            pass\n"))
    yield session(
        "giving-up-opens", Edit(CONNECTION, known + marked, "        if True:\n" + marked)
    )
    yield session(
        "giving-up-all",
        Edit(
            CONNECTION,
            marked,
            "            self._states = dict.fromkeys(self._states, ABANDONED)\n",
        ),
    )
    told = "        return ExchangeEnded(request_id) if state != next_state == IDLE else None\n"
    for name, new in {
        "end-of-given-up-not-told": "        return None\n",
        "each-discarded-frame-told": "        return ExchangeEnded(request_id) if state != IDLE else None\n",
        "end-of-unknown-told": "        return ExchangeEnded(request_id) if next_state == IDLE else None\n",
    }.items():
        yield session(name, Edit(CONNECTION, told, new))
    moved = "        self._enter(request_id, next_state)\n        if scope:"
    yield session(
        "given-up-payload-judged",
        Edit(CONNECTION, moved, "        self._event(header, frame, False)\n" + moved),
    )


def faults() -> Iterator[Mutant]:
    fails = "            self._enter(request_id, AFTER_FAULT[self._peer_side, terminal])\n"
    yield session("fault-leaves-the-exchange", Edit(CONNECTION, fails, "            return\n"))
    after = {
        "fault-always-forgets": where(ir.AfterFault, next="abandoned"),
        "fault-always-gives-up": where(ir.AfterFault, next="idle"),
        "fault-of-a-terminal-gives-up": where(ir.AfterFault, sender="answerer", ends=True),
    }
    for name, place in after.items():
        new = "idle" if place.like.get("next") == "abandoned" else "abandoned"
        yield session(name, change=change(place, next=new))
    yield session(
        "fault-in-presence-leaves-the-exchange",
        Edit(
            CONNECTION,
            "            self._fail(header.request_id)\n            self._skip",
            "            self._skip",
        ),
    )
    raised = '            if error.scope == "connection":\n                self._closed = error\n'
    yield session("fault-of-a-connection-forgiven", Edit(CONNECTION, raised, ""))
    yield session(
        "fault-of-an-exchange-closes",
        Edit(CONNECTION, raised, "            self._closed = error\n"),
    )
    moved = "        self._enter(request_id, next_state)\n        if scope:\n"
    raised = "            raise _refusal(move, code, request_id)\n        return ExchangeEnded"
    yield session(
        "refusal-moves-nothing",
        Edit(
            CONNECTION,
            moved + raised,
            "        if scope:\n"
            + raised.replace("return", "self._enter(request_id, next_state)\n        return"),
        ),
    )
    delivered = "            ended = next_state == IDLE\n"
    move = "            if not ended:\n                states[request_id] = next_state\n"
    yield session(
        "delivery-moves-nothing",
        Edit(CONNECTION, move, "            if state:\n                pass\n"),
    )
    seen = "event = self._event(header, frame, ended)"
    for name, new in {"always-ended": "True", "never-ended": "False"}.items():
        yield session(f"message-{name}", Edit(CONNECTION, seen, seen.replace("ended)", f"{new})")))
    yield session(
        "received-ids-not-checked",
        Edit(
            CONNECTION,
            '        if outcome == "deliver":\n' + delivered,
            '        if outcome == "duplicate_request_id":\n'
            '            next_state, outcome, scope = "calling", "deliver", ""\n'
            '        if outcome == "deliver":\n' + delivered,
        ),
    )


GROUPS = (rows, roles, ids, sending, giving_up, faults)
MUTANTS = tuple(mutant for group in GROUPS for mutant in group())
