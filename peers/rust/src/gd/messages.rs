// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
//! Messages, and the frames that carry them.
//!
//! A field of several kinds, or of any, is a `Value`; where it is optional, none stands for its
//! absence. Keys that are no fields are ignored.

use super::errors::{Code, Fault, Found, Scope};
use super::header::{Header, MessageType};
use super::limits::{HEADER_BYTES, MAX_PAYLOAD_BYTES};
use super::values::{self, Dict, Reader, Value, Written};

/// Values of an `op` field: StashOp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StashOp {
    /// `put`.
    Put = 1,
    /// `get`.
    Get = 2,
    /// `delete`.
    Delete = 3,
    /// `keys`.
    Keys = 4,
    /// `clear`.
    Clear = 5,
    /// `info`.
    Info = 6,
    /// `ensure`.
    Ensure = 7,
    /// `delete_table`.
    DeleteTable = 8,
    /// `tables`.
    Tables = 9,
    /// `exists`.
    Exists = 10,
    /// `put_if_absent`.
    PutIfAbsent = 11,
    /// `pop`.
    Pop = 12,
    /// `incr`.
    Incr = 13,
    /// `touch`.
    Touch = 14,
    /// `ttl`.
    Ttl = 15,
    /// `entry`.
    Entry = 16,
    /// `swap`.
    Swap = 17,
    /// `get_many`.
    GetMany = 18,
    /// `put_many`.
    PutMany = 19,
    /// `page`.
    Page = 20,
    /// `push_left`.
    PushLeft = 21,
    /// `push_right`.
    PushRight = 22,
    /// `pop_left`.
    PopLeft = 23,
    /// `pop_right`.
    PopRight = 24,
    /// `length`.
    Length = 25,
    /// `changes`.
    Changes = 26,
}

impl From<StashOp> for i64 {
    fn from(op: StashOp) -> Self {
        op as Self
    }
}

/// Values of an `op` field: ManageOp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ManageOp {
    /// `add`.
    Add = 1,
    /// `remove`.
    Remove = 2,
    /// `reload`.
    Reload = 3,
    /// `set`.
    Set = 4,
    /// `calls`.
    Calls = 5,
    /// `stacks`.
    Stacks = 6,
    /// `kill`.
    Kill = 7,
    /// `recycle`.
    Recycle = 8,
}

impl From<ManageOp> for i64 {
    fn from(op: ManageOp) -> Self {
        op as Self
    }
}

/// Call an action of an app.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The exchange that it belongs to.
    pub request_id: u64,
    /// The app, as module:Class.
    pub app_path: String,
    /// What to call on it.
    pub action: String,
    /// Seconds from arrival at the arbiter, queueing included.
    pub timeout: Value,
    /// 0 is usual; of requests that wait, the higher goes first.
    pub priority: i64,
    /// The trace that the caller takes part in, as headers of HTTP would tell it.
    pub trace: Option<Dict>,
    /// The extensions that the caller takes in the answer.
    pub extensions: Option<Vec<Value>>,
    /// Positional arguments.
    pub args: Vec<Value>,
    /// Keyword arguments.
    pub kwargs: Dict,
}

impl Request {
    /// The message; what may be left out has its default.
    pub fn new(request_id: u64, app_path: impl Into<String>, action: impl Into<String>) -> Self {
        Request {
            request_id,
            app_path: app_path.into(),
            action: action.into(),
            timeout: Value::None,
            priority: 0,
            trace: None,
            extensions: None,
            args: Vec::new(),
            kwargs: Dict::new(),
        }
    }

