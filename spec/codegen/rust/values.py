"""values.rs: values, and how they are read, written and judged."""

from __future__ import annotations

from .. import ir
from ..errors import CompileError
from ..layout import text_type, value_type
from ..naming import pascal
from ..template import fill, indented
from .printing import Lines, code, integer, limit, number, scope

TEMPLATE = """
//! Values, and their bytes.
//!
//! Reading never goes deeper than «depth_limit» containers, and reserves memory for no more than
//! the bytes at hand can hold. A value that is refused leaves nothing written.

use std::collections::HashSet;

use super::errors::{Code, Fault, Found, Scope};
use super::limits::{«limits»};

/// A value.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Nothing.
    #[default]
    None,
    /// A truth value.
    Bool(bool),
    /// An integer.
    Integer(«integer»),
    /// A float; a NaN keeps its bits.
    Float(f64),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A text.
    String(String),
    /// A list.
    List(Vec<Value>),
    /// A dict.
    Dict(Dict),
}

impl Value {
    /// Whether it is none.
    pub fn is_none(&self) -> bool {
        matches!(self, Value::None)
    }

    /// The truth value that it is.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(held) => Some(*held),
            _ => None,
        }
    }

    /// The integer that it is.
    pub fn as_integer(&self) -> Option<«integer»> {
        match self {
            Value::Integer(held) => Some(*held),
            _ => None,
        }
    }

    /// The number that it is, an integer as the nearest float.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Value::Integer(held) => Some(*held as f64),
            Value::Float(held) => Some(*held),
            _ => None,
        }
    }

    /// The bytes that it is.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Value::Bytes(held) => Some(held),
            _ => None,
        }
    }

    /// The text that it is.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(held) => Some(held),
            _ => None,
        }
    }

    /// The items of the list that it is.
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Value::List(held) => Some(held),
            _ => None,
        }
    }

    /// The dict that it is.
    pub fn as_dict(&self) -> Option<&Dict> {
        match self {
            Value::Dict(held) => Some(held),
            _ => None,
        }
    }
}

/// Pairs in the order of their bytes. Two equal keys are refused when it is written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dict(pub Vec<(String, Value)>);

impl Dict {
    /// An empty dict.
    pub fn new() -> Self {
        Dict(Vec::new())
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.iter().find(|pair| pair.0 == key).map(|pair| &pair.1)
    }

    /// Puts a pair behind the others; that no other has its key is for the caller to know.
    pub fn push(&mut self, key: impl Into<String>, value: impl Into<Value>) {
        self.0.push((key.into(), value.into()));
    }

    /// The pairs.
    pub fn iter(&self) -> std::slice::Iter<'_, (String, Value)> {
        self.0.iter()
    }

    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the value of a key out of its pair.
    pub(super) fn take(&mut self, key: &str) -> Option<Value> {
        let found = self.0.iter_mut().find(|pair| pair.0 == key);
        found.map(|pair| std::mem::take(&mut pair.1))
    }

    /// A dict of the pairs that have one of the names, which are taken out of this one, and more.
    pub(super) fn gathered<const N: usize>(
        &mut self,
        names: &[&str],
        more: [(&str, Value); N],
    ) -> Value {
        let pair = |name: &&str| self.take(name).map(|value| (name.to_string(), value));
        let more = more.into_iter().map(|(name, value)| (name.to_owned(), value));
        Value::Dict(Dict(names.iter().filter_map(pair).chain(more).collect()))
    }
}

impl<K: Into<String>, V: Into<Value>> FromIterator<(K, V)> for Dict {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Dict(pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}

impl IntoIterator for Dict {
    type Item = (String, Value);
    type IntoIter = std::vec::IntoIter<(String, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

«conversions»

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(held: Option<T>) -> Self {
        held.map_or(Value::None, Into::into)
    }
}

/// The value that `data` is the encoding of.
///
/// # Errors
///
/// The first fault from left to right.
pub fn decode(data: &[u8]) -> Result<Value, Fault> {
    let mut reader = Reader::new(data, 0);
    let value = reader.value().map_err(|found| found.into_fault(«read_scope»))?;
    reader.finish()?;
    Ok(value)
}

/// The encoding of a value.
///
/// # Errors
///
/// The first fault from left to right; its path says where it is.
pub fn encode(value: &Value) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::with_capacity(SMALL_BYTES);
    write(&mut out, value, 0).map_err(|found| found.into_fault(«write_scope»))?;
    if out.len() > MAX_VALUE_BYTES {
        return Err(Fault::new(«too_large», «write_scope», None));
    }
    Ok(out)
}

/// The index of the first of `keys` that another one before it equals.
fn repeated<'a>(keys: impl Iterator<Item = &'a str> + Clone, count: usize) -> Option<usize> {
    if count <= FEW_KEYS {
        let is_again = |at: usize, key: &str| keys.clone().take(at).any(|one| one == key);
        return keys.clone().enumerate().find(|(at, key)| is_again(*at, key)).map(|it| it.0);
    }
    let is_rising = keys.clone().zip(keys.clone().skip(1)).all(|(one, next)| one < next);
    if is_rising {
        return None;
    }
    let mut seen = HashSet::with_capacity(count);
    keys.enumerate().find(|(_, key)| !seen.insert(*key)).map(|it| it.0)
}

/// Most values are smaller.
const SMALL_BYTES: usize = 128;

/// So many keys are compared with each other.
const FEW_KEYS: usize = 8;

#[inline]
fn repeated_pair(pairs: &[(String, Value)]) -> Option<usize> {
    if pairs.len() < 2 {
        return None;
    }
    repeated(pairs.iter().map(|pair| pair.0.as_str()), pairs.len())
}

/// Reads values from bytes.
pub(super) struct Reader<'a> {
    data: &'a [u8],
    pub(super) pos: usize,
    /// Containers that are open.
    depth: usize,
    /// Bytes that they need at least for what has not begun.
    owed: usize,
}

type Read<T> = Result<T, Box<Found>>;

impl<'a> Reader<'a> {
    pub(super) fn new(data: &'a [u8], pos: usize) -> Self {
        Reader { data, pos, depth: 0, owed: 0 }
    }

    /// Refuses bytes after what was read.
    pub(super) fn finish(&self) -> Result<(), Fault> {
        if self.pos < self.data.len() {
            return Err(Fault::new(«trailing», «payload_scope», Some(self.pos)));
        }
        Ok(())
    }

    #[cold]
    fn ended(&self) -> Box<Found> {
        Found::at(«truncated», self.data.len())
    }

    #[inline]
    fn take<const N: usize>(&mut self) -> Read<[u8; N]> {
        match self.data[self.pos..].first_chunk::<N>() {
            Some(bytes) => {
                self.pos += N;
                Ok(*bytes)
            }
            None => Err(self.ended()),
        }
    }

    #[inline]
    fn code(&mut self) -> Read<u8> {
        let [code] = self.take::<1>()?;
        Ok(code)
    }

    /// A size that is permitted, and fits beside what is owed.
    #[inline]
    fn fits(&self, size: u64, limit: usize, beyond: Code, unit: usize, at: usize) -> Read<usize> {
        if size > limit as u64 {
            return Err(Found::at(beyond, at));
        }
        let size = size as usize;
        if size * unit + self.owed > self.data.len() - self.pos {
            return Err(Found::at(«truncated», at));
        }
        Ok(size)
    }

«sizes»

    /// Opens a container, whose type byte was the last one read.
    #[inline]
    fn open(&mut self) -> Read<()> {
        if self.depth == «depth_limit» {
            return Err(Found::at(«depth_code», self.pos - 1));
        }
        self.depth += 1;
        Ok(())
    }

    #[inline]
    fn cut(&mut self, size: usize) -> &'a [u8] {
        let from = self.pos;
        self.pos += size;
        &self.data[from..self.pos]
    }

    #[inline]
    fn text(&mut self) -> Read<&'a str> {
        let size = self.string_size()?;
        let from = self.pos;
        let bytes = self.cut(size);
        std::str::from_utf8(bytes).map_err(|_| Found::at(Code::InvalidUtf8, from))
    }

    /// The value at hand.
    #[inline]
    pub(super) fn value(&mut self) -> Read<Value> {
        match self.code()? {
            «cases»
            _ => Err(Found::at(«unknown», self.pos - 1)),
        }
    }

    fn list(&mut self) -> Read<Vec<Value>> {
        self.open()?;
        let count = self.list_size()?;
        self.owed += «items_owed»;
        let mut items = Vec::with_capacity(count);
        for index in 0..count {
            self.owed -= «item_bytes»;
            items.push(self.value().map_err(|found| found.in_item(index))?);
        }
        self.depth -= 1;
        Ok(items)
    }

    fn dict(&mut self) -> Read<Dict> {
        self.open()?;
        let count = self.dict_size()?;
        let first = self.pos;
        self.owed += «pairs_owed»;
        let mut pairs = Vec::with_capacity(count);
        for _ in 0..count {
            self.owed -= «pair_bytes»;
            let key = match self.key() {
                Ok(key) => key.to_owned(),
                Err(found) => return Err(self.earlier(first, &pairs, found)),
            };
            match self.value() {
                Ok(value) => pairs.push((key, value)),
                Err(found) => {
                    let found = found.in_key(&key);
                    pairs.push((key, Value::None));
                    return Err(self.earlier(first, &pairs, found));
                }
            }
        }
        if let Some(at) = repeated_pair(&pairs) {
            return Err(self.again(first, at, &pairs[at].0));
        }
        self.depth -= 1;
        Ok(Dict(pairs))
    }

    /// The fault of two equal keys, where they stand before what was found.
    #[cold]
    fn earlier(&self, first: usize, pairs: &[(String, Value)], found: Box<Found>) -> Box<Found> {
        match repeated_pair(pairs) {
            Some(at) => self.again(first, at, &pairs[at].0),
            None => found,
        }
    }

    /// The fault of the key number `at` of a dict whose pairs begin at `first`.
    #[cold]
    fn again(&self, first: usize, at: usize, key: &str) -> Box<Found> {
        let mut reader = Reader::new(self.data, first);
        for _ in 0..2 * at {
            reader.skip();
        }
        Found::at(«duplicate», reader.pos).in_key(key)
    }

    #[inline]
    fn key(&mut self) -> Read<&'a str> {
        match self.code()? {
            «text_code» => self.text(),
            code => Err(self.no_key(code)),
        }
    }

    #[cold]
    fn no_key(&self, code: u8) -> Box<Found> {
        let is_known = «other_codes»;
        let error = if is_known { «key_error» } else { «unknown» };
        Found::at(error, self.pos - 1)
    }

    /// The values of the dict at hand whose keys have a `place`; of other keys there are none.
    pub(super) fn fields<const N: usize>(
        &mut self,
        place: fn(&str) -> Option<usize>,
    ) -> Read<[Option<Value>; N]> {
        let mut values = [const { None }; N];
        self.code()?;
        self.open()?;
        let count = self.dict_size()?;
        let first = self.pos;
        self.owed += «pairs_owed»;
        let mut others: Vec<(String, Value)> = Vec::new();
        let mut is_plain = true;
        for read in 0..count {
            self.owed -= «pair_bytes»;
            let key = match self.key() {
                Ok(key) => key,
                Err(found) => return Err(self.earlier_field(first, read, found)),
            };
            let value = match self.value() {
                Ok(value) => value,
                Err(found) => return Err(self.earlier_field(first, read + 1, found.in_key(key))),
            };
            match place(key) {
                Some(at) => is_plain &= values[at].replace(value).is_none(),
                None => others.push((key.to_owned(), Value::None)),
            }
        }
        if !is_plain || repeated_pair(&others).is_some() {
            return Err(self.earlier_field(first, count, self.ended()));
        }
        self.depth -= 1;
        Ok(values)
    }

    /// As `earlier`, among the first `count` keys, which are right.
    #[cold]
    fn earlier_field(&self, first: usize, count: usize, found: Box<Found>) -> Box<Found> {
        let mut reader = Reader::new(self.data, first);
        let mut pairs = Vec::new();
        for read in 0..count {
            match reader.key() {
                Ok(key) => pairs.push((key.to_owned(), Value::None)),
                Err(found) => return found,
            }
            if read + 1 < count {
                reader.skip();
            }
        }
        self.earlier(first, &pairs, found)
    }

    /// Steps over a value that is right.
    pub(super) fn skip(&mut self) {
        let mut left = 1;
        while left > 0 {
            left -= 1;
            let Ok(code) = self.code() else { return };
            let step = match code {
                «steps»
                _ => Ok(0),
            };
            self.pos += step.unwrap_or(0);
        }
    }

    /// Where the value of a key begins, in the dict at hand, which is right.
    #[cold]
    pub(super) fn seek(&mut self, name: &str) -> bool {
        self.pos += 1;
        let count = self.dict_size().unwrap_or(0);
        for _ in 0..count {
            let _ = self.code();
            if self.text().is_ok_and(|key| key == name) {
                return true;
            }
            self.skip();
        }
        false
    }
}

pub(super) type Written = Result<(), Box<Found>>;

/// Writes a value, around which `depth` containers are open.
#[inline]
pub(super) fn write(out: &mut Vec<u8>, value: &Value, depth: usize) -> Written {
    match value {
        Value::None => write_none(out),
        Value::Bool(held) => write_bool(out, *held),
        Value::Integer(held) => write_integer(out, *held),
        Value::Float(held) => write_float(out, *held),
        Value::Bytes(held) => write_bytes(out, held),
        Value::String(held) => write_string(out, held),
        Value::List(held) => write_list(out, held, depth),
        Value::Dict(held) => write_dict(out, held, depth),
    }
}

/// Bytes of the widest number.
const WIDEST: usize = 8;

#[inline]
fn put<const N: usize>(out: &mut Vec<u8>, code: u8, body: [u8; N]) {
    // One piece, so that room is looked for once.
    let mut head = [code; 1 + WIDEST];
    head[1..=N].copy_from_slice(&body);
    out.extend_from_slice(&head[..=N]);
}

«writers»

pub(super) fn write_list(out: &mut Vec<u8>, items: &[Value], depth: usize) -> Written {
    if depth == «depth_limit» {
        return Err(Found::writing(«depth_code»));
    }
    if items.len() > «list_limit» {
        return Err(Found::writing(«list_error»));
    }
    put(out, «list_code», (items.len() as «list_number»).to_be_bytes());
    for (index, item) in items.iter().enumerate() {
        write(out, item, depth + 1).map_err(|found| found.in_item(index))?;
    }
    Ok(())
}

pub(super) fn write_dict(out: &mut Vec<u8>, dict: &Dict, depth: usize) -> Written {
    if depth == «depth_limit» {
        return Err(Found::writing(«depth_code»));
    }
    if dict.len() > «dict_limit» {
        return Err(Found::writing(«dict_error»));
    }
    put_dict(out, dict.len());
    let mut came = Ok(());
    let mut written = dict.len();
    for (index, (key, value)) in dict.iter().enumerate() {
        came = write_string(out, key);
        if came.is_ok() {
            came = write(out, value, depth + 1).map_err(|found| found.in_key(key));
        }
        if came.is_err() {
            written = index + 1;
            break;
        }
    }
    let pairs = &dict.0[..written];
    match repeated_pair(pairs) {
        Some(at) => Err(Found::writing(«duplicate»).in_key(&pairs[at].0)),
        None => came,
    }
}

/// Writes what a dict of `count` pairs begins with.
#[inline]
pub(super) fn put_dict(out: &mut Vec<u8>, count: usize) {
    put(out, «dict_code», (count as «dict_number»).to_be_bytes());
}
"""

