//! Random values and bytes, from a seed that a failing test prints.

use std::time::{Duration, Instant};

use dirty::gd::{Dict, Value};

/// How long a property is tried where nobody says otherwise, by FUZZ_SECONDS.
const USUAL: Duration = Duration::from_millis(300);
const DEEPEST: usize = 6;

/// Numbers of xorshift64*.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Random(seed.wrapping_mul(2).wrapping_add(1))
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    pub fn bytes(&mut self, most: usize) -> Vec<u8> {
        (0..self.below(most + 1)).map(|_| self.next() as u8).collect()
    }

    pub fn text(&mut self, most: usize) -> String {
        let letter = |random: &mut Self| match random.below(4) {
            0 => char::from_u32(random.below(0x11_0000) as u32).unwrap_or('\u{fffd}'),
            _ => (b'a' + random.below(4) as u8) as char,
        };
        (0..self.below(most + 1)).map(|_| letter(self)).collect()
    }

    /// A dict without equal keys.
    pub fn dict(&mut self, depth: usize) -> Dict {
        let mut dict = Dict::new();
        for _ in 0..self.below(14) {
            let key = self.text(5);
            if dict.get(&key).is_none() {
                dict.push(key, self.value(depth + 1));
            }
        }
        dict
    }

    pub fn list(&mut self, depth: usize) -> Vec<Value> {
        (0..self.below(6)).map(|_| self.value(depth + 1)).collect()
    }

    pub fn value(&mut self, depth: usize) -> Value {
        match self.below(if depth < DEEPEST { 9 } else { 6 }) {
            0 => Value::None,
            1 => Value::Bool(self.below(2) == 0),
            2 => Value::Integer(self.next() as i64 >> self.below(64)),
            3 => Value::Float(f64::from_bits(self.next())),
            4 => Value::Bytes(self.bytes(40)),
            5 => Value::String(self.text(20)),
            6 | 7 => Value::List(self.list(depth)),
            _ => Value::Dict(self.dict(depth)),
        }
    }

    /// The bytes with something done to them.
    pub fn mutated(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..1 + self.below(3) {
            let at = self.below(bytes.len() + 1);
            match self.below(4) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, self.next() as u8),
                2 => bytes.splice(at..at, self.bytes(6)).for_each(drop),
                _ if at < bytes.len() => bytes[at] = [0, 1, 0x10, 0x20, 0x21, 0xff][self.below(6)],
                _ => {}
            }
        }
        bytes
    }
}

/// Tries a property with one seed after the other.
pub fn tried(property: impl Fn(&mut Random)) {
    let told = std::env::var("FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    let end = Instant::now() + told.map_or(USUAL, Duration::from_secs_f64);
    let mut seed = std::env::var("FUZZ_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    while Instant::now() < end {
        let said = Said(seed);
        property(&mut Random::new(seed));
        std::mem::forget(said);
        seed += 1;
    }
}

/// Says by which seed a property failed.
struct Said(u64);

impl Drop for Said {
    fn drop(&mut self) {
        eprintln!("it failed by FUZZ_SEED={}", self.0);
    }
}
