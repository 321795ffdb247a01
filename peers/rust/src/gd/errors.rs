// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
//! What can be wrong: faults, which have a portable code, and the error types of failed calls.

use std::fmt;

/// A portable code: what is wrong with bytes, a value, or what a peer did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// The frame does not begin with the magic bytes.
    BadMagic,
    /// The version byte is not one we speak.
    UnsupportedVersion,
    /// The type byte names no message.
    UnknownMessageType,
    /// The payload exceeds its limit.
    PayloadTooLarge,
    /// All bytes were promised and some are missing, or a declared size cannot fit.
    Truncated,
    /// Bytes remain after the value or frame.
    TrailingData,
    /// The type byte names no value type.
    UnknownTlvType,
    /// A bool's byte is neither 00 nor 01.
    InvalidBool,
    /// A string's bytes are not valid UTF-8.
    InvalidUtf8,
    /// A bytes or string exceeds its limit.
    LengthTooLarge,
    /// A list or dict exceeds its limit.
    TooManyItems,
    /// Too many containers are open at once.
    NestingTooDeep,
    /// A dict key is not a string.
    KeyNotString,
    /// A dict holds the same key twice.
    DuplicateKey,
    /// A message without payload carries one.
    UnexpectedPayload,
    /// The payload's value is not a dict.
    PayloadNotDict,
    /// A required field is absent.
    MissingField,
    /// A field's value has another type.
    WrongFieldType,
    /// A field has its type but an impossible value.
    InvalidFieldValue,
    /// No integer type can hold the value.
    IntOutOfRange,
    /// A text has no UTF-8 form (a lone surrogate).
    InvalidText,
    /// The value's type has no TLV form.
    UnsupportedType,
    /// The message is not legal in this state or role.
    UnexpectedMessage,
    /// An exchange with this id is still open.
    DuplicateRequestId,
}

impl Code {
    /// All codes.
    pub const ALL: [Code; 24] = [
        Code::BadMagic,
        Code::UnsupportedVersion,
        Code::UnknownMessageType,
        Code::PayloadTooLarge,
        Code::Truncated,
        Code::TrailingData,
        Code::UnknownTlvType,
        Code::InvalidBool,
        Code::InvalidUtf8,
        Code::LengthTooLarge,
        Code::TooManyItems,
        Code::NestingTooDeep,
        Code::KeyNotString,
        Code::DuplicateKey,
        Code::UnexpectedPayload,
        Code::PayloadNotDict,
        Code::MissingField,
        Code::WrongFieldType,
        Code::InvalidFieldValue,
        Code::IntOutOfRange,
        Code::InvalidText,
        Code::UnsupportedType,
        Code::UnexpectedMessage,
        Code::DuplicateRequestId,
    ];

    /// The code as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::BadMagic => "bad_magic",
            Code::UnsupportedVersion => "unsupported_version",
            Code::UnknownMessageType => "unknown_message_type",
            Code::PayloadTooLarge => "payload_too_large",
            Code::Truncated => "truncated",
            Code::TrailingData => "trailing_data",
            Code::UnknownTlvType => "unknown_tlv_type",
            Code::InvalidBool => "invalid_bool",
            Code::InvalidUtf8 => "invalid_utf8",
            Code::LengthTooLarge => "length_too_large",
            Code::TooManyItems => "too_many_items",
            Code::NestingTooDeep => "nesting_too_deep",
            Code::KeyNotString => "key_not_string",
            Code::DuplicateKey => "duplicate_key",
            Code::UnexpectedPayload => "unexpected_payload",
            Code::PayloadNotDict => "payload_not_dict",
            Code::MissingField => "missing_field",
            Code::WrongFieldType => "wrong_field_type",
            Code::InvalidFieldValue => "invalid_field_value",
            Code::IntOutOfRange => "int_out_of_range",
            Code::InvalidText => "invalid_text",
            Code::UnsupportedType => "unsupported_type",
            Code::UnexpectedMessage => "unexpected_message",
            Code::DuplicateRequestId => "duplicate_request_id",
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

const MAX_PATH_CHARS: usize = 200;
const MAX_KEY_CHARS: usize = 32;
const ELLIPSIS: char = '\u{2026}';

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
    let first = chars.next().is_some_and(|one| matches!(one, 'A'..='Z' | 'a'..='z' | '_'));
    let others = chars.all(|one| matches!(one, 'A'..='Z' | 'a'..='z' | '0'..='9' | '_'));
    first && others && key.len() <= MAX_KEY_CHARS
}

/// The key as a string of JSON, shortened where it is long.
fn push_quoted(path: &mut String, key: &str) {
    path.push_str("[\"");
    for one in key.chars().take(MAX_KEY_CHARS) {
        match one {
            '"' => path.push_str("\\\""),
            '\\' => path.push_str("\\\\"),
            '\u{8}' => path.push_str("\\b"),
            '\u{c}' => path.push_str("\\f"),
            '\n' => path.push_str("\\n"),
            '\r' => path.push_str("\\r"),
            '\t' => path.push_str("\\t"),
            one if one < ' ' => path.push_str(&format!("\\u{:04x}", one as u32)),
            one => path.push(one),
        }
    }
    if key.chars().count() > MAX_KEY_CHARS {
        path.push(ELLIPSIS);
    }
    path.push_str("\"]");
}

