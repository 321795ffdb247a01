//! The forms in which the suite writes bytes, values, messages and faults as JSON.

use dirty::gd::{Dict, Event, Fault, Message, MessageType, Value};
use dirty::json::Json;

/// Why the codec has no way to do it; or the command makes no sense.
pub type Made<T> = Result<T, String>;

fn unsupported<T>(why: &str) -> Made<T> {
    Err(why.to_owned())
}

/// The one pair of an object.
fn only(form: &Json) -> Made<(&str, &Json)> {
    match form {
        Json::Object(pairs) if pairs.len() == 1 => Ok((&pairs[0].0, &pairs[0].1)),
        _ => unsupported("no form of one key"),
    }
}

fn member<'a>(object: &'a Json, key: &str) -> Made<&'a Json> {
    object.get(key).ok_or_else(|| format!("no {key}"))
}

fn text(form: &Json) -> Made<&str> {
    form.as_str().ok_or_else(|| "no text".to_owned())
}

fn times(object: &Json) -> Made<usize> {
    member(object, "times")?.as_number().ok_or_else(|| "no number".to_owned())
}

fn from_hex(hex: &str) -> Made<Vec<u8>> {
    let digit = |one: u8| (one as char).to_digit(16).ok_or_else(|| "no hex".to_owned());
    let pair = |pair: &[u8]| Ok((digit(pair[0])? * 16 + digit(pair[1])?) as u8);
    hex.as_bytes().chunks_exact(2).map(pair).collect()
}

/// Bytes as hex.
pub fn to_hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from(b"0123456789abcdef"[half as usize]);
    bytes.iter().flat_map(|one| [digit(one >> 4), digit(one & 15)]).collect()
}

/// What a recipe makes.
pub fn bytes(recipe: &Json) -> Made<Vec<u8>> {
    match recipe {
        Json::String(hex) => from_hex(hex),
        Json::Array(parts) => Ok(parts.iter().map(bytes).collect::<Made<Vec<_>>>()?.concat()),
        _ if recipe.get("repeat").is_some() => {
            Ok(bytes(member(recipe, "repeat")?)?.repeat(times(recipe)?))
        }
        _ => numbered(recipe),
    }
}

fn numbered(recipe: &Json) -> Made<Vec<u8>> {
    let around = member(recipe, "numbered")?.as_array().unwrap_or_default();
    let [before, after] = around else { return unsupported("no such recipe") };
    let (before, after) = (bytes(before)?, bytes(after)?);
    let mut made = Vec::new();
    for number in 0..times(recipe)? {
        made.extend_from_slice(&before);
        made.extend_from_slice(numeral(number).as_bytes());
        made.extend_from_slice(&after);
    }
    Ok(made)
}

fn numeral(number: usize) -> String {
    format!("{number:07}")
}

/// The value that a form stands for.
pub fn value(form: &Json) -> Made<Value> {
    let (kind, held) = only(form)?;
    Ok(match kind {
        "none" => Value::None,
        "bool" => Value::Bool(text(held)? == "true"),
        "int64" => match text(held)?.parse() {
            Ok(number) => Value::Integer(number),
            Err(_) => return unsupported("no integer of a Value holds it"),
        },
        "float64" => match u64::from_str_radix(text(held)?, 16) {
            Ok(bits) => Value::Float(f64::from_bits(bits)),
            Err(_) => return unsupported("no bits of a float"),
        },
        "bytes" => Value::Bytes(bytes(held)?),
        "string" => Value::String(string(held)?),
        "utf16" => Value::String(utf16(text(held)?)?),
        "list" => {
            Value::List(held.as_array().unwrap_or_default().iter().map(value).collect::<Made<_>>()?)
        }
        "dict" => Value::Dict(Dict(
            held.as_array().unwrap_or_default().iter().map(pair).collect::<Made<_>>()?,
        )),
        "repeated" => Value::List(vec![value(member(held, "item")?)?; times(held)?]),
        "numbered" => {
            (0..times(held)?).map(|at| (numeral(at), Value::None)).collect::<Dict>().into()
        }
        "nested" => nested(held)?,
        "foreign" => return unsupported("every Value has an encoding"),
        _ => return Err(format!("no form {kind}")),
    })
}

fn string(held: &Json) -> Made<String> {
    match held {
        Json::String(text) => Ok(text.clone()),
        _ => String::from_utf8(bytes(held)?).map_err(|_| "a String is UTF-8".to_owned()),
    }
}

