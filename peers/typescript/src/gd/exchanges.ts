// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
/** Exchanges: which message may be sent when, and what it does. */

import type { PortableCode, Scope } from "./errors.js";
import type { MessageType, Side } from "./limits.js";

/**
 * Where an exchange stands:
 * - `idle`: no exchange with this id is open
 * - `calling`: REQUEST sent, no answer yet
 * - `streaming`: CHUNK received, more may follow
 * - `asking`: STASH, STATUS or MANAGE sent, no answer yet
 * - `abandoned`: given up by the opener, its terminal frame still to come
 */
export type State = "idle" | "calling" | "streaming" | "asking" | "abandoned";

/** The state of an id that no exchange has. */
export const IDLE: State = "idle";
/** That of an exchange that its opener gave up. */
export const ABANDONED: State = "abandoned";

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
  ["idle", "opener", "REQUEST", "calling", "deliver", ""],
  ["idle", "opener", "STASH", "asking", "deliver", ""],
  ["idle", "opener", "STATUS", "asking", "deliver", ""],
  ["idle", "opener", "MANAGE", "asking", "deliver", ""],
  ["calling", "opener", "REQUEST", "calling", "duplicate_request_id", "connection"],
  ["calling", "opener", "STASH", "calling", "duplicate_request_id", "connection"],
  ["calling", "opener", "STATUS", "calling", "duplicate_request_id", "connection"],
  ["calling", "opener", "MANAGE", "calling", "duplicate_request_id", "connection"],
  ["streaming", "opener", "REQUEST", "streaming", "duplicate_request_id", "connection"],
  ["streaming", "opener", "STASH", "streaming", "duplicate_request_id", "connection"],
  ["streaming", "opener", "STATUS", "streaming", "duplicate_request_id", "connection"],
  ["streaming", "opener", "MANAGE", "streaming", "duplicate_request_id", "connection"],
  ["asking", "opener", "REQUEST", "asking", "duplicate_request_id", "connection"],
  ["asking", "opener", "STASH", "asking", "duplicate_request_id", "connection"],
  ["asking", "opener", "STATUS", "asking", "duplicate_request_id", "connection"],
  ["asking", "opener", "MANAGE", "asking", "duplicate_request_id", "connection"],
  ["abandoned", "opener", "REQUEST", "abandoned", "duplicate_request_id", "connection"],
  ["abandoned", "opener", "STASH", "abandoned", "duplicate_request_id", "connection"],
  ["abandoned", "opener", "STATUS", "abandoned", "duplicate_request_id", "connection"],
  ["abandoned", "opener", "MANAGE", "abandoned", "duplicate_request_id", "connection"],
  ["calling", "opener", "CANCEL", "abandoned", "deliver", ""],
  ["streaming", "opener", "CANCEL", "abandoned", "deliver", ""],
  ["asking", "opener", "CANCEL", "abandoned", "deliver", ""],
  ["abandoned", "opener", "CANCEL", "abandoned", "deliver", ""],
  ["idle", "opener", "CANCEL", "idle", "discard", ""],
  ["calling", "opener", "PAUSE", "calling", "deliver", ""],
  ["calling", "opener", "RESUME", "calling", "deliver", ""],
  ["streaming", "opener", "PAUSE", "streaming", "deliver", ""],
  ["streaming", "opener", "RESUME", "streaming", "deliver", ""],
  ["asking", "opener", "PAUSE", "asking", "discard", ""],
  ["asking", "opener", "RESUME", "asking", "discard", ""],
  ["abandoned", "opener", "PAUSE", "abandoned", "discard", ""],
  ["abandoned", "opener", "RESUME", "abandoned", "discard", ""],
  ["idle", "opener", "PAUSE", "idle", "discard", ""],
  ["idle", "opener", "RESUME", "idle", "discard", ""],
  ["idle", "opener", "RESPONSE", "idle", "unexpected_message", "exchange"],
  ["idle", "opener", "ERROR", "idle", "unexpected_message", "exchange"],
  ["idle", "opener", "CHUNK", "idle", "unexpected_message", "exchange"],
  ["idle", "opener", "END", "idle", "unexpected_message", "exchange"],
  ["calling", "opener", "RESPONSE", "idle", "unexpected_message", "exchange"],
  ["calling", "opener", "ERROR", "idle", "unexpected_message", "exchange"],
  ["calling", "opener", "CHUNK", "idle", "unexpected_message", "exchange"],
  ["calling", "opener", "END", "idle", "unexpected_message", "exchange"],
  ["streaming", "opener", "RESPONSE", "idle", "unexpected_message", "exchange"],
  ["streaming", "opener", "ERROR", "idle", "unexpected_message", "exchange"],
  ["streaming", "opener", "CHUNK", "idle", "unexpected_message", "exchange"],
  ["streaming", "opener", "END", "idle", "unexpected_message", "exchange"],
  ["asking", "opener", "RESPONSE", "idle", "unexpected_message", "exchange"],
  ["asking", "opener", "ERROR", "idle", "unexpected_message", "exchange"],
  ["asking", "opener", "CHUNK", "idle", "unexpected_message", "exchange"],
  ["asking", "opener", "END", "idle", "unexpected_message", "exchange"],
  ["abandoned", "opener", "RESPONSE", "idle", "unexpected_message", "exchange"],
  ["abandoned", "opener", "ERROR", "idle", "unexpected_message", "exchange"],
  ["abandoned", "opener", "CHUNK", "idle", "unexpected_message", "exchange"],
  ["abandoned", "opener", "END", "idle", "unexpected_message", "exchange"],
  ["calling", "answerer", "RESPONSE", "idle", "deliver", ""],
  ["calling", "answerer", "ERROR", "idle", "deliver", ""],
  ["calling", "answerer", "END", "idle", "deliver", ""],
  ["calling", "answerer", "CHUNK", "streaming", "deliver", ""],
  ["streaming", "answerer", "CHUNK", "streaming", "deliver", ""],
  ["streaming", "answerer", "END", "idle", "deliver", ""],
  ["streaming", "answerer", "ERROR", "idle", "deliver", ""],
  ["streaming", "answerer", "RESPONSE", "idle", "unexpected_message", "exchange"],
  ["asking", "answerer", "RESPONSE", "idle", "deliver", ""],
  ["asking", "answerer", "ERROR", "idle", "deliver", ""],
  ["asking", "answerer", "CHUNK", "abandoned", "unexpected_message", "exchange"],
  ["asking", "answerer", "END", "idle", "unexpected_message", "exchange"],
  ["abandoned", "answerer", "CHUNK", "abandoned", "discard", ""],
  ["abandoned", "answerer", "RESPONSE", "idle", "discard", ""],
  ["abandoned", "answerer", "ERROR", "idle", "discard", ""],
  ["abandoned", "answerer", "END", "idle", "discard", ""],
  ["idle", "answerer", "RESPONSE", "idle", "unexpected_message", "connection"],
  ["idle", "answerer", "ERROR", "idle", "unexpected_message", "connection"],
  ["idle", "answerer", "CHUNK", "idle", "unexpected_message", "connection"],
  ["idle", "answerer", "END", "idle", "unexpected_message", "connection"],
  ["idle", "answerer", "REQUEST", "idle", "unexpected_message", "connection"],
  ["idle", "answerer", "STASH", "idle", "unexpected_message", "connection"],
  ["idle", "answerer", "STATUS", "idle", "unexpected_message", "connection"],
  ["idle", "answerer", "MANAGE", "idle", "unexpected_message", "connection"],
  ["idle", "answerer", "CANCEL", "idle", "unexpected_message", "connection"],
  ["idle", "answerer", "PAUSE", "idle", "unexpected_message", "connection"],
  ["idle", "answerer", "RESUME", "idle", "unexpected_message", "connection"],
  ["calling", "answerer", "REQUEST", "calling", "unexpected_message", "connection"],
  ["calling", "answerer", "STASH", "calling", "unexpected_message", "connection"],
  ["calling", "answerer", "STATUS", "calling", "unexpected_message", "connection"],
  ["calling", "answerer", "MANAGE", "calling", "unexpected_message", "connection"],
  ["calling", "answerer", "CANCEL", "calling", "unexpected_message", "connection"],
  ["calling", "answerer", "PAUSE", "calling", "unexpected_message", "connection"],
  ["calling", "answerer", "RESUME", "calling", "unexpected_message", "connection"],
  ["streaming", "answerer", "REQUEST", "streaming", "unexpected_message", "connection"],
  ["streaming", "answerer", "STASH", "streaming", "unexpected_message", "connection"],
  ["streaming", "answerer", "STATUS", "streaming", "unexpected_message", "connection"],
  ["streaming", "answerer", "MANAGE", "streaming", "unexpected_message", "connection"],
  ["streaming", "answerer", "CANCEL", "streaming", "unexpected_message", "connection"],
  ["streaming", "answerer", "PAUSE", "streaming", "unexpected_message", "connection"],
  ["streaming", "answerer", "RESUME", "streaming", "unexpected_message", "connection"],
  ["asking", "answerer", "REQUEST", "asking", "unexpected_message", "connection"],
  ["asking", "answerer", "STASH", "asking", "unexpected_message", "connection"],
  ["asking", "answerer", "STATUS", "asking", "unexpected_message", "connection"],
  ["asking", "answerer", "MANAGE", "asking", "unexpected_message", "connection"],
  ["asking", "answerer", "CANCEL", "asking", "unexpected_message", "connection"],
  ["asking", "answerer", "PAUSE", "asking", "unexpected_message", "connection"],
  ["asking", "answerer", "RESUME", "asking", "unexpected_message", "connection"],
  ["abandoned", "answerer", "REQUEST", "abandoned", "unexpected_message", "connection"],
  ["abandoned", "answerer", "STASH", "abandoned", "unexpected_message", "connection"],
  ["abandoned", "answerer", "STATUS", "abandoned", "unexpected_message", "connection"],
  ["abandoned", "answerer", "MANAGE", "abandoned", "unexpected_message", "connection"],
  ["abandoned", "answerer", "CANCEL", "abandoned", "unexpected_message", "connection"],
  ["abandoned", "answerer", "PAUSE", "abandoned", "unexpected_message", "connection"],
  ["abandoned", "answerer", "RESUME", "abandoned", "unexpected_message", "connection"],
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
  opener: movesOf("opener"),
  answerer: movesOf("answerer"),
};

