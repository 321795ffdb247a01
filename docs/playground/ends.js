/* The two ends of a connection: what each makes of every step, and which cell of the table that is.

   Rules: both ends are the codec's own; what one sends the other receives, frame by frame. A step is
   told from one end, as in the vectors: it sends, it receives bytes, it gives an exchange up. More than
   vectors have: `reply`, a message that the other end sends by its codec, and `forced`, for one that
   goes though the codec of its sender refuses it. Nothing is judged here: a cell is known by the state
   before, and by what the codec answered. */

import * as gd from "./gd/index.js";
import { told } from "./conformance/answers.js";
import { fromTypedMessage, hex, made, toTypedFault } from "./conformance/forms.js";

/**
 * What comes of steps.
 *
 * @param role of the end that the steps are told from
 * @returns for each step `near` and `far`, what came of it at the ends, each with its `moves`; and
 *   `states`, by request id those of the exchange at either end
 */
export function played(role, steps) {
  const near = new End(role);
  const far = new End(gd.ROLES[role].peer);
  const ids = new Set();
  return steps.map((step) => {
    const got = happened(near, far, step);
    for (const { id } of [...got.near.moves, ...got.far.moves]) if (id !== undefined) ids.add(id);
    const states = [...ids].map((id) => ({ id, near: near.stateOf(id), far: far.stateOf(id) }));
    return { ...got, states };
  });
}

const NOTHING = Object.freeze({ moves: [] });

function happened(near, far, step) {
  if (step.send) {
    const [sent, bytes] = near.send(step.send, step.forced);
    return { near: sent, far: bytes ? far.receive(bytes) : NOTHING };
  }
  if (step.reply) {
    const [sent, bytes] = far.send(step.reply);
    return { near: bytes ? near.receive(bytes) : NOTHING, far: sent };
  }
  if (step.receive !== undefined) {
    const bytes = made(step.receive);
    return { far: far.wrote(bytes), near: near.receive(bytes) };
  }
  if (step.eof) return { near: near.eof(), far: NOTHING };
  if (step.abandon !== undefined) return { near: near.abandon(BigInt(step.abandon)), far: NOTHING };
  // How many there may be is known to both.
  far.connection.permit(Number(step.permit));
  near.connection.permit(Number(step.permit));
  return { near: { events: [], moves: [] }, far: NOTHING };
}

class End {
  constructor(role) {
    this.role = role;
    this.connection = new gd.Connection(role);
    this.frames = new Frames();
    this.written = new Frames();
    this.isOver = false;
  }

  get side() {
    return gd.ROLES[this.role].side;
  }

  stateOf(id) {
    return this.connection.stateOf(BigInt(id));
  }

  /** What comes of sending a message, and its bytes; null where none go. */
  send(form, isForced = false) {
    const message = fromTypedMessage(form);
    const header = { type: form.type, id: String(form.request_id) };
    const state = this.stateOf(header.id);
    try {
      const bytes = this.connection.send(message);
      return [{ bytes: hex(bytes), moves: [this.move(this.side, header, state)] }, bytes];
    } catch (problem) {
      if (!(problem instanceof gd.ProtocolError)) throw problem;
      const error = toTypedFault(problem);
      const moves = [{ ...this.move(this.side, header, state, error), isUnsent: true }];
      return [{ error, moves }, isForced ? written(message) : null];
    }
  }

  /** What this end makes of it that these bytes are its own. */
  wrote(bytes) {
    const moves = [];
    for (const { header, frame } of this.written.after(bytes)) {
      if (!frame) continue;
      const state = this.stateOf(header.id);
      try {
        this.connection.send(gd.parse(frame));
        moves.push(this.move(this.side, header, state));
      } catch (problem) {
        if (!(problem instanceof gd.ProtocolError)) throw problem;
        moves.push({ ...this.move(this.side, header, state, toTypedFault(problem)), isForced: true });
      }
    }
    return { moves };
  }