CONVERSIONS = (("bool", "Bool", "held"), ("f64", "Float", "held"), ("String", "String", "held"),
    ("&str", "String", "held.to_owned()"), ("Vec<u8>", "Bytes", "held"),
    ("Vec<Value>", "List", "held"), ("Dict", "Dict", "held"))  # fmt: skip


def values(spec: ir.Spec) -> str:
    the_list, the_dict = value_type("list", spec), value_type("dict", spec)
    assert isinstance(the_list.body, ir.Container)
    assert isinstance(the_dict.body, ir.Container)
    text_code, _ = text_type(spec)
    return fill(
        TEMPLATE,
        limits=", ".join(_limits(spec)),
        integer=integer(spec),
        conversions=_conversions(spec),
        read_scope=scope(spec, "value"),
        write_scope=scope(spec, "writing"),
        payload_scope=scope(spec, "payload"),
        too_large=code("payload_too_large"),
        trailing=code("trailing_data"),
        truncated=code("truncated"),
        duplicate=code("duplicate_key"),
        unknown=code(spec.value_error),
        key_error=code(the_dict.body.key_error),
        text_code=f"{text_code:#04x}",
        other_codes=f"matches!(code, {' | '.join(f'{v.code:#04x}' for v in spec.values)})",
        depth_limit=limit(the_list.body.depth),
        depth_code=code(the_list.body.depth.error),
        sizes=indented([line for v in spec.values for line in _size(v)][:-1], "    "),
        cases=[line for v in spec.values for line in _case(v, spec)],
        steps=[line for v in spec.values for line in _step(v)],
        item_bytes=str(the_list.body.smallest_element_bytes),
        items_owed=_owed(the_list.body),
        pair_bytes=str(the_dict.body.smallest_element_bytes),
        pairs_owed=_owed(the_dict.body),
        writers=_writers(spec)[:-1],
        **_container("list", the_list),
        **_container("dict", the_dict),
    )


