//! What a caller, or the arbiter, is told of failures.

use super::app::Failure;
use crate::gd::messages::{Error, Request};
use crate::gd::{Dict, ErrorType, Fault, Value};

/// Longer texts are cut.
const MAX_TEXT_BYTES: usize = 64 * 1024;
const HEX: &[u8; 16] = b"0123456789abcdef";

/// A text that fits.
pub(super) fn text_of(text: &str) -> &str {
    let mut end = text.len().min(MAX_TEXT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Which call it was.
pub(super) struct Asked {
    pub(super) request_id: u64,
    app_path: String,
    action: String,
}

impl Asked {
    pub(super) fn of(request: &Request) -> Self {
        Asked {
            request_id: request.request_id,
            app_path: request.app_path.clone(),
            action: request.action.clone(),
        }
    }

    /// The app is none that this worker serves.
    pub(super) fn not_served(&self) -> Error {
        let message = format!("this worker does not serve {}", self.app_path);
        self.error(ErrorType::DirtyAppNotFoundError, &message, self.facts())
    }

    /// The call failed.
    pub(super) fn failed(&self, failure: &Failure) -> Error {
        let mut details = self.facts();
        if !failure.exception_type.is_empty() {
            details.push("exception_type", text_of(&failure.exception_type));
            details.push("exception_bases", Vec::<Value>::new());
        }
        self.error(ErrorType::DirtyAppError, &failure.message, details)
    }

    /// The caller gave up.
    pub(super) fn cancelled(&self) -> Error {
        self.error(ErrorType::DirtyCancelledError, "the caller gave up", Dict::new())
    }

    fn facts(&self) -> Dict {
        let mut details = Dict::new();
        details.push("app_path", text_of(&self.app_path));
        details.push("action", text_of(&self.action));
        details
    }

    fn error(&self, kind: ErrorType, message: &str, details: Dict) -> Error {
        Error { details, ..Error::new(self.request_id, kind.name(), text_of(message)) }
    }
}

/// A frame cannot be read, or is not legal.
pub(super) fn refused(fault: &Fault) -> Error {
    let mut details = Dict::new();
    details.push("code", fault.code.as_str());
    if let Some(offset) = fault.offset {
        details.push("offset", u32::try_from(offset).unwrap_or(u32::MAX));
    }
    details.push("path", fault.path.as_str());
    if !fault.raw_data.is_empty() {
        let digits = fault.raw_data.iter().flat_map(|one| [one >> 4, one & 15]);
        let hex: String = digits.map(|half| char::from(HEX[usize::from(half)])).collect();
        details.push("raw_data", hex);
    }
    let kind = ErrorType::DirtyProtocolError.name();
    Error { details, ..Error::new(fault.request_id, kind, fault.to_string()) }
}
