//! One lane: a thread reads, so that it hears of a CANCEL, and of the arbiter's end, while another
//! one runs what is called.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::process::exit;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{channel, Receiver, Sender};
use std::sync::{Arc, Mutex};

use super::told::{refused, Asked};
use super::{Answer, Call, Failure, Served, ARBITER_GONE, AT_FAULT};
use crate::gd::messages::{Chunk, End, Message, Request, Response};
use crate::gd::{Connection, Event, Fault, Role};

const READ_BYTES: usize = 64 * 1024;

/// What the two threads share.
struct Lane {
    socket: UnixStream,
    state: Mutex<State>,
}

struct State {
    connection: Connection,
    /// The call that runs: set when its caller gives up.
    running: Option<Flag>,
    out: Vec<u8>,
}

type Flag = Arc<AtomicBool>;

impl State {
    /// Whether the exchange of a call is still to be answered.
    fn awaits(&self, call: &Flag) -> bool {
        self.running.as_ref().is_some_and(|running| Arc::ptr_eq(running, call))
    }

    /// A fault may have ended the exchange of the call that runs.
    fn leave_what_is_over(&mut self) {
        if self.connection.open_count() == 0 {
            if let Some(call) = self.running.take() {
                call.store(true, Ordering::Relaxed);
            }
        }
    }
}

impl Lane {
    /// Sends an item of a call; it fails where the item cannot be encoded, or nobody waits for it.
    fn send(&self, call: &Flag, message: &Message) -> Result<(), Failure> {
        let mut state = self.state.lock().expect("nobody panics with it");
        if !state.awaits(call) {
            return Err(Failure::new("its exchange is over"));
        }
        self.send_in(&mut state, message).map_err(Failure::from_fault)
    }

    fn send_in(&self, state: &mut State, message: &Message) -> Result<(), Fault> {
        state.out.clear();
        let State { connection, out, .. } = state;
        connection.send_into(message, out)?;
        self.write(out);
        Ok(())
    }

    /// Sends the last message of a call, with which the lane is free again, unless it is already.
    fn finish(&self, call: &Flag, message: &Message) -> Result<(), Failure> {
        let mut state = self.state.lock().expect("nobody panics with it");
        if state.awaits(call) {
            self.send_in(&mut state, message).map_err(Failure::from_fault)?;
            state.running = None;
        }
        Ok(())
    }

    fn write(&self, bytes: &[u8]) {
        // Where nobody reads any more, there is nobody left to serve.
        if (&self.socket).write_all(bytes).is_err() {
            exit(ARBITER_GONE);
        }
    }
}

/// Serves a lane until it ends.
pub(super) fn serve(socket: UnixStream, served: &Arc<Served>) {
    let connection = Connection::new(Role::Worker);
    let state = Mutex::new(State { connection, running: None, out: Vec::new() });
    let lane = Arc::new(Lane { socket, state });
    let (requests, calls) = channel();
    let runner = {
        let (lane, served) = (Arc::clone(&lane), Arc::clone(served));
        std::thread::spawn(move || run(&lane, &served, &calls))
    };
    read(&lane, served, requests);
    // It has nothing to do any more.
    if runner.join().is_err() {
        exit(AT_FAULT);
    }
}

