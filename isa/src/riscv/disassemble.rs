//! Assembly text, as `llvm-mc -M no-aliases` prints it.
//!
//! A row's text is its mnemonic and operands. Words that name a field stand for its value:
//!
//! | word | prints |
//! |---|---|
//! | `rd`, `rs1`, `rs2`, `rs3` | an integer register by its ABI name |
//! | `frd`, `frs1`, `frs2`, `frs3` | a floating-point register by its ABI name |
//! | `imm` | the immediate, decimal; branches and jumps print their offset |
//! | `imm20` | bits 31 to 12 of the immediate, unsigned |
//! | `csr` | a CSR by name, or by number |
//! | `rm` | the rounding mode |
//! | `pred`, `succ` | a set of `iorw` |
//! | `fli` | the constant that the `rs1` field of `fli` stands for |
//!
//! `{aqrl}` is the suffix `.aq`, `.rl`, `.aqrl` or nothing. `[ imm]` and `[, rm]` are there
//! only where the immediate is not 0, or the rounding mode not `rne`.

use super::row::{Fields, Insn};
use super::{Csr, FReg, Reg};
use crate::addr::GuestAddr;
use crate::sem::Rm;

/// The instruction as text. Branch and jump targets are offsets, as `llvm-mc` prints them;
/// `_pc` is where the instruction is, for guests whose text depends on it.
pub fn disassemble(insn: &Insn, _pc: GuestAddr) -> String {
    let mut out = String::new();
    let mut rest = insn.row.row().text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '{' => {
                out.push_str(ordering(&insn.fields));
                rest.find('}').map_or(rest.len(), |end| end + 1)
            }
            '[' => {
                let end = rest.find(']').map_or(rest.len(), |end| end + 1);
                if insn.fields.imm != 0 || insn.fields.rm != Rm::Rne {
                    words(&mut out, &rest[1..end - 1], &insn.fields);
                }
                end
            }
            _ => {
                let end = rest.find(['{', '[']).unwrap_or(rest.len());
                words(&mut out, &rest[..end], &insn.fields);
                end
            }
        };
        rest = &rest[length..];
    }
    out
}

/// Copies `text`, putting values for words that name a field.
fn words(out: &mut String, text: &str, fields: &Fields) {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '.';
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest
            .find(|c| is_word(c) != is_word(first))
            .unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        match operand(word, fields) {
            Some(value) => out.push_str(&value),
            None => out.push_str(word),
        }
        rest = after;
    }
}

fn operand(word: &str, fields: &Fields) -> Option<String> {
    let text = match word {
        "rd" => fields.rd.name().into(),
        "rs1" => fields.rs1.name().into(),
        "rs2" => fields.rs2.name().into(),
        "rs3" => fields.rs3.name().into(),
        "frd" => fields.frd().name().into(),
        "frs1" => fields.frs1().name().into(),
        "frs2" => fields.frs2().name().into(),
        "frs3" => fields.frs3().name().into(),
        "imm" => fields.imm.to_string(),
        "imm20" => (fields.imm >> 12 & 0xf_ffff).to_string(),
        "csr" => {
            let csr = Csr::new(fields.csr);
            csr.name()
                .map_or_else(|| csr.number().to_string(), String::from)
        }
        "rm" => rounding(fields.rm).into(),
        "pred" => access_set(fields.pred),
        "succ" => access_set(fields.succ),
        "fli" => FLI[fields.rs1.index()].into(),
        _ => return None,
    };
    Some(text)
}

const fn ordering(fields: &Fields) -> &'static str {
    match (fields.ordering.acquire, fields.ordering.release) {
        (false, false) => "",
        (true, false) => ".aq",
        (false, true) => ".rl",
        (true, true) => ".aqrl",
    }
}

const fn rounding(rm: Rm) -> &'static str {
    match rm {
        Rm::Rne => "rne",
        Rm::Rtz => "rtz",
        Rm::Rdn => "rdn",
        Rm::Rup => "rup",
        Rm::Rmm => "rmm",
        Rm::Dyn => "dyn",
    }
}

fn access_set(bits: u8) -> String {
    if bits == 0 {
        return "0".into();
    }
    let letters = [(8, 'i'), (4, 'o'), (2, 'r'), (1, 'w')];
    letters
        .iter()
        .filter(|(bit, _)| bits & bit != 0)
        .map(|(_, letter)| letter)
        .collect()
}

/// The constants of `fli`, by its `rs1` field.
const FLI: [&str; 32] = [
    "-1.0",
    "min",
    "1.52587890625e-05",
    "3.0517578125e-05",
    "0.00390625",
    "0.0078125",
    "0.0625",
    "0.125",
    "0.25",
    "0.3125",
    "0.375",
    "0.4375",
    "0.5",
    "0.625",
    "0.75",
    "0.875",
    "1.0",
    "1.25",
    "1.5",
    "1.75",
    "2.0",
    "2.5",
    "3.0",
    "4.0",
    "8.0",
    "16.0",
    "128.0",
    "256.0",
    "32768.0",
    "65536.0",
    "inf",
    "nan",
];

const NAMES: [&str; 32] = [
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4",
    "a5", "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4",
    "t5", "t6",
];

const FNAMES: [&str; 32] = [
    "ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6", "ft7", "fs0", "fs1", "fa0", "fa1", "fa2",
    "fa3", "fa4", "fa5", "fa6", "fa7", "fs2", "fs3", "fs4", "fs5", "fs6", "fs7", "fs8", "fs9",
    "fs10", "fs11", "ft8", "ft9", "ft10", "ft11",
];

impl Reg {
    /// The ABI name: `zero`, `ra`, `sp`, …
    pub const fn name(self) -> &'static str {
        NAMES[self.index()]
    }
}

impl FReg {
    /// The ABI name: `ft0`, `fa0`, …
    pub const fn name(self) -> &'static str {
        FNAMES[self.index()]
    }
}
