//! What an instruction may do, as a trait that each reader of the tables implements.
//!
//! The interpreter computes with it, the lifter emits LLVM IR with it, the effect analysis
//! notes which registers a row touches. It does not know any encoding.

use crate::riscv::{FReg, Reg};

/// How many bytes a memory access or an integer operation covers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Width {
    /// One byte.
    B,
    /// Two bytes.
    H,
    /// Four bytes.
    W,
    /// Eight bytes.
    D,
}

impl Width {
    /// Size in bytes.
    pub const fn bytes(self) -> u32 {
        match self {
            Width::B => 1,
            Width::H => 2,
            Width::W => 4,
            Width::D => 8,
        }
    }
    /// Size in bits.
    pub const fn bits(self) -> u32 {
        self.bytes() * 8
    }
}

/// A floating-point format.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Fmt {
    /// IEEE 754 binary32.
    S,
    /// IEEE 754 binary64.
    D,
}

/// An integer type that a floating-point value is converted to or from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum IntTy {
    /// Signed, 32 bits.
    I32,
    /// Unsigned, 32 bits.
    U32,
    /// Signed, 64 bits.
    I64,
    /// Unsigned, 64 bits.
    U64,
}

/// Rounding mode, as the `rm` field encodes it (RISC-V unprivileged, table "Rounding mode encoding").
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[repr(u8)]
pub enum Rm {
    /// Round to nearest, ties to even.
    Rne = 0,
    /// Round towards zero.
    Rtz = 1,
    /// Round down, towards minus infinity.
    Rdn = 2,
    /// Round up, towards plus infinity.
    Rup = 3,
    /// Round to nearest, ties to maximum magnitude.
    Rmm = 4,
    /// Take the mode from `frm`.
    Dyn = 7,
}

impl Rm {
    /// The mode with this encoding; 5 and 6 are reserved.
    pub const fn from_bits(bits: u32) -> Option<Rm> {
        match bits {
            0 => Some(Rm::Rne),
            1 => Some(Rm::Rtz),
            2 => Some(Rm::Rdn),
            3 => Some(Rm::Rup),
            4 => Some(Rm::Rmm),
            7 => Some(Rm::Dyn),
            _ => None,
        }
    }
}

/// What an atomic memory operation does with the old value and the operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[expect(missing_docs, reason = "each is the manual's mnemonic")]
pub enum AmoOp {
    Swap,
    Add,
    Xor,
    And,
    Or,
    Min,
    Max,
    Minu,
    Maxu,
}

/// The `aq` and `rl` bits of an atomic instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Ordering {
    /// Later accesses stay after this one.
    pub acquire: bool,
    /// Earlier accesses stay before this one.
    pub release: bool,
}

/// How a CSR instruction combines the old value and its source.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum CsrOp {
    /// Replace.
    Write,
    /// Set the source's bits.
    Set,
    /// Clear the source's bits.
    Clear,
}

/// What an instruction may do. Bodies branch on *fields* (known when lifting)
/// with `if`, and on *values* (known only when running) with [`Sem::select`].
///
/// Each body makes at most one memory access, makes it before it writes any register,
/// and ends with at most one control transfer.
pub trait Sem {
    /// A 64-bit guest value: `u64` when interpreting, an SSA value when lifting.
    type Val: Copy;
    /// A truth value.
    type Cond: Copy;
    /// A floating-point value of the format that it was made with.
    type Flt: Copy;

    // --- integer registers and constants ---

    /// An integer register; `x0` reads as zero.
    fn read(&mut self, r: Reg) -> Self::Val;
    /// Writes an integer register; a write to `x0` is dropped.
    fn write(&mut self, r: Reg, v: Self::Val);
    /// A constant.
    fn imm(&mut self, v: i64) -> Self::Val;
    /// The address of this instruction plus `offset` bytes.
    fn pc(&mut self, offset: i64) -> Self::Val;

