"""Rust as text: what every part of the backend prints with."""

from __future__ import annotations

import json

from .. import ir
from ..errors import CompileError
from ..layout import whole_value
from ..naming import pascal, screaming, snake

Lines = list[str]

WORDS = """abstract as async await become box break const continue do dyn else enum extern false
final fn for gen if impl in let loop macro match mod move mut override priv pub ref return static
struct trait true try type typeof unsafe unsized use virtual where while yield"""
KEYWORDS = frozenset(WORDS.split())
# What stands for the module or the type itself is no name, not even a raw one.
TAKEN = frozenset({"crate", "self", "super"})
WIDTHS = (1, 2, 4, 8)


def name(declared: str) -> str:
    """A field or a variable."""
    plain = snake(declared)
    if plain in TAKEN:
        return f"{plain}_"
    return f"r#{plain}" if plain in KEYWORDS else plain


def code(error: str) -> str:
    """A portable code."""
    return f"Code::{pascal(error)}"


def limit(bound: ir.Limit) -> str:
    return screaming(bound.name)


def doc(meaning: str) -> str:
    """A line of documentation."""
    return f"/// {meaning[:1].upper()}{meaning[1:]}".rstrip(".") + "."


def text(value: str) -> str:
    """A literal of a text."""
    return json.dumps(value, ensure_ascii=False)


def raw(data: bytes) -> str:
    """A literal of bytes."""
    return 'b"' + "".join(_byte(one) for one in data) + '"'


def _byte(one: int) -> str:
    if chr(one) in '"\\':
        return "\\" + chr(one)
    return chr(one) if 0x20 <= one < 0x7F else f"\\x{one:02x}"


def number(form: ir.Fixed | ir.Mapped | ir.SizeField | ir.HeaderField, whose: str) -> str:
    """The type of a number on the wire. Raises CompileError where Rust has none such."""
    letter = {ir.UNSIGNED: "u", ir.SIGNED: "i", ir.FLOAT: "f"}.get(form.number)
    if letter is None or form.size not in WIDTHS or (letter == "f" and form.size < WIDTHS[2]):
        raise CompileError(f"{whose}: Rust has no number of {form.size} bytes, {form.number}")
    return f"{letter}{8 * form.size}"


def integer(spec: ir.Spec) -> str:
    """The type that holds every integer of a value."""
    held = [v for v in spec.values if v.kind == "integer"]
    return "i64" if all(whole_value(v, 8) for v in held) else "i128"


def scope(spec: ir.Spec, stage: str) -> str:
    """What dies of a fault of this stage."""
    return f"Scope::{pascal(next(one.scope for one in spec.stages if one.name == stage))}"


MAX_WIDTH = 100


def listed(opening: str, items: list[str], closing: str, indent: int) -> Lines:
    """Items between signs, as rustfmt breaks them: on one line where they fit, or one a line."""
    pad = " " if opening.endswith("{") else ""
    line = f"{opening}{pad}{', '.join(items)}{pad}{closing}"
    if indent + len(line) <= MAX_WIDTH:
        return [line]
    return [opening, *(f"    {item}," for item in items), closing]


def array(name: str, items: list[str], indent: int) -> Lines:
    """An array with a name: as `listed`, or below the name where it fits there alone."""
    found = listed(f"let {name} = [", items, "];", indent)
    below = f"    [{', '.join(items)}];"
    if len(found) > 1 and indent + len(below) <= MAX_WIDTH:
        return [f"let {name} =", below]
    return found


def arm(pattern: str, made: str, indent: int) -> Lines:
    """An arm of a match."""
    line = f"{pattern} => {made},"
    if indent + len(line) <= MAX_WIDTH:
        return [line]
    return [f"{pattern} => {{", f"    {made}", "}"]


def matching(value: str, patterns: list[str], before: str, after: str, indent: int) -> Lines:
    """Whether a value is one of some patterns."""
    line = f"{before}matches!({value}, {' | '.join(patterns)}){after}"
    if indent + len(line) <= MAX_WIDTH:
        return [line]
    first, *others = patterns
    alternatives = [f"    {first}", *(f"        | {one}" for one in others)]
    return [f"{before}matches!(", f"    {value},", *alternatives, f"){after}"]
