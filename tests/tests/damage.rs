//! Images and caches that were changed, and caches that cannot be used: found, reported, done
//! without, never executed.

use std::path::{Path, PathBuf};

use vmtrans_tests::elf::TinyElf;
use vmtrans_tests::sandbox::set_mode;
use vmtrans_tests::{Ending, Outcome, Sandbox, tools};

fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    bytes[at] ^= 0x10;
    set_mode(path, 0o700);
    std::fs::write(path, bytes).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    set_mode(path, 0o500);
}

fn guest(sandbox: &Sandbox) -> PathBuf {
    sandbox.write("guest", TinyElf::default().bytes())
}

fn objects(sandbox: &Sandbox, kind: &str) -> Vec<PathBuf> {
    let files = sandbox.left_in_cache();
    let of_kind =
        |path: &PathBuf| path.starts_with(sandbox.cache().join(kind)) && !path.is_symlink();
    files.into_iter().filter(of_kind).collect()
}

/// The guest did what it does, and one line says what is wrong.
#[track_caller]
fn ran_with_a_warning(outcome: &Outcome, parts: &[&str]) {
    assert_eq!(outcome.ending, Ending::Status(42), "{outcome:?}");
    for part in parts {
        assert!(
            outcome.err().contains(part),
            "expected {part:?}: {outcome:?}"
        );
    }
    assert_eq!(outcome.err().lines().count(), 1, "{outcome:?}");
}

#[test]
fn an_image_with_a_byte_flipped() {
    let sandbox = Sandbox::new();
    sandbox
        .compile(guest(&sandbox))
        .args(["-o", "image"])
        .succeed();
    let image = sandbox.cwd().join("image");
    let whole = std::fs::read(&image).expect("an image");
    assert_eq!(sandbox.run(&image).outcome().ending, Ending::Status(42));
    let every = whole.len() / 150 + 1;
    for at in (0..whole.len()).step_by(every).chain([whole.len() - 1]) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        let path = sandbox.write("flipped", &bytes);
        let outcome = sandbox.run(&path).outcome();
        let name = path.to_string_lossy();
        assert_eq!(
            outcome.ending,
            Ending::Status(126),
            "byte {at}: {outcome:?}"
        );
        outcome.expect_failure(126, &[&name]);
    }
}

#[test]
fn an_image_cut_short() {
    let sandbox = Sandbox::new();
    sandbox
        .compile(guest(&sandbox))
        .args(["-o", "image"])
        .succeed();
    let whole = std::fs::read(sandbox.cwd().join("image")).expect("an image");
    let every = whole.len() / 100 + 1;
    for length in (0..whole.len())
        .step_by(every)
        .chain([1, 63, 64, 65, whole.len() - 1])
    {
        let path = sandbox.write("cut", &whole[..length]);
        sandbox.run(&path).outcome().expect_failure(126, &["/cut"]);
    }
    let path = sandbox.write("grown", [&whole[..], b"x"].concat());
    sandbox
        .run(&path)
        .outcome()
        .expect_failure(126, &["/grown"]);
}

/// A warm start reads little; a file that changed is read again.
#[test]
fn the_hash_is_checked_once_for_each_identity() {
    let sandbox = Sandbox::new();
    sandbox
        .compile(guest(&sandbox))
        .args(["-o", "image"])
        .succeed();
    let image = sandbox.cwd().join("image");
    for _ in 0..3 {
        assert_eq!(sandbox.run(&image).outcome().ending, Ending::Status(42));
    }
    let length = std::fs::metadata(&image).expect("an image").len();
    flip(&image, usize::try_from(length).expect("small") / 2);
    sandbox
        .run(&image)
        .outcome()
        .expect_failure(126, &["/image"]);
    flip(&image, usize::try_from(length).expect("small") / 2);
    assert_eq!(sandbox.run(&image).outcome().ending, Ending::Status(42));
}

#[test]
fn a_cached_image_with_a_byte_flipped_is_not_executed() {
    let sandbox = Sandbox::new();
    let guest = guest(&sandbox);
    sandbox.compile(&guest).succeed();
    let quiet = sandbox.run(&guest).outcome();
    assert_eq!(
        (quiet.ending, quiet.err()),
        (Ending::Status(42), String::new())
    );
    let [image] = &objects(&sandbox, "images")[..] else {
        panic!("{:?}", sandbox.left_in_cache())
    };
    let length = usize::try_from(std::fs::metadata(image).expect("an image").len()).expect("small");
    flip(image, length / 3);
    ran_with_a_warning(
        &sandbox.run(&guest).outcome(),
        &["damaged", "found", "expected"],
    );
    // It is gone, so nobody meets it again; compiling makes it anew.
    let again = sandbox.run(&guest).outcome();
    assert_eq!(
        (again.ending, again.err()),
        (Ending::Status(42), String::new())
    );
    sandbox.compile(&guest).succeed();
    assert_eq!(objects(&sandbox, "images").len(), 1);
}

#[test]
fn a_cached_unit_with_a_byte_flipped_is_compiled_anew() {
    let sandbox = Sandbox::new();
    let guest = guest(&sandbox);
    sandbox.compile(&guest).args(["-o", "first"]).succeed();
    let units = objects(&sandbox, "units");
    assert!(!units.is_empty());
    for unit in &units {
        let length =
            usize::try_from(std::fs::metadata(unit).expect("a unit").len()).expect("small");
        for at in [0, 9, length / 2, length - 1] {
            flip(unit, at);
            let outcome = sandbox.compile(&guest).args(["-o", "second"]).succeed();
            assert!(outcome.err().contains("damaged"), "byte {at}: {outcome:?}");
            assert!(
                outcome.err().contains(&*unit.to_string_lossy()),
                "byte {at}: {outcome:?}"
            );
        }
    }
    let read = |name| std::fs::read(sandbox.cwd().join(name)).expect("an image");
    assert_eq!(read("first"), read("second"));
    assert_eq!(sandbox.compile(&guest).succeed().err(), "");
}

