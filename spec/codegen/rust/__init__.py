"""The Rust backend: a module `gd` of one file for each noun, on the standard library alone."""

from __future__ import annotations

from .. import ir
from ..language import Language
from ..template import fill
from . import names, table
from .connection import connection
from .errors import errors
from .exchanges import exchanges
from .header import header
from .limits import limits
from .messages import messages
from .values import values

MODULE = """
//! «title», the binary worker protocol: values, frames, messages and a connection without I/O.

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
"""

PARTS = {
    "limits": limits,
    "errors": errors,
    "values": values,
    "header": header,
    "messages": messages,
    "exchanges": exchanges,
    "connection": connection,
}


def files(spec: ir.Spec, package: str) -> dict[str, str]:
    """The texts by file name; a module has no name but its folder's."""
    module = fill(MODULE, title=f"GD/{spec.version}")
    return {"mod.rs": module, **{f"{name}.rs": part(spec) for name, part in PARTS.items()}}


def beside(spec: ir.Spec) -> dict[str, str]:
    """The client's table, and the test of names."""
    return {**table.files(spec), **names.files(spec)}


LANGUAGE = Language(
    name="rust",
    title="Rust",
    folder="peers/rust/src/gd",
    package="gd",
    comment="// {}",
    formatter=("rustfmt", "--edition", "2021", "--config", "use_small_heuristics=Max"),
    files=files,
    beside=beside,
)
