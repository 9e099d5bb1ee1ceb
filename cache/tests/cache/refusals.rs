//! Directories that cannot be written: an error each time, nothing left behind, and no panic.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;

use vmtrans_cache::{Cache, ContentHash, Error, HashSource, Kind, Limits};

use crate::children;
use crate::support::{Tmpfs, files_below, is_root, key, open, scratch, settle, skip, temporaries};

/// Everything that writes fails with an error; what reads works.
fn all_writes_fail(cache: &Cache, payload: &[u8]) -> Vec<Error> {
    let guest = ContentHash::of(b"guest");
    let errors = vec![
        cache.put(Kind::Unit, &key(0), payload).expect_err("unit"),
        cache.put(Kind::Image, &key(0), payload).expect_err("image"),
        cache
            .code_map()
            .append(&guest, &[1; 4096])
            .expect_err("code map"),
    ];
    for error in &errors {
        assert!(!error.to_string().contains('\n'), "{error}");
        println!(
            "{error}: {:?}",
            std::error::Error::source(error).map(ToString::to_string)
        );
    }
    errors
}

fn os_error(error: &Error) -> Option<i32> {
    match error {
        Error::Io { source, .. } => source.raw_os_error(),
        _ => None,
    }
}

#[test]
fn a_file_in_place_of_a_directory() {
    for place in [
        "",
        "units/",
        "images/",
        "identity/",
        "spool/",
        "index/",
        "codemap/",
    ] {
        let scratch = scratch();
        if !place.is_empty() {
            scratch
                .cache
                .put(Kind::Unit, &key(1), b"unit")
                .expect("put");
            let _ = fs::remove_dir_all(scratch.directory.join(place));
        }
        let obstacle = scratch.directory.join(place.trim_end_matches('/'));
        let obstacle = if place.is_empty() {
            scratch.directory.clone()
        } else {
            obstacle
        };
        fs::write(&obstacle, b"a file").expect("obstacle");
        for (kind, its_place) in [(Kind::Unit, "units/"), (Kind::Image, "images/")] {
            let put = scratch.cache.put(kind, &key(0), b"x");
            assert_eq!(
                put.is_err(),
                place.is_empty() || place == its_place,
                "{place}: {put:?}"
            );
        }
        let found = scratch.cache.get(Kind::Unit, &key(2));
        assert!(
            matches!(found, Ok(None) | Err(Error::Io { .. })),
            "{place}: {found:?}"
        );
        let (_, source) = scratch
            .cache
            .content_hash(Path::new("/etc/passwd"))
            .expect("hash");
        assert!(source == HashSource::Content, "{place}");
        match scratch.cache.maintain() {
            Ok(upkeep) => drop(upkeep.clean(&Limits::default())),
            Err(error) => println!("{place}: {error}"),
        }
        assert!(temporaries(&scratch.directory).is_empty(), "{place}");
    }
}

#[test]
fn a_full_disk() {
    let Some(tmpfs) = Tmpfs::new("size=1m,mode=700") else {
        return skip("a full disk: no file system can be mounted here");
    };
    let directory = tmpfs.path().join("cache");
    let cache = open(&directory);
    cache.put(Kind::Unit, &key(1), &[1; 100_000]).expect("put");
    cache.put(Kind::Image, &key(1), &[2; 100_000]).expect("put");
    cache
        .code_map()
        .append(&ContentHash::of(b"guest"), &[7])
        .expect("append");
    settle();
    let before = files_below(&directory);
    fs::write(tmpfs.path().join("ballast"), vec![0; 2 << 20]).expect_err("fills the disk");

    for error in all_writes_fail(&cache, &[3; 1_000_000]) {
        assert_eq!(os_error(&error), Some(28), "ENOSPC, not {error:?}");
    }
    assert_eq!(files_below(&directory), before, "nothing is left behind");
    assert_eq!(
        cache.get(Kind::Unit, &key(1)).expect("get"),
        Some(vec![1; 100_000])
    );
    assert_eq!(
        cache.get(Kind::Image, &key(1)).expect("get"),
        Some(vec![2; 100_000])
    );
    let map = cache
        .code_map()
        .read(&ContentHash::of(b"guest"))
        .expect("read");
    assert!(map.contains(&7) && map.len() <= 2, "{map:?}");

    // What a person does then.
    let upkeep = cache.maintain().expect("maintain");
    println!("{:?}", upkeep.index());
    let cleaned = upkeep.clean(&Limits {
        max_size: Some(0),
        max_age: None,
    });
    assert_eq!((cleaned.removed.count, cleaned.failures.len()), (2, 0));
    cache
        .put(Kind::Unit, &key(0), &[3; 50_000])
        .expect("put after cleaning");
}

