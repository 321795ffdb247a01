// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
/**
 * GD/1 values as bytes.
 *
 * An integer is a bigint, and a number is a float. With the option `numbers` an integer is read as
 * a number, and refused where a number would lose of it; and a number that is a safe integer is
 * written as an integer, any other one as a float.
 */

import { ProtocolError, type PortableCode, type Step } from "./errors.js";
import { MAX_BLOB_BYTES, MAX_DEPTH, MAX_ITEMS, MAX_VALUE_BYTES } from "./limits.js";

/** What a payload can hold. */
export type Value =
  null | boolean | bigint | number | Uint8Array | string | Value[] | Map<string, Value>;

/** How values are read and written. */
export interface Options {
  /** Integers as numbers; one that a number cannot hold is refused. */
  readonly numbers?: boolean;
}

/** A dict of the own properties of an object. */
export function dict(properties: Readonly<Record<string, Value>>): Map<string, Value> {
  return new Map(Object.entries(properties));
}

/**
 * The value that all of the bytes encode. Its Uint8Arrays are views of them.
 *
 * @throws {ProtocolError} the first fault
 */
export function decode(bytes: Uint8Array, options: Options = {}): Value {
  const reader = new Reader(bytes, 0, options.numbers);
  const value = reader.value();
  reader.finish();
  return value;
}

/**
 * The bytes of a value.
 *
 * @throws {ProtocolError} the value, or one in it, has no encoding
 */
export function encode(value: Value, options: Options = {}): Uint8Array {
  return written(0, options, (writer) => writer.value(value));
}

// What of the language's surroundings is used: every browser and server has it.
declare class TextDecoder {
  constructor(encoding: string, options: { fatal: boolean; ignoreBOM: boolean });
  decode(bytes: Uint8Array): string;
}
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}
const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const ENCODER = new TextEncoder();
const SMALLEST_OF_LIST = 1;
const SMALLEST_OF_DICT = 6;
// Texts of so few bytes cost less here than a call of the decoder, and of the encoder.
const FEW_BYTES = 40;
const FEW_UNITS = 64;
// Down to this depth functions call each other for what is in a container, which is faster. What is
// deeper they leave open: a caller may have left little of the stack.
const NEAR = 8;
// Keys that were read, by their length and ends: most come again.
const KEYS: string[] = new Array(512).fill("");

/** What is in a container that was left open, and how much of it was begun. */
interface Open<Content> {
  readonly content: Content;
  readonly count: number;
  begun: number;
}

type Container = Value[] | Map<string, Value>;

/** Reads values from left to right; the first fault is thrown. */
export class Reader {
  /** Where the next byte is. */
  pos: number;
  private readonly view: DataView;
  private readonly end: number;
  private depth = 0;
  /** What the open containers need at least for what has not begun in them. */
  private owed = 0;
  /** The key or index that is read in each open container. */
  private readonly path: Step[] = [];
  /** The containers that were left open, by their depth beyond what is near. */
  private readonly far: Open<Container>[] = [];

