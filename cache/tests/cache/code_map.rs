//! Missed entries.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::thread;

use vmtrans_cache::{Appended, ContentHash, Error};

use crate::support::{Scratch, open, scratch};

fn guest() -> ContentHash {
    ContentHash::of(b"guest")
}

fn file(scratch: &Scratch) -> PathBuf {
    scratch.directory.join("codemap").join(guest().to_string())
}

#[test]
fn what_is_appended_is_read() {
    let scratch = scratch();
    let map = scratch.cache.code_map();
    assert!(map.read(&guest()).expect("read").is_empty());
    map.append(&guest(), &[]).expect("append");
    assert!(!scratch.directory.exists());
    map.append(&guest(), &[3, 1, u64::MAX]).expect("append");
    map.append(&guest(), &[1, 2]).expect("append");
    assert_eq!(
        map.read(&guest()).expect("read"),
        BTreeSet::from([1, 2, 3, u64::MAX])
    );
    assert!(
        map.read(&ContentHash::of(b"other"))
            .expect("read")
            .is_empty()
    );
}

#[test]
fn a_torn_tail_at_any_length_costs_one_record() {
    let scratch = scratch();
    let map = scratch.cache.code_map();
    map.append(&guest(), &[1, 2, 3]).expect("append");
    let whole = fs::read(file(&scratch)).expect("read");
    assert_eq!(whole.len(), 48);
    for length in 0..whole.len() {
        fs::write(file(&scratch), &whole[..length]).expect("tear");
        map.append(&guest(), &[9]).expect("append");
        let mut expected: BTreeSet<u64> = (1..=length as u64 / 16).collect();
        expected.insert(9);
        assert_eq!(
            map.read(&guest()).expect("read"),
            expected,
            "length {length}"
        );
    }
}

#[test]
fn a_changed_byte_costs_one_record() {
    let scratch = scratch();
    let map = scratch.cache.code_map();
    map.append(&guest(), &[1, 2, 3]).expect("append");
    let whole = fs::read(file(&scratch)).expect("read");
    for position in 0..whole.len() {
        let mut changed = whole.clone();
        changed[position] ^= 4;
        fs::write(file(&scratch), changed).expect("change");
        let mut expected = BTreeSet::from([1, 2, 3]);
        expected.remove(&(position as u64 / 16 + 1));
        assert_eq!(
            map.read(&guest()).expect("read"),
            expected,
            "byte {position}"
        );
    }
}

#[test]
fn appends_of_several_threads_do_not_mix() {
    let scratch = scratch();
    thread::scope(|scope| {
        for thread in 0..4_u64 {
            let directory = &scratch.directory;
            scope.spawn(move || {
                let cache = open(directory);
                for round in 0..200 {
                    let first = (thread * 200 + round) * 7;
                    let entries: Vec<u64> = (first..first + 7).collect();
                    cache.code_map().append(&guest(), &entries).expect("append");
                }
            });
        }
    });
    let all: BTreeSet<u64> = (0..4 * 200 * 7).collect();
    assert_eq!(scratch.cache.code_map().read(&guest()).expect("read"), all);
}

#[test]
fn the_file_is_bounded() {
    let scratch = scratch();
    let map = scratch.cache.code_map();
    let same: Vec<u64> = (0..1000).collect();
    for _ in 0..200 {
        map.append(&guest(), &same).expect("append");
        let length = fs::metadata(file(&scratch)).expect("metadata").len();
        assert!(length < 1 << 20, "{length}");
    }
    assert_eq!(map.read(&guest()).expect("read").len(), 1000);

    let mut outcome = Appended::All;
    for round in 0..100_u64 {
        let different: Vec<u64> = (round * 10_000..(round + 1) * 10_000).collect();
        outcome = map.append(&guest(), &different).expect("append");
    }
    assert_eq!(outcome, Appended::Full);
    let length = fs::metadata(file(&scratch)).expect("metadata").len();
    assert!(length <= 8 << 20, "{length}");
    assert!(map.read(&guest()).expect("read").len() > 500_000);
}

#[test]
fn a_file_that_others_can_write_is_not_believed() {
    let scratch = scratch();
    let map = scratch.cache.code_map();
    map.append(&guest(), &[1]).expect("append");
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    fs::set_permissions(file(&scratch), permissions).expect("chmod");
    assert!(matches!(map.read(&guest()), Err(Error::Damaged(damage)) if damage.removed));
    assert!(map.read(&guest()).expect("read").is_empty());
}