fn utf16(hex: &str) -> Made<String> {
    let raw = from_hex(hex)?;
    let units: Vec<u16> =
        raw.chunks_exact(2).map(|two| u16::from_be_bytes([two[0], two[1]])).collect();
    String::from_utf16(&units).map_err(|_| "a String has no lone surrogates".to_owned())
}

fn pair(form: &Json) -> Made<(String, Value)> {
    let [key, held] = form.as_array().unwrap_or_default() else { return unsupported("no pair") };
    match value(key)? {
        Value::String(key) => Ok((key, value(held)?)),
        _ => unsupported("the keys of a Dict are Strings"),
    }
}

fn nested(held: &Json) -> Made<Value> {
    let is_list = text(member(held, "in")?)? == "list";
    let key = held.get("key").and_then(Json::as_str).unwrap_or("");
    let wrapped = |inner: Option<Value>| match is_list {
        true => Value::List(inner.into_iter().collect()),
        false => Value::Dict(inner.into_iter().map(|inner| (key, inner)).collect()),
    };
    let mut made = wrapped(held.get("around").map(value).transpose()?);
    for _ in 1..times(held)? {
        made = wrapped(Some(made));
    }
    Ok(made)
}

/// The form of a value.
pub fn typed(value: &Value) -> Json {
    let (kind, held) = match value {
        Value::None => ("none", Json::text("")),
        Value::Bool(held) => ("bool", Json::text(held.to_string())),
        Value::Integer(held) => ("int64", Json::text(held.to_string())),
        Value::Float(held) => ("float64", Json::text(format!("{:016x}", held.to_bits()))),
        Value::Bytes(held) => ("bytes", Json::text(to_hex(held))),
        Value::String(held) => ("string", Json::text(held.as_str())),
        Value::List(held) => ("list", Json::Array(held.iter().map(typed).collect())),
        Value::Dict(held) => ("dict", Json::Array(held.iter().map(typed_pair).collect())),
    };
    Json::object([(kind, held)])
}

fn typed_pair((key, value): &(String, Value)) -> Json {
    Json::Array(vec![Json::object([("string", Json::text(key.as_str()))]), typed(value)])
}

/// The message that a form stands for; a fault where its fields make none.
pub fn message(form: &Json) -> Made<Result<Message, Fault>> {
    let id = request_id(member(form, "request_id")?)?;
    let name = text(member(form, "type")?)?;
    let Some(kind) = MessageType::ALL.into_iter().find(|one| one.name() == name) else {
        return Err(format!("no message {name}"));
    };
    let Json::Object(pairs) = member(form, "fields")? else { return unsupported("no fields") };
    let fields = pairs.iter().map(|(name, form)| Ok((name.clone(), value(form)?)));
    Ok(Message::from_fields(kind, id, Dict(fields.collect::<Made<_>>()?)))
}

/// The request id that a form stands for.
pub fn request_id(form: &Json) -> Made<u64> {
    text(form)?.parse().map_err(|_| "a u64 does not hold this request id".to_owned())
}

/// The form of a message.
pub fn typed_message(message: &Message) -> Json {
    let fields = message.fields();
    let fields = fields.iter().map(|(name, held)| (name.to_string(), typed(held))).collect();
    Json::object([
        ("type", Json::text(message.message_type().name())),
        ("request_id", Json::text(message.request_id().to_string())),
        ("fields", Json::Object(fields)),
    ])
}

/// The form of a fault.
pub fn fault(fault: &Fault) -> Json {
    let Json::Object(mut pairs) = Json::object([
        ("code", Json::text(fault.code.as_str())),
        ("scope", Json::text(fault.scope.as_str())),
        ("path", Json::text(fault.path.as_str())),
    ]) else {
        unreachable!("it is an object");
    };
    if let Some(offset) = fault.offset {
        pairs.push(("offset".to_owned(), Json::number(offset)));
    }
    Json::Object(pairs)
}

/// The form of an event.
pub fn event(event: &Event) -> Json {
    match event {
        Event::Message { message, ended } => Json::object([
            ("event", Json::text("message")),
            ("message", typed_message(message)),
            ("ended", Json::Bool(*ended)),
        ]),
        Event::Ended { request_id } => Json::object([
            ("event", Json::text("ended")),
            ("request_id", Json::text(request_id.to_string())),
        ]),
        Event::Closed => Json::object([("event", Json::text("closed"))]),
        Event::Fault(one) => {
            let Json::Object(mut pairs) = fault(one) else { unreachable!("it is an object") };
            pairs.push(("event".to_owned(), Json::text("error")));
            pairs.push(("request_id".to_owned(), Json::text(one.request_id.to_string())));
            Json::Object(pairs)
        }
    }
}
