"""messages.rs: each message as a type, and its payload's fields judged in reading and writing."""

from __future__ import annotations

from collections.abc import Iterator

from .. import ir
from ..errors import CompileError
from ..layout import dict_head, key_bytes, leaves, leaves_default_out
from ..naming import pascal, snake
from ..template import fill, indented
from .printing import (
    Lines,
    array,
    code,
    doc,
    integer,
    limit,
    listed,
    matching,
    name,
    raw,
    scope,
    text,
)

TEMPLATE = """
//! Messages, and the frames that carry them.
//!
//! A field of several kinds, or of any, is a `Value`; where it is optional, none stands for its
//! absence. Keys that are no fields are ignored.

use super::errors::{Code, Fault, Found, Scope};
use super::header::{Header, MessageType};
use super::limits::{HEADER_BYTES, «limit»};
use super::values::{self, Dict, Reader, Value, Written};

«enumerations»

«structs»

/// Any message.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    «variants»
}

impl Message {
    /// What it is.
    pub fn message_type(&self) -> MessageType {
        match self {
            «types»
        }
    }

    /// The exchange that it belongs to.
    pub fn request_id(&self) -> u64 {
        match self {
            «request_ids»
        }
    }

    /// The fields by name, those inside of a field in its place. One that is absent is none.
    pub fn fields(&self) -> Vec<(&'static str, Value)> {
        match self {
            «field_arms»
        }
    }

    /// The message of a type, made of its fields by name; those that are none, or not there, are
    /// absent.
    ///
    /// # Errors
    ///
    /// A field is missing, of a wrong type, or has an impossible value.
    pub fn from_fields(message: MessageType, request_id: u64, fields: Dict) -> Result<Self, Fault> {
        let message = match message {
            «from_arms»
        };
        message.map_err(|fault| fault.of(request_id))
    }

    /// The message as one frame.
    ///
    /// # Errors
    ///
    /// A field has an impossible value, a value has no encoding, or the payload is too large.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Fault> {
        let mut out = Vec::with_capacity(SMALL_BYTES);
        self.write(&mut out)?;
        Ok(out)
    }

    /// Writes the message as one frame behind what `out` holds.
    ///
    /// # Errors
    ///
    /// As `to_bytes`; nothing has been written then.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), Fault> {
        let start = out.len();
        let came = self.write_frame(out, start);
        if came.is_err() {
            out.truncate(start);
        }
        came
    }

    fn write_frame(&self, out: &mut Vec<u8>, start: usize) -> Result<(), Fault> {
        let message = self.message_type();
        let request_id = self.request_id();
        out.extend_from_slice(&[0; HEADER_BYTES]);
        let written = match self {
            «writes»
        };
        written.map_err(|found| found.into_fault(«write_scope»).of(request_id))?;
        let length = out.len() - start - HEADER_BYTES;
        if length > «limit» {
            return Err(Fault::new(«too_large», «write_scope», None).of(request_id));
        }
        let header = Header { message, length, request_id };
        out[start..start + HEADER_BYTES].copy_from_slice(&header.to_bytes());
        Ok(())
    }
}

/// Most frames are smaller.
const SMALL_BYTES: usize = 256;

«conversions»

/// The message of one whole frame.
///
/// # Errors
///
/// The first fault of the frame.
pub fn parse(frame: &[u8]) -> Result<Message, Fault> {
    let truncated = Fault::new(«truncated», «delimiting_scope», Some(frame.len()));
    let Some(header) = frame.first_chunk::<HEADER_BYTES>() else {
        return Err(truncated);
    };
    let header = Header::read(header)?;
    header.check_presence()?;
    let end = HEADER_BYTES + header.length;
    if frame.len() < end {
        return Err(truncated.of(header.request_id));
    }
    if frame.len() > end {
        let trailing = Fault::new(«trailing», «surplus_scope», Some(end));
        return Err(trailing.of(header.request_id));
    }
    parse_payload(&header, frame)
}

/// The message of a whole frame whose header has been judged.
///
/// # Errors
///
/// The first fault of the payload.
pub fn parse_payload(header: &Header, frame: &[u8]) -> Result<Message, Fault> {
    let request_id = header.request_id;
    let message = match header.message {
        «reads»
    };
    message.map_err(|fault| fault.of(request_id))
}

/// What a field of one kind is held as.
trait Held: Sized {
    fn held(value: Value) -> Option<Self>;
}

impl Held for Value {
    fn held(value: Value) -> Option<Self> {
        Some(value)
    }
}

«held»

/// The values of the fields of a message; without a frame, as a program gave them.
struct Payload<'a, const N: usize> {
    frame: Option<&'a [u8]>,
    values: [Option<Value>; N],
}

impl<'a, const N: usize> Payload<'a, N> {
    /// Reads a payload whole.
    fn read(frame: &'a [u8], place: fn(&str) -> Option<usize>) -> Result<Self, Fault> {
        let in_value = |found: Box<Found>| found.into_fault(«value_scope»);
        let mut reader = Reader::new(frame, HEADER_BYTES);
        if frame.get(HEADER_BYTES) != Some(&«dict_code») {
            reader.value().map_err(in_value)?;
            reader.finish()?;
            return Err(Fault::new(«not_dict», «payload_scope», Some(HEADER_BYTES)));
        }
        let values = reader.fields(place).map_err(in_value)?;
        reader.finish()?;
        Ok(Payload { frame: Some(frame), values })
    }

    /// A field, as the dicts around it and its own name say where it is.
    fn field(&mut self, at: usize, path: &'static [&'static str]) -> Field<'a> {
        Field { frame: self.frame, path, value: self.values[at].take() }
    }
}

/// Whether a value is one that the field may have.
type Fits<T> = fn(&T) -> bool;

fn any<T>(_: &T) -> bool {
    true
}

/// One field of a message.
struct Field<'a> {
    frame: Option<&'a [u8]>,
    path: &'static [&'static str],
    value: Option<Value>,
}

impl<'a> Field<'a> {
    /// A field of the dict that this one holds.
    fn inner(dict: &mut Dict, frame: Option<&'a [u8]>, path: &'static [&'static str]) -> Self {
        let name = path.last().expect("a path has a name");
        Field { frame, path, value: dict.take(name) }
    }

    /// The value of a field that must be there.
    fn required<T: Held>(self, fits: Fits<Value>, permits: Fits<T>) -> Result<T, Fault> {
        if self.value.is_none() {
            let (_, around) = self.path.split_last().expect("a path has a name");
            return Err(self.fault(«missing», around));
        }
        self.judged(fits, permits)
    }

    /// The value of a field that may be absent, or none.
    fn optional<T: Held>(self, fits: Fits<Value>, permits: Fits<T>) -> Result<Option<T>, Fault> {
        match self.value {
            None | Some(Value::None) => Ok(None),
            Some(_) => self.judged(fits, permits).map(Some),
        }
    }

    fn judged<T: Held>(mut self, fits: Fits<Value>, permits: Fits<T>) -> Result<T, Fault> {
        let value = self.value.take().unwrap_or_default();
        let held = if fits(&value) { T::held(value) } else { None };
        match held {
            Some(held) if permits(&held) => Ok(held),
            Some(_) => Err(self.fault(«wrong_value», self.path)),
            None => Err(self.fault(«wrong_type», self.path)),
        }
    }

    /// A fault at the value to which the names lead.
    #[cold]
    fn fault(&self, code: Code, names: &[&str]) -> Fault {
        let Some(frame) = self.frame else {
            return within(self.path, Found::writing(code)).into_fault(«write_scope»);
        };
        let mut reader = Reader::new(frame, HEADER_BYTES);
        for name in names {
            reader.seek(name);
        }
        within(self.path, Found::at(code, reader.pos)).into_fault(«field_scope»)
    }
}

/// What was found where the names lead.
fn within(path: &[&str], found: Box<Found>) -> Box<Found> {
    path.iter().rev().fold(found, |found, name| found.in_key(name))
}

/// Refuses a field that is to be written, unless it is possible.
fn judge(is_possible: bool, code: Code, path: &[&str]) -> Written {
    if is_possible {
        return Ok(());
    }
    Err(within(path, Found::writing(code)))
}

/// What came of writing the field to which the names lead.
#[inline]
fn named(came: Written, path: &[&str]) -> Written {
    came.map_err(|found| within(path, found))
}
"""

