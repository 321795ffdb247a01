// The codec as a testee of the conformance suite, on stdin and stdout.
//
//     node testee.mjs SPEC.json
//
// SPEC.json is what `gdproto spec --json` prints.

import { createHash } from "node:crypto";
import { readFileSync, readSync, writeSync } from "node:fs";
import { Codec, Fault } from "./codec.mjs";
import { Connection } from "./connection.mjs";

class Unsupported extends Error {}

const spec = JSON.parse(readFileSync(process.argv[2]));
const codec = new Codec(spec);

const DECLARATION = {
  contract: 1,
  name: "javascript",
  language: `JavaScript, Node.js ${process.versions.node}`,
  version: "1",
  operations: ["decode", "encode", "parse", "serialize", "session"],
  roles: spec.roles.map(role => role.name),
  policies: { "non-string-keys": "refused" },
};

// --- JSON forms ---

function made(recipe) {
  if (typeof recipe === "string") return Buffer.from(recipe, "hex");
  if (Array.isArray(recipe)) return Buffer.concat(recipe.map(made));
  if ("repeat" in recipe) {
    const part = made(recipe.repeat);
    return part.length ? Buffer.alloc(part.length * recipe.times, part) : part;
  }
  const [before, after] = recipe.numbered.map(made);
  const parts = [];
  for (let number = 0; number < recipe.times; number += 1) parts.push(before, Buffer.from(numeral(number)), after);
  return Buffer.concat(parts);
}

const numeral = number => String(number).padStart(7, "0");

function fromTyped(typed) {
  const [[kind, held]] = Object.entries(typed);
  switch (kind) {
    case "none": return null;
    case "bool": return held === "true";
    case "int64": return BigInt(held);
    case "float64": return Buffer.from(held, "hex").readDoubleBE();
    case "bytes": return made(held);
    case "string": return typeof held === "string" ? held : made(held).toString();
    case "utf16": return Buffer.from(held, "hex").swap16().toString("utf16le");
    case "list": return held.map(fromTyped);
    case "dict": return dictOf(held);
    case "repeated": return Array(Number(held.times)).fill(fromTyped(held.item));
    case "numbered": return new Map(Array.from({ length: Number(held.times) }, (_, number) => [numeral(number), null]));
    case "nested": return nested(held);
    case "foreign": return Symbol("foreign");
  }
  throw new Unsupported(`no form ${kind}`);
}

function dictOf(pairs) {
  const dict = new Map(pairs.map(([key, item]) => [fromTyped(key), fromTyped(item)]));
  if (dict.size < pairs.length) throw new Unsupported("a Map cannot have two equal keys");
  return dict;
}

function nested({ in: container, times, key = "", around }) {
  const wrapped = inner => (container === "list" ? [inner] : new Map([[key, inner]]));
  let value = container === "list" ? [] : new Map();
  if (around !== undefined) value = wrapped(fromTyped(around));
  for (let level = 1; level < times; level += 1) value = wrapped(value);
  return value;
}

function toTyped(value) {
  if (value === null) return { none: "" };
  if (typeof value === "boolean") return { bool: String(value) };
  if (typeof value === "bigint") return { int64: String(value) };
  if (typeof value === "string") return { string: value };
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString("hex") };
  if (Array.isArray(value)) return { list: value.map(toTyped) };
  if (value instanceof Map) return { dict: [...value].map(pair => pair.map(toTyped)) };
  const bits = Buffer.alloc(8);
  bits.writeDoubleBE(value);
  return { float64: bits.toString("hex") };
}

function fromTypedMessage({ type, request_id: requestId, fields }) {
  const held = Object.entries(fields).map(([name, value]) => [name, fromTyped(value)]);
  return { type, requestId: BigInt(requestId), fields: new Map(held) };
}

function toTypedMessage({ type, requestId, fields }) {
  const typed = Object.fromEntries([...fields].map(([name, value]) => [name, toTyped(value)]));
  return { type, request_id: String(requestId), fields: typed };
}

// --- commands ---

function written(bytes, digest) {
  if (digest) return { sha256: createHash("sha256").update(bytes).digest("hex") };
  return { bytes: bytes.toString("hex") };
}

function run(command) {
  switch (command.op) {
    case "decode": {
      const value = codec.decode(made(command.bytes));
      return command.digest ? written(codec.encode(value), true) : { value: toTyped(value) };
    }
    case "encode": return written(codec.encode(fromTyped(command.value)), command.digest);
    case "parse": {
      const message = codec.parse(made(command.bytes));
      return command.digest ? written(codec.serialize(message), true) : { message: toTypedMessage(message) };
    }
    case "serialize": return written(codec.serialize(fromTypedMessage(command.message)), command.digest);
  }
  if (command.op === "session") return session(command);
  throw new Unsupported(`no operation ${command.op}`);
}

function session({ role, steps }) {
  const connection = new Connection(codec, spec, role);
  return { steps: steps.map(one => step(connection, one)) };
}

function step(connection, asked) {
  if ("send" in asked) {
    return orFault(() => ({ bytes: connection.send(fromTypedMessage(asked.send)).toString("hex") }));
  }
  if ("receive" in asked) return { events: connection.receive(made(asked.receive)).map(told) };
  if ("abandon" in asked) connection.abandon(BigInt(asked.abandon));
  return { events: "eof" in asked ? connection.end().map(told) : [] };
}

function told({ event, message, ended, fault, requestId }) {
  if (event === "message") return { event, message: toTypedMessage(message), ended };
  if (event === "closed") return { event };
  return { event, request_id: String(requestId), ...(fault && faultOf(fault)) };
}

function faultOf({ code, scope, offset, path }) {
  return { code, scope, offset, path };
}

function orFault(work) {
  try {
    return work();
  } catch (problem) {
    if (!(problem instanceof Fault)) throw problem;
    return { error: faultOf(problem) };
  }
}

function answer(command) {
  if (command.do === "start") return DECLARATION;
  try {
    return orFault(() => run(command));
  } catch (problem) {
    if (problem instanceof Unsupported) return { unsupported: problem.message };
    throw problem;
  }
}

// --- envelopes ---

function receive(count) {
  const bytes = Buffer.alloc(count);
  for (let filled = 0; filled < count;) {
    const read = readSync(0, bytes, filled, count - filled, null);
    if (!read) return null;
    filled += read;
  }
  return bytes;
}

function send(message) {
  const text = Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(4);
  head.writeUInt32BE(text.length);
  const bytes = Buffer.concat([head, text]);
  for (let sent = 0; sent < bytes.length;) sent += writeSync(1, bytes, sent);
}

for (;;) {
  const head = receive(4);
  const command = head && JSON.parse(receive(head.readUInt32BE()));
  if (!command || command.do === "stop") break;
  send({ ...answer(command), n: command.n });
}
