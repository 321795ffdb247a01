//! The client as the live scripts judge it: see conformance/live/clients.md.

use std::process::exit;
use std::time::Duration;

use dirty::client::{Call, Client, Error};
use dirty::gd::{Dict, Value};
use dirty::json::Json;

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let job = words.get(2).and_then(|text| Json::parse(text));
    let Some(job) = job else {
        eprintln!("usage: {} SOCKET JOB", words[0]);
        exit(2);
    };
    let client = match words[1].as_str() {
        "" => Client::from_env(),
        path => Ok(Client::new(path)),
    };
    let timeout = job.get("timeout").and_then(Json::as_number).map(Duration::from_secs_f64);
    let client = client.expect("there is a socket").with_timeout(timeout);
    let steps = job.get("steps").and_then(Json::as_array).unwrap_or_default();
    let outcomes = steps.iter().map(|step| made(&client, step)).collect();
    let mut text = String::new();
    Json::object([("outcomes", Json::Array(outcomes))]).print(&mut text);
    println!("{text}");
}

/// Makes the calls of a step at the same time.
fn made(client: &Client, step: &Json) -> Json {
    let calls = step.as_array().unwrap_or_default();
    std::thread::scope(|scope| {
        let running: Vec<_> =
            calls.iter().map(|one| scope.spawn(move || outcome(client, one))).collect();
        Json::Array(running.into_iter().map(|one| one.join().expect("no panic")).collect())
    })
}

fn text<'a>(call: &'a Json, key: &str) -> &'a str {
    call.get(key).and_then(Json::as_str).unwrap_or_default()
}

fn outcome(client: &Client, one: &Json) -> Json {
    let came = match text(one, "do") {
        "status" => client.status().map_err(failure),
        "stash" => read(client, one),
        "stream" => return streamed(client, one),
        _ => call_of(client, one).and_then(|call| call.send().map_err(failure)),
    };
    match came {
        Ok(value) => Json::object([("result", to_json(&value))]),
        Err(failed) => Json::object([("error", failed)]),
    }
}

fn read(client: &Client, one: &Json) -> Result<Value, Json> {
    let key = from_json(one.get("key").unwrap_or(&Json::Null))?;
    client.stash().fetch(text(one, "table"), key).map_err(failure)
}

fn streamed(client: &Client, one: &Json) -> Json {
    let take = one.get("take").and_then(Json::as_number).unwrap_or(usize::MAX);
    let mut chunks = Vec::new();
    let stream = call_of(client, one).and_then(|call| call.stream().map_err(failure));
    let failed = match stream {
        Err(failed) => Some(failed),
        Ok(items) => items.take(take).find_map(|item| match item {
            Ok(item) => {
                chunks.push(to_json(&item));
                None
            }
            Err(error) => Some(failure(error)),
        }),
    };
    let mut pairs = vec![("chunks".to_owned(), Json::Array(chunks))];
    pairs.extend(failed.map(|failed| ("error".to_owned(), failed)));
    Json::Object(pairs)
}

fn call_of<'a>(client: &'a Client, one: &Json) -> Result<Call<'a>, Json> {
    let mut call = client.call(text(one, "app_path"), text(one, "action"));
    for arg in one.get("args").and_then(Json::as_array).unwrap_or_default() {
        call = call.arg(from_json(arg)?);
    }
    if let Some(Json::Object(pairs)) = one.get("kwargs") {
        for (name, value) in pairs {
            call = call.kwarg(name, from_json(value)?);
        }
    }
    Ok(call)
}

fn failure(error: Error) -> Json {
    let mut pairs = vec![
        ("type".to_owned(), Json::text(error.error_type.name())),
        ("message".to_owned(), Json::text(error.message.as_str())),
    ];
    pairs.extend(error.code().map(|code| ("code".to_owned(), Json::text(code))));
    Json::Object(pairs)
}

/// The value; an error where an integer of JSON is none that a program can have.
fn from_json(json: &Json) -> Result<Value, Json> {
    Ok(match json {
        Json::Null => Value::None,
        Json::Bool(held) => Value::Bool(*held),
        Json::String(held) => held.as_str().into(),
        Json::Array(items) => Value::List(items.iter().map(from_json).collect::<Result<_, _>>()?),
        Json::Object(pairs) => {
            let pairs = pairs.iter().map(|(key, held)| Ok((key.clone(), from_json(held)?)));
            Value::Dict(Dict(pairs.collect::<Result<_, Json>>()?))
        }
        Json::Number(digits) => match digits.parse().map(Value::Integer) {
            Ok(whole) => whole,
            Err(_) if digits.contains(['.', 'e', 'E']) => {
                json.as_number().map_or(Value::None, Value::Float)
            }
            Err(error) => {
                return Err(Json::object([
                    ("type", Json::text("ParseIntError")),
                    ("message", Json::text(error.to_string())),
                    ("code", Json::text("int_out_of_range")),
                ]))
            }
        },
    })
}

fn to_json(value: &Value) -> Json {
    match value {
        Value::None => Json::Null,
        Value::Bool(held) => Json::Bool(*held),
        Value::Integer(held) => Json::number(held),
        Value::Float(held) => Json::Number(format!("{held:?}")),
        Value::Bytes(held) => Json::text(String::from_utf8_lossy(held)),
        Value::String(held) => Json::text(held.as_str()),
        Value::List(items) => Json::Array(items.iter().map(to_json).collect()),
        Value::Dict(dict) => {
            Json::Object(dict.iter().map(|(key, held)| (key.clone(), to_json(held))).collect())
        }
    }
}
