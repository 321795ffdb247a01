"""Whether the backends can carry a declaration: a wrong codec must not come of it.

Rules: every complaint is one line that begins with the module and the name of what is declared.
What is forbidden here is no rule of the protocol: the codecs could be taught it.
"""

from __future__ import annotations

import keyword
import math
from collections.abc import Iterable, Iterator
from itertools import combinations

from . import ir
from .errors import CompileError

# The header's fields, in their order: whether each is raw, and its size where it must have one.
HEADER = {
    "magic": (ir.RAW, None),
    "version": (ir.UNSIGNED, None),
    "type": (ir.UNSIGNED, 1),
    "length": (ir.UNSIGNED, None),
    "request_id": (ir.UNSIGNED, 8),
}
CONSTANT = ("magic", "version")
# Bounds that the codecs know by name.
LIMITS = ("max_payload_bytes", "max_blob_bytes", "max_items", "max_depth")
# Messages that they know by name, and classes that are none.
MESSAGES = ("REQUEST", "ERROR", "CHUNK")
OTHER_CLASSES = ("MESSAGE", "HEADER", "CONNECTION")
# States that they know by name; the first one is that of no exchange.
FIRST_STATE, GIVEN_UP = "idle", "abandoned"
# What the printed code calls things of its own, and words of C.
OWN_NAMES = frozenset([
    "self", "cls", "out", "source", "pos", "root", "start", "field", "request_id", "payload",
    "CODE", "to_bytes", "w", "overflow", "number", "classes", "type", "tuple", "len", "isinstance",
    "isfinite", "str", "list", "dict", "bytes",
])  # fmt: skip
C_WORDS = frozenset([
    "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else",
    "enum", "extern", "float", "for", "goto", "if", "inline", "int", "long", "register",
    "restrict", "return", "short", "signed", "sizeof", "static", "struct", "switch", "typedef",
    "union", "unsigned", "void", "volatile", "while",
])  # fmt: skip
# What a body of each kind is.
BODIES: dict[str, tuple[type, str]] = {
    "none": (ir.Empty, "Pass"),
    "bool": (ir.Mapped, "OneOf of one byte"),
    "integer": (ir.Fixed, "a number"),
    "float": (ir.Fixed, "a float"),
    "bytes": (ir.Blob, "Sized"),
    "string": (ir.Blob, "Utf8(Sized)"),
    "list": (ir.Container, "Items"),
    "dict": (ir.Container, "Pairs"),
}


def check(spec: ir.Spec) -> None:
    """Raise CompileError for the first thing that cannot be carried."""
    for complaint in complaints(spec):
        raise CompileError(complaint)


def complaints(spec: ir.Spec) -> Iterator[str]:
    """What cannot be carried, a line each."""
    yield from _limits(spec)
    yield from _header(spec)
    yield from _values(spec)
    yield from _messages(spec)
    yield from _codes(spec)
    yield from _exchanges(spec)
    yield from _error_types(spec)


# --- limits ---


def _limits(spec: ir.Spec) -> Iterator[str]:
    names = [limit.name for limit in spec.limits]
    yield from (f"spec.limits: the codecs need {name}" for name in LIMITS if name not in names)
    used = {limit.name for limit in _used_limits(spec)}
    for name in names:
        if name not in used:
            yield f"spec.limits: {name} bounds nothing: give it to a Limit"
    for name in sorted(used - set(names)):
        yield f"spec.limits: {name} is in use and not among LIMITS"


def _used_limits(spec: ir.Spec) -> Iterator[ir.Limit]:
    yield from (field.limit for field in spec.header if field.limit)
    for value in spec.values:
        if isinstance(value.body, ir.Blob):
            yield value.body.length.limit
        elif isinstance(value.body, ir.Container):
            yield from (value.body.count.limit, value.body.depth)


# --- the header ---


