//! Which loops take signals at a safepoint, and which are over soon enough without one.
//!
//! A counted loop has no safepoint, so that LLVM may unroll and vectorise it: a register goes up or
//! down by a constant in each iteration, and a branch that each iteration comes to leaves the loop
//! by comparing it with what does not change. How a safepoint looks is not known here.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use vmtrans_isa::riscv::{Insn, Reg};
use vmtrans_isa::{Control, Effects};

use super::flow::{Kind, successors};
use crate::boundary::Boundary;
use crate::unit::{Target, Unit};

/// The blocks that begin with a safepoint: all headers of loops but those of counted ones, and of
/// those that in each iteration call what has one.
pub fn polled(
    unit: &Unit,
    known: &[Option<Effects>],
    kinds: &[Kind],
    boundary: &Boundary,
) -> HashSet<i64> {
    let edges = unit.blocks.keys().map(|&at| (at, successors(unit, at)));
    let graph = Graph::new(edges.collect());
    let headers = graph.latches.keys().copied();
    let calls = |at: &i64| {
        let block = &unit.blocks[at];
        let mut insns = block.first..block.first + block.count;
        insns.any(|index| boundary.safepoint_calls.contains(&index))
    };
    let polled = headers.filter(|&header| {
        if calls(&header) || graph.latches[&header].iter().all(calls) {
            return false;
        }
        let body = graph.body(header);
        let counted = body.and_then(|body| Loop::new(unit, known, kinds, &graph, header, body));
        !counted.is_some_and(|l| l.is_counted())
    });
    polled.collect()
}

/// Blocks and the ways between them.
struct Graph {
    successors: BTreeMap<i64, Vec<i64>>,
    predecessors: BTreeMap<i64, Vec<i64>>,
    /// The blocks that a depth-first walk from the entry comes back to while they are on its way, and
    /// from where. Every cycle has one.
    latches: BTreeMap<i64, Vec<i64>>,
}

impl Graph {
    fn new(successors: BTreeMap<i64, Vec<i64>>) -> Graph {
        let mut predecessors: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        for (&at, next) in &successors {
            for &next in next {
                predecessors.entry(next).or_default().push(at);
            }
        }
        let latches = latches(&successors);
        Graph {
            successors,
            predecessors,
            latches,
        }
    }

    fn before(&self, at: i64) -> &[i64] {
        self.predecessors.get(&at).map_or(&[], |p| p)
    }

    /// The blocks of the innermost loop with this header, if no loop is inside of it and it is
    /// entered at its header only.
    fn body(&self, header: i64) -> Option<BTreeSet<i64>> {
        let mut body = BTreeSet::from([header]);
        let mut work = self.latches[&header].clone();
        while let Some(at) = work.pop() {
            if body.insert(at) {
                work.extend(self.before(at));
            }
        }
        let inner = |at: &i64| *at != header && self.latches.contains_key(at);
        let entered = |at: &i64| {
            *at != header && (*at == 0 || self.before(*at).iter().any(|b| !body.contains(b)))
        };
        let is_plain = !body.iter().any(|at| inner(at) || entered(at));
        is_plain.then_some(body)
    }
}

fn latches(successors: &BTreeMap<i64, Vec<i64>>) -> BTreeMap<i64, Vec<i64>> {
    let mut latches: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    let mut open = HashSet::new();
    let mut seen = HashSet::new();
    for &root in [0].iter().chain(successors.keys()) {
        // A block, and the one that leads to it; or a block whose successors are done.
        let mut stack = vec![(root, None, false)];
        while let Some((at, from, done)) = stack.pop() {
            if done {
                open.remove(&at);
            } else if open.contains(&at) {
                latches.entry(at).or_default().extend(from);
            } else if seen.insert(at) {
                open.insert(at);
                stack.push((at, None, true));
                stack.extend(successors[&at].iter().map(|&next| (next, Some(at), false)));
            }
        }
    }
    latches
}

/// A loop without loops in it.
struct Loop<'a> {
    known: &'a [Option<Effects>],
    insns: Vec<(usize, Insn)>,
    /// The last instructions of the blocks that every iteration comes to and that may leave, and
    /// whether the loop goes on where they branch.
    tests: Vec<(Insn, bool)>,
    /// Indices of instructions that every iteration executes once.
    steady: HashSet<usize>,
}

