"""The Kaitai Struct backend: the layout of frames, values and messages, for the tools that read it.

Rules: a description says where what stands, and what a number must be. What is judged over several
values is not in it: equal keys, sizes beside what is owed, depth, the fields of a payload.
"""

from __future__ import annotations

from . import ir
from .language import Language
from .layout import Number, check_number, text_type
from .template import fill, indented

NUMBERS = {ir.UNSIGNED: "u", ir.SIGNED: "s", ir.FLOAT: "f"}


def files(spec: ir.Spec, package: str) -> dict[str, str]:
    """The description, as one file named after its id."""
    code, _ = text_type(spec)
    text = fill(
        DESCRIPTION,
        package=package,
        version=str(spec.version),
        header=(line for field in spec.header for line in _header_field(field)),
        cases=(f"value_type::{one.name}: {_body_type(one)}" for one in spec.values),
        bodies=(line for one in spec.values for line in _body(one)),
        key_code=str(code),
        types=(f"{one.code}: {one.name}" for one in spec.values),
        messages=(f"{one.code}: {one.name.lower()}" for one in spec.messages),
        operations=(
            line
            for name, members in spec.enumerations
            for line in (f"{name.lower()}:", *(f"  {n}: {known}" for known, n in members))
        ),
    )
    return {f"{package}.ksy": text}


def _number(form: Number, where: str) -> str:
    check_number(form, where, "Kaitai")
    return f"{NUMBERS[form.number]}{form.size}"


def _header_field(field: ir.HeaderField) -> list[str]:
    lines = [f"- id: {field.name}"]
    if isinstance(field.constant, bytes):
        lines.append(f"  contents: [{', '.join(map(str, field.constant))}]")
    elif field.number == ir.RAW:
        lines.append(f"  size: {field.size}")
    else:
        lines.append(f"  type: {_number(field, f'spec.header: field {field.name!r}')}")
    if isinstance(field.constant, int):
        lines.append(f"  valid: {field.constant}")
    elif field.limit is not None:
        lines += ["  valid:", f"    max: {field.limit.value}"]
    elif field.name == "type":
        lines += ["  enum: message", "  valid:", "    in-enum: true"]
    return [*lines, f"  doc: {field.meaning}"]


def _body_type(one: ir.ValueType) -> str:
    """What the body of a value is: a number at once, or a type of its own."""
    if isinstance(one.body, ir.Fixed):
        return _number(one.body, f"spec.tlv: value type '{one.name}'")
    return f"{one.name}_body"


def _body(one: ir.ValueType) -> list[str]:
    where = f"spec.tlv: value type '{one.name}'"
    match one.body:
        case ir.Fixed():
            return []
        case ir.Empty():
            fields = ["seq: []"]
        case ir.Mapped(_, _, choices, _):
            known = ", ".join(str(raw) for raw, _ in choices)
            number = [f"type: {_number(one.body, where)}", "valid:", f"  any-of: [{known}]"]
            fields = ["seq:", "  - id: number", *indented(number, "    ")]
        case ir.Blob(length, text):
            content = ["size: size"] + (["type: str", "encoding: UTF-8"] if text else [])
            fields = [*_size(length, where), "  - id: content", *indented(content, "    ")]
        case ir.Container(count, _, _, key_error):
            item = ["type: pair" if key_error else "type: value", "repeat: expr"]
            item.append("repeat-expr: size")
            name = "pairs" if key_error else "items"
            fields = [*_size(count, where), f"  - id: {name}", *indented(item, "    ")]
    return [f"{one.name}_body:", *indented([f"doc: {one.meaning!r}", *fields], "  ")]


def _size(field: ir.SizeField, where: str) -> list[str]:
    number = [f"type: {_number(field, where)}", "valid:", f"  max: {field.limit.value}"]
    return ["seq:", "  - id: size", *indented(number, "    ")]


DESCRIPTION = """
meta:
  id: «package»
  title: GD/«version», a binary worker protocol
  license: MIT
  endian: be
doc: One direction of a connection, which is frames one after the other.
seq:
  - id: frames
    type: frame
    repeat: eos
types:
  frame:
    seq:
      - id: header
        type: header
      - id: payload
        type: payload
        size: header.length
        if: header.length != 0
  header:
    seq:
      «header»
  payload:
    doc: Nothing follows the value.
    seq:
      - id: value
        type: value
      - id: surplus
        size-eos: true
        valid:
          expr: _.length == 0
  value:
    seq:
      - id: code
        type: u1
        enum: value_type
        valid:
          in-enum: true
      - id: body
        type:
          switch-on: code
          cases:
            «cases»
  pair:
    seq:
      - id: key
        type: key
      - id: value
        type: value
  key:
    seq:
      - id: code
        type: u1
        valid: «key_code»
      - id: text
        type: string_body
  «bodies»
enums:
  value_type:
    «types»
  message:
    «messages»
  «operations»
"""

LANGUAGE = Language(
    name="kaitai",
    title="Kaitai Struct",
    folder="peers/kaitai/gd",
    package="gd",
    comment="# {}",
    formatter=(),
    files=files,
)
