//! Liveness of guest registers over the whole program: what a function may read of what it is
//! entered with, what it surely writes, and what is looked at after it returned.
//!
//! Two passes over the units, after Muth, "Register Liveness Analysis of Executable Code" (1998):
//! first what each function does with its registers, callees before callers; then what is live
//! where it returns, callers before callees. For functions that nobody knows, which only registers
//! lead to, the calling convention is taken as given ("RISC-V ELF psABI", Register Convention): but
//! where some function that could be one of them reads more, it is believed that all do.

mod cycles;
mod flow;

use std::collections::{HashMap, HashSet, VecDeque};

use vmtrans_isa::GuestAddr;

use crate::boundary::{Boundary, Regs};
use crate::function::Beginning;
use crate::unit::{Placement, RefId, Unit};
use flow::{ARGUMENTS, Callee, Exit, RESULTS, RegisterFlow, Surroundings};

/// What each unit is to be told, in their order. `beginnings` says what the beginning of each is to
/// others.
pub fn boundaries(units: &[(Unit, Placement)], beginnings: &[Beginning]) -> Vec<Boundary> {
    let mut program = Program::new(units, beginnings);
    // Behind a call of a function that nobody knows, what known code reads is looked at; what unknown
    // code might read is not.
    program.solve_callees(None);
    let anyone = program.solve_returns(RESULTS, true);
    program.solve_callees(Some(ARGUMENTS));
    program.solve_returns(anyone, false);
    program.finish()
}

struct Program<'a> {
    units: &'a [(Unit, Placement)],
    beginnings: &'a [Beginning],
    flows: Vec<RegisterFlow>,
    around: Vec<Surroundings>,
    summaries: Vec<Callee>,
    /// The units at a unit's references.
    references: Vec<Vec<Option<usize>>>,
    /// Those that call a unit or go over to it.
    users: Vec<Vec<usize>>,
}

