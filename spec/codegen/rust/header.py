"""header.rs: the types of messages, and the header of a frame."""

from __future__ import annotations

from .. import ir
from ..errors import CompileError
from ..naming import pascal
from ..template import fill
from .printing import code, doc, limit, number, raw, scope, text

TEMPLATE = """
//! The header of a frame, which is judged only when all of its bytes are there.

use super::errors::{Code, Fault, Scope};
use super::limits::{HEADER_BYTES, «limit»};

/// What a message is, as the header says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageType {
    «types»
}

impl MessageType {
    /// All types.
    pub const ALL: [MessageType; «count»] = [
        «all»
    ];

    /// The type of a code.
    pub fn from_code(code: u8) -> Option<Self> {
        match code {
            «from_codes»
            _ => None,
        }
    }

    /// The code of the header.
    pub fn code(self) -> u8 {
        match self {
            «codes»
        }
    }

    /// The name as the specification writes it.
    pub fn name(self) -> &'static str {
        match self {
            «names»
        }
    }

    /// The extension that it belongs to; empty for a message that every peer knows.
    pub fn extension(self) -> &'static str {
        match self {
            «extensions»
            _ => "",
        }
    }

    /// Whether it has a payload.
    pub fn has_payload(self) -> bool {
        «bare»
    }
}

/// A header that has been judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the message is.
    pub message: MessageType,
    /// Bytes of the payload.
    pub length: usize,
    /// The exchange that the frame belongs to.
    pub request_id: u64,
}

const MAGIC: [u8; «magic_size»] = *«magic»;

impl Header {
    /// The header that `bytes` are.
    ///
    /// # Errors
    ///
    /// The first field that is not permitted; the connection dies of it.
    pub fn read(bytes: &[u8; HEADER_BYTES]) -> Result<Self, Fault> {
        if bytes[«magic_range»] != MAGIC {
            return Err(fault(«magic_error», «magic_at»));
        }
        if «read_version» != «version» {
            return Err(fault(«version_error», «version_at»));
        }
        let request_id = «read_request_id»;
        let Some(message) = MessageType::from_code(«read_type») else {
            return Err(fault(«type_error», «type_at»).of(request_id));
        };
        let length = «read_length» as usize;
        if length > «limit» {
            return Err(fault(«length_error», «length_at»).of(request_id));
        }
        Ok(Header { message, length, request_id })
    }

    /// Refuses a payload where the message has none.
    ///
    /// # Errors
    ///
    /// The fault, of which the exchange alone dies.
    pub fn check_presence(&self) -> Result<(), Fault> {
        if self.length == 0 || self.message.has_payload() {
            return Ok(());
        }
        Err(Fault::new(«presence_error», «presence_scope», Some(«length_at»)).of(self.request_id))
    }

    /// The bytes of the header.
    pub fn to_bytes(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[«magic_range»].copy_from_slice(&MAGIC);
        bytes[«version_range»].copy_from_slice(&«write_version»);
        bytes[«type_range»].copy_from_slice(&self.message.code().to_be_bytes());
        bytes[«length_range»].copy_from_slice(&«write_length»);
        bytes[«request_id_range»].copy_from_slice(&self.request_id.to_be_bytes());
        bytes
    }
}

fn fault(code: Code, offset: usize) -> Fault {
    Fault::new(code, «header_scope», Some(offset))
}

/// `N` bytes from `at` on.
fn part<const N: usize>(bytes: &[u8; HEADER_BYTES], at: usize) -> [u8; N] {
    let mut part = [0; N];
    part.copy_from_slice(&bytes[at..at + N]);
    part
}
"""


def header(spec: ir.Spec) -> str:
    fields = {field.name: field for field in spec.header}
    magic, length = fields["magic"], fields["length"]
    if not isinstance(magic.constant, bytes) or length.limit is None:
        raise CompileError("spec.header: magic is no constant, or length has no limit")
    numbers = [fields[name] for name in ("version", "type", "length", "request_id")]
    return fill(
        TEMPLATE,
        limit=limit(length.limit),
        types=[line for m in spec.messages for line in (doc(m.meaning), f"{pascal(m.name)},")],
        count=str(len(spec.messages)),
        all=[f"MessageType::{pascal(m.name)}," for m in spec.messages],
        from_codes=[f"{m.code:#04x} => Some({_type(m)})," for m in spec.messages],
        codes=[f"{_type(m)} => {m.code:#04x}," for m in spec.messages],
        names=[f"{_type(m)} => {text(m.name)}," for m in spec.messages],
        extensions=[f"{_type(m)} => {text(m.extension)}," for m in spec.messages if m.extension],
        bare=_bare(spec),
        magic_size=str(magic.size),
        magic=raw(magic.constant),
        version=str(spec.version),
        write_version=f"{spec.version}{number(fields['version'], 'version')}.to_be_bytes()",
        write_length=f"(self.length as {number(length, 'length')}).to_be_bytes()",
        presence_error=code("unexpected_payload"),
        presence_scope=scope(spec, "presence"),
        header_scope=scope(spec, "header"),
        **{f"{f.name}_range": f"{f.offset}..{f.offset + f.size}" for f in fields.values()},
        **{f"{f.name}_at": str(f.offset) for f in fields.values() if f.error},
        **{f"{f.name}_error": code(f.error) for f in fields.values() if f.error},
        **{f"read_{f.name}": _read(f) for f in numbers},
    )


def _type(message: ir.Message) -> str:
    return f"MessageType::{pascal(message.name)}"


def _read(field: ir.HeaderField) -> str:
    if field.size == 1:
        return f"bytes[{field.offset}]"
    return f"{number(field, field.name)}::from_be_bytes(part(bytes, {field.offset}))"


# Of a line, and of what stands within a method.
WIDTH, INDENT = 100, 8


def _bare(spec: ir.Spec) -> list[str]:
    """In one line, or where it is too long one for each, as its formatter has it."""
    first, *more = (_type(m) for m in spec.messages if m.fields is None)
    line = f"!matches!(self, {' | '.join((first, *more))})"
    if len(line) + INDENT <= WIDTH:
        return [line]
    return [
        "!matches!(",
        "    self,",
        f"    {first}",
        *(f"        | {one}" for one in more),
        ")",
    ]
