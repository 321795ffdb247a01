// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
/** The messages of GD/1: one whole frame each. */

import { ProtocolError } from "./errors.js";
import { checkPresence, checkRequestId, readHeader, writeHeader, type Header } from "./header.js";
import { HEADER_BYTES, MAX_PAYLOAD_BYTES, type ManageOp, type StashOp } from "./limits.js";
import { offsetOf, Reader, written, type Options, type Value, type Writer } from "./values.js";

/** Any message. */
export type Message =
  | RequestMessage
  | ResponseMessage
  | ErrorMessage
  | ChunkMessage
  | EndMessage
  | StashMessage
  | StatusMessage
  | ManageMessage
  | CancelMessage
  | PauseMessage
  | ResumeMessage;

/**
 * The message of one whole frame. Its Uint8Arrays are views of the frame.
 *
 * @throws {ProtocolError} the first fault
 */
export function parse(frame: Uint8Array, options: Options = {}): Message {
  const header = readHeader(frame);
  checkPresence(header);
  const end = HEADER_BYTES + header.length;
  if (frame.length < end) {
    const found = new ProtocolError("truncated", "connection", frame.length);
    found.requestId = header.requestId;
    throw found;
  }
  if (frame.length > end) throw new ProtocolError("trailing_data", "exchange", end);
  return parsePayload(header, frame, options);
}

/**
 * The message of one whole frame, whose header was judged.
 *
 * @throws {ProtocolError} the first fault of the payload
 */
export function parsePayload(header: Header, frame: Uint8Array, options: Options = {}): Message {
  const { requestId } = header;
  switch (header.type) {
    case "REQUEST":
      return RequestMessage.read(requestId, frame, options);
    case "RESPONSE":
      return ResponseMessage.read(requestId, frame, options);
    case "ERROR":
      return ErrorMessage.read(requestId, frame, options);
    case "CHUNK":
      return ChunkMessage.read(requestId, frame, options);
    case "END":
      return new EndMessage({ requestId });
    case "STASH":
      return StashMessage.read(requestId, frame, options);
    case "STATUS":
      return new StatusMessage({ requestId });
    case "MANAGE":
      return ManageMessage.read(requestId, frame, options);
    case "CANCEL":
      return new CancelMessage({ requestId });
    case "PAUSE":
      return new PauseMessage({ requestId });
    case "RESUME":
      return new ResumeMessage({ requestId });
  }
}

/**
 * The frame of a message.
 *
 * @throws {ProtocolError} a field is of another type or impossible, or a value has no encoding
 */
export function serialize(message: Message, options: Options = {}): Uint8Array {
  const { requestId, type } = message;
  checkRequestId(requestId);
  const frame = written(HEADER_BYTES, options, (writer) => message.writePayload(writer));
  const length = frame.length - HEADER_BYTES;
  if (length > MAX_PAYLOAD_BYTES) throw new ProtocolError("payload_too_large", "exchange");
  writeHeader({ type, length, requestId }, frame);
  return frame;
}

/** The fields of a payload, or of a dict in one. */
class Fields {
  private constructor(
    private readonly frame: Uint8Array,
    private readonly options: Options,
    private readonly around: readonly string[],
    private readonly held: ReadonlyMap<string, Value>,
  ) {}

  /** Those of a frame. */
  static of(frame: Uint8Array, options: Options): Fields {
    const reader = new Reader(frame, HEADER_BYTES, options.numbers);
    const payload = reader.value();
    reader.finish();
    if (payload instanceof Map) return new Fields(frame, options, [], payload);
    throw new ProtocolError("payload_not_dict", "exchange", HEADER_BYTES);
  }

  /** What a field that must be there holds. */
  required(name: string): Value {
    const value = this.held.get(name);
    if (value !== undefined) return value;
    const { frame, around } = this;
    const offset = offsetOf(frame, HEADER_BYTES, around);
    throw new ProtocolError("missing_field", "exchange", offset, [...around, name]);
  }

