//! What registers hold, block by block: constants and names of unknown values, propagated until
//! nothing changes, and from them the notes that the lifter gets.
//!
//! How instructions compute is in [`super::machine`]; how a table is read is in
//! [`super::tables`].

use std::collections::{BTreeMap, BTreeSet, HashMap};

use vmtrans_isa::Control;
use vmtrans_isa::GuestAddr;
use vmtrans_isa::riscv::{Reg, execute};

use super::explore::{Explored, World};
use super::machine::{Machine, Registers, Seen, TableLoad, Test};
use super::tables::{self, Table};
use super::value::{Origin, Unknown, Val};
use crate::function::{JumpTable, Note};
use crate::guest::Range;

/// How often a block may change before all that changes in it is given up.
const PATIENCE: u32 = 12;

/// What is found out about a function.
#[derive(Debug, Default)]
pub struct Facts {
    /// By index of instruction.
    pub notes: Vec<Note>,
    /// Targets of indirect jumps within the function or to others.
    pub jumps: BTreeMap<GuestAddr, Vec<GuestAddr>>,
    /// Targets of calls through registers.
    pub calls: BTreeSet<GuestAddr>,
    /// Addresses of code that are computed.
    pub pointers: BTreeSet<GuestAddr>,
    /// Other addresses that are computed.
    pub objects: BTreeSet<GuestAddr>,
    /// Where tables are of which no check tells how many entries they have.
    pub open_tables: Vec<Range>,
    /// Instructions whose result is an address only if a `lui` began it.
    pub absolute: Vec<usize>,
    /// Accesses to writable memory at an address that comes from a `lui`.
    pub absolute_accesses: usize,
    /// Indirect jumps, other than returns, that may go anywhere.
    pub unresolved: usize,
}

/// What is known at the end of the propagation.
pub struct Flow<'a> {
    /// The function.
    pub explored: &'a Explored,
    /// All functions.
    pub world: World<'a>,
    /// By block: those that it may come from.
    pub predecessors: Vec<Vec<usize>>,
    /// By block: what its last branch compares.
    pub tests: Vec<Option<Test>>,
    /// Values that are less than a number.
    pub below: HashMap<Unknown, u64>,
    /// By index of instruction.
    pub loads: HashMap<u32, TableLoad>,
    states: &'a mut States,
    /// By block: how often what holds where it starts has changed; 0 before it was reached.
    changes: Vec<u32>,
}

/// What registers hold where blocks start and end: memory that is kept between functions. Only
/// what was written for a function is read.
#[derive(Default)]
pub struct States {
    before: Vec<Registers>,
    after: Vec<Registers>,
}

/// Finds out what can be said of a function's instructions.
pub fn analyse(world: World<'_>, explored: &Explored, states: &mut States) -> Facts {
    let mut flow = Flow::new(world, explored, states);
    flow.propagate();
    flow.conclude()
}

/// A register that callees should restore.
fn preserved(r: Reg) -> bool {
    matches!(r.number(), 2..=4 | 8..=9 | 18..=27)
}

/// A register that the kernel leaves alone.
fn untouched(r: Reg) -> bool {
    r.number() != 10
}

