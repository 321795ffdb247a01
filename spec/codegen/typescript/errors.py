"""`errors`: portable codes with scope, offset and path, and the error types that travel."""

from __future__ import annotations

from functools import partial

from .. import ir
from ..template import fill
from .printing import Lines, doc, listed, quoted, sentence, union

NAME = "errors"

HEAD = r"""
/** What goes wrong: faults of bytes and of peers, and failures that are told to callers. */

import type { Value } from "./values.js";

«codes»

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

const MAX_PATH_CHARS = «max_path»;
const MAX_KEY_CHARS = «max_key»;
const ELLIPSIS = «ellipsis»;
const IDENTIFIER = /^(?:«identifier»)$/;
const ESCAPES = new Map([
  «escapes»
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
"""

FIRST = """

«doc»
export class «name» extends «parent» {
  /** The name of the error as it travels. */
  static readonly errorType: string = "«name»";
  /** Names of the details that it may have. */
  static readonly detailNames: readonly string[] = [«details»];

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
    return (this.constructor as typeof «name»).errorType;
  }
}
"""

NEXT = """

«doc»
export class «name» extends «parent» {
  static override readonly errorType: string = "«name»";
  «details»
}
"""

TAIL = """

/** The error types, by name. */
export const ERROR_TYPES: ReadonlyMap<string, typeof «first»> = new Map([
  «rows»
]);

/** The failure that an ERROR tells; one of a type that nobody knows is a «first». */
export function failureOf(errorType: string, message: string, details: Details): «first» {
  return new (ERROR_TYPES.get(errorType) ?? «first»)(message, details);
}
"""


def text(spec: ir.Spec) -> str:
    paths = spec.paths
    head = fill(
        HEAD,
        codes=_codes(spec),
        max_path=str(paths.max_path_chars),
        max_key=str(paths.max_key_chars),
        ellipsis=f'"\\u{ord(paths.ellipsis):04x}"',
        identifier=paths.identifier,
        escapes=[f"[{quoted(raw)}, {quoted(out)}]," for raw, out in paths.escapes],
    )
    first = next(one.name for one in spec.error_types if not one.parent)
    classes = [_class(one, first) for one in sorted(spec.error_types, key=partial(_depth, spec))]
    rows = [f'["{one.name}", {one.name}],' for one in spec.error_types]
    return head.lstrip("\n") + "".join(classes) + fill(TAIL, first=first, rows=rows)


def _depth(spec: ir.Spec, one: ir.ErrorType) -> int:
    """How many error types it specialises: those have to stand before it."""
    parents = {other.name: other for other in spec.error_types}
    return 1 + _depth(spec, parents[one.parent]) if one.parent else 0


def _codes(spec: ir.Spec) -> Lines:
    return [
        *doc("What is wrong, in a word that is the same in every language."),
        *union("PortableCode", [quoted(code.name) for code in spec.error_codes]),
        "",
        *doc("What each portable code means."),
        "export const CODE_MEANINGS: Readonly<Record<PortableCode, string>> = {",
        *(line for code in spec.error_codes for line in _meaning(code)),
        "};",
    ]


def _meaning(code: ir.ErrorCode) -> Lines:
    line = f"  {code.name}: {quoted(code.meaning)},"
    return [line] if len(line) <= 100 else [f"  {code.name}:", f"    {quoted(code.meaning)},"]


def _class(one: ir.ErrorType, first: str) -> str:
    names = [quoted(name) for name in one.details]
    if one.name == first:
        return fill(
            FIRST, doc=doc(sentence(one.meaning)), name=one.name, parent="Error",
            details=", ".join(names),
        )  # fmt: skip
    details = listed(
        "static override readonly detailNames: readonly string[] = [", names, "];", "  "
    )
    return fill(
        NEXT, doc=doc(sentence(one.meaning)), name=one.name, parent=one.parent or first,
        details=[line[2:] for line in details],
    )  # fmt: skip