def _owed(body: ir.Container) -> str:
    each = body.smallest_element_bytes
    return "count" if each == 1 else f"count * {each}"


def _limits(spec: ir.Spec) -> Lines:
    names = {"MAX_VALUE_BYTES"}
    for value in spec.values:
        match value.body:
            case ir.Blob(length=size):
                names.add(limit(size.limit))
            case ir.Container(count=size, depth=depth):
                names |= {limit(size.limit), limit(depth)}
    return sorted(names)


def _container(name: str, value: ir.ValueType) -> dict[str, str]:
    assert isinstance(value.body, ir.Container)
    count = value.body.count
    return {
        f"{name}_code": f"{value.code:#04x}",
        f"{name}_number": number(count, value.name),
        f"{name}_limit": limit(count.limit),
        f"{name}_error": code(count.limit.error),
    }


def _conversions(spec: ir.Spec) -> Lines:
    whole = integer(spec)
    narrower = [one for one in ("i32", "u32", "i64") if one != whole]
    integers = [(whole, "Integer", "held"), *((n, "Integer", "held.into()") for n in narrower)]
    return [
        line
        for rust, variant, made in (*integers, *CONVERSIONS)
        for line in (
            f"impl From<{rust}> for Value {{",
            f"    fn from(held: {rust}) -> Self {{",
            f"        Value::{variant}({made})",
            "    }",
            "}",
            "",
        )
    ][:-1]


