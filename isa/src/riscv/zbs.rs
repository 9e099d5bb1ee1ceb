//! Zbs: single bits.

use super::i::{binary, immediate};
use super::row::rows;
use crate::sem::{Sem, Width};

/// One at position `n` (mod 64), zeros elsewhere.
#[inline]
fn bit<S: Sem>(x: &mut S, n: S::Val) -> S::Val {
    let one = x.imm(1);
    x.shl(Width::D, one, n)
}

#[inline]
fn clear<S: Sem>(x: &mut S, a: S::Val, n: S::Val) -> S::Val {
    let (bit, ones) = (bit(x, n), x.imm(-1));
    let others = x.xor(bit, ones);
    x.and(a, others)
}

#[inline]
fn extract<S: Sem>(x: &mut S, a: S::Val, n: S::Val) -> S::Val {
    let (shifted, one) = (x.shr(Width::D, a, n), x.imm(1));
    x.and(shifted, one)
}

#[inline]
fn invert<S: Sem>(x: &mut S, a: S::Val, n: S::Val) -> S::Val {
    let bit = bit(x, n);
    x.xor(a, bit)
}

#[inline]
fn set<S: Sem>(x: &mut S, a: S::Val, n: S::Val) -> S::Val {
    let bit = bit(x, n);
    x.or(a, bit)
}

rows! { "zbs"
    Bclr  "0100100 rs2 rs1 001 rd 0110011"       => "bclr rd, rs1, rs2"  |x, i| { binary(x, i, clear) }
    Bclri "010010 shamt[5:0] rs1 001 rd 0010011" => "bclri rd, rs1, imm" |x, i| { immediate(x, i, clear) }
    Bext  "0100100 rs2 rs1 101 rd 0110011"       => "bext rd, rs1, rs2"  |x, i| { binary(x, i, extract) }
    Bexti "010010 shamt[5:0] rs1 101 rd 0010011" => "bexti rd, rs1, imm" |x, i| { immediate(x, i, extract) }
    Binv  "0110100 rs2 rs1 001 rd 0110011"       => "binv rd, rs1, rs2"  |x, i| { binary(x, i, invert) }
    Binvi "011010 shamt[5:0] rs1 001 rd 0010011" => "binvi rd, rs1, imm" |x, i| { immediate(x, i, invert) }
    Bset  "0010100 rs2 rs1 001 rd 0110011"       => "bset rd, rs1, rs2"  |x, i| { binary(x, i, set) }
    Bseti "001010 shamt[5:0] rs1 001 rd 0010011" => "bseti rd, rs1, imm" |x, i| { immediate(x, i, set) }
}
