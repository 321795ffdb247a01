//! A value of the same shape as ours, as serde reads and writes it.

use std::fmt;

use dirty::gd::Value;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

#[derive(Clone, Debug, PartialEq)]
pub enum Theirs {
    None,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Bytes(Vec<u8>),
    String(String),
    List(Vec<Theirs>),
    Dict(Vec<(String, Theirs)>),
}

impl Theirs {
    pub fn of(value: &Value) -> Self {
        match value {
            Value::None => Theirs::None,
            Value::Bool(held) => Theirs::Bool(*held),
            Value::Integer(held) => Theirs::Integer(*held),
            Value::Float(held) => Theirs::Float(*held),
            Value::Bytes(held) => Theirs::Bytes(held.clone()),
            Value::String(held) => Theirs::String(held.clone()),
            Value::List(items) => Theirs::List(items.iter().map(Theirs::of).collect()),
            Value::Dict(dict) => {
                Theirs::Dict(dict.iter().map(|(key, one)| (key.clone(), Theirs::of(one))).collect())
            }
        }
    }
}

impl Serialize for Theirs {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Theirs::None => to.serialize_unit(),
            Theirs::Bool(held) => to.serialize_bool(*held),
            Theirs::Integer(held) => to.serialize_i64(*held),
            Theirs::Float(held) => to.serialize_f64(*held),
            Theirs::Bytes(held) => to.serialize_bytes(held),
            Theirs::String(held) => to.serialize_str(held),
            Theirs::List(items) => to.collect_seq(items),
            Theirs::Dict(pairs) => {
                let mut map = to.serialize_map(Some(pairs.len()))?;
                for (key, value) in pairs {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Theirs {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Reading)
    }
}

struct Reading;

impl<'de> Visitor<'de> for Reading {
    type Value = Theirs;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Theirs, E> {
        Ok(Theirs::None)
    }

    fn visit_bool<E>(self, held: bool) -> Result<Theirs, E> {
        Ok(Theirs::Bool(held))
    }

    fn visit_i64<E>(self, held: i64) -> Result<Theirs, E> {
        Ok(Theirs::Integer(held))
    }

    fn visit_u64<E>(self, held: u64) -> Result<Theirs, E> {
        Ok(Theirs::Integer(held as i64))
    }

    fn visit_f64<E>(self, held: f64) -> Result<Theirs, E> {
        Ok(Theirs::Float(held))
    }

    fn visit_str<E>(self, held: &str) -> Result<Theirs, E> {
        Ok(Theirs::String(held.to_owned()))
    }

    fn visit_bytes<E>(self, held: &[u8]) -> Result<Theirs, E> {
        Ok(Theirs::Bytes(held.to_vec()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Theirs, A::Error> {
        let mut items = Vec::with_capacity(from.size_hint().unwrap_or(0));
        while let Some(item) = from.next_element()? {
            items.push(item);
        }
        Ok(Theirs::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Theirs, A::Error> {
        let mut pairs = Vec::with_capacity(from.size_hint().unwrap_or(0));
        while let Some(pair) = from.next_entry()? {
            pairs.push(pair);
        }
        Ok(Theirs::Dict(pairs))
    }
}
