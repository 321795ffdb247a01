/** The codec as a testee of the conformance suite, on stdin and stdout. */

import { createHash } from "node:crypto";
import { readSync, writeSync } from "node:fs";
import * as gd from "../gd/index.js";
import {
  fromTyped,
  fromTypedMessage,
  hex,
  made,
  toTyped,
  toTypedFault,
  toTypedMessage,
  Unsupported,
  type Json,
} from "./forms.js";

type Command = { [key: string]: Json };

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

function run(command: Command): Command {
  const digest = command.digest === true;
  switch (command.op) {
    case "decode": {
      const value = gd.decode(made(command.bytes));
      return digest ? written(gd.encode(value), true) : { value: toTyped(value) };
    }
    case "encode":
      return written(gd.encode(fromTyped(command.value)), digest);
    case "parse": {
      const message = gd.parse(made(command.bytes));
      return digest ? written(gd.serialize(message), true) : { message: toTypedMessage(message) };
    }
    case "serialize":
      return written(gd.serialize(fromTypedMessage(command.message)), digest);
    case "session": {
      const connection = new gd.Connection(command.role as gd.RoleName);
      return { steps: (command.steps as Command[]).map((one) => step(connection, one)) };
    }
  }
  throw new Unsupported(`no operation ${String(command.op)}`);
}

function step(connection: gd.Connection, asked: Command): Command {
  if ("send" in asked) {
    return orFault(() => ({ bytes: hex(connection.send(fromTypedMessage(asked.send))) }));
  }
  if ("receive" in asked) return { events: connection.receive(made(asked.receive)).map(told) };
  if ("abandon" in asked) connection.abandon(BigInt(asked.abandon as string));
  if ("permit" in asked) connection.permit(Number(asked.permit));
  return { events: "eof" in asked ? connection.eof().map(told) : [] };
}

function told(event: gd.Event): Json {
  switch (event.event) {
    case "message": {
      const { message, ended } = event;
      return { event: event.event, message: toTypedMessage(message), ended };
    }
    case "closed":
      return { event: event.event };
    case "ended":
      return { event: event.event, request_id: String(event.requestId) };
    case "error": {
      const fault = toTypedFault(event.error);
      return { event: event.event, request_id: String(event.requestId), ...fault };
    }
  }
}

function orFault(work: () => Command): Command {
  try {
    return work();
  } catch (problem) {
    if (problem instanceof gd.ProtocolError) return { error: toTypedFault(problem) };
    throw problem;
  }
}

function answer(command: Command): Command {
  if (command.do === "start") return DECLARATION;
  try {
    return orFault(() => run(command));
  } catch (problem) {
    if (problem instanceof Unsupported) return { unsupported: problem.message };
    throw problem;
  }
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