/// Reads until the lane ends.
fn read(lane: &Lane, served: &Served, requests: Sender<(Request, Flag)>) {
    let mut buffer = vec![0; READ_BYTES];
    loop {
        let came = (&lane.socket).read(&mut buffer);
        let mut state = lane.state.lock().expect("nobody panics with it");
        match came {
            Ok(0) => state.connection.receive_eof(),
            Ok(count) => state.connection.receive(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => exit(ARBITER_GONE),
        }
        while let Some(event) = state.connection.next_event() {
            match event {
                Event::Message { message, .. } => {
                    if take(lane, &mut state, served, &requests, message) {
                        return;
                    }
                }
                Event::Fault(fault) => {
                    refuse(lane, &fault);
                    state.leave_what_is_over();
                }
                Event::Closed if state.running.is_some() => exit(ARBITER_GONE),
                Event::Closed => return,
                Event::Ended { .. } => {}
            }
        }
    }
}

/// Does what a message asks for; whether the lane is over then.
fn take(
    lane: &Lane,
    state: &mut State,
    served: &Served,
    requests: &Sender<(Request, Flag)>,
    message: Message,
) -> bool {
    match message {
        Message::Status(status) => {
            let answer: Message = match &served.failure {
                Some(failure) => {
                    let mut told = failure.clone();
                    told.request_id = status.request_id;
                    told.into()
                }
                None => Response::new(status.request_id, served.status()).into(),
            };
            if lane.send_in(state, &answer).is_err() {
                exit(AT_FAULT);
            }
            return served.failure.is_some();
        }
        Message::Request(request) => {
            let cancelled = Arc::new(AtomicBool::new(false));
            state.running = Some(Arc::clone(&cancelled));
            if requests.send((request, cancelled)).is_err() {
                exit(AT_FAULT);
            }
        }
        Message::Cancel(_) => {
            if let Some(cancelled) = &state.running {
                cancelled.store(true, Ordering::Relaxed);
            }
        }
        _ => {}
    }
    false
}

/// Says what the arbiter did that it may not do. The worker ends with a lane that makes no sense.
fn refuse(lane: &Lane, fault: &Fault) {
    if let Ok(bytes) = Message::from(refused(fault)).to_bytes() {
        lane.write(&bytes);
    }
    if fault.scope == crate::gd::Scope::Connection {
        exit(AT_FAULT);
    }
}

/// Runs what is called, one after the other.
fn run(lane: &Lane, served: &Served, calls: &Receiver<(Request, Flag)>) {
    for (request, cancelled) in calls {
        let asked = Asked::of(&request);
        let called = AssertUnwindSafe(|| answer(lane, served, request, &cancelled));
        let came = catch_unwind(called)
            .unwrap_or_else(|panic| Err(Failure::of_panic(panic.as_ref())))
            .and_then(|last| lane.finish(&cancelled, &last));
        if let Err(failure) = came {
            let told = match cancelled.load(Ordering::Relaxed) {
                true => asked.cancelled(),
                false => asked.failed(&failure),
            };
            if lane.finish(&cancelled, &told.into()).is_err() {
                exit(AT_FAULT);
            }
        }
    }
}

impl Failure {
    /// That of a result that has no encoding; it is no error of the app's.
    fn from_fault(fault: Fault) -> Self {
        Failure::new(format!("the result cannot be encoded: {fault}"))
    }
}

/// Makes a call, and streams what it gives piece by piece. Returns the last message.
fn answer(
    lane: &Lane,
    served: &Served,
    request: Request,
    cancelled: &Flag,
) -> Result<Message, Failure> {
    let asked = Asked::of(&request);
    let id = request.request_id;
    let call = Call {
        app_path: request.app_path,
        action: request.action,
        args: request.args,
        kwargs: request.kwargs,
        trace: request.trace,
        cancelled: Arc::clone(cancelled),
    };
    let Some(app) = served.apps.get(&call.app_path) else {
        return Ok(asked.not_served().into());
    };
    if call.action.starts_with('_') || matches!(call.action.as_str(), "" | "init" | "close") {
        return Err(Failure::new(format!("{:?} cannot be called from outside", call.action)));
    }
    let items = match app.call(&call)? {
        Answer::Value(result) => return Ok(Response::new(id, result).into()),
        Answer::Stream(items) => items,
    };
    for item in items {
        let chunk = Chunk::new(id, item?);
        if call.is_cancelled() {
            return Err(Failure::new("the caller gave up"));
        }
        lane.send(cancelled, &chunk.into())?;
    }
    Ok(End::new(id).into())
}
