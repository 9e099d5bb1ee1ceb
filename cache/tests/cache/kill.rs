//! Writers, readers and cleaners at once, killed at any time: what is read is always whole.

use std::io::Write;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use vmtrans_cache::{Cache, ContentHash, Key, Kind, Limits};

use crate::children;
use crate::support::{Random, key, open, scratch, temporaries};

const KEYS: u64 = 40;
const KILLS: usize = 200;

/// What is stored under a key. Images come in three versions, since linking may not be
/// deterministic; each says which it is.
fn content(number: u64, version: u64) -> Vec<u8> {
    let length = Random(number).below(200_000);
    let mut content = format!("{number} {version} ").into_bytes();
    content.resize(content.len() + length, b'.');
    content
}

/// Holds what is stored under all keys against what was. How many objects there are.
fn check(cache: &Cache) -> usize {
    let mut found = 0;
    for number in 0..KEYS {
        let key: Key = key(number);
        if let Some(unit) = cache.get(Kind::Unit, &key).expect("sound unit or none") {
            assert!(unit == content(number, 0), "unit {number}");
            found += 1;
        }
        if let Some(image) = cache.get(Kind::Image, &key).expect("sound image or none") {
            let version = (0..3).find(|version| image == content(number, *version));
            assert!(version.is_some(), "image {number}");
            found += 1;
        }
    }
    found
}

pub fn write_for_ever(directory: &Path, seed: u64) {
    let cache = open(directory);
    let mut random = Random(seed);
    loop {
        let number = random.next() % KEYS;
        if random.below(3) == 0 {
            let content = content(number, random.next() % 3);
            let stored = cache.put_image(&key(number), |file| {
                // In pieces, so that kills come between them.
                content
                    .chunks(20_000)
                    .try_for_each(|piece| file.write_all(piece))
            });
            // Another writer may have replaced it already, which its own opening then tells.
            if let Ok(stored) = stored {
                assert_eq!(stored.content, ContentHash::of(&content));
            }
        } else {
            cache
                .put(Kind::Unit, &key(number), &content(number, 0))
                .expect("put");
        }
        let other = random.next() % KEYS;
        if let Some(unit) = cache
            .get(Kind::Unit, &key(other))
            .expect("sound unit or none")
        {
            assert!(unit == content(other, 0), "unit {other}");
        }
    }
}

pub fn clean_for_ever(directory: &Path) {
    let cache = open(directory);
    loop {
        let limits = Limits {
            max_size: Some(3_000_000),
            max_age: None,
        };
        let cleaned = cache.maintain().expect("maintain").clean(&limits);
        assert!(cleaned.failures.is_empty(), "{:?}", cleaned.failures);
        thread::sleep(Duration::from_millis(5));
    }
}

pub fn maintain_for_ever(directory: &Path) {
    let cache = open(directory);
    loop {
        cache.maintain().expect("maintain");
    }
}

#[test]
fn killed_processes_leave_no_bad_object() {
    let scratch = scratch();
    let mut random = Random(1);
    let role = |slot: usize| if slot == 0 { "clean" } else { "write" };
    let mut children: Vec<_> = (0..4)
        .map(|slot| children::spawn(role(slot), &scratch.directory, slot as u64))
        .collect();
    let mut seen = 0;
    for kill in 0..KILLS {
        thread::sleep(Duration::from_millis(random.next() % 30));
        let slot = random.below(children.len());
        children[slot].kill();
        children[slot] = children::spawn(role(slot), &scratch.directory, 100 + kill as u64);
        seen += check(&scratch.cache);
    }
    children.iter_mut().for_each(children::Running::kill);
    let left = check(&scratch.cache);
    let verified = scratch
        .cache
        .maintain()
        .expect("maintain")
        .verify(false, |d| panic!("{d}"));
    println!(
        "{KILLS} kills, {seen} objects read, {left} left, {} temporary files",
        temporaries(&scratch.directory).len()
    );
    assert!(seen > KILLS, "the writers wrote next to nothing: {seen}");
    assert_eq!(verified.damaged, 0);
}

/// Two processes at the index all the time, a third that is refused or not: all get answers.
#[test]
fn the_index_is_shared_by_falling_back() {
    use vmtrans_cache::IndexState;
    let scratch = scratch();
    for number in 0..KEYS {
        scratch
            .cache
            .put(Kind::Unit, &key(number), b"unit")
            .expect("put");
    }
    let mut children: Vec<_> = (0..2)
        .map(|seed| children::spawn("hold index", &scratch.directory, seed))
        .collect();
    let (mut current, mut busy) = (0, 0);
    let end = Instant::now() + Duration::from_secs(20);
    while (current == 0 || busy == 0) && Instant::now() < end {
        let upkeep = scratch.cache.maintain().expect("maintain");
        match upkeep.index() {
            IndexState::Current => current += 1,
            IndexState::Busy => busy += 1,
            IndexState::Unavailable(why) if !cfg!(feature = "index") => {
                println!("no index: {why}");
                (current, busy) = (1, 1);
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(upkeep.list().count() as u64, KEYS);
    }
    println!("the index was ours {current} times and another's {busy} times");
    children.iter_mut().for_each(children::Running::kill);
    assert!(current > 0 && busy > 0);
    // Killed at it, it is as it was.
    let upkeep = scratch.cache.maintain().expect("maintain");
    assert!(!matches!(
        upkeep.index(),
        IndexState::Rebuilt(_) | IndexState::Busy
    ));
}
