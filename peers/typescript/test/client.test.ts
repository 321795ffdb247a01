/** The client, against an arbiter that says what the test has it say. */

import assert from "node:assert/strict";
import { once } from "node:events";
import test, { afterEach } from "node:test";
import { setTimeout as rest } from "node:timers/promises";
import { Client } from "../src/client.js";
import * as gd from "../src/gd/index.js";
import { Arbiter, type Answer } from "./arbiter.js";

const SOON_MS = 5;
const LONG_MS = 60_000;

let arbiter: Arbiter;
let client: Client;

async function given(answer: Answer): Promise<void> {
  arbiter = await Arbiter.start(answer);
  client = new Client({ socketPath: arbiter.socketPath, timeout: LONG_MS });
}

afterEach(async () => {
  client.close();
  await arbiter.stop();
});

async function until(is: () => boolean): Promise<void> {
  while (!is()) await rest(SOON_MS);
}

const echo: Answer = (message, send) => {
  const { requestId } = message;
  if (message.type === "REQUEST") {
    send(new gd.ResponseMessage({ requestId, result: message.args[0] ?? null }));
  }
};

test("many calls are under way at once, and connections are used again", async () => {
  const waiting: (() => void)[] = [];
  await given((message, send, socket) => {
    waiting.push(() => echo(message, send, socket));
    if (waiting.length !== 8 && arbiter.taken.length <= 8) return;
    for (const answer of waiting.splice(0).reverse()) answer();
  });
  const numbers = Array.from({ length: 8 }, (_, index) => BigInt(index));
  const calls = numbers.map((number) => client.call("a:A", "echo", [number]));
  assert.deepEqual(await Promise.all(calls), numbers);
  assert.equal(arbiter.connections, 8);
  assert.equal(await client.call("a:A", "echo", ["again"]), "again");
  assert.equal(arbiter.connections, 8);
});

test("a call tells its trace and its priority", async () => {
  await given((message, send) => {
    const { requestId } = message;
    const told = message.type === "REQUEST" ? [message.trace, message.priority] : null;
    send(new gd.ResponseMessage({ requestId, result: told as gd.Value }));
  });
  const options = { trace: { traceparent: "00-1-2-01" }, priority: 3 };
  const told = await client.call("a:A", "b", [], options);
  assert.deepEqual(told, [gd.dict({ traceparent: "00-1-2-01" }), 3n]);
  assert.deepEqual(await client.call("a:A", "b"), [null, 0n]);
});

test("an error is told by its type", async () => {
  await given((message, send) => {
    const { requestId } = message;
    const details = gd.dict({ retry_after: 1.5 });
    const errorType = "DirtyOverloadedError";
    send(new gd.ErrorMessage({ requestId, errorType, message: "full", details }));
  });
  await assert.rejects(client.call("a:A", "b"), (error: unknown) => {
    assert.ok(error instanceof gd.DirtyOverloadedError);
    assert.deepEqual([error.message, error.details.get("retry_after")], ["full", 1.5]);
    return true;
  });
});

test("a deadline is told to the arbiter, and kept without it", async () => {
  await given(() => {});
  await assert.rejects(client.call("a:A", "b", [], { timeout: 30 }), gd.DirtyTimeoutError);
  const [request] = arbiter.taken;
  assert.equal(request.type === "REQUEST" && request.timeout, 0.03);
  await until(() => arbiter.ended === 1);
});

test("a call that is aborted throws the reason, and gives its connection up", async () => {
  await given(() => {});
  const controller = new AbortController();
  const call = client.call("a:A", "b", [], { signal: controller.signal });
  await Promise.all([
    assert.rejects(call, /enough/),
    until(() => arbiter.taken.length === 1).then(() => controller.abort(new Error("enough"))),
  ]);
  await until(() => arbiter.ended === 1);
});

test("a stream is read item by item, and given up by leaving its loop", async () => {
  await given((message, send) => {
    const { requestId } = message;
    for (let data = 0n; data < 5n; data++) send(new gd.ChunkMessage({ requestId, data }));
    if (message.type === "REQUEST" && message.action === "all") {
      send(new gd.EndMessage({ requestId }));
    }
  });
  const items: gd.Value[] = [];
  for await (const item of client.stream("a:A", "all")) items.push(item);
  assert.deepEqual(items, [0n, 1n, 2n, 3n, 4n]);
  for await (const item of client.stream("a:A", "endless")) if (item === 1n) break;
  await until(() => arbiter.ended === 1);
});

