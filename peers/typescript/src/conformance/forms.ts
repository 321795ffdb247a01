/**
 * The JSON forms of the testee contract: values, messages, recipes and faults. Without anything of
 * Node.js, so that it runs in a browser too.
 */

import * as gd from "../gd/index.js";

/** What this language, or this codec, has no way to do. */
export class Unsupported extends Error {}

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Recipe = string | Recipe[] | Repeated | Numbered;
type Repeated = { repeat: Recipe; times: number };
type Numbered = { numbered: [Recipe, Recipe]; times: number };
type Fields = Record<string, gd.Value>;

/** The bytes for which a recipe stands. */
export function made(recipe: Json): Uint8Array<ArrayBuffer> {
  return bytesOf(recipe as Recipe);
}

function bytesOf(recipe: Recipe): Uint8Array<ArrayBuffer> {
  if (typeof recipe === "string") return fromHex(recipe);
  if (Array.isArray(recipe)) return joined(recipe.map(bytesOf));
  if ("repeat" in recipe) return repeated(bytesOf(recipe.repeat), recipe.times);
  const [before, after] = recipe.numbered.map(bytesOf);
  const parts = Array.from({ length: recipe.times }, (_, number) => [
    before,
    new TextEncoder().encode(numeral(number)),
    after,
  ]);
  return joined(parts.flat());
}

function fromHex(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length / 2);
  for (let at = 0; at < bytes.length; at++) {
    bytes[at] = Number.parseInt(text.slice(2 * at, 2 * at + 2), 16);
  }
  return bytes;
}

function joined(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let end = 0;
  for (const part of parts) {
    bytes.set(part, end);
    end += part.length;
  }
  return bytes;
}

function repeated(part: Uint8Array, times: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(part.length * times);
  if (bytes.length) bytes.set(part);
  // What is there already is copied: twice as much in each step.
  for (let done = part.length; done && done < bytes.length; done *= 2) {
    bytes.copyWithin(done, 0, Math.min(done, bytes.length - done));
  }
  return bytes;
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
  float64: (held) => new DataView(fromHex(held).buffer).getFloat64(0),
  bytes: made,
  string: (held) => (typeof held === "string" ? held : new TextDecoder().decode(made(held))),
  utf16: (held) => String.fromCharCode(...units(fromHex(held))),
  list: (held) => held.map(fromTyped),
  dict: dictOf,
  repeated: (held) => Array(Number(held.times)).fill(fromTyped(held.item)),
  numbered: (held) =>
    new Map(Array.from({ length: Number(held.times) }, (_, number) => [numeral(number), null])),
  nested,
  foreign: () => Symbol("foreign") as unknown as gd.Value,
};

/** The 16-bit numbers of the bytes. */
function units(bytes: Uint8Array<ArrayBuffer>): number[] {
  const view = new DataView(bytes.buffer);
  return Array.from({ length: bytes.length / 2 }, (_, index) => view.getUint16(2 * index));
}

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
  const bits = new Uint8Array(8);
  new DataView(bits.buffer).setFloat64(0, value);
  return { float64: hex(bits) };
}

const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += DIGITS[byte];
  return text;
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