  constructor(
    private readonly bytes: Uint8Array,
    start: number,
    private readonly numbers = false,
  ) {
    this.pos = start;
    this.end = bytes.length;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Refuses what follows. */
  finish(): void {
    if (this.pos < this.end) throw this.fault("trailing_data", this.pos);
  }

  /** The value that comes next. */
  value(): Value {
    const { depth } = this;
    const value = this.next();
    if (this.depth > depth) this.fillTo(depth);
    return value;
  }

  /** Reads what is in the containers that were left open below a depth. */
  private fillTo(depth: number): void {
    while (this.depth > depth) {
      const { content, count } = this.far[this.depth - NEAR - 1];
      if (Array.isArray(content)) this.fillList(content, count);
      else this.fillDict(content, count);
    }
  }

  /** The value that comes next; a container that is far is left open. */
  private next(): Value {
    const start = this.pos;
    if (start >= this.end) throw this.fault("truncated", this.end);
    this.pos = start + 1;
    switch (this.bytes[start]) {
      case 0x00:
        return null;
      case 0x01: {
        const at = this.take(1);
        if (this.bytes[at] === 0) return false;
        if (this.bytes[at] === 1) return true;
        throw this.fault("invalid_bool", at);
      }
      case 0x05: {
        const at = this.take(8);
        return this.integer(this.view.getBigInt64(at), start);
      }
      case 0x06:
        return this.view.getFloat64(this.take(8));
      case 0x10: {
        const at = this.take(4);
        const size = uint32(this.bytes, at);
        const length = this.sized(size, at, 1, MAX_BLOB_BYTES, "length_too_large");
        return this.bytes.subarray(this.pos, (this.pos += length));
      }
      case 0x11: {
        const at = this.take(4);
        const size = uint32(this.bytes, at);
        const length = this.sized(size, at, 1, MAX_BLOB_BYTES, "length_too_large");
        return this.text(length);
      }
      case 0x20: {
        this.mayOpen(start);
        const at = this.take(4);
        const size = uint32(this.bytes, at);
        const length = this.sized(size, at, 1, MAX_ITEMS, "too_many_items");
        return this.list(length);
      }
      case 0x21: {
        this.mayOpen(start);
        const at = this.take(4);
        const size = uint32(this.bytes, at);
        const length = this.sized(size, at, 6, MAX_ITEMS, "too_many_items");
        return this.dict(length);
      }
      default:
        throw this.fault("unknown_tlv_type", start);
    }
  }

  private fault(code: PortableCode, offset: number, depth = this.depth): ProtocolError {
    return new ProtocolError(code, "exchange", offset, this.path.slice(0, depth));
  }

  /** Moves over bytes that a value is made of; returns where they begin. */
  private take(count: number, depth = this.depth): number {
    const start = this.pos;
    if (this.end - start < count) throw this.fault("truncated", this.end, depth);
    this.pos = start + count;
    return start;
  }

  /** The size of a blob or a container, judged by its limit and by what remains. */
  private sized(
    size: number,
    at: number,
    unit: number,
    limit: number,
    code: PortableCode,
    depth = this.depth,
  ): number {
    if (size > limit) throw this.fault(code, at, depth);
    if (size * unit + this.owed > this.end - this.pos) throw this.fault("truncated", at, depth);
    return size;
  }

  private integer(value: bigint, start: number): bigint | number {
    if (!this.numbers) return value;
    const number = Number(value);
    if (!Number.isSafeInteger(number)) throw this.fault("int_out_of_range", start);
    return number;
  }

  private text(length: number, depth = this.depth): string {
    const start = this.pos;
    const stop = start + length;
    this.pos = stop;
    if (length <= FEW_BYTES) {
      const text = ascii(this.bytes, start, stop);
      if (text !== undefined) return text;
    }
    try {
      return DECODER.decode(this.bytes.subarray(start, stop));
    } catch {
      throw this.fault("invalid_utf8", start, depth);
    }
  }

  private mayOpen(start: number): void {
    if (this.depth === MAX_DEPTH) throw this.fault("nesting_too_deep", start);
  }

  private list(count: number): Value[] {
    // Vectors of floats are read apart: a loop without calls is several times as fast.
    const items: Value[] = this.floats(count);
    this.owed += (count - items.length) * SMALLEST_OF_LIST;
    if (this.opens(items, count)) this.fillList(items, count);
    return items;
  }

  /** Begins a container; whether it is near, and so to be filled at once. */
  private opens(content: Container, count: number): boolean {
    if (this.depth++ < NEAR) return true;
    this.far[this.depth - NEAR - 1] = { content, count, begun: 0 };
    return false;
  }

  private fillList(items: Value[], count: number): void {
    const { path, depth } = this;
    for (let index = items.length; index < count; index++) {
      this.owed -= SMALLEST_OF_LIST;
      path[depth - 1] = index;
      items.push(this.next());
      if (this.depth > depth) {
        if (depth > NEAR) return;
        this.fillTo(depth);
      }
    }
    this.depth = depth - 1;
  }

  /** The floats that come next, at most so many. */
  private floats(most: number): number[] {
    const { bytes, view } = this;
    const items: number[] = [];
    const last = this.end - 9;
    let at = this.pos;
    for (; items.length < most && at <= last && bytes[at] === 0x06; at += 9) {
      items.push(view.getFloat64(at + 1));
    }
    this.pos = at;
    return items;
  }

  private dict(count: number): Map<string, Value> {
    const pairs = new Map<string, Value>();
    this.owed += count * SMALLEST_OF_DICT;
    if (this.opens(pairs, count)) this.fillDict(pairs, count);
    return pairs;
  }

  private fillDict(pairs: Map<string, Value>, count: number): void {
    const { path, depth } = this;
    for (let index = pairs.size; index < count; index++) {
      this.owed -= SMALLEST_OF_DICT;
      const start = this.pos;
      const key = this.key(depth - 1);
      path[depth - 1] = key;
      if (pairs.has(key)) throw this.fault("duplicate_key", start);
      pairs.set(key, this.next());
      if (this.depth > depth) {
        if (depth > NEAR) return;
        this.fillTo(depth);
      }
    }
    this.depth = depth - 1;
  }

  /** A key of a dict that is in so many others. */
  private key(depth: number): string {
    const { bytes, pos: start } = this;
    if (start >= this.end) throw this.fault("truncated", this.end, depth);
    this.pos = start + 1;
    if (bytes[start] !== 0x11) {
      const isKnown = CODES.has(bytes[start]);
      throw this.fault(isKnown ? "key_not_string" : "unknown_tlv_type", start, depth);
    }
    const at = this.take(4, depth);
    const length = this.sized(uint32(bytes, at), at, 1, MAX_BLOB_BYTES, "length_too_large", depth);
    if (!length || length > FEW_BYTES) return this.text(length, depth);
    const from = this.pos;
    const place = (length * 67 + bytes[from] * 31 + bytes[from + length - 1]) & 511;
    const known = KEYS[place];
    if (known.length === length && stands(known, bytes, from)) {
      this.pos = from + length;
      return known;
    }
    const key = this.text(length, depth);
    if (key.length === length) KEYS[place] = key;
    return key;
  }
}

const CODES: ReadonlySet<number> = new Set([0x00, 0x01, 0x05, 0x06, 0x10, 0x11, 0x20, 0x21]);

/** The number in the 4 bytes at a place. */
function uint32(bytes: Uint8Array, at: number): number {
  return bytes[at] * 0x1000000 + bytes[at + 1] * 0x10000 + bytes[at + 2] * 0x100 + bytes[at + 3];
}

/** Whether the text, of ASCII, stands there. */
function stands(text: string, bytes: Uint8Array, start: number): boolean {
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) !== bytes[start + index]) return false;
  }
  return true;
}