    fn fields(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("app_path", self.app_path.clone().into()),
            ("action", self.action.clone().into()),
            ("timeout", self.timeout.clone()),
            ("priority", self.priority.into()),
            ("trace", self.trace.clone().into()),
            ("extensions", self.extensions.clone().into()),
            ("args", self.args.clone().into()),
            ("kwargs", self.kwargs.clone().into()),
        ]
    }

    fn from_fields(request_id: u64, mut fields: Dict) -> Result<Message, Fault> {
        let values = [
            fields.take("app_path"),
            fields.take("action"),
            fields.take("timeout"),
            fields.take("priority"),
            fields.take("trace"),
            fields.take("extensions"),
            fields.take("args"),
            fields.take("kwargs"),
        ];
        Self::judged(request_id, Payload { frame: None, values })
    }

    /// Which of the fields has that key.
    fn place(key: &str) -> Option<usize> {
        match key {
            "app_path" => Some(0),
            "action" => Some(1),
            "timeout" => Some(2),
            "priority" => Some(3),
            "trace" => Some(4),
            "extensions" => Some(5),
            "args" => Some(6),
            "kwargs" => Some(7),
            _ => None,
        }
    }

    fn read(request_id: u64, frame: &[u8]) -> Result<Message, Fault> {
        Self::judged(request_id, Payload::read(frame, Self::place)?)
    }

    fn judged(request_id: u64, mut payload: Payload<8>) -> Result<Message, Fault> {
        let found = payload.field(0, &["app_path"]);
        let app_path = found.required(any, any)?;
        let found = payload.field(1, &["action"]);
        let action = found.required(any, any)?;
        let found = payload.field(2, &["timeout"]);
        let found = found.optional(Self::fits_timeout, Self::permits_timeout)?;
        let timeout = found.unwrap_or_default();
        let found = payload.field(3, &["priority"]);
        let found = found.optional(any, Self::permits_priority)?;
        let priority = found.unwrap_or_default();
        let found = payload.field(4, &["trace"]);
        let trace = found.optional(any, any)?;
        let found = payload.field(5, &["extensions"]);
        let extensions = found.optional(any, any)?;
        let found = payload.field(6, &["args"]);
        let found = found.optional(any, any)?;
        let args = found.unwrap_or_default();
        let found = payload.field(7, &["kwargs"]);
        let found = found.optional(any, any)?;
        let kwargs = found.unwrap_or_default();
        Ok(Message::Request(Request {
            request_id,
            app_path,
            action,
            timeout,
            priority,
            trace,
            extensions,
            args,
            kwargs,
        }))
    }

    fn write(&self, out: &mut Vec<u8>) -> Written {
        let is_possible = self.timeout.is_none() || Self::fits_timeout(&self.timeout);
        judge(is_possible, Code::WrongFieldType, &["timeout"])?;
        let is_possible = self.timeout.is_none() || Self::permits_timeout(&self.timeout);
        judge(is_possible, Code::InvalidFieldValue, &["timeout"])?;
        let is_possible = Self::permits_priority(&self.priority);
        judge(is_possible, Code::InvalidFieldValue, &["priority"])?;
        let mut count = 4;
        count += usize::from(!self.timeout.is_none());
        count += usize::from(self.priority != 0);
        count += usize::from(self.trace.is_some());
        count += usize::from(self.extensions.is_some());
        values::put_dict(out, count);
        out.extend_from_slice(b"\x11\x00\x00\x00\x08app_path");
        named(values::write_string(out, &self.app_path), &["app_path"])?;
        out.extend_from_slice(b"\x11\x00\x00\x00\x06action");
        named(values::write_string(out, &self.action), &["action"])?;
        if !self.timeout.is_none() {
            out.extend_from_slice(b"\x11\x00\x00\x00\x07timeout");
            named(values::write(out, &self.timeout, 1), &["timeout"])?;
        }
        if self.priority != 0 {
            out.extend_from_slice(b"\x11\x00\x00\x00\x08priority");
            named(values::write_integer(out, self.priority), &["priority"])?;
        }
        if let Some(held) = &self.trace {
            out.extend_from_slice(b"\x11\x00\x00\x00\x05trace");
            named(values::write_dict(out, held, 1), &["trace"])?;
        }
        if let Some(held) = &self.extensions {
            out.extend_from_slice(b"\x11\x00\x00\x00\x0aextensions");
            named(values::write_list(out, held, 1), &["extensions"])?;
        }
        out.extend_from_slice(b"\x11\x00\x00\x00\x04args");
        named(values::write_list(out, &self.args, 1), &["args"])?;
        out.extend_from_slice(b"\x11\x00\x00\x00\x06kwargs");
        named(values::write_dict(out, &self.kwargs, 1), &["kwargs"])?;
        Ok(())
    }

    fn fits_timeout(it: &Value) -> bool {
        matches!(it, Value::Float(_) | Value::Integer(_))
    }

    fn permits_timeout(it: &Value) -> bool {
        match it {
            Value::Integer(it) => *it >= 0,
            Value::Float(it) => it.is_finite() && *it >= 0.0,
            _ => true,
        }
    }

    fn permits_priority(it: &i64) -> bool {
        (-10..=10).contains(it)
    }
}

/// The result of an exchange.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// The exchange that it belongs to.
    pub request_id: u64,
    /// The result.
    pub result: Value,
}

impl Response {
    /// The message; what may be left out has its default.
    pub fn new(request_id: u64, result: impl Into<Value>) -> Self {
        Response { request_id, result: result.into() }
    }

    fn fields(&self) -> Vec<(&'static str, Value)> {
        vec![("result", self.result.clone())]
    }

    fn from_fields(request_id: u64, mut fields: Dict) -> Result<Message, Fault> {
        let values = [fields.take("result")];
        Self::judged(request_id, Payload { frame: None, values })
    }

    /// Which of the fields has that key.
    fn place(key: &str) -> Option<usize> {
        match key {
            "result" => Some(0),
            _ => None,
        }
    }

    fn read(request_id: u64, frame: &[u8]) -> Result<Message, Fault> {
        Self::judged(request_id, Payload::read(frame, Self::place)?)
    }

    fn judged(request_id: u64, mut payload: Payload<1>) -> Result<Message, Fault> {
        let found = payload.field(0, &["result"]);
        let result = found.required(any, any)?;
        Ok(Message::Response(Response { request_id, result }))
    }

    fn write(&self, out: &mut Vec<u8>) -> Written {
        values::put_dict(out, 1);
        out.extend_from_slice(b"\x11\x00\x00\x00\x06result");
        named(values::write(out, &self.result, 1), &["result"])?;
        Ok(())
    }
}

/// The failure of an exchange, or with id 0 of the connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    /// The exchange that it belongs to.
    pub request_id: u64,
    /// A name from the table of error types.
    pub error_type: String,
    /// One line for a person.
    pub message: String,
    /// Facts by name.
    pub details: Dict,
}

impl Error {
    /// The message; what may be left out has its default.
    pub fn new(request_id: u64, error_type: impl Into<String>, message: impl Into<String>) -> Self {
        Error {
            request_id,
            error_type: error_type.into(),
            message: message.into(),
            details: Dict::new(),
        }
    }

