//! What an instruction touches, found by running its meaning against a recorder.
//!
//! It says which registers, memory and control an instruction may use, never what values.

use crate::riscv::{self, Csr, FReg, Insn, Reg};
use crate::sem::{AmoOp, CsrOp, Fmt, IntTy, Ordering, Rm, Sem, Width};

/// A set of the 32 registers of one file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct RegSet(u32);

impl RegSet {
    /// No register.
    pub const EMPTY: RegSet = RegSet(0);
    /// All 32, `x0` too.
    pub const ALL: RegSet = RegSet(u32::MAX);

    /// The set with these bits, register `n` in bit `n`.
    pub const fn from_bits(bits: u32) -> RegSet {
        RegSet(bits)
    }
    /// Register `n` in bit `n`.
    pub const fn bits(self) -> u32 {
        self.0
    }
    /// Adds the register of this number.
    pub const fn insert(&mut self, number: u8) {
        self.0 |= 1 << number;
    }
    /// Takes the register of this number out.
    pub const fn remove(&mut self, number: u8) {
        self.0 &= !(1 << number);
    }
    /// The register of this number is in the set.
    pub const fn contains(self, number: u8) -> bool {
        self.0 >> number & 1 != 0
    }
    /// No register is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
    /// How many registers are in the set.
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }
    /// Those in either.
    pub const fn union(self, other: RegSet) -> RegSet {
        RegSet(self.0 | other.0)
    }
    /// Those in both.
    pub const fn intersection(self, other: RegSet) -> RegSet {
        RegSet(self.0 & other.0)
    }
    /// Those in this and not in the other.
    pub const fn difference(self, other: RegSet) -> RegSet {
        RegSet(self.0 & !other.0)
    }
    /// The numbers, lowest first.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (0..32).filter(move |&number| self.contains(number))
    }
}

/// How an instruction ends.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Control {
    /// The next instruction follows.
    #[default]
    None,
    /// Goes to `pc + offset` or to the next instruction.
    Branch {
        /// From the instruction's own address.
        offset: i64,
    },
    /// Goes to `pc + offset`.
    Jump {
        /// Takes the return address; `x0` for a plain jump.
        link: Reg,
        /// From the instruction's own address.
        offset: i64,
    },
    /// Goes to `(base + offset) & !1`.
    JumpIndirect {
        /// Takes the return address; `x0` for a plain jump.
        link: Reg,
        /// The register that the target comes from.
        base: Reg,
        /// Added to it.
        offset: i64,
    },
    /// Environment call.
    Ecall,
    /// Breakpoint.
    Ebreak,
    /// Illegal instruction.
    Illegal,
}

/// What an instruction may read, write and do. `x0` is in no set.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Effects {
    /// Integer registers read.
    pub reads: RegSet,
    /// Integer registers written.
    pub writes: RegSet,
    /// Floating-point registers read.
    pub freads: RegSet,
    /// Floating-point registers written.
    pub fwrites: RegSet,
    /// The format of the floating-point register that it writes.
    pub float_format: Option<Fmt>,
    /// Reads memory, so it may fault.
    pub loads: bool,
    /// Writes memory, so it may fault.
    pub stores: bool,
    /// Is an atomic memory operation, a load-reserved or a store-conditional.
    pub atomic: bool,
    /// The size of the memory access.
    pub width: Option<Width>,
    /// Is a memory fence.
    pub fence: bool,
    /// Is an instruction fence.
    pub fence_i: bool,
    /// How it ends.
    pub control: Control,
    /// The control and status register that it accesses.
    pub csr: Option<Csr>,
    /// It writes that register.
    pub csr_written: bool,
    /// The rounding mode that it rounds with.
    pub rounding: Option<Rm>,
    /// It converts to an integer, with its own rounding mode.
    pub to_integer: bool,
    /// It rounds to an integral number in a way of its own.
    pub to_integral: bool,
    /// It multiplies and adds with one rounding.
    pub fused: bool,
    /// It may raise floating-point exception flags.
    pub raises_fp: bool,
}

/// What this instruction may do.
pub fn effects(insn: &Insn) -> Effects {
    let mut recorder = Recorder {
        effects: Effects::default(),
        offset: insn.fields.imm,
    };
    riscv::execute(&mut recorder, insn);
    recorder.effects
}

struct Recorder {
    effects: Effects,
    /// The instruction's immediate, which an indirect jump adds to its base.
    offset: i64,
}

impl Recorder {
    fn access(&mut self, w: Width, loads: bool, stores: bool, atomic: bool) {
        self.effects.loads |= loads;
        self.effects.stores |= stores;
        self.effects.atomic |= atomic;
        self.effects.width = Some(w);
    }

    fn link(&mut self, link: Reg) {
        self.write(link, ());
    }

    fn rounds(&mut self, rm: Rm) {
        self.effects.rounding = Some(rm);
        self.effects.raises_fp = true;
    }
}

/// Operations on values that touch nothing.
macro_rules! pure {
    ($($name:ident($($argument:ty),*))*) => {
        $(fn $name(&mut self, $(_: $argument),*) {})*
    };
}

