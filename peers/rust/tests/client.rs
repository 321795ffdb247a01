//! The client against an arbiter that does what each test has it do.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{spawn, JoinHandle};
use std::time::{Duration, Instant};

use dirty::client::{Cancel, Client};
use dirty::gd::messages::{Chunk, End, Error, Message, Response};
use dirty::gd::{Connection, Dict, ErrorType, Event, Role, Value};

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(2);
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A socket of its own, removed with it.
struct Arbiter {
    path: PathBuf,
    listener: UnixListener,
}

impl Arbiter {
    fn new() -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("dirty-{}-{number}.sock", std::process::id());
        let path = std::env::temp_dir().join(name);
        let listener = UnixListener::bind(&path).expect("the socket is free");
        // A client that has failed does not come: nobody waits for it for ever.
        listener.set_nonblocking(true).expect("a socket");
        Arbiter { path, listener }
    }

    fn client(&self) -> Client {
        Client::new(&self.path).with_timeout(LONG)
    }

    fn accept(&self) -> Wire {
        let due = Instant::now() + LONG;
        let socket = loop {
            match self.listener.accept() {
                Ok((socket, _)) => break socket,
                Err(error) if error.kind() == ErrorKind::WouldBlock && Instant::now() < due => {
                    std::thread::sleep(SHORT);
                }
                Err(error) => panic!("a client connects: {error}"),
            }
        };
        socket.set_nonblocking(false).expect("a socket");
        socket.set_read_timeout(Some(LONG)).expect("a socket");
        socket.set_write_timeout(Some(LONG)).expect("a socket");
        Wire { socket, connection: Connection::new(Role::Arbiter) }
    }
}

impl Drop for Arbiter {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

struct Wire {
    socket: UnixStream,
    connection: Connection,
}

impl Wire {
    fn next(&mut self) -> Event {
        loop {
            if let Some(event) = self.connection.next_event() {
                return event;
            }
            let mut buffer = [0; 4096];
            match self.socket.read(&mut buffer) {
                Ok(0) | Err(_) => self.connection.receive_eof(),
                Ok(count) => self.connection.receive(&buffer[..count]),
            }
        }
    }

    fn asked(&mut self) -> Message {
        match self.next() {
            Event::Message { message, .. } => message,
            other => panic!("{other:?} is no message"),
        }
    }

    fn answer(&mut self, message: impl Into<Message>) {
        let bytes = self.connection.send(&message.into()).expect("it is legal");
        self.socket.write_all(&bytes).expect("the client reads");
    }

    /// Answers calls by their first argument until the client leaves; returns their count.
    fn echo(&mut self) -> u32 {
        let mut count = 0;
        while let Event::Message { message: Message::Request(request), .. } = self.next() {
            self.answer(Response::new(request.request_id, request.args[0].clone()));
            count += 1;
        }
        count
    }
}

fn echoing(arbiter: &Arbiter) -> JoinHandle<u32> {
    let mut wire = arbiter.accept();
    spawn(move || wire.echo())
}

#[test]
fn calls_share_a_connection_that_is_free() {
    let arbiter = Arbiter::new();
    let client = arbiter.client();
    let calling = spawn(move || {
        for number in 0..50 {
            let came = client.call("a:B", "echo").arg(number).send().expect("it is answered");
            assert_eq!(came, Value::from(number));
        }
    });
    assert_eq!(echoing(&arbiter).join().expect("no panic"), 50);
    calling.join().expect("no panic");
}

#[test]
fn many_calls_at_once() {
    let arbiter = Arbiter::new();
    let client = arbiter.client();
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..8)
            .map(|number| {
                let client = &client;
                scope.spawn(move || client.call("a:B", "echo").arg(number).send())
            })
            .collect();
        // None is answered before all are there.
        let mut wires: Vec<_> = callers.iter().map(|_| arbiter.accept()).collect();
        for wire in wires.iter_mut().rev() {
            let Message::Request(request) = wire.asked() else { panic!("no request") };
            wire.answer(Response::new(request.request_id, request.args[0].clone()));
        }
        for (number, caller) in callers.into_iter().enumerate() {
            let came = caller.join().expect("no panic").expect("it is answered");
            assert_eq!(came, Value::from(number as i64));
        }
    });
}