    fn fields(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("error_type", self.error_type.clone().into()),
            ("message", self.message.clone().into()),
            ("details", self.details.clone().into()),
        ]
    }

    fn from_fields(request_id: u64, mut fields: Dict) -> Result<Message, Fault> {
        let error = fields.gathered(&["error_type", "message", "details"], []);
        let values = [Some(error)];
        Self::judged(request_id, Payload { frame: None, values })
    }

    /// Which of the fields has that key.
    fn place(key: &str) -> Option<usize> {
        match key {
            "error" => Some(0),
            _ => None,
        }
    }

    fn read(request_id: u64, frame: &[u8]) -> Result<Message, Fault> {
        Self::judged(request_id, Payload::read(frame, Self::place)?)
    }

    fn judged(request_id: u64, mut payload: Payload<1>) -> Result<Message, Fault> {
        let found = payload.field(0, &["error"]);
        let mut error: Dict = found.required(any, any)?;
        let found = Field::inner(&mut error, payload.frame, &["error", "error_type"]);
        let error_type = found.required(any, any)?;
        let found = Field::inner(&mut error, payload.frame, &["error", "message"]);
        let message = found.required(any, any)?;
        let found = Field::inner(&mut error, payload.frame, &["error", "details"]);
        let found = found.optional(any, any)?;
        let details = found.unwrap_or_default();
        Ok(Message::Error(Error { request_id, error_type, message, details }))
    }

    fn write(&self, out: &mut Vec<u8>) -> Written {
        values::put_dict(out, 1);
        out.extend_from_slice(b"\x11\x00\x00\x00\x05error");
        values::put_dict(out, 3);
        out.extend_from_slice(b"\x11\x00\x00\x00\x0aerror_type");
        named(values::write_string(out, &self.error_type), &["error", "error_type"])?;
        out.extend_from_slice(b"\x11\x00\x00\x00\x07message");
        named(values::write_string(out, &self.message), &["error", "message"])?;
        out.extend_from_slice(b"\x11\x00\x00\x00\x07details");
        named(values::write_dict(out, &self.details, 2), &["error", "details"])?;
        Ok(())
    }
}

/// A piece of a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Chunk {
    /// The exchange that it belongs to.
    pub request_id: u64,
    /// One piece.
    pub data: Value,
}

impl Chunk {
    /// The message; what may be left out has its default.
    pub fn new(request_id: u64, data: impl Into<Value>) -> Self {
        Chunk { request_id, data: data.into() }
    }

    fn fields(&self) -> Vec<(&'static str, Value)> {
        vec![("data", self.data.clone())]
    }

    fn from_fields(request_id: u64, mut fields: Dict) -> Result<Message, Fault> {
        let values = [fields.take("data")];
        Self::judged(request_id, Payload { frame: None, values })
    }

    /// Which of the fields has that key.
    fn place(key: &str) -> Option<usize> {
        match key {
            "data" => Some(0),
            _ => None,
        }
    }

    fn read(request_id: u64, frame: &[u8]) -> Result<Message, Fault> {
        Self::judged(request_id, Payload::read(frame, Self::place)?)
    }

    fn judged(request_id: u64, mut payload: Payload<1>) -> Result<Message, Fault> {
        let found = payload.field(0, &["data"]);
        let data = found.required(any, any)?;
        Ok(Message::Chunk(Chunk { request_id, data }))
    }

    fn write(&self, out: &mut Vec<u8>) -> Written {
        values::put_dict(out, 1);
        out.extend_from_slice(b"\x11\x00\x00\x00\x04data");
        named(values::write(out, &self.data, 1), &["data"])?;
        Ok(())
    }
}

/// The end of a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct End {
    /// The exchange that it belongs to.
    pub request_id: u64,
}

impl End {
    /// The message.
    pub fn new(request_id: u64) -> Self {
        End { request_id }
    }
}

/// An operation on the arbiter's shared tables.
#[derive(Clone, Debug, PartialEq)]
pub struct Stash {
    /// The exchange that it belongs to.
    pub request_id: u64,
    /// The operation.
    pub op: i64,
    /// The table's name.
    pub table: String,
    /// The key.
    pub key: Value,
    /// The value.
    pub value: Value,
    /// A glob over string keys.
    pub pattern: Option<String>,
    /// Seconds that the key lives.
    pub ttl: Value,
    /// The number to begin with.
    pub initial: Value,
    /// The version that is expected.
    pub version: Option<i64>,
    /// How many keys at most.
    pub count: Option<i64>,
    /// Where a page ended.
    pub after: Value,
    /// Seconds to wait for what is asked for.
    pub wait: Value,
}

impl Stash {
    /// The message; what may be left out has its default.
    pub fn new(request_id: u64, op: impl Into<i64>, table: impl Into<String>) -> Self {
        Stash {
            request_id,
            op: op.into(),
            table: table.into(),
            key: Value::None,
            value: Value::None,
            pattern: None,
            ttl: Value::None,
            initial: Value::None,
            version: None,
            count: None,
            after: Value::None,
            wait: Value::None,
        }
    }