// Room for the bytes of a text, by their number: it is filled again for each.
const ROOMS = Array.from({ length: FEW_BYTES + 1 }, (_, length) => {
  return new Array<number>(length).fill(0);
});

/** A text of a few bytes; undefined where not all are ASCII. */
function ascii(bytes: Uint8Array, start: number, stop: number): string | undefined {
  const codes = ROOMS[stop - start];
  let all = 0;
  for (let at = start, index = 0; at < stop; at++, index++) {
    const byte = bytes[at];
    all |= byte;
    codes[index] = byte;
  }
  return all < 0x80 ? String.fromCharCode.apply(String, codes) : undefined;
}

/**
 * The offset of a value in dicts that were read without a fault.
 *
 * @param start of the outermost dict
 * @param names the keys that lead to the value
 */
export function offsetOf(bytes: Uint8Array, start: number, names: readonly string[]): number {
  const reader = new Reader(bytes, start);
  for (const name of names) {
    reader.pos += 5;
    while (reader.value() !== name) reader.value();
  }
  return reader.pos;
}

const FIRST_BYTES = 512;
const KEPT_BYTES = 65_536;
const CODE_BYTES = 1;
const MAX_UTF8_BYTES = 3;
// The writer that is used again, unless it is in use.
let spare: Writer | undefined;