  /** What comes of bytes that arrive. */
  receive(bytes) {
    const events = [];
    const moves = [];
    const sender = gd.ROLES[gd.ROLES[this.role].peer].side;
    for (const { header, part, frame } of this.frames.after(bytes)) {
      if (this.isOver) break;
      const state = header && this.stateOf(header.id);
      const found = this.connection.receive(part).map(told);
      events.push(...found);
      const error = found.find((one) => one.event === "error");
      this.isOver = error?.scope === "connection";
      if (error || frame) this.note(moves, header, state, sender, found, error);
    }
    return { events, moves };
  }

  note(moves, header, state, sender, found, error) {
    // Of a frame whose fault was told with its header, the rest is dropped.
    if (!header || this.dropped === header) return;
    if (error) this.dropped = header;
    const isNotice = found.some((one) => one.event === "message") && isRefused(sender, state, header.type);
    moves.push(this.move(sender, header, state, error, isNotice));
  }

  eof() {
    const events = this.isOver ? [] : this.connection.eof().map(told);
    this.isOver = true;
    return { events, moves: [] };
  }

  abandon(id) {
    this.connection.abandon(id);
    return { events: [], moves: [{ id: String(id), role: this.role, how: "given up", next: this.stateOf(id) }] };
  }

  /** The cell that was taken, and how: one of deliver, discard, refuse, not opened, notice, fault. */
  move(sender, { type, id }, state, error, isNotice = false) {
    const cell = gd.TRANSITIONS[sender][state]?.[type];
    const next = this.stateOf(id);
    const found = { role: this.role, sender, message: type, id, state, next };
    if (isNotice) return { ...found, how: "notice" };
    if (!error) return { ...found, how: cell.outcome };
    const { code, scope } = error;
    if (cell?.scope && cell.outcome === code) return { ...found, how: "refuse", code, scope };
    const isOpening = state === gd.IDLE && cell?.next !== gd.IDLE && code === gd.NOT_OPENED.outcome;
    return { ...found, how: isOpening ? "not opened" : "fault", code, scope };
  }
}

/** The bytes of a message whatever the state; null for one that has none. */
function written(message) {
  try {
    return gd.serialize(message);
  } catch (problem) {
    if (!(problem instanceof gd.ProtocolError)) throw problem;
    return null;
  }
}

function isRefused(sender, state, type) {
  return Boolean(gd.TRANSITIONS[sender][state]?.[type]?.scope);
}

/** Cuts bytes, in whatever portions they come, where a header and where a frame ends. */
class Frames {
  held = new Uint8Array(gd.HEADER_BYTES);
  got = 0;
  left = 0;
  parts = [];
  header = null;

  *after(bytes) {
    for (let start = 0; start < bytes.length; ) {
      const wanted = this.header ? this.left : gd.HEADER_BYTES - this.got;
      const part = bytes.subarray(start, start + wanted);
      start += part.length;
      this.parts.push(part);
      if (this.header) this.left -= part.length;
      else this.begin(part);
      const isWhole = this.header && !this.left;
      yield { header: this.header, part, frame: isWhole ? this.whole() : null };
    }
  }

  begin(part) {
    this.held.set(part, this.got);
    this.got += part.length;
    if (this.got < gd.HEADER_BYTES) return;
    const view = new DataView(this.held.buffer);
    const code = view.getUint8(3);
    const type = Object.keys(gd.MESSAGES).find((name) => gd.MESSAGE_CODES[name] === code);
    this.left = view.getUint32(4);
    this.header = { type, id: String(view.getBigUint64(8)) };
  }

  whole() {
    const frame = new Uint8Array(this.parts.reduce((sum, part) => sum + part.length, 0));
    let end = 0;
    for (const part of this.parts) {
      frame.set(part, end);
      end += part.length;
    }
    [this.parts, this.got, this.header] = [[], 0, null];
    return frame;
  }
}
