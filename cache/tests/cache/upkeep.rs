//! Statistics, lists and limits.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, SystemTime};

use vmtrans_cache::{ContentHash, IndexState, Key, Kind, Limits};

use crate::support::{
    Scratch, files_below, key, open, path_of, scratch, set_age, settle, temporaries,
};

const HOUR: Duration = Duration::from_secs(3600);

/// Ten units, the first written ten hours ago, the last one hour ago.
fn aged() -> Scratch {
    let scratch = scratch();
    for number in 0..10_u64 {
        scratch
            .cache
            .put(Kind::Unit, &key(number), &[0; 912])
            .expect("put");
        let hours = u32::try_from(10 - number).expect("small");
        set_age(
            &path_of(&scratch.directory, "units", &key(number)),
            HOUR * hours,
        );
    }
    scratch
}

fn keys(scratch: &Scratch) -> Vec<Key> {
    scratch
        .cache
        .maintain()
        .expect("maintain")
        .list()
        .map(|entry| entry.key)
        .collect()
}

/// Maintains once and says how the index fared.
pub fn child(directory: &Path) {
    let upkeep = open(directory).maintain().map(|upkeep| {
        let hits: u64 = upkeep.list().map(|entry| entry.hits).sum();
        (upkeep.list().count(), hits, upkeep.index().clone())
    });
    println!("\nupkeep: {upkeep:?}");
}

#[test]
fn a_list_says_what_was_used_last() {
    let scratch = aged();
    scratch.cache.get(Kind::Unit, &key(3)).expect("get");
    scratch.cache.get(Kind::Unit, &key(3)).expect("get");
    let upkeep = scratch.cache.maintain().expect("maintain");
    let list: Vec<_> = upkeep.list().collect();
    let numbers = [0, 1, 2, 4, 5, 6, 7, 8, 9, 3];
    assert_eq!(
        list.iter().map(|entry| entry.key).collect::<Vec<_>>(),
        numbers.map(key)
    );
    let last = list.last().expect("ten");
    assert_eq!((last.hits, last.size, last.kind), (2, 1000, Kind::Unit));
    let age = SystemTime::now()
        .duration_since(last.last_use)
        .expect("past");
    assert!(age < Duration::from_secs(30), "{age:?}");
}

