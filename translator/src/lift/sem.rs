//! What each operation of the instruction tables is in LLVM IR. Floating point is in `float`,
//! control flow in `control`.

use inkwell::intrinsics::Intrinsic;
use inkwell::types::{BasicTypeEnum, IntType};
use inkwell::values::{BasicMetadataValueEnum, BasicValue, BasicValueEnum, IntValue, PointerValue};
use inkwell::{AtomicOrdering, AtomicRMWBinOp, FloatPredicate, IntPredicate};
use vmtrans_abi::StateOffset;
use vmtrans_isa::riscv::{Csr, FReg, Insn, Reg};
use vmtrans_isa::{AmoOp, CsrOp, Fmt, IntTy, Ordering, Rm, Sem, Width};

use super::exact_float::Extreme;
use super::flags::KeptFlags;
use super::float::Float;
use super::{Lifter, built};

impl<'ctx> Lifter<'ctx, '_> {
    pub(super) fn int_type(&self, w: Width) -> IntType<'ctx> {
        match w {
            Width::B => self.types.i8,
            Width::H => self.types.i16,
            Width::W => self.types.i32,
            Width::D => self.types.i64,
        }
    }

    fn narrow(&self, w: Width, v: IntValue<'ctx>) -> IntValue<'ctx> {
        match w {
            Width::D => v,
            _ => built(self.builder.build_int_truncate(v, self.int_type(w), "")),
        }
    }

    fn widen(&self, signed: bool, v: IntValue<'ctx>) -> IntValue<'ctx> {
        let to = self.types.i64;
        match (v.get_type() == to, signed) {
            (true, _) => v,
            (_, true) => built(self.builder.build_int_s_extend(v, to, "")),
            (_, false) => built(self.builder.build_int_z_extend(v, to, "")),
        }
    }

    /// Calls an LLVM intrinsic that is overloaded on `types`.
    pub(super) fn intrinsic(
        &self,
        name: &str,
        types: &[BasicTypeEnum<'ctx>],
        arguments: &[BasicMetadataValueEnum<'ctx>],
    ) -> BasicValueEnum<'ctx> {
        let intrinsic = Intrinsic::find(name).expect("LLVM has the intrinsic");
        let function = intrinsic
            .get_declaration(&self.module, types)
            .expect("the types fit");
        let call = built(self.builder.build_call(function, arguments, ""));
        call.try_as_basic_value()
            .expect_basic("the intrinsic has a result")
    }

    /// Calls an LLVM intrinsic that has no result and is not overloaded.
    pub(super) fn intrinsic_void(&self, name: &str, arguments: &[BasicMetadataValueEnum<'ctx>]) {
        let intrinsic = Intrinsic::find(name).expect("LLVM has the intrinsic");
        let function = intrinsic
            .get_declaration(&self.module, &[])
            .expect("it is not overloaded");
        built(self.builder.build_call(function, arguments, ""));
    }

    fn bit_count(&self, name: &str, w: Width, a: IntValue<'ctx>) -> IntValue<'ctx> {
        let a = self.narrow(w, a);
        let ty = self.int_type(w).into();
        let zero_is_defined = self.types.i1.const_zero();
        let result = if name == "llvm.ctpop" {
            self.intrinsic(name, &[ty], &[a.into()])
        } else {
            self.intrinsic(name, &[ty], &[a.into(), zero_is_defined.into()])
        };
        self.widen(false, result.into_int_value())
    }

    fn high_half(
        &self,
        a: IntValue<'ctx>,
        a_signed: bool,
        b: IntValue<'ctx>,
        b_signed: bool,
    ) -> IntValue<'ctx> {
        let wide = |v, signed| {
            let to = self.types.i128;
            if signed {
                built(self.builder.build_int_s_extend(v, to, ""))
            } else {
                built(self.builder.build_int_z_extend(v, to, ""))
            }
        };
        let product = built(
            self.builder
                .build_int_mul(wide(a, a_signed), wide(b, b_signed), ""),
        );
        let shift = self.types.i128.const_int(64, false);
        let high = built(self.builder.build_right_shift(product, shift, false, ""));
        built(self.builder.build_int_truncate(high, self.types.i64, ""))
    }

    /// The amount of a shift of `w` bits, in range.
    fn amount(&self, w: Width, n: IntValue<'ctx>) -> IntValue<'ctx> {
        let n = self.narrow(w, n);
        let mask = self.int_type(w).const_int(u64::from(w.bits() - 1), false);
        built(self.builder.build_and(n, mask, ""))
    }

    fn carry_less(&self, a: IntValue<'ctx>, b: IntValue<'ctx>, half: u64) -> IntValue<'ctx> {
        let pair = self.types.i64.vec_type(2);
        let index = self.types.i32;
        let vector = |v| {
            let zero = pair.const_zero();
            built(
                self.builder
                    .build_insert_element(zero, v, index.const_zero(), ""),
            )
        };
        let which = self.types.i8.const_zero();
        let arguments = [vector(a).into(), vector(b).into(), which.into()];
        let product = self
            .intrinsic("llvm.x86.pclmulqdq", &[], &arguments)
            .into_vector_value();
        built(
            self.builder
                .build_extract_element(product, index.const_int(half, false), ""),
        )
        .into_int_value()
    }

    fn accessed(&mut self, address: IntValue<'ctx>) -> PointerValue<'ctx> {
        let address = match self.unit.insns[self.at].address {
            Some(reference) => self.reference(reference),
            None => address,
        };
        self.keep_table_address(address);
        self.save();
        self.pointer(address)
    }

    /// The access at hand is to be made, and where it is.
    fn is_seen(&self) -> bool {
        self.options.exact_faults || self.flow.seen.contains(&self.at)
    }

    /// Misaligned atomics raise an exception, which the interpreter does.
    fn aligned(&mut self, w: Width, address: IntValue<'ctx>) {
        self.save();
        let mask = self.constant(i64::from(w.bytes() - 1));
        let low = built(self.builder.build_and(address, mask, ""));
        let zero = self.types.i64.const_zero();
        let misaligned = built(
            self.builder
                .build_int_compare(IntPredicate::NE, low, zero, ""),
        );
        self.unless(misaligned);
    }
}

macro_rules! binary {
    ($($name:ident = $build:ident;)*) => {$(
        fn $name(&mut self, a: Self::Val, b: Self::Val) -> Self::Val {
            built(self.builder.$build(a, b, ""))
        }
    )*};
}

macro_rules! division {
    ($($name:ident = $build:ident;)*) => {$(
        fn $name(&mut self, w: Width, a: Self::Val, b: Self::Val) -> Self::Val {
            let (a, b) = (self.narrow(w, a), self.narrow(w, b));
            let result = built(self.builder.$build(a, b, ""));
            self.widen(true, result)
        }
    )*};
}

macro_rules! compare {
    ($($name:ident = $predicate:ident;)*) => {$(
        fn $name(&mut self, a: Self::Val, b: Self::Val) -> Self::Cond {
            built(self.builder.build_int_compare(IntPredicate::$predicate, a, b, ""))
        }
    )*};
}

impl<'ctx> Sem for Lifter<'ctx, '_> {
    type Val = IntValue<'ctx>;
    type Cond = IntValue<'ctx>;
    type Flt = Float<'ctx>;

    fn read(&mut self, r: Reg) -> Self::Val {
        self.get_int(r)
    }
    fn write(&mut self, r: Reg, v: Self::Val) {
        let v = match self.unit.insns[self.at].result {
            Some(reference) => self.reference(reference),
            None => v,
        };
        self.set_int(r, v);
    }
    fn imm(&mut self, v: i64) -> Self::Val {
        self.constant(v)
    }
    fn pc(&mut self, offset: i64) -> Self::Val {
        self.address_at(self.unit.insns[self.at].offset.wrapping_add(offset))
    }

    binary! {
        add = build_int_add;
        sub = build_int_sub;
        mul = build_int_mul;
        and = build_and;
        or = build_or;
        xor = build_xor;
    }
    fn mulh(&mut self, a: Self::Val, b: Self::Val) -> Self::Val {
        self.high_half(a, true, b, true)
    }
    fn mulhu(&mut self, a: Self::Val, b: Self::Val) -> Self::Val {
        self.high_half(a, false, b, false)
    }
    fn mulhsu(&mut self, a: Self::Val, b: Self::Val) -> Self::Val {
        self.high_half(a, true, b, false)
    }
    division! {
        sdiv = build_int_signed_div;
        udiv = build_int_unsigned_div;
        srem = build_int_signed_rem;
        urem = build_int_unsigned_rem;
    }
    fn shl(&mut self, w: Width, a: Self::Val, n: Self::Val) -> Self::Val {
        let (a, n) = (self.narrow(w, a), self.amount(w, n));
        let result = built(self.builder.build_left_shift(a, n, ""));
        self.widen(true, result)
    }
    fn shr(&mut self, w: Width, a: Self::Val, n: Self::Val) -> Self::Val {
        let (a, n) = (self.narrow(w, a), self.amount(w, n));
        let result = built(self.builder.build_right_shift(a, n, false, ""));
        self.widen(true, result)
    }
    fn sar(&mut self, w: Width, a: Self::Val, n: Self::Val) -> Self::Val {
        let (a, n) = (self.narrow(w, a), self.amount(w, n));
        let result = built(self.builder.build_right_shift(a, n, true, ""));
        self.widen(true, result)
    }
    fn sext(&mut self, w: Width, a: Self::Val) -> Self::Val {
        let a = self.narrow(w, a);
        self.widen(true, a)
    }
    fn zext(&mut self, w: Width, a: Self::Val) -> Self::Val {
        let a = self.narrow(w, a);
        self.widen(false, a)
    }
    fn clz(&mut self, w: Width, a: Self::Val) -> Self::Val {
        self.bit_count("llvm.ctlz", w, a)
    }
    fn ctz(&mut self, w: Width, a: Self::Val) -> Self::Val {
        self.bit_count("llvm.cttz", w, a)
    }
    fn cpop(&mut self, w: Width, a: Self::Val) -> Self::Val {
        self.bit_count("llvm.ctpop", w, a)
    }
    fn bswap(&mut self, a: Self::Val) -> Self::Val {
        self.intrinsic("llvm.bswap", &[self.types.i64.into()], &[a.into()])
            .into_int_value()
    }
    fn orc_b(&mut self, a: Self::Val) -> Self::Val {
        let bytes = self.types.i8.vec_type(8);
        let vector = built(self.builder.build_bit_cast(a, bytes, "")).into_vector_value();
        let zero = bytes.const_zero();
        let set = built(
            self.builder
                .build_int_compare(IntPredicate::NE, vector, zero, ""),
        );
        let full = built(self.builder.build_int_s_extend(set, bytes, ""));
        built(self.builder.build_bit_cast(full, self.types.i64, "")).into_int_value()
    }
    fn clmul(&mut self, a: Self::Val, b: Self::Val) -> Self::Val {
        self.carry_less(a, b, 0)
    }
    fn clmulh(&mut self, a: Self::Val, b: Self::Val) -> Self::Val {
        self.carry_less(a, b, 1)
    }

    compare! {
        eq = EQ;
        slt = SLT;
        ult = ULT;
    }
    fn not(&mut self, c: Self::Cond) -> Self::Cond {
        built(self.builder.build_not(c, ""))
    }
    fn both(&mut self, a: Self::Cond, b: Self::Cond) -> Self::Cond {
        built(self.builder.build_and(a, b, ""))
    }
    fn either(&mut self, a: Self::Cond, b: Self::Cond) -> Self::Cond {
        built(self.builder.build_or(a, b, ""))
    }
    fn truth(&mut self, c: Self::Cond) -> Self::Val {
        self.widen(false, c)
    }
    fn select(&mut self, c: Self::Cond, a: Self::Val, b: Self::Val) -> Self::Val {
        built(self.builder.build_select(c, a, b, "")).into_int_value()
    }

    fn load(&mut self, w: Width, signed: bool, address: Self::Val) -> Self::Val {
        if !self.is_seen()
            && !self.is_table_load(self.at)
            && let Some(value) = self.stored_in_pieces(w, address)
        {
            return self.widen(signed, value);
        }
        let pointer = self.accessed(address);
        let value = built(self.builder.build_load(self.int_type(w), pointer, ""));
        let load = value
            .as_instruction_value()
            .expect("a load is an instruction");
        load.set_alignment(1).expect("a load has an alignment");
        load.set_volatile(self.is_seen())
            .expect("loads may be volatile");
        self.tag(load, self.types.guest_memory);
        self.widen(signed, value.into_int_value())
    }
    fn store(&mut self, w: Width, address: Self::Val, v: Self::Val) {
        let pointer = self.accessed(address);
        let store = built(self.builder.build_store(pointer, self.narrow(w, v)));
        store.set_alignment(1).expect("a store has an alignment");
        store
            .set_volatile(self.is_seen())
            .expect("stores may be volatile");
        self.tag(store, self.types.guest_memory);
        self.pieces.store(address, w, v);
    }
    fn load_reserved(&mut self, w: Width, _: Ordering, address: Self::Val) -> Self::Val {
        self.pieces.forget();
        self.aligned(w, address);
        let pointer = self.pointer(address);
        let value = built(self.builder.build_load(self.int_type(w), pointer, ""));
        let load = value
            .as_instruction_value()
            .expect("a load is an instruction");
        load.set_alignment(w.bytes())
            .expect("a load has an alignment");
        load.set_atomic_ordering(AtomicOrdering::SequentiallyConsistent)
            .expect("loads may be atomic");
        let value = self.widen(true, value.into_int_value());
        self.store_state(StateOffset::reserved_address(), address);
        self.store_state(StateOffset::reserved_value(), value);
        value
    }
    fn store_conditional(
        &mut self,
        w: Width,
        _: Ordering,
        address: Self::Val,
        v: Self::Val,
    ) -> Self::Val {
        self.pieces.forget();
        self.aligned(w, address);
        let reserved = self
            .load_state(StateOffset::reserved_address(), self.types.i64)
            .into_int_value();
        let expected = self
            .load_state(StateOffset::reserved_value(), self.types.i64)
            .into_int_value();
        self.store_state(StateOffset::reserved_address(), self.constant(-1));
        let here = self.builder.get_insert_block().expect("positioned");
        let exchange = self.context.append_basic_block(self.function, "");
        let done = self.context.append_basic_block(self.function, "");
        let same = built(
            self.builder
                .build_int_compare(IntPredicate::EQ, reserved, address, ""),
        );
        self.branch_likely(same, exchange, done);
        self.builder.position_at_end(exchange);
        let pointer = self.pointer(address);
        let order = AtomicOrdering::SequentiallyConsistent;
        let (expected, new) = (self.narrow(w, expected), self.narrow(w, v));
        let pair = built(
            self.builder
                .build_cmpxchg(pointer, expected, new, order, order),
        );
        let stored = built(self.builder.build_extract_value(pair, 1, "")).into_int_value();
        let stored = built(self.builder.build_not(stored, ""));
        let failed = self.widen(false, stored);
        built(self.builder.build_unconditional_branch(done));
        self.builder.position_at_end(done);
        let result = built(self.builder.build_phi(self.types.i64, ""));
        result.add_incoming(&[(&self.constant(1), here), (&failed, exchange)]);
        result.as_basic_value().into_int_value()
    }
    fn amo(
        &mut self,
        op: AmoOp,
        w: Width,
        ordering: Ordering,
        address: Self::Val,
        v: Self::Val,
    ) -> Self::Val {
        self.pieces.forget();
        self.aligned(w, address);
        let pointer = self.pointer(address);
        let unread = |insn: Insn| insn.fields.rd == Reg::ZERO;
        let is_unread = self.unit.insns[self.at].insn.is_some_and(unread);
        if op == AmoOp::Swap && is_unread && !ordering.acquire && !ordering.release {
            // How gcc up to 12 writes an atomic store; see docs/decisions/atomic-stores.md.
            let store = built(self.builder.build_store(pointer, self.narrow(w, v)));
            store
                .set_alignment(w.bytes())
                .expect("a store has an alignment");
            store
                .set_atomic_ordering(AtomicOrdering::Release)
                .expect("stores may be atomic");
            return self.types.i64.const_zero();
        }
        let op = match op {
            AmoOp::Swap => AtomicRMWBinOp::Xchg,
            AmoOp::Add => AtomicRMWBinOp::Add,
            AmoOp::Xor => AtomicRMWBinOp::Xor,
            AmoOp::And => AtomicRMWBinOp::And,
            AmoOp::Or => AtomicRMWBinOp::Or,
            AmoOp::Min => AtomicRMWBinOp::Min,
            AmoOp::Max => AtomicRMWBinOp::Max,
            AmoOp::Minu => AtomicRMWBinOp::UMin,
            AmoOp::Maxu => AtomicRMWBinOp::UMax,
        };
        let order = AtomicOrdering::SequentiallyConsistent;
        let old = built(
            self.builder
                .build_atomicrmw(op, pointer, self.narrow(w, v), order),
        );
        self.widen(true, old)
    }
    fn fence(&mut self, pred: u32, succ: u32) {
        // Bits i, o, r, w: only a store that must be seen before a later load needs the host's
        // fence; the rest is order that x86 keeps and only LLVM might not.
        let full = pred & 0b0101 != 0 && succ & 0b1010 != 0;
        let order = if full {
            AtomicOrdering::SequentiallyConsistent
        } else {
            AtomicOrdering::AcquireRelease
        };
        self.pieces.forget();
        built(self.builder.build_fence(order, false, ""));
    }
    fn fence_i(&mut self) {
        unreachable!("left to the interpreter");
    }

    fn branch(&mut self, c: Self::Cond, _offset: i64) {
        self.conditional(c);
    }
    fn jump(&mut self, link: Reg, _offset: i64) {
        self.direct_jump(link);
    }
    fn jump_indirect(&mut self, link: Reg, base: Reg, target: Self::Val) {
        self.indirect_jump(link, base, target);
    }
    fn ecall(&mut self) {
        unreachable!("left to the interpreter");
    }
    fn ebreak(&mut self) {
        unreachable!("left to the interpreter");
    }
    fn illegal(&mut self) {
        self.leave_by_interpreter();
    }
    fn csr(&mut self, op: CsrOp, csr: u32, rd: Reg, source: Option<Self::Val>) {
        let value = match self.flow.kept.get(&self.at) {
            _ if Csr::new(csr) == Csr::FRM => self.types.i64.const_zero(),
            _ if self.flow.exact_flags => return self.access_flags(op, rd, source),
            Some(KeptFlags::Leaked) => self.leaked_flags(),
            _ => self.types.i64.const_zero(),
        };
        self.set_int(rd, value);
    }

    fn fread(&mut self, fmt: Fmt, r: FReg) -> Self::Flt {
        self.float_read(fmt, r)
    }
    fn fwrite(&mut self, fmt: Fmt, r: FReg, v: Self::Flt) {
        self.float_write(fmt, r, v);
    }
    fn fread_raw(&mut self, r: FReg) -> Self::Val {
        self.float_raw(r)
    }
    fn fbits(&mut self, fmt: Fmt, v: Self::Flt) -> Self::Val {
        self.float_bits(fmt, v)
    }
    fn ffrom_bits(&mut self, fmt: Fmt, v: Self::Val) -> Self::Flt {
        self.float_from_bits(fmt, v)
    }
    fn fadd(&mut self, fmt: Fmt, _: Rm, a: Self::Flt, b: Self::Flt) -> Self::Flt {
        if self.flow.exact_flags {
            return self.exact_arithmetic("fadd", fmt, &[a, b]);
        }
        Float::computed(
            &self.types,
            built(self.builder.build_float_add(a.value, b.value, "")),
        )
    }
    fn fsub(&mut self, fmt: Fmt, _: Rm, a: Self::Flt, b: Self::Flt) -> Self::Flt {
        if self.flow.exact_flags {
            return self.exact_arithmetic("fsub", fmt, &[a, b]);
        }
        Float::computed(
            &self.types,
            built(self.builder.build_float_sub(a.value, b.value, "")),
        )
    }
    fn fmul(&mut self, fmt: Fmt, _: Rm, a: Self::Flt, b: Self::Flt) -> Self::Flt {
        if self.flow.exact_flags {
            return self.exact_arithmetic("fmul", fmt, &[a, b]);
        }
        Float::computed(
            &self.types,
            built(self.builder.build_float_mul(a.value, b.value, "")),
        )
    }
    fn fdiv(&mut self, fmt: Fmt, _: Rm, a: Self::Flt, b: Self::Flt) -> Self::Flt {
        if self.flow.exact_flags {
            return self.exact_arithmetic("fdiv", fmt, &[a, b]);
        }
        Float::computed(
            &self.types,
            built(self.builder.build_float_div(a.value, b.value, "")),
        )
    }
    fn fsqrt(&mut self, fmt: Fmt, _: Rm, a: Self::Flt) -> Self::Flt {
        if self.flow.exact_flags {
            return self.exact_arithmetic("sqrt", fmt, &[a]);
        }
        let root = self.float_intrinsic("llvm.sqrt", fmt, &[a]);
        // LLVM takes a NaN chosen where a root is one for the root's own, whatever its bits.
        self.float_intrinsic("llvm.arithmetic.fence", fmt, &[root])
    }
    fn fma(&mut self, fmt: Fmt, _: Rm, a: Self::Flt, b: Self::Flt, c: Self::Flt) -> Self::Flt {
        if self.flow.exact_flags {
            return self.exact_arithmetic("fma", fmt, &[a, b, c]);
        }
        self.float_intrinsic("llvm.fma", fmt, &[a, b, c])
    }
    fn fneg(&mut self, _: Fmt, a: Self::Flt) -> Self::Flt {
        Float {
            value: built(self.builder.build_float_neg(a.value, "")),
            ..a
        }
    }
    fn fmin(&mut self, fmt: Fmt, a: Self::Flt, b: Self::Flt) -> Self::Flt {
        if self.flow.exact_flags {
            return self.exact_extreme(Extreme::Least, fmt, a, b);
        }
        self.float_intrinsic("llvm.minimumnum", fmt, &[a, b])
    }
    fn fmax(&mut self, fmt: Fmt, a: Self::Flt, b: Self::Flt) -> Self::Flt {
        if self.flow.exact_flags {
            return self.exact_extreme(Extreme::Greatest, fmt, a, b);
        }
        self.float_intrinsic("llvm.maximumnum", fmt, &[a, b])
    }
    fn feq(&mut self, _: Fmt, a: Self::Flt, b: Self::Flt) -> Self::Cond {
        self.float_compare(FloatPredicate::OEQ, false, a, b)
    }
    fn flt(&mut self, _: Fmt, quiet: bool, a: Self::Flt, b: Self::Flt) -> Self::Cond {
        self.float_compare(FloatPredicate::OLT, !quiet, a, b)
    }
    fn fle(&mut self, _: Fmt, quiet: bool, a: Self::Flt, b: Self::Flt) -> Self::Cond {
        self.float_compare(FloatPredicate::OLE, !quiet, a, b)
    }
    fn fis_nan(&mut self, fmt: Fmt, a: Self::Flt) -> Self::Cond {
        self.is_nan(fmt, a.value)
    }
    fn fselect(&mut self, _: Fmt, c: Self::Cond, a: Self::Flt, b: Self::Flt) -> Self::Flt {
        Float {
            value: built(self.builder.build_select(c, a.value, b.value, "")).into_float_value(),
            pending: built(self.builder.build_select(c, a.pending, b.pending, "")).into_int_value(),
        }
    }
    fn fclass(&mut self, fmt: Fmt, a: Self::Flt) -> Self::Val {
        self.float_class(fmt, a)
    }
    fn fto_int(&mut self, fmt: Fmt, rm: Rm, to: IntTy, a: Self::Flt) -> Self::Val {
        if self.flow.exact_flags {
            return self.exact_to_int(fmt, rm, to, a);
        }
        self.float_to_int(fmt, rm, to, a)
    }
    fn ffrom_int(&mut self, fmt: Fmt, _: Rm, from: IntTy, v: Self::Val) -> Self::Flt {
        if self.flow.exact_flags {
            return self.exact_from_int(fmt, from, v);
        }
        self.float_from_int(fmt, from, v)
    }
    fn fconvert(&mut self, to: Fmt, _: Rm, a: Self::Flt) -> Self::Flt {
        if self.flow.exact_flags {
            return self.exact_convert(to, a);
        }
        let value = match to {
            Fmt::D => built(self.builder.build_float_ext(a.value, self.types.f64, "")),
            Fmt::S => built(self.builder.build_float_trunc(a.value, self.types.f32, "")),
        };
        Float::computed(&self.types, value)
    }
    fn fround(&mut self, fmt: Fmt, rm: Rm, exact: bool, a: Self::Flt) -> Self::Flt {
        let quiet = !exact && matches!(rm, Rm::Rne | Rm::Dyn);
        let name = if quiet {
            "llvm.roundeven"
        } else {
            Self::rounding(rm)
        };
        self.float_intrinsic(name, fmt, &[a])
    }
    fn fto_int_modular(&mut self, a: Self::Flt) -> Self::Val {
        self.float_to_int_modular(a)
    }
}
