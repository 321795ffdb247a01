"""`messages`: each message a class of its own, read and written as one whole frame."""

from __future__ import annotations

from collections.abc import Callable

from .. import ir
from ..layout import leaves, leaves_default_out, may_be_absent
from ..naming import screaming
from ..template import fill, indented
from .printing import (
    COLUMNS,
    TESTS,
    TYPES,
    Lines,
    attribute,
    bigint,
    doc,
    message_class,
    quoted,
    sentence,
    union,
)

NAME = "messages"

HEAD = """
/** The messages of GD/1: one whole frame each. */

import { ProtocolError } from "./errors.js";
import { checkPresence, checkRequestId, readHeader, writeHeader, type Header } from "./header.js";
import { HEADER_BYTES, «limit»«enumerations» } from "./limits.js";
import { offsetOf, Reader, written, type Options, type Value, type Writer } from "./values.js";

«union»

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
    «parsers»
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
  if (length > «limit») throw new ProtocolError("payload_too_large", "exchange");
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
"""

CLASS = """

«doc»
export class «name» {
  readonly type = «type»;
  «members»

  «constructor»
    «assigned»
  }

  static read(requestId: bigint, frame: Uint8Array, options: Options): «name» {
    const fields = Fields.of(frame, options);
    «read»
    «made»
  }

  /** Writes the payload, its fields judged. */
  writePayload(writer: Writer): void {
    «write»
  }
}
"""

BARE = """

«doc»
export class «name» {
  readonly type = «type»;
  readonly requestId: bigint;

  constructor(init: { requestId: bigint }) {
    this.requestId = init.requestId;
  }

  /** It has none. */
  writePayload(): void {}
}
"""

TAIL = """

/** The classes of the messages, by type. */
export const MESSAGES = {
  «rows»
} as const;
"""


def text(spec: ir.Spec) -> str:
    limit = next(f.limit for f in spec.header if f.name == "length")
    assert limit is not None
    choices = {members: name for name, members in spec.enumerations}
    used = [f for m in spec.messages for f in leaves(m.fields or ()) if f.choices]
    named = sorted({choices[f.choices] for f in used if f.choices in choices})
    head = fill(
        HEAD,
        limit=screaming(limit.name),
        enumerations="".join(f", type {name}" for name in named),
        union=[
            "/** Any message. */",
            *union("Message", [message_class(m.name) for m in spec.messages]),
        ],
        parsers=[line for message in spec.messages for line in _parser(message)],
    )
    tail = fill(TAIL, rows=[f"{m.name}: {message_class(m.name)}," for m in spec.messages])
    return head.lstrip("\n") + "".join(_class(m, spec) for m in spec.messages) + tail


def _parser(message: ir.Message) -> Lines:
    name = message_class(message.name)
    made = f"new {name}({{ requestId }})"
    if message.fields is not None:
        made = f"{name}.read(requestId, frame, options)"
    return [f"case {quoted(message.name)}:", f"  return {made};"]


def _class(message: ir.Message, spec: ir.Spec) -> str:
    name, what = message_class(message.name), doc(sentence(message.meaning))
    if message.fields is None:
        return fill(BARE, doc=what, name=name, type=quoted(message.name))
    held = leaves(message.fields)
    by_name = {field.name: field for field in held}
    ordered = [by_name[one] for one in message.arguments] if message.arguments else held
    return fill(
        CLASS,
        doc=what,
        name=name,
        type=quoted(message.name),
        members=[
            "readonly requestId: bigint;",
            *(
                line
                for field in ordered
                for line in (
                    *doc(_meaning(field)),
                    f"readonly {attribute(field)}: {_type(field, spec)};",
                )
            ),
        ],
        constructor=_constructor(
            [
                "requestId: bigint",
                *(f"{attribute(f)}{_optional(f)}: {_type(f, spec)}" for f in ordered),
            ]
        ),
        assigned=["this.requestId = init.requestId;", *(_assigned(field) for field in ordered)],
        read=[line for field in message.fields for line in _read(field, spec, "fields")],
        made=_made(name, ["requestId", *(attribute(field) for field in ordered)]),
        write=_write_fields(message.fields, spec, ()),
    )


def _constructor(init: list[str]) -> Lines:
    line = f"constructor(init: {{ {'; '.join(init)} }}) {{"
    if len(line) + 2 <= COLUMNS:
        return [line]
    return ["constructor(init: {", *(f"  {one};" for one in init), "}) {"]


def _made(name: str, names: list[str]) -> Lines:
    line = f"return new {name}({{ {', '.join(names)} }});"
    if len(line) + 4 <= COLUMNS:
        return [line]
    return [f"return new {name}({{", *(f"  {one}," for one in names), "});"]


def _meaning(field: ir.Field) -> str:
    notes = [f"{key} is {value}" for key, value in field.choices]
    return sentence(field.meaning) + (f" {', '.join(notes)}." if notes else "")


# --- types ---


def _type(field: ir.Field, spec: ir.Spec) -> str:
    if not field.types:
        return "Value"
    for name, members in spec.enumerations:
        if field.choices == members:
            return name
    types = [TYPES[kind] for kind in field.types]
    return " | ".join(types + (["null"] if _may_be_null(field) else []))


def _may_be_null(field: ir.Field) -> bool:
    return not field.required and field.default is None


def _optional(field: ir.Field) -> str:
    return "" if field.required else "?"


def _assigned(field: ir.Field) -> str:
    name = attribute(field)
    otherwise = "" if field.required else f" ?? {_default(field)}"
    return f"this.{name} = init.{name}{otherwise};"


