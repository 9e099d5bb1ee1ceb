//! Zbc: carry-less multiplication.

use super::i::binary;
use super::row::rows;
use crate::sem::{Sem, Width};

rows! { "zbc"
    Clmul  "0000101 rs2 rs1 001 rd 0110011" => "clmul rd, rs1, rs2"  |x, i| { binary(x, i, Sem::clmul) }
    Clmulh "0000101 rs2 rs1 011 rd 0110011" => "clmulh rd, rs1, rs2" |x, i| { binary(x, i, Sem::clmulh) }
    /// Bits 126 to 63 of the 127-bit product.
    Clmulr "0000101 rs2 rs1 010 rd 0110011" => "clmulr rd, rs1, rs2" |x, i| {
        binary(x, i, |x, a, b| {
            let (high, low) = (x.clmulh(a, b), x.clmul(a, b));
            let (one, top) = (x.imm(1), x.imm(63));
            let (high, low) = (x.shl(Width::D, high, one), x.shr(Width::D, low, top));
            x.or(high, low)
        })
    }
}