STRUCT = """
«doc»
#[derive(Clone, Debug, PartialEq)]
pub struct «name» {
    /// The exchange that it belongs to.
    pub request_id: u64,
    «fields»
}

impl «name» {
    «new»

    «fields_of»

    «from_fields»

    «place»

    «read»

    «write»
    «rules»
}
"""

BARE = """
«doc»
#[derive(Clone, Debug, PartialEq)]
pub struct «name» {
    /// The exchange that it belongs to.
    pub request_id: u64,
}

impl «name» {
    /// The message.
    pub fn new(request_id: u64) -> Self {
        «name» { request_id }
    }
}
"""

RUST = {"bool": "bool", "float": "f64", "bytes": "Vec<u8>", "string": "String",
    "list": "Vec<Value>", "dict": "Dict"}  # fmt: skip
# How a program hands it over.
GIVEN = {"string": "impl Into<String>", "integer": "impl Into<{}>", "any": "impl Into<Value>"}
# Names of the code that reads a message.
LOCALS = frozenset({"fields", "found", "payload", "values"})
# Types that the code has beside those that are declared.
WORDS = """Box Code Dict Err Fault Field Fits Found Header Held Message MessageType None Ok Option
Payload Reader Result Scope Self Some String Value Vec Written"""
TYPES = frozenset(WORDS.split())