def _sized(value: ir.ValueType) -> tuple[ir.SizeField, int] | None:
    """The length or count of a value, and what each needs at least."""
    match value.body:
        case ir.Blob(length=size):
            return size, 1
        case ir.Container(count=size, smallest_element_bytes=each):
            return size, each
    return None


def _size(value: ir.ValueType) -> Lines:
    sized = _sized(value)
    if sized is None:
        return []
    size, unit = sized
    form = number(size, value.name)
    read = f"{form}::from_be_bytes(self.take()?)"
    return [
        "#[inline]",
        f"fn {value.kind}_size(&mut self) -> Read<usize> {{",
        "    let at = self.pos;",
        f"    let size = {read if form == 'u64' else f'u64::from({read})'};",
        f"    self.fits(size, {limit(size.limit)}, {code(size.limit.error)}, {unit}, at)",
        "}",
        "",
    ]


def _case(value: ir.ValueType, spec: ir.Spec) -> Lines:
    head, variant = f"{value.code:#04x} =>", f"Value::{pascal(value.kind)}"
    match value.body:
        case ir.Empty():
            return [f"{head} Ok({variant}),"]
        case ir.Fixed():
            return [f"{head} {{", *indented(_read_number(value, value.body, spec), "    "), "}"]
        case ir.Mapped():
            return _choice(value, value.body)
        case ir.Blob(text=True):
            return [f"{head} Ok({variant}(self.text()?.to_owned())),"]
        case ir.Blob():
            return [
                f"{head} {{",
                f"    let size = self.{value.kind}_size()?;",
                f"    Ok({variant}(self.cut(size).to_vec()))",
                "}",
            ]
        case ir.Container():
            return [f"{head} Ok({variant}(self.{value.kind}()?)),"]
    raise CompileError(f"spec.tlv: value type {value.name!r}: Rust has no such body")


