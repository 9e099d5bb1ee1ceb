//! RV64I: the base integer instruction set.

use super::Fields;
use super::row::rows;
use crate::sem::{Sem, Width};

/// `rd = op(rs1, rs2)`
#[inline]
pub(super) fn binary<S: Sem>(
    x: &mut S,
    i: &Fields,
    op: impl FnOnce(&mut S, S::Val, S::Val) -> S::Val,
) {
    let (a, b) = (x.read(i.rs1), x.read(i.rs2));
    let result = op(x, a, b);
    x.write(i.rd, result);
}

/// `rd = op(rs1, imm)`
#[inline]
pub(super) fn immediate<S: Sem>(
    x: &mut S,
    i: &Fields,
    op: impl FnOnce(&mut S, S::Val, S::Val) -> S::Val,
) {
    let (a, b) = (x.read(i.rs1), x.imm(i.imm));
    let result = op(x, a, b);
    x.write(i.rd, result);
}

/// `rs1 + imm`
#[inline]
pub(super) fn address<S: Sem>(x: &mut S, i: &Fields) -> S::Val {
    let (base, offset) = (x.read(i.rs1), x.imm(i.imm));
    x.add(base, offset)
}

#[inline]
fn load<S: Sem>(x: &mut S, i: &Fields, w: Width, signed: bool) {
    let address = address(x, i);
    let value = x.load(w, signed, address);
    x.write(i.rd, value);
}

#[inline]
fn store<S: Sem>(x: &mut S, i: &Fields, w: Width) {
    let address = address(x, i);
    let value = x.read(i.rs2);
    x.store(w, address, value);
}

#[inline]
fn branch<S: Sem>(x: &mut S, i: &Fields, test: impl FnOnce(&mut S, S::Val, S::Val) -> S::Cond) {
    let (a, b) = (x.read(i.rs1), x.read(i.rs2));
    let taken = test(x, a, b);
    x.branch(taken, i.imm);
}

/// `op` on the low words, sign-extended: for operations whose low half needs no more.
#[inline]
pub(super) fn word<S: Sem>(
    op: impl FnOnce(&mut S, S::Val, S::Val) -> S::Val,
) -> impl FnOnce(&mut S, S::Val, S::Val) -> S::Val {
    move |x, a, b| {
        let wide = op(x, a, b);
        x.sext(Width::W, wide)
    }
}