  /** What a field that may be absent holds; null where it is. */
  optional(name: string): Value {
    return this.held.get(name) ?? null;
  }

  /** A field's value with its integer as one, whatever the options are. */
  exact(name: string, value: Value): Value {
    if (!this.options.numbers || typeof value !== "number") return value;
    return new Reader(this.frame, this.offsetOf(name)).value();
  }

  /** The fields of a dict that is a field. */
  inside(name: string, value: Map<string, Value>): Fields {
    return new Fields(this.frame, this.options, [...this.around, name], value);
  }

  /** The fault of a field. */
  fault(code: FieldFault, name: string): ProtocolError {
    return new ProtocolError(code, "exchange", this.offsetOf(name), [...this.around, name]);
  }

  private offsetOf(name: string): number {
    return offsetOf(this.frame, HEADER_BYTES, [...this.around, name]);
  }
}

type FieldFault = "wrong_field_type" | "invalid_field_value";

function refusal(code: FieldFault, ...path: string[]): ProtocolError {
  return new ProtocolError(code, "exchange", undefined, path);
}

/** Whether a value is neither a list nor a dict. */
function isScalar(value: Value): boolean {
  return !Array.isArray(value) && !(value instanceof Map);
}

/** Call an action of an app. */
export class RequestMessage {
  readonly type = "REQUEST";
  readonly requestId: bigint;
  /** The app, as module:Class. */
  readonly appPath: string;
  /** What to call on it. */
  readonly action: string;
  /** Positional arguments. */
  readonly args: Value[];
  /** Keyword arguments. */
  readonly kwargs: Map<string, Value>;
  /** Seconds from arrival at the arbiter, queueing included. */
  readonly timeout: number | bigint | null;
  /** 0 is usual; of requests that wait, the higher goes first. */
  readonly priority: bigint;
  /** The trace that the caller takes part in, as headers of HTTP would tell it. */
  readonly trace: Map<string, Value> | null;
  /** The extensions that the caller takes in the answer. */
  readonly extensions: Value[] | null;

  constructor(init: {
    requestId: bigint;
    appPath: string;
    action: string;
    args?: Value[];
    kwargs?: Map<string, Value>;
    timeout?: number | bigint | null;
    priority?: bigint;
    trace?: Map<string, Value> | null;
    extensions?: Value[] | null;
  }) {
    this.requestId = init.requestId;
    this.appPath = init.appPath;
    this.action = init.action;
    this.args = init.args ?? [];
    this.kwargs = init.kwargs ?? new Map();
    this.timeout = init.timeout ?? null;
    this.priority = init.priority ?? 0n;
    this.trace = init.trace ?? null;
    this.extensions = init.extensions ?? null;
  }

  static read(requestId: bigint, frame: Uint8Array, options: Options): RequestMessage {
    const fields = Fields.of(frame, options);
    const appPath = fields.required("app_path");
    if (typeof appPath !== "string") throw fields.fault("wrong_field_type", "app_path");
    const action = fields.required("action");
    if (typeof action !== "string") throw fields.fault("wrong_field_type", "action");
    const timeout = fields.exact("timeout", fields.optional("timeout"));
    if (timeout !== null) {
      if (typeof timeout !== "number" && typeof timeout !== "bigint") {
        throw fields.fault("wrong_field_type", "timeout");
      }
      if ((typeof timeout === "number" && !Number.isFinite(timeout)) || timeout < 0) {
        throw fields.fault("invalid_field_value", "timeout");
      }
    }
    const priority = fields.exact("priority", fields.optional("priority")) ?? 0n;
    if (typeof priority !== "bigint") throw fields.fault("wrong_field_type", "priority");
    if (priority < -10n || priority > 10n) throw fields.fault("invalid_field_value", "priority");
    const trace = fields.optional("trace");
    if (trace !== null) {
      if (!(trace instanceof Map)) throw fields.fault("wrong_field_type", "trace");
    }
    const extensions = fields.optional("extensions");
    if (extensions !== null) {
      if (!Array.isArray(extensions)) throw fields.fault("wrong_field_type", "extensions");
    }
    const args = fields.optional("args") ?? [];
    if (!Array.isArray(args)) throw fields.fault("wrong_field_type", "args");
    const kwargs = fields.optional("kwargs") ?? new Map();
    if (!(kwargs instanceof Map)) throw fields.fault("wrong_field_type", "kwargs");
    return new RequestMessage({
      requestId,
      appPath,
      action,
      args,
      kwargs,
      timeout,
      priority,
      trace,
      extensions,
    });
  }

