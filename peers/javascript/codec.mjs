// GD/1 in JavaScript: values and frames, written from the text of the specification.
//
// Rules: codes, limits and fields are those of the machine-readable specification, which is handed
// in. A value is null, a boolean, a BigInt, a number (a float64), a Uint8Array, a string, an Array
// or a Map. The first fault, from left to right, is thrown as a Fault. The references in the
// comments are to requirements.

export class Fault extends Error {
  /** A fault: portable code, offset in bytes (none when encoding), path, and what dies with it. */
  constructor(code, offset, location = [], scope = "exchange") {
    super(code);
    Object.assign(this, { code, offset, path: path(location), scope });
  }
}

// --- paths (GD-ERR-006 to GD-ERR-009) ---

const PATH_LENGTH = 200;
const KEY_LENGTH = 32;

function path(location) {
  let text = "";
  for (const step of location) {
    if (typeof step === "number") text += `[${step}]`;
    else if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(step) && step.length <= KEY_LENGTH) {
      text += text ? `.${step}` : step;
    } else text += `[${JSON.stringify(cut(step, KEY_LENGTH, KEY_LENGTH))}]`;
    if (text.length > 2 * PATH_LENGTH) break;
  }
  return cut(text, PATH_LENGTH, PATH_LENGTH - 1);
}

function cut(text, limit, kept) {
  // Characters are code points, not the halves of surrogate pairs.
  const characters = [...text];
  return characters.length <= limit ? text : `${characters.slice(0, kept).join("")}…`;
}

// --- the codec ---

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;
// The least that an item or a pair takes: a type byte; an empty key and a none (GD-TLV-016).
const ITEM_BYTES = 1;
const PAIR_BYTES = 6;

export class Codec {
  /** Args: the object that `gdproto spec --json` prints. */
  constructor(spec) {
    this.limits = Object.fromEntries(spec.limits.map(limit => [limit.name, limit.value]));
    this.codes = Object.fromEntries(spec.values.map(value => [value.name, value.code]));
    this.names = new Map(spec.values.map(value => [value.code, value.name]));
    this.fields = Object.fromEntries(spec.header.map(field => [field.name, field]));
    this.headerBytes = spec.header_bytes;
    this.magic = Buffer.from(this.fields.magic.constant, "hex");
    this.version = this.fields.version.constant;
    this.messages = spec.messages;
  }

  /** The value that all of the bytes encode. Throws Fault. */
  decode(bytes) {
    const reader = new Reader(this, bytes);
    const value = reader.value([]);
    reader.finish();
    return value;
  }

  /** The encoding of a value. Throws Fault. */
  encode(value) {
    const writer = new Writer(this);
    writer.value(value, []);
    return writer.bytes();
  }

  /** The header at `start`, judged (GD-FRAME-002 to GD-FRAME-008). Throws Fault. */
  header(bytes, start = 0) {
    const view = viewOf(bytes);
    const fault = (name, scope) => new Fault(this.fields[name].error, this.fields[name].offset, [], scope);
    const at = name => start + this.fields[name].offset;
    if (!this.magic.equals(bytes.subarray(start, start + this.magic.length))) throw fault("magic", "connection");
    if (view.getUint8(at("version")) !== this.version) throw fault("version", "connection");
    const code = view.getUint8(at("type"));
    const rule = this.messages.find(message => message.code === code);
    const requestId = view.getBigUint64(at("request_id"));
    const named = problem => Object.assign(problem, { requestId });
    if (!rule) throw named(fault("type", "connection"));
    const length = view.getUint32(at("length"));
    if (length > this.limits.max_payload_bytes) throw named(fault("length", "connection"));
    return { rule, length, requestId };
  }

  /** Refuses a payload where the message has none. Throws Fault. */
  presence({ rule, length, requestId }) {
    if (rule.fields.length || !length) return;
    const fault = new Fault("unexpected_payload", this.fields.length.offset);
    throw Object.assign(fault, { requestId });
  }

  /** The message of one whole frame: type, requestId and fields by name. Throws Fault. */
  parse(bytes) {
    if (bytes.length < this.headerBytes) throw new Fault("truncated", bytes.length, [], "connection");
    const header = this.header(bytes);
    this.presence(header);
    const end = this.headerBytes + header.length;
    if (bytes.length < end) throw new Fault("truncated", bytes.length, [], "connection");
    if (bytes.length > end) throw new Fault("trailing_data", end);
    return this.message(header, bytes);
  }

  /** The message of a judged header, and the frame's bytes. Throws Fault. */
  message({ rule, requestId }, frame) {
    const fields = new Map();
    if (rule.fields.length) {
      const reader = new Reader(this, frame, this.headerBytes);
      reader.offsets = new Map();
      const payload = reader.value([]);
      reader.finish();
      if (!(payload instanceof Map)) throw new Fault("payload_not_dict", this.headerBytes);
      pick(rule.fields, payload, [], fields, location => reader.offsetOf(location));
    }
    return { type: rule.name, requestId, fields };
  }

