//! The index, damaged in every way: rebuilt, and nothing else depends on it.

use std::fs;
use std::os::unix::fs::FileExt;
use std::panic;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use vmtrans_cache::{IndexState, Kind};

use crate::children;
use crate::support::{Random, Scratch, files_below, key, open, scratch};

const OBJECTS: u64 = 300;

/// Objects, each read once, and an index that knows.
fn indexed() -> Scratch {
    let scratch = scratch();
    for number in 0..OBJECTS {
        scratch
            .cache
            .put(Kind::Unit, &key(number), &number.to_le_bytes())
            .expect("put");
        scratch.cache.get(Kind::Unit, &key(number)).expect("get");
    }
    assert_eq!(hits(&scratch), (IndexState::Current, OBJECTS));
    assert_eq!(hits(&scratch), (IndexState::Current, OBJECTS));
    scratch
}

fn hits(scratch: &Scratch) -> (IndexState, u64) {
    let upkeep = scratch.cache.maintain().expect("maintain");
    assert_eq!(upkeep.list().count() as u64, OBJECTS);
    (upkeep.index().clone(), upkeep.stats().hits)
}

fn largest_file(scratch: &Scratch) -> PathBuf {
    let files = files_below(&scratch.directory.join("index"));
    let size = |path: &PathBuf| fs::metadata(path).map_or(0, |found| found.len());
    files.into_iter().max_by_key(size).expect("files of sled")
}

/// Where the file has bytes other than zero: flips elsewhere tell nothing.
fn used_bytes(content: &[u8]) -> Vec<usize> {
    (0..content.len())
        .filter(|position| content[*position] != 0)
        .collect()
}

/// Each flip in a process of its own, which must neither die nor hang nor print a panic, and
/// must list all objects.
#[test]
fn flipped_bits_are_survived() {
    let scratch = indexed();
    let whole: Vec<(PathBuf, Vec<u8>)> = files_below(&scratch.directory.join("index"))
        .into_iter()
        .map(|path| (path.clone(), fs::read(path).expect("read")))
        .collect();
    let mut random = Random(7);
    let (mut current, mut rebuilt, mut forgotten) = (0, 0, 0);
    for round in 0..100 {
        let _ = fs::remove_dir_all(scratch.directory.join("index"));
        for (path, content) in &whole {
            fs::create_dir_all(path.parent().expect("parent")).expect("mkdir");
            fs::write(path, content).expect("restore");
        }
        let (path, content) = &whole[random.below(whole.len())];
        let used = used_bytes(content);
        // Without a flip all is as it was, so that what follows is due to the flips.
        if round == 0 {
            assert_eq!(hits(&scratch), (IndexState::Current, OBJECTS));
            continue;
        }
        let Some(position) = used.get(random.below(used.len().max(1))) else {
            continue;
        };
        let flipped = content[*position] ^ 1 << random.below(8);
        let file = fs::File::options().write(true).open(path).expect("open");
        file.write_all_at(&[flipped], *position as u64)
            .expect("flip");

        let text = children::output(children::command("maintain", &scratch.directory, round))
            .unwrap_or_else(|output| panic!("{} at {position}: {output:#?}", path.display()));
        assert!(!text.contains("panicked"), "{text}");
        let line = text
            .lines()
            .find(|line| line.starts_with("upkeep:"))
            .expect("answer");
        assert!(
            line.starts_with(&format!("upkeep: Ok(({OBJECTS}, ")),
            "{line}"
        );
        match line {
            _ if line.contains("Rebuilt") => rebuilt += 1,
            _ if line.contains(&format!("({OBJECTS}, {OBJECTS}, Current")) => current += 1,
            _ if line.contains("Current") => forgotten += 1,
            _ => panic!("{line}"),
        }
    }
    println!("{current} not noticed, {forgotten} forgot uses silently, {rebuilt} rebuilt");
    assert!(rebuilt > 0);
}

#[test]
fn nonsense_is_set_aside_and_rebuilt() {
    let scratch = indexed();
    let noise: Vec<u8> = (0..100_000_u32)
        .map(|n| n.to_le_bytes()[0] ^ 0xa5)
        .collect();
    fs::write(largest_file(&scratch), noise).expect("write");
    let (state, hits_left) = hits(&scratch);
    assert!(matches!(state, IndexState::Rebuilt(_)), "{state:?}");
    assert_eq!(hits_left, 0);
    assert!(scratch.directory.join("index.damaged").is_dir());
    // And from then on it remembers again.
    scratch.cache.get(Kind::Unit, &key(0)).expect("get");
    assert_eq!(hits(&scratch), (IndexState::Current, 1));
}

#[test]
fn a_file_in_its_place_is_set_aside() {
    let scratch = indexed();
    for _ in 0..2 {
        fs::remove_dir_all(scratch.directory.join("index")).expect("remove");
        fs::write(scratch.directory.join("index"), b"file").expect("write");
        let (state, _) = hits(&scratch);
        assert!(matches!(state, IndexState::Rebuilt(_)), "{state:?}");
        assert_eq!(hits(&scratch).0, IndexState::Current);
    }
}

#[test]
fn a_removed_index_is_made_anew() {
    let scratch = indexed();
    fs::remove_dir_all(scratch.directory.join("index")).expect("remove");
    assert_eq!(hits(&scratch), (IndexState::Current, 0));
}

/// Silencing `sled` must not silence anyone else. In a process of its own, since the hook is
/// set once.
#[test]
fn other_panics_are_still_seen() {
    let scratch = indexed();
    let text = children::output(children::command("panic", &scratch.directory, 0))
        .unwrap_or_else(|output| panic!("{output:#?}"));
    assert!(
        text.contains("panicked") && text.contains("on purpose"),
        "{text}"
    );
    assert!(text.contains("panics seen: 1"), "{text}");
}

/// Opens the index and panics in another thread, under a hook that counts.
pub fn panicking_child(directory: &Path) {
    static SEEN: AtomicUsize = AtomicUsize::new(0);
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        SEEN.fetch_add(1, Ordering::SeqCst);
        before(info);
    }));
    assert_eq!(
        *open(directory).maintain().expect("maintain").index(),
        IndexState::Current
    );
    thread::spawn(|| panic!("on purpose"))
        .join()
        .expect_err("panicked");
    println!("panics seen: {}", SEEN.load(Ordering::SeqCst));
}

#[test]
fn a_fold_that_was_cut_short_is_finished() {
    let scratch = indexed();
    let spool = scratch.directory.join("spool/uses");
    open(&scratch.directory)
        .get(Kind::Unit, &key(0))
        .expect("get");
    fs::rename(&spool, scratch.directory.join("spool/uses.aside")).expect("set aside");
    open(&scratch.directory)
        .get(Kind::Unit, &key(1))
        .expect("get");
    assert_eq!(hits(&scratch), (IndexState::Current, OBJECTS + 2));
    assert_eq!(hits(&scratch), (IndexState::Current, OBJECTS + 2));
    assert!(!spool.exists());
}