  /** Writes the payload, its fields judged. */
  writePayload(writer: Writer): void {
    const { appPath, action, timeout, priority, trace, extensions, args, kwargs } = this;
    if (typeof appPath !== "string") throw refusal("wrong_field_type", "app_path");
    if (typeof action !== "string") throw refusal("wrong_field_type", "action");
    if (timeout !== null) {
      if (typeof timeout !== "number" && typeof timeout !== "bigint") {
        throw refusal("wrong_field_type", "timeout");
      }
      if ((typeof timeout === "number" && !Number.isFinite(timeout)) || timeout < 0) {
        throw refusal("invalid_field_value", "timeout");
      }
    }
    if (typeof priority !== "bigint") throw refusal("wrong_field_type", "priority");
    if (priority < -10n || priority > 10n) throw refusal("invalid_field_value", "priority");
    if (trace !== null) {
      if (!(trace instanceof Map)) throw refusal("wrong_field_type", "trace");
    }
    if (extensions !== null) {
      if (!Array.isArray(extensions)) throw refusal("wrong_field_type", "extensions");
    }
    if (!Array.isArray(args)) throw refusal("wrong_field_type", "args");
    if (!(kwargs instanceof Map)) throw refusal("wrong_field_type", "kwargs");
    let $count = 4;
    if (timeout !== null) $count++;
    if (priority !== 0n) $count++;
    if (trace !== null) $count++;
    if (extensions !== null) $count++;
    writer.open($count);
    writer.key("app_path");
    writer.value(appPath);
    writer.key("action");
    writer.value(action);
    if (timeout !== null) {
      writer.key("timeout");
      writer.value(timeout);
    }
    if (priority !== 0n) {
      writer.key("priority");
      writer.value(priority);
    }
    if (trace !== null) {
      writer.key("trace");
      writer.value(trace);
    }
    if (extensions !== null) {
      writer.key("extensions");
      writer.value(extensions);
    }
    writer.key("args");
    writer.value(args);
    writer.key("kwargs");
    writer.value(kwargs);
    writer.close();
  }
}

/** The result of an exchange. */
export class ResponseMessage {
  readonly type = "RESPONSE";
  readonly requestId: bigint;
  /** The result. */
  readonly result: Value;

  constructor(init: { requestId: bigint; result: Value }) {
    this.requestId = init.requestId;
    this.result = init.result;
  }

  static read(requestId: bigint, frame: Uint8Array, options: Options): ResponseMessage {
    const fields = Fields.of(frame, options);
    const result = fields.required("result");
    return new ResponseMessage({ requestId, result });
  }

  /** Writes the payload, its fields judged. */
  writePayload(writer: Writer): void {
    const { result } = this;
    writer.open(1);
    writer.key("result");
    writer.value(result);
    writer.close();
  }
}

/** The failure of an exchange, or with id 0 of the connection. */
export class ErrorMessage {
  readonly type = "ERROR";
  readonly requestId: bigint;
  /** A name from the table of error types. */
  readonly errorType: string;
  /** One line for a person. */
  readonly message: string;
  /** Facts by name. */
  readonly details: Map<string, Value>;

