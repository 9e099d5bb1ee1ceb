//! M: integer multiplication and division.

use super::Fields;
use super::i::{binary, word};
use super::row::rows;
use crate::sem::{Sem, Width};

/// Quotient and remainder as [`signed`] and [`unsigned`] are to give them.
#[derive(PartialEq)]
enum Part {
    Quotient,
    Remainder,
}

/// Signed division of the low `w` bits, rounding towards zero. RISC-V does not trap:
/// `n / 0` is -1 with remainder `n`, and the lowest number `/ -1` is itself, remainder 0.
#[inline]
fn signed<S: Sem>(x: &mut S, i: &Fields, w: Width, part: Part) {
    let (n, d) = (x.read(i.rs1), x.read(i.rs2));
    let (n, d) = (x.sext(w, n), x.sext(w, d));
    let (zero, one, minus_one) = (x.imm(0), x.imm(1), x.imm(-1));
    let lowest = x.imm(i64::MIN >> (64 - w.bits()));
    let by_zero = x.eq(d, zero);
    let (is_lowest, by_minus_one) = (x.eq(n, lowest), x.eq(d, minus_one));
    let overflow = x.both(is_lowest, by_minus_one);
    let excluded = x.either(by_zero, overflow);
    let divisor = x.select(excluded, one, d);
    // With 1 for the divisor, overflow gives what it should: `n`, remainder 0.
    let result = if part == Part::Quotient {
        let quotient = x.sdiv(w, n, divisor);
        x.select(by_zero, minus_one, quotient)
    } else {
        let remainder = x.srem(w, n, divisor);
        x.select(by_zero, n, remainder)
    };
    x.write(i.rd, result);
}

/// Unsigned division of the low `w` bits, the result sign-extended from `w` all the same.
/// RISC-V does not trap: `n / 0` is all ones, with remainder `n`.
#[inline]
fn unsigned<S: Sem>(x: &mut S, i: &Fields, w: Width, part: Part) {
    let (n, d) = (x.read(i.rs1), x.read(i.rs2));
    let d = x.zext(w, d);
    let (zero, one, ones) = (x.imm(0), x.imm(1), x.imm(-1));
    let by_zero = x.eq(d, zero);
    let divisor = x.select(by_zero, one, d);
    let result = if part == Part::Quotient {
        let quotient = x.udiv(w, n, divisor);
        x.select(by_zero, ones, quotient)
    } else {
        let remainder = x.urem(w, n, divisor);
        let n = x.sext(w, n);
        x.select(by_zero, n, remainder)
    };
    x.write(i.rd, result);
}

rows! { "m"
    Mul    "0000001 rs2 rs1 000 rd 0110011" => "mul rd, rs1, rs2"    |x, i| { binary(x, i, Sem::mul) }
    Mulh   "0000001 rs2 rs1 001 rd 0110011" => "mulh rd, rs1, rs2"   |x, i| { binary(x, i, Sem::mulh) }
    Mulhsu "0000001 rs2 rs1 010 rd 0110011" => "mulhsu rd, rs1, rs2" |x, i| { binary(x, i, Sem::mulhsu) }
    Mulhu  "0000001 rs2 rs1 011 rd 0110011" => "mulhu rd, rs1, rs2"  |x, i| { binary(x, i, Sem::mulhu) }
    Div "0000001 rs2 rs1 100 rd 0110011" => "div rd, rs1, rs2" |x, i| {
        signed(x, i, Width::D, Part::Quotient)
    }
    Divu "0000001 rs2 rs1 101 rd 0110011" => "divu rd, rs1, rs2" |x, i| {
        unsigned(x, i, Width::D, Part::Quotient)
    }
    Rem "0000001 rs2 rs1 110 rd 0110011" => "rem rd, rs1, rs2" |x, i| {
        signed(x, i, Width::D, Part::Remainder)
    }
    Remu "0000001 rs2 rs1 111 rd 0110011" => "remu rd, rs1, rs2" |x, i| {
        unsigned(x, i, Width::D, Part::Remainder)
    }
    Mulw "0000001 rs2 rs1 000 rd 0111011" => "mulw rd, rs1, rs2" |x, i| {
        binary(x, i, word(Sem::mul))
    }
    Divw "0000001 rs2 rs1 100 rd 0111011" => "divw rd, rs1, rs2" |x, i| {
        signed(x, i, Width::W, Part::Quotient)
    }
    Divuw "0000001 rs2 rs1 101 rd 0111011" => "divuw rd, rs1, rs2" |x, i| {
        unsigned(x, i, Width::W, Part::Quotient)
    }
    Remw "0000001 rs2 rs1 110 rd 0111011" => "remw rd, rs1, rs2" |x, i| {
        signed(x, i, Width::W, Part::Remainder)
    }
    Remuw "0000001 rs2 rs1 111 rd 0111011" => "remuw rd, rs1, rs2" |x, i| {
        unsigned(x, i, Width::W, Part::Remainder)
    }
}
