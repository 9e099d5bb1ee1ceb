//! Writes a C program whose text is about 5 MB, to see what compiling a large one takes.
//!
//! Every function differs, so that neither the C compiler nor the cache can fold them, and
//! has what real ones have: loops, calls to its neighbours, memory, a switch, divisions.

use std::fmt::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, anyhow};

use crate::corpus::{self, Side};
use crate::manifest::{Compilers, Language};
use crate::process;

/// How many functions make about 5 MB of riscv64 text.
const FUNCTIONS: u32 = 12_800;
/// How many files they are spread over, since gcc takes minutes and works on one core a file.
const PARTS: u32 = 8;

/// Builds the program for one side.
pub fn build(folder: &Path, compilers: &Compilers, side: Side, binary: &Path) -> Result<()> {
    let each = FUNCTIONS / PARTS;
    let mut sources = vec![("large-main.c".to_owned(), main_source())];
    for part in 0..PARTS {
        let functions = part * each..(part + 1) * each;
        sources.push((format!("large-{part}.c"), part_source(functions)));
    }
    let mut objects = Vec::new();
    for (name, text) in sources {
        let source = folder.join(name);
        std::fs::write(&source, text).with_context(|| format!("{}", source.display()))?;
        let object = source.with_extension(format!("{}.o", side.folder()));
        objects.push((source, object));
    }
    compile(compilers, side, &objects)?;
    let mut link = corpus::compiler(compilers, Language::C, side);
    process::run(
        link.arg("-o")
            .arg(binary)
            .args(objects.iter().map(|(_, object)| object)),
    )
}

/// Compiles the files, as many at a time as there are cores.
fn compile(compilers: &Compilers, side: Side, objects: &[(PathBuf, PathBuf)]) -> Result<()> {
    let next = AtomicUsize::new(0);
    let work = || -> Result<()> {
        while let Some((source, object)) = objects.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mut compiler = corpus::compiler(compilers, Language::C, side);
            process::run(compiler.arg("-c").arg("-o").args([object, source]))?;
        }
        Ok(())
    };
    let cores = std::thread::available_parallelism()?.get();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().map_err(|_| anyhow!("a thread panicked"))?)
    })
}

const DECLARATIONS: &str = "#include <stdint.h>\n#include <stdio.h>\n\n\
    extern uint64_t memory[4096];\n\
    static inline int depth_left(uint64_t y) { return y % 4 == 0; }\n";

/// The functions of one file.
fn part_source(functions: Range<u32>) -> String {
    let mut text = DECLARATIONS.to_owned();
    for index in functions {
        text += &function(index);
    }
    text
}

/// Calls all of them once.
fn main_source() -> String {
    let mut text = DECLARATIONS.replace("extern ", "");
    let (mut declarations, mut entries) = (String::new(), String::new());
    for index in 0..FUNCTIONS {
        // Writing to a string cannot fail.
        let _ = writeln!(declarations, "uint64_t f{index}(uint64_t, uint64_t);");
        let _ = writeln!(entries, "    f{index},");
    }
    let _ = writeln!(
        text,
        "{declarations}\nstatic uint64_t (*const entries[])(uint64_t, uint64_t) = {{\n{entries}}};\n\n\
         int main(void)\n{{\n    uint64_t sum = 1;\n    \
         for (unsigned i = 0; i < {FUNCTIONS}; i++)\n        \
         sum = sum * 31 + entries[i](sum, i);\n    \
         printf(\"%016llx\\n\", (unsigned long long)sum);\n    return 0;\n}}"
    );
    text
}

/// One function; its constants come from its number.
fn function(index: u32) -> String {
    let mut state = u64::from(index) * 2 + 1;
    let mut constant = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state >> 40
    };
    let mut cases = String::new();
    for case in 0..8 {
        let (a, b) = (constant(), constant() % 4096);
        let _ = writeln!(
            cases,
            "    case {case}: x = x * {a} ^ memory[(y + {b}) % 4096]; break;"
        );
    }
    let call = match index % 16 {
        0 => String::from("    y += x >> 7;\n"),
        _ => format!(
            "    if (depth_left(y)) y += f{}(x ^ y, y / 3);\n",
            index - 1
        ),
    };
    let (a, b, c, d) = (
        constant(),
        constant() % 4096,
        constant() | 1,
        constant() % 13 + 2,
    );
    format!(
        "uint64_t f{index}(uint64_t x, uint64_t y)\n{{\n    \
         for (unsigned i = 0; i < {d}; i++) {{\n        x += (x << 5 | x >> 59) ^ {a};\n        \
         memory[(x + {b}) % 4096] += x;\n    }}\n    switch (x % 8) {{\n{cases}    }}\n{call}    \
         double z = (double)(x % 1000) / {c}.0;\n    \
         return x / {c} + y % {c} + (uint64_t)(z * 1e6);\n}}\n"
    )
}

/// The size of `.text`, from `readelf --sections --wide`.
pub fn text_bytes(sections: &str) -> Result<u64> {
    // [ 6] .text PROGBITS address offset size …
    let size = sections.lines().find_map(|line| {
        let mut words = line.split_whitespace().skip_while(|word| *word != ".text");
        words.nth(4)
    });
    let size = size.context("no .text among the sections")?;
    u64::from_str_radix(size, 16).with_context(|| format!("size {size:?} is not a hex number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_differ_and_call_only_earlier_ones() {
        let text = part_source(0..20);
        assert!(text.contains(" f19(uint64_t x") && text.contains("f18(x ^ y"));
        assert!(
            !text.contains("f15(x ^ y"),
            "a chain of calls ends every 16 functions"
        );
        assert_ne!(
            function(3).replace("f3", "f4"),
            function(4).replace("f4", "f3")
        );
    }

    #[test]
    fn the_size_of_the_text_is_read() {
        let sections = "  [ 6] .text             PROGBITS        00010250 000250 04ab 00 AX\n";
        assert_eq!(text_bytes(sections).expect("a size"), 0x4ab);
    }
}