    fn fields(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("op", self.op.into()),
            ("table", self.table.clone().into()),
            ("key", self.key.clone()),
            ("value", self.value.clone()),
            ("pattern", self.pattern.clone().into()),
            ("ttl", self.ttl.clone()),
            ("initial", self.initial.clone()),
            ("version", self.version.into()),
            ("count", self.count.into()),
            ("after", self.after.clone()),
            ("wait", self.wait.clone()),
        ]
    }

    fn from_fields(request_id: u64, mut fields: Dict) -> Result<Message, Fault> {
        let values = [
            fields.take("op"),
            fields.take("table"),
            fields.take("key"),
            fields.take("value"),
            fields.take("pattern"),
            fields.take("ttl"),
            fields.take("initial"),
            fields.take("version"),
            fields.take("count"),
            fields.take("after"),
            fields.take("wait"),
        ];
        Self::judged(request_id, Payload { frame: None, values })
    }

    /// Which of the fields has that key.
    fn place(key: &str) -> Option<usize> {
        match key {
            "op" => Some(0),
            "table" => Some(1),
            "key" => Some(2),
            "value" => Some(3),
            "pattern" => Some(4),
            "ttl" => Some(5),
            "initial" => Some(6),
            "version" => Some(7),
            "count" => Some(8),
            "after" => Some(9),
            "wait" => Some(10),
            _ => None,
        }
    }

    fn read(request_id: u64, frame: &[u8]) -> Result<Message, Fault> {
        Self::judged(request_id, Payload::read(frame, Self::place)?)
    }

    fn judged(request_id: u64, mut payload: Payload<11>) -> Result<Message, Fault> {
        let found = payload.field(0, &["op"]);
        let op = found.required(any, Self::permits_op)?;
        let found = payload.field(1, &["table"]);
        let table = found.required(any, any)?;
        let found = payload.field(2, &["key"]);
        let found = found.optional(any, Self::permits_key)?;
        let key = found.unwrap_or_default();
        let found = payload.field(3, &["value"]);
        let found = found.optional(any, any)?;
        let value = found.unwrap_or_default();
        let found = payload.field(4, &["pattern"]);
        let pattern = found.optional(any, any)?;
        let found = payload.field(5, &["ttl"]);
        let found = found.optional(Self::fits_ttl, Self::permits_ttl)?;
        let ttl = found.unwrap_or_default();
        let found = payload.field(6, &["initial"]);
        let found = found.optional(Self::fits_initial, Self::permits_initial)?;
        let initial = found.unwrap_or_default();
        let found = payload.field(7, &["version"]);
        let version = found.optional(any, Self::permits_version)?;
        let found = payload.field(8, &["count"]);
        let count = found.optional(any, Self::permits_count)?;
        let found = payload.field(9, &["after"]);
        let found = found.optional(any, Self::permits_after)?;
        let after = found.unwrap_or_default();
        let found = payload.field(10, &["wait"]);
        let found = found.optional(Self::fits_wait, Self::permits_wait)?;
        let wait = found.unwrap_or_default();
        Ok(Message::Stash(Stash {
            request_id,
            op,
            table,
            key,
            value,
            pattern,
            ttl,
            initial,
            version,
            count,
            after,
            wait,
        }))
    }

    fn write(&self, out: &mut Vec<u8>) -> Written {
        let is_possible = Self::permits_op(&self.op);
        judge(is_possible, Code::InvalidFieldValue, &["op"])?;
        let is_possible = Self::permits_key(&self.key);
        judge(is_possible, Code::InvalidFieldValue, &["key"])?;
        let is_possible = self.ttl.is_none() || Self::fits_ttl(&self.ttl);
        judge(is_possible, Code::WrongFieldType, &["ttl"])?;
        let is_possible = self.ttl.is_none() || Self::permits_ttl(&self.ttl);
        judge(is_possible, Code::InvalidFieldValue, &["ttl"])?;
        let is_possible = self.initial.is_none() || Self::fits_initial(&self.initial);
        judge(is_possible, Code::WrongFieldType, &["initial"])?;
        let is_possible = self.initial.is_none() || Self::permits_initial(&self.initial);
        judge(is_possible, Code::InvalidFieldValue, &["initial"])?;
        let is_possible = self.version.as_ref().is_none_or(Self::permits_version);
        judge(is_possible, Code::InvalidFieldValue, &["version"])?;
        let is_possible = self.count.as_ref().is_none_or(Self::permits_count);
        judge(is_possible, Code::InvalidFieldValue, &["count"])?;
        let is_possible = Self::permits_after(&self.after);
        judge(is_possible, Code::InvalidFieldValue, &["after"])?;
        let is_possible = self.wait.is_none() || Self::fits_wait(&self.wait);
        judge(is_possible, Code::WrongFieldType, &["wait"])?;
        let is_possible = self.wait.is_none() || Self::permits_wait(&self.wait);
        judge(is_possible, Code::InvalidFieldValue, &["wait"])?;
        let mut count = 2;
        count += usize::from(!self.key.is_none());
        count += usize::from(!self.value.is_none());
        count += usize::from(self.pattern.is_some());
        count += usize::from(!self.ttl.is_none());
        count += usize::from(!self.initial.is_none());
        count += usize::from(self.version.is_some());
        count += usize::from(self.count.is_some());
        count += usize::from(!self.after.is_none());
        count += usize::from(!self.wait.is_none());
        values::put_dict(out, count);
        out.extend_from_slice(b"\x11\x00\x00\x00\x02op");
        named(values::write_integer(out, self.op), &["op"])?;
        out.extend_from_slice(b"\x11\x00\x00\x00\x05table");
        named(values::write_string(out, &self.table), &["table"])?;
        if !self.key.is_none() {
            out.extend_from_slice(b"\x11\x00\x00\x00\x03key");
            named(values::write(out, &self.key, 1), &["key"])?;
        }
        if !self.value.is_none() {
            out.extend_from_slice(b"\x11\x00\x00\x00\x05value");
            named(values::write(out, &self.value, 1), &["value"])?;
        }
        if let Some(held) = &self.pattern {
            out.extend_from_slice(b"\x11\x00\x00\x00\x07pattern");
            named(values::write_string(out, held), &["pattern"])?;
        }
        if !self.ttl.is_none() {
            out.extend_from_slice(b"\x11\x00\x00\x00\x03ttl");
            named(values::write(out, &self.ttl, 1), &["ttl"])?;
        }
        if !self.initial.is_none() {
            out.extend_from_slice(b"\x11\x00\x00\x00\x07initial");
            named(values::write(out, &self.initial, 1), &["initial"])?;
        }
        if let Some(held) = &self.version {
            out.extend_from_slice(b"\x11\x00\x00\x00\x07version");
            named(values::write_integer(out, *held), &["version"])?;
        }
        if let Some(held) = &self.count {
            out.extend_from_slice(b"\x11\x00\x00\x00\x05count");
            named(values::write_integer(out, *held), &["count"])?;
        }
        if !self.after.is_none() {
            out.extend_from_slice(b"\x11\x00\x00\x00\x05after");
            named(values::write(out, &self.after, 1), &["after"])?;
        }
        if !self.wait.is_none() {
            out.extend_from_slice(b"\x11\x00\x00\x00\x04wait");
            named(values::write(out, &self.wait, 1), &["wait"])?;
        }
        Ok(())
    }

    fn permits_op(it: &i64) -> bool {
        matches!(it, 1..=26)
    }

    fn permits_key(it: &Value) -> bool {
        !matches!(it, Value::List(_) | Value::Dict(_))
    }

    fn fits_ttl(it: &Value) -> bool {
        matches!(it, Value::Float(_) | Value::Integer(_))
    }

    fn permits_ttl(it: &Value) -> bool {
        match it {
            Value::Integer(it) => *it >= 0,
            Value::Float(it) => it.is_finite() && *it >= 0.0,
            _ => true,
        }
    }

    fn fits_initial(it: &Value) -> bool {
        matches!(it, Value::Float(_) | Value::Integer(_))
    }

    fn permits_initial(it: &Value) -> bool {
        match it {
            Value::Float(it) => it.is_finite(),
            _ => true,
        }
    }

    fn permits_version(it: &i64) -> bool {
        *it >= 0
    }

    fn permits_count(it: &i64) -> bool {
        *it >= 1
    }

    fn permits_after(it: &Value) -> bool {
        !matches!(it, Value::List(_) | Value::Dict(_))
    }

    fn fits_wait(it: &Value) -> bool {
        matches!(it, Value::Float(_) | Value::Integer(_))
    }

    fn permits_wait(it: &Value) -> bool {
        match it {
            Value::Integer(it) => *it >= 0,
            Value::Float(it) => it.is_finite() && *it >= 0.0,
            _ => true,
        }
    }
}

