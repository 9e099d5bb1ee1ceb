//! One instruction on abstract values: a reader of the instruction tables.
//!
//! It knows what an instruction does with [`Val`]s; where control goes next, and what becomes of
//! the registers there, is [`super::flow`].

use vmtrans_isa::riscv::{FReg, Reg};
use vmtrans_isa::{AmoOp, CsrOp, Fmt, GuestAddr, IntTy, Ordering, Rm, Sem, Width};

use super::value::{Origin, Unknown, Val};
use crate::guest::Guest;

/// What a branch compares.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Test {
    /// `a < b` (unsigned, or signed where that makes no difference to an index in bounds).
    Less(Val, Val),
    /// `!(a < b)`
    NotLess(Val, Val),
    /// Anything else.
    Other,
}

/// The integer registers.
pub type Registers = [Val; 32];

/// What an instruction did, besides writing registers.
#[derive(Clone, Copy, Default, Debug)]
pub struct Seen {
    /// What it wrote, and to which register.
    pub write: Option<(Reg, Val)>,
    /// Where it accessed memory.
    pub address: Option<Val>,
    /// Where it jumps, if that is not an immediate.
    pub target: Option<Val>,
    /// The condition of its branch.
    pub test: Option<Test>,
    /// What it read from a possible table: base and scale of the address, bytes read.
    pub table: Option<TableLoad>,
    /// The value that it wrote is less than this.
    pub below: Option<u64>,
    /// It wrote a value that it made from nothing: it is an `auipc` or a `lui`.
    pub fresh: bool,
}

/// A load at `base + index * width`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TableLoad {
    /// Address of entry 0.
    pub base: GuestAddr,
    /// What the index is called.
    pub index: Unknown,
    /// Bytes that are read.
    pub width: Width,
    /// They are sign-extended.
    pub signed: bool,
}

/// Executes one instruction at a time.
pub struct Machine<'a> {
    guest: &'a Guest,
    /// The registers.
    pub registers: Registers,
    at: u32,
    pc: GuestAddr,
    seen: Seen,
    reads: bool,
}

impl<'a> Machine<'a> {
    /// A machine with these registers.
    pub fn new(guest: &'a Guest, registers: Registers) -> Machine<'a> {
        let (at, pc) = (0, GuestAddr::default());
        Machine {
            guest,
            registers,
            at,
            pc,
            seen: Seen::default(),
            reads: false,
        }
    }

    /// The name of the value that the instruction at this index gives to a register.
    pub fn name(at: u32, r: Reg) -> Unknown {
        Unknown(at.wrapping_mul(32) | u32::from(r.number()))
    }

    /// The register of a name.
    fn named_register(Unknown(name): Unknown) -> Reg {
        Reg::new(u8::try_from(name % 32).unwrap_or(0))
    }

    /// Prepares for the instruction at this index and address; its body comes next.
    pub fn begin(&mut self, at: u32, pc: GuestAddr) {
        (self.at, self.pc) = (at, pc);
        self.seen = Seen::default();
        self.reads = false;
    }

    /// What the body did.
    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Forgets all registers, as behind a call; what `keeps` says should have been kept is from
    /// then on assumed.
    pub fn forget(&mut self, keeps: fn(Reg) -> bool) {
        for number in 1..32 {
            let r = Reg::new(number);
            let old = self.registers[r.index()];
            let kept = if keeps(r) { old.assumed() } else { None };
            self.registers[r.index()] = kept.unwrap_or(Val::unknown(Machine::name(self.at, r)));
        }
    }

    /// A value as a register holds it: what has no form of its own gets a name.
    fn named(&mut self, r: Reg, v: Val) -> Val {
        match v {
            Val::Any => Val::unknown(Machine::name(self.at, r)),
            // An index minus the lowest case is an index of its own. A place in the frame is not.
            Val::Linear {
                base,
                index,
                shift: 0,
                rooted: false,
            } if base != 0 && Machine::named_register(index) != Reg::SP => {
                Val::unknown(Machine::name(self.at, r))
            }
            // `lui`: an immediate that nothing was added to yet.
            Val::Const(value, Origin::Plain) if !self.reads && value != 0 && value & 0xfff == 0 => {
                self.seen.fresh = true;
                Val::Const(value, Origin::Lui(self.at))
            }
            other => other,
        }
    }
}

impl Sem for Machine<'_> {
    type Val = Val;
    type Cond = Test;
    type Flt = ();

