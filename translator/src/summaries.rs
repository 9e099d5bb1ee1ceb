//! Liveness of guest registers over the whole program: what a function may read of what it is
//! entered with, what it surely writes, and what is looked at after it returned.
//!
//! Two passes over the units, after Muth, "Register Liveness Analysis of Executable Code" (1998):
//! first what each function does with its registers, callees before callers; then what is live
//! where it returns, callers before callees. For functions that nobody knows, which only registers
//! lead to, the calling convention is taken as given ("RISC-V ELF psABI", Register Convention): but
//! where some function that could be one of them reads more, it is believed that all do.

use std::collections::{HashMap, HashSet, VecDeque};

use vmtrans_isa::riscv::Reg;
use vmtrans_isa::{Control, GuestAddr, effects};

use crate::boundary::{Boundary, Regs, Way, reads, writes};
use crate::function::Beginning;
use crate::lift::{slots, successors};
use crate::unit::{Placement, RefId, Target, Unit};

/// `t0 t1 t3…t6` and `ft0…ft11`, which no function is entered with. `t2` leads a nested function to
/// the frame around it.
const TEMPORARIES: Regs = 0xf000_00ff_f000_0060;
/// What functions may be entered with.
const ARGUMENTS: Regs = !TEMPORARIES & !1;
/// What functions give back: neither `t2`, nor `a2…a7` and `fa2…fa7`.
const RESULTS: Regs = ARGUMENTS & !0x0003_f000_0003_f080;
/// `a0…a7`, which a system call may read.
const SYSCALL_ARGUMENTS: Regs = 0x0003_fc00;
/// What calls overwrite in any case.
const LINK: Regs = 1 << 1;

/// What a function does with the registers that it is entered with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Callee {
    /// May be read before they are written.
    reads: Regs,
    /// Written on every way to a return.
    writes: Regs,
}

impl Callee {
    /// Nothing is known of it.
    const UNPROVEN: Callee = Callee {
        reads: Regs::MAX,
        writes: 0,
    };

    /// The registers that have to be right where it is entered, if those in `after` are looked at
    /// once it has returned.
    fn needs(self, after: Regs) -> Regs {
        self.reads | (after & !self.writes)
    }
}

/// What is known around a unit.
#[derive(Clone, Debug)]
struct Surroundings {
    /// The functions at its references.
    callees: Vec<Callee>,
    /// A function that a register leads to.
    indirect: Callee,
    /// What code in the middle of a function may read, where an indirect jump leads that is no tail
    /// call.
    middle: Regs,
    /// The unit is a whole function, so where its frame is gone an indirect jump is a tail call.
    whole: bool,
    /// What someone may look at when the unit returns.
    returned: Regs,
}

impl Surroundings {
    /// The function at a reference, or the one that a register leads to.
    fn callee(&self, reference: Option<RefId>) -> Callee {
        match reference {
            Some(RefId(id)) => self.callees[id as usize],
            None => self.indirect,
        }
    }

    /// What has to be right where the unit goes over to another function.
    fn leaving(&self, RefId(id): RefId) -> Regs {
        self.callees[id as usize].needs(self.returned)
    }
}

/// What has to be right where control leaves.
#[derive(Clone, Copy, Debug)]
enum Exit {
    /// A return.
    Return,
    /// To another function.
    To(RefId),
    /// Behind a call that is the last thing in its function, and does not return. If it should, it
    /// gives back what functions give back.
    BehindLastCall,
    /// To a function that a register leads to.
    TailCall,
    /// To where a register says, perhaps into the middle of a function.
    Anywhere,
}

/// A call.
#[derive(Clone, Copy, Debug)]
struct Call {
    /// Index of its instruction.
    at: usize,
    /// `None` where a register says.
    callee: Option<RefId>,
}

/// Instructions without a call between them.
#[derive(Debug, Default)]
struct Node {
    /// Read before they are written.
    reads: Regs,
    /// Written.
    writes: Regs,
    /// Comes last.
    call: Option<Call>,
    /// The ways out of the unit, after the call.
    exits: Vec<(Exit, Way)>,
    /// The nodes that may follow.
    next: Vec<usize>,
}

impl Node {
    fn step(&mut self, reads: Regs, writes: Regs) {
        self.reads |= reads & !self.writes;
        self.writes |= writes;
    }
}

/// How registers flow through a unit.
#[derive(Debug)]
struct RegisterFlow {
    nodes: Vec<Node>,
    entry: usize,
    /// All that the unit writes.
    written: Regs,
    /// Jumps through tables beyond whose ends nothing is, by index of instruction.
    complete_tables: Vec<usize>,
}

