// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
//! GD/1, the binary worker protocol: values, frames, messages and a connection without I/O.

#![forbid(unsafe_code)]

pub mod connection;
pub mod errors;
pub mod exchanges;
pub mod header;
pub mod limits;
pub mod messages;
pub mod values;

pub use connection::{Connection, Event};
pub use errors::{Code, ErrorType, Fault, Scope};
pub use exchanges::Role;
pub use header::{Header, MessageType};
pub use messages::{parse, Message};
pub use values::{decode, encode, Dict, Value};
