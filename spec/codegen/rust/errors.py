"""errors.rs: portable codes, faults and their paths, and error types."""

from __future__ import annotations

from .. import ir
from ..layout import plain_key
from ..naming import pascal
from ..template import fill
from .printing import Lines, arm, doc, text

TEMPLATE = """
//! What can be wrong: faults, which have a portable code, and the error types of failed calls.

use std::fmt;

/// A portable code: what is wrong with bytes, a value, or what a peer did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    «codes»
}

impl Code {
    /// All codes.
    pub const ALL: [Code; «code_count»] = [
        «all_codes»
    ];

    /// The code as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            «code_names»
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How much dies of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The byte stream, or the peer's state, can no longer be trusted.
    Connection,
    /// Only one exchange fails.
    Exchange,
}

impl Scope {
    /// The scope as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Connection => "connection",
            Scope::Exchange => "exchange",
        }
    }
}

/// Bytes, a value or a peer's state that the protocol does not permit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub code: Code,
    /// How much dies of it.
    pub scope: Scope,
    /// Where it is, in bytes from the first one; none in writing, and for a fault of state.
    pub offset: Option<usize>,
    /// Its place in a payload, such as `kwargs.model[3]`; empty for the root.
    pub path: String,
    /// The exchange that it belongs to, as far as that is known.
    pub request_id: u64,
    /// On a connection, the first bytes of what was at fault.
    pub raw_data: Vec<u8>,
}

impl Fault {
    /// A fault without a path.
    pub(super) fn new(code: Code, scope: Scope, offset: Option<usize>) -> Self {
        Fault { code, scope, offset, path: String::new(), request_id: 0, raw_data: Vec::new() }
    }

    /// The same fault, as one of an exchange.
    pub(super) fn of(mut self, request_id: u64) -> Self {
        self.request_id = request_id;
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.as_str())?;
        if let Some(offset) = self.offset {
            write!(f, " at byte {offset}")?;
        }
        if !self.path.is_empty() {
            write!(f, " in {}", self.path)?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}

/// A step into a value.
#[derive(Debug)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

/// A fault inside a value, while it is on its way out.
#[derive(Debug)]
pub(super) struct Found {
    code: Code,
    offset: Option<usize>,
    /// The innermost first.
    steps: Vec<Step>,
}

impl Found {
    #[cold]
    pub(super) fn at(code: Code, offset: usize) -> Box<Self> {
        Box::new(Found { code, offset: Some(offset), steps: Vec::new() })
    }

    #[cold]
    pub(super) fn writing(code: Code) -> Box<Self> {
        Box::new(Found { code, offset: None, steps: Vec::new() })
    }

    #[cold]
    pub(super) fn in_item(mut self: Box<Self>, index: usize) -> Box<Self> {
        self.steps.push(Step::Index(index));
        self
    }

    #[cold]
    pub(super) fn in_key(mut self: Box<Self>, key: &str) -> Box<Self> {
        // A longer key is told by its beginning.
        let kept = key.chars().take(MAX_KEY_CHARS + 1).collect();
        self.steps.push(Step::Key(kept));
        self
    }

    pub(super) fn into_fault(self, scope: Scope) -> Fault {
        let mut fault = Fault::new(self.code, scope, self.offset);
        fault.path = path(self.steps.iter().rev());
        fault
    }
}

const MAX_PATH_CHARS: usize = «max_path»;
const MAX_KEY_CHARS: usize = «max_key»;
const ELLIPSIS: char = «ellipsis»;

/// Keys joined by dots, and indexes in brackets, of at most `MAX_PATH_CHARS` characters.
fn path<'a>(steps: impl Iterator<Item = &'a Step>) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Index(index) => path.push_str(&format!("[{index}]")),
            Step::Key(key) if is_plain(key) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(key);
            }
            Step::Key(key) => push_quoted(&mut path, key),
        }
        if path.chars().count() > MAX_PATH_CHARS {
            path = path.chars().take(MAX_PATH_CHARS - 1).collect();
            path.push(ELLIPSIS);
            break;
        }
    }
    path
}

fn is_plain(key: &str) -> bool {
    let mut chars = key.chars();
    let first = chars.next().is_some_and(|one| matches!(one, «first»));
    let others = chars.all(|one| matches!(one, «others»));
    first && others && key.len() <= MAX_KEY_CHARS
}

/// The key as a string of JSON, shortened where it is long.
fn push_quoted(path: &mut String, key: &str) {
    path.push_str("[\\"");
    for one in key.chars().take(MAX_KEY_CHARS) {
        match one {
            «escapes»
            one if one < ' ' => path.push_str(&format!("\\\\u{:04x}", one as u32)),
            one => path.push(one),
        }
    }
    if key.chars().count() > MAX_KEY_CHARS {
        path.push(ELLIPSIS);
    }
    path.push_str("\\"]");
}

/// What became of a call that failed, as an error says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorType {
    «types»
}

impl ErrorType {
    /// All error types.
    pub const ALL: [ErrorType; «type_count»] = [
        «all_types»
    ];

    /// The type of that name; one that nobody knows is read as the first.
    pub fn from_name(name: &str) -> Self {
        let known = Self::ALL.into_iter().find(|one| one.name() == name);
        known.unwrap_or(Self::ALL[0])
    }

    /// The name as it travels.
    pub fn name(self) -> &'static str {
        match self {
            «type_names»
        }
    }

    /// The type of which this one is a case.
    pub fn parent(self) -> Option<Self> {
        match self {
            «parents»
        }
    }

    /// The details that may come with it.
    pub fn details(self) -> &'static [&'static str] {
        match self {
            «details»
        }
    }

    /// Whether it is `other`, or a case of it.
    pub fn is_a(self, other: Self) -> bool {
        self == other || self.parent().is_some_and(|parent| parent.is_a(other))
    }
}

impl fmt::Display for ErrorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
"""


