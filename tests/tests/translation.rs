//! What `compile` promises: the same bytes for the same input, no unit compiled twice, code that
//! was missed found the next time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use vmtrans_tests::build::{Side, compile, run};
use vmtrans_tests::compare::image;
use vmtrans_tests::{Ending, Sandbox, program, tools};

fn stats(sandbox: &Sandbox, guest: &Path, arguments: &[&str]) -> serde_json::Value {
    let path = sandbox.path("stats");
    let start = sandbox
        .compile(guest)
        .args(arguments)
        .arg("--stats")
        .arg(&path);
    start.succeed();
    let text = std::fs::read(path).expect("the stats file");
    serde_json::from_slice(&text).expect("the stats are JSON")
}

fn count(stats: &serde_json::Value, name: &str) -> u64 {
    stats[name]
        .as_u64()
        .unwrap_or_else(|| panic!("{name} in {stats}"))
}

/// A small program that needs no C library; `body` is a function of it.
fn small_program(sandbox: &Sandbox, body: &str) -> PathBuf {
    let text = format!(
        "static long call(long n, long a, long b, long c) {{
             register long a0 __asm__(\"a0\") = a; register long a1 __asm__(\"a1\") = b;
             register long a2 __asm__(\"a2\") = c; register long a7 __asm__(\"a7\") = n;
             __asm__ volatile(\"ecall\" : \"+r\"(a0) : \"r\"(a1), \"r\"(a2), \"r\"(a7) : \"memory\");
             return a0;
         }}
         #define SEPARATE __attribute__((noinline, noipa, aligned(4)))
         long table[4] = {{3, 1, 4, 1}};
         SEPARATE long first(long x) {{ return x * 7 + table[1]; }}
         {body}
         SEPARATE long last(long x) {{ long s = 0; for (long i = 0; i < x; i++) s += first(i); return s; }}
         long (*volatile hidden)(long) = last;
         void _start(void) {{ call(94, (first(2) + edited(3) + hidden(4)) & 127, 0, 0); }}"
    );
    let source = sandbox.path("small.c");
    std::fs::write(&source, text).expect("a source");
    let binary = sandbox.path("small");
    compile(
        Side::Guest,
        &source,
        &binary,
        ["-nostdlib", "-ffreestanding", "-mno-relax"],
    );
    binary
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let sandbox = Sandbox::new();
    let guests = [
        program("static_pie", Side::Guest),
        small_program(&sandbox, "SEPARATE long edited(long x) { return x - 5; }"),
    ];
    for guest in guests {
        for level in ["-O1", "-O3"] {
            for (name, jobs) in [("one", "-j1"), ("two", "-j2")] {
                let options = [
                    "--no-cache",
                    "--host-cpu",
                    "x86-64-v3",
                    level,
                    jobs,
                    "-o",
                    name,
                ];
                sandbox.compile(&guest).args(options).succeed();
            }
            same_bytes(&sandbox);
        }
    }
    assert!(
        sandbox.left_in_cache().is_empty(),
        "{:?}",
        sandbox.left_in_cache()
    );
}

/// A thousand units, whichever of which threads is done first.
#[test]
fn threads_do_not_show_in_an_image() {
    image("switches");
    let sandbox = Sandbox::new();
    let cache = tools::work_folder().join("cache");
    for (name, jobs) in [("one", "-j1"), ("two", "-j2")] {
        let start = sandbox
            .compile(program("switches", Side::Guest))
            .args([jobs, "-o", name]);
        start.env("VMTRANS_CACHE_DIR", &cache).succeed();
    }
    same_bytes(&sandbox);
}

#[track_caller]
fn same_bytes(sandbox: &Sandbox) {
    let read = |name| std::fs::read(sandbox.cwd().join(name)).expect("an image");
    assert!(read("one") == read("two"), "the images differ");
}

#[test]
fn cached_units_give_the_same_bytes_as_fresh_ones() {
    let sandbox = Sandbox::new();
    let guest = small_program(&sandbox, "SEPARATE long edited(long x) { return x - 5; }");
    let fresh = stats(&sandbox, &guest, &["-o", "fresh"]);
    let reused = stats(&sandbox, &guest, &["-o", "reused"]);
    sandbox
        .compile(&guest)
        .args(["--no-cache", "-o", "uncached"])
        .succeed();
    assert_eq!(count(&fresh, "units_reused"), 0, "{fresh}");
    assert_eq!(count(&reused, "units_compiled"), 0, "{reused}");
    assert_eq!(
        count(&reused, "units_reused"),
        count(&fresh, "units_compiled"),
        "{reused}"
    );
    let read = |name| std::fs::read(sandbox.cwd().join(name)).expect("an image");
    assert!(read("fresh") == read("reused") && read("fresh") == read("uncached"));
}

#[test]
fn an_edited_function_is_one_unit() {
    let sandbox = Sandbox::new();
    let before = small_program(&sandbox, "SEPARATE long edited(long x) { return x - 5; }");
    let first = stats(&sandbox, &before, &["-o", "before"]);
    assert_eq!(
        sandbox.run(sandbox.cwd().join("before")).outcome().ending,
        Ending::Status(59)
    );
    // It becomes longer, so what follows moves.
    let body = "SEPARATE long edited(long x) { return x * x * 3 + (x ^ table[2]) - 9; }";
    let after = small_program(&sandbox, body);
    let second = stats(&sandbox, &after, &["-o", "after"]);
    assert_eq!(count(&second, "units_compiled"), 1, "{second}");
    assert_eq!(
        count(&second, "units_reused"),
        count(&first, "units") - 1,
        "{second}"
    );
    assert_eq!(
        sandbox.run(sandbox.cwd().join("after")).outcome().ending,
        Ending::Status(86)
    );
}

/// Another program with the same library compiles its own functions only.
#[test]
fn programs_share_the_units_of_their_library() {
    image("setjmp");
    let sandbox = Sandbox::new();
    let path = sandbox.path("stats");
    let cache = tools::work_folder().join("cache");
    image("calls");
    let start = sandbox
        .compile(program("calls", Side::Guest))
        .arg("--stats")
        .arg(&path);
    start.env("VMTRANS_CACHE_DIR", cache).succeed();
    let stats = std::fs::read(path).expect("the stats file");
    let stats = serde_json::from_slice::<serde_json::Value>(&stats).expect("JSON");
    assert_eq!(count(&stats, "units_compiled"), 0, "{stats}");
    assert_eq!(count(&stats, "units_failed"), 0, "{stats}");
    assert!(
        stats["coverage"].as_f64().expect("a number") > 0.9,
        "{stats}"
    );
}

#[test]
fn options_are_part_of_the_key() {
    let sandbox = Sandbox::new();
    let guest = small_program(&sandbox, "SEPARATE long edited(long x) { return x - 5; }");
    for options in [
        ["-O1", "--host-cpu=x86-64"],
        ["-O2", "--host-cpu=x86-64"],
        ["-O2", "--host-cpu=x86-64-v3"],
    ] {
        let stats = stats(&sandbox, &guest, &options);
        assert_eq!(count(&stats, "units_reused"), 0, "{options:?} {stats}");
    }
}

#[test]
fn stripped_programs_work() {
    let sandbox = Sandbox::new();
    let guest = sandbox.path("stripped");
    run(Command::new("riscv64-linux-gnu-strip")
        .args(["--strip-all", "--remove-section=.comment", "-o"])
        .args([&guest, &program("setjmp", Side::Guest)]));
    let expected = sandbox.start(program("setjmp", Side::Host)).outcome();
    sandbox
        .compile(&guest)
        .args(["-O1", "-o", "image"])
        .succeed();
    let outcome = sandbox.run(sandbox.cwd().join("image")).outcome();
    assert_eq!(
        (outcome.out(), outcome.ending),
        (expected.out(), expected.ending),
        "{outcome:?}"
    );
}

/// Functions that only computed addresses lead to are missed, interpreted, recorded, and compiled
/// the next time.
#[test]
fn what_was_missed_is_compiled_next_time() {
    let sandbox = Sandbox::new();
    let text = "
        .globl _start
_start: la a0, hidden_by_arithmetic
        mv a1, a0
        li t0, 12345
        la t1, sum
        ld t1, 0(t1)
        sub t1, t1, t0
        jalr t1
        li a7, 94
        ecall
        .space 64
hidden_by_arithmetic:
        li a0, 0
        li a1, 10
1:      add a0, a0, a1
        addi a1, a1, -1
        bnez a1, 1b
        ret
        .data
        .balign 8
sum:    .dword hidden_by_arithmetic + 12345\n";
    // No label of its own in the symbol table, no pointer that is its address.
    let text = text.replace("la a0, hidden_by_arithmetic\n", "li a0, 0\n");
    let source = sandbox.path("missed.S");
    std::fs::write(&source, text).expect("a source");
    let guest = sandbox.path("missed");
    vmtrans_tests::build::assemble(&source, &guest, &["-Wl,--strip-all"]);
    let first = stats(&sandbox, &guest, &["-o", "image"]);
    let image = sandbox.cwd().join("image");
    assert_eq!(sandbox.run(&image).outcome().ending, Ending::Status(55));
    let second = stats(&sandbox, &guest, &["-o", "image"]);
    assert_eq!(count(&second, "units_compiled"), 1, "{first} {second}");
    assert_eq!(
        count(&second, "units"),
        count(&first, "units") + 1,
        "{second}"
    );
    assert_eq!(sandbox.run(&image).outcome().ending, Ending::Status(55));
    let third = stats(&sandbox, &guest, &["-o", "image"]);
    assert_eq!(count(&third, "units_compiled"), 0, "{third}");
}

/// A guest that was never compiled runs at once and is compiled behind its back.
#[test]
fn a_run_fills_the_cache_in_the_background() {
    let sandbox = Sandbox::new();
    let guest = small_program(&sandbox, "SEPARATE long edited(long x) { return x - 5; }");
    let outcome = sandbox.vmtrans("run").arg(&guest).outcome();
    assert_eq!(
        (outcome.ending, outcome.err()),
        (Ending::Status(59), String::new())
    );
    let images = sandbox.cache().join("images");
    let begin = std::time::Instant::now();
    while vmtrans_tests::sandbox::files(&images).len() < 2 {
        assert!(
            begin.elapsed().as_secs() < 30,
            "no image: {:?}",
            sandbox.left_in_cache()
        );
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(sandbox.run(&guest).outcome().ending, Ending::Status(59));
}

#[test]
fn an_image_is_a_program() {
    let sandbox = Sandbox::new();
    let expected = sandbox
        .start(program("arguments", Side::Host))
        .args(["a", "", "--", "-v"])
        .outcome();
    let outcome = sandbox
        .start(image("arguments"))
        .args(["a", "", "--", "-v"])
        .outcome();
    assert_eq!(outcome.out(), expected.out());
    assert_eq!(
        (outcome.ending, outcome.err()),
        (Ending::Status(5), String::new())
    );
    let outcome = sandbox.start(image("crash")).arg("fault").outcome();
    assert_eq!(outcome.ending, Ending::Signal(11), "{outcome:?}");
}

/// `perf`, `gdb` and `objdump` find the guest's functions in an image.
#[test]
fn an_image_names_the_functions_of_its_guest() {
    let output = Command::new("objdump")
        .args(["-t", "-h"])
        .arg(image("calls"))
        .output();
    let text = String::from_utf8_lossy(&output.expect("objdump").stdout).into_owned();
    for name in [
        ".text",
        ".rodata",
        ".vmtrans",
        "main",
        "variadic",
        "make_small",
        "memcpy",
    ] {
        assert!(
            text.contains(name),
            "expected {name}:\n{}",
            &text[..text.len().min(2000)]
        );
    }
}

/// Debuggers walk the guest's frames: every function has a record of its own that covers it.
#[test]
fn an_image_has_the_frames_of_its_functions() {
    let output = |program: &str, arguments: &[&str]| {
        let output = Command::new(program)
            .args(arguments)
            .arg(image("calls"))
            .output();
        String::from_utf8_lossy(&output.expect("binutils are installed").stdout).into_owned()
    };
    let number = |text: &str| u64::from_str_radix(text.trim_start_matches("0x"), 16).ok();
    let frames = output("readelf", &["--wide", "--debug-dump=frames"]);
    let ranges = frames.lines().filter_map(|line| {
        let (_, range) = line.split_once("FDE ")?.1.split_once("pc=")?;
        let (start, end) = range.split_once("..")?;
        Some((number(start)?, number(end)?))
    });
    let ranges = ranges.collect::<BTreeMap<_, _>>();
    let symbols = output("objdump", &["--syms"]);
    let functions = symbols.lines().filter(|line| line.contains(" F .text"));
    let mut count = 0;
    for line in functions {
        let mut words = line.split_whitespace();
        let start = words.next().and_then(number).expect("an address");
        let size = words.nth(3).and_then(number).expect("a size");
        assert_eq!(ranges.get(&start), Some(&(start + size)), "{line}");
        count += 1;
    }
    assert!(count > 500, "{count} functions");
}
