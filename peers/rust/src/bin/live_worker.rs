//! The worker as the live scripts judge it: it serves the conformance app.

use std::collections::HashMap;
use std::os::fd::BorrowedFd;
use std::process::{exit, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::Duration;

use dirty::gd::{Dict, Value};
use dirty::worker::{Answer, App, Call, Failure, Worker};

const PATH: &str = "gdproto.conformance.live.app:App";
const BROKEN: &str = "gdproto.conformance.live.app:Broken";
const BOOT: Duration = Duration::from_millis(300);
const POLL: Duration = Duration::from_millis(10);
const EXIT_STATUS: i32 = 7;
const CHILD_S: &str = "5";
const SIGKILL: i32 = 9;
const LONG_CHARS: usize = 200_000;

extern "C" {
    fn raise(signal: i32) -> i32;
}

fn main() {
    let worker = Worker::new()
        .app(PATH, Conformance::new)
        .app(BROKEN, || Err::<Conformance, _>(Failure::new("this app cannot be initialised")));
    exit(worker.run());
}

#[derive(Default)]
struct Counters {
    notes: HashMap<String, u32>,
    produced: u32,
    ended: u32,
    marker: Option<String>,
}

struct Conformance(Arc<Mutex<Counters>>);

type Given = Result<Answer, Failure>;

impl App for Conformance {
    fn call(&self, call: &Call) -> Given {
        match call.action.as_str() {
            "echo" => echo(call),
            "add" => add(call),
            "blob" => Ok(vec![b'x'; size(call, 0)?].into()),
            "deep" => Ok(deep(size(call, 0)?)),
            "sleep" => slept(call),
            "environment" => Ok(Value::from(std::env::var(text(call, 0)?).ok()).into()),
            "count" => Ok(Answer::stream(0..size(call, 0)? as u32)),
            "count_and_fail" => count_and_fail(call),
            "tick" => self.tick(call),
            "blobs" => self.blobs(call),
            "fail" => Err(Failure::new(text(call, 0)?)),
            "fail_oddly" => Err(Failure::new("x".repeat(LONG_CHARS))),
            "unencodable" => Ok([("a", 1), ("a", 2)].into_iter().collect::<Dict>().into()),
            "die" => exit(EXIT_STATUS),
            "die_and_leave_a_child" => die_and_leave_a_child(),
            "blob_and_die" => blob_and_die(call),
            "spawn" => Ok(Command::new("sleep").arg(CHILD_S).spawn()?.id().into()),
            "note" => self.note(call),
            "noted" => Ok(self.counters().notes.get(&text(call, 0)?).copied().unwrap_or(0).into()),
            "counters" => Ok(self.told()),
            "mark_when_closed" => {
                self.counters().marker = Some(text(call, 0)?);
                Ok(Value::None.into())
            }
            _ => Err(Failure::no_action(call)),
        }
    }

    fn close(&self) {
        if let Some(path) = &self.counters().marker {
            std::fs::write(path, "closed").expect("the marker can be written");
        }
    }
}

impl Conformance {
    fn new() -> Result<Self, Failure> {
        sleep(BOOT);
        Ok(Conformance(Arc::default()))
    }

    fn counters(&self) -> std::sync::MutexGuard<'_, Counters> {
        self.0.lock().expect("no action panics with it")
    }

    fn tick(&self, call: &Call) -> Given {
        let (times, every) = (size(call, 0)? as u32, seconds(call, 1)?);
        let ending = Ending(Arc::clone(&self.0));
        let ticks = (0..times).inspect(move |_| {
            let _ = &ending;
            sleep(every);
        });
        Ok(Answer::stream(ticks))
    }

    fn blobs(&self, call: &Call) -> Given {
        let (times, size) = (size(call, 0)?, size(call, 1)?);
        let counters = Arc::clone(&self.0);
        Ok(Answer::stream((0..times).map(move |_| {
            counters.lock().expect("no action panics with it").produced += 1;
            vec![b'x'; size]
        })))
    }

    fn note(&self, call: &Call) -> Given {
        let mut counters = self.counters();
        let count = counters.notes.entry(text(call, 0)?).or_default();
        *count += 1;
        Ok((*count).into())
    }

    fn told(&self) -> Answer {
        let counters = self.counters();
        let pairs = [("produced", counters.produced), ("ended", counters.ended)];
        pairs.into_iter().collect::<Dict>().into()
    }
}

