//! What a row of the tables is, and what an instruction is once decoded.
//!
//! A chapter lists its rows with [`rows!`]; everything else (decoder, disassembler,
//! interpreter, lifter, fuzz sampler) reads them from there. This file knows no instruction.

use super::{FReg, Reg};
use crate::pattern::{FieldKind, Pattern};
use crate::sem::{Ordering, Rm};

/// One instruction of the tables: its encoding and its text. The meaning is a function
/// generic over [`crate::Sem`], so it is reached through [`super::execute`].
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The row's name, for messages and tests.
    pub name: &'static str,
    /// The chapter's name, as `-march` strings spell it.
    pub extension: &'static str,
    /// Where fixed bits and fields are.
    pub pattern: Pattern,
    /// Mnemonic and operands; see `disassemble.rs` for the names of operands.
    pub text: &'static str,
}

impl Row {
    /// The mnemonic, without the suffixes that come from fields (`.aqrl`).
    pub fn mnemonic(&self) -> &'static str {
        let end = self.text.find([' ', '{']).unwrap_or(self.text.len());
        &self.text[..end]
    }
}

/// Which row of the tables, as [`super::rows`] numbers them. Numbers are not stable between
/// builds: never store one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RowId(pub(super) u16);

impl RowId {
    /// To index with.
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// The row.
    pub fn row(self) -> &'static Row {
        &super::ROWS[self.index()]
    }
}

/// The fields of a decoded instruction. One that the instruction does not have is zero.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fields {
    /// The immediate, extended and shifted into place.
    pub imm: i64,
    /// CSR number.
    pub csr: u32,
    /// Destination register.
    pub rd: Reg,
    /// First source register.
    pub rs1: Reg,
    /// Second source register.
    pub rs2: Reg,
    /// Third source register.
    pub rs3: Reg,
    /// Rounding mode; [`Rm::Rne`] where there is no such field.
    pub rm: Rm,
    /// The `aq` and `rl` bits.
    pub ordering: Ordering,
    /// Predecessor set of a fence: bits i, o, r, w.
    pub pred: u8,
    /// Successor set of a fence.
    pub succ: u8,
}

impl Fields {
    /// All zero.
    pub const NONE: Fields = Fields {
        imm: 0,
        csr: 0,
        rd: Reg::ZERO,
        rs1: Reg::ZERO,
        rs2: Reg::ZERO,
        rs3: Reg::ZERO,
        rm: Rm::Rne,
        ordering: Ordering {
            acquire: false,
            release: false,
        },
        pred: 0,
        succ: 0,
    };

    /// `rd` as a floating-point register.
    pub const fn frd(&self) -> FReg {
        FReg::new(self.rd.number())
    }
    /// `rs1` as a floating-point register.
    pub const fn frs1(&self) -> FReg {
        FReg::new(self.rs1.number())
    }
    /// `rs2` as a floating-point register.
    pub const fn frs2(&self) -> FReg {
        FReg::new(self.rs2.number())
    }
    /// `rs3` as a floating-point register.
    pub const fn frs3(&self) -> FReg {
        FReg::new(self.rs3.number())
    }

    /// The same with `rs1`, for compressed instructions that imply it.
    pub const fn with_rs1(&self, rs1: Reg) -> Fields {
        Fields { rs1, ..*self }
    }
    /// The same with `rd`, for compressed instructions that imply it.
    pub const fn with_rd(&self, rd: Reg) -> Fields {
        Fields { rd, ..*self }
    }

    /// The fields in `bits`, which match the pattern.
    pub(super) fn extract(pattern: &Pattern, bits: u32) -> Fields {
        let mut fields = Fields {
            imm: pattern.immediate(bits),
            ..Fields::NONE
        };
        for field in pattern.fields() {
            let value = field.get(bits);
            // No field but `csr` is wider than 8 bits, so the low byte is all of it.
            let [byte, ..] = value.to_le_bytes();
            match field.kind {
                FieldKind::Rd => fields.rd = Reg::new(byte),
                FieldKind::Rs1 => fields.rs1 = Reg::new(byte),
                FieldKind::Rs2 => fields.rs2 = Reg::new(byte),
                FieldKind::Rs3 => fields.rs3 = Reg::new(byte),
                FieldKind::RdC => fields.rd = Reg::new(byte + 8),
                FieldKind::Rs1C => fields.rs1 = Reg::new(byte + 8),
                FieldKind::Rs2C => fields.rs2 = Reg::new(byte + 8),
                FieldKind::Rm => fields.rm = Rm::from_bits(value).unwrap_or(Rm::Dyn),
                FieldKind::Csr => fields.csr = value,
                FieldKind::Aq => fields.ordering.acquire = value != 0,
                FieldKind::Rl => fields.ordering.release = value != 0,
                FieldKind::Pred => fields.pred = byte,
                FieldKind::Succ => fields.succ = byte,
                FieldKind::Imm => {}
            }
        }
        fields
    }
}

/// A decoded instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Insn {
    /// Its fields.
    pub fields: Fields,
    /// Its bits; the upper half is zero where it has only 16.
    pub raw: u32,
    /// Its row.
    pub row: RowId,
    /// Its length in bytes, 2 or 4.
    pub len: u8,
}

/// The rows of one extension. A row is
///
/// ```text
/// /// What the manual says that might surprise.
/// Name "encoding" => "mnemonic operands" |x, i| { meaning, with x: &mut impl Sem, i: &Fields }
/// ```
///
/// and becomes a type `Name`, whose `body` is the meaning (so that a compressed
/// instruction can say that it is another), and an entry in the chapter's `ROWS`.
macro_rules! rows {
    ($extension:literal $(
        $(#[doc = $doc:literal])*
        $name:ident $pattern:literal => $text:literal |$x:ident, $i:ident| $body:block
    )*) => {
        $(
            $(#[doc = $doc])*
            pub(crate) struct $name;

            impl $name {
                #[inline]
                pub(crate) fn body<S: $crate::Sem>($x: &mut S, $i: &$crate::riscv::Fields) $body
            }
        )*

        /// The rows of this chapter.
        pub(super) const ROWS: &[$crate::riscv::Row] = &[$(
            $crate::riscv::Row {
                name: stringify!($name),
                extension: $extension,
                pattern: $crate::Pattern::parse($pattern),
                text: $text,
            },
        )*];

        /// The meanings of this chapter's rows, in the same order.
        pub(super) const fn bodies<S: $crate::Sem>() -> [$crate::riscv::Body<S>; ROWS.len()] {
            [$($name::body::<S>),*]
        }
    };
}

pub(super) use rows;