    // --- integer arithmetic on 64 bits, wrapping ---

    /// `a + b`
    fn add(&mut self, a: Self::Val, b: Self::Val) -> Self::Val;
    /// `a - b`
    fn sub(&mut self, a: Self::Val, b: Self::Val) -> Self::Val;
    /// Low half of `a * b`
    fn mul(&mut self, a: Self::Val, b: Self::Val) -> Self::Val;
    /// High half of the 128-bit product, both signed.
    fn mulh(&mut self, a: Self::Val, b: Self::Val) -> Self::Val;
    /// High half of the 128-bit product, both unsigned.
    fn mulhu(&mut self, a: Self::Val, b: Self::Val) -> Self::Val;
    /// High half of the 128-bit product, `a` signed, `b` unsigned.
    fn mulhsu(&mut self, a: Self::Val, b: Self::Val) -> Self::Val;
    /// Signed division of the low `w` bits (W or D), result sign-extended.
    /// The caller has excluded `b == 0` and overflow.
    fn sdiv(&mut self, w: Width, a: Self::Val, b: Self::Val) -> Self::Val;
    /// Unsigned division of the low `w` bits, result sign-extended from `w`.
    /// The caller has excluded `b == 0`.
    fn udiv(&mut self, w: Width, a: Self::Val, b: Self::Val) -> Self::Val;
    /// Remainder of [`Sem::sdiv`], with the same exclusions.
    fn srem(&mut self, w: Width, a: Self::Val, b: Self::Val) -> Self::Val;
    /// Remainder of [`Sem::udiv`], with the same exclusion.
    fn urem(&mut self, w: Width, a: Self::Val, b: Self::Val) -> Self::Val;
    /// Bitwise and.
    fn and(&mut self, a: Self::Val, b: Self::Val) -> Self::Val;
    /// Bitwise or.
    fn or(&mut self, a: Self::Val, b: Self::Val) -> Self::Val;
    /// Bitwise exclusive or.
    fn xor(&mut self, a: Self::Val, b: Self::Val) -> Self::Val;
    /// Shift left of the low `w` bits by the low log2(`w`) bits of `n`; sign-extended from `w`.
    fn shl(&mut self, w: Width, a: Self::Val, n: Self::Val) -> Self::Val;
    /// Logical shift right of the low `w` bits; sign-extended from `w`.
    fn shr(&mut self, w: Width, a: Self::Val, n: Self::Val) -> Self::Val;
    /// Arithmetic shift right of the low `w` bits; sign-extended from `w`.
    fn sar(&mut self, w: Width, a: Self::Val, n: Self::Val) -> Self::Val;
    /// Sign-extends the low `w` bits.
    fn sext(&mut self, w: Width, a: Self::Val) -> Self::Val;
    /// Zero-extends the low `w` bits.
    fn zext(&mut self, w: Width, a: Self::Val) -> Self::Val;
    /// Leading zeros of the low `w` bits; `w` in bits for zero.
    fn clz(&mut self, w: Width, a: Self::Val) -> Self::Val;
    /// Trailing zeros of the low `w` bits; `w` in bits for zero.
    fn ctz(&mut self, w: Width, a: Self::Val) -> Self::Val;
    /// Number of ones in the low `w` bits.
    fn cpop(&mut self, w: Width, a: Self::Val) -> Self::Val;
    /// Reverses the eight bytes.
    fn bswap(&mut self, a: Self::Val) -> Self::Val;
    /// Each byte becomes 0xff where any of its bits is set.
    fn orc_b(&mut self, a: Self::Val) -> Self::Val;
    /// Low half of the carry-less product.
    fn clmul(&mut self, a: Self::Val, b: Self::Val) -> Self::Val;
    /// High half of the carry-less product.
    fn clmulh(&mut self, a: Self::Val, b: Self::Val) -> Self::Val;

    // --- comparisons ---

