/** Properties of the codec. The bytes of each value are the vectors' to say. */

import assert from "node:assert/strict";
import test from "node:test";
import * as gd from "../src/gd/index.js";
import { Chance } from "./values.js";

const TIMES = 2000;

function refused(code: gd.PortableCode, work: () => unknown, path = ""): void {
  assert.throws(work, (fault: unknown) => {
    assert.ok(fault instanceof gd.ProtocolError);
    assert.deepEqual([fault.code, fault.path], [code, path]);
    return true;
  });
}

test("what is written is read again", () => {
  const chance = new Chance(1);
  for (let time = 0; time < TIMES; time++) {
    const value = chance.value();
    assert.deepEqual(gd.decode(gd.encode(value)), value);
  }
});

test("however deep a value is, it is read as it was written", () => {
  const chance = new Chance(4);
  for (let time = 0; time < 300; time++) {
    const value = chance.deep(chance.number(40));
    assert.deepEqual(gd.decode(gd.encode(value)), value);
  }
});

/** Under how many calls there is still stack enough for the work. */
function calls(work: () => void): number {
  const under = (count: number): number => (count ? 1 + under(count - 1) : (work(), 0));
  let [fits, fails] = [0, 200_000];
  while (fits + 1 < fails) {
    const middle = (fits + fails) >> 1;
    try {
      under(middle);
      fits = middle;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      fails = middle;
    }
  }
  return fits;
}

test("the deepest value needs hardly more of the stack than a flat one", () => {
  let [list, dict]: gd.Value[] = [null, null];
  for (let depth = 0; depth < gd.MAX_DEPTH; depth++) {
    [list, dict] = [[list], gd.dict({ a: dict })];
  }
  const turn = (value: gd.Value) => calls(() => gd.decode(gd.encode(value)));
  // What a call needs depends on how it was compiled, and that on how often it was called.
  turn([null]);
  const flat = turn([null]);
  for (const deep of [list, dict]) {
    const needed = flat - turn(deep);
    assert.ok(needed < 500, `as much as ${needed} calls more`);
  }
});

test("a value that lacks its end is truncated, wherever that is", () => {
  const chance = new Chance(2);
  for (let time = 0; time < 200; time++) {
    const bytes = gd.encode(chance.value());
    for (let end = 0; end < bytes.length; end++) {
      assert.throws(() => gd.decode(bytes.subarray(0, end)), { code: "truncated" });
    }
  }
});

test("messages are read as they were written, in whatever portions they come", () => {
  const chance = new Chance(3);
  for (let time = 0; time < 300; time++) {
    const request = new gd.RequestMessage({
      requestId: BigInt(time),
      appPath: "shop:Prices",
      action: "of",
      args: [chance.value()],
      kwargs: gd.dict({ more: chance.value() }),
      timeout: chance.of([null, 1n, 2.5]),
      priority: chance.of([0n, 3n]),
    });
    const frame = new gd.Connection("client").send(request);
    assert.deepEqual(gd.parse(frame), request);
    const arbiter = new gd.Connection("arbiter");
    const events: gd.Event[] = [];
    for (let at = 0; at < frame.length;) {
      const part = 1 + chance.number(40);
      events.push(...arbiter.receive(frame.slice(at, at + part)));
      at += part;
    }
    assert.deepEqual(events, [{ event: "message", message: request, ended: false }]);
  }
});

test("bytes that were handed out stay as they are when more comes", () => {
  const worker = new gd.Connection("lane");
  const requestId = 1n;
  worker.send(new gd.RequestMessage({ requestId, appPath: "a", action: "b" }));
  const chunks = [1, 2, 3].map((byte) => {
    const data = new Uint8Array(300).fill(byte);
    return gd.serialize(new gd.ChunkMessage({ requestId, data }));
  });
  const stream = Buffer.concat(chunks);
  const held: gd.Value[] = [];
  for (let at = 0; at < stream.length; at += 100) {
    for (const event of worker.receive(Uint8Array.from(stream.subarray(at, at + 100)))) {
      if (event.event === "message" && event.message.type === "CHUNK")
        held.push(event.message.data);
    }
  }
  const expected = [1, 2, 3].map((byte) => new Uint8Array(300).fill(byte));
  assert.deepEqual(held, expected);
});

test("a fault says where it is", () => {
  const said = (offset?: number, ...location: gd.Step[]) =>
    new gd.ProtocolError("truncated", "exchange", offset, location).message;
  assert.equal(said(0, "a", 1), "truncated at byte 0 in a[1]");
  assert.equal(said(7), "truncated at byte 7");
  assert.equal(said(undefined, "a"), "truncated in a");
});

