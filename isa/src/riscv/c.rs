//! C: compressed instructions, as RV64 with D has them. Each is another instruction in short;
//! a field that the short form implies is `x0` unless the meaning names it.
//!
//! Encodings that are hints (writes to `x0`, shifts by 0) are instructions like any other.

use super::i::{
    Add, Addi, Addiw, Addw, And, Andi, Beq, Bne, Ebreak, Jal, Jalr, Ld, Lui, Lw, Or, Sd, Slli,
    Srai, Srli, Sub, Subw, Sw, Xor, address,
};
use super::row::rows;
use super::{Fields, Reg};
use crate::sem::{Fmt, Sem, Width};

// `c.fld` and `c.fsd` repeat the two lines of `fld` and `fsd` on purpose: C without D is
// conceivable, and this file should not need the other.

#[inline]
fn load_double<S: Sem>(x: &mut S, i: &Fields) {
    let address = address(x, i);
    let bits = x.load(Width::D, true, address);
    let value = x.ffrom_bits(Fmt::D, bits);
    x.fwrite(Fmt::D, i.frd(), value);
}

#[inline]
fn store_double<S: Sem>(x: &mut S, i: &Fields) {
    let address = address(x, i);
    let bits = x.fread_raw(i.frs2());
    x.store(Width::D, address, bits);
}