/// Counts the end of a stream, also of one that is given up.
struct Ending(Arc<Mutex<Counters>>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.lock().expect("no action panics with it").ended += 1;
    }
}

// --- arguments ---

fn text(call: &Call, at: usize) -> Result<String, Failure> {
    call.arg(at).as_str().map(str::to_owned).ok_or_else(|| Failure::new("a text is wanted"))
}

fn size(call: &Call, at: usize) -> Result<usize, Failure> {
    let number = call.arg(at).as_integer().and_then(|number| usize::try_from(number).ok());
    number.ok_or_else(|| Failure::new("a size is wanted"))
}

fn seconds(call: &Call, at: usize) -> Result<Duration, Failure> {
    let number = call.arg(at).as_number().ok_or_else(|| Failure::new("seconds are wanted"))?;
    Ok(Duration::try_from_secs_f64(number)?)
}

// --- actions ---

fn echo(call: &Call) -> Given {
    let mut told = Dict::new();
    told.push("args", call.args.clone());
    told.push("kwargs", call.kwargs.clone());
    Ok(told.into())
}

fn add(call: &Call) -> Given {
    let (one, other) = (call.arg(0), call.arg(1));
    if let (Some(one), Some(other)) = (one.as_integer(), other.as_integer()) {
        let sum = one.checked_add(other).ok_or_else(|| Failure::new("the sum is too large"))?;
        return Ok(sum.into());
    }
    match (one.as_number(), other.as_number(), one.as_str(), other.as_str()) {
        (Some(one), Some(other), _, _) => Ok((one + other).into()),
        (_, _, Some(one), Some(other)) => Ok(format!("{one}{other}").into()),
        _ => Err(Failure::new("these have no sum")),
    }
}

fn deep(levels: usize) -> Answer {
    let lists = (1..levels).fold(Vec::new(), |inner, _| vec![Value::List(inner)]);
    lists.into()
}

fn slept(call: &Call) -> Given {
    sleep(seconds(call, 0)?);
    Ok(call.arg(0).clone().into())
}

fn count_and_fail(call: &Call) -> Given {
    let items = (0..size(call, 0)? as u32).map(|number| Ok(number.into()));
    let last = std::iter::once_with(|| Err(Failure::new("after the items")));
    Ok(Answer::Stream(Box::new(items.chain(last))))
}

fn die() -> ! {
    // SAFETY: it takes an int.
    unsafe { raise(SIGKILL) };
    exit(EXIT_STATUS)
}

/// The child holds a lane as its standard input, and another one as its standard output.
fn die_and_leave_a_child() -> Given {
    let numbers = std::env::var("GD_WORKER_FDS")?;
    let mut held = Vec::new();
    for number in numbers.split(',') {
        let number = number.parse()?;
        // SAFETY: the worker's lanes are open as long as it lives.
        let lane = unsafe { BorrowedFd::borrow_raw(number) };
        held.push(Stdio::from(lane.try_clone_to_owned()?));
    }
    let mut child = Command::new("sleep");
    child.arg(CHILD_S).stderr(Stdio::null());
    child.stdin(held.pop().unwrap_or_else(Stdio::null));
    child.stdout(held.pop().unwrap_or_else(Stdio::null));
    child.spawn()?;
    die()
}

fn blob_and_die(call: &Call) -> Given {
    let (size, path) = (size(call, 0)?, text(call, 1)?);
    std::thread::spawn(move || {
        while !std::path::Path::new(&path).exists() {
            sleep(POLL);
        }
        die()
    });
    Ok(vec![b'x'; size].into())
}
