//! The interpreter: the tables' meanings computed on a [`Hart`], one instruction at a time.
//!
//! It is the tier of last resort and the witness for the lifter. Memory and time are behind
//! [`Bus`]; it knows nothing of system calls, signals or where instructions come from.

use crate::arith;
use crate::riscv::{self, Csr, FReg, Hart, Insn, Reg};
use crate::sem::{AmoOp, CsrOp, Fmt, IntTy, Ordering, Rm, Sem, Width};

/// A memory access that did not happen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// An atomic access to an address that is not a multiple of its size.
    Misaligned,
    /// Nothing there, or not permitted. The bus remembers what it wants to tell of it.
    Access,
}

/// What an interpreter needs of the world around the hart.
pub trait Bus {
    /// Loads `w` bytes, zero-extended. Any alignment.
    fn load(&mut self, w: Width, address: u64) -> Result<u64, Fault>;
    /// Stores the low `w` bytes. Any alignment.
    fn store(&mut self, w: Width, address: u64, v: u64) -> Result<(), Fault>;
    /// Load-reserved, zero- or sign-extended. The reservation may be kept in `hart`.
    fn load_reserved(
        &mut self,
        hart: &mut Hart,
        w: Width,
        o: Ordering,
        address: u64,
    ) -> Result<u64, Fault>;
    /// Store-conditional: true where it stored. Either way the reservation is gone.
    fn store_conditional(
        &mut self,
        hart: &mut Hart,
        w: Width,
        o: Ordering,
        address: u64,
        v: u64,
    ) -> Result<bool, Fault>;
    /// Atomic read-modify-write: the old value, zero- or sign-extended.
    fn amo(&mut self, op: AmoOp, w: Width, o: Ordering, address: u64, v: u64)
    -> Result<u64, Fault>;
    /// Orders memory accesses; `pred` and `succ` as in the instruction (bits i, o, r, w).
    fn fence(&mut self, pred: u32, succ: u32);
    /// Makes stores to instruction memory visible to fetches.
    fn fence_i(&mut self);
    /// The `cycle` CSR.
    fn cycle(&mut self) -> u64;
    /// The `time` CSR.
    fn time(&mut self) -> u64;
    /// The `instret` CSR.
    fn instret(&mut self) -> u64;
}

/// How an instruction ended. In all cases but the first two, `hart.pc` is still at the
/// instruction and it has had no effect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flow {
    /// `hart.pc` is at the instruction that follows.
    Next,
    /// `hart.pc` is where the instruction went.
    Jumped,
    /// Environment call.
    Ecall,
    /// Breakpoint.
    Ebreak,
    /// Illegal instruction.
    Illegal,
    /// Misaligned atomic access.
    Misaligned,
    /// The bus refused a memory access.
    Fault,
}

/// One hart and its bus.
pub struct Interpreter<'a, B: Bus> {
    /// Architectural state.
    pub hart: &'a mut Hart,
    /// Memory and clocks.
    pub bus: &'a mut B,
    flow: Flow,
    len: u8,
    /// The state before an access that faulted, since the meaning runs on to its end.
    before_fault: Option<Hart>,
}

impl<'a, B: Bus> Interpreter<'a, B> {
    /// An interpreter of this hart.
    #[inline]
    pub fn new(hart: &'a mut Hart, bus: &'a mut B) -> Self {
        Interpreter {
            hart,
            bus,
            flow: Flow::Next,
            len: 0,
            before_fault: None,
        }
    }

    /// Executes the instruction, which is the one at `hart.pc`.
    #[inline]
    pub fn step(&mut self, insn: &Insn) -> Flow {
        if self.hart.frm > 4 && insn.fields.rm == Rm::Dyn {
            return Flow::Illegal;
        }
        self.flow = Flow::Next;
        self.len = insn.len;
        riscv::execute(self, insn);
        match self.flow {
            Flow::Next => self.hart.pc = self.after(),
            Flow::Misaligned | Flow::Fault => self.undo(),
            _ => {}
        }
        self.flow
    }

    /// The address of the instruction that follows.
    #[inline]
    fn after(&self) -> u64 {
        self.hart.pc.wrapping_add(u64::from(self.len))
    }

    #[inline]
    fn jump_to(&mut self, target: u64) {
        self.hart.pc = target;
        self.flow = Flow::Jumped;
    }

    /// What came of an access; after a fault the meaning goes on with zero.
    #[inline]
    fn access<T: Default>(&mut self, result: Result<T, Fault>) -> T {
        match result {
            Ok(value) => value,
            Err(fault) => {
                self.fault(fault);
                T::default()
            }
        }
    }

    #[cold]
    fn fault(&mut self, fault: Fault) {
        self.flow = match fault {
            Fault::Misaligned => Flow::Misaligned,
            Fault::Access => Flow::Fault,
        };
        self.before_fault = Some(self.hart.clone());
    }

    #[cold]
    fn undo(&mut self) {
        if let Some(hart) = self.before_fault.take() {
            *self.hart = hart;
        }
    }

    /// The value of a CSR, if it is one that user code may read.
    fn csr_read(&mut self, csr: Csr) -> Option<u64> {
        let hart = &self.hart;
        match csr {
            Csr::FFLAGS => Some(u64::from(hart.fflags)),
            Csr::FRM => Some(u64::from(hart.frm)),
            Csr::FCSR => Some(u64::from(hart.frm << 5 | hart.fflags)),
            Csr::CYCLE => Some(self.bus.cycle()),
            Csr::TIME => Some(self.bus.time()),
            Csr::INSTRET => Some(self.bus.instret()),
            _ => None,
        }
    }

    /// Bits that a CSR does not have are ignored.
    fn csr_write(&mut self, csr: Csr, value: u64) {
        let value = arith::low_word(value);
        match csr {
            Csr::FFLAGS => self.hart.fflags = value & 0x1f,
            Csr::FRM => self.hart.frm = value & 7,
            Csr::FCSR => {
                self.hart.fflags = value & 0x1f;
                self.hart.frm = value >> 5 & 7;
            }
            _ => self.flow = Flow::Illegal,
        }
    }
}

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

/// Floating-point operations that are not there yet.
macro_rules! absent {
    ($result:ty = $value:expr; $($name:ident($($argument:ty),*))*) => {
        $(fn $name(&mut self, $(_: $argument),*) -> $result { self.flow = Flow::Illegal; $value })*
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

    absent! { () = ();
        fwrite(Fmt, FReg, u64)
    }
    absent! { u64 = 0;
        fread(Fmt, FReg) fread_raw(FReg) fbits(Fmt, u64) ffrom_bits(Fmt, u64)
        fadd(Fmt, Rm, u64, u64) fsub(Fmt, Rm, u64, u64) fmul(Fmt, Rm, u64, u64)
        fdiv(Fmt, Rm, u64, u64) fsqrt(Fmt, Rm, u64) fma(Fmt, Rm, u64, u64, u64) fneg(Fmt, u64)
        fmin(Fmt, u64, u64) fmax(Fmt, u64, u64) fselect(Fmt, bool, u64, u64) fclass(Fmt, u64)
        fto_int(Fmt, Rm, IntTy, u64) ffrom_int(Fmt, Rm, IntTy, u64) fconvert(Fmt, Rm, u64)
        fround(Fmt, Rm, bool, u64) fto_int_modular(u64)
    }
    absent! { bool = false;
        feq(Fmt, u64, u64) flt(Fmt, bool, u64, u64) fle(Fmt, bool, u64, u64) fis_nan(Fmt, u64)
    }
}
