"""`values`: reading and writing of values, of which each type is printed as its body says.

Functions call each other at the outer containers alone, which is faster: of the stack a caller may
have left little.
"""

from __future__ import annotations

from collections.abc import Iterable

from .. import ir
from ..errors import CompileError
from ..layout import text_type, value_type
from ..naming import screaming
from ..template import fill, indented
from .printing import TYPES, Lines, bigint, quoted, union

NAME = "values"

HEAD = """
/**
 * GD/1 values as bytes.
 *
 * An integer is a bigint, and a number is a float. With the option `numbers` an integer is read as
 * a number, and refused where a number would lose of it; and a number that is a safe integer is
 * written as an integer, any other one as a float.
 */

import { ProtocolError, type PortableCode, type Step } from "./errors.js";
import «limits» from "./limits.js";

«value»

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
const SMALLEST_OF_LIST = «item_bytes»;
const SMALLEST_OF_DICT = «pair_bytes»;
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
      «cases»
      default:
        throw this.fault(«unknown», start);
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
    const last = this.end - «float_bytes»;
    let at = this.pos;
    for (; items.length < most && at <= last && bytes[at] === «float_code»; at += «float_bytes») {
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
    if (bytes[start] !== «text_code») {
      const isKnown = CODES.has(bytes[start]);
      throw this.fault(isKnown ? «key_error» : «unknown», start, depth);
    }
    const at = this.take(«text_size_bytes», depth);
    const length = this.sized(«text_size», at, 1, «text_limit», «text_error», depth);
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

const CODES: ReadonlySet<number> = new Set([«codes»]);

«size»
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
    reader.pos += «dict_head»;
    while (reader.value() !== name) reader.value();
  }
  return reader.pos;
}
"""

WRITER = r"""

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
    const at = this.room(«dict_head»);
    const { bytes } = this;
    bytes[at] = «dict_code»;
    «dict_count»
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
    «none»
  }

  private bool(value: boolean): void {
    «bool»
  }

  private integer(value: bigint): void {
    «integer»
    throw this.fault("int_out_of_range");
  }

  private float(value: number): void {
    const at = this.room(«float_bytes»);
    this.bytes[at] = «float_code»;
    this.view.setFloat64(at + CODE_BYTES, value);
  }

  private blob(value: Uint8Array): void {
    if (value.length > «blob_limit») throw this.fault(«blob_error»);
    const at = this.room(«blob_head» + value.length);
    const { bytes } = this;
    const size = value.length;
    bytes[at] = «blob_code»;
    «blob_size»
    bytes.set(value, at + «blob_head»);
  }

  private text(text: string, depth = this.depth): void {
    const units = text.length;
    if (units > FEW_UNITS) return this.longText(text, depth);
    const at = this.room(«text_head» + MAX_UTF8_BYTES * units);
    const { bytes } = this;
    let to = at + «text_head»;
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
    const size = to - at - «text_head»;
    if (size > «text_limit») throw this.fault(«text_error», depth);
    bytes[at] = «text_code»;
    «text_size»
    this.pos = to;
  }

  private longText(text: string, depth: number): void {
    if (!isWellFormed(text)) throw this.fault("invalid_text", depth);
    if (text.length > «text_limit») throw this.fault(«text_error», depth);
    const raw = ENCODER.encode(text);
    const size = raw.length;
    if (size > «text_limit») throw this.fault(«text_error», depth);
    const at = this.room(«text_head» + size);
    const { bytes } = this;
    bytes[at] = «text_code»;
    «text_size»
    bytes.set(raw, at + «text_head»);
  }

  private list(items: readonly Value[]): void {
    if (this.depth === MAX_DEPTH) throw this.fault("nesting_too_deep");
    const size = items.length;
    if (size > «list_limit») throw this.fault(«list_error»);
    const at = this.room(«list_head»);
    const { bytes } = this;
    bytes[at] = «list_code»;
    «list_count»
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
      if (typeof key !== "string") throw this.fault(«key_error», depth - 1);
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
    if (this.depth < MAX_DEPTH && count > «dict_limit») throw this.fault(«dict_error»);
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
"""


def text(spec: ir.Spec) -> str:
    return _head(spec).lstrip("\n") + _writer(spec)