/** What opens an exchange that it may not open. */
export const NOT_OPENED: Transition = {
  next: "idle",
  outcome: "unexpected_message",
  scope: "exchange",
};

/** The message that is about the connection, and who sends it. */
export const NOTICE: { readonly type: MessageType; readonly sender: Side } = {
  type: "ERROR",
  sender: "answerer",
};

/** The state after a payload at fault, by sender and whether its frame ends the exchange. */
export const AFTER_FAULT: Readonly<Record<Side, Record<"ended" | "open", State>>> = {
  opener: { ended: "idle", open: "idle" },
  answerer: { ended: "idle", open: "abandoned" },
};

/** What an end of a connection can be. */
export type RoleName = "client" | "arbiter" | "lane" | "worker";

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
  /** Calls apps through an arbiter. */
  client: {
    side: "opener",
    peer: "arbiter",
    opens: new Set<MessageType>(["REQUEST", "STASH", "STATUS", "MANAGE"]),
    maxOpen: Infinity,
  },
  /** Serves clients. */
  arbiter: {
    side: "answerer",
    peer: "client",
    opens: new Set<MessageType>(["REQUEST", "STASH", "STATUS", "MANAGE"]),
    maxOpen: Infinity,
  },
  /** The arbiter's end of a stream to a worker. */
  lane: {
    side: "opener",
    peer: "worker",
    opens: new Set<MessageType>(["REQUEST", "STATUS"]),
    maxOpen: 1,
  },
  /** Runs the apps. */
  worker: {
    side: "answerer",
    peer: "lane",
    opens: new Set<MessageType>(["REQUEST", "STATUS"]),
    maxOpen: 1,
  },
};
