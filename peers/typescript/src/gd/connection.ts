// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
/** One end of a connection, without I/O: bytes in, events out; messages in, bytes out. */

import { ProtocolError } from "./errors.js";
import {
  ABANDONED,
  AFTER_FAULT,
  IDLE,
  NOT_OPENED,
  NOTICE,
  ROLES,
  TRANSITIONS,
  type Role,
  type RoleName,
  type State,
  type Transition,
} from "./exchanges.js";
import { checkPresence, readHeader, type Header } from "./header.js";
import { CONNECTION_REQUEST_ID, HEADER_BYTES, RAW_DATA_BYTES } from "./limits.js";
import type { MessageType, Side } from "./limits.js";
import { parsePayload, serialize, type Message } from "./messages.js";
import type { Options } from "./values.js";

/** What received bytes bring about. */
export type Event =
  /** A message; whether it ended its exchange. */
  | { readonly event: "message"; readonly message: Message; readonly ended: boolean }
  /** The end of an exchange that was given up. */
  | { readonly event: "ended"; readonly requestId: bigint }
  /** The end of the stream, between frames. */
  | { readonly event: "closed" }
  /** What the peer may not do; the id is 0 where none is known. */
  | { readonly event: "error"; readonly error: ProtocolError; readonly requestId: bigint };

/**
 * The state of one connection, seen from one end.
 *
 * Bytes that are received must not be changed later: messages refer to them. After a fault of scope
 * connection, and after the end of the stream, there are no more events.
 */
export class Connection {
  private readonly role: Role;
  private readonly peerSide: Side;
  /** The open exchanges, by request id. */
  private readonly states = new Map<bigint, State>();
  /** What was received and not read yet is between `start` and `end`. */
  private buffer = new Uint8Array(0);
  private start = 0;
  private end = 0;
  /** Whether there is room behind `end` that is ours. */
  private isOurs = false;
  /** The header of the frame whose payload is still to come. */
  private header: Header | undefined;
  /** Of a payload that is dropped: the header, and how many bytes are still to come. */
  private dropped: Header | undefined;
  private toDrop = 0;
  private isOver = false;
  /** How many exchanges may be open at once. */
  private maxOpen: number;

  constructor(
    role: RoleName,
    private readonly options: Options = {},
  ) {
    this.role = ROLES[role];
    this.peerSide = ROLES[this.role.peer].side;
    this.maxOpen = this.role.maxOpen;
  }

  /** Ids whose last frame is still to come, given up or not. */
  get openExchanges(): Iterable<bigint> {
    return this.states.keys();
  }

  /** Whether an exchange has this id. */
  isOpen(requestId: bigint): boolean {
    return this.states.has(requestId);
  }

  /** Where the exchange with this id stands. */
  stateOf(requestId: bigint): State {
    return this.states.get(requestId) ?? IDLE;
  }

  /**
   * The bytes of a message, which becomes part of its exchange.
   *
   * @throws {ProtocolError} it is not legal now, or cannot be written; nothing has changed
   */
  send(message: Message): Uint8Array {
    const { requestId, type } = message;
    const move = this.move(this.role.side, type, requestId);
    if (move.scope) throw refusal(move, requestId);
    const frame = serialize(message, this.options);
    this.enter(requestId, move.next);
    return frame;
  }

  /** Has up to so many exchanges open at once, where the worker's STATUS told so many. */
  permit(count: number): void {
    this.maxOpen = Math.max(count, this.role.maxOpen);
  }

  /** Gives up an exchange: its frames are discarded until the last one. */
  abandon(requestId: bigint): void {
    if (this.states.has(requestId)) this.states.set(requestId, ABANDONED);
  }

  /** The events that more bytes bring about, in whatever portions they come. */
  receive(bytes: Uint8Array): Event[] {
    if (this.isOver) return [];
    this.append(bytes);
    return this.events();
  }

  /** The events that the end of the stream brings about. */
  eof(): Event[] {
    if (this.isOver) return [];
    this.isOver = true;
    const there = this.dropped
      ? HEADER_BYTES + this.dropped.length - this.toDrop
      : this.end - this.start;
    if (!there) return [{ event: "closed" }];
    const error = new ProtocolError("truncated", "connection", there);
    error.rawData = this.unread();
    return [errorEvent(error, (this.header ?? this.dropped)?.requestId)];
  }

  private append(bytes: Uint8Array): void {
    const left = this.end - this.start;
    if (!left) {
      this.buffer = bytes as Uint8Array<ArrayBuffer>;
      this.start = 0;
      this.end = bytes.length;
      this.isOurs = false;
      return;
    }
    // What was handed out refers to the buffer: nothing in it is moved or written again.
    if (!this.isOurs || this.end + bytes.length > this.buffer.length) {
      this.enlarge(left, left + bytes.length);
    }
    this.buffer.set(bytes, this.end);
    this.end += bytes.length;
  }

