//! Zicsr: control and status registers.

use super::Fields;
use super::row::rows;
use crate::sem::{CsrOp, Sem};

/// The forms with a register. Setting or clearing with `x0` does not write at all,
/// so that read-only registers can be read; `csrrw` always writes.
fn register<S: Sem>(x: &mut S, i: &Fields, op: CsrOp) {
    let writes = op == CsrOp::Write || i.rs1.number() != 0;
    let source = writes.then(|| x.read(i.rs1));
    x.csr(op, i.csr, i.rd, source);
}

/// The forms with an immediate, where 0 plays the part of `x0`.
fn immediate<S: Sem>(x: &mut S, i: &Fields, op: CsrOp) {
    let writes = op == CsrOp::Write || i.imm != 0;
    let source = writes.then(|| x.imm(i.imm));
    x.csr(op, i.csr, i.rd, source);
}

rows! { "zicsr"
    Csrrw  "csr rs1 001 rd 1110011"       => "csrrw rd, csr, rs1"  |x, i| { register(x, i, CsrOp::Write) }
    Csrrs  "csr rs1 010 rd 1110011"       => "csrrs rd, csr, rs1"  |x, i| { register(x, i, CsrOp::Set) }
    Csrrc  "csr rs1 011 rd 1110011"       => "csrrc rd, csr, rs1"  |x, i| { register(x, i, CsrOp::Clear) }
    Csrrwi "csr uimm[4:0] 101 rd 1110011" => "csrrwi rd, csr, imm" |x, i| { immediate(x, i, CsrOp::Write) }
    Csrrsi "csr uimm[4:0] 110 rd 1110011" => "csrrsi rd, csr, imm" |x, i| { immediate(x, i, CsrOp::Set) }
    Csrrci "csr uimm[4:0] 111 rd 1110011" => "csrrci rd, csr, imm" |x, i| { immediate(x, i, CsrOp::Clear) }
}
