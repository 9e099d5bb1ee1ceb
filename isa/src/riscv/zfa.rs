//! Zfa: additional floating-point instructions. Source: unprivileged manual, "Zfa" chapter.

use super::Fields;
use super::floats::compare;
use super::row::rows;
use crate::sem::{Fmt, Sem};

rows! { "zfa"
    FliS "1111000 00001 rs1 000 rd 1010011" => "fli.s frd, fli" |x, i| { constant(x, i, Fmt::S); }
    FminmS "0010100 rs2 rs1 010 rd 1010011" => "fminm.s frd, frs1, frs2" |x, i| { or_nan(x, i, Fmt::S, Sem::fmin) }
    FmaxmS "0010100 rs2 rs1 011 rd 1010011" => "fmaxm.s frd, frs1, frs2" |x, i| { or_nan(x, i, Fmt::S, Sem::fmax) }
    FroundS "0100000 00100 rs1 rm rd 1010011" => "fround.s frd, frs1, rm" |x, i| { let a = x.fread(Fmt::S, i.frs1()); let v = x.fround(Fmt::S, i.rm, false, a); x.fwrite(Fmt::S, i.frd(), v); }
    FroundnxS "0100000 00101 rs1 rm rd 1010011" => "froundnx.s frd, frs1, rm" |x, i| { let a = x.fread(Fmt::S, i.frs1()); let v = x.fround(Fmt::S, i.rm, true, a); x.fwrite(Fmt::S, i.frd(), v); }
    FleqS "1010000 rs2 rs1 100 rd 1010011" => "fleq.s rd, frs1, frs2" |x, i| { compare(x, i, Fmt::S, |x, a, b| x.fle(Fmt::S, true, a, b)) }
    FltqS "1010000 rs2 rs1 101 rd 1010011" => "fltq.s rd, frs1, frs2" |x, i| { compare(x, i, Fmt::S, |x, a, b| x.flt(Fmt::S, true, a, b)) }
    FliD "1111001 00001 rs1 000 rd 1010011" => "fli.d frd, fli" |x, i| { constant(x, i, Fmt::D); }
    FminmD "0010101 rs2 rs1 010 rd 1010011" => "fminm.d frd, frs1, frs2" |x, i| { or_nan(x, i, Fmt::D, Sem::fmin) }
    FmaxmD "0010101 rs2 rs1 011 rd 1010011" => "fmaxm.d frd, frs1, frs2" |x, i| { or_nan(x, i, Fmt::D, Sem::fmax) }
    FroundD "0100001 00100 rs1 rm rd 1010011" => "fround.d frd, frs1, rm" |x, i| { let a = x.fread(Fmt::D, i.frs1()); let v = x.fround(Fmt::D, i.rm, false, a); x.fwrite(Fmt::D, i.frd(), v); }
    FroundnxD "0100001 00101 rs1 rm rd 1010011" => "froundnx.d frd, frs1, rm" |x, i| { let a = x.fread(Fmt::D, i.frs1()); let v = x.fround(Fmt::D, i.rm, true, a); x.fwrite(Fmt::D, i.frd(), v); }
    FleqD "1010001 rs2 rs1 100 rd 1010011" => "fleq.d rd, frs1, frs2" |x, i| { compare(x, i, Fmt::D, |x, a, b| x.fle(Fmt::D, true, a, b)) }
    FltqD "1010001 rs2 rs1 101 rd 1010011" => "fltq.d rd, frs1, frs2" |x, i| { compare(x, i, Fmt::D, |x, a, b| x.flt(Fmt::D, true, a, b)) }
    FcvtmodWD "1100001 01000 rs1 001 rd 1010011" => "fcvtmod.w.d rd, frs1, rtz" |x, i| { let a = x.fread(Fmt::D, i.frs1()); let v = x.fto_int_modular(a); x.write(i.rd, v); }
}

/// The constants of `fli.d`, as bits; `min` is the smallest normal number of each format.
const CONSTANTS: [f64; 32] = [
    -1.0,
    0.0,
    1.0 / 65536.0,
    1.0 / 32768.0,
    1.0 / 256.0,
    1.0 / 128.0,
    0.0625,
    0.125,
    0.25,
    0.3125,
    0.375,
    0.4375,
    0.5,
    0.625,
    0.75,
    0.875,
    1.0,
    1.25,
    1.5,
    1.75,
    2.0,
    2.5,
    3.0,
    4.0,
    8.0,
    16.0,
    128.0,
    256.0,
    32768.0,
    65536.0,
    f64::INFINITY,
    f64::NAN,
];

fn constant<S: Sem>(x: &mut S, i: &Fields, fmt: Fmt) {
    let value = CONSTANTS[i.rs1.index()];
    let bits = match (fmt, i.rs1.number()) {
        (Fmt::D, 1) => f64::MIN_POSITIVE.to_bits(),
        (Fmt::S, 1) => f32::MIN_POSITIVE.to_bits().into(),
        (Fmt::D, 31) => 0x7ff8_0000_0000_0000,
        (Fmt::S, 31) => 0x7fc0_0000,
        (Fmt::D, _) => value.to_bits(),
        (Fmt::S, _) => single(value),
    };
    let bits = x.imm(bits.cast_signed());
    let value = x.ffrom_bits(fmt, bits);
    x.fwrite(fmt, i.frd(), value);
}

/// A constant that binary32 has exactly, in that format.
#[expect(clippy::cast_possible_truncation, reason = "exact for all constants")]
fn single(value: f64) -> u64 {
    u64::from((value as f32).to_bits())
}

/// Like `fmin` and `fmax`, but a NaN makes a NaN.
fn or_nan<S: Sem>(
    x: &mut S,
    i: &Fields,
    fmt: Fmt,
    op: impl FnOnce(&mut S, Fmt, S::Flt, S::Flt) -> S::Flt,
) {
    let (a, b) = (x.fread(fmt, i.frs1()), x.fread(fmt, i.frs2()));
    let (a_nan, b_nan) = (x.fis_nan(fmt, a), x.fis_nan(fmt, b));
    let nan = x.either(a_nan, b_nan);
    let picked = op(x, fmt, a, b);
    let canonical = x.imm(match fmt {
        Fmt::S => 0x7fc0_0000,
        Fmt::D => 0x7ff8_0000_0000_0000,
    });
    let canonical = x.ffrom_bits(fmt, canonical);
    let value = x.fselect(fmt, nan, canonical, picked);
    x.fwrite(fmt, i.frd(), value);
}
