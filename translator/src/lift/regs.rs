//! Guest registers in a unit: variables that become SSA values, slots, and write-back.

use inkwell::types::FloatType;
use inkwell::values::{
    BasicMetadataValueEnum, BasicValue, FloatValue, InstructionValue, IntValue, PointerValue,
    StructValue,
};
use vmtrans_abi::{FLOAT_SLOTS, INT_SLOTS, StateOffset};
use vmtrans_isa::Fmt;
use vmtrans_isa::riscv::{FReg, Reg};

use super::float::FloatRegister;
use super::flow::successors;
use super::forms::Form;
use super::{Lifter, built};
use crate::boundary::Regs;
use crate::lift::types::STATE_SPACE;

/// A floating-point register between blocks, in one of two forms.
#[derive(Clone, Copy)]
struct FloatVariable<'ctx> {
    double: FormVariable<'ctx>,
    single: FormVariable<'ctx>,
}

/// A value of one format, and whether a NaN in it stands for the canonical one.
#[derive(Clone, Copy)]
struct FormVariable<'ctx> {
    value: PointerValue<'ctx>,
    pending: PointerValue<'ctx>,
}

/// The registers of the unit being lifted.
#[derive(Clone, Default)]
pub struct Registers<'ctx> {
    int_variables: [Option<PointerValue<'ctx>>; 32],
    float_variables: [Option<FloatVariable<'ctx>>; 32],
    ints: [Option<IntValue<'ctx>>; 32],
    floats: [Option<FloatRegister<'ctx>>; 32],
    /// Registers whose variable is behind.
    ahead: Regs,
}

impl Registers<'_> {
    /// A new block begins: only the variables are valid.
    pub fn forget(&mut self) {
        self.ints = [None; 32];
        self.floats = [None; 32];
        self.ahead = 0;
    }
}

fn each(set: Regs) -> impl Iterator<Item = u8> {
    (0..64u8).filter(move |bit| set >> bit & 1 == 1)
}

fn int_of(bit: u8) -> Option<Reg> {
    (bit < 32).then(|| Reg::new(bit))
}

fn float_of(bit: u8) -> FReg {
    FReg::new(bit & 31)
}

impl<'ctx> Lifter<'ctx, '_> {
    /// The unit's entry: makes variables, fills them from the slots and, where live, from guest
    /// state, and goes to the first block.
    pub(super) fn enter(&mut self) {
        for bit in each(self.flow.used()) {
            match int_of(bit) {
                Some(r) => {
                    let variable = built(self.builder.build_alloca(self.types.i64, ""));
                    self.registers.int_variables[r.index()] = Some(variable);
                }
                None => {
                    self.registers.float_variables[float_of(bit).index()] =
                        Some(self.float_variable())
                }
            }
        }
        for (slot, r) in (0u32..).zip(INT_SLOTS) {
            let value = self
                .function
                .get_nth_param(slot)
                .expect("a parameter for each slot");
            self.set_int(r, value.into_int_value());
        }
        for (slot, r) in (11u32..).zip(self.float_slots()) {
            let value = self
                .function
                .get_nth_param(slot)
                .expect("a parameter for each slot");
            let register = FloatRegister::from_double(&self.types, value.into_float_value());
            self.set_float(r, register);
        }
        self.reload(self.flow.live_in[&0]);
        self.unsaved = 0;
        self.registers_to(self.flow.live_in[&0], &[0]);
        built(self.builder.build_unconditional_branch(self.blocks[&0]));
    }

    fn float_variable(&self) -> FloatVariable<'ctx> {
        let variable = |ty| FormVariable {
            value: built(self.builder.build_alloca(ty, "")),
            pending: built(self.builder.build_alloca(self.types.i1, "")),
        };
        FloatVariable {
            double: variable(self.types.f64),
            single: variable(self.types.f32),
        }
    }

    pub(super) fn get_int(&mut self, r: Reg) -> IntValue<'ctx> {
        if r == Reg::ZERO {
            return self.types.i64.const_zero();
        }
        if let Some(value) = self.registers.ints[r.index()] {
            return value;
        }
        let variable =
            self.registers.int_variables[r.index()].expect("every used register has a variable");
        let value = built(self.builder.build_load(self.types.i64, variable, "")).into_int_value();
        self.registers.ints[r.index()] = Some(value);
        value
    }

    pub(super) fn set_int(&mut self, r: Reg, value: IntValue<'ctx>) {
        if r != Reg::ZERO {
            self.registers.ints[r.index()] = Some(value);
            self.registers.ahead |= 1 << r.number();
            self.unsaved |= 1 << r.number();
        }
    }

    pub(super) fn get_float(&mut self, r: FReg) -> FloatRegister<'ctx> {
        if let Some(value) = self.registers.floats[r.index()] {
            return value;
        }
        let v =
            self.registers.float_variables[r.index()].expect("every used register has a variable");
        let form = self.flow.forms[&self.block][r.index()];
        let load = |ty: FloatType<'ctx>, v: FormVariable<'ctx>| {
            let value = built(self.builder.build_load(ty, v.value, ""));
            let pending = built(self.builder.build_load(self.types.i1, v.pending, ""));
            (value.into_float_value(), pending.into_int_value())
        };
        let (value, pending) = match form.unwrap_or(Form::Double) {
            Form::Single => {
                let (single, pending) = load(self.types.f32, v.single);
                (FloatRegister::from_single(&self.types, single), pending)
            }
            Form::Double => {
                let (double, pending) = load(self.types.f64, v.double);
                (FloatRegister::from_double(&self.types, double), pending)
            }
        };
        let value = FloatRegister { pending, ..value };
        self.registers.floats[r.index()] = Some(value);
        value
    }

    pub(super) fn set_float(&mut self, r: FReg, value: FloatRegister<'ctx>) {
        self.registers.floats[r.index()] = Some(value);
        self.registers.ahead |= 1 << (32 + r.number());
        self.unsaved |= 1 << (32 + r.number());
    }

    /// Brings the variables up to date at the end of a block.
    pub(super) fn registers_to_variables(&mut self) {
        let next = successors(self.unit, self.block);
        self.registers_to(self.flow.live_out[&self.block], &next);
    }

    fn registers_to(&mut self, live: Regs, next: &[i64]) {
        let ahead = self.registers.ahead;
        for bit in each(live) {
            match int_of(bit) {
                Some(r) if ahead >> bit & 1 == 1 => {
                    let value = self.get_int(r);
                    let variable = self.registers.int_variables[r.index()].expect("used");
                    built(self.builder.build_store(variable, value));
                }
                Some(_) => {}
                None => {
                    let r = float_of(bit);
                    let form = |at: &i64| self.flow.forms[at][r.index()];
                    let here = form(&self.block);
                    let mut forms = next.iter().filter_map(form).collect::<Vec<_>>();
                    if ahead >> bit & 1 == 0 {
                        forms.retain(|&next| Some(next) != here);
                    }
                    self.float_to_variables(r, &forms);
                }
            }
        }
    }

    /// Stores a register in the forms that the next blocks expect.
    fn float_to_variables(&mut self, r: FReg, forms: &[Form]) {
        let v = self.registers.float_variables[r.index()].expect("used");
        for (fmt, form, variable) in [
            (Fmt::D, Form::Double, v.double),
            (Fmt::S, Form::Single, v.single),
        ] {
            if forms.contains(&form) {
                let value = self.float_read(fmt, r);
                built(self.builder.build_store(variable.value, value.value));
                built(self.builder.build_store(variable.pending, value.pending));
            }
        }
    }

    /// Writes those registers that differ from guest state back to it.
    pub(super) fn write_back(&mut self, needed: Regs) {
        if self.options.exact_faults {
            self.save();
        } else {
            self.store_registers(self.dirty & !self.flow.slots & needed);
        }
    }

    /// Where faults are exact, brings guest state up to date. LLVM may not leave out or move the
    /// stores, nor accesses to memory across them.
    pub(super) fn save(&mut self) {
        if self.options.exact_faults {
            let unsaved = std::mem::take(&mut self.unsaved);
            self.store_registers(unsaved);
        }
    }

    /// Writes what is live, slots too, back to guest state.
    pub(super) fn write_back_live(&mut self, live: Regs) {
        if self.options.exact_faults {
            return self.save();
        }
        self.store_registers(live & (self.dirty | self.flow.slots));
    }

    fn store_registers(&mut self, set: Regs) {
        for bit in each(set) {
            match int_of(bit) {
                Some(r) => {
                    let value = self.get_int(r);
                    self.store_state(StateOffset::x(r), value);
                }
                None => {
                    let value = self.settle(float_of(bit));
                    self.store_state(StateOffset::f(float_of(bit)), value);
                }
            }
        }
    }

    /// Reads registers outside of the slots from guest state.
    pub(super) fn reload(&mut self, live: Regs) {
        for bit in each(live & !self.flow.slots) {
            match int_of(bit) {
                Some(r) => {
                    let value = self
                        .load_state(StateOffset::x(r), self.types.i64)
                        .into_int_value();
                    self.set_int(r, value);
                }
                None => {
                    let r = float_of(bit);
                    let value = self
                        .load_state(StateOffset::f(r), self.types.f64)
                        .into_float_value();
                    let register = FloatRegister::from_double(&self.types, value);
                    self.set_float(r, register);
                }
            }
        }
    }

    /// The slots as arguments; what nobody needs is left to chance.
    pub(super) fn arguments(&mut self, needed: Regs) -> Vec<BasicMetadataValueEnum<'ctx>> {
        let mut arguments = Vec::with_capacity(INT_SLOTS.len() + self.float_slots().len());
        for r in INT_SLOTS {
            arguments.push(match needed >> r.number() & 1 {
                0 => self.types.i64.get_poison().into(),
                _ => self.get_int(r).into(),
            });
        }
        for r in self.float_slots() {
            arguments.push(match needed >> (32 + r.number()) & 1 {
                0 => self.types.f64.get_poison().into(),
                _ => self.settle(r).into(),
            });
        }
        arguments
    }

    /// The floating-point slots that the unit has to do with.
    fn float_slots(&self) -> Vec<FReg> {
        let slots = FLOAT_SLOTS.into_iter();
        slots.filter(|_| self.flow.vectors).collect()
    }

    /// Takes the slots from what a call returned.
    pub(super) fn take_slots(&mut self, returned: StructValue<'ctx>) {
        for (slot, r) in (0u32..).zip(INT_SLOTS) {
            let value = built(self.builder.build_extract_value(returned, slot, ""));
            self.set_int(r, value.into_int_value());
        }
        for (slot, r) in (11u32..).zip(self.float_slots()) {
            let value =
                built(self.builder.build_extract_value(returned, slot, "")).into_float_value();
            let register = FloatRegister::from_double(&self.types, value);
            self.set_float(r, register);
        }
    }

    /// After a call or a helper every copy in the unit but the slots is void.
    pub(super) fn forget_all(&mut self) {
        self.registers.forget();
        self.pieces.forget();
        self.dirty = 0;
    }

    fn state_address(&self, offset: StateOffset) -> PointerValue<'ctx> {
        let number = self.types.i64.const_int(u64::from(offset.get()), false);
        number.const_to_pointer(self.types.state_pointer)
    }

    pub(super) fn store_state<V: BasicValue<'ctx>>(&self, offset: StateOffset, value: V) {
        let store = built(self.builder.build_store(self.state_address(offset), value));
        store
            .set_volatile(self.options.exact_faults)
            .expect("stores may be volatile");
        self.tag(store, self.types.guest_state);
    }

    pub(super) fn load_state<T: inkwell::types::BasicType<'ctx>>(
        &self,
        offset: StateOffset,
        ty: T,
    ) -> inkwell::values::BasicValueEnum<'ctx> {
        let value = built(self.builder.build_load(ty, self.state_address(offset), ""));
        let load = value
            .as_instruction_value()
            .expect("a load is an instruction");
        self.tag(load, self.types.guest_state);
        value
    }

    /// Reads what never changes in guest state.
    pub(super) fn load_constant<T: inkwell::types::BasicType<'ctx>>(
        &self,
        offset: StateOffset,
        ty: T,
    ) -> inkwell::values::BasicValueEnum<'ctx> {
        let value = self.load_state(offset, ty);
        if let Some(load) = value.as_instruction_value() {
            load.set_metadata(self.types.nothing, self.types.invariant_load)
                .expect("an instruction takes metadata");
        }
        value
    }

    pub(super) fn tag(
        &self,
        access: InstructionValue<'ctx>,
        tag: inkwell::values::MetadataValue<'ctx>,
    ) {
        access
            .set_metadata(tag, self.types.tbaa)
            .expect("an instruction takes metadata");
    }

    /// A register as it is passed and stored: canonical, NaN-boxed.
    pub(super) fn settle(&mut self, r: FReg) -> FloatValue<'ctx> {
        let value = self.get_float(r);
        let double = self.raw_double(value);
        self.registers.floats[r.index()] = Some(FloatRegister::settled(&self.types, double, value));
        double
    }
}

const _: () = assert!(STATE_SPACE == 256, "LLVM's address space of %gs");