/// Ask for the state of the arbiter or worker.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// The exchange that it belongs to.
    pub request_id: u64,
}

impl Status {
    /// The message.
    pub fn new(request_id: u64) -> Self {
        Status { request_id }
    }
}

/// Change the workers, or look at what they do.
#[derive(Clone, Debug, PartialEq)]
pub struct Manage {
    /// The exchange that it belongs to.
    pub request_id: u64,
    /// The operation.
    pub op: i64,
    /// How many workers.
    pub count: i64,
    /// The place of one worker.
    pub slot: Option<i64>,
    /// The arbiter's number of one request.
    pub call: Option<i64>,
}

impl Manage {
    /// The message; what may be left out has its default.
    pub fn new(request_id: u64, op: impl Into<i64>) -> Self {
        Manage { request_id, op: op.into(), count: 1, slot: None, call: None }
    }

    fn fields(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("op", self.op.into()),
            ("count", self.count.into()),
            ("slot", self.slot.into()),
            ("call", self.call.into()),
        ]
    }

    fn from_fields(request_id: u64, mut fields: Dict) -> Result<Message, Fault> {
        let values =
            [fields.take("op"), fields.take("count"), fields.take("slot"), fields.take("call")];
        Self::judged(request_id, Payload { frame: None, values })
    }

    /// Which of the fields has that key.
    fn place(key: &str) -> Option<usize> {
        match key {
            "op" => Some(0),
            "count" => Some(1),
            "slot" => Some(2),
            "call" => Some(3),
            _ => None,
        }
    }

    fn read(request_id: u64, frame: &[u8]) -> Result<Message, Fault> {
        Self::judged(request_id, Payload::read(frame, Self::place)?)
    }

    fn judged(request_id: u64, mut payload: Payload<4>) -> Result<Message, Fault> {
        let found = payload.field(0, &["op"]);
        let op = found.required(any, Self::permits_op)?;
        let found = payload.field(1, &["count"]);
        let found = found.optional(any, any)?;
        let count = found.unwrap_or(1);
        let found = payload.field(2, &["slot"]);
        let slot = found.optional(any, Self::permits_slot)?;
        let found = payload.field(3, &["call"]);
        let call = found.optional(any, Self::permits_call)?;
        Ok(Message::Manage(Manage { request_id, op, count, slot, call }))
    }

    fn write(&self, out: &mut Vec<u8>) -> Written {
        let is_possible = Self::permits_op(&self.op);
        judge(is_possible, Code::InvalidFieldValue, &["op"])?;
        let is_possible = self.slot.as_ref().is_none_or(Self::permits_slot);
        judge(is_possible, Code::InvalidFieldValue, &["slot"])?;
        let is_possible = self.call.as_ref().is_none_or(Self::permits_call);
        judge(is_possible, Code::InvalidFieldValue, &["call"])?;
        let mut count = 2;
        count += usize::from(self.slot.is_some());
        count += usize::from(self.call.is_some());
        values::put_dict(out, count);
        out.extend_from_slice(b"\x11\x00\x00\x00\x02op");
        named(values::write_integer(out, self.op), &["op"])?;
        out.extend_from_slice(b"\x11\x00\x00\x00\x05count");
        named(values::write_integer(out, self.count), &["count"])?;
        if let Some(held) = &self.slot {
            out.extend_from_slice(b"\x11\x00\x00\x00\x04slot");
            named(values::write_integer(out, *held), &["slot"])?;
        }
        if let Some(held) = &self.call {
            out.extend_from_slice(b"\x11\x00\x00\x00\x04call");
            named(values::write_integer(out, *held), &["call"])?;
        }
        Ok(())
    }

    fn permits_op(it: &i64) -> bool {
        matches!(it, 1..=8)
    }

    fn permits_slot(it: &i64) -> bool {
        *it >= 0
    }

    fn permits_call(it: &i64) -> bool {
        *it >= 1
    }
}

