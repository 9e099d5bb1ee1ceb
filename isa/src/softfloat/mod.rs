//! IEEE 754 binary32 and binary64 in integers: the five rounding modes and the five flags, as
//! RISC-V has them (canonical NaNs, tininess detected after rounding, saturating conversions).
//!
//! Operands and results are bits in the low end of a `u64`. It does not use the host's floating
//! point, so it does not depend on the host's modes; `docs/decisions/softfloat.md` says why it is
//! our own.

mod arithmetic;
mod compare;
mod convert;
mod number;

pub use arithmetic::{add, div, fma, mul, neg, sqrt, sub};
pub use compare::{classify, eq, is_nan_bits, le, lt, pick};
pub use convert::{convert, from_int, round_to_integral, to_int, to_int_modular};
pub use number::canonical_nan;

/// Inexact.
pub const NX: u32 = 1;
/// Underflow.
pub const UF: u32 = 2;
/// Overflow.
pub const OF: u32 = 4;
/// Division by zero.
pub const DZ: u32 = 8;
/// Invalid operation.
pub const NV: u32 = 16;

/// A rounding mode that is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rounding {
    /// To nearest, ties to even.
    NearestEven,
    /// Towards zero.
    TowardZero,
    /// Down.
    Down,
    /// Up.
    Up,
    /// To nearest, ties away from zero.
    NearestAway,
}

/// Bits of a result and the flags that it raises.
pub type Result = (u64, u32);
