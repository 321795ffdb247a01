// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
//! The operations of the stash, as methods.

use super::asked::{any_of, bool_of, dict_of, integer_of, list_of, texts_of};
use super::{Asked, Client, Table};
use crate::gd::messages::{Stash, StashOp};
use crate::gd::{Dict, Value};

impl Client {
    /// The names of all tables.
    pub fn tables(&self) -> Asked<'_, Vec<String>> {
        let question = self.table("").question(StashOp::Tables);
        self.table("").asked(question, texts_of)
    }
}

impl<'a> Table<'a> {
    /// Store `value` under `key`. It fails by StashError when there is no room. It may be given
    /// `ttl`.
    pub fn put(&self, key: impl Into<Value>, value: impl Into<Value>) -> Asked<'a, bool> {
        let question =
            Stash { key: key.into(), value: value.into(), ..self.question(StashOp::Put) };
        self.asked(question, bool_of)
    }

    /// The value of `key`. It fails by StashKeyNotFoundError when the key or the table is missing.
    pub fn get(&self, key: impl Into<Value>) -> Asked<'a, Value> {
        let question = Stash { key: key.into(), ..self.question(StashOp::Get) };
        self.asked(question, any_of)
    }

    /// Remove `key`; false when it was missing.
    pub fn delete(&self, key: impl Into<Value>) -> Asked<'a, bool> {
        let question = Stash { key: key.into(), ..self.question(StashOp::Delete) };
        self.asked(question, bool_of)
    }

    /// The keys, or those strings among them that match `* ? [seq] [!seq]`. It may be given
    /// `pattern`.
    pub fn keys(&self) -> Asked<'a, Vec<Value>> {
        let question = self.question(StashOp::Keys);
        self.asked(question, list_of)
    }

    /// Remove every key of the table.
    pub fn clear(&self) -> Asked<'a, bool> {
        let question = self.question(StashOp::Clear);
        self.asked(question, bool_of)
    }

    /// How large the table is. It fails by StashTableNotFoundError when the table is missing.
    pub fn info(&self) -> Asked<'a, Dict> {
        let question = self.question(StashOp::Info);
        self.asked(question, dict_of)
    }

    /// Have the table, if only empty. It fails by StashError when there is no room.
    pub fn ensure(&self) -> Asked<'a, bool> {
        let question = self.question(StashOp::Ensure);
        self.asked(question, bool_of)
    }

    /// Remove the table; false when it was missing.
    pub fn delete_table(&self) -> Asked<'a, bool> {
        let question = self.question(StashOp::DeleteTable);
        self.asked(question, bool_of)
    }

    /// Whether the table has `key`; without a key, whether there is such a table. It may be given
    /// `key`.
    pub fn exists(&self) -> Asked<'a, bool> {
        let question = self.question(StashOp::Exists);
        self.asked(question, bool_of)
    }

    /// Store `value` under `key`, if it is missing; false when it was there. It fails by StashError
    /// when there is no room. It may be given `ttl`.
    pub fn put_if_absent(&self, key: impl Into<Value>, value: impl Into<Value>) -> Asked<'a, bool> {
        let question =
            Stash { key: key.into(), value: value.into(), ..self.question(StashOp::PutIfAbsent) };
        self.asked(question, bool_of)
    }

    /// Take out `key`: its value. It fails by StashKeyNotFoundError when the key or the table is
    /// missing.
    pub fn pop(&self, key: impl Into<Value>) -> Asked<'a, Value> {
        let question = Stash { key: key.into(), ..self.question(StashOp::Pop) };
        self.asked(question, any_of)
    }

    /// Add `value`, or 1, to the number of `key`, or to `initial`, or 0, when it is missing. It
    /// fails by StashError when there is no number, it would be too large, or there is no room. It
    /// may be given `value`, `initial`, `ttl`.
    pub fn incr(&self, key: impl Into<Value>) -> Asked<'a, Value> {
        let question = Stash { key: key.into(), ..self.question(StashOp::Incr) };
        self.asked(question, any_of)
    }

    /// Let `key` live `ttl` seconds from now, or for ever; false when it was missing. It fails by
    /// StashError when there is no room. It may be given `ttl`.
    pub fn touch(&self, key: impl Into<Value>) -> Asked<'a, bool> {
        let question = Stash { key: key.into(), ..self.question(StashOp::Touch) };
        self.asked(question, bool_of)
    }

    /// How long `key` lives: seconds, or none. It fails by StashKeyNotFoundError when the key or
    /// the table is missing.
    pub fn ttl(&self, key: impl Into<Value>) -> Asked<'a, Value> {
        let question = Stash { key: key.into(), ..self.question(StashOp::Ttl) };
        self.asked(question, any_of)
    }

    /// The value of `key`, with its version. It fails by StashKeyNotFoundError when the key or the
    /// table is missing. It fails by StashError when there is no room.
    pub fn entry(&self, key: impl Into<Value>) -> Asked<'a, Dict> {
        let question = Stash { key: key.into(), ..self.question(StashOp::Entry) };
        self.asked(question, dict_of)
    }

    /// Store `value` under `key` if that has `version`, 0 for one that is missing. The new version,
    /// or 0. It fails by StashError when there is no room. It may be given `version`, `ttl`.
    pub fn swap(&self, key: impl Into<Value>, value: impl Into<Value>) -> Asked<'a, i64> {
        let question =
            Stash { key: key.into(), value: value.into(), ..self.question(StashOp::Swap) };
        self.asked(question, integer_of)
    }

    /// A list of key and value for each key of the list `value` that is there.
    pub fn get_many(&self, value: impl Into<Value>) -> Asked<'a, Vec<Value>> {
        let question = Stash { value: value.into(), ..self.question(StashOp::GetMany) };
        self.asked(question, list_of)
    }

    /// Store what the list `value` has lists of, a key and its value: all of it, or nothing. It
    /// fails by StashError when there is no room. It may be given `ttl`.
    pub fn put_many(&self, value: impl Into<Value>) -> Asked<'a, bool> {
        let question = Stash { value: value.into(), ..self.question(StashOp::PutMany) };
        self.asked(question, bool_of)
    }

    /// Up to `count` of the keys, as of `keys`, behind those of the page that names `after`. It may
    /// be given `pattern`, `after`, `count`.
    pub fn page(&self) -> Asked<'a, Dict> {
        let question = self.question(StashOp::Page);
        self.asked(question, dict_of)
    }

    /// Add `value` before all items of the list `key`. How many it has then. It fails by StashError
    /// when there is no room.
    pub fn push_left(&self, key: impl Into<Value>, value: impl Into<Value>) -> Asked<'a, i64> {
        let question =
            Stash { key: key.into(), value: value.into(), ..self.question(StashOp::PushLeft) };
        self.asked(question, integer_of)
    }

    /// Add `value` behind all items of the list `key`. How many it has then. It fails by StashError
    /// when there is no room.
    pub fn push_right(&self, key: impl Into<Value>, value: impl Into<Value>) -> Asked<'a, i64> {
        let question =
            Stash { key: key.into(), value: value.into(), ..self.question(StashOp::PushRight) };
        self.asked(question, integer_of)
    }

    /// Take out the first item of the list `key`; wait up to `wait` seconds for one. It fails by
    /// StashKeyNotFoundError when the list has no items. It may be given `wait`.
    pub fn pop_left(&self, key: impl Into<Value>) -> Asked<'a, Value> {
        let question = Stash { key: key.into(), ..self.question(StashOp::PopLeft) };
        self.asked(question, any_of)
    }

    /// Take out the last item of the list `key`; wait up to `wait` seconds for one. It fails by
    /// StashKeyNotFoundError when the list has no items. It may be given `wait`.
    pub fn pop_right(&self, key: impl Into<Value>) -> Asked<'a, Value> {
        let question = Stash { key: key.into(), ..self.question(StashOp::PopRight) };
        self.asked(question, any_of)
    }

    /// How many items the list `key` has, 0 where it is missing.
    pub fn length(&self, key: impl Into<Value>) -> Asked<'a, i64> {
        let question = Stash { key: key.into(), ..self.question(StashOp::Length) };
        self.asked(question, integer_of)
    }

    /// Up to `count` changes of the table behind the place `after`, of keys and lists as of `keys`;
    /// wait up to `wait` seconds for one. It fails by StashError when too many tables are watched.
    /// It may be given `pattern`, `after`, `count`, `wait`.
    pub fn changes(&self) -> Asked<'a, Dict> {
        let question = self.question(StashOp::Changes);
        self.asked(question, dict_of)
    }
}