#[test]
fn a_deadline_ends_the_call_and_its_connection() {
    let arbiter = Arbiter::new();
    let client = arbiter.client();
    let calling = spawn(move || {
        let began = Instant::now();
        let call = client.call("a:B", "sleep").timeout(Duration::from_millis(60));
        let error = call.send().expect_err("nobody answers");
        assert_eq!(error.error_type, ErrorType::DirtyTimeoutError);
        assert!(began.elapsed() < LONG / 2);
    });
    let mut wire = arbiter.accept();
    let Message::Request(request) = wire.asked() else { panic!("no request") };
    assert_eq!(request.timeout, Value::Float(0.06));
    assert_eq!(wire.next(), Event::Closed);
    calling.join().expect("no panic");
}

#[test]
fn a_call_tells_its_trace_and_its_priority() {
    let arbiter = Arbiter::new();
    let client = arbiter.client();
    let mut trace = Dict::new();
    trace.push("traceparent", "00-1-2-01");
    let call = client.call("a:B", "c").trace(trace.clone()).priority(3);
    std::thread::scope(|scope| {
        scope.spawn(|| call.send());
        let mut wire = arbiter.accept();
        let Message::Request(request) = wire.asked() else { panic!("no request") };
        assert_eq!((request.trace, request.priority), (Some(trace), 3));
        wire.answer(Response::new(request.request_id, Value::None));
    });
}

#[test]
fn a_deadline_holds_after_calls_that_were_quick() {
    let arbiter = Arbiter::new();
    let client = arbiter.client();
    let calling = spawn(move || {
        for number in 0..20 {
            client.call("a:B", "echo").arg(number).send().expect("it is answered");
        }
        let call = client.call("a:B", "sleep").timeout(Duration::from_millis(60));
        let error = call.send().expect_err("nobody answers");
        assert_eq!(error.error_type, ErrorType::DirtyTimeoutError);
    });
    let mut wire = arbiter.accept();
    for _ in 0..20 {
        let Message::Request(request) = wire.asked() else { panic!("no request") };
        wire.answer(Response::new(request.request_id, request.args[0].clone()));
    }
    wire.asked();
    assert_eq!(wire.next(), Event::Closed);
    calling.join().expect("no panic");
}

#[test]
fn a_large_request_is_sent_as_its_reader_takes_it() {
    let arbiter = Arbiter::new();
    let client = arbiter.client();
    let large = vec![7u8; 4 << 20];
    let calling = spawn({
        let large = large.clone();
        move || client.call("a:B", "echo").arg(Value::Bytes(large)).send()
    });
    let echoed = echoing(&arbiter);
    assert_eq!(calling.join().expect("no panic").expect("it is answered"), Value::Bytes(large));
    assert_eq!(echoed.join().expect("no panic"), 1);
}

#[test]
fn a_deadline_ends_a_request_that_nobody_reads() {
    let arbiter = Arbiter::new();
    let call = arbiter.client();
    let call = call.call("a:B", "echo").arg(Value::Bytes(vec![7u8; 4 << 20]));
    let error = call.timeout(Duration::from_millis(60)).send().expect_err("nobody reads");
    assert_eq!(error.error_type, ErrorType::DirtyTimeoutError);
}

#[test]
fn another_thread_gives_a_call_up() {
    let arbiter = Arbiter::new();
    let client = arbiter.client();
    let cancel = Cancel::new();
    let calling = spawn({
        let cancel = cancel.clone();
        move || {
            let error = client.call("a:B", "c").cancelled_by(&cancel).send();
            let error = error.expect_err("it is given up");
            assert_eq!(error.error_type, ErrorType::DirtyCancelledError);
            let later = client.call("a:B", "c").cancelled_by(&cancel).send();
            let later = later.expect_err("the handle was used before");
            assert_eq!(later.error_type, ErrorType::DirtyCancelledError);
        }
    });
    let mut wire = arbiter.accept();
    wire.asked();
    cancel.cancel();
    assert_eq!(wire.next(), Event::Closed);
    calling.join().expect("no panic");
}

#[test]
fn a_handle_leaves_alone_what_is_over() {
    let arbiter = Arbiter::new();
    let client = arbiter.client();
    let calling = spawn(move || {
        let cancel = Cancel::new();
        client.call("a:B", "echo").arg(1).cancelled_by(&cancel).send().expect("it is answered");
        cancel.cancel();
        client.call("a:B", "echo").arg(2).send().expect("it is answered")
    });
    assert_eq!(echoing(&arbiter).join().expect("no panic"), 2);
    assert_eq!(calling.join().expect("no panic"), Value::from(2));
}