def messages(spec: ir.Spec) -> str:
    all_messages = spec.messages
    names = [pascal(m.name) for m in all_messages]
    for one in {*names, *(title for title, _ in spec.enumerations)} & TYPES:
        raise CompileError(f"spec.messages: {one}: the codec in Rust needs this name")
    length = spec.header_field("length").limit
    assert length is not None
    return fill(
        TEMPLATE,
        limit=limit(length),
        enumerations=_enumerations(spec)[:-1],
        structs=[line for m in all_messages for line in [*_struct(m, spec), ""]][:-1],
        variants=[line for m in all_messages for line in _variant(m)],
        types=[f"Message::{one}(_) => MessageType::{one}," for one in names],
        request_ids=[f"Message::{one}(one) => one.request_id," for one in names],
        writes=[f"Message::{pascal(m.name)}{_written(m)}," for m in all_messages],
        field_arms=_field_arms(all_messages),
        from_arms=[_from_arm(m) for m in all_messages],
        conversions=[line for m in all_messages for line in _conversion(m)][:-1],
        reads=[line for m in all_messages for line in _read_arm(m)],
        held=[line for kind in ir.KINDS for line in _held(kind, spec)][:-1],
        dict_code=f"{dict_head(0, spec)[0]:#04x}",
        truncated=code("truncated"),
        trailing=code("trailing_data"),
        too_large=code("payload_too_large"),
        not_dict=code("payload_not_dict"),
        missing=code("missing_field"),
        wrong_type=code("wrong_field_type"),
        wrong_value=code("invalid_field_value"),
        write_scope=scope(spec, "writing"),
        delimiting_scope=scope(spec, "delimiting"),
        surplus_scope=scope(spec, "surplus"),
        value_scope=scope(spec, "value"),
        payload_scope=scope(spec, "payload"),
        field_scope=scope(spec, "fields"),
    )


def _enumerations(spec: ir.Spec) -> Lines:
    lines: Lines = []
    whole = integer(spec)
    for title, members in spec.enumerations:
        lines += [
            f"/// Values of an `op` field: {title}.",
            "#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]",
            f"pub enum {title} {{",
            *(line for one in members for line in _member(*one)),
            "}",
            "",
            f"impl From<{title}> for {whole} {{",
            f"    fn from(op: {title}) -> Self {{",
            "        op as Self",
            "    }",
            "}",
            "",
        ]
    return lines