def _header(spec: ir.Spec) -> Iterator[str]:
    for field in spec.header:
        where = f"spec.header: field '{field.name}'"
        if field.name not in HEADER:
            yield f"{where}: the codecs have no such field, only {', '.join(HEADER)}"
            continue
        number, size = HEADER[field.name]
        if field.number != number or size not in (None, field.size):
            wanted = "raw bytes" if number == ir.RAW else "an unsigned number"
            yield f"{where}: it must be {wanted}" + (f" of {size} bytes" if size else "")
        if (field.constant is not None) != (field.name in CONSTANT):
            yield f"{where}: it must {'be' if field.name in CONSTANT else 'not be'} constant"
    if tuple(field.name for field in spec.header) != tuple(HEADER):
        yield f"spec.header: the fields must be {', '.join(HEADER)}, in this order"
    elif spec.header_field("length").limit is None:
        yield "spec.header: field 'length': it needs a Limit"


# --- values ---


def _values(spec: ir.Spec) -> Iterator[str]:
    for value in spec.values:
        where = f"spec.tlv: value type '{value.name}'"
        if not value.name.isidentifier() or not 0 <= value.code < 256:
            yield f"{where}: it needs a plain name, and a code of one byte"
        yield from (f"{where}: {what}" for what in _body(value))
    for kind, (_, form) in BODIES.items():
        alike = [value for value in spec.values if value.kind == kind]
        if not alike:
            yield f"spec.tlv: no value type holds {kind}s: one must, as {form}"
        for one, other in combinations(alike, 2):
            if not _apart(one, other):
                what = "the same integers" if kind == "integer" else f"values of kind {kind}"
                yield (
                    f"spec.tlv: value type '{other.name}': '{one.name}' holds {what} already, and "
                    "an encoder could not choose"
                )
    yield from _names("spec.tlv: value type", (value.name for value in spec.values))


def _apart(one: ir.ValueType, other: ir.ValueType) -> bool:
    """Whether no value has both types."""
    bounds = (one.minimum, one.maximum, other.minimum, other.maximum)
    if None in bounds:
        return False
    low, high, other_low, other_high = bounds
    return high < other_low or other_high < low  # type: ignore[operator]


def _body(value: ir.ValueType) -> Iterator[str]:
    body, (form, wanted) = value.body, BODIES[value.kind]
    is_text = isinstance(body, ir.Blob) and body.text
    is_dict = isinstance(body, ir.Container) and bool(body.key_error)
    if not isinstance(body, form):
        yield f"the compiler has no codec for this form of a {value.kind}: it must be {wanted}"
    elif is_text != (value.kind == "string") or is_dict != (value.kind == "dict"):
        yield f"the body of a {value.kind} must be {wanted}"
    elif isinstance(body, ir.Fixed):
        yield from _number(value, body)
    elif isinstance(body, ir.Mapped):
        if body.size != 1 or {repr(held) for _, held in body.choices} != {"False", "True"}:
            yield "a bool is one byte, with one number for each of false and true"
    elif isinstance(body, ir.Blob):
        yield from _size(body.length)
    elif isinstance(body, ir.Container):
        yield from _size(body.count)
        if body.depth.name != "max_depth":
            yield "all lists and dicts share max_depth"


def _number(value: ir.ValueType, body: ir.Fixed) -> Iterator[str]:
    if (body.number == ir.FLOAT) != (value.kind == "float"):
        yield f"a {body.number} number holds no {value.kind}"
    elif value.kind == "float" and body.size != 8:
        yield "a float takes 8 bytes: fewer could not hold every one"
    elif value.kind == "integer":
        bits = 8 * body.size
        low, high = (
            (0, 2**bits) if body.number == ir.UNSIGNED else (-(2 ** (bits - 1)), 2 ** (bits - 1))
        )
        if value.minimum is None or value.maximum is None:
            yield "integers need a smallest and a largest one"
        elif not low <= value.minimum <= value.maximum < high:
            yield f"its {body.size} bytes do not hold {value.minimum} to {value.maximum}"


