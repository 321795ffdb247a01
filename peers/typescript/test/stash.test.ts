/** The operations of the stash, asked of an arbiter that DIRTY_SOCKET names; `make peers` starts one. */

import assert from "node:assert/strict";
import test, { after } from "node:test";
import { Client } from "../src/client.js";
import * as gd from "../src/gd/index.js";

const skip = process.env.DIRTY_SOCKET ? false : "DIRTY_SOCKET names no arbiter";
const name = `typescript-${process.pid}`;
const client = new Client({ socketPath: process.env.DIRTY_SOCKET ?? "none" });
const table = client.table(name);

after(() => client.close());

test("keys and values", { skip }, async () => {
  assert.ok((await table.ensure()) && (await table.exists()));
  assert.ok((await client.tables()).includes(name));
  assert.equal(await table.put("k", 1n, { ttl: 60 }), true);
  assert.equal(await table.get("k"), 1n);
  const ttl = (await table.ttl("k")) as number;
  assert.ok(ttl > 0 && ttl <= 60);
  assert.equal(await table.touch("k"), true);
  assert.equal(await table.ttl("k"), null);
  assert.equal(await table.putIfAbsent("k", 2n), false);
  assert.ok((await table.exists({ key: "k" })) && !(await table.has("l")));
  assert.equal(await table.pop("k"), 1n);
  await assert.rejects(table.get("k"), gd.StashKeyNotFoundError);
  assert.equal(await table.putIfAbsent("k", 2n), true);
  assert.deepEqual([await table.delete("k"), await table.delete("k")], [true, false]);
});

test("numbers and versions", { skip }, async () => {
  assert.equal(await table.incr("n"), 1n);
  assert.equal(await table.incr("n", { value: 1.5 }), 2.5);
  assert.equal(await table.incr("m", { value: 2n, initial: 10n, ttl: 60 }), 12n);
  const entry = await table.entry("n");
  assert.deepEqual([entry.get("value"), entry.get("ttl")], [2.5, null]);
  const version = entry.get("version") as bigint;
  assert.notEqual(await table.swap("n", "new", { version }), 0n);
  assert.equal(await table.swap("n", "newer", { version }), 0n);
  assert.equal(await table.get("n"), "new");
});

test("many at once", { skip }, async () => {
  assert.equal(await table.clear(), true);
  const pairs = [
    ["x1", 1n],
    ["x2", 2n],
    ["y", 3n],
  ];
  assert.equal(await table.putMany(pairs), true);
  assert.deepEqual(await table.getMany(["y", "z", "x1"]), [pairs[2], pairs[0]]);
  assert.equal((await table.keys()).length, 3);
  assert.deepEqual([await table.keys("x1*"), await table.keys({ pattern: "y" })], [["x1"], ["y"]]);
  const first = await table.page({ pattern: "x*", count: 1n });
  const next = await table.page({ pattern: "x*", after: first.get("next") });
  // In which order keys come, nobody says.
  const [one, other] = [first.get("keys"), next.get("keys")] as string[][];
  assert.deepEqual([one.length, [...one, ...other].sort()], [1, ["x1", "x2"]]);
});

test("lists", { skip }, async () => {
  assert.equal(await table.pushRight("l", "b"), 1n);
  assert.equal(await table.pushLeft("l", "a"), 2n);
  assert.equal(await table.length("l"), 2n);
  assert.deepEqual([await table.popLeft("l"), await table.popRight("l")], ["a", "b"]);
  await assert.rejects(table.popLeft("l", { wait: 0.001 }), gd.StashKeyNotFoundError);
});

test("changes, and the end of the table", { skip }, async () => {
  const before = await table.changes();
  await table.put("c", 1n);
  const after = await table.changes({ after: before.get("next"), wait: 10 });
  assert.deepEqual(after.get("changes"), [gd.dict({ kind: "put", key: "c" })]);
  await table.clear();
  assert.equal((await table.info()).get("size"), 0n);
  assert.deepEqual([await table.deleteTable(), await table.drop()], [true, false]);
  await assert.rejects(table.info(), gd.StashTableNotFoundError);
});
