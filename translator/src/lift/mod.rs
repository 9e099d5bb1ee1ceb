//! The lifter: a reader of the instruction tables that emits LLVM IR.
//!
//! Guest registers are SSA values within a unit. Calls go by the host's call and return; what is
//! not in a slot is written back to guest state where it can be seen, and read again after. It
//! knows no guest address: those are symbols that the linker gives values.

mod control;
mod exact_float;
mod flags;
mod float;
mod flow;
mod forms;
mod loops;
mod pieces;
mod pointer;
mod regs;
mod sem;
mod types;

use std::collections::{BTreeMap, HashSet};

use inkwell::basic_block::BasicBlock;
use inkwell::builder::{Builder, BuilderError};
use inkwell::context::Context;
use inkwell::module::Module;
use inkwell::values::{FunctionValue, GlobalValue};
use vmtrans_abi::Addressing;
use vmtrans_isa::riscv::execute;

use crate::boundary::{Boundary, Regs, Way};
use crate::unit::{Target, Unit};
pub use flags::observes_flags;
use flow::{Flow, Kind, Sync};
pub use flow::{slots, successors};
use regs::Registers;
use types::Types;
pub use types::offset_of_line;

/// Name of a unit's function in its object.
pub const UNIT_SYMBOL: &str = "unit";
/// Name of the symbol whose value is the guest address of the unit's start.
pub const START_SYMBOL: &str = "start";
/// Prefix of symbols whose value is a guest address.
pub const GUEST_PREFIX: &str = "g";
/// Prefix of symbols that are the host code of a guest function.
pub const HOST_PREFIX: &str = "h";
/// The image's entry table.
pub const TABLE_SYMBOL: &str = "table";
/// First guest address of the entry table.
pub const TEXT_SYMBOL: &str = "text";
/// Half the length of the guest text, in bytes: how many entries the table has.
pub const ENTRIES_SYMBOL: &str = "entries";
/// What table entries are relative to.
pub const CODE_SYMBOL: &str = "code";

/// Where a call goes on that came back to another guest address than its own.
pub const MISMATCH_SYMBOL: &str = "mismatch";

/// How to lift.
#[derive(Clone, Debug)]
pub struct LiftOptions {
    /// How guest addresses are held.
    pub addressing: Addressing,
    /// Host CPU as LLVM names it.
    pub cpu: String,
    /// Host CPU features as LLVM writes them.
    pub features: String,
    /// Note the guest instruction of each host instruction, as debug lines.
    pub lines: bool,
    /// Raise floating-point flags exactly: the program looks at them.
    pub exact_flags: bool,
    /// Keep guest state exact at every access to memory: the program handles its own faults.
    pub exact_faults: bool,
}

impl LiftOptions {
    /// Whether code may use a feature of the host's, as LLVM names it.
    pub fn has_feature(&self, name: &str) -> bool {
        self.features
            .split(',')
            .any(|f| f.strip_prefix('+') == Some(name))
    }
}

/// Panics with LLVM's own words: the builder is always positioned and typed as it should be, so
/// this is a bug of the lifter.
pub(crate) fn built<T>(result: Result<T, BuilderError>) -> T {
    result.expect("the lifter builds well-typed IR")
}

/// Lifts a unit to a module of its own.
pub fn lift<'ctx>(
    context: &'ctx Context,
    unit: &Unit,
    boundary: &Boundary,
    options: &LiftOptions,
) -> Module<'ctx> {
    let module = context.create_module("unit");
    let flow = Flow::new(unit, options, boundary);
    let types = Types::new(context, options, flow.vectors);
    let function = types.declare_guest(&module, UNIT_SYMBOL);
    let mut lifter = Lifter {
        builder: context.create_builder(),
        registers: Registers::default(),
        blocks: BTreeMap::new(),
        table_address: None,
        table_loads: unit
            .insns
            .iter()
            .filter_map(|i| i.table.as_ref().map(|t| t.load))
            .collect(),
        at: 0,
        block: 0,
        dirty: 0,
        unsaved: 0,
        pieces: pieces::Pieces::default(),
        terminated: false,
        context,
        module,
        types,
        function,
        unit,
        boundary,
        flow,
        options,
    };
    lifter.run();
    lifter.module
}

