//! `cargo xtask demo`: a real program and one of ours, translated once, run from the image,
//! and timed beside native and QEMU.

use std::path::Path;

use anyhow::{Context, Result};

use crate::corpus::{self, Side};
use crate::manifest::Manifest;
use crate::paths::Paths;
use crate::race::{self, Racer};
use crate::table::{Table, ratio, seconds};
use crate::{build, process, setup};

/// Which of our programs is shown.
const PROGRAM: &str = "sort";
const ROUNDS: u32 = 3;
/// Enough for sha256sum to work on for a while.
const DATA_BYTES: usize = 32 << 20;

const PIPE_AND_LOOP: &str =
    "i=0; while [ $i -lt 5 ]; do echo \"line $i\"; i=$((i + 1)); done | grep -v 3 | wc -l";
const LONG_LOOP: &str = "i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done; echo $i | cat";
const AWK: &str = "BEGIN { for (i = 1; i <= 400000; i++) sum += i % 7 * i; print sum }";

/// Runs the whole show.
pub fn run(paths: &Paths) -> Result<()> {
    setup::run(paths)?;
    build::run(paths)?;
    let folder = paths.target().join("demo");
    std::fs::create_dir_all(&folder).with_context(|| format!("{}", folder.display()))?;
    let data = folder.join("data");
    write_data(&data)?;

    let busybox = busybox(paths, &folder);
    show_compile(paths, &busybox)?;
    for arguments in [
        vec!["sh", "-c", PIPE_AND_LOOP],
        vec!["sha256sum", path_text(&data)?],
        vec![
            "awk",
            "BEGIN { for (i = 1; i <= 10; i++) sum += i * i; print \"squares:\", sum }",
        ],
    ] {
        show_run(paths, &busybox, &arguments)?;
    }

    let manifest = Manifest::read(&paths.manifest())?;
    let program = manifest.program(PROGRAM)?;
    let ours = Racer {
        native: corpus::build(paths, &manifest.compilers, program, Side::Host)?,
        guest: corpus::build(paths, &manifest.compilers, program, Side::Guest)?,
        image: folder.join(format!("{PROGRAM}.bin")),
    };
    show_compile(paths, &ours)?;
    let arguments: Vec<&str> = program.test.iter().map(String::as_str).collect();
    show_run(paths, &ours, &arguments)?;

    let races: [(&str, &Racer, Vec<String>); 4] = [
        (
            "busybox sh, a loop and a pipe",
            &busybox,
            owned(&["sh", "-c", LONG_LOOP]),
        ),
        (
            "busybox sha256sum, 32 MiB",
            &busybox,
            owned(&["sha256sum", path_text(&data)?]),
        ),
        ("busybox awk, 400,000 steps", &busybox, owned(&["awk", AWK])),
        ("sort, from corpus/", &ours, program.bench.clone()),
    ];
    println!("\nThe least of {ROUNDS} runs each, in turn:\n");
    println!("{}", time(paths, &races)?);
    println!("Native sha256sum may use the processor's own SHA instructions; the guest has none.");
    Ok(())
}

fn busybox(paths: &Paths, folder: &Path) -> Racer {
    let packages = paths.target().join("corpus");
    Racer {
        native: packages.join("native/busybox-static/usr/bin/busybox"),
        guest: packages.join("busybox-static/usr/bin/busybox"),
        image: folder.join("busybox.bin"),
    }
}

fn show_compile(paths: &Paths, racer: &Racer) -> Result<()> {
    println!(
        "\n$ vmtrans compile {} -o {}",
        name(&racer.guest),
        name(&racer.image)
    );
    race::compile(paths, &racer.guest, &racer.image)
}

fn show_run(paths: &Paths, racer: &Racer, arguments: &[&str]) -> Result<()> {
    let shown: Vec<String> = arguments.iter().map(|argument| quote(argument)).collect();
    println!("\n$ vmtrans run {} {}", name(&racer.image), shown.join(" "));
    process::run(
        race::vmtrans(paths)
            .arg("run")
            .arg(&racer.image)
            .args(arguments),
    )
}

fn time(paths: &Paths, races: &[(&str, &Racer, Vec<String>)]) -> Result<Table> {
    let mut table = Table::new(&[
        "",
        "native",
        "QEMU",
        "vmtrans",
        "vmtrans/native",
        "QEMU/vmtrans",
    ]);
    for (what, racer, arguments) in races {
        let times = racer.race(paths, arguments, ROUNDS)?;
        table.row(vec![
            (*what).to_owned(),
            seconds(times.native.wall),
            seconds(times.qemu.wall),
            seconds(times.vmtrans.wall),
            ratio(times.vmtrans_to_native()),
            ratio(times.qemu_to_vmtrans()),
        ]);
    }
    Ok(table)
}

fn write_data(path: &Path) -> Result<()> {
    let data: Vec<u8> = (0..=250u8).cycle().take(DATA_BYTES).collect();
    std::fs::write(path, data).with_context(|| format!("{}", path.display()))
}

fn owned(arguments: &[&str]) -> Vec<String> {
    arguments
        .iter()
        .map(|argument| (*argument).to_owned())
        .collect()
}

fn path_text(path: &Path) -> Result<&str> {
    path.to_str()
        .with_context(|| format!("{}: not UTF-8", path.display()))
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// As a shell wants it, for showing.
fn quote(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=".contains(c);
    if argument.chars().all(plain) && !argument.is_empty() {
        return argument.to_owned();
    }
    format!("'{}'", argument.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_can_be_pasted() {
        assert_eq!(quote("sh"), "sh");
        assert_eq!(quote("a b"), "'a b'");
        assert_eq!(quote("it's"), "'it'\\''s'");
    }
}
