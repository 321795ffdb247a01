/**
 * A loop that looks for bytes which break a rule: `node fuzz.js SECONDS [SEED]`.
 *
 * Rules that are checked: nothing but a ProtocolError is thrown, its offset lies in the bytes; what was
 * read is written as bytes that read the same; a connection gives the same events for any portions. The
 * language has no fuzzer that follows coverage; valid bytes are changed instead, seed by seed.
 */

import assert from "node:assert/strict";
import * as gd from "../src/gd/index.js";
import { Chance } from "../test/values.js";

const REQUEST_ID = 1n;

function attempt<T>(bytes: Uint8Array, work: () => T): T | undefined {
  try {
    return work();
  } catch (fault) {
    assert.ok(fault instanceof gd.ProtocolError, `${String(fault)} of ${hex(bytes)}`);
    const { offset } = fault;
    assert.ok(offset === undefined || (offset >= 0 && offset <= bytes.length), hex(bytes));
    return undefined;
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** The bytes with a few changes. */
function changed(chance: Chance, bytes: Uint8Array): Uint8Array {
  let made = Uint8Array.from(bytes);
  for (let times = chance.number(4); times >= 0; times--) {
    const at = chance.number(made.length + 1);
    const kinds = [
      () => made.with(Math.min(at, made.length - 1), chance.number(256)),
      () => made.subarray(0, at),
      () => Uint8Array.from([...made.subarray(0, at), chance.number(256), ...made.subarray(at)]),
      () => Uint8Array.from([...made.subarray(0, at), ...made.subarray(at + 1)]),
      () => Uint8Array.from([...made, ...made.subarray(at)]),
    ];
    if (made.length) made = Uint8Array.from(chance.of(kinds)());
  }
  return made;
}

function values(chance: Chance): void {
  const bytes = changed(chance, gd.encode(chance.value()));
  const value = attempt(bytes, () => gd.decode(bytes));
  if (value !== undefined) assert.deepEqual(gd.decode(gd.encode(value)), value, hex(bytes));
  attempt(bytes, () => gd.decode(bytes, { numbers: true }));
}

function frameOf(chance: Chance): Uint8Array {
  const requestId = REQUEST_ID;
  const result = chance.value();
  const makers: (() => gd.Message)[] = [
    () => new gd.RequestMessage({ requestId, appPath: "a:A", action: "b", args: [result] }),
    () => new gd.ResponseMessage({ requestId, result }),
    () => new gd.ErrorMessage({ requestId, errorType: "DirtyError", message: "no" }),
    () => new gd.ChunkMessage({ requestId, data: result }),
    () =>
      new gd.StashMessage({ requestId, op: gd.StashOp.put, table: "t", key: 1n, value: result }),
    () => new gd.ManageMessage({ requestId, op: gd.ManageOp.set, count: 2n }),
    () => new gd.EndMessage({ requestId }),
    () => new gd.CancelMessage({ requestId }),
  ];
  return gd.serialize(chance.of(makers)());
}

function messages(chance: Chance): void {
  const frame = changed(chance, frameOf(chance));
  const message = attempt(frame, () => gd.parse(frame));
  if (message) assert.deepEqual(gd.parse(gd.serialize(message)), message, hex(frame));
}

function connections(chance: Chance): void {
  const frames = Array.from({ length: 1 + chance.number(4) }, () => frameOf(chance));
  const bytes = changed(chance, Uint8Array.from(frames.flatMap((frame) => [...frame])));
  const role = chance.of(Object.keys(gd.ROLES) as gd.RoleName[]);
  const whole = eventsOf(role, [bytes]);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = 1 + chance.number(30);
    parts.push(bytes.slice(at, (at += size)));
  }
  assert.deepEqual(eventsOf(role, parts), whole, hex(bytes));
}

function eventsOf(role: gd.RoleName, parts: Uint8Array[]): unknown[] {
  const connection = new gd.Connection(role);
  const events = parts.flatMap((part) => connection.receive(part));
  return [...events, ...connection.eof()].map(told);
}

/** An event, without the bytes at fault: of those may have come more or fewer. */
function told(event: gd.Event): unknown {
  if (event.event !== "error") return event;
  const { code, scope, offset, path } = event.error;
  return { code, scope, offset, path, requestId: event.requestId };
}

const [seconds = "60", firstSeed = String(Date.now() % 1_000_000)] = process.argv.slice(2);
const ends = performance.now() + Number(seconds) * 1000;
let seed = Number(firstSeed);
const first = seed;
for (; performance.now() < ends; seed++) {
  const chance = new Chance(1 + seed);
  try {
    values(chance);
    messages(chance);
    connections(chance);
  } catch (problem) {
    console.error(`seed ${seed}`);
    throw problem;
  }
}
console.log(`${seed - first} seeds from ${first} on broke no rule`);
