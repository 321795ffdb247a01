//! A client: calls apps through an arbiter, on connections that it keeps.
//!
//! One exchange is open at a time on a connection, and a stream has one of its own; so a call is
//! given up by closing its connection. A call is sent once: where its connection is lost, whether it
//! ran is for the caller to find out. A client is shared by threads.

mod asked;
mod cancel;
mod channel;
mod error;
mod stash;
mod table;
mod waiting;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::gd::messages::{Manage, ManageOp, Message, Request, Status};
use crate::gd::{Dict, ErrorType, Value};

pub use asked::{Asked, Table};
pub use cancel::Cancel;
use channel::{Came, Channel};
pub use error::Error;
pub use stash::Stash;

/// The variables that name the socket, the first one first.
const VARIABLES: [&str; 2] = ["DIRTY_SOCKET", "GUNICORN_DIRTY_SOCKET"];
/// How long a call waits, where nobody says otherwise.
const TIMEOUT: Duration = Duration::from_secs(30);
/// So many connections are kept that nobody uses.
const MOST_IDLE: usize = 16;

/// A client of one arbiter.
pub struct Client {
    path: PathBuf,
    timeout: Option<Duration>,
    idle: Mutex<Vec<Channel>>,
    last_id: AtomicU64,
}

impl Client {
    /// A client of the arbiter at that socket. It connects when it is first used.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Client {
            path: path.into(),
            timeout: Some(TIMEOUT),
            idle: Mutex::new(Vec::new()),
            last_id: AtomicU64::new(0),
        }
    }

    /// A client of the arbiter that the environment names.
    ///
    /// # Errors
    ///
    /// It names none.
    pub fn from_env() -> Result<Self, Error> {
        let named = VARIABLES.iter().filter_map(std::env::var_os).find(|path| !path.is_empty());
        named.map(Client::new).ok_or_else(|| {
            let told = format!("no socket: set {}", VARIABLES[0]);
            Error::new(ErrorType::DirtyConnectionError, told)
        })
    }

    /// How long a call waits for its answer, and a stream for each item; none for ever.
    pub fn with_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.timeout = timeout.into();
        self
    }

    /// A call of an action, to be sent or streamed.
    pub fn call(&self, app_path: impl Into<String>, action: impl Into<String>) -> Call<'_> {
        let request = Request::new(0, app_path, action);
        Call { client: self, request, timeout: self.timeout, cancel: Cancel::never() }
    }

    /// The state of the arbiter.
    ///
    /// # Errors
    ///
    /// What the arbiter says, or the connection fails.
    pub fn status(&self) -> Result<Value, Error> {
        self.ask(&mut |request_id| Status::new(request_id).into())
    }

    /// Changes the number of workers, or reloads them.
    ///
    /// # Errors
    ///
    /// What the arbiter says, or the connection fails.
    pub fn manage(&self, op: ManageOp, count: u32) -> Result<Value, Error> {
        self.ask(&mut |request_id| {
            Manage { count: count.into(), ..Manage::new(request_id, op) }.into()
        })
    }

    /// A table of the stash; it need not be there.
    pub fn table(&self, name: impl Into<String>) -> Table<'_> {
        Table::new(self, name.into())
    }

    /// The tables of the stash.
    pub fn stash(&self) -> Stash<'_> {
        Stash::new(self)
    }

    /// Asks the arbiter itself.
    fn ask(&self, made: &mut dyn FnMut(u64) -> Message) -> Result<Value, Error> {
        let mut channel = self.channel()?;
        channel.begin(self.timeout, &Cancel::never())?;
        let message = made(self.next_id());
        let result = channel.send(&message).and_then(|()| channel.answer())?;
        self.keep(channel);
        result
    }

    fn next_id(&self) -> u64 {
        self.last_id.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// A connection that nobody uses, or a new one.
    fn channel(&self) -> Result<Channel, Error> {
        loop {
            let kept = self.idle.lock().expect("nobody panics with it").pop();
            let Some(mut channel) = kept else { return Channel::connect(&self.path) };
            if channel.is_quiet() {
                return Ok(channel);
            }
        }
    }

    fn keep(&self, mut channel: Channel) {
        let is_free = channel.end();
        let mut idle = self.idle.lock().expect("nobody panics with it");
        if is_free && idle.len() < MOST_IDLE {
            idle.push(channel);
        }
    }
}