def _member(name: str, number: int) -> Lines:
    return [f"    /// `{name}`.", f"    {pascal(name)} = {number},"]


def _struct(message: ir.Message, spec: ir.Spec) -> Lines:
    if message.fields is None:
        bare = fill(BARE, doc=doc(message.meaning), name=pascal(message.name))
        return bare.strip("\n").split("\n")
    fields = leaves(message.fields)
    filled = fill(
        STRUCT,
        doc=doc(message.meaning),
        name=pascal(message.name),
        fields=[
            line
            for f in fields
            for line in (doc(f.meaning), f"pub {name(f.name)}: {_type(f, spec)},")
        ],
        new=_new(message, fields, spec),
        fields_of=_fields_of(message),
        from_fields=_from_fields(message),
        place=_place(message),
        read=_read(message, spec),
        write=_write(message, spec),
        rules=[line for f in fields for line in _rules(f, spec)],
    )
    return filled.strip("\n").split("\n")


def _kind(field: ir.Field) -> str:
    """The one kind of the field; `any` for several."""
    return field.types[0] if len(field.types) == 1 else "any"


def _type(field: ir.Field, spec: ir.Spec) -> str:
    held = {**RUST, "any": "Value", "integer": integer(spec)}[_kind(field)]
    return f"Option<{held}>" if _is_option(field) else held


def _is_option(field: ir.Field) -> bool:
    return not field.required and field.default is None and _kind(field) != "any"


def _arguments(fields: list[ir.Field], spec: ir.Spec) -> list[str]:
    required = (f for f in fields if f.required)
    return ["request_id: u64", *(f"{name(f.name)}: {_given(f, spec)}" for f in required)]


def _given(field: ir.Field, spec: ir.Spec) -> str:
    return GIVEN.get(_kind(field), _type(field, spec)).format(integer(spec))


def _new(message: ir.Message, fields: list[ir.Field], spec: ir.Spec) -> Lines:
    arguments = _arguments(fields, spec)
    made = ["request_id", *(_made(f, spec) for f in fields)]
    return [
        "/// The message; what may be left out has its default.",
        *listed("pub fn new(", arguments, ") -> Self {", 4),
        *indented(listed(f"{pascal(message.name)} {{", made, "}", 8), "    "),
        "}",
    ]


def _made(field: ir.Field, spec: ir.Spec) -> str:
    here = name(field.name)
    if not field.required:
        return f"{here}: {_default(field, spec)}"
    return f"{here}: {here}.into()" if _kind(field) in GIVEN else here


def _default(field: ir.Field, spec: ir.Spec) -> str:
    """The value of a field that is absent."""
    if _is_option(field):
        return "None"
    if _kind(field) == "any":
        return "Value::None" if field.default is None else f"{_literal(field.default)}.into()"
    if isinstance(field.default, dict | tuple | list):
        return "Dict::new()" if _kind(field) == "dict" else "Vec::new()"
    if _kind(field) in ("string", "bytes"):
        return f"{_literal(field.default)}.into()"
    return _literal(field.default)


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return text(value)
    if isinstance(value, bytes):
        return f"*{raw(value)}"
    return repr(value)


# --- reading ---


Path = tuple[str, ...]


def _paths(fields: tuple[ir.Field, ...], around: Path = ()) -> Iterator[tuple[ir.Field, Path]]:
    """All fields with the names that lead to them, each before those inside of it."""
    for field in fields:
        here = (*around, field.name)
        yield field, here
        yield from _paths(field.fields, here)


def _slice(path: tuple[str, ...]) -> str:
    return f"&[{', '.join(map(text, path))}]"


def _fields_of(message: ir.Message) -> Lines:
    assert message.fields is not None
    pairs = [f"({text(f.name)}, {_as_value(f)})" for f in leaves(message.fields)]
    return [
        "fn fields(&self) -> Vec<(&'static str, Value)> {",
        *indented(listed("vec![", pairs, "]", 8), "    "),
        "}",
    ]


def _as_value(field: ir.Field) -> str:
    here = f"self.{name(field.name)}"
    if _is_number(field):
        return f"{here}.into()"
    return f"{here}.clone()" if _kind(field) == "any" else f"{here}.clone().into()"


