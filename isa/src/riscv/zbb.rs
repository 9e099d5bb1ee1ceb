//! Zbb: basic bit manipulation.

use super::Fields;
use super::i::{binary, immediate};
use super::row::rows;
use crate::sem::{Sem, Width};

/// `rd = op(rs1)`
#[inline]
fn unary<S: Sem>(x: &mut S, i: &Fields, op: impl FnOnce(&mut S, S::Val) -> S::Val) {
    let a = x.read(i.rs1);
    let result = op(x, a);
    x.write(i.rd, result);
}

fn complement<S: Sem>(x: &mut S, a: S::Val) -> S::Val {
    let ones = x.imm(-1);
    x.xor(a, ones)
}

/// `test(rs1, rs2) ? rs1 : rs2`
#[inline]
fn choose<S: Sem>(x: &mut S, i: &Fields, test: impl FnOnce(&mut S, S::Val, S::Val) -> S::Cond) {
    binary(x, i, |x, a, b| {
        let first = test(x, a, b);
        x.select(first, a, b)
    })
}

/// Shifting the other way by `-n` brings back the bits that fell out: shifts look at the low
/// bits of their amount only. For `n = 0` both halves are `a`. With words, both halves are
/// sign-extended, and their `or` is too: bit 31 comes from the left shift, unless `n` is 0.
#[inline]
fn rotate_left<S: Sem>(x: &mut S, w: Width, a: S::Val, n: S::Val) -> S::Val {
    let zero = x.imm(0);
    let rest = x.sub(zero, n);
    let (high, low) = (x.shl(w, a, n), x.shr(w, a, rest));
    x.or(high, low)
}

/// [`rotate_left`] by `-n`.
#[inline]
fn rotate_right<S: Sem>(x: &mut S, w: Width, a: S::Val, n: S::Val) -> S::Val {
    let zero = x.imm(0);
    let rest = x.sub(zero, n);
    let (high, low) = (x.shl(w, a, rest), x.shr(w, a, n));
    x.or(high, low)
}

rows! { "zbb"
    Andn "0100000 rs2 rs1 111 rd 0110011" => "andn rd, rs1, rs2" |x, i| {
        binary(x, i, |x, a, b| { let b = complement(x, b); x.and(a, b) })
    }
    Orn "0100000 rs2 rs1 110 rd 0110011" => "orn rd, rs1, rs2" |x, i| {
        binary(x, i, |x, a, b| { let b = complement(x, b); x.or(a, b) })
    }
    Xnor "0100000 rs2 rs1 100 rd 0110011" => "xnor rd, rs1, rs2" |x, i| {
        binary(x, i, |x, a, b| { let b = complement(x, b); x.xor(a, b) })
    }

    Clz   "011000000000 rs1 001 rd 0010011" => "clz rd, rs1"   |x, i| { unary(x, i, |x, a| x.clz(Width::D, a)) }
    Ctz   "011000000001 rs1 001 rd 0010011" => "ctz rd, rs1"   |x, i| { unary(x, i, |x, a| x.ctz(Width::D, a)) }
    Cpop  "011000000010 rs1 001 rd 0010011" => "cpop rd, rs1"  |x, i| { unary(x, i, |x, a| x.cpop(Width::D, a)) }
    Clzw  "011000000000 rs1 001 rd 0011011" => "clzw rd, rs1"  |x, i| { unary(x, i, |x, a| x.clz(Width::W, a)) }
    Ctzw  "011000000001 rs1 001 rd 0011011" => "ctzw rd, rs1"  |x, i| { unary(x, i, |x, a| x.ctz(Width::W, a)) }
    Cpopw "011000000010 rs1 001 rd 0011011" => "cpopw rd, rs1" |x, i| { unary(x, i, |x, a| x.cpop(Width::W, a)) }

    Max  "0000101 rs2 rs1 110 rd 0110011" => "max rd, rs1, rs2"  |x, i| { choose(x, i, |x, a, b| x.slt(b, a)) }
    Maxu "0000101 rs2 rs1 111 rd 0110011" => "maxu rd, rs1, rs2" |x, i| { choose(x, i, |x, a, b| x.ult(b, a)) }
    Min  "0000101 rs2 rs1 100 rd 0110011" => "min rd, rs1, rs2"  |x, i| { choose(x, i, |x, a, b| x.slt(a, b)) }
    Minu "0000101 rs2 rs1 101 rd 0110011" => "minu rd, rs1, rs2" |x, i| { choose(x, i, |x, a, b| x.ult(a, b)) }

    SextB "011000000100 rs1 001 rd 0010011" => "sext.b rd, rs1" |x, i| { unary(x, i, |x, a| x.sext(Width::B, a)) }
    SextH "011000000101 rs1 001 rd 0010011" => "sext.h rd, rs1" |x, i| { unary(x, i, |x, a| x.sext(Width::H, a)) }
    ZextH "000010000000 rs1 100 rd 0111011" => "zext.h rd, rs1" |x, i| { unary(x, i, |x, a| x.zext(Width::H, a)) }

    Rol  "0110000 rs2 rs1 001 rd 0110011" => "rol rd, rs1, rs2"  |x, i| { binary(x, i, |x, a, n| rotate_left(x, Width::D, a, n)) }
    Rolw "0110000 rs2 rs1 001 rd 0111011" => "rolw rd, rs1, rs2" |x, i| { binary(x, i, |x, a, n| rotate_left(x, Width::W, a, n)) }
    Ror  "0110000 rs2 rs1 101 rd 0110011" => "ror rd, rs1, rs2"  |x, i| { binary(x, i, |x, a, n| rotate_right(x, Width::D, a, n)) }
    Rorw "0110000 rs2 rs1 101 rd 0111011" => "rorw rd, rs1, rs2" |x, i| { binary(x, i, |x, a, n| rotate_right(x, Width::W, a, n)) }
    Rori  "011000 shamt[5:0] rs1 101 rd 0010011"  => "rori rd, rs1, imm"  |x, i| { immediate(x, i, |x, a, n| rotate_right(x, Width::D, a, n)) }
    Roriw "0110000 shamt[4:0] rs1 101 rd 0011011" => "roriw rd, rs1, imm" |x, i| { immediate(x, i, |x, a, n| rotate_right(x, Width::W, a, n)) }

    OrcB "001010000111 rs1 101 rd 0010011" => "orc.b rd, rs1" |x, i| { unary(x, i, Sem::orc_b) }
    Rev8 "011010111000 rs1 101 rd 0010011" => "rev8 rd, rs1"  |x, i| { unary(x, i, Sem::bswap) }
}