/// Operations that round: the mode is the second argument.
macro_rules! rounding {
    ($($name:ident($($argument:ty),*))*) => {
        $(fn $name(&mut self, _: Fmt, rm: Rm, $(_: $argument),*) {
            self.rounds(rm);
        })*
    };
}

/// Operations that may raise a flag, but do not round.
macro_rules! raising {
    ($($name:ident($($argument:ty),*))*) => {
        $(fn $name(&mut self, $(_: $argument),*) {
            self.effects.raises_fp = true;
        })*
    };
}

impl Sem for Recorder {
    type Val = ();
    type Cond = ();
    type Flt = ();

    fn read(&mut self, r: Reg) {
        if r != Reg::ZERO {
            self.effects.reads.insert(r.number());
        }
    }
    fn write(&mut self, r: Reg, (): ()) {
        if r != Reg::ZERO {
            self.effects.writes.insert(r.number());
        }
    }

    pure! {
        imm(i64) pc(i64)
        add((), ()) sub((), ()) mul((), ()) mulh((), ()) mulhu((), ()) mulhsu((), ())
        sdiv(Width, (), ()) udiv(Width, (), ()) srem(Width, (), ()) urem(Width, (), ())
        and((), ()) or((), ()) xor((), ())
        shl(Width, (), ()) shr(Width, (), ()) sar(Width, (), ())
        sext(Width, ()) zext(Width, ()) clz(Width, ()) ctz(Width, ()) cpop(Width, ())
        bswap(()) orc_b(()) clmul((), ()) clmulh((), ())
        eq((), ()) slt((), ()) ult((), ()) not(()) both((), ()) either((), ())
        truth(()) select((), (), ())
        fbits(Fmt, ()) ffrom_bits(Fmt, ()) fneg(Fmt, ()) fis_nan(Fmt, ())
        fselect(Fmt, (), (), ()) fclass(Fmt, ())
    }

    fn load(&mut self, w: Width, _: bool, (): ()) {
        self.access(w, true, false, false);
    }
    fn store(&mut self, w: Width, (): (), (): ()) {
        self.access(w, false, true, false);
    }
    fn load_reserved(&mut self, w: Width, _: Ordering, (): ()) {
        self.access(w, true, false, true);
    }
    fn store_conditional(&mut self, w: Width, _: Ordering, (): (), (): ()) {
        self.access(w, false, true, true);
    }
    fn amo(&mut self, _: AmoOp, w: Width, _: Ordering, (): (), (): ()) {
        self.access(w, true, true, true);
    }
    fn fence(&mut self, _: u32, _: u32) {
        self.effects.fence = true;
    }
    fn fence_i(&mut self) {
        self.effects.fence_i = true;
    }

    fn branch(&mut self, (): (), offset: i64) {
        self.effects.control = Control::Branch { offset };
    }
    fn jump(&mut self, link: Reg, offset: i64) {
        self.link(link);
        self.effects.control = Control::Jump { link, offset };
    }
    fn jump_indirect(&mut self, link: Reg, base: Reg, (): ()) {
        self.link(link);
        self.effects.control = Control::JumpIndirect {
            link,
            base,
            offset: self.offset,
        };
    }
    fn ecall(&mut self) {
        self.effects.control = Control::Ecall;
    }
    fn ebreak(&mut self) {
        self.effects.control = Control::Ebreak;
    }
    fn illegal(&mut self) {
        self.effects.control = Control::Illegal;
    }
    fn csr(&mut self, _: CsrOp, csr: u32, rd: Reg, source: Option<()>) {
        self.write(rd, ());
        self.effects.csr = Some(Csr::new(csr));
        self.effects.csr_written = source.is_some();
    }

    fn fread(&mut self, _: Fmt, r: FReg) {
        self.effects.freads.insert(r.number());
    }
    fn fwrite(&mut self, fmt: Fmt, r: FReg, (): ()) {
        self.effects.float_format = Some(fmt);
        self.effects.fwrites.insert(r.number());
    }
    fn fread_raw(&mut self, r: FReg) {
        self.effects.freads.insert(r.number());
    }
    rounding! {
        fadd((), ()) fsub((), ()) fmul((), ()) fdiv((), ()) fsqrt(())
        ffrom_int(IntTy, ()) fconvert(())
    }
    fn fma(&mut self, _: Fmt, rm: Rm, (): (), (): (), (): ()) {
        self.rounds(rm);
        self.effects.fused = true;
    }
    fn fround(&mut self, _: Fmt, rm: Rm, _: bool, (): ()) {
        self.rounds(rm);
        self.effects.to_integral = true;
    }
    fn fto_int_modular(&mut self, (): ()) {
        self.effects.raises_fp = true;
        self.effects.to_integral = true;
    }
    fn fto_int(&mut self, _: Fmt, rm: Rm, _: IntTy, (): ()) {
        self.rounds(rm);
        self.effects.to_integer = true;
    }
    raising! {
        fmin(Fmt, (), ()) fmax(Fmt, (), ()) feq(Fmt, (), ())
        flt(Fmt, bool, (), ()) fle(Fmt, bool, (), ())
    }
}