/**
 * What is written by a function, behind `start` bytes that are left free.
 *
 * @throws {ProtocolError} as the function does; nothing is written then
 */
export function written(
  start: number,
  options: Options,
  write: (writer: Writer) => void,
): Uint8Array {
  const writer = spare ?? new Writer();
  spare = undefined;
  writer.begin(start, options.numbers);
  try {
    write(writer);
    return writer.result();
  } finally {
    writer.end();
    spare = writer;
  }
}

type Pair = readonly [string, Value];
/** What is in a container. The pairs of one that is far go on where they were left. */
type Content = readonly Value[] | Iterable<Pair>;

/** Writes values; what has no encoding is thrown as a fault. */
export class Writer {
  /** Where the next byte goes. */
  pos = 0;
  private bytes = new Uint8Array(FIRST_BYTES);
  private view = new DataView(this.bytes.buffer);
  private numbers = false;
  private most = 0;
  private depth = 0;
  private readonly path: Step[] = [];
  /** The containers that were left open, by their depth beyond what is near. */
  private readonly far: Open<Content>[] = [];

  begin(start: number, numbers = false): void {
    this.pos = start;
    this.most = start + MAX_VALUE_BYTES;
    this.numbers = numbers;
    this.depth = 0;
    if (this.bytes.length > KEPT_BYTES) this.grow(FIRST_BYTES);
  }

  /** Lets go of what was written. */
  end(): void {
    if (this.far.length > 0) this.far.length = 0;
  }

  /** What was written; it is the caller's. */
  result(): Uint8Array {
    if (this.pos <= KEPT_BYTES) return this.bytes.slice(0, this.pos);
    const { bytes, pos } = this;
    this.bytes = new Uint8Array(FIRST_BYTES);
    this.view = new DataView(this.bytes.buffer);
    return bytes.subarray(0, pos);
  }

  /** Writes a value. */
  value(value: Value): void {
    const { depth } = this;
    this.next(value);
    if (this.depth > depth) this.fillTo(depth);
  }

  /** Writes what is in the containers that were left open below a depth. */
  private fillTo(depth: number): void {
    while (this.depth > depth) {
      const { content, count, begun } = this.far[this.depth - NEAR - 1];
      if (Array.isArray(content)) this.fillList(content, count, begun);
      else this.fillDict(content as Iterable<Pair>);
    }
  }

  /** Writes a value; a container that is far is left open. */
  private next(value: Value): void {
    switch (typeof value) {
      case "string":
        return this.text(value);
      case "number":
        if (this.numbers && Number.isSafeInteger(value) && !Object.is(value, -0)) {
          return this.integer(BigInt(value));
        }
        return this.float(value);
      case "bigint":
        return this.integer(value);
      case "boolean":
        return this.bool(value);
      case "object":
        if (value === null) return this.none();
        if (Array.isArray(value)) return this.list(value);
        if (value instanceof Map) return this.dict(value);
        if (value instanceof Uint8Array) return this.blob(value);
    }
    throw this.fault("unsupported_type");
  }

  /** Begins a dict of so many pairs, whose keys and values follow by `pair`. */
  open(count: number): void {
    if (this.depth === MAX_DEPTH) throw this.fault("nesting_too_deep");
    const at = this.room(5);
    const { bytes } = this;
    bytes[at] = 0x21;
    bytes[at + 1] = count >>> 24;
    bytes[at + 2] = count >>> 16;
    bytes[at + 3] = count >>> 8;
    bytes[at + 4] = count;
    this.depth++;
  }

