"""exchanges.rs: the roles, and the table of what a message does in each state."""

from __future__ import annotations

from .. import ir
from ..layout import after_fault, idle, sides, transition_table
from ..naming import pascal
from ..template import fill
from .printing import Lines, code, doc, matching, text

TEMPLATE = """
//! Exchanges: the table of what each message does, which both ends of a connection run.

use super::errors::{Code, Scope};
use super::header::MessageType;

/// Where an exchange stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    «states»
}

/// Who sends a message: the side that opens exchanges, or the one that answers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    «sides»
}

/// One end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    «roles»
}

impl Role {
    /// All roles.
    pub const ALL: [Role; «role_count»] = [«all_roles»];

    /// The role of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// The name as the specification writes it.
    pub fn name(self) -> &'static str {
        match self {
            «role_names»
        }
    }

    /// What it does in an exchange.
    pub fn side(self) -> Side {
        match self {
            «role_sides»
        }
    }

    /// Who is at the other end.
    pub fn peer(self) -> Role {
        match self {
            «role_peers»
        }
    }

    /// How many exchanges may be open at once; none for any number.
    pub fn max_open(self) -> Option<usize> {
        match self {
            «role_bounds»
        }
    }

    /// Whether such a message may open an exchange on the connection.
    pub fn may_open(self, message: MessageType) -> bool {
        match self {
            «role_opens»
        }
    }
}

/// What comes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is handed out.
    Deliver,
    /// It is ignored.
    Discard,
    /// It is a fault.
    Refuse(Code, Scope),
}

/// What a message does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The state of its exchange afterwards.
    pub next: State,
    /// What comes of it.
    pub outcome: Outcome,
}

/// What a message does that may not open an exchange.
pub const NOT_OPENED: Transition = «not_opened»;

/// The message that is about the connection, where no exchange has its id, and who sends it.
pub const NOTICE: (MessageType, Side) = («notice»);

/// What a message of `sender` does to an exchange.
pub fn transition(state: State, sender: Side, message: MessageType) -> Transition {
    TRANSITIONS[state as usize][sender as usize][message as usize]
}

/// Whether a transition opens an exchange.
pub fn is_opening(state: State, to: &Transition) -> bool {
    state == State::«idle» && to.next != State::«idle»
}

/// The state of an exchange after a payload at fault, whose frame would have ended it or not.
pub fn after_fault(sender: Side, ends: bool) -> State {
    match (sender, ends) {
        «after_fault»
    }
}

const fn deliver(next: State) -> Transition {
    Transition { next, outcome: Outcome::Deliver }
}

const fn discard(next: State) -> Transition {
    Transition { next, outcome: Outcome::Discard }
}

const fn refuse(code: Code, next: State) -> Transition {
    Transition { next, outcome: Outcome::Refuse(code, Scope::Exchange) }
}

/// The connection dies of it, and its exchange has no state then.
const fn fatal(code: Code) -> Transition {
    let outcome = Outcome::Refuse(code, Scope::Connection);
    Transition { next: State::«idle», outcome }
}

/// By state, sender and message, each in the order of its type.
const TRANSITIONS: [[[Transition; «messages»]; «side_count»]; «state_count»] = [
    «rows»
];
"""


def exchanges(spec: ir.Spec) -> str:
    roles, two = spec.roles, sides(spec)
    return fill(
        TEMPLATE,
        states=[line for n, meaning in spec.states for line in (doc(meaning), f"{pascal(n)},")],
        sides=[line for n in two for line in (f"/// The {n}.", f"{pascal(n)},")],
        roles=[line for r in roles for line in (doc(r.meaning), f"{pascal(r.name)},")],
        role_count=str(len(roles)),
        all_roles=", ".join(f"Role::{pascal(r.name)}" for r in roles),
        role_names=[f"{_role(r)} => {text(r.name)}," for r in roles],
        role_sides=[f"{_role(r)} => Side::{pascal(r.side)}," for r in roles],
        role_peers=[f"{_role(r)} => Role::{pascal(r.peer)}," for r in roles],
        role_bounds=[f"{_role(r)} => {_bound(r)}," for r in roles],
        role_opens=[line for r in roles for line in _opens(r)],
        not_opened=_move(spec.not_opened),
        notice=f"MessageType::{pascal(spec.notice.message)}, Side::{pascal(spec.notice.sender)}",
        idle=pascal(idle(spec)),
        after_fault=[
            f"(Side::{pascal(sender)}, {str(ends).lower()}) => State::{pascal(state)},"
            for (sender, ends), state in after_fault(spec).items()
        ],
        messages=str(len(spec.messages)),
        side_count=str(len(two)),
        state_count=str(len(spec.states)),
        rows=_rows(spec, two),
    )


def _role(role: ir.Role) -> str:
    return f"Role::{pascal(role.name)}"


def _bound(role: ir.Role) -> str:
    return "None" if role.max_open is None else f"Some({role.max_open})"


def _opens(role: ir.Role) -> Lines:
    types = [f"MessageType::{pascal(one)}" for one in role.opens]
    return matching("message", types, f"{_role(role)} => ", ",", 12)


def _move(row: ir.Transition) -> str:
    if row.outcome in ("deliver", "discard"):
        return f"{row.outcome}(State::{pascal(row.next)})"
    if row.scope == "connection":
        return f"fatal({code(row.outcome)})"
    return f"refuse({code(row.outcome)}, State::{pascal(row.next)})"


def _rows(spec: ir.Spec, two: tuple[str, str]) -> Lines:
    table = transition_table(spec)
    lines: Lines = []
    for state, _ in spec.states:
        lines.append("[")
        for side in two:
            moves = (_move(table[state, side, m.name]) for m in spec.messages)
            lines += ["    [", *(f"        {move}," for move in moves), "    ],"]
        lines.append("],")
    return lines