impl<'a> Loop<'a> {
    /// `None` where something in it may take long.
    fn new(
        unit: &Unit,
        known: &'a [Option<Effects>],
        kinds: &[Kind],
        graph: &Graph,
        header: i64,
        body: BTreeSet<i64>,
    ) -> Option<Loop<'a>> {
        let [latch] = graph.latches[&header][..] else {
            return None;
        };
        let mut insns = Vec::new();
        let mut tests = Vec::new();
        let mut steady = HashSet::new();
        for &at in &body {
            let block = &unit.blocks[&at];
            let range = block.first..block.first + block.count;
            for index in range.clone() {
                let goes_on = !matches!(kinds[index], Kind::Sync(_));
                let insn = unit.insns[index].insn.filter(|_| goes_on)?;
                known[index].as_ref().filter(|e| !e.atomic)?;
                insns.push((index, insn));
            }
            if at == header || at == latch {
                let next = &graph.successors[&at];
                let leaves =
                    next.iter().any(|n| !body.contains(n)) || kinds[range.end - 1] == Kind::MayExit;
                let last = &unit.insns[range.end - 1];
                let goes_on = matches!(last.target, Some(Target::Inside(to)) if body.contains(&to));
                let test = (last.insn?, goes_on);
                steady.extend(range);
                tests.extend(leaves.then_some(test));
            }
        }
        Some(Loop {
            known,
            insns,
            tests,
            steady,
        })
    }

    fn is_counted(&self) -> bool {
        self.tests.iter().any(|(test, goes_on)| {
            let (a, b) = (test.fields.rs1, test.fields.rs2);
            let is_branch = matches!(control(test), Control::Branch { .. });
            let goes_on_below = *goes_on == is_less(test);
            is_branch
                && (self.counts(test, a, b, goes_on_below)
                    || self.counts(test, b, a, !goes_on_below))
        })
    }

    /// One register is the count and the other its end. If the test is for less or not less, the loop
    /// goes on while the count is below its end, or above it.
    fn counts(&self, test: &Insn, count: Reg, end: Reg, below: bool) -> bool {
        let writes = |r: Reg| {
            let of = move |index: usize| {
                self.known[index].is_some_and(|e| e.writes.contains(r.number()))
            };
            self.insns.iter().filter(move |(index, _)| of(*index))
        };
        let [(index, step)] = writes(count).collect::<Vec<_>>()[..] else {
            return false;
        };
        let adds = match step.row.row().name {
            "Addi" | "CAddi" => true,
            // 32 bits come to 0, but not to every number that a register may hold.
            "Addiw" | "CAddiw" => end == Reg::ZERO,
            _ => false,
        };
        let by = step.fields.imm;
        // Short forms name the register once.
        let of_itself = self.known[*index].is_some_and(|e| e.reads.iter().eq([count.number()]));
        let is_step = adds && of_itself && by != 0 && self.steady.contains(index);
        // A test for the very end may be stepped over. Then the accesses that go along with the count
        // come to where no memory is, and one by one it cannot be.
        let surely_ends = match is_ordered(test) {
            true => (by > 0) == below,
            false => by.abs() == 1 || self.accesses(count),
        };
        count != Reg::ZERO && is_step && surely_ends && writes(end).next().is_none()
    }

    /// Memory is accessed at a constant distance from a register, in every iteration.
    fn accesses(&self, base: Reg) -> bool {
        self.insns.iter().any(|(index, insn)| {
            let accesses = self.known[*index].is_some_and(|e| e.loads || e.stores);
            accesses && insn.fields.rs1 == base && self.steady.contains(index)
        })
    }
}

fn control(insn: &Insn) -> Control {
    vmtrans_isa::effects(insn).control
}

/// A test for less, of those that are ordered.
fn is_less(test: &Insn) -> bool {
    matches!(test.row.row().name, "Blt" | "Bltu")
}

/// A test for less or not less, not for equal.
fn is_ordered(test: &Insn) -> bool {
    matches!(test.row.row().name, "Blt" | "Bltu" | "Bge" | "Bgeu")
}
