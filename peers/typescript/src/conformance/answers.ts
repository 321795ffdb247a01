/** What the codec answers to the questions of the conformance suite; in a browser too. */

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

export type Command = { [key: string]: Json };
/** How bytes are told: as they are, or by their digest. */
export type Written = (bytes: Uint8Array, digest: boolean) => Command;

/** The answer to a command, without its number. */
export function answered(command: Command, written: Written = plain): Command {
  try {
    return orFault(() => run(command, written));
  } catch (problem) {
    if (problem instanceof Unsupported) return { unsupported: problem.message };
    throw problem;
  }
}

function plain(bytes: Uint8Array, digest: boolean): Command {
  if (digest) throw new Unsupported("no digests");
  return { bytes: hex(bytes) };
}

function run(command: Command, written: Written): Command {
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

/** The form of an event. */
export function told(event: gd.Event): Json {
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