def _is_number(field: ir.Field) -> bool:
    return _kind(field) in ("integer", "float", "bool")


def _from_fields(message: ir.Message) -> Lines:
    assert message.fields is not None
    taken = [
        f"Some({_local(f)})" if f.fields else f"fields.take({text(f.name)})" for f in message.fields
    ]
    return [
        "fn from_fields(request_id: u64, mut fields: Dict) -> Result<Message, Fault> {",
        *(f"    {line}" for f in message.fields for line in _gathered(f)),
        *indented(array("values", taken, 8), "    "),
        "    Self::judged(request_id, Payload { frame: None, values })",
        "}",
    ]


def _gathered(field: ir.Field) -> Lines:
    """Make the dict of a field with others inside, which a program names alone."""
    if not field.fields:
        return []
    names = ", ".join(text(f.name) for f in field.fields if not f.fields)
    more = ", ".join(f"({text(f.name)}, {_local(f)})" for f in field.fields if f.fields)
    made = f"let {_local(field)} = fields.gathered(&[{names}], [{more}]);"
    return [*(line for inner in field.fields for line in _gathered(inner)), made]


def _place(message: ir.Message) -> Lines:
    assert message.fields is not None
    return [
        "/// Which of the fields has that key.",
        "fn place(key: &str) -> Option<usize> {",
        "    match key {",
        *(f"        {text(f.name)} => Some({at})," for at, f in enumerate(message.fields)),
        "        _ => None,",
        "    }",
        "}",
    ]


def _read(message: ir.Message, spec: ir.Spec) -> Lines:
    assert message.fields is not None
    lines: Lines = []
    for index, field in enumerate(message.fields):
        lines += _read_field(field, (field.name,), f"payload.field({index}, {{}})", spec)
    title, fields = pascal(message.name), [_named(f) for f in leaves(message.fields)]
    made = listed(f"Ok(Message::{title}({title} {{", ["request_id", *fields], "}))", 8)
    count = len(message.fields)
    return [
        "fn read(request_id: u64, frame: &[u8]) -> Result<Message, Fault> {",
        "    Self::judged(request_id, Payload::read(frame, Self::place)?)",
        "}",
        "",
        f"fn judged(request_id: u64, mut payload: Payload<{count}>) -> Result<Message, Fault> {{",
        *indented([*lines, *made], "    "),
        "}",
    ]


def _local(field: ir.Field) -> str:
    """The variable that holds the field."""
    return f"{snake(field.name)}_" if field.name in LOCALS else name(field.name)


def _named(field: ir.Field) -> str:
    """The field in the literal of its message."""
    return f"{name(field.name)}: {_local(field)}" if field.name in LOCALS else name(field.name)


def _read_field(field: ir.Field, path: tuple[str, ...], source: str, spec: ir.Spec) -> Lines:
    here, judged = _local(field), f"{_rule('fits', field)}, {_rule('permits', field)}"
    lines = [f"let found = {source.format(_slice(path))};"]
    if field.fields:
        lines.append(f"let mut {here}: Dict = found.required({judged})?;")
        for inner in field.fields:
            inside = f"Field::inner(&mut {here}, payload.frame, {{}})"
            lines += _read_field(inner, (*path, inner.name), inside, spec)
        return lines
    if field.required:
        return [*lines, f"let {here} = found.required({judged})?;"]
    if _is_option(field):
        return [*lines, f"let {here} = found.optional({judged})?;"]
    taken = f"let found = found.optional({judged})?;"
    return [*lines, taken, f"let {here} = found.{_otherwise(field, spec)};"]


def _otherwise(field: ir.Field, spec: ir.Spec) -> str:
    default = _default(field, spec)
    if default in ("Value::None", "Vec::new()", "Dict::new()", "0", "false"):
        return "unwrap_or_default()"
    return f"unwrap_or_else(|| {default})" if "(" in default else f"unwrap_or({default})"