/// A call that is not sent yet.
#[must_use = "a call is made by `send` or `stream`"]
pub struct Call<'a> {
    client: &'a Client,
    request: Request,
    timeout: Option<Duration>,
    cancel: Cancel,
}

impl<'a> Call<'a> {
    /// A positional argument more.
    pub fn arg(mut self, value: impl Into<Value>) -> Self {
        self.request.args.push(value.into());
        self
    }

    /// Positional arguments more.
    pub fn args<V: Into<Value>>(mut self, values: impl IntoIterator<Item = V>) -> Self {
        self.request.args.extend(values.into_iter().map(Into::into));
        self
    }

    /// A keyword argument more.
    pub fn kwarg(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.request.kwargs.push(name, value);
        self
    }

    /// All keyword arguments.
    pub fn kwargs(mut self, kwargs: Dict) -> Self {
        self.request.kwargs = kwargs;
        self
    }

    /// Of requests that wait, the higher goes first; 0 is usual.
    pub fn priority(mut self, priority: i32) -> Self {
        self.request.priority = priority.into();
        self
    }

    /// The trace that it takes part in, as headers of HTTP would tell it.
    pub fn trace(mut self, trace: Dict) -> Self {
        self.request.trace = Some(trace);
        self
    }

    /// How long it waits for its answer, and a stream for each item; none for ever.
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.timeout = timeout.into();
        self
    }

    /// The handle by which another thread gives it up.
    pub fn cancelled_by(mut self, cancel: &Cancel) -> Self {
        self.cancel = cancel.clone();
        self
    }

    /// Makes the call, and waits for its result.
    ///
    /// # Errors
    ///
    /// What the arbiter says, the time is over, the call is given up, or the connection fails.
    pub fn send(mut self) -> Result<Value, Error> {
        if let Some(timeout) = self.timeout {
            self.request.timeout = Value::Float(timeout.as_secs_f64());
        }
        let client = self.client;
        let mut channel = self.begun()?;
        let result = channel.answer()?;
        client.keep(channel);
        result
    }

    /// Makes the call, whose items then come one after the other. To drop them gives it up.
    ///
    /// # Errors
    ///
    /// It cannot be sent.
    pub fn stream(self) -> Result<Stream<'a>, Error> {
        let (client, timeout) = (self.client, self.timeout);
        Ok(Stream { client, timeout, channel: Some(self.begun()?) })
    }

    /// The connection on which it has been sent.
    fn begun(mut self) -> Result<Channel, Error> {
        let mut channel = self.client.channel()?;
        channel.begin(self.timeout, &self.cancel)?;
        self.request.request_id = self.client.next_id();
        let message = self.request.into();
        if let Err(error) = channel.send(&message) {
            // What cannot be encoded costs no connection.
            self.client.keep(channel);
            return Err(error);
        }
        Ok(channel)
    }
}

/// The items of a stream.
pub struct Stream<'a> {
    client: &'a Client,
    timeout: Option<Duration>,
    /// None when it is over.
    channel: Option<Channel>,
}

impl Iterator for Stream<'_> {
    type Item = Result<Value, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut channel = self.channel.take()?;
        channel.wait_until(self.timeout.map(|timeout| Instant::now() + timeout));
        match channel.next() {
            Ok(Came::Item(item)) => {
                self.channel = Some(channel);
                Some(Ok(item))
            }
            Ok(Came::End) => {
                self.client.keep(channel);
                None
            }
            Ok(Came::Result(result)) => {
                self.client.keep(channel);
                Some(Ok(result))
            }
            Ok(Came::Failure(error)) => {
                self.client.keep(channel);
                Some(Err(error))
            }
            Err(error) => Some(Err(error)),
        }
    }
}