#[test]
fn a_call_that_is_lost_is_not_sent_again() {
    let arbiter = Arbiter::new();
    let client = arbiter.client();
    let calling = spawn(move || {
        let error = client.call("a:B", "c").send().expect_err("its connection is closed");
        assert_eq!(error.error_type, ErrorType::DirtyConnectionError);
        // The next one connects anew.
        client.call("a:B", "echo").arg(1).send().expect("it is answered")
    });
    let mut wire = arbiter.accept();
    wire.asked();
    drop(wire);
    assert_eq!(echoing(&arbiter).join().expect("no panic"), 1);
    assert_eq!(calling.join().expect("no panic"), Value::from(1));
}

#[test]
fn a_connection_that_was_closed_while_it_was_free_costs_no_call() {
    let arbiter = Arbiter::new();
    let client = arbiter.client();
    let calling = spawn(move || {
        client.call("a:B", "echo").arg(1).send().expect("it is answered");
        // The arbiter closes; it is accepted again only after that.
        client.call("a:B", "echo").arg(2).timeout(None).send().expect("it is answered")
    });
    let mut wire = arbiter.accept();
    let Message::Request(request) = wire.asked() else { panic!("no request") };
    let answer = Message::from(Response::new(request.request_id, 1)).to_bytes();
    let notice = Message::from(Error::new(0, "DirtyError", "bye")).to_bytes();
    let both = [answer.expect("legal"), notice.expect("legal")].concat();
    wire.socket.write_all(&both).expect("the client reads");
    drop(wire);
    assert_eq!(echoing(&arbiter).join().expect("no panic"), 1);
    assert_eq!(calling.join().expect("no panic"), Value::from(2));
}

#[test]
fn a_stream_that_is_dropped_is_given_up() {
    let arbiter = Arbiter::new();
    let client = arbiter.client();
    let calling = spawn(move || {
        let items = client.call("a:B", "count").stream().expect("it is sent");
        let first: Vec<_> = items.take(2).map(|item| item.expect("an item")).collect();
        assert_eq!(first, [Value::from(0), Value::from(1)]);
        client
    });
    let mut wire = arbiter.accept();
    let id = wire.asked().request_id();
    wire.answer(Chunk::new(id, 0));
    wire.answer(Chunk::new(id, 1));
    assert_eq!(wire.next(), Event::Closed);
    calling.join().expect("no panic");
}

#[test]
fn a_stream_ends_and_its_connection_is_free() {
    let arbiter = Arbiter::new();
    let client = arbiter.client();
    let calling = spawn(move || {
        let items = client.call("a:B", "count").stream().expect("it is sent");
        let items: Vec<_> = items.map(|item| item.expect("an item")).collect();
        assert_eq!(items, [Value::from(0)]);
        client.call("a:B", "echo").arg(5).send().expect("it is answered")
    });
    let mut wire = arbiter.accept();
    let id = wire.asked().request_id();
    wire.answer(Chunk::new(id, 0));
    wire.answer(End::new(id));
    assert_eq!(wire.echo(), 1);
    assert_eq!(calling.join().expect("no panic"), Value::from(5));
}

#[test]
fn errors_are_types() {
    let arbiter = Arbiter::new();
    let client = arbiter.client();
    let calling = spawn(move || {
        let missing = client.stash().get("t", "k").expect("a missing key is no error");
        assert_eq!(missing, None);
        let error = client.stash().fetch("t", "k").expect_err("it is missing");
        assert!(error.is_a(ErrorType::StashError) && error.is_a(ErrorType::DirtyError));
        let error = client.call("a:B", "c").send().expect_err("it fails");
        assert_eq!((error.error_type, error.message.as_str()), (ErrorType::DirtyError, "so"));
    });
    let mut wire = arbiter.accept();
    for (name, told) in [
        ("StashKeyNotFoundError", "there is none"),
        ("DirtyError", "Key not found: k"),
        ("SomethingNew", "so"),
    ] {
        let id = wire.asked().request_id();
        wire.answer(Error::new(id, name, told));
    }
    calling.join().expect("no panic");
}

#[test]
fn nobody_listens() {
    let error = Client::new("/nowhere/at/all").status().expect_err("there is no socket");
    assert_eq!(error.error_type, ErrorType::DirtyConnectionError);
    assert!(error.message.contains("/nowhere/at/all"), "{error}");
}