impl<'a> Flow<'a> {
    fn new(world: World<'a>, explored: &'a Explored, states: &'a mut States) -> Flow<'a> {
        let count = explored.blocks.len();
        let unknown = [Val::Any; 32];
        for memory in [&mut states.before, &mut states.after] {
            memory.resize(memory.len().max(count), unknown);
        }
        let mut predecessors = vec![Vec::new(); count];
        for (block, span) in explored.blocks.iter().enumerate() {
            span.successors
                .iter()
                .for_each(|&s| predecessors[s].push(block));
        }
        Flow {
            explored,
            world,
            predecessors,
            tests: vec![None; count],
            below: HashMap::new(),
            loads: HashMap::new(),
            states,
            changes: vec![0; count],
        }
    }

    /// The name of what a register holds where a block starts.
    fn name_at_start(&self, block: usize, r: usize) -> Val {
        let at = u32::try_from(self.explored.steps.len() + block).unwrap_or(u32::MAX / 32);
        Val::unknown(Machine::name(at, Reg::new(u8::try_from(r).unwrap_or(0))))
    }

    fn propagate(&mut self) {
        self.propagate_from(self.explored.entry);
        // What is only behind a function that never returns is code all the same.
        for block in 0..self.explored.blocks.len() {
            if self.changes[block] == 0 {
                self.propagate_from(block);
            }
        }
    }

    fn propagate_from(&mut self, first: usize) {
        let mut work = BTreeSet::from([first]);
        while let Some(block) = work.pop_first() {
            if self.enter(block, block == first) {
                self.step_block(block, |_, _| {});
                work.extend(&self.explored.blocks[block].successors);
            }
        }
    }

    /// Computes what holds where a block starts; whether that is news.
    fn enter(&mut self, block: usize, first: bool) -> bool {
        let Some(mut incoming) = self.incoming(block, first) else {
            return false;
        };
        if self.changes[block] > 0 {
            let old = &self.states.before[block];
            let joins = self.is_join(block);
            for r in 1..32 {
                let name = self.name_at_start(block, r);
                let given_up = old[r] == name;
                let impatient = self.changes[block] > PATIENCE && old[r] != incoming[r];
                if joins && (given_up || impatient) {
                    incoming[r] = name;
                }
            }
            if *old == incoming {
                return false;
            }
        }
        self.changes[block] += 1;
        self.states.before[block] = incoming;
        true
    }

    /// Whether control reaches a block from more than one place, one of them perhaps outside.
    fn is_join(&self, block: usize) -> bool {
        self.predecessors[block].len() + usize::from(block == self.explored.entry) > 1
    }

    fn incoming(&self, block: usize, first: bool) -> Option<Registers> {
        let mut met: Option<Registers> = None;
        let mut doubtful = false;
        for &predecessor in &self.predecessors[block] {
            if self.changes[predecessor] == 0 {
                continue;
            }
            // A function that never returns says nothing of what is after it; but should it return
            // all the same, nothing may be noted there that is not so.
            if self.world.is_endless_call(self.explored.last(predecessor)) {
                doubtful = true;
                continue;
            }
            let after = &self.states.after[predecessor];
            match &mut met {
                None => met = Some(*after),
                Some(met) => self.meet(block, met, after),
            }
        }
        let names = std::array::from_fn(|r| self.name_at_start(block, r));
        let mut registers = match met {
            Some(met) if block != self.explored.entry => met,
            None if !first => return None,
            _ => names,
        };
        for register in registers.iter_mut().filter(|_| doubtful) {
            *register = register.assumed().unwrap_or(*register);
        }
        registers[0] = Val::plain(0);
        Some(registers)
    }

    fn meet(&self, block: usize, met: &mut Registers, other: &Registers) {
        for r in 1..32 {
            met[r] = match (met[r], other[r]) {
                (a, b) if a == b => a,
                // An address that only one of two ways is sure of.
                (Val::Const(a, _), Val::Const(b, _)) if a == b => Val::Const(a, Origin::Assumed),
                _ => self.name_at_start(block, r),
            };
        }
    }

    /// Executes a block on what is known where it starts.
    fn step_block(&mut self, block: usize, mut each: impl FnMut(usize, &Seen)) {
        if self.changes[block] == 0 {
            return;
        }
        let mut machine = Machine::new(self.world.guest, self.states.before[block]);
        let span = &self.explored.blocks[block];
        for index in span.first..span.first + span.count {
            let step = &self.explored.steps[index];
            let Some(insn) = step.insn else { continue };
            machine.begin(u32::try_from(index).unwrap_or(u32::MAX), step.addr);
            execute(&mut machine, &insn);
            let seen = *machine.seen();
            self.remember(index, &seen);
            each(index, &seen);
            self.tests[block] = seen.test;
            match step.control {
                Control::Ecall | Control::Ebreak => machine.forget(untouched),
                _ if step.is_call() => machine.forget(preserved),
                _ => {}
            }
        }
        self.states.after[block] = machine.registers;
    }

    fn remember(&mut self, index: usize, seen: &Seen) {
        let at = u32::try_from(index).unwrap_or(u32::MAX);
        if let Some(load) = seen.table {
            self.loads.insert(at, load);
        }
        if let (Some(below), Some((r, written))) = (seen.below, seen.write)
            && written == Val::unknown(Machine::name(at, r))
            && let Some(name) = written.as_unknown()
        {
            self.below.insert(name, below);
        }
    }

    fn conclude(mut self) -> Facts {
        let steps = &self.explored.steps;
        let mut facts = Facts {
            notes: vec![Note::default(); steps.len()],
            ..Facts::default()
        };
        let mut ends = Vec::new();
        for block in 0..self.explored.blocks.len() {
            let guest = self.world.guest;
            self.step_block(block, |index, seen| {
                facts.note(guest, steps, index, seen);
                if let Some(target) = seen.target {
                    ends.push((block, index, target));
                }
            });
        }
        let mut entries = tables::Budget::default();
        for (block, index, target) in ends {
            self.resolve(&mut facts, &mut entries, block, index, target);
        }
        facts
    }

    fn resolve(
        &self,
        facts: &mut Facts,
        budget: &mut tables::Budget,
        block: usize,
        index: usize,
        target: Val,
    ) {
        let step = &self.explored.steps[index];
        let Control::JumpIndirect { link, base, .. } = step.control else {
            return;
        };
        match target {
            Val::Const(to, Origin::Pc | Origin::Lui(_) | Origin::Loaded) => {
                let to = GuestAddr::new(to);
                if !self.world.guest.is_executable(to) {
                    return;
                }
                facts.notes[index].target = Some(to);
                if link == Reg::ZERO {
                    facts.jumps.insert(step.addr, vec![to]);
                } else {
                    facts.calls.insert(to);
                }
            }
            _ if link != Reg::ZERO || base == Reg::RA => {}
            Val::Entry { load, add } => match tables::read(self, budget, block, load, add) {
                Some(Table { table, checked }) => {
                    if !checked {
                        facts.open_tables.push(extent(&table));
                    }
                    facts.jumps.insert(step.addr, table.targets.clone());
                    facts.notes[index].table = Some(table);
                }
                None => self.unresolved(facts, block, index),
            },
            _ => self.unresolved(facts, block, index),
        }
    }

    fn unresolved(&self, facts: &mut Facts, block: usize, index: usize) {
        facts.unresolved += 1;
        let sp = Reg::SP.index();
        let at_entry = self.name_at_start(self.explored.entry, sp);
        facts.notes[index].frame_is_gone = self.states.after[block][sp] == at_entry;
    }
}

/// Where the entries of a table are.
fn extent(table: &JumpTable) -> Range {
    let bytes = u64::from(table.entry_bytes) * table.targets.len() as u64;
    Range {
        start: table.base,
        end: table.base.checked_add(bytes).unwrap_or(table.base),
    }
}
