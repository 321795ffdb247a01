//! The arbiter's shared tables.

use super::{Client, Error};
use crate::gd::messages::{self, StashOp};
use crate::gd::{ErrorType, Value};

/// The tables of an arbiter. Each method fails by what the arbiter says, or with its connection.
pub struct Stash<'a> {
    client: &'a Client,
}

type Answer<T> = Result<T, Error>;

impl<'a> Stash<'a> {
    pub(super) fn new(client: &'a Client) -> Self {
        Stash { client }
    }

    /// Any operation, with what `fill` says of it: `ask(StashOp::Incr, "hits", |it| it.key = key)`.
    pub fn ask(
        &self,
        op: StashOp,
        table: &str,
        fill: impl Fn(&mut messages::Stash),
    ) -> Answer<Value> {
        self.client.ask(&mut |request_id| {
            let mut question = messages::Stash::new(request_id, op, table);
            fill(&mut question);
            question.into()
        })
    }

    /// Puts a value under a key, which is no list or dict.
    pub fn put(&self, table: &str, key: impl Into<Value>, value: impl Into<Value>) -> Answer<()> {
        let (key, value) = (key.into(), value.into());
        let fill = |it: &mut messages::Stash| (it.key, it.value) = (key.clone(), value.clone());
        self.ask(StashOp::Put, table, fill).map(drop)
    }

    /// The value of a key. Fails by StashKeyNotFoundError where it is missing, or its table is.
    pub fn fetch(&self, table: &str, key: impl Into<Value>) -> Answer<Value> {
        let key = key.into();
        self.ask(StashOp::Get, table, |it| it.key = key.clone())
    }

    /// As `fetch`, but none where it is missing.
    pub fn get(&self, table: &str, key: impl Into<Value>) -> Answer<Option<Value>> {
        match self.fetch(table, key) {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.is_a(ErrorType::StashKeyNotFoundError) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Takes a key away; whether it was there.
    pub fn delete(&self, table: &str, key: impl Into<Value>) -> Answer<bool> {
        let key = key.into();
        self.ask(StashOp::Delete, table, |it| it.key = key.clone()).map(is_true)
    }

    /// Whether a key is there.
    pub fn exists(&self, table: &str, key: impl Into<Value>) -> Answer<bool> {
        let key = key.into();
        self.ask(StashOp::Exists, table, |it| it.key = key.clone()).map(is_true)
    }

    /// The keys of a table; with a pattern, those that are texts which it fits.
    pub fn keys(&self, table: &str, pattern: Option<&str>) -> Answer<Vec<Value>> {
        let pattern = pattern.map(str::to_owned);
        self.ask(StashOp::Keys, table, |it| it.pattern = pattern.clone()).map(items)
    }

    /// Empties a table.
    pub fn clear(&self, table: &str) -> Answer<()> {
        self.ask(StashOp::Clear, table, |_| ()).map(drop)
    }

    /// Facts of a table.
    pub fn info(&self, table: &str) -> Answer<Value> {
        self.ask(StashOp::Info, table, |_| ())
    }

    /// Makes a table, unless it is there.
    pub fn ensure(&self, table: &str) -> Answer<()> {
        self.ask(StashOp::Ensure, table, |_| ()).map(drop)
    }

    /// Takes a table away; whether it was there.
    pub fn delete_table(&self, table: &str) -> Answer<bool> {
        self.ask(StashOp::DeleteTable, table, |_| ()).map(is_true)
    }

    /// The names of all tables.
    pub fn tables(&self) -> Answer<Vec<Value>> {
        self.ask(StashOp::Tables, "", |_| ()).map(items)
    }
}

fn is_true(answer: Value) -> bool {
    answer == Value::Bool(true)
}

fn items(answer: Value) -> Vec<Value> {
    match answer {
        Value::List(items) => items,
        _ => Vec::new(),
    }
}
