//! What a worker inherits: its lanes, and its signals.

#![allow(unsafe_code)]

use std::io;
use std::os::fd::{FromRawFd, RawFd};
use std::os::unix::net::UnixStream;

const SIGINT: i32 = 2;
const SIGTERM: i32 = 15;
const F_SETFD: i32 = 2;
const FD_CLOEXEC: i32 = 1;

extern "C" {
    fn fcntl(fd: RawFd, command: i32, ...) -> i32;
    fn signal(number: i32, handler: extern "C" fn(i32)) -> usize;
}

extern "C" fn nothing(_: i32) {}

/// An arbiter says by the lanes when a worker is to end; a terminal's Ctrl-C reaches every process.
/// What a handler is set for, programs that the worker starts do not inherit.
pub(super) fn heed_no_signals() {
    for number in [SIGINT, SIGTERM] {
        // SAFETY: the handler does nothing.
        unsafe { signal(number, nothing) };
    }
}

/// The lanes by the numbers of their descriptors; no program inherits them that the worker starts.
pub(super) fn lanes(numbers: &str) -> io::Result<Vec<UnixStream>> {
    numbers.split(',').map(lane).collect()
}

fn lane(number: &str) -> io::Result<UnixStream> {
    let fd: RawFd = number.trim().parse().map_err(io::Error::other)?;
    // SAFETY: it takes an int, whatever the number stands for.
    if unsafe { fcntl(fd, F_SETFD, FD_CLOEXEC) } < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it is open, and the arbiter has given it to this worker alone.
    Ok(unsafe { UnixStream::from_raw_fd(fd) })
}
