//! Floating point in integers against the host's, which rounds to nearest, and against the
//! manual where the host has no say: other rounding modes, flags, NaNs, conversions out of range.
//!
//! All rounding modes and flags are held against QEMU in `tests/tests/rows.rs`.

mod support;

use support::Noise;
use vmtrans_isa::softfloat::{self, DZ, NV, NX, OF, Rounding, UF};
use vmtrans_isa::{Fmt, IntTy};

/// How many random operands each operation is given, beside all pairs of corners.
const RANDOM: usize = 500_000;

const ALL_MODES: [Rounding; 5] = [
    Rounding::NearestEven,
    Rounding::TowardZero,
    Rounding::Down,
    Rounding::Up,
    Rounding::NearestAway,
];

/// Bits of fraction, bias and sign bit.
const fn layout(fmt: Fmt) -> (u32, u64, u32) {
    match fmt {
        Fmt::S => (23, 127, 31),
        Fmt::D => (52, 1023, 63),
    }
}

/// Numbers of both signs with fractions and exponents at the ends and at halves: zeros, the
/// least and the greatest, infinities, NaNs, limits of integers.
fn corners(fmt: Fmt) -> Vec<u64> {
    let (width, bias, sign) = layout(fmt);
    let ones = (1u64 << width) - 1;
    let half = 1 << (width - 1);
    let fractions = [0, 1, half - 1, half, half + 1, ones - 1, ones];
    let last = 2 * bias + 1;
    let precision = u64::from(width);
    let exponents = [
        0,
        1,
        2,
        bias - precision,
        bias - 1,
        bias,
        bias + 1,
        bias + 31,
        bias + precision,
        bias + 63,
        last - 1,
        last,
    ];
    let magnitudes = exponents
        .iter()
        .flat_map(|e| fractions.iter().map(move |f| e << width | f));
    magnitudes
        .flat_map(|m| [m, m | 1 << sign])
        .collect::<Vec<_>>()
}

/// A random operand: any bits, or a fraction of few bits and an exponent near that of one, so
/// that sums cancel and halfway cases are met.
fn random(fmt: Fmt, noise: &mut Noise) -> u64 {
    let (width, bias, sign) = layout(fmt);
    let bits = noise.next();
    let any = match fmt {
        Fmt::S => bits & 0xffff_ffff,
        Fmt::D => bits,
    };
    let choice = noise.next();
    if choice & 3 == 0 {
        return any;
    }
    let ones = (1u64 << width) - 1;
    let fraction = match choice >> 2 & 3 {
        0 => bits & ones,
        1 => ones << (choice >> 8 & 31) & ones,
        2 => 1 << ((choice >> 8) % u64::from(width)),
        _ => bits & ones >> (width - 12) << (width - 12),
    };
    let near = bias - 32 + (choice >> 16 & 63);
    let exponent = match choice >> 4 & 3 {
        0 => choice >> 16 & 31,
        1 => 2 * bias - (choice >> 16 & 31),
        _ => near,
    };
    (choice >> 63) << sign | exponent << width | fraction
}

/// Calls `check` with pairs of operands: all corners and many random ones.
fn pairs(fmt: Fmt, seed: u64, mut check: impl FnMut(u64, u64)) {
    let corners = corners(fmt);
    for &a in &corners {
        for &b in &corners {
            check(a, b);
        }
    }
    let noise = &mut Noise(seed);
    for _ in 0..RANDOM {
        let (a, b) = (random(fmt, noise), random(fmt, noise));
        check(a, b);
    }
}

/// Calls `check` with single operands.
fn singles(fmt: Fmt, seed: u64, mut check: impl FnMut(u64)) {
    corners(fmt).into_iter().for_each(&mut check);
    let noise = &mut Noise(seed);
    for _ in 0..RANDOM {
        check(random(fmt, noise));
    }
}

/// A host type and how to see it as bits; each NaN counts as the canonical one.
macro_rules! host {
    ($module:ident $float:ident $bits:ident $fmt:ident) => {
        mod $module {
            use vmtrans_isa::{Fmt, softfloat};

            pub const FMT: Fmt = Fmt::$fmt;
            pub const INFINITY: $float = $float::INFINITY;

            pub fn of(bits: u64) -> $float {
                $float::from_bits($bits::try_from(bits).expect("bits of this format"))
            }

            pub fn bits(value: $float) -> u64 {
                if value.is_nan() {
                    softfloat::canonical_nan(FMT)
                } else {
                    value.to_bits().into()
                }
            }
        }
    };
}

host! { single f32 u32 S }
host! { double f64 u64 D }

