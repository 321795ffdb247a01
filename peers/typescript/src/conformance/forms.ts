/** The JSON forms of the testee contract: values, messages, recipes and faults. */

import * as gd from "../gd/index.js";

/** What this language, or this codec, has no way to do. */
export class Unsupported extends Error {}

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Recipe = string | Recipe[] | Repeated | Numbered;
type Repeated = { repeat: Recipe; times: number };
type Numbered = { numbered: [Recipe, Recipe]; times: number };
type Fields = Record<string, gd.Value>;

/** The bytes for which a recipe stands. */
export function made(recipe: Json): Buffer {
  return bytesOf(recipe as Recipe);
}

function bytesOf(recipe: Recipe): Buffer {
  if (typeof recipe === "string") return Buffer.from(recipe, "hex");
  if (Array.isArray(recipe)) return Buffer.concat(recipe.map(bytesOf));
  if ("repeat" in recipe) {
    const part = bytesOf(recipe.repeat);
    return part.length ? Buffer.alloc(part.length * recipe.times, part) : part;
  }
  const [before, after] = recipe.numbered.map(bytesOf);
  const parts = Array.from({ length: recipe.times }, (_, number) => [
    before,
    Buffer.from(numeral(number)),
    after,
  ]);
  return Buffer.concat(parts.flat());
}

function numeral(number: number): string {
  return String(number).padStart(7, "0");
}

/** The value for which a form stands. */
export function fromTyped(typed: Json): gd.Value {
  const [[kind, held]] = Object.entries(typed as Record<string, Json>);
  const reader = READERS[kind];
  if (!reader) throw new Unsupported(`no form ${kind}`);
  return reader(held);
}

const READERS: Record<string, (held: any) => gd.Value> = {
  none: () => null,
  bool: (held) => held === "true",
  int64: (held) => BigInt(held),
  float64: (held) => Buffer.from(held, "hex").readDoubleBE(),
  bytes: made,
  string: (held) => (typeof held === "string" ? held : made(held).toString()),
  utf16: (held) => Buffer.from(held, "hex").swap16().toString("utf16le"),
  list: (held) => held.map(fromTyped),
  dict: dictOf,
  repeated: (held) => Array(Number(held.times)).fill(fromTyped(held.item)),
  numbered: (held) =>
    new Map(Array.from({ length: Number(held.times) }, (_, number) => [numeral(number), null])),
  nested,
  foreign: () => Symbol("foreign") as unknown as gd.Value,
};

/** A Map that has whatever pairs it is given: equal keys, and some that are no text. */
class Pairs extends Map<string, gd.Value> {
  constructor(private readonly pairs: [string, gd.Value][]) {
    super();
  }

  override [Symbol.iterator](): MapIterator<[string, gd.Value]> {
    return this.pairs[Symbol.iterator]() as MapIterator<[string, gd.Value]>;
  }
}

function dictOf(held: [Json, Json][]): gd.Value {
  const pairs = held.map(([key, item]): [string, gd.Value] => [
    fromTyped(key) as string,
    fromTyped(item),
  ]);
  const dict = new Map(pairs);
  return dict.size < pairs.length ? new Pairs(pairs) : dict;
}

function nested(held: { in: string; times: number; key?: string; around?: Json }): gd.Value {
  const { times, key = "", around } = held;
  const isList = held.in === "list";
  const wrapped = (inner: gd.Value): gd.Value => (isList ? [inner] : new Map([[key, inner]]));
  let value: gd.Value = isList ? [] : new Map();
  if (around !== undefined) value = wrapped(fromTyped(around));
  for (let level = 1; level < times; level++) value = wrapped(value);
  return value;
}

/** The form of a value. */
export function toTyped(value: gd.Value): Json {
  if (value === null) return { none: "" };
  if (typeof value === "boolean") return { bool: String(value) };
  if (typeof value === "bigint") return { int64: String(value) };
  if (typeof value === "string") return { string: value };
  if (value instanceof Uint8Array) return { bytes: hex(value) };
  if (Array.isArray(value)) return { list: value.map(toTyped) };
  if (value instanceof Map) return { dict: [...value].map((pair) => pair.map(toTyped)) };
  const bits = Buffer.alloc(8);
  bits.writeDoubleBE(value);
  return { float64: bits.toString("hex") };
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");
}

/** The message for which a form stands. */
export function fromTypedMessage(typed: Json): gd.Message {
  const form = typed as { type: gd.MessageType; request_id: string; fields: Record<string, Json> };
  const fields: Fields = {};
  for (const [name, held] of Object.entries(form.fields)) fields[camel(name)] = fromTyped(held);
  const Class = gd.MESSAGES[form.type] as new (init: Fields) => gd.Message;
  return new Class({ ...fields, requestId: BigInt(form.request_id) });
}

/** The form of a message. */
export function toTypedMessage(message: gd.Message): Json {
  const { type, requestId, ...fields } = message;
  const typed = Object.entries(fields).map(([name, value]) => [snake(name), toTyped(value)]);
  return { type, request_id: String(requestId), fields: Object.fromEntries(typed) };
}

function camel(name: string): string {
  return name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The form of a fault. */
export function toTypedFault(fault: gd.ProtocolError): { [key: string]: Json } {
  const { code, scope, offset, path } = fault;
  return { code, scope, path, ...(offset !== undefined && { offset }) };
}
