//! The interpreter's implementation of [`Sem`]: values are numbers, and what is computed
//! is there at once.

use super::{Bus, Flow, Interpreter};
use crate::arith;
use crate::riscv::{Csr, FReg, Reg};
use crate::sem::{AmoOp, CsrOp, Fmt, IntTy, Ordering, Rm, Sem, Width};
use crate::softfloat::{self, Rounding};

/// What a register that is not NaN-boxed reads as.
const CANONICAL_NAN_S: u64 = 0x7fc0_0000;

/// Operations on two numbers, by the function that computes them.
macro_rules! binary {
    ($($name:ident $op:expr;)*) => {
        $(#[inline]
        fn $name(&mut self, a: u64, b: u64) -> u64 { $op(a, b) })*
    };
}

/// The same with a width.
macro_rules! sized {
    ($($name:ident)*) => {
        $(#[inline]
        fn $name(&mut self, w: Width, a: u64, b: u64) -> u64 { arith::$name(w, a, b) })*
    };
}

/// The same with a width and one operand.
macro_rules! sized_unary {
    ($($name:ident)*) => {
        $(#[inline]
        fn $name(&mut self, w: Width, a: u64) -> u64 { arith::$name(w, a) })*
    };
}

impl<B: Bus> Sem for Interpreter<'_, B> {
    type Val = u64;
    type Cond = bool;
    type Flt = u64;

    #[inline]
    fn read(&mut self, r: Reg) -> u64 {
        self.hart.x[r.index() & 31]
    }
    #[inline]
    fn write(&mut self, r: Reg, v: u64) {
        self.hart.x[r.index() & 31] = v;
        // Without a branch: x0 takes the value and loses it.
        self.hart.x[0] = 0;
    }
    #[inline]
    fn imm(&mut self, v: i64) -> u64 {
        arith::unsigned(v)
    }
    #[inline]
    fn pc(&mut self, offset: i64) -> u64 {
        self.hart.pc.wrapping_add_signed(offset)
    }

    binary! {
        add u64::wrapping_add;
        sub u64::wrapping_sub;
        mul u64::wrapping_mul;
        mulh arith::mulh;
        mulhu arith::mulhu;
        mulhsu arith::mulhsu;
        and std::ops::BitAnd::bitand;
        or std::ops::BitOr::bitor;
        xor std::ops::BitXor::bitxor;
        clmul |a, b| arith::low_half(arith::clmul_wide(a, b));
        clmulh |a, b| arith::high_half(arith::clmul_wide(a, b));
    }
    sized! { sdiv udiv srem urem shl shr sar }
    sized_unary! { sext zext clz ctz cpop }
    #[inline]
    fn bswap(&mut self, a: u64) -> u64 {
        a.swap_bytes()
    }
    #[inline]
    fn orc_b(&mut self, a: u64) -> u64 {
        arith::orc_b(a)
    }

    #[inline]
    fn eq(&mut self, a: u64, b: u64) -> bool {
        a == b
    }
    #[inline]
    fn slt(&mut self, a: u64, b: u64) -> bool {
        arith::signed(a) < arith::signed(b)
    }
    #[inline]
    fn ult(&mut self, a: u64, b: u64) -> bool {
        a < b
    }
    #[inline]
    fn not(&mut self, c: bool) -> bool {
        !c
    }
    #[inline]
    fn both(&mut self, a: bool, b: bool) -> bool {
        a & b
    }
    #[inline]
    fn either(&mut self, a: bool, b: bool) -> bool {
        a | b
    }
    #[inline]
    fn truth(&mut self, c: bool) -> u64 {
        u64::from(c)
    }
    #[inline]
    fn select(&mut self, c: bool, a: u64, b: u64) -> u64 {
        if c { a } else { b }
    }

    #[inline]
    fn load(&mut self, w: Width, signed: bool, address: u64) -> u64 {
        let result = self.bus.load(w, address);
        let value = self.access(result);
        if signed { arith::sext(w, value) } else { value }
    }
    #[inline]
    fn store(&mut self, w: Width, address: u64, v: u64) {
        let result = self.bus.store(w, address, v);
        self.access(result);
    }
    fn load_reserved(&mut self, w: Width, o: Ordering, address: u64) -> u64 {
        let result = self.bus.load_reserved(self.hart, w, o, address);
        let value = self.access(result);
        arith::sext(w, value)
    }
    fn store_conditional(&mut self, w: Width, o: Ordering, address: u64, v: u64) -> u64 {
        let result = self.bus.store_conditional(self.hart, w, o, address, v);
        u64::from(!self.access(result))
    }
    fn amo(&mut self, op: AmoOp, w: Width, o: Ordering, address: u64, v: u64) -> u64 {
        let result = self.bus.amo(op, w, o, address, v);
        let old = self.access(result);
        arith::sext(w, old)
    }
    fn fence(&mut self, pred: u32, succ: u32) {
        self.bus.fence(pred, succ);
    }
    fn fence_i(&mut self) {
        self.bus.fence_i();
    }

    #[inline]
    fn branch(&mut self, c: bool, offset: i64) {
        if c {
            let target = self.pc(offset);
            self.jump_to(target);
        }
    }
    #[inline]
    fn jump(&mut self, link: Reg, offset: i64) {
        let target = self.pc(offset);
        self.jump_indirect(link, Reg::ZERO, target);
    }
    #[inline]
    fn jump_indirect(&mut self, link: Reg, _: Reg, target: u64) {
        let after = self.after();
        self.write(link, after);
        self.jump_to(target);
    }
    fn ecall(&mut self) {
        self.flow = Flow::Ecall;
    }
    fn ebreak(&mut self) {
        self.flow = Flow::Ebreak;
    }
    fn illegal(&mut self) {
        self.flow = Flow::Illegal;
    }
    fn csr(&mut self, op: CsrOp, csr: u32, rd: Reg, source: Option<u64>) {
        let csr = Csr::new(csr);
        if source.is_some() && csr.is_read_only() {
            return self.illegal();
        }
        let Some(old) = self.csr_read(csr) else {
            return self.illegal();
        };
        if let Some(source) = source {
            let new = match op {
                CsrOp::Write => source,
                CsrOp::Set => old | source,
                CsrOp::Clear => old & !source,
            };
            self.csr_write(csr, new);
        }
        self.write(rd, old);
    }

    #[inline]
    fn fread(&mut self, fmt: Fmt, r: FReg) -> u64 {
        let bits = self.hart.f[r.index()];
        match fmt {
            Fmt::D => bits,
            Fmt::S if bits >> 32 == u64::from(u32::MAX) => u64::from(arith::low_word(bits)),
            Fmt::S => CANONICAL_NAN_S,
        }
    }
    #[inline]
    fn fwrite(&mut self, fmt: Fmt, r: FReg, v: u64) {
        self.hart.f[r.index()] = match fmt {
            Fmt::D => v,
            Fmt::S => v | u64::from(u32::MAX) << 32,
        };
    }
    #[inline]
    fn fread_raw(&mut self, r: FReg) -> u64 {
        self.hart.f[r.index()]
    }
    #[inline]
    fn fbits(&mut self, _: Fmt, v: u64) -> u64 {
        v
    }
    #[inline]
    fn ffrom_bits(&mut self, fmt: Fmt, v: u64) -> u64 {
        match fmt {
            Fmt::D => v,
            Fmt::S => u64::from(arith::low_word(v)),
        }
    }
    #[inline]
    fn fneg(&mut self, fmt: Fmt, a: u64) -> u64 {
        match fmt {
            Fmt::D => a ^ 1 << 63,
            Fmt::S => a ^ 1 << 31,
        }
    }
    #[inline]
    fn fselect(&mut self, _: Fmt, c: bool, a: u64, b: u64) -> u64 {
        if c { a } else { b }
    }

    fn fadd(&mut self, fmt: Fmt, rm: Rm, a: u64, b: u64) -> u64 {
        self.rounded(rm, |rm| softfloat::add(fmt, rm, a, b))
    }
    fn fsub(&mut self, fmt: Fmt, rm: Rm, a: u64, b: u64) -> u64 {
        self.rounded(rm, |rm| softfloat::sub(fmt, rm, a, b))
    }
    fn fmul(&mut self, fmt: Fmt, rm: Rm, a: u64, b: u64) -> u64 {
        self.rounded(rm, |rm| softfloat::mul(fmt, rm, a, b))
    }
    fn fdiv(&mut self, fmt: Fmt, rm: Rm, a: u64, b: u64) -> u64 {
        self.rounded(rm, |rm| softfloat::div(fmt, rm, a, b))
    }
    fn fsqrt(&mut self, fmt: Fmt, rm: Rm, a: u64) -> u64 {
        self.rounded(rm, |rm| softfloat::sqrt(fmt, rm, a))
    }
    fn fma(&mut self, fmt: Fmt, rm: Rm, a: u64, b: u64, c: u64) -> u64 {
        self.rounded(rm, |rm| softfloat::fma(fmt, rm, a, b, c))
    }
    fn fmin(&mut self, fmt: Fmt, a: u64, b: u64) -> u64 {
        self.accrued(softfloat::pick(fmt, false, a, b))
    }
    fn fmax(&mut self, fmt: Fmt, a: u64, b: u64) -> u64 {
        self.accrued(softfloat::pick(fmt, true, a, b))
    }
    fn feq(&mut self, fmt: Fmt, a: u64, b: u64) -> bool {
        self.accrued(softfloat::eq(fmt, a, b))
    }
    fn flt(&mut self, fmt: Fmt, quiet: bool, a: u64, b: u64) -> bool {
        self.accrued(softfloat::lt(fmt, quiet, a, b))
    }
    fn fle(&mut self, fmt: Fmt, quiet: bool, a: u64, b: u64) -> bool {
        self.accrued(softfloat::le(fmt, quiet, a, b))
    }
    fn fis_nan(&mut self, fmt: Fmt, a: u64) -> bool {
        softfloat::is_nan_bits(fmt, a)
    }
    fn fclass(&mut self, fmt: Fmt, a: u64) -> u64 {
        softfloat::classify(fmt, a)
    }
    fn fto_int(&mut self, fmt: Fmt, rm: Rm, to: IntTy, a: u64) -> u64 {
        self.rounded(rm, |rm| softfloat::to_int(fmt, rm, to, a))
    }
    fn ffrom_int(&mut self, fmt: Fmt, rm: Rm, from: IntTy, v: u64) -> u64 {
        self.rounded(rm, |rm| softfloat::from_int(fmt, rm, from, v))
    }
    fn fconvert(&mut self, to: Fmt, rm: Rm, a: u64) -> u64 {
        let from = match to {
            Fmt::S => Fmt::D,
            Fmt::D => Fmt::S,
        };
        self.rounded(rm, |rm| softfloat::convert(from, to, rm, a))
    }
    fn fround(&mut self, fmt: Fmt, rm: Rm, exact: bool, a: u64) -> u64 {
        self.rounded(rm, |rm| softfloat::round_to_integral(fmt, rm, exact, a))
    }
    fn fto_int_modular(&mut self, a: u64) -> u64 {
        self.accrued(softfloat::to_int_modular(a))
    }
}

impl<B: Bus> Interpreter<'_, B> {
    /// Keeps the flags of a result.
    fn accrued<T>(&mut self, (value, flags): (T, u32)) -> T {
        self.hart.fflags |= flags;
        value
    }

    /// Computes under a rounding mode. That the dynamic one is valid was checked before.
    fn rounded(&mut self, rm: Rm, compute: impl FnOnce(Rounding) -> softfloat::Result) -> u64 {
        let mode = match (rm, self.hart.frm) {
            (Rm::Rne, _) | (Rm::Dyn, 0) => Rounding::NearestEven,
            (Rm::Rtz, _) | (Rm::Dyn, 1) => Rounding::TowardZero,
            (Rm::Rdn, _) | (Rm::Dyn, 2) => Rounding::Down,
            (Rm::Rup, _) | (Rm::Dyn, 3) => Rounding::Up,
            (Rm::Rmm | Rm::Dyn, _) => Rounding::NearestAway,
        };
        self.accrued(compute(mode))
    }
}