    fn read(&mut self, r: Reg) -> Val {
        if r == Reg::ZERO {
            return Val::plain(0);
        }
        self.reads = true;
        self.registers[r.index()]
    }
    fn write(&mut self, r: Reg, v: Val) {
        if r != Reg::ZERO {
            let v = self.named(r, v);
            self.registers[r.index()] = v;
            self.seen.write = Some((r, v));
        }
    }
    fn imm(&mut self, v: i64) -> Val {
        Val::plain(v.cast_unsigned())
    }
    fn pc(&mut self, offset: i64) -> Val {
        self.seen.fresh = true;
        Val::Const(self.pc.wrapping_offset(offset).get(), Origin::Pc)
    }

    fn add(&mut self, a: Val, b: Val) -> Val {
        a.add(b)
    }
    fn sub(&mut self, a: Val, b: Val) -> Val {
        a.sub(b)
    }
    fn mul(&mut self, _: Val, _: Val) -> Val {
        Val::Any
    }
    fn mulh(&mut self, _: Val, _: Val) -> Val {
        Val::Any
    }
    fn mulhu(&mut self, _: Val, _: Val) -> Val {
        Val::Any
    }
    fn mulhsu(&mut self, _: Val, _: Val) -> Val {
        Val::Any
    }
    fn sdiv(&mut self, _: Width, _: Val, _: Val) -> Val {
        Val::Any
    }
    fn udiv(&mut self, _: Width, _: Val, _: Val) -> Val {
        Val::Any
    }
    fn srem(&mut self, _: Width, _: Val, _: Val) -> Val {
        Val::Any
    }
    fn urem(&mut self, _: Width, _: Val, _: Val) -> Val {
        Val::Any
    }
    fn and(&mut self, a: Val, b: Val) -> Val {
        if let (None, Some(mask)) = (a.as_const(), b.as_const())
            && mask < 1 << 16
        {
            self.seen.below = Some(mask + 1);
        }
        a.and(b)
    }
    fn or(&mut self, a: Val, b: Val) -> Val {
        match (a, b) {
            (v, Val::Const(0, Origin::Plain)) | (Val::Const(0, Origin::Plain), v) => v,
            (Val::Const(a, Origin::Plain), Val::Const(b, Origin::Plain)) => Val::plain(a | b),
            _ => Val::Any,
        }
    }
    fn xor(&mut self, _: Val, _: Val) -> Val {
        Val::Any
    }
    fn shl(&mut self, w: Width, a: Val, n: Val) -> Val {
        a.shl(w, n)
    }
    fn shr(&mut self, w: Width, a: Val, n: Val) -> Val {
        if let (None, Some(n @ 1..64)) = (a.as_const(), n.as_const())
            && w == Width::D
        {
            self.seen.below = 1u64.checked_shl(64 - u32::try_from(n).unwrap_or(0));
        }
        a.shr(w, n)
    }
    fn sar(&mut self, w: Width, a: Val, n: Val) -> Val {
        a.shr(w, n)
    }
    fn sext(&mut self, w: Width, a: Val) -> Val {
        a.sext(w)
    }
    fn zext(&mut self, w: Width, a: Val) -> Val {
        if matches!(w, Width::B | Width::H) {
            self.seen.below = Some(1 << w.bits());
        }
        a.zext(w)
    }
    fn clz(&mut self, _: Width, _: Val) -> Val {
        Val::Any
    }
    fn ctz(&mut self, _: Width, _: Val) -> Val {
        Val::Any
    }
    fn cpop(&mut self, _: Width, _: Val) -> Val {
        Val::Any
    }
    fn bswap(&mut self, _: Val) -> Val {
        Val::Any
    }
    fn orc_b(&mut self, _: Val) -> Val {
        Val::Any
    }
    fn clmul(&mut self, _: Val, _: Val) -> Val {
        Val::Any
    }
    fn clmulh(&mut self, _: Val, _: Val) -> Val {
        Val::Any
    }

    fn eq(&mut self, _: Val, _: Val) -> Test {
        Test::Other
    }
    fn slt(&mut self, a: Val, b: Val) -> Test {
        Test::Less(a, b)
    }
    fn ult(&mut self, a: Val, b: Val) -> Test {
        Test::Less(a, b)
    }
    fn not(&mut self, c: Test) -> Test {
        match c {
            Test::Less(a, b) => Test::NotLess(a, b),
            Test::NotLess(a, b) => Test::Less(a, b),
            Test::Other => Test::Other,
        }
    }
    fn both(&mut self, _: Test, _: Test) -> Test {
        Test::Other
    }
    fn either(&mut self, _: Test, _: Test) -> Test {
        Test::Other
    }
    fn truth(&mut self, _: Test) -> Val {
        self.seen.below = Some(2);
        Val::Any
    }
    fn select(&mut self, _: Test, a: Val, b: Val) -> Val {
        if a == b { a } else { Val::Any }
    }