def _default(field: ir.Field) -> str:
    match field.default:
        case None:
            return "null"
        case bool():
            return str(field.default).lower()
        case int():
            return bigint(field.default)
        case float():
            return repr(field.default)
        case bytes():
            return f"new Uint8Array({list(field.default)})"
        case str():
            return quoted(field.default)
        case tuple():
            return "[]"
    return "new Map()"


def _wrong_type(field: ir.Field, value: str) -> str:
    """An expression: whether the value is of none of the field's types."""
    return " && ".join(_not(TESTS[kind].format(value)) for kind in field.types)


def _not(test: str) -> str:
    if " === " in test:
        return test.replace(" === ", " !== ")
    return f"!({test})" if " " in test else f"!{test}"


def _impossible(field: ir.Field, value: str) -> str:
    """An expression: whether a value of the right type is an impossible one; empty for never."""
    tests = []
    if field.finite and "float" in field.types:
        tests.append(f'(typeof {value} === "number" && !Number.isFinite({value}))')
    bound = "{}n" if field.types == ("integer",) else "{}"
    if field.minimum is not None:
        tests.append(f"{value} < {bound.format(field.minimum)}")
    if field.maximum is not None:
        tests.append(f"{value} > {bound.format(field.maximum)}")
    if field.choices:
        codes = [code for _, code in field.choices]
        low, high = min(codes), max(codes)
        if len(codes) == high - low + 1:
            tests += [f"{value} < {bigint(low)}", f"{value} > {bigint(high)}"]
        else:
            tests.append(f"![{', '.join(map(bigint, codes))}].includes({value})")
    if field.scalar:
        tests.append(f"!isScalar({value})")
    if len(tests) == 1:
        return (
            tests[0].removeprefix("(").removesuffix(")") if tests[0].startswith("(") else tests[0]
        )
    return " || ".join(tests)


# --- reading ---


def _read(field: ir.Field, spec: ir.Spec, around: str) -> Lines:
    name, key = attribute(field), quoted(field.name)
    taken = f"{around}.{'required' if field.required else 'optional'}({key})"
    if "integer" in field.types:
        taken = f"{around}.exact({key}, {taken})"
    checks = _checks(field, name, lambda code: f"{around}.fault({code}, {key})")
    if field.required or not checks:
        lines = [f"const {name} = {taken};", *checks]
    elif field.default is None:
        lines = [
            f"const {name} = {taken};",
            f"if ({name} !== null) {{",
            *indented(checks, "  "),
            "}",
        ]
    else:
        lines = [f"const {name} = {taken} ?? {_default(field)};", *checks]
    if not field.fields:
        cast = _cast(field, spec)
        if cast:
            lines[0] = lines[0].removesuffix(";") + f" as {cast};"
        return lines
    inner = f"in{name[:1].upper()}{name[1:]}"
    lines.append(f"const {inner} = {around}.inside({key}, {name});")
    return lines + [line for f in field.fields for line in _read(f, spec, inner)]


def _cast(field: ir.Field, spec: ir.Spec) -> str:
    return _type(field, spec) if field.choices else ""


def _checks(field: ir.Field, value: str, fault: Callable[[str], str]) -> Lines:
    lines: Lines = []
    if field.types:
        lines += _refuse(_wrong_type(field, value), fault('"wrong_field_type"'))
    impossible = _impossible(field, value)
    if impossible:
        lines += _refuse(impossible, fault('"invalid_field_value"'))
    return lines


def _refuse(test: str, fault: str) -> Lines:
    line = f"if ({test}) throw {fault};"
    return [line] if len(line) + 6 <= COLUMNS else [f"if ({test}) {{", f"  throw {fault};", "}"]


# --- writing ---


def _write_fields(fields: tuple[ir.Field, ...], spec: ir.Spec, path: tuple[str, ...]) -> Lines:
    """Judges all fields, then writes them."""
    named = ", ".join(attribute(f) for f in leaves(fields))
    judged = [line for f in fields for line in _judge(f, path)]
    return [f"const {{ {named} }} = this;", *judged, *_write_dict(fields, spec)]


def _judge(field: ir.Field, path: tuple[str, ...]) -> Lines:
    if field.fields:
        return [line for f in field.fields for line in _judge(f, (*path, field.name))]
    names = ", ".join(quoted(name) for name in (*path, field.name))
    checks = _checks(field, attribute(field), lambda code: f"refusal({code}, {names})")
    if checks and _may_be_null(field):
        return _unless_null(attribute(field), checks)
    return checks


def _unless_null(name: str, checks: Lines) -> Lines:
    return [f"if ({name} !== null) {{", *indented(checks, "  "), "}"]


def _write_dict(fields: tuple[ir.Field, ...], spec: ir.Spec) -> Lines:
    absent = [f for f in fields if may_be_absent(f)]
    always = str(len(fields) - len(absent))
    if len(absent) > 1:
        lines = [f"let $count = {always};", *(f"if ({_given(f)}) $count++;" for f in absent)]
        count = "$count"
    else:
        lines = []
        count = f"{_given(absent[0])} ? {len(fields)} : {always}" if absent else always
    lines.append(f"writer.open({count});")
    for field in fields:
        lines += _write_field(field, spec)
    return [*lines, "writer.close();"]


def _write_field(field: ir.Field, spec: ir.Spec) -> Lines:
    lines = [f"writer.key({quoted(field.name)});"]
    if field.fields:
        return [*lines, *_write_dict(field.fields, spec)]
    lines.append(f"writer.value({attribute(field)});")
    if may_be_absent(field):
        return [f"if ({_given(field)}) {{", *indented(lines, "  "), "}"]
    return lines


def _given(field: ir.Field) -> str:
    """An expression: whether the field is to be written."""
    otherwise = _default(field) if leaves_default_out(field) else "null"
    return f"{attribute(field)} !== {otherwise}"