/// Each operation in this format against the host's.
macro_rules! against_host {
    ($test:ident $host:ident) => {
        #[test]
        fn $test() {
            use $host::{FMT, bits, of};
            let rm = Rounding::NearestEven;
            let noise = &mut Noise(7);
            pairs(FMT, 1, |a, b| {
                let (x, y) = (of(a), of(b));
                let c = if noise.next() & 1 == 0 {
                    a
                } else {
                    random(FMT, noise)
                };
                let results = [
                    ("add", softfloat::add(FMT, rm, a, b).0, x + y),
                    ("sub", softfloat::sub(FMT, rm, a, b).0, x - y),
                    ("mul", softfloat::mul(FMT, rm, a, b).0, x * y),
                    ("div", softfloat::div(FMT, rm, a, b).0, x / y),
                    (
                        "fma",
                        softfloat::fma(FMT, rm, a, b, c).0,
                        x.mul_add(y, of(c)),
                    ),
                ];
                for (name, ours, host) in results {
                    assert_eq!(ours, bits(host), "{name} {a:#x} {b:#x} {c:#x}");
                }
                assert_eq!(softfloat::eq(FMT, a, b).0, x == y, "{a:#x} == {b:#x}");
                assert_eq!(softfloat::lt(FMT, true, a, b).0, x < y, "{a:#x} < {b:#x}");
                assert_eq!(
                    softfloat::le(FMT, false, a, b).0,
                    x <= y,
                    "{a:#x} <= {b:#x}"
                );
            });
            singles(FMT, 2, |a| {
                let root = softfloat::sqrt(FMT, rm, a).0;
                assert_eq!(root, bits(of(a).sqrt()), "sqrt {a:#x}");
            });
        }
    };
}

against_host! { arithmetic_in_single_precision_is_the_hosts single }
against_host! { arithmetic_in_double_precision_is_the_hosts double }

/// Rounding to integral values, in all modes, since the host has a function for each.
macro_rules! integral_against_host {
    ($test:ident $host:ident) => {
        #[test]
        fn $test() {
            use $host::{FMT, bits, of};
            singles(FMT, 3, |a| {
                let x = of(a);
                let hosts = [
                    x.round_ties_even(),
                    x.trunc(),
                    x.floor(),
                    x.ceil(),
                    x.round(),
                ];
                for (rm, host) in ALL_MODES.into_iter().zip(hosts) {
                    let (ours, flags) = softfloat::round_to_integral(FMT, rm, true, a);
                    assert_eq!(ours, bits(host), "{rm:?} {a:#x}");
                    if !x.is_nan() {
                        let inexact = if host == x { 0 } else { NX };
                        assert_eq!(flags, inexact, "{rm:?} {a:#x}");
                    }
                    let (quiet, flags) = softfloat::round_to_integral(FMT, rm, false, a);
                    assert_eq!((quiet, flags & NX), (ours, 0), "{rm:?} {a:#x}");
                }
            });
        }
    };
}

integral_against_host! { single_precision_rounds_to_integers_as_the_host_does single }
integral_against_host! { double_precision_rounds_to_integers_as_the_host_does double }

/// A conversion to an integer rounds to an integral value of the same format first, which the
/// host does in every mode; what is left is a cast.
macro_rules! to_integers_against_host {
    ($test:ident $host:ident) => {
        #[test]
        #[expect(clippy::cast_possible_truncation, reason = "saturating is meant")]
        #[expect(clippy::cast_sign_loss, reason = "saturating is meant")]
        fn $test() {
            use $host::{FMT, INFINITY, of};
            singles(FMT, 4, |a| {
                let x = of(a);
                for (rm, whole) in ALL_MODES.into_iter().zip([
                    x.round_ties_even(),
                    x.trunc(),
                    x.floor(),
                    x.ceil(),
                    x.round(),
                ]) {
                    // A NaN gives the maximum, where the host's cast gives zero.
                    let whole = if x.is_nan() { INFINITY } else { whole };
                    let casts = [
                        (IntTy::I32, i64::from(whole as i32).cast_unsigned()),
                        (
                            IntTy::U32,
                            i64::from((whole as u32).cast_signed()).cast_unsigned(),
                        ),
                        (IntTy::I64, (whole as i64).cast_unsigned()),
                        (IntTy::U64, whole as u64),
                    ];
                    for (to, host) in casts {
                        let (ours, _) = softfloat::to_int(FMT, rm, to, a);
                        assert_eq!(ours, host, "{to:?} {rm:?} {a:#x}");
                    }
                }
            });
        }
    };
}

