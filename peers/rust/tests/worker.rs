//! A worker on a lane that the test holds.

use std::io::{Read, Write};
use std::os::fd::IntoRawFd;
use std::os::unix::net::UnixStream;

use dirty::gd::messages::{Message, Request, Response};
use dirty::gd::{Connection, Dict, Event, Role, Value};
use dirty::worker::{Answer, App, Call, Failure, Worker};

struct Told;

impl App for Told {
    fn call(&self, call: &Call) -> Result<Answer, Failure> {
        Ok(call.trace.clone().map_or(Value::None, Value::Dict).into())
    }
}

/// What a worker answers on its lane.
fn answer(lane: &mut UnixStream, connection: &mut Connection, request: Request) -> Value {
    let bytes = connection.send(&request.into()).expect("it is legal");
    lane.write_all(&bytes).expect("the worker reads");
    let mut buffer = [0; 4096];
    loop {
        match connection.next_event() {
            Some(Event::Message {
                message: Message::Response(Response { result, .. }), ..
            }) => {
                return result;
            }
            Some(other) => panic!("{other:?} is no result"),
            None => {
                let count = lane.read(&mut buffer).expect("the worker answers");
                connection.receive(&buffer[..count]);
            }
        }
    }
}

#[test]
fn a_call_knows_its_callers_trace() {
    let (mut lane, theirs) = UnixStream::pair().expect("there are sockets");
    std::env::set_var("GD_WORKER_FDS", theirs.into_raw_fd().to_string());
    std::env::set_var("GD_WORKER_APPS", r#"["a:B"]"#);
    let worker = std::thread::spawn(|| Worker::new().app("a:B", || Ok(Told)).run());
    let mut connection = Connection::new(Role::Lane);
    let mut trace = Dict::new();
    trace.push("traceparent", "00-1-2-01");
    let told = Request { trace: Some(trace.clone()), ..Request::new(1, "a:B", "c") };
    assert_eq!(answer(&mut lane, &mut connection, told), Value::Dict(trace));
    assert_eq!(answer(&mut lane, &mut connection, Request::new(2, "a:B", "c")), Value::None);
    drop(lane);
    assert_eq!(worker.join().expect("no panic"), 0);
}