  /** Writes a key of the dict that was begun last; its value is to follow. */
  key(key: string): void {
    this.text(key, this.depth - 1);
    this.path[this.depth - 1] = key;
  }

  /** Ends the dict that was begun last. */
  close(): void {
    this.depth--;
  }

  private fault(code: PortableCode, depth = this.depth): ProtocolError {
    return new ProtocolError(code, "exchange", undefined, this.path.slice(0, depth));
  }

  /** Makes room for bytes that follow; returns where. */
  private room(count: number): number {
    const start = this.pos;
    this.pos = start + count;
    if (this.pos > this.bytes.length) this.more(start);
    return start;
  }

  private more(start: number): void {
    if (this.pos > this.most) throw new ProtocolError("payload_too_large", "exchange");
    const { bytes } = this;
    this.grow(Math.max(this.pos, Math.min(2 * bytes.length, this.most)));
    this.bytes.set(bytes.subarray(0, start));
  }

  private grow(size: number): void {
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
  }

  private none(): void {
    const at = this.room(CODE_BYTES);
    this.bytes[at] = 0x00;
  }

  private bool(value: boolean): void {
    const at = this.room(CODE_BYTES + 1);
    this.bytes[at] = 0x01;
    this.bytes[at + CODE_BYTES] = value ? 1 : 0;
  }

  private integer(value: bigint): void {
    if (value >= -9223372036854775808n && value <= 9223372036854775807n) {
      const at = this.room(9);
      this.bytes[at] = 0x05;
      this.view.setBigInt64(at + CODE_BYTES, value);
      return;
    }
    throw this.fault("int_out_of_range");
  }

  private float(value: number): void {
    const at = this.room(9);
    this.bytes[at] = 0x06;
    this.view.setFloat64(at + CODE_BYTES, value);
  }

  private blob(value: Uint8Array): void {
    if (value.length > MAX_BLOB_BYTES) throw this.fault("length_too_large");
    const at = this.room(5 + value.length);
    const { bytes } = this;
    const size = value.length;
    bytes[at] = 0x10;
    bytes[at + 1] = size >>> 24;
    bytes[at + 2] = size >>> 16;
    bytes[at + 3] = size >>> 8;
    bytes[at + 4] = size;
    bytes.set(value, at + 5);
  }

  private text(text: string, depth = this.depth): void {
    const units = text.length;
    if (units > FEW_UNITS) return this.longText(text, depth);
    const at = this.room(5 + MAX_UTF8_BYTES * units);
    const { bytes } = this;
    let to = at + 5;
    for (let index = 0; index < units; index++) {
      let code = text.charCodeAt(index);
      if (code < 0x80) {
        bytes[to++] = code;
      } else if (code < 0x800) {
        bytes[to++] = 0xc0 | (code >> 6);
        bytes[to++] = 0x80 | (code & 0x3f);
      } else if (code < 0xd800 || code >= 0xe000) {
        bytes[to++] = 0xe0 | (code >> 12);
        bytes[to++] = 0x80 | ((code >> 6) & 0x3f);
        bytes[to++] = 0x80 | (code & 0x3f);
      } else {
        code = text.codePointAt(index++)!;
        if (code < 0x10000) throw this.fault("invalid_text", depth);
        bytes[to++] = 0xf0 | (code >> 18);
        bytes[to++] = 0x80 | ((code >> 12) & 0x3f);
        bytes[to++] = 0x80 | ((code >> 6) & 0x3f);
        bytes[to++] = 0x80 | (code & 0x3f);
      }
    }
    const size = to - at - 5;
    if (size > MAX_BLOB_BYTES) throw this.fault("length_too_large", depth);
    bytes[at] = 0x11;
    bytes[at + 1] = size >>> 24;
    bytes[at + 2] = size >>> 16;
    bytes[at + 3] = size >>> 8;
    bytes[at + 4] = size;
    this.pos = to;
  }