to_integers_against_host! { single_precision_to_integers_is_the_hosts single }
to_integers_against_host! { double_precision_to_integers_is_the_hosts double }

#[test]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the host's conversion is the witness"
)]
fn conversions_between_formats_are_the_hosts() {
    let rm = Rounding::NearestEven;
    singles(Fmt::D, 5, |a| {
        let (ours, _) = softfloat::convert(Fmt::D, Fmt::S, rm, a);
        assert_eq!(ours, single::bits(f64::from_bits(a) as f32), "{a:#x}");
    });
    singles(Fmt::S, 6, |a| {
        let (ours, _) = softfloat::convert(Fmt::S, Fmt::D, rm, a);
        assert_eq!(ours, double::bits(single::of(a).into()), "{a:#x}");
    });
}

#[test]
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "the host's conversion is the witness"
)]
fn integers_become_the_hosts_numbers() {
    let noise = &mut Noise(8);
    let rm = Rounding::NearestEven;
    for _ in 0..RANDOM {
        // All lengths, and halfway cases.
        let v = noise.next() >> (noise.next() & 63) << (noise.next() & 63);
        let signed = v.cast_signed();
        let low = v as u32;
        let hosts = [
            (
                IntTy::I32,
                low.cast_signed() as f32,
                low.cast_signed().into(),
            ),
            (IntTy::U32, low as f32, low.into()),
            (IntTy::I64, signed as f32, signed as f64),
            (IntTy::U64, v as f32, v as f64),
        ];
        for (from, single, double) in hosts {
            let (ours, _) = softfloat::from_int(Fmt::S, rm, from, v);
            assert_eq!(ours, single::bits(single), "{from:?} {v:#x}");
            let (ours, _) = softfloat::from_int(Fmt::D, rm, from, v);
            assert_eq!(ours, double::bits(double), "{from:?} {v:#x}");
        }
    }
}

/// Directed modes against each other, and the other modes against them.
macro_rules! directed_modes_enclose {
    ($test:ident $host:ident) => {
        /// Up is the number after down where the result is inexact, and the same otherwise;
        /// the other modes choose one of them.
        #[test]
        fn $test() {
            use $host::{FMT, of};
            type Binary = fn(Fmt, Rounding, u64, u64) -> softfloat::Result;
            let operations: [Binary; 5] = [
                softfloat::add,
                softfloat::mul,
                softfloat::div,
                |fmt, rm, a, b| softfloat::fma(fmt, rm, a, b, a.rotate_right(1) & a),
                |fmt, rm, a, _| softfloat::sqrt(fmt, rm, a),
            ];
            pairs(FMT, 9, |a, b| {
                for operation in operations {
                    let [even, zero, down, up, away] = ALL_MODES.map(|rm| operation(FMT, rm, a, b));
                    if of(even.0).is_nan() {
                        assert!([zero, down, up, away].iter().all(|&r| r == even));
                        continue;
                    }
                    assert!(of(down.0) <= of(up.0), "{a:#x} {b:#x}");
                    if even.1 & NX == 0 {
                        assert_eq!(of(down.0), of(up.0), "{a:#x} {b:#x}");
                    } else {
                        assert_eq!(of(down.0).next_up(), of(up.0), "{a:#x} {b:#x}");
                    }
                    let negative = down.0 >> layout(FMT).2 != 0;
                    assert_eq!(of(zero.0), of(if negative { up.0 } else { down.0 }));
                    for (value, flags) in [even, away, zero] {
                        assert!([down.0, up.0].contains(&value), "{a:#x} {b:#x}");
                        assert_eq!(flags & (NX | DZ | NV), even.1 & (NX | DZ | NV));
                    }
                }
            });
        }
    };
}

directed_modes_enclose! { directed_modes_enclose_single_results single }
directed_modes_enclose! { directed_modes_enclose_double_results double }

const LEAST_NORMAL: u64 = 0x0010_0000_0000_0000;
const GREATEST: u64 = 0x7fef_ffff_ffff_ffff;
const INFINITY: u64 = 0x7ff0_0000_0000_0000;
const QUIET: u64 = 0x7ff8_0000_0000_0000;
const SIGNALLING: u64 = 0x7ff0_0000_0000_0001;
const ONE: u64 = 0x3ff0_0000_0000_0000;
const HALF: u64 = 0x3fe0_0000_0000_0000;
const SIGN: u64 = 1 << 63;

