"""`header`: the header of a frame, read and written."""

from __future__ import annotations

from .. import ir
from ..naming import screaming
from ..template import fill
from .printing import Lines, quoted

NAME = "header"

TEXT = """
/** The header of a frame. */

import { ProtocolError, type PortableCode } from "./errors.js";
import {
  HEADER_BYTES,
  «limit»,
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

const MAX_REQUEST_ID = 0x«max_id»n;
const TYPES: (MessageType | undefined)[] = [];
for (const [name, code] of Object.entries(MESSAGE_CODES)) TYPES[code] = name as MessageType;
// Messages that have no payload.
«bare»

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
  «magic»
  const view = viewOf(bytes);
  if («version» !== VERSION) {
    throw fault(«version_error», «version_offset», 0n);
  }
  const requestId = view.getBigUint64(start + «id_offset»);
  const type = TYPES[bytes[start + «type_offset»]];
  if (type === undefined) throw fault(«type_error», «type_offset», requestId);
  const length = «length»;
  if (length > «limit») throw fault(«length_error», «length_offset», requestId);
  return { type, length, requestId };
}

/**
 * Refuses a payload where the message has none.
 *
 * @throws {ProtocolError} of scope exchange
 */
export function checkPresence(header: Header): void {
  if (!header.length || !BARE.has(header.type)) return;
  const found = new ProtocolError("unexpected_payload", "exchange", «length_offset»);
  found.requestId = header.requestId;
  throw found;
}

/** Refuses an id that the field cannot hold. */
export function checkRequestId(requestId: bigint): void {
  if (typeof requestId === "bigint" && requestId >= 0n && requestId <= MAX_REQUEST_ID) return;
  throw new ProtocolError(«id_error», "exchange", undefined, ["request_id"]);
}

/** Writes a header at the beginning of the bytes; its values are not judged. */
export function writeHeader(header: Header, bytes: Uint8Array): void {
  const view = viewOf(bytes);
  «write_magic»
  «write_version»
  bytes[«type_offset»] = MESSAGE_CODES[header.type];
  «write_length»
  view.setBigUint64(«id_offset», header.requestId);
}

function fault(code: PortableCode, offset: number, requestId: bigint): ProtocolError {
  const found = new ProtocolError(code, "connection", offset);
  found.requestId = requestId;
  return found;
}
"""


def text(spec: ir.Spec) -> str:
    by_name = {field.name: field for field in spec.header}
    length = by_name["length"]
    assert length.limit is not None
    return fill(
        TEXT,
        limit=screaming(length.limit.name),
        max_id=f"{256 ** by_name['request_id'].size - 1:x}",
        bare=_bare(spec),
        magic=_magic(by_name["magic"]),
        version=_read(by_name["version"]),
        length=_read(length),
        write_magic=[
            f"bytes[{by_name['magic'].offset + index}] = 0x{byte:02x};"
            for index, byte in enumerate(_constant(by_name["magic"]))
        ],
        write_version=_write(by_name["version"], "VERSION"),
        write_length=_write(length, "header.length"),
        id_error=quoted(by_name["request_id"].error or "int_out_of_range"),
        **{
            f"{name.removeprefix('request_')}_offset": str(by_name[name].offset)
            for name in ("version", "type", "length", "request_id")
        },
        **{f"{name}_error": quoted(by_name[name].error) for name in ("version", "type", "length")},
    ).lstrip("\n")


def _constant(field: ir.HeaderField) -> bytes:
    assert isinstance(field.constant, bytes)
    return field.constant


def _magic(field: ir.HeaderField) -> Lines:
    tests = [
        f"bytes[start + {field.offset + index}] !== 0x{byte:02x}"
        if field.offset + index
        else f"bytes[start] !== 0x{byte:02x}"
        for index, byte in enumerate(_constant(field))
    ]
    body = f"throw fault({quoted(field.error)}, {field.offset}, 0n);"
    return (
        [f"if ({' || '.join(tests)}) {body}"]
        if len(tests) < 3
        else [
            "if (",
            *(f"  {test} ||" for test in tests[:-1]),
            f"  {tests[-1]}",
            ") {",
            f"  {body}",
            "}",
        ]
    )


def _read(field: ir.HeaderField) -> str:
    """An expression for a number of the header."""
    read = f"view.get{_number(field)}(start + {field.offset})"
    return f"Number({read})" if field.size == 8 else read


def _write(field: ir.HeaderField, value: str) -> str:
    value = f"BigInt({value})" if field.size == 8 else value
    return f"view.set{_number(field)}({field.offset}, {value});"


def _number(field: ir.HeaderField) -> str:
    return f"{'BigUint' if field.size == 8 else 'Uint'}{8 * field.size}"


# Of a line.
WIDTH = 100


def _bare(spec: ir.Spec) -> list[str]:
    """In one line, or where it is too long one for each, as its formatter has it."""
    names = [quoted(m.name) for m in spec.messages if m.fields is None]
    head = "const BARE: ReadonlySet<MessageType> = new Set<MessageType>(["
    line = f"{head}{', '.join(names)}]);"
    return [line] if len(line) <= WIDTH else [head, *(f"  {name}," for name in names), "]);"]
