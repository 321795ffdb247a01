/* Bytes taken apart: what each run of them is, as far as they can be read.

   Rules: sizes and codes come from the declaration, none stands here. What is at fault is not judged
   here: the codec does that, and says at which byte. */

const SHOWN_CHARS = 60;

/** The parts of one frame, or of one value where the bytes do not begin like a frame. */
export function parts(bytes, spec) {
  const found = [];
  const magic = Number.parseInt(spec.header[0].constant.slice(0, 2), 16);
  if (bytes[0] !== magic) return values(bytes, 0, bytes.length, spec, null, found);
  if (bytes.length < spec.header_bytes) {
    const text = `${bytes.length} of the ${spec.header_bytes} bytes of a header`;
    return [{ offset: 0, length: bytes.length, depth: 0, text, about: "magic" }];
  }
  const read = header(bytes, spec, found);
  const message = spec.messages.find((one) => one.code === Number(read.type));
  if (!message || message.payload === "none") return found;
  const end = Math.min(bytes.length, spec.header_bytes + Number(read.length));
  return values(bytes, spec.header_bytes, end, spec, message, found);
}

function header(bytes, spec, found) {
  const read = {};
  for (const { name, offset, bytes: length, encoding, meaning } of spec.header) {
    const raw = bytes.subarray(offset, offset + length);
    read[name] = encoding === "raw" ? String.fromCharCode(...raw) : number(raw);
    const known = name === "type" && spec.messages.find((one) => one.code === Number(read.type));
    const text = `${name} ${known ? known.name : read[name]} (${meaning})`;
    found.push({ offset, length, depth: 0, text, about: name });
  }
  return read;
}

function number(raw) {
  return raw.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
}

/** Walks values with a stack of what is open: how many items are left, and whether a key is next. */
function values(bytes, start, end, spec, message, found) {
  const open = [{ left: 1, isDict: false }];
  for (let offset = start; open.length;) {
    const top = open.at(-1);
    if (!top.left) {
      open.pop();
      continue;
    }
    const type = spec.values.find((one) => one.code === bytes[offset]);
    const token = offset < end && type && content(bytes, offset, end, type);
    if (!token) break;
    const isKey = top.isDict && top.left % 2 === 0;
    const depth = open.length - 1;
    found.push({ offset, ...token, depth, ...named(token, type, isKey, depth, message) });
    offset += token.length;
    top.left -= 1;
    if ("items" in token) {
      const isDict = type.kind === "dict";
      open.push({ left: token.items * (isDict ? 2 : 1), isDict });
    }
  }
  return found;
}

function named(token, type, isKey, depth, message) {
  if (!isKey) {
    const isPayload = message && depth === 0;
    return { text: `${type.name} ${token.shown}`, about: isPayload ? "payload" : type.name };
  }
  const field = depth === 1 && message?.fields.find((one) => one.name === token.value);
  const text = `key ${token.shown}${field ? ` (${field.meaning})` : ""}`;
  return { text, about: field ? "field" : "key" };
}

/** One value's own bytes: its length and what it says; nothing where they do not suffice. */
function content(bytes, offset, end, type) {
  const { form, bytes: size = 0, length, count } = type.body;
  const head = 1 + (length ?? count)?.bytes || 1;
  const read = (from, many) => bytes.subarray(from, from + many);
  if (offset + head > end) return null;
  if (count) {
    const items = Number(number(read(offset + 1, count.bytes)));
    const unit = type.kind === "dict" ? "pair" : "item";
    return { length: head, items, shown: `of ${items} ${unit}${items === 1 ? "" : "s"}` };
  }
  const many = length ? Number(number(read(offset + 1, length.bytes))) : size;
  if (offset + head + many > end) return null;
  const raw = read(offset + head, many);
  return { length: head + many, ...said(raw, form, type) };
}

function said(raw, form, type) {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
  if (form === "empty") return { shown: "" };
  if (form === "bytes") return { shown: `of ${raw.length}` };
  if (form === "text") {
    const value = new TextDecoder().decode(raw);
    const quoted = JSON.stringify(value);
    return { value, shown: quoted.length > SHOWN_CHARS ? `${quoted.slice(0, SHOWN_CHARS)}…` : quoted };
  }
  if (form === "choice") {
    const choice = type.body.choices.find((one) => BigInt(one.number) === number(raw));
    return { shown: choice ? String(choice.stands_for) : "?" };
  }
  const { encoding } = type.body;
  if (encoding === "float") return { shown: String(view.getFloat64(0)) };
  return { shown: String(encoding === "signed" ? view.getBigInt64(0) : view.getBigUint64(0)) };
}