def _rule(which: str, field: ir.Field) -> str:
    """The name of a function that judges the field."""
    has = _has_kinds(field) if which == "fits" else _has_bounds(field)
    return f"Self::{which}_{snake(field.name)}" if has else "any"


def _has_kinds(field: ir.Field) -> bool:
    return len(field.types) > 1


def _has_bounds(field: ir.Field) -> bool:
    bounds = (field.minimum, field.maximum)
    return bool(field.choices or field.scalar or field.finite or bounds != (None, None))


def _rules(field: ir.Field, spec: ir.Spec) -> Lines:
    """The functions that judge the field, each behind an empty line."""
    lines: Lines = []
    if _has_kinds(field):
        kinds = ["Value::None" if k == "none" else f"Value::{pascal(k)}(_)" for k in field.types]
        body = indented(matching("it", kinds, "", "", 8), "    ")
        lines += ["", f"fn fits_{snake(field.name)}(it: &Value) -> bool {{", *body, "}"]
    if _has_bounds(field):
        held = {**RUST, "any": "Value", "integer": integer(spec)}[_kind(field)]
        body = indented(_possible(field), "    ")
        lines += ["", f"fn permits_{snake(field.name)}(it: &{held}) -> bool {{", *body, "}"]
    return lines


def _possible(field: ir.Field) -> Lines:
    if _kind(field) != "any":
        return [_bounds(field, _kind(field))]
    arms = ["    Value::List(_) | Value::Dict(_) => false,"] if field.scalar else []
    for kind in ("integer", "float"):
        condition = _bounds(field, kind) if kind in field.types else ""
        arms += [f"    Value::{pascal(kind)}(it) => {condition},"] if condition else []
    if len(arms) == 1 and field.scalar:
        return ["!matches!(it, Value::List(_) | Value::Dict(_))"]
    return ["match it {", *arms, "    _ => true,", "}"]


def _bounds(field: ir.Field, kind: str) -> str:
    """The condition on `it`, a number of this kind; empty where all are possible."""
    conditions = []
    if field.choices:
        conditions.append(f"matches!(it, {_choices(sorted(one for _, one in field.choices))})")
    if field.finite and kind == "float":
        conditions.append("it.is_finite()")
    low, high = (_bound(one, kind) for one in (field.minimum, field.maximum))
    if low and high:
        conditions.append(f"({low}..={high}).contains(it)")
    elif low or high:
        conditions.append(f"*it >= {low}" if low else f"*it <= {high}")
    return " && ".join(conditions)


