// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
//! The header of a frame, which is judged only when all of its bytes are there.

use super::errors::{Code, Fault, Scope};
use super::limits::{HEADER_BYTES, MAX_PAYLOAD_BYTES};

/// What a message is, as the header says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageType {
    /// Call an action of an app.
    Request,
    /// The result of an exchange.
    Response,
    /// The failure of an exchange, or with id 0 of the connection.
    Error,
    /// A piece of a stream.
    Chunk,
    /// The end of a stream.
    End,
    /// An operation on the arbiter's shared tables.
    Stash,
    /// Ask for the state of the arbiter or worker.
    Status,
    /// Change the workers, or look at what they do.
    Manage,
    /// Give up an open exchange.
    Cancel,
    /// Ask for no CHUNKs of an exchange for now.
    Pause,
    /// Ask for the CHUNKs of an exchange again.
    Resume,
}

impl MessageType {
    /// All types.
    pub const ALL: [MessageType; 11] = [
        MessageType::Request,
        MessageType::Response,
        MessageType::Error,
        MessageType::Chunk,
        MessageType::End,
        MessageType::Stash,
        MessageType::Status,
        MessageType::Manage,
        MessageType::Cancel,
        MessageType::Pause,
        MessageType::Resume,
    ];

    /// The type of a code.
    pub fn from_code(code: u8) -> Option<Self> {
        match code {
            0x01 => Some(MessageType::Request),
            0x02 => Some(MessageType::Response),
            0x03 => Some(MessageType::Error),
            0x04 => Some(MessageType::Chunk),
            0x05 => Some(MessageType::End),
            0x10 => Some(MessageType::Stash),
            0x11 => Some(MessageType::Status),
            0x12 => Some(MessageType::Manage),
            0x80 => Some(MessageType::Cancel),
            0x81 => Some(MessageType::Pause),
            0x82 => Some(MessageType::Resume),
            _ => None,
        }
    }

    /// The code of the header.
    pub fn code(self) -> u8 {
        match self {
            MessageType::Request => 0x01,
            MessageType::Response => 0x02,
            MessageType::Error => 0x03,
            MessageType::Chunk => 0x04,
            MessageType::End => 0x05,
            MessageType::Stash => 0x10,
            MessageType::Status => 0x11,
            MessageType::Manage => 0x12,
            MessageType::Cancel => 0x80,
            MessageType::Pause => 0x81,
            MessageType::Resume => 0x82,
        }
    }

    /// The name as the specification writes it.
    pub fn name(self) -> &'static str {
        match self {
            MessageType::Request => "REQUEST",
            MessageType::Response => "RESPONSE",
            MessageType::Error => "ERROR",
            MessageType::Chunk => "CHUNK",
            MessageType::End => "END",
            MessageType::Stash => "STASH",
            MessageType::Status => "STATUS",
            MessageType::Manage => "MANAGE",
            MessageType::Cancel => "CANCEL",
            MessageType::Pause => "PAUSE",
            MessageType::Resume => "RESUME",
        }
    }

    /// The extension that it belongs to; empty for a message that every peer knows.
    pub fn extension(self) -> &'static str {
        match self {
            MessageType::Cancel => "cancel",
            MessageType::Pause => "flow",
            MessageType::Resume => "flow",
            _ => "",
        }
    }

    /// Whether it has a payload.
    pub fn has_payload(self) -> bool {
        !matches!(
            self,
            MessageType::End
                | MessageType::Status
                | MessageType::Cancel
                | MessageType::Pause
                | MessageType::Resume
        )
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

const MAGIC: [u8; 2] = *b"GD";

impl Header {
    /// The header that `bytes` are.
    ///
    /// # Errors
    ///
    /// The first field that is not permitted; the connection dies of it.
    pub fn read(bytes: &[u8; HEADER_BYTES]) -> Result<Self, Fault> {
        if bytes[0..2] != MAGIC {
            return Err(fault(Code::BadMagic, 0));
        }
        if bytes[2] != 1 {
            return Err(fault(Code::UnsupportedVersion, 2));
        }
        let request_id = u64::from_be_bytes(part(bytes, 8));
        let Some(message) = MessageType::from_code(bytes[3]) else {
            return Err(fault(Code::UnknownMessageType, 3).of(request_id));
        };
        let length = u32::from_be_bytes(part(bytes, 4)) as usize;
        if length > MAX_PAYLOAD_BYTES {
            return Err(fault(Code::PayloadTooLarge, 4).of(request_id));
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
        Err(Fault::new(Code::UnexpectedPayload, Scope::Exchange, Some(4)).of(self.request_id))
    }

    /// The bytes of the header.
    pub fn to_bytes(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[0..2].copy_from_slice(&MAGIC);
        bytes[2..3].copy_from_slice(&1u8.to_be_bytes());
        bytes[3..4].copy_from_slice(&self.message.code().to_be_bytes());
        bytes[4..8].copy_from_slice(&(self.length as u32).to_be_bytes());
        bytes[8..16].copy_from_slice(&self.request_id.to_be_bytes());
        bytes
    }
}

fn fault(code: Code, offset: usize) -> Fault {
    Fault::new(code, Scope::Connection, Some(offset))
}

/// `N` bytes from `at` on.
fn part<const N: usize>(bytes: &[u8; HEADER_BYTES], at: usize) -> [u8; N] {
    let mut part = [0; N];
    part.copy_from_slice(&bytes[at..at + N]);
    part
}
