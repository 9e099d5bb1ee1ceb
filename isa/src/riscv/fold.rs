//! What an instruction computes from registers whose values are known: constant propagation
//! for code discovery. Memory, CSRs and floating point are unknown here.

use super::{FReg, Insn, Reg};
use crate::addr::GuestAddr;
use crate::arith;
use crate::sem::{AmoOp, CsrOp, Fmt, IntTy, Ordering, Rm, Sem, Width};

/// What is known of an instruction's results.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Folded {
    /// The integer register that it writes (never `x0`), and the value where it is known.
    pub write: Option<(Reg, Option<u64>)>,
    /// The value written as a register's value before the instruction, plus a constant.
    pub copy: Option<(Reg, i64)>,
    /// The address that it loads from or stores to, where known.
    pub address: Option<u64>,
    /// That address as a register's value plus a constant.
    pub base: Option<(Reg, i64)>,
    /// Where a jump goes, or a taken branch.
    pub target: Option<u64>,
    /// Whether a conditional branch is taken, where known.
    pub taken: Option<bool>,
}

/// Evaluates the instruction at `pc`, given what `read` knows of the registers.
pub fn fold(insn: &Insn, pc: GuestAddr, read: impl FnMut(Reg) -> Option<u64>) -> Folded {
    let folded = Folded::default();
    let mut folder = Folder {
        read,
        pc,
        len: insn.len,
        folded,
    };
    super::execute(&mut folder, insn);
    folder.folded
}

/// A value: what it is if known, and the register and constant that it is the sum of.
#[derive(Clone, Copy)]
struct Value {
    known: Option<u64>,
    sum: Option<(Reg, i64)>,
}

impl Value {
    const UNKNOWN: Value = Value {
        known: None,
        sum: None,
    };

    const fn known(v: u64) -> Value {
        Value {
            known: Some(v),
            sum: None,
        }
    }
}

struct Folder<F> {
    read: F,
    pc: GuestAddr,
    len: u8,
    folded: Folded,
}

impl<F> Folder<F> {
    fn address(&mut self, address: Value) -> Value {
        self.folded.address = address.known;
        self.folded.base = address.sum;
        Value::UNKNOWN
    }
}

fn unary(a: Value, op: impl FnOnce(u64) -> u64) -> Value {
    a.known.map_or(Value::UNKNOWN, |a| Value::known(op(a)))
}

fn binary(a: Value, b: Value, op: impl FnOnce(u64, u64) -> u64) -> Value {
    match (a.known, b.known) {
        (Some(a), Some(b)) => Value::known(op(a, b)),
        _ => Value::UNKNOWN,
    }
}

fn compare(a: Value, b: Value, op: impl FnOnce(u64, u64) -> bool) -> Option<bool> {
    Some(op(a.known?, b.known?))
}

/// Operations on two numbers, by the function that computes them.
macro_rules! binary {
    ($($name:ident $op:expr;)*) => {
        $(fn $name(&mut self, a: Value, b: Value) -> Value { binary(a, b, $op) })*
    };
}

/// The same with a width.
macro_rules! sized {
    ($($name:ident)*) => {
        $(fn $name(&mut self, w: Width, a: Value, b: Value) -> Value {
            binary(a, b, |a, b| arith::$name(w, a, b))
        })*
    };
}

/// The same with a width and one operand.
macro_rules! sized_unary {
    ($($name:ident)*) => {
        $(fn $name(&mut self, w: Width, a: Value) -> Value { unary(a, |a| arith::$name(w, a)) })*
    };
}

/// Operations whose result is not known.
macro_rules! unknown {
    ($result:ty = $value:expr; $($name:ident($($argument:ty),*))*) => {
        $(fn $name(&mut self, $(_: $argument),*) -> $result { $value })*
    };
}

impl<F: FnMut(Reg) -> Option<u64>> Sem for Folder<F> {
    type Val = Value;
    type Cond = Option<bool>;
    type Flt = ();

    fn read(&mut self, r: Reg) -> Value {
        if r == Reg::ZERO {
            return Value::known(0);
        }
        Value {
            known: (self.read)(r),
            sum: Some((r, 0)),
        }
    }
    fn write(&mut self, r: Reg, v: Value) {
        if r != Reg::ZERO {
            self.folded.write = Some((r, v.known));
            self.folded.copy = v.sum;
        }
    }
    fn imm(&mut self, v: i64) -> Value {
        Value::known(arith::unsigned(v))
    }
    fn pc(&mut self, offset: i64) -> Value {
        Value::known(self.pc.wrapping_offset(offset).get())
    }

