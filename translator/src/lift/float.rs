//! Floating point: registers that hold either format, and canonical NaNs where they can be seen.
//!
//! RISC-V's results are canonical NaNs; x86's are not. Between operations it does not matter, so
//! a computed value carries a bit, *pending*, and is made canonical only where its bits are
//! looked at. The bit is an SSA value that LLVM folds to a constant nearly everywhere; so is the
//! one that says which format a register was last written in. Source: RISC-V unprivileged
//! manual, "NaN Generation and Propagation" and "NaN Boxing of Narrower Values".

use inkwell::types::FloatType;
use inkwell::values::{BasicMetadataValueEnum, BasicValue, FloatValue, IntValue};
use inkwell::{FloatPredicate, IntPredicate};
use vmtrans_abi::{CANONICAL_SINGLE, StateOffset};
use vmtrans_isa::riscv::FReg;
use vmtrans_isa::{Fmt, IntTy, Rm};

use super::types::Types;
use super::{Lifter, built};

const BOX: u64 = 0xffff_ffff_0000_0000;

/// A floating-point value.
#[derive(Clone, Copy)]
pub struct Float<'ctx> {
    /// Of LLVM's `float` or `double`.
    pub value: FloatValue<'ctx>,
    /// Where it is a NaN it stands for the canonical one.
    pub pending: IntValue<'ctx>,
}

impl<'ctx> Float<'ctx> {
    /// The result of an operation that rounds.
    pub fn computed(types: &Types<'ctx>, value: FloatValue<'ctx>) -> Float<'ctx> {
        Float {
            value,
            pending: types.i1.const_all_ones(),
        }
    }

    /// Exactly these bits.
    pub fn exact(types: &Types<'ctx>, value: FloatValue<'ctx>) -> Float<'ctx> {
        Float {
            value,
            pending: types.i1.const_zero(),
        }
    }
}

/// A register: a double, or a single that is NaN-boxed where it is seen as a double.
#[derive(Clone, Copy)]
pub struct FloatRegister<'ctx> {
    /// Its value unless `is_single`.
    pub double: FloatValue<'ctx>,
    /// Its value if `is_single`.
    pub single: FloatValue<'ctx>,
    /// Which of the two holds.
    pub is_single: IntValue<'ctx>,
    /// As in [`Float`].
    pub pending: IntValue<'ctx>,
}

impl<'ctx> FloatRegister<'ctx> {
    /// A register with exactly these bits.
    pub fn from_double(types: &Types<'ctx>, double: FloatValue<'ctx>) -> FloatRegister<'ctx> {
        FloatRegister {
            double,
            single: types.f32.get_poison(),
            is_single: types.i1.const_zero(),
            pending: types.i1.const_zero(),
        }
    }

    /// A register with exactly the bits of this single, boxed.
    pub fn from_single(types: &Types<'ctx>, single: FloatValue<'ctx>) -> FloatRegister<'ctx> {
        FloatRegister {
            double: types.f64.get_poison(),
            single,
            is_single: types.i1.const_all_ones(),
            pending: types.i1.const_zero(),
        }
    }

    /// `value`, now that its bits are known to be `double`. A single stays one.
    pub fn settled(
        types: &Types<'ctx>,
        double: FloatValue<'ctx>,
        value: FloatRegister<'ctx>,
    ) -> FloatRegister<'ctx> {
        match known(value.is_single) {
            Some(false) => FloatRegister::from_double(types, double),
            _ => value,
        }
    }
}

fn known(bit: IntValue<'_>) -> Option<bool> {
    bit.get_zero_extended_constant().map(|v| v != 0)
}