    /// `a == b`
    fn eq(&mut self, a: Self::Val, b: Self::Val) -> Self::Cond;
    /// `a < b`, signed.
    fn slt(&mut self, a: Self::Val, b: Self::Val) -> Self::Cond;
    /// `a < b`, unsigned.
    fn ult(&mut self, a: Self::Val, b: Self::Val) -> Self::Cond;
    /// Negation.
    fn not(&mut self, c: Self::Cond) -> Self::Cond;
    /// Both.
    fn both(&mut self, a: Self::Cond, b: Self::Cond) -> Self::Cond;
    /// Either.
    fn either(&mut self, a: Self::Cond, b: Self::Cond) -> Self::Cond;
    /// 1 or 0.
    fn truth(&mut self, c: Self::Cond) -> Self::Val;
    /// `c ? a : b`
    fn select(&mut self, c: Self::Cond, a: Self::Val, b: Self::Val) -> Self::Val;

    // --- memory ---

    /// Loads `w` bytes, sign-extended or zero-extended.
    fn load(&mut self, w: Width, signed: bool, address: Self::Val) -> Self::Val;
    /// Stores the low `w` bytes.
    fn store(&mut self, w: Width, address: Self::Val, v: Self::Val);
    /// Load-reserved (W or D), sign-extended.
    fn load_reserved(&mut self, w: Width, o: Ordering, address: Self::Val) -> Self::Val;
    /// Store-conditional: 0 where it stored, 1 where it failed.
    fn store_conditional(
        &mut self,
        w: Width,
        o: Ordering,
        address: Self::Val,
        v: Self::Val,
    ) -> Self::Val;
    /// Atomic read-modify-write (W or D): the old value, sign-extended.
    fn amo(
        &mut self,
        op: AmoOp,
        w: Width,
        o: Ordering,
        address: Self::Val,
        v: Self::Val,
    ) -> Self::Val;
    /// Orders memory accesses. `pred` and `succ` are the fields of `fence` (bits i, o, r, w).
    fn fence(&mut self, pred: u32, succ: u32);
    /// Makes stores to instruction memory visible to fetches.
    fn fence_i(&mut self);

    // --- control, always last in a body ---

    /// Goes to `pc + offset` where `c` holds.
    fn branch(&mut self, c: Self::Cond, offset: i64);
    /// Writes the return address to `link` and goes to `pc + offset`.
    fn jump(&mut self, link: Reg, offset: i64);
    /// Writes the return address to `link` and goes to `target`, whose bit 0 is already clear.
    /// `base` is the register that the target was computed from.
    fn jump_indirect(&mut self, link: Reg, base: Reg, target: Self::Val);
    /// Environment call.
    fn ecall(&mut self);
    /// Breakpoint.
    fn ebreak(&mut self);
    /// Raises an illegal-instruction exception.
    fn illegal(&mut self);
    /// CSR access: writes the old value to `rd`. `source` is `None` where the instruction only
    /// reads (`csrrs` and `csrrc` with `x0`, `csrrsi` and `csrrci` with 0).
    fn csr(&mut self, op: CsrOp, csr: u32, rd: Reg, source: Option<Self::Val>);

    // --- floating point ---
    //
    // Operations that round take a mode; results are as RISC-V defines them (canonical NaN),
    // and raise flags in `fflags`.

