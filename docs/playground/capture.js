/* A capture taken apart: its packets, the streams of bytes that they carry, the frames in those.

   Rules: files are pcap and pcapng, of either byte order; packets are TCP over IP, or of a type for
   users, and then each is bytes by itself. Only headers of frames are looked at: the codec judges a
   frame when it is opened. What is left out is told, and bytes that are missing are never passed over. */

import { hex } from "./conformance/forms.js";

/** Of link types whose packets hold IP: the bytes before it. */
const BEFORE_IP = { 0: 4, 1: 14, 12: 0, 14: 0, 101: 0, 108: 4, 113: 16, 228: 0, 229: 0, 276: 20 };
const [FIRST_USER, LAST_USER] = [147, 162];
const PCAPNG = "0a0d0d0a";
/** By the first bytes of a pcap file: whether numbers begin with their lowest byte. */
const PCAP = { a1b2c3d4: false, a1b23c4d: false, d4c3b2a1: true, "4d3cb2a1": true };
const BLOCKS = { SECTION: 0x0a0d0d0a, INTERFACE: 1, OBSOLETE: 2, SIMPLE: 3, PACKET: 6 };
const TCP = 6;
const [FIN, SYN, RST, ACK] = [1, 2, 4, 16];

/** Whether bytes begin like a capture. */
export function isCapture(bytes) {
  const magic = hex(bytes.subarray(0, 4));
  return magic === PCAPNG || magic in PCAP;
}

/**
 * The frames of a capture, in the order in which their last bytes came.
 *
 * @param spec the declaration
 * @returns `frames`, each with its `bytes`, `connection`, `from`, `to`, `byOpener` and `packet`, which
 *   counts from 1; and `notes`, a sentence for each thing that was left out
 * @throws {Error} for what is no capture, or has no frame
 */
export function frames(bytes, spec) {
  const notes = [];
  const flows = flowsOf(packets(bytes, notes), notes);
  const found = flows.flatMap((flow) => framesOf(flow, spec, notes));
  if (!found.length) throw new Error(["no frame of GD in this capture", ...notes].join("; "));
  return { frames: found.sort((one, other) => one.packet - other.packet), notes };
}

// --- the file ---

function* packets(bytes, notes) {
  if (!isCapture(bytes)) {
    const begins = bytes.length ? `begins with ${spaced(bytes.subarray(0, 4))}` : "is empty";
    throw new Error(
      `no capture: it ${begins}; pcapng begins with 0a 0d 0d 0a, pcap with a1 b2 c3 d4 or d4 c3 b2 a1`,
    );
  }
  yield* hex(bytes.subarray(0, 4)) === PCAPNG ? ofPcapng(bytes, notes) : ofPcap(bytes, notes);
}

function spaced(bytes) {
  return hex(bytes).replace(/../g, "$& ").trim();
}

