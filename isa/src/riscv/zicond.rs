//! Zicond: conditional zeroing.

use super::i::binary;
use super::row::rows;

rows! { "zicond"
    CzeroEqz "0000111 rs2 rs1 101 rd 0110011" => "czero.eqz rd, rs1, rs2" |x, i| {
        binary(x, i, |x, value, condition| {
            let zero = x.imm(0);
            let is_zero = x.eq(condition, zero);
            x.select(is_zero, zero, value)
        })
    }
    CzeroNez "0000111 rs2 rs1 111 rd 0110011" => "czero.nez rd, rs1, rs2" |x, i| {
        binary(x, i, |x, value, condition| {
            let zero = x.imm(0);
            let is_zero = x.eq(condition, zero);
            x.select(is_zero, value, zero)
        })
    }
}