  private longText(text: string, depth: number): void {
    if (!isWellFormed(text)) throw this.fault("invalid_text", depth);
    if (text.length > MAX_BLOB_BYTES) throw this.fault("length_too_large", depth);
    const raw = ENCODER.encode(text);
    const size = raw.length;
    if (size > MAX_BLOB_BYTES) throw this.fault("length_too_large", depth);
    const at = this.room(5 + size);
    const { bytes } = this;
    bytes[at] = 0x11;
    bytes[at + 1] = size >>> 24;
    bytes[at + 2] = size >>> 16;
    bytes[at + 3] = size >>> 8;
    bytes[at + 4] = size;
    bytes.set(raw, at + 5);
  }

  private list(items: readonly Value[]): void {
    if (this.depth === MAX_DEPTH) throw this.fault("nesting_too_deep");
    const size = items.length;
    if (size > MAX_ITEMS) throw this.fault("too_many_items");
    const at = this.room(5);
    const { bytes } = this;
    bytes[at] = 0x20;
    bytes[at + 1] = size >>> 24;
    bytes[at + 2] = size >>> 16;
    bytes[at + 3] = size >>> 8;
    bytes[at + 4] = size;
    if (this.depth++ < NEAR) this.fillList(items, size, 0);
    else this.leave(items, size);
  }

  private leave(content: Content, count: number): void {
    this.far[this.depth - NEAR - 1] = { content, count, begun: 0 };
  }

  private fillList(items: readonly Value[], count: number, begun: number): void {
    const { path, depth } = this;
    for (let index = begun; index < count; index++) {
      path[depth - 1] = index;
      this.next(items[index]);
      if (this.depth > depth) {
        if (depth > NEAR) {
          this.far[depth - NEAR - 1].begun = index + 1;
          return;
        }
        this.fillTo(depth);
      }
    }
    this.depth = depth - 1;
  }

  private dict(pairs: ReadonlyMap<string, Value>): void {
    if (Object.getPrototypeOf(pairs) !== Map.prototype) return this.oddDict([...pairs]);
    this.judgePairs(pairs.size);
    this.open(pairs.size);
    if (this.depth <= NEAR) this.fillDict(pairs);
    else this.leave(pairs.entries(), pairs.size);
  }

  private fillDict(pairs: Iterable<Pair>): void {
    const { depth } = this;
    for (const [key, value] of pairs) {
      if (typeof key !== "string") throw this.fault("key_not_string", depth - 1);
      this.key(key);
      this.next(value);
      if (this.depth > depth) {
        if (depth > NEAR) return;
        this.fillTo(depth);
      }
    }
    this.depth = depth - 1;
  }

  /** Writes what iterates as it likes: over equal keys too. */
  private oddDict(pairs: readonly Pair[]): void {
    this.judgePairs(pairs.length);
    this.open(pairs.length);
    const { depth } = this;
    const once = untilAgain(pairs.values(), (key) => {
      this.path[depth - 1] = key;
      return this.fault("duplicate_key", depth);
    });
    if (depth <= NEAR) this.fillDict(once);
    else this.leave(once, pairs.length);
  }

  private judgePairs(count: number): void {
    if (this.depth < MAX_DEPTH && count > MAX_ITEMS) throw this.fault("too_many_items");
  }
}

/** Pairs up to a key that comes again. */
function untilAgain(pairs: Iterator<Pair>, refused: (key: string) => Error): Iterable<Pair> {
  const keys = new Set<string>();
  const next = (): IteratorResult<Pair> => {
    const one = pairs.next();
    if (one.done) return one;
    const [key] = one.value;
    if (keys.has(key)) throw refused(key);
    keys.add(key);
    return one;
  };
  const some = { next, [Symbol.iterator]: () => some };
  return some;
}

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** Whether a text has a form in UTF-8. */
function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}