#[test]
fn underflow_is_after_rounding_and_only_where_inexact() {
    let mul = |rm, a, b| softfloat::mul(Fmt::D, rm, a, b);
    let even = Rounding::NearestEven;
    // Half of the least normal number is exact, so it does not underflow.
    assert_eq!(mul(even, LEAST_NORMAL, HALF), (LEAST_NORMAL >> 1, 0));
    // Half of the least subnormal one is not.
    assert_eq!(mul(even, 1, HALF), (0, NX | UF));
    assert_eq!(mul(Rounding::Up, 1, HALF), (1, NX | UF));
    // (2 - 2^-52) * 2^-1023 lies halfway between the greatest subnormal and the least normal
    // number. With an unbounded exponent it needs no rounding, so it is tiny.
    let below_two = 0x3fff_ffff_ffff_ffff;
    let least_half = LEAST_NORMAL >> 1;
    assert_eq!(mul(even, below_two, least_half), (LEAST_NORMAL, NX | UF));
    // Upwards from a 54th bit and above, it becomes 2^-1022 with an unbounded exponent too, so
    // it is not tiny: (1 - 2^-54) as a sum of products.
    let quarter = ONE - (54 << 52);
    let fma = |rm| softfloat::fma(Fmt::D, rm, quarter | SIGN, LEAST_NORMAL, LEAST_NORMAL);
    assert_eq!(fma(even), (LEAST_NORMAL, NX));
    assert_eq!(fma(Rounding::Up), (LEAST_NORMAL, NX));
    assert_eq!(fma(Rounding::NearestAway), (LEAST_NORMAL, NX));
    let (greatest_subnormal, flags) = fma(Rounding::TowardZero);
    assert_eq!((greatest_subnormal, flags), (LEAST_NORMAL - 1, NX | UF));
}

#[test]
fn overflow_gives_what_the_mode_asks_for() {
    for (sign, expected) in [
        (0, [INFINITY, GREATEST, GREATEST, INFINITY, INFINITY]),
        (SIGN, [INFINITY, GREATEST, INFINITY, GREATEST, INFINITY]),
    ] {
        for (rm, expected) in ALL_MODES.into_iter().zip(expected) {
            let found = softfloat::mul(Fmt::D, rm, GREATEST | sign, GREATEST);
            assert_eq!(found, (expected | sign, OF | NX), "{rm:?}");
        }
    }
}

#[test]
fn ties_differ_in_the_modes() {
    // 1 + 2^-53 lies halfway between 1 and its successor.
    let tie = |rm, sign| softfloat::add(Fmt::D, rm, ONE | sign, (ONE - (53 << 52)) | sign);
    for (sign, expected) in [(0, [0, 0, 0, 1, 1]), (SIGN, [0, 0, 1, 0, 1])] {
        for (rm, up) in ALL_MODES.into_iter().zip(expected) {
            assert_eq!(tie(rm, sign), ((ONE + up) | sign, NX), "{rm:?}");
        }
    }
}

#[test]
fn zeros_have_the_sign_that_the_mode_asks_for() {
    for rm in ALL_MODES {
        let cancelled = if rm == Rounding::Down { SIGN } else { 0 };
        for a in [0, ONE, GREATEST, 1] {
            assert_eq!(softfloat::sub(Fmt::D, rm, a, a), (cancelled, 0), "{rm:?}");
        }
        assert_eq!(softfloat::add(Fmt::D, rm, SIGN, SIGN), (SIGN, 0), "{rm:?}");
        assert_eq!(softfloat::sqrt(Fmt::D, rm, SIGN), (SIGN, 0), "{rm:?}");
    }
}

#[test]
fn invalid_operations_are_flagged() {
    let rm = Rounding::NearestEven;
    let d = Fmt::D;
    let minus_infinity = INFINITY | SIGN;
    assert_eq!(softfloat::add(d, rm, INFINITY, minus_infinity), (QUIET, NV));
    assert_eq!(softfloat::mul(d, rm, 0, INFINITY), (QUIET, NV));
    assert_eq!(softfloat::div(d, rm, 0, 0), (QUIET, NV));
    assert_eq!(softfloat::div(d, rm, INFINITY, INFINITY), (QUIET, NV));
    assert_eq!(softfloat::div(d, rm, ONE, SIGN), (minus_infinity, DZ));
    assert_eq!(softfloat::div(d, rm, INFINITY, 0), (INFINITY, 0));
    assert_eq!(softfloat::sqrt(d, rm, ONE | SIGN), (QUIET, NV));
    // Any NaN becomes the canonical one; only a signalling one is invalid.
    assert_eq!(softfloat::add(d, rm, QUIET | SIGN | 7, ONE), (QUIET, 0));
    assert_eq!(softfloat::add(d, rm, SIGNALLING, ONE), (QUIET, NV));
    // "The fused multiply-add instructions must set the invalid operation exception flag when the
    // multiplicands are infinity and zero, even when the addend is a quiet NaN."
    assert_eq!(softfloat::fma(d, rm, INFINITY, 0, QUIET), (QUIET, NV));
    assert_eq!(softfloat::fma(d, rm, ONE, 0, QUIET), (QUIET, 0));
}

