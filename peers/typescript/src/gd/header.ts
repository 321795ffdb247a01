// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
/** The header of a frame. */

import { ProtocolError, type PortableCode } from "./errors.js";
import {
  HEADER_BYTES,
  MAX_PAYLOAD_BYTES,
  MESSAGE_CODES,
  VERSION,
  type MessageType,
} from "./limits.js";

/** What a judged header says. */
export interface Header {
  readonly type: MessageType;
  /** Bytes of the payload. */
  readonly length: number;
  readonly requestId: bigint;
}

const MAX_REQUEST_ID = 0xffffffffffffffffn;
const TYPES: (MessageType | undefined)[] = [];
for (const [name, code] of Object.entries(MESSAGE_CODES)) TYPES[code] = name as MessageType;
// Messages that have no payload.
const BARE: ReadonlySet<MessageType> = new Set<MessageType>([
  "END",
  "STATUS",
  "CANCEL",
  "PAUSE",
  "RESUME",
]);

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/**
 * The header that begins at `start`, judged field by field.
 *
 * @throws {ProtocolError} of scope connection
 */
export function readHeader(bytes: Uint8Array, start = 0): Header {
  const there = bytes.length - start;
  if (there < HEADER_BYTES) throw new ProtocolError("truncated", "connection", Math.max(0, there));
  if (bytes[start] !== 0x47 || bytes[start + 1] !== 0x44) throw fault("bad_magic", 0, 0n);
  const view = viewOf(bytes);
  if (view.getUint8(start + 2) !== VERSION) {
    throw fault("unsupported_version", 2, 0n);
  }
  const requestId = view.getBigUint64(start + 8);
  const type = TYPES[bytes[start + 3]];
  if (type === undefined) throw fault("unknown_message_type", 3, requestId);
  const length = view.getUint32(start + 4);
  if (length > MAX_PAYLOAD_BYTES) throw fault("payload_too_large", 4, requestId);
  return { type, length, requestId };
}

/**
 * Refuses a payload where the message has none.
 *
 * @throws {ProtocolError} of scope exchange
 */
export function checkPresence(header: Header): void {
  if (!header.length || !BARE.has(header.type)) return;
  const found = new ProtocolError("unexpected_payload", "exchange", 4);
  found.requestId = header.requestId;
  throw found;
}

/** Refuses an id that the field cannot hold. */
export function checkRequestId(requestId: bigint): void {
  if (typeof requestId === "bigint" && requestId >= 0n && requestId <= MAX_REQUEST_ID) return;
  throw new ProtocolError("int_out_of_range", "exchange", undefined, ["request_id"]);
}

/** Writes a header at the beginning of the bytes; its values are not judged. */
export function writeHeader(header: Header, bytes: Uint8Array): void {
  const view = viewOf(bytes);
  bytes[0] = 0x47;
  bytes[1] = 0x44;
  view.setUint8(2, VERSION);
  bytes[3] = MESSAGE_CODES[header.type];
  view.setUint32(4, header.length);
  view.setBigUint64(8, header.requestId);
}

function fault(code: PortableCode, offset: number, requestId: bigint): ProtocolError {
  const found = new ProtocolError(code, "connection", offset);
  found.requestId = requestId;
  return found;
}
