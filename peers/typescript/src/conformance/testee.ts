/** The codec as a testee of the conformance suite, on stdin and stdout. */

import { createHash } from "node:crypto";
import { readSync, writeSync } from "node:fs";
import * as gd from "../gd/index.js";
import { answered, type Command } from "./answers.js";
import { hex } from "./forms.js";

const DECLARATION: Command = {
  contract: 1,
  name: "typescript",
  language: `TypeScript, Node.js ${process.versions.node}`,
  version: "1",
  operations: ["decode", "encode", "parse", "serialize", "session"],
  roles: Object.keys(gd.ROLES),
  policies: { "non-string-keys": "refused" },
};

function written(bytes: Uint8Array, digest: boolean): Command {
  if (digest) return { sha256: createHash("sha256").update(bytes).digest("hex") };
  return { bytes: hex(bytes) };
}

function answer(command: Command): Command {
  return command.do === "start" ? DECLARATION : answered(command, written);
}

// --- envelopes ---

function receive(count: number): Buffer | null {
  const bytes = Buffer.alloc(count);
  for (let filled = 0; filled < count;) {
    const read = readSync(0, bytes, filled, count - filled, null);
    if (!read) return null;
    filled += read;
  }
  return bytes;
}

function send(message: Command): void {
  const text = Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(4);
  head.writeUInt32BE(text.length);
  const bytes = Buffer.concat([head, text]);
  for (let sent = 0; sent < bytes.length;) sent += writeSync(1, bytes, sent);
}

for (;;) {
  const head = receive(4);
  const text = head && receive(head.readUInt32BE());
  const command = text && (JSON.parse(text.toString()) as Command);
  if (!command || command.do === "stop") break;
  send({ ...answer(command), n: command.n });
}
