//! Waiting for a socket: for an answer that is expected soon awake, and else asleep.
//!
//! To be woken up takes longer than a small call does. So a call that follows a quick one looks for
//! its answer before it sleeps. It sleeps in `poll`: who sleeps in `read` is woken a first time when
//! the peer has read what it was sent. An arbiter that has many calls at once is not quick: few are
//! awake at a time.

#![allow(unsafe_code)]

use std::ffi::{c_int, c_short, c_ulong};
use std::io::{self, ErrorKind};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::OnceLock;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

/// A call as quick as this lets the next one be waited for awake, for at most so long.
const QUICK: Duration = Duration::from_micros(200);
const AWAKE: Duration = Duration::from_micros(100);

/// What a socket is to be ready for.
#[derive(Clone, Copy)]
pub(super) enum Ready {
    Read = 1,
    Write = 4,
}

#[repr(C)]
struct Polled {
    fd: RawFd,
    events: c_short,
    came: c_short,
}

extern "C" {
    fn poll(polled: *mut Polled, count: c_ulong, timeout_ms: c_int) -> c_int;
}

/// Sleeps until a socket is ready, about as long as that at most; none for ever.
pub(super) fn sleep(
    socket: &UnixStream,
    ready: Ready,
    at_most: Option<Duration>,
) -> io::Result<()> {
    let mut polled = Polled { fd: socket.as_raw_fd(), events: ready as c_short, came: 0 };
    let whole_ms = |time: Duration| time.as_millis().saturating_add(1);
    let ms = at_most.map_or(-1, |time| whole_ms(time).try_into().unwrap_or(c_int::MAX));
    // SAFETY: there is one, and it lives until the call returns.
    if unsafe { poll(&mut polled, 1, ms) } >= 0 {
        return Ok(());
    }
    match io::Error::last_os_error() {
        error if error.kind() == ErrorKind::Interrupted => Ok(()),
        error => Err(error),
    }
}

/// How the next answer on a connection is waited for. At first, nothing is expected soon.
#[derive(Default)]
pub(super) struct Haste {
    began: Option<Instant>,
    was_quick: bool,
}

impl Haste {
    /// A question is about to be sent.
    pub(super) fn begin(&mut self, now: Instant) {
        self.began = Some(now);
    }

    /// Something has come: with the first bytes, the answer.
    pub(super) fn end(&mut self, now: Instant) {
        if let Some(began) = self.began.take() {
            self.was_quick = now.duration_since(began) < QUICK;
        }
    }

    /// Whether to look once more for what comes, rather than to sleep.
    pub(super) fn is_awake(&self, now: Instant) -> bool {
        let is_early = |began: Instant| now.duration_since(began) < AWAKE;
        self.was_quick && has_processors() && self.began.is_some_and(is_early)
    }
}

/// Where there is one processor, who stays awake keeps the arbiter from it.
fn has_processors() -> bool {
    static COUNT: OnceLock<usize> = OnceLock::new();
    *COUNT.get_or_init(|| available_parallelism().map_or(1, usize::from)) > 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    /// Whether it looks awake so long after a question, where the call before took so long.
    fn is_awake(took: Duration, after: Duration) -> bool {
        let (mut haste, now) = (Haste::default(), Instant::now());
        haste.begin(now);
        haste.end(now + took);
        haste.end(now + took + QUICK); // What comes later of an answer says nothing of the next.
        haste.begin(now);
        haste.is_awake(now + after)
    }

    #[test]
    fn nothing_is_looked_for_awake_before_the_first_answer() {
        let (mut haste, now) = (Haste::default(), Instant::now());
        haste.begin(now);
        assert!(!haste.is_awake(now));
    }

    #[test]
    fn an_answer_is_looked_for_awake_after_a_quick_call_and_for_a_while() {
        let nearly = |time: Duration| time - Duration::from_nanos(1);
        assert_eq!(is_awake(nearly(QUICK), nearly(AWAKE)), has_processors());
        assert!(!is_awake(QUICK, Duration::ZERO));
        assert!(!is_awake(Duration::ZERO, AWAKE));
    }

    #[test]
    fn who_sleeps_wakes_up_for_what_comes_and_when_the_time_is_over() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let brief = Duration::from_millis(5);
        let began = Instant::now();
        sleep(&ours, Ready::Read, Some(brief)).unwrap();
        assert!(began.elapsed() >= brief);
        theirs.write_all(b"1").unwrap();
        sleep(&ours, Ready::Read, None).unwrap();
        sleep(&ours, Ready::Write, None).unwrap();
    }
}