    fn add(&mut self, a: Value, b: Value) -> Value {
        let sum = match (a, b) {
            (
                Value {
                    sum: Some((r, n)), ..
                },
                Value { known: Some(m), .. },
            )
            | (
                Value { known: Some(m), .. },
                Value {
                    sum: Some((r, n)), ..
                },
            ) => Some((r, n.wrapping_add(arith::signed(m)))),
            _ => None,
        };
        Value {
            sum,
            ..binary(a, b, u64::wrapping_add)
        }
    }
    binary! {
        sub u64::wrapping_sub;
        mul u64::wrapping_mul;
        mulh arith::mulh;
        mulhu arith::mulhu;
        mulhsu arith::mulhsu;
        and |a, b| a & b;
        or |a, b| a | b;
        xor |a, b| a ^ b;
        clmul |a, b| arith::low_half(arith::clmul_wide(a, b));
        clmulh |a, b| arith::high_half(arith::clmul_wide(a, b));
    }
    sized! { sdiv udiv srem urem shl shr sar }
    sized_unary! { sext zext clz ctz cpop }
    fn bswap(&mut self, a: Value) -> Value {
        unary(a, u64::swap_bytes)
    }
    fn orc_b(&mut self, a: Value) -> Value {
        unary(a, arith::orc_b)
    }

    fn eq(&mut self, a: Value, b: Value) -> Option<bool> {
        compare(a, b, |a, b| a == b)
    }
    fn slt(&mut self, a: Value, b: Value) -> Option<bool> {
        compare(a, b, |a, b| arith::signed(a) < arith::signed(b))
    }
    fn ult(&mut self, a: Value, b: Value) -> Option<bool> {
        compare(a, b, |a, b| a < b)
    }
    fn not(&mut self, c: Option<bool>) -> Option<bool> {
        c.map(|c| !c)
    }
    fn both(&mut self, a: Option<bool>, b: Option<bool>) -> Option<bool> {
        match (a, b) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        }
    }
    fn either(&mut self, a: Option<bool>, b: Option<bool>) -> Option<bool> {
        match (a, b) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        }
    }
    fn truth(&mut self, c: Option<bool>) -> Value {
        c.map_or(Value::UNKNOWN, |c| Value::known(u64::from(c)))
    }
    fn select(&mut self, c: Option<bool>, a: Value, b: Value) -> Value {
        match c {
            Some(c) => {
                if c {
                    a
                } else {
                    b
                }
            }
            None if a.known.is_some() && a.known == b.known => Value {
                known: a.known,
                sum: None,
            },
            None => Value::UNKNOWN,
        }
    }

    fn load(&mut self, _: Width, _: bool, address: Value) -> Value {
        self.address(address)
    }
    fn store(&mut self, _: Width, address: Value, _: Value) {
        self.address(address);
    }
    fn load_reserved(&mut self, _: Width, _: Ordering, address: Value) -> Value {
        self.address(address)
    }
    fn store_conditional(&mut self, _: Width, _: Ordering, address: Value, _: Value) -> Value {
        self.address(address)
    }
    fn amo(&mut self, _: AmoOp, _: Width, _: Ordering, address: Value, _: Value) -> Value {
        self.address(address)
    }

    fn branch(&mut self, c: Option<bool>, offset: i64) {
        self.folded.target = Some(self.pc.wrapping_offset(offset).get());
        self.folded.taken = c;
    }
    fn jump(&mut self, link: Reg, offset: i64) {
        let target = self.pc(offset);
        self.jump_indirect(link, Reg::ZERO, target);
    }
    fn jump_indirect(&mut self, link: Reg, _: Reg, target: Value) {
        let after = self.pc(i64::from(self.len));
        self.write(link, after);
        self.folded.target = target.known;
    }
    fn csr(&mut self, _: CsrOp, _: u32, rd: Reg, _: Option<Value>) {
        self.write(rd, Value::UNKNOWN);
    }

    unknown! { () = ();
        fence(u32, u32) fence_i() ecall() ebreak() illegal()
        fread(Fmt, FReg) fwrite(Fmt, FReg, ()) ffrom_bits(Fmt, Value)
        fadd(Fmt, Rm, (), ()) fsub(Fmt, Rm, (), ()) fmul(Fmt, Rm, (), ()) fdiv(Fmt, Rm, (), ())
        fsqrt(Fmt, Rm, ()) fma(Fmt, Rm, (), (), ()) fneg(Fmt, ())
        fmin(Fmt, (), ()) fmax(Fmt, (), ()) fselect(Fmt, Option<bool>, (), ())
        ffrom_int(Fmt, Rm, IntTy, Value) fconvert(Fmt, Rm, ()) fround(Fmt, Rm, bool, ())
    }
    unknown! { Value = Value::UNKNOWN;
        fread_raw(FReg) fbits(Fmt, ()) fclass(Fmt, ())
        fto_int(Fmt, Rm, IntTy, ()) fto_int_modular(())
    }
    unknown! { Option<bool> = None;
        feq(Fmt, (), ()) flt(Fmt, bool, (), ()) fle(Fmt, bool, (), ()) fis_nan(Fmt, ())
    }
}
