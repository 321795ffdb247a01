// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
/** What goes wrong: faults of bytes and of peers, and failures that are told to callers. */

import type { Value } from "./values.js";

/** What is wrong, in a word that is the same in every language. */
export type PortableCode =
  | "bad_magic"
  | "unsupported_version"
  | "unknown_message_type"
  | "payload_too_large"
  | "truncated"
  | "trailing_data"
  | "unknown_tlv_type"
  | "invalid_bool"
  | "invalid_utf8"
  | "length_too_large"
  | "too_many_items"
  | "nesting_too_deep"
  | "key_not_string"
  | "duplicate_key"
  | "unexpected_payload"
  | "payload_not_dict"
  | "missing_field"
  | "wrong_field_type"
  | "invalid_field_value"
  | "int_out_of_range"
  | "invalid_text"
  | "unsupported_type"
  | "unexpected_message"
  | "duplicate_request_id";

/** What each portable code means. */
export const CODE_MEANINGS: Readonly<Record<PortableCode, string>> = {
  bad_magic: "The frame does not begin with the magic bytes.",
  unsupported_version: "The version byte is not one we speak.",
  unknown_message_type: "The type byte names no message.",
  payload_too_large: "The payload exceeds its limit.",
  truncated: "All bytes were promised and some are missing, or a declared size cannot fit.",
  trailing_data: "Bytes remain after the value or frame.",
  unknown_tlv_type: "The type byte names no value type.",
  invalid_bool: "A bool's byte is neither 00 nor 01.",
  invalid_utf8: "A string's bytes are not valid UTF-8.",
  length_too_large: "A bytes or string exceeds its limit.",
  too_many_items: "A list or dict exceeds its limit.",
  nesting_too_deep: "Too many containers are open at once.",
  key_not_string: "A dict key is not a string.",
  duplicate_key: "A dict holds the same key twice.",
  unexpected_payload: "A message without payload carries one.",
  payload_not_dict: "The payload's value is not a dict.",
  missing_field: "A required field is absent.",
  wrong_field_type: "A field's value has another type.",
  invalid_field_value: "A field has its type but an impossible value.",
  int_out_of_range: "No integer type can hold the value.",
  invalid_text: "A text has no UTF-8 form (a lone surrogate).",
  unsupported_type: "The value's type has no TLV form.",
  unexpected_message: "The message is not legal in this state or role.",
  duplicate_request_id: "An exchange with this id is still open.",
};

/** How much dies of a fault. */
export type Scope = "connection" | "exchange";

/** A step to a place in a payload: the key of a dict, or the index of an item. */
export type Step = string | number;

/** What bytes, or what a peer did, are at fault. */
export class ProtocolError extends Error {
  /** The id of the exchange, where one is known. */
  requestId: bigint | undefined;
  /** The first bytes of what is at fault, where they came from a peer. */
  rawData: Uint8Array | undefined;
  /** The place in the payload, as `kwargs.model[3]`; empty for all of it. */
  readonly path: string;

  /**
   * @param code the portable code
   * @param scope how much dies of it
   * @param offset of the byte at fault, from the first byte of the frame or value; none in writing
   * @param location the steps to the place in the payload
   */
  constructor(
    readonly code: PortableCode,
    readonly scope: Scope,
    readonly offset?: number,
    location: readonly Step[] = [],
  ) {
    const path = pathOf(location);
    super(code + (offset === undefined ? "" : ` at byte ${offset}`) + (path && ` in ${path}`));
    this.name = "ProtocolError";
    this.path = path;
  }
}