#[test]
fn uses_outlive_the_process_and_the_spool() {
    let scratch = aged();
    for round in 1..=3 {
        // Another process would do just this.
        let other = open(&scratch.directory);
        other.get(Kind::Unit, &key(3)).expect("get");
        drop(other);
        let upkeep = scratch.cache.maintain().expect("maintain");
        let entry = upkeep.list().last().expect("ten");
        assert_eq!(entry.key, key(3));
        match upkeep.index() {
            IndexState::Current => {
                assert_eq!(entry.hits, round);
                assert!(!scratch.directory.join("spool/uses").exists());
            }
            // Then the spool is all there is.
            IndexState::Unavailable(_) => assert_eq!(entry.hits, round),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_was_used_longest_ago_goes_first() {
    let scratch = aged();
    scratch.cache.get(Kind::Unit, &key(0)).expect("get");
    let upkeep = scratch.cache.maintain().expect("maintain");
    let cleaned = upkeep.clean(&Limits {
        max_size: Some(4500),
        max_age: None,
    });
    assert_eq!((cleaned.removed.count, cleaned.removed.bytes), (6, 6000));
    assert_eq!((cleaned.kept.count, cleaned.kept.bytes), (4, 4000));
    assert_eq!(keys(&scratch), [7, 8, 9, 0].map(key));
}

#[test]
fn what_is_too_old_goes() {
    let scratch = aged();
    scratch.cache.get(Kind::Unit, &key(0)).expect("get");
    let guest = ContentHash::of(b"guest");
    scratch
        .cache
        .code_map()
        .append(&guest, &[1])
        .expect("append");
    set_age(
        &scratch.directory.join("codemap").join(guest.to_string()),
        HOUR * 4,
    );
    let limits = Limits {
        max_size: None,
        max_age: Some(HOUR * 3 + HOUR / 2),
    };
    let cleaned = scratch.cache.maintain().expect("maintain").clean(&limits);
    assert_eq!((cleaned.removed.count, cleaned.others.count), (6, 1));
    assert_eq!(keys(&scratch), [7, 8, 9, 0].map(key));
    assert!(
        scratch
            .cache
            .code_map()
            .read(&guest)
            .expect("read")
            .is_empty()
    );
}

#[test]
fn without_limits_nothing_goes() {
    let scratch = aged();
    let cleaned = scratch
        .cache
        .maintain()
        .expect("maintain")
        .clean(&Limits::default());
    assert_eq!((cleaned.removed.count, cleaned.kept.count), (0, 10));
}

#[test]
fn an_evicted_image_takes_its_link_along() {
    let scratch = scratch();
    scratch
        .cache
        .put_image(&key(0), |file| file.write_all(b"image"))
        .expect("put");
    let limits = Limits {
        max_size: Some(0),
        max_age: None,
    };
    let cleaned = scratch.cache.maintain().expect("maintain").clean(&limits);
    assert_eq!((cleaned.removed.count, cleaned.removed.bytes), (1, 5));
    assert_eq!(files_below(&scratch.directory.join("images")).len(), 0);
}

#[test]
fn an_object_replaced_since_the_scan_stays() {
    let scratch = aged();
    scratch
        .cache
        .put_image(&key(20), |file| file.write_all(b"old"))
        .expect("put");
    let upkeep = scratch.cache.maintain().expect("maintain");
    let other = open(&scratch.directory);
    other.put(Kind::Unit, &key(0), b"new").expect("put");
    other
        .put_image(&key(20), |file| file.write_all(b"new"))
        .expect("put");
    let cleaned = upkeep.clean(&Limits {
        max_size: Some(0),
        max_age: None,
    });
    assert_eq!(cleaned.removed.count, 9);
    assert_eq!(
        other.get(Kind::Unit, &key(0)).expect("get").as_deref(),
        Some(&b"new"[..])
    );
    assert_eq!(
        other.get(Kind::Image, &key(20)).expect("get").as_deref(),
        Some(&b"new"[..])
    );
}

#[test]
fn only_what_was_left_behind_long_ago_is_removed() {
    let scratch = scratch();
    let image = scratch
        .cache
        .put_image(&key(0), |_| Ok(()))
        .expect("put")
        .path;
    scratch
        .cache
        .put(Kind::Unit, &key(0), b"unit")
        .expect("put");
    let fan = image.parent().expect("fan").to_owned();
    let stale = fan.join(".tmp-stale");
    let orphan = path_of(&scratch.directory, "images", &key(0))
        .with_extension(ContentHash::of(b"replaced").to_string());
    for path in [
        &stale,
        &orphan,
        &fan.join(".tmp-fresh"),
        &fan.join("README"),
    ] {
        fs::write(path, b"1234").expect("write");
    }
    for path in [&stale, &orphan] {
        set_age(path, HOUR * 2);
    }
    let upkeep = scratch.cache.maintain().expect("maintain");
    let stats = upkeep.stats();
    assert_eq!(
        (stats.leftovers.count, stats.leftovers.bytes, stats.strays),
        (3, 12, 1)
    );
    let cleaned = upkeep.clean(&Limits::default());
    assert_eq!((cleaned.others.count, cleaned.others.bytes), (2, 8));
    assert_eq!(temporaries(&scratch.directory), [fan.join(".tmp-fresh")]);
    assert!(image.exists() && !orphan.exists() && fan.join("README").exists());
}

#[test]
fn statistics_count_each_kind() {
    let scratch = aged();
    scratch
        .cache
        .put_image(&key(0), |file| file.write_all(&[0; 500]))
        .expect("put");
    settle();
    scratch.cache.open_image(&key(0)).expect("open");
    scratch
        .cache
        .code_map()
        .append(&ContentHash::of(b"guest"), &[1, 2])
        .expect("append");
    let stats = scratch.cache.maintain().expect("maintain").stats();
    let of = |kind| (stats.objects[&kind].count, stats.objects[&kind].bytes);
    assert_eq!((of(Kind::Unit), of(Kind::Image)), ((10, 10_000), (1, 500)));
    assert_eq!((stats.code_maps.count, stats.code_maps.bytes), (1, 32));
    assert_eq!((stats.memos.count, stats.hits, stats.strays), (1, 1, 0));
    assert_eq!(stats.index_bytes > 0, cfg!(feature = "index"));
}

#[test]
fn a_cache_that_does_not_exist_is_empty_and_stays_away() {
    let scratch = scratch();
    let upkeep = scratch.cache.maintain().expect("maintain");
    assert_eq!(upkeep.list().count(), 0);
    upkeep.clean(&Limits::default());
    assert!(!scratch.directory.exists());
}
