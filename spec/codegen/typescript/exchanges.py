"""`exchanges`: the transition table and the roles, as data."""

from __future__ import annotations

from .. import ir
from ..layout import after_fault, given_up, idle, sides
from ..template import fill
from .printing import Lines, doc, listed, quoted, union

NAME = "exchanges"

TEXT = """
/** Exchanges: which message may be sent when, and what it does. */

import type { PortableCode, Scope } from "./errors.js";
import type { MessageType, Side } from "./limits.js";

«states»

/** What a message does to its exchange. */
export interface Transition {
  /** The state after it. */
  readonly next: State;
  /** Whether it is delivered, discarded, or refused with a code. */
  readonly outcome: "deliver" | "discard" | PortableCode;
  /** Of a refusal; none otherwise. */
  readonly scope: Scope | "";
}

type Row = readonly [State, Side, MessageType, State, Transition["outcome"], Scope | ""];

// State, sender, message; state after it, outcome, scope.
const ROWS: readonly Row[] = [
  «rows»
];

/** What the messages of one side do, by state and message. */
export type Moves = Readonly<Record<State, Readonly<Record<MessageType, Transition>>>>;

function movesOf(side: Side): Moves {
  const moves: Record<string, Record<string, Transition>> = {};
  for (const [state, sender, message, next, outcome, scope] of ROWS) {
    if (sender === side) (moves[state] ??= {})[message] = { next, outcome, scope };
  }
  return moves as unknown as Moves;
}

/** The transition table, by sender, state and message. */
export const TRANSITIONS: Readonly<Record<Side, Moves>> = {
  «sides»
};

/** What opens an exchange that it may not open. */
export const NOT_OPENED: Transition = {
  «not_opened»
};

/** The message that is about the connection, and who sends it. */
export const NOTICE: { readonly type: MessageType; readonly sender: Side } = {
  «notice»
};

/** The state after a payload at fault, by sender and whether its frame ends the exchange. */
export const AFTER_FAULT: Readonly<Record<Side, Record<"ended" | "open", State>>> = {
  «after»
};

«names»

/** One end of a connection. */
export interface Role {
  readonly side: Side;
  /** The role at the other end. */
  readonly peer: RoleName;
  /** Messages that open an exchange on such a connection. */
  readonly opens: ReadonlySet<MessageType>;
  /** How many exchanges may be open at once. */
  readonly maxOpen: number;
}

/** The roles, by name. */
export const ROLES: Readonly<Record<RoleName, Role>> = {
  «roles»
};
"""


def text(spec: ir.Spec) -> str:
    after = after_fault(spec)
    return fill(
        TEXT,
        states=_states(spec),
        rows=[line for row in spec.transitions for line in _row(row)],
        sides=[f"{side}: movesOf({quoted(side)})," for side in sides(spec)],
        not_opened=_transition(spec.not_opened),
        notice=[
            f"type: {quoted(spec.notice.message)},",
            f"sender: {quoted(spec.notice.sender)},",
        ],
        after=[
            f"{side}: {{ ended: {quoted(after[side, True])}, open: {quoted(after[side, False])} }},"
            for side in sides(spec)
        ],
        names=[
            "/** What an end of a connection can be. */",
            *union("RoleName", [quoted(role.name) for role in spec.roles]),
        ],
        roles=[line for role in spec.roles for line in _role(role)],
    ).lstrip("\n")


def _states(spec: ir.Spec) -> Lines:
    meanings = [f"- `{name}`: {meaning}" for name, meaning in spec.states]
    return [
        "/**",
        " * Where an exchange stands:",
        *(f" * {line}" for line in meanings),
        " */",
        *union("State", [quoted(name) for name, _ in spec.states]),
        "",
        "/** The state of an id that no exchange has. */",
        f"export const IDLE: State = {quoted(idle(spec))};",
        "/** That of an exchange that its opener gave up. */",
        f"export const ABANDONED: State = {quoted(given_up(spec))};",
    ]


def _row(row: ir.Transition) -> Lines:
    # After a fault of the connection nothing is next.
    after = row.state if row.scope == "connection" else row.next
    cells = (row.state, row.sender, row.message, after, row.outcome, row.scope)
    return listed("[", [quoted(cell) for cell in cells], "],")


def _transition(row: ir.Transition) -> Lines:
    return [
        f"next: {quoted(row.next)},",
        f"outcome: {quoted(row.outcome)},",
        f"scope: {quoted(row.scope)},",
    ]


def _role(role: ir.Role) -> Lines:
    opens = ", ".join(quoted(name) for name in role.opens)
    return [
        *doc(f"{role.meaning[:1].upper()}{role.meaning[1:]}."),
        f"{role.name}: {{",
        f"  side: {quoted(role.side)},",
        f"  peer: {quoted(role.peer)},",
        f"  opens: new Set<MessageType>([{opens}]),",
        f"  maxOpen: {'Infinity' if role.max_open is None else role.max_open},",
        "},",
    ]