/// Give up an open exchange.
#[derive(Clone, Debug, PartialEq)]
pub struct Cancel {
    /// The exchange that it belongs to.
    pub request_id: u64,
}

impl Cancel {
    /// The message.
    pub fn new(request_id: u64) -> Self {
        Cancel { request_id }
    }
}

/// Ask for no CHUNKs of an exchange for now.
#[derive(Clone, Debug, PartialEq)]
pub struct Pause {
    /// The exchange that it belongs to.
    pub request_id: u64,
}

impl Pause {
    /// The message.
    pub fn new(request_id: u64) -> Self {
        Pause { request_id }
    }
}

/// Ask for the CHUNKs of an exchange again.
#[derive(Clone, Debug, PartialEq)]
pub struct Resume {
    /// The exchange that it belongs to.
    pub request_id: u64,
}

impl Resume {
    /// The message.
    pub fn new(request_id: u64) -> Self {
        Resume { request_id }
    }
}

/// Any message.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// Call an action of an app.
    Request(Request),
    /// The result of an exchange.
    Response(Response),
    /// The failure of an exchange, or with id 0 of the connection.
    Error(Error),
    /// A piece of a stream.
    Chunk(Chunk),
    /// The end of a stream.
    End(End),
    /// An operation on the arbiter's shared tables.
    Stash(Stash),
    /// Ask for the state of the arbiter or worker.
    Status(Status),
    /// Change the workers, or look at what they do.
    Manage(Manage),
    /// Give up an open exchange.
    Cancel(Cancel),
    /// Ask for no CHUNKs of an exchange for now.
    Pause(Pause),
    /// Ask for the CHUNKs of an exchange again.
    Resume(Resume),
}

impl Message {
    /// What it is.
    pub fn message_type(&self) -> MessageType {
        match self {
            Message::Request(_) => MessageType::Request,
            Message::Response(_) => MessageType::Response,
            Message::Error(_) => MessageType::Error,
            Message::Chunk(_) => MessageType::Chunk,
            Message::End(_) => MessageType::End,
            Message::Stash(_) => MessageType::Stash,
            Message::Status(_) => MessageType::Status,
            Message::Manage(_) => MessageType::Manage,
            Message::Cancel(_) => MessageType::Cancel,
            Message::Pause(_) => MessageType::Pause,
            Message::Resume(_) => MessageType::Resume,
        }
    }

    /// The exchange that it belongs to.
    pub fn request_id(&self) -> u64 {
        match self {
            Message::Request(one) => one.request_id,
            Message::Response(one) => one.request_id,
            Message::Error(one) => one.request_id,
            Message::Chunk(one) => one.request_id,
            Message::End(one) => one.request_id,
            Message::Stash(one) => one.request_id,
            Message::Status(one) => one.request_id,
            Message::Manage(one) => one.request_id,
            Message::Cancel(one) => one.request_id,
            Message::Pause(one) => one.request_id,
            Message::Resume(one) => one.request_id,
        }
    }

    /// The fields by name, those inside of a field in its place. One that is absent is none.
    pub fn fields(&self) -> Vec<(&'static str, Value)> {
        match self {
            Message::Request(one) => one.fields(),
            Message::Response(one) => one.fields(),
            Message::Error(one) => one.fields(),
            Message::Chunk(one) => one.fields(),
            Message::Stash(one) => one.fields(),
            Message::Manage(one) => one.fields(),
            _ => Vec::new(),
        }
    }

