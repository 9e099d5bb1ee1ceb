//! Numbers taken apart and put together: every result is rounded here, and nowhere else.
//!
//! A finite number is a sign, a 128-bit significand and an exponent. Operations are exact on
//! those, up to a sticky bit, and [`round`] makes the result. It knows no operation.

use super::{NV, NX, OF, Result, Rounding, UF};
use crate::sem::Fmt;

pub(super) const fn fraction_bits(fmt: Fmt) -> u32 {
    match fmt {
        Fmt::S => 23,
        Fmt::D => 52,
    }
}

pub(super) const fn exponent_mask(fmt: Fmt) -> u64 {
    match fmt {
        Fmt::S => 0xff,
        Fmt::D => 0x7ff,
    }
}

const fn bias(fmt: Fmt) -> i32 {
    match fmt {
        Fmt::S => 127,
        Fmt::D => 1023,
    }
}

const fn sign_shift(fmt: Fmt) -> u32 {
    match fmt {
        Fmt::S => 31,
        Fmt::D => 63,
    }
}

/// The canonical NaN.
pub const fn canonical_nan(fmt: Fmt) -> u64 {
    match fmt {
        Fmt::S => 0x7fc0_0000,
        Fmt::D => 0x7ff8_0000_0000_0000,
    }
}

pub(super) const fn infinity(fmt: Fmt, negative: bool) -> u64 {
    sign_bit(fmt, negative) | exponent_mask(fmt) << fraction_bits(fmt)
}

pub(super) const fn sign_bit(fmt: Fmt, negative: bool) -> u64 {
    (negative as u64) << sign_shift(fmt)
}

/// A finite number other than zero: `significand * 2^exponent`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Finite {
    pub(super) negative: bool,
    pub(super) exponent: i32,
    pub(super) significand: u128,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    Nan { signalling: bool },
    Infinity { negative: bool },
    Zero { negative: bool },
    Finite(Finite),
}

pub(super) fn unpack(fmt: Fmt, bits: u64) -> Number {
    let width = fraction_bits(fmt);
    let negative = bits >> sign_shift(fmt) & 1 != 0;
    let fraction = bits & ((1 << width) - 1);
    let field = bits >> width & exponent_mask(fmt);
    if field == exponent_mask(fmt) {
        return match fraction {
            0 => Number::Infinity { negative },
            _ => Number::Nan {
                signalling: fraction >> (width - 1) & 1 == 0,
            },
        };
    }
    if field == 0 && fraction == 0 {
        return Number::Zero { negative };
    }
    let hidden = if field == 0 { 0 } else { 1 << width };
    let scale = i32::try_from(field.max(1)).unwrap_or(0);
    let exponent = scale - bias(fmt) - width.cast_signed();
    let significand = u128::from(fraction | hidden);
    // The leading bit at 52, whatever the format and even for a subnormal.
    let shift = significand.leading_zeros() - (127 - 52);
    let exponent = exponent - shift.cast_signed();
    Number::Finite(Finite {
        negative,
        exponent,
        significand: significand << shift,
    })
}

pub(super) fn signalling(n: Number) -> bool {
    matches!(n, Number::Nan { signalling: true })
}

pub(super) fn is_nan(n: Number) -> bool {
    matches!(n, Number::Nan { .. })
}

/// The canonical NaN, invalid where one of the operands is signalling.
pub(super) fn nan(fmt: Fmt, operands: &[Number]) -> Result {
    let invalid = operands.iter().any(|&n| signalling(n));
    (canonical_nan(fmt), if invalid { NV } else { 0 })
}

pub(super) fn invalid(fmt: Fmt) -> Result {
    (canonical_nan(fmt), NV)
}

/// What is cut off: below, at or above one half of the last place kept, or nothing.
fn rounds_up(
    rm: Rounding,
    negative: bool,
    odd: bool,
    rest: u128,
    half: u128,
    sticky: bool,
) -> bool {
    let exact = rest == 0 && !sticky;
    let above = rest > half || rest == half && sticky;
    let tie = rest == half && !sticky && half != 0;
    match rm {
        Rounding::NearestEven => above || tie && odd,
        Rounding::NearestAway => above || tie,
        Rounding::TowardZero => false,
        Rounding::Down => negative && !exact,
        Rounding::Up => !negative && !exact,
    }
}

/// `significand >> shift`, rounded, and whether something was cut off. A negative shift is exact.
pub(super) fn shift_round(rm: Rounding, n: Finite, shift: i32, sticky: bool) -> (u128, bool) {
    let Ok(shift) = u32::try_from(shift) else {
        return (n.significand << shift.unsigned_abs(), sticky);
    };
    if shift == 0 {
        let up = rounds_up(rm, n.negative, n.significand & 1 != 0, 0, 1, sticky);
        return (n.significand + u128::from(up), sticky);
    }
    if shift > 127 {
        let up = rounds_up(rm, n.negative, false, 0, 1, true);
        return (up.into(), true);
    }
    let kept = n.significand >> shift;
    let rest = n.significand & ((1 << shift) - 1);
    let up = rounds_up(
        rm,
        n.negative,
        kept & 1 != 0,
        rest,
        1 << (shift - 1),
        sticky,
    );
    (kept + u128::from(up), rest != 0 || sticky)
}

/// The number nearest to `n` (plus something below its last bit where `sticky`) in a format. With
/// `sticky` the significand has at least two bits more than the format.
pub(super) fn round(fmt: Fmt, rm: Rounding, n: Finite, sticky: bool) -> Result {
    let width = fraction_bits(fmt).cast_signed();
    let lowest = 1 - bias(fmt);
    let leading = 127 - n.significand.leading_zeros().cast_signed();
    let magnitude = n.exponent + leading;
    let quantum = magnitude.max(lowest) - width;
    let (kept, inexact) = shift_round(rm, n, quantum - n.exponent, sticky);
    let mut flags = if inexact { NX } else { 0 };
    if magnitude < lowest && inexact && is_tiny(rm, n, magnitude, lowest, width, sticky) {
        flags |= UF;
    }
    let sign = sign_bit(fmt, n.negative);
    // A carry into the next binade goes into the exponent field by itself.
    let field = u64::try_from(quantum - (lowest - width)).unwrap_or(0);
    let kept = u64::try_from(kept).unwrap_or(u64::MAX);
    let packed = (field << fraction_bits(fmt)).wrapping_add(kept);
    if packed >= infinity(fmt, false) || field >= exponent_mask(fmt) {
        return (sign | overflow(fmt, rm, n.negative), OF | NX);
    }
    (sign | packed, flags)
}

/// Tininess after rounding: with an unbounded exponent the result would still be below the
/// smallest normal number.
fn is_tiny(rm: Rounding, n: Finite, magnitude: i32, lowest: i32, width: i32, sticky: bool) -> bool {
    if magnitude != lowest - 1 {
        return true;
    }
    let (kept, _) = shift_round(rm, n, magnitude - width - n.exponent, sticky);
    kept >> (width + 1) == 0
}

fn overflow(fmt: Fmt, rm: Rounding, negative: bool) -> u64 {
    let to_infinity = match rm {
        Rounding::NearestEven | Rounding::NearestAway => true,
        Rounding::TowardZero => false,
        Rounding::Down => negative,
        Rounding::Up => !negative,
    };
    infinity(fmt, false) - u64::from(!to_infinity)
}

/// Zero as the sum of two numbers that cancel.
pub(super) fn cancelled(fmt: Fmt, rm: Rounding) -> u64 {
    sign_bit(fmt, rm == Rounding::Down)
}
