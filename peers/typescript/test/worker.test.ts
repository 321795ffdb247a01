/** The worker, on a lane that the test holds. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import test from "node:test";
import { fileURLToPath } from "node:url";
import * as gd from "../src/gd/index.js";

const WORKER = fileURLToPath(new URL("../src/live/worker.js", import.meta.url));
const TELLS = `
  import { serve } from ${JSON.stringify(new URL("../src/worker.js", import.meta.url).href)};
  await serve({ "a:B": () => ({ trace: (call) => call.trace }) });
`;
const APP = "gdproto.conformance.live.app:App";

test("an exchange that a fault has ended gets nothing more, and the lane goes on", async () => {
  const env = { ...process.env, GD_WORKER_FDS: "3", GD_WORKER_APPS: JSON.stringify([APP]) };
  const child = spawn("node", [WORKER], { env, stdio: ["ignore", "ignore", "inherit", "pipe"] });
  const lane = child.stdio[3] as Socket;
  const taken: string[] = [];
  const answered = async (count: number) => {
    while (taken.length < count) {
      const [bytes] = (await once(lane, "data")) as [Uint8Array];
      for (let at = 0; at < bytes.length;) {
        const { type, length, requestId } = gd.readHeader(bytes, at);
        taken.push(`${type} ${requestId}`);
        at += gd.HEADER_BYTES + length;
      }
    }
  };
  const call = (requestId: bigint, seconds: number) =>
    lane.write(
      gd.serialize(
        new gd.RequestMessage({ requestId, appPath: APP, action: "sleep", args: [seconds] }),
      ),
    );
  lane.write(gd.serialize(new gd.StatusMessage({ requestId: 1n })));
  await answered(1);
  call(2n, 0.1);
  const cancel = new Uint8Array(gd.HEADER_BYTES + 1);
  gd.writeHeader({ type: "CANCEL", length: 1, requestId: 2n }, cancel);
  lane.write(cancel);
  await answered(2);
  call(3n, 0.3);
  await answered(3);
  assert.deepEqual(taken, ["RESPONSE 1", "ERROR 2", "RESPONSE 3"]);
  lane.end();
  assert.deepEqual(await once(child, "exit"), [0, null]);
});

test("a call knows its caller's trace", async () => {
  const env = { ...process.env, GD_WORKER_FDS: "3", GD_WORKER_APPS: '["a:B"]' };
  const words = ["--input-type=module", "--eval", TELLS];
  const child = spawn("node", words, { env, stdio: ["ignore", "ignore", "inherit", "pipe"] });
  const lane = child.stdio[3] as Socket;
  const connection = new gd.Connection("lane");
  const told = async (requestId: bigint, trace?: Map<string, gd.Value>) => {
    const request = new gd.RequestMessage({ requestId, appPath: "a:B", action: "trace", trace });
    lane.write(connection.send(request));
    for (;;) {
      const [bytes] = (await once(lane, "data")) as [Uint8Array];
      const [event] = connection.receive(bytes);
      if (event?.event === "message" && event.message.type === "RESPONSE") {
        return event.message.result;
      }
    }
  };
  const trace = gd.dict({ traceparent: "00-1-2-01" });
  assert.deepEqual([await told(1n, trace), await told(2n)], [trace, null]);
  lane.end();
  assert.deepEqual(await once(child, "exit"), [0, null]);
});