  constructor(init: {
    requestId: bigint;
    errorType: string;
    message: string;
    details?: Map<string, Value>;
  }) {
    this.requestId = init.requestId;
    this.errorType = init.errorType;
    this.message = init.message;
    this.details = init.details ?? new Map();
  }

  static read(requestId: bigint, frame: Uint8Array, options: Options): ErrorMessage {
    const fields = Fields.of(frame, options);
    const error = fields.required("error");
    if (!(error instanceof Map)) throw fields.fault("wrong_field_type", "error");
    const inError = fields.inside("error", error);
    const errorType = inError.required("error_type");
    if (typeof errorType !== "string") throw inError.fault("wrong_field_type", "error_type");
    const message = inError.required("message");
    if (typeof message !== "string") throw inError.fault("wrong_field_type", "message");
    const details = inError.optional("details") ?? new Map();
    if (!(details instanceof Map)) throw inError.fault("wrong_field_type", "details");
    return new ErrorMessage({ requestId, errorType, message, details });
  }

  /** Writes the payload, its fields judged. */
  writePayload(writer: Writer): void {
    const { errorType, message, details } = this;
    if (typeof errorType !== "string") throw refusal("wrong_field_type", "error", "error_type");
    if (typeof message !== "string") throw refusal("wrong_field_type", "error", "message");
    if (!(details instanceof Map)) throw refusal("wrong_field_type", "error", "details");
    writer.open(1);
    writer.key("error");
    writer.open(3);
    writer.key("error_type");
    writer.value(errorType);
    writer.key("message");
    writer.value(message);
    writer.key("details");
    writer.value(details);
    writer.close();
    writer.close();
  }
}

/** A piece of a stream. */
export class ChunkMessage {
  readonly type = "CHUNK";
  readonly requestId: bigint;
  /** One piece. */
  readonly data: Value;

  constructor(init: { requestId: bigint; data: Value }) {
    this.requestId = init.requestId;
    this.data = init.data;
  }

  static read(requestId: bigint, frame: Uint8Array, options: Options): ChunkMessage {
    const fields = Fields.of(frame, options);
    const data = fields.required("data");
    return new ChunkMessage({ requestId, data });
  }

  /** Writes the payload, its fields judged. */
  writePayload(writer: Writer): void {
    const { data } = this;
    writer.open(1);
    writer.key("data");
    writer.value(data);
    writer.close();
  }
}

/** The end of a stream. */
export class EndMessage {
  readonly type = "END";
  readonly requestId: bigint;

  constructor(init: { requestId: bigint }) {
    this.requestId = init.requestId;
  }

  /** It has none. */
  writePayload(): void {}
}

/** An operation on the arbiter's shared tables. */
export class StashMessage {
  readonly type = "STASH";
  readonly requestId: bigint;
  /**
   * The operation. put is 1, get is 2, delete is 3, keys is 4, clear is 5, info is 6, ensure is 7,
   * delete_table is 8, tables is 9, exists is 10, put_if_absent is 11, pop is 12, incr is 13, touch
   * is 14, ttl is 15, entry is 16, swap is 17, get_many is 18, put_many is 19, page is 20, push_left
   * is 21, push_right is 22, pop_left is 23, pop_right is 24, length is 25, changes is 26.
   */
  readonly op: StashOp;
  /** The table's name. */
  readonly table: string;
  /** The key. */
  readonly key: Value;
  /** The value. */
  readonly value: Value;
  /** A glob over string keys. */
  readonly pattern: string | null;
  /** Seconds that the key lives. */
  readonly ttl: number | bigint | null;
  /** The number to begin with. */
  readonly initial: number | bigint | null;
  /** The version that is expected. */
  readonly version: bigint | null;
  /** How many keys at most. */
  readonly count: bigint | null;
  /** Where a page ended. */
  readonly after: Value;
  /** Seconds to wait for what is asked for. */
  readonly wait: number | bigint | null;