    /// The message of a type, made of its fields by name; those that are none, or not there, are
    /// absent.
    ///
    /// # Errors
    ///
    /// A field is missing, of a wrong type, or has an impossible value.
    pub fn from_fields(message: MessageType, request_id: u64, fields: Dict) -> Result<Self, Fault> {
        let message = match message {
            MessageType::Request => Request::from_fields(request_id, fields),
            MessageType::Response => Response::from_fields(request_id, fields),
            MessageType::Error => Error::from_fields(request_id, fields),
            MessageType::Chunk => Chunk::from_fields(request_id, fields),
            MessageType::End => Ok(End { request_id }.into()),
            MessageType::Stash => Stash::from_fields(request_id, fields),
            MessageType::Status => Ok(Status { request_id }.into()),
            MessageType::Manage => Manage::from_fields(request_id, fields),
            MessageType::Cancel => Ok(Cancel { request_id }.into()),
            MessageType::Pause => Ok(Pause { request_id }.into()),
            MessageType::Resume => Ok(Resume { request_id }.into()),
        };
        message.map_err(|fault| fault.of(request_id))
    }

    /// The message as one frame.
    ///
    /// # Errors
    ///
    /// A field has an impossible value, a value has no encoding, or the payload is too large.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Fault> {
        let mut out = Vec::with_capacity(SMALL_BYTES);
        self.write(&mut out)?;
        Ok(out)
    }

    /// Writes the message as one frame behind what `out` holds.
    ///
    /// # Errors
    ///
    /// As `to_bytes`; nothing has been written then.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), Fault> {
        let start = out.len();
        let came = self.write_frame(out, start);
        if came.is_err() {
            out.truncate(start);
        }
        came
    }

    fn write_frame(&self, out: &mut Vec<u8>, start: usize) -> Result<(), Fault> {
        let message = self.message_type();
        let request_id = self.request_id();
        out.extend_from_slice(&[0; HEADER_BYTES]);
        let written = match self {
            Message::Request(one) => one.write(out),
            Message::Response(one) => one.write(out),
            Message::Error(one) => one.write(out),
            Message::Chunk(one) => one.write(out),
            Message::End(_) => Ok(()),
            Message::Stash(one) => one.write(out),
            Message::Status(_) => Ok(()),
            Message::Manage(one) => one.write(out),
            Message::Cancel(_) => Ok(()),
            Message::Pause(_) => Ok(()),
            Message::Resume(_) => Ok(()),
        };
        written.map_err(|found| found.into_fault(Scope::Exchange).of(request_id))?;
        let length = out.len() - start - HEADER_BYTES;
        if length > MAX_PAYLOAD_BYTES {
            return Err(Fault::new(Code::PayloadTooLarge, Scope::Exchange, None).of(request_id));
        }
        let header = Header { message, length, request_id };
        out[start..start + HEADER_BYTES].copy_from_slice(&header.to_bytes());
        Ok(())
    }
}

/// Most frames are smaller.
const SMALL_BYTES: usize = 256;

impl From<Request> for Message {
    fn from(one: Request) -> Self {
        Message::Request(one)
    }
}

impl From<Response> for Message {
    fn from(one: Response) -> Self {
        Message::Response(one)
    }
}

impl From<Error> for Message {
    fn from(one: Error) -> Self {
        Message::Error(one)
    }
}

impl From<Chunk> for Message {
    fn from(one: Chunk) -> Self {
        Message::Chunk(one)
    }
}

impl From<End> for Message {
    fn from(one: End) -> Self {
        Message::End(one)
    }
}

impl From<Stash> for Message {
    fn from(one: Stash) -> Self {
        Message::Stash(one)
    }
}

impl From<Status> for Message {
    fn from(one: Status) -> Self {
        Message::Status(one)
    }
}

impl From<Manage> for Message {
    fn from(one: Manage) -> Self {
        Message::Manage(one)
    }
}

impl From<Cancel> for Message {
    fn from(one: Cancel) -> Self {
        Message::Cancel(one)
    }
}

impl From<Pause> for Message {
    fn from(one: Pause) -> Self {
        Message::Pause(one)
    }
}

impl From<Resume> for Message {
    fn from(one: Resume) -> Self {
        Message::Resume(one)
    }
}

/// The message of one whole frame.
///
/// # Errors
///
/// The first fault of the frame.
pub fn parse(frame: &[u8]) -> Result<Message, Fault> {
    let truncated = Fault::new(Code::Truncated, Scope::Connection, Some(frame.len()));
    let Some(header) = frame.first_chunk::<HEADER_BYTES>() else {
        return Err(truncated);
    };
    let header = Header::read(header)?;
    header.check_presence()?;
    let end = HEADER_BYTES + header.length;
    if frame.len() < end {
        return Err(truncated.of(header.request_id));
    }
    if frame.len() > end {
        let trailing = Fault::new(Code::TrailingData, Scope::Exchange, Some(end));
        return Err(trailing.of(header.request_id));
    }
    parse_payload(&header, frame)
}

/// The message of a whole frame whose header has been judged.
///
/// # Errors
///
/// The first fault of the payload.
pub fn parse_payload(header: &Header, frame: &[u8]) -> Result<Message, Fault> {
    let request_id = header.request_id;
    let message = match header.message {
        MessageType::Request => Request::read(request_id, frame),
        MessageType::Response => Response::read(request_id, frame),
        MessageType::Error => Error::read(request_id, frame),
        MessageType::Chunk => Chunk::read(request_id, frame),
        MessageType::End => Ok(End { request_id }.into()),
        MessageType::Stash => Stash::read(request_id, frame),
        MessageType::Status => Ok(Status { request_id }.into()),
        MessageType::Manage => Manage::read(request_id, frame),
        MessageType::Cancel => Ok(Cancel { request_id }.into()),
        MessageType::Pause => Ok(Pause { request_id }.into()),
        MessageType::Resume => Ok(Resume { request_id }.into()),
    };
    message.map_err(|fault| fault.of(request_id))
}

