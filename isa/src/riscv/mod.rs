//! RISC-V: RV64GC with Zba, Zbb, Zbc, Zbs, Zicond and Zfa.
//!
//! A file per extension holds its rows; the list of them is at the call of [`chapters!`]
//! below. This module knows no single instruction.

mod csr;
mod d;
mod decode;
mod disassemble;
mod encode;
mod f;
mod floats;
mod fold;
mod row;

mod a;
mod c;
mod i;
mod m;
mod zba;
mod zbb;
mod zbc;
mod zbs;
mod zfa;
mod zicond;
mod zicsr;
mod zifencei;

pub use crate::effects::effects;
pub use csr::Csr;
pub use decode::{decode, length};
pub use disassemble::disassemble;
pub use encode::encode;
pub use fold::{Folded, fold};
pub use row::{Fields, Insn, Row, RowId};

use crate::sem::Sem;

/// What a row means.
pub type Body<S> = fn(&mut S, &Fields);

/// Joins the chapters to one table.
macro_rules! chapters {
    ($($chapter:ident)*) => {
        const COUNT: usize = 0 $(+ $chapter::ROWS.len())*;

        /// All rows, in the order of the chapters.
        static ROWS: [Row; COUNT] = {
            let mut rows = [i::ROWS[0]; COUNT];
            let mut at = 0;
            $(
                let mut n = 0;
                while n < $chapter::ROWS.len() {
                    rows[at] = $chapter::ROWS[n];
                    at += 1;
                    n += 1;
                }
            )*
            assert!(at == COUNT);
            rows
        };

        const fn bodies<S: Sem>() -> [Body<S>; COUNT] {
            let mut bodies = [i::bodies::<S>()[0]; COUNT];
            let mut at = 0;
            $(
                let chapter = $chapter::bodies::<S>();
                let mut n = 0;
                while n < chapter.len() {
                    bodies[at] = chapter[n];
                    at += 1;
                    n += 1;
                }
            )*
            assert!(at == COUNT);
            bodies
        }
    };
}

chapters! { i zifencei zicsr m a f d c zba zbb zbc zbs zicond zfa }

/// The table of meanings for one reader.
struct Bodies<S>(std::marker::PhantomData<S>);

impl<S: Sem> Bodies<S> {
    const TABLE: [Body<S>; COUNT] = bodies::<S>();
}

/// The meaning of a row, for a caller who keeps it beside the decoded instruction.
#[inline]
pub fn body<S: Sem>(row: RowId) -> Body<S> {
    let table: &[Body<S>; COUNT] = &Bodies::<S>::TABLE;
    table[row.index()]
}

/// Does what the instruction means, in terms of `x`.
#[inline]
pub fn execute<S: Sem>(x: &mut S, insn: &Insn) {
    body::<S>(insn.row)(x, &insn.fields);
}

/// All rows of all chapters.
pub fn rows() -> impl ExactSizeIterator<Item = &'static Row> {
    ROWS.iter()
}

/// An instruction of this row: `noise` fills what the pattern leaves free.
pub fn sample(row: &Row, noise: u64) -> u32 {
    row.pattern.sample(noise)
}

/// An integer register, `x0` to `x31`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Reg(u8);

/// A floating-point register, `f0` to `f31`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FReg(u8);

impl Reg {
    /// Always zero.
    pub const ZERO: Reg = Reg(0);
    /// Return address.
    pub const RA: Reg = Reg(1);
    /// Stack pointer.
    pub const SP: Reg = Reg(2);

    /// The register with the low five bits of this number.
    pub const fn new(number: u8) -> Reg {
        Reg(number & 31)
    }
    /// 0 to 31.
    pub const fn number(self) -> u8 {
        self.0
    }
    /// 0 to 31, to index with.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl FReg {
    /// The register with the low five bits of this number.
    pub const fn new(number: u8) -> FReg {
        FReg(number & 31)
    }
    /// 0 to 31.
    pub const fn number(self) -> u8 {
        self.0
    }
    /// 0 to 31, to index with.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// The architectural state of one hart, laid out for compiled code: `f` follows `x`,
/// then the program counter and the floating-point control state.
#[derive(Clone, Debug, Default)]
#[repr(C)]
pub struct Hart {
    /// Integer registers; `x[0]` is always 0.
    pub x: [u64; 32],
    /// Floating-point registers; single-precision values are NaN-boxed.
    pub f: [u64; 32],
    /// Program counter.
    pub pc: u64,
    /// Rounding mode, as the `frm` CSR holds it (0 to 7, 5 to 7 invalid).
    pub frm: u32,
    /// Accrued exception flags, as the `fflags` CSR holds them: NX, UF, OF, DZ, NV from bit 0.
    pub fflags: u32,
    /// Address of the reservation that `lr` made; `u64::MAX` for none.
    pub reserved_address: u64,
    /// The value that `lr` saw there.
    pub reserved_value: u64,
}
