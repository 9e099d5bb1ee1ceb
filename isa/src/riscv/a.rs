//! A (Zaamo and Zalrsc): atomic memory operations. Addresses must be aligned.

use super::Fields;
use super::row::rows;
use crate::sem::{AmoOp, Sem, Width};

#[inline]
fn load_reserved<S: Sem>(x: &mut S, i: &Fields, w: Width) {
    let address = x.read(i.rs1);
    let value = x.load_reserved(w, i.ordering, address);
    x.write(i.rd, value);
}

#[inline]
fn store_conditional<S: Sem>(x: &mut S, i: &Fields, w: Width) {
    let (address, value) = (x.read(i.rs1), x.read(i.rs2));
    let failed = x.store_conditional(w, i.ordering, address, value);
    x.write(i.rd, failed);
}

#[inline]
fn amo<S: Sem>(x: &mut S, i: &Fields, w: Width, op: AmoOp) {
    let (address, value) = (x.read(i.rs1), x.read(i.rs2));
    let old = x.amo(op, w, i.ordering, address, value);
    x.write(i.rd, old);
}

rows! { "a"
    LrW "00010 aq rl 00000 rs1 010 rd 0101111" => "lr.w{aqrl} rd, (rs1)"      |x, i| { load_reserved(x, i, Width::W) }
    LrD "00010 aq rl 00000 rs1 011 rd 0101111" => "lr.d{aqrl} rd, (rs1)"      |x, i| { load_reserved(x, i, Width::D) }
    ScW "00011 aq rl rs2 rs1 010 rd 0101111"   => "sc.w{aqrl} rd, rs2, (rs1)" |x, i| { store_conditional(x, i, Width::W) }
    ScD "00011 aq rl rs2 rs1 011 rd 0101111"   => "sc.d{aqrl} rd, rs2, (rs1)" |x, i| { store_conditional(x, i, Width::D) }

    AmoswapW "00001 aq rl rs2 rs1 010 rd 0101111" => "amoswap.w{aqrl} rd, rs2, (rs1)" |x, i| { amo(x, i, Width::W, AmoOp::Swap) }
    AmoaddW  "00000 aq rl rs2 rs1 010 rd 0101111" => "amoadd.w{aqrl} rd, rs2, (rs1)"  |x, i| { amo(x, i, Width::W, AmoOp::Add) }
    AmoxorW  "00100 aq rl rs2 rs1 010 rd 0101111" => "amoxor.w{aqrl} rd, rs2, (rs1)"  |x, i| { amo(x, i, Width::W, AmoOp::Xor) }
    AmoandW  "01100 aq rl rs2 rs1 010 rd 0101111" => "amoand.w{aqrl} rd, rs2, (rs1)"  |x, i| { amo(x, i, Width::W, AmoOp::And) }
    AmoorW   "01000 aq rl rs2 rs1 010 rd 0101111" => "amoor.w{aqrl} rd, rs2, (rs1)"   |x, i| { amo(x, i, Width::W, AmoOp::Or) }
    AmominW  "10000 aq rl rs2 rs1 010 rd 0101111" => "amomin.w{aqrl} rd, rs2, (rs1)"  |x, i| { amo(x, i, Width::W, AmoOp::Min) }
    AmomaxW  "10100 aq rl rs2 rs1 010 rd 0101111" => "amomax.w{aqrl} rd, rs2, (rs1)"  |x, i| { amo(x, i, Width::W, AmoOp::Max) }
    AmominuW "11000 aq rl rs2 rs1 010 rd 0101111" => "amominu.w{aqrl} rd, rs2, (rs1)" |x, i| { amo(x, i, Width::W, AmoOp::Minu) }
    AmomaxuW "11100 aq rl rs2 rs1 010 rd 0101111" => "amomaxu.w{aqrl} rd, rs2, (rs1)" |x, i| { amo(x, i, Width::W, AmoOp::Maxu) }

    AmoswapD "00001 aq rl rs2 rs1 011 rd 0101111" => "amoswap.d{aqrl} rd, rs2, (rs1)" |x, i| { amo(x, i, Width::D, AmoOp::Swap) }
    AmoaddD  "00000 aq rl rs2 rs1 011 rd 0101111" => "amoadd.d{aqrl} rd, rs2, (rs1)"  |x, i| { amo(x, i, Width::D, AmoOp::Add) }
    AmoxorD  "00100 aq rl rs2 rs1 011 rd 0101111" => "amoxor.d{aqrl} rd, rs2, (rs1)"  |x, i| { amo(x, i, Width::D, AmoOp::Xor) }
    AmoandD  "01100 aq rl rs2 rs1 011 rd 0101111" => "amoand.d{aqrl} rd, rs2, (rs1)"  |x, i| { amo(x, i, Width::D, AmoOp::And) }
    AmoorD   "01000 aq rl rs2 rs1 011 rd 0101111" => "amoor.d{aqrl} rd, rs2, (rs1)"   |x, i| { amo(x, i, Width::D, AmoOp::Or) }
    AmominD  "10000 aq rl rs2 rs1 011 rd 0101111" => "amomin.d{aqrl} rd, rs2, (rs1)"  |x, i| { amo(x, i, Width::D, AmoOp::Min) }
    AmomaxD  "10100 aq rl rs2 rs1 011 rd 0101111" => "amomax.d{aqrl} rd, rs2, (rs1)"  |x, i| { amo(x, i, Width::D, AmoOp::Max) }
    AmominuD "11000 aq rl rs2 rs1 011 rd 0101111" => "amominu.d{aqrl} rd, rs2, (rs1)" |x, i| { amo(x, i, Width::D, AmoOp::Minu) }
    AmomaxuD "11100 aq rl rs2 rs1 011 rd 0101111" => "amomaxu.d{aqrl} rd, rs2, (rs1)" |x, i| { amo(x, i, Width::D, AmoOp::Maxu) }
}