/// One unit being lifted.
struct Lifter<'ctx, 'u> {
    context: &'ctx Context,
    module: Module<'ctx>,
    builder: Builder<'ctx>,
    types: Types<'ctx>,
    function: FunctionValue<'ctx>,
    unit: &'u Unit,
    boundary: &'u Boundary,
    flow: Flow,
    options: &'u LiftOptions,
    registers: Registers<'ctx>,
    blocks: BTreeMap<i64, BasicBlock<'ctx>>,
    /// Where the address of a jump table's entry is kept between its load and its jump.
    table_address: Option<inkwell::values::PointerValue<'ctx>>,
    /// Instructions that load an entry of a jump table.
    table_loads: HashSet<usize>,
    /// Index of the instruction being lifted.
    at: usize,
    /// Offset of the block being lifted.
    block: i64,
    /// Registers outside of the slots that may differ from guest state.
    dirty: Regs,
    /// Where faults are exact: registers that differ from guest state, slots too.
    unsaved: Regs,
    /// What was stored in the block so far.
    pieces: pieces::Pieces<'ctx>,
    /// The block has its terminator.
    terminated: bool,
}

impl<'ctx> Lifter<'ctx, '_> {
    fn run(&mut self) {
        let entry = self.context.append_basic_block(self.function, "entry");
        for &offset in self.unit.blocks.keys() {
            let block = self.context.append_basic_block(self.function, "");
            self.blocks.insert(offset, block);
        }
        self.builder.position_at_end(entry);
        self.enter();
        let lines = self
            .options
            .lines
            .then(|| types::Lines::new(self.context, &self.module, self.function));
        for (&offset, block) in &self.unit.blocks {
            self.builder.position_at_end(self.blocks[&offset]);
            self.begin_block(offset);
            for index in block.first..block.first + block.count {
                self.at = index;
                if let Some(lines) = &lines {
                    let line = lines.location(self.context, self.unit.insns[index].offset);
                    self.builder.set_current_debug_location(line);
                }
                self.instruction();
                if self.terminated {
                    break;
                }
            }
            if !self.terminated {
                self.go(block.next, Way::Behind(offset));
            }
        }
        if let Some(lines) = lines {
            lines.finish();
        }
    }

    fn begin_block(&mut self, offset: i64) {
        self.block = offset;
        self.dirty = self.flow.dirty_in[&offset];
        self.terminated = false;
        self.registers.forget();
        self.pieces.forget();
        if self.flow.headers.contains(&offset) {
            self.safepoint(offset);
        }
    }

    fn instruction(&mut self) {
        let insn = &self.unit.insns[self.at];
        match (insn.insn, self.flow.kinds[self.at]) {
            (None, _) => self.leave_by_interpreter(),
            (Some(insn), Kind::Sync(Sync::Interpret)) => self.interpret(i64::from(insn.len)),
            (Some(insn), kind) => {
                execute(self, &insn);
                if kind == Kind::Plain && !self.terminated {
                    self.dirty = self.flow.dirty_after(self.at, self.dirty);
                }
            }
        }
    }

    /// Goes on at a target, which ends the block; `way` is how it is reached.
    fn go(&mut self, target: Target, way: Way) {
        match target {
            Target::Inside(offset) => {
                self.save();
                self.registers_to_variables();
                built(
                    self.builder
                        .build_unconditional_branch(self.blocks[&offset]),
                );
            }
            Target::Outside(reference) => {
                let callee = self.host_code(reference);
                self.tail_call(callee, self.boundary.needs(way));
            }
        }
        self.terminated = true;
    }

    /// The symbol whose value is this guest address.
    fn guest_symbol(&mut self, name: &str) -> GlobalValue<'ctx> {
        match self.module.get_global(name) {
            Some(global) => global,
            // A count, wherever the image is.
            None if name == ENTRIES_SYMBOL => {
                self.types
                    .declare_address(&self.module, name, Addressing::Absolute)
            }
            None => self
                .types
                .declare_address(&self.module, name, self.options.addressing),
        }
    }
}