    /// A register as a value of `fmt`: one that is not NaN-boxed reads as the canonical NaN.
    fn fread(&mut self, fmt: Fmt, r: FReg) -> Self::Flt;
    /// Writes a value of `fmt`, NaN-boxed.
    fn fwrite(&mut self, fmt: Fmt, r: FReg, v: Self::Flt);
    /// The register's 64 bits, as `fsd` stores them.
    fn fread_raw(&mut self, r: FReg) -> Self::Val;
    /// The bits of a value, zero-extended.
    fn fbits(&mut self, fmt: Fmt, v: Self::Flt) -> Self::Val;
    /// The value with these (low) bits, unchanged even for a NaN.
    fn ffrom_bits(&mut self, fmt: Fmt, v: Self::Val) -> Self::Flt;
    /// `a + b`
    fn fadd(&mut self, fmt: Fmt, rm: Rm, a: Self::Flt, b: Self::Flt) -> Self::Flt;
    /// `a - b`
    fn fsub(&mut self, fmt: Fmt, rm: Rm, a: Self::Flt, b: Self::Flt) -> Self::Flt;
    /// `a * b`
    fn fmul(&mut self, fmt: Fmt, rm: Rm, a: Self::Flt, b: Self::Flt) -> Self::Flt;
    /// `a / b`
    fn fdiv(&mut self, fmt: Fmt, rm: Rm, a: Self::Flt, b: Self::Flt) -> Self::Flt;
    /// Square root.
    fn fsqrt(&mut self, fmt: Fmt, rm: Rm, a: Self::Flt) -> Self::Flt;
    /// `a * b + c`, rounded once.
    fn fma(&mut self, fmt: Fmt, rm: Rm, a: Self::Flt, b: Self::Flt, c: Self::Flt) -> Self::Flt;
    /// Flips the sign bit; raises no flag. For operands of [`Sem::fma`] only: where the operand
    /// is a NaN the sign of what comes back is not specified.
    fn fneg(&mut self, fmt: Fmt, a: Self::Flt) -> Self::Flt;
    /// IEEE 754-2019 minimumNumber, with -0 < +0.
    fn fmin(&mut self, fmt: Fmt, a: Self::Flt, b: Self::Flt) -> Self::Flt;
    /// IEEE 754-2019 maximumNumber, with -0 < +0.
    fn fmax(&mut self, fmt: Fmt, a: Self::Flt, b: Self::Flt) -> Self::Flt;
    /// `a == b`; invalid only for a signalling NaN.
    fn feq(&mut self, fmt: Fmt, a: Self::Flt, b: Self::Flt) -> Self::Cond;
    /// `a < b`; `quiet`: invalid only for a signalling NaN, otherwise for any NaN.
    fn flt(&mut self, fmt: Fmt, quiet: bool, a: Self::Flt, b: Self::Flt) -> Self::Cond;
    /// `a <= b`; `quiet` as in [`Sem::flt`].
    fn fle(&mut self, fmt: Fmt, quiet: bool, a: Self::Flt, b: Self::Flt) -> Self::Cond;
    /// True for any NaN; raises no flag.
    fn fis_nan(&mut self, fmt: Fmt, a: Self::Flt) -> Self::Cond;
    /// `c ? a : b`, both of `fmt`.
    fn fselect(&mut self, fmt: Fmt, c: Self::Cond, a: Self::Flt, b: Self::Flt) -> Self::Flt;
    /// The mask of `fclass`.
    fn fclass(&mut self, fmt: Fmt, a: Self::Flt) -> Self::Val;
    /// To an integer, saturating; NaN gives the maximum. 32-bit results are sign-extended.
    fn fto_int(&mut self, fmt: Fmt, rm: Rm, to: IntTy, a: Self::Flt) -> Self::Val;
    /// From the low bits of an integer.
    fn ffrom_int(&mut self, fmt: Fmt, rm: Rm, from: IntTy, v: Self::Val) -> Self::Flt;
    /// From the other format to `to`.
    fn fconvert(&mut self, to: Fmt, rm: Rm, a: Self::Flt) -> Self::Flt;
    /// To an integral value in the same format; `exact`: raises inexact where it rounded (Zfa).
    fn fround(&mut self, fmt: Fmt, rm: Rm, exact: bool, a: Self::Flt) -> Self::Flt;
    /// `fcvtmod.w.d`: towards zero, modulo 2^32, sign-extended (Zfa).
    fn fto_int_modular(&mut self, a: Self::Flt) -> Self::Val;
}
