"""limits.rs: the limits, and what the protocol is known by."""

from __future__ import annotations

from .. import ir
from ..layout import largest_value_bytes
from ..template import fill
from .printing import Lines, limit

TEMPLATE = """
//! Limits. What is beyond one is a fault of the code that its line names.

«limits»

/// The version of the protocol.
pub const VERSION: u32 = «version»;

/// Bytes of a header.
pub const HEADER_BYTES: usize = «header»;

/// The most bytes that a value alone may take.
pub const MAX_VALUE_BYTES: usize = «value»;

/// An error of this request id, where no exchange has it, is about the connection.
pub const CONNECTION_REQUEST_ID: u64 = «notice»;

/// Of bytes that were at fault, so many are told.
pub const RAW_DATA_BYTES: usize = «raw»;

/// Codes that extensions may give to messages of their own, first and last.
pub const EXTENSION_CODES: (u8, u8) = («first», «last»);
"""


def limits(spec: ir.Spec) -> str:
    first, last = spec.extension_codes
    return fill(
        TEMPLATE,
        limits=[line for one in spec.limits for line in _limit(one)][:-1],
        version=str(spec.version),
        header=str(spec.header_bytes),
        value=f"{largest_value_bytes(spec):_}",
        notice=str(spec.connection_request_id),
        raw=str(spec.raw_data_bytes),
        first=f"{first:#04x}",
        last=f"{last:#04x}",
    )


def _limit(bound: ir.Limit) -> Lines:
    meaning = f"/// Beyond it `{bound.error}`: {bound.meaning}."
    return [meaning, f"pub const {limit(bound)}: usize = {bound.value:_};", ""]