  private enlarge(left: number, needed: number): void {
    // Room follows what has come, and not what a header claims.
    const whole = this.header ? HEADER_BYTES + this.header.length : Infinity;
    const larger = new Uint8Array(Math.max(needed, Math.min(2 * needed, whole)));
    larger.set(this.buffer.subarray(this.start, this.end));
    this.buffer = larger;
    this.start = 0;
    this.end = left;
    this.isOurs = true;
  }

  private events(): Event[] {
    const events: Event[] = [];
    while (!this.isOver) {
      const from = this.start;
      try {
        const event = this.next();
        if (event === undefined) break;
        if (event) events.push(event);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        this.isOver = error.scope === "connection";
        error.rawData ??= this.unread(from);
        events.push(errorEvent(error, error.requestId));
      }
    }
    return events;
  }

  /** The next event; null where a frame has none, undefined where more bytes are needed. */
  private next(): Event | null | undefined {
    if (this.toDrop) return this.drop();
    const there = this.end - this.start;
    if (!this.header) {
      if (there < HEADER_BYTES) return undefined;
      this.header = readHeader(this.buffer.subarray(this.start, this.start + HEADER_BYTES));
      this.judgePresence(this.header);
    }
    const header = this.header;
    const size = HEADER_BYTES + header.length;
    if (there < size) return undefined;
    const frame = this.buffer.subarray(this.start, this.start + size);
    this.start += size;
    this.header = undefined;
    return this.take(header, frame);
  }

  private judgePresence(header: Header): void {
    try {
      checkPresence(header);
    } catch (error) {
      this.header = undefined;
      this.dropped = header;
      this.toDrop = HEADER_BYTES + header.length;
      if (this.states.has(header.requestId)) {
        this.enter(header.requestId, AFTER_FAULT[this.peerSide].ended);
      }
      throw error;
    }
  }

  private drop(): null | undefined {
    const count = Math.min(this.toDrop, this.end - this.start);
    this.start += count;
    this.toDrop -= count;
    if (this.toDrop) return undefined;
    this.dropped = undefined;
    return null;
  }

  private take(header: Header, frame: Uint8Array): Event | null {
    const { requestId, type } = header;
    if (this.isNotice(header)) return this.deliver(header, frame, false);
    const move = this.move(this.peerSide, type, requestId);
    if (move.outcome === "deliver") {
      const event = this.deliver(header, frame, move.next === IDLE);
      this.enter(requestId, move.next);
      return event;
    }
    const wasOpen = this.states.has(requestId);
    this.enter(requestId, move.next);
    if (move.scope) throw refusal(move, requestId);
    return wasOpen && move.next === IDLE ? { event: "ended", requestId } : null;
  }

  private isNotice({ requestId, type }: Header): boolean {
    return (
      requestId === CONNECTION_REQUEST_ID &&
      type === NOTICE.type &&
      this.peerSide === NOTICE.sender &&
      !this.states.has(requestId)
    );
  }

  private deliver(header: Header, frame: Uint8Array, ended: boolean): Event {
    try {
      return { event: "message", message: parsePayload(header, frame, this.options), ended };
    } catch (error) {
      const { requestId } = header;
      if (error instanceof ProtocolError) {
        error.requestId = requestId;
        error.rawData = frame.subarray(0, RAW_DATA_BYTES);
      }
      // The exchange dies of a frame that cannot be read.
      const after = AFTER_FAULT[this.peerSide];
      if (this.states.has(requestId)) this.enter(requestId, ended ? after.ended : after.open);
      throw error;
    }
  }

  private move(sender: Side, type: MessageType, requestId: bigint): Transition {
    const state = this.stateOf(requestId);
    const move = TRANSITIONS[sender][state][type];
    if (state !== IDLE || move.next === IDLE) return move;
    const isFull = this.states.size >= this.maxOpen;
    return isFull || !this.role.opens.has(type) ? NOT_OPENED : move;
  }

  private enter(requestId: bigint, state: State): void {
    if (state === IDLE) this.states.delete(requestId);
    else this.states.set(requestId, state);
  }

  private unread(from = this.start): Uint8Array {
    return this.buffer.subarray(from, Math.min(this.end, from + RAW_DATA_BYTES));
  }
}

function refusal(move: Transition, requestId: bigint): ProtocolError {
  if (move.outcome === "deliver" || move.outcome === "discard" || !move.scope) {
    throw new TypeError("what is permitted is not refused");
  }
  const error = new ProtocolError(move.outcome, move.scope);
  error.requestId = requestId;
  return error;
}

function errorEvent(error: ProtocolError, requestId: bigint = CONNECTION_REQUEST_ID): Event {
  error.requestId ??= requestId;
  return { event: "error", error, requestId };
}
