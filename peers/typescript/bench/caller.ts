/** Measures a small call: `node caller.js SOCKET APP ACTION TIMES` prints the median, as JSON. */

import assert from "node:assert/strict";
import { Client } from "../src/client.js";

const [socketPath, appPath, action, times] = process.argv.slice(2);
const client = new Client({ socketPath });
const took: number[] = [];
for (let call = 0; call < Number(times); call++) {
  const began = process.hrtime.bigint();
  assert.equal(await client.call(appPath, action, [1n, 2n]), 3n);
  took.push(Number(process.hrtime.bigint() - began));
}
client.close();
took.sort((one, other) => one - other);
console.log(JSON.stringify({ round_trip_ns: took[took.length >> 1] }));
