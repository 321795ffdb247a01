//! Properties of the codec, for any values and any bytes.

mod random;

use dirty::gd::messages::{Chunk, Request, Stash, StashOp};
use dirty::gd::{
    decode, encode, parse, Code, Connection, Dict, Event, Message, Role, Scope, Value,
};
use random::{tried, Random};

const HEADER_BYTES: usize = 16;

fn message(random: &mut Random) -> Message {
    let id = random.next() >> random.below(64);
    match random.below(3) {
        0 => Request {
            args: random.list(1),
            kwargs: random.dict(1),
            ..Request::new(id, random.text(9), random.text(9))
        }
        .into(),
        1 => Chunk::new(id, random.value(1)).into(),
        _ => {
            Stash { value: random.value(1), ..Stash::new(id, StashOp::Put, random.text(9)) }.into()
        }
    }
}

#[test]
fn a_value_comes_back() {
    tried(|random| {
        let bytes = encode(&random.value(0)).expect("it has an encoding");
        let again = decode(&bytes).expect("it was encoded");
        assert_eq!(encode(&again).expect("it was decoded"), bytes);
    });
}

#[test]
fn a_message_comes_back() {
    tried(|random| {
        let bytes = message(random).to_bytes().expect("it has an encoding");
        let again = parse(&bytes).expect("it was encoded");
        assert_eq!(again.to_bytes().expect("it was parsed"), bytes);
    });
}

#[test]
fn any_bytes_are_a_value_or_a_fault() {
    tried(|random| {
        let whole = encode(&random.value(0)).expect("it has an encoding");
        let bytes = random.mutated(&whole);
        match decode(&bytes) {
            Ok(value) => assert_eq!(encode(&value).expect("it was decoded"), bytes),
            Err(fault) => {
                assert!(fault.offset.is_some_and(|offset| offset <= bytes.len()), "{fault:?}");
                assert!(fault.path.chars().count() <= 200, "{fault:?}");
            }
        }
    });
}

#[test]
fn any_frame_is_a_message_or_a_fault() {
    tried(|random| {
        let whole = message(random).to_bytes().expect("it has an encoding");
        let bytes = random.mutated(&whole);
        match parse(&bytes) {
            Ok(message) => {
                let written = message.to_bytes().expect("it was parsed");
                let again = parse(&written).expect("it was written");
                assert_eq!(again.to_bytes().expect("it was parsed"), written);
            }
            Err(fault) => {
                assert!(fault.offset.is_some_and(|offset| offset <= bytes.len()), "{fault:?}");
            }
        }
    });
}

fn events(connection: &mut Connection, portions: &[&[u8]]) -> Vec<String> {
    let mut told = Vec::new();
    for portion in portions {
        connection.receive(portion);
        // A NaN equals no other: what is printed is compared.
        told.extend(std::iter::from_fn(|| connection.next_event()).map(|one| format!("{one:?}")));
    }
    connection.receive_eof();
    told.extend(std::iter::from_fn(|| connection.next_event()).map(|one| format!("{one:?}")));
    told
}

#[test]
fn portions_change_no_event() {
    tried(|random| {
        let mut bytes = Vec::new();
        for _ in 0..1 + random.below(4) {
            bytes.extend(message(random).to_bytes().expect("it has an encoding"));
        }
        if random.below(2) == 0 {
            bytes = random.mutated(&bytes);
        }
        let role = Role::ALL[random.below(Role::ALL.len())];
        let at_once = events(&mut Connection::new(role), &[&bytes]);
        let size = 1 + random.below(HEADER_BYTES + 4);
        let portions: Vec<&[u8]> = bytes.chunks(size).collect();
        let in_portions = events(&mut Connection::new(role), &portions);
        assert_eq!(kinds(&in_portions), kinds(&at_once));
    });
}

/// The events, without the bytes that are told beside faults: how many there are is no matter.
fn kinds(told: &[String]) -> Vec<&str> {
    told.iter().map(|one| one.split("raw_data").next().expect("it has a beginning")).collect()
}

#[test]
fn equal_keys_are_refused_in_both_directions() {
    for count in [2, 5, 9, 40, 300] {
        for (first, second) in [(0, count - 1), (count / 2, count - 1), (0, 1)] {
            if first == second {
                continue;
            }
            let names = (0..count).map(|at| if at == second { first } else { at });
            let dict: Dict = names.map(|at| (format!("k{}", at * 7 % 1000), at as i64)).collect();
            let path = format!("k{}", first * 7 % 1000);
            let fault = encode(&dict.clone().into()).expect_err("two keys are equal");
            assert_eq!((fault.code, fault.path), (Code::DuplicateKey, path.clone()));
            let fault = decode(&bytes_of(&dict)).expect_err("two keys are equal");
            assert_eq!((fault.code, fault.path), (Code::DuplicateKey, path));
        }
    }
}

/// The encoding of a dict, whatever its keys are.
fn bytes_of(dict: &Dict) -> Vec<u8> {
    let mut bytes = vec![0x21];
    bytes.extend((dict.len() as u32).to_be_bytes());
    for (key, value) in dict.iter() {
        bytes.extend(encode(&key.as_str().into()).expect("a text has an encoding"));
        bytes.extend(encode(value).expect("it has an encoding"));
    }
    bytes
}

#[test]
fn what_is_refused_leaves_nothing() {
    let mut deep = Value::None;
    for _ in 0..600 {
        deep = Value::List(vec![deep]);
    }
    let mut connection = Connection::new(Role::Client);
    let mut out = vec![1, 2, 3];
    let fault = connection
        .send_into(&Request { args: vec![deep], ..Request::new(1, "a:B", "c") }.into(), &mut out)
        .expect_err("it is too deep");
    assert_eq!((fault.code, fault.scope), (Code::NestingTooDeep, Scope::Exchange));
    assert_eq!((out, connection.open_count()), (vec![1, 2, 3], 0));
}

#[test]
fn nothing_is_reserved_for_promises() {
    // 400 lists, each of which claims a million items that do not follow.
    let promises = [0x20, 0, 0x0f, 0xff, 0xff].repeat(400);
    assert_eq!(decode(&promises).expect_err("nothing follows").code, Code::Truncated);
    let mut connection = Connection::new(Role::Arbiter);
    connection.receive(&[0x47, 0x44, 1, 1, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    assert_eq!(connection.next_event(), None::<Event>);
}