def _choices(choices: list[int]) -> str:
    """A pattern: numbers that follow each other make a range."""
    runs: list[list[int]] = []
    for one in choices:
        if runs and one == runs[-1][-1] + 1:
            runs[-1].append(one)
        else:
            runs.append([one])
    return " | ".join(f"{run[0]}..={run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)


def _bound(bound: int | None, kind: str) -> str:
    if bound is None:
        return ""
    return str(float(bound)) if kind == "float" else str(bound)


def _read_arm(message: ir.Message) -> Lines:
    variant = pascal(message.name)
    if message.fields is None:
        return [f"MessageType::{variant} => Ok({variant} {{ request_id }}.into()),"]
    return [f"MessageType::{variant} => {variant}::read(request_id, frame),"]


def _held(kind: str, spec: ir.Spec) -> Lines:
    rust = {**RUST, "integer": integer(spec)}.get(kind)
    if rust is None:
        return []
    return [
        f"impl Held for {rust} {{",
        "    fn held(value: Value) -> Option<Self> {",
        "        match value {",
        f"            Value::{pascal(kind)}(held) => Some(held),",
        "            _ => None,",
        "        }",
        "    }",
        "}",
        "",
    ]


# --- writing ---


def _write(message: ir.Message, spec: ir.Spec) -> Lines:
    assert message.fields is not None
    return [
        "fn write(&self, out: &mut Vec<u8>) -> Written {",
        *indented(_judge_written(message.fields, spec), "    "),
        *indented(_write_dict(message.fields, spec, ()), "    "),
        "    Ok(())",
        "}",
    ]


def _judge_written(fields: tuple[ir.Field, ...], spec: ir.Spec) -> Lines:
    lines: Lines = []
    for field, path in _paths(fields):
        for which, error in (("fits", "wrong_field_type"), ("permits", "invalid_field_value")):
            rule = _rule(which, field)
            if rule != "any" and not field.fields:
                lines += [
                    f"let is_possible = {_judged(field, rule)};",
                    f"judge(is_possible, {code(error)}, {_slice(path)})?;",
                ]
    return lines


def _judged(field: ir.Field, rule: str) -> str:
    here = f"self.{name(field.name)}"
    if _is_option(field):
        return f"{here}.as_ref().is_none_or({rule})"
    is_given = not field.required and _kind(field) == "any" and field.types
    return f"{here}.is_none() || {rule}(&{here})" if is_given else f"{rule}(&{here})"


def _presence(field: ir.Field) -> str:
    """The condition under which an optional field is written; empty where it always is."""
    here = f"self.{name(field.name)}"
    if field.required:
        return ""
    if _is_option(field):
        return f"{here}.is_some()"
    if leaves_default_out(field) and field.default is not None:
        return f"{here} != {field.default!r}"
    if _kind(field) == "any":
        return f"!{here}.is_none()"
    return ""


def _write_dict(fields: tuple[ir.Field, ...], spec: ir.Spec, around: tuple[str, ...]) -> Lines:
    always = [f for f in fields if not _presence(f)]
    lines = [f"values::put_dict(out, {len(always)});"]
    if len(always) < len(fields):
        count = "count" if not around else f"{snake(around[-1])}_count"
        perhaps = (f"{count} += usize::from({_presence(f)});" for f in fields if _presence(f))
        lines = [f"let mut {count} = {len(always)};", *perhaps, f"values::put_dict(out, {count});"]
    for field in fields:
        lines += _write_field(field, spec, (*around, field.name))
    return lines


def _write_field(field: ir.Field, spec: ir.Spec, path: tuple[str, ...]) -> Lines:
    key = f"out.extend_from_slice({raw(key_bytes(field.name, spec))});"
    here, presence = f"self.{name(field.name)}", _presence(field)
    if field.fields:
        return [key, *_write_dict(field.fields, spec, path)]
    if _is_option(field):
        lines = [key, _put(field, "*held" if _is_number(field) else "held", path)]
        return [f"if let Some(held) = &{here} {{", *indented(lines, "    "), "}"]
    lines = [key, _put(field, here if _is_number(field) else f"&{here}", path)]
    return [f"if {presence} {{", *indented(lines, "    "), "}"] if presence else lines


def _put(field: ir.Field, held: str, path: tuple[str, ...]) -> str:
    kind = _kind(field)
    around = f", {len(path)}" if kind in ("list", "dict", "any") else ""
    function = "write" if kind == "any" else f"write_{kind}"
    return f"named(values::{function}(out, {held}{around}), {_slice(path)})?;"


def _written(message: ir.Message) -> str:
    return "(_) => Ok(())" if message.fields is None else "(one) => one.write(out)"


# --- messages as one type ---


def _variant(message: ir.Message) -> Lines:
    return [doc(message.meaning), f"{pascal(message.name)}({pascal(message.name)}),"]


def _field_arms(messages: tuple[ir.Message, ...]) -> Lines:
    names = [pascal(m.name) for m in messages if m.fields is not None]
    full = [f"Message::{one}(one) => one.fields()," for one in names]
    return full if len(full) == len(messages) else [*full, "_ => Vec::new(),"]


def _from_arm(message: ir.Message) -> str:
    variant = pascal(message.name)
    if message.fields is None:
        return f"MessageType::{variant} => Ok({variant} {{ request_id }}.into()),"
    return f"MessageType::{variant} => {variant}::from_fields(request_id, fields),"


def _conversion(message: ir.Message) -> Lines:
    variant = pascal(message.name)
    return [
        f"impl From<{variant}> for Message {{",
        f"    fn from(one: {variant}) -> Self {{",
        f"        Message::{variant}(one)",
        "    }",
        "}",
        "",
    ]