rows! { "i"
    Lui "imm[31:12] rd 0110111" => "lui rd, imm20" |x, i| {
        let value = x.imm(i.imm);
        x.write(i.rd, value);
    }
    Auipc "imm[31:12] rd 0010111" => "auipc rd, imm20" |x, i| {
        let value = x.pc(i.imm);
        x.write(i.rd, value);
    }
    Jal "imm[20|10:1|11|19:12] rd 1101111" => "jal rd, imm" |x, i| {
        x.jump(i.rd, i.imm);
    }
    /// The target is computed before the link is written: they may be one register.
    Jalr "imm[11:0] rs1 000 rd 1100111" => "jalr rd, imm(rs1)" |x, i| {
        let sum = address(x, i);
        let even = x.imm(!1);
        let target = x.and(sum, even);
        x.jump_indirect(i.rd, i.rs1, target);
    }

    Beq "imm[12|10:5] rs2 rs1 000 imm[4:1|11] 1100011" => "beq rs1, rs2, imm" |x, i| {
        branch(x, i, Sem::eq)
    }
    Bne "imm[12|10:5] rs2 rs1 001 imm[4:1|11] 1100011" => "bne rs1, rs2, imm" |x, i| {
        branch(x, i, |x, a, b| { let equal = x.eq(a, b); x.not(equal) })
    }
    Blt "imm[12|10:5] rs2 rs1 100 imm[4:1|11] 1100011" => "blt rs1, rs2, imm" |x, i| {
        branch(x, i, Sem::slt)
    }
    Bge "imm[12|10:5] rs2 rs1 101 imm[4:1|11] 1100011" => "bge rs1, rs2, imm" |x, i| {
        branch(x, i, |x, a, b| { let less = x.slt(a, b); x.not(less) })
    }
    Bltu "imm[12|10:5] rs2 rs1 110 imm[4:1|11] 1100011" => "bltu rs1, rs2, imm" |x, i| {
        branch(x, i, Sem::ult)
    }
    Bgeu "imm[12|10:5] rs2 rs1 111 imm[4:1|11] 1100011" => "bgeu rs1, rs2, imm" |x, i| {
        branch(x, i, |x, a, b| { let less = x.ult(a, b); x.not(less) })
    }

    Lb  "imm[11:0] rs1 000 rd 0000011" => "lb rd, imm(rs1)"  |x, i| { load(x, i, Width::B, true) }
    Lh  "imm[11:0] rs1 001 rd 0000011" => "lh rd, imm(rs1)"  |x, i| { load(x, i, Width::H, true) }
    Lw  "imm[11:0] rs1 010 rd 0000011" => "lw rd, imm(rs1)"  |x, i| { load(x, i, Width::W, true) }
    Ld  "imm[11:0] rs1 011 rd 0000011" => "ld rd, imm(rs1)"  |x, i| { load(x, i, Width::D, true) }
    Lbu "imm[11:0] rs1 100 rd 0000011" => "lbu rd, imm(rs1)" |x, i| { load(x, i, Width::B, false) }
    Lhu "imm[11:0] rs1 101 rd 0000011" => "lhu rd, imm(rs1)" |x, i| { load(x, i, Width::H, false) }
    Lwu "imm[11:0] rs1 110 rd 0000011" => "lwu rd, imm(rs1)" |x, i| { load(x, i, Width::W, false) }
    Sb "imm[11:5] rs2 rs1 000 imm[4:0] 0100011" => "sb rs2, imm(rs1)" |x, i| { store(x, i, Width::B) }
    Sh "imm[11:5] rs2 rs1 001 imm[4:0] 0100011" => "sh rs2, imm(rs1)" |x, i| { store(x, i, Width::H) }
    Sw "imm[11:5] rs2 rs1 010 imm[4:0] 0100011" => "sw rs2, imm(rs1)" |x, i| { store(x, i, Width::W) }
    Sd "imm[11:5] rs2 rs1 011 imm[4:0] 0100011" => "sd rs2, imm(rs1)" |x, i| { store(x, i, Width::D) }

    Addi "imm[11:0] rs1 000 rd 0010011" => "addi rd, rs1, imm" |x, i| { immediate(x, i, Sem::add) }
    Slti "imm[11:0] rs1 010 rd 0010011" => "slti rd, rs1, imm" |x, i| {
        immediate(x, i, |x, a, b| { let less = x.slt(a, b); x.truth(less) })
    }
    /// The immediate is sign-extended, then taken as unsigned.
    Sltiu "imm[11:0] rs1 011 rd 0010011" => "sltiu rd, rs1, imm" |x, i| {
        immediate(x, i, |x, a, b| { let less = x.ult(a, b); x.truth(less) })
    }
    Xori "imm[11:0] rs1 100 rd 0010011" => "xori rd, rs1, imm" |x, i| { immediate(x, i, Sem::xor) }
    Ori  "imm[11:0] rs1 110 rd 0010011" => "ori rd, rs1, imm"  |x, i| { immediate(x, i, Sem::or) }
    Andi "imm[11:0] rs1 111 rd 0010011" => "andi rd, rs1, imm" |x, i| { immediate(x, i, Sem::and) }
    Slli "000000 shamt[5:0] rs1 001 rd 0010011" => "slli rd, rs1, imm" |x, i| {
        immediate(x, i, |x, a, n| x.shl(Width::D, a, n))
    }
    Srli "000000 shamt[5:0] rs1 101 rd 0010011" => "srli rd, rs1, imm" |x, i| {
        immediate(x, i, |x, a, n| x.shr(Width::D, a, n))
    }
    Srai "010000 shamt[5:0] rs1 101 rd 0010011" => "srai rd, rs1, imm" |x, i| {
        immediate(x, i, |x, a, n| x.sar(Width::D, a, n))
    }
    Add "0000000 rs2 rs1 000 rd 0110011" => "add rd, rs1, rs2" |x, i| { binary(x, i, Sem::add) }
    Sub "0100000 rs2 rs1 000 rd 0110011" => "sub rd, rs1, rs2" |x, i| { binary(x, i, Sem::sub) }
    Sll "0000000 rs2 rs1 001 rd 0110011" => "sll rd, rs1, rs2" |x, i| {
        binary(x, i, |x, a, n| x.shl(Width::D, a, n))
    }
    Slt "0000000 rs2 rs1 010 rd 0110011" => "slt rd, rs1, rs2" |x, i| {
        binary(x, i, |x, a, b| { let less = x.slt(a, b); x.truth(less) })
    }
    Sltu "0000000 rs2 rs1 011 rd 0110011" => "sltu rd, rs1, rs2" |x, i| {
        binary(x, i, |x, a, b| { let less = x.ult(a, b); x.truth(less) })
    }
    Xor "0000000 rs2 rs1 100 rd 0110011" => "xor rd, rs1, rs2" |x, i| { binary(x, i, Sem::xor) }
    Srl "0000000 rs2 rs1 101 rd 0110011" => "srl rd, rs1, rs2" |x, i| {
        binary(x, i, |x, a, n| x.shr(Width::D, a, n))
    }
    Sra "0100000 rs2 rs1 101 rd 0110011" => "sra rd, rs1, rs2" |x, i| {
        binary(x, i, |x, a, n| x.sar(Width::D, a, n))
    }
    Or  "0000000 rs2 rs1 110 rd 0110011" => "or rd, rs1, rs2"  |x, i| { binary(x, i, Sem::or) }
    And "0000000 rs2 rs1 111 rd 0110011" => "and rd, rs1, rs2" |x, i| { binary(x, i, Sem::and) }

    Addiw "imm[11:0] rs1 000 rd 0011011" => "addiw rd, rs1, imm" |x, i| {
        immediate(x, i, word(Sem::add))
    }
    Slliw "0000000 shamt[4:0] rs1 001 rd 0011011" => "slliw rd, rs1, imm" |x, i| {
        immediate(x, i, |x, a, n| x.shl(Width::W, a, n))
    }
    Srliw "0000000 shamt[4:0] rs1 101 rd 0011011" => "srliw rd, rs1, imm" |x, i| {
        immediate(x, i, |x, a, n| x.shr(Width::W, a, n))
    }
    Sraiw "0100000 shamt[4:0] rs1 101 rd 0011011" => "sraiw rd, rs1, imm" |x, i| {
        immediate(x, i, |x, a, n| x.sar(Width::W, a, n))
    }
    Addw "0000000 rs2 rs1 000 rd 0111011" => "addw rd, rs1, rs2" |x, i| {
        binary(x, i, word(Sem::add))
    }
    Subw "0100000 rs2 rs1 000 rd 0111011" => "subw rd, rs1, rs2" |x, i| {
        binary(x, i, word(Sem::sub))
    }
    Sllw "0000000 rs2 rs1 001 rd 0111011" => "sllw rd, rs1, rs2" |x, i| {
        binary(x, i, |x, a, n| x.shl(Width::W, a, n))
    }
    Srlw "0000000 rs2 rs1 101 rd 0111011" => "srlw rd, rs1, rs2" |x, i| {
        binary(x, i, |x, a, n| x.shr(Width::W, a, n))
    }
    Sraw "0100000 rs2 rs1 101 rd 0111011" => "sraw rd, rs1, rs2" |x, i| {
        binary(x, i, |x, a, n| x.sar(Width::W, a, n))
    }

    /// `rd` and `rs1` are reserved for finer fences and to be ignored.
    Fence "0000 pred succ ----- 000 ----- 0001111" => "fence pred, succ" |x, i| {
        x.fence(u32::from(i.pred), u32::from(i.succ));
    }
    /// Orders all but a store before a load; taken as the stronger `fence rw, rw`.
    FenceTso "1000 0011 0011 00000 000 00000 0001111" => "fence.tso" |x, _i| {
        x.fence(0b0011, 0b0011);
    }
    Ecall  "000000000000 00000 000 00000 1110011" => "ecall"  |x, _i| { x.ecall() }
    Ebreak "000000000001 00000 000 00000 1110011" => "ebreak" |x, _i| { x.ebreak() }
}