impl<'a> Program<'a> {
    fn new(units: &'a [(Unit, Placement)], beginnings: &'a [Beginning]) -> Program<'a> {
        let starts = units.iter().enumerate().map(|(i, (_, p))| (p.start, i));
        let starts = starts.collect::<HashMap<GuestAddr, usize>>();
        let flows = units.iter().map(|(unit, _)| RegisterFlow::new(unit));
        let mut flows = flows.collect::<Vec<_>>();
        let references = units.iter().map(|(_, placement)| {
            let addresses = placement.references.iter();
            addresses.map(|a| starts.get(a).copied()).collect()
        });
        let references = references.collect::<Vec<Vec<Option<usize>>>>();
        let mut called = vec![false; units.len()];
        for (flow, references) in flows.iter().zip(&references) {
            let callees = flow.nodes.iter().filter_map(|node| node.call?.callee);
            for to in callees.filter_map(|RefId(id)| references[id as usize]) {
                called[to] = true;
            }
        }
        for (flow, references) in flows.iter_mut().zip(&references) {
            let is_part = |RefId(id): RefId| {
                references[id as usize].is_some_and(|to| beginnings[to] == Beginning::Cut)
            };
            for node in flow.nodes.iter_mut().filter(|node| node.call.is_some()) {
                for (exit, _) in &mut node.exits {
                    match exit {
                        Exit::To(to) if !is_part(*to) => *exit = Exit::BehindLastCall,
                        _ => {}
                    }
                }
            }
        }
        let mut users = vec![Vec::new(); units.len()];
        let mut continued = vec![false; units.len()];
        for (user, (flow, references)) in flows.iter().zip(&references).enumerate() {
            let at = |RefId(id): RefId| references[id as usize];
            for node in &flow.nodes {
                for to in node.exits.iter().filter_map(|(exit, _)| match exit {
                    Exit::To(reference) => at(*reference),
                    _ => None,
                }) {
                    continued[to] = true;
                    users[to].push(user);
                }
                if let Some(to) = node.call.and_then(|call| call.callee).and_then(at) {
                    users[to].push(user);
                }
            }
        }
        users.iter_mut().for_each(|users| {
            users.sort_unstable();
            users.dedup();
        });
        let around = units
            .iter()
            .enumerate()
            .map(|(at, (unit, _))| Surroundings {
                callees: vec![Callee::UNPROVEN; unit.references as usize],
                indirect: Callee {
                    reads: 0,
                    writes: 0,
                },
                middle: 0,
                // Not a part that others go over to.
                whole: beginnings[at] == Beginning::Own && (called[at] || !continued[at]),
                returned: 0,
            });
        Program {
            units,
            beginnings,
            around: around.collect(),
            summaries: Vec::new(),
            flows,
            references,
            users,
        }
    }

    /// Tells a unit what is known of its callees.
    fn refresh(&mut self, unit: usize) {
        let known = self.references[unit].iter();
        let callees = known.zip(&mut self.around[unit].callees);
        for (at, callee) in callees {
            if let Some(at) = at {
                *callee = self.summaries[*at];
            }
        }
    }

    /// What each function does with its registers. A function that nobody knows reads what is
    /// `believed`, and what functions read that could be one; or, without that, nothing.
    fn solve_callees(&mut self, believed: Option<Regs>) {
        let mut queue = Queue::full(self.units.len());
        // Nothing read and everything written: what is found out only takes away from that.
        let most = Callee {
            reads: 0,
            writes: Regs::MAX,
        };
        self.summaries = vec![most; self.units.len()];
        let trusts = believed.is_some();
        let (mut believed, mut inner) = (believed.unwrap_or(0), 0);
        loop {
            for around in &mut self.around {
                (around.indirect.reads, around.middle) = (believed, believed | inner);
                around.returned = 0;
            }
            while let Some(unit) = queue.pop() {
                self.refresh(unit);
                let (flow, around) = (&self.flows[unit], &self.around[unit]);
                // What only the inside of a function knows, its callers know nothing of.
                let at_labels = if around.whole { ARGUMENTS } else { Regs::MAX };
                let summary = Callee {
                    reads: flow.live(around, at_labels, |_, _| {}),
                    writes: flow.surely_written(around),
                };
                if summary != self.summaries[unit] {
                    self.summaries[unit] = summary;
                    self.users[unit].iter().for_each(|&user| queue.push(user));
                }
            }
            // Whatever may be called through a register reads no more than is believed, nor does what
            // is in the middle of functions.
            let read = |of: &dyn Fn(usize) -> bool| {
                let units = (0..self.units.len()).filter(|&unit| of(unit));
                units.fold(0, |set, unit| set | self.summaries[unit].reads)
            };
            let by_whole = read(&|unit| self.around[unit].whole);
            let by_inner = read(&|unit| self.beginnings[unit] == Beginning::Inner);
            if !trusts || by_whole & !believed == 0 && by_inner & !inner == 0 {
                return;
            }
            believed |= by_whole;
            inner |= by_inner;
            queue = Queue::full(self.units.len());
        }
    }

    /// Tells callees what is live behind their calls. All are looked at by `anyone`, which with
    /// `grows` takes in what is live behind calls through registers.
    fn solve_returns(&mut self, mut anyone: Regs, grows: bool) -> Regs {
        let containers = self.containers();
        let at_labels = if grows { 0 } else { Regs::MAX };
        self.around.iter_mut().for_each(|b| b.returned = anyone);
        let mut queue = Queue::full(self.units.len());
        while let Some(unit) = queue.pop() {
            let (flow, references) = (&self.flows[unit], &self.references[unit]);
            let at = |RefId(id): RefId| references[id as usize];
            let returned = self.around[unit].returned;
            let mut looked_at: Vec<(usize, Regs)> = Vec::new();
            let mut by_anyone = 0;
            flow.live(&self.around[unit], at_labels, |call, after| {
                match call.callee {
                    Some(callee) => looked_at.extend(at(callee).map(|to| (to, after))),
                    None => by_anyone |= after,
                }
            });
            for (exit, _) in flow.nodes.iter().flat_map(|node| &node.exits) {
                match exit {
                    Exit::To(to) => looked_at.extend(at(*to).map(|to| (to, returned))),
                    Exit::TailCall => by_anyone |= returned,
                    Exit::Return | Exit::BehindLastCall | Exit::Anywhere => {}
                }
            }
            // Who waits for a unit may be waiting for one that begins in its middle.
            looked_at.extend(containers[unit].iter().map(|&inner| (inner, returned)));
            if grows && by_anyone & !anyone != 0 {
                anyone |= by_anyone;
                looked_at.extend((0..self.units.len()).map(|to| (to, anyone)));
            }
            for (to, after) in looked_at {
                let around = &mut self.around[to];
                if after & !around.returned != 0 {
                    around.returned |= after;
                    queue.push(to);
                }
            }
        }
        anyone
    }

    /// By unit, those that begin in its middle: who waits for it may be waiting for them.
    fn containers(&self) -> Vec<Vec<usize>> {
        let inner = (0..self.units.len()).filter(|&u| self.beginnings[u] == Beginning::Inner);
        let inner = inner
            .map(|u| (self.units[u].1.start, u))
            .collect::<HashMap<_, _>>();
        let of = |(unit, placement): &(Unit, Placement)| {
            let addresses = unit
                .insns
                .iter()
                .map(|i| placement.start.wrapping_offset(i.offset));
            let inside = addresses.filter_map(|a| inner.get(&a).copied());
            inside.collect::<HashSet<_>>().into_iter().collect()
        };
        if inner.is_empty() {
            return vec![Vec::new(); self.units.len()];
        }
        self.units.iter().map(of).collect()
    }

    fn finish(self) -> Vec<Boundary> {
        let again = cycles::entered_again(&self.ways());
        // Where a register says, control may come to a unit again.
        let safepoints = self.flows.iter().zip(again);
        let safepoints = safepoints.map(|(flow, again)| again || flow.goes_anywhere());
        let safepoints = safepoints.collect::<Vec<_>>();
        let boundary = |unit: usize| {
            let (flow, references) = (&self.flows[unit], &self.references[unit]);
            let mut boundary = flow.boundary(&self.around[unit]);
            boundary.safepoint = safepoints[unit];
            let calls = flow.nodes.iter().filter_map(|node| node.call);
            let calls = calls.filter(|call| {
                let callee = call.callee.and_then(|RefId(id)| references[id as usize]);
                callee.is_some_and(|callee| safepoints[callee])
            });
            boundary.safepoint_calls = calls.map(|call| call.at).collect();
            boundary
        };
        (0..self.units.len()).map(boundary).collect()
    }

    /// By unit, those that it calls or goes over to.
    fn ways(&self) -> Vec<Vec<usize>> {
        let mut ways = vec![Vec::new(); self.units.len()];
        for (to, users) in self.users.iter().enumerate() {
            users.iter().for_each(|&user| ways[user].push(to));
        }
        ways
    }
}

/// Units whose turn it is, each once.
struct Queue {
    waiting: VecDeque<usize>,
    is_waiting: Vec<bool>,
}

impl Queue {
    fn full(count: usize) -> Queue {
        Queue {
            waiting: (0..count).collect(),
            is_waiting: vec![true; count],
        }
    }

    fn push(&mut self, unit: usize) {
        if !std::mem::replace(&mut self.is_waiting[unit], true) {
            self.waiting.push_back(unit);
        }
    }

    fn pop(&mut self) -> Option<usize> {
        let unit = self.waiting.pop_front()?;
        self.is_waiting[unit] = false;
        Some(unit)
    }
}
