//! What the tests share: a source of noise, rows by mnemonic, and `llvm-mc` as a witness.
#![allow(dead_code, reason = "each test uses some of it")]

use std::collections::HashSet;
use std::io::Write;
use std::process::{Command, Stdio};

use vmtrans_isa::riscv::{self, Row};

/// A generator of noise that gives the same in every run (SplitMix64).
pub struct Noise(pub u64);

impl Noise {
    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// The row with this mnemonic.
pub fn row(mnemonic: &str) -> &'static Row {
    riscv::rows()
        .find(|row| row.mnemonic() == mnemonic)
        .unwrap_or_else(|| panic!("no row has the mnemonic {mnemonic}"))
}

/// The extensions that the tables have, as `llvm-mc` names them.
const EXTENSIONS: &str = "+m,+a,+f,+d,+c,+zicsr,+zifencei,+zba,+zbb,+zbc,+zbs,+zicond,+zfa";

/// What `llvm-mc` makes of each instruction, spaces normalised; `None` where it refuses.
/// The lengths are as the low two bits say.
pub fn llvm_mc(instructions: &[u32]) -> Vec<Option<String>> {
    let tool = std::env::var("LLVM_MC").unwrap_or_else(|_| "llvm-mc-22".into());
    let mut child = Command::new(&tool)
        .args([
            "--disassemble",
            "-triple=riscv64",
            "-M",
            "no-aliases",
            "-mattr",
            EXTENSIONS,
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{tool} does not start: {error}"));
    let mut input = child.stdin.take().expect("stdin is piped");
    let lines: String = instructions.iter().map(|&bits| line(bits)).collect();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = child.wait_with_output().expect("llvm-mc runs to its end");
    writer
        .join()
        .expect("the writer ends")
        .expect("llvm-mc reads all");

    let refused = refused_lines(&String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut accepted = text.lines().filter(|line| !line.trim().is_empty());
    let texts = (1..=instructions.len())
        .map(|line| {
            let accepted = || {
                accepted
                    .next()
                    .expect("a line for each accepted instruction")
            };
            (!refused.contains(&line)).then(accepted).map(normal)
        })
        .collect();
    assert_eq!(
        accepted.next(),
        None,
        "more lines than accepted instructions"
    );
    texts
}

/// The bytes as `llvm-mc` reads them.
fn line(bits: u32) -> String {
    let [a, b, c, d] = bits.to_le_bytes();
    if bits & 3 == 3 {
        format!("{a:#x} {b:#x} {c:#x} {d:#x}\n")
    } else {
        format!("{a:#x} {b:#x}\n")
    }
}

/// The lines in messages like `<stdin>:12:1: warning: invalid instruction encoding`.
fn refused_lines(messages: &str) -> HashSet<usize> {
    messages
        .lines()
        .filter_map(|message| {
            let (line, rest) = message.strip_prefix("<stdin>:")?.split_once(':')?;
            assert!(rest.contains("invalid instruction encoding"), "{message}");
            line.parse().ok()
        })
        .collect()
}

fn normal(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}
