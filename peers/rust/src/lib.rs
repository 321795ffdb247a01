//! A client and a worker of GD/1, the binary worker protocol.
//!
//! `gd` is written by the compiler of the specification; what is around it, by hand.

#![forbid(unsafe_code)]

pub mod gd;
pub mod json;
