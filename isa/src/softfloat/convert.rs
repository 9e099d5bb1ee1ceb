//! Conversions between formats, to and from integers, and to integral values.

use super::number::{Finite, Number, infinity, nan, round, shift_round, sign_bit, unpack};
use super::{NV, NX, Result, Rounding};
use crate::sem::{Fmt, IntTy};

/// From one format to another.
pub fn convert(from: Fmt, to: Fmt, rm: Rounding, a: u64) -> Result {
    let x = unpack(from, a);
    match x {
        Number::Nan { .. } => nan(to, &[x]),
        Number::Infinity { negative } => (infinity(to, negative), 0),
        Number::Zero { negative } => (sign_bit(to, negative), 0),
        Number::Finite(n) => round(to, rm, n, false),
    }
}

/// From the low bits of an integer.
pub fn from_int(fmt: Fmt, rm: Rounding, from: IntTy, v: u64) -> Result {
    let low = v & 0xffff_ffff;
    let (negative, magnitude) = match from {
        IntTy::U64 => (false, v),
        IntTy::U32 => (false, low),
        IntTy::I64 => (v >> 63 != 0, v.cast_signed().unsigned_abs()),
        IntTy::I32 if low >> 31 != 0 => (true, (1 << 32) - low),
        IntTy::I32 => (false, low),
    };
    if magnitude == 0 {
        return (0, 0);
    }
    round(
        fmt,
        rm,
        Finite {
            negative,
            exponent: 0,
            significand: magnitude.into(),
        },
        false,
    )
}

/// To an integer, saturating; NaN gives the maximum. 32-bit results are sign-extended.
pub fn to_int(fmt: Fmt, rm: Rounding, to: IntTy, a: u64) -> Result {
    let (least, most): (i128, i128) = match to {
        IntTy::I32 => (i32::MIN.into(), i32::MAX.into()),
        IntTy::U32 => (0, u32::MAX.into()),
        IntTy::I64 => (i64::MIN.into(), i64::MAX.into()),
        IntTy::U64 => (0, u64::MAX.into()),
    };
    let (value, flags) = match unpack(fmt, a) {
        Number::Nan { .. } | Number::Infinity { negative: false } => (most, NV),
        Number::Infinity { .. } => (least, NV),
        Number::Zero { .. } => (0, 0),
        Number::Finite(n) if n.exponent > 20 => (if n.negative { least } else { most }, NV),
        Number::Finite(n) => {
            let (magnitude, inexact) = shift_round(rm, n, -n.exponent, false);
            let magnitude = i128::try_from(magnitude).unwrap_or(i128::MAX);
            let value = if n.negative { -magnitude } else { magnitude };
            if value < least {
                (least, NV)
            } else if value > most {
                (most, NV)
            } else {
                (value, if inexact { NX } else { 0 })
            }
        }
    };
    let bits = value.to_le_bytes();
    let low = u32::from_le_bytes([bits[0], bits[1], bits[2], bits[3]]);
    let high = u32::from_le_bytes([bits[4], bits[5], bits[6], bits[7]]);
    let wide = match to {
        IntTy::I32 | IntTy::U32 => i64::from(low.cast_signed()).cast_unsigned(),
        IntTy::I64 | IntTy::U64 => u64::from(high) << 32 | u64::from(low),
    };
    (wide, flags)
}

/// `fcvtmod.w.d`: towards zero, modulo 2^32, sign-extended; flags as of a conversion to 32 bits.
pub fn to_int_modular(a: u64) -> Result {
    let (_, flags) = to_int(Fmt::D, Rounding::TowardZero, IntTy::I32, a);
    let value = match unpack(Fmt::D, a) {
        Number::Finite(n) if n.exponent < 32 => {
            let (magnitude, _) = shift_round(Rounding::TowardZero, n, -n.exponent, false);
            if n.negative {
                magnitude.wrapping_neg()
            } else {
                magnitude
            }
        }
        _ => 0,
    };
    let [b0, b1, b2, b3, ..] = value.to_le_bytes();
    (
        i64::from(i32::from_le_bytes([b0, b1, b2, b3])).cast_unsigned(),
        flags,
    )
}

/// To an integral value in the same format; `exact`: raises inexact where it rounded.
pub fn round_to_integral(fmt: Fmt, rm: Rounding, exact: bool, a: u64) -> Result {
    let x = unpack(fmt, a);
    match x {
        Number::Nan { .. } => nan(fmt, &[x]),
        Number::Finite(n) if n.exponent < 0 => {
            let (significand, inexact) = shift_round(rm, n, -n.exponent, false);
            let flags = if inexact && exact { NX } else { 0 };
            if significand == 0 {
                return (sign_bit(fmt, n.negative), flags);
            }
            let (bits, _) = round(
                fmt,
                rm,
                Finite {
                    exponent: 0,
                    significand,
                    ..n
                },
                false,
            );
            (bits, flags)
        }
        _ => (a, 0),
    }
}