def errors(spec: ir.Spec) -> str:
    first, others = plain_key(spec)
    codes, types, paths = spec.error_codes, spec.error_types, spec.paths
    return fill(
        TEMPLATE,
        codes=[line for one in codes for line in (doc(one.meaning), f"{pascal(one.name)},")],
        code_count=str(len(codes)),
        all_codes=[f"Code::{pascal(one.name)}," for one in codes],
        code_names=[f"Code::{pascal(one.name)} => {text(one.name)}," for one in codes],
        max_path=str(paths.max_path_chars),
        max_key=str(paths.max_key_chars),
        ellipsis=_char(paths.ellipsis),
        first=_alternatives(first),
        others=_alternatives(others),
        escapes=[f"{_char(raw)} => path.push_str({text(as_)})," for raw, as_ in paths.escapes],
        types=[line for one in types for line in (doc(one.meaning), f"{one.name},")],
        type_count=str(len(types)),
        all_types=[f"ErrorType::{one.name}," for one in types],
        type_names=[f"ErrorType::{one.name} => {text(one.name)}," for one in types],
        parents=[f"ErrorType::{one.name} => {_parent(one)}," for one in types],
        details=[line for one in types for line in _details(one)],
    )


def _char(one: str) -> str:
    special = {"'": "\\'", "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    shown = special.get(one, one)
    if not (shown.isprintable() and shown.isascii()):
        shown = f"\\u{{{ord(one):x}}}"
    return f"'{shown}'"


def _alternatives(ranges: tuple[tuple[str, str], ...]) -> str:
    return " | ".join(
        _char(low) if low == high else f"{_char(low)}..={_char(high)}" for low, high in ranges
    )


def _parent(one: ir.ErrorType) -> str:
    return f"Some(ErrorType::{one.parent})" if one.parent else "None"


def _details(one: ir.ErrorType) -> Lines:
    names = ", ".join(text(detail) for detail in one.details)
    return arm(f"ErrorType::{one.name}", f"&[{names}]", 12)