rows! { "c"
    /// Defined to be illegal, so that running into zeros is found out.
    CUnimp "0000000000000000" => "c.unimp" |x, _i| { x.illegal() }

    CAddi4spn "000 nzuimm[5:4|9:6|2|3] rd' 00" => "c.addi4spn rd, sp, imm" |x, i| { Addi::body(x, &i.with_rs1(Reg::SP)) }
    CFld "001 uimm[5:3] rs1' uimm[7:6] rd' 00"  => "c.fld frd, imm(rs1)"  |x, i| { load_double(x, i) }
    CLw  "010 uimm[5:3] rs1' uimm[2|6] rd' 00"  => "c.lw rd, imm(rs1)"    |x, i| { Lw::body(x, i) }
    CLd  "011 uimm[5:3] rs1' uimm[7:6] rd' 00"  => "c.ld rd, imm(rs1)"    |x, i| { Ld::body(x, i) }
    CFsd "101 uimm[5:3] rs1' uimm[7:6] rs2' 00" => "c.fsd frs2, imm(rs1)" |x, i| { store_double(x, i) }
    CSw  "110 uimm[5:3] rs1' uimm[2|6] rs2' 00" => "c.sw rs2, imm(rs1)"   |x, i| { Sw::body(x, i) }
    CSd  "111 uimm[5:3] rs1' uimm[7:6] rs2' 00" => "c.sd rs2, imm(rs1)"   |x, i| { Sd::body(x, i) }

    CNop "000 imm[5] 00000 imm[4:0] 01" => "c.nop[ imm]" |_x, _i| {}
    CAddi "000 imm[5] rd/rs1!=0 imm[4:0] 01"  => "c.addi rd, imm"  |x, i| { Addi::body(x, i) }
    CAddiw "001 imm[5] rd/rs1!=0 imm[4:0] 01" => "c.addiw rd, imm" |x, i| { Addiw::body(x, i) }
    CLi "010 imm[5] rd imm[4:0] 01"           => "c.li rd, imm"    |x, i| { Addi::body(x, i) }
    CAddi16sp "011 nzimm[9] 00010 nzimm[4|6|8:7|5] 01" => "c.addi16sp sp, imm" |x, i| {
        Addi::body(x, &i.with_rd(Reg::SP).with_rs1(Reg::SP))
    }
    CLui "011 nzimm[17] rd!=2 nzimm[16:12] 01" => "c.lui rd, imm20" |x, i| { Lui::body(x, i) }

    CSrli "100 shamt[5] 00 rd'/rs1' shamt[4:0] 01" => "c.srli rd, imm" |x, i| { Srli::body(x, i) }
    CSrai "100 shamt[5] 01 rd'/rs1' shamt[4:0] 01" => "c.srai rd, imm" |x, i| { Srai::body(x, i) }
    CAndi "100 imm[5] 10 rd'/rs1' imm[4:0] 01"     => "c.andi rd, imm" |x, i| { Andi::body(x, i) }
    CSub  "100011 rd'/rs1' 00 rs2' 01" => "c.sub rd, rs2"  |x, i| { Sub::body(x, i) }
    CXor  "100011 rd'/rs1' 01 rs2' 01" => "c.xor rd, rs2"  |x, i| { Xor::body(x, i) }
    COr   "100011 rd'/rs1' 10 rs2' 01" => "c.or rd, rs2"   |x, i| { Or::body(x, i) }
    CAnd  "100011 rd'/rs1' 11 rs2' 01" => "c.and rd, rs2"  |x, i| { And::body(x, i) }
    CSubw "100111 rd'/rs1' 00 rs2' 01" => "c.subw rd, rs2" |x, i| { Subw::body(x, i) }
    CAddw "100111 rd'/rs1' 01 rs2' 01" => "c.addw rd, rs2" |x, i| { Addw::body(x, i) }

    CJ "101 imm[11|4|9:8|10|6|7|3:1|5] 01" => "c.j imm" |x, i| { Jal::body(x, i) }
    CBeqz "110 imm[8|4:3] rs1' imm[7:6|2:1|5] 01" => "c.beqz rs1, imm" |x, i| { Beq::body(x, i) }
    CBnez "111 imm[8|4:3] rs1' imm[7:6|2:1|5] 01" => "c.bnez rs1, imm" |x, i| { Bne::body(x, i) }

    CSlli "000 shamt[5] rd/rs1 shamt[4:0] 10" => "c.slli rd, imm" |x, i| { Slli::body(x, i) }
    CFldsp "001 uimm[5] rd uimm[4:3|8:6] 10"    => "c.fldsp frd, imm(sp)" |x, i| { load_double(x, &i.with_rs1(Reg::SP)) }
    CLwsp  "010 uimm[5] rd!=0 uimm[4:2|7:6] 10" => "c.lwsp rd, imm(sp)"   |x, i| { Lw::body(x, &i.with_rs1(Reg::SP)) }
    CLdsp  "011 uimm[5] rd!=0 uimm[4:3|8:6] 10" => "c.ldsp rd, imm(sp)"   |x, i| { Ld::body(x, &i.with_rs1(Reg::SP)) }
    CJr    "1000 rs1!=0 00000 10"        => "c.jr rs1"        |x, i| { Jalr::body(x, i) }
    CMv    "1000 rd rs2!=0 10"           => "c.mv rd, rs2"    |x, i| { Add::body(x, i) }
    CEbreak "1001 00000 00000 10"        => "c.ebreak"        |x, i| { Ebreak::body(x, i) }
    CJalr  "1001 rs1!=0 00000 10"        => "c.jalr rs1"      |x, i| { Jalr::body(x, &i.with_rd(Reg::RA)) }
    CAdd   "1001 rd/rs1 rs2!=0 10"       => "c.add rd, rs2"   |x, i| { Add::body(x, i) }
    CFsdsp "101 uimm[5:3|8:6] rs2 10" => "c.fsdsp frs2, imm(sp)" |x, i| { store_double(x, &i.with_rs1(Reg::SP)) }
    CSwsp  "110 uimm[5:2|7:6] rs2 10" => "c.swsp rs2, imm(sp)"   |x, i| { Sw::body(x, &i.with_rs1(Reg::SP)) }
    CSdsp  "111 uimm[5:3|8:6] rs2 10" => "c.sdsp rs2, imm(sp)"   |x, i| { Sd::body(x, &i.with_rs1(Reg::SP)) }
}
