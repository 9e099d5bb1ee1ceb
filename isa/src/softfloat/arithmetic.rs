//! Arithmetic: exact on significands, then rounded once.

use super::number::{
    Finite, Number, cancelled, infinity, invalid, is_nan, nan, round, sign_bit, unpack,
};
use super::{DZ, Result, Rounding};
use crate::sem::Fmt;

/// `a + b` of finite numbers; the significand of each has its leading bit at 52, or at 104 or 105
/// for a product.
fn sum(fmt: Fmt, rm: Rounding, a: Finite, b: Finite) -> Result {
    let top = |n: Finite| n.exponent + 128 - n.significand.leading_zeros().cast_signed();
    let (big, small) = if top(a) >= top(b) { (a, b) } else { (b, a) };
    // Two bits stay free, for the carry and so that no shift overflows.
    let room = big.significand.leading_zeros().cast_signed() - 2;
    let raised = big.exponent - room.min((big.exponent - small.exponent).max(0));
    let high = big.significand << (big.exponent - raised).unsigned_abs();
    let down = raised - small.exponent;
    let (low, sticky) = match u32::try_from(down) {
        Ok(down) if down > 127 => (0, true),
        Ok(down) => (
            small.significand >> down,
            small.significand & ((1 << down) - 1) != 0,
        ),
        Err(_) => (small.significand << down.unsigned_abs(), false),
    };
    let (negative, significand) = if big.negative == small.negative {
        (big.negative, high + low)
    } else if high >= low {
        // What was cut off of `low` makes the difference smaller, so it counts from below.
        (big.negative, high - low - u128::from(sticky))
    } else {
        (small.negative, low - high)
    };
    if significand == 0 {
        return (cancelled(fmt, rm), 0);
    }
    let exact = Finite {
        negative,
        exponent: raised,
        significand,
    };
    round(fmt, rm, exact, sticky)
}

/// `a + b`
pub fn add(fmt: Fmt, rm: Rounding, a: u64, b: u64) -> Result {
    let (x, y) = (unpack(fmt, a), unpack(fmt, b));
    match (x, y) {
        (Number::Nan { .. }, _) | (_, Number::Nan { .. }) => nan(fmt, &[x, y]),
        (Number::Infinity { negative: p }, Number::Infinity { negative: q }) if p != q => {
            invalid(fmt)
        }
        (Number::Infinity { .. }, _) => (a, 0),
        (_, Number::Infinity { .. }) => (b, 0),
        (Number::Zero { negative: p }, Number::Zero { negative: q }) => {
            (if p == q { a } else { cancelled(fmt, rm) }, 0)
        }
        (Number::Zero { .. }, _) => (b, 0),
        (_, Number::Zero { .. }) => (a, 0),
        (Number::Finite(x), Number::Finite(y)) => sum(fmt, rm, x, y),
    }
}

/// `a - b`
pub fn sub(fmt: Fmt, rm: Rounding, a: u64, b: u64) -> Result {
    add(fmt, rm, a, neg(fmt, b))
}

/// The other sign.
pub const fn neg(fmt: Fmt, a: u64) -> u64 {
    a ^ sign_bit(fmt, true)
}

fn product(a: Finite, b: Finite) -> Finite {
    Finite {
        negative: a.negative != b.negative,
        exponent: a.exponent + b.exponent,
        significand: a.significand * b.significand,
    }
}

fn sign_of(n: Number) -> bool {
    match n {
        Number::Nan { .. } => false,
        Number::Infinity { negative } | Number::Zero { negative } => negative,
        Number::Finite(n) => n.negative,
    }
}

