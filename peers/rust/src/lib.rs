//! A client and a worker of GD/1, the binary worker protocol.
//!
//! `gd` is written by the compiler of the specification; what is around it, by hand.

#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod client;
pub mod gd;
#[doc(hidden)]
pub mod json;
pub mod worker;
