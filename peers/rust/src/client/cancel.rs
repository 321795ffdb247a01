//! A handle by which one thread gives up what another one waits for.

use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};

/// Gives up the calls that are made with it. Its copies are the same handle.
#[derive(Clone, Default)]
pub struct Cancel(Option<Arc<Mutex<Waiting>>>);

#[derive(Default)]
struct Waiting {
    is_cancelled: bool,
    /// What calls wait for.
    sockets: Vec<Arc<UnixStream>>,
}

impl Cancel {
    /// A fresh handle.
    pub fn new() -> Self {
        Cancel(Some(Arc::default()))
    }

    /// One that gives nothing up.
    pub(super) fn never() -> Self {
        Cancel(None)
    }

    /// Gives up what waits, and what begins later.
    pub fn cancel(&self) {
        let Some(waiting) = &self.0 else { return };
        let mut waiting = waiting.lock().expect("nobody panics with it");
        waiting.is_cancelled = true;
        for socket in waiting.sockets.drain(..) {
            // Who waits for it wakes up; one that is closed already woke up before.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    /// Whether what is made with it has been given up.
    pub fn is_cancelled(&self) -> bool {
        let is_cancelled = |waiting: &Arc<Mutex<Waiting>>| {
            waiting.lock().expect("nobody panics with it").is_cancelled
        };
        self.0.as_ref().is_some_and(is_cancelled)
    }

    /// Has the socket shut down when the handle is cancelled; false where it has been.
    pub(super) fn watch(&self, socket: &Arc<UnixStream>) -> bool {
        let Some(waiting) = &self.0 else { return true };
        let mut waiting = waiting.lock().expect("nobody panics with it");
        waiting.sockets.push(Arc::clone(socket));
        !waiting.is_cancelled
    }

    /// Has the socket left alone from now on; false where it has been shut down.
    pub(super) fn forget(&self, socket: &Arc<UnixStream>) -> bool {
        let Some(waiting) = &self.0 else { return true };
        let mut waiting = waiting.lock().expect("nobody panics with it");
        waiting.sockets.retain(|one| !Arc::ptr_eq(one, socket));
        !waiting.is_cancelled
    }
}
