//! Which functions never return: those from which no return, no jump to a place that is not known,
//! and no function that returns can be reached.
//!
//! What follows a call of one is usually the next function or another branch of a switch; going on
//! there would join what has nothing to do with each other. Nothing depends on it being right: a
//! call that comes back after all goes on through the dispatcher.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use vmtrans_isa::Control;
use vmtrans_isa::GuestAddr;
use vmtrans_isa::riscv::Reg;

use super::draft::Draft;
use super::explore::Step;

/// How often a function is looked at again before it is taken to return.
const PATIENCE: u32 = 64;

/// Functions that never return.
pub fn never(drafts: &BTreeMap<GuestAddr, Draft>) -> BTreeSet<GuestAddr> {
    let mut solver = Solver {
        drafts,
        returning: BTreeSet::new(),
        waiting: HashMap::new(),
    };
    let mut looked: HashMap<GuestAddr, u32> = HashMap::new();
    let mut work = drafts.keys().rev().copied().collect::<Vec<_>>();
    while let Some(start) = work.pop() {
        let Some(draft) = drafts
            .get(&start)
            .filter(|_| !solver.returning.contains(&start))
        else {
            continue;
        };
        let looks = looked.entry(start).or_default();
        *looks += 1;
        if *looks > PATIENCE || solver.may_return(draft) {
            solver.returning.insert(start);
            work.extend(solver.waiting.remove(&start).into_iter().flatten());
        }
    }
    drafts
        .keys()
        .filter(|s| !solver.returning.contains(s))
        .copied()
        .collect()
}

struct Solver<'a> {
    drafts: &'a BTreeMap<GuestAddr, Draft>,
    returning: BTreeSet<GuestAddr>,
    /// Functions by one that they would return if it did.
    waiting: HashMap<GuestAddr, BTreeSet<GuestAddr>>,
}

impl Solver<'_> {
    /// Whether a function returns if those known to return are all that do.
    fn may_return(&mut self, draft: &Draft) -> bool {
        let explored = &draft.explored;
        let mut visited = vec![false; explored.blocks.len()];
        let mut work = vec![explored.entry];
        while let Some(block) = work.pop() {
            if std::mem::replace(&mut visited[block], true) {
                continue;
            }
            let span = &explored.blocks[block];
            let calls = explored.steps[span.first..span.first + span.count].iter();
            let mut calls = calls.enumerate().filter(|(_, step)| step.is_call());
            let index = |at: usize| span.first + at;
            if !calls.all(|(at, step)| self.comes_back(draft, index(at), step)) {
                continue;
            }
            if self.leaves(draft, block) {
                return true;
            }
            work.extend(&span.successors);
        }
        false
    }

    fn comes_back(&mut self, draft: &Draft, index: usize, step: &Step) -> bool {
        let callee = match step.control {
            Control::Jump { offset, .. } => Some(step.addr.wrapping_offset(offset)),
            _ => draft.facts.notes[index].target,
        };
        callee.is_none_or(|callee| self.returns(draft, callee))
    }

    /// Whether a function may return; the asking one is looked at again when that changes.
    fn returns(&mut self, asking: &Draft, start: GuestAddr) -> bool {
        if !self.drafts.contains_key(&start) || self.returning.contains(&start) {
            return true;
        }
        self.waiting.entry(start).or_default().insert(asking.start);
        false
    }

    /// Whether control may leave at the end of a block for the caller or for the unknown.
    fn leaves(&mut self, draft: &Draft, block: usize) -> bool {
        let explored = &draft.explored;
        let span = &explored.blocks[block];
        let last = *explored.last(block);
        let mut ways = Vec::new();
        if last.falls_through() && last.control != Control::Ebreak {
            ways.push(last.next());
        }
        match last.control {
            Control::Branch { offset }
            | Control::Jump {
                link: Reg::ZERO,
                offset,
            } => {
                ways.push(last.addr.wrapping_offset(offset));
            }
            // Calls that link another register come back by a jump that looks like any other.
            Control::Jump { .. } => return !last.is_call(),
            Control::JumpIndirect { .. } if !last.is_call() => {
                let note = &draft.facts.notes[span.first + span.count - 1];
                match (note.target, &note.table) {
                    (Some(target), _) => ways.push(target),
                    (None, Some(_)) => {}
                    (None, None) => return true,
                }
            }
            _ => {}
        }
        ways.retain(|&way| explored.block_at(way).is_none());
        ways.into_iter().any(|way| self.returns(draft, way))
    }
}