const MAX_PATH_CHARS = 200;
const MAX_KEY_CHARS = 32;
const ELLIPSIS = "\u2026";
const IDENTIFIER = /^(?:[A-Za-z_][A-Za-z0-9_]*)$/;
const ESCAPES = new Map([
  ['"', '\\"'],
  ["\\", "\\\\"],
  ["\b", "\\b"],
  ["\f", "\\f"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
]);
// Control characters, quotes, backslashes, and halves of surrogate pairs that stand alone.
const ESCAPED =
  /[\u0000-\u001f"\\]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** How a place in a payload is written: names joined by dots, indexes in brackets. */
export function pathOf(location: readonly Step[]): string {
  let path = "";
  for (const step of location) {
    if (typeof step === "number") path += `[${step}]`;
    else if (isPlain(step)) path += path ? `.${step}` : step;
    else path += `["${cut(step, MAX_KEY_CHARS, MAX_KEY_CHARS).replace(ESCAPED, escaped)}"]`;
    if (path.length > 2 * MAX_PATH_CHARS) break;
  }
  return cut(path, MAX_PATH_CHARS, MAX_PATH_CHARS - 1);
}

function isPlain(key: string): boolean {
  return key.length <= MAX_KEY_CHARS && IDENTIFIER.test(key);
}

function escaped(unit: string): string {
  return ESCAPES.get(unit) ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** A text of more characters than `limit`, cut to so many and an ellipsis. */
function cut(text: string, limit: number, kept: number): string {
  // A character is one unit or two; more of a long text than can matter is not looked at.
  const characters = [...text.slice(0, 2 * limit + 2)];
  return characters.length <= limit ? text : characters.slice(0, kept).join("") + ELLIPSIS;
}

/** Facts about a failure, by name. */
export type Details = Map<string, Value>;

/** Any failure; unknown names are read as this one. */
export class DirtyError extends Error {
  /** The name of the error as it travels. */
  static readonly errorType: string = "DirtyError";
  /** Names of the details that it may have. */
  static readonly detailNames: readonly string[] = [];

  /** @param details facts, by name */
  constructor(
    message: string,
    readonly details: Details = new Map(),
  ) {
    super(message);
    this.name = new.target.errorType;
  }

  /** The name of the error as it travels. */
  get errorType(): string {
    return (this.constructor as typeof DirtyError).errorType;
  }
}

/** A deadline passed. */
export class DirtyTimeoutError extends DirtyError {
  static override readonly errorType: string = "DirtyTimeoutError";
  static override readonly detailNames: readonly string[] = [
    "timeout",
    "app_path",
    "action",
    "where",
    "waited",
  ];
}

/** The connection failed, was lost, or is let go of. */
export class DirtyConnectionError extends DirtyError {
  static override readonly errorType: string = "DirtyConnectionError";
  static override readonly detailNames: readonly string[] = ["socket_path", "begun"];
}

/** The worker died, was condemned or refused. */
export class DirtyWorkerError extends DirtyError {
  static override readonly errorType: string = "DirtyWorkerError";
  static override readonly detailNames: readonly string[] = ["worker_id", "traceback"];
}

/** The app raised, or its result cannot be encoded. */
export class DirtyAppError extends DirtyError {
  static override readonly errorType: string = "DirtyAppError";
  static override readonly detailNames: readonly string[] = [
    "app_path",
    "action",
    "traceback",
    "exception_type",
    "exception_bases",
  ];
}

/** No worker serves the app, or ever will. */
export class DirtyNoWorkersAvailableError extends DirtyError {
  static override readonly errorType: string = "DirtyNoWorkersAvailableError";
  static override readonly detailNames: readonly string[] = ["app_path", "reason", "begun"];
}

/** Bytes or state were at fault. */
export class DirtyProtocolError extends DirtyError {
  static override readonly errorType: string = "DirtyProtocolError";
  static override readonly detailNames: readonly string[] = ["code", "offset", "path", "raw_data"];
}

/** A queue is full. */
export class DirtyOverloadedError extends DirtyError {
  static override readonly errorType: string = "DirtyOverloadedError";
  static override readonly detailNames: readonly string[] = ["app_path", "retry_after"];
}

/** The exchange was cancelled. */
export class DirtyCancelledError extends DirtyError {
  static override readonly errorType: string = "DirtyCancelledError";
  static override readonly detailNames: readonly string[] = [];
}

/** The peer may not do this. */
export class DirtyPermissionError extends DirtyError {
  static override readonly errorType: string = "DirtyPermissionError";
  static override readonly detailNames: readonly string[] = [];
}

/** A stash operation failed. */
export class StashError extends DirtyError {
  static override readonly errorType: string = "StashError";
  static override readonly detailNames: readonly string[] = [];
}

/** The app cannot be found. */
export class DirtyAppNotFoundError extends DirtyAppError {
  static override readonly errorType: string = "DirtyAppNotFoundError";
  static override readonly detailNames: readonly string[] = ["app_path", "action", "traceback"];
}

/** The stash table does not exist. */
export class StashTableNotFoundError extends StashError {
  static override readonly errorType: string = "StashTableNotFoundError";
  static override readonly detailNames: readonly string[] = ["table_name"];
}

/** The stash table has no such key. */
export class StashKeyNotFoundError extends StashError {
  static override readonly errorType: string = "StashKeyNotFoundError";
  static override readonly detailNames: readonly string[] = ["table_name", "key"];
}

/** The error types, by name. */
export const ERROR_TYPES: ReadonlyMap<string, typeof DirtyError> = new Map([
  ["DirtyError", DirtyError],
  ["DirtyTimeoutError", DirtyTimeoutError],
  ["DirtyConnectionError", DirtyConnectionError],
  ["DirtyWorkerError", DirtyWorkerError],
  ["DirtyAppError", DirtyAppError],
  ["DirtyAppNotFoundError", DirtyAppNotFoundError],
  ["DirtyNoWorkersAvailableError", DirtyNoWorkersAvailableError],
  ["DirtyProtocolError", DirtyProtocolError],
  ["DirtyOverloadedError", DirtyOverloadedError],
  ["DirtyCancelledError", DirtyCancelledError],
  ["DirtyPermissionError", DirtyPermissionError],
  ["StashError", StashError],
  ["StashTableNotFoundError", StashTableNotFoundError],
  ["StashKeyNotFoundError", StashKeyNotFoundError],
]);

/** The failure that an ERROR tells; one of a type that nobody knows is a DirtyError. */
export function failureOf(errorType: string, message: string, details: Details): DirtyError {
  return new (ERROR_TYPES.get(errorType) ?? DirtyError)(message, details);
}
