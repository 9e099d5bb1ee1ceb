//! F: single-precision floating point. Source: unprivileged manual, "F" chapter.

use super::floats::{
    Sign, arithmetic, compare, from_integer, fused, inject, load, store, to_integer,
};
use super::row::rows;
use crate::sem::{Fmt, IntTy, Sem, Width};

rows! { "f"
    Flw "imm[11:0] rs1 010 rd 0000111" => "flw frd, imm(rs1)" |x, i| { load(x, i, Fmt::S) }
    Fsw "imm[11:5] rs2 rs1 010 imm[4:0] 0100111" => "fsw frs2, imm(rs1)" |x, i| { store(x, i, Fmt::S) }
    FmaddS "rs3 00 rs2 rs1 rm rd 1000011" => "fmadd.s frd, frs1, frs2, frs3, rm" |x, i| { fused(x, i, Fmt::S, false, false) }
    FmsubS "rs3 00 rs2 rs1 rm rd 1000111" => "fmsub.s frd, frs1, frs2, frs3, rm" |x, i| { fused(x, i, Fmt::S, false, true) }
    FnmsubS "rs3 00 rs2 rs1 rm rd 1001011" => "fnmsub.s frd, frs1, frs2, frs3, rm" |x, i| { fused(x, i, Fmt::S, true, false) }
    FnmaddS "rs3 00 rs2 rs1 rm rd 1001111" => "fnmadd.s frd, frs1, frs2, frs3, rm" |x, i| { fused(x, i, Fmt::S, true, true) }
    FaddS "0000000 rs2 rs1 rm rd 1010011" => "fadd.s frd, frs1, frs2, rm" |x, i| { arithmetic(x, i, Fmt::S, Sem::fadd) }
    FsubS "0000100 rs2 rs1 rm rd 1010011" => "fsub.s frd, frs1, frs2, rm" |x, i| { arithmetic(x, i, Fmt::S, Sem::fsub) }
    FmulS "0001000 rs2 rs1 rm rd 1010011" => "fmul.s frd, frs1, frs2, rm" |x, i| { arithmetic(x, i, Fmt::S, Sem::fmul) }
    FdivS "0001100 rs2 rs1 rm rd 1010011" => "fdiv.s frd, frs1, frs2, rm" |x, i| { arithmetic(x, i, Fmt::S, Sem::fdiv) }
    FsqrtS "0101100 00000 rs1 rm rd 1010011" => "fsqrt.s frd, frs1, rm" |x, i| { let a = x.fread(Fmt::S, i.frs1()); let v = x.fsqrt(Fmt::S, i.rm, a); x.fwrite(Fmt::S, i.frd(), v); }
    FsgnjS "0010000 rs2 rs1 000 rd 1010011" => "fsgnj.s frd, frs1, frs2" |x, i| { inject(x, i, Fmt::S, Sign::Copy) }
    FsgnjnS "0010000 rs2 rs1 001 rd 1010011" => "fsgnjn.s frd, frs1, frs2" |x, i| { inject(x, i, Fmt::S, Sign::Negate) }
    FsgnjxS "0010000 rs2 rs1 010 rd 1010011" => "fsgnjx.s frd, frs1, frs2" |x, i| { inject(x, i, Fmt::S, Sign::Multiply) }
    FminS "0010100 rs2 rs1 000 rd 1010011" => "fmin.s frd, frs1, frs2" |x, i| { let (a, b) = (x.fread(Fmt::S, i.frs1()), x.fread(Fmt::S, i.frs2())); let v = x.fmin(Fmt::S, a, b); x.fwrite(Fmt::S, i.frd(), v); }
    FmaxS "0010100 rs2 rs1 001 rd 1010011" => "fmax.s frd, frs1, frs2" |x, i| { let (a, b) = (x.fread(Fmt::S, i.frs1()), x.fread(Fmt::S, i.frs2())); let v = x.fmax(Fmt::S, a, b); x.fwrite(Fmt::S, i.frd(), v); }
    FleS "1010000 rs2 rs1 000 rd 1010011" => "fle.s rd, frs1, frs2" |x, i| { compare(x, i, Fmt::S, |x, a, b| x.fle(Fmt::S, false, a, b)) }
    FltS "1010000 rs2 rs1 001 rd 1010011" => "flt.s rd, frs1, frs2" |x, i| { compare(x, i, Fmt::S, |x, a, b| x.flt(Fmt::S, false, a, b)) }
    FeqS "1010000 rs2 rs1 010 rd 1010011" => "feq.s rd, frs1, frs2" |x, i| { compare(x, i, Fmt::S, |x, a, b| x.feq(Fmt::S, a, b)) }
    FclassS "1110000 00000 rs1 001 rd 1010011" => "fclass.s rd, frs1" |x, i| { let a = x.fread(Fmt::S, i.frs1()); let v = x.fclass(Fmt::S, a); x.write(i.rd, v); }
    FcvtWS "1100000 00000 rs1 rm rd 1010011" => "fcvt.w.s rd, frs1, rm" |x, i| { to_integer(x, i, Fmt::S, IntTy::I32) }
    FcvtSW "1101000 00000 rs1 rm rd 1010011" => "fcvt.s.w frd, rs1, rm" |x, i| { from_integer(x, i, Fmt::S, IntTy::I32) }
    FcvtWuS "1100000 00001 rs1 rm rd 1010011" => "fcvt.wu.s rd, frs1, rm" |x, i| { to_integer(x, i, Fmt::S, IntTy::U32) }
    FcvtSWu "1101000 00001 rs1 rm rd 1010011" => "fcvt.s.wu frd, rs1, rm" |x, i| { from_integer(x, i, Fmt::S, IntTy::U32) }
    FcvtLS "1100000 00010 rs1 rm rd 1010011" => "fcvt.l.s rd, frs1, rm" |x, i| { to_integer(x, i, Fmt::S, IntTy::I64) }
    FcvtSL "1101000 00010 rs1 rm rd 1010011" => "fcvt.s.l frd, rs1, rm" |x, i| { from_integer(x, i, Fmt::S, IntTy::I64) }
    FcvtLuS "1100000 00011 rs1 rm rd 1010011" => "fcvt.lu.s rd, frs1, rm" |x, i| { to_integer(x, i, Fmt::S, IntTy::U64) }
    FcvtSLu "1101000 00011 rs1 rm rd 1010011" => "fcvt.s.lu frd, rs1, rm" |x, i| { from_integer(x, i, Fmt::S, IntTy::U64) }
    FmvXW "1110000 00000 rs1 000 rd 1010011" => "fmv.x.w rd, frs1" |x, i| { let v = x.fread_raw(i.frs1()); let v = x.sext(Width::W, v); x.write(i.rd, v); }
    FmvWX "1111000 00000 rs1 000 rd 1010011" => "fmv.w.x frd, rs1" |x, i| { let v = x.read(i.rs1); let v = x.ffrom_bits(Fmt::S, v); x.fwrite(Fmt::S, i.frd(), v); }
}
