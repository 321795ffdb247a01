//! The codec as a testee of the conformance suite, on stdin and stdout.

mod forms;
mod sha256;

use std::io::{self, Read, Write};

use dirty::gd::{self, Connection, Event, Fault, Role};
use dirty::json::Json;
use forms::Made;

/// What the suite makes may be nested deeper than any message.
const STACK_BYTES: usize = 1 << 30;

fn main() -> io::Result<()> {
    let serving = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(serve)?;
    serving.join().expect("the testee does not panic")
}

fn serve() -> io::Result<()> {
    let (mut commands, mut answers) = (io::stdin().lock(), io::stdout().lock());
    while let Some(command) = receive(&mut commands)? {
        let Json::Object(mut pairs) = (match command.get("do").and_then(Json::as_str) {
            Some("start") => declaration(),
            Some("run") => answer(&command),
            _ => return Ok(()),
        }) else {
            unreachable!("an answer is an object");
        };
        if let Some(number) = command.get("n") {
            pairs.push(("n".to_owned(), number.clone()));
        }
        let mut text = String::new();
        Json::Object(pairs).print(&mut text);
        answers.write_all(&(text.len() as u32).to_be_bytes())?;
        answers.write_all(text.as_bytes())?;
        answers.flush()?;
    }
    Ok(())
}

fn receive(commands: &mut impl Read) -> io::Result<Option<Json>> {
    let mut length = [0; 4];
    if commands.read_exact(&mut length).is_err() {
        return Ok(None);
    }
    let mut text = vec![0; u32::from_be_bytes(length) as usize];
    commands.read_exact(&mut text)?;
    Ok(String::from_utf8(text).ok().and_then(|text| Json::parse(&text)))
}

fn declaration() -> Json {
    let texts = |names: &[&str]| Json::Array(names.iter().map(|one| Json::text(*one)).collect());
    Json::object([
        ("contract", Json::number(1)),
        ("name", Json::text("rust")),
        ("language", Json::text("Rust")),
        ("version", Json::text(env!("CARGO_PKG_VERSION"))),
        ("operations", texts(&["decode", "encode", "parse", "serialize", "session"])),
        ("roles", texts(&Role::ALL.map(Role::name))),
        ("policies", Json::object([("nan-payload", Json::text("kept"))])),
    ])
}

fn answer(command: &Json) -> Json {
    match run(command) {
        Ok(Ok(answer)) => answer,
        Ok(Err(fault)) => Json::object([("error", forms::fault(&fault))]),
        Err(why) => Json::object([("unsupported", Json::text(why))]),
    }
}

fn run(command: &Json) -> Made<Result<Json, Fault>> {
    let is_digest = command.get("digest") == Some(&Json::Bool(true));
    let given = |name: &str| command.get(name).ok_or_else(|| format!("no {name}"));
    let written = |bytes: Vec<u8>| match is_digest {
        true => Json::object([("sha256", Json::text(sha256::sha256(&bytes)))]),
        false => Json::object([("bytes", Json::text(forms::to_hex(&bytes)))]),
    };
    Ok(match command.get("op").and_then(Json::as_str).unwrap_or_default() {
        "decode" => match gd::decode(&forms::bytes(given("bytes")?)?) {
            Ok(value) if is_digest => gd::encode(&value).map(written),
            Ok(value) => Ok(Json::object([("value", forms::typed(&value))])),
            Err(fault) => Err(fault),
        },
        "encode" => gd::encode(&forms::value(given("value")?)?).map(written),
        "parse" => match gd::parse(&forms::bytes(given("bytes")?)?) {
            Ok(message) if is_digest => message.to_bytes().map(written),
            Ok(message) => Ok(Json::object([("message", forms::typed_message(&message))])),
            Err(fault) => Err(fault),
        },
        "serialize" => {
            let message = forms::message(given("message")?)?;
            message.and_then(|message| message.to_bytes()).map(written)
        }
        "session" => Ok(session(given("role")?, given("steps")?)?),
        other => return Err(format!("no operation {other}")),
    })
}

fn session(role: &Json, steps: &Json) -> Made<Json> {
    let role = role.as_str().and_then(Role::from_name).ok_or("no such role")?;
    let mut connection = Connection::new(role);
    let steps = steps.as_array().unwrap_or_default();
    let answers = steps.iter().map(|one| step(&mut connection, one)).collect::<Made<_>>()?;
    Ok(Json::object([("steps", Json::Array(answers))]))
}

fn step(connection: &mut Connection, asked: &Json) -> Made<Json> {
    if let Some(message) = asked.get("send") {
        let message = forms::message(message)?;
        return Ok(match message.and_then(|message| connection.send(&message)) {
            Ok(bytes) => Json::object([("bytes", Json::text(forms::to_hex(&bytes)))]),
            Err(fault) => Json::object([("error", forms::fault(&fault))]),
        });
    }
    if let Some(recipe) = asked.get("receive") {
        connection.receive(&forms::bytes(recipe)?);
    } else if let Some(id) = asked.get("abandon") {
        connection.abandon(forms::request_id(id)?);
    } else if let Some(count) = asked.get("permit") {
        connection.permit(forms::request_id(count)? as usize);
    } else {
        connection.receive_eof();
    }
    let events: Vec<Event> = std::iter::from_fn(|| connection.next_event()).collect();
    Ok(Json::object([("events", Json::Array(events.iter().map(forms::event).collect()))]))
}