    fn load(&mut self, w: Width, signed: bool, address: Val) -> Val {
        self.seen.address = Some(address);
        match address {
            Val::Const(a, Origin::Pc | Origin::Lui(_)) => {
                let value = self.guest.constant(GuestAddr::new(a), w);
                let value = value.filter(|_| w == Width::D);
                value.map_or(Val::Any, |v| Val::Const(v, Origin::Loaded))
            }
            Val::Linear {
                base, index, shift, ..
            } if matches!(w, Width::W | Width::D)
                && w.bytes().trailing_zeros() == u32::from(shift) =>
            {
                let base = GuestAddr::new(base);
                self.seen.table = Some(TableLoad {
                    base,
                    index,
                    width: w,
                    signed,
                });
                Val::Entry {
                    load: self.at,
                    add: 0,
                }
            }
            _ => {
                if !signed && matches!(w, Width::B | Width::H) {
                    self.seen.below = Some(1 << w.bits());
                }
                Val::Any
            }
        }
    }
    fn store(&mut self, _: Width, address: Val, _: Val) {
        self.seen.address = Some(address);
    }
    fn load_reserved(&mut self, _: Width, _: Ordering, address: Val) -> Val {
        self.seen.address = Some(address);
        Val::Any
    }
    fn store_conditional(&mut self, _: Width, _: Ordering, address: Val, _: Val) -> Val {
        self.seen.address = Some(address);
        Val::Any
    }
    fn amo(&mut self, _: AmoOp, _: Width, _: Ordering, address: Val, _: Val) -> Val {
        self.seen.address = Some(address);
        Val::Any
    }
    fn fence(&mut self, _: u32, _: u32) {}
    fn fence_i(&mut self) {}

    fn branch(&mut self, c: Test, _: i64) {
        self.seen.test = Some(c);
    }
    fn jump(&mut self, link: Reg, _: i64) {
        self.write(link, Val::Any);
    }
    fn jump_indirect(&mut self, link: Reg, _: Reg, target: Val) {
        self.seen.target = Some(target);
        self.write(link, Val::Any);
    }
    fn ecall(&mut self) {}
    fn ebreak(&mut self) {}
    fn illegal(&mut self) {}
    fn csr(&mut self, _: CsrOp, _: u32, rd: Reg, _: Option<Val>) {
        self.write(rd, Val::Any);
    }

    fn fread(&mut self, _: Fmt, _: FReg) {}
    fn fwrite(&mut self, _: Fmt, _: FReg, (): ()) {}
    fn fread_raw(&mut self, _: FReg) -> Val {
        Val::Any
    }
    fn fbits(&mut self, _: Fmt, (): ()) -> Val {
        Val::Any
    }
    fn ffrom_bits(&mut self, _: Fmt, _: Val) {}
    fn fadd(&mut self, _: Fmt, _: Rm, (): (), (): ()) {}
    fn fsub(&mut self, _: Fmt, _: Rm, (): (), (): ()) {}
    fn fmul(&mut self, _: Fmt, _: Rm, (): (), (): ()) {}
    fn fdiv(&mut self, _: Fmt, _: Rm, (): (), (): ()) {}
    fn fsqrt(&mut self, _: Fmt, _: Rm, (): ()) {}
    fn fma(&mut self, _: Fmt, _: Rm, (): (), (): (), (): ()) {}
    fn fneg(&mut self, _: Fmt, (): ()) {}
    fn fmin(&mut self, _: Fmt, (): (), (): ()) {}
    fn fmax(&mut self, _: Fmt, (): (), (): ()) {}
    fn feq(&mut self, _: Fmt, (): (), (): ()) -> Test {
        Test::Other
    }
    fn flt(&mut self, _: Fmt, _: bool, (): (), (): ()) -> Test {
        Test::Other
    }
    fn fle(&mut self, _: Fmt, _: bool, (): (), (): ()) -> Test {
        Test::Other
    }
    fn fis_nan(&mut self, _: Fmt, (): ()) -> Test {
        Test::Other
    }
    fn fselect(&mut self, _: Fmt, _: Test, (): (), (): ()) {}
    fn fclass(&mut self, _: Fmt, (): ()) -> Val {
        Val::Any
    }
    fn fto_int(&mut self, _: Fmt, _: Rm, _: IntTy, (): ()) -> Val {
        Val::Any
    }
    fn ffrom_int(&mut self, _: Fmt, _: Rm, _: IntTy, _: Val) {}
    fn fconvert(&mut self, _: Fmt, _: Rm, (): ()) {}
    fn fround(&mut self, _: Fmt, _: Rm, _: bool, (): ()) {}
    fn fto_int_modular(&mut self, (): ()) -> Val {
        Val::Any
    }
}