#[test]
fn the_cache_is_verified() {
    let sandbox = Sandbox::new();
    sandbox.compile(guest(&sandbox)).succeed();
    let verify = || sandbox.vmtrans("cache").arg("verify");
    assert!(verify().succeed().out().contains(" 0 damaged"));
    flip(&objects(&sandbox, "images")[0], 100);
    let outcome = verify().outcome();
    assert_eq!(outcome.ending, Ending::Status(125), "{outcome:?}");
    assert!(outcome.out().contains("1 damaged"), "{outcome:?}");
    verify().arg("--remove").outcome();
    assert!(verify().succeed().out().contains(" 0 damaged"));
}

/// Whether a command may mount something for itself, which takes rights that not every machine
/// gives.
fn can_mount() -> bool {
    let sandbox = Sandbox::new();
    let probe = sandbox
        .start("/usr/bin/unshare")
        .args(["-m", "mount", "-t", "tmpfs", "none"]);
    let can = probe.arg(sandbox.cwd()).outcome().ending == Ending::Status(0);
    if !can {
        eprintln!("not run: this user may not mount a file system");
    }
    can
}

/// Runs vmtrans with a small file system as its cache.
fn mounted(sandbox: &Sandbox, options: &str, arguments: &[&str]) -> Outcome {
    let script =
        format!("mount -t tmpfs -o {options} none \"$VMTRANS_CACHE_DIR\" && exec \"$0\" \"$@\"");
    let start = sandbox
        .start("/usr/bin/unshare")
        .args(["-m", "sh", "-c", &script]);
    start.arg(tools::vmtrans()).args(arguments).outcome()
}

#[test]
fn a_cache_that_is_read_only_or_full() {
    if !can_mount() {
        return;
    }
    let sandbox = Sandbox::new();
    let guest = guest(&sandbox);
    let guest = guest.to_string_lossy();
    for options in ["ro", "size=4k", "nr_inodes=2"] {
        let outcome = mounted(&sandbox, options, &["run", "--no-background", &guest]);
        assert_eq!(outcome.ending, Ending::Status(42), "{options}: {outcome:?}");
        let outcome = mounted(
            &sandbox,
            options,
            &["compile", "--quiet", &guest, "-o", "image"],
        );
        assert_eq!(outcome.ending, Ending::Status(0), "{options}: {outcome:?}");
        assert!(
            outcome.err().contains("is not kept"),
            "{options}: {outcome:?}"
        );
        let image = sandbox.cwd().join("image");
        let image = image.to_string_lossy();
        let outcome = mounted(&sandbox, options, &["run", &image]);
        assert_eq!(outcome.ending, Ending::Status(42), "{options}: {outcome:?}");
        // Without an output there is nothing to show for it.
        let outcome = mounted(&sandbox, options, &["compile", "--quiet", &guest]);
        assert_eq!(
            outcome.ending,
            Ending::Status(125),
            "{options}: {outcome:?}"
        );
        std::fs::remove_file(&*image).expect("the image can be removed");
    }
    assert!(sandbox.left_in_cwd().is_empty());
}

#[test]
fn a_cache_of_someone_else() {
    let sandbox = Sandbox::new();
    let guest = guest(&sandbox);
    if std::os::unix::fs::chown(sandbox.cache(), Some(12345), None).is_err() {
        eprintln!("not run: this user may not give files away");
        return;
    }
    let outcome = sandbox.run(&guest).outcome();
    assert_eq!(outcome.ending, Ending::Status(42), "{outcome:?}");
    let outcome = sandbox.compile(&guest).args(["-o", "image"]).succeed();
    assert!(
        outcome
            .err()
            .contains("belongs to user 12345, expected user"),
        "{outcome:?}"
    );
    assert_eq!(
        sandbox.run(sandbox.cwd().join("image")).outcome().ending,
        Ending::Status(42)
    );
    assert!(
        sandbox.left_in_cache().is_empty(),
        "{:?}",
        sandbox.left_in_cache()
    );
    let outcome = sandbox.compile(&guest).outcome();
    assert_eq!(outcome.ending, Ending::Status(125), "{outcome:?}");
    assert!(
        outcome.err().contains("vmtrans: cache directory"),
        "{outcome:?}"
    );
}

#[test]
fn a_cache_that_is_no_directory() {
    let sandbox = Sandbox::new();
    let guest = guest(&sandbox);
    std::fs::remove_dir(sandbox.cache()).expect("an empty folder");
    std::fs::write(sandbox.cache(), "a file").expect("a file");
    assert_eq!(sandbox.run(&guest).outcome().ending, Ending::Status(42));
    sandbox.compile(&guest).args(["-o", "image"]).succeed();
    assert_eq!(
        sandbox.run(sandbox.cwd().join("image")).outcome().ending,
        Ending::Status(42)
    );
}

#[test]
fn a_cache_that_is_made_by_whoever_writes_first() {
    let sandbox = Sandbox::new();
    let guest = guest(&sandbox);
    std::fs::remove_dir(sandbox.cache()).expect("an empty folder");
    sandbox.compile(&guest).succeed();
    assert_eq!(objects(&sandbox, "images").len(), 1);
}
