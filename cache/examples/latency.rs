//! How long the calls on the way of `vmtrans run` take, on this machine and file system.
//!
//! `cargo run --release -p vmtrans-cache --example latency [DIRECTORY]`

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use vmtrans_cache::{Cache, Config, KeyBuilder, Kind};

const ROUNDS: u32 = 2000;

fn time(what: &str, rounds: u32, mut call: impl FnMut(u32) -> vmtrans_cache::Result<()>) {
    let start = Instant::now();
    for round in 0..rounds {
        if let Err(error) = call(round) {
            return println!("{what:<44} {error}");
        }
    }
    println!("{what:<44} {:>9.1?}", start.elapsed() / rounds);
}

fn main() -> Result<(), Box<dyn Error>> {
    let scratch = tempfile::tempdir()?;
    let directory = std::env::args_os()
        .nth(1)
        .map_or(scratch.path().join("cache"), PathBuf::from);
    let cache = Cache::open(Config::at(&directory));
    let key = |number: u32| {
        KeyBuilder::new("vmtrans cache latency")
            .number(u64::from(number))
            .finish()
    };
    let (unit, image) = (vec![1; 20_000], vec![2; 8 << 20]);

    time("put a unit of 20 kB", ROUNDS, |n| {
        cache.put(Kind::Unit, &key(n), &unit)
    });
    time("get a unit of 20 kB", ROUNDS, |n| {
        cache.get(Kind::Unit, &key(n)).map(drop)
    });
    time("miss a unit", ROUNDS, |n| {
        cache.get(Kind::Unit, &key(ROUNDS + n)).map(drop)
    });
    time("put an image of 8 MiB", 5, |n| {
        cache
            .put_image(&key(n), |file| file.write_all(&image))
            .map(drop)
    });
    std::thread::sleep(Duration::from_millis(100));
    time("open an image of 8 MiB, first time", 5, |n| {
        cache.open_image(&key(n)).map(drop)
    });
    time("open an image of 8 MiB, again", ROUNDS, |n| {
        // As each start does: a cache of its own.
        Cache::open(Config::at(&directory))
            .open_image(&key(n % 5))
            .map(drop)
    });
    time("content hash of a guest of 8 MiB, again", ROUNDS, |_| {
        cache.content_hash(&cache.image_path(&key(0))).map(drop)
    });
    time("look through it all, index and spool", 5, |_| {
        cache.maintain().map(drop)
    });
    Ok(())
}
