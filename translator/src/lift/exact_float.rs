//! Floating point whose flags somebody looks at.
//!
//! LLVM folds, drops and speculates its plain operations as if they raised no flags. Here each is
//! an operation that LLVM treats as one with an effect: constrained intrinsics, and where LLVM has
//! none that is exact, the host's instruction. What would take long is the interpreter's.
//! It does not know which functions need this.

use inkwell::attributes::{Attribute, AttributeLoc};
use inkwell::types::{BasicType, BasicTypeEnum};
use inkwell::values::{BasicMetadataValueEnum, BasicValueEnum, FloatValue, IntValue};
use inkwell::{FloatPredicate, IntPredicate};
use vmtrans_abi::StateOffset;
use vmtrans_abi::{CANONICAL_DOUBLE, CANONICAL_SINGLE};
use vmtrans_isa::riscv::Reg;
use vmtrans_isa::{CsrOp, Fmt, IntTy, Rm};

use super::float::Float;
use super::{Lifter, built};

/// The sticky flags in `mxcsr` (Intel SDM 1, 10.2.3).
const MXCSR_FLAGS: u64 = 0x3f;

/// Which of two values is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Extreme {
    /// The lesser.
    Least,
    /// The greater.
    Greatest,
}

/// What a number is compared with.
type Bound = (FloatPredicate, f64);

/// The bounds within which a number fits an integer type once it is rounded.
fn limits(fmt: Fmt, rm: Rm, to: IntTy) -> (Bound, Bound) {
    use FloatPredicate::{OGE, OGT, OLE, OLT};
    let below = |least: f64| match rm {
        Rm::Rne | Rm::Dyn | Rm::Rmm => (OGE, least - 0.5),
        Rm::Rdn => (OGE, least),
        Rm::Rtz | Rm::Rup => (OGT, least - 1.0),
    };
    let above = |greatest: f64| match rm {
        Rm::Rne | Rm::Dyn | Rm::Rmm => (OLT, greatest + 0.5),
        Rm::Rup => (OLE, greatest),
        Rm::Rtz | Rm::Rdn => (OLT, greatest + 1.0),
    };
    // Where the format has no fractions near a bound, that is the bound.
    match (to, fmt) {
        (IntTy::I32, Fmt::D) => (below(-2_147_483_648.0), above(2_147_483_647.0)),
        (IntTy::U32, Fmt::D) => (below(0.0), above(4_294_967_295.0)),
        (IntTy::I32, Fmt::S) => ((OGE, -2_147_483_648.0), (OLT, 2_147_483_648.0)),
        (IntTy::U32, Fmt::S) => (below(0.0), (OLT, 4_294_967_296.0)),
        (IntTy::I64, _) => (
            (OGE, -9_223_372_036_854_775_808.0),
            (OLT, 9_223_372_036_854_775_808.0),
        ),
        (IntTy::U64, _) => (below(0.0), (OLT, 18_446_744_073_709_551_616.0)),
    }
}

