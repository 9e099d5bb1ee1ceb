//! One function: explored and analysed in turn until no more jump tables turn up.

use std::collections::{BTreeSet, HashSet};

use vmtrans_isa::GuestAddr;

use super::explore::{Explored, Known, Scratch, World, explore};
use super::flow::{Facts, States, analyse};
use super::space::Slots;
use super::split;
use crate::function::{Beginning, Block, Function, Located};

/// Instructions in a unit, about.
pub const UNIT_LIMIT: usize = 8000;
/// Instructions that are explored at once, before a function is cut into units.
const EXPLORE_LIMIT: usize = 1 << 16;
/// How deep tables may be nested: one behind a case of another.
const ROUNDS: usize = 16;

/// Memory that is kept between functions.
pub struct Memory {
    scratch: Scratch,
    states: States,
}

impl Memory {
    /// For a guest's text.
    pub fn new(slots: Slots) -> Memory {
        Memory {
            scratch: Scratch::new(slots),
            states: States::default(),
        }
    }
}

/// A function as it is known so far.
#[derive(Debug)]
pub struct Draft {
    /// Its start.
    pub start: GuestAddr,
    /// Its code.
    pub explored: Explored,
    /// What is known of it.
    pub facts: Facts,
    /// Where it is to be cut.
    pub cuts: Vec<GuestAddr>,
    /// Instructions that were looked at for it.
    pub cost: u64,
    /// How often it was drafted.
    pub attempts: u32,
}

impl Draft {
    /// Drafts the function that starts at an address.
    pub fn new(world: World<'_>, start: GuestAddr, memory: &mut Memory) -> Draft {
        let mut known = Known::new();
        let mut cost = 0;
        let mut round = 0;
        loop {
            let explored = explore(world, start, &known, EXPLORE_LIMIT, &mut memory.scratch);
            let facts = analyse(world, &explored, &mut memory.states);
            cost += explored.steps.len() as u64;
            round += 1;
            let before = known.clone();
            known.extend(facts.jumps.iter().map(|(&at, to)| (at, to.clone())));
            if known != before && round < ROUNDS {
                continue;
            }
            let tables = facts.notes.iter().filter_map(|n| n.table.as_ref());
            let fixed = tables
                .flat_map(|t| t.targets.iter().copied())
                .collect::<HashSet<_>>();
            let cuts = split::heads(&explored, &fixed, UNIT_LIMIT);
            return Draft {
                start,
                explored,
                facts,
                cuts,
                cost,
                attempts: 1,
            };
        }
    }

    /// Where functions should start because of this one.
    pub fn starts(&self) -> BTreeSet<GuestAddr> {
        let Explored { calls, heads, .. } = &self.explored;
        let all = calls
            .iter()
            .chain(heads)
            .chain(&self.facts.calls)
            .chain(&self.cuts);
        all.copied().collect()
    }

    /// First and last instruction.
    pub fn extent(&self) -> (GuestAddr, GuestAddr) {
        let steps = &self.explored.steps;
        let end = |step: Option<&super::explore::Step>| step.map_or(self.start, |s| s.addr);
        (end(steps.first()), end(steps.last()))
    }

    /// The function as the lifter gets it.
    pub fn finish(self, name: Option<String>, beginning: Beginning) -> Function {
        let Draft {
            start,
            explored,
            mut facts,
            ..
        } = self;
        // A table that was still growing when patience ran out leads to places that are no blocks.
        for note in &mut facts.notes {
            let inside = |to: &GuestAddr| explored.block_at(*to).is_some();
            note.table
                .take_if(|table| !table.targets.iter().all(inside));
        }
        let blocks = explored.blocks.iter().map(|span| {
            let addr = explored.steps[span.first].addr;
            (
                addr,
                Block {
                    first: span.first,
                    count: span.count,
                },
            )
        });
        let blocks = blocks.collect();
        let insns = explored.steps.iter().zip(facts.notes);
        let insns = insns
            .map(|(s, note)| Located {
                addr: s.addr,
                insn: s.insn,
                note,
            })
            .collect();
        Function {
            start,
            beginning,
            name,
            insns,
            blocks,
        }
    }
}
