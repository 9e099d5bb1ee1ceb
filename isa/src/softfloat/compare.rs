//! Comparisons, minimum and maximum, and classes. Nothing here rounds.

use std::cmp::Ordering;

use super::number::{
    Number, canonical_nan, exponent_mask, fraction_bits, is_nan, sign_bit, signalling, unpack,
};
use super::{NV, Result};
use crate::sem::Fmt;

/// Orders two numbers that are no NaNs; zeros are equal.
fn order(fmt: Fmt, a: u64, b: u64) -> Ordering {
    let key = |bits: u64| {
        let magnitude = (bits & (sign_bit(fmt, true) - 1)).cast_signed();
        if bits & sign_bit(fmt, true) != 0 {
            -magnitude
        } else {
            magnitude
        }
    };
    key(a).cmp(&key(b))
}

/// `a == b`
pub fn eq(fmt: Fmt, a: u64, b: u64) -> (bool, u32) {
    compare(fmt, true, a, b, Ordering::is_eq)
}

/// `a < b`
pub fn lt(fmt: Fmt, quiet: bool, a: u64, b: u64) -> (bool, u32) {
    compare(fmt, quiet, a, b, Ordering::is_lt)
}

/// `a <= b`
pub fn le(fmt: Fmt, quiet: bool, a: u64, b: u64) -> (bool, u32) {
    compare(fmt, quiet, a, b, Ordering::is_le)
}

fn compare(fmt: Fmt, quiet: bool, a: u64, b: u64, holds: fn(Ordering) -> bool) -> (bool, u32) {
    let (x, y) = (unpack(fmt, a), unpack(fmt, b));
    if is_nan(x) || is_nan(y) {
        let invalid = !quiet || signalling(x) || signalling(y);
        return (false, if invalid { NV } else { 0 });
    }
    (holds(order(fmt, a, b)), 0)
}

/// minimumNumber or maximumNumber of IEEE 754-2019, with -0 < +0.
pub fn pick(fmt: Fmt, greatest: bool, a: u64, b: u64) -> Result {
    let (x, y) = (unpack(fmt, a), unpack(fmt, b));
    let flags = if signalling(x) || signalling(y) {
        NV
    } else {
        0
    };
    let value = match (is_nan(x), is_nan(y)) {
        (true, true) => canonical_nan(fmt),
        (true, false) => b,
        (false, true) => a,
        _ => {
            let zero_below = a & sign_bit(fmt, true) != 0;
            let below = order(fmt, a, b).then(if zero_below {
                Ordering::Less
            } else {
                Ordering::Greater
            });
            if below.is_lt() != greatest { a } else { b }
        }
    };
    (value, flags)
}

/// The value is a NaN.
pub fn is_nan_bits(fmt: Fmt, a: u64) -> bool {
    is_nan(unpack(fmt, a))
}

/// The mask of `fclass`.
pub fn classify(fmt: Fmt, a: u64) -> u64 {
    let subnormal = a >> fraction_bits(fmt) & exponent_mask(fmt) == 0;
    let bit = match unpack(fmt, a) {
        Number::Infinity { negative: true } => 0,
        Number::Finite(n) if n.negative => 1 + u64::from(subnormal),
        Number::Zero { negative: true } => 3,
        Number::Zero { .. } => 4,
        Number::Finite(_) => 6 - u64::from(subnormal),
        Number::Infinity { .. } => 7,
        Number::Nan { signalling: true } => 8,
        Number::Nan { .. } => 9,
    };
    1 << bit
}
