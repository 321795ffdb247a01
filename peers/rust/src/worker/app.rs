//! What an app is, and what it gives.

use std::any::Any;
use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

use crate::gd::{Dict, Value};

/// What callers call. One is made for each worker, and called by all of its lanes.
pub trait App: Send + Sync + 'static {
    /// Answers a call; of an action that is not there, by `Failure::no_action`.
    ///
    /// # Errors
    ///
    /// Whatever goes wrong; the caller is told.
    fn call(&self, call: &Call) -> Result<Answer, Failure>;

    /// The worker ends.
    fn close(&self) {}
}

/// What a caller asks for.
#[derive(Debug)]
pub struct Call {
    /// The app.
    pub app_path: String,
    /// What to do.
    pub action: String,
    /// Positional arguments.
    pub args: Vec<Value>,
    /// Keyword arguments.
    pub kwargs: Dict,
    /// The trace that the caller takes part in, as headers of HTTP would tell it.
    pub trace: Option<Dict>,
    pub(super) cancelled: Arc<AtomicBool>,
}

impl Call {
    /// The argument at that place; none where there are fewer.
    pub fn arg(&self, at: usize) -> &Value {
        self.args.get(at).unwrap_or(&Value::None)
    }

    /// Whether the caller has given up.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

/// The items of a stream.
pub type Items = Box<dyn Iterator<Item = Result<Value, Failure>>>;

/// What a call gives.
pub enum Answer {
    /// A result.
    Value(Value),
    /// Items, of which no more is asked for when the caller gives up.
    Stream(Items),
}

impl Answer {
    /// A stream of items that do not fail.
    pub fn stream<V: Into<Value>>(items: impl IntoIterator<Item = V> + 'static) -> Self {
        Answer::Stream(Box::new(items.into_iter().map(|item| Ok(item.into()))))
    }
}

impl<V: Into<Value>> From<V> for Answer {
    fn from(value: V) -> Self {
        Answer::Value(value.into())
    }
}

/// Why a call failed. Every error becomes one by `?`.
#[derive(Debug)]
pub struct Failure {
    /// One line for a person.
    pub message: String,
    /// The type of the error that it was; empty where it was none.
    pub exception_type: String,
}

impl Failure {
    /// A failure for which there is no type.
    pub fn new(message: impl Display) -> Self {
        Failure { message: message.to_string(), exception_type: String::new() }
    }

    /// That of an action that the app does not have.
    pub fn no_action(call: &Call) -> Self {
        Failure::new(format!("{} has no action {:?}", call.app_path, call.action))
    }

    pub(super) fn of_panic(panic: &(dyn Any + Send)) -> Self {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        let message = text.unwrap_or("it panicked").to_owned();
        Failure { message, exception_type: "panic".to_owned() }
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let exception_type = std::any::type_name::<E>().to_owned();
        Failure { message: error.to_string(), exception_type }
    }
}