impl<T> Asked<'_, T> {
    /// Gives the key.
    pub fn key(mut self, key: impl Into<Value>) -> Self {
        self.question.key = key.into();
        self
    }

    /// Gives the value.
    pub fn value(mut self, value: impl Into<Value>) -> Self {
        self.question.value = value.into();
        self
    }

    /// Gives a glob over string keys.
    pub fn pattern(mut self, pattern: impl Into<String>) -> Self {
        self.question.pattern = Some(pattern.into());
        self
    }

    /// Gives seconds that the key lives.
    pub fn ttl(mut self, ttl: impl Into<Value>) -> Self {
        self.question.ttl = ttl.into();
        self
    }

    /// Gives the number to begin with.
    pub fn initial(mut self, initial: impl Into<Value>) -> Self {
        self.question.initial = initial.into();
        self
    }

    /// Gives the version that is expected.
    pub fn version(mut self, version: impl Into<i64>) -> Self {
        self.question.version = Some(version.into());
        self
    }

    /// Gives how many keys at most.
    pub fn count(mut self, count: impl Into<i64>) -> Self {
        self.question.count = Some(count.into());
        self
    }

    /// Gives where a page ended.
    pub fn after(mut self, after: impl Into<Value>) -> Self {
        self.question.after = after.into();
        self
    }

    /// Gives seconds to wait for what is asked for.
    pub fn wait(mut self, wait: impl Into<Value>) -> Self {
        self.question.wait = wait.into();
        self
    }
}