def _head(spec: ir.Spec) -> str:
    code, length = text_type(spec)
    the_dict = _container("dict", spec)
    names = sorted({"MAX_DEPTH", "MAX_VALUE_BYTES", *(_limit(f) for f in _sizes(spec))})
    return fill(
        HEAD,
        limits=_braces(names),
        value=[
            "/** What a payload can hold. */",
            *union("Value", list(dict.fromkeys(TYPES[v.kind] for v in spec.values))),
        ],
        cases=[line for v in spec.values for line in _case(v)],
        unknown=quoted(spec.value_error),
        key_error=quoted(the_dict.key_error),
        text_code=_hex(code),
        text_size_bytes=str(length.size),
        text_size=_read_size(length, "bytes"),
        text_limit=_limit(length),
        text_error=quoted(length.limit.error),
        item_bytes=str(_container("list", spec).smallest_element_bytes),
        pair_bytes=str(the_dict.smallest_element_bytes),
        codes=", ".join(_hex(v.code) for v in spec.values),
        dict_head=str(1 + the_dict.count.size),
        size=_size_reader(spec),
        float_bytes=str(1 + 8),
        float_code=_hex(value_type("float", spec).code),
    )


def _size_reader(spec: ir.Spec) -> Iterable[str]:
    """The function by which sizes are read: one for each number of bytes."""
    for size in sorted({field.size for field in _sizes(spec)}):
        terms = [_byte(index, size) for index in range(size)]
        yield f"/** The number in the {size} bytes at a place. */"
        yield f"function uint{8 * size}(bytes: Uint8Array, at: number): number {{"
        yield f"  return {' + '.join(terms)};"
        yield "}"
        yield ""


def _byte(index: int, size: int) -> str:
    factor = 256 ** (size - 1 - index)
    byte = f"bytes[at + {index}]" if index else "bytes[at]"
    return byte if factor == 1 else f"{byte} * 0x{factor:x}"


def _case(value: ir.ValueType) -> Lines:
    """How a value of one type is read, when its type byte was."""
    lines = [f"case {_hex(value.code)}:"]
    match value.body:
        case ir.Empty():
            return [*lines, "  return null;"]
        case ir.Mapped(choices=choices, error=error):
            inner = [
                "const at = this.take(1);",
                *(
                    f"if (this.bytes[at] === {wire}) return {str(held).lower()};"
                    for wire, held in choices
                ),
                f"throw this.fault({quoted(error)}, at);",
            ]
        case ir.Fixed(number, size) if value.kind == "integer":
            inner = [
                f"const at = this.take({size});",
                f"return this.integer({_read_integer(number, size, value.name)}, start);",
            ]
        case ir.Fixed():
            return [*lines, "  return this.view.getFloat64(this.take(8));"]
        case ir.Blob(length, is_text):
            inner = [*_read_sized(length, 1)]
            inner += (
                ["return this.text(length);"]
                if is_text
                else ["return this.bytes.subarray(this.pos, (this.pos += length));"]
            )
        case ir.Container() as body:
            inner = [
                "this.mayOpen(start);",
                *_read_sized(body.count, body.smallest_element_bytes),
                f"return this.{value.kind}(length);",
            ]
    return [f"case {_hex(value.code)}: {{", *indented(inner, "  "), "}"]


def _read_sized(field: ir.SizeField, unit: int) -> Lines:
    limit = f"{_limit(field)}, {quoted(field.limit.error)}"
    return [
        f"const at = this.take({field.size});",
        f"const size = {_read_size(field, 'this.bytes')};",
        f"const length = this.sized(size, at, {unit}, {limit});",
    ]


def _read_size(field: ir.SizeField, source: str) -> str:
    """An expression for the size at `at`."""
    return f"uint{8 * field.size}({source}, at)"


def _write_size(field: ir.SizeField) -> Lines:
    """Statements that write `size` behind the type byte at `at`."""
    return [
        f"bytes[at + {1 + index}] = " + _shifted("size", 8 * (field.size - 1 - index)) + ";"
        for index in range(field.size)
    ]


def _shifted(name: str, bits: int) -> str:
    if not bits:
        return name
    return f"{name} >>> {bits}" if bits < 32 else f"{name} / {2**bits}"


def _limit(field: ir.SizeField) -> str:
    return screaming(field.limit.name)


