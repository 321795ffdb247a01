// One end of a connection in JavaScript, without I/O: bytes in, events out; messages in, bytes out.
//
// Rules: every frame, sent or received, runs the transition table of the machine-readable
// specification. After a fault of scope connection, and after the end, there are no more events.

import { Fault } from "./codec.mjs";

const IDLE = "idle";
const ABANDONED = "abandoned";

export class Connection {
  /** Args: a Codec, the machine-readable specification, and a role's name. */
  constructor(codec, spec, role) {
    this.codec = codec;
    this.role = spec.roles.find(one => one.name === role);
    this.peerSide = spec.roles.find(one => one.name === this.role.peer).side;
    this.table = new Map(spec.transitions.map(move => [`${move.state} ${move.sender} ${move.message}`, move]));
    this.refused = spec.not_opened;
    this.afterFault = spec.after_fault;
    this.notice = spec.notice;
    // The open exchanges, by request id.
    this.states = new Map();
    this.buffer = Buffer.alloc(0);
    // The header of a frame whose payload is still to come, and of one whose payload is skipped.
    this.header = null;
    this.skip = 0;
    this.skipped = null;
    this.isOver = false;
  }

  /** The bytes of a message, which becomes part of its exchange. Throws Fault. */
  send(message) {
    const move = this.move(this.role.side, message.type, message.requestId);
    if (move.scope) throw new Fault(move.error, undefined, [], move.scope);
    const bytes = this.codec.serialize(message);
    this.apply(message.requestId, move);
    return bytes;
  }

  /** Gives up an exchange (GD-EXCH-013). */
  abandon(requestId) {
    if (this.states.has(requestId)) this.states.set(requestId, ABANDONED);
  }

  /** The events that more bytes bring about. */
  receive(bytes) {
    this.buffer = Buffer.concat([this.buffer, bytes]);
    return this.events(() => this.next());
  }

  /** The events that the end of the stream brings about (GD-FRAME-010). */
  end() {
    return this.events(() => {
      this.isOver = true;
      if (!this.buffer.length && !this.skip) return { event: "closed" };
      // What was skipped of the frame has come too.
      const skipped = this.skipped ? this.codec.headerBytes + this.skipped.length - this.skip : 0;
      const fault = new Fault("truncated", skipped + this.buffer.length, [], "connection");
      throw Object.assign(fault, { requestId: (this.header ?? this.skipped)?.requestId });
    });
  }

  events(next) {
    const events = [];
    while (!this.isOver) {
      try {
        const event = next();
        if (!event) break;
        events.push(event);
      } catch (fault) {
        if (!(fault instanceof Fault)) throw fault;
        this.isOver ||= fault.scope === "connection";
        events.push({ event: "error", fault, requestId: fault.requestId ?? 0n });
      }
    }
    return events;
  }

  /** The next event; null when more bytes are needed. Throws Fault. */
  next() {
    for (;;) {
      const dropped = Math.min(this.skip, this.buffer.length);
      this.buffer = this.buffer.subarray(dropped);
      this.skip -= dropped;
      if (!this.skip) this.skipped = null;
      this.header ??= this.nextHeader();
      if (!this.header) return null;
      const length = this.codec.headerBytes + this.header.length;
      if (this.buffer.length < length) return null;
      const [header, frame] = [this.header, this.buffer.subarray(0, length)];
      this.buffer = this.buffer.subarray(length);
      this.header = null;
      const event = this.take(header, frame);
      if (event) return event;
    }
  }

  nextHeader() {
    if (this.buffer.length < this.codec.headerBytes) return null;
    const header = this.codec.header(this.buffer);
    try {
      this.codec.presence(header);
    } catch (fault) {
      this.states.delete(header.requestId);
      this.skip = this.codec.headerBytes + header.length;
      this.skipped = header;
      throw fault;
    }
    return header;
  }

  take(header, frame) {
    const { rule, requestId } = header;
    if (this.isNotice(header)) return this.message(header, frame, false);
    const move = this.move(this.peerSide, rule.name, requestId);
    if (move.outcome === "deliver") {
      const event = this.message(header, frame, move.next === IDLE);
      this.apply(requestId, move);
      return event;
    }
    const wasOpen = this.states.has(requestId);
    this.apply(requestId, move);
    if (move.scope) throw Object.assign(new Fault(move.error, undefined, [], move.scope), { requestId });
    return wasOpen && !this.states.has(requestId) ? { event: "ended", requestId } : null;
  }

  /** Whether this is an ERROR that is about the connection (GD-ERR-015). */
  isNotice({ rule, requestId }) {
    const { request_id: id, message, sender } = this.notice;
    return requestId === BigInt(id) && rule.name === message && this.peerSide === sender && !this.states.has(requestId);
  }

  message(header, frame, ended) {
    const { requestId } = header;
    try {
      return { event: "message", message: this.codec.message(header, frame), ended };
    } catch (fault) {
      // The exchange dies of a frame that cannot be read; what still comes for it is discarded.
      const after = this.afterFault.find(one => one.sender === this.peerSide && one.ends === ended);
      if (this.states.has(requestId)) this.apply(requestId, after);
      throw Object.assign(fault, { requestId });
    }
  }

  move(sender, type, requestId) {
    const state = this.states.get(requestId) ?? IDLE;
    const move = this.table.get(`${state} ${sender} ${type}`);
    const opens = state === IDLE && move.outcome === "deliver" && move.next !== IDLE;
    const isFull = this.role.max_open !== "any" && this.states.size >= this.role.max_open;
    if (opens && (isFull || !this.role.opens.includes(type))) {
      return this.refused;
    }
    return move;
  }

  apply(requestId, move) {
    // After a fault of the connection there is no next state.
    if (move.next === undefined || move.next === IDLE) this.states.delete(requestId);
    else this.states.set(requestId, move.next);
  }
}