def _size(field: ir.SizeField) -> Iterator[str]:
    if field.number != ir.UNSIGNED:
        yield "a size has no sign"
    elif field.limit.value >= 256**field.size:
        yield f"{field.size} bytes cannot hold a size of {field.limit.name}"


# --- messages ---


def _messages(spec: ir.Spec) -> Iterator[str]:
    where = "spec.messages"
    yield from _names(where, (message.name for message in spec.messages))
    yield from _names(f"{where}: code", (f"{message.code:#04x}" for message in spec.messages))
    first, last = spec.extension_codes
    for message in spec.messages:
        if message.name in OTHER_CLASSES:
            yield f"{where}: {message.name}: the codecs need this name for something else"
        if not message.name.isidentifier() or not 0 <= message.code < 256:
            yield f"{where}: {message.name}: it needs a plain name, and a code of one byte"
        if (first <= message.code <= last) != bool(message.extension):
            yield f"{where}: {message.name}: codes from {first:#04x} to {last:#04x} are extensions'"
        if message.fields is not None:
            yield from (f"{where}: {message.name}: {what}" for what in _payload(message.fields))
    names = {message.name for message in spec.messages}
    yield from (f"{where}: the codecs need {name}" for name in MESSAGES if name not in names)


def _payload(fields: tuple[ir.Field, ...]) -> Iterator[str]:
    if not fields:
        yield "a payload needs a field; without one it is None"
    yield from _names("field", (field.name for field in _every(fields)))
    for field in _every(fields):
        yield from (f"field '{field.name}': {what}" for what in _field(field))


def _every(fields: Iterable[ir.Field]) -> Iterator[ir.Field]:
    for field in fields:
        yield field
        yield from _every(field.fields)


def _field(field: ir.Field) -> Iterator[str]:
    name, types = field.name, set(field.types)
    if not name.isidentifier() or not name.isascii():
        yield "a name is made of letters, digits and underscores"
    if keyword.iskeyword(name) or name in OWN_NAMES | C_WORDS:
        yield "the codecs need this name for something else"
    if "none" in types:
        yield "a value of none is an absent one: let the field be optional"
    numeric = types and types <= {"integer", "float"}
    bounds = {field.minimum, field.maximum} - {None}
    if (bounds or field.finite) and not numeric:
        yield "only numbers have bounds: its types must be integers or floats"
    if field.choices and types != {"integer"}:
        yield "only integers have choices: its type must be int"
    if field.scalar and types:
        yield "only a field of any type can be scalar"
    if field.fields and (types != {"dict"} or not field.required):
        yield "what has fields of its own must be a required dict"
    yield from _default(field)


def _default(field: ir.Field) -> Iterator[str]:
    default = field.default
    if field.required and default is not None:
        yield "a required field has no default"
    if field.required or default is None:
        return
    kinds = {bool: "bool", int: "integer", float: "float", bytes: "bytes", str: "string"}
    kind = {tuple: "list", dict: "dict", **kinds}.get(type(default), "")
    if (field.types and kind not in field.types) or not kind:
        yield f"the default {default!r} is of another type"
    elif kind == "bytes":
        yield f"the default {default!r}: spec.json holds no bytes"
    elif kind in ("list", "dict") and default:
        yield f"the default {default!r}: lists and dicts are empty, () or {{}}"
    elif not _permits(field, default):
        yield f"the default {default!r} is impossible"


def _permits(field: ir.Field, default: object) -> bool:
    if isinstance(default, int | float):
        if field.minimum is not None and default < field.minimum:
            return False
        if field.maximum is not None and default > field.maximum:
            return False
        if field.finite and not math.isfinite(default):
            return False
    return not field.choices or default in {number for _, number in field.choices}


# --- codes ---


