//! Which instructions of a row are executed: registers that are one another's, `x0`, immediates
//! at their ends, all rounding modes. It does not know what surrounds them.

use vmtrans_isa::riscv::{Insn, Reg, Row, decode, encode, sample};
use vmtrans_isa::{Control, Effects, Field, FieldKind, Rm, effects};

use super::Shows;
use super::operands::Noise;

/// The first operand, of integers and of floating point. All four are in reach of compressed
/// instructions.
pub const A: Reg = Reg::new(10);
/// The second operand.
pub const B: Reg = Reg::new(11);
/// The third operand.
pub const C: Reg = Reg::new(12);
/// The destination.
pub const D: Reg = Reg::new(13);

/// Which registers are `rd`, `rs1`, `rs2` and `rs3`.
const ASSIGNMENTS: [[Reg; 4]; 7] = [
    [D, A, B, C],
    [A, A, B, C],
    [B, A, B, A],
    [D, A, A, A],
    [Reg::ZERO, A, B, C],
    [D, Reg::ZERO, B, C],
    [C, A, Reg::ZERO, C],
];

/// How many instructions of a row are tried that has no rounding mode.
const COUNT: usize = 8;
/// How many constants `fli` has.
const CONSTANTS: usize = 32;

/// An instruction to execute.
pub struct Variant {
    /// The instruction.
    pub insn: Insn,
    /// What it does.
    pub effects: Effects,
    /// The dynamic rounding mode.
    pub mode: u8,
    /// Which of its row's variants it is.
    pub number: usize,
}

/// Whether a program may execute the row and go on.
pub fn wanted(row: &Row, shows: Shows) -> bool {
    let Some(insn) = decode(sample(row, 0)) else {
        return false;
    };
    let effects = effects(&insn);
    let traps = matches!(
        effects.control,
        Control::Ecall | Control::Ebreak | Control::Illegal
    );
    !traps && (shows == Shows::Results || effects.raises_fp)
}

/// The instructions of this row.
pub fn variants(row: &'static Row, shows: Shows, noise: &mut Noise) -> Vec<Variant> {
    let modes = modes(row, shows);
    let count = match names_constant(row) {
        true => CONSTANTS,
        false => COUNT.max(modes.len()),
    };
    let mut found = Vec::<Variant>::new();
    for number in 0..count {
        let bits = match number {
            0 => 0,
            1 => 0xffff_ffff,
            _ => noise.next() >> 32,
        };
        let (rm, mode) = modes[number % modes.len()];
        let choice = Choice {
            row,
            bits: sample(row, bits),
            rm,
            number,
        };
        let insn = choice
            .insn(ASSIGNMENTS[number % ASSIGNMENTS.len()])
            .or_else(|| choice.insn(ASSIGNMENTS[0]));
        let known = |insn: &Insn| {
            let same = |v: &Variant| (v.insn.raw, v.mode) == (insn.raw, mode);
            found.iter().any(same)
        };
        if let Some(insn) = insn.filter(|insn| !known(insn)) {
            found.push(Variant {
                effects: effects(&insn),
                insn,
                mode,
                number,
            });
        }
    }
    found
}

/// The rounding modes of the instruction and of `frm`. With results alone `frm` stays as it is
/// in almost all programs.
fn modes(row: &Row, shows: Shows) -> Vec<(Rm, u8)> {
    let rounds = row.pattern.fields().iter().any(|f| f.kind == FieldKind::Rm);
    if !rounds {
        return vec![(Rm::Rne, 0)];
    }
    let fixed = [Rm::Rne, Rm::Rtz, Rm::Rdn, Rm::Rup, Rm::Rmm].map(|rm| (rm, 0));
    let last = if shows == Shows::Flags { 4 } else { 0 };
    let dynamic = (0..=last).map(|mode| (Rm::Dyn, mode));
    fixed.into_iter().chain(dynamic).collect()
}

/// The field `rs1` holds the number of a constant.
fn names_constant(row: &Row) -> bool {
    row.mnemonic().starts_with("fli.")
}

struct Choice {
    row: &'static Row,
    bits: u32,
    rm: Rm,
    number: usize,
}

impl Choice {
    /// The instruction with these registers, if there is one and a program survives it.
    fn insn(&self, [rd, rs1, rs2, rs3]: [Reg; 4]) -> Option<Insn> {
        let mut bits = self.bits;
        for field in self.row.pattern.fields() {
            let value = match field.kind {
                FieldKind::Rs1 if names_constant(self.row) => small(self.number),
                FieldKind::Rd | FieldKind::RdC => register(field, rd)?,
                FieldKind::Rs1 | FieldKind::Rs1C => register(field, rs1)?,
                FieldKind::Rs2 | FieldKind::Rs2C => register(field, rs2)?,
                FieldKind::Rs3 => register(field, rs3)?,
                FieldKind::Rm => self.rm as u32,
                // fflags, frm, fcsr.
                FieldKind::Csr => 1 + small(self.number % 3),
                _ => continue,
            };
            bits = bits & !field.mask() | value << field.shift;
        }
        let insn = decode(bits).filter(|insn| insn.row.row().name == self.row.name)?;
        let insn = skipping_one(insn)?;
        let effects = effects(&insn);
        // No program loads f0, and memory is where A or the stack pointer says.
        let strange = effects.freads.contains(0);
        let address = A.number();
        let stack = Reg::SP.number();
        let indirect = matches!(effects.control, Control::JumpIndirect { .. });
        let accesses = effects.loads || effects.stores || indirect;
        let lost = accesses && !effects.reads.contains(address) && !effects.reads.contains(stack);
        (!strange && !lost).then_some(insn)
    }
}

/// What the field holds for this register; three bits are x8 to x15.
fn register(field: &Field, register: Reg) -> Option<u32> {
    let number = u32::from(register.number());
    match field.width {
        3 => number.checked_sub(8),
        _ => Some(number),
    }
}

/// A jump goes behind the instruction that follows; an indirect one has a small offset.
fn skipping_one(insn: Insn) -> Option<Insn> {
    let mut fields = insn.fields;
    fields.imm = match effects(&insn).control {
        Control::Branch { .. } | Control::Jump { .. } => i64::from(insn.len) + 4,
        Control::JumpIndirect { .. } => fields.imm / 4,
        _ => return Some(insn),
    };
    decode(encode(insn.row.row(), &fields)?)
}

fn small(number: usize) -> u32 {
    u32::try_from(number).expect("a small number")
}