#[test]
fn comparisons_tell_quiet_from_signalling() {
    let d = Fmt::D;
    assert_eq!(softfloat::eq(d, QUIET, ONE), (false, 0));
    assert_eq!(softfloat::eq(d, SIGNALLING, ONE), (false, NV));
    for compare in [softfloat::lt, softfloat::le] {
        assert_eq!(compare(d, true, ONE, QUIET), (false, 0));
        assert_eq!(compare(d, true, ONE, SIGNALLING), (false, NV));
        assert_eq!(compare(d, false, ONE, QUIET), (false, NV));
    }
    assert_eq!(softfloat::eq(d, 0, SIGN), (true, 0));
    assert_eq!(softfloat::lt(d, false, SIGN, 0), (false, 0));
}

#[test]
fn extremes_prefer_numbers_and_order_zeros() {
    let (min, max) = (
        |a, b| softfloat::pick(Fmt::D, false, a, b),
        |a, b| softfloat::pick(Fmt::D, true, a, b),
    );
    for (a, b) in [(0, SIGN), (SIGN, 0)] {
        assert_eq!(min(a, b), (SIGN, 0));
        assert_eq!(max(a, b), (0, 0));
    }
    assert_eq!(min(QUIET, ONE), (ONE, 0));
    assert_eq!(max(ONE, SIGNALLING), (ONE, NV));
    assert_eq!(min(QUIET | SIGN, QUIET | 1), (QUIET, 0));
    assert_eq!(max(ONE | SIGN, HALF | SIGN), (HALF | SIGN, 0));
}

#[test]
fn conversions_saturate_without_inexact() {
    let to = |to, a: f64| softfloat::to_int(Fmt::D, Rounding::TowardZero, to, a.to_bits());
    let all = u64::MAX;
    assert_eq!(to(IntTy::I32, f64::NAN), (0x7fff_ffff, NV));
    // 32-bit results are sign-extended, unsigned ones too.
    assert_eq!(to(IntTy::U32, f64::NAN), (all, NV));
    assert_eq!(to(IntTy::U32, 4_294_967_295.5), (all, NX));
    assert_eq!(to(IntTy::U32, 4_294_967_296.0), (all, NV));
    assert_eq!(
        to(IntTy::I32, -2_147_483_648.5),
        (0xffff_ffff_8000_0000, NX)
    );
    assert_eq!(
        to(IntTy::I32, -2_147_483_649.0),
        (0xffff_ffff_8000_0000, NV)
    );
    assert_eq!(to(IntTy::U64, -0.5), (0, NX));
    assert_eq!(to(IntTy::U64, -1.0), (0, NV));
    assert_eq!(to(IntTy::I64, f64::NEG_INFINITY), (SIGN, NV));
    assert_eq!(to(IntTy::I64, 9_223_372_036_854_775_808.0), (SIGN - 1, NV));
}

#[test]
fn modular_conversion_keeps_the_low_bits() {
    let to = |a: f64| softfloat::to_int_modular(a.to_bits());
    assert_eq!(to(4_294_967_297.0), (1, NV));
    assert_eq!(to(-1.5), (u64::MAX, NX));
    assert_eq!(to(2_147_483_648.0), (0xffff_ffff_8000_0000, NV));
    assert_eq!(to(2_251_799_813_685_249.5), (1, NV));
    assert_eq!(to(f64::MAX), (0, NV));
    assert_eq!(to(f64::INFINITY), (0, NV));
    assert_eq!(to(f64::NAN), (0, NV));
    assert_eq!(to(1e-300), (0, NX));
}

#[test]
fn each_class_has_its_bit() {
    let expected = [
        INFINITY | SIGN,
        ONE | SIGN,
        SIGN | 1,
        SIGN,
        0,
        LEAST_NORMAL - 1,
        LEAST_NORMAL,
        INFINITY,
        SIGNALLING,
        QUIET | SIGN,
    ];
    for (bit, bits) in expected.into_iter().enumerate() {
        assert_eq!(softfloat::classify(Fmt::D, bits), 1 << bit, "{bits:#x}");
    }
}