#[test]
fn a_read_only_file_system() {
    let Some(tmpfs) = Tmpfs::new("size=4m,mode=700") else {
        return skip("a read-only file system: none can be mounted here");
    };
    let cache = open(tmpfs.path());
    cache.put(Kind::Unit, &key(1), b"unit").expect("put");
    cache.put(Kind::Image, &key(1), b"image").expect("put");
    cache.put(Kind::Unit, &key(2), b"unit").expect("put");
    let bad = crate::support::path_of(tmpfs.path(), "units", &key(2));
    crate::support::overwrite(&bad, b"bad");
    settle();
    tmpfs.remount("ro");

    for error in all_writes_fail(&cache, b"x") {
        assert_eq!(os_error(&error), Some(30), "EROFS, not {error:?}");
    }
    assert_eq!(
        cache.get(Kind::Unit, &key(1)).expect("get").as_deref(),
        Some(&b"unit"[..])
    );
    assert_eq!(
        cache.get(Kind::Image, &key(1)).expect("get").as_deref(),
        Some(&b"image"[..])
    );
    for _ in 0..2 {
        let found = cache
            .get(Kind::Unit, &key(2))
            .expect_err("damaged, and stays so");
        assert!(matches!(found, Error::Damaged(damage) if !damage.removed));
    }
    let upkeep = cache.maintain().expect("maintain");
    assert_eq!(upkeep.list().count(), 3);
    let cleaned = upkeep.clean(&Limits {
        max_size: Some(0),
        max_age: None,
    });
    assert_eq!((cleaned.removed.count, cleaned.kept.count), (0, 3));
    assert!(!cleaned.failures.is_empty());
    tmpfs.remount("rw");
    assert!(temporaries(tmpfs.path()).is_empty());
}

const STRANGER: u32 = 54321;

/// Runs [`child`] as another user.
fn as_stranger(directory: &Path) {
    let mut command = children::command("refused", directory, 0);
    command.uid(STRANGER).gid(STRANGER);
    let text = children::output(command).unwrap_or_else(|output| panic!("{output:#?}"));
    assert!(text.contains("1 passed"), "{text}");
    print!(
        "{}",
        text.lines()
            .filter(|line| line.contains("cache"))
            .collect::<Vec<_>>()
            .join("\n")
    );
}

/// What another user sees of a directory that is not his, or not writable.
pub fn child(directory: &Path) {
    let cache = open(directory);
    let errors = all_writes_fail(&cache, b"x");
    let owner = fs::metadata(directory).map(|found| std::os::unix::fs::MetadataExt::uid(&found));
    let unit = cache.get(Kind::Unit, &key(1));
    match owner.expect("owner") {
        0 | STRANGER => {
            assert_eq!(
                unit.expect("root's and own are believed").as_deref(),
                Some(&b"unit"[..])
            );
        }
        _ => {
            assert!(matches!(unit, Err(Error::Damaged(_))), "{unit:?}");
            let foreign = |error: &Error| matches!(error, Error::ForeignDirectory { .. });
            assert!(errors.iter().all(foreign), "{errors:?}");
        }
    }
    cache
        .maintain()
        .expect("maintain")
        .clean(&Limits::default());
}

#[test]
fn directories_of_others() {
    if !is_root() {
        return skip("directories of others: only root can make them");
    }
    let parent = tempfile::tempdir().expect("temporary directory");
    fs::set_permissions(parent.path(), Permissions::from_mode(0o755)).expect("chmod");
    // The owner and mode of the whole directory as the stranger finds it.
    for (owner, mode) in [
        (0, 0o755),
        (12345, 0o755),
        (12345, 0o777),
        (STRANGER, 0o555),
    ] {
        let directory = parent.path().join(format!("{owner}-{mode:o}"));
        open(&directory)
            .put(Kind::Unit, &key(1), b"unit")
            .expect("put");
        let unit = crate::support::path_of(&directory, "units", &key(1));
        let fan = unit.parent().expect("fan").to_owned();
        for path in [directory.clone(), directory.join("units"), fan] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).expect("chmod");
            chown(&path, Some(owner), None).expect("chown");
        }
        fs::set_permissions(&unit, Permissions::from_mode(0o444)).expect("chmod");
        chown(&unit, Some(owner), None).expect("chown");
        as_stranger(&directory);
        assert!(temporaries(&directory).is_empty());
    }
}

#[test]
fn a_directory_that_everyone_may_write() {
    let scratch = scratch();
    scratch
        .cache
        .put(Kind::Unit, &key(0), b"unit")
        .expect("put");
    fs::set_permissions(&scratch.directory, Permissions::from_mode(0o1777)).expect("chmod");
    let error = scratch
        .cache
        .put(Kind::Unit, &key(1), b"unit")
        .expect_err("refused");
    assert!(
        error
            .to_string()
            .ends_with("has mode 1777, expected one in which not everyone may write")
    );
    // What is there is still checked one by one.
    assert!(
        scratch
            .cache
            .get(Kind::Unit, &key(0))
            .expect("get")
            .is_some()
    );
}