/// What became of a call that failed, as an error says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorType {
    /// Any failure; unknown names are read as this one.
    DirtyError,
    /// A deadline passed.
    DirtyTimeoutError,
    /// The connection failed, was lost, or is let go of.
    DirtyConnectionError,
    /// The worker died, was condemned or refused.
    DirtyWorkerError,
    /// The app raised, or its result cannot be encoded.
    DirtyAppError,
    /// The app cannot be found.
    DirtyAppNotFoundError,
    /// No worker serves the app, or ever will.
    DirtyNoWorkersAvailableError,
    /// Bytes or state were at fault.
    DirtyProtocolError,
    /// A queue is full.
    DirtyOverloadedError,
    /// The exchange was cancelled.
    DirtyCancelledError,
    /// The peer may not do this.
    DirtyPermissionError,
    /// A stash operation failed.
    StashError,
    /// The stash table does not exist.
    StashTableNotFoundError,
    /// The stash table has no such key.
    StashKeyNotFoundError,
}

impl ErrorType {
    /// All error types.
    pub const ALL: [ErrorType; 14] = [
        ErrorType::DirtyError,
        ErrorType::DirtyTimeoutError,
        ErrorType::DirtyConnectionError,
        ErrorType::DirtyWorkerError,
        ErrorType::DirtyAppError,
        ErrorType::DirtyAppNotFoundError,
        ErrorType::DirtyNoWorkersAvailableError,
        ErrorType::DirtyProtocolError,
        ErrorType::DirtyOverloadedError,
        ErrorType::DirtyCancelledError,
        ErrorType::DirtyPermissionError,
        ErrorType::StashError,
        ErrorType::StashTableNotFoundError,
        ErrorType::StashKeyNotFoundError,
    ];

    /// The type of that name; one that nobody knows is read as the first.
    pub fn from_name(name: &str) -> Self {
        let known = Self::ALL.into_iter().find(|one| one.name() == name);
        known.unwrap_or(Self::ALL[0])
    }

    /// The name as it travels.
    pub fn name(self) -> &'static str {
        match self {
            ErrorType::DirtyError => "DirtyError",
            ErrorType::DirtyTimeoutError => "DirtyTimeoutError",
            ErrorType::DirtyConnectionError => "DirtyConnectionError",
            ErrorType::DirtyWorkerError => "DirtyWorkerError",
            ErrorType::DirtyAppError => "DirtyAppError",
            ErrorType::DirtyAppNotFoundError => "DirtyAppNotFoundError",
            ErrorType::DirtyNoWorkersAvailableError => "DirtyNoWorkersAvailableError",
            ErrorType::DirtyProtocolError => "DirtyProtocolError",
            ErrorType::DirtyOverloadedError => "DirtyOverloadedError",
            ErrorType::DirtyCancelledError => "DirtyCancelledError",
            ErrorType::DirtyPermissionError => "DirtyPermissionError",
            ErrorType::StashError => "StashError",
            ErrorType::StashTableNotFoundError => "StashTableNotFoundError",
            ErrorType::StashKeyNotFoundError => "StashKeyNotFoundError",
        }
    }

    /// The type of which this one is a case.
    pub fn parent(self) -> Option<Self> {
        match self {
            ErrorType::DirtyError => None,
            ErrorType::DirtyTimeoutError => Some(ErrorType::DirtyError),
            ErrorType::DirtyConnectionError => Some(ErrorType::DirtyError),
            ErrorType::DirtyWorkerError => Some(ErrorType::DirtyError),
            ErrorType::DirtyAppError => Some(ErrorType::DirtyError),
            ErrorType::DirtyAppNotFoundError => Some(ErrorType::DirtyAppError),
            ErrorType::DirtyNoWorkersAvailableError => Some(ErrorType::DirtyError),
            ErrorType::DirtyProtocolError => Some(ErrorType::DirtyError),
            ErrorType::DirtyOverloadedError => Some(ErrorType::DirtyError),
            ErrorType::DirtyCancelledError => Some(ErrorType::DirtyError),
            ErrorType::DirtyPermissionError => Some(ErrorType::DirtyError),
            ErrorType::StashError => Some(ErrorType::DirtyError),
            ErrorType::StashTableNotFoundError => Some(ErrorType::StashError),
            ErrorType::StashKeyNotFoundError => Some(ErrorType::StashError),
        }
    }

    /// The details that may come with it.
    pub fn details(self) -> &'static [&'static str] {
        match self {
            ErrorType::DirtyError => &[],
            ErrorType::DirtyTimeoutError => &["timeout", "app_path", "action", "where", "waited"],
            ErrorType::DirtyConnectionError => &["socket_path", "begun"],
            ErrorType::DirtyWorkerError => &["worker_id", "traceback"],
            ErrorType::DirtyAppError => {
                &["app_path", "action", "traceback", "exception_type", "exception_bases"]
            }
            ErrorType::DirtyAppNotFoundError => &["app_path", "action", "traceback"],
            ErrorType::DirtyNoWorkersAvailableError => &["app_path", "reason", "begun"],
            ErrorType::DirtyProtocolError => &["code", "offset", "path", "raw_data"],
            ErrorType::DirtyOverloadedError => &["app_path", "retry_after"],
            ErrorType::DirtyCancelledError => &[],
            ErrorType::DirtyPermissionError => &[],
            ErrorType::StashError => &[],
            ErrorType::StashTableNotFoundError => &["table_name"],
            ErrorType::StashKeyNotFoundError => &["table_name", "key"],
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
