//! A connection to the arbiter, on which one exchange is open at a time.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::waiting::{sleep, Haste, Ready};
use super::{Cancel, Error};
use crate::gd::messages::Message;
use crate::gd::{Connection, ErrorType, Event, Role, Value};

const READ_BYTES: usize = 64 * 1024;

/// What came for the exchange.
pub(super) enum Came {
    Result(Value),
    Item(Value),
    End,
    Failure(Error),
}

pub(super) struct Channel {
    /// It never waits by itself. A handle that gives up shares it, for no longer than the exchange.
    socket: Arc<UnixStream>,
    connection: Connection,
    buffer: Box<[u8]>,
    out: Vec<u8>,
    /// When the time of what is waited for is over.
    deadline: Option<Instant>,
    haste: Haste,
    cancel: Cancel,
}

impl Channel {
    pub(super) fn connect(path: &Path) -> Result<Self, Error> {
        let connected = UnixStream::connect(path);
        let socket = connected.and_then(|it| it.set_nonblocking(true).map(|()| it));
        let socket = socket.map_err(|error| {
            let told = format!("no arbiter at {}: {error}", path.display());
            Error::new(ErrorType::DirtyConnectionError, told)
        })?;
        Ok(Channel {
            socket: Arc::new(socket),
            connection: Connection::new(Role::Client),
            buffer: vec![0; READ_BYTES].into(),
            out: Vec::new(),
            deadline: None,
            haste: Haste::default(),
            cancel: Cancel::never(),
        })
    }

    /// Whether nothing has come with the last answer or since, neither a message nor the end.
    pub(super) fn is_quiet(&mut self) -> bool {
        self.connection.next_event().is_none() && self.has_nothing_to_read()
    }

    fn has_nothing_to_read(&mut self) -> bool {
        (&*self.socket).read(&mut self.buffer).is_err_and(|error| is_passing(error.kind()))
    }

    /// The exchange is over; whether another one may begin.
    pub(super) fn end(&mut self) -> bool {
        let cancel = std::mem::replace(&mut self.cancel, Cancel::never());
        cancel.forget(&self.socket) && self.connection.open_count() == 0
    }

    /// Begins an exchange. Fails where it has been given up already.
    pub(super) fn begin(
        &mut self,
        timeout: Option<Duration>,
        cancel: &Cancel,
    ) -> Result<(), Error> {
        self.cancel = cancel.clone();
        self.wait_until(timeout.map(|timeout| Instant::now() + timeout));
        if cancel.watch(&self.socket) {
            return Ok(());
        }
        Err(self.lost("the call was given up"))
    }

    pub(super) fn wait_until(&mut self, deadline: Option<Instant>) {
        self.deadline = deadline;
    }

    pub(super) fn send(&mut self, message: &Message) -> Result<(), Error> {
        self.out.clear();
        self.connection.send_into(message, &mut self.out).map_err(Error::from)?;
        self.haste.begin(Instant::now());
        let mut sent = 0;
        while sent < self.out.len() {
            let left = self.left()?;
            match (&*self.socket).write(&self.out[sent..]) {
                Ok(count) => sent += count,
                Err(error) if is_passing(error.kind()) => self.wait(Ready::Write, left)?,
                Err(error) => return Err(self.lost(&error.to_string())),
            }
        }
        Ok(())
    }

    /// The answer of an exchange that is no stream, or why there is none; an error where the
    /// connection is of no use any more.
    pub(super) fn answer(&mut self) -> Result<Result<Value, Error>, Error> {
        match self.next()? {
            Came::Result(result) => Ok(Ok(result)),
            Came::Failure(error) => Ok(Err(error)),
            Came::Item(_) | Came::End => Err(Error::new(
                ErrorType::DirtyError,
                "the answer is a stream: use `stream`, not `send`",
            )),
        }
    }

    /// What comes next for the exchange; an error where the connection is of no use any more.
    pub(super) fn next(&mut self) -> Result<Came, Error> {
        loop {
            match self.connection.next_event() {
                None => self.receive()?,
                Some(Event::Message { message, ended }) => return self.came(message, ended),
                Some(Event::Fault(fault)) => return Err(Error::from(fault)),
                Some(Event::Closed) => return Err(self.lost("the arbiter closed the connection")),
                Some(Event::Ended { .. }) => {}
            }
        }
    }

    fn came(&mut self, message: Message, ended: bool) -> Result<Came, Error> {
        match message {
            Message::Response(answer) => Ok(Came::Result(answer.result)),
            Message::Chunk(chunk) => Ok(Came::Item(chunk.data)),
            Message::End(_) => Ok(Came::End),
            Message::Error(error) if ended => Ok(Came::Failure(Error::told(error))),
            Message::Error(error) => Err(Error::told(error)),
            other => {
                let told = format!("{} is no answer", other.message_type().name());
                Err(Error::new(ErrorType::DirtyProtocolError, told))
            }
        }
    }

    /// Waits for bytes.
    fn receive(&mut self) -> Result<(), Error> {
        loop {
            let left = self.left()?;
            if !self.haste.is_awake(Instant::now()) {
                self.wait(Ready::Read, left)?;
            }
            match (&*self.socket).read(&mut self.buffer) {
                Ok(0) => self.connection.receive_eof(),
                Ok(count) => self.connection.receive(&self.buffer[..count]),
                Err(error) if is_passing(error.kind()) => continue,
                Err(error) => return Err(self.lost(&error.to_string())),
            }
            self.haste.end(Instant::now());
            return match self.cancel.is_cancelled() {
                true => Err(self.lost("the call was given up")),
                false => Ok(()),
            };
        }
    }

    fn wait(&self, ready: Ready, left: Option<Duration>) -> Result<(), Error> {
        sleep(&self.socket, ready, left).map_err(|error| self.lost(&error.to_string()))
    }

    /// How long it may still take; an error where its time is over.
    fn left(&self) -> Result<Option<Duration>, Error> {
        let left = self.deadline.map(|it| it.saturating_duration_since(Instant::now()));
        match left.is_some_and(|left| left.is_zero()) {
            true => Err(self.late()),
            false => Ok(left),
        }
    }

    fn late(&self) -> Error {
        Error::new(ErrorType::DirtyTimeoutError, "no answer came in time")
    }

    fn lost(&self, why: &str) -> Error {
        if self.cancel.is_cancelled() {
            return Error::new(ErrorType::DirtyCancelledError, "the call was given up");
        }
        Error::new(ErrorType::DirtyConnectionError, why)
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        // A handle would keep the socket open.
        self.cancel.forget(&self.socket);
    }
}

fn is_passing(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
