"""exchanges.go: who may send what, when: the roles and the transition table."""

from __future__ import annotations

from .. import ir
from ..layout import idle, sides, transition_table
from .printing import code, documented, exported, filled, message_type

TEMPLATE = """
    package «package»

    // Role is one end of a connection.
    type Role uint8

    // The roles.
    const (
        «roles»
    )

    // String gives the role's name.
    func (r Role) String() string {
        switch r {
        «role_names»
        }
        return "no role"
    }

    // The side that this role has in an exchange.
    func (r Role) side() side {
        switch r {
        «role_sides»
        }
        return «answerer»
    }

    // How many exchanges may be open at once; 0 for any number.
    func (r Role) maxOpen() int {
        switch r {
        «role_max_open»
        }
        return 0
    }

    // Whether exchanges of this role are opened by this message.
    func (r Role) isOpenedBy(t MessageType) bool {
        switch r {
        «role_opens»
        }
        return false
    }

    // One of the two sides of an exchange.
    type side uint8

    const (
        opener side = iota
        answerer
    )

    func (s side) other() side { return opener + answerer - s }

    // What an exchange is in.
    type state uint8

    const (
        «states»
    )

    // What is done with a frame.
    type outcome uint8

    const (
        deliver outcome = iota
        discard
        refuse
    )

    // What a message does to its exchange; code and scope are those of a refusal.
    type transition struct {
        next    state
        outcome outcome
        code    Code
        scope   Scope
    }

    // Whether a message opens an exchange.
    func (t transition) opens() bool { return t.outcome == deliver && t.next != «idle» }

    // What a message does, by the state of its exchange and by who sends it. It is total.
    func transitionOf(from state, sender side, t MessageType) transition {
        switch sender {
        case opener:
            switch from {
            «of_opener»
            }
        case answerer:
            switch from {
            «of_answerer»
            }
        }
        return transition{from, refuse, CodeUnexpectedMessage, ScopeConnection}
    }

    // What a message does that opens an exchange which may not be opened.
    var notOpened = «not_opened»

    // The state after a payload at fault, by who sent it and whether its frame ends the exchange.
    func afterFault(sender side, ends bool) state {
        switch {
        «after_fault»
        }
        return «idle»
    }

    const (
        noticeID   = «notice_id»
        noticeType = «notice_type»
        noticeFrom = «notice_from»
    )
"""


def text(spec: ir.Spec, package: str) -> str:
    """The file."""
    opener, answerer = sides(spec)
    names = {opener: "opener", answerer: "answerer"}
    return filled(
        TEMPLATE,
        package=package,
        roles=documented(
            (
                f"{_role(role)} {role.meaning}.",
                _role(role) + (" Role = iota" if role is spec.roles[0] else ""),
            )
            for role in spec.roles
        ),
        role_names=[
            line for r in spec.roles for line in (f"case {_role(r)}:", f'\treturn "{r.name}"')
        ],
        role_sides=[f"case {_roles(spec, opener)}:", "\treturn opener"],
        answerer="answerer",
        role_max_open=[
            line
            for r in spec.roles
            if r.max_open is not None
            for line in (f"case {_role(r)}:", f"\treturn {r.max_open}")
        ],
        role_opens=[line for role in spec.roles for line in _opens(role)],
        states=_states(spec),
        idle=state(idle(spec)),
        of_opener=_rows(spec, opener),
        of_answerer=_rows(spec, answerer),
        not_opened=_transition(spec.not_opened),
        after_fault=[
            line
            for row in spec.after_fault
            for line in (
                f"case sender == {names[row.sender]} && {'' if row.ends else '!'}ends:",
                f"\treturn {state(row.next)}",
            )
        ],
        notice_id=str(spec.connection_request_id),
        notice_type=message_type(spec.notice.message),
        notice_from=names[spec.notice.sender],
    )


def _role(role: ir.Role) -> str:
    return f"Role{exported(role.name)}"


def _roles(spec: ir.Spec, side: str) -> str:
    return ", ".join(_role(role) for role in spec.roles if role.side == side)


def _opens(role: ir.Role) -> list[str]:
    messages = ", ".join(map(message_type, role.opens))
    return [
        f"case {_role(role)}:",
        "\tswitch t {",
        f"\tcase {messages}:",
        "\t\treturn true",
        "\t}",
    ]


def state(name: str) -> str:
    return f"is{exported(name)}"


def _states(spec: ir.Spec) -> list[str]:
    first = spec.states[0][0]
    return documented(
        (f"{meaning[0].upper()}{meaning[1:]}.", state(name) + (" state = iota" * (name == first)))
        for name, meaning in spec.states
    )


def _rows(spec: ir.Spec, sender: str) -> list[str]:
    """For each state the messages that do the same together."""
    table = transition_table(spec)
    lines: list[str] = []
    for before, _ in spec.states:
        groups: dict[str, list[str]] = {}
        for message in spec.messages:
            row = table[before, sender, message.name]
            groups.setdefault(_transition(row), []).append(message_type(message.name))
        lines += [f"case {state(before)}:", "\tswitch t {"]
        for does, messages in groups.items():
            lines += [f"\tcase {', '.join(messages)}:", f"\t\treturn {does}"]
        lines.append("\t}")
    return lines


def _transition(row: ir.Transition) -> str:
    if row.scope:
        # After a fault of the connection there is no next state.
        to = row.state if row.scope == "connection" else row.next
        scope = f"Scope{exported(row.scope)}"
        return f"transition{{{state(to)}, refuse, {code(row.outcome)}, {scope}}}"
    return f'transition{{{state(row.next)}, {row.outcome}, "", ""}}'
