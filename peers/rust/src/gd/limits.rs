// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
//! Limits. What is beyond one is a fault of the code that its line names.

/// Beyond it `payload_too_large`: payload of one frame, in bytes.
pub const MAX_PAYLOAD_BYTES: usize = 67_108_864;

/// Beyond it `length_too_large`: one bytes or string value, in encoded bytes.
pub const MAX_BLOB_BYTES: usize = 67_108_864;

/// Beyond it `too_many_items`: items of one list, or pairs of one dict.
pub const MAX_ITEMS: usize = 1_048_576;

/// Beyond it `nesting_too_deep`: lists and dicts open at once, the outermost included.
pub const MAX_DEPTH: usize = 512;

/// The version of the protocol.
pub const VERSION: u32 = 1;

/// Bytes of a header.
pub const HEADER_BYTES: usize = 16;

/// The most bytes that a value alone may take.
pub const MAX_VALUE_BYTES: usize = 67_108_869;

/// An error of this request id, where no exchange has it, is about the connection.
pub const CONNECTION_REQUEST_ID: u64 = 0;

/// Of bytes that were at fault, so many are told.
pub const RAW_DATA_BYTES: usize = 100;

/// Codes that extensions may give to messages of their own, first and last.
pub const EXTENSION_CODES: (u8, u8) = (0x80, 0xef);
