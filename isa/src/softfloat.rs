//! IEEE 754 binary32 and binary64 in integers: the five rounding modes and the five flags, as
//! RISC-V has them (canonical NaNs, tininess detected after rounding, saturating conversions).
//!
//! A finite number is unpacked to a sign, a 128-bit significand and an exponent; operations are
//! exact on those, up to a sticky bit, and [`round`] makes the result. It does not use the host's
//! floating point, so it does not depend on the host's modes.

use crate::sem::{Fmt, IntTy};

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

const fn fraction_bits(fmt: Fmt) -> u32 {
    match fmt {
        Fmt::S => 23,
        Fmt::D => 52,
    }
}

const fn exponent_mask(fmt: Fmt) -> u64 {
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

const fn infinity(fmt: Fmt, negative: bool) -> u64 {
    sign_bit(fmt, negative) | exponent_mask(fmt) << fraction_bits(fmt)
}

const fn sign_bit(fmt: Fmt, negative: bool) -> u64 {
    (negative as u64) << sign_shift(fmt)
}

/// A finite number other than zero: `significand * 2^exponent`.
#[derive(Clone, Copy, Debug)]
struct Finite {
    negative: bool,
    exponent: i32,
    significand: u128,
}

#[derive(Clone, Copy, Debug)]
enum Number {
    Nan { signalling: bool },
    Infinity { negative: bool },
    Zero { negative: bool },
    Finite(Finite),
}

fn unpack(fmt: Fmt, bits: u64) -> Number {
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

fn signalling(n: Number) -> bool {
    matches!(n, Number::Nan { signalling: true })
}

fn is_nan(n: Number) -> bool {
    matches!(n, Number::Nan { .. })
}

/// The canonical NaN, invalid where one of the operands is signalling.
fn nan(fmt: Fmt, operands: &[Number]) -> Result {
    let invalid = operands.iter().any(|&n| signalling(n));
    (canonical_nan(fmt), if invalid { NV } else { 0 })
}

fn invalid(fmt: Fmt) -> Result {
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
fn shift_round(rm: Rounding, n: Finite, shift: i32, sticky: bool) -> (u128, bool) {
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
fn round(fmt: Fmt, rm: Rounding, n: Finite, sticky: bool) -> Result {
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
fn cancelled(fmt: Fmt, rm: Rounding) -> u64 {
    sign_bit(fmt, rm == Rounding::Down)
}

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
    let significand = if big.negative == small.negative {
        high + low
    } else if high >= low {
        high - low - u128::from(sticky)
    } else {
        return round(
            fmt,
            rm,
            Finite {
                negative: small.negative,
                exponent: raised,
                significand: low - high,
            },
            sticky,
        );
    };
    if significand == 0 && !sticky {
        return (cancelled(fmt, rm), 0);
    }
    round(
        fmt,
        rm,
        Finite {
            negative: big.negative,
            exponent: raised,
            significand,
        },
        sticky,
    )
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
            round(
                fmt,
                rm,
                Finite {
                    negative,
                    exponent,
                    significand,
                },
                sticky,
            )
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
            round(
                fmt,
                rm,
                Finite {
                    negative: false,
                    exponent,
                    significand,
                },
                sticky,
            )
        }
    }
}

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

/// Orders two numbers that are no NaNs; zeros are equal.
fn order(fmt: Fmt, a: u64, b: u64) -> std::cmp::Ordering {
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
    compare(fmt, true, a, b, std::cmp::Ordering::is_eq)
}

/// `a < b`
pub fn lt(fmt: Fmt, quiet: bool, a: u64, b: u64) -> (bool, u32) {
    compare(fmt, quiet, a, b, std::cmp::Ordering::is_lt)
}

/// `a <= b`
pub fn le(fmt: Fmt, quiet: bool, a: u64, b: u64) -> (bool, u32) {
    compare(fmt, quiet, a, b, std::cmp::Ordering::is_le)
}

fn compare(
    fmt: Fmt,
    quiet: bool,
    a: u64,
    b: u64,
    holds: fn(std::cmp::Ordering) -> bool,
) -> (bool, u32) {
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
                std::cmp::Ordering::Less
            } else {
                std::cmp::Ordering::Greater
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