  /** The frame of a message. Throws Fault. */
  serialize({ type, requestId, fields }) {
    const rule = this.messages.find(message => message.name === type);
    if (requestId < 0n || requestId >= 2n ** 64n) throw new Fault("int_out_of_range", undefined, ["request_id"]);
    const payload = rule.fields.length ? this.encode(payloadOf(rule.fields, fields, [])) : Buffer.alloc(0);
    if (payload.length > this.limits.max_payload_bytes) throw new Fault("payload_too_large");
    const header = Buffer.alloc(this.headerBytes);
    this.magic.copy(header, this.fields.magic.offset);
    header.writeUInt8(this.version, this.fields.version.offset);
    header.writeUInt8(rule.code, this.fields.type.offset);
    header.writeUInt32BE(payload.length, this.fields.length.offset);
    header.writeBigUInt64BE(requestId, this.fields.request_id.offset);
    return Buffer.concat([header, payload]);
  }
}

function viewOf(bytes) {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

// --- reading (GD-TLV-001 to GD-TLV-021) ---

class Reader {
  constructor(codec, bytes, start = 0) {
    Object.assign(this, { codec, bytes, view: viewOf(bytes), pos: start, depth: 0 });
    // What the open containers need at least for items that have not begun.
    this.owed = 0;
    // Where the values that are not deeper than two keys begin: wanted for faults of fields.
    this.offsets = null;
  }

  finish() {
    if (this.pos < this.bytes.length) throw new Fault("trailing_data", this.pos);
  }

  offsetOf(location) {
    return this.offsets.get(JSON.stringify(location));
  }

  /** Moves over `count` bytes that were promised; returns where they began. */
  take(count, location) {
    if (this.bytes.length - this.pos < count) throw new Fault("truncated", this.bytes.length, location);
    this.pos += count;
    return this.pos - count;
  }

  type(location) {
    const at = this.take(1, location);
    const name = this.codec.names.get(this.bytes[at]);
    if (name === undefined) throw new Fault("unknown_tlv_type", at, location);
    return name;
  }

  /** A length or a count: within its limit, and such that it can fit. */
  size(limit, code, unit, location) {
    const at = this.take(4, location);
    const size = this.view.getUint32(at);
    if (size > limit) throw new Fault(code, at, location);
    if (size * unit + this.owed > this.bytes.length - this.pos) throw new Fault("truncated", at, location);
    return size;
  }

  value(location) {
    if (this.offsets && location.length <= 2) this.offsets.set(JSON.stringify(location), this.pos);
    const start = this.pos;
    const name = this.type(location);
    switch (name) {
      case "none": return null;
      case "bool": return this.bool(location);
      case "int64": return this.view.getBigInt64(this.take(8, location));
      case "float64": return this.view.getFloat64(this.take(8, location));
      case "bytes": return Buffer.from(this.blob(location));
      case "string": return this.text(location);
    }
    if (this.depth === this.codec.limits.max_depth) throw new Fault("nesting_too_deep", start, location);
    this.depth += 1;
    const container = name === "list" ? this.list(location) : this.dict(location);
    this.depth -= 1;
    return container;
  }

  bool(location) {
    const at = this.take(1, location);
    if (this.bytes[at] > 1) throw new Fault("invalid_bool", at, location);
    return this.bytes[at] === 1;
  }

  blob(location) {
    const size = this.size(this.codec.limits.max_blob_bytes, "length_too_large", 1, location);
    const at = this.take(size, location);
    return this.bytes.subarray(at, this.pos);
  }

  text(location) {
    const raw = this.blob(location);
    try {
      return UTF8.decode(raw);
    } catch {
      throw new Fault("invalid_utf8", this.pos - raw.length, location);
    }
  }

  list(location) {
    const count = this.size(this.codec.limits.max_items, "too_many_items", ITEM_BYTES, location);
    const items = [];
    this.owed += count * ITEM_BYTES;
    for (let index = 0; index < count; index += 1) {
      this.owed -= ITEM_BYTES;
      location.push(index);
      items.push(this.value(location));
      location.pop();
    }
    return items;
  }

  dict(location) {
    const count = this.size(this.codec.limits.max_items, "too_many_items", PAIR_BYTES, location);
    const pairs = new Map();
    this.owed += count * PAIR_BYTES;
    for (let index = 0; index < count; index += 1) {
      this.owed -= PAIR_BYTES;
      const at = this.pos;
      if (this.type(location) !== "string") throw new Fault("key_not_string", at, location);
      const key = this.text(location);
      location.push(key);
      if (pairs.has(key)) throw new Fault("duplicate_key", at, location);
      pairs.set(key, this.value(location));
      location.pop();
    }
    return pairs;
  }
}

// --- writing (GD-TLV-022 to GD-TLV-032) ---

class Writer {
  constructor(codec) {
    Object.assign(this, { codec, buffer: Buffer.alloc(256), length: 0, depth: 0 });
  }

  bytes() {
    return this.buffer.subarray(0, this.length);
  }

  /** Makes room for `count` bytes; returns where they begin. */
  room(count) {
    if (this.length + count > this.buffer.length) {
      const larger = Buffer.alloc(2 * (this.length + count));
      this.buffer.copy(larger, 0, 0, this.length);
      this.buffer = larger;
    }
    this.length += count;
    return this.length - count;
  }

  /** Writes a type byte and makes room for the body; returns where that begins. */
  type(name, bodyBytes) {
    const at = this.room(1 + bodyBytes);
    this.buffer[at] = this.codec.codes[name];
    return at + 1;
  }

  size(name, size, limit, code, location) {
    if (size > limit) throw new Fault(code, undefined, location);
    const at = this.type(name, 4);
    this.buffer.writeUInt32BE(size, at);
  }

  value(value, location) {
    if (value === null) this.type("none", 0);
    else if (typeof value === "boolean") this.bool(value);
    else if (typeof value === "bigint") this.integer(value, location);
    else if (typeof value === "number") this.float(value);
    else if (typeof value === "string") this.text(value, location);
    else if (value instanceof Uint8Array) this.blob("bytes", value, location);
    else if (Array.isArray(value)) this.container("list", value.entries(), value.length, location);
    else if (value instanceof Map) this.container("dict", value.entries(), value.size, location);
    else throw new Fault("unsupported_type", undefined, location);
  }

  integer(value, location) {
    if (value < MIN_INT64 || value > MAX_INT64) throw new Fault("int_out_of_range", undefined, location);
    const at = this.type("int64", 8);
    this.buffer.writeBigInt64BE(value, at);
  }

  float(value) {
    const at = this.type("float64", 8);
    this.buffer.writeDoubleBE(value, at);
  }

  bool(value) {
    const at = this.type("bool", 1);
    this.buffer[at] = value ? 1 : 0;
  }

  text(text, location) {
    if (!text.isWellFormed()) throw new Fault("invalid_text", undefined, location);
    this.blob("string", Buffer.from(text), location);
  }

  blob(name, raw, location) {
    this.size(name, raw.length, this.codec.limits.max_blob_bytes, "length_too_large", location);
    const at = this.room(raw.length);
    this.buffer.set(raw, at);
  }

  container(name, entries, size, location) {
    if (this.depth === this.codec.limits.max_depth) throw new Fault("nesting_too_deep", undefined, location);
    this.size(name, size, this.codec.limits.max_items, "too_many_items", location);
    this.depth += 1;
    for (const [step, item] of entries) {
      if (name === "dict") {
        if (typeof step !== "string") throw new Fault("key_not_string", undefined, location);
        this.text(step, location);
      }
      location.push(step);
      this.value(item, location);
      location.pop();
    }
    this.depth -= 1;
  }
}

// --- fields (GD-MSG-001 to GD-MSG-012) ---

const TYPES = {
  string: value => typeof value === "string",
  int64: value => typeof value === "bigint",
  float64: value => typeof value === "number",
  list: Array.isArray,
  dict: value => value instanceof Map,
};

/** Takes the fields out of a payload, leaf by leaf. Throws Fault. */
function pick(rules, payload, location, fields, offsetOf) {
  for (const rule of rules) {
    const here = [...location, rule.name];
    let value = payload.get(rule.name);
    if (value === undefined && rule.required) throw new Fault("missing_field", offsetOf(location), here);
    if ((value ?? null) === null && !rule.required) {
      fields.set(rule.name, defaultOf(rule));
      continue;
    }
    check(rule, value, here, offsetOf(here));
    if (rule.fields) pick(rule.fields, value, here, fields, offsetOf);
    else fields.set(rule.name, value);
  }
}

/** The payload of leaf fields, in canonical order. Throws Fault. */
function payloadOf(rules, fields, location) {
  const payload = new Map();
  for (const rule of rules) {
    const here = [...location, rule.name];
    let value = rule.fields ? payloadOf(rule.fields, fields, here) : fields.get(rule.name) ?? null;
    if (value === null && !rule.required) {
      value = defaultOf(rule);
      if (value === null) continue;
    }
    check(rule, value, here);
    if (rule.absent?.written === false && value === defaultOf(rule)) continue;
    payload.set(rule.name, value);
  }
  return payload;
}

function defaultOf({ absent }) {
  if (absent.means === "none") return null;
  if (Array.isArray(absent.default)) return [];
  if (typeof absent.default === "number") return BigInt(absent.default);
  return typeof absent.default === "object" ? new Map() : absent.default;
}

function check(rule, value, location, offset) {
  if (rule.types !== "any" && !rule.types.some(name => TYPES[name](value))) {
    throw new Fault("wrong_field_type", offset, location);
  }
  if (!permits(rule, value)) throw new Fault("invalid_field_value", offset, location);
}

function permits(rule, value) {
  if (rule.finite && typeof value === "number" && !Number.isFinite(value)) return false;
  if (rule.minimum !== undefined && value < rule.minimum) return false;
  if (rule.maximum !== undefined && value > rule.maximum) return false;
  if (rule.choices && !Object.values(rule.choices).some(code => BigInt(code) === value)) return false;
  return !(rule.scalar && (Array.isArray(value) || value instanceof Map));
}
