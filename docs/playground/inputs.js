/* What is pasted or written, read: bytes from hex or base64, values and messages from JSON. */

import * as gd from "./gd/index.js";
import { fromTyped, fromTypedMessage } from "./conformance/forms.js";

const KINDS = [
  ..."none bool int64 float64 bytes string list dict".split(" "),
  ..."utf16 nested repeated numbered foreign".split(" "),
];

/** The bytes of a text in hex or in base64. Throws an Error that says what is wrong. */
export function bytesOf(text) {
  const packed = text.replace(/0x|[\s,:]+/g, "");
  if (/^[0-9a-f]*$/i.test(packed)) {
    if (packed.length % 2) throw new Error(`${packed.length} hex digits: one too few or too many`);
    return Uint8Array.from(packed.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  }
  try {
    const raw = atob(packed.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(raw, (unit) => unit.charCodeAt(0));
  } catch {
    throw new Error("neither hex nor base64");
  }
}

/** The bytes of a value, or of a message, written as JSON. Throws what `JSON` and the codec throw. */
export function written(text) {
  const held = JSON.parse(text);
  if (!isMessage(held)) return gd.encode(fromTyped(typed(held)));
  const fields = Object.entries(held.fields ?? {}).map(([name, item]) => [name, typed(item)]);
  if (!(held.type in gd.MESSAGES)) throw new Error(`no message ${held.type}`);
  return gd.serialize(fromTypedMessage({ ...held, fields: Object.fromEntries(fields) }));
}

function isMessage(held) {
  return held !== null && typeof held === "object" && "type" in held && "request_id" in held;
}

/** The typed form of JSON, which may be that already: an object whose one key names a type. */
function typed(held) {
  if (held === null) return { none: "" };
  if (typeof held === "boolean") return { bool: String(held) };
  if (typeof held === "string") return { string: held };
  if (typeof held === "number") {
    if (Number.isInteger(held)) return { int64: BigInt(held).toString() };
    const bits = new DataView(new ArrayBuffer(8));
    bits.setFloat64(0, held);
    return { float64: bits.getBigUint64(0).toString(16).padStart(16, "0") };
  }
  if (Array.isArray(held)) return { list: held.map(typed) };
  const pairs = Object.entries(held);
  if (pairs.length === 1 && KINDS.includes(pairs[0][0])) return held;
  return { dict: pairs.map(([key, item]) => [{ string: key }, typed(item)]) };
}