def _sizes(spec: ir.Spec) -> Iterable[ir.SizeField]:
    for value in spec.values:
        match value.body:
            case ir.Blob(length=size) | ir.Container(count=size):
                yield size


def _hex(code: int) -> str:
    return f"0x{code:02x}"


def _braces(names: list[str]) -> str:
    return "{ " + ", ".join(names) + " }"


def _container(kind: str, spec: ir.Spec) -> ir.Container:
    body = value_type(kind, spec).body
    assert isinstance(body, ir.Container)
    return body


# --- integers ---


def _read_integer(sign: str, size: int, name: str) -> str:
    """An expression for the bigint at `at`."""
    letter = "Ui" if sign == ir.UNSIGNED else "I"
    if size == 8:
        return f"this.view.getBig{letter.capitalize()}nt64(at)"
    return f"BigInt(this.view.get{letter}nt{_bits(size, name)}(at))"


def _write_integer(value: ir.ValueType) -> Lines:
    """Statements that write an integer of this type's range, and return."""
    body = value.body
    assert isinstance(body, ir.Fixed)
    letter = "Ui" if body.number == ir.UNSIGNED else "I"
    method, held = f"setBig{letter.capitalize()}nt64", "value"
    if body.size < 8:
        method, held = f"set{letter}nt{_bits(body.size, value.name)}", "Number(value)"
    return [
        f"if (value >= {bigint(value.minimum or 0)} && value <= {bigint(value.maximum or 0)}) {{",
        f"  const at = this.room({1 + body.size});",
        f"  this.bytes[at] = {_hex(value.code)};",
        f"  this.view.{method}(at + CODE_BYTES, {held});",
        "  return;",
        "}",
    ]


def _bits(size: int, name: str) -> int:
    if size not in (1, 2, 4, 8):
        what = f"there are no numbers of {size} bytes in TypeScript"
        raise CompileError(f"spec.tlv: value type '{name}': {what}")
    return 8 * size


# --- writing ---


def _writer(spec: ir.Spec) -> str:
    code, length = text_type(spec)
    blob, the_list, the_dict = (_sized_type(kind, spec) for kind in ("bytes", "list", "dict"))
    return fill(
        WRITER,
        dict_head=str(1 + the_dict[1].size),
        dict_code=_hex(the_dict[0]),
        dict_count=[line.replace("size", "count") for line in _write_size(the_dict[1])],
        dict_limit=_limit(the_dict[1]),
        dict_error=quoted(the_dict[1].limit.error),
        key_error=quoted(_container("dict", spec).key_error),
        none=[
            "const at = this.room(CODE_BYTES);",
            f"this.bytes[at] = {_hex(value_type('none', spec).code)};",
        ],
        bool=_write_bool(value_type("bool", spec)),
        integer=[line for v in spec.values if v.kind == "integer" for line in _write_integer(v)],
        float_bytes=str(1 + 8),
        float_code=_hex(value_type("float", spec).code),
        blob_limit=_limit(blob[1]),
        blob_error=quoted(blob[1].limit.error),
        blob_head=str(1 + blob[1].size),
        blob_code=_hex(blob[0]),
        blob_size=_write_size(blob[1]),
        text_head=str(1 + length.size),
        text_limit=_limit(length),
        text_error=quoted(length.limit.error),
        text_code=_hex(code),
        text_size=_write_size(length),
        list_limit=_limit(the_list[1]),
        list_error=quoted(the_list[1].limit.error),
        list_head=str(1 + the_list[1].size),
        list_code=_hex(the_list[0]),
        list_count=_write_size(the_list[1]),
    )


def _sized_type(kind: str, spec: ir.Spec) -> tuple[int, ir.SizeField]:
    """The code and the size of a type."""
    value = value_type(kind, spec)
    body = value.body
    assert isinstance(body, ir.Blob | ir.Container)
    return value.code, body.length if isinstance(body, ir.Blob) else body.count


def _write_bool(value: ir.ValueType) -> Lines:
    assert isinstance(value.body, ir.Mapped)
    wire = {held: number for number, held in value.body.choices}
    return [
        "const at = this.room(CODE_BYTES + 1);",
        f"this.bytes[at] = {_hex(value.code)};",
        f"this.bytes[at + CODE_BYTES] = value ? {wire[True]} : {wire[False]};",
    ]
