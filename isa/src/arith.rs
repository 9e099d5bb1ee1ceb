//! Integer operations of [`crate::Sem`] on plain numbers, for the readers that compute.

use crate::sem::Width;

/// The same bits, signed.
#[inline]
pub const fn signed(a: u64) -> i64 {
    a.cast_signed()
}

/// The same bits, unsigned.
#[inline]
pub const fn unsigned(a: i64) -> u64 {
    a.cast_unsigned()
}

/// The low half of a 128-bit number.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the low half is what is asked for"
)]
pub const fn low_half(a: u128) -> u64 {
    a as u64
}

/// The high half of a 128-bit number.
#[inline]
pub const fn high_half(a: u128) -> u64 {
    low_half(a >> 64)
}

/// The low 32 bits.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the low word is what is asked for"
)]
pub const fn low_word(a: u64) -> u32 {
    a as u32
}

/// Sign-extends the low `w` bits.
#[inline]
pub const fn sext(w: Width, a: u64) -> u64 {
    let unused = 64 - w.bits();
    unsigned(signed(a << unused) >> unused)
}

/// Zero-extends the low `w` bits.
#[inline]
pub const fn zext(w: Width, a: u64) -> u64 {
    let unused = 64 - w.bits();
    a << unused >> unused
}

/// High half of the product, both signed.
#[inline]
pub const fn mulh(a: u64, b: u64) -> u64 {
    high_half((signed(a) as i128 * signed(b) as i128).cast_unsigned())
}

/// High half of the product, both unsigned.
#[inline]
pub const fn mulhu(a: u64, b: u64) -> u64 {
    high_half(a as u128 * b as u128)
}

/// High half of the product, `a` signed, `b` unsigned.
#[inline]
pub const fn mulhsu(a: u64, b: u64) -> u64 {
    high_half(
        (signed(a) as i128)
            .wrapping_mul((b as u128).cast_signed())
            .cast_unsigned(),
    )
}

/// Signed division; what the caller has excluded gives anything but a panic.
#[inline]
pub const fn sdiv(w: Width, a: u64, b: u64) -> u64 {
    let (a, b) = (signed(sext(w, a)), signed(sext(w, b)));
    if b == 0 {
        0
    } else {
        sext(w, unsigned(a.wrapping_div(b)))
    }
}

/// Remainder of [`sdiv`].
#[inline]
pub const fn srem(w: Width, a: u64, b: u64) -> u64 {
    let (a, b) = (signed(sext(w, a)), signed(sext(w, b)));
    if b == 0 {
        0
    } else {
        sext(w, unsigned(a.wrapping_rem(b)))
    }
}

/// Unsigned division, result sign-extended from `w`.
#[inline]
pub const fn udiv(w: Width, a: u64, b: u64) -> u64 {
    match zext(w, a).checked_div(zext(w, b)) {
        Some(quotient) => sext(w, quotient),
        None => 0,
    }
}

/// Remainder of [`udiv`].
#[inline]
pub const fn urem(w: Width, a: u64, b: u64) -> u64 {
    match zext(w, a).checked_rem(zext(w, b)) {
        Some(remainder) => sext(w, remainder),
        None => 0,
    }
}

/// Shift left of the low `w` bits.
#[inline]
pub const fn shl(w: Width, a: u64, n: u64) -> u64 {
    sext(w, a << (low_word(n) & (w.bits() - 1)))
}

/// Logical shift right of the low `w` bits.
#[inline]
pub const fn shr(w: Width, a: u64, n: u64) -> u64 {
    sext(w, zext(w, a) >> (low_word(n) & (w.bits() - 1)))
}

/// Arithmetic shift right of the low `w` bits.
#[inline]
pub const fn sar(w: Width, a: u64, n: u64) -> u64 {
    unsigned(signed(sext(w, a)) >> (low_word(n) & (w.bits() - 1)))
}

/// Leading zeros of the low `w` bits.
#[inline]
pub const fn clz(w: Width, a: u64) -> u64 {
    (zext(w, a).leading_zeros() - (64 - w.bits())) as u64
}

/// Trailing zeros of the low `w` bits.
#[inline]
pub const fn ctz(w: Width, a: u64) -> u64 {
    let zeros = a.trailing_zeros();
    (if zeros < w.bits() { zeros } else { w.bits() }) as u64
}

/// Ones in the low `w` bits.
#[inline]
pub const fn cpop(w: Width, a: u64) -> u64 {
    zext(w, a).count_ones() as u64
}

/// Each byte becomes 0xff where any of its bits is set.
#[inline]
pub const fn orc_b(a: u64) -> u64 {
    const LOW_SEVEN: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    // The addition carries into a byte's top bit where its low seven are not all zero.
    let tops = (((a & LOW_SEVEN) + LOW_SEVEN) | a) & !LOW_SEVEN;
    (tops >> 7) * 0xff
}

/// The carry-less product, all 127 bits.
#[inline]
pub const fn clmul_wide(a: u64, b: u64) -> u128 {
    let mut product = 0;
    let mut rest = b;
    while rest != 0 {
        product ^= (a as u128) << rest.trailing_zeros();
        rest &= rest - 1;
    }
    product
}
