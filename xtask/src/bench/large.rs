//! Writes a C program whose text is about 5 MB, to see what compiling a large one takes.
//!
//! Every function differs, so that neither the C compiler nor the cache can fold them, and
//! has what real ones have: loops, calls to its neighbours, memory, a switch, divisions.

use std::fmt::Write;

use anyhow::{Context, Result};

/// How many functions make about 5 MB of riscv64 text.
pub const FUNCTIONS: u32 = 12_000;

/// The program's source.
pub fn source(functions: u32) -> String {
    let mut text = String::from(
        "#include <stdint.h>\n#include <stdio.h>\n\nstatic uint64_t memory[4096];\n\n",
    );
    for index in 0..functions {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", function(index));
    }
    let _ = writeln!(text, "typedef uint64_t (*entry)(uint64_t, uint64_t);");
    let _ = writeln!(text, "static const entry entries[] = {{");
    for index in 0..functions {
        let _ = writeln!(text, "    f{index},");
    }
    let _ = writeln!(
        text,
        "}};\n\nint main(void)\n{{\n    uint64_t sum = 1;\n    \
         for (unsigned i = 0; i < {functions}; i++)\n        \
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
    let depth = match index {
        0 => "static int depth_left(uint64_t y) { return y % 4 == 0; }\n",
        _ => "",
    };
    let (a, b, c, d) = (
        constant(),
        constant() % 4096,
        constant() | 1,
        constant() % 13 + 2,
    );
    format!(
        "{depth}static __attribute__((noinline)) uint64_t f{index}(uint64_t x, uint64_t y)\n{{\n    \
         for (unsigned i = 0; i < {d}; i++) {{\n        x += (x << 5 | x >> 59) ^ {a};\n        \
         memory[(x + {b}) % 4096] += x;\n    }}\n    switch (x % 8) {{\n{cases}    }}\n{call}    \
         double z = (double)(x % 1000) / {c}.0;\n    return x / {c} + y % {c} + (uint64_t)(z * 1e6);\n}}\n"
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
        let text = source(20);
        assert!(text.contains(" f19(uint64_t x") && text.contains("f18(x ^ y"));
        assert!(
            !text.contains("f15(x ^ y"),
            "a chain of calls ends every 16 functions"
        );
    }

    #[test]
    fn the_size_of_the_text_is_read() {
        let sections = "  [ 6] .text             PROGBITS        00010250 000250 04ab 00 AX\n";
        assert_eq!(text_bytes(sections).expect("a size"), 0x4ab);
    }
}