test("an integer is a bigint, and a number a float", () => {
  assert.deepEqual(gd.decode(gd.encode([2n, 2])), [2n, 2]);
});

test("with the option numbers, an integer is a number, where that loses nothing", () => {
  const numbers = { numbers: true };
  const most = Number.MAX_SAFE_INTEGER;
  for (const integer of [0, 1, -1, most, -most]) {
    const bytes = gd.encode(integer, numbers);
    assert.deepEqual(bytes, gd.encode(BigInt(integer)));
    assert.equal(gd.decode(bytes, numbers), integer);
  }
  for (const float of [-0, 1.5, NaN, 2 ** 60]) {
    assert.deepEqual(gd.encode(float, numbers), gd.encode(float));
  }
  for (const lost of [2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n]) {
    refused("int_out_of_range", () => gd.decode(gd.encode([lost]), numbers), "[0]");
  }
});

test("with the option numbers, fields that are integers stay such", () => {
  const { put } = gd.StashOp;
  const sent = new gd.StashMessage({ requestId: 1n, op: put, table: "t", key: 1n, value: 2n });
  const read = gd.parse(gd.serialize(sent), { numbers: true });
  assert.deepEqual(
    [read.type === "STASH" && read.op, read.type === "STASH" && read.value],
    [put, 2],
  );
});

test("what has no encoding is refused by its place, and the next value is not", () => {
  const foreign = undefined as unknown as gd.Value;
  refused("unsupported_type", () => gd.encode([1n, gd.dict({ a: foreign })]), "[1].a");
  refused("invalid_text", () => gd.encode(["\ud800"]), "[0]");
  refused("invalid_text", () => gd.encode(`${"x".repeat(100)}\udc00`));
  refused("int_out_of_range", () => gd.encode(2n ** 63n));
  const key = new Map([[1 as unknown as string, null]]);
  refused("key_not_string", () => gd.encode(key));
  const around: gd.Value[] = [];
  around.push(around);
  refused("nesting_too_deep", () => gd.encode(around), pathOfDepth(gd.MAX_DEPTH));
  refused("int_out_of_range", () => gd.encode(beside(20, 2n ** 63n)), "[1].b".repeat(10));
  refused(
    "int_out_of_range",
    () => gd.decode(gd.encode(beside(20, 2n ** 60n)), { numbers: true }),
    "[1].b".repeat(10),
  );
  assert.deepEqual(gd.encode(null), Uint8Array.of(0));
});

/** A value with others before it, in so many lists and dicts in turn. */
function beside(levels: number, innermost: gd.Value): gd.Value {
  let value = innermost;
  for (let level = 0; level < levels; level++) {
    value = level % 2 ? [[[null]], value] : gd.dict({ a: [null], b: value });
  }
  return value;
}

function pathOfDepth(depth: number): string {
  return gd.pathOf(Array<number>(depth).fill(0));
}

test("a list of many that is empty does not make memory", () => {
  const claims = Uint8Array.of(0x20, 0x00, 0x0f, 0xff, 0xff);
  refused("truncated", () => gd.decode(claims));
});

test("values that refer to the writer of another are not mixed up", () => {
  class Nosy extends Map<string, gd.Value> {
    override *[Symbol.iterator](): MapIterator<[string, gd.Value]> {
      yield ["a", gd.encode("inner")];
    }
  }
  const expected = gd.encode(gd.dict({ a: gd.encode("inner") }));
  assert.deepEqual(gd.encode(new Nosy([["a", null]])), expected);
});

test("equal keys of what iterates over them are refused, however deep", () => {
  class Twice extends Map<string, gd.Value> {
    override *[Symbol.iterator](): MapIterator<[string, gd.Value]> {
      yield ["a", [null]];
      yield ["a", [null]];
    }
  }
  for (const levels of [0, 20]) {
    refused(
      "duplicate_key",
      () => gd.encode(beside(levels, new Twice())),
      "[1].b".repeat(levels / 2) + (levels ? ".a" : "a"),
    );
  }
});

test("an error is of its type, and an unknown one of the first", () => {
  const told = gd.failureOf("StashKeyNotFoundError", "no such key", gd.dict({ key: "k" }));
  assert.ok(told instanceof gd.StashKeyNotFoundError && told instanceof gd.StashError);
  assert.equal(told.details.get("key"), "k");
  const unknown = gd.failureOf("OddError", "odd", new Map());
  assert.deepEqual([unknown.errorType, unknown.constructor], ["DirtyError", gd.DirtyError]);
});
