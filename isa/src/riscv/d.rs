//! D: double-precision floating point. Source: unprivileged manual, "D" chapter.

use super::floats::{
    Sign, arithmetic, compare, from_integer, fused, inject, load, store, to_integer,
};
use super::row::rows;
use crate::sem::{Fmt, IntTy, Sem};

rows! { "d"
    Fld "imm[11:0] rs1 011 rd 0000111" => "fld frd, imm(rs1)" |x, i| { load(x, i, Fmt::D) }
    Fsd "imm[11:5] rs2 rs1 011 imm[4:0] 0100111" => "fsd frs2, imm(rs1)" |x, i| { store(x, i, Fmt::D) }
    FmaddD "rs3 01 rs2 rs1 rm rd 1000011" => "fmadd.d frd, frs1, frs2, frs3, rm" |x, i| { fused(x, i, Fmt::D, false, false) }
    FmsubD "rs3 01 rs2 rs1 rm rd 1000111" => "fmsub.d frd, frs1, frs2, frs3, rm" |x, i| { fused(x, i, Fmt::D, false, true) }
    FnmsubD "rs3 01 rs2 rs1 rm rd 1001011" => "fnmsub.d frd, frs1, frs2, frs3, rm" |x, i| { fused(x, i, Fmt::D, true, false) }
    FnmaddD "rs3 01 rs2 rs1 rm rd 1001111" => "fnmadd.d frd, frs1, frs2, frs3, rm" |x, i| { fused(x, i, Fmt::D, true, true) }
    FaddD "0000001 rs2 rs1 rm rd 1010011" => "fadd.d frd, frs1, frs2, rm" |x, i| { arithmetic(x, i, Fmt::D, Sem::fadd) }
    FsubD "0000101 rs2 rs1 rm rd 1010011" => "fsub.d frd, frs1, frs2, rm" |x, i| { arithmetic(x, i, Fmt::D, Sem::fsub) }
    FmulD "0001001 rs2 rs1 rm rd 1010011" => "fmul.d frd, frs1, frs2, rm" |x, i| { arithmetic(x, i, Fmt::D, Sem::fmul) }
    FdivD "0001101 rs2 rs1 rm rd 1010011" => "fdiv.d frd, frs1, frs2, rm" |x, i| { arithmetic(x, i, Fmt::D, Sem::fdiv) }
    FsqrtD "0101101 00000 rs1 rm rd 1010011" => "fsqrt.d frd, frs1, rm" |x, i| { let a = x.fread(Fmt::D, i.frs1()); let v = x.fsqrt(Fmt::D, i.rm, a); x.fwrite(Fmt::D, i.frd(), v); }
    FsgnjD "0010001 rs2 rs1 000 rd 1010011" => "fsgnj.d frd, frs1, frs2" |x, i| { inject(x, i, Fmt::D, Sign::Copy) }
    FsgnjnD "0010001 rs2 rs1 001 rd 1010011" => "fsgnjn.d frd, frs1, frs2" |x, i| { inject(x, i, Fmt::D, Sign::Negate) }
    FsgnjxD "0010001 rs2 rs1 010 rd 1010011" => "fsgnjx.d frd, frs1, frs2" |x, i| { inject(x, i, Fmt::D, Sign::Multiply) }
    FminD "0010101 rs2 rs1 000 rd 1010011" => "fmin.d frd, frs1, frs2" |x, i| { let (a, b) = (x.fread(Fmt::D, i.frs1()), x.fread(Fmt::D, i.frs2())); let v = x.fmin(Fmt::D, a, b); x.fwrite(Fmt::D, i.frd(), v); }
    FmaxD "0010101 rs2 rs1 001 rd 1010011" => "fmax.d frd, frs1, frs2" |x, i| { let (a, b) = (x.fread(Fmt::D, i.frs1()), x.fread(Fmt::D, i.frs2())); let v = x.fmax(Fmt::D, a, b); x.fwrite(Fmt::D, i.frd(), v); }
    FleD "1010001 rs2 rs1 000 rd 1010011" => "fle.d rd, frs1, frs2" |x, i| { compare(x, i, Fmt::D, |x, a, b| x.fle(Fmt::D, false, a, b)) }
    FltD "1010001 rs2 rs1 001 rd 1010011" => "flt.d rd, frs1, frs2" |x, i| { compare(x, i, Fmt::D, |x, a, b| x.flt(Fmt::D, false, a, b)) }
    FeqD "1010001 rs2 rs1 010 rd 1010011" => "feq.d rd, frs1, frs2" |x, i| { compare(x, i, Fmt::D, |x, a, b| x.feq(Fmt::D, a, b)) }
    FclassD "1110001 00000 rs1 001 rd 1010011" => "fclass.d rd, frs1" |x, i| { let a = x.fread(Fmt::D, i.frs1()); let v = x.fclass(Fmt::D, a); x.write(i.rd, v); }
    FcvtWD "1100001 00000 rs1 rm rd 1010011" => "fcvt.w.d rd, frs1, rm" |x, i| { to_integer(x, i, Fmt::D, IntTy::I32) }
    FcvtDW "1101001 00000 rs1 rm rd 1010011" => "fcvt.d.w frd, rs1[, rm]" |x, i| { from_integer(x, i, Fmt::D, IntTy::I32) }
    FcvtWuD "1100001 00001 rs1 rm rd 1010011" => "fcvt.wu.d rd, frs1, rm" |x, i| { to_integer(x, i, Fmt::D, IntTy::U32) }
    FcvtDWu "1101001 00001 rs1 rm rd 1010011" => "fcvt.d.wu frd, rs1[, rm]" |x, i| { from_integer(x, i, Fmt::D, IntTy::U32) }
    FcvtLD "1100001 00010 rs1 rm rd 1010011" => "fcvt.l.d rd, frs1, rm" |x, i| { to_integer(x, i, Fmt::D, IntTy::I64) }
    FcvtDL "1101001 00010 rs1 rm rd 1010011" => "fcvt.d.l frd, rs1, rm" |x, i| { from_integer(x, i, Fmt::D, IntTy::I64) }
    FcvtLuD "1100001 00011 rs1 rm rd 1010011" => "fcvt.lu.d rd, frs1, rm" |x, i| { to_integer(x, i, Fmt::D, IntTy::U64) }
    FcvtDLu "1101001 00011 rs1 rm rd 1010011" => "fcvt.d.lu frd, rs1, rm" |x, i| { from_integer(x, i, Fmt::D, IntTy::U64) }
    FcvtSD "0100000 00001 rs1 rm rd 1010011" => "fcvt.s.d frd, frs1, rm" |x, i| { let a = x.fread(Fmt::D, i.frs1()); let v = x.fconvert(Fmt::S, i.rm, a); x.fwrite(Fmt::S, i.frd(), v); }
    FcvtDS "0100001 00000 rs1 rm rd 1010011" => "fcvt.d.s frd, frs1[, rm]" |x, i| { let a = x.fread(Fmt::S, i.frs1()); let v = x.fconvert(Fmt::D, i.rm, a); x.fwrite(Fmt::D, i.frd(), v); }
    FmvXD "1110001 00000 rs1 000 rd 1010011" => "fmv.x.d rd, frs1" |x, i| { let v = x.fread_raw(i.frs1()); x.write(i.rd, v); }
    FmvDX "1111001 00000 rs1 000 rd 1010011" => "fmv.d.x frd, rs1" |x, i| { let v = x.read(i.rs1); let v = x.ffrom_bits(Fmt::D, v); x.fwrite(Fmt::D, i.frd(), v); }
}
