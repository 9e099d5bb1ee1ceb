//! How registers flow through one unit, given what is known around it.
//!
//! Where that comes from is not known here.

use std::collections::HashMap;

use vmtrans_isa::riscv::Reg;
use vmtrans_isa::{Control, effects};

use crate::boundary::{Boundary, Regs, Way, reads, writes};
use crate::lift::{slots, successors};
use crate::unit::{RefId, Target, Unit};

/// `t0 t1 t3…t6` and `ft0…ft11`, which no function is entered with. `t2` leads a nested function to
/// the frame around it.
const TEMPORARIES: Regs = 0xf000_00ff_f000_0060;
/// What functions may be entered with.
pub(super) const ARGUMENTS: Regs = !TEMPORARIES & !1;
/// What functions give back: neither `t2`, nor `a2…a7` and `fa2…fa7`.
pub(super) const RESULTS: Regs = ARGUMENTS & !0x0003_f000_0003_f080;
/// `a0…a7`, which a system call may read.
const SYSCALL_ARGUMENTS: Regs = 0x0003_fc00;
/// What calls overwrite in any case.
const LINK: Regs = 1 << 1;

/// What a function does with the registers that it is entered with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Callee {
    /// May be read before they are written.
    pub(super) reads: Regs,
    /// Written on every way to a return.
    pub(super) writes: Regs,
}

impl Callee {
    /// Nothing is known of it.
    pub(super) const UNPROVEN: Callee = Callee {
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
pub(super) struct Surroundings {
    /// The functions at its references.
    pub(super) callees: Vec<Callee>,
    /// A function that a register leads to.
    pub(super) indirect: Callee,
    /// What code in the middle of a function may read, where an indirect jump leads that is no tail
    /// call.
    pub(super) middle: Regs,
    /// The unit is a whole function, so where its frame is gone an indirect jump is a tail call.
    pub(super) whole: bool,
    /// What someone may look at when the unit returns.
    pub(super) returned: Regs,
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
pub(super) enum Exit {
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
pub(super) struct Call {
    /// Index of its instruction.
    pub(super) at: usize,
    /// `None` where a register says.
    pub(super) callee: Option<RefId>,
}

/// Instructions without a call between them.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// Read before they are written.
    reads: Regs,
    /// Written.
    writes: Regs,
    /// Comes last.
    pub(super) call: Option<Call>,
    /// The ways out of the unit, after the call.
    pub(super) exits: Vec<(Exit, Way)>,
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
pub(super) struct RegisterFlow {
    pub(super) nodes: Vec<Node>,
    entry: usize,
    /// All that the unit writes.
    written: Regs,
    /// Jumps through tables beyond whose ends nothing is, by index of instruction.
    complete_tables: Vec<usize>,
}

impl RegisterFlow {
    /// Of a unit.
    pub(super) fn new(unit: &Unit) -> RegisterFlow {
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
    ///
    /// Where control goes to an unknown place in the unit's own function, as much of what is live
    /// anywhere is live as `at_labels` has of it.
    pub(super) fn live(
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

    /// Some call or jump goes where a register says.
    pub(super) fn goes_anywhere(&self) -> bool {
        let anywhere = |(exit, _): &(Exit, Way)| matches!(exit, Exit::TailCall | Exit::Anywhere);
        self.nodes.iter().any(|node| {
            node.call.is_some_and(|call| call.callee.is_none()) || node.exits.iter().any(anywhere)
        })
    }

    /// What the unit is to be told.
    pub(super) fn boundary(&self, around: &Surroundings) -> Boundary {
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
    pub(super) fn surely_written(&self, around: &Surroundings) -> Regs {
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