impl RegisterFlow {
    /// Of a unit.
    fn new(unit: &Unit) -> RegisterFlow {
        let mut nodes = Vec::new();
        let mut first = HashMap::new();
        for (&at, block) in &unit.blocks {
            first.insert(at, nodes.len());
            let mut node = Node::default();
            for index in block.first..block.first + block.count {
                if node.call.is_some() {
                    node.next.push(nodes.len() + 1);
                    nodes.push(std::mem::take(&mut node));
                }
                step(unit, index, &mut node);
            }
            let comes_back = falls_through(unit, at) || links_other(unit, at);
            if let (true, Target::Outside(reference)) = (comes_back, block.next) {
                node.exits.push((Exit::To(reference), Way::Behind(at)));
            }
            nodes.push(node);
        }
        let mut last = nodes.len();
        for &at in unit.blocks.keys().rev() {
            nodes[last - 1].next = successors(unit, at).iter().map(|s| first[s]).collect();
            last = first[&at];
        }
        let insns = unit.insns.iter().enumerate();
        let complete = insns.filter(|(_, i)| i.table.as_ref().is_some_and(|t| t.complete));
        let complete = complete.map(|(index, _)| index);
        let written = nodes.iter().fold(LINK, |set, node| set | node.writes);
        RegisterFlow {
            entry: first[&0],
            nodes,
            written,
            complete_tables: complete.collect(),
        }
    }

    /// The registers live where the unit is entered; calls `after` with what is live after each
    /// call's instruction.
    /// Where control goes to an unknown place in the unit's own function, as much of what is live
    /// anywhere is live as `at_labels` has of it.
    fn live(
        &self,
        around: &Surroundings,
        at_labels: Regs,
        mut after: impl FnMut(Call, Regs),
    ) -> Regs {
        let mut live = vec![0; self.nodes.len()];
        // Live anywhere in the unit.
        let mut ever = around.middle | around.returned;
        let behind = |node: &Node, live: &[Regs], ever: Regs| {
            let next = node.next.iter().fold(0, |set, &n| set | live[n]);
            let exits = node.exits.iter();
            exits.fold(next, |set, (exit, _)| {
                set | self.leaving(*exit, around, ever & at_labels)
            })
        };
        loop {
            let mut changed = false;
            for (index, node) in self.nodes.iter().enumerate().rev() {
                let mut now = behind(node, &live, ever);
                if let Some(call) = node.call {
                    now = around.callee(call.callee).needs(now) & !LINK;
                }
                now = now & !node.writes | node.reads;
                changed |= now != live[index];
                live[index] = now;
                changed |= now & !ever != 0;
                ever |= now;
            }
            if !changed {
                break;
            }
        }
        for node in &self.nodes {
            if let Some(call) = node.call {
                after(call, behind(node, &live, ever));
            }
        }
        live[self.entry]
    }

    /// What has to be right on a way out; `at_labels` is what may be live in the unit.
    fn leaving(&self, exit: Exit, around: &Surroundings, at_labels: Regs) -> Regs {
        match exit {
            Exit::Return => around.returned,
            Exit::To(reference) => around.leaving(reference),
            Exit::BehindLastCall => RESULTS,
            Exit::TailCall if around.whole => around.indirect.reads | around.returned,
            Exit::TailCall | Exit::Anywhere => at_labels,
        }
    }

    /// What the unit is to be told.
    fn boundary(&self, around: &Surroundings) -> Boundary {
        // What a unit neither writes nor passes is where it was, whoever looks at it.
        let concerned = self.written | slots(true);
        let mut boundary = Boundary::default();
        self.live(around, Regs::MAX, |call, after| {
            let needed = around.callee(call.callee).needs(after) | LINK;
            boundary.insert(Way::At(call.at), needed & concerned);
        });
        for &(exit, way) in self.nodes.iter().flat_map(|node| &node.exits) {
            let needed = match exit {
                Exit::Return => around.returned,
                Exit::To(reference) => around.leaving(reference),
                // Whatever is there can be had for nothing, or is dear enough to be sure.
                Exit::BehindLastCall | Exit::TailCall | Exit::Anywhere => continue,
            };
            boundary.insert(way, needed & concerned);
        }
        for &table in &self.complete_tables {
            boundary.insert(Way::At(table), 0);
        }
        boundary
    }