  constructor(init: {
    requestId: bigint;
    op: StashOp;
    table: string;
    key?: Value;
    value?: Value;
    pattern?: string | null;
    ttl?: number | bigint | null;
    initial?: number | bigint | null;
    version?: bigint | null;
    count?: bigint | null;
    after?: Value;
    wait?: number | bigint | null;
  }) {
    this.requestId = init.requestId;
    this.op = init.op;
    this.table = init.table;
    this.key = init.key ?? null;
    this.value = init.value ?? null;
    this.pattern = init.pattern ?? null;
    this.ttl = init.ttl ?? null;
    this.initial = init.initial ?? null;
    this.version = init.version ?? null;
    this.count = init.count ?? null;
    this.after = init.after ?? null;
    this.wait = init.wait ?? null;
  }

  static read(requestId: bigint, frame: Uint8Array, options: Options): StashMessage {
    const fields = Fields.of(frame, options);
    const op = fields.exact("op", fields.required("op")) as StashOp;
    if (typeof op !== "bigint") throw fields.fault("wrong_field_type", "op");
    if (op < 1n || op > 26n) throw fields.fault("invalid_field_value", "op");
    const table = fields.required("table");
    if (typeof table !== "string") throw fields.fault("wrong_field_type", "table");
    const key = fields.optional("key");
    if (key !== null) {
      if (!isScalar(key)) throw fields.fault("invalid_field_value", "key");
    }
    const value = fields.optional("value");
    const pattern = fields.optional("pattern");
    if (pattern !== null) {
      if (typeof pattern !== "string") throw fields.fault("wrong_field_type", "pattern");
    }
    const ttl = fields.exact("ttl", fields.optional("ttl"));
    if (ttl !== null) {
      if (typeof ttl !== "number" && typeof ttl !== "bigint") {
        throw fields.fault("wrong_field_type", "ttl");
      }
      if ((typeof ttl === "number" && !Number.isFinite(ttl)) || ttl < 0) {
        throw fields.fault("invalid_field_value", "ttl");
      }
    }
    const initial = fields.exact("initial", fields.optional("initial"));
    if (initial !== null) {
      if (typeof initial !== "number" && typeof initial !== "bigint") {
        throw fields.fault("wrong_field_type", "initial");
      }
      if (typeof initial === "number" && !Number.isFinite(initial)) {
        throw fields.fault("invalid_field_value", "initial");
      }
    }
    const version = fields.exact("version", fields.optional("version"));
    if (version !== null) {
      if (typeof version !== "bigint") throw fields.fault("wrong_field_type", "version");
      if (version < 0n) throw fields.fault("invalid_field_value", "version");
    }
    const count = fields.exact("count", fields.optional("count"));
    if (count !== null) {
      if (typeof count !== "bigint") throw fields.fault("wrong_field_type", "count");
      if (count < 1n) throw fields.fault("invalid_field_value", "count");
    }
    const after = fields.optional("after");
    if (after !== null) {
      if (!isScalar(after)) throw fields.fault("invalid_field_value", "after");
    }
    const wait = fields.exact("wait", fields.optional("wait"));
    if (wait !== null) {
      if (typeof wait !== "number" && typeof wait !== "bigint") {
        throw fields.fault("wrong_field_type", "wait");
      }
      if ((typeof wait === "number" && !Number.isFinite(wait)) || wait < 0) {
        throw fields.fault("invalid_field_value", "wait");
      }
    }
    return new StashMessage({
      requestId,
      op,
      table,
      key,
      value,
      pattern,
      ttl,
      initial,
      version,
      count,
      after,
      wait,
    });
  }