def _read_number(value: ir.ValueType, body: ir.Fixed, spec: ir.Spec) -> Lines:
    wire = number(body, value.name)
    wanted = {"integer": integer(spec), "float": "f64"}.get(value.kind)
    if wanted is None:
        raise CompileError(f"spec.tlv: value type {value.name!r}: Rust holds no number in it")
    held = "held" if wire == wanted else f"{wanted}::from(held)"
    variant = f"Value::{pascal(value.kind)}"
    return [f"let held = {wire}::from_be_bytes(self.take()?);", f"Ok({variant}({held}))"]


def _choice(value: ir.ValueType, body: ir.Mapped) -> Lines:
    if value.kind != "bool":
        raise CompileError(f"spec.tlv: value type {value.name!r}: Rust maps numbers to bools alone")
    wire = number(body, value.name)
    return [
        f"{value.code:#04x} => match {wire}::from_be_bytes(self.take()?) {{",
        *(f"    {raw} => Ok(Value::Bool({str(held).lower()}))," for raw, held in body.choices),
        f"    _ => Err(Found::at({code(body.error)}, self.pos - {body.size})),",
        "},",
    ]


def _step(value: ir.ValueType) -> Lines:
    match value.body:
        case ir.Fixed(size=size) | ir.Mapped(size=size):
            return [f"{value.code:#04x} => Ok({size}),"]
        case ir.Blob():
            return [f"{value.code:#04x} => self.{value.kind}_size(),"]
        case ir.Container():
            pending = f"2 * self.{value.kind}_size().unwrap_or(0)"
            if not value.body.key_error:
                pending = f"self.{value.kind}_size().unwrap_or(0)"
            return [
                f"{value.code:#04x} => {{",
                f"    left += {pending};",
                "    Ok(0)",
                "}",
            ]
    return []


