/** The worker, on a lane that the test holds. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import test from "node:test";
import { fileURLToPath } from "node:url";
import * as gd from "../src/gd/index.js";

const WORKER = fileURLToPath(new URL("../src/live/worker.js", import.meta.url));
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
