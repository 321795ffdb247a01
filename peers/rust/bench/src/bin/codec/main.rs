//! Measures the codec beside rmp-serde, in turns, on payloads of a folder.
//!
//! Prints a line of JSON for each payload and direction, with nanoseconds for one value: the least
//! of all rounds. Both decode into an enum of the same shape, whose dicts are pairs in order.

mod theirs;

use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use dirty::gd::{decode, encode};
use theirs::Theirs;

const ROUNDS: usize = 25;
const SAMPLE: Duration = Duration::from_millis(4);

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: codec FOLDER")?;
    let mut paths: Vec<_> =
        std::fs::read_dir(&folder)?.map(|one| Ok(one?.path())).collect::<std::io::Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|end| end == "gd"));
    paths.sort();
    paths.iter().try_for_each(|path| compared(path))
}

fn compared(path: &Path) -> Result<(), Box<dyn Error>> {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let data = std::fs::read(path)?;
    let value = decode(&data)?;
    let theirs = Theirs::of(&value);
    let packed = rmp_serde::to_vec(&theirs)?;
    if encode(&value)? != data || rmp_serde::from_slice::<Theirs>(&packed)? != theirs {
        return Err(format!("{name}: what was decoded is not what was encoded").into());
    }
    told(
        &name,
        "encode",
        measured(
            || drop(black_box(encode(black_box(&value)))),
            || drop(black_box(rmp_serde::to_vec(black_box(&theirs)))),
        ),
    );
    told(
        &name,
        "decode",
        measured(
            || drop(black_box(decode(black_box(&data)))),
            || drop(black_box(rmp_serde::from_slice::<Theirs>(black_box(&packed)))),
        ),
    );
    Ok(())
}

fn told(payload: &str, direction: &str, (ours, theirs): (f64, f64)) {
    println!(
        "{{\"payload\": \"{payload}\", \"direction\": \"{direction}\", \
         \"ours_ns\": {ours:.1}, \"theirs_ns\": {theirs:.1}}}"
    );
}

/// Nanoseconds for one run of each, the least of all rounds, in which they take turns.
fn measured(mut ours: impl FnMut(), mut theirs: impl FnMut()) -> (f64, f64) {
    let counts = (fitting(&mut ours), fitting(&mut theirs));
    let mut least = (f64::MAX, f64::MAX);
    for _ in 0..ROUNDS {
        least.0 = least.0.min(timed(&mut ours, counts.0));
        least.1 = least.1.min(timed(&mut theirs, counts.1));
    }
    least
}

/// How many runs fit into a sample.
fn fitting(run: &mut impl FnMut()) -> u32 {
    let mut count = 1;
    while timed(run, count) * f64::from(count) < SAMPLE.as_nanos() as f64 {
        count *= 2;
    }
    count
}

fn timed(run: &mut impl FnMut(), count: u32) -> f64 {
    let began = Instant::now();
    (0..count).for_each(|_| run());
    began.elapsed().as_nanos() as f64 / f64::from(count)
}