  /** Writes the payload, its fields judged. */
  writePayload(writer: Writer): void {
    const { op, table, key, value, pattern, ttl, initial, version, count, after, wait } = this;
    if (typeof op !== "bigint") throw refusal("wrong_field_type", "op");
    if (op < 1n || op > 26n) throw refusal("invalid_field_value", "op");
    if (typeof table !== "string") throw refusal("wrong_field_type", "table");
    if (key !== null) {
      if (!isScalar(key)) throw refusal("invalid_field_value", "key");
    }
    if (pattern !== null) {
      if (typeof pattern !== "string") throw refusal("wrong_field_type", "pattern");
    }
    if (ttl !== null) {
      if (typeof ttl !== "number" && typeof ttl !== "bigint") {
        throw refusal("wrong_field_type", "ttl");
      }
      if ((typeof ttl === "number" && !Number.isFinite(ttl)) || ttl < 0) {
        throw refusal("invalid_field_value", "ttl");
      }
    }
    if (initial !== null) {
      if (typeof initial !== "number" && typeof initial !== "bigint") {
        throw refusal("wrong_field_type", "initial");
      }
      if (typeof initial === "number" && !Number.isFinite(initial)) {
        throw refusal("invalid_field_value", "initial");
      }
    }
    if (version !== null) {
      if (typeof version !== "bigint") throw refusal("wrong_field_type", "version");
      if (version < 0n) throw refusal("invalid_field_value", "version");
    }
    if (count !== null) {
      if (typeof count !== "bigint") throw refusal("wrong_field_type", "count");
      if (count < 1n) throw refusal("invalid_field_value", "count");
    }
    if (after !== null) {
      if (!isScalar(after)) throw refusal("invalid_field_value", "after");
    }
    if (wait !== null) {
      if (typeof wait !== "number" && typeof wait !== "bigint") {
        throw refusal("wrong_field_type", "wait");
      }
      if ((typeof wait === "number" && !Number.isFinite(wait)) || wait < 0) {
        throw refusal("invalid_field_value", "wait");
      }
    }
    let $count = 2;
    if (key !== null) $count++;
    if (value !== null) $count++;
    if (pattern !== null) $count++;
    if (ttl !== null) $count++;
    if (initial !== null) $count++;
    if (version !== null) $count++;
    if (count !== null) $count++;
    if (after !== null) $count++;
    if (wait !== null) $count++;
    writer.open($count);
    writer.key("op");
    writer.value(op);
    writer.key("table");
    writer.value(table);
    if (key !== null) {
      writer.key("key");
      writer.value(key);
    }
    if (value !== null) {
      writer.key("value");
      writer.value(value);
    }
    if (pattern !== null) {
      writer.key("pattern");
      writer.value(pattern);
    }
    if (ttl !== null) {
      writer.key("ttl");
      writer.value(ttl);
    }
    if (initial !== null) {
      writer.key("initial");
      writer.value(initial);
    }
    if (version !== null) {
      writer.key("version");
      writer.value(version);
    }
    if (count !== null) {
      writer.key("count");
      writer.value(count);
    }
    if (after !== null) {
      writer.key("after");
      writer.value(after);
    }
    if (wait !== null) {
      writer.key("wait");
      writer.value(wait);
    }
    writer.close();
  }
}

/** Ask for the state of the arbiter or worker. */
export class StatusMessage {
  readonly type = "STATUS";
  readonly requestId: bigint;

  constructor(init: { requestId: bigint }) {
    this.requestId = init.requestId;
  }

  /** It has none. */
  writePayload(): void {}
}

/** Change the workers, or look at what they do. */
export class ManageMessage {
  readonly type = "MANAGE";
  readonly requestId: bigint;
  /**
   * The operation. add is 1, remove is 2, reload is 3, set is 4, calls is 5, stacks is 6, kill is 7,
   * recycle is 8.
   */
  readonly op: ManageOp;
  /** How many workers. */
  readonly count: bigint;
  /** The place of one worker. */
  readonly slot: bigint | null;
  /** The arbiter's number of one request. */
  readonly call: bigint | null;

