// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
/** The bounds, constants and codes of GD/1. */

/** Payload of one frame, in bytes. Beyond it: `payload_too_large`. */
export const MAX_PAYLOAD_BYTES = 67_108_864;
/** One bytes or string value, in encoded bytes. Beyond it: `length_too_large`. */
export const MAX_BLOB_BYTES = 67_108_864;
/** Items of one list, or pairs of one dict. Beyond it: `too_many_items`. */
export const MAX_ITEMS = 1_048_576;
/** Lists and dicts open at once, the outermost included. Beyond it: `nesting_too_deep`. */
export const MAX_DEPTH = 512;
/** The most bytes that a value alone may take. */
export const MAX_VALUE_BYTES = 67_108_869;
/** Size of the header. */
export const HEADER_BYTES = 16;
/** Version of the protocol. */
export const VERSION = 1;
/** An ERROR with this id that no exchange claims is about the connection. */
export const CONNECTION_REQUEST_ID = 0n;
/** Codes of messages that are extensions, first and last. */
export const EXTENSION_CODES = [0x80, 0xef] as const;
/** How much of what is at fault a report of it may show. */
export const RAW_DATA_BYTES = 100;

/** Codes of the messages, by their names. */
export const MESSAGE_CODES = {
  /** Call an action of an app. */
  REQUEST: 0x01,
  /** The result of an exchange. */
  RESPONSE: 0x02,
  /** The failure of an exchange, or with id 0 of the connection. */
  ERROR: 0x03,
  /** A piece of a stream. */
  CHUNK: 0x04,
  /** The end of a stream. */
  END: 0x05,
  /** An operation on the arbiter's shared tables. */
  STASH: 0x10,
  /** Ask for the state of the arbiter or worker. */
  STATUS: 0x11,
  /** Change the workers, or look at what they do. */
  MANAGE: 0x12,
  /** Give up an open exchange. */
  CANCEL: 0x80,
  /** Ask for no CHUNKs of an exchange for now. */
  PAUSE: 0x81,
  /** Ask for the CHUNKs of an exchange again. */
  RESUME: 0x82,
} as const;
export type MessageType = keyof typeof MESSAGE_CODES;

/** The extension to which a message belongs. */
export const EXTENSIONS = {
  CANCEL: "cancel",
  PAUSE: "flow",
  RESUME: "flow",
} as const;

/** The two ends of an exchange. */
export type Side = "opener" | "answerer";

/** Values of an operation: StashOp. */
export const StashOp = {
  put: 1n,
  get: 2n,
  delete: 3n,
  keys: 4n,
  clear: 5n,
  info: 6n,
  ensure: 7n,
  delete_table: 8n,
  tables: 9n,
  exists: 10n,
  put_if_absent: 11n,
  pop: 12n,
  incr: 13n,
  touch: 14n,
  ttl: 15n,
  entry: 16n,
  swap: 17n,
  get_many: 18n,
  put_many: 19n,
  page: 20n,
  push_left: 21n,
  push_right: 22n,
  pop_left: 23n,
  pop_right: 24n,
  length: 25n,
  changes: 26n,
} as const;
export type StashOp = (typeof StashOp)[keyof typeof StashOp];

/** Values of an operation: ManageOp. */
export const ManageOp = {
  add: 1n,
  remove: 2n,
  reload: 3n,
  set: 4n,
  calls: 5n,
  stacks: 6n,
  kill: 7n,
  recycle: 8n,
} as const;
export type ManageOp = (typeof ManageOp)[keyof typeof ManageOp];