def _writers(spec: ir.Spec) -> Lines:
    return [
        *_writer("none", "", _plain(value_type("none", spec), "held")),
        *_writer("bool", "held: bool", _plain(value_type("bool", spec), "held")),
        *_writer("integer", f"held: {integer(spec)}", _integers(spec)),
        *_writer("float", "held: f64", _plain(value_type("float", spec), "held")),
        *_writer("bytes", "held: &[u8]", _blob(value_type("bytes", spec), "held")),
        *_writer("string", "held: &str", _blob(value_type("string", spec), "held.as_bytes()")),
    ]


def _writer(kind: str, argument: str, body: Lines) -> Lines:
    arguments = ", ".join(filter(None, ("out: &mut Vec<u8>", argument)))
    return [
        "#[inline]",
        f"pub(super) fn write_{kind}({arguments}) -> Written {{",
        *indented(body, "    "),
        "}",
        "",
    ]


def _plain(value: ir.ValueType, held: str) -> Lines:
    start = f"put(out, {value.code:#04x}, "
    match value.body:
        case ir.Empty():
            return [f"out.push({value.code:#04x});", "Ok(())"]
        case ir.Fixed():
            wire = number(value.body, value.name)
            if value.kind == "float" and wire != "f64":
                held = f"({held} as {wire})"
            return [f"{start}{held}.to_be_bytes());", "Ok(())"]
        case ir.Mapped(choices=choices):
            wire = number(value.body, value.name)
            raw = {chosen: one for one, chosen in choices}
            return [
                f"let raw: {wire} = if {held} {{ {raw[True]} }} else {{ {raw[False]} }};",
                f"{start}raw.to_be_bytes());",
                "Ok(())",
            ]
    raise CompileError(f"spec.tlv: value type {value.name!r}: Rust does not write such a body")


def _integers(spec: ir.Spec) -> Lines:
    """By the first type that holds it."""
    lines: Lines = []
    whole = integer(spec)
    for value in (v for v in spec.values if v.kind == "integer"):
        assert isinstance(value.body, ir.Fixed)
        wire = number(value.body, value.name)
        if wire == whole:
            return [*lines, *_plain(value, "held")]
        lines += [
            f"if ({value.minimum}..={value.maximum}).contains(&held) {{",
            f"    put(out, {value.code:#04x}, (held as {wire}).to_be_bytes());",
            "    return Ok(());",
            "}",
        ]
    return [*lines, f"Err(Found::writing({code('int_out_of_range')}))"]


def _blob(value: ir.ValueType, data: str) -> Lines:
    assert isinstance(value.body, ir.Blob)
    length = value.body.length
    return [
        f"if held.len() > {limit(length.limit)} {{",
        f"    return Err(Found::writing({code(length.limit.error)}));",
        "}",
        f"put(out, {value.code:#04x}, (held.len() as {number(length, value.name)}).to_be_bytes());",
        f"out.extend_from_slice({data});",
        "Ok(())",
    ]
