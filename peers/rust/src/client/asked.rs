//! Questions to the stash, and what their answers are read as.

use super::{Client, Error};
use crate::gd::messages::{Stash, StashOp};
use crate::gd::{Dict, ErrorType, Value};

/// A table of the stash, which the arbiter keeps for all of its clients and workers. Keys are values
/// that are neither lists nor dicts.
pub struct Table<'a> {
    client: &'a Client,
    name: String,
}

/// A question that is not asked yet.
#[must_use = "a question is asked by `send`"]
pub struct Asked<'a, T> {
    client: &'a Client,
    pub(super) question: Stash,
    read: fn(Value) -> Result<T, Error>,
}

impl<'a> Table<'a> {
    pub(super) fn new(client: &'a Client, name: String) -> Self {
        Table { client, name }
    }

    pub(super) fn question(&self, op: StashOp) -> Stash {
        Stash::new(0, op, self.name.as_str())
    }

    pub(super) fn asked<T>(
        &self,
        question: Stash,
        read: fn(Value) -> Result<T, Error>,
    ) -> Asked<'a, T> {
        Asked { client: self.client, question, read }
    }
}

impl<T> Asked<'_, T> {
    /// Asks, and waits for the answer.
    ///
    /// # Errors
    ///
    /// What the arbiter says, the answer is of another type, or the connection fails.
    pub fn send(self) -> Result<T, Error> {
        let mut question = Some(self.question);
        let answer = self.client.ask(&mut |request_id| {
            let mut question = question.take().expect("it is made once");
            question.request_id = request_id;
            question.into()
        })?;
        (self.read)(answer)
    }

    /// As `send`, but none where the key or the table is missing, or the list is empty.
    ///
    /// # Errors
    ///
    /// As those of `send`.
    pub fn optional(self) -> Result<Option<T>, Error> {
        match self.send() {
            Ok(value) => Ok(Some(value)),
            Err(error)
                if error.is_a(ErrorType::StashKeyNotFoundError)
                    || error.is_a(ErrorType::StashTableNotFoundError) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

pub(super) fn any_of(answer: Value) -> Result<Value, Error> {
    Ok(answer)
}

pub(super) fn bool_of(answer: Value) -> Result<bool, Error> {
    match answer {
        Value::Bool(is) => Ok(is),
        _ => Err(other("bool")),
    }
}

pub(super) fn integer_of(answer: Value) -> Result<i64, Error> {
    match answer {
        Value::Integer(number) => i64::try_from(number).map_err(|_| other("integer of 64 bits")),
        _ => Err(other("integer")),
    }
}

pub(super) fn list_of(answer: Value) -> Result<Vec<Value>, Error> {
    match answer {
        Value::List(items) => Ok(items),
        _ => Err(other("list")),
    }
}

pub(super) fn texts_of(answer: Value) -> Result<Vec<String>, Error> {
    let text_of = |item| match item {
        Value::String(text) => Ok(text),
        _ => Err(other("list of texts")),
    };
    list_of(answer)?.into_iter().map(text_of).collect()
}

pub(super) fn dict_of(answer: Value) -> Result<Dict, Error> {
    match answer {
        Value::Dict(held) => Ok(held),
        _ => Err(other("dict")),
    }
}

fn other(kind: &str) -> Error {
    Error::new(ErrorType::DirtyProtocolError, format!("the answer is no {kind}"))
}
