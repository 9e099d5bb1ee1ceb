//! Put and get.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use vmtrans_cache::{Durability, Kind, Lookup};

use crate::support::{files_below, key, open, path_of, scratch};

#[test]
fn what_is_put_is_got() {
    let scratch = scratch();
    let large = vec![0x5a; 3 << 20];
    for kind in Kind::ALL {
        assert!(matches!(
            scratch.cache.lookup(kind, &key(0)),
            Lookup::Missing
        ));
        for (number, payload) in [(0, &b""[..]), (1, b"x"), (2, &large)] {
            scratch.cache.put(kind, &key(number), payload).expect("put");
            assert!(scratch.cache.contains(kind, &key(number)));
            let found = scratch.cache.get(kind, &key(number)).expect("get");
            assert_eq!(found.as_deref(), Some(payload));
        }
        assert_eq!(scratch.cache.get(kind, &key(3)).expect("get"), None);
        assert!(!scratch.cache.contains(kind, &key(3)));
    }
}

#[test]
fn a_later_put_replaces_an_earlier_one() {
    let scratch = scratch();
    for kind in Kind::ALL {
        for payload in [&b"first"[..], b"second, longer", b"3"] {
            scratch.cache.put(kind, &key(0), payload).expect("put");
            let found = scratch.cache.get(kind, &key(0)).expect("get");
            assert_eq!(found.as_deref(), Some(payload));
        }
    }
    let images = files_below(&scratch.directory.join("images"));
    assert_eq!(images.len(), 2, "one link and one image: {images:?}");
}

#[test]
fn kinds_do_not_share_keys() {
    let scratch = scratch();
    scratch
        .cache
        .put(Kind::Unit, &key(0), b"unit")
        .expect("put");
    assert_eq!(scratch.cache.get(Kind::Image, &key(0)).expect("get"), None);
}

#[test]
fn opening_and_missing_touch_nothing() {
    let scratch = scratch();
    for kind in Kind::ALL {
        assert_eq!(scratch.cache.get(kind, &key(0)).expect("get"), None);
    }
    drop(open(&scratch.directory));
    assert!(!scratch.directory.exists());
}

#[test]
fn files_are_for_the_owner_alone_and_read_only() {
    let scratch = scratch();
    scratch
        .cache
        .put(Kind::Unit, &key(0), b"unit")
        .expect("put");
    let image = scratch
        .cache
        .put_image(&key(0), |_| Ok(()))
        .expect("put")
        .path;
    let mode = |path| fs::metadata(path).expect("metadata").permissions().mode() & 0o7777;
    assert_eq!(mode(path_of(&scratch.directory, "units", &key(0))), 0o400);
    assert_eq!(mode(image), 0o500);
    assert_eq!(mode(scratch.directory.clone()), 0o700);
    assert_eq!(mode(scratch.directory.join("units")), 0o700);
}

#[test]
fn synced_units_are_the_same() {
    let scratch = scratch();
    let mut config = vmtrans_cache::Config::at(&scratch.directory);
    config.unit_durability = Durability::Synced;
    let cache = vmtrans_cache::Cache::open(config);
    cache.put(Kind::Unit, &key(0), b"unit").expect("put");
    assert_eq!(
        scratch
            .cache
            .get(Kind::Unit, &key(0))
            .expect("get")
            .as_deref(),
        Some(&b"unit"[..])
    );
}
