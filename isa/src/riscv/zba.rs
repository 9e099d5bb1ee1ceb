//! Zba: address generation.

use super::Fields;
use super::i::binary;
use super::row::rows;
use crate::sem::{Sem, Width};

/// `rs2 + (rs1 << shift)`, where `rs1` may be taken as an unsigned word.
#[inline]
fn shift_add<S: Sem>(x: &mut S, i: &Fields, shift: i64, unsigned_word: bool) {
    binary(x, i, |x, index, base| {
        let index = if unsigned_word {
            x.zext(Width::W, index)
        } else {
            index
        };
        let shift = x.imm(shift);
        let scaled = x.shl(Width::D, index, shift);
        x.add(base, scaled)
    })
}

rows! { "zba"
    AddUw    "0000100 rs2 rs1 000 rd 0111011" => "add.uw rd, rs1, rs2"    |x, i| { shift_add(x, i, 0, true) }
    Sh1add   "0010000 rs2 rs1 010 rd 0110011" => "sh1add rd, rs1, rs2"    |x, i| { shift_add(x, i, 1, false) }
    Sh2add   "0010000 rs2 rs1 100 rd 0110011" => "sh2add rd, rs1, rs2"    |x, i| { shift_add(x, i, 2, false) }
    Sh3add   "0010000 rs2 rs1 110 rd 0110011" => "sh3add rd, rs1, rs2"    |x, i| { shift_add(x, i, 3, false) }
    Sh1addUw "0010000 rs2 rs1 010 rd 0111011" => "sh1add.uw rd, rs1, rs2" |x, i| { shift_add(x, i, 1, true) }
    Sh2addUw "0010000 rs2 rs1 100 rd 0111011" => "sh2add.uw rd, rs1, rs2" |x, i| { shift_add(x, i, 2, true) }
    Sh3addUw "0010000 rs2 rs1 110 rd 0111011" => "sh3add.uw rd, rs1, rs2" |x, i| { shift_add(x, i, 3, true) }
    SlliUw "000010 shamt[5:0] rs1 001 rd 0011011" => "slli.uw rd, rs1, imm" |x, i| {
        let word = x.read(i.rs1);
        let (word, shift) = (x.zext(Width::W, word), x.imm(i.imm));
        let result = x.shl(Width::D, word, shift);
        x.write(i.rd, result);
    }
}
