"""Section of exchanges: roles, and what each message does, as a table."""

from __future__ import annotations

from collections.abc import Iterator

from .. import ir, layout
from ..template import fill
from .printing import code, constant, enumerators, text


def section(spec: ir.Spec) -> str:
    """States, roles and the transition table."""
    opener, answerer = layout.sides(spec)
    return fill(
        EXCHANGES,
        states=enumerators((_state(name), None, meaning) for name, meaning in spec.states),
        roles=enumerators((constant("ROLE", one.name), None, one.meaning) for one in spec.roles),
        rules=[f"{_role(one, spec)}, /* {one.name} */" for one in spec.roles],
        role_count=str(len(spec.roles)),
        role_cases=[
            line
            for number, one in enumerate(spec.roles)
            for line in (
                f"if (strcmp(name, {text(one.name)}) == 0) {{",
                f"    return {number};",
                "}",
            )
        ],
        state_count=str(len(spec.states)),
        message_count=str(len(spec.messages)),
        table=list(_table(spec, (opener, answerer))),
        not_opened=_move(spec.not_opened),
        after_fault=[
            f"{{{_after(spec, side, ends=False)}, {_after(spec, side, ends=True)}}},"
            for side in (opener, answerer)
        ],
    )


def _state(name: str) -> str:
    return constant("STATE", name)


def _after(spec: ir.Spec, side: str, *, ends: bool) -> str:
    return _state(layout.after_fault(spec)[side, ends])


def _role(role: ir.Role, spec: ir.Spec) -> str:
    opener, _ = layout.sides(spec)
    opens = sum(1 << at for at, one in enumerate(spec.messages) if one.name in role.opens)
    side = "GD_SIDE_OPENER" if role.side == opener else "GD_SIDE_ANSWERER"
    return f"{{{side}, {opens:#x}u, {role.max_open or 0}}}"


def _move(row: ir.Transition) -> str:
    # After a fault of the connection there is no next state.
    following = row.state if row.scope == "connection" else row.next
    outcome = "REFUSE" if row.scope else row.outcome.upper()
    scope = row.scope.upper() or "NONE"
    refusal = code(row.outcome) if row.scope else "GD_CODE_OK"
    return f"{{{_state(following)}, GD_OUTCOME_{outcome}, GD_SCOPE_{scope}, {refusal}}}"


def _table(spec: ir.Spec, sides: tuple[str, str]) -> Iterator[str]:
    rows = layout.transition_table(spec)
    for state, _ in spec.states:
        yield "{"
        for side in sides:
            yield "    {"
            for message in spec.messages:
                row = rows[state, side, message.name]
                yield f"        {_move(row)}, /* {state}, {side}: {message.name} */"
            yield "    },"
        yield "},"


EXCHANGES = """
/* --- exchanges --- */

/* What an exchange is at; one that is not open is idle. */
typedef enum gd_state {
    «states»
} gd_state;

/* The two ends of an exchange. */
typedef enum gd_side {
    GD_SIDE_OPENER,
    GD_SIDE_ANSWERER
} gd_side;

/* One end of a connection. */
typedef enum gd_role {
    «roles»
} gd_role;

/* What a role is: a bit for the place of each message that may open an exchange, and how many may
 * be open at once, 0 for any number. */
typedef struct gd_role_rule {
    gd_side side;
    uint32_t opens;
    uint32_t max_open;
} gd_role_rule;

static inline const gd_role_rule *gd_role_rule_of(gd_role role) {
    static const gd_role_rule rules[«role_count»] = {
        «rules»
    };
    return &rules[role];
}

/* The number of the role of that name; -1 for none. */
static inline int gd_role_named(const char *name) {
    «role_cases»
    return -1;
}

/* What becomes of a frame. */
typedef enum gd_outcome {
    GD_OUTCOME_DELIVER,
    GD_OUTCOME_DISCARD,
    GD_OUTCOME_REFUSE
} gd_outcome;

/* What a message does in a state. */
typedef struct gd_move {
    gd_state next;
    gd_outcome outcome;
    gd_scope scope; /* of a refusal */
    gd_code code;
} gd_move;

/* The row for a message, by the state of its exchange and by who sends it. */
static inline const gd_move *gd_move_of(gd_state state, gd_side sender, gd_message_type type) {
    static const gd_move table[«state_count»][2][«message_count»] = {
        «table»
    };
    return &table[state][sender][gd__message_index(type)];
}

/* What becomes of a frame that would open an exchange which the role does not permit. */
static inline const gd_move *gd__not_opened(void) {
    static const gd_move move = «not_opened»;
    return &move;
}

/* The state after a payload that cannot be read, by its sender and whether the frame was the last
 * one. */
static inline gd_state gd__after_fault(gd_side sender, bool ends) {
    static const gd_state states[2][2] = {
        «after_fault»
    };
    return states[sender][ends];
}
"""