function viewOf(bytes) {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function* ofPcap(bytes, notes) {
  const view = viewOf(bytes);
  const isLittle = PCAP[hex(bytes.subarray(0, 4))];
  if (bytes.length < 24) return notes.push(`it ends within the file's header, at byte ${bytes.length}`);
  const link = view.getUint32(20, isLittle) & 0xffff;
  for (let at = 24; at < bytes.length; ) {
    const end = at + 16 + (at + 16 <= bytes.length ? view.getUint32(at + 8, isLittle) : 0);
    if (end > bytes.length || at + 16 > bytes.length) return notes.push(cutOff("packet", at));
    yield { link, data: bytes.subarray(at + 16, end) };
    at = end;
  }
}

function cutOff(what, at) {
  return `it ends within the ${what} that begins at byte ${at}: what comes before is shown`;
}

function* ofPcapng(bytes, notes) {
  const view = viewOf(bytes);
  let isLittle = true;
  let links = [];
  for (let at = 0; at < bytes.length; ) {
    if (at + 12 > bytes.length) return notes.push(cutOff("block", at));
    const kind = view.getUint32(at, isLittle);
    if (kind === BLOCKS.SECTION) {
      isLittle = view.getUint32(at + 8, true) === 0x1a2b3c4d;
      links = [];
    }
    const size = view.getUint32(at + 4, isLittle);
    if (size < 12 || size % 4) return notes.push(`the block at byte ${at} tells an impossible length, ${size}`);
    if (at + size > bytes.length) return notes.push(cutOff("block", at));
    const body = bytes.subarray(at + 8, at + size - 4);
    if (kind === BLOCKS.INTERFACE && body.length >= 8) links.push(viewOf(body).getUint16(0, isLittle));
    const packet = packetOf(kind, body, links, isLittle);
    if (packet) yield packet;
    at += size;
  }
}

function packetOf(kind, body, links, isLittle) {
  const view = viewOf(body);
  if (kind === BLOCKS.SIMPLE && body.length >= 4) {
    return { link: links[0], data: body.subarray(4, 4 + view.getUint32(0, isLittle)) };
  }
  if ((kind !== BLOCKS.PACKET && kind !== BLOCKS.OBSOLETE) || body.length < 20) return null;
  const number = kind === BLOCKS.PACKET ? view.getUint32(0, isLittle) : view.getUint16(0, isLittle);
  return { link: links[number], data: body.subarray(20, 20 + view.getUint32(12, isLittle)) };
}

// --- what the packets carry ---

/** The bytes of each direction of each connection: pieces in their order, and who sent them. */
function flowsOf(found, notes) {
  const flows = [];
  const open = new Map();
  const unread = new Map();
  let packet = 0;
  let connections = 0;
  for (const { link, data } of found) {
    packet++;
    if (link >= FIRST_USER && link <= LAST_USER) {
      flows.push({ connection: ++connections, from: `packet ${packet}`, to: "", pieces: [{ packet, data }] });
      continue;
    }
    const segment = link in BEFORE_IP ? segmentOf(data.subarray(BEFORE_IP[link])) : null;
    if (!segment) {
      const what = link in BEFORE_IP ? "that hold no TCP" : `of link type ${link}`;
      unread.set(what, (unread.get(what) ?? 0) + 1);
      continue;
    }
    const { from, to, flags } = segment;
    let flow = open.get(`${from} ${to}`);
    if (!flow || (flags & SYN && (flow.pieces.length || flow.isOver))) {
      flow = begun(open, flow, from, to, () => ++connections);
      flows.push(flow);
    }
    if (flags & SYN) flow.opens = !(flags & ACK);
    if (flags & FIN) flow.isOver = true;
    take(flow, segment, packet);
  }
  for (const [what, count] of unread) notes.push(`left out: ${many(count, "packet")} ${what}`);
  for (const flow of flows) missing(flow, notes);
  return flows;
}

/** One direction of a connection: of that whose other direction is there, or of a new one. */
function begun(open, former, from, to, count) {
  const back = open.get(`${to} ${from}`);
  const isAnswer = back && back.connection !== former?.connection;
  const flow = { connection: isAnswer ? back.connection : count(), from, to, pieces: [], held: [] };
  if (isAnswer) [flow.back, back.back] = [back, flow];
  open.set(`${from} ${to}`, flow);
  return flow;
}

function many(count, what) {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** The segment of TCP in a packet of IP; null where there is none. */
function segmentOf(data) {
  const view = viewOf(data);
  const version = data[0] >> 4;
  const head = version === 4 ? (data[0] & 15) * 4 : 40;
  if ((version !== 4 && version !== 6) || data.length < head + 20) return null;
  if (data[version === 4 ? 9 : 6] !== TCP) return null;
  // What offload made longer than a packet may be has no length of its own.
  const told = version === 4 ? view.getUint16(2) : head + view.getUint16(4);
  const end = told > head ? Math.min(told, data.length) : data.length;
  const [first, size] = version === 4 ? [12, 4] : [8, 16];
  const peer = (at, port) => `${address(data.subarray(at, at + size))}:${view.getUint16(port)}`;
  return {
    from: peer(first, head),
    to: peer(first + size, head + 2),
    place: view.getUint32(head + 4),
    flags: data[head + 13],
    data: data.subarray(head + (data[head + 12] >> 4) * 4, end),
  };
}

function address(bytes) {
  return bytes.length === 4 ? bytes.join(".") : `[${hex(bytes).replace(/.{4}(?!$)/g, "$&:")}]`;
}

/** Put a segment where it belongs: what came twice is cut, what came early waits. */
function take(flow, { place, flags, data }, packet) {
  if (flags & RST) return;
  flow.next ??= place;
  if (flags & SYN) flow.next = (place + 1) >>> 0;
  if (!data.length) return;
  flow.held.push({ place: flags & SYN ? flow.next : place, packet, data });
  for (let index; (index = flow.held.findIndex((one) => ahead(flow, one) <= 0)) >= 0; ) {
    const [piece] = flow.held.splice(index, 1);
    const fresh = piece.data.subarray(-ahead(flow, piece));
    if (!fresh.length) continue;
    flow.pieces.push({ packet, data: fresh });
    flow.next = (flow.next + fresh.length) >>> 0;
  }
}

/** How far before or behind its place a piece is. */
function ahead(flow, piece) {
  return (piece.place - flow.next) | 0;
}

function missing({ from, to, held }, notes) {
  if (!held?.length) return;
  const count = held.reduce((sum, one) => sum + one.data.length, 0);
  notes.push(`bytes from ${from} to ${to} are missing, so ${count} that follow them are left out`);
}

// --- the frames ---

function framesOf(flow, spec, notes) {
  const bytes = joined(flow.pieces);
  const isOurs = [bytes, flow.back && joined(flow.back.pieces)].some((one) => one && isFrame(one, spec));
  if (!bytes.length) return [];
  if (!isOurs) {
    notes.push(`left out: ${many(bytes.length, "byte")} ${wayOf(flow)}, which do not begin like a frame`);
    return [];
  }
  const ends = endsOf(flow.pieces);
  const { connection, from, to } = flow;
  const byOpener = flow.opens ?? (flow.back?.opens === undefined ? isAsked(bytes[3], spec) : !flow.back.opens);
  let last = 0;
  const packetAt = (end) => {
    while (ends[last].end < end) last++;
    return ends[last].packet;
  };
  return split(bytes, spec).map(([start, end]) => ({
    bytes: bytes.subarray(start, end),
    packet: packetAt(end),
    connection,
    from,
    to,
    byOpener,
  }));
}

function wayOf({ from, to }) {
  return to ? `from ${from} to ${to}` : `in ${from}`;
}

function joined(pieces) {
  const bytes = new Uint8Array(pieces.reduce((sum, one) => sum + one.data.length, 0));
  let end = 0;
  for (const { data } of pieces) {
    bytes.set(data, end);
    end += data.length;
  }
  return bytes;
}

function endsOf(pieces) {
  let end = 0;
  return pieces.map(({ packet, data }) => ({ packet, end: (end += data.length) }));
}

function isFrame(bytes, spec) {
  return bytes.length > 0 && spec.header[0].constant.startsWith(hex(bytes.subarray(0, spec.header[0].bytes)));
}

/** Whether the message is none that answers. */
function isAsked(code, spec) {
  const name = spec.messages.find((one) => one.code === code)?.name;
  const answers = ({ sender, message, outcome }) => {
    return sender === "answerer" && message === name && outcome === "deliver";
  };
  return !spec.transitions.some(answers);
}

/** Where frames begin and end; behind bytes that begin no frame, and a length beyond the limit, all is one. */
function split(bytes, spec) {
  const length = spec.header.find((one) => one.name === "length");
  const most = spec.limits.find((one) => one.name === length.limit).value;
  const view = viewOf(bytes);
  const places = [];
  for (let start = 0; start < bytes.length; ) {
    const isWhole = start + spec.header_bytes <= bytes.length && isFrame(bytes.subarray(start), spec);
    const size = isWhole ? view.getUint32(start + length.offset) : Infinity;
    const end = size > most ? bytes.length : Math.min(bytes.length, start + spec.header_bytes + size);
    places.push([start, end]);
    start = end;
  }
  return places;
}
