// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
//! Values, and their bytes.
//!
//! Reading never goes deeper than MAX_DEPTH containers, and reserves memory for no more than
//! the bytes at hand can hold. A value that is refused leaves nothing written.

use std::collections::HashSet;

use super::errors::{Code, Fault, Found, Scope};
use super::limits::{MAX_BLOB_BYTES, MAX_DEPTH, MAX_ITEMS, MAX_VALUE_BYTES};

/// A value.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Nothing.
    #[default]
    None,
    /// A truth value.
    Bool(bool),
    /// An integer.
    Integer(i64),
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
    pub fn as_integer(&self) -> Option<i64> {
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

impl From<i64> for Value {
    fn from(held: i64) -> Self {
        Value::Integer(held)
    }
}

impl From<i32> for Value {
    fn from(held: i32) -> Self {
        Value::Integer(held.into())
    }
}

impl From<u32> for Value {
    fn from(held: u32) -> Self {
        Value::Integer(held.into())
    }
}

impl From<bool> for Value {
    fn from(held: bool) -> Self {
        Value::Bool(held)
    }
}

impl From<f64> for Value {
    fn from(held: f64) -> Self {
        Value::Float(held)
    }
}

impl From<String> for Value {
    fn from(held: String) -> Self {
        Value::String(held)
    }
}

impl From<&str> for Value {
    fn from(held: &str) -> Self {
        Value::String(held.to_owned())
    }
}

impl From<Vec<u8>> for Value {
    fn from(held: Vec<u8>) -> Self {
        Value::Bytes(held)
    }
}

impl From<Vec<Value>> for Value {
    fn from(held: Vec<Value>) -> Self {
        Value::List(held)
    }
}

impl From<Dict> for Value {
    fn from(held: Dict) -> Self {
        Value::Dict(held)
    }
}

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
    let value = reader.value().map_err(|found| found.into_fault(Scope::Exchange))?;
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
    write(&mut out, value, 0).map_err(|found| found.into_fault(Scope::Exchange))?;
    if out.len() > MAX_VALUE_BYTES {
        return Err(Fault::new(Code::PayloadTooLarge, Scope::Exchange, None));
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
            return Err(Fault::new(Code::TrailingData, Scope::Exchange, Some(self.pos)));
        }
        Ok(())
    }

    #[cold]
    fn ended(&self) -> Box<Found> {
        Found::at(Code::Truncated, self.data.len())
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
            return Err(Found::at(Code::Truncated, at));
        }
        Ok(size)
    }

    #[inline]
    fn bytes_size(&mut self) -> Read<usize> {
        let at = self.pos;
        let size = u64::from(u32::from_be_bytes(self.take()?));
        self.fits(size, MAX_BLOB_BYTES, Code::LengthTooLarge, 1, at)
    }

    #[inline]
    fn string_size(&mut self) -> Read<usize> {
        let at = self.pos;
        let size = u64::from(u32::from_be_bytes(self.take()?));
        self.fits(size, MAX_BLOB_BYTES, Code::LengthTooLarge, 1, at)
    }

    #[inline]
    fn list_size(&mut self) -> Read<usize> {
        let at = self.pos;
        let size = u64::from(u32::from_be_bytes(self.take()?));
        self.fits(size, MAX_ITEMS, Code::TooManyItems, 1, at)
    }

    #[inline]
    fn dict_size(&mut self) -> Read<usize> {
        let at = self.pos;
        let size = u64::from(u32::from_be_bytes(self.take()?));
        self.fits(size, MAX_ITEMS, Code::TooManyItems, 6, at)
    }

    /// Opens a container, whose type byte was the last one read.
    #[inline]
    fn open(&mut self) -> Read<()> {
        if self.depth == MAX_DEPTH {
            return Err(Found::at(Code::NestingTooDeep, self.pos - 1));
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
            0x00 => Ok(Value::None),
            0x01 => match u8::from_be_bytes(self.take()?) {
                0 => Ok(Value::Bool(false)),
                1 => Ok(Value::Bool(true)),
                _ => Err(Found::at(Code::InvalidBool, self.pos - 1)),
            },
            0x05 => {
                let held = i64::from_be_bytes(self.take()?);
                Ok(Value::Integer(held))
            }
            0x06 => {
                let held = f64::from_be_bytes(self.take()?);
                Ok(Value::Float(held))
            }
            0x10 => {
                let size = self.bytes_size()?;
                Ok(Value::Bytes(self.cut(size).to_vec()))
            }
            0x11 => Ok(Value::String(self.text()?.to_owned())),
            0x20 => Ok(Value::List(self.list()?)),
            0x21 => Ok(Value::Dict(self.dict()?)),
            _ => Err(Found::at(Code::UnknownTlvType, self.pos - 1)),
        }
    }

    fn list(&mut self) -> Read<Vec<Value>> {
        self.open()?;
        let count = self.list_size()?;
        self.owed += count;
        let mut items = Vec::with_capacity(count);
        for index in 0..count {
            self.owed -= 1;
            items.push(self.value().map_err(|found| found.in_item(index))?);
        }
        self.depth -= 1;
        Ok(items)
    }

    fn dict(&mut self) -> Read<Dict> {
        self.open()?;
        let count = self.dict_size()?;
        let first = self.pos;
        self.owed += count * 6;
        let mut pairs = Vec::with_capacity(count);
        for _ in 0..count {
            self.owed -= 6;
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
        Found::at(Code::DuplicateKey, reader.pos).in_key(key)
    }

    #[inline]
    fn key(&mut self) -> Read<&'a str> {
        match self.code()? {
            0x11 => self.text(),
            code => Err(self.no_key(code)),
        }
    }

    #[cold]
    fn no_key(&self, code: u8) -> Box<Found> {
        let is_known = matches!(code, 0x00 | 0x01 | 0x05 | 0x06 | 0x10 | 0x11 | 0x20 | 0x21);
        let error = if is_known { Code::KeyNotString } else { Code::UnknownTlvType };
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
        self.owed += count * 6;
        let mut others: Vec<(String, Value)> = Vec::new();
        let mut is_plain = true;
        for read in 0..count {
            self.owed -= 6;
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
                0x01 => Ok(1),
                0x05 => Ok(8),
                0x06 => Ok(8),
                0x10 => self.bytes_size(),
                0x11 => self.string_size(),
                0x20 => {
                    left += self.list_size().unwrap_or(0);
                    Ok(0)
                }
                0x21 => {
                    left += 2 * self.dict_size().unwrap_or(0);
                    Ok(0)
                }
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

#[inline]
pub(super) fn write_none(out: &mut Vec<u8>) -> Written {
    out.push(0x00);
    Ok(())
}

#[inline]
pub(super) fn write_bool(out: &mut Vec<u8>, held: bool) -> Written {
    let raw: u8 = if held { 1 } else { 0 };
    put(out, 0x01, raw.to_be_bytes());
    Ok(())
}

#[inline]
pub(super) fn write_integer(out: &mut Vec<u8>, held: i64) -> Written {
    put(out, 0x05, held.to_be_bytes());
    Ok(())
}

#[inline]
pub(super) fn write_float(out: &mut Vec<u8>, held: f64) -> Written {
    put(out, 0x06, held.to_be_bytes());
    Ok(())
}

#[inline]
pub(super) fn write_bytes(out: &mut Vec<u8>, held: &[u8]) -> Written {
    if held.len() > MAX_BLOB_BYTES {
        return Err(Found::writing(Code::LengthTooLarge));
    }
    put(out, 0x10, (held.len() as u32).to_be_bytes());
    out.extend_from_slice(held);
    Ok(())
}

#[inline]
pub(super) fn write_string(out: &mut Vec<u8>, held: &str) -> Written {
    if held.len() > MAX_BLOB_BYTES {
        return Err(Found::writing(Code::LengthTooLarge));
    }
    put(out, 0x11, (held.len() as u32).to_be_bytes());
    out.extend_from_slice(held.as_bytes());
    Ok(())
}

pub(super) fn write_list(out: &mut Vec<u8>, items: &[Value], depth: usize) -> Written {
    if depth == MAX_DEPTH {
        return Err(Found::writing(Code::NestingTooDeep));
    }
    if items.len() > MAX_ITEMS {
        return Err(Found::writing(Code::TooManyItems));
    }
    put(out, 0x20, (items.len() as u32).to_be_bytes());
    for (index, item) in items.iter().enumerate() {
        write(out, item, depth + 1).map_err(|found| found.in_item(index))?;
    }
    Ok(())
}

pub(super) fn write_dict(out: &mut Vec<u8>, dict: &Dict, depth: usize) -> Written {
    if depth == MAX_DEPTH {
        return Err(Found::writing(Code::NestingTooDeep));
    }
    if dict.len() > MAX_ITEMS {
        return Err(Found::writing(Code::TooManyItems));
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
        Some(at) => Err(Found::writing(Code::DuplicateKey).in_key(&pairs[at].0)),
        None => came,
    }
}

/// Writes what a dict of `count` pairs begins with.
#[inline]
pub(super) fn put_dict(out: &mut Vec<u8>, count: usize) {
    put(out, 0x21, (count as u32).to_be_bytes());
}