impl<'ctx> Lifter<'ctx, '_> {
    /// Calls a constrained intrinsic: to nearest, which is the only mode that compiled code runs
    /// in, and with its flags.
    fn constrained(
        &self,
        name: &str,
        types: &[BasicTypeEnum<'ctx>],
        operands: &[BasicMetadataValueEnum<'ctx>],
        details: &[&str],
    ) -> BasicValueEnum<'ctx> {
        let details = details.iter().chain(&["fpexcept.strict"]);
        let details = details.map(|text| self.context.metadata_string(text).into());
        let arguments = operands.iter().copied().chain(details).collect::<Vec<_>>();
        let name = format!("llvm.experimental.constrained.{name}");
        self.intrinsic(&name, types, &arguments)
    }

    /// An operation on values of one format, with a result of that format.
    pub(super) fn exact_arithmetic(
        &self,
        name: &str,
        fmt: Fmt,
        operands: &[Float<'ctx>],
    ) -> Float<'ctx> {
        let ty = self.float_type(fmt).into();
        let operands = operands.iter().map(|v| v.value.into()).collect::<Vec<_>>();
        let value = self.constrained(name, &[ty], &operands, &["round.tonearest"]);
        Float::computed(&self.types, value.into_float_value())
    }

    /// A comparison; `signalling` raises the invalid flag for every NaN, otherwise only signalling
    /// NaNs do.
    pub(super) fn exact_compare(
        &self,
        predicate: FloatPredicate,
        signalling: bool,
        a: FloatValue<'ctx>,
        b: FloatValue<'ctx>,
    ) -> IntValue<'ctx> {
        let name = if signalling { "fcmps" } else { "fcmp" };
        let predicate = match predicate {
            FloatPredicate::OEQ => "oeq",
            FloatPredicate::OLT => "olt",
            FloatPredicate::OLE => "ole",
            FloatPredicate::OGE => "oge",
            FloatPredicate::OGT => "ogt",
            other => unreachable!("no instruction compares by {other:?}"),
        };
        let operands = [a.into(), b.into()];
        self.constrained(name, &[a.get_type().into()], &operands, &[predicate])
            .into_int_value()
    }

    /// Whether it is a NaN, by its bits: to compare it would raise a flag for a signalling one.
    pub(super) fn is_nan_by_bits(&self, fmt: Fmt, value: FloatValue<'ctx>) -> IntValue<'ctx> {
        let (ty, infinity) = match fmt {
            Fmt::S => (self.types.i32, 0x7f80_0000),
            Fmt::D => (self.types.i64, 0x7ff0_0000_0000_0000),
        };
        let bits = built(self.builder.build_bit_cast(value, ty, "")).into_int_value();
        let twice = built(
            self.builder
                .build_left_shift(bits, ty.const_int(1, false), ""),
        );
        let infinity = ty.const_int(infinity << 1, false);
        built(
            self.builder
                .build_int_compare(IntPredicate::UGT, twice, infinity, ""),
        )
    }

    /// `fmin` and `fmax`: a NaN loses against a number, and -0 is less than +0.
    pub(super) fn exact_extreme(
        &self,
        which: Extreme,
        fmt: Fmt,
        a: Float<'ctx>,
        b: Float<'ctx>,
    ) -> Float<'ctx> {
        let (ty, canonical) = match fmt {
            Fmt::S => (self.types.i32, CANONICAL_SINGLE.into()),
            Fmt::D => (self.types.i64, CANONICAL_DOUBLE),
        };
        let bits =
            |v: FloatValue<'ctx>| built(self.builder.build_bit_cast(v, ty, "")).into_int_value();
        let choose = |c, x: IntValue<'ctx>, y: IntValue<'ctx>| {
            built(self.builder.build_select(c, x, y, "")).into_int_value()
        };
        let less = |x: Float<'ctx>, y: Float<'ctx>| {
            self.exact_compare(FloatPredicate::OLT, false, x.value, y.value)
        };
        let (a_first, b_first) = match which {
            Extreme::Least => (less(a, b), less(b, a)),
            Extreme::Greatest => (less(b, a), less(a, b)),
        };
        let (a_bits, b_bits) = (bits(a.value), bits(b.value));
        // They are equal: the same bits, or zeros that differ in sign.
        let equal = match which {
            Extreme::Least => built(self.builder.build_or(a_bits, b_bits, "")),
            Extreme::Greatest => built(self.builder.build_and(a_bits, b_bits, "")),
        };
        let (a_nan, b_nan) = (
            self.is_nan_by_bits(fmt, a.value),
            self.is_nan_by_bits(fmt, b.value),
        );
        let lone = choose(b_nan, ty.const_int(canonical, false), b_bits);
        let unordered = choose(a_nan, lone, choose(b_nan, a_bits, equal));
        let result = choose(a_first, a_bits, choose(b_first, b_bits, unordered));
        let result = built(
            self.builder
                .build_bit_cast(result, self.float_type(fmt), ""),
        );
        Float::exact(&self.types, result.into_float_value())
    }

    /// Conversion to an integer. What does not fit raises the invalid flag alone, which the host
    /// does for a NaN.
    pub(super) fn exact_to_int(
        &mut self,
        fmt: Fmt,
        rm: Rm,
        to: IntTy,
        a: Float<'ctx>,
    ) -> IntValue<'ctx> {
        let ty = self.float_type(fmt);
        let number = |n: f64| ty.const_float(n);
        let compare = |p, n| self.exact_compare(p, false, a.value, number(n));
        let (low, high) = limits(fmt, rm, to);
        let fits = built(self.builder.build_and(
            compare(low.0, low.1),
            compare(high.0, high.1),
            "",
        ));
        let nan = self.float_constant(fmt, CANONICAL_DOUBLE, CANONICAL_SINGLE.into());
        let value = self.pick(fits, a.value, nan);
        let converted = if to == IntTy::U64 {
            // The upper half of the range is moved into that of the host's conversion.
            let half = number(9_223_372_036_854_775_808.0);
            let upper = self.exact_compare(FloatPredicate::OGE, false, value, half);
            let moved = Float::computed(&self.types, self.pick(upper, half, number(0.0)));
            let value = Float::computed(&self.types, value);
            let value = self.exact_arithmetic("fsub", fmt, &[value, moved]).value;
            let converted = self.host_conversion(fmt, rm, value);
            let upper = built(self.builder.build_int_z_extend(upper, self.types.i64, ""));
            let top = built(self.builder.build_left_shift(upper, self.constant(63), ""));
            built(self.builder.build_xor(converted, top, ""))
        } else {
            self.host_conversion(fmt, rm, value)
        };
        let (least, greatest) = match to {
            IntTy::I32 => (i64::from(i32::MIN), i64::from(i32::MAX)),
            IntTy::U32 | IntTy::U64 => (0, -1),
            IntTy::I64 => (i64::MIN, i64::MAX),
        };
        let is_nan = self.is_nan_by_bits(fmt, a.value);
        let below = self.exact_compare(FloatPredicate::OLT, false, a.value, number(0.0));
        let below = built(self.builder.build_and(
            below,
            built(self.builder.build_not(is_nan, "")),
            "",
        ));
        let choose = |c, x: IntValue<'ctx>, y: IntValue<'ctx>| {
            built(self.builder.build_select(c, x, y, "")).into_int_value()
        };
        let limit = choose(below, self.constant(least), self.constant(greatest));
        let result = choose(fits, converted, limit);
        if to == IntTy::U32 {
            let low = built(self.builder.build_int_truncate(result, self.types.i32, ""));
            return built(self.builder.build_int_s_extend(low, self.types.i64, ""));
        }
        result
    }

    fn float_constant(&self, fmt: Fmt, double: u64, single: u64) -> FloatValue<'ctx> {
        let bits = match fmt {
            Fmt::S => self.types.i32.const_int(single, false),
            Fmt::D => self.types.i64.const_int(double, false),
        };
        built(self.builder.build_bit_cast(bits, self.float_type(fmt), "")).into_float_value()
    }

    /// The host's conversion to a 64-bit integer, which raises the inexact flag.
    fn host_conversion(&self, fmt: Fmt, rm: Rm, value: FloatValue<'ctx>) -> IntValue<'ctx> {
        let (v, twice) = if self.options.has_feature("avx") {
            ("v", "$1, $1")
        } else {
            ("", "$1")
        };
        let suffix = match fmt {
            Fmt::S => "ss",
            Fmt::D => "sd",
        };
        let truncate = format!("{v}cvtt{suffix}2si $1, $0");
        // Without bit 3 of the mode, rounding raises the inexact flag (Intel SDM 2, ROUNDSD).
        let round = |mode: u8| {
            let text = format!("{v}round{suffix} $${mode}, {twice}, $0");
            let ty = value.get_type().into();
            let rounded = self.host_instruction(text, "=x,x", ty, value);
            rounded.into_float_value()
        };
        let (text, value) = match rm {
            Rm::Rtz => (truncate, value),
            Rm::Rne | Rm::Dyn => (format!("{v}cvt{suffix}2si $1, $0"), value),
            Rm::Rdn => (truncate, round(1)),
            Rm::Rup => (truncate, round(2)),
            Rm::Rmm => unreachable!("left to the interpreter"),
        };
        self.host_instruction(text, "=r,x", self.types.i64.into(), value)
            .into_int_value()
    }

    fn host_instruction(
        &self,
        text: String,
        constraints: &str,
        result: BasicTypeEnum<'ctx>,
        operand: FloatValue<'ctx>,
    ) -> BasicValueEnum<'ctx> {
        let signature = result.fn_type(&[operand.get_type().into()], false);
        let instruction = self.context.create_inline_asm(
            signature,
            text,
            constraints.to_owned(),
            true,
            false,
            None,
            false,
        );
        let call =
            built(
                self.builder
                    .build_indirect_call(signature, instruction, &[operand.into()], ""),
            );
        call.try_as_basic_value().expect_basic("it has a result")
    }

    /// Conversion from an integer.
    pub(super) fn exact_from_int(
        &mut self,
        fmt: Fmt,
        from: IntTy,
        v: IntValue<'ctx>,
    ) -> Float<'ctx> {
        let v = match from {
            IntTy::I64 => v,
            IntTy::U64 => return self.exact_from_u64(fmt, v),
            IntTy::I32 | IntTy::U32 => {
                let low = built(self.builder.build_int_truncate(v, self.types.i32, ""));
                let wide = self.types.i64;
                if from == IntTy::I32 {
                    built(self.builder.build_int_s_extend(low, wide, ""))
                } else {
                    built(self.builder.build_int_z_extend(low, wide, ""))
                }
            }
        };
        let types = [self.float_type(fmt).into(), self.types.i64.into()];
        let value = self.constrained("sitofp", &types, &[v.into()], &["round.tonearest"]);
        Float::exact(&self.types, value.into_float_value())
    }

    /// Numbers of 2^63 and more are halved first, with the lost bit kept for rounding.
    fn exact_from_u64(&mut self, fmt: Fmt, v: IntValue<'ctx>) -> Float<'ctx> {
        let b = &self.builder;
        let one = self.constant(1);
        let zero = self.types.i64.const_zero();
        let large = built(b.build_int_compare(IntPredicate::SLT, v, zero, ""));
        let half = built(b.build_right_shift(v, one, false, ""));
        let half = built(b.build_or(half, built(b.build_and(v, one, "")), ""));
        let fitting = built(b.build_select(large, half, v, "")).into_int_value();
        let value = self.exact_from_int(fmt, IntTy::I64, fitting);
        let doubled = self.exact_arithmetic("fadd", fmt, &[value, value]);
        Float::exact(&self.types, self.pick(large, doubled.value, value.value))
    }

    /// Conversion between the formats.
    pub(super) fn exact_convert(&self, to: Fmt, a: Float<'ctx>) -> Float<'ctx> {
        let types = [self.float_type(to).into(), a.value.get_type().into()];
        let value = match to {
            Fmt::D => self.constrained("fpext", &types, &[a.value.into()], &[]),
            Fmt::S => self.constrained("fptrunc", &types, &[a.value.into()], &["round.tonearest"]),
        };
        Float::computed(&self.types, value.into_float_value())
    }

    /// The accrued flags: those in guest state and those in the host's `mxcsr`.
    fn accrued_flags(&mut self) -> IntValue<'ctx> {
        let cell = self.entry_variable(self.types.i32.into());
        self.intrinsic_void("llvm.x86.sse.stmxcsr", &[cell.into()]);
        let host = built(self.builder.build_load(self.types.i32, cell, "")).into_int_value();
        self.flags_with(host)
    }

    /// The accrued flags as plain operations leave them, for a register that nobody here looks at.
    /// It has no effect, so LLVM makes it where it is needed, if anywhere.
    pub(super) fn leaked_flags(&mut self) -> IntValue<'ctx> {
        let cell = StateOffset::mxcsr().get();
        let signature = self.types.i32.fn_type(&[], false);
        let asm = self.context.create_inline_asm(
            signature,
            format!("stmxcsr %gs:{cell}; movl %gs:{cell}, $0"),
            "=r".to_owned(),
            false,
            false,
            None,
            false,
        );
        let call = built(self.builder.build_indirect_call(signature, asm, &[], ""));
        // Only what has no effect at all is moved to where it is used.
        for name in ["memory", "nounwind", "willreturn"] {
            let kind = Attribute::get_named_enum_kind_id(name);
            let attribute = self.context.create_enum_attribute(kind, 0);
            call.add_attribute(AttributeLoc::Function, attribute);
        }
        let host = call.try_as_basic_value().expect_basic("it has a result");
        self.flags_with(host.into_int_value())
    }

    fn flags_with(&mut self, host: IntValue<'ctx>) -> IntValue<'ctx> {
        let mut flags = self
            .load_state(StateOffset::fflags(), self.types.i32)
            .into_int_value();
        // Host bits: invalid, division by zero, overflow, underflow, inexact (Intel SDM 1, 10.2.3).
        for (from, to) in [(0, 4), (2, 3), (3, 2), (4, 1), (5, 0)] {
            let number = |n| self.types.i32.const_int(n, false);
            let bit = built(
                self.builder
                    .build_right_shift(host, number(from), false, ""),
            );
            let bit = built(self.builder.build_and(bit, number(1), ""));
            let bit = built(self.builder.build_left_shift(bit, number(to), ""));
            flags = built(self.builder.build_or(flags, bit, ""));
        }
        built(self.builder.build_int_z_extend(flags, self.types.i64, ""))
    }

    /// An access to `fflags`, or a read of `fcsr` while its mode is 0.
    pub(super) fn access_flags(&mut self, op: CsrOp, rd: Reg, source: Option<IntValue<'ctx>>) {
        let old = self.accrued_flags();
        if let Some(source) = source {
            let new = match op {
                CsrOp::Write => source,
                CsrOp::Set => built(self.builder.build_or(old, source, "")),
                CsrOp::Clear => {
                    let kept = built(self.builder.build_not(source, ""));
                    built(self.builder.build_and(old, kept, ""))
                }
            };
            let new = built(self.builder.build_and(new, self.constant(31), ""));
            let new = built(self.builder.build_int_truncate(new, self.types.i32, ""));
            self.store_state(StateOffset::fflags(), new);
            self.clear_host_flags();
        }
        self.set_int(rd, old);
    }

    fn clear_host_flags(&mut self) {
        let cell = self.entry_variable(self.types.i32.into());
        self.intrinsic_void("llvm.x86.sse.stmxcsr", &[cell.into()]);
        let host = built(self.builder.build_load(self.types.i32, cell, "")).into_int_value();
        let mask = self.types.i32.const_int(!MXCSR_FLAGS, false);
        let host = built(self.builder.build_and(host, mask, ""));
        built(self.builder.build_store(cell, host));
        self.intrinsic_void("llvm.x86.sse.ldmxcsr", &[cell.into()]);
    }
}
