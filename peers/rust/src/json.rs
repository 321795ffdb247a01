//! JSON, as far as the programs of this folder and `GD_WORKER_APPS` need it.

use std::fmt::Write;

/// A value of JSON; a number is kept as it is written.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number.
    Number(String),
    /// A text.
    String(String),
    /// A list.
    Array(Vec<Json>),
    /// Pairs, in their order.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// What an object has under a key.
    pub fn get(&self, key: &str) -> Option<&Json> {
        match self {
            Json::Object(pairs) => pairs.iter().find(|pair| pair.0 == key).map(|pair| &pair.1),
            _ => None,
        }
    }

    /// The text that it is.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    /// The items that it has.
    pub fn as_array(&self) -> Option<&[Json]> {
        match self {
            Json::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The number that it is, if it is one of that type.
    pub fn as_number<T: std::str::FromStr>(&self) -> Option<T> {
        match self {
            Json::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// A text.
    pub fn text(text: impl Into<String>) -> Json {
        Json::String(text.into())
    }

    /// A number.
    pub fn number(number: impl ToString) -> Json {
        Json::Number(number.to_string())
    }

    /// An object.
    pub fn object<const N: usize>(pairs: [(&str, Json); N]) -> Json {
        Json::Object(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    /// The value that a text is; none where it is no JSON.
    pub fn parse(text: &str) -> Option<Json> {
        let mut parser = Parser { text, pos: 0 };
        let value = parser.value()?;
        parser.space();
        (parser.pos == text.len()).then_some(value)
    }

    /// The value as a text.
    pub fn print(&self, out: &mut String) {
        match self {
            Json::Null => out.push_str("null"),
            Json::Bool(held) => out.push_str(if *held { "true" } else { "false" }),
            Json::Number(text) => out.push_str(text),
            Json::String(text) => print_text(text, out),
            Json::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index > 0 { "," } else { "" });
                    item.print(out);
                }
                out.push(']');
            }
            Json::Object(pairs) => {
                out.push('{');
                for (index, (key, value)) in pairs.iter().enumerate() {
                    out.push_str(if index > 0 { "," } else { "" });
                    print_text(key, out);
                    out.push(':');
                    value.print(out);
                }
                out.push('}');
            }
        }
    }
}

fn print_text(text: &str, out: &mut String) {
    out.push('"');
    for one in text.chars() {
        match one {
            '"' | '\\' => out.extend(['\\', one]),
            one if one < ' ' => write!(out, "\\u{:04x}", one as u32).expect("a String takes all"),
            one => out.push(one),
        }
    }
    out.push('"');
}

struct Parser<'a> {
    text: &'a str,
    pos: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.pos).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.pos += 1;
        }
    }

    /// Whether this comes next, behind space; it is taken then.
    fn takes(&mut self, word: &str) -> bool {
        self.space();
        let is_next = self.text[self.pos..].starts_with(word);
        self.pos += if is_next { word.len() } else { 0 };
        is_next
    }

    fn value(&mut self) -> Option<Json> {
        self.space();
        match self.peek()? {
            b'{' => self.object(),
            b'[' => self.array(),
            b'"' => self.string().map(Json::String),
            b'n' => self.takes("null").then_some(Json::Null),
            b't' => self.takes("true").then_some(Json::Bool(true)),
            b'f' => self.takes("false").then_some(Json::Bool(false)),
            _ => self.number(),
        }
    }

    fn number(&mut self) -> Option<Json> {
        let start = self.pos;
        while matches!(self.peek(), Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')) {
            self.pos += 1;
        }
        let text = &self.text[start..self.pos];
        text.parse::<f64>().ok().map(|_| Json::Number(text.to_owned()))
    }

    fn array(&mut self) -> Option<Json> {
        self.pos += 1;
        let mut items = Vec::new();
        while !self.takes("]") {
            if !items.is_empty() && !self.takes(",") {
                return None;
            }
            items.push(self.value()?);
        }
        Some(Json::Array(items))
    }

    fn object(&mut self) -> Option<Json> {
        self.pos += 1;
        let mut pairs = Vec::new();
        while !self.takes("}") {
            if !pairs.is_empty() && !self.takes(",") {
                return None;
            }
            self.space();
            let key = self.string()?;
            if !self.takes(":") {
                return None;
            }
            pairs.push((key, self.value()?));
        }
        Some(Json::Object(pairs))
    }

    fn string(&mut self) -> Option<String> {
        if self.peek() != Some(b'"') {
            return None;
        }
        self.pos += 1;
        let mut made = String::new();
        loop {
            let rest = &self.text[self.pos..];
            let plain = rest.find(['"', '\\'])?;
            made.push_str(&rest[..plain]);
            self.pos += plain + 1;
            if rest.as_bytes()[plain] == b'"' {
                return Some(made);
            }
            made.push(self.escaped()?);
        }
    }

    fn escaped(&mut self) -> Option<char> {
        self.pos += 1;
        Some(match self.text.as_bytes().get(self.pos - 1)? {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.code_point(),
            other => *other as char,
        })
    }

    fn code_point(&mut self) -> Option<char> {
        let first = self.unit()?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first.into());
        }
        if !self.text[self.pos..].starts_with("\\u") {
            return None;
        }
        self.pos += 2;
        let pair = [first, self.unit()?];
        char::decode_utf16(pair).next()?.ok()
    }

    fn unit(&mut self) -> Option<u16> {
        let digits = self.text.get(self.pos..self.pos + 4)?;
        self.pos += 4;
        u16::from_str_radix(digits, 16).ok()
    }
}
