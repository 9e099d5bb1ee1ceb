//! The memo of which content a file has.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use vmtrans_cache::{Cache, ContentHash, Error, FileIdentity, HashSource};

use crate::support::{Scratch, files_below, overwrite, scratch, settle};

fn guest(scratch: &Scratch, content: &[u8]) -> PathBuf {
    fs::create_dir_all(&scratch.directory).expect("mkdir");
    let path = scratch.directory.join("guest");
    fs::write(&path, content).expect("write");
    path
}

/// Hashes a file, holds the hash against the content, and says where it came from.
fn source(cache: &Cache, path: &Path) -> HashSource {
    let (hash, source) = cache.content_hash(path).expect("hash");
    assert_eq!(hash, ContentHash::of(&fs::read(path).expect("read")));
    source
}

#[test]
fn a_file_is_hashed_once() {
    let scratch = scratch();
    let path = guest(&scratch, &vec![7; 300_000]);
    settle();
    assert_eq!(source(&scratch.cache, &path), HashSource::Content);
    assert_eq!(source(&scratch.cache, &path), HashSource::Memo);
    let again = crate::support::open(&scratch.directory);
    assert_eq!(source(&again, &path), HashSource::Memo);
}

#[test]
fn a_change_that_keeps_size_and_modification_time_is_noticed() {
    let scratch = scratch();
    let path = guest(&scratch, b"content 1");
    settle();
    source(&scratch.cache, &path);
    assert_eq!(source(&scratch.cache, &path), HashSource::Memo);

    let modified = fs::metadata(&path)
        .and_then(|m| m.modified())
        .expect("time");
    let mut file = File::options().write(true).open(&path).expect("open");
    file.write_all(b"content 2").expect("write");
    file.set_modified(modified).expect("set time");
    let now = fs::metadata(&path).expect("metadata");
    assert_eq!((now.len(), now.modified().expect("time")), (9, modified));
    assert_eq!(source(&scratch.cache, &path), HashSource::Content);
}

#[test]
fn another_file_of_the_same_name_is_noticed() {
    let scratch = scratch();
    let path = guest(&scratch, b"content 1");
    settle();
    source(&scratch.cache, &path);
    let other = scratch.directory.join("other");
    fs::write(&other, b"content 2").expect("write");
    let modified = fs::metadata(&path)
        .and_then(|m| m.modified())
        .expect("time");
    File::open(&other)
        .and_then(|f| f.set_modified(modified))
        .expect("set time");
    fs::rename(&other, &path).expect("rename");
    settle();
    assert_eq!(source(&scratch.cache, &path), HashSource::Content);
}

/// A file is rewritten, with its old size and modification time, as fast as can be, and hashed
/// after each write. Without care some writes get the times of the one before, and its hash.
#[test]
fn writes_within_one_tick_are_noticed() {
    let scratch = scratch();
    let path = guest(&scratch, b"00000000");
    let modified = SystemTime::UNIX_EPOCH + Duration::new(1_000_000_000, 1);
    let end = Instant::now() + Duration::from_millis(1500);
    let mut writes = 0_u32;
    let mut indistinct = 0_u32;
    let mut last = None;
    while Instant::now() < end {
        let mut file = File::options().write(true).open(&path).expect("open");
        file.write_all(format!("{writes:08}").as_bytes())
            .expect("write");
        file.set_modified(modified).expect("set time");
        let identity = FileIdentity::of(&file).expect("identity");
        assert!(!identity.is_settled());
        indistinct += u32::from(last == Some(identity));
        last = Some(identity);
        source(&scratch.cache, &path);
        writes += 1;
        if writes.is_multiple_of(64) {
            std::thread::sleep(Duration::from_millis(u64::from(writes % 25)));
            source(&scratch.cache, &path);
        }
    }
    println!("{writes} writes, {indistinct} of them with the times of the one before");
}

#[test]
fn a_memo_that_is_damaged_or_another_files_is_not_believed() {
    let scratch = scratch();
    let path = guest(&scratch, b"content");
    settle();
    source(&scratch.cache, &path);
    let memos = files_below(&scratch.directory.join("identity"));
    assert_eq!(memos.len(), 1);
    let memo = fs::read(&memos[0]).expect("memo");
    for position in 0..memo.len() {
        let mut changed = memo.clone();
        changed[position] ^= 0x10;
        overwrite(&memos[0], &changed);
        assert_eq!(
            source(&scratch.cache, &path),
            HashSource::Content,
            "byte {position}"
        );
    }
    for length in 0..memo.len() {
        overwrite(&memos[0], &memo[..length]);
        assert_eq!(
            source(&scratch.cache, &path),
            HashSource::Content,
            "length {length}"
        );
    }
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    fs::set_permissions(&memos[0], permissions).expect("chmod");
    assert_eq!(source(&scratch.cache, &path), HashSource::Content);
    assert_eq!(source(&scratch.cache, &path), HashSource::Memo);
}

#[test]
fn without_a_cache_directory_files_are_hashed_each_time() {
    let scratch = scratch();
    let path = guest(&scratch, b"content");
    settle();
    let nowhere = crate::support::open(&path.join("below/a/file"));
    for _ in 0..2 {
        assert_eq!(source(&nowhere, &path), HashSource::Content);
    }
}

#[test]
fn only_regular_files_are_hashed() {
    let scratch = scratch();
    let error = scratch
        .cache
        .content_hash(Path::new("/dev/zero"))
        .expect_err("endless");
    assert!(matches!(error, Error::NotAFile { .. }), "{error}");
    let error = scratch
        .cache
        .content_hash(Path::new("/"))
        .expect_err("directory");
    assert!(
        matches!(
            error,
            Error::NotAFile {
                found: "a directory",
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_hash_from_elsewhere_can_be_remembered() {
    let scratch = scratch();
    let path = guest(&scratch, b"content");
    let file = File::open(&path).expect("open");
    let content = ContentHash::of(b"content");
    let early = FileIdentity::of(&file).expect("identity");
    assert!(!scratch.cache.remember(&early, &content).expect("remember"));
    settle();
    let identity = FileIdentity::of(&file).expect("identity");
    assert!(
        scratch
            .cache
            .remember(&identity, &content)
            .expect("remember")
    );
    assert_eq!(scratch.cache.recall(&identity), Some(content));
    assert_eq!(source(&scratch.cache, &path), HashSource::Memo);
}
