//! What the chapters of floating point share: meanings that differ in the format only.

use super::Fields;
use crate::sem::{Fmt, IntTy, Rm, Sem, Width};

/// Where a result's sign comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// The second operand.
    Copy,
    /// Not the second operand's.
    Negate,
    /// Both operands', as in a product.
    Multiply,
}

const fn width(fmt: Fmt) -> Width {
    match fmt {
        Fmt::S => Width::W,
        Fmt::D => Width::D,
    }
}

fn address<S: Sem>(x: &mut S, i: &Fields) -> S::Val {
    let (base, offset) = (x.read(i.rs1), x.imm(i.imm));
    x.add(base, offset)
}

/// A load moves bits: a signalling NaN stays one.
pub(super) fn load<S: Sem>(x: &mut S, i: &Fields, fmt: Fmt) {
    let at = address(x, i);
    let bits = x.load(width(fmt), false, at);
    let value = x.ffrom_bits(fmt, bits);
    x.fwrite(fmt, i.frd(), value);
}

/// A store moves bits, whether NaN-boxed or not.
pub(super) fn store<S: Sem>(x: &mut S, i: &Fields, fmt: Fmt) {
    let at = address(x, i);
    let bits = x.fread_raw(i.frs2());
    x.store(width(fmt), at, bits);
}

pub(super) fn arithmetic<S: Sem>(
    x: &mut S,
    i: &Fields,
    fmt: Fmt,
    op: impl FnOnce(&mut S, Fmt, Rm, S::Flt, S::Flt) -> S::Flt,
) {
    let (a, b) = (x.fread(fmt, i.frs1()), x.fread(fmt, i.frs2()));
    let value = op(x, fmt, i.rm, a, b);
    x.fwrite(fmt, i.frd(), value);
}

/// `rs1 * rs2 + rs3` with the product, the addend or both negated first.
pub(super) fn fused<S: Sem>(x: &mut S, i: &Fields, fmt: Fmt, product: bool, addend: bool) {
    let (a, b) = (x.fread(fmt, i.frs1()), x.fread(fmt, i.frs2()));
    let c = x.fread(fmt, i.frs3());
    let a = if product { x.fneg(fmt, a) } else { a };
    let c = if addend { x.fneg(fmt, c) } else { c };
    let value = x.fma(fmt, i.rm, a, b, c);
    x.fwrite(fmt, i.frd(), value);
}

/// Sign injection works on bits, of NaNs too.
pub(super) fn inject<S: Sem>(x: &mut S, i: &Fields, fmt: Fmt, sign: Sign) {
    let (a, b) = (x.fread(fmt, i.frs1()), x.fread(fmt, i.frs2()));
    let (magnitude, other) = (x.fbits(fmt, a), x.fbits(fmt, b));
    let mask = x.imm(match fmt {
        Fmt::S => 1 << 31,
        Fmt::D => i64::MIN,
    });
    let all = x.imm(-1);
    let rest = x.xor(mask, all);
    let other = match sign {
        Sign::Copy => other,
        Sign::Negate => x.xor(other, mask),
        Sign::Multiply => x.xor(other, magnitude),
    };
    let (magnitude, other) = (x.and(magnitude, rest), x.and(other, mask));
    let bits = x.or(magnitude, other);
    let value = x.ffrom_bits(fmt, bits);
    x.fwrite(fmt, i.frd(), value);
}

pub(super) fn compare<S: Sem>(
    x: &mut S,
    i: &Fields,
    fmt: Fmt,
    op: impl FnOnce(&mut S, S::Flt, S::Flt) -> S::Cond,
) {
    let (a, b) = (x.fread(fmt, i.frs1()), x.fread(fmt, i.frs2()));
    let holds = op(x, a, b);
    let value = x.truth(holds);
    x.write(i.rd, value);
}

pub(super) fn to_integer<S: Sem>(x: &mut S, i: &Fields, fmt: Fmt, to: IntTy) {
    let a = x.fread(fmt, i.frs1());
    let value = x.fto_int(fmt, i.rm, to, a);
    x.write(i.rd, value);
}

pub(super) fn from_integer<S: Sem>(x: &mut S, i: &Fields, fmt: Fmt, from: IntTy) {
    let a = x.read(i.rs1);
    let value = x.ffrom_int(fmt, i.rm, from, a);
    x.fwrite(fmt, i.frd(), value);
}