/// `a * b`
pub fn mul(fmt: Fmt, rm: Rounding, a: u64, b: u64) -> Result {
    let (x, y) = (unpack(fmt, a), unpack(fmt, b));
    let negative = sign_of(x) != sign_of(y);
    match (x, y) {
        (Number::Nan { .. }, _) | (_, Number::Nan { .. }) => nan(fmt, &[x, y]),
        (Number::Infinity { .. }, Number::Zero { .. })
        | (Number::Zero { .. }, Number::Infinity { .. }) => invalid(fmt),
        (Number::Infinity { .. }, _) | (_, Number::Infinity { .. }) => (infinity(fmt, negative), 0),
        (Number::Zero { .. }, _) | (_, Number::Zero { .. }) => (sign_bit(fmt, negative), 0),
        (Number::Finite(x), Number::Finite(y)) => round(fmt, rm, product(x, y), false),
    }
}

/// `a * b + c`, rounded once.
pub fn fma(fmt: Fmt, rm: Rounding, a: u64, b: u64, c: u64) -> Result {
    let (x, y, z) = (unpack(fmt, a), unpack(fmt, b), unpack(fmt, c));
    let negative = sign_of(x) != sign_of(y);
    match (x, y) {
        // Invalid even where c is a quiet NaN, as the manual asks.
        (Number::Infinity { .. }, Number::Zero { .. })
        | (Number::Zero { .. }, Number::Infinity { .. }) => {
            return invalid(fmt);
        }
        _ if is_nan(x) || is_nan(y) || is_nan(z) => return nan(fmt, &[x, y, z]),
        (Number::Infinity { .. }, _) | (_, Number::Infinity { .. }) => {
            return match z {
                Number::Infinity { negative: other } if other != negative => invalid(fmt),
                _ => (infinity(fmt, negative), 0),
            };
        }
        _ => {}
    }
    match (x, y, z) {
        (_, _, Number::Infinity { .. }) => (c, 0),
        (Number::Finite(x), Number::Finite(y), Number::Finite(z)) => sum(fmt, rm, product(x, y), z),
        (Number::Finite(x), Number::Finite(y), _) => round(fmt, rm, product(x, y), false),
        // The product is a zero.
        (_, _, Number::Zero { negative: other }) if other != negative => (cancelled(fmt, rm), 0),
        _ => (c, 0),
    }
}

/// `a / b`
pub fn div(fmt: Fmt, rm: Rounding, a: u64, b: u64) -> Result {
    let (x, y) = (unpack(fmt, a), unpack(fmt, b));
    let negative = sign_of(x) != sign_of(y);
    match (x, y) {
        (Number::Nan { .. }, _) | (_, Number::Nan { .. }) => nan(fmt, &[x, y]),
        (Number::Infinity { .. }, Number::Infinity { .. })
        | (Number::Zero { .. }, Number::Zero { .. }) => invalid(fmt),
        (Number::Infinity { .. }, _) => (infinity(fmt, negative), 0),
        (_, Number::Zero { .. }) => (infinity(fmt, negative), DZ),
        (Number::Zero { .. }, _) | (_, Number::Infinity { .. }) => (sign_bit(fmt, negative), 0),
        (Number::Finite(x), Number::Finite(y)) => {
            let dividend = x.significand << 72;
            let significand = dividend / y.significand;
            let sticky = dividend % y.significand != 0;
            let exponent = x.exponent - y.exponent - 72;
            let quotient = Finite {
                negative,
                exponent,
                significand,
            };
            round(fmt, rm, quotient, sticky)
        }
    }
}

/// Square root.
pub fn sqrt(fmt: Fmt, rm: Rounding, a: u64) -> Result {
    let x = unpack(fmt, a);
    match x {
        Number::Nan { .. } => nan(fmt, &[x]),
        Number::Zero { .. } | Number::Infinity { negative: false } => (a, 0),
        Number::Infinity { .. } | Number::Finite(Finite { negative: true, .. }) => invalid(fmt),
        Number::Finite(n) => {
            // An even exponent, and more than twice the bits of the result.
            let shift = 72 + (n.exponent & 1);
            let radicand = n.significand << shift.unsigned_abs();
            let significand = radicand.isqrt();
            let sticky = significand * significand != radicand;
            let exponent = (n.exponent - shift) / 2;
            let root = Finite {
                negative: false,
                exponent,
                significand,
            };
            round(fmt, rm, root, sticky)
        }
    }
}