def _codes(spec: ir.Spec) -> Iterator[str]:
    known = {code.name: {phase for phase, _ in code.scopes} for code in spec.error_codes}
    yield from _names("spec.errors: code", (code.name for code in spec.error_codes))
    for where, code, phase in _told(spec):
        if code not in known:
            yield f"{where}: '{code}' is none of the codes of spec.errors"
        elif phase not in known[code]:
            yield f"{where}: '{code}' has no check in the stages of {phase} of spec.judging"
    for name, phases in known.items():
        if not phases:
            yield f"spec.errors: code '{name}' is found nowhere: it needs a check in spec.judging"
    offsets, places = dict(spec.offsets), dict(spec.places)
    for stage in spec.stages:
        if stage.checks and not stage.scope:
            yield f"spec.judging: {stage.name}: SCOPE_OF_PHASE has no phase {stage.phase}"
        for one in stage.checks:
            if one.offset not in offsets or one.path not in places:
                yield f"spec.judging: {stage.name}: '{one.code}' has no such offset or path"


def _told(spec: ir.Spec) -> Iterator[tuple[str, str, str]]:
    """What tells a code: where it stands, the code, and the phase in which it is found."""
    for stage in spec.stages:
        yield from ((f"spec.judging: {stage.name}", c.code, stage.phase) for c in stage.checks)
    for field in spec.header:
        if field.error:
            yield f"spec.header: field '{field.name}'", field.error, "header"
    yield "spec.tlv", spec.value_error, "payload"
    for value in spec.values:
        where = f"spec.tlv: value type '{value.name}'"
        for code in _codes_of(value.body):
            yield where, code, "payload"
    for row in (*spec.transitions, spec.not_opened):
        if row.scope:
            yield f"spec.exchanges: {row.state}, {row.message}", row.outcome, "state"


def _codes_of(body: ir.Body) -> Iterator[str]:
    match body:
        case ir.Mapped(error=error):
            yield error
        case ir.Blob(length):
            yield length.limit.error
        case ir.Container(count, depth, _, key_error):
            yield from (count.limit.error, depth.error)
            if key_error:
                yield key_error


# --- exchanges ---


def _exchanges(spec: ir.Spec) -> Iterator[str]:
    states = [name for name, _ in spec.states]
    messages = {message.name for message in spec.messages}
    if states[:1] != [FIRST_STATE] or GIVEN_UP not in states:
        yield f"spec.exchanges: the first state must be {FIRST_STATE}, and one {GIVEN_UP}"
    for row in (*spec.transitions, spec.notice):
        where = f"spec.exchanges: {row.state}, {row.sender}, {row.message}"
        if not {row.state, row.next} <= set(states):
            yield f"{where}: no such state"
        if row.message not in messages:
            yield f"{where}: no such message"
        if bool(row.scope) == (row.outcome in ("deliver", "discard")):
            yield f"{where}: what is refused has a scope, and nothing else has"
    roles = {role.name for role in spec.roles}
    for role in spec.roles:
        where = f"spec.exchanges: role '{role.name}'"
        if role.peer not in roles:
            yield f"{where}: no role is called {role.peer}"
        yield from (f"{where}: no message {name}" for name in role.opens if name not in messages)


def _error_types(spec: ir.Spec) -> Iterator[str]:
    names = [one.name for one in spec.error_types]
    yield from _names("spec.errors: error type", names)
    for one in spec.error_types:
        if one.parent and one.parent not in names:
            yield f"spec.errors: error type '{one.name}': no error type is called {one.parent}"
    typed = [f.name for form in spec.forms if form.name == ir.ERROR_DETAILS for f in form.fields]
    given = {name: one.name for one in spec.error_types for name in one.details}
    for name, error_type in given.items():
        if name not in typed:
            yield f"spec.errors: error type '{error_type}': {ir.ERROR_DETAILS} has no detail {name}"
    for name in typed:
        if name not in given:
            yield f"spec.answers: {ir.ERROR_DETAILS}: no error type has the detail '{name}'"


def _names(where: str, names: Iterable[str]) -> Iterator[str]:
    """A complaint for each name that is given twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            yield f"{where} {name}: it is declared twice"
        seen.add(name)