  constructor(init: {
    requestId: bigint;
    op: ManageOp;
    count?: bigint;
    slot?: bigint | null;
    call?: bigint | null;
  }) {
    this.requestId = init.requestId;
    this.op = init.op;
    this.count = init.count ?? 1n;
    this.slot = init.slot ?? null;
    this.call = init.call ?? null;
  }

  static read(requestId: bigint, frame: Uint8Array, options: Options): ManageMessage {
    const fields = Fields.of(frame, options);
    const op = fields.exact("op", fields.required("op")) as ManageOp;
    if (typeof op !== "bigint") throw fields.fault("wrong_field_type", "op");
    if (op < 1n || op > 8n) throw fields.fault("invalid_field_value", "op");
    const count = fields.exact("count", fields.optional("count")) ?? 1n;
    if (typeof count !== "bigint") throw fields.fault("wrong_field_type", "count");
    const slot = fields.exact("slot", fields.optional("slot"));
    if (slot !== null) {
      if (typeof slot !== "bigint") throw fields.fault("wrong_field_type", "slot");
      if (slot < 0n) throw fields.fault("invalid_field_value", "slot");
    }
    const call = fields.exact("call", fields.optional("call"));
    if (call !== null) {
      if (typeof call !== "bigint") throw fields.fault("wrong_field_type", "call");
      if (call < 1n) throw fields.fault("invalid_field_value", "call");
    }
    return new ManageMessage({ requestId, op, count, slot, call });
  }

  /** Writes the payload, its fields judged. */
  writePayload(writer: Writer): void {
    const { op, count, slot, call } = this;
    if (typeof op !== "bigint") throw refusal("wrong_field_type", "op");
    if (op < 1n || op > 8n) throw refusal("invalid_field_value", "op");
    if (typeof count !== "bigint") throw refusal("wrong_field_type", "count");
    if (slot !== null) {
      if (typeof slot !== "bigint") throw refusal("wrong_field_type", "slot");
      if (slot < 0n) throw refusal("invalid_field_value", "slot");
    }
    if (call !== null) {
      if (typeof call !== "bigint") throw refusal("wrong_field_type", "call");
      if (call < 1n) throw refusal("invalid_field_value", "call");
    }
    let $count = 2;
    if (slot !== null) $count++;
    if (call !== null) $count++;
    writer.open($count);
    writer.key("op");
    writer.value(op);
    writer.key("count");
    writer.value(count);
    if (slot !== null) {
      writer.key("slot");
      writer.value(slot);
    }
    if (call !== null) {
      writer.key("call");
      writer.value(call);
    }
    writer.close();
  }
}

/** Give up an open exchange. */
export class CancelMessage {
  readonly type = "CANCEL";
  readonly requestId: bigint;

  constructor(init: { requestId: bigint }) {
    this.requestId = init.requestId;
  }

  /** It has none. */
  writePayload(): void {}
}

/** Ask for no CHUNKs of an exchange for now. */
export class PauseMessage {
  readonly type = "PAUSE";
  readonly requestId: bigint;

  constructor(init: { requestId: bigint }) {
    this.requestId = init.requestId;
  }

  /** It has none. */
  writePayload(): void {}
}

/** Ask for the CHUNKs of an exchange again. */
export class ResumeMessage {
  readonly type = "RESUME";
  readonly requestId: bigint;

  constructor(init: { requestId: bigint }) {
    this.requestId = init.requestId;
  }

  /** It has none. */
  writePayload(): void {}
}

/** The classes of the messages, by type. */
export const MESSAGES = {
  REQUEST: RequestMessage,
  RESPONSE: ResponseMessage,
  ERROR: ErrorMessage,
  CHUNK: ChunkMessage,
  END: EndMessage,
  STASH: StashMessage,
  STATUS: StatusMessage,
  MANAGE: ManageMessage,
  CANCEL: CancelMessage,
  PAUSE: PauseMessage,
  RESUME: ResumeMessage,
} as const;