    /// The registers written on every way to a return.
    fn surely_written(&self, around: &Surroundings) -> Regs {
        let mut before = vec![Regs::MAX; self.nodes.len()];
        before[self.entry] = 0;
        let mut result = Regs::MAX;
        loop {
            let mut changed = false;
            for (index, node) in self.nodes.iter().enumerate() {
                let mut now = before[index] | node.writes;
                if let Some(call) = node.call {
                    now |= around.callee(call.callee).writes | LINK;
                }
                for (exit, _) in &node.exits {
                    result &= match exit {
                        Exit::Return | Exit::TailCall | Exit::Anywhere => now,
                        Exit::To(reference) => now | around.callee(Some(*reference)).writes,
                        Exit::BehindLastCall => continue,
                    };
                }
                for &next in &node.next {
                    changed |= before[next] & !now != 0;
                    before[next] &= now;
                }
            }
            if !changed {
                return result;
            }
        }
    }
}

fn control(unit: &Unit, index: usize) -> Control {
    let insn = unit.insns[index].insn;
    insn.map_or(Control::Illegal, |insn| effects(&insn).control)
}

fn is_call(control: Control) -> bool {
    matches!(control, Control::Jump { link, .. } | Control::JumpIndirect { link, .. } if link == Reg::RA)
}

fn falls_through(unit: &Unit, at: i64) -> bool {
    let block = &unit.blocks[&at];
    match control(unit, block.first + block.count - 1) {
        Control::Illegal => false,
        other @ (Control::Jump { .. } | Control::JumpIndirect { .. }) => is_call(other),
        _ => true,
    }
}

/// A routine is called by another register than `ra`, and returns by an ordinary jump.
fn links_other(unit: &Unit, at: i64) -> bool {
    let block = &unit.blocks[&at];
    match control(unit, block.first + block.count - 1) {
        Control::Jump { link, .. } | Control::JumpIndirect { link, .. } => {
            link != Reg::ZERO && link != Reg::RA
        }
        _ => false,
    }
}

/// Adds an instruction to a node.
fn step(unit: &Unit, index: usize, node: &mut Node) {
    let located = &unit.insns[index];
    let Some(insn) = located.insn else {
        return;
    };
    let effects = effects(&insn);
    node.step(reads(&effects), writes(&effects));
    let outside = match located.target {
        Some(Target::Outside(reference)) => Some(reference),
        _ => None,
    };
    let exit = |node: &mut Node, to| node.exits.push((to, Way::At(index)));
    match effects.control {
        Control::Ecall => node.step(SYSCALL_ARGUMENTS, 0),
        control if is_call(control) => {
            node.call = Some(Call {
                at: index,
                callee: outside,
            });
        }
        // Who is called by another link than `ra` has conventions of its own.
        Control::Jump { link, .. } if link != Reg::ZERO => exit(node, Exit::Anywhere),
        Control::Branch { .. } | Control::Jump { .. } => {
            outside.into_iter().for_each(|to| exit(node, Exit::To(to)));
        }
        Control::JumpIndirect { link, base, offset } => match located.target {
            Some(_) if link == Reg::ZERO => {
                outside.into_iter().for_each(|to| exit(node, Exit::To(to)))
            }
            None if link == Reg::ZERO && base == Reg::RA && offset == 0 => {
                exit(node, Exit::Return);
            }
            None if located.table.as_ref().is_some_and(|t| t.complete) => {}
            None if link == Reg::ZERO && located.frame_is_gone => exit(node, Exit::TailCall),
            _ => exit(node, Exit::Anywhere),
        },
        _ => {}
    }
}

/// What each unit is to be told, in their order. `beginnings` says what each unit's
/// is to others.
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
    /// Units that are whole functions, not parts that others go over to.
    whole: Vec<bool>,
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
        let whole = (0..units.len())
            .map(|u| beginnings[u] == Beginning::Own && (called[u] || !continued[u]));
        let whole = whole.collect::<Vec<_>>();
        let told = units.iter().zip(&whole);
        let around = told.map(|((unit, _), &whole)| Surroundings {
            callees: vec![Callee::UNPROVEN; unit.references as usize],
            indirect: Callee {
                reads: 0,
                writes: 0,
            },
            middle: 0,
            whole,
            returned: 0,
        });
        Program {
            units,
            beginnings,
            around: around.collect(),
            whole,
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
            let by_whole = read(&|unit| self.whole[unit]);
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
        let flows = self.flows.iter().zip(&self.around);
        flows.map(|(flow, around)| flow.boundary(around)).collect()
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
