//! Debian's own programs, where the corpus was fetched.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use vmtrans_isa::GuestAddr;
use vmtrans_translator::guest::Guest;

use crate::build::find;

/// A file under `target` that `cargo xtask test` fetches; without it there is nothing to test.
fn fetched(path: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../target")
        .join(path);
    if !path.exists() {
        eprintln!(
            "{} is not there; cargo xtask test fetches it",
            path.display()
        );
        return None;
    }
    Some(path)
}

fn busybox() -> Option<(PathBuf, Guest)> {
    let path = fetched("corpus/busybox-static/usr/bin/busybox")?;
    let bytes = std::fs::read(&path).expect("it can be read");
    let guest = Guest::new(bytes, &path).expect("a guest program");
    Some((path, guest))
}

#[test]
fn a_stripped_busybox_is_nearly_all_functions() {
    let Some((_, guest)) = busybox() else { return };
    let found = find(&guest);
    let statistics = found.statistics;
    assert!(found.coverage >= 0.99, "{statistics:?}");
    assert!(statistics.jump_tables >= 180, "{statistics:?}");
    let distinct = statistics.covered_bytes / 2;
    assert!(statistics.instructions < distinct, "{statistics:?}");
    assert!(found.functions.len() > 4000, "{}", found.functions.len());
}

/// What QEMU executes of a program, as its log has it.
fn executed(qemu: &PathBuf, program: &PathBuf, arguments: &[&str]) -> BTreeSet<GuestAddr> {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let log = dir.path().join("log");
    let status = Command::new(qemu)
        .args(["-d", "in_asm", "-D"])
        .arg(&log)
        .arg(program)
        .args(arguments)
        .current_dir(dir.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.expect("QEMU runs");
    let log = std::fs::read_to_string(log).expect("QEMU writes a log");
    let addresses = log.lines().filter_map(|line| {
        let (address, _) = line.strip_prefix("0x")?.split_once(':')?;
        u64::from_str_radix(address, 16).ok()
    });
    addresses.map(GuestAddr::new).collect()
}

#[test]
fn all_that_runs_is_in_a_function() {
    let Some((path, guest)) = busybox() else {
        return;
    };
    let Some(qemu) = fetched("tools/qemu-user/usr/bin/qemu-riscv64") else {
        return;
    };
    let found = find(&guest);
    let known = found
        .functions
        .iter()
        .flat_map(|f| f.insns.iter().map(|i| i.addr));
    let known = known.collect::<BTreeSet<_>>();
    let runs: [&[&str]; 6] = [
        &[
            "sh",
            "-c",
            "for i in 3 1 2; do echo $i; done | sort | sed s/1/x/ | tr x y",
        ],
        &[
            "awk",
            "BEGIN { for (i = 0; i < 9; i++) s += sin(i); printf(\"%d %f %s\", 1e3, s, s) }",
        ],
        &["sha256sum", "/proc/self/exe"],
        &["ls", "-la", "/"],
        &["gzip", "-c", "/proc/self/exe"],
        &["wget", "http://localhost:1/"],
    ];
    for arguments in runs {
        let executed = executed(&qemu, &path, arguments);
        assert!(executed.len() > 5000, "{arguments:?}: {}", executed.len());
        // What is mapped elsewhere, as the vDSO is, is no part of the program.
        let missed = executed
            .difference(&known)
            .filter(|&&a| guest.is_executable(a));
        assert_eq!(
            missed.collect::<Vec<_>>(),
            Vec::<&GuestAddr>::new(),
            "{arguments:?}"
        );
    }
}