impl<'ctx> Lifter<'ctx, '_> {
    pub(super) fn float_type(&self, fmt: Fmt) -> FloatType<'ctx> {
        match fmt {
            Fmt::S => self.types.f32,
            Fmt::D => self.types.f64,
        }
    }

    pub(super) fn pick(
        &self,
        c: IntValue<'ctx>,
        a: FloatValue<'ctx>,
        b: FloatValue<'ctx>,
    ) -> FloatValue<'ctx> {
        match known(c) {
            Some(true) => a,
            Some(false) => b,
            None => built(self.builder.build_select(c, a, b, "")).into_float_value(),
        }
    }

    fn both_bits(&self, a: IntValue<'ctx>, b: IntValue<'ctx>) -> IntValue<'ctx> {
        built(self.builder.build_and(a, b, ""))
    }

    fn canonical(&self, fmt: Fmt, v: Float<'ctx>) -> FloatValue<'ctx> {
        if known(v.pending) == Some(false) {
            return v.value;
        }
        let nan = self.is_nan(fmt, v.value);
        let replace = self.both_bits(nan, v.pending);
        let (at, ty) = match fmt {
            Fmt::D => (StateOffset::canonical_double(), self.types.f64),
            Fmt::S => (StateOffset::canonical_single(), self.types.f32),
        };
        let canonical = self.load_constant(at, ty).into_float_value();
        match known(replace) {
            Some(true) => canonical,
            Some(false) => v.value,
            None => self.select_rare(replace, canonical, v.value),
        }
    }

    /// `rare` where `c` holds, which it nearly never does: a branch that is foreseen costs less than
    /// to wait for the comparison, and where a loop is vectorised it stays a selection.
    fn select_rare(
        &self,
        c: IntValue<'ctx>,
        rare: FloatValue<'ctx>,
        usual: FloatValue<'ctx>,
    ) -> FloatValue<'ctx> {
        let selected = built(self.builder.build_select(c, rare, usual, "")).into_float_value();
        if let Some(select) = selected.as_instruction_value() {
            select
                .set_metadata(self.types.unlikely, self.types.prof)
                .expect("an instruction takes metadata");
        }
        selected
    }

    fn boxed(&self, single: FloatValue<'ctx>) -> FloatValue<'ctx> {
        let bits = built(self.builder.build_bit_cast(single, self.types.i32, "")).into_int_value();
        let wide = built(self.builder.build_int_z_extend(bits, self.types.i64, ""));
        let boxed = built(
            self.builder
                .build_or(wide, self.types.i64.const_int(BOX, false), ""),
        );
        built(self.builder.build_bit_cast(boxed, self.types.f64, "")).into_float_value()
    }

    fn unboxed(&self, double: FloatValue<'ctx>) -> FloatValue<'ctx> {
        let bits = built(self.builder.build_bit_cast(double, self.types.i64, "")).into_int_value();
        let mask = self.types.i64.const_int(BOX, false);
        let high = built(self.builder.build_and(bits, mask, ""));
        let is_boxed = built(
            self.builder
                .build_int_compare(IntPredicate::EQ, high, mask, ""),
        );
        let low = built(self.builder.build_int_truncate(bits, self.types.i32, ""));
        let canonical = self.types.i32.const_int(CANONICAL_SINGLE.into(), false);
        let single = built(self.builder.build_select(is_boxed, low, canonical, ""));
        if let Some(select) = single.as_instruction_value() {
            select
                .set_metadata(self.types.likely, self.types.prof)
                .expect("an instruction takes metadata");
        }
        let single = single.into_int_value();
        built(self.builder.build_bit_cast(single, self.types.f32, "")).into_float_value()
    }

    /// The register's bits as they are seen, as a double.
    pub(super) fn raw_double(&self, r: FloatRegister<'ctx>) -> FloatValue<'ctx> {
        let double = || {
            self.canonical(
                Fmt::D,
                Float {
                    value: r.double,
                    pending: r.pending,
                },
            )
        };
        let single = || {
            self.boxed(self.canonical(
                Fmt::S,
                Float {
                    value: r.single,
                    pending: r.pending,
                },
            ))
        };
        match known(r.is_single) {
            Some(true) => single(),
            Some(false) => double(),
            None => self.pick(r.is_single, single(), double()),
        }
    }

    pub(super) fn float_raw(&mut self, r: FReg) -> IntValue<'ctx> {
        let double = self.settle(r);
        built(self.builder.build_bit_cast(double, self.types.i64, "")).into_int_value()
    }

    pub(super) fn float_read(&mut self, fmt: Fmt, r: FReg) -> Float<'ctx> {
        let register = self.get_float(r);
        let wanted = fmt == Fmt::S;
        match known(register.is_single) {
            Some(single) if single == wanted => {
                let value = if single {
                    register.single
                } else {
                    register.double
                };
                Float {
                    value,
                    pending: register.pending,
                }
            }
            _ if fmt == Fmt::D => {
                let boxed = self.boxed(self.canonical(
                    Fmt::S,
                    Float {
                        value: register.single,
                        pending: register.pending,
                    },
                ));
                let value = self.pick(register.is_single, boxed, register.double);
                let is_double = built(self.builder.build_not(register.is_single, ""));
                Float {
                    value,
                    pending: self.both_bits(register.pending, is_double),
                }
            }
            _ => {
                let double = Float {
                    value: register.double,
                    pending: register.pending,
                };
                let unboxed = self.unboxed(self.canonical(Fmt::D, double));
                let value = self.pick(register.is_single, register.single, unboxed);
                Float {
                    value,
                    pending: self.both_bits(register.pending, register.is_single),
                }
            }
        }
    }

    pub(super) fn float_write(&mut self, fmt: Fmt, r: FReg, v: Float<'ctx>) {
        let register = match fmt {
            Fmt::D => FloatRegister {
                pending: v.pending,
                ..FloatRegister::from_double(&self.types, v.value)
            },
            Fmt::S => FloatRegister {
                pending: v.pending,
                ..FloatRegister::from_single(&self.types, v.value)
            },
        };
        self.set_float(r, register);
    }

    pub(super) fn float_bits(&mut self, fmt: Fmt, v: Float<'ctx>) -> IntValue<'ctx> {
        let value = self.canonical(fmt, v);
        match fmt {
            Fmt::D => {
                built(self.builder.build_bit_cast(value, self.types.i64, "")).into_int_value()
            }
            Fmt::S => {
                let bits =
                    built(self.builder.build_bit_cast(value, self.types.i32, "")).into_int_value();
                built(self.builder.build_int_z_extend(bits, self.types.i64, ""))
            }
        }
    }

    pub(super) fn float_from_bits(&mut self, fmt: Fmt, v: IntValue<'ctx>) -> Float<'ctx> {
        let bits = match fmt {
            Fmt::D => v,
            Fmt::S => built(self.builder.build_int_truncate(v, self.types.i32, "")),
        };
        let value = built(self.builder.build_bit_cast(bits, self.float_type(fmt), ""));
        Float::exact(&self.types, value.into_float_value())
    }

    /// Whether it is a NaN. No flag is raised that anybody looks at.
    pub(super) fn is_nan(&self, fmt: Fmt, value: FloatValue<'ctx>) -> IntValue<'ctx> {
        if self.flow.exact_flags {
            return self.is_nan_by_bits(fmt, value);
        }
        built(
            self.builder
                .build_float_compare(FloatPredicate::UNO, value, value, ""),
        )
    }

    pub(super) fn float_compare(
        &mut self,
        predicate: FloatPredicate,
        signalling: bool,
        a: Float<'ctx>,
        b: Float<'ctx>,
    ) -> IntValue<'ctx> {
        if self.flow.exact_flags {
            return self.exact_compare(predicate, signalling, a.value, b.value);
        }
        built(
            self.builder
                .build_float_compare(predicate, a.value, b.value, ""),
        )
    }

    pub(super) fn float_intrinsic(
        &mut self,
        name: &str,
        fmt: Fmt,
        operands: &[Float<'ctx>],
    ) -> Float<'ctx> {
        let ty = self.float_type(fmt).into();
        let operands = operands
            .iter()
            .map(|v| v.value.into())
            .collect::<Vec<BasicMetadataValueEnum>>();
        let value = self.intrinsic(name, &[ty], &operands).into_float_value();
        Float::computed(&self.types, value)
    }

    /// The intrinsic that rounds to an integral value. Compiled code runs only under
    /// round-to-nearest-even, so the dynamic mode is that.
    pub(super) fn rounding(rm: Rm) -> &'static str {
        match rm {
            Rm::Rne | Rm::Dyn => "llvm.rint",
            Rm::Rtz => "llvm.trunc",
            Rm::Rdn => "llvm.floor",
            Rm::Rup => "llvm.ceil",
            Rm::Rmm => "llvm.round",
        }
    }

    pub(super) fn float_to_int(
        &mut self,
        fmt: Fmt,
        rm: Rm,
        to: IntTy,
        a: Float<'ctx>,
    ) -> IntValue<'ctx> {
        let value = match rm {
            Rm::Rtz => a.value,
            _ => self.float_intrinsic(Self::rounding(rm), fmt, &[a]).value,
        };
        let (name, ty, max) = match to {
            IntTy::I32 => (
                "llvm.fptosi.sat",
                self.types.i32,
                u64::from(i32::MAX.cast_unsigned()),
            ),
            IntTy::U32 => ("llvm.fptoui.sat", self.types.i32, u64::from(u32::MAX)),
            IntTy::I64 => ("llvm.fptosi.sat", self.types.i64, i64::MAX.cast_unsigned()),
            IntTy::U64 => ("llvm.fptoui.sat", self.types.i64, u64::MAX),
        };
        let types = [ty.into(), self.float_type(fmt).into()];
        let saturated = self
            .intrinsic(name, &types, &[value.into()])
            .into_int_value();
        let nan = built(
            self.builder
                .build_float_compare(FloatPredicate::UNO, value, value, ""),
        );
        let max = ty.const_int(max, false);
        let result = built(self.builder.build_select(nan, max, saturated, "")).into_int_value();
        if ty == self.types.i64 {
            return result;
        }
        built(self.builder.build_int_s_extend(result, self.types.i64, ""))
    }

    pub(super) fn float_from_int(
        &mut self,
        fmt: Fmt,
        from: IntTy,
        v: IntValue<'ctx>,
    ) -> Float<'ctx> {
        let v = match from {
            IntTy::I32 | IntTy::U32 => {
                built(self.builder.build_int_truncate(v, self.types.i32, ""))
            }
            IntTy::I64 | IntTy::U64 => v,
        };
        let ty = self.float_type(fmt);
        let value = match from {
            IntTy::I32 | IntTy::I64 => built(self.builder.build_signed_int_to_float(v, ty, "")),
            IntTy::U32 | IntTy::U64 => built(self.builder.build_unsigned_int_to_float(v, ty, "")),
        };
        Float::exact(&self.types, value)
    }

    /// Towards zero modulo 2^32, on the bits: the significand shifted by the exponent. Infinities
    /// and NaNs have so large an exponent that nothing is left.
    pub(super) fn float_to_int_modular(&mut self, a: Float<'ctx>) -> IntValue<'ctx> {
        let bits = self.float_bits(Fmt::D, a);
        let b = &self.builder;
        let number = |v| self.types.i64.const_int(v, false);
        let exponent = built(b.build_right_shift(bits, number(52), false, ""));
        let exponent = built(b.build_and(exponent, number(0x7ff), ""));
        let fraction = built(b.build_and(bits, number((1 << 52) - 1), ""));
        let significand = built(b.build_or(fraction, number(1 << 52), ""));
        let up = built(b.build_int_sub(exponent, number(1075), ""));
        let down = built(b.build_int_sub(number(1075), exponent, ""));
        let shifted = |left: bool, n: IntValue<'ctx>, limit| {
            let inside = built(b.build_int_compare(IntPredicate::ULT, n, number(limit), ""));
            let safe = built(b.build_and(n, number(63), ""));
            let value = if left {
                built(b.build_left_shift(significand, safe, ""))
            } else {
                built(b.build_right_shift(significand, safe, false, ""))
            };
            built(b.build_select(inside, value, number(0), "")).into_int_value()
        };
        let (left, right) = (shifted(true, up, 32), shifted(false, down, 64));
        let magnitude = built(b.build_or(
            left, // A shift by zero is in both.
            right, "",
        ));
        let negated = built(b.build_int_neg(magnitude, ""));
        let negative = built(b.build_int_compare(IntPredicate::SLT, bits, number(0), ""));
        let value = built(b.build_select(negative, negated, magnitude, "")).into_int_value();
        let low = built(b.build_int_truncate(value, self.types.i32, ""));
        built(b.build_int_s_extend(low, self.types.i64, ""))
    }

    /// The mask of `fclass`, computed on bits: a comparison of numbers would raise a flag for a
    /// signalling NaN.
    pub(super) fn float_class(&mut self, fmt: Fmt, a: Float<'ctx>) -> IntValue<'ctx> {
        let (sign, infinity, quiet, normal): (u32, u64, u64, u64) = match fmt {
            Fmt::S => (31, 0x7f80_0000, 1 << 22, 1 << 23),
            Fmt::D => (63, 0x7ff0_0000_0000_0000, 1 << 51, 1 << 52),
        };
        let bits = self.float_bits(fmt, a);
        let b = &self.builder;
        let number = |v| self.types.i64.const_int(v, false);
        let compare = |p, x, y| built(b.build_int_compare(p, x, y, ""));
        let choose = |c, x: IntValue<'ctx>, y: IntValue<'ctx>| {
            built(b.build_select(c, x, y, "")).into_int_value()
        };
        let magnitude = built(b.build_and(bits, number((1 << sign) - 1), ""));
        let signed = built(b.build_and(bits, number(1 << sign), ""));
        let negative = compare(IntPredicate::NE, signed, number(0));
        let either =
            |minus: u64, plus: u64| choose(negative, number(1 << minus), number(1 << plus));
        let quiet = built(b.build_and(bits, number(quiet), ""));
        let is_quiet = compare(IntPredicate::NE, quiet, number(0));
        let nan = choose(is_quiet, number(1 << 9), number(1 << 8));
        let subnormal = compare(IntPredicate::ULT, magnitude, number(normal));
        let mask = choose(subnormal, either(2, 5), either(1, 6));
        let mask = choose(
            compare(IntPredicate::EQ, magnitude, number(0)),
            either(3, 4),
            mask,
        );
        let mask = choose(
            compare(IntPredicate::EQ, magnitude, number(infinity)),
            either(0, 7),
            mask,
        );
        choose(
            compare(IntPredicate::UGT, magnitude, number(infinity)),
            nan,
            mask,
        )
    }
}
