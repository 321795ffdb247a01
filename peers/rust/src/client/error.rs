//! Why a call failed.

use std::fmt;

use crate::gd::messages;
use crate::gd::{Dict, ErrorType, Fault, Value};

/// How gunicorn's arbiter says that nothing is there, in a plain DirtyError.
const GUNICORNS: [(&str, ErrorType); 2] = [
    ("Key not found: ", ErrorType::StashKeyNotFoundError),
    ("Table not found: ", ErrorType::StashTableNotFoundError),
];

/// A call that failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    /// What became of it; `is_a` tells kinds of kinds.
    pub error_type: ErrorType,
    /// One line for a person.
    pub message: String,
    /// Facts by name.
    pub details: Dict,
}

impl Error {
    pub(crate) fn new(error_type: ErrorType, message: impl Into<String>) -> Self {
        Error { error_type, message: message.into(), details: Dict::new() }
    }

    /// What the arbiter says.
    pub(super) fn told(error: messages::Error) -> Self {
        let known = ErrorType::from_name(&error.error_type);
        let meant = GUNICORNS.iter().find(|(start, _)| error.message.starts_with(start));
        let error_type = match meant {
            Some((_, meant)) if known == ErrorType::DirtyError => *meant,
            _ => known,
        };
        Error { error_type, message: error.message, details: error.details }
    }

    /// Whether it is of this type, or of a case of it.
    pub fn is_a(&self, error_type: ErrorType) -> bool {
        self.error_type.is_a(error_type)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        let mut details = Dict::new();
        details.push("code", fault.code.as_str());
        if let Some(offset) = fault.offset {
            details.push("offset", u32::try_from(offset).unwrap_or(u32::MAX));
        }
        details.push("path", fault.path.as_str());
        let message = fault.to_string();
        Error { error_type: ErrorType::DirtyProtocolError, message, details }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.error_type, self.message)
    }
}

impl std::error::Error for Error {}

/// The portable code of a fault, where it was one.
impl Error {
    /// The portable code of the fault that it was.
    pub fn code(&self) -> Option<&str> {
        self.details.get("code").and_then(Value::as_str)
    }
}