/// What a field of one kind is held as.
trait Held: Sized {
    fn held(value: Value) -> Option<Self>;
}

impl Held for Value {
    fn held(value: Value) -> Option<Self> {
        Some(value)
    }
}

impl Held for bool {
    fn held(value: Value) -> Option<Self> {
        match value {
            Value::Bool(held) => Some(held),
            _ => None,
        }
    }
}

impl Held for i64 {
    fn held(value: Value) -> Option<Self> {
        match value {
            Value::Integer(held) => Some(held),
            _ => None,
        }
    }
}

impl Held for f64 {
    fn held(value: Value) -> Option<Self> {
        match value {
            Value::Float(held) => Some(held),
            _ => None,
        }
    }
}

impl Held for Vec<u8> {
    fn held(value: Value) -> Option<Self> {
        match value {
            Value::Bytes(held) => Some(held),
            _ => None,
        }
    }
}

impl Held for String {
    fn held(value: Value) -> Option<Self> {
        match value {
            Value::String(held) => Some(held),
            _ => None,
        }
    }
}

impl Held for Vec<Value> {
    fn held(value: Value) -> Option<Self> {
        match value {
            Value::List(held) => Some(held),
            _ => None,
        }
    }
}

impl Held for Dict {
    fn held(value: Value) -> Option<Self> {
        match value {
            Value::Dict(held) => Some(held),
            _ => None,
        }
    }
}

/// The values of the fields of a message; without a frame, as a program gave them.
struct Payload<'a, const N: usize> {
    frame: Option<&'a [u8]>,
    values: [Option<Value>; N],
}

impl<'a, const N: usize> Payload<'a, N> {
    /// Reads a payload whole.
    fn read(frame: &'a [u8], place: fn(&str) -> Option<usize>) -> Result<Self, Fault> {
        let in_value = |found: Box<Found>| found.into_fault(Scope::Exchange);
        let mut reader = Reader::new(frame, HEADER_BYTES);
        if frame.get(HEADER_BYTES) != Some(&0x21) {
            reader.value().map_err(in_value)?;
            reader.finish()?;
            return Err(Fault::new(Code::PayloadNotDict, Scope::Exchange, Some(HEADER_BYTES)));
        }
        let values = reader.fields(place).map_err(in_value)?;
        reader.finish()?;
        Ok(Payload { frame: Some(frame), values })
    }

    /// A field, as the dicts around it and its own name say where it is.
    fn field(&mut self, at: usize, path: &'static [&'static str]) -> Field<'a> {
        Field { frame: self.frame, path, value: self.values[at].take() }
    }
}

/// Whether a value is one that the field may have.
type Fits<T> = fn(&T) -> bool;

fn any<T>(_: &T) -> bool {
    true
}

/// One field of a message.
struct Field<'a> {
    frame: Option<&'a [u8]>,
    path: &'static [&'static str],
    value: Option<Value>,
}

impl<'a> Field<'a> {
    /// A field of the dict that this one holds.
    fn inner(dict: &mut Dict, frame: Option<&'a [u8]>, path: &'static [&'static str]) -> Self {
        let name = path.last().expect("a path has a name");
        Field { frame, path, value: dict.take(name) }
    }

    /// The value of a field that must be there.
    fn required<T: Held>(self, fits: Fits<Value>, permits: Fits<T>) -> Result<T, Fault> {
        if self.value.is_none() {
            let (_, around) = self.path.split_last().expect("a path has a name");
            return Err(self.fault(Code::MissingField, around));
        }
        self.judged(fits, permits)
    }

    /// The value of a field that may be absent, or none.
    fn optional<T: Held>(self, fits: Fits<Value>, permits: Fits<T>) -> Result<Option<T>, Fault> {
        match self.value {
            None | Some(Value::None) => Ok(None),
            Some(_) => self.judged(fits, permits).map(Some),
        }
    }

    fn judged<T: Held>(mut self, fits: Fits<Value>, permits: Fits<T>) -> Result<T, Fault> {
        let value = self.value.take().unwrap_or_default();
        let held = if fits(&value) { T::held(value) } else { None };
        match held {
            Some(held) if permits(&held) => Ok(held),
            Some(_) => Err(self.fault(Code::InvalidFieldValue, self.path)),
            None => Err(self.fault(Code::WrongFieldType, self.path)),
        }
    }

    /// A fault at the value to which the names lead.
    #[cold]
    fn fault(&self, code: Code, names: &[&str]) -> Fault {
        let Some(frame) = self.frame else {
            return within(self.path, Found::writing(code)).into_fault(Scope::Exchange);
        };
        let mut reader = Reader::new(frame, HEADER_BYTES);
        for name in names {
            reader.seek(name);
        }
        within(self.path, Found::at(code, reader.pos)).into_fault(Scope::Exchange)
    }
}

/// What was found where the names lead.
fn within(path: &[&str], found: Box<Found>) -> Box<Found> {
    path.iter().rev().fold(found, |found, name| found.in_key(name))
}

/// Refuses a field that is to be written, unless it is possible.
fn judge(is_possible: bool, code: Code, path: &[&str]) -> Written {
    if is_possible {
        return Ok(());
    }
    Err(within(path, Found::writing(code)))
}

/// What came of writing the field to which the names lead.
#[inline]
fn named(came: Written, path: &[&str]) -> Written {
    came.map_err(|found| within(path, found))
}
