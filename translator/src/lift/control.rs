//! Control flow: calls with their checked return, indirect branches through the entry table, ways
//! out of a unit, safepoints.

use inkwell::basic_block::BasicBlock;
use inkwell::types::BasicTypeEnum;
use inkwell::values::{
    AnyValue, BasicMetadataValueEnum, BasicValue, CallSiteValue, IntValue, PointerValue,
    StructValue,
};
use inkwell::{IntPredicate, llvm_sys::LLVMTailCallKind};
use vmtrans_abi::{
    Addressing, FLOAT_SLOT_REGISTERS, FLOAT_SLOTS, Helper, INT_SLOT_REGISTERS, StateOffset,
};
use vmtrans_isa::riscv::Reg;

use super::types::{PRESERVE_ALL, REGCALL};
use super::{
    CODE_SYMBOL, ENTRIES_SYMBOL, GUEST_PREFIX, HOST_PREFIX, Lifter, MISMATCH_SYMBOL, START_SYMBOL,
    TABLE_SYMBOL, TEXT_SYMBOL, built,
};
use crate::boundary::{Regs, Way};
use crate::unit::{RefId, Target};

impl<'ctx> Lifter<'ctx, '_> {
    pub(super) fn constant(&self, value: i64) -> IntValue<'ctx> {
        self.types.i64.const_int(value.cast_unsigned(), true)
    }

    /// The guest address at this offset from the unit's start.
    pub(super) fn address_at(&mut self, offset: i64) -> IntValue<'ctx> {
        let start = self.symbol(START_SYMBOL);
        start.const_add(self.constant(offset))
    }

    fn symbol(&mut self, name: &str) -> IntValue<'ctx> {
        let symbol = self.guest_symbol(name);
        symbol.as_pointer_value().const_to_int(self.types.i64)
    }

    /// The guest address of a reference.
    pub(super) fn reference(&mut self, RefId(id): RefId) -> IntValue<'ctx> {
        self.symbol(&format!("{GUEST_PREFIX}{id}"))
    }

    /// The host code of the guest function at a reference.
    pub(super) fn host_code(&self, RefId(id): RefId) -> PointerValue<'ctx> {
        let name = format!("{HOST_PREFIX}{id}");
        let function = self.module.get_function(&name);
        let function = function.unwrap_or_else(|| self.types.declare_guest(&self.module, &name));
        function.as_global_value().as_pointer_value()
    }

    pub(super) fn helper(&self, helper: Helper) -> PointerValue<'ctx> {
        self.load_state(StateOffset::helper(helper), self.types.pointer)
            .into_pointer_value()
    }

    fn new_block(&self) -> BasicBlock<'ctx> {
        self.context.append_basic_block(self.function, "")
    }

    /// Branches on a condition that nearly always holds.
    pub(super) fn branch_likely(
        &self,
        c: IntValue<'ctx>,
        usual: BasicBlock<'ctx>,
        rare: BasicBlock<'ctx>,
    ) {
        let branch = built(self.builder.build_conditional_branch(c, usual, rare));
        branch
            .set_metadata(self.types.likely, self.types.prof)
            .expect("an instruction takes metadata");
    }

    fn call_slots(
        &self,
        callee: PointerValue<'ctx>,
        arguments: &[BasicMetadataValueEnum<'ctx>],
    ) -> (CallSiteValue<'ctx>, StructValue<'ctx>) {
        let call = built(
            self.builder
                .build_indirect_call(self.types.guest, callee, arguments, ""),
        );
        call.set_call_convention(REGCALL);
        (call, call.as_any_value_enum().into_struct_value())
    }

    /// Leaves for a guest function or a helper and does not come back.
    pub(super) fn tail_call(&mut self, callee: PointerValue<'ctx>, needed: Regs) {
        self.write_back(needed);
        let arguments = self.arguments(needed);
        self.tail_call_with(callee, &arguments);
        self.terminated = true;
    }

    fn tail_call_with(
        &self,
        callee: PointerValue<'ctx>,
        arguments: &[BasicMetadataValueEnum<'ctx>],
    ) {
        let (call, returned) = self.call_slots(callee, arguments);
        call.set_tail_call_kind(LLVMTailCallKind::LLVMTailCallKindMustTail);
        built(self.builder.build_return(Some(&returned)));
    }

    /// The guest's return: its address goes to the host caller, which checks it.
    fn guest_return(&mut self) {
        let needed = self.boundary.needs(Way::At(self.at));
        self.write_back(needed);
        let mut slots = self.types.slots.get_poison();
        for (index, argument) in (0u32..).zip(self.arguments(needed)) {
            slots = match argument {
                BasicMetadataValueEnum::IntValue(v) => {
                    built(self.builder.build_insert_value(slots, v, index, ""))
                }
                BasicMetadataValueEnum::FloatValue(v) => {
                    built(self.builder.build_insert_value(slots, v, index, ""))
                }
                _ => unreachable!("slots are integers and floats"),
            }
            .into_struct_value();
        }
        built(self.builder.build_return(Some(&slots)));
        self.terminated = true;
    }

    /// Calls guest code and goes on behind the call if that is where it returned to.
    fn guest_call(&mut self, callee: PointerValue<'ctx>) {
        let insn = &self.unit.insns[self.at];
        let length = insn.insn.map_or(4, |i| i64::from(i.len));
        let link = self.address_at(insn.offset + length);
        let needed = self.boundary.needs(Way::At(self.at));
        self.write_back(needed);
        let arguments = self.arguments(needed);
        let (_, returned) = self.call_slots(callee, &arguments);
        self.check_return(returned, insn.offset + length);
        self.forget_all();
        self.take_slots(returned);
        self.set_int(Reg::RA, link);
        self.reload(self.flow.live_after[&self.at]);
        self.unsaved = 0;
    }

    /// Gives up all host frames where a call came back to another guest address than the one at
    /// `offset`. One instruction of ours instead of a branch to a block: the slots are still where the
    /// call left them, which is where the helper wants them, so the way out costs LLVM nothing.
    fn check_return(&self, returned: StructValue<'ctx>, offset: i64) {
        let compare = match self.options.addressing {
            Addressing::Absolute => format!("cmpq $${START_SYMBOL}{offset:+}, %rax"),
            Addressing::Relative => {
                format!("leaq {START_SYMBOL}{offset:+}(%rip), %r11; cmpq %r11, %rax")
            }
        };
        let floats = FLOAT_SLOT_REGISTERS.iter();
        let floats = floats.filter(|_| self.flow.vectors);
        let registers = INT_SLOT_REGISTERS.iter().chain(floats);
        let inputs = registers.map(|name| format!("{{{name}}},"));
        let constraints = inputs.collect::<String>() + "~{r11},~{flags}";
        let fields = self.types.slots.get_field_types();
        let parameters = fields.into_iter().map(Into::into).collect::<Vec<_>>();
        let signature = self.context.void_type().fn_type(&parameters, false);
        let check = self.context.create_inline_asm(
            signature,
            format!("{compare}; jne {MISMATCH_SYMBOL}"),
            constraints,
            true,
            false,
            None,
            false,
        );
        let arguments = self.fields(returned);
        built(
            self.builder
                .build_indirect_call(signature, check, &arguments, ""),
        );
    }

    fn fields(&self, slots: StructValue<'ctx>) -> Vec<BasicMetadataValueEnum<'ctx>> {
        (0..self.types.slots.count_fields())
            .map(|index| built(self.builder.build_extract_value(slots, index, "")).into())
            .collect()
    }

    /// Has the interpreter execute this instruction and goes on behind it.
    pub(super) fn interpret(&mut self, _length: i64) {
        let pc = self.address_at(self.unit.insns[self.at].offset);
        self.store_state(StateOffset::pc(), pc);
        self.write_back(Regs::MAX);
        let arguments = self.arguments(Regs::MAX);
        let (_, returned) = self.call_slots(self.helper(Helper::Interpret), &arguments);
        self.forget_all();
        self.take_slots(returned);
        self.reload(self.flow.live_after[&self.at]);
        self.unsaved = 0;
    }

    /// Has the interpreter execute this instruction, which goes elsewhere.
    pub(super) fn leave_by_interpreter(&mut self) {
        let pc = self.address_at(self.unit.insns[self.at].offset);
        self.store_state(StateOffset::pc(), pc);
        let helper = self.helper(Helper::Interpret);
        self.tail_call(helper, Regs::MAX);
    }

    /// Does this instruction in the interpreter where `rare` holds, and goes on there.
    pub(super) fn unless(&mut self, rare: IntValue<'ctx>) {
        let (usual, cold) = (self.new_block(), self.new_block());
        let likely = built(self.builder.build_not(rare, ""));
        self.branch_likely(likely, usual, cold);
        self.builder.position_at_end(cold);
        let (registers, unsaved) = (self.registers.clone(), self.unsaved);
        self.leave_by_interpreter();
        (self.registers, self.unsaved) = (registers, unsaved);
        self.terminated = false;
        self.builder.position_at_end(usual);
    }

    /// Takes signals at the beginning of the block at `target`. A handler that changes nothing that it
    /// returns to leaves every value of the unit valid; where it does, the helper does not return.
    /// Registers that are written again before anything can look at them are not written back.
    pub(super) fn safepoint(&mut self, target: i64) {
        let pending = self.load_state(StateOffset::pending(), self.types.i32);
        let load = pending
            .as_instruction_value()
            .expect("a load is an instruction");
        load.set_volatile(true).expect("loads may be volatile");
        let zero = self.types.i32.const_zero();
        let quiet = built(self.builder.build_int_compare(
            IntPredicate::EQ,
            pending.into_int_value(),
            zero,
            "",
        ));
        let (usual, cold) = (self.new_block(), self.new_block());
        self.branch_likely(quiet, usual, cold);
        self.builder.position_at_end(cold);
        let registers = self.registers.clone();
        let pc = self.address_at(target);
        self.store_state(StateOffset::pc(), pc);
        self.write_back_live(self.flow.live_in[&target]);
        if !self.flow.vectors {
            self.write_back_untouched();
        }
        let helper = self.helper(Helper::Safepoint);
        let call = built(
            self.builder
                .build_indirect_call(self.types.safepoint, helper, &[], ""),
        );
        call.set_call_convention(PRESERVE_ALL);
        self.registers = registers;
        built(self.builder.build_unconditional_branch(usual));
        self.builder.position_at_end(usual);
    }

    /// Writes the floating-point slots, which are where they were when the unit was entered or a call
    /// in it returned, back to guest state.
    fn write_back_untouched(&self) {
        let slots = FLOAT_SLOTS.iter().zip(FLOAT_SLOT_REGISTERS);
        let stores = slots.map(|(&r, name)| {
            let cell = StateOffset::f(r).get();
            format!("movsd %{name}, %gs:{cell};")
        });
        let signature = self.context.void_type().fn_type(&[], false);
        let stores = self.context.create_inline_asm(
            signature,
            stores.collect(),
            String::new(),
            true,
            false,
            None,
            false,
        );
        built(self.builder.build_indirect_call(signature, stores, &[], ""));
    }

    /// The block to branch to for a target: one of the unit, or a new one that leaves it.
    fn way_to(&mut self, target: Target, way: Way) -> BasicBlock<'ctx> {
        match target {
            Target::Inside(offset) => self.blocks[&offset],
            Target::Outside(reference) => {
                let here = self.builder.get_insert_block().expect("positioned");
                let leaves = self.new_block();
                self.builder.position_at_end(leaves);
                let registers = self.registers.clone();
                let callee = self.host_code(reference);
                self.tail_call(callee, self.boundary.needs(way));
                self.registers = registers;
                self.builder.position_at_end(here);
                leaves
            }
        }
    }

    pub(super) fn conditional(&mut self, c: IntValue<'ctx>) {
        let insn = &self.unit.insns[self.at];
        let taken = insn.target.expect("a branch has a target");
        let next = self.unit.blocks[&self.block].next;
        self.save();
        self.registers_to_variables();
        let taken = self.way_to(taken, Way::At(self.at));
        let next = self.way_to(next, Way::Behind(self.block));
        built(self.builder.build_conditional_branch(c, taken, next));
        self.terminated = true;
    }

    pub(super) fn direct_jump(&mut self, link: Reg) {
        let insn = &self.unit.insns[self.at];
        let target = insn.target.expect("a direct jump has a target");
        if link == Reg::RA {
            self.write_link(link);
            match target {
                Target::Outside(reference) => self.guest_call(self.host_code(reference)),
                Target::Inside(_) => unreachable!("calls leave the unit"),
            }
            return;
        }
        self.write_link(link);
        self.dirty = self.flow.dirty_after(self.at, self.dirty);
        self.go(target, Way::At(self.at));
    }

    fn write_link(&mut self, link: Reg) {
        if link != Reg::ZERO {
            let insn = &self.unit.insns[self.at];
            let length = insn.insn.map_or(4, |i| i64::from(i.len));
            let value = self.address_at(insn.offset + length);
            self.set_int(link, value);
        }
    }

    pub(super) fn indirect_jump(&mut self, link: Reg, base: Reg, target: IntValue<'ctx>) {
        let insn = &self.unit.insns[self.at];
        if insn.target.is_some() {
            return self.direct_jump(link);
        }
        let is_return = link == Reg::ZERO
            && base == Reg::RA
            && insn.insn.is_some_and(|insn| insn.fields.imm == 0);
        if is_return {
            return self.guest_return();
        }
        if insn.table.is_some() {
            return self.table_jump(target);
        }
        self.write_link(link);
        self.dirty = if link == Reg::RA {
            self.dirty
        } else {
            self.flow.dirty_after(self.at, self.dirty)
        };
        let callee = self.look_up(target);
        if link == Reg::RA {
            self.guest_call(callee)
        } else {
            self.tail_call(callee, Regs::MAX)
        }
    }

    /// A switch on the index of the entry that was loaded. The table is in read-only memory, so
    /// an index inside of it leads where discovery read; any other goes the general way.
    fn table_jump(&mut self, target: IntValue<'ctx>) {
        let unit = self.unit;
        let table = unit.insns[self.at].table.as_ref().expect("a table jump");
        let kept = self.table_variable();
        let entry = built(self.builder.build_load(self.types.i64, kept, "")).into_int_value();
        let base = self.reference(table.base);
        let distance = built(self.builder.build_int_sub(entry, base, ""));
        let shift = self.constant(i64::from(table.entry_bytes.trailing_zeros()));
        let index = built(self.builder.build_right_shift(distance, shift, false, ""));
        self.save();
        self.registers_to_variables();
        let here = self.builder.get_insert_block().expect("positioned");
        let other = self.new_block();
        self.builder.position_at_end(other);
        let registers = self.registers.clone();
        let callee = self.look_up(target);
        self.tail_call(callee, self.boundary.needs(Way::At(self.at)));
        self.registers = registers;
        self.builder.position_at_end(here);
        let cases = (0u64..)
            .zip(&table.targets)
            .map(|(index, to)| (self.types.i64.const_int(index, false), self.blocks[to]))
            .collect::<Vec<_>>();
        built(self.builder.build_switch(index, other, &cases));
        self.terminated = true;
    }

    /// Keeps the address that the current instruction loads from, if a table jump asks for it.
    pub(super) fn keep_table_address(&mut self, address: IntValue<'ctx>) {
        if self.is_table_load(self.at) {
            let kept = self.table_variable();
            built(self.builder.build_store(kept, address));
        }
    }

    pub(super) fn is_table_load(&self, at: usize) -> bool {
        self.table_loads.contains(&at)
    }

    fn table_variable(&mut self) -> PointerValue<'ctx> {
        if let Some(variable) = self.table_address {
            return variable;
        }
        let variable = self.entry_variable(self.types.i64.into());
        self.table_address = Some(variable);
        variable
    }

    /// A variable of the unit, made in its entry block.
    pub(super) fn entry_variable(&self, ty: BasicTypeEnum<'ctx>) -> PointerValue<'ctx> {
        let here = self.builder.get_insert_block().expect("positioned");
        let entry = self
            .function
            .get_first_basic_block()
            .expect("the function has an entry");
        match entry.get_first_instruction() {
            Some(first) => self.builder.position_before(&first),
            None => self.builder.position_at_end(entry),
        }
        let variable = built(self.builder.build_alloca(ty, ""));
        self.builder.position_at_end(here);
        variable
    }

    /// The host code for a guest address, by the image's entry table; the helper for misses where
    /// it has none.
    fn look_up(&mut self, target: IntValue<'ctx>) -> PointerValue<'ctx> {
        let (text, entries) = (self.symbol(TEXT_SYMBOL), self.symbol(ENTRIES_SYMBOL));
        let distance = built(self.builder.build_int_sub(target, text, ""));
        let index = built(
            self.builder
                .build_right_shift(distance, self.constant(1), false, ""),
        );
        let inside = built(
            self.builder
                .build_int_compare(IntPredicate::ULT, index, entries, ""),
        );
        let (look, found, miss, join) = (
            self.new_block(),
            self.new_block(),
            self.new_block(),
            self.new_block(),
        );
        self.branch_likely(inside, look, miss);
        self.builder.position_at_end(look);
        let code = self.table_entry(index);
        let zero = self.types.i64.const_zero();
        let some = built(
            self.builder
                .build_int_compare(IntPredicate::NE, code, zero, ""),
        );
        self.branch_likely(some, found, miss);
        self.builder.position_at_end(found);
        let code = match self.options.addressing {
            Addressing::Absolute => code,
            Addressing::Relative => {
                let base = self.symbol(CODE_SYMBOL);
                built(self.builder.build_int_add(code, base, ""))
            }
        };
        let code = built(self.builder.build_int_to_ptr(code, self.types.pointer, ""));
        built(self.builder.build_unconditional_branch(join));
        self.builder.position_at_end(miss);
        self.store_state(StateOffset::pc(), target);
        let helper = self.helper(Helper::Miss);
        built(self.builder.build_unconditional_branch(join));
        self.builder.position_at_end(join);
        let callee = built(self.builder.build_phi(self.types.pointer, ""));
        callee.add_incoming(&[(&code, found), (&helper, miss)]);
        callee.as_basic_value().into_pointer_value()
    }

    fn table_entry(&mut self, index: IntValue<'ctx>) -> IntValue<'ctx> {
        let table = self.symbol(TABLE_SYMBOL);
        let bytes = built(self.builder.build_left_shift(index, self.constant(2), ""));
        let address = built(self.builder.build_int_add(table, bytes, ""));
        let address = built(
            self.builder
                .build_int_to_ptr(address, self.types.pointer, ""),
        );
        let entry = built(self.builder.build_load(self.types.i32, address, ""));
        let load = entry
            .as_instruction_value()
            .expect("a load is an instruction");
        self.tag(load, self.types.guest_state);
        built(
            self.builder
                .build_int_z_extend(entry.into_int_value(), self.types.i64, ""),
        )
    }
}
