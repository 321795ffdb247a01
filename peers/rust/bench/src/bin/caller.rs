//! Measures the round trip of a small call: SOCKET APP_PATH ACTION COUNT, the action being a sum.
//!
//! Prints {"round_trip_ns": ...}, the median of that many calls, one after the other.

use std::error::Error;
use std::time::{Duration, Instant};

use dirty::client::Client;
use dirty::gd::Value;

const TIMEOUT: Duration = Duration::from_secs(30);

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [socket, app_path, action, count] = words.as_slice() else {
        return Err("usage: caller SOCKET APP_PATH ACTION COUNT".into());
    };
    let client = Client::new(socket);
    let mut took = Vec::new();
    for _ in 0..count.parse()? {
        let began = Instant::now();
        let sum = client.call(app_path, action).arg(1).arg(2).timeout(TIMEOUT).send()?;
        took.push(began.elapsed().as_nanos());
        if sum != Value::from(3) {
            return Err(format!("{sum:?} is not the sum").into());
        }
    }
    took.sort_unstable();
    println!("{{\"round_trip_ns\": {}}}", took[took.len() / 2]);
    Ok(())
}