test("a stream that ends in an error gives what came before", async () => {
  await given((message, send) => {
    const { requestId } = message;
    send(new gd.ChunkMessage({ requestId, data: "first" }));
    const errorType = "DirtyAppError";
    send(new gd.ErrorMessage({ requestId, errorType, message: "it burns" }));
  });
  const stream = client.stream("a:A", "b");
  assert.deepEqual(await stream.next(), { done: false, value: "first" });
  await assert.rejects(stream.next(), gd.DirtyAppError);
});

test("a stream that is not read stays in the socket", async () => {
  const data = new Uint8Array(100_000);
  let written = 0;
  await given(async (message, send, socket) => {
    const { requestId } = message;
    for (let chunk = 0; chunk < 500; chunk++) {
      send(new gd.ChunkMessage({ requestId, data }));
      written++;
      if (socket.writableNeedDrain) await once(socket, "drain").catch(() => {});
    }
    send(new gd.EndMessage({ requestId }));
  });
  const stream = client.stream("a:A", "b");
  await stream.next();
  await rest(100);
  assert.ok(written < 100, `${written} chunks were taken`);
  let read = 1;
  for await (const _ of stream) read++;
  assert.equal(read, 500);
});

test("what may have begun is not sent again", async () => {
  await given((_message, _send, socket) => socket.destroy());
  await assert.rejects(client.call("a:A", "b"), gd.DirtyConnectionError);
  assert.equal(arbiter.taken.length, 1);
});

test("what has not begun is sent again, once", async () => {
  await given((message, send, socket) => {
    const details = gd.dict({ begun: false });
    const errorType = "DirtyNoWorkersAvailableError";
    const { requestId } = message;
    if (arbiter.taken.length > 1) echo(message, send, socket);
    else send(new gd.ErrorMessage({ requestId, errorType, message: "stopping", details }));
  });
  assert.equal(await client.call("a:A", "b", ["sent"]), "sent");
  assert.equal(arbiter.taken.length, 2);
});

test("a connection that ended between calls is not used again", async () => {
  await given(echo);
  assert.equal(await client.call("a:A", "b", [1n]), 1n);
  arbiter.drop();
  assert.equal(await client.call("a:A", "b", [2n]), 2n);
  assert.equal(arbiter.taken.length, 2);
});

test("an answer at fault is a DirtyProtocolError with its code", async () => {
  await given((message, _send, socket) => {
    const frame = gd.serialize(
      new gd.ResponseMessage({ requestId: message.requestId, result: true }),
    );
    frame[frame.length - 1] = 7;
    socket.write(frame);
  });
  await assert.rejects(client.call("a:A", "b"), (error: unknown) => {
    assert.ok(error instanceof gd.DirtyProtocolError);
    assert.equal(error.details.get("code"), "invalid_bool");
    return true;
  });
});

test("nobody there is a DirtyConnectionError", async () => {
  await given(echo);
  const nobody = new Client({ socketPath: `${arbiter.socketPath}.not` });
  await assert.rejects(nobody.call("a:A", "b"), gd.DirtyConnectionError);
});

test("a signal that is aborted already comes before all else", async () => {
  await given(echo);
  const signal = AbortSignal.abort(new Error("too late"));
  const nobody = new Client({ socketPath: `${arbiter.socketPath}.not` });
  await assert.rejects(nobody.call("a:A", "b", [], { signal }), /too late/);
  assert.equal(await client.call("a:A", "b", [1n]), 1n);
  await assert.rejects(client.call("a:A", "b", [2n], { signal }), /too late/);
  assert.equal(await client.call("a:A", "b", [3n]), 3n);
  assert.equal(arbiter.taken.length, 2);
});

test("questions are asked: the stash, the state, orders", async () => {
  await given((message, send) => {
    const { requestId } = message;
    const result = message.type === "STASH" && message.op === gd.StashOp.get ? 5n : new Map();
    send(new gd.ResponseMessage({ requestId, result }));
  });
  assert.equal(await client.table("t").get("k"), 5n);
  assert.deepEqual(await client.status(), new Map());
  assert.deepEqual(await client.manage("set", 3), new Map());
  const [get, , set] = arbiter.taken;
  assert.deepEqual(get.type === "STASH" && [get.table, get.key], ["t", "k"]);
  assert.deepEqual(set.type === "MANAGE" && [set.op, set.count], [gd.ManageOp.set, 3n]);
});
